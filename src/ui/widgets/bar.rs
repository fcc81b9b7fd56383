//! A progress bar whose text has a fixed place, so that nothing moves while it counts.

use eframe::egui::{Align2, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, RADIUS, ROW};

/// Shows `share` from 0 to 1, `None` where nothing runs. `name` is what it measures, for screen readers.
pub fn bar_ui(ui: &mut Ui, name: &str, share: Option<f32>, width: f32) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    let track = Rect::from_center_size(rect.center(), vec2(rect.width(), 2.0 * GRID));
    ui.painter().rect_filled(track, RADIUS, palette.sunken.lerp_to_gamma(palette.line, 0.25));
    if let Some(share) = share.filter(|share| *share > 0.0) {
        let mut done = track;
        done.set_width((track.width() * share.min(1.0)).max(f32::from(RADIUS)));
        ui.painter().rect_filled(done, RADIUS, palette.accent);
    }
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, ui.is_enabled(), tr(name));
        info.value = share.map(|share| f64::from(share) * 100.0);
        info
    });
    response
}

/// A number with its unit in a field of fixed width, right-aligned: `21,400 samples/s`. `widest` reserves the room.
pub fn fixed_text_ui(ui: &mut Ui, text: &str, widest: &str) -> Response {
    let palette = Palette::of(ui);
    let room = ui.painter().layout_no_wrap(tr(widest).into_owned(), theme::body_font(), palette.text).size().x;
    let (rect, response) = ui.allocate_exact_size(vec2(room, ROW), Sense::hover());
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, tr(text), theme::body_font(), palette.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, tr(text)));
    response
}
