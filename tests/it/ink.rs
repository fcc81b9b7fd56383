//! The texts that a frame paints, and what is wrong with them: cut, covered by another, or broken within a word or a number.

use backprop_studio::ui::Studio;
use eframe::egui::epaint::{ClippedShape, TextShape};
use eframe::egui::{Pos2, Rect, Role, Shape, Vec2, emath::Rot2, pos2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

/// Glyphs are drawn with a soft edge, which is part of none.
const EDGE: f32 = 1.5;

/// One line of text, as much of it as can be seen.
#[derive(Clone, Debug)]
struct Line {
    text: String,
    ink: Rect,
    clip: Rect,
    /// When it was painted.
    order: usize,
}

/// All that is wrong with the texts of the frame that was drawn last, a sentence each.
pub fn faults(harness: &Harness<'_, Studio>) -> Vec<String> {
    let mut painted = Painted::default();
    for ClippedShape { clip_rect, shape, .. } in &harness.output().shapes {
        painted.add(*clip_rect, shape);
    }
    let lines = painted.visible();
    let rects = |role| -> Vec<Rect> {
        harness.query_all_by_role(role).map(|node| node.rect()).filter(|rect| rect.is_positive()).collect()
    };
    let (bars, fields) = (rects(Role::ScrollBar), [rects(Role::TextInput), rects(Role::SpinButton)].concat());
    let mut faults = painted.faults;
    for field in fields.iter().chain(&rects(Role::Slider)) {
        let covering = bars.iter().filter(|bar| bar.intersects(*field));
        faults.extend(covering.map(|bar| format!("the scroll bar at {bar:?} lies over the field at {field:?}")));
    }
    faults.extend(lines.iter().filter_map(|line| line.cut(&bars, &fields)));
    for (index, line) in lines.iter().enumerate() {
        let covered = lines[index + 1..].iter().filter(|other| line.overlaps(other));
        faults.extend(covered.map(|other| format!("{:?} lies over {:?} at {:?}", line.text, other.text, other.ink)));
    }
    faults
}

/// The texts of the frame that was drawn last.
pub fn texts(harness: &Harness<'_, Studio>) -> Vec<String> {
    fn add(texts: &mut Vec<String>, shape: &Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| add(texts, shape)),
            Shape::Text(text) => texts.push(text.galley.job.text.clone()),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    harness.output().shapes.iter().for_each(|clipped| add(&mut texts, &clipped.shape));
    texts
}

#[derive(Default)]
struct Painted {
    lines: Vec<Line>,
    /// What hides all that was painted before it, and when it was painted.
    grounds: Vec<(Rect, usize)>,
    faults: Vec<String>,
    order: usize,
}

impl Painted {
    fn add(&mut self, clip: Rect, shape: &Shape) {
        self.order += 1;
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.add(clip, shape)),
            Shape::Rect(rect) if rect.fill.is_opaque() => self.grounds.push((rect.rect.intersect(clip), self.order)),
            Shape::Text(text) => self.add_text(clip, text),
            _ => {}
        }
    }

    fn add_text(&mut self, clip: Rect, shape: &TextShape) {
        let galley = &shape.galley;
        if galley.elided && is_number(&galley.job.text) {
            self.faults.push(format!("the number {:?} is shortened", galley.job.text));
        }
        for (row, next) in galley.rows.iter().zip(galley.rows.iter().skip(1)) {
            let (end, start) = (row.text(), next.text());
            if !row.ends_with_newline && is_inside_a_word(&end, &start) {
                self.faults.push(format!("a line breaks inside a word: {end:?} and {start:?}"));
            }
        }
        for row in &galley.rows {
            let ink = row.visuals.mesh_bounds.translate(row.pos.to_vec2());
            let text = row.text();
            if ink.is_positive() && !text.trim().is_empty() && galley.size().x > 0.0 {
                let ink = turned(ink, shape.angle).translate(shape.pos.to_vec2());
                self.lines.push(Line { text, ink, clip, order: self.order });
            }
        }
    }

    /// The lines that are neither outside of what is in view nor below something else.
    fn visible(&self) -> Vec<Line> {
        let is_hidden = |line: &Line| {
            let shown = line.ink.intersect(line.clip);
            let is_below =
                |(ground, order): &(Rect, usize)| *order > line.order && ground.expand(EDGE).contains_rect(shown);
            !shown.is_positive() || self.grounds.iter().any(is_below)
        };
        self.lines.iter().filter(|line| !is_hidden(line)).cloned().collect()
    }
}

impl Line {
    /// What is cut of it. A line at an end of a list that scrolls may be, and what is typed scrolls in its field.
    fn cut(&self, bars: &[Rect], fields: &[Rect]) -> Option<String> {
        let Self { ink, clip, text, .. } = self;
        if clip.expand(EDGE).contains_rect(*ink) || fields.iter().any(|field| field.expand(EDGE).contains_rect(*clip)) {
            return None;
        }
        let is_level =
            clip.x_range().expand(EDGE).contains(ink.left()) && clip.x_range().expand(EDGE).contains(ink.right());
        let scrolls = |bar: &Rect| {
            bar.height() > bar.width() && clip.expand(12.0).contains(bar.center()) && bar.height() > 0.8 * clip.height()
        };
        if is_level && bars.iter().any(scrolls) {
            return None;
        }
        Some(format!("{text:?} at {ink:?} is cut by {clip:?}"))
    }

    fn overlaps(&self, other: &Self) -> bool {
        let common = self.ink.intersect(self.clip).intersect(other.ink.intersect(other.clip));
        common.width() > EDGE && common.height() > EDGE
    }
}

/// The bounds of a rectangle that is turned around the origin.
fn turned(rect: Rect, angle: f32) -> Rect {
    let corners = [rect.min, rect.max, pos2(rect.left(), rect.bottom()), pos2(rect.right(), rect.top())];
    let turned = corners.map(|corner| Rot2::from_angle(angle) * corner.to_vec2());
    Rect::from_points(&turned.map(Vec2::to_pos2) as &[Pos2])
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || ".,-+e %".contains(c))
}

/// Whether a line that ends and the next that starts so divide a word or a number. A compound divides at its hyphen, and a
/// path at a slash.
fn is_inside_a_word(end: &str, start: &str) -> bool {
    let mut before = end.chars().rev();
    let (Some(last), Some(first)) = (before.next(), start.chars().next()) else { return false };
    // Chinese has no spaces, and breaks anywhere.
    if last.is_whitespace() || first.is_whitespace() || last.max(first) >= '\u{2e80}' {
        return false;
    }
    let is_compound = last == '-' && before.next().is_some_and(char::is_alphabetic) && first.is_alphabetic();
    !is_compound && !matches!(last, '–' | '—' | '/' | '\\')
}

#[test]
fn a_text_that_is_cut_covered_or_broken_is_found() {
    use eframe::egui::{self, Align2, FontId, Sense, vec2};
    let show = |paint: fn(&mut egui::Ui)| {
        let ctx = egui::Context::default();
        let input = egui::RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(400.0, 300.0))),
            ..Default::default()
        };
        let mut painted = Painted::default();
        let mut output = None;
        for _ in 0..2 {
            output = Some(ctx.run_ui(input.clone(), paint));
        }
        for ClippedShape { clip_rect, shape, .. } in &output.unwrap().shapes {
            painted.add(*clip_rect, shape);
        }
        let lines = painted.visible();
        let cut: Vec<_> = lines.iter().filter_map(|line| line.cut(&[], &[])).collect();
        let covered =
            lines.iter().enumerate().any(|(at, line)| lines[at + 1..].iter().any(|other| line.overlaps(other)));
        (cut.len(), covered, painted.faults.len())
    };
    assert_eq!(show(|ui| _ = ui.label("all is well")), (0, false, 0));
    let cut = show(|ui| {
        let painter = ui.painter().with_clip_rect(Rect::from_min_size(pos2(10.0, 10.0), vec2(40.0, 40.0)));
        painter.text(
            pos2(12.0, 20.0),
            Align2::LEFT_CENTER,
            "versicolor",
            FontId::proportional(13.0),
            egui::Color32::RED,
        );
    });
    assert_eq!(cut, (1, false, 0));
    let covered = show(|ui| {
        for text in ["one", "two"] {
            ui.painter().text(
                pos2(50.0, 50.0),
                Align2::LEFT_CENTER,
                text,
                FontId::proportional(13.0),
                egui::Color32::RED,
            );
        }
    });
    assert_eq!(covered, (0, true, 0));
    let broken = show(|ui| {
        ui.set_max_width(40.0);
        ui.add(egui::Label::new("incomprehensibilities").wrap());
    });
    assert_eq!((broken.0, broken.1, broken.2 > 0), (0, false, true));
    let shortened = show(|ui| {
        ui.set_max_width(40.0);
        ui.add(egui::Label::new("1,234,567,890").truncate().sense(Sense::hover()));
    });
    assert_eq!(shortened.2, 1);
    assert!(!is_inside_a_word("cross-", "entropy") && is_inside_a_word("1e-", "5") && is_inside_a_word("1,", "234"));
}
