//! Any number of small images in a scrolling grid; only those in view cost anything.

use std::collections::HashMap;

use eframe::egui::{
    self, Align2, Color32, ColorImage, Rect, Role, ScrollArea, Sense, Shape, Stroke, TextureHandle, TextureOptions, Ui,
    Vec2, WidgetInfo, epaint::PathShape, pos2, vec2,
};

use super::cut_text::cut_galley;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, RADIUS};

/// Side of one atlas texture in pixels, unless a single image is larger.
const PAGE_SIDE: usize = 512;
/// Atlas textures kept; a screen shows one or two.
const MOST_PAGES: usize = 12;
/// Height of a line of a caption.
pub const CAPTION_ROW: f32 = 18.0;

/// What is shown: `count` images of `height` × `width` × `channels` bytes, channels last.
pub struct Images<'a> {
    /// Number of images.
    pub count: usize,
    /// Rows of pixels per image.
    pub height: usize,
    /// Columns of pixels per image.
    pub width: usize,
    /// 1 for gray, 3 for red, green and blue.
    pub channels: usize,
    /// Another number means that other pixels are behind the indices now.
    pub version: u64,
    /// Writes the pixels of an image into the slice, which has height × width × channels bytes.
    pub pixels: &'a dyn Fn(usize, &mut [u8]),
    /// Writes the caption of an image.
    pub caption: &'a dyn Fn(usize) -> Caption,
    /// Lines of a caption: with two, the true class and the predicted one have a line each.
    pub caption_rows: usize,
}

/// What is written below an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caption {
    /// The true label.
    pub truth: String,
    /// What the network predicted, if it was asked.
    pub predicted: Option<String>,
    /// One more line for the enlarged view: "92.3 % sure".
    pub detail: String,
}

/// The grid and the textures it has uploaded. Keep one for each place where images are shown.
#[derive(Default)]
pub struct ImageGrid {
    pages: HashMap<usize, Page>,
    version: u64,
    shape: [usize; 3],
}

struct Page {
    texture: TextureHandle,
    last_pass: u64,
}

/// What the pointer did.
#[derive(Default)]
pub struct ImageGridResponse {
    /// Index of the image that was clicked.
    pub clicked: Option<usize>,
    /// Index of the image under the pointer.
    pub hovered: Option<usize>,
}

impl Caption {
    fn is_wrong(&self) -> bool {
        self.predicted.as_ref().is_some_and(|predicted| *predicted != self.truth)
    }

    fn sentence(&self) -> String {
        match &self.predicted {
            Some(predicted) if self.is_wrong() => format!("{} predicted as {predicted}", self.truth),
            Some(_) => format!("{} predicted correctly", self.truth),
            None => self.truth.clone(),
        }
    }
}

impl ImageGrid {
    /// Shows the grid in all the space there is, with `scale` points for a pixel.
    pub fn ui(&mut self, ui: &mut Ui, images: &Images<'_>, scale: f32) -> ImageGridResponse {
        let shape = [images.height, images.width, images.channels];
        if self.version != images.version || self.shape != shape {
            self.pages.clear();
            (self.version, self.shape) = (images.version, shape);
        }
        let mut answer = ImageGridResponse::default();
        if shape.contains(&0) {
            return answer;
        }
        let image = vec2(images.width as f32, images.height as f32) * scale;
        let captions = CAPTION_ROW * images.caption_rows as f32;
        let tile = vec2(image.x.max(40.0), image.y + captions) + Vec2::splat(2.0 * GRID);
        let n_columns = (((ui.available_width() - 2.0 * GRID) / tile.x) as usize).max(1);
        let n_rows = images.count.div_ceil(n_columns);
        ui.spacing_mut().item_spacing.y = 0.0;
        // A fade over the last row would change what the pixels look like.
        ui.spacing_mut().scroll.fade.strength = 0.0;
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, tile.y, n_rows, |ui, rows| {
            for row in rows {
                let width = ui.available_width();
                let (rect, _) = ui.allocate_exact_size(vec2(width, tile.y), Sense::hover());
                for column in 0..n_columns {
                    let index = row * n_columns + column;
                    if index < images.count {
                        let place = Rect::from_min_size(rect.min + vec2(tile.x * column as f32, 0.0), tile);
                        self.tile_ui(ui, images, index, place, image, &mut answer);
                    }
                }
            }
        });
        self.drop_old_pages(ui.cumulative_pass_nr());
        answer
    }

    fn tile_ui(
        &mut self,
        ui: &mut Ui,
        images: &Images<'_>,
        index: usize,
        tile: Rect,
        size: Vec2,
        answer: &mut ImageGridResponse,
    ) {
        let palette = Palette::of(ui);
        let caption = (images.caption)(index);
        let response = ui.interact(tile, ui.make_persistent_id(("image", index)), Sense::click());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Image, true, tr(format!("Image {index}, {}", caption.sentence())))
        });
        if response.hovered() || response.has_focus() {
            answer.hovered = Some(index);
            let stroke = if response.has_focus() { Stroke::new(1.5, palette.accent) } else { Stroke::NONE };
            ui.painter().rect(tile.shrink(1.0), RADIUS, palette.raised, stroke, egui::StrokeKind::Inside);
        }
        if response.clicked() {
            answer.clicked = Some(index);
        }
        let center = pos2(tile.center().x, tile.top() + GRID + size.y / 2.0);
        let place = Rect::from_center_size(center, size);
        let (texture, uv) = self.image(ui, images, index);
        ui.painter().image(texture, place, uv, Color32::WHITE);
        caption_ui(ui, &caption, images.caption_rows, place, tile);
        response.on_hover_ui(|ui| enlarged_ui(ui, images, index, &caption, (texture, uv)));
    }

    /// The atlas with an image in it, and where. A page is made the first time one of its images is in view.
    fn image(&mut self, ui: &Ui, images: &Images<'_>, index: usize) -> (egui::TextureId, Rect) {
        let (columns, rows) = ((PAGE_SIDE / images.width).max(1), (PAGE_SIDE / images.height).max(1));
        let number = index / (columns * rows);
        let page = self.pages.entry(number).or_insert_with(|| {
            let first = number * columns * rows;
            let image = page(images, first..(first + columns * rows).min(images.count), columns, rows);
            let texture = ui.ctx().load_texture(format!("images {number}"), image, TextureOptions::NEAREST);
            Page { texture, last_pass: 0 }
        });
        page.last_pass = ui.cumulative_pass_nr();
        let slot = index % (columns * rows);
        let share = vec2(1.0 / columns as f32, 1.0 / rows as f32);
        let min = vec2((slot % columns) as f32, (slot / columns) as f32) * share;
        (page.texture.id(), Rect::from_min_size(min.to_pos2(), share))
    }

    fn drop_old_pages(&mut self, pass: u64) {
        if self.pages.len() > MOST_PAGES {
            self.pages.retain(|_, page| page.last_pass == pass);
        }
    }
}

fn page(images: &Images<'_>, indices: std::ops::Range<usize>, columns: usize, rows: usize) -> ColorImage {
    let (width, height, channels) = (images.width, images.height, images.channels);
    let mut page = ColorImage::filled([columns * width, rows * height], Color32::TRANSPARENT);
    let mut bytes = vec![0; width * height * channels];
    for (slot, index) in indices.enumerate() {
        (images.pixels)(index, &mut bytes);
        let (left, top) = (slot % columns * width, slot / columns * height);
        for (pixel, values) in bytes.chunks_exact(channels).enumerate() {
            let (x, y) = (left + pixel % width, top + pixel / width);
            page.pixels[y * columns * width + x] = match values {
                [red, green, blue, ..] => Color32::from_rgb(*red, *green, *blue),
                [gray, ..] => Color32::from_gray(*gray),
                [] => Color32::TRANSPARENT,
            };
        }
    }
    page
}

/// The label, and for a mistake also the prediction, with a folded corner on the image. Names that are too long end in an
/// ellipsis; what appears under the pointer shows them in full.
fn caption_ui(ui: &Ui, caption: &Caption, rows: usize, image: Rect, tile: Rect) {
    let palette = Palette::of(ui);
    let painter = ui.painter().with_clip_rect(tile.intersect(ui.clip_rect()));
    let write = |row: usize, text: &str, font, color| {
        let galley = cut_galley(&painter, text, font, color, tile.width() - GRID);
        let place = pos2(image.center().x, image.bottom() + CAPTION_ROW * (row as f32 + 0.5) + 1.0);
        painter.galley(Align2::CENTER_CENTER.anchor_size(place, galley.size()).min, galley, color);
    };
    let truth = &caption.truth;
    match &caption.predicted {
        Some(predicted) if caption.is_wrong() => {
            let corner = image.right_top();
            let fold = vec![corner - vec2(12.0, 0.0), corner, corner + vec2(0.0, 12.0)];
            painter.add(Shape::Path(PathShape::convex_polygon(fold, palette.bad, Stroke::NONE)));
            let font = theme::strong_font(theme::BODY);
            if rows < 2 {
                return write(0, &format!("{truth} → {predicted}"), font, palette.bad);
            }
            write(0, truth, theme::body_font(), palette.text);
            write(1, &format!("→ {predicted}"), font, palette.bad);
        }
        _ => write(0, truth, theme::body_font(), palette.muted),
    }
}

fn enlarged_ui(
    ui: &mut Ui,
    images: &Images<'_>,
    index: usize,
    caption: &Caption,
    (texture, uv): (egui::TextureId, Rect),
) {
    let palette = Palette::of(ui);
    let size = vec2(images.width as f32, images.height as f32);
    let size = size * (196.0 / size.max_elem());
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().image(texture, rect, uv, Color32::WHITE);
    let color = if caption.is_wrong() { palette.bad } else { palette.text };
    ui.label(theme::strong(caption.sentence()).color(color));
    if !caption.detail.is_empty() {
        ui.label(tr(&caption.detail));
    }
    ui.label(egui::RichText::new(tr(format!("image {index}"))).color(palette.muted));
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use egui_kittest::{Harness, kittest::Queryable as _};

    use super::*;

    #[test]
    fn only_what_is_in_view_is_asked_for_and_a_click_gives_the_index() {
        let asked = RefCell::new(0);
        let mut grid = ImageGrid::default();
        let clicked = RefCell::new(None);
        let mut harness =
            Harness::builder().with_context_setup(theme::install).with_size([300.0, 300.0]).build_ui(|ui| {
                let images = Images {
                    count: 1_000_000,
                    height: 28,
                    width: 28,
                    channels: 1,
                    version: 1,
                    pixels: &|index, pixels| {
                        *asked.borrow_mut() += 1;
                        pixels.fill(index as u8);
                    },
                    caption_rows: 1,
                    caption: &|index| Caption {
                        truth: index.to_string(),
                        predicted: Some("3".into()),
                        ..Default::default()
                    },
                };
                let answer = grid.ui(ui, &images, 2.0);
                clicked.replace_with(|before| answer.clicked.or(*before));
            });
        harness.run();
        harness.get_by_label("Image 2, 2 predicted as 3");
        harness.get_by_label("Image 3, 3 predicted correctly").click();
        harness.run();
        drop(harness);
        assert_eq!(clicked.into_inner(), Some(3));
        assert_eq!(asked.into_inner(), (PAGE_SIDE / 28) * (PAGE_SIDE / 28), "one page, uploaded once");
    }
}
