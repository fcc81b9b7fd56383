//! A network as a picture: its units and maps from left to right, colored by what they give, and the weights between them.

mod layout;

use eframe::egui::epaint::CubicBezierShape;
use eframe::egui::{
    Align2, Color32, EventFilter, Key, Painter, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, TextureHandle,
    TextureOptions, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2,
};
use ndarray::Array3;

use crate::explain::connections::{Strength, Term, Wiring};
use crate::language::tr;
use crate::ui::theme::{self, Palette};
use crate::ui::widgets::cut_text::{cut_galley, cut_text};
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};
use crate::ui::widgets::numbers::significant;
use crate::ui::widgets::pixels::color_image;
use backprop_nn::Shape;
use layout::{Block, Form, LEGIBLE, TITLE, blocks};

/// How far it can be zoomed, against its natural size.
const ZOOMS: [f32; 2] = [0.3, 8.0];

/// Where it does not fit, it is made as small as this at first.
const SMALLEST: f32 = 0.7;

/// The most room for names of inputs and of outputs beside the blocks, and room without names.
const NAMES: f32 = 112.0;
const MARGIN: f32 = 12.0;

/// The narrowest place for a name that is partly outside of the picture.
const LEAST_NAME: f32 = 40.0;

/// A layer in the diagram.
pub struct DiagramLayer<'a> {
    /// Its name.
    pub name: String,
    /// Of what it gives.
    pub shape: Shape,
    /// What it gives for the sample.
    pub values: &'a [f32],
    /// What connects it with the layer before.
    pub wiring: &'a Wiring,
    /// The layer, counted in the diagram, whose values are added to its own.
    pub skip: Option<usize>,
    /// What each unit gives over the plane of two inputs, `[side, side, units]`.
    pub surfaces: Option<(usize, &'a [f32])>,
    /// What it is as a picture, if it is the input and an image.
    pub picture: Option<Array3<u8>>,
}

/// A number of a layer: the layer, counted in the diagram, and the position among its values.
pub type Spot = (usize, usize);

/// What is drawn.
pub struct Diagram<'a> {
    /// The layers, the input first.
    pub layers: Vec<DiagramLayer<'a>>,
    /// Names of the inputs, if they are columns of a table.
    pub inputs: Vec<String>,
    /// Names of the outputs, with their values.
    pub outputs: Vec<String>,
    /// What makes a connection strong.
    pub by: Strength,
    /// The unit that is looked at, and the products that it adds up.
    pub selected: Option<(Spot, &'a [Term])>,
    /// Another number means that other values are to be shown.
    pub version: u64,
}

/// A diagram that can be zoomed and moved. Keep one.
#[derive(Default)]
pub struct NetworkDiagram {
    /// Against the size at which it fits; 0 if it was never changed.
    zoom: f32,
    offset: Vec2,
    maps: Vec<FeatureMaps>,
    picture: Option<(u64, TextureHandle)>,
}

/// From the diagram to the screen.
#[derive(Clone, Copy)]
struct Camera {
    origin: Pos2,
    zoom: f32,
}

impl Camera {
    fn point(self, point: Pos2) -> Pos2 {
        self.origin + point.to_vec2() * self.zoom
    }

    fn rect(self, rect: Rect) -> Rect {
        Rect::from_min_max(self.point(rect.min), self.point(rect.max))
    }

    fn back(self, point: Pos2) -> Pos2 {
        ((point - self.origin) / self.zoom).to_pos2()
    }
}

impl NetworkDiagram {
    /// Shows it in this room. Drag moves it, the wheel zooms, a double click shows all of it again; a click, or an arrow key,
    /// chooses a unit, which is given.
    pub fn ui(&mut self, ui: &mut Ui, diagram: &Diagram<'_>, height: f32) -> Option<Spot> {
        let (room, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
        let count = diagram.layers.len();
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, tr(format!("Network diagram, {count} layers"))));
        let shapes: Vec<Shape> = diagram.layers.iter().map(|layer| layer.shape).collect();
        let margins = [room_for(ui, &diagram.inputs), room_for(ui, &diagram.outputs)];
        let has_surfaces = diagram.layers.iter().any(|layer| layer.surfaces.is_some());
        let (blocks, width) = blocks(&shapes, room.size(), margins, has_surfaces);
        let camera = self.camera(ui, &response, room, width);
        let mut inside = ui.new_child(UiBuilder::new().max_rect(room));
        inside.shrink_clip_rect(room);
        let pointed = response.hover_pos().and_then(|at| spot_at(&blocks, camera.back(at)));
        let palette = Palette::of(ui);
        let shown = Shown { ui: &inside, painter: inside.painter(), palette, camera, blocks: &blocks, diagram };
        shown.wires(pointed);
        self.blocks_ui(&shown);
        shown.names();
        if let Some(((layer, unit), terms)) = diagram.selected {
            shown.window(layer, terms);
            shown.ring((layer, unit), shown.palette.accent);
        }
        if let Some((layer, unit)) = pointed {
            shown.ring((layer, unit), shown.palette.text);
            let DiagramLayer { name, shape, values, .. } = &diagram.layers[layer];
            let value = significant(values.get(unit).copied().unwrap_or(f32::NAN).into());
            let name = format!("{name}, {}: {value}", unit_name(*shape, unit));
            response.clone().on_hover_text_at_pointer(name);
        }
        let walked = walked(ui, &response, diagram);
        response.clicked().then_some(pointed).flatten().or(walked)
    }

    /// Where it is looked at from, after what the pointer did.
    fn camera(&mut self, ui: &Ui, response: &Response, room: Rect, width: f32) -> Camera {
        let fitting = (room.width() / width).clamp(SMALLEST, 1.0);
        if response.double_clicked() {
            (self.zoom, self.offset) = (0.0, Vec2::ZERO);
        }
        self.offset += response.drag_delta();
        let zoom = |zoom: f32| if zoom == 0.0 { fitting } else { fitting * zoom };
        // What is smaller than the room stands in its middle.
        let middle = |zoom: f32| vec2(0.0, (room.height() * (1.0 - zoom) / 2.0).max(0.0));
        let before = zoom(self.zoom);
        if let Some(pointer) = response.hover_pos() {
            let by = ui.input(|input| input.zoom_delta() * (input.smooth_scroll_delta().y / 240.0).exp());
            if by != 1.0 {
                let after = (before * by).clamp(ZOOMS[0] * fitting, ZOOMS[1] * fitting);
                // The point under the pointer stays where it is.
                let origin = room.min + middle(before) + self.offset;
                let kept = pointer + (origin - pointer) * (after / before);
                (self.zoom, self.offset) = (after / fitting, kept - room.min - middle(after));
            }
        }
        let zoom = zoom(self.zoom);
        Camera { origin: room.min + middle(zoom) + self.offset, zoom }
    }

    fn blocks_ui(&mut self, shown: &Shown<'_>) {
        let Shown { ui, painter, palette, camera, diagram, .. } = *shown;
        self.maps.resize_with(diagram.layers.len(), FeatureMaps::default);
        for ((block, layer), maps) in shown.blocks.iter().zip(&diagram.layers).zip(&mut self.maps) {
            match &block.form {
                Form::Circles { count, .. } if layer.surfaces.is_some() => {
                    let Some((side, values)) = layer.surfaces else { continue };
                    let place = |at| block.place(at).map(|place| camera.rect(place.shrink(1.5)));
                    let places: Vec<Rect> = (0..*count).filter_map(place).collect();
                    let drawn = Maps { name: "", shape: [side, side, *count], values, version: diagram.version };
                    maps.paint(ui, painter, &drawn, &places);
                    for place in places {
                        painter.rect_stroke(place, 0.0, Stroke::new(1.0, palette.faint), StrokeKind::Outside);
                    }
                }
                Form::Circles { count, pitch, .. } => {
                    let color = scale(palette, layer.values);
                    let radius = (pitch * 0.4).min(9.0) * camera.zoom;
                    for (at, value) in layer.values.iter().enumerate().take(*count) {
                        let Some(place) = block.place(at) else { continue };
                        let center = camera.point(place.center());
                        painter.circle(center, radius, color(*value), Stroke::new(1.0, palette.line));
                    }
                }
                Form::Maps { tiles, shape, .. } => {
                    let places: Vec<Rect> = tiles.iter().map(|tile| camera.rect(*tile)).collect();
                    match (&layer.picture, &places[..]) {
                        (Some(picture), [place]) => {
                            let is_new = self.picture.as_ref().is_none_or(|(version, _)| *version != diagram.version);
                            if is_new {
                                let image = color_image(picture.view());
                                let texture = ui.ctx().load_texture("input", image, TextureOptions::NEAREST);
                                self.picture = Some((diagram.version, texture));
                            }
                            if let Some((_, texture)) = &self.picture {
                                let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
                                painter.image(texture.id(), *place, uv, Color32::WHITE);
                            }
                        }
                        _ => {
                            let values = block.pixels(layer.values);
                            let drawn = Maps { name: "", shape: *shape, values: &values, version: diagram.version };
                            maps.paint(ui, painter, &drawn, &places);
                        }
                    }
                    for place in places {
                        painter.rect_stroke(place, 0.0, Stroke::new(1.0, palette.faint), StrokeKind::Outside);
                    }
                }
            }
        }
    }
}

/// A diagram, and where it is painted.
#[derive(Clone, Copy)]
struct Shown<'a> {
    ui: &'a Ui,
    painter: &'a Painter,
    palette: &'a Palette,
    camera: Camera,
    blocks: &'a [Block],
    diagram: &'a Diagram<'a>,
}

impl Shown<'_> {
    fn wires(&self, pointed: Option<Spot>) {
        let selected = self.diagram.selected.map(|(spot, _)| spot);
        for at in 1..self.blocks.len() {
            match self.diagram.layers[at].wiring {
                Wiring::Units(connections) => {
                    let ends = |from, to| Some((self.blocks[at - 1].place(from)?, self.blocks[at].place(to)?));
                    let drawn = connections.iter().filter_map(|it| {
                        let (from, to) = ends(it.from, it.to)?;
                        // Of a unit that is looked at, its own weights stand out.
                        let is_of =
                            |(layer, unit): Spot| layer == at && unit == it.to || layer + 1 == at && unit == it.from;
                        let of_one = pointed.or(selected);
                        Some((from, to, self.diagram.by.of(it), of_one.is_none_or(is_of)))
                    });
                    self.lines(drawn.collect());
                }
                Wiring::Channels(connections) => {
                    let ends = |from, to| Some((self.blocks[at - 1].channel(from)?, self.blocks[at].channel(to)?));
                    let drawn = connections.iter().filter_map(|it| {
                        let (from, to) = ends(it.from, it.to)?;
                        Some((from, to, self.diagram.by.of(it), true))
                    });
                    self.lines(drawn.collect());
                }
                Wiring::Whole => self.funnel(self.blocks[at - 1].rect, self.blocks[at].rect),
            }
            if let Some(skip) = self.diagram.layers[at].skip {
                self.arc(self.blocks[skip].rect, self.blocks[at].rect);
            }
        }
        // What the unit adds up that is looked at.
        if let Some(((at, unit), terms)) = self.diagram.selected
            && let Some(to) = self.blocks[at].place(unit)
        {
            let place = |term: &Term| self.blocks[at.saturating_sub(1)].place(term.input);
            let mut drawn: Vec<_> =
                terms.iter().filter_map(|term| Some((place(term)?, to, term.product(), true))).collect();
            drawn.sort_by(|one, other| one.2.abs().total_cmp(&other.2.abs()));
            let weakest = drawn.len().saturating_sub(200);
            self.lines(drawn.split_off(weakest));
        }
    }

    /// From one place to another, each with its strength and whether it stands out.
    fn lines(&self, lines: Vec<(Rect, Rect, f32, bool)>) {
        let greatest = lines.iter().fold(0.0f32, |greatest, line| greatest.max(line.2.abs()));
        for (from, to, strength, stands_out) in lines {
            let share = if greatest > 0.0 { strength.abs() / greatest } else { 0.0 };
            let alpha = (0.12 + 0.78 * share) * if stands_out { 1.0 } else { 0.15 };
            let color = theme::diverging(self.palette, strength.signum()).gamma_multiply(alpha);
            let width = (0.6 + 2.0 * share) * self.camera.zoom.clamp(0.7, 2.0);
            let end = |place: Rect| self.camera.point(place.center());
            self.painter.line_segment([end(from), end(to)], Stroke::new(width, color));
        }
    }

    /// All of a layer goes into the next one, in a way that has no single weights.
    fn funnel(&self, from: Rect, to: Rect) {
        let stroke = Stroke::new(1.0, self.palette.faint);
        for (start, end) in [(from.right_top(), to.left_top()), (from.right_bottom(), to.left_bottom())] {
            self.painter.line_segment([start, end].map(|point| self.camera.point(point)), stroke);
        }
    }

    /// A skip connection, below the blocks that it passes.
    fn arc(&self, from: Rect, to: Rect) {
        let lowest = self
            .blocks
            .iter()
            .map(|block| block.rect)
            .filter(|rect| rect.left() >= from.left() && rect.right() <= to.right());
        let below = lowest.fold(0.0f32, |lowest, rect| lowest.max(rect.bottom())) + 18.0;
        let points =
            [from.center_bottom(), pos2(from.center().x, below), pos2(to.center().x, below), to.center_bottom()];
        let points = points.map(|point| self.camera.point(point));
        let stroke = Stroke::new(1.5, self.palette.line);
        self.painter.add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
    }

    /// The names of layers, inputs and outputs.
    fn names(&self) {
        let Self { palette, camera, blocks, diagram, .. } = *self;
        for (at, (block, layer)) in blocks.iter().zip(&diagram.layers).enumerate() {
            // Up to half of the way to the neighbors.
            let center = block.rect.center().x;
            let left = if at > 0 { center - blocks[at - 1].rect.center().x } else { 2.0 * (center + 0.5 * NAMES) };
            let right = blocks.get(at + 1).map_or(2.0 * NAMES, |next| next.rect.center().x - center);
            let half = left.min(right) / 2.0 - 2.0;
            let line = |row: f32| {
                let top = camera.point(pos2(center, block.rect.top().min(TITLE + 8.0) - 4.0)).y;
                let middle = camera.point(pos2(center, 0.0)).x;
                let size = vec2(2.0 * half * camera.zoom, 16.0);
                Rect::from_center_size(pos2(middle, top - 28.0 + 16.0 * row), size)
            };
            if let Form::Maps { tiles, shape, .. } = &block.form
                && tiles.len() > 1
                && shape[2] > tiles.len()
            {
                let below = camera.point(block.rect.center_bottom() + vec2(0.0, 10.0));
                let room = Rect::from_center_size(below, vec2(2.0 * half * camera.zoom, 16.0));
                let text = format!("{} of {}", tiles.len(), shape[2]);
                self.name(room, Align2::CENTER_CENTER, &text, palette.muted);
            }
            self.name(line(0.0), Align2::CENTER_CENTER, &layer.name, palette.text);
            self.name(line(1.0), Align2::CENTER_CENTER, &layer.shape.to_string(), palette.muted);
        }
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return };
        self.side_names(first, &diagram.inputs, true);
        self.side_names(last, &diagram.outputs, false);
    }

    fn side_names(&self, block: &Block, names: &[String], is_left: bool) {
        let Form::Circles { count, rows, pitch } = block.form else { return };
        let camera = self.camera;
        if count > rows || pitch * camera.zoom < LEGIBLE || names.len() != count {
            return;
        }
        for (at, name) in names.iter().enumerate() {
            let Some(place) = block.place(at) else { continue };
            let place = camera.rect(place);
            let width = (NAMES - 8.0) * camera.zoom.max(0.7);
            let x = if is_left { place.left() - width - 2.0 } else { place.right() + 2.0 };
            let room = Rect::from_min_size(pos2(x, place.center().y - 8.0), vec2(width, 16.0));
            let align = if is_left { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            self.name(room, align, name, self.palette.text);
        }
    }

    /// Within the picture; nothing where less than a few letters have room.
    fn name(&self, room: Rect, align: Align2, text: &str, color: Color32) {
        let seen = room.intersect(self.painter.clip_rect());
        if seen.width() >= LEAST_NAME.min(room.width()) && seen.height() >= room.height() {
            cut_text(self.ui, seen, align, text, theme::body_font(), color);
        }
    }

    fn ring(&self, (layer, unit): Spot, color: Color32) {
        let Some(place) = self.blocks.get(layer).and_then(|block| block.place(unit)) else { return };
        let place = self.camera.rect(place);
        match self.blocks[layer].form {
            Form::Circles { .. } if self.diagram.layers[layer].surfaces.is_none() => {
                let radius = (place.width() * 0.4).min(9.0 * self.camera.zoom) + 2.0;
                self.painter.circle_stroke(place.center(), radius, Stroke::new(2.0, color));
            }
            Form::Circles { .. } | Form::Maps { .. } => {
                let around = place.expand(1.0).union(Rect::from_center_size(place.center(), Vec2::splat(6.0)));
                self.painter.rect_stroke(around, 0.0, Stroke::new(2.0, color), StrokeKind::Outside);
            }
        }
    }

    /// The part of the maps before that a unit reads.
    fn window(&self, layer: usize, terms: &[Term]) {
        let Some(before) = layer.checked_sub(1).and_then(|at| self.blocks.get(at)) else { return };
        let Form::Maps { tiles, .. } = &before.form else { return };
        for tile in tiles {
            let places = terms.iter().filter_map(|term| before.place(term.input));
            let read = places.filter(|place| tile.contains(place.center()));
            let window = read.fold(Rect::NOTHING, |all, place| all.union(place));
            // A layer that reads everything has no window.
            if window.is_positive() && window.area() < 0.99 * tile.area() {
                let stroke = Stroke::new(1.5, self.palette.accent);
                self.painter.rect_stroke(self.camera.rect(window), 0.0, stroke, StrokeKind::Outside);
            }
        }
    }
}

/// Colors from the least to the greatest of these numbers: orange above zero, blue below, and where none is below zero, from the
/// ground to orange.
fn scale<'a>(palette: &'a Palette, values: &[f32]) -> impl Fn(f32) -> Color32 + use<'a> {
    let greatest = values.iter().fold(0.0f32, |greatest, value| greatest.max(value.abs()));
    let is_signed = values.iter().any(|value| *value < 0.0);
    move |value| theme::activation(palette, if greatest > 0.0 { value / greatest } else { 0.0 }, is_signed)
}

/// The room that names need beside a block.
fn room_for(ui: &Ui, names: &[String]) -> f32 {
    let width = |name: &String| cut_galley(ui.painter(), name, theme::body_font(), Color32::WHITE, NAMES).size().x;
    names.iter().map(width).fold(0.0, f32::max).min(NAMES - MARGIN) + MARGIN
}

fn spot_at(blocks: &[Block], point: Pos2) -> Option<Spot> {
    blocks.iter().enumerate().find_map(|(layer, block)| Some((layer, block.at(point)?)))
}

/// The unit that the arrow keys went to: up and down in a layer, left and right from one layer to the next.
fn walked(ui: &Ui, response: &Response, diagram: &Diagram<'_>) -> Option<Spot> {
    if !response.has_focus() {
        return None;
    }
    let keys = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let step = |less, more| isize::from(pressed(more)) - isize::from(pressed(less));
    let (across, down) = (step(Key::ArrowLeft, Key::ArrowRight), step(Key::ArrowUp, Key::ArrowDown));
    if (across, down) == (0, 0) {
        return None;
    }
    let last = diagram.layers.len().checked_sub(1)?;
    let (layer, unit) = diagram.selected.map_or((last, 0), |(spot, _)| spot);
    let layer = layer.saturating_add_signed(across).min(last);
    let most = diagram.layers[layer].values.len().saturating_sub(1);
    Some((layer, unit.saturating_add_signed(down).min(most)))
}

/// "unit 5", or "row 3, column 4, channel 2", counted from one.
pub fn unit_name(shape: Shape, at: usize) -> String {
    if let Some([_, width, channels]) = shape.as_image() {
        let (pixel, channel) = (at / channels, at % channels + 1);
        let place = format!("row {}, column {}", pixel / width + 1, pixel % width + 1);
        return if channels > 1 { format!("{place}, channel {channel}") } else { place };
    }
    if let Some([_, features]) = shape.as_steps() {
        return format!("step {}, unit {}", at / features + 1, at % features + 1);
    }
    format!("unit {}", at + 1)
}
