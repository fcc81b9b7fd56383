//! How the network is trained, at the right: data, loss, optimiser, numbers, seed, augmentation.

use eframe::egui::{
    self, Align, CollapsingHeader, ComboBox, DragValue, Layout, RichText, ScrollArea, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons::ICON_CASINO;

use super::layers::outdated_ui;
use super::parts::{heading_ui, source_menu_ui};
use super::{Cx, Panel, Place};
use crate::nn::OptimizerSpec;
use crate::nn::knob::Knob;
use crate::ui::session::DataState;
use crate::ui::theme::{GRID, Palette};
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::knob::{LABEL_WIDTH, knob_ui};

#[derive(Default)]
pub struct TrainingPanel {
    typed_source: String,
}

/// Height of a row with a menu or a field in it.
const LINE: f32 = 28.0;

const SEED_HELP: &str =
    "Decides the first weights, the split and the order of the samples: the same seed gives the same curve again.";
const LOSS_HELP: &str = "What training makes small; cross-entropy suits classes, squared error learns them slower.";

impl Panel for TrainingPanel {
    fn title(&self) -> &'static str {
        "Training"
    }

    fn place(&self) -> Place {
        Place::Right
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        heading_ui(ui, "Training", |_| {});
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            self.data_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            loss_ui(ui, cx);
            optimizer_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            numbers_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            regularization_ui(ui, cx);
            early_stopping_ui(ui, cx);
            augment_ui(ui, cx);
            // Below everything, so that no control moves away under the pointer that changes it.
            if cx.session.is_on() && cx.session.has_other_training(cx.project) {
                ui.add_space(2.0 * GRID);
                outdated_ui(ui, "This run goes on with the settings as they were.", cx);
            }
        });
    }
}

impl TrainingPanel {
    fn data_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        row_ui(ui, "Data", "Where the samples come from.", |ui| {
            source_menu_ui(ui, ui.available_width(), &mut self.typed_source, cx);
        });
        let palette = Palette::of(ui);
        match &cx.session.data {
            DataState::Loading { .. } => {
                ui.horizontal(|ui| {
                    ui.add(egui::Spinner::new().size(14.0));
                    ui.label(RichText::new("Being read…").color(palette.muted));
                });
            }
            DataState::Failed { message, .. } => super::parts::warning_ui(ui, message),
            DataState::Ready { .. } => {}
        }
        for knob in &mut cx.project.data.knobs() {
            knob_ui(ui, knob);
        }
    }
}

fn loss_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let loss = &mut cx.project.training.loss;
    knob_ui(ui, &mut Knob::choice("loss", "Loss", loss, LOSS_HELP));
    for knob in &mut loss.knobs() {
        knob_ui(ui, knob);
    }
}

/// The rule, its sentence of help, and its own numbers.
fn optimizer_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let optimizer = &mut cx.project.training.optimizer;
    let label = optimizer.as_rule().label();
    row_ui(ui, "Optimiser", "How a slope becomes a step. It may be changed while it trains.", |ui| {
        let combo = ComboBox::from_id_salt("optimizer").selected_text(label).width(ui.available_width()).truncate();
        let shown = combo.show_ui(ui, |ui| {
            for rule in OptimizerSpec::all() {
                let rule_label = rule.as_rule().label();
                let help = rule.as_rule().help();
                if ui.selectable_label(rule_label == label, rule_label).on_hover_text(help).clicked()
                    && rule_label != label
                {
                    *optimizer = rule;
                }
            }
        });
        shown.response.widget_info(|| {
            let mut info = WidgetInfo::labeled(egui::Role::ComboBox, true, "Optimiser");
            info.current_text_value = Some(label.to_owned());
            info
        });
    });
    ui.add(egui::Label::new(RichText::new(optimizer.as_rule().help()).color(Palette::of(ui).muted)).wrap());
    for knob in &mut optimizer.as_rule_mut().knobs() {
        knob_ui(ui, knob);
    }
}

fn numbers_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    for knob in &mut cx.project.training.knobs() {
        knob_ui(ui, knob);
    }
    let course = cx.project.training.schedule.as_course_mut();
    ui.add(egui::Label::new(RichText::new(course.help()).color(Palette::of(ui).muted)).wrap());
    for knob in &mut course.knobs() {
        knob_ui(ui, knob);
    }
    let seed = &mut cx.project.training.seed;
    row_ui(ui, "Seed", SEED_HELP, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button_ui(ui, ICON_CASINO, "Another seed").clicked() {
                *seed = another_seed(*seed);
            }
            let field = DragValue::new(seed).speed(0.2).update_while_editing(false);
            let field = ui.add_sized(vec2(ui.available_width(), 20.0), field);
            field.on_hover_text(SEED_HELP).widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, "Seed"));
        });
    });
}

fn regularization_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let regularization = &mut cx.project.training.regularization;
    let state = if regularization.is_off() { "off" } else { "on" };
    CollapsingHeader::new(format!("Regularisation, {state}")).id_salt("regularization").show_unindented(ui, |ui| {
        for knob in &mut regularization.knobs() {
            knob_ui(ui, knob);
        }
    });
}

fn early_stopping_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let stopping = &mut cx.project.training.early_stopping;
    let state = if stopping.is_off() { "off" } else { "on" };
    CollapsingHeader::new(format!("Early stopping, {state}")).id_salt("early stopping").show_unindented(ui, |ui| {
        for knob in &mut stopping.knobs() {
            knob_ui(ui, knob);
        }
    });
}

fn augment_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let augment = &mut cx.project.data.augment;
    let state = if augment.is_off() { "off" } else { "on" };
    CollapsingHeader::new(format!("Augmentation, {state}")).id_salt("augmentation").show_unindented(ui, |ui| {
        for knob in &mut augment.knobs() {
            knob_ui(ui, knob);
        }
        let text = "Every sample is changed a little each time it is seen. The room Data shows how.";
        ui.label(RichText::new(text).color(Palette::of(ui).muted));
    });
}

/// A name in the column of names, and what belongs to it.
fn row_ui(ui: &mut Ui, name: &str, help: &str, contents: impl FnOnce(&mut Ui)) {
    let width = ui.available_width();
    ui.allocate_ui_with_layout(vec2(width, LINE), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_size(vec2(width, LINE));
        ui.spacing_mut().item_spacing.x = GRID;
        let palette = Palette::of(ui);
        ui.allocate_ui_with_layout(vec2(LABEL_WIDTH, LINE), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(vec2(LABEL_WIDTH, LINE));
            ui.label(RichText::new(name).color(palette.muted)).on_hover_text(help);
        });
        contents(ui);
    });
}

/// Five digits that people can say, which follow from the last one; so a test knows them.
fn another_seed(seed: u64) -> u64 {
    seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33 & 0xFFFF
}
