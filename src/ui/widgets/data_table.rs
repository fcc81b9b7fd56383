//! A table of any length, of which only what is in view costs anything. Numbers stand at the right of their column and are
//! never cut: a column that is partly out of view shows an ellipsis.

use eframe::egui::{
    Align2, Id, Popup, Rect, Response, Role, ScrollArea, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use super::cut_text::cut_text;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

const ROW: f32 = 20.0;
/// Between two columns.
const GAP: f32 = 3.0 * GRID;
/// Room for a scroll bar.
const BAR: f32 = 12.0;
const LEAST: f32 = 28.0;
/// Part of the width there is that a column of texts may take, within limits.
const MOST_SHARE: f32 = 0.3;
const MOST_TEXT: [f32; 2] = [96.0, 220.0];
/// The longest name of a column of numbers, which may be wider than they are.
const MOST_HEAD: f32 = 152.0;

/// Rows that are looked at to find how wide a column has to be, besides those that have been in view.
const MEASURED: usize = 40;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Texts.
    Texts,
    /// Numbers, which are aligned at the right.
    Numbers,
    /// Pictures of this width.
    Pictures(u16),
}

/// A column: what stands above it, and what it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The text above the column.
    pub name: String,
    /// What stands below it.
    pub cells: Cells,
}

impl Head {
    /// A column of numbers.
    pub fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), cells: Cells::Numbers }
    }

    /// A column of texts.
    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), cells: Cells::Texts }
    }

    /// A column of pictures of this width, which [`DataTable::pictures`] paints.
    pub fn pictures(name: impl Into<String>, width: u16) -> Self {
        Self { name: name.into(), cells: Cells::Pictures(width) }
    }

    fn is_number(&self) -> bool {
        self.cells == Cells::Numbers
    }
}

/// Paints a picture of a row into its cell.
type Painter<'a> = &'a dyn Fn(&Ui, Rect, usize);

/// What pressing a row or the name of a column does.
pub trait TableEvents {
    /// A row was drawn.
    fn row(&mut self, response: &Response, row: usize);

    /// The name of a column was pressed.
    fn head(&mut self, _column: usize) {}

    /// Whether a row is one of those that are selected.
    fn is_selected(&self, _row: usize) -> bool {
        false
    }

    /// The column by which the rows are sorted, and whether the largest come first.
    fn order(&self) -> Option<(usize, bool)> {
        None
    }
}

/// A menu for each row, which a click opens.
struct RowMenu<F>(F);

impl<F: FnMut(&mut Ui, usize)> TableEvents for RowMenu<F> {
    fn row(&mut self, response: &Response, row: usize) {
        Popup::menu(response).show(|ui| (self.0)(ui, row));
    }
}

/// A table to be shown.
pub struct DataTable<'a> {
    heads: &'a [Head],
    rows: usize,
    cell: &'a dyn Fn(usize, usize) -> String,
    paint: Option<Painter<'a>>,
    widths: Vec<f32>,
}

impl<'a> DataTable<'a> {
    /// A table of so many rows, whose cells `cell` writes.
    pub fn new(heads: &'a [Head], rows: usize, cell: &'a dyn Fn(usize, usize) -> String) -> Self {
        Self { heads, rows, cell, paint: None, widths: Vec::new() }
    }

    /// With pictures in the columns that are made for them.
    #[must_use]
    pub fn pictures(self, paint: Painter<'a>) -> Self {
        Self { paint: Some(paint), ..self }
    }

    /// Shows the table, which scrolls both ways. `name` is read by screen readers.
    pub fn ui(self, ui: &mut Ui, name: &str) {
        self.show(ui, name, None);
    }

    /// The same with a menu for each row, which a click opens.
    pub fn ui_with_menu(self, ui: &mut Ui, name: &str, menu: &mut dyn FnMut(&mut Ui, usize)) {
        self.show(ui, name, Some(&mut RowMenu(menu)));
    }

    /// The same with rows and names that can be pressed.
    pub fn ui_with(self, ui: &mut Ui, name: &str, events: &mut dyn TableEvents) {
        self.show(ui, name, Some(events));
    }

    fn show(mut self, ui: &mut Ui, name: &str, mut events: Option<&mut dyn TableEvents>) {
        let id = ui.make_persistent_id(("column widths", name));
        self.widths = self.widths(ui, id);
        let total = self.widths.iter().map(|width| width + GAP).sum::<f32>() - GAP + BAR;
        let palette = Palette::of(ui);
        ui.spacing_mut().item_spacing.y = 0.0;
        let sense = if events.is_some() { Sense::click() } else { Sense::hover() };
        let order = events.as_ref().and_then(|events| events.order());
        ScrollArea::horizontal().id_salt(name).auto_shrink(false).show(ui, |ui| {
            let width = total.max(ui.available_width());
            let (head, _) = ui.allocate_exact_size(vec2(total, ROW), Sense::hover());
            self.line_ui(ui, head, None);
            if let Some(events) = &mut events {
                self.heads_ui(ui, head, order, &mut **events);
            }
            ui.painter().hline(head.left()..=head.left() + width, head.bottom(), (1.0, palette.faint));
            ui.add_space(GRID);
            let height = ui.available_height() - BAR;
            let rows_ui = ScrollArea::vertical().auto_shrink(false).max_height(height);
            let shown = rows_ui.show_rows(ui, ROW, self.rows, |ui, shown| {
                for row in shown.clone() {
                    let (line, response) = ui.allocate_exact_size(vec2(total, ROW), sense);
                    let is_selected = events.as_ref().is_some_and(|events| events.is_selected(row));
                    response.widget_info(|| match events.is_some() {
                        true => WidgetInfo::selected(Role::Button, true, is_selected, tr(self.sentence(row))),
                        false => WidgetInfo::labeled(Role::Row, true, tr(self.sentence(row))),
                    });
                    if is_selected || events.is_some() && (response.hovered() || response.has_focus()) {
                        ui.painter().rect_filled(
                            line,
                            2.0,
                            palette.faint.gamma_multiply(if is_selected { 0.8 } else { 0.5 }),
                        );
                    }
                    self.line_ui(ui, line, Some(row));
                    if let Some(events) = &mut events {
                        events.row(&response, row);
                    }
                }
                shown
            });
            self.remember(ui, id, shown.inner);
        });
    }
}

/// Shows `rows` rows, whose cells `cell` writes, and scrolls both ways. `name` is read by screen readers.
pub fn data_table_ui(ui: &mut Ui, name: &str, heads: &[Head], rows: usize, cell: &dyn Fn(usize, usize) -> String) {
    DataTable::new(heads, rows, cell).ui(ui, name);
}

/// The widest numbers that have been in view, of a table of so many columns and rows.
#[derive(Clone, Default)]
struct Seen {
    of: (usize, usize),
    widths: Vec<f32>,
}

impl DataTable<'_> {
    fn sentence(&self, row: usize) -> String {
        let texts = self.heads.iter().enumerate().map(|(at, head)| (&head.name, (self.cell)(row, at)));
        let cells = texts.filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}"));
        cells.collect::<Vec<_>>().join(", ")
    }

    /// Names of columns that can be pressed, and the mark of the one that sorts.
    fn heads_ui(&self, ui: &mut Ui, line: Rect, order: Option<(usize, bool)>, events: &mut dyn TableEvents) {
        let mut left = line.left();
        for (column, (head, width)) in self.heads.iter().zip(&self.widths).enumerate() {
            let place = Rect::from_min_size(pos2(left, line.top()), vec2(*width, line.height()));
            left += width + GAP;
            if head.name.is_empty() {
                continue;
            }
            let response = ui.interact(place, ui.scope_id().with(("head", column)), Sense::click());
            let sorted = order.filter(|(by, _)| *by == column).map(|(_, is_descending)| is_descending);
            let way = sorted.map_or("", |is_descending| if is_descending { ", descending" } else { ", ascending" });
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, tr(format!("Sort by {}{way}", head.name))));
            let color =
                if response.hovered() || response.has_focus() { Palette::of(ui).text } else { Palette::of(ui).accent };
            if sorted.is_some() || response.hovered() || response.has_focus() {
                ui.painter().hline(place.x_range(), place.bottom() - 1.0, (1.5, color));
            }
            if let Some(is_descending) = sorted {
                let (at, way) =
                    (pos2(place.right() + GAP / 2.0, place.center().y), if is_descending { 3.0 } else { -3.0 });
                let corners = vec![at + vec2(-3.5, -way), at + vec2(3.5, -way), at + vec2(0.0, way)];
                ui.painter().add(Shape::convex_polygon(corners, color, Stroke::NONE));
            }
            if response.clicked() {
                events.head(column);
            }
        }
    }

    /// The line of a row, or that of the names.
    fn line_ui(&self, ui: &Ui, line: Rect, row: Option<usize>) {
        let palette = Palette::of(ui);
        let color = if row.is_none() { palette.muted } else { palette.text };
        let view = ui.clip_rect();
        let view = view.with_max_x(view.right() - BAR);
        let mut left = line.left();
        for (column, (head, width)) in self.heads.iter().zip(&self.widths).enumerate() {
            let place = Rect::from_min_size(pos2(left, line.top()), vec2(*width, line.height()));
            left += width + GAP;
            let seen = place.with_min_x(place.left().max(view.left())).with_max_x(place.right().min(view.right()));
            if seen.width() < GAP {
                continue;
            }
            if let (Cells::Pictures(_), Some(row), Some(paint)) = (head.cells, row, self.paint) {
                if seen.width() > width - 1.0 {
                    paint(ui, place, row);
                }
                continue;
            }
            let text = row.map_or_else(|| head.name.clone(), |row| (self.cell)(row, column));
            let is_whole = seen.width() > width - 1.0;
            let align = if head.is_number() { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            match (row.is_some() && head.is_number(), is_whole) {
                // A frame may come before the column is wide enough; the gap has room for a digit.
                (true, true) => _ = ui.painter().text(place.right_center(), align, tr(text), theme::body_font(), color),
                (true, false) if text.is_empty() => {}
                (true, false) => _ = cut_text(ui, seen, Align2::CENTER_CENTER, "…", theme::body_font(), palette.muted),
                (false, _) => _ = cut_text(ui, seen, align, &text, theme::body_font(), color),
            }
        }
    }

    /// As wide as what stands in each column, as far as it has been looked at.
    fn widths(&self, ui: &Ui, id: Id) -> Vec<f32> {
        let seen: Seen = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let seen = if seen.of == (self.heads.len(), self.rows) { seen.widths } else { Vec::new() };
        let most = (ui.available_width() * MOST_SHARE).clamp(MOST_TEXT[0], MOST_TEXT[1]);
        let step = (self.rows / MEASURED).max(1);
        let of = |(column, head): (usize, &Head)| {
            let cells = (0..self.rows).step_by(step).map(|row| text_width(ui, (self.cell)(row, column)));
            let cells = cells.fold(seen.get(column).copied().unwrap_or(0.0), f32::max);
            let name = text_width(ui, head.name.clone());
            match head.cells {
                Cells::Numbers => cells.max(name.min(MOST_HEAD)).max(LEAST),
                Cells::Texts => cells.max(name).clamp(LEAST, most),
                Cells::Pictures(width) => name.max(f32::from(width)),
            }
        };
        self.heads.iter().enumerate().map(of).collect()
    }

    /// Keeps the widths of the numbers in view, among which may be longer ones than were looked at.
    fn remember(&self, ui: &Ui, id: Id, rows: std::ops::Range<usize>) {
        let widest = |(column, (head, width)): (usize, (&Head, &f32))| match head.is_number() {
            true => rows.clone().map(|row| text_width(ui, (self.cell)(row, column))).fold(*width, f32::max),
            false => 0.0,
        };
        let widths: Vec<f32> = self.heads.iter().zip(&self.widths).enumerate().map(widest).collect();
        if self.widths.iter().zip(&widths).any(|(before, now)| now > before) {
            ui.request_repaint();
        }
        ui.data_mut(|data| data.insert_temp(id, Seen { of: (self.heads.len(), self.rows), widths }));
    }
}

fn text_width(ui: &Ui, text: String) -> f32 {
    ui.painter().layout_no_wrap(tr(text).into_owned(), theme::body_font(), Palette::of(ui).text).size().x
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn a_row_is_read_with_the_names_of_its_columns_and_only_those_in_view_are_made() {
        let mut harness =
            Harness::builder().with_size([300.0, 100.0]).with_context_setup(theme::install).build_ui(|ui| {
                let heads = [Head::text("kind"), Head::number("weight")];
                data_table_ui(ui, "rows", &heads, 100_000, &|row, column| match column {
                    0 => "cat".to_owned(),
                    _ => row.to_string(),
                });
            });
        harness.run();
        harness.get_by_label("kind cat, weight 0");
        assert!(harness.query_by_label("kind cat, weight 50").is_none());
    }

    #[test]
    fn a_number_that_none_of_the_measured_rows_has_is_shown_whole_when_it_comes_into_view() {
        let mut harness =
            Harness::builder().with_size([300.0, 200.0]).with_context_setup(theme::install).build_ui(|ui| {
                let heads = [Head::text("kind"), Head::number("weight")];
                data_table_ui(ui, "rows", &heads, 100_000, &|row, column| match (column, row) {
                    (0, _) => "cat".to_owned(),
                    (_, 3) => "-1,234,567".to_owned(),
                    _ => "1".to_owned(),
                });
            });
        harness.run();
        let texts = harness.output().shapes.iter().filter_map(|shape| match &shape.shape {
            eframe::egui::Shape::Text(text) => Some((text.galley.text(), text.visual_bounding_rect(), shape.clip_rect)),
            _ => None,
        });
        let (_, ink, clip) = texts.into_iter().find(|(text, ..)| *text == "-1,234,567").unwrap();
        assert!(clip.contains_rect(ink), "{ink:?} in {clip:?}");
    }
}
