//! The learning rate over the run, drawn before it begins and while it goes.

use eframe::egui::Ui;

use crate::train::samples_per_step;
use crate::ui::state::session::{DataState, Session};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::line_plot::{LinePlot, Quantity};
use crate::ui::widgets::numbers::significant;
use crate::ui::widgets::text::caption_ui;
use backprop_nn::patience::ReduceOnPlateau;
use backprop_nn::{ScheduleSpec, Training};

/// More points than the plot has pixels would not show.
const POINTS: usize = 300;

/// Steps that are assumed of an epoch as long as there is no data.
const UNKNOWN_STEPS: usize = 100;

const HEIGHT: f32 = 104.0;

/// The plot of the project as it stands, with a mark where the run is that follows it.
pub fn lr_plot_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let training = &cx.project.training;
    let is_watched = matches!(training.schedule, ScheduleSpec::Plateau(_));
    let run = (cx.session.job.is_some() && !cx.session.has_other_training(cx.project)).then_some(cx.session);
    let reductions = run.map_or_else(Vec::new, |session| reductions(training, session));
    let line = learning_rates(training, steps_per_epoch(cx) * training.epochs, &reductions);
    let [first, last] = [line.first(), line.last()].map(|point| point.map_or(0.0, |[_, rate]| *rate));
    let largest = line.iter().map(|[_, rate]| *rate).fold(0.0, f64::max);
    let epochs = training.epochs as f64;
    let x = Quantity { name: "epoch", range: 0.0..=epochs, is_logarithmic: false };
    let y = Quantity { name: "learning rate", range: 0.0..=largest * 1.1, is_logarithmic: false };
    let [first, last, largest] = [first, last, largest].map(significant);
    let name = format!("Learning rate over {epochs} epochs, from {first} to {last}, at most {largest}");
    let at = run.map(|session| f64::from(session.progress.share()) * epochs);
    LinePlot::new(&name, x, y, &line)
        .id("learning rates")
        .mark(at.map(|at| (at, String::new())))
        .height(HEIGHT)
        .show(ui);
    if is_watched {
        caption_ui(ui, "Reduced when the validation loss stalls");
    }
}

/// Steps of an epoch of a run that would begin now.
fn steps_per_epoch(cx: &Cx<'_>) -> usize {
    match &cx.session.data {
        DataState::Ready { counts, .. } => counts
            .total(cx.project.held_back())
            .train
            .div_ceil(samples_per_step(&cx.project.training, cx.project.adversary.as_ref()))
            .max(1),
        DataState::Loading { .. } | DataState::Failed { .. } => UNKNOWN_STEPS,
    }
}

/// The learning rate at every step of the run, or at as many as show, over the epochs that are done. During an epoch it
/// is reduced by its number in the list; those that the list does not reach have the last one.
fn learning_rates(training: &Training, steps: usize, reductions: &[f32]) -> Vec<[f64; 2]> {
    let shown = steps.clamp(1, POINTS);
    let rate = |progress: f32| {
        let epoch = (progress * training.epochs as f32) as usize;
        let reduced = reductions.get(epoch).or(reductions.last()).copied().unwrap_or(1.0);
        f64::from(training.learning_rate * training.lr_factor(progress) * reduced)
    };
    let progress = (0..shown).map(|at| {
        let step = at * (steps - 1) / (shown - 1).max(1);
        step as f32 / steps as f32
    });
    let mut line: Vec<_> =
        progress.map(|progress| [f64::from(progress) * training.epochs as f64, rate(progress)]).collect();
    // The last step lasts as long as every other.
    line.extend(line.last().map(|[_, rate]| [training.epochs as f64, *rate]));
    line
}

/// The factor that a plateau has put on the rate in each epoch so far and in the one that follows. It depends on the
/// validation losses alone, so it is the same here as in the run.
fn reductions(training: &Training, session: &Session) -> Vec<f32> {
    let ScheduleSpec::Plateau(plateau) = &training.schedule else { return Vec::new() };
    let mut plateau = ReduceOnPlateau::new(plateau.clone());
    let mut reductions = vec![plateau.factor];
    for loss in session.coach.history.validation_losses() {
        plateau.observe(loss as f32);
        reductions.push(plateau.factor);
    }
    reductions
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{Dataset, Samples, handwriting};
    use crate::project::Project;
    use crate::train::{Event, Reports, Run, Start};
    use backprop_nn::Shape;

    fn dataset() -> Arc<Dataset> {
        let (pixels, labels) = handwriting::generate(200, 1);
        let classes = (0..10).map(|class| class.to_string()).collect();
        let samples = Samples::images(pixels, labels);
        Arc::new(Dataset::images("test", Shape::image(28, 28, 1), classes, samples, Samples::default()))
    }

    #[test]
    fn what_is_drawn_is_what_a_run_takes() {
        for schedule in ["one_cycle", "step", "plateau"] {
            let mut project = Project::find("mlp").unwrap();
            let settings = [("schedule", schedule), ("warmup", "0.2"), ("epochs", "6"), ("batch", "32")];
            settings.iter().for_each(|(key, value)| project.set(&format!("training.{key}"), value).unwrap());
            if schedule == "plateau" {
                project.set("training.schedule.patience", "0").unwrap();
                project.training.learning_rate = 0.3;
            }
            let job = Arc::new(project.job(dataset(), 1).unwrap());
            let steps = job.steps_per_epoch() * 6;
            let mut session = Session::new(&"test".parse().unwrap());
            session.begin(Arc::clone(&job), &project);
            let run = Run::start(job, Start::Running, Reports::default(), || {}).unwrap();
            let mut epochs = Vec::new();
            loop {
                let event = run.event();
                if let Event::Epoch(epoch) = &event {
                    epochs.push(epoch.clone());
                }
                let is_done = matches!(event, Event::Done(_));
                session.absorb(event);
                if is_done {
                    break;
                }
            }
            let line = learning_rates(&project.training, steps, &reductions(&project.training, &session));
            assert_eq!(epochs.len(), 6);
            for epoch in &epochs {
                let drawn = line[epoch.step as usize - 1][1] as f32;
                assert!((drawn / epoch.learning_rate - 1.0).abs() < 1e-5, "{schedule}: {epoch:?}, drawn {drawn}");
            }
        }
    }

    #[test]
    fn a_long_run_is_drawn_from_its_first_step_to_its_last() {
        let mut training = Training { epochs: 1000, ..Training::default() };
        training.schedule = serde_json::from_str(r#""polynomial""#).unwrap();
        let line = learning_rates(&training, 1_000_000, &[]);
        assert_eq!((line.len(), line[0], line[POINTS][0]), (POINTS + 1, [0.0, f64::from(0.001_f32)], 1000.0));
        assert!(line[POINTS][1] < 1e-8, "{line:?}");
        assert_eq!(learning_rates(&training, 1, &[]).len(), 2);
    }
}
