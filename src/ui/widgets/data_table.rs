//! A table of any length, of which only what is in view costs anything. Numbers stand at the right of their column.

use eframe::egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::ui::theme::{self, GRID, Palette};

const ROW: f32 = 20.0;
const LEAST: f32 = 32.0;
const MOST: f32 = 220.0;

/// Rows that are looked at to find how wide a column has to be.
const MEASURED: usize = 40;

/// A column: what stands above it, and whether it holds numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    pub name: String,
    pub is_number: bool,
}

impl Head {
    pub fn number(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_number: true }
    }

    pub fn text(name: impl Into<String>) -> Self {
        Self { name: name.into(), is_number: false }
    }
}

/// Shows `rows` rows, whose cells `cell` writes, and scrolls both ways. `name` is read by screen readers.
pub fn data_table_ui(ui: &mut Ui, name: &str, heads: &[Head], rows: usize, cell: &dyn Fn(usize, usize) -> String) {
    let widths = widths(ui, heads, rows, cell);
    let total = widths.iter().sum::<f32>() + 4.0 * GRID * heads.len() as f32;
    let palette = Palette::of(ui);
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::horizontal().id_salt(name).auto_shrink(false).show(ui, |ui| {
        let width = total.max(ui.available_width());
        let (head, _) = ui.allocate_exact_size(vec2(total, ROW), Sense::hover());
        line_ui(ui, head, heads, &widths, true, &|column| heads[column].name.clone());
        ui.painter().hline(head.left()..=head.left() + width, head.bottom(), (1.0, palette.faint));
        ui.add_space(GRID);
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, ROW, rows, |ui, shown| {
            for row in shown {
                let (line, response) = ui.allocate_exact_size(vec2(total, ROW), Sense::hover());
                response.widget_info(|| {
                    let texts = (0..heads.len()).map(|at| (&heads[at].name, cell(row, at)));
                    let said = texts.filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name} {text}"));
                    let cells: Vec<_> = said.collect();
                    WidgetInfo::labeled(Role::Row, true, cells.join(", "))
                });
                line_ui(ui, line, heads, &widths, false, &|column| cell(row, column));
            }
        });
    });
}

fn line_ui(ui: &Ui, line: Rect, heads: &[Head], widths: &[f32], is_head: bool, text: &dyn Fn(usize) -> String) {
    let palette = Palette::of(ui);
    let color = if is_head { palette.muted } else { palette.text };
    let mut left = line.left();
    for (column, (head, width)) in heads.iter().zip(widths).enumerate() {
        let place = Rect::from_min_size(pos2(left, line.top()), vec2(*width, line.height()));
        left += width + 4.0 * GRID;
        let painter = ui.painter().with_clip_rect(place.expand2(vec2(GRID, 0.0)).intersect(ui.clip_rect()));
        let (at, align) = match head.is_number {
            true => (place.right_center(), Align2::RIGHT_CENTER),
            false => (place.left_center(), Align2::LEFT_CENTER),
        };
        painter.text(at, align, text(column), theme::body_font(), color);
    }
}

/// As wide as what stands in each column, as far as it is looked at.
fn widths(ui: &Ui, heads: &[Head], rows: usize, cell: &dyn Fn(usize, usize) -> String) -> Vec<f32> {
    let width = |text: String| ui.painter().layout_no_wrap(text, theme::body_font(), Palette::of(ui).text).size().x;
    let of = |(column, head): (usize, &Head)| {
        let step = (rows / MEASURED).max(1);
        let cells = (0..rows).step_by(step).take(MEASURED).map(|row| width(cell(row, column)));
        cells.fold(width(head.name.clone()), f32::max).clamp(LEAST, MOST)
    };
    heads.iter().enumerate().map(of).collect()
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
}
