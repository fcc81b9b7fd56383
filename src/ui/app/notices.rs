//! Short messages in a line of their own at the lower end of the window, where they cover nothing. They wait while the
//! pointer is on them, and ask for no frames while they stand still.

use std::time::Duration;

use eframe::egui::{
    Align, Align2, Area, Button, Context, Frame, Id, Label, Layout, Margin, Order, Panel, RichText, Stroke, Ui, vec2,
};
use egui_material_icons::icons::{ICON_CHECK_CIRCLE, ICON_CLOSE, ICON_WARNING};

use crate::language::tr;
use crate::ui::theme::Palette;

/// Seconds that good news stays.
const TELL_SECONDS: f64 = 8.0;

/// Seconds that a problem stays.
const WARN_SECONDS: f64 = 15.0;

/// The most messages that wait for each other; the oldest makes room.
const MOST: usize = 3;

/// Height of the line.
const HEIGHT: f32 = 24.0;

#[derive(Default)]
pub struct Notices {
    /// The newest, which is shown, is last.
    notices: Vec<Notice>,
}

struct Notice {
    text: String,
    is_warning: bool,
    /// When it disappears; set when it is shown for the first time.
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
        // Good news is soon old; a problem stays until it is read.
        self.notices.retain(|notice| notice.is_warning && notice.text != text);
        if self.notices.len() == MOST {
            self.notices.remove(0);
        }
        self.notices.push(Notice { text, is_warning, until: None });
    }

    /// Forgets what was said of a run or a project that is there no more.
    pub fn clear(&mut self) {
        self.notices.clear();
    }

    /// The line with the newest message, which is there without one too, so that nothing moves when one comes.
    pub fn ui(&mut self, ui: &mut Ui) {
        let now = ui.input(|input| input.time);
        if let Some(newest) = self.notices.last_mut() {
            let lasts = if newest.is_warning { WARN_SECONDS } else { TELL_SECONDS };
            let until = *newest.until.get_or_insert(now + lasts);
            ui.request_repaint_after(Duration::from_secs_f64((until - now).max(0.1)));
        }
        let frame = Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(12, 0));
        let line = Panel::bottom("notices").exact_size(HEIGHT).frame(frame);
        let others = self.notices.len().saturating_sub(1);
        let shown = line.show(ui, |ui| self.notices.last().map(|newest| newest.ui(ui, others)));
        let Some((is_closed, newest)) = shown.inner.zip(self.notices.last_mut()) else { return };
        let until = newest.until.unwrap_or(now);
        if shown.response.contains_pointer() {
            newest.until = Some((now + 2.0).max(until));
        }
        if is_closed || now >= until {
            self.notices.pop();
        }
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
        frame.show(ui, |ui| ui.label(tr("Drop a project, a drawing, a table, a run folder or a folder of samples")));
    });
}

impl Notice {
    /// Icon, message and a button that closes it; whether that was pressed. A message that is longer than the line is shown
    /// in full under the pointer.
    fn ui(&self, ui: &mut Ui, others: usize) -> bool {
        let palette = Palette::of(ui);
        let (icon, color) = match self.is_warning {
            true => (ICON_WARNING, palette.warning),
            false => (ICON_CHECK_CIRCLE, palette.good),
        };
        let line = ui.max_rect();
        ui.painter().hline(line.x_range(), line.top(), Stroke::new(1.0, palette.faint));
        let close = ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = Button::new(ICON_CLOSE.rich_text().size(16.0)).frame(false);
            let close = ui.add(close).accessible_name(tr("Close message"));
            if others > 0 {
                ui.label(RichText::new(tr(format!("{others} more"))).color(palette.muted));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(icon.rich_text().size(16.0).color(color));
                ui.add(Label::new(tr(&self.text)).truncate());
            });
            close
        });
        close.inner.clicked()
    }
}
