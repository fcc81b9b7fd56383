//! What each layer costs, stacked: parameters, multiply-adds, memory, and the measured time of a step.

use std::sync::Arc;

use eframe::egui::{self, Align, Label, Layout, Rect, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::ICON_EXPAND_MORE;

use crate::explain::budget::{Budget, LayerCost};
use crate::language::tr;
use crate::project::Project;
use crate::project::problems::in_words;
use crate::ui::jobs::budget::BudgetQuery;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::numbers::{percent, significant, thousands};

/// Height of a row: its name and total, and the bar below.
const ROW: f32 = 32.0;
const LINE: f32 = 20.0;
const BAR: f32 = 8.0;

/// Height of all of it.
pub const HEIGHT: f32 = 4.0 * ROW + FOOT + 6.0 * GRID;
const FOOT: f32 = 28.0;

/// The part below the cards.
#[derive(Default)]
pub struct BudgetView {
    /// Whether it is unfolded.
    pub is_open: bool,
    /// The project that was asked about last.
    project: Option<Arc<Project>>,
    /// How often somebody wanted the time to be measured; nothing if it is not.
    measurement: Option<u64>,
    /// Whether it is measured although a run trains.
    is_forced: bool,
}

/// A part of a bar.
struct Piece {
    /// What the pointer tells of it.
    text: String,
    size: f64,
    /// The layer, or nothing for what belongs to none.
    layer: Option<usize>,
}

/// A bar with its name and total.
struct Bar {
    name: &'static str,
    total: String,
    pieces: Vec<Piece>,
}

impl BudgetView {
    /// Draws the bars.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let budget = self.ask(ui, cx);
        let budget = budget.as_ref();
        for bar in bars(cx, budget) {
            let is_time = bar.name == TIME;
            let measure = is_time.then_some(&mut *self);
            bar_ui(ui, &bar, |ui| {
                if let Some(view) = measure.filter(|_| budget.is_none_or(|budget| budget.timing.is_none())) {
                    view.measure_ui(ui, cx.session.is_on());
                }
            });
        }
        let text = match budget.and_then(|budget| Some((budget, budget.timing?))) {
            Some((budget, timing)) => {
                let threads =
                    if timing.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", timing.threads) };
                format!("{} steps, batch {}, {threads}", timing.steps, budget.batch)
            }
            None => "Point at a bar: each part is a layer.".to_owned(),
        };
        let row = vec2(ui.available_width(), FOOT);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            if icon_button_ui(ui, ICON_EXPAND_MORE, "Fold what each layer costs").clicked() {
                self.is_open = false;
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add_space(2.0 * GRID);
                ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).truncate());
            });
        });
    }

    /// The costs of the project as it is.
    fn ask(&mut self, ui: &Ui, cx: &mut Cx<'_>) -> Option<Budget> {
        if self.project.as_deref() != Some(&*cx.project) {
            self.project = Some(Arc::new(cx.project.clone()));
        }
        let is_on = cx.session.is_on();
        self.is_forced &= is_on;
        let measurement = self.measurement.filter(|_| !is_on || self.is_forced);
        let (project, dataset) = (self.project.clone()?, cx.session.dataset().cloned()?);
        let latest = cx.derived.budget.ask(ui.ctx(), BudgetQuery { project, dataset, measurement })?;
        latest.answer.clone()
    }

    fn measure_ui(&mut self, ui: &mut Ui, is_on: bool) {
        let is_measuring = self.measurement.is_some() && (!is_on || self.is_forced);
        if is_measuring {
            ui.spinner()
                .widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, tr("The layers are measured")));
            return;
        }
        let help = if is_on {
            "Takes some steps on a copy of the network. A run trains, and both take longer meanwhile."
        } else {
            "Takes some steps on a copy of the network, and again after each change of it; the mean of the middle half counts."
        };
        if ui.small_button(tr("Measure")).on_hover_text(tr(help)).clicked() {
            self.measurement = Some(self.measurement.unwrap_or(0) + 1);
            self.is_forced = is_on;
        }
    }
}

const TIME: &str = "Time of a step";

fn bars(cx: &Cx<'_>, budget: Option<&Budget>) -> [Bar; 4] {
    let whole = cx.shapes.is_whole();
    let layers = budget.map_or(&[][..], |budget| &budget.layers);
    let bar = |name, total: String, size: &dyn Fn(&LayerCost) -> f64, text: &dyn Fn(&LayerCost) -> String| {
        let sum: f64 = layers.iter().map(size).sum();
        let piece = |(at, layer): (usize, &LayerCost)| Piece {
            text: format!("{}: {}, {}", title(layer), text(layer), percent(size(layer) / sum.max(f64::MIN_POSITIVE))),
            size: size(layer),
            layer: Some(at),
        };
        Bar { name, total, pieces: layers.iter().enumerate().map(piece).collect() }
    };
    let (params, work) = cx.shapes.totals();
    let known = |text: String, is_known: bool| if is_known { text } else { "–".to_owned() };
    let bytes = budget.map(|budget| budget.layers.iter().map(|layer| layer.bytes).sum::<u64>() + budget.shared_bytes);
    let mut memory = bar(
        "Memory of a training",
        bytes.map_or_else(|| "–".to_owned(), in_words),
        &|layer| layer.bytes as f64,
        &|layer| in_words(layer.bytes),
    );
    memory.pieces.extend(budget.map(|budget| Piece {
        text: format!("shared by all layers: {}", in_words(budget.shared_bytes)),
        size: budget.shared_bytes as f64,
        layer: None,
    }));
    [
        bar("Parameters", known(thousands(params as f64), whole), &|layer| layer.params as f64, &|layer| {
            thousands(layer.params as f64)
        }),
        bar("Multiply-adds", known(thousands(work as f64), whole), &|layer| layer.multiply_adds as f64, &|layer| {
            thousands(layer.multiply_adds as f64)
        }),
        memory,
        time_bar(budget),
    ]
}

/// Of the whole step, with what belongs to no layer.
fn time_bar(budget: Option<&Budget>) -> Bar {
    let Some((budget, timing)) = budget.and_then(|budget| Some((budget, budget.timing?))) else {
        return Bar { name: TIME, total: String::new(), pieces: Vec::new() };
    };
    let share = |seconds: f64| percent(seconds / timing.step.max(f64::MIN_POSITIVE));
    let piece = |(at, layer): (usize, &LayerCost)| {
        let time = layer.time?;
        let [forward, backward, update] = [time.forward, time.backward, time.update].map(milliseconds);
        let text = format!(
            "{}: {}, {} of a step: forward {forward}, backward {backward}, update {update}",
            title(layer),
            milliseconds(time.total()),
            share(time.total())
        );
        Some(Piece { text, size: time.total(), layer: Some(at) })
    };
    let mut pieces: Vec<Piece> = budget.layers.iter().enumerate().filter_map(piece).collect();
    let rest = budget.rest().unwrap_or(0.0);
    let text = format!("samples, loss and waiting: {}, {} of a step", milliseconds(rest), share(rest));
    pieces.push(Piece { text, size: rest, layer: None });
    Bar { name: TIME, total: milliseconds(timing.step), pieces }
}

fn milliseconds(seconds: f64) -> String {
    format!("{} ms", significant(1e3 * seconds))
}

fn title(layer: &LayerCost) -> String {
    format!("{} {}", layer.name, layer.detail).trim().to_owned()
}

fn bar_ui(ui: &mut Ui, bar: &Bar, at_right: impl FnOnce(&mut Ui)) {
    let palette = Palette::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let line = Rect::from_min_size(rect.min, vec2(rect.width(), LINE)).shrink2(vec2(2.0 * GRID, 0.0));
    let text =
        |x, align, text: &str, font, color| ui.painter().text(pos2(x, line.center().y), align, tr(text), font, color);
    text(line.left(), egui::Align2::LEFT_CENTER, bar.name, theme::body_font(), palette.muted);
    let strong = theme::strong_font(theme::BODY);
    text(line.right(), egui::Align2::RIGHT_CENTER, &bar.total, strong, palette.text);
    let mut right = ui.new_child(egui::UiBuilder::new().max_rect(line).layout(Layout::right_to_left(Align::Center)));
    at_right(&mut right);
    let place = Rect::from_min_size(pos2(line.left(), line.bottom()), vec2(line.width(), BAR));
    let response = ui.interact(place.expand2(vec2(0.0, 2.0)), ui.scope_id().with(("budget", bar.name)), Sense::hover());
    ui.painter().rect_filled(place, 2.0, palette.sunken);
    let sum: f64 = bar.pieces.iter().map(|piece| piece.size).sum();
    let pointer = response.hover_pos();
    let (mut x, mut told) = (place.left(), None);
    for piece in bar.pieces.iter().filter(|piece| piece.size > 0.0) {
        let width = place.width() * (piece.size / sum) as f32;
        let part = Rect::from_min_size(pos2(x, place.top()), vec2(width, BAR));
        x += width;
        let color = piece.layer.map_or(palette.line, |layer| palette.class(layer));
        // A gap between two, where there is room for one.
        let gap = if width > 3.0 { 1.0 } else { 0.0 };
        ui.painter().rect_filled(part.with_max_x(part.right() - gap), 1.0, color);
        if pointer.is_some_and(|at| (part.left()..part.right()).contains(&at.x)) {
            told = Some(piece.text.clone());
        }
    }
    let pieces = bar.pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join("; ");
    response
        .widget_info(|| WidgetInfo::labeled(Role::Image, true, tr(format!("{} {}: {pieces}", bar.name, bar.total))));
    if let Some(text) = told {
        response.on_hover_text_at_pointer(text);
    }
}
