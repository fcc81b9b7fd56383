//! One layer: its name and shape, what it costs, and unfolded what can be set.

use eframe::egui::{
    self, Align, Align2, Button, Frame, Key, Label, Layout, Margin, Modifiers, Rect, RichText, Sense, Stroke, Ui, pos2,
    vec2,
};
use egui_dnd::Handle;
use egui_material_icons::icons::{ICON_ADD, ICON_CLOSE, ICON_CONTENT_COPY};

use super::add_layer::{fitted, layer_menu_ui, misfit_at};
use super::path::number;
use crate::language::tr;
use crate::project::Side;
use crate::project::problems::{self, Problem};
use crate::ui::theme::{self, GRID, Palette, RADIUS};
use crate::ui::widgets::about::about_ui;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::field::settings_where_ui;
use crate::ui::widgets::guard::{LOCKED, is_locked, outline, outline_around, within};
use crate::ui::widgets::numbers::{percent, thousands};
use crate::ui::widgets::term::mark_term;
use crate::ui::widgets::text::warning_ui;
use backprop_nn::spec::{Fix, ShapeError};
use backprop_nn::trace::Trace;
use backprop_nn::{LayerSpec, Shape};

/// How far the columns of the figures end before the right edge of the panel.
pub const PARAMS_RIGHT: f32 = 68.0;
/// Distance of the column of multiply-adds from the right edge of the panel, in points.
pub const WORK_RIGHT: f32 = 8.0;

/// Height of the line with the name.
const HEADER: f32 = 28.0;

/// What somebody wants of a card.
pub enum Edit {
    /// Unfold or fold the card.
    Toggle,
    /// Put this layer before the card, or after it.
    Insert {
        /// Whether the layer goes after the card.
        after: bool,
        /// The new layer.
        layer: LayerSpec,
    },
    /// Put this layer into the block where it fits.
    Add(LayerSpec),
    /// Remove the layer.
    Remove,
    /// Move the layer by one place.
    Move {
        /// Whether it moves toward the input.
        up: bool,
    },
    /// Do what the button below a problem offers.
    Repair(Fix),
    /// The same for one that is more than an edit of the stack.
    Set(problems::Fix),
}

/// The card of one layer.
pub struct Card<'a> {
    /// The stack that the layer belongs to.
    pub side: Side,
    /// Its place in the stack, and within a block its place there, and so on.
    pub path: &'a [usize],
    /// The layer that the card edits.
    pub layer: &'a mut LayerSpec,
    /// Of the stack or the block that it stands in.
    pub trace: &'a Trace,
    /// What is wrong with it, if it stands in the stack itself; within a block the trace tells.
    pub problem: Option<&'a Problem>,
    /// Multiply-adds of all stacks together, if all of them are known.
    pub work: Option<u64>,
    /// Whether the settings of the layer are visible.
    pub is_unfolded: bool,
}

/// Room that what stands behind the name of a layer needs.
const LEAST_DETAIL: f32 = 24.0;

impl Card<'_> {
    /// The part that one drags, which is as high for every card: they change places when their middles pass each other.
    pub fn head_ui(&self, ui: &mut Ui, handle: Handle<'_>, is_dragged: bool) -> Option<Edit> {
        let input = self.trace.input_of(self.index());
        let gap = gap_ui(ui, &self.gap_name(), input);
        let mut edit = gap.map(|layer| Edit::Insert { after: false, layer: fitted(layer, input) });
        let mut frame = self.frame(ui);
        if is_dragged {
            frame.stroke.color = Palette::of(ui).accent;
        } else if self.has_body() {
            (frame.corner_radius.sw, frame.corner_radius.se) = (0, 0);
        }
        ui.push_id((self.side, self.index()), |ui| {
            let shown = frame.show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                edit = self.header_ui(ui, handle).or(edit.take());
                self.figures_ui(ui);
                ui.add_space(GRID);
            });
            let outline = if self.is_unfolded { outline } else { outline_around };
            outline(ui, &self.place(), shown.response.rect);
        });
        edit
    }

    /// What hangs on it: what does not fit, what can be set, and what stands in a block, which `inside` draws.
    pub fn body_ui(&mut self, ui: &mut Ui, inside: impl FnOnce(&mut Ui, &mut LayerSpec, &Trace)) -> Option<Edit> {
        if !self.has_body() {
            return None;
        }
        let within = self.layer.inside().map(|layers| match self.trace.input_of(self.index()) {
            Some(input) => Trace::of(layers, input),
            None => Trace::of(&[], self.trace.input),
        });
        let mut frame = self.frame(ui);
        (frame.corner_radius.nw, frame.corner_radius.ne) = (0, 0);
        let mut edit = None;
        let body = frame.show(ui, |ui| {
            ui.set_min_width(ui.available_width());
            if self.message().is_some() || self.is_unfolded {
                Frame::new().inner_margin(Margin { left: 8, right: 8, top: 4, bottom: 4 }).show(ui, |ui| {
                    ui.spacing_mut().item_spacing.y = GRID;
                    edit = self.problem_ui(ui, within.as_ref());
                    if self.is_unfolded {
                        self.settings_ui(ui);
                    }
                });
            }
            if let Some(within) = &within {
                inside(ui, self.layer, within);
            }
        });
        // No outline between the head and what hangs on it.
        let (rect, width) = (body.response.rect, frame.stroke.width);
        let seam = Stroke::new(2.0 * width + 1.0, frame.fill);
        ui.painter().hline(rect.x_range().shrink(width), rect.top(), seam);
        edit
    }

    fn has_body(&self) -> bool {
        self.message().is_some() || self.is_unfolded || self.layer.inside().is_some()
    }

    fn frame(&self, ui: &Ui) -> Frame {
        let palette = Palette::of(ui);
        let outline = match self.message() {
            Some(_) => Stroke::new(1.5, palette.warning),
            None => Stroke::new(1.0, palette.faint),
        };
        // Cards within a card stand out from it.
        let fill = if self.path.len() % 2 == 1 { palette.raised } else { palette.surface };
        Frame::new().fill(fill).stroke(outline).corner_radius(RADIUS)
    }

    fn index(&self) -> usize {
        self.path.last().copied().unwrap_or(0)
    }

    /// "3", or "3.1" for the first layer in the block that is the third layer.
    fn number(&self) -> String {
        number(self.path)
    }

    /// Where it stands in the project: `model.2.layers.0`.
    fn place(&self) -> String {
        let numbers: Vec<String> = self.path.iter().map(usize::to_string).collect();
        format!("{}.{}", self.side.place(), numbers.join(".layers."))
    }

    fn gap_name(&self) -> String {
        let (label, stack) = (self.layer.about().label, self.side.layer().to_lowercase());
        format!("Insert a layer before {label}, {stack} {}", self.number())
    }

    /// What is wrong with the layer.
    fn message(&self) -> Option<String> {
        self.problem.map(Problem::sentence).or_else(|| Some(self.misfit_in_block()?.message.clone()))
    }

    fn misfit_in_block(&self) -> Option<&ShapeError> {
        let misfit = self.trace.misfit.as_ref().filter(|misfit| self.path.len() > 1 && misfit.index == self.index())?;
        Some(&misfit.error)
    }

    /// The edit of the stack that repairs it.
    fn repair(&self) -> Option<&Fix> {
        match self.problem {
            Some(problem) => match problem.fix.as_ref()? {
                problems::Fix::Layer { edit, .. } => Some(edit),
                problems::Fix::Set { .. } => None,
            },
            None => self.misfit_in_block()?.fix.as_ref(),
        }
    }

    /// Number, name and detail, which are what one drags and clicks, and the two buttons.
    fn header_ui(&self, ui: &mut Ui, handle: Handle<'_>) -> Option<Edit> {
        let palette = Palette::of(ui);
        let label = self.layer.about().label;
        let mut edit = None;
        ui.allocate_ui_with_layout(vec2(ui.available_width(), HEADER), Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let width = ui.available_width() - 2.0 * theme::ROW - GRID;
            handle.ui(ui, |ui| edit = self.name_ui(ui, width));
            ui.visuals_mut().widgets.inactive.fg_stroke.color = palette.muted;
            ui.add_enabled_ui(!is_locked(ui, self.side.place()), |ui| {
                let copy = icon_button_ui(ui, ICON_CONTENT_COPY, &format!("Duplicate {label}"));
                if copy.on_disabled_hover_text(LOCKED).clicked() {
                    edit = Some(Edit::Insert { after: true, layer: self.layer.clone() });
                }
                let remove = icon_button_ui(ui, ICON_CLOSE, &format!("Remove {label}"));
                if remove.on_disabled_hover_text(LOCKED).clicked() {
                    edit = Some(Edit::Remove);
                }
            });
        });
        edit
    }

    fn name_ui(&self, ui: &mut Ui, width: f32) -> Option<Edit> {
        let palette = Palette::of(ui);
        let spec = &*self.layer;
        let (rect, response) = ui.allocate_exact_size(vec2(width, HEADER), Sense::click());
        let number = pos2(rect.left() + 10.0, rect.center().y);
        let text = (self.index() + 1).to_string();
        ui.painter().text(number, Align2::CENTER_CENTER, tr(text), theme::body_font(), palette.muted);
        let inner = rect.with_min_x(rect.left() + 24.0);
        let layout = Layout::left_to_right(Align::Center);
        let mut words = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(layout));
        words.spacing_mut().item_spacing.x = 2.0 * GRID;
        words.add(Label::new(theme::strong(spec.about().label)).truncate());
        // Less than this would be three dots.
        if words.available_width() > LEAST_DETAIL {
            words.add(Label::new(RichText::new(tr(spec.detail())).color(palette.muted)).truncate());
        }
        if response.has_focus() {
            // Otherwise the arrows would move the focus.
            let keys = egui::EventFilter { vertical_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, keys));
            ui.painter().rect_stroke(rect, RADIUS, Stroke::new(1.5, palette.accent), egui::StrokeKind::Inside);
        }
        let name = format!("{} {}: {}", self.side.layer(), self.number(), self.layer);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, tr(&name)));
        mark_term(&response, spec.about().label);
        let has_focus = response.has_focus();
        let response = response.on_hover_ui(|ui| {
            about_ui(ui, spec.about());
            ui.label(tr("Click to edit, drag to move."));
        });
        match has_focus.then(|| moved_by_keys(ui)).flatten() {
            Some(up) => Some(Edit::Move { up }),
            None => response.clicked().then_some(Edit::Toggle),
        }
    }

    /// Output shape, parameters and share of the work, in columns, and the share as a bar at the card's foot.
    fn figures_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 24.0), Sense::hover());
        let text = |at, align, text: &str, color| ui.painter().text(at, align, tr(text), theme::body_font(), color);
        let y = rect.top() + 8.0;
        let left = pos2(rect.left() + 32.0, y);
        let Some(plan) = self.trace.plans.get(self.index()) else {
            text(left, Align2::LEFT_CENTER, "–", palette.muted);
            return;
        };
        // The share of a total that is not known yet would be wrong.
        let share = self.work.filter(|_| plan.multiply_adds > 0).map(|work| plan.multiply_adds as f64 / work as f64);
        text(left, Align2::LEFT_CENTER, &plan.output.to_string(), palette.text);
        let params = if plan.params == 0 { "–".to_owned() } else { thousands(plan.params as f64) };
        text(pos2(rect.right() - PARAMS_RIGHT, y), Align2::RIGHT_CENTER, &params, palette.text);
        let work = share_text(share);
        text(pos2(rect.right() - WORK_RIGHT, y), Align2::RIGHT_CENTER, &work, palette.text);
        if let Some(share) = share {
            let width = ((rect.width() - 16.0) * share as f32).max(2.0);
            let bar = Rect::from_min_size(pos2(rect.left() + 8.0, rect.bottom() - 6.0), vec2(width, 3.0));
            ui.painter().rect_filled(bar, 1.5, palette.accent.gamma_multiply(0.7));
        }
        let words = format!("Output {}, parameters {params}, share of the work {work}", plan.output);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, tr(&words)));
        response.on_hover_text(tr(format!(
            "{} numbers leave it. {} multiply-adds a sample{}.",
            thousands(plan.output.len() as f64),
            thousands(plan.multiply_adds as f64),
            share.map_or_else(String::new, |share| format!(", {} of all", percent(share)))
        )));
    }

    /// What does not fit, and a button that repairs it. What is wrong within a block is told by the card there; the
    /// block's own button stays if it does something else.
    fn problem_ui(&self, ui: &mut Ui, within: Option<&Trace>) -> Option<Edit> {
        let message = self.message()?;
        let inner = within.and_then(|within| within.misfit.as_ref());
        if inner.is_none() {
            warning_ui(ui, &message);
        }
        if let Some(Problem { fix: Some(fix @ problems::Fix::Set { .. }), .. }) = self.problem {
            return fix_ui(ui, &fix.label()).then(|| Edit::Set(fix.clone()));
        }
        let fix = self.repair().filter(|fix| {
            let repaired = inner.and_then(|inner| {
                let mut layer = self.layer.clone();
                inner.error.fix.as_ref()?.apply(layer.inside_mut()?, inner.index);
                Some(Fix::Replace(layer))
            });
            repaired.as_ref() != Some(*fix)
        })?;
        fix_ui(ui, &fix.label()).then(|| Edit::Repair(fix.clone()))
    }

    fn settings_ui(&mut self, ui: &mut Ui) {
        about_ui(ui, self.layer.about());
        if self.layer.describe().is_empty() {
            ui.label(RichText::new(tr("No settings.")).color(Palette::of(ui).muted));
        }
        // Only what tells tokens, step by step, can be tied to their embedding.
        let is_of_steps = self.trace.input_of(self.index()).is_some_and(|input| input.as_steps().is_some());
        let is_tied = matches!(self.layer, LayerSpec::Dense(dense) if dense.tied);
        within(ui, &self.place(), |ui| {
            settings_where_ui(ui, &mut **self.layer, |field| field.key != "tied" || is_of_steps || is_tied);
        });
    }
}

/// The button of a fix, and whether it was pressed.
fn fix_ui(ui: &mut Ui, label: &str) -> bool {
    let is_pressed = ui.add(Button::new(theme::strong(label)).min_size(vec2(0.0, 28.0))).clicked();
    ui.add_space(GRID);
    is_pressed
}

/// Alt and an arrow, pressed on a card that has the focus.
fn moved_by_keys(ui: &Ui) -> Option<bool> {
    ui.input_mut(|input| {
        let up = input.consume_key(Modifiers::ALT, Key::ArrowUp);
        let down = input.consume_key(Modifiers::ALT, Key::ArrowDown);
        (up || down).then_some(up)
    })
}

/// A share of the work, in a column of such shares.
pub fn share_text(share: Option<f64>) -> String {
    match share {
        None => "–".to_owned(),
        Some(share) if share < 0.01 => "< 1 %".to_owned(),
        Some(share) => format!("{:.0} %", share * 100.0),
    }
}

/// The gap before a card, in which a plus appears that puts a layer there.
fn gap_ui(ui: &mut Ui, name: &str, input: Option<Shape>) -> Option<LayerSpec> {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 2.0 * GRID), Sense::click());
    let menu = egui::Popup::menu(&response).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    if response.hovered() || response.has_focus() || menu.is_open() {
        // Above the cards, which the plus reaches into.
        let above = egui::LayerId::new(egui::Order::Middle, response.id);
        let painter = ui.painter().clone().with_layer_id(above);
        painter.hline(rect.x_range(), rect.center().y, Stroke::new(2.0, palette.accent));
        painter.circle_filled(rect.center(), 8.0, palette.accent);
        let icon = egui::FontId::new(14.0, ICON_ADD.font_family());
        painter.text(rect.center(), Align2::CENTER_CENTER, ICON_ADD.codepoint, icon, palette.on_accent);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, tr(name)));
    menu.show(|ui| layer_menu_ui(ui, |layer| misfit_at(layer, input))).and_then(|shown| shown.inner)
}
