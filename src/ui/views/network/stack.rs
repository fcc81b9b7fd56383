//! The cards of the stack and of the blocks within it: a block's cards stand indented on its own card, with the line that
//! leads around them.

use eframe::egui::{self, Align, Frame, Id, Layout, Margin, Rect, RichText, Stroke, Ui, pos2, vec2};
use egui_dnd::dnd;
use egui_material_icons::icons::ICON_ADD;

use super::add_layer::{Trial, layer_button_ui, misfit_at};
use super::card::{Card, Edit};
use super::path::{layers_at_mut, number};
use crate::language::tr;
use crate::project::Side;
use crate::ui::state::problems::Problems;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use backprop_nn::LayerSpec;
use backprop_nn::trace::Trace;

/// Room for the line that leads around a block's cards.
const GUTTER: f32 = 18.0;

/// Cards keep an identity of their own while layers move, so that one stays unfolded wherever it goes.
pub struct Cards {
    side: Side,
    names: Vec<Name>,
    next: u64,
    unfolded: Option<u64>,
}

/// The identity of a card, and of those within it.
struct Name {
    id: u64,
    inside: Vec<Name>,
}

impl Cards {
    pub fn of(side: Side) -> Self {
        Self { side, names: Vec::new(), next: 0, unfolded: None }
    }

    pub fn side(&self) -> Side {
        self.side
    }

    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let work = Some(cx.shapes.totals().1).filter(|_| cx.shapes.is_whole());
        let Some(trace) = cx.shapes.of_side(self.side) else { return };
        let Some(layers) = cx.project.layers_mut(self.side) else { return };
        name_cards(&mut self.names, layers, &mut self.next);
        let stack = Stack { side: self.side, path: &[], trace, problems: cx.problems, work, unfolded: self.unfolded };
        if let Some((path, edit)) = stack.ui(ui, layers, &mut self.names) {
            self.carry_out(&path, edit, cx);
        }
    }

    /// Puts a layer into the stack, or into the block at `path`, where it fits.
    pub fn add(&mut self, path: &[usize], layer: LayerSpec, cx: &mut Cx<'_>) {
        let (index, layer) = Trial::of(cx, self.side, path).place(layer);
        self.unfolded = None;
        self.insert(path, index, layer, cx);
    }

    fn carry_out(&mut self, path: &[usize], edit: Edit, cx: &mut Cx<'_>) {
        let Some((&index, block)) = path.split_last() else { return };
        match edit {
            Edit::Add(layer) => self.add(path, layer, cx),
            Edit::Insert { after, layer } => self.insert(block, index + usize::from(after), layer, cx),
            Edit::Toggle => {
                let id = names_at(&mut self.names, block).and_then(|names| Some(names.get(index)?.id));
                self.unfolded = if self.unfolded == id { None } else { id };
            }
            Edit::Remove => self.change(block, cx, |layers, names| {
                layers.remove(index);
                names.remove(index);
            }),
            Edit::Move { up } => self.change(block, cx, |layers, names| {
                let other = if up { index.checked_sub(1) } else { Some(index + 1).filter(|i| *i < layers.len()) };
                if let Some(other) = other {
                    layers.swap(index, other);
                    names.swap(index, other);
                }
            }),
            Edit::Set(fix) => {
                if let Err(error) = fix.apply(cx.project) {
                    tracing::error!("a fix does not fit the project: {error}");
                }
            }
            Edit::Repair(fix) => self.change(block, cx, |layers, _| fix.apply(layers, index)),
        }
    }

    fn insert(&mut self, block: &[usize], index: usize, layer: LayerSpec, cx: &mut Cx<'_>) {
        let name = Name { id: self.next, inside: Vec::new() };
        self.next += 1;
        self.change(block, cx, |layers, names| {
            layers.insert(index, layer);
            names.insert(index, name);
        });
    }

    /// Changes the layers of a block, and their names with them.
    fn change(&mut self, block: &[usize], cx: &mut Cx<'_>, change: impl FnOnce(&mut Vec<LayerSpec>, &mut Vec<Name>)) {
        let layers = cx.project.layers_mut(self.side).and_then(|layers| layers_at_mut(layers, block));
        if let (Some(layers), Some(names)) = (layers, names_at(&mut self.names, block)) {
            change(layers, names);
        }
    }
}

fn names_at<'a>(names: &'a mut Vec<Name>, path: &[usize]) -> Option<&'a mut Vec<Name>> {
    match path {
        [] => Some(names),
        [first, rest @ ..] => names_at(&mut names.get_mut(*first)?.inside, rest),
    }
}

/// Gives new cards a name. After an undo the names may be those of other layers, which only shows in what is unfolded.
fn name_cards(names: &mut Vec<Name>, layers: &[LayerSpec], next: &mut u64) {
    names.truncate(layers.len());
    while names.len() < layers.len() {
        names.push(Name { id: *next, inside: Vec::new() });
        *next += 1;
    }
    for (name, layer) in names.iter_mut().zip(layers) {
        name_cards(&mut name.inside, layer.inside().unwrap_or_default(), next);
    }
}

/// The cards of the stack or of one block.
struct Stack<'a> {
    side: Side,
    /// Of the block; nothing for the stack itself.
    path: &'a [usize],
    trace: &'a Trace,
    problems: &'a Problems,
    /// Multiply-adds of all stacks together, if all of them are known.
    work: Option<u64>,
    unfolded: Option<u64>,
}

impl Stack<'_> {
    /// Draws the cards, and moves the one that is dropped; what else somebody wants of one comes back with its path.
    fn ui(&self, ui: &mut Ui, layers: &mut [LayerSpec], names: &mut [Name]) -> Option<(Vec<usize>, Edit)> {
        let mut wanted = None;
        ui.spacing_mut().item_spacing.y = 0.0;
        let mover = dnd(ui, Id::unique(("layers", self.side, self.path))).with_animation_time(0.1);
        let moved = mover.show_custom(|ui, cards| {
            for (index, (layer, name)) in layers.iter_mut().zip(&mut *names).enumerate() {
                let path = [self.path, &[index]].concat();
                let is_unfolded = self.unfolded == Some(name.id);
                let Self { side, trace, work, problems, .. } = *self;
                let problem = problems.of_layer(side, index).filter(|_| path.len() == 1);
                let mut card = Card { side, path: &path, layer, trace, problem, work, is_unfolded };
                let (mut edit, mut within, mut is_dragged) = (None, None, false);
                cards.next(ui, Id::unique(("layer card", self.side, name.id)), index, true, |ui, item| {
                    item.ui(ui, |ui, handle, state| {
                        is_dragged = state.dragged;
                        edit = card.head_ui(ui, handle, is_dragged);
                    })
                });
                if !is_dragged {
                    let body = ui.push_id(("body", self.side, name.id), |ui| {
                        card.body_ui(ui, |ui, layer, trace| {
                            let block = Stack { path: &path, trace, ..*self };
                            let repeats = layer.repeats();
                            let inside = layer.inside_mut();
                            within = inside.and_then(|layers| block.block_ui(ui, layers, &mut name.inside, repeats));
                        })
                    });
                    edit = body.inner.or(edit);
                }
                wanted = edit.map(|edit| (path, edit)).or(within).or(wanted.take());
            }
        });
        moved.update_vec(layers);
        moved.update_vec(names);
        wanted
    }

    /// The cards within a block, the line around them, and below them what it leads to: what enters is added, or all is repeated.
    fn block_ui(
        &self,
        ui: &mut Ui,
        layers: &mut [LayerSpec],
        names: &mut [Name],
        repeats: Option<usize>,
    ) -> Option<(Vec<usize>, Edit)> {
        let margin = Margin { left: GUTTER as i8, right: GRID as i8, ..Margin::ZERO };
        let cards = Frame::new().inner_margin(margin).show(ui, |ui| self.ui(ui, layers, names));
        let mut wanted = cards.inner;
        let row = vec2(ui.available_width(), ROW + GRID);
        let foot = ui.allocate_ui_with_layout(row, Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_size(row);
            ui.add_space(GUTTER + 4.0 * GRID);
            let text = repeats.map_or("plus what enters".to_owned(), |times| format!("× {times}, one after the other"));
            ui.label(RichText::new(tr(text)).color(Palette::of(ui).muted));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_space(GRID);
                if let Some(layer) = self.add_ui(ui, layers.len()) {
                    wanted = Some((self.path.to_vec(), Edit::Add(layer)));
                }
            });
        });
        if repeats.is_none() {
            paint_skip(ui, cards.response.rect, foot.response.rect);
        }
        wanted
    }

    fn add_ui(&self, ui: &mut Ui, count: usize) -> Option<LayerSpec> {
        let button =
            egui::Button::new(ICON_ADD.rich_text().size(18.0)).frame_when_inactive(false).min_size(vec2(ROW, ROW));
        let name = format!("Add a layer to block {}", number(self.path));
        // A block gives the shape that it gets, so what fits its input fits somewhere in it or asks for more layers.
        let inputs: Vec<_> = (0..=count).map(|at| self.trace.input_of(at)).collect();
        let (response, layer) = layer_button_ui(ui, button, |layer| {
            let misfits: Vec<_> = inputs.iter().map(|input| misfit_at(layer, *input)).collect();
            if misfits.contains(&None) { None } else { misfits.into_iter().flatten().next_back() }
        });
        response.on_hover_text(tr(&name)).accessible_name(tr(name));
        layer
    }
}

/// The skip connection of a block: from above its cards around them to the sum below.
fn paint_skip(ui: &Ui, cards: Rect, foot: Rect) {
    let palette = Palette::of(ui);
    let stroke = Stroke::new(1.5, palette.line);
    let (x, inner) = (cards.left() + GUTTER / 2.0, cards.left() + GUTTER);
    let sum = pos2(inner + GRID, foot.center().y);
    let top = cards.top() + GRID;
    let painter = ui.painter();
    painter.line_segment([pos2(inner + GRID, top), pos2(x, top)], stroke);
    painter.line_segment([pos2(x, top), pos2(x, sum.y)], stroke);
    painter.arrow(pos2(x, sum.y), vec2(sum.x - 6.0 - x, 0.0), stroke);
    painter.circle_stroke(sum, 6.0, stroke);
    painter.hline(sum.x - 3.0..=sum.x + 3.0, sum.y, stroke);
    painter.vline(sum.x, sum.y - 3.0..=sum.y + 3.0, stroke);
    painter.vline(sum.x, cards.bottom()..=sum.y - 6.0, stroke);
}
