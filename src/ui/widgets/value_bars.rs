//! Numbers with their names as bars from zero, a line each; a thin line through the end of a bar is its spread.

use eframe::egui::{Align2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::cut_text::cut_text;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette};

const LINE: f32 = 20.0;

/// A name takes at most this share of the width.
const NAME_SHARE: f32 = 0.4;

/// A number with its name.
pub struct ValueBar {
    /// The name before the bar.
    pub name: String,
    /// Its length; to the left below zero.
    pub value: f64,
    /// Half the length of the thin line; none where it is zero.
    pub spread: f64,
    /// The number in words, behind the bar.
    pub text: String,
    /// Whether it is the one that is chosen.
    pub is_chosen: bool,
}

/// Shows the bars; gives the one that was clicked. `what` is the number, for screen readers.
pub fn value_bars_ui(ui: &mut Ui, what: &str, bars: &[ValueBar], can_choose: bool) -> Option<usize> {
    let palette = Palette::of(ui);
    let width_of = |text: &str| {
        ui.painter().layout_no_wrap(tr(text).into_owned(), theme::strong_font(theme::BODY), palette.text).size().x
    };
    let room = ui.available_width();
    let names = bars.iter().map(|bar| width_of(&bar.name)).fold(0.0, f32::max).min(room * NAME_SHARE);
    let texts = bars.iter().map(|bar| width_of(&bar.text)).fold(0.0, f32::max);
    let ends = bars.iter().flat_map(|bar| [bar.value - bar.spread, bar.value + bar.spread]);
    let (low, high) =
        ends.filter(|end| end.is_finite()).fold((0.0f64, 0.0f64), |(low, high), end| (low.min(end), high.max(end)));
    let mut clicked = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    for (index, bar) in bars.iter().enumerate() {
        let sense = if can_choose { Sense::click() } else { Sense::hover() };
        let (line, response) = ui.allocate_exact_size(vec2(room, LINE), sense);
        response.widget_info(|| {
            let sentence = format!("{}, {what} {}", bar.name, bar.text);
            match can_choose {
                true => WidgetInfo::selected(Role::Button, true, bar.is_chosen, tr(sentence)),
                false => WidgetInfo::labeled(Role::Row, true, tr(sentence)),
            }
        });
        if bar.is_chosen || can_choose && (response.hovered() || response.has_focus()) {
            let strength = if bar.is_chosen { 0.8 } else { 0.5 };
            ui.painter().rect_filled(line, 2.0, palette.faint.gamma_multiply(strength));
        }
        let name = line.with_max_x(line.left() + names);
        let font = if bar.is_chosen { theme::strong_font(theme::BODY) } else { theme::body_font() };
        cut_text(ui, name, Align2::LEFT_CENTER, &bar.name, font, palette.text);
        let number = pos2(line.right() - GRID, line.center().y);
        ui.painter().text(number, Align2::RIGHT_CENTER, tr(&bar.text), theme::body_font(), palette.muted);
        let track = Rect::from_x_y_ranges(
            name.right() + 2.0 * GRID..=line.right() - texts - 3.0 * GRID,
            line.shrink2(vec2(0.0, GRID)).y_range(),
        );
        if track.width() > 0.0 && high > low && bar.value.is_finite() {
            let x = |value: f64| track.left() + track.width() * ((value - low) / (high - low)) as f32;
            let color = theme::diverging(palette, if bar.value < 0.0 { -1.0 } else { 1.0 });
            let [left, right] = [bar.value.min(0.0), bar.value.max(0.0)].map(x);
            ui.painter().rect_filled(track.with_min_x(left).with_max_x(right), 1.0, color);
            if bar.spread > 0.0 {
                let ends = x(bar.value - bar.spread)..=x(bar.value + bar.spread);
                ui.painter().hline(ends, line.center().y, Stroke::new(1.5, palette.text));
            }
            ui.painter().vline(x(0.0), line.y_range(), Stroke::new(1.0, palette.line));
        }
        if response.clicked() {
            clicked = Some(index);
        }
    }
    clicked
}

#[cfg(test)]
mod tests {
    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn bars_are_read_and_chosen() {
        let app = |ui: &mut Ui, chosen: &mut Option<usize>| {
            let bar = |name: &str, value: f64, index| ValueBar {
                name: name.to_owned(),
                value,
                spread: 0.1,
                text: format!("{value} ± 0.1"),
                is_chosen: *chosen == Some(index),
            };
            let bars = [bar("weight", 0.5, 0), bar("year", -0.2, 1)];
            if let Some(clicked) = value_bars_ui(ui, "importance", &bars, true) {
                *chosen = Some(clicked);
            }
        };
        let mut harness = Harness::builder().with_context_setup(theme::install).build_ui_state(app, None);
        harness.get_by_label("weight, importance 0.5 ± 0.1");
        harness.get_by_label("year, importance -0.2 ± 0.1").click();
        harness.run();
        assert_eq!(*harness.state(), Some(1));
    }
}
