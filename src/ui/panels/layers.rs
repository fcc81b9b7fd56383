//! The stack at the left: what comes in, a card per layer, and what it all costs.

use eframe::egui::{
    self, Align, Button, Frame, Id, Key, Layout, Margin, Modifiers, RichText, ScrollArea, Stroke, Ui, vec2,
};
use egui_dnd::{DragDropItem, dnd};
use egui_material_icons::icons::ICON_ADD;

use super::layer_card::{Card, Edit};
use super::parts::{caption_ui, entry_ui, heading_ui, warning_ui};
use super::{Cx, Panel, Place};
use crate::nn::{LayerSpec, ModelSpec};
use crate::ui::action::Action;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::about::{formula_ui, hover_beside_ui};
use crate::ui::widgets::numbers::{short, thousands};

/// Cards keep an identity of their own while layers move, so that one stays unfolded wherever it goes.
#[derive(Default)]
pub struct Layers {
    ids: Vec<u64>,
    next: u64,
    unfolded: Option<u64>,
}

/// A card for the drag and drop: its identity and its place.
struct Slot {
    id: u64,
    index: usize,
}

impl DragDropItem for Slot {
    fn id(&self) -> Id {
        Id::unique(("layer card", self.id))
    }
}

impl Panel for Layers {
    fn title(&self) -> &'static str {
        "Network"
    }

    fn place(&self) -> Place {
        Place::Left
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        heading_ui(ui, "Network", |ui| {
            if let Some(layer) = add_menu_ui(ui) {
                self.unfolded = None;
                let index = fitting_place(cx, &layer);
                cx.project.model.layers.insert(index, layer);
            }
        });
        let footer = if cx.session.is_on() && cx.session.has_other_model(cx.project) { 92.0 } else { 52.0 };
        let height = ui.available_height() - footer;
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            ui.set_min_height(height);
            input_ui(ui, cx);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                self.cards_ui(ui, cx);
                if cx.project.model.layers.is_empty() {
                    empty_ui(ui, cx);
                }
            });
        });
        totals_ui(ui, cx);
    }
}

impl Layers {
    fn cards_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.name_cards(cx.project.model.layers.len());
        let Self { ids, unfolded, .. } = self;
        let slots: Vec<_> = ids.iter().enumerate().map(|(index, id)| Slot { id: *id, index }).collect();
        let layers = &mut cx.project.model.layers;
        let trace = cx.trace;
        let mut edit = None;
        ui.spacing_mut().item_spacing.y = 0.0;
        let mover = dnd(ui, Id::unique("layers")).with_animation_time(0.1);
        let moved = mover.show(slots.into_iter(), |ui, slot, handle, state| {
            let Some(layer) = layers.get_mut(slot.index) else { return };
            let is_unfolded = *unfolded == Some(slot.id);
            let card = Card { index: slot.index, layer, trace, is_unfolded, is_dragged: state.dragged };
            edit = card.show(ui, handle).map(|what| (slot.index, what)).or(edit.take());
        });
        moved.update_vec(layers);
        moved.update_vec(ids);
        if let Some((index, edit)) = edit {
            self.carry_out(index, edit, cx);
        }
    }

    /// Gives new cards a name. After an undo the names may be those of other layers, which only shows in what is unfolded.
    fn name_cards(&mut self, count: usize) {
        self.ids.truncate(count);
        while self.ids.len() < count {
            self.ids.push(self.next);
            self.next += 1;
        }
    }

    fn carry_out(&mut self, index: usize, edit: Edit, cx: &mut Cx<'_>) {
        let layers = &mut cx.project.model.layers;
        match edit {
            Edit::Toggle => {
                let id = self.ids.get(index).copied();
                self.unfolded = if self.unfolded == id { None } else { id };
            }
            Edit::Duplicate => self.insert(index + 1, layers[index].clone(), layers),
            Edit::Insert(layer) => self.insert(index, layer, layers),
            Edit::Remove => {
                layers.remove(index);
                self.ids.remove(index);
            }
            Edit::Move { up } => {
                let other = if up { index.checked_sub(1) } else { Some(index + 1).filter(|i| *i < layers.len()) };
                if let Some(other) = other {
                    layers.swap(index, other);
                    self.ids.swap(index, other);
                }
            }
            Edit::Repair => {
                if let Some(fix) = cx.trace.misfit.as_ref().and_then(|misfit| misfit.error.fix.as_ref()) {
                    fix.apply(layers, index);
                }
            }
        }
    }

    fn insert(&mut self, index: usize, layer: LayerSpec, layers: &mut Vec<LayerSpec>) {
        layers.insert(index, layer);
        self.ids.insert(index, self.next);
        self.next += 1;
    }
}

/// Alt and an arrow, pressed on a card that has the focus.
pub fn moved_by_keys(ui: &Ui) -> Option<bool> {
    ui.input_mut(|input| {
        let up = input.consume_key(Modifiers::ALT, Key::ArrowUp);
        let down = input.consume_key(Modifiers::ALT, Key::ArrowDown);
        (up || down).then_some(up)
    })
}

/// Width of a column in the menu of layers, and how many layers stand in one.
const COLUMN: f32 = 260.0;
const COLUMN_LEN: usize = 9;

/// The menu of all layers, each with a line of help, in as many columns as fit on a small screen without scrolling.
pub fn layer_menu_ui(ui: &mut Ui) -> Option<LayerSpec> {
    let layers = LayerSpec::all();
    let columns = layers.len().div_ceil(COLUMN_LEN);
    let rows = layers.len().div_ceil(columns);
    let mut chosen = None;
    let window = ui.ctx().content_rect().size();
    let size = vec2((columns as f32 * (COLUMN + 2.0 * GRID)).min(window.x - 200.0), window.y - 96.0);
    let area = egui::ScrollArea::both().max_width(size.x).min_scrolled_width(size.x);
    area.max_height(size.y).min_scrolled_height(size.y).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            for column in layers.chunks(rows) {
                ui.vertical(|ui| {
                    ui.set_width(COLUMN);
                    for layer in column {
                        let spec = layer.as_spec();
                        let entry = entry_ui(ui, spec.label(), spec.help());
                        hover_beside_ui(&entry, |ui| {
                            formula_ui(ui, spec.formula());
                        });
                        if entry.clicked() {
                            chosen = Some(layer.clone());
                            ui.close();
                        }
                    }
                });
            }
        });
    });
    chosen
}

/// Where a layer from the menu goes: as far back as it fits before the last layer, which gives the answer. A stack that
/// is still being built grows at its end.
fn fitting_place(cx: &Cx<'_>, layer: &LayerSpec) -> usize {
    let stack = &cx.project.model.layers;
    let (shape, classes) = cx.session.shape();
    let fits_at = |index: &usize| {
        let mut layers = stack.clone();
        layers.insert(*index, layer.clone());
        ModelSpec { layers }.trace(shape, classes).misfit.is_none()
    };
    if cx.trace.misfit.is_some() {
        return stack.len();
    }
    (0..stack.len()).rev().find(fits_at).unwrap_or(stack.len())
}

fn add_menu_ui(ui: &mut Ui) -> Option<LayerSpec> {
    let button = Button::new((ICON_ADD.rich_text().size(18.0), "Add layer"));
    let (response, inner) = egui::containers::menu::MenuButton::from_button(button).ui(ui, layer_menu_ui);
    response
        .on_hover_text("Adds a layer where it fits; between two cards there is another plus")
        .accessible_name("Add layer");
    inner.and_then(|inner| inner.inner)
}

/// What comes in, and the headings of the cards' columns.
fn input_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let palette = Palette::of(ui);
    let frame = Frame::new().fill(palette.sunken).corner_radius(theme::RADIUS).inner_margin(Margin::symmetric(8, 4));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_width(ui.available_width());
            ui.label(theme::strong("Input"));
            let source = cx.session.dataset().map_or(cx.session.source(), |dataset| dataset.name.as_str());
            ui.add(egui::Label::new(RichText::new(source).color(palette.muted)).truncate());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| ui.label(cx.trace.input.to_string()));
        });
    });
    let row =
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 16.0), Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(32.0);
            caption_ui(ui, "output");
        });
    let painter = ui.painter();
    let rect = row.response.rect;
    for (text, right) in [("parameters", super::layer_card::PARAMS_RIGHT), ("work", super::layer_card::WORK_RIGHT)] {
        let at = egui::pos2(ui.max_rect().right() - right, rect.center().y);
        painter.text(at, egui::Align2::RIGHT_CENTER, text, theme::body_font(), palette.muted);
    }
}

fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(misfit) = &cx.trace.misfit else { return };
    ui.add_space(2.0 * GRID);
    warning_ui(ui, &misfit.error.message);
    if let Some(fix) = &misfit.error.fix
        && ui.button(fix.label()).clicked()
    {
        fix.apply(&mut cx.project.model.layers, misfit.index);
    }
}

fn totals_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    ui.add_space(GRID);
    let line = ui.max_rect().x_range();
    ui.painter().hline(line, ui.cursor().top(), Stroke::new(1.0, palette.faint));
    ui.add_space(GRID);
    if cx.session.is_on() && cx.session.has_other_model(cx.project) {
        outdated_ui(ui, "This run goes on with the network as it was.", cx);
    }
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 36.0), egui::Sense::hover());
    let params = cx.trace.params();
    let text = |x, y, align, text: &str, font| ui.painter().text(egui::pos2(x, y), align, text, font, palette.text);
    let (first, second) = (rect.top() + 9.0, rect.top() + 27.0);
    let (left, right) = (rect.left() + 8.0, rect.right() - super::layer_card::WORK_RIGHT);
    let body = theme::body_font;
    ui.painter().text(egui::pos2(left, first), egui::Align2::LEFT_CENTER, "Parameters", body(), palette.muted);
    ui.painter().text(egui::pos2(left, second), egui::Align2::LEFT_CENTER, "Multiply-adds", body(), palette.muted);
    let strong = theme::strong_font(theme::BODY);
    // Of a stack that does not fit only a part is known, and a part is no total.
    let total = |total: f64| if cx.trace.misfit.is_none() { thousands(total) } else { "–".to_owned() };
    text(right, first, egui::Align2::RIGHT_CENTER, &total(params as f64), strong.clone());
    text(right, second, egui::Align2::RIGHT_CENTER, &total(cx.trace.multiply_adds() as f64), strong);
    response
        .on_hover_text(format!(
            "{} bytes of weights; the multiply-adds are for one sample, forward",
            short(params as f64 * 4.0)
        ))
        .widget_info(|| {
            let text = format!("{params} parameters, {} multiply-adds", cx.trace.multiply_adds());
            egui::WidgetInfo::labeled(egui::Role::Label, true, text)
        });
}

/// Says that an edit is for the next run, and how to get there.
pub fn outdated_ui(ui: &mut Ui, text: &str, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        ui.label(RichText::new(text).color(palette.muted));
        if ui.link("Reset").on_hover_text("Ends the run and forgets it").clicked() {
            cx.act(Action::Reset);
        }
        ui.label(RichText::new("to train the new one.").color(palette.muted));
    });
}
