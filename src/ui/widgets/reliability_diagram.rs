//! The reliability diagram: how many of the predictions of each confidence are correct, and how many predictions there are.

use eframe::egui::{
    self, Align2, Color32, Rect, Response, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use egui_plot::PlotTransform;

use super::axes::{self, Axes, Axis, RIGHT};
use super::chart_file;
use super::cut_text::cut_text;
use super::numbers::{percent, thousands};
use crate::explain::calibration::Bin;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

/// Height of a line of names.
const NAME: f32 = 18.0;

/// Height of the bars that tell how many samples there are.
const COUNTS: f32 = 40.0;

/// Air between the bars of two bins.
const AIR: f32 = 1.0;

/// Bins of equal width of the confidence, from 0 to 1.
#[must_use = "Call `show`"]
pub struct ReliabilityDiagram<'a> {
    bins: &'a [Bin],
    height: f32,
}

impl<'a> ReliabilityDiagram<'a> {
    /// A diagram of bins, the lowest confidence first.
    pub fn new(bins: &'a [Bin]) -> Self {
        Self { bins, height: 300.0 }
    }

    /// Height with all names. Default: 300.
    pub fn height(mut self, height: f32) -> Self {
        self.height = height;
        self
    }

    /// Draws the diagram in the width that is left.
    pub fn show(self, ui: &mut Ui) -> Response {
        let palette = Palette::of(ui);
        let begin = chart_file::begin(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        let line = |ui: &mut Ui| ui.allocate_exact_size(vec2(ui.available_width(), NAME), Sense::hover()).0;
        let above = line(ui);
        let legend = legend_ui(ui, above.with_max_x(above.right() - RIGHT));
        let name = above.with_max_x(legend - 2.0 * GRID);
        cut_text(ui, name, Align2::LEFT_CENTER, "accuracy", theme::body_font(), palette.muted);
        let axis = |range, ticks| Axis { range, ticks, label: axes::percent_label };
        let axes = Axes {
            id: "reliability",
            size: vec2(ui.available_width(), self.height - 3.0 * NAME - COUNTS),
            // A little more than there is, so that the ticks at the ends touch neither each other nor the names.
            x: axis(-0.04..=1.03, |input| axes::round_ticks(input, 48.0)),
            x_name: "",
            y: axis(0.0..=1.06, |input| axes::round_ticks(input, 28.0)),
            sense: Sense::hover() | Sense::CLICK,
        };
        let (response, transform) = axes.show(ui);
        let frame = *transform.frame();
        let below = line(ui).with_min_x(frame.left()).with_max_x(frame.right());
        cut_text(ui, below, Align2::CENTER_CENTER, "confidence", theme::body_font(), palette.muted);
        let most = self.bins.iter().map(|bin| bin.samples).max().unwrap_or(0);
        let text = format!("samples in each bin, at most {}", thousands(most as f64));
        let caption = line(ui);
        cut_text(ui, caption, Align2::LEFT_CENTER, &text, theme::body_font(), palette.muted);
        let (counts, _) = ui.allocate_exact_size(vec2(ui.available_width(), COUNTS), Sense::hover());
        self.paint(ui, &transform, counts, most);
        response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, tr("Reliability diagram")));
        let place = above.union(response.rect).union(counts);
        chart_file::menu_ui(ui, &response, begin, place, "Reliability diagram", || self.csv());
        let pointer = response.hover_pos().filter(|_| !egui::Popup::is_any_open(ui));
        match pointer.and_then(|pointer| self.sentence(transform.value_from_position(pointer).x)) {
            Some(sentence) => response.on_hover_text_at_pointer(sentence),
            None => response,
        }
    }

    fn paint(&self, ui: &Ui, transform: &PlotTransform, counts: Rect, most: usize) {
        let palette = Palette::of(ui);
        let painter = ui.painter();
        let at = |x: f64, y: f64| pos2(transform.position_from_point_x(x), transform.position_from_point_y(y));
        for (index, bin) in self.bins.iter().enumerate().filter(|(_, bin)| bin.samples > 0) {
            let [low, high] = self.bounds(index);
            let bar = |from: f64, to: f64| Rect::from_two_pos(at(low, from), at(high, to)).shrink2(vec2(AIR, 0.0));
            painter.rect_filled(bar(0.0, bin.accuracy), 0.0, palette.accent);
            let gap = bar(bin.accuracy, bin.confidence);
            painter.rect(gap, 0.0, gap_color(palette), Stroke::new(1.0, palette.warning), StrokeKind::Inside);
            let share = bin.samples as f32 / most.max(1) as f32;
            let count = bar(0.0, 1.0).x_range();
            let top = counts.bottom() - (share * COUNTS).max(1.0);
            let count = Rect::from_x_y_ranges(count, top..=counts.bottom());
            painter.rect_filled(count, 0.0, palette.muted);
        }
        painter.hline(transform.frame().x_range(), counts.bottom(), Stroke::new(1.0, palette.line));
        let diagonal = [at(0.0, 0.0), at(1.0, 1.0)];
        painter.extend(Shape::dashed_line(&diagonal, Stroke::new(1.5, palette.text), 5.0, 4.0));
    }

    fn bounds(&self, bin: usize) -> [f64; 2] {
        [bin, bin + 1].map(|bound| bound as f64 / self.bins.len() as f64)
    }

    /// What there is to say of the bin at a confidence.
    fn sentence(&self, confidence: f64) -> Option<String> {
        let index = (confidence * self.bins.len() as f64).floor();
        let index = (0.0..self.bins.len() as f64).contains(&index).then_some(index as usize)?;
        let ([low, high], bin) = (self.bounds(index).map(percent), self.bins[index]);
        Some(match bin.samples {
            0 => format!("No prediction has a confidence of {low} to {high}."),
            samples => format!(
                "{} predictions with a confidence of {low} to {high}, {} on average: {} are correct.",
                thousands(samples as f64),
                percent(bin.confidence),
                percent(bin.accuracy)
            ),
        })
    }

    /// A row for each bin.
    fn csv(&self) -> String {
        let head = ["above", "to", "samples", "confidence", "accuracy"].map(str::to_owned);
        let rows = self.bins.iter().enumerate().map(|(index, bin)| {
            let [low, high] = self.bounds(index).map(|bound| bound.to_string());
            let means = [bin.confidence, bin.accuracy];
            let [confidence, accuracy] =
                means.map(|mean| if bin.samples > 0 { mean.to_string() } else { String::new() });
            [low, high, bin.samples.to_string(), confidence, accuracy]
        });
        chart_file::csv_text(std::iter::once(head).chain(rows))
    }
}

/// What the gap looks like, at the right of a row; where it begins.
fn legend_ui(ui: &Ui, row: Rect) -> f32 {
    let (palette, painter) = (Palette::of(ui), ui.painter());
    let text = painter.text(row.right_center(), Align2::RIGHT_CENTER, tr("gap"), theme::body_font(), palette.muted);
    let sample = Rect::from_center_size(pos2(text.left() - GRID - 6.0, row.center().y), vec2(12.0, 12.0));
    painter.rect(sample, 0.0, gap_color(palette), Stroke::new(1.0, palette.warning), StrokeKind::Inside);
    sample.left()
}

fn gap_color(palette: &Palette) -> Color32 {
    palette.warning.gamma_multiply(0.35)
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn the_numbers_of_a_bin_are_told() {
        let mut bins = vec![Bin::default(); 5];
        bins[4] = Bin { samples: 1200, confidence: 0.93, accuracy: 0.8 };
        let diagram = ReliabilityDiagram::new(&bins);
        assert!(diagram.csv().starts_with("above,to,samples,confidence,accuracy\n0,0.2,0,,\n"));
        assert!(diagram.csv().ends_with("0.8,1,1200,0.93,0.8\n"));
        assert_eq!(diagram.sentence(-0.1), None);
        let builder = Harness::builder().with_size([320.0, 320.0]).with_context_setup(theme::install);
        let mut harness = builder.build_ui(move |ui| {
            ReliabilityDiagram::new(&bins).show(ui);
        });
        harness.run_steps(2);
        let plot = harness.get_by_label("Reliability diagram").rect();
        harness.hover_at(pos2(plot.right() - 2.0 * RIGHT, plot.center().y));
        harness.run_steps(30);
        harness.get_by_label(
            "1,200 predictions with a confidence of 80.0 % to 100.0 %, 93.0 % on average: 80.0 % are correct.",
        );
        harness.hover_at(plot.center());
        harness.run_steps(30);
        harness.get_by_label_contains("No prediction has a confidence of ");
    }
}
