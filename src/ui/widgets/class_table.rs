//! Precision, recall and F1 of every class, and which class is worst.

use eframe::egui::{Align2, Pos2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::cut_text::cut_text;
use super::numbers;
use super::term::mark_term;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

const ROW: f32 = 20.0;
/// A number with its gap.
const COLUMN: f32 = 68.0;
const LEAST_COLUMN: f32 = 56.0;
/// Room for the name of a class and the mark of the worst one.
const NAME: f32 = 92.0;

const HEAD: [&str; 5] = ["class", "precision", "recall", "F1", "samples"];

/// One class; a share is `None` where it is not defined, as the precision of a class that was never predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassRow<'a> {
    /// The name of the class.
    pub name: &'a str,
    /// The precision, from 0 to 1.
    pub precision: Option<f32>,
    /// The recall, from 0 to 1.
    pub recall: Option<f32>,
    /// The F1 score, from 0 to 1.
    pub f1: Option<f32>,
    /// How many samples have this class.
    pub samples: usize,
}

/// A table with a row for each class. The lowest F1 is marked.
pub fn class_table_ui(ui: &mut Ui, rows: &[ClassRow<'_>]) -> Response {
    let palette = Palette::of(ui);
    let size = vec2(ui.available_width(), ROW * (rows.len() + 1) as f32 + GRID);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let worst = worst(rows);
    let header = Rect::from_min_size(rect.min, vec2(rect.width(), ROW));
    line_ui(ui, header, HEAD.map(|name| tr(name).into_owned()).each_ref().map(String::as_str), palette.muted, false);
    if let Some(at) = response.hover_pos() {
        let (left, column, shown) = columns(rect);
        let index = ((at.x - left) / column).floor();
        mark_term(&response, HEAD[if index < 0.0 { 0 } else { (index as usize + 1).min(shown) }]);
    }
    ui.painter().hline(rect.x_range(), header.bottom() + 1.0, (1.0, palette.faint));
    for (index, row) in rows.iter().enumerate() {
        let top = header.bottom() + GRID + ROW * index as f32;
        let line = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), ROW));
        let [precision, recall, f1] = [row.precision, row.recall, row.f1].map(share_text);
        let samples = numbers::thousands(row.samples as f64);
        let is_worst = worst == Some(index);
        let color = if is_worst { palette.warning } else { palette.text };
        line_ui(ui, line, [row.name, &precision, &recall, &f1, &samples], color, is_worst);
    }
    response.widget_info(|| {
        let text = worst.map_or("no results yet".to_owned(), |worst| {
            format!("worst is {} with an F1 of {}", rows[worst].name, share_text(rows[worst].f1))
        });
        WidgetInfo::labeled(Role::Table, ui.is_enabled(), tr(format!("Classes: {text}")))
    });
    response
}

/// Where the first column of numbers begins, how wide each is, and how many there are.
fn columns(line: Rect) -> (f32, f32, usize) {
    // Where it is narrow, the number of samples goes first.
    let shown = if line.width() < NAME + 4.0 * LEAST_COLUMN { 3 } else { 4 };
    let column = ((line.width() - NAME) / shown as f32).clamp(LEAST_COLUMN, COLUMN);
    (line.right() - column * shown as f32, column, shown)
}

fn line_ui(ui: &Ui, line: Rect, cells: [&str; 5], color: eframe::egui::Color32, is_worst: bool) {
    let painter = ui.painter();
    let font = if is_worst { theme::strong_font(theme::BODY) } else { theme::body_font() };
    let y = line.center().y;
    let (left, column, n_columns) = columns(line);
    let mark = if is_worst { "← lowest" } else { "" };
    let mark = painter.layout_no_wrap(tr(mark).into_owned(), font.clone(), color);
    let names = Rect::from_min_max(line.min, pos2(left, line.bottom()));
    let name = names.with_max_x(names.right() - mark.size().x - GRID);
    let name = cut_text(ui, name, Align2::LEFT_CENTER, cells[0], font.clone(), color);
    painter.galley(pos2(name.right() + GRID, y - mark.size().y / 2.0), mark, color);
    for (index, cell) in cells[1..=n_columns].iter().enumerate() {
        let right = Pos2::new(left + column * (index + 1) as f32, y);
        painter.text(right, Align2::RIGHT_CENTER, cell, font.clone(), color);
    }
}

/// The class with the lowest F1; none when all are equally good.
fn worst(rows: &[ClassRow<'_>]) -> Option<usize> {
    let scored = || rows.iter().enumerate().filter_map(|(index, row)| Some((index, row.f1?)));
    let (index, lowest) = scored().min_by(|a, b| a.1.total_cmp(&b.1))?;
    let is_alone = scored().any(|(_, f1)| f1 > lowest);
    is_alone.then_some(index)
}

fn share_text(share: Option<f32>) -> String {
    share.map_or("–".to_owned(), |share| numbers::percent(share.into()))
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    fn row(name: &'static str, f1: Option<f32>) -> ClassRow<'static> {
        ClassRow { name, precision: f1, recall: f1, f1, samples: 10 }
    }

    #[test]
    fn the_worst_class_is_named() {
        let rows = [row("0", Some(0.99)), row("1", Some(0.97)), row("2", None)];
        assert_eq!(worst(&rows), Some(1));
        assert_eq!(worst(&[row("0", Some(1.0)), row("1", Some(1.0))]), None);
        let mut harness = Harness::builder().with_context_setup(theme::install).build_ui(move |ui| {
            class_table_ui(ui, &rows);
        });
        harness.run();
        harness.get_by_label("Classes: worst is 1 with an F1 of 97.0 %");
    }
}
