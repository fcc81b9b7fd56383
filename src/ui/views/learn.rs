//! The tab where one watches: loss, accuracy, the confusion matrix, and a drawing that is read meanwhile.

mod forecast;
mod generated;
pub mod results;

use eframe::egui::{Align, Checkbox, Layout, Rect, RichText, Sense, Ui, vec2};
use egui_material_icons::icons::{ICON_STOP_CIRCLE, ICON_VOLUME_UP};

use crate::data::Modality;
use crate::language::tr;
use crate::train::Subset;
use crate::train::heads;
use crate::train::heads::{Line, Plot};
use crate::train::metrics::Unit;
use crate::ui::commands::{Command, Request};
use crate::ui::state::curves::Curves;
use crate::ui::state::session::{Session, Status};
use crate::ui::state::subject::{Subject, is_plane};
use crate::ui::state::window_state::{Place, WindowState};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::parts::coach::coach_ui;
use crate::ui::views::parts::drawing::{Reading, canvas_ui, choice_ui, over_run_ui, seen_caption_ui};
use crate::ui::views::parts::try_panel::TryPanel;
use crate::ui::views::parts::write::Write;
use crate::ui::views::view::{NARROW, View};
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::curve_plot::{CurvePlot, Look, Metric as Range, Series};
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::sound::Sound;
use crate::ui::widgets::text::heading_ui;
use generated::GeneratedView;
use results::Results;

/// Below this height the tab has other columns or scrolls, so that nothing in it is squeezed.
const LEAST_HEIGHT: f32 = 536.0;

/// Height of the row below the canvas.
const STROKES: f32 = 40.0;

/// From this width on there is room for three columns, as the presenter has it on a projector.
const LOW_AND_WIDE: f32 = 720.0;

/// The id of this view.
pub const ID: &str = "learn";

/// The tab that shows curves, results and live predictions during training.
#[derive(Default)]
pub struct Learn {
    results: Results,
    tried: TryPanel,
    generated: GeneratedView,
    write: Write,
}

impl View for Learn {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Learn"
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::LEARN
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let size = ui.available_size();
        if size.x < NARROW {
            scroll_ui(ui, |ui| self.column_ui(ui, cx));
        } else if size.y < LEAST_HEIGHT && size.x >= LOW_AND_WIDE {
            self.thirds_ui(ui, cx);
        } else if size.y < LEAST_HEIGHT {
            scroll_ui(ui, |ui| self.quarters_ui(ui, LEAST_HEIGHT, cx));
        } else {
            self.quarters_ui(ui, size.y, cx);
        }
    }

    fn options_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        coach_ui(ui, cx);
        ui.add_space(2.0 * GRID);
        listen_ui(ui, cx);
        let log = ui.add(Checkbox::new(&mut cx.window.log_loss, tr("Log scale")));
        log.on_hover_text(tr("The loss on a logarithmic axis"));
        ui.add_space(2.0 * GRID);
        let palette = Palette::of(ui);
        let (number, _) = ui.allocate_exact_size(vec2(32.0, ROW), Sense::hover());
        let text = format!("{:.2}", cx.window.smoothing);
        let font = theme::body_font();
        ui.painter().text(number.right_center(), eframe::egui::Align2::RIGHT_CENTER, tr(text), font, palette.text);
        let mut weight = f64::from(cx.window.smoothing);
        Slider::new("Smoothing", 0.0..=0.99, 0.6, Division::Linear)
            .show(ui, 64.0, &mut weight)
            .on_hover_text(tr("Weight of the moving average that is drawn over the faint values of every step"));
        cx.window.smoothing = weight as f32;
        let word = tr("Smoothing").into_owned();
        let width = ui.painter().layout_no_wrap(word.clone(), theme::body_font(), palette.muted).size().x;
        // What the coach says may take the room of the word.
        if ui.available_width() > width + 4.0 * GRID {
            ui.label(RichText::new(word).color(palette.muted));
        }
    }
}

/// The curves as sound, which the same button stops.
fn listen_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let icon = if cx.situation.is_playing { ICON_STOP_CIRCLE } else { ICON_VOLUME_UP };
    let name = if cx.situation.is_playing { "Stop the sound" } else { Command::Listen.label() };
    let permitted = cx.situation.permits(Command::Listen);
    let help = permitted.as_ref().err().cloned().unwrap_or_else(|| Command::Listen.help().to_owned());
    let button = ui.add_enabled_ui(permitted.is_ok(), |ui| icon_button_ui(ui, icon, name)).inner;
    if button.on_hover_text(tr(&help)).on_disabled_hover_text(tr(&help)).clicked() {
        cx.act(Command::Listen);
    }
}

/// Whether one can try the network by hand; nobody types a window of a series.
fn has_paper(cx: &Cx<'_>) -> bool {
    cx.subject.modality() != Modality::Series
}

fn loss_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    plot_ui(ui, &cx.subject.head.plots()[0], cx);
}

fn accuracy_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    plot_ui(ui, &cx.subject.head.plots()[1], cx);
}

/// The lines of a plot, and the range that suits them.
fn series_of<'a>(shown: &Plot, curves: &'a Curves) -> (Vec<Series<'a>>, Range) {
    let series = |line: &Line| match *line {
        Line::Training(metric) => Series { name: "train", curve: curves.of(Subset::Train, metric), look: Look::Train },
        Line::Validation(metric) => {
            Series { name: "validation", curve: curves.of(Subset::Validation, metric), look: Look::Validation }
        }
        Line::Network(metric, name, is_second) => {
            let look = if is_second { Look::Rival } else { Look::Train };
            Series { name, curve: curves.of(Subset::Train, metric), look }
        }
    };
    let range = shown.lines.first().map_or(Range::Loss, |line| match line {
        Line::Training(metric) | Line::Validation(metric) if metric.unit == Unit::Percent => Range::Accuracy,
        Line::Network(metric, ..) if metric.unit == Unit::Percent => Range::Share,
        Line::Training(_) | Line::Validation(_) | Line::Network(..) => Range::Loss,
    });
    (shown.lines.iter().map(series).collect(), range)
}

/// The loss as one hears it: as it is drawn.
pub fn heard(subject: &Subject, session: &Session, window: &WindowState) -> Sound {
    let [shown, _] = subject.head.plots();
    let (series, range) = series_of(&shown, &session.curves);
    CurvePlot::new(shown.title, range, &series).smoothing(window.smoothing).logarithmic(window.log_loss).sound()
}

fn plot_ui(ui: &mut Ui, shown: &Plot, cx: &mut Cx<'_>) {
    let (series, range) = series_of(shown, &cx.session.curves);
    let marks = cx.session.all_marks();
    let plot = plot(CurvePlot::new(shown.title, range, &series).marks(&marks), cx).logarithmic(cx.window.log_loss);
    if let Some(step) = plot.show_timeline(ui, cx.session.visited()) {
        cx.act(Request::LookAt(step));
    }
}

fn plot<'a>(plot: CurvePlot<'a>, cx: &'a Cx<'_>) -> CurvePlot<'a> {
    let steps = cx.session.job.as_ref().map_or(0, |job| job.steps_per_epoch());
    let plot = plot.smoothing(cx.window.smoothing).steps_per_epoch(steps as f64);
    match cx.session.status {
        Status::Idle => plot,
        Status::Running | Status::Paused | Status::Stopping => plot.empty_text("No value has been measured yet"),
        Status::Ended(_) => plot.empty_text("No value was measured in this run"),
    }
}

impl Learn {
    fn quarters_ui(&mut self, ui: &mut Ui, height: f32, cx: &mut Cx<'_>) {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let gap = 4.0 * GRID;
        // Generated samples get more height than the plots, other results as much.
        let (top, bottom) =
            rect.split_top_bottom_at_fraction(if cx.subject.results() == heads::Results::Samples { 0.42 } else { 0.5 });
        let halves = |rect: Rect| {
            let (left, right) = rect.split_left_right_at_fraction(0.5);
            (left.with_max_x(left.right() - gap / 2.0), right.with_min_x(right.left() + gap / 2.0))
        };
        let (loss, accuracy) = halves(top.with_max_y(top.bottom() - gap / 2.0));
        let bottom = bottom.with_min_y(bottom.top() + gap / 2.0);
        cell_ui(ui, "loss", loss, |ui| loss_ui(ui, cx));
        cell_ui(ui, "accuracy", accuracy, |ui| accuracy_ui(ui, cx));
        if cx.subject.results() == heads::Results::Samples {
            return cell_ui(ui, "generated", bottom, |ui| self.generated.ui(ui, cx));
        }
        if cx.subject.results() == heads::Results::Text {
            return cell_ui(ui, "written", bottom, |ui| self.write.watched_ui(ui, cx));
        }
        if !has_paper(cx) {
            return cell_ui(ui, "confusion", bottom, |ui| self.results.ui(ui, cx));
        }
        let (confusion, draw) = halves(bottom);
        cell_ui(ui, "confusion", confusion, |ui| self.results.ui(ui, cx));
        cell_ui(ui, "draw", draw, |ui| self.try_ui(ui, cx));
    }

    /// Three columns, where the window is too low for two rows: the plots, the results, and the drawing.
    fn thirds_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let gap = 4.0 * GRID;
        let is_generator = cx.subject.results() == heads::Results::Samples;
        let is_text = cx.subject.results() == heads::Results::Text;
        let has_third = !is_generator && !is_text && has_paper(cx);
        let (plots, rest) = rect.split_left_right_at_fraction(if has_third { 0.36 } else { 0.45 });
        let (loss, accuracy) = plots.split_top_bottom_at_fraction(0.5);
        cell_ui(ui, "loss", loss.with_max_y(loss.bottom() - gap / 2.0), |ui| loss_ui(ui, cx));
        cell_ui(ui, "accuracy", accuracy.with_min_y(accuracy.top() + gap / 2.0), |ui| accuracy_ui(ui, cx));
        let rest = rest.with_min_x(rest.left() + gap);
        if is_generator {
            return cell_ui(ui, "generated", rest, |ui| self.generated.ui(ui, cx));
        }
        if is_text {
            return cell_ui(ui, "written", rest, |ui| self.write.watched_ui(ui, cx));
        }
        if !has_third {
            return cell_ui(ui, "confusion", rest, |ui| self.results.ui(ui, cx));
        }
        let (confusion, draw) = rest.split_left_right_at_fraction(0.54);
        cell_ui(ui, "confusion", confusion, |ui| self.results.ui(ui, cx));
        cell_ui(ui, "draw", draw.with_min_x(draw.left() + gap), |ui| self.try_ui(ui, cx));
    }

    /// One below the other, where the window is too narrow for two.
    fn column_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let row = |ui: &mut Ui, name: &str, contents: &mut dyn FnMut(&mut Ui)| {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LEAST_HEIGHT / 2.0), Sense::hover());
            cell_ui(ui, name, rect, contents);
            ui.add_space(2.0 * GRID);
        };
        row(ui, "loss", &mut |ui| loss_ui(ui, cx));
        if cx.subject.results() == heads::Results::Samples {
            row(ui, "generated", &mut |ui| self.generated.ui(ui, cx));
            return row(ui, "accuracy", &mut |ui| accuracy_ui(ui, cx));
        }
        row(ui, "accuracy", &mut |ui| accuracy_ui(ui, cx));
        if cx.subject.results() == heads::Results::Text {
            return row(ui, "written", &mut |ui| self.write.watched_ui(ui, cx));
        }
        if has_paper(cx) {
            row(ui, "draw", &mut |ui| self.try_ui(ui, cx));
        }
        row(ui, "confusion", &mut |ui| self.results.ui(ui, cx));
    }

    /// Where one tries the network: the canvas for images, the plane for two features, a form for more.
    fn try_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.subject.modality() == Modality::Text {
            return self.write.watched_ui(ui, cx);
        }
        match cx.subject.dataset.clone().filter(|dataset| dataset.modality() == Modality::Table) {
            Some(dataset) if is_plane(&dataset) => {
                heading_ui(ui, "Plane", |_| {});
                self.tried.plane_ui(ui, &dataset, None, cx);
            }
            Some(dataset) => self.tried.row_ui(ui, &dataset, cx),
            None => draw_ui(ui, cx),
        }
    }
}

fn draw_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    heading_ui(ui, "Draw", |ui| {
        choice_ui(ui, cx);
        // On a projector there is room for one of them; the tab Draw has both.
        if ui.available_width() > ROW + GRID {
            over_run_ui(ui, cx);
        }
    });
    ui.add_space(GRID);
    let size = ui.available_size();
    let is_tall = size.y > size.x;
    let side = if is_tall { size.x.min(size.y * 0.55) } else { (size.y - STROKES).min(size.x * 0.54) };
    let layout = if is_tall { Layout::top_down(Align::Min) } else { Layout::left_to_right(Align::Min) };
    ui.with_layout(layout, |ui| {
        ui.spacing_mut().item_spacing.x = 3.0 * GRID;
        ui.vertical(|ui| {
            ui.set_width(side);
            canvas_ui(ui, side, cx);
            ui.horizontal(|ui| {
                strokes_ui(ui, cx);
                seen_caption_ui(ui);
            });
        });
        ui.vertical(|ui| {
            let reading = Reading::of(ui, cx);
            ui.horizontal(|ui| {
                reading.seen_ui(ui, 56.0).on_hover_text(tr("The image as the network sees it"));
                ui.vertical(|ui| reading.winner_ui(ui));
            });
            ui.add_space(GRID);
            reading.bars_ui(ui);
        });
    });
}

fn strokes_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    use egui_material_icons::icons::{ICON_DELETE, ICON_UNDO};
    let has_ink = !cx.playground.drawing.strokes.is_empty();
    ui.add_enabled_ui(has_ink, |ui| {
        if icon_button_ui(ui, ICON_UNDO, "Undo the last stroke").clicked() {
            cx.playground.drawing.strokes.pop();
            cx.playground.is_example = false;
        }
        if icon_button_ui(ui, ICON_DELETE, "Clear the drawing").clicked() {
            cx.playground.drawing.strokes.clear();
            cx.playground.is_example = false;
        }
    });
}
