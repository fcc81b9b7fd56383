//! How good the predictions are: the confusion matrix of classes, or predicted over true numbers.

use std::ops::RangeInclusive;
use std::sync::Arc;

use eframe::egui::{Align, Align2, Button, Layout, Sense, Ui, vec2};
use ndarray::Array2;

use super::forecast::Forecast;
use crate::data::Modality;
use crate::data::{Order, Task};
use crate::language::tr;
use crate::train::heads;
use crate::train::metrics::{ClassPredictions, NumberPredictions, THRESHOLD, roc_curve};
use crate::train::{Evaluation, Predictions, Subset};
use crate::ui::commands::Request;
use crate::ui::jobs::ahead::AheadQuery;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::figures::figures_text;
use crate::ui::views::parts::reconstructions::ReconstructionPairs;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::class_table::{ClassRow, class_table_ui};
use crate::ui::widgets::confusion_heatmap::ConfusionHeatmap;
use crate::ui::widgets::cut_text::caption_name_ui;
use crate::ui::widgets::line_plot::{LinePlot, Quantity};
use crate::ui::widgets::numbers::percent;
use crate::ui::widgets::plane::{Dot, MOST_DOTS, Plane, Tone, range_of, thinned};
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};

const CONFUSION: &str = "Confusion matrix";
const PREDICTED: &str = "Predicted and true";

/// From this width on there is room for the matrix and the table of the classes side by side.
const WIDE: f32 = 620.0;

/// Width of that table beside the matrix.
const TABLE: f32 = 280.0;

/// The results of the last evaluation.
#[derive(Default)]
pub struct Results {
    shown: Shown,
    /// The target whose predictions are plotted.
    target: usize,
    shown_numbers: ShownNumbers,
    plotted: Option<Plotted>,
    pairs: ReconstructionPairs,
}

/// What is shown of the classes where there is room for one thing only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    Matrix,
    Classes,
    Roc,
}

/// What is shown of a forecast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ShownNumbers {
    #[default]
    Forecast,
    Scatter,
}

/// What is worked out once for an evaluation.
struct Plotted {
    evaluation: Arc<Evaluation>,
    target: usize,
    figures: String,
    dots: Vec<Dot>,
    range: RangeInclusive<f64>,
    roc: Vec<[f64; 2]>,
    /// Where the samples are a series.
    forecast: Option<Forecast>,
}

impl Results {
    /// Draws the results that fit the task.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.subject.results() == heads::Results::Reconstructions {
            return self.pairs.watched_ui(ui, cx);
        }
        let has_classes = cx.subject.results() == heads::Results::Classes;
        let timeline = cx.session.job.as_ref().and_then(|job| match &job.dataset.order {
            Order::Time(timeline) => Some(timeline),
            _ => None,
        });
        // How good a forecast is shows on the end of the series, which is evaluated when the run has ended.
        let (part, evaluation) = match cx.session.test() {
            Some(test) if timeline.is_some() => (Subset::Test, Some(Arc::clone(test))),
            _ => (Subset::Validation, cx.session.validation().cloned()),
        };
        let Some(evaluation) = evaluation else {
            heading_ui(ui, if has_classes { CONFUSION } else { PREDICTED }, |_| {});
            let text = match (cx.project.data.validation > 0.0, has_classes) {
                (true, true) => "The confusion matrix of the validation samples appears here after the first epoch.",
                (true, false) => {
                    "Predicted over true values of the validation samples appear here after the first epoch."
                }
                (false, _) => "There is no validation set to compare with. Raise the validation split in Training.",
            };
            return placeholder_ui(ui, text);
        };
        let is_known =
            |plotted: &Plotted| Arc::ptr_eq(&plotted.evaluation, &evaluation) && plotted.target == self.target;
        if !self.plotted.as_ref().is_some_and(is_known) {
            let mut plotted = Plotted::of(&evaluation, self.target);
            if let (Some(timeline), Predictions::Numbers(predictions)) = (timeline, &evaluation.predictions) {
                plotted.forecast = Forecast::of(predictions, self.target, part, timeline);
            }
            self.plotted = Some(plotted);
        }
        match &evaluation.predictions {
            Predictions::Classes(predictions) => self.classes_ui(ui, predictions, cx),
            Predictions::Numbers(predictions) => self.numbers_ui(ui, predictions, part, cx),
            Predictions::Reconstructions(_) | Predictions::Tokens(_) => {}
        }
    }

    fn classes_ui(&mut self, ui: &mut Ui, predictions: &ClassPredictions, cx: &mut Cx<'_>) {
        let is_wide = ui.available_width() >= WIDE;
        let has_roc = predictions.confusion.nrows() == 2;
        let matrix = (Shown::Matrix, "Matrix", "True class by row, predicted class by column, on the validation set");
        let classes = (Shown::Classes, "Classes", "Precision, recall and F1 of every class, on the validation set");
        let roc = (Shown::Roc, "ROC", "True positive rate over false positive rate, for every threshold");
        heading_ui(ui, CONFUSION, |ui| {
            match (is_wide, has_roc) {
                (true, false) => false,
                (false, false) => segmented_ui(ui, &mut self.shown, &[matrix, classes]),
                (true, true) => segmented_ui(ui, &mut self.shown, &[matrix, roc]),
                (false, true) => segmented_ui(ui, &mut self.shown, &[matrix, classes, roc]),
            };
        });
        if has_roc {
            threshold_ui(ui, predictions, cx);
        }
        let Some(plotted) = &self.plotted else { return };
        if cx.session.job.as_ref().is_some_and(|job| job.dataset.modality() == Modality::Table) {
            caption_ui(ui, &plotted.figures).on_hover_text(
                tr("Macro F1 is the mean F1 over the classes, however rare they are. Matthews' correlation is 1 if all \
                 predictions are correct and 0 at chance level. AUC is the area under the ROC curve, 0.5 at chance level."),
            );
        }
        if has_roc && self.shown == Shown::Roc {
            return roc_ui(ui, &plotted.roc, &cx.subject.class_names(2)[1]);
        }
        let rect = ui.available_rect_before_wrap();
        let (matrix, classes) = match is_wide {
            true => rect.split_left_right_at_x(rect.right() - TABLE),
            false => (rect, rect),
        };
        let matrix = matrix.with_max_x(matrix.right() - if is_wide { 4.0 * GRID } else { 0.0 });
        if is_wide || self.shown != Shown::Classes {
            cell_ui(ui, "matrix", matrix, |ui| matrix_ui(ui, &predictions.confusion, cx));
        }
        if is_wide || self.shown == Shown::Classes {
            cell_ui(ui, "classes", classes, |ui| classes_ui(ui, predictions, cx));
        }
    }

    fn numbers_ui(&mut self, ui: &mut Ui, predictions: &NumberPredictions, part: Subset, cx: &mut Cx<'_>) {
        let names = match cx.session.job.as_ref().map(|job| &job.dataset.task) {
            Some(Task::Regression { targets, .. }) if targets.len() == predictions.width => targets.clone(),
            _ => (1..=predictions.width).map(|target| target.to_string()).collect(),
        };
        self.target = self.target.min(predictions.width.saturating_sub(1));
        let options: Vec<_> = names.iter().enumerate().map(|(at, name)| (at, name.as_str(), "This target")).collect();
        let forecast = self.plotted.as_ref().and_then(|plotted| plotted.forecast.as_ref());
        let is_forecast = forecast.is_some() && self.shown_numbers == ShownNumbers::Forecast;
        heading_ui(ui, if is_forecast { "Forecast" } else { PREDICTED }, |ui| {
            if forecast.is_some() {
                let lines = (ShownNumbers::Forecast, "Lines", "Forecast, truth and naive forecast over the rows");
                let dots = (ShownNumbers::Scatter, "Points", "Predicted over true values");
                segmented_ui(ui, &mut self.shown_numbers, &[lines, dots]);
            }
            if (2..=4).contains(&options.len()) {
                segmented_ui(ui, &mut self.target, &options);
            }
        });
        let (Some(plotted), Some(name)) = (&self.plotted, names.get(self.target)) else { return };
        if let (Some(forecast), true) = (&plotted.forecast, is_forecast) {
            let query = cx.session.job.clone().zip(cx.session.snapshot().cloned()).filter(|_| part == Subset::Test);
            let ahead = query.and_then(|(job, snapshot)| cx.derived.ahead.ask(ui.ctx(), AheadQuery { job, snapshot }));
            let ahead = ahead.as_ref().and_then(|ahead| ahead.answer.as_ref());
            return forecast.ui(ui, name, ahead, (self.target, predictions.width));
        }
        caption_ui(ui, &plotted.figures).on_hover_text(tr(
            "R² is the share of the variance that is explained, 1 at best. RMSE and MAE are errors in the unit of the \
             target; RMSE counts large errors more.",
        ));
        let axes = [&*format!("true {name}"), &*format!("predicted {name}")];
        let ranges = [plotted.range.clone(), plotted.range.clone()];
        Plane::new("Predicted over true", axes, ranges, &plotted.dots).diagonal().show(ui);
    }
}

impl Plotted {
    fn of(evaluation: &Arc<Evaluation>, target: usize) -> Self {
        let (mut dots, mut roc) = (Vec::new(), Vec::new());
        let figures = match &evaluation.predictions {
            Predictions::Classes(predictions) => {
                if predictions.confusion.nrows() == 2 {
                    let (truths, scores) = predictions.one_against_rest(1);
                    let curve = roc_curve(&truths, &scores).unwrap_or_default();
                    roc = curve.iter().map(|point| [point.false_positive_rate, point.true_positive_rate]).collect();
                }
                let area = (!roc.is_empty()).then(|| predictions.roc_auc()).flatten();
                let macro_f1 = predictions.macro_scores()[2];
                figures_text(&[("macro F1", macro_f1), ("Matthews", Some(predictions.matthews())), ("AUC", area)])
            }
            Predictions::Numbers(predictions) => {
                let of_target = predictions.of_target(target);
                let pairs = of_target.truths.into_iter().zip(of_target.predictions);
                let pairs: Vec<_> = pairs.map(|(truth, predicted)| [truth as f32, predicted as f32]).collect();
                let dot = |at: usize| Dot::new(pairs[at], Tone::Plain);
                dots = thinned(pairs.len(), MOST_DOTS).map(dot).collect();
                figures_text(&[("R²", predictions.r2()), ("RMSE", predictions.rmse()), ("MAE", predictions.mae())])
            }
            Predictions::Reconstructions(_) | Predictions::Tokens(_) => String::new(),
        };
        let range = range_of(dots.iter().flat_map(|dot| dot.at));
        Self { evaluation: Arc::clone(evaluation), target, figures, dots, range, roc, forecast: None }
    }
}

fn roc_ui(ui: &mut Ui, curve: &[[f64; 2]], class: &str) {
    if curve.is_empty() {
        return placeholder_ui(ui, "The curve needs validation samples of both classes.");
    }
    let share = |name| Quantity { name, range: -0.02..=1.02, is_logarithmic: false };
    let height = ui.available_height() - 18.0;
    let chance = [[0.0, 0.0], [1.0, 1.0]];
    let plot = LinePlot::new("ROC curve", share(""), share("true positive rate"), curve);
    plot.id("roc").raw(&chance).height(height.max(80.0)).show(ui);
    ui.allocate_ui(vec2(ui.available_width(), 18.0), |ui| {
        caption_name_ui(ui, &format!("false positive rate, where “{class}” is positive"));
    });
}

/// From which probability on the second class is predicted: a slider, and what serves it best.
fn threshold_ui(ui: &mut Ui, predictions: &ClassPredictions, cx: &mut Cx<'_>) {
    let class = cx.subject.class_names(2).swap_remove(1);
    let mut threshold = f64::from(cx.session.threshold);
    ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::right_to_left(Align::Center), |ui| {
        let best = predictions.best_threshold();
        let help = match best {
            Some((at, f1)) => format!("Predicts “{class}” from {at:.3} on, with F1 {} on these samples", percent(f1)),
            None => format!("There is no sample of “{class}” to judge it by"),
        };
        let button = ui.add_enabled(best.is_some(), Button::new(tr("Best F1")));
        if button.on_hover_text(tr(&help)).on_disabled_hover_text(tr(&help)).clicked() {
            cx.actions.extend(best.map(|(at, _)| Request::UseThreshold(at).into()));
        }
        let (number, _) = ui.allocate_exact_size(vec2(32.0, ROW), Sense::hover());
        let text = format!("{threshold:.2}");
        let color = Palette::of(ui).text;
        ui.painter().text(number.right_center(), Align2::RIGHT_CENTER, tr(text), theme::body_font(), color);
        let width = (ui.available_width() * 0.5).clamp(56.0, 160.0);
        let slider = Slider::new("Threshold", 0.0..=1.0, f64::from(THRESHOLD), Division::Linear);
        let moved = slider.show(ui, width, &mut threshold).on_hover_text(tr(format!(
            "The probability from which “{class}” is predicted. Lower finds more of them, and more that are none. \
             It is saved with the run, and predict and evaluate use it."
        )));
        if moved.changed() {
            cx.act(Request::UseThreshold(threshold as f32));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            caption_name_ui(ui, &format!("“{class}” from"));
        });
    });
}

fn matrix_ui(ui: &mut Ui, confusion: &Array2<u32>, cx: &mut Cx<'_>) {
    let names = cx.subject.class_names(confusion.nrows());
    let shown = ConfusionHeatmap::new(confusion, &names).selected(cx.playground.cell).show(ui);
    if let Some((truth, class)) = shown.clicked {
        cx.act(Request::ShowCell { truth, predicted: class });
    }
}

fn classes_ui(ui: &mut Ui, predictions: &ClassPredictions, cx: &Cx<'_>) {
    let names = cx.subject.class_names(predictions.confusion.nrows());
    let scores = predictions.class_scores();
    let rows: Vec<_> = scores
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(class, (score, name))| {
            let is_predicted = predictions.confusion.column(class).sum() > 0;
            ClassRow {
                name,
                precision: is_predicted.then_some(score.precision),
                recall: (score.support > 0).then_some(score.recall),
                f1: (score.support > 0).then_some(score.f1),
                samples: score.support as usize,
            }
        })
        .collect();
    class_table_ui(ui, &rows);
}
