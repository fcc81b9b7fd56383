//! How the network is trained, at the right: data, loss, optimiser, numbers, seed, augmentation.

mod schedule;

use eframe::egui::{self, Align, Button, CollapsingHeader, DragValue, Layout, RichText, Ui, WidgetInfo, vec2};
use egui_material_icons::icons::ICON_CASINO;

use crate::data::Augment;
use crate::ui::commands::{Command, Request};
use crate::ui::state::session::DataState;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::dialogs::cross_validation::COUNTS;
use crate::ui::views::parts::outdated::outdated_ui;
use crate::ui::views::parts::problems::problems_ui;
use crate::ui::views::parts::source_menu::source_menu_ui;
use crate::ui::views::view::View;
use crate::ui::widgets::about::about_ui;
use crate::ui::widgets::button::{icon_button_ui, segmented_ui};
use crate::ui::widgets::field::{LABEL_WIDTH, field_ui, setting_ui, settings_ui, summary};
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::text::{heading_ui, warning_ui};
use backprop_nn::Training;
use backprop_nn::field::{Kind, Settings, Value};
use backprop_nn::gan::GanSettings;
use schedule::course_ui;

pub const ID: &str = "training";

#[derive(Default)]
pub struct TrainingView {
    typed_source: String,
    /// Folds of the cross-validation; none if it is off.
    folds: usize,
}

/// Height of a row with a menu or a field in it.
const LINE: f32 = 28.0;

const FIND_HELP: &str = "Tries all rates in a short training of a copy and suggests one.";
const FOLDS_HELP: &str =
    "Every training sample is held back once; mean and spread over the folds tell how much is luck.";

impl View for TrainingView {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Training"
    }

    fn place(&self) -> Place {
        Place::Right
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        heading_ui(ui, "Training", |_| {});
        scroll_ui(ui, |ui| {
            problems_ui(ui, cx);
            self.data_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            if let Some(adversary) = &mut cx.project.adversary {
                adversary_ui(ui, adversary);
                ui.add_space(2.0 * GRID);
            }
            explained_ui(ui, &mut cx.project.training, "optimizer");
            own_settings_ui(ui, "optimizer", &mut *cx.project.training.optimizer);
            ui.add_space(2.0 * GRID);
            numbers_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            schedule_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            if cx.project.adversary.is_none() {
                explained_ui(ui, &mut cx.project.training, "loss");
                own_settings_ui(ui, "loss", &mut *cx.project.training.loss);
                ui.add_space(2.0 * GRID);
            }
            explained_ui(ui, &mut cx.project.training, "shuffle");
            seed_ui(ui, &mut cx.project.training);
            ui.add_space(2.0 * GRID);
            folded_ui(ui, cx);
            if cx.project.adversary.is_none() {
                self.cross_validation_ui(ui, cx);
            }
            // Below everything, so that no control moves away under the pointer that changes it.
            if cx.session.is_on() && cx.session.has_other_training(cx.project) {
                ui.add_space(2.0 * GRID);
                outdated_ui(ui, "This run goes on with the settings as they were.", cx);
            }
        });
    }
}

impl TrainingView {
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
            DataState::Failed { message, .. } => warning_ui(ui, message),
            DataState::Ready { .. } => {}
        }
        // What is asked for is chosen in the room Data, beside the source; a generator is asked for nothing.
        if cx.project.adversary.is_none() {
            explained_ui(ui, &mut cx.project.data, "validation");
        }
    }

    /// How many folds, and the button that begins; nothing of it belongs to the project.
    fn cross_validation_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let title = match self.folds {
            0 => "Cross-validation, off".to_owned(),
            folds => format!("Cross-validation, {folds} folds"),
        };
        let obstacle = if self.folds == 0 {
            Some("Choose a number of folds first.".to_owned())
        } else {
            cx.situation.can_train_beside().err()
        };
        fold_ui(ui, "cross-validation", &title, |ui| {
            let mut options = vec![(0, "Off".to_owned(), "No cross-validation.".to_owned())];
            options.extend(COUNTS.map(|folds| {
                (
                    folds,
                    folds.to_string(),
                    format!("Trains {folds} times, each time judged by another part of the training samples."),
                )
            }));
            let options: Vec<_> = options.iter().map(|(folds, name, help)| (*folds, &**name, &**help)).collect();
            row_ui(ui, "Folds", FOLDS_HELP, |ui| {
                segmented_ui(ui, &mut self.folds, &options);
            });
            let pressed = field_ui(ui, "", FOLDS_HELP, |ui| {
                let button = Button::new("Cross-validate…").min_size(vec2(ui.available_width(), ROW));
                ui.add_enabled(obstacle.is_none(), button).on_disabled_hover_text(obstacle.unwrap_or_default())
            });
            if pressed.clicked() {
                cx.act(Request::CrossValidate(self.folds));
            }
        });
    }
}

/// A setting, and below a choice among formulas what the chosen one computes.
fn explained_ui(ui: &mut Ui, settings: &mut dyn Settings, key: &str) {
    let Some(field) = settings.describe().into_iter().find(|field| field.key == key) else { return };
    setting_ui(ui, settings, field);
    if let (Kind::Choice { options, .. }, Some(Value::Choice(option))) = (&field.kind, settings.get(key))
        && let Some(about) = options().get(option)
    {
        about_ui(ui, about);
    }
}

/// The number that matters most, who finds one, and how often it is used.
fn numbers_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    explained_ui(ui, &mut cx.project.training, "learning_rate");
    // A generator and its discriminator have no loss that tells how good a rate is.
    if cx.project.adversary.is_none() {
        find_rate_ui(ui, cx);
    }
    explained_ui(ui, &mut cx.project.training, "batch");
    explained_ui(ui, &mut cx.project.training, "epochs");
}

/// The button below the slider of the learning rate.
fn find_rate_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let obstacle = cx.situation.permits(Command::FindLearningRate).err();
    let pressed = field_ui(ui, "", FIND_HELP, |ui| {
        let button = Button::new("Find a learning rate…").min_size(vec2(ui.available_width(), ROW));
        let response = ui.add_enabled(obstacle.is_none(), button);
        response.on_disabled_hover_text(obstacle.unwrap_or_default())
    });
    if pressed.clicked() {
        cx.act(Command::FindLearningRate);
    }
}

fn schedule_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    explained_ui(ui, &mut cx.project.training, "schedule");
    course_ui(ui, cx);
    settings_ui(ui, &mut *cx.project.training.schedule);
    explained_ui(ui, &mut cx.project.training, "warmup");
}

/// What the generator learns from in place of a loss of its own.
fn adversary_ui(ui: &mut Ui, adversary: &mut GanSettings) {
    CollapsingHeader::new("Adversary").default_open(true).show_unindented(ui, |ui| {
        for field in GanSettings::fields() {
            explained_ui(ui, adversary, field.key);
        }
        let text = "The discriminator stands in for a loss. No samples are held back, so nothing is validated or stopped early, \
                    and images are learnt unchanged.";
        ui.label(RichText::new(text).color(Palette::of(ui).muted));
    });
}

/// Settings that are seldom changed, folded away under their names. One that was changed is told in the heading.
fn own_settings_ui(ui: &mut Ui, id: &str, settings: &mut dyn Settings) {
    let fields = settings.describe();
    if fields.is_empty() {
        return;
    }
    let names = fields.iter().map(|field| summary(settings, field)).collect::<Vec<_>>().join(", ");
    let title: String = names.chars().take(1).flat_map(char::to_uppercase).chain(names.chars().skip(1)).collect();
    fold_ui(ui, id, &title, |ui| settings_ui(ui, settings));
}

fn fold_ui(ui: &mut Ui, id: &str, title: &str, contents: impl FnOnce(&mut Ui)) {
    CollapsingHeader::new(title).id_salt(id).show_unindented(ui, contents);
}

fn state(is_off: bool) -> &'static str {
    if is_off { "off" } else { "on" }
}

fn seed_ui(ui: &mut Ui, training: &mut Training) {
    let Some(field) = Training::fields().into_iter().find(|field| field.key == "seed") else { return };
    row_ui(ui, field.label, field.help, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button_ui(ui, ICON_CASINO, "Another seed").clicked() {
                training.seed = another_seed(training.seed);
            }
            let number = DragValue::new(&mut training.seed).speed(0.2).update_while_editing(false);
            let number = ui.add_sized(vec2(ui.available_width(), 20.0), number).on_hover_text(field.help);
            number.widget_info(|| WidgetInfo::labeled(egui::Role::SpinButton, true, field.label));
        });
    });
}

/// What is seldom set, each group folded away.
fn folded_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Training { regularization, early_stopping, .. } = &mut cx.project.training;
    // What plays no part for a generator is shown only to be turned off.
    let is_generator = cx.project.adversary.is_some();
    let groups: [(&str, bool, &mut dyn Settings); 2] = [
        ("Regularization", regularization.is_off(), regularization),
        ("Early stopping", early_stopping.is_off(), early_stopping),
    ];
    for (name, is_off, settings) in groups {
        if is_generator && is_off && name == "Early stopping" {
            continue;
        }
        fold_ui(ui, name, &format!("{name}, {}", state(is_off)), |ui| settings_ui(ui, settings));
    }
    let (shape, _) = cx.session.shape(cx.project);
    let augment = &mut cx.project.data.augment;
    if is_generator && augment.is_off() {
        return;
    }
    let title = format!("Augmentation, {}", state(augment.is_off()));
    fold_ui(ui, "augmentation", &title, |ui| {
        for field in Augment::fields_for(shape) {
            setting_ui(ui, augment, field);
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
