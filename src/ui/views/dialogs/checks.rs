//! The checks before a run over the window: each line green or red with its reason, as soon as it is found.

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::{Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use egui_material_icons::icons::{ICON_CANCEL, ICON_CHECK_CIRCLE, ICON_REMOVE};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::project::Project;
use crate::project::checks::{self, Outcome, Verdict};
use crate::train::Job;
use crate::ui::commands::Situation;
use crate::ui::jobs::report::Report;
use crate::ui::theme::{self, GRID, Palette, ROW};

const WIDTH: f32 = 680.0;

/// What the window keeps free above and below the list.
const AROUND: f32 = 220.0;

const HELP: &str = "Copies of the network are tried on a few samples; the project stays as it is. A red line names what would make \
    the run fail or its result mislead, and the remedy; a dash stands where a check does not apply.";

/// The checks that are under way or done. Dropped, they end with the one that is on.
pub struct Checks {
    outcomes: Vec<Outcome>,
    state: State,
    news: Receiver<Outcome>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Done,
    Failed,
}

impl Checks {
    /// The checks as the window sees them, and their work, which is for another thread. `wake` is called after every check.
    pub fn new(
        project: Project,
        job: Job,
        wake: impl Fn() + Send + 'static,
    ) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (sender, news) = bounded(checks::COUNT);
        let work = move || {
            checks::check(&project, &job, checks::TIME, |outcome| {
                // Nobody listens any more when the dialog was closed.
                let is_wanted = sender.send(outcome).is_ok();
                wake();
                is_wanted
            });
            Report::Nothing
        };
        (Self { outcomes: Vec::new(), state: State::Running, news }, work)
    }

    /// Whether some are still to come.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// What was found so far.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The result.
    fn sentence(&self) -> String {
        let failed = self.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Failed).count();
        match (self.state, failed) {
            (State::Running, _) => "Checking…".to_owned(),
            (State::Failed, _) => "The checks ended unexpectedly. Close this and try again.".to_owned(),
            (State::Done, 0) => "No check has failed.".to_owned(),
            (State::Done, 1) => "One check has failed.".to_owned(),
            (State::Done, failed) => format!("{failed} checks have failed."),
        }
    }
}

impl Dialog for Checks {
    fn id(&self) -> &'static str {
        "checks"
    }

    fn absorb(&mut self) {
        while self.state == State::Running {
            match self.news.try_recv() {
                Ok(outcome) => self.outcomes.push(outcome),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    let is_whole = self.outcomes.len() == checks::COUNT;
                    self.state = if is_whole { State::Done } else { State::Failed };
                }
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let window = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(window.x - 16.0 * GRID));
        ui.label(theme::heading("Check before the run"));
        ui.add_space(GRID);
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let height = (window.y - AROUND).max(120.0);
        ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
            self.outcomes.iter().for_each(|outcome| outcome_ui(ui, outcome));
        });
        ui.add_space(GRID);
        ui.horizontal(|ui| {
            ui.set_min_height(ROW);
            ui.label(theme::strong(self.sentence()));
            if self.is_running() {
                ui.spinner();
            }
        });
        ui.add_space(2.0 * GRID);
        if ui.button(tr("Close")).clicked() { Next::Close } else { Next::Stay }
    }
}

fn outcome_ui(ui: &mut Ui, Outcome { name, verdict, reason }: &Outcome) {
    let palette = Palette::of(ui);
    let (icon, color, told) = match verdict {
        Verdict::Passed => (ICON_CHECK_CIRCLE, palette.good, "passed"),
        Verdict::Failed => (ICON_CANCEL, palette.bad, "failed"),
        Verdict::NotApplicable => (ICON_REMOVE, palette.muted, "does not apply"),
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0 * GRID;
        let sign = ui.label(icon.rich_text().size(18.0).color(color));
        sign.widget_info(|| WidgetInfo::labeled(Role::Label, true, tr(format!("{name}: {told}"))));
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.label(theme::strong(*name));
            ui.add(Label::new(RichText::new(tr(reason)).color(palette.text)).wrap());
        });
    });
    ui.add_space(GRID);
}
