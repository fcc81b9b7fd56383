//! What the network really sees: pixels, large and unsmoothed.

use eframe::egui::{
    self, Color32, ColorImage, Image, Response, Role, Sense, Stroke, TextureOptions, Ui, WidgetInfo, vec2,
};
use ndarray::{ArrayView3, Axis};

use crate::language::tr;
use crate::ui::theme::Palette;

/// Pixels in gray or in red, green and blue, `[height, width, channels]`, as an image for the screen.
pub fn color_image(pixels: ArrayView3<'_, u8>) -> ColorImage {
    let (height, width, _) = pixels.dim();
    let color = |pixel: ndarray::ArrayView1<'_, u8>| match pixel.as_slice() {
        Some([red, green, blue]) => Color32::from_rgb(*red, *green, *blue),
        _ => pixel.first().map_or(Color32::BLACK, |gray| Color32::from_gray(*gray)),
    };
    ColorImage::new([width, height], pixels.lanes(Axis(2)).into_iter().map(color).collect())
}

/// Shows pixels in gray or in red, green and blue, `[height, width, channels]`, fitted into a square of `side` points. `name` is read by screen readers.
pub fn pixels_ui(ui: &mut Ui, name: &str, pixels: Option<ArrayView3<'_, u8>>, side: f32) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, ui.is_enabled(), tr(name)));
    let Some(pixels) = pixels.filter(|pixels| !pixels.is_empty()) else {
        ui.painter().rect(rect, 0.0, palette.sunken, Stroke::new(1.0, palette.faint), egui::StrokeKind::Outside);
        return response;
    };
    let (height, width, _) = pixels.dim();
    let image = color_image(pixels);
    let id = response.id.with("pixels");
    let texture = ui.ctx().load_texture_cached(name, id, image, TextureOptions::NEAREST);
    let scale = side / width.max(height) as f32;
    let shown = egui::Rect::from_center_size(rect.center(), vec2(width as f32, height as f32) * scale);
    Image::from_texture((texture.id(), shown.size())).paint_at(ui, shown);
    ui.painter().rect_stroke(shown, 0.0, Stroke::new(1.0, palette.faint), egui::StrokeKind::Outside);
    response
}
