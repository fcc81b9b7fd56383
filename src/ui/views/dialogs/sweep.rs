//! The search over the window: which settings are searched and how, and then what comes of it, trial by trial.

mod results;
mod setup;

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{Context, Ui};

use super::dialog::{Dialog, Next};
use crate::data::Dataset;
use crate::project::Project;
use crate::runs::search::{SweepPlan, TrialRecord};
use crate::ui::commands::Situation;
use crate::ui::jobs::sweep::RunningSweep;
use crate::ui::jobs::tasks::Tasks;
use crate::ui::theme::{self, GRID};
use results::Results;
use setup::Setup;
pub(super) use setup::searchable;

const WIDTH: f32 = 860.0;

/// A search that is being set up, under way or done. Dropped, it ends within one batch of each trial.
pub struct SweepDialog {
    project: Project,
    dataset: Arc<Dataset>,
    base: PathBuf,
    setup: Setup,
    results: Option<Results>,
    /// What is to be begun with the next frame.
    wanted: Option<SweepPlan>,
}

impl SweepDialog {
    /// A search for the settings of this project, whose trials are kept below a folder.
    pub fn new(project: Project, dataset: Arc<Dataset>, base: PathBuf) -> Self {
        let setup = Setup::new(&project);
        Self { project, dataset, base, setup, results: None, wanted: None }
    }

    /// The trials that are done, and whether the search is over.
    pub fn found(&self) -> Option<(&[TrialRecord], bool)> {
        self.results.as_ref().map(|results| (&*results.sweep.records, !results.is_running()))
    }

    /// Begins what was set up, if it was asked for.
    pub fn begin(&mut self, ctx: &Context, tasks: &mut Tasks) {
        let Some(plan) = self.wanted.take() else { return };
        let waker = ctx.clone();
        let wake = move || waker.request_repaint();
        let (sweep, work) = RunningSweep::new(plan.clone(), Arc::clone(&self.dataset), self.base.clone(), wake);
        tasks.spawn(ctx, "searching for settings", work);
        self.results = Some(Results::new(plan, sweep));
    }
}

impl Dialog for SweepDialog {
    fn id(&self) -> &'static str {
        "sweep"
    }

    fn absorb(&mut self) {
        if let Some(results) = &mut self.results {
            results.sweep.absorb();
        }
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let width = WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID);
        ui.set_width(width);
        ui.label(theme::heading(format!("Search for settings of {}", self.project.name)));
        ui.add_space(GRID);
        match &mut self.results {
            Some(results) => results.ui(ui, width),
            None => {
                let (next, plan) = self.setup.ui(ui, &self.project, &self.dataset);
                self.wanted = plan;
                next
            }
        }
    }
}
