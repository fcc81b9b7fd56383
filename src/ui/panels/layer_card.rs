//! One layer: its name and shape, what it costs, and unfolded what can be set.

use eframe::egui::{
    self, Align, Align2, Button, Frame, Label, Layout, Margin, Rect, RichText, Sense, Stroke, Ui, pos2, vec2,
};
use egui_dnd::Handle;
use egui_material_icons::icons::{ICON_ADD, ICON_CLOSE, ICON_CONTENT_COPY};

use super::layers::{layer_menu_ui, moved_by_keys};
use super::parts::warning_ui;
use crate::nn::LayerSpec;
use crate::nn::knob::About;
use crate::nn::layer::Spec;
use crate::nn::model::Trace;
use crate::ui::theme::{self, GRID, Palette, RADIUS};
use crate::ui::widgets::about::about_ui;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::knob::knob_ui;
use crate::ui::widgets::numbers::{percent, thousands};

/// How far the columns of the figures end before the right edge of the panel.
pub const PARAMS_RIGHT: f32 = 68.0;
pub const WORK_RIGHT: f32 = 8.0;

/// Height of the line with the name.
const HEADER: f32 = 28.0;

/// What somebody wants of a card.
pub enum Edit {
    Toggle,
    Duplicate,
    /// Put this layer before the card.
    Insert(LayerSpec),
    Remove,
    Move {
        up: bool,
    },
    /// Do what the misfit's button offers.
    Repair,
}

pub struct Card<'a> {
    pub index: usize,
    pub layer: &'a mut LayerSpec,
    pub trace: &'a Trace,
    pub is_unfolded: bool,
    pub is_dragged: bool,
}

impl Card<'_> {
    pub fn show(mut self, ui: &mut Ui, handle: Handle<'_>) -> Option<Edit> {
        let mut edit = gap_ui(ui, self.index, self.layer.as_spec().label()).map(Edit::Insert);
        let palette = Palette::of(ui);
        let has_misfit = self.trace.misfit.as_ref().is_some_and(|misfit| misfit.index == self.index);
        let outline = match (has_misfit, self.is_dragged) {
            (true, _) => Stroke::new(1.5, palette.warning),
            (_, true) => Stroke::new(1.0, palette.accent),
            _ => Stroke::new(1.0, palette.faint),
        };
        let frame = Frame::new().fill(palette.raised).stroke(outline).corner_radius(RADIUS);
        ui.push_id(self.index, |ui| {
            frame.show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                edit = self.header_ui(ui, handle).or(edit.take());
                self.figures_ui(ui);
                Frame::new().inner_margin(Margin { left: 8, right: 8, top: 0, bottom: 4 }).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = GRID;
                    if has_misfit {
                        edit = self.misfit_ui(ui).or(edit.take());
                    }
                    if self.is_unfolded {
                        self.knobs_ui(ui);
                    }
                });
            });
        });
        edit
    }

    /// Number, name and detail, which are what one drags and clicks, and the two buttons.
    fn header_ui(&self, ui: &mut Ui, handle: Handle<'_>) -> Option<Edit> {
        let palette = Palette::of(ui);
        let label = self.layer.as_spec().label();
        let mut edit = None;
        ui.allocate_ui_with_layout(vec2(ui.available_width(), HEADER), Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let width = ui.available_width() - 2.0 * theme::ROW - GRID;
            handle.ui(ui, |ui| edit = self.name_ui(ui, width));
            ui.visuals_mut().widgets.inactive.fg_stroke.color = palette.muted;
            if icon_button_ui(ui, ICON_CONTENT_COPY, &format!("Duplicate {label}")).clicked() {
                edit = Some(Edit::Duplicate);
            }
            if icon_button_ui(ui, ICON_CLOSE, &format!("Remove {label}")).clicked() {
                edit = Some(Edit::Remove);
            }
        });
        edit
    }

    fn name_ui(&self, ui: &mut Ui, width: f32) -> Option<Edit> {
        let palette = Palette::of(ui);
        let spec = self.layer.as_spec();
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEADER), Sense::click());
        let number = pos2(rect.left() + 10.0, rect.center().y);
        let text = (self.index + 1).to_string();
        ui.painter().text(number, Align2::CENTER_CENTER, text, theme::body_font(), palette.muted);
        let inner = rect.with_min_x(rect.left() + 24.0);
        let layout = Layout::left_to_right(Align::Center);
        let mut words = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
        words.spacing_mut().item_spacing.x = 2.0 * GRID;
        words.label(theme::strong(spec.label()));
        words.add(Label::new(RichText::new(spec.detail()).color(palette.muted)).truncate());
        if response.has_focus() {
            // Otherwise the arrows would move the focus.
            let keys = egui::EventFilter { vertical_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
            ui.painter().rect_stroke(rect, RADIUS, Stroke::new(1.5, palette.accent), egui::StrokeKind::Inside);
        }
        let name = format!("Layer {}: {}", self.index + 1, self.layer);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        let has_focus = response.has_focus();
        let response = response.on_hover_ui(|ui| {
            about_ui(ui, about(spec));
            ui.label("Click to edit, drag to move.");
        });
        match has_focus.then(|| moved_by_keys(ui)).flatten() {
            Some(up) => Some(Edit::Move { up }),
            None => response.clicked().then_some(Edit::Toggle),
        }
    }

    /// Output shape, parameters and share of the work, in columns, and the share as a bar at the card's foot.
    fn figures_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
        let text = |at, align, text: &str, color| ui.painter().text(at, align, text, theme::body_font(), color);
        let y = rect.top() + 8.0;
        let left = pos2(rect.left() + 32.0, y);
        let Some(plan) = self.trace.plans.get(self.index) else {
            text(left, Align2::LEFT_CENTER, "–", palette.muted);
            return;
        };
        let total = self.trace.multiply_adds().max(1);
        let share = plan.multiply_adds as f64 / total as f64;
        text(left, Align2::LEFT_CENTER, &plan.output.to_string(), palette.text);
        let params = if plan.params == 0 { "–".to_owned() } else { thousands(plan.params as f64) };
        text(pos2(rect.right() - PARAMS_RIGHT, y), Align2::RIGHT_CENTER, &params, palette.text);
        // The share of a total that is not known yet would be wrong.
        let has_share = plan.multiply_adds > 0 && self.trace.misfit.is_none();
        let work = match has_share {
            false => "–".to_owned(),
            true if share < 0.01 => "< 1 %".to_owned(),
            true => format!("{:.0} %", share * 100.0),
        };
        text(pos2(rect.right() - WORK_RIGHT, y), Align2::RIGHT_CENTER, &work, palette.text);
        if has_share {
            let width = ((rect.width() - 16.0) * share as f32).max(2.0);
            let bar = Rect::from_min_size(pos2(rect.left() + 8.0, rect.bottom() - 6.0), vec2(width, 3.0));
            ui.painter().rect_filled(bar, 1.5, palette.accent.gamma_multiply(0.7));
        }
        let words = format!("Output {}, parameters {params}, share of the work {work}", plan.output);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
        response.on_hover_text(format!(
            "{} numbers leave it. {} multiply-adds a sample, {} of the network's.",
            thousands(plan.output.len() as f64),
            thousands(plan.multiply_adds as f64),
            percent(share)
        ));
    }

    fn misfit_ui(&self, ui: &mut Ui) -> Option<Edit> {
        let error = &self.trace.misfit.as_ref()?.error;
        warning_ui(ui, &error.message);
        let fix = error.fix.as_ref()?;
        let button = Button::new(theme::strong(fix.label())).min_size(vec2(0.0, 28.0));
        let is_pressed = ui.add(button).clicked();
        ui.add_space(GRID);
        is_pressed.then_some(Edit::Repair)
    }

    fn knobs_ui(&mut self, ui: &mut Ui) {
        about_ui(ui, about(self.layer.as_spec()));
        let mut knobs = self.layer.as_spec_mut().knobs();
        if knobs.is_empty() {
            ui.label(RichText::new("Nothing to set.").color(Palette::of(ui).muted));
        }
        for knob in &mut knobs {
            knob_ui(ui, knob);
        }
    }
}

/// What a layer computes and what it is good for.
pub fn about(spec: &dyn Spec) -> About {
    About { formula: spec.formula(), help: spec.help() }
}

/// The gap before a card, in which a plus appears that puts a layer there.
fn gap_ui(ui: &mut Ui, index: usize, before: &str) -> Option<LayerSpec> {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 2.0 * GRID), Sense::click());
    let name = format!("Insert a layer before {before}, layer {}", index + 1);
    let menu = egui::Popup::menu(&response);
    if response.hovered() || response.has_focus() || menu.is_open() {
        // Above the cards, which the plus reaches into.
        let above = egui::LayerId::new(egui::Order::Middle, response.id);
        let painter = ui.painter().clone().with_layer_id(above);
        painter.hline(rect.x_range(), rect.center().y, Stroke::new(2.0, palette.accent));
        painter.circle_filled(rect.center(), 8.0, palette.accent);
        let icon = egui::FontId::new(14.0, ICON_ADD.font_family());
        painter.text(rect.center(), Align2::CENTER_CENTER, ICON_ADD.codepoint, icon, palette.on_accent);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    menu.show(layer_menu_ui).and_then(|shown| shown.inner)
}
