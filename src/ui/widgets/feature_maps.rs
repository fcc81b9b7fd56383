//! Numbers that a layer gives, as small pictures: a map for each channel, one strip for a row of numbers.

use eframe::egui::{
    Align2, Color32, ColorImage, Painter, Rect, Response, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2, vec2,
};

use crate::language::tr;
use crate::ui::theme::{self, Palette};
use crate::ui::widgets::numbers::significant;

/// What is shown: maps of this height and width, `[height, width, channels]`.
pub struct Maps<'a> {
    /// What a screen reader says.
    pub name: &'a str,
    /// Height, width and channels.
    pub shape: [usize; 3],
    /// The numbers.
    pub values: &'a [f32],
    /// Another number means that other values are to be shown.
    pub version: u64,
}

/// The least and the most width of a map, in points.
const WIDTHS: [f32; 2] = [28.0, 72.0];

/// The most height of one map alone, in points.
const ALONE: f32 = 224.0;

/// Points between two maps.
const GAP: f32 = 4.0;

/// More maps than this are counted and not shown.
const MOST: usize = 64;

/// The texture of one layer. Keep one for each.
#[derive(Default)]
pub struct FeatureMaps {
    shown: Option<(u64, bool, TextureHandle)>,
}

impl FeatureMaps {
    /// Shows the maps in rows over the whole width, in colors from the least to the greatest number of all of them: orange above
    /// zero, blue below, and where none is below zero, from the ground to orange.
    pub fn ui(&mut self, ui: &mut Ui, maps: &Maps<'_>) -> Response {
        let [height, width, channels] = maps.shape;
        let count = channels.min(MOST);
        let room = ui.available_width();
        // As large as all of them stay within two rows, if they can.
        let fitting = (2.0 * (room + GAP) / count.max(1) as f32 - GAP).clamp(WIDTHS[0], WIDTHS[1]);
        // One map alone is as large as can be overlooked.
        let alone = (room / width as f32).min(ALONE / height as f32).min(12.0) * width as f32;
        let across = if count == 1 { alone } else { fitting };
        let tile = vec2(across, across * height as f32 / width.max(1) as f32);
        let columns = (((room + GAP) / (tile.x + GAP)) as usize).clamp(1, count.max(1));
        let rows = count.div_ceil(columns);
        let size = vec2(room, rows as f32 * (tile.y + GAP) - GAP);
        let (rect, response) = ui.allocate_exact_size(size.max(vec2(1.0, 1.0)), Sense::hover());
        let greatest = maps.values.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
        let is_signed = maps.values.iter().any(|value| *value < 0.0);
        let scale = format!(
            "{}{} to {}",
            if is_signed { "-" } else { "" },
            if is_signed { significant(greatest.into()) } else { "0".to_owned() },
            significant(greatest.into())
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, tr(format!("{}, {scale}", maps.name))));
        let place = |at: usize| {
            let corner = vec2((at % columns) as f32 * (tile.x + GAP), (at / columns) as f32 * (tile.y + GAP));
            Rect::from_min_size(rect.min + corner, tile)
        };
        self.paint(ui, ui.painter(), maps, &(0..count).map(place).collect::<Vec<_>>());
        if channels > count {
            let at = rect.right_bottom() - vec2(0.0, 2.0);
            let text = format!("{} more", channels - count);
            ui.painter().text(at, Align2::RIGHT_BOTTOM, tr(text), theme::body_font(), Palette::of(ui).muted);
        }
        let pointed =
            response.hover_pos().and_then(|at| Some(at).zip((0..count).find(|tile| place(*tile).contains(at))));
        let Some((at, channel)) = pointed else { return response };
        let inside = (at - place(channel).min) / tile;
        let pixel = |share: f32, len: usize| ((share * len as f32) as usize).min(len.saturating_sub(1));
        let (row, column) = (pixel(inside.y, height), pixel(inside.x, width));
        let value = maps.values.get((row * width + column) * channels + channel).copied().unwrap_or(f32::NAN);
        let name = if channels > 1 { format!("channel {}, ", channel + 1) } else { String::new() };
        let spot = match (height, width) {
            (1, _) => format!("{}", column + 1),
            _ => format!("row {}, column {}", row + 1, column + 1),
        };
        response.on_hover_text_at_pointer(format!("{name}{spot}: {}; colors from {scale}", significant(value.into())))
    }

    /// Paints the first maps, each at its place.
    pub fn paint(&mut self, ui: &Ui, painter: &Painter, maps: &Maps<'_>, places: &[Rect]) {
        let ([height, width, channels], count) = (maps.shape, places.len());
        let greatest = maps.values.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
        let is_signed = maps.values.iter().any(|value| *value < 0.0);
        let is_dark = ui.visuals().dark_mode;
        let side = (1..=count).find(|side| side * side >= count).unwrap_or(1);
        let is_shown = |shown: &(u64, bool, TextureHandle)| shown.0 == maps.version && shown.1 == is_dark;
        if !self.shown.as_ref().is_some_and(is_shown) {
            let palette = Palette::of(ui);
            let color =
                |value: f32| theme::activation(palette, if greatest > 0.0 { value / greatest } else { 0.0 }, is_signed);
            // About square, since a texture can be only so high.
            let mut image = ColorImage::filled([width * side, height * side], Color32::TRANSPARENT);
            for (at, value) in maps.values.iter().enumerate() {
                let (pixel, channel) = (at / channels, at % channels);
                let (row, column) = (channel / side * height + pixel / width, channel % side * width + pixel % width);
                if channel < count {
                    image.pixels[row * width * side + column] = color(*value);
                }
            }
            let texture = ui.ctx().load_texture("feature maps", image, TextureOptions::NEAREST);
            self.shown = Some((maps.version, is_dark, texture));
        }
        let Some((.., texture)) = &self.shown else { return };
        for (at, place) in places.iter().enumerate() {
            let share = 1.0 / side as f32;
            let uv =
                Rect::from_min_size(pos2((at % side) as f32 * share, (at / side) as f32 * share), vec2(share, share));
            painter.image(texture.id(), *place, uv, Color32::WHITE);
        }
    }
}
