//! A few images side by side, all in view, in places that stay while the images change.

use eframe::egui::{
    Color32, ColorImage, Rect, Response, Role, Sense, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::language::tr;
use crate::ui::theme::Palette;

/// Side of an image under the pointer, enlarged.
const ENLARGED: f32 = 196.0;

/// What is shown: images of this height, width and channels, one or three, their pixels from 0 to 1.
pub struct Sheet<'a> {
    /// What a screen reader says.
    pub name: &'a str,
    /// Height, width and channels of one image.
    pub shape: [usize; 3],
    /// The pixels, `[images, height, width, channels]`, from 0 to 1.
    pub values: &'a [f32],
    /// Another number means that other pixels are to be shown.
    pub version: u64,
}

/// The texture that has been uploaded. Keep one for each place where a sheet is shown.
#[derive(Default)]
pub struct ImageSheet {
    shown: Option<Shown>,
}

struct Shown {
    texture: TextureHandle,
    version: u64,
    layout: Layout,
}

/// How the images are laid out: in full rows, as large as they fit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    columns: usize,
    rows: usize,
    /// Points per pixel.
    scale: f32,
}

impl Sheet<'_> {
    fn count(&self) -> usize {
        self.values.len() / self.shape.iter().product::<usize>().max(1)
    }

    /// An image and a pixel between it and the next.
    fn tile(&self) -> [usize; 2] {
        [self.shape[1] + 1, self.shape[0] + 1]
    }
}

impl ImageSheet {
    /// Shows the images in the middle of all the space there is.
    pub fn ui(&mut self, ui: &mut Ui, sheet: &Sheet<'_>) -> Response {
        let (room, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, tr(sheet.name)));
        if sheet.count() == 0 {
            return response;
        }
        let layout = Layout::fitting(sheet.count(), sheet.tile(), room.size());
        let ground = Palette::of(ui).surface;
        let is_shown = |shown: &Shown| shown.version == sheet.version && shown.layout == layout;
        let shown = match self.shown.take() {
            Some(shown) if is_shown(&shown) => shown,
            old => Shown::paint(ui, sheet, layout, old.map(|shown| shown.texture)),
        };
        let tile = Vec2::from(sheet.tile().map(|side| side as f32)) * layout.scale;
        let whole = vec2(tile.x * layout.columns as f32, tile.y * layout.rows as f32);
        let place = Rect::from_min_size((room.center() - whole / 2.0).round(), whole);
        ui.painter().rect_filled(place, 0.0, ground);
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter().image(shown.texture.id(), place, uv, Color32::WHITE);
        let pointed = response.hover_pos().filter(|at| place.contains(*at)).map(|at| (at - place.min) / tile);
        let response = match pointed {
            Some(at) => response.on_hover_ui_at_pointer(|ui| enlarged_ui(ui, sheet, &shown, at)),
            None => response,
        };
        self.shown = Some(shown);
        response
    }
}

/// The image in this column and row, at a size at which its pixels show.
fn enlarged_ui(ui: &mut Ui, sheet: &Sheet<'_>, shown: &Shown, at: Vec2) {
    let Layout { columns, rows, .. } = shown.layout;
    let (column, row) = ((at.x as usize).min(columns - 1), (at.y as usize).min(rows - 1));
    let size = vec2(sheet.shape[1] as f32, sheet.shape[0] as f32);
    let share = vec2(1.0 / columns as f32, 1.0 / rows as f32);
    let inside = vec2(size.x / (size.x + 1.0), size.y / (size.y + 1.0));
    let uv = Rect::from_min_size(pos2(column as f32 * share.x, row as f32 * share.y), share * inside);
    let (rect, _) = ui.allocate_exact_size(size * (ENLARGED / size.max_elem()), Sense::hover());
    ui.painter().image(shown.texture.id(), rect, uv, Color32::WHITE);
    ui.label(tr(format!("sample {}", row * columns + column + 1)));
}

impl Shown {
    fn paint(ui: &Ui, sheet: &Sheet<'_>, layout: Layout, old: Option<TextureHandle>) -> Self {
        let [height, width, channels] = sheet.shape;
        let [tile_width, tile_height] = sheet.tile();
        let size = [tile_width * layout.columns, tile_height * layout.rows];
        let mut image = ColorImage::filled(size, Color32::TRANSPARENT);
        for (at, sample) in sheet.values.chunks_exact(height * width * channels).enumerate() {
            let (left, top) = (at % layout.columns * tile_width, at / layout.columns * tile_height);
            for (pixel, values) in sample.chunks_exact(channels).enumerate() {
                let byte = |value: &f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                let color = match values {
                    [red, green, blue] => Color32::from_rgb(byte(red), byte(green), byte(blue)),
                    [gray, ..] => Color32::from_gray(byte(gray)),
                    [] => Color32::TRANSPARENT,
                };
                image.pixels[(top + pixel / width) * size[0] + left + pixel % width] = color;
            }
        }
        // Pixels that are not all equally large would look torn.
        let options = if layout.scale.fract() == 0.0 { TextureOptions::NEAREST } else { TextureOptions::LINEAR };
        let texture = match old {
            Some(mut old) => {
                old.set(image, options);
                old
            }
            None => ui.ctx().load_texture("image sheet", image, options),
        };
        Self { texture, version: sheet.version, layout }
    }
}

impl Layout {
    fn fitting(count: usize, tile: [usize; 2], room: Vec2) -> Self {
        let scale = |columns: usize| {
            let whole = [tile[0] * columns, tile[1] * (count / columns)];
            (room.x / whole[0] as f32).min(room.y / whole[1] as f32)
        };
        let full = (1..=count).filter(|columns| count.is_multiple_of(*columns));
        let columns = full.max_by(|a, b| scale(*a).total_cmp(&scale(*b))).unwrap_or(1);
        let largest = scale(columns);
        // Whole and half pixels look cleanest, and small images need every bit of room.
        let scale = if largest >= 2.0 { (2.0 * largest).floor() / 2.0 } else { largest.max(0.1) };
        Self { columns, rows: count / columns, scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_as_large_as_fit_in_full_rows() {
        let layout = |room: [f32; 2]| Layout::fitting(64, [29, 29], room.into());
        assert_eq!(layout([500.0, 500.0]), Layout { columns: 8, rows: 8, scale: 2.0 });
        assert_eq!(layout([1400.0, 350.0]), Layout { columns: 16, rows: 4, scale: 3.0 });
        assert_eq!(layout([1310.0, 520.0]), Layout { columns: 16, rows: 4, scale: 2.5 });
        assert_eq!(layout([232.0, 290.0]), Layout { columns: 8, rows: 8, scale: 1.0 });
        assert_eq!(layout([0.0, 0.0]).scale, 0.1);
    }
}
