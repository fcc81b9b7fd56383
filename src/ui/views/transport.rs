//! The bar at the bottom: the buttons of the run, how far it is, and how it ended.

mod timeline;

use eframe::egui::containers::menu::MenuButton;
use eframe::egui::text::LayoutJob;
use eframe::egui::{self, Align, Button, Label, Layout, RichText, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_CHECK_CIRCLE, ICON_FAST_FORWARD, ICON_HISTORY, ICON_PAUSE, ICON_PLAY_ARROW, ICON_RESTART_ALT, ICON_SKIP_NEXT,
    ICON_STOP, ICON_STOP_CIRCLE, ICON_WARNING,
};

use crate::data::Modality;
use crate::data::sources::images::reading_for;
use crate::language::tr;
use crate::train::baselines::Baseline;
use crate::train::heads::Results;
use crate::train::metrics::{PERPLEXITY, R2, RMSE, UPDATE_RATIO, Unit};
use crate::train::{Evaluation, Outcome, Predictions, Subset};
use crate::ui::commands::entry::hint;
use crate::ui::commands::{Command, Request};
use crate::ui::jobs::baselines::BaselinesQuery;
use crate::ui::state::score::score_text;
use crate::ui::state::session::Status;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::outdated::replaced;
use crate::ui::views::view::View;
use crate::ui::views::{draw, mistakes};
use crate::ui::widgets::bar::{bar_ui, fixed_text_ui};
use crate::ui::widgets::button::{button_ui, icon_button_ui, primary_button_ui};
use crate::ui::widgets::guard::outline;
use crate::ui::widgets::keyboard;
use crate::ui::widgets::numbers::{percent, significant, thousands};
use timeline::TimelineBar;

const HEIGHT: f32 = 32.0;

/// The id of this view.
pub const ID: &str = "transport";

/// Name of the main button where it begins a run.
pub const TRAIN: &str = "Train";

/// The bar that starts, pauses and stops the run.
#[derive(Default)]
pub struct Transport {
    timeline: TimelineBar,
}

impl View for Transport {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Run"
    }

    fn place(&self) -> Place {
        Place::Bottom
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.horizontal_centered(|ui| {
            main_button_ui(ui, cx);
            other_buttons_ui(ui, cx);
            look_back_ui(ui, cx);
            // In the presenter the results of a run that has ended and the time line need the room.
            let is_told = cx.session.status.is_ended() || cx.session.visited().is_some();
            if !is_told || ui.available_width() > PACE {
                pace_ui(ui, cx);
            }
            ui.add_space(2.0 * GRID);
            if self.timeline.ui(ui, cx) {
                return;
            }
            match (&cx.session.status, &cx.situation.obstacle) {
                (Status::Ended(outcome), None) => ended_ui(ui, outcome, cx),
                (Status::Idle | Status::Ended(_), Some(why)) => {
                    sentence_ui(ui, ICON_WARNING, Palette::of(ui).warning, why)
                }
                (Status::Idle, None) => ready_ui(ui, cx),
                (Status::Running | Status::Paused | Status::Stopping, _) => progress_ui(ui, cx),
            }
        });
    }
}

/// Train, Pause or Resume, in one place: what the space bar does.
fn main_button_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (icon, name, command) = match cx.session.status {
        Status::Running => (ICON_PAUSE, "Pause", Command::Pause),
        Status::Paused => (ICON_PLAY_ARROW, "Resume", Command::Resume),
        Status::Ended(_) => (ICON_PLAY_ARROW, TRAIN, Command::TrainAnew),
        Status::Idle | Status::Stopping => (ICON_PLAY_ARROW, TRAIN, Command::Train),
    };
    let permitted = cx.situation.permits(command);
    let response = primary_button_ui(ui, permitted.is_ok(), icon, name, vec2(104.0, HEIGHT));
    outline(ui, &Command::Train.id(), response.rect);
    let response = response.on_hover_text(tr(hint(ui, command)));
    keyboard::take_focus(&response, name);
    if response.on_disabled_hover_text(tr(permitted.err().unwrap_or_default())).clicked() {
        cx.act(command);
    }
}

fn other_buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let buttons = [
        (ICON_SKIP_NEXT, "Batch", Command::StepBatch),
        (ICON_FAST_FORWARD, "Epoch", Command::StepEpoch),
        (ICON_STOP, "Stop", Command::Stop),
        (ICON_RESTART_ALT, "Reset", Command::Reset),
    ];
    for (icon, name, command) in buttons {
        let permitted = cx.situation.permits(command);
        let response =
            button_ui(ui, permitted.is_ok(), icon, name, vec2(76.0, HEIGHT)).on_hover_text(tr(hint(ui, command)));
        outline(ui, &command.id(), response.rect);
        if response.on_disabled_hover_text(tr(permitted.err().unwrap_or_default())).clicked() {
            cx.act(command);
        }
    }
}

/// Opens the time line.
fn look_back_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let permitted = cx.situation.permits(Command::LookBack);
    let response =
        ui.add_enabled_ui(permitted.is_ok(), |ui| icon_button_ui(ui, ICON_HISTORY, Command::LookBack.label())).inner;
    outline(ui, &Command::LookBack.id(), response.rect);
    let response = response.on_hover_text(tr(Command::LookBack.help()));
    if response.on_disabled_hover_text(tr(permitted.err().unwrap_or_default())).clicked() {
        cx.act(Command::LookBack);
    }
}

/// Steps a second that one can follow, and as many as there can be.
const PACES: [(Option<f32>, &str); 6] = [
    (Some(1.0), "1 step/s"),
    (Some(5.0), "5 steps/s"),
    (Some(20.0), "20 steps/s"),
    (Some(100.0), "100 steps/s"),
    (Some(1000.0), "1,000 steps/s"),
    (None, "Full speed"),
];

/// How fast the run may go, to be watched.
fn pace_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let pace = &mut cx.window.pace;
    let name = PACES.iter().find(|(of, _)| of == pace).map_or("Full speed", |(_, name)| name);
    let button = Button::new(tr(name)).min_size(vec2(0.0, HEIGHT));
    let (response, _) = MenuButton::from_button(button).ui(ui, |ui| {
        for (of, name) in PACES {
            if ui.selectable_label(*pace == of, tr(name)).clicked() {
                *pace = of;
                ui.close();
            }
        }
    });
    response
        .on_hover_text(tr("Speed: how many steps a second the run takes at most. It may be changed while it trains."));
}

fn ready_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let palette = Palette::of(ui);
    let training = &cx.project.training;
    let epochs = if training.epochs == 1 { "one epoch".to_owned() } else { format!("{} epochs", training.epochs) };
    let text = format!("Ready to train {} parameters for {epochs}.", thousands(cx.shapes.totals().0 as f64));
    ui.add(Label::new(RichText::new(tr(text)).color(palette.muted)).truncate());
}

/// Room for the pace and the time of a run, and for the time alone.
const PACED: f32 = 300.0;
const TIMED: f32 = 150.0;

fn progress_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let session = cx.session;
    let progress = session.progress;
    let state = match session.status {
        Status::Stopping => "Stopping, this batch is the last".to_owned(),
        Status::Paused => "Paused".to_owned(),
        _ => String::new(),
    };
    let epochs = progress.epochs;
    fixed_text_ui(ui, &format!("Epoch {} of {epochs}", progress.epoch.max(1)), &format!("Epoch {epochs} of {epochs}"));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        // Where there is little room, as in the presenter, the pace gives way, and then the time.
        if ui.available_width() > PACED {
            let speed = session.samples_per_s().map(|pace| format!("{} samples/s", thousands(steady_pace(pace))));
            fixed_text_ui(ui, &speed.unwrap_or_default(), "1,000,000 samples/s");
        }
        if ui.available_width() < TIMED {
            return;
        }
        let left = session.seconds_left().map(|seconds| format!("{} left", clock(seconds)));
        let left = if state.is_empty() { left.unwrap_or_default() } else { String::new() };
        if state.is_empty() {
            fixed_text_ui(ui, &left, "10:00:00 left");
        } else {
            ui.label(theme::strong(state));
        }
        ui.add_space(GRID);
        bar_ui(ui, "Progress of the run", Some(progress.share()), ui.available_width());
    });
}

fn ended_ui(ui: &mut Ui, outcome: &Outcome, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    // A result belongs to the network that was trained, which may be on the screen no more.
    let stale = replaced(cx);
    let whose = stale.map_or(String::new(), |what| format!(" of the previous {what}"));
    let (icon, good, number) = match stale {
        Some(_) => (ICON_HISTORY, palette.warning, palette.muted),
        None => (ICON_CHECK_CIRCLE, palette.good, palette.test),
    };
    match outcome {
        Outcome::Finished(Some(test)) if is_guessing(test) => {
            let (what, score) = (score_name(test), score_text(test));
            let found = cx.session.coach.findings.first();
            let remedy = found.map_or("Try another learning rate, or other layers", |it| &it.experiment.label);
            let text = format!("Finished, but no better than guessing: {what}{whose} {score}. {remedy}.");
            sentence_ui(ui, ICON_WARNING, palette.warning, &text);
        }
        Outcome::Finished(Some(test)) => {
            let samples = thousands(test.len() as f64);
            let best = cx.session.best.map(|best| format!(", with the weights of epoch {}, the best", best.epoch));
            let others = other_scores(ui, test, cx);
            let better = others.iter().find(|other| other.is_better).filter(|_| stale.is_none());
            let is_beside = |other: &&Other| better.is_none_or(|better| better.name != other.name);
            let beside = others.iter().filter(is_beside).map(|Other { name, text, .. }| format!("{name} {text}, "));
            let beside: String = beside.collect();
            let scores = format!("{beside}{}", beside_score(test));
            let samples = format!("on {samples} samples{}", best.unwrap_or_default());
            let parts = [scores.trim_end_matches(", "), &samples].map(tr);
            let text = parts.iter().filter(|part| !part.is_empty()).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
            beside_next_ui(ui, cx, |ui| {
                match better {
                    Some(_) => icon_ui(ui, ICON_WARNING, palette.warning),
                    None => icon_ui(ui, icon, good),
                }
                ui.label(tr(format!("Finished. {}{whose}", score_name(test).replace("test", "Test"))));
                ui.label(theme::number(score_text(test)).color(number));
                if let Some(Other { name, text, .. }) = better.filter(|_| ui.available_width() > BETTER) {
                    let text = RichText::new(tr(format!("< {name} {text}"))).color(palette.warning);
                    ui.add(Label::new(text).truncate())
                        .on_hover_text(tr("A simpler model is better on the same samples"));
                }
                ui.add(Label::new(RichText::new(text).color(palette.muted)).truncate());
            });
        }
        Outcome::Finished(None) if cx.subject.results() == Results::Samples => {
            let text = "Finished. Learn shows the generator's samples; File, Save run… keeps it.";
            icon_ui(ui, ICON_CHECK_CIRCLE, palette.good);
            ui.add(Label::new(tr(text)).truncate());
        }
        Outcome::Finished(None) => {
            beside_next_ui(ui, cx, |ui| {
                icon_ui(ui, ICON_CHECK_CIRCLE, palette.good);
                ui.label(tr("Finished. There are no test samples."));
            });
        }
        Outcome::Stopped => {
            let step = thousands(cx.session.progress.step as f64);
            let text = format!("Stopped after step {step}. The weights{whose} are kept; Train starts anew.");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                go_on_ui(ui, Command::Continue.label(), cx);
                keep_weights_ui(ui, cx);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    sentence_ui(ui, ICON_STOP_CIRCLE, palette.text, &text);
                });
            });
        }
        Outcome::Diverged(divergence) => {
            let text = format!("{divergence}{}", last_ratio(cx));
            ui.scope(|ui| diverged_ui(ui, &text, cx)).inner
        }
        Outcome::Failed(why) => sentence_ui(ui, ICON_WARNING, palette.bad, why),
    }
}

/// Whether the predictions are hardly better than guessing a class at random, or than the mean of the targets.
fn is_guessing(test: &Evaluation) -> bool {
    match &test.predictions {
        Predictions::Classes(predictions) => {
            let recall = predictions.macro_scores()[1].unwrap_or_default();
            recall * predictions.confusion.nrows() as f64 <= 1.3 && test.is_one_sided()
                || predictions.accuracy() * predictions.confusion.nrows() as f32 <= 1.3
        }
        Predictions::Numbers(predictions) => predictions.r2().is_some_and(|r2| r2 <= 0.0),
        Predictions::Reconstructions(predictions) => predictions.r2().is_some_and(|r2| r2 <= 0.0),
        // Whether n-grams are better is said beside it.
        Predictions::Tokens(_) => false,
    }
}

fn score_name(test: &Evaluation) -> &'static str {
    match test.classes() {
        Some(_) if test.is_one_sided() => "test balanced accuracy",
        Some(_) => "test accuracy",
        None => "test result",
    }
}

/// Another model on the same samples.
struct Other {
    name: &'static str,
    score: f64,
    text: String,
    /// Whether it is clearly better than the network.
    is_better: bool,
}

/// Room that the name of a better model needs.
const BETTER: f32 = 120.0;

/// A score that is this much higher is clearly better: a percentage point, or a hundredth of the variance.
const CLEARLY: f64 = 0.01;

/// What other models reach on the same samples, once it is known, the best first.
fn other_scores(ui: &Ui, test: &Evaluation, cx: &mut Cx<'_>) -> Vec<Other> {
    let Some(job) = cx.session.job.clone() else { return Vec::new() };
    let answered = cx.derived.baselines.ask(ui.ctx(), BaselinesQuery { job });
    let score = |evaluation: &Evaluation| match test.classes() {
        Some(_) if test.is_one_sided() => evaluation.classes()?.macro_scores()[1],
        Some(_) => evaluation.accuracy().map(f64::from),
        // The lower, the better.
        None => evaluation.get(&R2).or_else(|| evaluation.get(&PERPLEXITY).map(|perplexity| -perplexity)),
    };
    let own = score(test).unwrap_or(f64::INFINITY);
    let of = |other: &Baseline| {
        let value = score(&other.evaluation)?;
        let text = match &test.predictions {
            Predictions::Classes(_) => percent(value),
            Predictions::Tokens(_) => format!("perplexity {}", significant(-value)),
            Predictions::Numbers(_) | Predictions::Reconstructions(_) => format!("R² {}", significant(value)),
        };
        Some(Other { name: other.name, score: value, text, is_better: value > own + CLEARLY })
    };
    let mut others: Vec<Other> = answered.iter().flat_map(|answered| &answered.answer).filter_map(of).collect();
    others.sort_by(|one, other| other.score.total_cmp(&one.score));
    others
}

/// What stands beside the score: the accuracy where it does not lead, and what is reached without learning.
fn beside_score(test: &Evaluation) -> String {
    let accuracy = test.accuracy().filter(|_| test.is_one_sided());
    let accuracy = accuracy.map_or(String::new(), |accuracy| format!("accuracy {}, ", percent(f64::from(accuracy))));
    let baseline = test.baseline().and_then(|figure| Some((figure.metric, figure.value?)));
    let baseline = baseline.map_or(String::new(), |(metric, value)| match metric.unit {
        Unit::Percent => format!("most frequent class {}, ", percent(value)),
        _ => {
            let rmse = test.get(&RMSE).map_or(String::new(), |rmse| format!("RMSE {}, ", significant(rmse)));
            format!("{rmse}{} {}, ", metric.label, significant(value))
        }
    });
    format!("{accuracy}{baseline}")
}

/// Room that the pace and a result need beside one another.
const PACE: f32 = 440.0;

/// Room that a result needs. Where there is less beside the two buttons, they give way: the tabs lead there as well.
const RESULT: f32 = 336.0;
const NEXT: f32 = 324.0;

/// A result, and at the right what to do with a network that has been trained.
fn beside_next_ui(ui: &mut Ui, cx: &mut Cx<'_>, result: impl FnOnce(&mut Ui)) {
    if ui.available_width() < RESULT + NEXT {
        return result(ui);
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        // Somebody who has changed something wants to know whether it helps.
        if cx.situation.permits(Command::Compare).is_ok() {
            let button = ui.add(Button::new(tr("Is the change better?")).min_size(vec2(0.0, HEIGHT)));
            if button.on_hover_text(tr(Command::Compare.help())).clicked() {
                cx.act(Command::Compare);
            }
            keep_weights_ui(ui, cx);
            if cx.situation.permits(Command::Branch).is_ok() {
                let button = ui.add(Button::new(tr("Continue as a branch")).min_size(vec2(0.0, HEIGHT)));
                if button.on_hover_text(tr(Command::Branch.help())).clicked() {
                    cx.act(Command::Branch);
                }
            }
            return ui.with_layout(Layout::left_to_right(Align::Center), result).response;
        }
        let try_it = match cx.subject.modality() {
            Modality::Series => None,
            Modality::Table => Some(("Try it", draw::ID)),
            Modality::Text if cx.subject.results() == Results::Text => Some(("Let it write", draw::ID)),
            Modality::Text => Some(("Try a text", draw::ID)),
            Modality::Images if reading_for(&cx.project.data.source).is_some() => Some(("Try a picture", draw::ID)),
            Modality::Images => Some(("Draw for it", draw::ID)),
        };
        go_on_ui(ui, MORE, cx);
        // A forecast has errors and no mistakes, and so has a language model.
        let is_without = cx.subject.modality() == Modality::Series || cx.subject.results() == Results::Text;
        let mistakes = (!is_without).then_some(("See its mistakes", mistakes::ID));
        for (name, view) in mistakes.into_iter().chain(try_it) {
            if ui.add(Button::new(tr(name)).min_size(vec2(0.0, HEIGHT))).clicked() {
                cx.act(Request::Show(view));
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), result).response
    });
}

/// Where layers were changed, the button that trains them from the weights that they still have.
fn keep_weights_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.session.has_other_model(cx.project) && cx.situation.permits(Command::TrainKeeping).is_ok() {
        let button = ui.add(Button::new(tr("Keep the weights")).min_size(vec2(0.0, HEIGHT)));
        if button.on_hover_text(tr(Command::TrainKeeping.help())).clicked() {
            cx.act(Command::TrainKeeping);
        }
    }
}

/// What the command is called where the run is finished.
const MORE: &str = "10 more epochs";

/// The button that lets the run go on, where it can.
fn go_on_ui(ui: &mut Ui, name: &str, cx: &mut Cx<'_>) {
    if cx.situation.permits(Command::Continue).is_ok() {
        let button = ui.add(Button::new(tr(name)).min_size(vec2(0.0, HEIGHT)));
        if button.on_hover_text(tr(Command::Continue.help())).clicked() {
            cx.act(Command::Continue);
        }
    }
}

fn diverged_ui(ui: &mut Ui, text: &str, cx: &mut Cx<'_>) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        // To go back costs less than to begin anew, where there is a moment to go back to.
        let command = match cx.situation.permits(Command::GoBackGentler) {
            Ok(()) => Command::GoBackGentler,
            Err(_) => Command::ResetGentler,
        };
        let button = ui.add(Button::new(tr(command.label())).min_size(vec2(0.0, HEIGHT)));
        if button.on_hover_text(tr(command.help())).clicked() {
            cx.act(command);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            sentence_ui(ui, ICON_WARNING, Palette::of(ui).bad, text);
        });
    });
}

/// How far the last step moved the weights, where that was measured.
fn last_ratio(cx: &Cx<'_>) -> String {
    let last = cx.session.curves.of(Subset::Train, &UPDATE_RATIO).last();
    last.map_or_else(String::new, |(step, ratio)| {
        format!(
            " At step {} the update was {} of the weights; about 0.001 is usual.",
            thousands(step),
            significant(f64::from(ratio))
        )
    })
}

fn icon_ui(ui: &mut Ui, icon: MaterialIcon, color: egui::Color32) {
    ui.label(icon.rich_text().size(20.0).color(color));
}

/// A sentence that may take two lines, and more when the pointer rests on it.
fn sentence_ui(ui: &mut Ui, icon: MaterialIcon, color: egui::Color32, text: &str) {
    icon_ui(ui, icon, color);
    let width = ui.available_width();
    let mut job = LayoutJob::simple(tr(text).into_owned(), theme::body_font(), color, width);
    job.wrap.max_rows = 2;
    let galley = ui.painter().layout_job(job);
    ui.add(Label::new(galley)).on_hover_text(tr(text));
}

/// Three digits of a pace are what one can read while it changes.
fn steady_pace(pace: f64) -> f64 {
    let unit = 10f64.powf((pace.max(1.0).log10().floor() - 2.0).max(0.0));
    (pace / unit).round() * unit
}

/// 0:12, 3:45, 1:02:03.
fn clock(seconds: f64) -> String {
    let seconds = seconds.min(359_999.0).ceil() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_paces_are_short() {
        assert_eq!([0.2, 75.0, 3661.0].map(clock), ["0:01", "1:15", "1:01:01"]);
        assert_eq!([21_437.0, 12.3, 999_999.0].map(steady_pace), [21_400.0, 12.0, 1_000_000.0]);
    }
}
