//! A small histogram, with the bounds of what it counts below it.

use eframe::egui::{Align2, Rect, Response, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::numbers::{percent, significant, thousands};
use crate::language::tr;
use crate::ui::theme::{self, Palette};

/// Height of the bars, and of the numbers below them.
const BARS: f32 = 36.0;
const BOUNDS: f32 = 18.0;

/// Draws how many numbers lie in each of some bins of equal width, in the width that is left. `name` is what a screen reader says.
pub fn histogram_ui(ui: &mut Ui, name: &str, [low, high]: [f32; 2], bins: &[u32]) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), BARS + BOUNDS), Sense::hover());
    let (bars, below) = rect.split_top_bottom_at_y(rect.top() + BARS);
    let (painter, most) = (ui.painter(), bins.iter().copied().max().unwrap_or(0).max(1));
    let left = |bin: usize| bars.left() + bars.width() * bin as f32 / bins.len().max(1) as f32;
    for (bin, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        // A single number among very many is still seen.
        let height = (*count as f32 / most as f32 * BARS).max(1.0);
        let bar = Rect::from_min_max(pos2(left(bin), bars.bottom() - height), pos2(left(bin + 1), bars.bottom()));
        painter.rect_filled(bar, 0.0, palette.train);
    }
    painter.hline(bars.x_range(), bars.bottom(), Stroke::new(1.0, palette.line));
    let place = |value: f32| bars.left() + bars.width() * (value - low) / (high - low);
    if low < 0.0 && high > 0.0 {
        painter.vline(place(0.0), bars.y_range(), Stroke::new(1.0, palette.line));
        let at = pos2(place(0.0), below.top());
        painter.text(at, Align2::CENTER_TOP, "0", theme::body_font(), palette.muted);
    }
    for (align, at, value) in [(Align2::LEFT_TOP, below.left_top(), low), (Align2::RIGHT_TOP, below.right_top(), high)]
    {
        painter.text(at, align, significant(f64::from(value)), theme::body_font(), palette.muted);
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, tr(name)));
    let Some(pointer) = response.hover_pos().filter(|_| !bins.is_empty()) else { return response };
    let share = ((pointer.x - bars.left()) / bars.width()).clamp(0.0, 1.0);
    let bin = ((share * bins.len() as f32) as usize).min(bins.len() - 1);
    let [from, to] = [bin, bin + 1].map(|at| f64::from(low + (high - low) * at as f32 / bins.len() as f32));
    let (count, all) = (f64::from(bins[bin]), bins.iter().copied().map(f64::from).sum::<f64>().max(1.0));
    let text = format!("{} to {}: {}, {}", significant(from), significant(to), thousands(count), percent(count / all));
    response.on_hover_text_at_pointer(text)
}
