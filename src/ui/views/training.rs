//! How the network is trained, at the right: data, loss, optimizer, learning rate and the rest, in the order of a textbook.

mod schedule;

use std::path::Path;

use eframe::egui::{self, Align, Button, CollapsingHeader, Color32, Layout, RichText, Ui, vec2};
use egui_material_icons::icons::ICON_CASINO;

use crate::data::Augment;
use crate::language::tr;
use crate::project::CheckpointSettings;
use crate::ui::commands::{Command, Request};
use crate::ui::state::session::DataState;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::dialogs::trials::{FOLDS, SEEDS};
use crate::ui::views::parts::data_problem::data_problem_ui;
use crate::ui::views::parts::outdated::outdated_ui;
use crate::ui::views::parts::problems::problems_ui;
use crate::ui::views::parts::source_menu::source_menu_ui;
use crate::ui::views::view::View;
use crate::ui::widgets::about::about_ui;
use crate::ui::widgets::button::{icon_button_ui, segmented_ui};
use crate::ui::widgets::cut_text::cut_galley;
use crate::ui::widgets::field::{field_ui, setting_ui, settings_ui, summary};
use crate::ui::widgets::guard::{guarded_ui, is_hidden, is_shown_anew, is_wanted, outline, outlined_ui, within};
use crate::ui::widgets::number_field::number_field_ui;
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, heading_ui};
use backprop_nn::Training;
use backprop_nn::field::{About, Settings};
use backprop_nn::gan::GanSettings;
use schedule::lr_plot_ui;

/// The id of this view.
pub const ID: &str = "training";

/// The panel with the training settings.
pub struct TrainingView {
    typed_source: String,
    /// Folds of the cross-validation; none if it is off.
    folds: usize,
    /// Seeds of a repetition or comparison.
    seeds: usize,
}

impl Default for TrainingView {
    fn default() -> Self {
        Self { typed_source: String::new(), folds: 0, seeds: SEEDS[1] }
    }
}

const FIND_HELP: &str = "Trains a copy of the network with a growing learning rate and suggests one.";
const SEEDS_HELP: &str = "The seed decides the initial weights, the order of the samples and all else that is random. Trained with \
                          several seeds, the project shows how much of its result is chance.";
const FOLDS_HELP: &str = "Each training sample is in the validation set of one fold. Mean and standard deviation over the \
                          folds show how much the result varies.";

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
        heading_ui(ui, "Training", |ui| {
            if matches!(cx.session.data, DataState::Loading { .. }) {
                caption_ui(ui, "Reading the data…");
                ui.add(egui::Spinner::new().size(14.0));
            } else {
                // In line with what scrolls below.
                ui.add_space(3.0 * GRID);
                check_ui(ui, cx);
            }
        });
        scroll_ui(ui, |ui| {
            // Above, rows of one height each: none of them moves, whatever is chosen. What depends on a choice is below.
            self.data_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            main_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            problems_ui(ui, cx);
            lr_plot_ui(ui, cx);
            ui.add_space(2.0 * GRID);
            details_ui(ui, cx);
            groups_ui(ui, cx);
            if cx.project.adversary.is_none() && !is_hidden(ui.ctx(), "experiments") {
                self.cross_validation_ui(ui, cx);
                self.seeds_ui(ui, cx);
            }
            if cx.session.is_on() && cx.session.has_other_training(cx.project) {
                ui.add_space(2.0 * GRID);
                outdated_ui(ui, "This run continues with the previous settings.", cx);
            }
        });
    }
}

impl TrainingView {
    fn data_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        guarded_ui(ui, "data.source", |ui| {
            field_ui(ui, "Data", "The data set that the samples come from.", |ui| {
                source_menu_ui(ui, ui.available_width(), &mut self.typed_source, cx)
            })
        });
        data_problem_ui(ui, cx);
        // The target is chosen in the tab Data, beside the source; a generator has none.
        if cx.project.adversary.is_none() {
            within(ui, "data", |ui| one_ui(ui, &mut cx.project.data, "validation"));
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
            let trains = |folds| format!("Trains {folds} times, each time with another fold as the validation set.");
            let off = (0, "Off".to_owned(), "No cross-validation.".to_owned());
            let options = std::iter::once(off).chain(FOLDS.map(|folds| (folds, folds.to_string(), trains(folds))));
            count_ui(ui, "Folds", FOLDS_HELP, &options.collect::<Vec<_>>(), &mut self.folds);
            if wide_button_ui(ui, "Cross-validate…", FOLDS_HELP, obstacle) {
                cx.act(Request::CrossValidate(self.folds));
            }
        });
    }

    /// How much of a result is chance, and whether a change is more than that.
    fn seeds_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let open = is_named(ui.ctx(), &[Command::RepeatSeeds, Command::Compare]);
        opened_ui(ui, "seeds", "Is it chance? Seeds and comparison", open, |ui| {
            let trains = |seeds| {
                format!("Trains with {seeds} seeds. The more, the smaller a difference can be told from chance.")
            };
            let options = SEEDS.map(|seeds| (seeds, seeds.to_string(), trains(seeds)));
            count_ui(ui, "Seeds", SEEDS_HELP, &options, &mut self.seeds);
            let permits = |command| cx.situation.permits(command).err();
            let (repeat, compare) = (permits(Command::RepeatSeeds), permits(Command::Compare));
            let name = Command::RepeatSeeds.id();
            if outlined_ui(ui, &name, |ui| wide_button_ui(ui, Command::RepeatSeeds.label(), SEEDS_HELP, repeat)) {
                cx.act(Request::RepeatSeeds(self.seeds));
            }
            let name = Command::Compare.id();
            if outlined_ui(ui, &name, |ui| {
                wide_button_ui(ui, Command::Compare.label(), Command::Compare.help(), compare)
            }) {
                cx.act(Request::CompareWithRun(self.seeds));
            }
        });
        let open = is_named(ui.ctx(), &[Command::Search, Command::Race]);
        opened_ui(ui, "search", "Search for the best settings", open, |ui| {
            command_ui(ui, Command::Search, cx);
            command_ui(ui, Command::Race, cx);
        });
    }
}

/// A number to choose.
fn count_ui(ui: &mut Ui, name: &str, help: &str, options: &[(usize, String, String)], chosen: &mut usize) {
    let options: Vec<_> = options.iter().map(|(count, name, help)| (*count, &**name, &**help)).collect();
    field_ui(ui, name, help, |ui| ui.scope(|ui| segmented_ui(ui, chosen, &options)).response);
}

/// A button below a setting; true when it is pressed.
fn wide_button_ui(ui: &mut Ui, name: &str, help: &str, obstacle: Option<String>) -> bool {
    let pressed = field_ui(ui, "", help, |ui| {
        let button = Button::new(tr(name)).min_size(vec2(ui.available_width(), ROW));
        ui.add_enabled(obstacle.is_none(), button).on_disabled_hover_text(tr(obstacle.unwrap_or_default()))
    });
    pressed.clicked()
}

/// One setting in its row.
fn one_ui(ui: &mut Ui, settings: &mut dyn Settings, key: &str) {
    if let Some(field) = settings.describe().into_iter().find(|field| field.key == key) {
        setting_ui(ui, settings, field);
    }
}

/// What decides a training, in the order of a textbook.
fn main_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    match &mut cx.project.adversary {
        Some(adversary) => within(ui, "adversary", |ui| one_ui(ui, adversary, "loss")),
        None => training_ui(ui, cx, "loss"),
    }
    training_ui(ui, cx, "optimizer");
    training_ui(ui, cx, "learning_rate");
    if !is_hidden(ui.ctx(), "find_learning_rate") {
        find_rate_ui(ui, cx);
    }
    for key in ["schedule", "batch", "epochs", "shuffle"] {
        training_ui(ui, cx, key);
    }
    if !is_hidden(ui.ctx(), "training.seed") {
        guarded_ui(ui, "training.seed", |ui| seed_ui(ui, &mut cx.project.training));
    }
}

/// One setting of the training itself.
fn training_ui(ui: &mut Ui, cx: &mut Cx<'_>, key: &str) {
    within(ui, "training", |ui| one_ui(ui, &mut cx.project.training, key));
}

/// The small button beside the heading that checks before a run.
fn check_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let obstacle = cx.situation.permits(Command::Check).err();
    let button = ui.add_enabled(obstacle.is_none(), Button::new(tr("Check…")).small());
    outline(ui, &Command::Check.id(), button.rect);
    let button =
        button.on_hover_text(tr(Command::Check.help())).on_disabled_hover_text(tr(obstacle.unwrap_or_default()));
    if button.accessible_name(tr(Command::Check.label())).clicked() {
        cx.act(Command::Check);
    }
}

/// A button for a command.
fn command_ui(ui: &mut Ui, command: Command, cx: &mut Cx<'_>) {
    let obstacle = cx.situation.permits(command).err();
    if outlined_ui(ui, &command.id(), |ui| wide_button_ui(ui, command.label(), command.help(), obstacle)) {
        cx.act(command);
    }
}

/// The button below the slider of the learning rate.
fn find_rate_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let obstacle = cx.situation.permits(Command::FindLearningRate).err();
    let name = Command::FindLearningRate.id();
    if outlined_ui(ui, &name, |ui| wide_button_ui(ui, "Find a learning rate…", FIND_HELP, obstacle)) {
        cx.act(Command::FindLearningRate);
    }
}

/// Formula and settings of what was chosen above, folded away at first.
fn details_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Training { loss, optimizer, schedule, .. } = &mut cx.project.training;
    if let Some(adversary) = &mut cx.project.adversary {
        fold_ui(ui, "Loss", "Loss: formula", |ui| {
            about_ui(ui, adversary.loss.about());
        });
        adversary_ui(ui, adversary);
    } else {
        let about = *loss.about();
        detail_ui(ui, ("Loss", "training.loss"), &about, &mut **loss);
    }
    let about = *optimizer.about();
    detail_ui(ui, ("Optimizer", "training.optimizer"), &about, &mut **optimizer);
    let about = *schedule.about();
    detail_ui(ui, ("Schedule", "training.schedule"), &about, &mut **schedule);
    fold_ui(ui, "warm-up", &format!("Warm-up, {}", state(cx.project.training.warmup == 0.0)), |ui| {
        training_ui(ui, cx, "warmup");
    });
}

/// The heading names what is inside, with the values that were changed.
fn detail_ui(ui: &mut Ui, (name, place): (&str, &str), about: &About, settings: &mut dyn Settings) {
    let formula = (!about.formula.is_empty()).then(|| "formula".to_owned());
    let names = formula.into_iter().chain(settings.describe().into_iter().map(|field| summary(settings, field)));
    let title = format!("{name}: {}", names.collect::<Vec<_>>().join(", "));
    place_ui(ui, place, name, &title, |ui| {
        about_ui(ui, about);
        settings_ui(ui, settings);
    });
}

/// What the generator learns from in place of a loss of its own.
fn adversary_ui(ui: &mut Ui, adversary: &mut GanSettings) {
    CollapsingHeader::new(tr("Adversarial training")).default_open(true).show_unindented(ui, |ui| {
        within(ui, "adversary", |ui| {
            for field in GanSettings::fields().into_iter().filter(|field| field.key != "loss") {
                setting_ui(ui, adversary, field);
            }
        });
        let text = "The discriminator takes the place of a loss. There is no validation set, so there is no early stopping, \
                    and no augmentation.";
        ui.label(RichText::new(tr(text)).color(Palette::of(ui).muted));
    });
}

/// The same for settings at a place of the project, unfolded where one of them is wanted.
fn place_ui(ui: &mut Ui, place: &str, id: &str, title: &str, contents: impl FnOnce(&mut Ui)) {
    let open = is_wanted(ui.ctx(), place).then_some(true);
    let shown = opened_ui(ui, id, title, open, |ui| within(ui, place, contents));
    outline(ui, place, shown);
}

/// A heading that unfolds what belongs to it. One line, however long the title is.
fn fold_ui(ui: &mut Ui, id: &str, title: &str, contents: impl FnOnce(&mut Ui)) {
    opened_ui(ui, id, title, None, contents);
}

/// Whether one of these commands is to be outlined, for which its heading unfolds.
fn is_named(ctx: &egui::Context, commands: &[Command]) -> Option<bool> {
    commands.iter().any(|command| is_shown_anew(ctx, &command.id())).then_some(true)
}

fn opened_ui(ui: &mut Ui, id: &str, title: &str, open: Option<bool>, contents: impl FnOnce(&mut Ui)) -> egui::Rect {
    let width = ui.available_width() - ui.spacing().indent - GRID;
    let title = cut_galley(ui.painter(), title, theme::body_font(), Color32::PLACEHOLDER, width);
    CollapsingHeader::new(title).id_salt(id).open(open).show_unindented(ui, contents).header_response.rect
}

fn state(is_off: bool) -> &'static str {
    if is_off { "off" } else { "on" }
}

/// The largest seed that can be typed: larger ones are not exact as a floating-point number.
const MOST_SEED: f64 = 9_007_199_254_740_991.0;

fn seed_ui(ui: &mut Ui, training: &mut Training) {
    let Some(field) = Training::fields().into_iter().find(|field| field.key == "seed") else { return };
    field_ui(ui, field.label, field.help, |ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button_ui(ui, ICON_CASINO, "Another seed").clicked() {
                training.seed = another_seed(training.seed);
            }
            let slider = Slider::new(field.label, 0.0..=MOST_SEED, 42.0, Division::Whole);
            let mut seed = training.seed as f64;
            let number = number_field_ui(ui, &slider, vec2(ui.available_width(), 20.0), &mut seed);
            if number.changed() {
                training.seed = seed as u64;
            }
            number
        })
        .inner
    });
}

/// What is seldom set, each group folded away.
fn groups_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Training { regularization, early_stopping, .. } = &mut cx.project.training;
    // What plays no part for a generator is shown only to be turned off.
    let is_generator = cx.project.adversary.is_some();
    let groups: [(&str, &str, bool, &mut dyn Settings); 2] = [
        ("Regularization", "training.regularization", regularization.is_off(), regularization),
        ("Early stopping", "training.early_stopping", early_stopping.is_off(), early_stopping),
    ];
    for (name, place, is_off, settings) in groups {
        if is_generator && is_off && name == "Early stopping" {
            continue;
        }
        // What is on is shown, whatever is left out.
        if is_off && is_hidden(ui.ctx(), place) {
            continue;
        }
        place_ui(ui, place, name, &format!("{name}, {}", state(is_off)), |ui| settings_ui(ui, settings));
    }
    teacher_ui(ui, cx);
    if is_hidden(ui.ctx(), "checkpoints") && cx.project.checkpoints == CheckpointSettings::default() {
        return augment_ui(ui, cx);
    }
    place_ui(ui, "checkpoints", "Checkpoints", &checkpoints_title(&cx.project.checkpoints), |ui| {
        settings_ui(ui, &mut cx.project.checkpoints);
    });
    augment_ui(ui, cx);
}

/// The random changes of the training samples.
fn augment_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let is_generator = cx.project.adversary.is_some();
    let (shape, _) = cx.session.shape(cx.project);
    let augment = &mut cx.project.data.augment;
    if augment.is_off() && (is_generator || is_hidden(ui.ctx(), "data.augment")) {
        return;
    }
    let title = format!("Augmentation, {}", state(augment.is_off()));
    place_ui(ui, "data.augment", "augmentation", &title, |ui| {
        for field in Augment::fields_for(shape) {
            setting_ui(ui, augment, field);
        }
        let text = "Random changes of the training samples, new ones in each epoch. The tab Data shows examples.";
        ui.label(RichText::new(tr(text)).color(Palette::of(ui).muted));
    });
}

/// The run that the network learns from, if there is one; it is chosen among the runs.
fn teacher_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(teacher) = &mut cx.project.teacher else { return };
    let name =
        Path::new(&teacher.run).file_name().map_or_else(|| teacher.run.clone(), |name| name.display().to_string());
    let mut is_dismissed = false;
    place_ui(ui, "teacher", "Teacher", &format!("Teacher, {name}"), |ui| {
        settings_ui(ui, teacher);
        is_dismissed = ui.button(tr("Learn without a teacher")).clicked();
    });
    if is_dismissed {
        cx.project.teacher = None;
    }
}

fn checkpoints_title(settings: &CheckpointSettings) -> String {
    format!("Checkpoints, at most {}", settings.count)
}

/// Five digits that people can say, which follow from the last one; so a test knows them.
fn another_seed(seed: u64) -> u64 {
    seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33 & 0xFFFF
}
