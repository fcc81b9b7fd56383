//! A slider that knows rungs: it stops gently at round values, steps along them with the arrow keys, and shows its default.

use std::ops::RangeInclusive;

use eframe::egui::{
    self, EventFilter, Key, PointerButton, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, accesskit, pos2, remap,
    remap_clamp, vec2,
};

use super::{keyboard, numbers};
use crate::language::tr;
use crate::ui::theme::{GRID, Palette, ROW};

/// How a slider divides its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// In equal steps.
    Linear,
    /// In decades with the rungs 1, 3, 10; what is below the smallest rung of six decades counts as zero.
    Decades,
    /// Whole numbers in equal steps.
    Whole,
    /// Whole numbers in octaves with the powers of two as rungs.
    Octaves,
}

/// Edits a number by pointer, keys and screen reader. Double click goes back to the default, where there is one.
#[must_use = "Call `show`"]
pub struct Slider<'a> {
    name: &'a str,
    range: RangeInclusive<f64>,
    /// What may be typed, where that is more than the slider covers.
    limits: Option<RangeInclusive<f64>>,
    default: f64,
    is_place: bool,
    division: Division,
}

impl<'a> Slider<'a> {
    /// A slider over `range`; a double click resets it to `default`.
    pub fn new(name: &'a str, range: RangeInclusive<f64>, default: f64, division: Division) -> Self {
        Self { name, range, limits: None, default, is_place: false, division }
    }

    /// A slider over places that one goes to. None is a default: a second click on a place stays there.
    pub fn over_places(name: &'a str, range: RangeInclusive<f64>) -> Self {
        Self { is_place: true, ..Self::new(name, range, 0.0, Division::Whole) }
    }

    /// What may be typed, where that is more than the slider covers.
    pub fn limits(mut self, limits: RangeInclusive<f64>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What may be typed.
    pub fn allowed(&self) -> RangeInclusive<f64> {
        self.limits.clone().unwrap_or_else(|| self.range.clone())
    }

    /// The name of the number that the slider edits.
    pub fn name(&self) -> &str {
        self.name
    }

    /// The range that the slider covers.
    pub fn range(&self) -> RangeInclusive<f64> {
        self.range.clone()
    }

    /// The value that a double click restores.
    pub fn default_value(&self) -> f64 {
        self.default
    }

    /// Whether only whole numbers are possible.
    pub fn is_whole(&self) -> bool {
        matches!(self.division, Division::Whole | Division::Octaves)
    }

    /// How much a number field beside the slider changes for each point that it is dragged.
    pub fn drag_speed(&self, value: f64) -> f64 {
        match self.division {
            Division::Whole => 0.1,
            Division::Linear => self.step() / 4.0,
            Division::Octaves => (value.abs() * 0.01).max(0.1),
            Division::Decades => (value.abs() * 0.01).max(self.floor().unwrap_or(0.0) * 0.1),
        }
    }

    /// Shows the slider and changes `value` when it is moved.
    pub fn show(&self, ui: &mut Ui, width: f32, value: &mut f64) -> Response {
        let (rect, mut response) = ui.allocate_exact_size(vec2(width, ROW), Sense::click_and_drag());
        let before = *value;
        // Who has moved it goes on with the arrow keys.
        if response.is_pointer_button_down_on() && !response.has_focus() {
            response.request_focus();
        }
        if response.has_focus() {
            keyboard::leave_plain_keys(ui.ctx(), response.id);
        }
        self.follow_pointer(&response, rail(rect), value);
        self.follow_keys(ui, &response, value);
        if response.double_clicked() && !self.is_place {
            *value = self.default;
        }
        if *value != before {
            response.mark_changed();
        }
        self.describe(ui, &response, *value);
        if ui.is_rect_visible(rect) {
            self.paint(ui, &response, rail(rect), *value);
        }
        response
    }

    fn follow_pointer(&self, response: &Response, rail: Rect, value: &mut f64) {
        // A press sets the value at once, not only after the pointer has moved; where frames are slow, it is over within one.
        let is_pressed = response.is_pointer_button_down_on() || response.clicked_by(PointerButton::Primary);
        if let Some(pointer) = response.interact_pointer_pos().filter(|_| is_pressed) {
            let share = remap_clamp(pointer.x, rail.x_range(), 0.0..=1.0);
            let per_point = f64::from(1.0 / rail.width().max(1.0));
            *value = self.rounded(f64::from(share), per_point);
        }
    }

    fn follow_keys(&self, ui: &Ui, response: &Response, value: &mut f64) {
        let mut steps = 0;
        if response.has_focus() {
            // Up and down move the focus, as everywhere in a column of fields.
            let keys = EventFilter { horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
            ui.input(|input| {
                let count = |key| input.num_presses(key) as i32;
                steps += count(Key::ArrowRight) - count(Key::ArrowLeft);
                steps += 10 * (count(Key::PageUp) - count(Key::PageDown));
                if input.key_pressed(Key::Home) {
                    *value = *self.range.start();
                }
                if input.key_pressed(Key::End) {
                    *value = *self.range.end();
                }
            });
        }
        ui.input(|input| {
            let count = |action| input.num_accesskit_action_requests(response.id, action) as i32;
            steps += count(accesskit::Action::Increment) - count(accesskit::Action::Decrement);
            for request in input.accesskit_action_requests(response.id, accesskit::Action::SetValue) {
                if let Some(accesskit::ActionData::NumericValue(new)) = request.data {
                    *value = new.clamp(*self.range.start(), *self.range.end());
                }
            }
        });
        *value = self.stepped(*value, steps);
    }

    /// The value so many presses of an arrow key away, up if they are positive.
    pub fn stepped(&self, value: f64, steps: i32) -> f64 {
        (0..steps.abs()).fold(value, |value, _| self.next(value, steps > 0))
    }

    fn describe(&self, ui: &Ui, response: &Response, value: f64) {
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Slider, ui.is_enabled(), tr(self.name));
            info.value = Some(value);
            info
        });
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_min_numeric_value(*self.range.start());
            node.set_max_numeric_value(*self.range.end());
            node.set_value(numbers::significant(value));
            node.add_action(accesskit::Action::SetValue);
            node.add_action(accesskit::Action::Increment);
            node.add_action(accesskit::Action::Decrement);
        });
    }

    fn paint(&self, ui: &Ui, response: &Response, rail: Rect, value: f64) {
        let palette = Palette::of(ui);
        let painter = ui.painter();
        let at = |value: f64| remap(self.share(value) as f32, 0.0..=1.0, rail.x_range());
        let is_enabled = ui.is_enabled();
        let is_hot = response.hovered() || response.has_focus() || response.dragged();
        let track = palette.surface.lerp_to_gamma(palette.line, 0.45);
        painter.rect_filled(rail, 2.0, track);
        let filled = Rect::from_min_max(rail.min, pos2(at(value), rail.bottom()));
        let color = if is_enabled { palette.accent } else { palette.line };
        painter.rect_filled(filled, 2.0, color);
        if !self.is_place {
            let tick = Rect::from_center_size(pos2(at(self.default), rail.bottom() + 5.0), vec2(2.0, 4.0));
            painter.rect_filled(tick, 0.0, palette.line);
        }
        let handle = pos2(at(value), rail.center().y);
        let radius = if is_hot && is_enabled { 7.0 } else { 6.0 };
        if response.has_focus() {
            painter.circle_stroke(handle, radius + 2.5, Stroke::new(1.5, palette.accent));
        }
        painter.circle(handle, radius, color, Stroke::new(2.0, palette.surface));
    }

    /// Where on the rail a value stands, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let (low, high) = (*self.range.start(), *self.range.end());
        let share = match self.floor() {
            Some(floor) if value <= floor => 0.0,
            Some(floor) => (value / floor).ln() / (high / floor).ln(),
            None => (value - low) / (high - low),
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The value at a place on the rail: a rung if one is within three points, else with two digits.
    fn rounded(&self, share: f64, per_point: f64) -> f64 {
        let (low, high) = (*self.range.start(), *self.range.end());
        let exact = match self.floor() {
            Some(floor) => floor * (high / floor).powf(share),
            None => low + (high - low) * share,
        };
        if share <= per_point {
            // Not the first rung: a rail that begins at zero must be able to reach it.
            return low;
        }
        let near = |rung: &f64| (self.share(*rung) - share).abs() <= 3.0 * per_point;
        let rung = [self.rung_below(exact), self.rung_above(exact)].into_iter().flatten().find(near);
        let value = match self.division {
            _ if share >= 1.0 => high,
            Division::Linear => {
                let step = self.step();
                (exact / step).round() * step
            }
            Division::Whole => exact.round(),
            Division::Octaves => rung.unwrap_or(exact).round(),
            Division::Decades => rung.unwrap_or_else(|| two_digits(exact)),
        };
        clean(value.clamp(low, high))
    }

    /// The value one press of an arrow key away.
    fn next(&self, value: f64, up: bool) -> f64 {
        let (low, high) = (*self.range.start(), *self.range.end());
        // What was typed may lie beyond the end of the rail.
        if up && value >= high {
            return value;
        }
        let next = match self.division {
            Division::Linear => {
                let step = self.step();
                let steps = value / step;
                // From between two steps, to the nearer one in that direction.
                (if up { (steps + 1e-6).floor() + 1.0 } else { (steps - 1e-6).ceil() - 1.0 }) * step
            }
            Division::Whole => value + if up { 1.0 } else { -1.0 },
            // Few are counted one by one: 3 epochs and not 4 or 2.
            Division::Octaves if value < 8.0 || (value == 8.0 && !up) => value + if up { 1.0 } else { -1.0 },
            Division::Octaves | Division::Decades => {
                let rung = if up { self.rung_above(value * 1.000_1) } else { self.rung_below(value / 1.000_1) };
                rung.unwrap_or(if up { high } else { low })
            }
        };
        clean(next.clamp(low, high))
    }

    /// Where a logarithmic rail begins: at the range's start, or six decades below its end if that is zero.
    fn floor(&self) -> Option<f64> {
        let (low, high) = (*self.range.start(), *self.range.end());
        let floor = if low > 0.0 { low } else { high * 1e-6 };
        match self.division {
            Division::Linear | Division::Whole => None,
            Division::Decades => Some(floor),
            Division::Octaves => Some(floor.max(1.0)),
        }
    }

    /// A hundredth of the range or a little more, rounded to 1, 2 or 5.
    fn step(&self) -> f64 {
        numbers::round_up((self.range.end() - self.range.start()) / 100.0)
    }

    fn rungs(&self) -> Vec<f64> {
        let high = *self.range.end();
        let floor = self.floor().unwrap_or(high);
        match self.division {
            Division::Linear | Division::Whole => Vec::new(),
            Division::Octaves => (0..63).map(|power| f64::from(power).exp2()).filter(|rung| *rung <= high).collect(),
            Division::Decades => {
                let first = floor.log10().floor() as i32;
                let last = high.log10().ceil() as i32;
                let rungs = (first..=last).flat_map(|decade| [10f64.powi(decade), 3.0 * 10f64.powi(decade)]);
                rungs.filter(|rung| (floor * 0.999..=high * 1.001).contains(rung)).map(clean).collect()
            }
        }
    }

    fn rung_below(&self, value: f64) -> Option<f64> {
        self.rungs().into_iter().rfind(|rung| *rung <= value)
    }

    fn rung_above(&self, value: f64) -> Option<f64> {
        self.rungs().into_iter().find(|rung| *rung >= value)
    }
}

fn rail(rect: Rect) -> Rect {
    // The handle stays within the widget at both ends.
    egui::Rect::from_center_size(rect.center(), vec2((rect.width() - 16.0).max(8.0), GRID))
}

fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}

/// Without the last digits that only binary arithmetic put there: 0.30000000000000004 becomes 0.3.
fn clean(value: f64) -> f64 {
    format!("{value:.9e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(slider: &Slider<'_>, start: f64, n: usize) -> Vec<f64> {
        let mut values = vec![start];
        for _ in 0..n {
            values.push(slider.next(values[values.len() - 1], true));
        }
        values
    }

    #[test]
    fn arrow_keys_climb_the_ladder() {
        let rate = Slider::new("rate", 1e-5..=1.0, 0.001, Division::Decades);
        assert_eq!(steps(&rate, 0.0001, 4), [0.0001, 0.0003, 0.001, 0.003, 0.01]);
        assert_eq!(steps(&rate, 0.0005, 1), [0.0005, 0.001]);
        assert_eq!(rate.next(0.001, false), 0.0003);
        assert_eq!(rate.next(1e-5, false), 1e-5);
        let batch = Slider::new("batch", 1.0..=4096.0, 128.0, Division::Octaves);
        assert_eq!(steps(&batch, 100.0, 2), [100.0, 128.0, 256.0]);
        assert_eq!(steps(&batch, 6.0, 3), [6.0, 7.0, 8.0, 16.0]);
        assert_eq!([batch.next(8.0, false), batch.next(1.0, false)], [7.0, 1.0]);
        let dropout = Slider::new("dropout", 0.0..=0.9, 0.5, Division::Linear);
        assert_eq!(steps(&dropout, 0.5, 2), [0.5, 0.51, 0.52]);
    }

    #[test]
    fn a_logarithmic_rail_can_reach_zero() {
        let decay = Slider::new("decay", 0.0..=0.1, 0.0, Division::Decades);
        assert_eq!(decay.share(0.0), 0.0);
        assert_eq!(decay.rounded(0.0, 0.01), 0.0);
        assert_eq!(decay.rounded(1.0, 0.01), 0.1);
        assert!(decay.next(0.0, true) > 0.0);
    }

    #[test]
    fn places_near_a_rung_are_the_rung() {
        let rate = Slider::new("rate", 1e-5..=1.0, 0.001, Division::Decades);
        for rung in [1e-4, 3e-4, 0.001, 0.1] {
            assert_eq!(rate.rounded(rate.share(rung) + 0.01, 0.005), rung);
        }
        assert_eq!(rate.rounded(rate.share(0.0005), 0.005), 0.0005);
    }
}
