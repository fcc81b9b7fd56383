//! What the network believes: a bar for each class, in place whatever the answer; where there is no room for all classes, for
//! the most probable. Over a run each bar is a strip, from the first moment at its left to the last at its right.

use eframe::egui::{Align2, Color32, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::cut_text::cut_text;
use super::numbers;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, ROW};

const PERCENT_WIDTH: f32 = 56.0;
const MOST_ROW: f32 = 28.0;
const LEAST_ROW: f32 = 16.0;

/// A row for each of `names` with its probability, all muted if there is no answer:
/// none was given, it does not fit the names, or something in it is not a number.
/// Where not all have room, the last line says how many are left out.
pub fn probability_bars_ui<S: AsRef<str>>(ui: &mut Ui, names: &[S], probabilities: Option<&[f32]>) -> Response {
    probabilities_ui(ui, names, probabilities, &[])
}

/// The same over the moments of a run, each with its step: the brighter a strip, the more probable was its class.
pub fn probability_strips_ui<S: AsRef<str>>(
    ui: &mut Ui,
    names: &[S],
    probabilities: Option<&[f32]>,
    moments: &[Moment],
) -> Response {
    probabilities_ui(ui, names, probabilities, moments)
}

/// A step of a run, and the probability of each class after it.
pub type Moment = (u64, Vec<f32>);

fn probabilities_ui<S: AsRef<str>>(
    ui: &mut Ui,
    names: &[S],
    probabilities: Option<&[f32]>,
    moments: &[Moment],
) -> Response {
    let is_sound = |shares: &&[f32]| shares.len() == names.len() && shares.iter().all(|share| share.is_finite());
    let probabilities = probabilities.filter(is_sound);
    let winner = probabilities.and_then(winner);
    let height = ui.available_height();
    let row = (height / names.len().max(1) as f32).clamp(LEAST_ROW, MOST_ROW).floor();
    let room = (height / row) as usize;
    let shown = if names.len() <= room { names.len() } else { room.saturating_sub(1).max(1) };
    let classes = most_probable(names.len(), probabilities, shown);
    Bars { names, classes, probabilities, moments, winner, row }.ui(ui)
}

/// The rows, which are `row` high.
struct Bars<'a, S> {
    names: &'a [S],
    /// The classes that are shown.
    classes: Vec<usize>,
    probabilities: Option<&'a [f32]>,
    /// Those over a run; none if only the last are shown.
    moments: &'a [Moment],
    winner: Option<(usize, f32)>,
    row: f32,
}

impl<S: AsRef<str>> Bars<'_, S> {
    fn ui(&self, ui: &mut Ui) -> Response {
        let Self { names, probabilities, moments, winner, row, .. } = *self;
        let name_width = names_width(ui, names);
        let left_out = names.len() - self.classes.len();
        let rows = self.classes.len() + usize::from(left_out > 0);
        let size = vec2(ui.available_width(), row * rows as f32);
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| {
            let answer = winner.map_or("no answer".to_owned(), |(class, share)| {
                format!("{}, {}", names[class].as_ref(), numbers::percent(share.into()))
            });
            let over_run = if moments.is_empty() { "" } else { " over the run" };
            WidgetInfo::labeled(Role::Figure, ui.is_enabled(), tr(format!("Probabilities{over_run}: {answer}")))
        });
        let place =
            |at: usize| Rect::from_min_size(pos2(rect.left(), rect.top() + row * at as f32), vec2(rect.width(), row));
        for (at, &class) in self.classes.iter().enumerate() {
            let row = place(at);
            let share = probabilities.map(|shares| shares[class]);
            let is_winner = winner.is_some_and(|(winner, _)| winner == class);
            let id = response.id.with(class);
            let shown = ui.ctx().animate_value_with_time(id, share.unwrap_or(0.0).clamp(0.0, 1.0), 0.06);
            let bar = Bar { name: names[class].as_ref(), name_width, share, is_winner };
            match moments {
                [] => bar.ui(ui, row, |ui, track, fill| {
                    let filled = Rect::from_min_size(track.min, vec2(track.width() * shown, track.height()));
                    if share.is_some() && filled.width() >= 0.5 {
                        ui.painter().rect_filled(filled, 2.0, fill);
                    }
                }),
                _ => bar.ui(ui, row, |ui, track, _| strip_ui(ui, track, moments, class)),
            }
        }
        if left_out > 0 {
            let text = format!("{left_out} less probable {}", if left_out == 1 { "class" } else { "classes" });
            let (font, color) = (theme::body_font(), Palette::of(ui).muted);
            cut_text(ui, place(self.classes.len()), Align2::LEFT_CENTER, &text, font, color);
        }
        let track = track_of(rect, name_width);
        match response.hover_pos().and_then(|pointer| self.moment_at((pointer.x - track.left()) / track.width())) {
            Some(text) => response.on_hover_text_at_pointer(text),
            None => response,
        }
    }

    /// The most probable class at a place of the strips, from 0 to 1, in words.
    fn moment_at(&self, place: f32) -> Option<String> {
        let last = self.moments.last()?.0.max(1) as f32;
        let at = self.moments.partition_point(|(step, _)| *step as f32 / last <= place).checked_sub(1)?;
        let (step, shares) = self.moments.get(at).filter(|_| place <= 1.0)?;
        let (class, share) = winner(shares)?;
        let name = self.names.get(class)?.as_ref();
        Some(format!("step {}: {name}, {}", numbers::thousands(*step as f64), numbers::percent(share.into())))
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
        ui.painter().layout_no_wrap(tr(name.as_ref()).into_owned(), font, Palette::of(ui).text).size().x
    };
    names.iter().map(width).fold(8.0, f32::max).min(ui.available_width() * 0.4)
}

/// What a row shows.
struct Bar<'a> {
    name: &'a str,
    name_width: f32,
    share: Option<f32>,
    is_winner: bool,
}

impl Bar<'_> {
    /// The name, what is painted into the track, and the percents.
    fn ui(&self, ui: &Ui, row: Rect, paint: impl FnOnce(&Ui, Rect, Color32)) {
        let palette = Palette::of(ui);
        let font = if self.is_winner { theme::strong_font(theme::BODY) } else { theme::body_font() };
        let color = if self.is_winner { palette.text } else { palette.muted };
        let name_rect = Rect::from_min_max(row.min, pos2(row.left() + self.name_width, row.bottom()));
        cut_text(ui, name_rect, Align2::RIGHT_CENTER, self.name, font.clone(), color);
        let track = track_of(row, self.name_width);
        ui.painter().rect_filled(track, 2.0, palette.surface.lerp_to_gamma(palette.line, 0.15));
        paint(
            ui,
            track,
            if self.is_winner { palette.accent } else { palette.surface.lerp_to_gamma(palette.line, 0.8) },
        );
        if let Some(share) = self.share {
            let text = numbers::percent(share.into());
            ui.painter().text(pos2(row.right(), row.center().y), Align2::RIGHT_CENTER, tr(text), font, color);
        }
    }
}

/// Where the bar of a row is, or all of them one below the other.
fn track_of(row: Rect, name_width: f32) -> Rect {
    let left = row.left() + name_width + 2.0 * GRID;
    let right = (row.right() - PERCENT_WIDTH).max(left);
    let height = (row.height() - 2.0 * GRID).clamp(6.0, ROW - 2.0 * GRID);
    Rect::from_center_size(pos2((left + right) / 2.0, row.center().y), vec2(right - left, height))
}

/// The probability of a class at each moment, until the next one.
fn strip_ui(ui: &Ui, track: Rect, moments: &[Moment], class: usize) {
    let palette = Palette::of(ui);
    let last = moments.last().map_or(1, |(step, _)| (*step).max(1)) as f32;
    let x = |at: usize| track.left() + track.width() * moments.get(at).map_or(1.0, |(step, _)| *step as f32 / last);
    for (at, (_, shares)) in moments.iter().enumerate() {
        let share = shares.get(class).copied().unwrap_or(0.0).clamp(0.0, 1.0);
        // The last moment is as wide as those before it, for it is the one that is looked for.
        let least = track.width() / moments.len().max(8) as f32 / 2.0;
        let right = x(at + 1).max(x(at) + 0.5);
        let left = x(at).min(track.right() - least);
        let cell = Rect::from_min_max(pos2(left, track.top()), pos2(right.min(track.right()), track.bottom()));
        let color = palette.surface.lerp_to_gamma(palette.line, 0.15).lerp_to_gamma(palette.accent, share);
        ui.painter().rect_filled(cell, 0.0, color);
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
    fn a_strip_tells_each_moment_of_the_run() {
        let moments = [(0, vec![0.5, 0.5]), (50, vec![0.3, 0.7]), (100, vec![0.1, 0.9])];
        let bars = Bars {
            names: &["cat", "dog"],
            classes: vec![0, 1],
            probabilities: Some(&[0.1, 0.9]),
            moments: &moments,
            winner: Some((1, 0.9)),
            row: 20.0,
        };
        let told = [-0.1, 0.49, 0.51, 1.0, 1.1].map(|place| bars.moment_at(place));
        assert_eq!((&told[0], &told[4]), (&None, &None));
        assert!(told[1].as_ref().is_some_and(|text| text.starts_with("step 0")), "{told:?}");
        assert_eq!(
            [&told[2], &told[3]].map(|it| it.clone().unwrap()),
            ["step 50: dog, 70.0 %", "step 100: dog, 90.0 %"]
        );
        let app = |ui: &mut Ui| drop(probability_strips_ui(ui, &["cat", "dog"], Some(&[0.1, 0.9]), &moments));
        let harness = Harness::builder().with_context_setup(theme::install).build_ui(app);
        harness.get_by_label("Probabilities over the run: dog, 90.0 %");
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
