//! Short messages in a corner of the window. They wrap, are read to people who cannot see them, wait while the pointer
//! is on them, and ask for no frames while they stand still.

use std::time::Duration;

use eframe::egui::{self, Align2, Area, Context, Frame, Id, Margin, Order, Stroke, vec2};
use egui_material_icons::icons::{ICON_CHECK_CIRCLE, ICON_CLOSE, ICON_WARNING};

use crate::ui::theme::{GRID, Palette};

/// Seconds that good news stays.
const TELL_SECONDS: f64 = 5.0;

/// Seconds that a problem stays.
const WARN_SECONDS: f64 = 15.0;

/// The most messages at once; the oldest makes room.
const MOST: usize = 3;

#[derive(Default)]
pub struct Notices {
    notices: Vec<Notice>,
    next: u64,
}

struct Notice {
    id: u64,
    text: String,
    is_warning: bool,
    /// Set when it is drawn for the first time.
    until: Option<f64>,
}

impl Notices {
    pub fn tell(&mut self, text: impl Into<String>) {
        self.push(text.into(), false);
    }

    pub fn warn(&mut self, text: impl Into<String>) {
        self.push(text.into(), true);
    }

    fn push(&mut self, text: String, is_warning: bool) {
        self.notices.retain(|notice| notice.text != text);
        if self.notices.len() == MOST {
            self.notices.remove(0);
        }
        self.next += 1;
        self.notices.push(Notice { id: self.next, text, is_warning, until: None });
    }

    /// `bottom` is the height of what lies below, which stays free.
    pub fn show(&mut self, ctx: &Context, bottom: f32) {
        let now = ctx.input(|input| input.time);
        let mut above = bottom + 2.0 * GRID;
        self.notices.retain_mut(|notice| {
            let lasts = if notice.is_warning { WARN_SECONDS } else { TELL_SECONDS };
            let until = *notice.until.get_or_insert(now + lasts);
            let (height, is_closed, is_read) = notice.show(ctx, above);
            above += height + 2.0 * GRID;
            if is_read {
                notice.until = Some((now + 2.0).max(until));
            }
            ctx.request_repaint_after(Duration::from_secs_f64((until - now).max(0.1)));
            !is_closed && now < until
        });
    }
}

/// While files are dragged over the window: what it does with them.
pub fn drop_hint_ui(ctx: &Context) {
    if ctx.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let area =
        Area::new(Id::unique("drop hint")).anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0)).order(Order::Foreground);
    area.interactable(false).show(ctx, |ui| {
        let palette = Palette::of(ui);
        let frame = Frame::new()
            .fill(palette.raised)
            .stroke(Stroke::new(2.0, palette.accent))
            .corner_radius(4)
            .inner_margin(Margin::symmetric(24, 16));
        frame.show(ui, |ui| ui.label("Drop a project, a drawing, a table, a run folder or a folder of samples"));
    });
}

impl Notice {
    fn show(&self, ctx: &Context, above: f32) -> (f32, bool, bool) {
        let area = Area::new(Id::unique(("notice", self.id)))
            .anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -above))
            .order(Order::Foreground);
        let shown = area.show(ctx, |ui| {
            let palette = Palette::of(ui);
            let (icon, color) = match self.is_warning {
                true => (ICON_WARNING, palette.warning),
                false => (ICON_CHECK_CIRCLE, palette.good),
            };
            let frame = Frame::new()
                .fill(palette.raised)
                .stroke(Stroke::new(1.0, palette.line))
                .corner_radius(4)
                .shadow(ui.visuals().popup_shadow)
                .inner_margin(Margin::symmetric(12, 8));
            frame
                .show(ui, |ui| {
                    ui.set_max_width(420.0);
                    ui.horizontal_top(|ui| {
                        ui.label(icon.rich_text().size(18.0).color(color));
                        ui.vertical(|ui| {
                            ui.set_max_width(340.0);
                            ui.add_space(1.0);
                            ui.add(egui::Label::new(&self.text).wrap());
                        });
                        let close = ui.add(egui::Button::new(ICON_CLOSE.rich_text().size(16.0)).frame(false));
                        close.accessible_name("Close message").clicked()
                    })
                    .inner
                })
                .inner
        });
        (shown.response.rect.height(), shown.inner, shown.response.contains_pointer())
    }
}
