//! Whether the probabilities of a classifier are right: the reliability diagram, the temperature that corrects them, and for two
//! classes what a threshold costs.

use std::sync::Arc;

use eframe::egui::{Align, Button, Checkbox, Grid, Label, Layout, RichText, Ui, vec2};

use crate::explain::calibration::{Calibration, Costs, Outcomes, TEMPERATURES, Temperature, Thresholds};
use crate::language::tr;
use crate::train::metrics::THRESHOLD;
use crate::train::{Evaluation, Job, Subset};
use crate::ui::commands::Request;
use crate::ui::jobs::calibration::{CalibrationQuery, CalibrationReport, Comparison};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::view::NARROW;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::field::number_field_ui;
use crate::ui::widgets::line_plot::{LinePlot, Quantity};
use crate::ui::widgets::numbers::{percent, significant, steady, thousands};
use crate::ui::widgets::reliability_diagram::ReliabilityDiagram;
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};

const HELP: &str = "Each bar is the share of correct predictions among those whose confidence lies in its bin. Where it ends below \
                    the diagonal the network is too confident, above it not confident enough.";

/// Height of the diagram at least and at most, of what is above and below it, and of the diagram where the figures are below.
const DIAGRAM: f32 = 320.0;
const MOST_DIAGRAM: f32 = 560.0;
const AROUND: f32 = 80.0;
const NARROW_DIAGRAM: f32 = 256.0;

/// Height of the plot of the costs.
const COST_PLOT: f32 = 132.0;

/// Points of the line of the costs.
const POINTS: u16 = 200;

/// Width of a figure.
const FIGURE: f32 = 72.0;

/// Temperatures this close to 1 change nothing worth a word.
const ABOUT_ONE: f64 = 0.05;

/// The view of the calibration.
pub struct CalibrationView {
    /// Whether the diagram is that with the temperature.
    is_scaled: bool,
    /// The samples that are shown, if they were evaluated.
    shown: Subset,
    costs: Costs,
}

impl Default for CalibrationView {
    fn default() -> Self {
        let costs = Costs { false_positive: 1.0, false_negative: 1.0 };
        Self { is_scaled: false, shown: Subset::Test, costs }
    }
}

impl CalibrationView {
    /// Shows how well the predictions for the validation samples are calibrated, and for the test samples where they are known.
    pub fn ui(&mut self, ui: &mut Ui, job: Arc<Job>, validation: Arc<Evaluation>, cx: &mut Cx<'_>) {
        let test = cx.session.test().filter(|test| !test.is_empty()).cloned();
        let latest = cx.derived.calibration.ask(ui.ctx(), CalibrationQuery { job, validation, test });
        let Some(report) = latest.as_ref().and_then(|latest| latest.answer.as_ref()) else {
            return placeholder_ui(ui, "The confidence of each prediction is being compared with its class.");
        };
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        // As high as wide where there is room, so that the diagonal has 45 degrees.
        let square = ui.available_width() / 2.0 + 8.0 * GRID;
        let height = (ui.available_height() - AROUND).min(square).clamp(DIAGRAM, MOST_DIAGRAM);
        scroll_ui(ui, |ui| {
            if ui.available_width() < NARROW {
                self.diagram_ui(ui, report, NARROW_DIAGRAM);
                return self.numbers_ui(ui, report, cx);
            }
            let spacing = ui.spacing().item_spacing.x;
            ui.spacing_mut().item_spacing.x = 6.0 * GRID;
            ui.columns(2, |columns| {
                columns.iter_mut().for_each(|column| column.spacing_mut().item_spacing.x = spacing);
                let ragged = Layout::top_down(Align::Min);
                columns[0].with_layout(ragged, |ui| self.diagram_ui(ui, report, height));
                columns[1].with_layout(ragged, |ui| self.numbers_ui(ui, report, cx));
            });
        });
    }

    /// The samples that are shown, and their calibration.
    fn comparison<'a>(&self, report: &'a CalibrationReport) -> (Subset, &'a Comparison) {
        match (self.shown, &report.test) {
            (Subset::Test, Some(test)) => (Subset::Test, test),
            _ => (Subset::Validation, &report.validation),
        }
    }

    fn diagram_ui(&mut self, ui: &mut Ui, report: &CalibrationReport, height: f32) {
        let (mut subset, _) = self.comparison(report);
        heading_ui(ui, "Reliability", |ui| {
            let validation = (Subset::Validation, "Validation", "The samples that the temperature is fitted on");
            let test = (Subset::Test, "Test", "Samples that neither weights nor temperature have seen");
            if report.test.is_some() && segmented_ui(ui, &mut subset, &[validation, test]) {
                self.shown = subset;
            }
        });
        let (_, comparison) = self.comparison(report);
        let calibration = if self.is_scaled { &comparison.scaled } else { &comparison.plain };
        ui.scope(|ui| ReliabilityDiagram::new(&calibration.bins).height(height).show(ui));
        let text = format!("With temperature {:.2}", report.temperature.value);
        ui.add(Checkbox::new(&mut self.is_scaled, tr(text))).on_hover_text(tr("Divides the logits by the temperature"));
        ui.add_space(2.0 * GRID);
    }

    fn numbers_ui(&mut self, ui: &mut Ui, report: &CalibrationReport, cx: &mut Cx<'_>) {
        let (subset, comparison) = self.comparison(report);
        heading_ui(ui, "Calibration", |_| {});
        figures_ui(ui, comparison, report.temperature);
        ui.add_space(GRID);
        let where_fitted = match (subset, &report.test) {
            (Subset::Test, _) => "T is fitted on the validation samples, and these are the test samples.",
            (_, Some(_)) => "T is fitted on these samples, so that they flatter it. The test samples do not.",
            (_, None) => "T is fitted on these validation samples, so that they flatter it.",
        };
        let text = format!("{} {where_fitted}", meaning(report.temperature));
        ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        if let Some(thresholds) = &report.thresholds {
            self.threshold_ui(ui, thresholds, cx);
        }
    }

    /// The threshold of two classes, and what its mistakes cost on the validation samples.
    fn threshold_ui(&mut self, ui: &mut Ui, thresholds: &Thresholds, cx: &mut Cx<'_>) {
        let names = cx.subject.class_names(2);
        let [first, second] = [&names[0], &names[1]];
        let cheapest = thresholds.cheapest(self.costs);
        heading_ui(ui, "Threshold", |ui| {
            let calibrated = self.costs.of_calibrated();
            let calibrated = calibrated.map_or_else(String::new, |at| {
                format!(". If the probabilities were perfectly calibrated, it would be {}", significant(at))
            });
            let help = cheapest.map_or_else(String::new, |best| {
                let cost = significant(self.costs.of(&best));
                format!(
                    "The threshold {:.3}, whose mistakes cost {cost} on the validation samples{calibrated}",
                    best.threshold
                )
            });
            if ui.add_enabled(cheapest.is_some(), Button::new(tr("Cheapest"))).on_hover_text(tr(help)).clicked() {
                cx.actions.extend(cheapest.map(|best| Request::UseThreshold(best.threshold).into()));
            }
        });
        let mut threshold = f64::from(cx.session.threshold);
        let help = format!(
            "The probability from which “{second}” is predicted, before any temperature. It is saved with the run."
        );
        let slider = Slider::new("Threshold", 0.0..=1.0, f64::from(THRESHOLD), Division::Linear);
        if number_field_ui(ui, &help, &slider, &mut threshold).changed() {
            cx.act(Request::UseThreshold(threshold as f32));
        }
        let cost = |name| Slider::new(name, 0.0..=100.0, 1.0, Division::Decades).limits(0.0..=1e6);
        let help = format!("What a false positive costs: “{second}” is predicted where it is “{first}”");
        number_field_ui(ui, &help, &cost("FP cost"), &mut self.costs.false_positive);
        let help = format!("What a false negative costs: “{first}” is predicted where it is “{second}”");
        number_field_ui(ui, &help, &cost("FN cost"), &mut self.costs.false_negative);
        ui.add_space(GRID);
        outcomes_ui(ui, &thresholds.at(cx.session.threshold), self.costs);
        self.costs_ui(ui, thresholds, cx.session.threshold);
    }

    /// The costs over the threshold.
    fn costs_ui(&self, ui: &mut Ui, thresholds: &Thresholds, threshold: f32) {
        let point = |at: u16| {
            let threshold = f32::from(at) / f32::from(POINTS);
            [f64::from(threshold), self.costs.of(&thresholds.at(threshold))]
        };
        let line: Vec<[f64; 2]> = (0..=POINTS).map(point).collect();
        let most = line.iter().map(|point| point[1]).fold(0.0, f64::max);
        let x = Quantity { name: "", range: -0.02..=1.02, is_logarithmic: false };
        let y = Quantity { name: "cost over threshold", range: 0.0..=most.max(1e-9) * 1.05, is_logarithmic: false };
        let plot = LinePlot::new("Cost over threshold", x, y, &line).id("costs").height(COST_PLOT);
        plot.mark(Some((f64::from(threshold), String::new()))).show(ui);
    }
}

/// What the temperature says of the network.
fn meaning(Temperature { value, is_bounded }: Temperature) -> String {
    let held = format!("{value:.2}");
    match (is_bounded, value) {
        (true, value) if value <= *TEMPERATURES.start() => format!(
            "The lower the temperature T, the better it fits, since (nearly) all of the samples are classified correctly: it \
             stays at {held}."
        ),
        (true, _) => format!(
            "The higher the temperature T, the better it fits, since the confidence does not tell what is correct: it stays \
             at {held}."
        ),
        (false, value) if value > 1.0 + ABOUT_ONE => format!("T = {held} is above 1: the network is too confident."),
        (false, value) if value < 1.0 - ABOUT_ONE => {
            format!("T = {held} is below 1: the network is not confident enough.")
        }
        (false, _) => format!("T = {held} is about 1: the network is as confident as it should be."),
    }
}

/// Figures without and with the temperature.
fn figures_ui(ui: &mut Ui, comparison: &Comparison, temperature: Temperature) {
    type Figure = (&'static str, &'static str, fn(&Calibration) -> String);
    let figures: [Figure; 5] = [
        (
            "ECE",
            "Expected calibration error: the gap between confidence and accuracy, averaged over the samples",
            |it| percent(it.expected_error()),
        ),
        ("MCE", "Maximum calibration error: the largest gap of a bin, which may hold few samples", |it| {
            percent(it.maximum_error())
        }),
        (
            "NLL",
            "Negative log-likelihood: the mean of -log p of the true class, which the temperature minimizes",
            |it| steady(it.negative_log_likelihood),
        ),
        ("Mean confidence", "The probability of the predicted class, averaged over the samples", |it| {
            percent(it.confidence())
        }),
        ("Accuracy", "A temperature changes no prediction", |it| percent(it.accuracy())),
    ];
    let right = |ui: &mut Ui, text: RichText| {
        let size = vec2(FIGURE, ROW - GRID);
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| ui.label(text));
    };
    let muted = Palette::of(ui).muted;
    Grid::new("calibration figures").num_columns(3).min_row_height(ROW - GRID).spacing([4.0 * GRID, 0.0]).show(
        ui,
        |ui| {
            caption_ui(ui, "");
            right(ui, RichText::new(tr("T = 1")).color(muted));
            right(ui, RichText::new(tr(format!("T = {:.2}", temperature.value))).color(muted));
            ui.end_row();
            for (name, help, of) in figures {
                caption_ui(ui, name).on_hover_text(tr(help));
                right(ui, RichText::new(tr(of(&comparison.plain))));
                right(ui, RichText::new(tr(of(&comparison.scaled))));
                ui.end_row();
            }
        },
    );
}

/// How often each outcome occurs, and what the mistakes cost together.
fn outcomes_ui(ui: &mut Ui, outcomes: &Outcomes, costs: Costs) {
    let Outcomes { true_positives, false_positives, true_negatives, false_negatives, .. } = *outcomes;
    let count = |ui: &mut Ui, name: &str, help: &str, count: u32| {
        caption_ui(ui, name).on_hover_text(tr(help));
        ui.label(thousands(f64::from(count)));
    };
    ui.horizontal_wrapped(|ui| {
        ui.label(theme::strong(format!("Cost {}", significant(costs.of(outcomes)))));
        count(ui, "TP", "True positives", true_positives);
        count(ui, "FP", "False positives", false_positives);
        count(ui, "TN", "True negatives", true_negatives);
        count(ui, "FN", "False negatives", false_negatives);
    });
}
