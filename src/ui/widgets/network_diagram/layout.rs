//! Where the units of a network stand in its diagram: a block for every layer, from left to right.

use eframe::egui::{Pos2, Rect, Vec2, pos2, vec2};

use backprop_nn::Shape;

/// Room above the blocks for their names.
pub const TITLE: f32 = 40.0;

/// Room below them for how many maps there are.
const BELOW: f32 = 20.0;

/// Between two blocks, at least and at most.
const GAPS: [f32; 2] = [44.0, 260.0];

/// The widest block of circles, and the least and the widest distance from one to the next.
const WIDEST: f32 = 88.0;
const PITCHES: [f32; 2] = [8.0, 28.0];

/// The same where each is a picture of the plane.
const WIDEST_SURFACES: f32 = 132.0;
const SURFACES: [f32; 2] = [14.0, 56.0];

/// Names are written where circles are so far apart, in points.
pub const LEGIBLE: f32 = 13.0;

/// More units than this are cells of a picture.
const MOST_CIRCLES: usize = 512;

/// More maps than this are counted and not drawn.
pub const MOST_MAPS: usize = 16;

/// Side of a map, at least and at most; of the input alone.
const MAP: [f32; 2] = [14.0, 68.0];
const INPUT: f32 = 132.0;

/// A block is at least as wide as its name.
const LEAST_WIDTH: f32 = 72.0;

/// How the numbers of a layer are drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A circle for each unit, from top to bottom and then from left to right.
    Circles {
        /// How many.
        count: usize,
        /// How many below one another.
        rows: usize,
        /// From one center to the next.
        pitch: f32,
    },
    /// Maps of `[height, width, channels]`, of which the first are drawn.
    Maps {
        /// Height, width and channels.
        shape: [usize; 3],
        /// Whether the columns are the steps of a sequence, whose numbers follow one another step by step.
        is_sequence: bool,
        /// The place of each that is drawn.
        tiles: Vec<Rect>,
    },
}

/// A layer in the diagram.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// How its numbers are drawn.
    pub form: Form,
    /// Where.
    pub rect: Rect,
}

impl Block {
    /// The size of the block of a layer within this height; its place is found later.
    fn new(shape: Shape, height: f32, is_input: bool, has_surfaces: bool) -> Self {
        let len = shape.len();
        match (shape.as_image(), shape.as_steps()) {
            // An image in colors is one picture.
            (Some(image), _) => Self::maps(image, height, is_input && image[2] <= 3, false),
            (_, Some([steps, features])) => Self::maps([features, steps, 1], height, true, true),
            _ if len > MOST_CIRCLES => {
                let across = ((len as f32 / 3.0).sqrt().ceil() as usize).max(1);
                Self::maps([len.div_ceil(across), across, 1], height, true, false)
            }
            _ if has_surfaces => Self::circles(len, height, SURFACES, WIDEST_SURFACES),
            _ => Self::circles(len, height, PITCHES, WIDEST),
        }
    }

    fn circles(count: usize, height: f32, pitches: [f32; 2], widest: f32) -> Self {
        let columns = |pitch: f32| count.div_ceil(((height / pitch) as usize).max(1));
        let tried = || (pitches[0] as usize..=pitches[1] as usize).rev().map(|pitch| pitch as f32);
        // Below each other, names have room beside them.
        let alone = tried().find(|pitch| columns(*pitch) == 1 && *pitch >= LEGIBLE);
        let pitch = alone.or_else(|| tried().find(|pitch| columns(*pitch) as f32 * pitch <= widest));
        let pitch = pitch.unwrap_or(pitches[0]);
        let columns = columns(pitch).max(1);
        let rows = count.div_ceil(columns).max(1);
        let size = vec2(columns as f32, rows as f32) * pitch;
        Self { form: Form::Circles { count, rows, pitch }, rect: Rect::from_min_size(Pos2::ZERO, size) }
    }

    fn maps(shape: [usize; 3], height: f32, is_alone: bool, is_sequence: bool) -> Self {
        let [rows, columns, channels] = shape;
        let count = if is_alone { 1 } else { channels.clamp(1, MOST_MAPS) };
        let across = if count > MOST_MAPS / 2 { 2 } else { 1 };
        let down = count.div_ceil(across);
        let gap = 4.0;
        let room = (height - (down - 1) as f32 * gap) / down as f32;
        let most = if count == 1 { INPUT } else { MAP[1] };
        let side = room.min(most).max(MAP[0]);
        let scale = side / rows.max(columns).max(1) as f32;
        // A row of few numbers stays wide enough to be pointed at.
        let size = (vec2(columns as f32, rows as f32) * scale).max(Vec2::splat(6.0));
        let place = |at: usize| {
            let corner = vec2((at / down) as f32, (at % down) as f32) * (size + Vec2::splat(gap));
            Rect::from_min_size(corner.to_pos2(), size)
        };
        let tiles: Vec<Rect> = (0..count).map(place).collect();
        let rect = tiles.iter().fold(Rect::NOTHING, |all, tile| all.union(*tile));
        Self { form: Form::Maps { shape, is_sequence, tiles }, rect }
    }

    fn move_to(&mut self, corner: Pos2) {
        let by = corner - self.rect.min;
        self.rect = self.rect.translate(by);
        if let Form::Maps { tiles, .. } = &mut self.form {
            tiles.iter_mut().for_each(|tile| *tile = tile.translate(by));
        }
    }

    /// The place of a number of the layer, given its position in the values; nothing if its map is not drawn.
    pub fn place(&self, at: usize) -> Option<Rect> {
        match &self.form {
            Form::Circles { count, rows, pitch } => (at < *count).then(|| {
                let corner = vec2((at / rows) as f32, (at % rows) as f32) * *pitch;
                Rect::from_min_size(self.rect.min + corner, Vec2::splat(*pitch))
            }),
            Form::Maps { shape: [height, width, channels], is_sequence, tiles } => {
                let (pixel, channel) = (at / channels, if tiles.len() == 1 { 0 } else { at % channels });
                let (row, column) = match is_sequence {
                    true => (pixel % height, pixel / height),
                    false => (pixel / width, pixel % width),
                };
                let tile = tiles.get(channel).filter(|_| row < *height && column < *width)?;
                let cell = tile.size() / vec2(*width as f32, *height as f32);
                Some(Rect::from_min_size(tile.min + vec2(column as f32, row as f32) * cell, cell))
            }
        }
    }

    /// The place of a channel; where channels are not drawn apart, the whole block.
    pub fn channel(&self, channel: usize) -> Option<Rect> {
        match &self.form {
            Form::Circles { .. } => Some(self.rect),
            Form::Maps { tiles, .. } if tiles.len() == 1 => tiles.first().copied(),
            Form::Maps { tiles, .. } => tiles.get(channel).copied(),
        }
    }

    /// The numbers of a layer in the order of the pixels of its maps; cells without one hold none.
    pub fn pixels(&self, values: &[f32]) -> Vec<f32> {
        let Form::Maps { shape: [height, width, channels], is_sequence, .. } = self.form else {
            return values.to_vec();
        };
        if is_sequence {
            let value = |at: usize| values[at % width * height + at / width];
            return (0..height * width).map(value).collect();
        }
        let mut pixels = values.to_vec();
        pixels.resize(height * width * channels, f32::NAN);
        pixels
    }

    /// The position, among the values, of the number at a point.
    pub fn at(&self, point: Pos2) -> Option<usize> {
        match &self.form {
            Form::Circles { count, rows, pitch } => {
                let inside = (point - self.rect.min) / *pitch;
                let is_inside = inside.x >= 0.0 && inside.y >= 0.0 && inside.y < *rows as f32;
                Some(inside.x as usize * rows + inside.y as usize).filter(|at| is_inside && at < count)
            }
            Form::Maps { shape: [height, width, channels], is_sequence, tiles } => {
                let (channel, tile) = tiles.iter().enumerate().find(|(_, tile)| tile.contains(point))?;
                let inside = (point - tile.min) / tile.size();
                let cell = |share: f32, len: usize| ((share * len as f32) as usize).min(len.saturating_sub(1));
                let (row, column) = (cell(inside.y, *height), cell(inside.x, *width));
                let pixel = if *is_sequence { column * height + row } else { row * width + column };
                Some(pixel * channels + channel)
            }
        }
    }
}

/// The blocks of some layers in a room of this size, with so much beside them for names, and the width of it all, which may be
/// more than that of the room. Where each unit is a picture of the plane, it gets more room.
pub fn blocks(shapes: &[Shape], room: Vec2, margins: [f32; 2], has_surfaces: bool) -> (Vec<Block>, f32) {
    let height = (room.y - TITLE - BELOW).max(80.0);
    let mut blocks: Vec<Block> =
        shapes.iter().enumerate().map(|(at, shape)| Block::new(*shape, height, at == 0, has_surfaces)).collect();
    let slot = |block: &Block| block.rect.width().max(LEAST_WIDTH);
    let taken: f32 = blocks.iter().map(slot).sum::<f32>() + margins.iter().sum::<f32>();
    let between = blocks.len().saturating_sub(1).max(1) as f32;
    let gap = ((room.x - taken) / between).clamp(GAPS[0], GAPS[1]);
    let width = taken + gap * (blocks.len().saturating_sub(1)) as f32;
    let mut x = margins[0] + ((room.x - width) / 2.0).max(0.0);
    for block in &mut blocks {
        let (slot, size) = (slot(block), block.rect.size());
        block.move_to(pos2(x + (slot - size.x) / 2.0, TITLE + (height - size.y) / 2.0));
        x += slot + gap;
    }
    (blocks, width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_where_it_is_drawn() {
        let shapes = [
            Shape::image(28, 28, 1),
            Shape::image(26, 26, 9),
            Shape::flat(128),
            Shape::flat(900),
            Shape::steps(12, 5),
            Shape::flat(10),
        ];
        let (blocks, width) = blocks(&shapes, vec2(1200.0, 420.0), [8.0, 90.0], false);
        assert!(width <= 1200.0);
        for (block, shape) in blocks.iter().zip(shapes) {
            assert!(block.rect.top() >= TITLE && block.rect.bottom() <= 420.5, "{block:?}");
            for at in 0..shape.len() {
                let place = block.place(at).unwrap();
                assert_eq!(block.at(place.center()), Some(at), "{shape} {at}");
            }
        }
        for pair in blocks.windows(2) {
            assert!(pair[0].rect.right() + GAPS[0] <= pair[1].rect.left() + 0.5);
        }
    }

    #[test]
    fn a_few_units_stand_below_each_other_also_where_it_is_low() {
        let (blocks, _) =
            blocks(&[Shape::flat(4), Shape::flat(64), Shape::flat(10)], vec2(500.0, 230.0), [8.0, 90.0], false);
        let rows = |block: &Block| if let Form::Circles { rows, .. } = block.form { rows } else { 0 };
        assert_eq!((rows(&blocks[0]), rows(&blocks[2])), (4, 10), "their names stand beside them");
        assert!(rows(&blocks[1]) < 64);
    }

    #[test]
    fn many_layers_are_wider_than_their_room_and_many_maps_are_counted() {
        let shapes = vec![Shape::image(8, 8, 40); 20];
        let (blocks, width) = blocks(&shapes, vec2(600.0, 300.0), [8.0, 8.0], false);
        assert!(width > 600.0);
        assert!(blocks[1].place(15).is_some() && blocks[1].place(16).is_none(), "the seventeenth channel");
        assert!(blocks[3].channel(2).unwrap().contains(blocks[3].place(2).unwrap().center()));
    }
}
