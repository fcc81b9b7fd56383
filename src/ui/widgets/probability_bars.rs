//! What the network believes: a bar for each class, in place whatever the answer; where there is no room for all classes, for
//! the most probable.

use eframe::egui::{Align2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::cut_text::cut_text;
use super::numbers;
use crate::ui::theme::{self, GRID, Palette, ROW};

const PERCENT_WIDTH: f32 = 56.0;
const MOST_ROW: f32 = 28.0;
const LEAST_ROW: f32 = 16.0;

/// A row for each of `names` with its probability, all muted if there is no answer:
/// none was given, it does not fit the names, or something in it is not a number.
/// Where not all have room, the last line says how many are left out.
pub fn probability_bars_ui<S: AsRef<str>>(ui: &mut Ui, names: &[S], probabilities: Option<&[f32]>) -> Response {
    let is_sound = |shares: &&[f32]| shares.len() == names.len() && shares.iter().all(|share| share.is_finite());
    let probabilities = probabilities.filter(is_sound);
    let winner = probabilities.and_then(winner);
    let height = ui.available_height();
    let row = (height / names.len().max(1) as f32).clamp(LEAST_ROW, MOST_ROW).floor();
    let room = (height / row) as usize;
    let shown = if names.len() <= room { names.len() } else { room.saturating_sub(1).max(1) };
    let classes = most_probable(names.len(), probabilities, shown);
    Bars { names, classes, probabilities, winner, row }.ui(ui)
}

/// The rows, which are `row` high.
struct Bars<'a, S> {
    names: &'a [S],
    /// The classes that are shown.
    classes: Vec<usize>,
    probabilities: Option<&'a [f32]>,
    winner: Option<(usize, f32)>,
    row: f32,
}

impl<S: AsRef<str>> Bars<'_, S> {
    fn ui(&self, ui: &mut Ui) -> Response {
        let Self { names, probabilities, winner, row, .. } = *self;
        let name_width = names_width(ui, names);
        let left_out = names.len() - self.classes.len();
        let rows = self.classes.len() + usize::from(left_out > 0);
        let size = vec2(ui.available_width(), row * rows as f32);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| {
            let answer = winner.map_or("no answer".to_owned(), |(class, share)| {
                format!("{}, {}", names[class].as_ref(), numbers::percent(share.into()))
            });
            WidgetInfo::labeled(Role::Figure, ui.is_enabled(), format!("Probabilities: {answer}"))
        });
        let place =
            |at: usize| Rect::from_min_size(pos2(rect.left(), rect.top() + row * at as f32), vec2(rect.width(), row));
        for (at, &class) in self.classes.iter().enumerate() {
            let row = place(at);
            let share = probabilities.map(|shares| shares[class]);
            let is_winner = winner.is_some_and(|(winner, _)| winner == class);
            let id = response.id.with(class);
            let shown = ui.ctx().animate_value_with_time(id, share.unwrap_or(0.0).clamp(0.0, 1.0), 0.06);
            row_ui(ui, row, name_width, names[class].as_ref(), share.map(|share| (share, shown)), is_winner);
        }
        if left_out > 0 {
            let text = format!("{left_out} less probable {}", if left_out == 1 { "class" } else { "classes" });
            let (font, color) = (theme::body_font(), Palette::of(ui).muted);
            cut_text(ui, place(self.classes.len()), Align2::LEFT_CENTER, &text, font, color);
        }
        response
    }
}

/// So many of the classes, the most probable, in the order of their numbers.
fn most_probable(classes: usize, probabilities: Option<&[f32]>, shown: usize) -> Vec<usize> {
    let mut order: Vec<_> = (0..classes).collect();
    if let Some(shares) = probabilities {
        order.sort_by(|a, b| shares[*b].total_cmp(&shares[*a]));
    }
    order.truncate(shown);
    order.sort_unstable();
    order
}

/// The most probable class.
fn winner(probabilities: &[f32]) -> Option<(usize, f32)> {
    let shares = probabilities.iter().copied().enumerate();
    shares.max_by(|a, b| a.1.total_cmp(&b.1))
}

fn names_width<S: AsRef<str>>(ui: &Ui, names: &[S]) -> f32 {
    let width = |name: &S| {
        let font = theme::strong_font(theme::BODY);
        ui.painter().layout_no_wrap(name.as_ref().to_owned(), font, Palette::of(ui).text).size().x
    };
    names.iter().map(width).fold(8.0, f32::max).min(ui.available_width() * 0.4)
}

fn row_ui(ui: &Ui, row: Rect, name_width: f32, name: &str, share: Option<(f32, f32)>, is_winner: bool) {
    let palette = Palette::of(ui);
    let painter = ui.painter();
    let y = row.center().y;
    let font = if is_winner { theme::strong_font(theme::BODY) } else { theme::body_font() };
    let color = if is_winner { palette.text } else { palette.muted };
    let name_rect = Rect::from_min_max(row.min, pos2(row.left() + name_width, row.bottom()));
    cut_text(ui, name_rect, Align2::RIGHT_CENTER, name, font.clone(), color);
    let left = row.left() + name_width + 2.0 * GRID;
    let right = row.right() - PERCENT_WIDTH;
    let height = (row.height() - 2.0 * GRID).clamp(6.0, ROW - 2.0 * GRID);
    let track = Rect::from_center_size(pos2((left + right) / 2.0, y), vec2((right - left).max(0.0), height));
    painter.rect_filled(track, 2.0, palette.surface.lerp_to_gamma(palette.line, 0.15));
    if let Some((share, shown)) = share {
        let mut filled = track;
        filled.set_width(track.width() * shown);
        let fill = if is_winner { palette.accent } else { palette.surface.lerp_to_gamma(palette.line, 0.8) };
        if filled.width() >= 0.5 {
            painter.rect_filled(filled, 2.0, fill);
        }
        let text = numbers::percent(share.into());
        painter.text(pos2(row.right(), y), Align2::RIGHT_CENTER, text, font, color);
    }
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn without_room_for_all_the_most_probable_are_shown() {
        assert_eq!(most_probable(4, Some(&[0.1, 0.2, 0.0, 0.7]), 2), [1, 3]);
        assert_eq!(most_probable(3, None, 2), [0, 1]);
        assert_eq!(most_probable(2, Some(&[0.5, 0.5]), 2), [0, 1]);
    }

    #[test]
    fn the_answer_can_be_read_and_no_answer_too() {
        let app = |ui: &mut Ui, shares: &mut Option<Vec<f32>>| {
            probability_bars_ui(ui, &["cat", "dog"], shares.as_deref());
        };
        let mut harness =
            Harness::builder().with_context_setup(theme::install).build_ui_state(app, Some(vec![0.2, 0.8]));
        harness.get_by_label("Probabilities: dog, 80.0 %");
        for unusable in [None, Some(vec![0.5]), Some(vec![f32::NAN, 1.0])] {
            *harness.state_mut() = unusable;
            harness.run();
            harness.get_by_label("Probabilities: no answer");
        }
    }
}
