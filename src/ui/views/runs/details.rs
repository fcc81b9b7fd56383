//! What is known of the run that was selected last, and what can be done with the selected runs.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Button, Label, RichText, Sense, TextEdit, Ui, vec2};

use crate::language::tr;
use crate::project::TeacherSettings;
use crate::project::run_folder::WEIGHTS;
use crate::runs::compare::difference;
use crate::runs::recorder::checkpoint_room;
use crate::runs::store::StoredRun;
use crate::ui::commands::{Request, RunChange};
use crate::ui::theme::{Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::numbers::significant;
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::text::caption_ui;

/// Differences that are told at once.
const TOLD: usize = 12;

/// Colors to choose from, and the room for each.
const COLORS: u8 = 8;
const DOT: f32 = 20.0;

/// Name and note while they are typed.
#[derive(Default)]
pub struct Details {
    folder: Option<PathBuf>,
    name: String,
    note: String,
    /// The step at which the checkpoints were counted, how many there are, and their bytes.
    checkpoints: (u64, usize, u64),
}

impl Details {
    /// Draws them; true if nothing is to be selected any more.
    pub fn ui(&mut self, ui: &mut Ui, runs: &[Arc<StoredRun>], cx: &mut Cx<'_>) -> bool {
        let Some(run) = runs.last() else { return false };
        if self.folder.as_ref() != Some(&run.folder) {
            let note = run.info.as_ref().map_or_else(String::new, |info| info.note.clone());
            let checkpoints = (u64::MAX, 0, 0);
            *self = Self { folder: Some(run.folder.clone()), name: run.name(), note, checkpoints };
        }
        let step = run.info.as_ref().map_or(0, |info| info.step);
        if self.checkpoints.0 != step {
            let (count, bytes) = checkpoint_room(&run.folder);
            self.checkpoints = (step, count, bytes);
        }
        let mut is_cleared = false;
        scroll_ui(ui, |ui| {
            self.texts_ui(ui, run, cx);
            caption_ui(ui, &self.checkpoints_text(run));
            if !run.is_live && run.info.is_some() {
                ui.horizontal_wrapped(|ui| color_ui(ui, run, cx));
            }
            ui.horizontal_wrapped(|ui| is_cleared = actions_ui(ui, run, runs, cx));
            difference_ui(ui, run, runs, cx);
        });
        is_cleared
    }

    /// "7 of at most 10 checkpoints, 12.3 of 512 MB".
    fn checkpoints_text(&self, run: &StoredRun) -> String {
        let ((_, count, bytes), most) = (self.checkpoints, &run.project.checkpoints);
        let megabytes = significant(bytes as f64 / f64::from(1 << 20));
        format!("{count} of at most {} checkpoints, {megabytes} of {} MB", most.count, most.megabytes)
    }

    /// Name and note, which are written when they are done.
    fn texts_ui(&mut self, ui: &mut Ui, run: &StoredRun, cx: &mut Cx<'_>) {
        let is_fixed = run.is_live || run.info.is_none();
        let width = ui.available_width() - 8.0;
        ui.add_enabled_ui(!is_fixed, |ui| {
            let name = ui.add(TextEdit::singleline(&mut self.name).hint_text(tr("Name")).desired_width(width));
            if name.lost_focus() && self.name.trim() != run.name() {
                cx.act(Request::ChangeRun { folder: run.folder.clone(), change: RunChange::Name(self.name.clone()) });
            }
            let note = ui.add(TextEdit::singleline(&mut self.note).hint_text(tr("Note")).desired_width(width));
            if note.lost_focus() && run.info.as_ref().is_some_and(|info| info.note != self.note) {
                cx.act(Request::ChangeRun { folder: run.folder.clone(), change: RunChange::Note(self.note.clone()) });
            }
        });
    }
}

/// The colors that a run may have in the plots.
fn color_ui(ui: &mut Ui, run: &StoredRun, cx: &mut Cx<'_>) {
    let chosen = run.info.as_ref().and_then(|info| info.color);
    ui.spacing_mut().item_spacing.x = 2.0;
    for color in 0..COLORS {
        let (place, response) = ui.allocate_exact_size(vec2(DOT, DOT), Sense::click());
        ui.painter().circle_filled(place.center(), 5.0, Palette::of(ui).class(color.into()));
        if chosen == Some(color) || response.hovered() || response.has_focus() {
            ui.painter().circle_stroke(place.center(), 8.0, (1.5, Palette::of(ui).text));
        }
        let response = response.accessible_name(tr(format!("Color {}", color + 1)));
        if response.on_hover_text(tr("Its color in the plots; once more takes it away.")).clicked() {
            let color = if chosen == Some(color) { None } else { Some(color) };
            cx.act(Request::ChangeRun { folder: run.folder.clone(), change: RunChange::Color(color) });
        }
    }
}

fn actions_ui(ui: &mut Ui, run: &StoredRun, runs: &[Arc<StoredRun>], cx: &mut Cx<'_>) -> bool {
    let press = |ui: &mut Ui, name: &str, help: &str, obstacle: Option<String>| {
        let button = Button::new(tr(name)).min_size(vec2(0.0, ROW));
        let response = ui.add_enabled(obstacle.is_none(), button).on_hover_text(tr(help));
        response.on_disabled_hover_text(tr(obstacle.unwrap_or_default())).clicked()
    };
    if press(
        ui,
        "Open",
        "Puts its project, its network and its curves on the screen; from there it can be continued.",
        None,
    ) {
        cx.act(Request::Dropped(run.folder.clone()));
    }
    let is_same = difference(&run.project, cx.project).iter().all(|line| line.starts_with("seed "));
    let obstacle = match (is_same, cx.situation.is_evaluated) {
        (true, _) => Some("The project on the screen is that of the run; change something first.".to_owned()),
        (_, false) => Some("A generator has no validation samples to be evaluated on.".to_owned()),
        _ => cx.situation.can_train_beside().err(),
    };
    let help = "Trains the project of this run, A, and the one on the screen, B, with the same ten seeds, and says which is better.";
    if press(ui, "Compare with the project…", help, obstacle) {
        cx.act(Request::Compare { with: Box::new(run.project.clone()), name: format!("the run {}", run.name()) });
    }
    let help = "The network on the screen learns from what this run says of the samples, besides their classes: distillation. How much it counts is set in Training.";
    let obstacle = (run.is_live || !run.folder.join(WEIGHTS).is_file()).then(|| "It has no weights yet.".to_owned());
    if press(ui, "Take as teacher", help, obstacle) {
        let settings = cx.project.teacher.take().unwrap_or_default();
        cx.project.teacher = Some(TeacherSettings { run: run.folder.display().to_string(), ..settings });
    }
    let help = "Lays the two runs that were selected last side by side: their confusion matrices, the samples on which only one is right, and what each reads in the drawing.";
    let one = || Some("Select another run as well.".to_owned());
    let before = runs.len().checked_sub(2).map(|at| &runs[at]);
    if press(ui, "Side by side…", help, if before.is_none() { one() } else { None })
        && let Some(before) = before
    {
        cx.act(Request::SideBySide([before.folder.clone(), run.folder.clone()]));
    }
    let is_pinned = run.info.as_ref().is_some_and(|info| info.is_pinned);
    let live = || run.is_live.then(|| "It is being trained.".to_owned());
    if press(ui, if is_pinned { "Unpin" } else { "Pin" }, "Pinned runs stand above the others.", live()) {
        cx.act(Request::ChangeRun { folder: run.folder.clone(), change: RunChange::Pin(!is_pinned) });
    }
    let (name, obstacle) = match runs {
        [_] => ("Delete".to_owned(), live()),
        _ => (
            format!("Delete {}", runs.len()),
            runs.iter().any(|run| run.is_live).then(|| "One of them is being trained.".to_owned()),
        ),
    };
    if press(ui, &name, "Takes the selected runs away, which can be undone until the window closes.", obstacle) {
        cx.act(Request::DeleteRuns(runs.iter().map(|run| run.folder.clone()).collect()));
    }
    press(ui, "Deselect", "Shows no curves any more.", None)
}

/// From the run that was selected before to this one, or from this one to the project on the screen.
fn difference_ui(ui: &mut Ui, run: &StoredRun, runs: &[Arc<StoredRun>], cx: &Cx<'_>) {
    let (title, told) = match runs {
        [.., before, last] => {
            (format!("From {} to {}:", before.name(), last.name()), difference(&before.project, &last.project))
        }
        _ => ("From this run to the project on the screen:".to_owned(), difference(&run.project, cx.project)),
    };
    if told.is_empty() {
        return drop(caption_ui(ui, "Settings and layers are the same."));
    }
    ui.add(Label::new(RichText::new(tr(title)).color(Palette::of(ui).muted)).wrap());
    told.iter().take(TOLD).for_each(|line| drop(ui.add(Label::new(tr(line)).wrap())));
    if told.len() > TOLD {
        caption_ui(ui, &format!("and {} more", told.len() - TOLD));
    }
}
