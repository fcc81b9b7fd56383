//! The lines of a class board: large enough for the back row, with a bar for each value and a mark for the best so far.

use eframe::egui::{Align2, Color32, FontId, Rect, Role, ScrollArea, Sense, Shape, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::language::tr;
use crate::lesson::board::{LessonStanding, Pupil, Standing};
use crate::lesson::class::{QUIET, Summary, age_text, is_share, key_text, score_text, state_text, value_text};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::cut_text::cut_text;

/// Height of a line: as high as there is room for, within limits.
const HEIGHT: [f32; 2] = [28.0, 48.0];

/// From this height on the texts are as large as numbers that matter.
const LARGE: f32 = 44.0;

/// Between two columns.
const GAP: f32 = 4.0 * GRID;

/// A name takes at most this share of the width, and the bar at least this.
const NAME_SHARE: f32 = 0.22;
const LEAST_BAR: f32 = 64.0;

/// What stands in a line, from left to right: name, step, goals, epoch, the bar with the value, state, age.
const COLUMNS: usize = 7;
const BEFORE_BAR: usize = 4;
const STATE: usize = 5;
const AGE: usize = 6;
/// The columns that are left out where there is no room, the first one first.
const LEAST_NEEDED: [usize; 4] = [2, AGE, 1, 3];

/// A line as it is shown.
struct Line {
    cells: [String; COLUMNS],
    /// Ends of the bar and of its mark, as shares of its room.
    value: Option<f32>,
    best: Option<f32>,
    /// What a screen reader says.
    sentence: String,
    details: String,
    is_quiet: bool,
}

/// Shows the lines, which scroll where there are many. `name` is what a pupil is called.
pub fn lines_ui(ui: &mut Ui, pupils: &[Pupil], summary: Option<&Summary>, name: &dyn Fn(&Pupil) -> String) {
    let palette = Palette::of(ui);
    let key = summary.map_or("", |summary| summary.key.as_str());
    let scale = Scale::of(pupils, key);
    let lines: Vec<Line> = pupils.iter().map(|pupil| line(pupil, name(pupil), key, scale)).collect();
    let what = key_text(key);
    let heads = ["name", "lesson", "goals", "epoch", what.as_str(), "state", "written"];
    let room = ui.available_height() - theme::ROW;
    let height = (room / lines.len().max(1) as f32).clamp(HEIGHT[0], HEIGHT[1]);
    let size = if height >= LARGE { theme::NUMBER } else { theme::HEADING };
    let font = FontId::proportional(size);
    let width = ui.available_width() - 3.0 * GRID;
    let columns = Columns::fit(ui, &heads, &lines, &font, width);
    let (head, _) = ui.allocate_exact_size(vec2(width, theme::ROW), Sense::hover());
    for (at, text) in heads.iter().enumerate() {
        let (place, align) = columns.place(head, at);
        if place.width() > 0.0 {
            cut_text(ui, place, align, text, theme::body_font(), palette.muted);
        }
    }
    if summary.is_some() {
        let bar = columns.bar(head);
        cut_text(ui, bar, Align2::LEFT_CENTER, "dashed: median, mark: best so far", theme::body_font(), palette.muted);
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().id_salt("pupils").auto_shrink(false).show(ui, |ui| {
        let top = ui.cursor().top();
        for line in &lines {
            let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::focusable_noninteractive());
            response.widget_info(|| WidgetInfo::labeled(Role::Row, true, tr(&line.sentence)));
            if response.gained_focus() {
                response.scroll_to_me(None);
            }
            if response.has_focus() {
                ui.painter().rect_stroke(
                    rect,
                    theme::RADIUS,
                    Stroke::new(1.5, palette.accent),
                    eframe::egui::StrokeKind::Inside,
                );
            }
            line_ui(ui, rect, line, &columns, &font);
            ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, palette.faint));
            response.on_hover_text(tr(&line.details));
        }
        if let Some(summary) = summary {
            let bar = columns.bar(Rect::from_min_max(pos2(head.left(), top), pos2(head.right(), ui.cursor().top())));
            let x = bar.left() + bar.width() * scale.share(summary.median);
            let ends = [pos2(x, bar.top()), pos2(x, bar.bottom())];
            ui.painter().extend(Shape::dashed_line(&ends, Stroke::new(1.5, palette.text), 6.0, 4.0));
        }
    });
}

/// The numbers at the ends of the bars.
#[derive(Clone, Copy)]
struct Scale {
    most: f64,
}

impl Scale {
    fn of(pupils: &[Pupil], key: &str) -> Self {
        let scores = pupils.iter().filter_map(|pupil| pupil.standing.score()).filter(|score| score.key == key);
        let most = scores.map(|score| score.value).filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self { most: if is_share(key) { 1.0 } else { most } }
    }

    fn share(self, value: f64) -> f32 {
        if self.most > 0.0 { (value / self.most).clamp(0.0, 1.0) as f32 } else { 0.0 }
    }
}

fn line(pupil: &Pupil, name: String, key: &str, scale: Scale) -> Line {
    let Pupil { standing, age, .. } = pupil;
    let Standing { lesson, epoch, of_epochs, state, .. } = standing;
    let of = |part: usize, all: usize| if all == 0 { String::new() } else { format!("{part}/{all}") };
    let score = standing.score();
    let compared = score.filter(|score| score.key == key);
    let value = score.map_or_else(|| "–".to_owned(), |score| score_text(score, key));
    let LessonStanding { step, of_steps, goals, of_goals, .. } = lesson.clone().unwrap_or_default();
    let (state, written) = (state_text(*state), age_text(*age));
    let best = score.and_then(|score| Some(value_text(&score.key, score.best?)));
    let is_quiet = *age >= QUIET;
    let said = [
        (of_steps > 0).then(|| format!("lesson step {step} of {of_steps}")),
        (of_goals > 0).then(|| format!("goals reached {goals} of {of_goals}")),
        (*of_epochs > 0).then(|| format!("epoch {epoch} of {of_epochs}")),
        score.map(|score| format!("{} {}", key_text(&score.key), value_text(&score.key, score.value))),
        best.as_ref().map(|best| format!("best {best}")),
        Some(state.to_owned()),
        Some(if is_quiet { format!("no news, written {written}") } else { format!("written {written}") }),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let training = standing.training.as_ref().filter(|_| standing.validation.is_some());
    let details = [
        lesson.as_ref().map(|lesson| format!("Lesson: {}", lesson.title)),
        (!standing.project.is_empty()).then(|| format!("Project: {}", standing.project)),
        (!standing.data.is_empty()).then(|| format!("Data: {}", standing.data)),
        training.map(|score| format!("{}: {}", key_text(&score.key), value_text(&score.key, score.value))),
        best.map(|best| format!("Best: {best}")),
        Some(format!("Program: {}", standing.program)),
    ];
    Line {
        sentence: format!("{name}: {}", said.join(", ")),
        details: details.into_iter().flatten().collect::<Vec<_>>().join("\n"),
        value: compared.map(|score| scale.share(score.value)),
        best: compared.and_then(|score| Some(scale.share(score.best?))),
        cells: [
            name,
            of(step, of_steps),
            of(goals, of_goals),
            of(*epoch as usize, *of_epochs as usize),
            value,
            state.to_owned(),
            written,
        ],
        is_quiet,
    }
}

/// The places of the columns and of the bar, from the left edge of a line.
struct Columns {
    places: [(f32, f32); COLUMNS],
    bar: (f32, f32),
}

impl Columns {
    /// As wide as what stands in them; the bar takes what is left.
    fn fit(ui: &Ui, heads: &[&str; COLUMNS], lines: &[Line], font: &FontId, width: f32) -> Self {
        let measure = |text: &str, font: &FontId| {
            ui.painter().layout_no_wrap(tr(text).into_owned(), font.clone(), Color32::PLACEHOLDER).size().x
        };
        let mut widths: [f32; COLUMNS] = std::array::from_fn(|at| {
            let widest = lines.iter().map(|line| measure(&line.cells[at], font)).fold(0.0, f32::max);
            // A column in which nothing stands takes no room.
            if widest == 0.0 { 0.0 } else { widest.max(measure(heads[at], &theme::body_font()).min(120.0)) }
        });
        widths[0] = widths[0].min(NAME_SHARE * width);
        let left_over = |widths: &[f32; COLUMNS]| {
            width - widths.iter().filter(|width| **width > 0.0).map(|width| width + GAP).sum::<f32>()
        };
        // Where all have no room, those are left out that are told under the pointer and by screen readers too.
        for at in LEAST_NEEDED {
            if left_over(&widths) < LEAST_BAR {
                widths[at] = 0.0;
            }
        }
        let bar = left_over(&widths).max(0.0);
        let (mut left, mut bar_left, mut places) = (0.0, 0.0, [(0.0, 0.0); COLUMNS]);
        for (at, width) in widths.into_iter().enumerate() {
            if at == BEFORE_BAR {
                bar_left = left;
                left += bar + GAP;
            }
            places[at] = (left, width);
            left += if width > 0.0 { width + GAP } else { 0.0 };
        }
        Self { places, bar: (bar_left, bar) }
    }

    /// The place of a column in a line, and how its text is aligned.
    fn place(&self, line: Rect, at: usize) -> (Rect, Align2) {
        let (left, width) = self.places[at];
        let place = Rect::from_min_size(pos2(line.left() + left, line.top()), vec2(width, line.height()));
        (place, if at == 0 || at == STATE { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER })
    }

    fn bar(&self, line: Rect) -> Rect {
        let (left, width) = self.bar;
        Rect::from_min_size(pos2(line.left() + left, line.top()), vec2(width, line.height()))
    }
}

fn line_ui(ui: &Ui, rect: Rect, line: &Line, columns: &Columns, font: &FontId) {
    let palette = Palette::of(ui);
    let color = if line.is_quiet { palette.muted } else { palette.text };
    for (at, text) in line.cells.iter().enumerate() {
        let (place, align) = columns.place(rect, at);
        if place.width() > 0.0 && !text.is_empty() {
            let color = match (at, text.as_str()) {
                (STATE, "diverged" | "failed") => palette.bad,
                (AGE, _) if line.is_quiet => palette.warning,
                _ => color,
            };
            cut_text(ui, place, align, text, font.clone(), color);
        }
    }
    let Some(value) = line.value else { return };
    let track = columns.bar(rect).shrink2(vec2(0.0, rect.height() * 0.25));
    ui.painter().rect_filled(track, theme::RADIUS, palette.sunken);
    let fill = if line.is_quiet { palette.line } else { palette.accent };
    ui.painter().rect_filled(track.with_max_x(track.left() + track.width() * value), theme::RADIUS, fill);
    if let Some(best) = line.best {
        let x = track.left() + track.width() * best;
        ui.painter().vline(
            x,
            columns.bar(rect).shrink2(vec2(0.0, rect.height() * 0.15)).y_range(),
            Stroke::new(2.0, palette.text),
        );
    }
}
