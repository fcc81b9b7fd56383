//! The confusion matrix: true class by row, predicted class by column. Only mistakes have color: the diagonal would drown
//! them.

use eframe::egui::{
    self, Align2, EventFilter, Id, Key, Mesh, Painter, Pos2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo,
    accesskit, pos2, vec2,
};
use ndarray::Array2;

use super::cut_text::cut_text;
use super::{chart_file, numbers, scale};
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

const NAME_ROW: f32 = 20.0;
const MOST_LABEL: f32 = 96.0;
const MOST_CELL: f32 = 64.0;
/// Room for "predicted" and the scale.
const HEAD: f32 = 264.0;

/// A cell: the true class and the predicted one.
pub type Cell = (usize, usize);

/// Counts of true (rows) against predicted classes (columns). Can be walked with the arrow keys; Enter is a click.
#[must_use = "Call `show`"]
pub struct ConfusionHeatmap<'a, S> {
    counts: &'a Array2<u32>,
    names: &'a [S],
    selected: Option<Cell>,
    empty_text: &'a str,
}

/// The result of drawing a confusion matrix.
pub struct HeatmapResponse {
    /// The response of the whole widget.
    pub response: Response,
    /// The cell that was clicked in this frame.
    pub clicked: Option<Cell>,
}

/// Where everything is.
struct Grid {
    origin: Pos2,
    cell: egui::Vec2,
    n: usize,
}

impl<'a, S: AsRef<str>> ConfusionHeatmap<'a, S> {
    /// A heatmap of `[true class, predicted class]` counts.
    pub fn new(counts: &'a Array2<u32>, names: &'a [S]) -> Self {
        Self { counts, names, selected: None, empty_text: "Mistakes appear here after the first epoch" }
    }

    /// A cell to outline. Default: none.
    pub fn selected(mut self, cell: Option<Cell>) -> Self {
        self.selected = cell;
        self
    }

    /// What to read where nothing was counted yet. Default: that mistakes appear after the first epoch.
    pub fn empty_text(mut self, text: &'a str) -> Self {
        self.empty_text = text;
        self
    }

    /// Takes all the space there is.
    pub fn show(self, ui: &mut Ui) -> HeatmapResponse {
        let n = self.names.len().min(self.counts.nrows()).min(self.counts.ncols());
        let begin = chart_file::begin(ui);
        let (rect, response) = ui.allocate_exact_size(ui.available_size().max(vec2(120.0, 120.0)), Sense::click());
        let grid = self.layout(ui, rect, n);
        let is_empty = self.counts.iter().all(|count| *count == 0);
        let pointed = response.hover_pos().and_then(|pointer| grid.at(pointer));
        let walked = if is_empty { None } else { walk(ui, &response, n) };
        let clicked = if response.clicked() { pointed.or(walked) } else { None };

        self.paint_names(ui, rect, &grid, pointed.or(walked));
        self.paint_cells(ui.painter(), Palette::of(ui), &grid);
        let palette = Palette::of(ui);
        let outline = |cell, stroke| ui.painter().rect_stroke(grid.rect(cell), 2.0, stroke, egui::StrokeKind::Outside);
        if let Some(cell) = self.selected.filter(|cell| cell.0 < n && cell.1 < n) {
            outline(cell, Stroke::new(2.0, palette.accent));
        }
        if let Some(cell) = pointed.or(walked).filter(|_| !is_empty) {
            outline(cell, Stroke::new(1.5, palette.text));
        }
        if is_empty {
            let center = grid.bounds().center();
            ui.painter().text(center, Align2::CENTER_CENTER, tr(self.empty_text), theme::body_font(), palette.muted);
        }
        self.describe(ui, &response, walked);
        chart_file::menu_ui(ui, &response, begin, rect, "Confusion matrix", || self.csv());
        let response = match pointed.filter(|_| !is_empty) {
            Some(cell) => response.on_hover_ui_at_pointer(|ui| {
                ui.label(tr(self.sentence(cell)));
            }),
            None => response,
        };
        HeatmapResponse { response, clicked: clicked.filter(|_| !is_empty) }
    }

    /// A row for each true class, a column for each predicted one.
    fn csv(&self) -> String {
        let name = |name: &S| name.as_ref().to_owned();
        let head =
            std::iter::once("true / predicted".to_owned()).chain(self.names.iter().map(name)).collect::<Vec<_>>();
        let rows =
            self.counts.rows().into_iter().zip(self.names).map(|(counts, of)| {
                std::iter::once(name(of)).chain(counts.iter().map(u32::to_string)).collect::<Vec<_>>()
            });
        chart_file::csv_text(std::iter::once(head).chain(rows))
    }

    /// "23 of the 982 samples of “4” were predicted as “9” (2.3 %)".
    fn sentence(&self, (truth, predicted): Cell) -> String {
        let count = self.counts[[truth, predicted]];
        let total: u32 = self.counts.row(truth).sum();
        let share = numbers::percent(f64::from(count) / f64::from(total.max(1)));
        let of = format!("{} of the {}", numbers::thousands(count.into()), numbers::thousands(total.into()));
        let (truth_name, predicted_name) = (self.names[truth].as_ref(), self.names[predicted].as_ref());
        if truth == predicted {
            format!("{of} samples of “{truth_name}” were predicted correctly ({share})")
        } else {
            format!("{of} samples of “{truth_name}” were predicted as “{predicted_name}” ({share})")
        }
    }

    fn describe(&self, ui: &Ui, response: &Response, walked: Option<Cell>) {
        response.widget_info(|| WidgetInfo::labeled(Role::Table, ui.is_enabled(), tr("Confusion matrix")));
        let Some(cell) = walked else { return };
        let sentence = self.sentence(cell);
        ui.ctx().accesskit_node_builder(response.id, |node: &mut accesskit::Node| node.set_value(sentence.as_str()));
        egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), response.id.with("walked"), response.rect)
            .show(|ui| ui.label(tr(sentence)));
    }

    fn layout(&self, ui: &Ui, rect: Rect, n: usize) -> Grid {
        let width = |name: &S| text_width(ui, name.as_ref());
        let label = self.names.iter().map(width).fold(text_width(ui, "true"), f32::max).min(MOST_LABEL) + 2.0 * GRID;
        let origin = rect.min + vec2(label.ceil(), 2.0 * NAME_ROW);
        let cell = (rect.max - origin) / n.max(1) as f32;
        // Wider than high at most so much that rows and columns stay alike.
        let height = cell.y.min(MOST_CELL).floor().max(2.0);
        Grid { origin, cell: vec2(cell.x.min(height * 1.75).floor().max(2.0), height), n }
    }

    fn paint_names(&self, ui: &Ui, rect: Rect, grid: &Grid, pointed: Option<Cell>) {
        let palette = Palette::of(ui);
        let painter = ui.painter();
        let bounds = grid.bounds();
        let font = |is_strong: bool| if is_strong { theme::strong_font(theme::BODY) } else { theme::body_font() };
        let color = |is_strong: bool| if is_strong { palette.text } else { palette.muted };
        let y = bounds.top() - 1.5 * NAME_ROW;
        painter.text(pos2(bounds.left(), y), Align2::LEFT_CENTER, tr("predicted"), font(false), palette.muted);
        let corner = pos2(bounds.left() - 2.0 * GRID, bounds.top() - NAME_ROW / 2.0);
        painter.text(corner, Align2::RIGHT_CENTER, tr("true"), font(false), palette.muted);
        // A matrix of two classes may be narrower than the scale and the word beside it.
        let right = bounds.right().max(bounds.left() + HEAD).min(rect.right());
        let name = if right - bounds.left() < HEAD { "0" } else { "mistakes 0" };
        self.paint_scale(ui, pos2(right, y), name);
        // Where cells are lower or narrower than a name, only every n-th name is written.
        let every = |cell: f32, room: f32| (room / cell).ceil().max(1.0) as usize;
        for class in (0..grid.n).step_by(every(grid.cell.y, 15.0)) {
            let is_strong = pointed.is_some_and(|(truth, _)| truth == class);
            let row = grid.rect((class, 0));
            let place = Rect::from_x_y_ranges(rect.left()..=bounds.left() - 2.0 * GRID, row.y_range());
            let name = self.names[class].as_ref();
            cut_text(ui, place, Align2::RIGHT_CENTER, name, font(is_strong), color(is_strong));
        }
        for class in (0..grid.n).step_by(every(grid.cell.x, 12.0)) {
            let is_strong = pointed.is_some_and(|(_, predicted)| predicted == class);
            let center = pos2(grid.rect((0, class)).center().x, bounds.top() - NAME_ROW / 2.0);
            let place = Rect::from_center_size(center, vec2(grid.cell.x.max(12.0) - 2.0, NAME_ROW));
            let name = self.names[class].as_ref();
            cut_text(ui, place, Align2::CENTER_CENTER, name, font(is_strong), color(is_strong));
        }
    }

    /// The colors and the number that the strongest of them stands for, right-aligned.
    fn paint_scale(&self, ui: &Ui, right_center: Pos2, name: &str) {
        let palette = Palette::of(ui);
        let painter = ui.painter();
        let text = numbers::thousands(self.most_mistakes().into());
        let text = painter.text(right_center, Align2::RIGHT_CENTER, tr(text), theme::body_font(), palette.muted);
        let bar = Rect::from_center_size(pos2(text.left() - 36.0, right_center.y), vec2(56.0, 8.0));
        scale::paint_ramp(painter, bar, |share| theme::amount(palette, share.sqrt()));
        painter.text(
            bar.left_center() - vec2(GRID, 0.0),
            Align2::RIGHT_CENTER,
            tr(name),
            theme::body_font(),
            palette.muted,
        );
    }

    fn paint_cells(&self, painter: &Painter, palette: &Palette, grid: &Grid) {
        let most = self.most_mistakes().max(1) as f32;
        let font = theme::body_font();
        let has_room = |count: u32| {
            let text = painter.layout_no_wrap(numbers::thousands(count.into()), font.clone(), palette.text).size();
            text.x + 2.0 <= grid.cell.x && text.y <= grid.cell.y + 2.0
        };
        // Mistakes are what one reads here, and fewer: they are written where the diagonal's numbers are too long.
        let has_mistakes = has_room(self.most_mistakes());
        let has_diagonal = has_mistakes && has_room(self.counts.diag().iter().max().copied().unwrap_or(0));
        let gap = if grid.cell.min_elem() > 6.0 { 1.0 } else { 0.0 };
        let mut mesh = Mesh::default();
        for ((truth, predicted), count) in self.counts.indexed_iter() {
            if truth >= grid.n || predicted >= grid.n {
                continue;
            }
            let mut rect = grid.rect((truth, predicted));
            rect.max -= vec2(gap, gap);
            // The root lifts the many small counts out of the ground.
            let fill = match truth == predicted {
                true => palette.raised,
                false => theme::amount(palette, (*count as f32 / most).sqrt()),
            };
            mesh.add_colored_rect(rect, fill);
        }
        painter.add(mesh);
        for ((truth, predicted), count) in self.counts.indexed_iter().filter(|(_, count)| **count > 0) {
            let is_right = truth == predicted;
            if truth < grid.n && predicted < grid.n && if is_right { has_diagonal } else { has_mistakes } {
                let fill = theme::amount(palette, (*count as f32 / most).sqrt());
                let color = if is_right { palette.muted } else { theme::text_on(fill) };
                let center = grid.rect((truth, predicted)).center();
                let text = numbers::thousands((*count).into());
                painter.text(center, Align2::CENTER_CENTER, tr(text), font.clone(), color);
            }
        }
    }

    fn most_mistakes(&self) -> u32 {
        let mistakes = self.counts.indexed_iter().filter(|((truth, predicted), _)| truth != predicted);
        mistakes.map(|(_, count)| *count).max().unwrap_or(0)
    }
}

impl Grid {
    fn rect(&self, (truth, predicted): Cell) -> Rect {
        Rect::from_min_size(self.origin + self.cell * vec2(predicted as f32, truth as f32), self.cell)
    }

    fn bounds(&self) -> Rect {
        Rect::from_min_size(self.origin, self.cell * self.n as f32)
    }

    fn at(&self, pointer: Pos2) -> Option<Cell> {
        let place = (pointer - self.origin) / self.cell;
        let is_inside = |place: f32| place >= 0.0 && place < self.n as f32;
        (is_inside(place.x) && is_inside(place.y)).then_some((place.y as usize, place.x as usize))
    }
}

/// The cell that the arrow keys stand on, while the matrix has the focus.
fn walk(ui: &Ui, response: &Response, n: usize) -> Option<Cell> {
    let id: Id = response.id.with("cell");
    if !response.has_focus() || n == 0 {
        return None;
    }
    let keys = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
    let (mut truth, mut predicted) = ui.data(|data| data.get_temp(id)).unwrap_or((0, 0));
    ui.input(|input| {
        let step = |place: usize, less, more| {
            (place + input.num_presses(more)).saturating_sub(input.num_presses(less)).min(n - 1)
        };
        truth = step(truth, Key::ArrowUp, Key::ArrowDown);
        predicted = step(predicted, Key::ArrowLeft, Key::ArrowRight);
    });
    ui.data_mut(|data| data.insert_temp(id, (truth, predicted)));
    Some((truth, predicted))
}

fn text_width(ui: &Ui, text: &str) -> f32 {
    ui.painter().layout_no_wrap(tr(text).into_owned(), theme::strong_font(theme::BODY), Palette::of(ui).text).size().x
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    const NAMES: [&str; 3] = ["0", "1", "2"];

    fn matrix() -> Array2<u32> {
        ndarray::arr2(&[[90, 4, 6], [0, 100, 0], [1, 23, 76]])
    }

    fn heatmap() -> Harness<'static, Option<Cell>> {
        let app = |ui: &mut Ui, clicked: &mut Option<Cell>| {
            let answer = ConfusionHeatmap::new(&matrix(), &NAMES).show(ui).clicked;
            *clicked = answer.or(*clicked);
        };
        let mut harness =
            Harness::builder().with_context_setup(theme::install).with_size([320.0, 240.0]).build_ui_state(app, None);
        harness.run();
        harness
    }

    fn cell(harness: &Harness<'_, Option<Cell>>, cell: Cell) -> Pos2 {
        let counts = matrix();
        let rect = harness.get_by_label("Confusion matrix").rect();
        // The same arithmetic as the widget's, from its outer rectangle.
        let origin = rect.min + vec2(rect.width() * 0.0, 2.0 * NAME_ROW);
        let height = ((rect.bottom() - origin.y) / counts.nrows() as f32).min(MOST_CELL).floor();
        pos2(rect.left() + 60.0 + cell.1 as f32 * (height * 1.75).floor(), origin.y + (cell.0 as f32 + 0.5) * height)
    }

    #[test]
    fn a_click_gives_the_cell() {
        let mut harness = heatmap();
        let place = cell(&harness, (2, 1));
        harness.drag_at(place);
        harness.drop_at(place);
        harness.run();
        assert_eq!(*harness.state(), Some((2, 1)));
    }

    #[test]
    fn arrow_keys_walk_and_enter_clicks() {
        let mut harness = heatmap();
        harness.get_by_label("Confusion matrix").focus();
        harness.run();
        for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowDown, Key::ArrowRight] {
            harness.key_press(key);
            harness.run();
        }
        let value = harness.get_by_label("Confusion matrix").value();
        assert_eq!(value.as_deref(), Some("23 of the 100 samples of “2” were predicted as “1” (23.0 %)"));
        harness.key_press(Key::Enter);
        harness.run();
        assert_eq!(*harness.state(), Some((2, 1)));
    }

    #[test]
    fn nothing_counted_and_no_classes_are_fine() {
        let mut harness = Harness::builder().with_context_setup(theme::install).build_ui(|ui| {
            ConfusionHeatmap::new(&Array2::zeros((2, 2)), &["a", "b"]).show(ui);
            ConfusionHeatmap::new(&Array2::zeros((0, 0)), &[] as &[&str]).show(ui);
        });
        harness.run();
    }
}
