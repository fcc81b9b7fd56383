//! The list of layers, and where a layer from it goes.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{Button, PopupCloseBehavior, Response, RichText, Ui, vec2};

use super::path::{layers_at, layers_at_mut};

use crate::language::tr;
use crate::project::profile::layers_of;
use crate::project::{DataSettings, Project, Side};
use crate::ui::theme::Palette;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::about::{about_ui, hover_beside_ui};
use crate::ui::widgets::guard::is_hidden;
use crate::ui::widgets::pick_list::{Line, pick_menu_ui};
use backprop_nn::spec::Fix;
use backprop_nn::trace::{Trace, head_of};
use backprop_nn::{LayerSpec, Shape};

const WIDTH: f32 = 420.0;

/// What the window keeps free above and below the list.
const AROUND: f32 = 160.0;

/// A button that opens the list of layers.
pub fn layer_button_ui(
    ui: &mut Ui,
    button: Button<'_>,
    misfit: impl FnMut(&LayerSpec) -> Option<String>,
) -> (Response, Option<LayerSpec>) {
    // A press into the field that is typed in closes nothing.
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let (response, shown) = MenuButton::from_button(button).config(config).ui(ui, |ui| layer_menu_ui(ui, misfit));
    (response, shown.and_then(|shown| shown.inner))
}

/// All layers by what they are for, those that fit where one is to be put marked; `misfit` says why one does not.
pub fn layer_menu_ui(ui: &mut Ui, mut misfit: impl FnMut(&LayerSpec) -> Option<String>) -> Option<LayerSpec> {
    let mut layers = LayerSpec::all();
    layers.retain(|layer| !is_hidden(ui.ctx(), &layers_of(layer.about().group)));
    // The groups in the order in which the registry begins them.
    let first =
        |layer: &LayerSpec| LayerSpec::ENTRIES.iter().position(|entry| entry.about.group == layer.about().group);
    layers.sort_by_key(first);
    let misfits: Vec<_> = layers.iter().map(&mut misfit).collect();
    let lines = layers.iter().zip(&misfits).map(|(layer, misfit)| Line {
        name: layer.about().label,
        help: layer.about().help,
        group: layer.about().group,
        mark: if misfit.is_none() { "fits" } else { "" },
        is_possible: true,
        is_muted: misfit.is_some(),
    });
    let lines: Vec<_> = lines.collect();
    let size = vec2(WIDTH, (ui.ctx().content_rect().height() - AROUND).clamp(160.0, 860.0));
    let taken = pick_menu_ui(ui, "Search layers", size, &lines, |at, line| {
        hover_beside_ui(line, |ui| {
            about_ui(ui, layers[at].about());
            if let Some(why) = &misfits[at] {
                ui.label(RichText::new(tr(why)).color(Palette::of(ui).warning));
            }
        });
    });
    taken.map(|taken| layers.swap_remove(taken))
}

/// Why a layer does not fit what arrives, once it has set itself up for that.
pub fn misfit_at(layer: &LayerSpec, input: Option<Shape>) -> Option<String> {
    let Some(input) = input else { return Some("What arrives here is not known yet.".to_owned()) };
    fitted(layer.clone(), Some(input)).plan(input).err().map(|error| error.message)
}

/// A stack in which layers are tried.
pub struct Trial<'a> {
    project: Project,
    side: Side,
    block: &'a [usize],
    sample: Shape,
    outputs: Shape,
    /// Of the block, as far as it is known.
    trace: Option<Trace>,
    /// Whether the stack fits as it is. One that is still being built grows at its end.
    is_whole: bool,
}

impl<'a> Trial<'a> {
    /// Of the stack of a side, or of the block in it at this path.
    pub fn of(cx: &Cx<'_>, side: Side, block: &'a [usize]) -> Self {
        // The data may be large, and play no part.
        let Project { version, name, model, adversary, training, data: _, checkpoints: _, teacher: _ } = &*cx.project;
        let project = Project {
            version: *version,
            name: name.clone(),
            data: DataSettings { reconstruct: cx.project.data.reconstruct, ..DataSettings::default() },
            model: model.clone(),
            adversary: adversary.clone(),
            training: training.clone(),
            checkpoints: Default::default(),
            teacher: None,
        };
        let (sample, outputs) = cx.session.shape(cx.project);
        let whole = cx.shapes.of_side(side);
        let trace = whole.zip(project.layers(side)).and_then(|(trace, layers)| trace_at(trace, layers, block));
        let is_whole = whole.is_some_and(|trace| trace.misfit.is_none());
        Self { project, side, block, sample, outputs, trace, is_whole }
    }

    /// Where a layer goes, and as which: in the stack as far back as it fits before the layer that gives the output, and in a block as far back as it fits. At the end if it fits nowhere.
    pub fn place(&mut self, layer: LayerSpec) -> (usize, LayerSpec) {
        let count = self.count();
        self.fitting(&layer).unwrap_or((count, layer))
    }

    /// Why a layer fits nowhere, if it does not.
    pub fn misfit(&mut self, layer: &LayerSpec) -> Option<String> {
        match self.fitting(layer) {
            Some(_) => None,
            None => misfit_at(layer, self.input_of(self.count()))
                .or_else(|| Some("What follows it would not fit any more.".to_owned()).filter(|_| self.is_whole)),
        }
    }

    fn fitting(&mut self, layer: &LayerSpec) -> Option<(usize, LayerSpec)> {
        if !self.is_whole {
            return None;
        }
        let layers = self.project.layers(self.side).map_or(&[][..], |layers| layers_at(layers, self.block));
        let end = if self.block.is_empty() { head_of(layers).map_or(0, |head| head + 1) } else { layers.len() + 1 };
        let places = 0..end;
        if let Some(index) = places.clone().rev().find(|index| self.fits(*index, layer)) {
            return Some((index, layer.clone()));
        }
        let mut fitting = places.rev().map(|index| (index, fitted(layer.clone(), self.input_of(index))));
        let mut trial = Self { project: self.project.clone(), trace: None, ..*self };
        fitting.find(|(index, layer)| trial.fits(*index, layer))
    }

    fn layers_mut(&mut self) -> Option<&mut Vec<LayerSpec>> {
        self.project.layers_mut(self.side).and_then(|layers| layers_at_mut(layers, self.block))
    }

    fn count(&self) -> usize {
        self.project.layers(self.side).map_or(0, |layers| layers_at(layers, self.block).len())
    }

    fn input_of(&self, index: usize) -> Option<Shape> {
        self.trace.as_ref()?.input_of(index)
    }

    /// Whether the whole stack fits with a layer at this place.
    fn fits(&mut self, index: usize, layer: &LayerSpec) -> bool {
        let Some(layers) = self.layers_mut() else { return false };
        layers.insert(index, layer.clone());
        let trace = match self.side {
            Side::Model => Some(self.project.trace(self.sample, self.outputs)),
            Side::Discriminator => self.project.trace_discriminator(self.sample),
        };
        if let Some(layers) = self.layers_mut() {
            layers.remove(index);
        }
        trace.is_some_and(|trace| trace.misfit.is_none())
    }
}

/// The shapes within the block at this path, as far as they are known.
fn trace_at(trace: &Trace, layers: &[LayerSpec], path: &[usize]) -> Option<Trace> {
    let [first, rest @ ..] = path else { return Some(trace.clone()) };
    let inside = layers.get(*first)?.inside()?;
    trace_at(&Trace::of(inside, trace.input_of(*first)?), inside, rest)
}

/// A layer as it takes this input, if it says of itself how: a block around what arrives.
pub fn fitted(layer: LayerSpec, input: Option<Shape>) -> LayerSpec {
    let fix = input.and_then(|input| layer.plan(input).err()?.fix);
    match fix {
        Some(Fix::Replace(other)) if other.about() == layer.about() => other,
        _ => layer,
    }
}
