//! One step of training in slow motion: the batch, the forward pass layer by layer, the loss, the backward pass, the update.

mod stages;
mod units;

use std::sync::Arc;

use eframe::egui::{
    EventFilter, Key, Label, Modifiers, Rect, Response, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons::{ICON_PAUSE, ICON_PLAY_ARROW, ICON_SKIP_NEXT, ICON_SKIP_PREVIOUS};

use super::pane::Pane;
use crate::data::Dataset;
use crate::explain::step::{Detail, LayerStep, Position, has_chance};
use crate::language::tr;
use crate::train::Checkpoint;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::jobs::step::{BatchChoice, StepQuery, StepTaken};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::bar::fixed_text_ui;
use crate::ui::widgets::button::{icon_button_ui, segmented_ui};
use crate::ui::widgets::keyboard;
use crate::ui::widgets::numbers::{significant, thousands};
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::placeholder_ui;
use backprop_nn::ModelSpec;
use stages::stage_ui;

/// Of a network with so few parameters every unit is followed from the beginning.
const SMALL: usize = 500;

/// Pieces a second, at least, at most and at first.
const PACES: [f64; 3] = [0.3, 30.0, 1.0];

/// Width of the slider of the pace, and the least of it; of the pace beside it; and from which width on the choices stand in one row.
const PACE: f32 = 88.0;
const LEAST_PACE: f32 = 40.0;
const TOLD: f32 = 72.0;
const BESIDE: f32 = 520.0;

/// The pane with the step.
pub struct StepPane {
    /// How small the pieces are; as it suits the network, until somebody chooses.
    detail: Option<Detail>,
    at: Position,
    /// Pieces a second.
    pace: f64,
    /// What is due of the next piece, while it plays.
    playing: Option<f64>,
    is_alone: bool,
    row: usize,
    is_random: bool,
    /// When it was drawn last, and whether the pointer has pressed a button of it since.
    seen: u64,
    is_pressed: bool,
    /// The network as it was when somebody went on from the first stage.
    held: Option<Held>,
}

/// A network of a moment.
#[derive(Clone)]
struct Held {
    network: TrainedNetwork,
    model: Arc<ModelSpec>,
    checkpoint: Option<Arc<Checkpoint>>,
}

impl Default for StepPane {
    fn default() -> Self {
        Self {
            detail: None,
            at: Position::default(),
            pace: PACES[2],
            playing: None,
            is_alone: false,
            row: 0,
            is_random: true,
            seen: 0,
            is_pressed: false,
            held: None,
        }
    }
}

impl Pane for StepPane {
    fn id(&self) -> &'static str {
        "step"
    }

    fn label(&self) -> &'static str {
        "Step"
    }

    fn hover(&self) -> &'static str {
        "One step of training in slow motion"
    }

    fn help(&self) -> &'static str {
        "One step of training with its real numbers, taken on a copy of the weights."
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        let Some(held) = self.hold(cx) else {
            placeholder_ui(ui, "This network has no weights yet. Press Train, and then take a step apart.");
            return None;
        };
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| held.network.reads(dataset)) else {
            placeholder_ui(ui, "The network reads other samples than those of the data.");
            return None;
        };
        let training = match &held.network {
            TrainedNetwork::Run(job, _) => job.training.clone(),
            TrainedNetwork::Folder(folder) => folder.project.training.clone(),
        };
        let query = StepQuery {
            network: held.network.clone(),
            model: Arc::clone(&held.model),
            dataset: Arc::clone(&dataset),
            training,
            checkpoint: held.checkpoint.clone(),
            batch: if self.is_alone { BatchChoice::One(latest.query.at.unwrap_or(0)) } else { BatchChoice::First },
            row: self.row,
            is_random: self.is_random,
        };
        let answered = cx.derived.step.ask(ui.ctx(), query);
        let Some(taken) = answered.as_ref().and_then(|latest| latest.answer.as_ref()) else {
            placeholder_ui(ui, "A batch of training samples is on its way through the network.");
            return None;
        };
        self.row = self.row.min(taken.samples.len() - 1);
        self.at = taken.walk.held(self.at);
        let detail = self.detail.unwrap_or_else(|| detail_for(taken));
        self.follow_keys(ui, taken, detail);
        self.play(ui, taken, detail);
        self.controls_ui(ui, taken, detail);
        self.moment_ui(ui, &held, cx);
        ui.add_space(GRID);
        let names = held.network.trained().task.output_names().to_vec();
        let mut chosen = None;
        // Every stage begins at its top.
        ScrollArea::vertical().id_salt(("step", self.at.stage)).auto_shrink(false).show(ui, |ui| {
            if self.at.stage == 0 {
                self.choices_ui(ui, &held, taken);
            }
            chosen = stage_ui(ui, taken, (&held.network, &dataset, &names), self.at, detail);
        });
        if let Some(unit) = chosen {
            (self.at.unit, self.at.line, self.playing) = (unit, 0, None);
            self.detail = Some(if detail == Detail::Layers { Detail::Units } else { detail });
        }
        None
    }
}

impl StepPane {
    /// The network of this moment, until somebody goes on from the first stage; then that of the moment when he did.
    fn hold(&mut self, cx: &Cx<'_>) -> Option<Held> {
        let network = cx.network()?;
        let is_old = |held: &Held| !held.network.is_same_network(&network);
        if self.at == Position::default() || self.held.as_ref().is_none_or(is_old) {
            self.held = Some(Self::present(network, cx));
        }
        self.held.clone()
    }

    fn present(network: TrainedNetwork, cx: &Cx<'_>) -> Held {
        let model = Arc::new(cx.model_of(&network).clone());
        let of_this_step = |checkpoint: &&Arc<Checkpoint>| {
            matches!(&network, TrainedNetwork::Run(_, snapshot) if snapshot.step == checkpoint.step)
                && checkpoint.learner.updaters.iter().all(|updater| updater.average.is_none())
        };
        let checkpoint = cx.session.fork().filter(of_this_step).cloned();
        Held { network, model, checkpoint }
    }

    /// The arrow keys, unless a widget has them: they are the pane's from when it is opened, and after a press of its buttons.
    fn follow_keys(&mut self, ui: &Ui, taken: &StepTaken, detail: Detail) {
        let (id, pass) = (ui.scope_id().with("walk"), ui.ctx().cumulative_pass_nr());
        let line = Rect::from_min_size(ui.cursor().min, vec2(ui.available_width(), 1.0));
        let response = ui.interact(line, id, Sense::focusable_noninteractive());
        response.widget_info(|| WidgetInfo::labeled(Role::Pane, true, tr("Walk with the left and right arrow keys")));
        let is_opened = self.seen + 2 < pass;
        self.seen = pass;
        if is_opened || std::mem::take(&mut self.is_pressed) {
            response.request_focus();
        }
        if response.has_focus() {
            keyboard::leave_plain_keys(ui.ctx(), id);
            let keys = EventFilter { horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(id, keys));
        } else if ui.memory(|memory| memory.focused().is_some()) {
            return;
        }
        let [back, on] = [Key::ArrowLeft, Key::ArrowRight]
            .map(|key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)));
        (0..on).for_each(|_| self.go(taken, detail, true));
        (0..back).for_each(|_| self.go(taken, detail, false));
    }

    /// A piece on, or back; somebody who walks does not play.
    fn go(&mut self, taken: &StepTaken, detail: Detail, is_on: bool) {
        let next = if is_on { taken.walk.next(self.at, detail) } else { taken.walk.previous(self.at, detail) };
        self.at = next.unwrap_or(self.at);
        self.playing = None;
    }

    /// Goes on to the piece that is due.
    fn play(&mut self, ui: &Ui, taken: &StepTaken, detail: Detail) {
        let Some(due) = &mut self.playing else { return };
        *due += f64::from(ui.input(|input| input.stable_dt.min(0.1))) * self.pace;
        while *due >= 1.0 {
            *due -= 1.0;
            match taken.walk.next(self.at, detail) {
                Some(next) => self.at = next,
                None => {
                    self.playing = None;
                    break;
                }
            }
        }
        ui.request_repaint();
    }

    fn controls_ui(&mut self, ui: &mut Ui, taken: &StepTaken, detail: Detail) {
        let is_wide = ui.available_width() > BESIDE;
        ui.horizontal(|ui| {
            if self.is_clicked(&icon_button_ui(ui, ICON_SKIP_PREVIOUS, "One piece back")) {
                self.go(taken, detail, false);
            }
            let (icon, name) = match self.playing {
                Some(_) => (ICON_PAUSE, "Pause the step"),
                None => (ICON_PLAY_ARROW, "Play the step"),
            };
            let help = "The left and right arrow keys walk as well";
            if self.is_clicked(&icon_button_ui(ui, icon, name).on_hover_text(tr(help))) {
                if taken.walk.next(self.at, detail).is_none() {
                    self.at = Position::default();
                }
                self.playing = if self.playing.is_none() { Some(0.0) } else { None };
                ui.request_repaint();
            }
            if self.is_clicked(&icon_button_ui(ui, ICON_SKIP_NEXT, "One piece on")) {
                self.go(taken, detail, true);
            }
            let slider = Slider::new("Pieces a second", PACES[0]..=PACES[1], PACES[2], Division::Decades);
            let width = (ui.available_width() - TOLD).clamp(LEAST_PACE, PACE);
            slider.show(ui, width, &mut self.pace).on_hover_text(tr("The pace: so many pieces a second"));
            fixed_text_ui(ui, &format!("{} / s", significant(self.pace)), "0.333 / s");
            if is_wide {
                self.detail_ui(ui, detail);
            }
        });
        if !is_wide {
            ui.horizontal(|ui| self.detail_ui(ui, detail));
        }
        let mut stage = self.at.stage as f64;
        let last = (taken.walk.len() - 1) as f64;
        let slider = Slider::over_places("Stage", 0.0..=last);
        ui.horizontal(|ui| {
            let text = |stage: usize| format!("Stage {stage} of {}", taken.walk.len());
            fixed_text_ui(ui, &text(self.at.stage + 1), &text(taken.walk.len()));
            let width = ui.available_width() - GRID;
            if slider.show(ui, width, &mut stage).on_hover_text(tr("The stage of the step that is shown")).changed() {
                self.at = Position { stage: stage as usize, ..Position::default() };
                self.playing = None;
            }
        });
    }

    /// Whether a button was clicked; if the pointer did it, the arrow keys are the pane's again.
    fn is_clicked(&mut self, response: &Response) -> bool {
        self.is_pressed |= response.clicked() && response.interact_pointer_pos().is_some();
        response.clicked()
    }

    fn detail_ui(&mut self, ui: &mut Ui, detail: Detail) {
        let choices = [
            (Detail::Layers, "By layer", "A layer at a time"),
            (Detail::Units, "By unit", "A unit, or a weight, at a time"),
            (Detail::Products, "By product", "A multiplication at a time"),
        ];
        let mut chosen = detail;
        if segmented_ui(ui, &mut chosen, &choices) {
            self.detail = Some(chosen);
            (self.at.line, self.is_pressed) = (0, true);
        }
    }

    /// What the step is taken on.
    fn choices_ui(&mut self, ui: &mut Ui, held: &Held, taken: &StepTaken) {
        let (before, count) = ((self.is_alone, self.row, self.is_random), taken.samples.len());
        ui.horizontal_wrapped(|ui| {
            ui.set_min_height(ROW);
            let choices = [
                (false, "Batch", "The first batch of the training samples"),
                (true, "One sample", "A batch of one: the sample at the left"),
            ];
            segmented_ui(ui, &mut self.is_alone, &choices);
            if count > 1 {
                if ui.button("‹").on_hover_text(tr("Follow the sample before")).clicked() {
                    self.row = (self.row + count - 1) % count;
                }
                ui.label(tr(format!("{} of {count}", self.row + 1)));
                if ui.button("›").on_hover_text(tr("Follow the next sample")).clicked() {
                    self.row = (self.row + 1) % count;
                }
            }
            if has_chance(&held.model.layers) {
                ui.checkbox(&mut self.is_random, tr("Dropout and noise"))
                    .on_hover_text(tr("As in training; without it, every unit stays as it is"));
            }
        });
        if before != (self.is_alone, self.row, self.is_random) {
            self.playing = None;
        }
        ui.add_space(GRID);
    }

    /// Of which moment the weights are, where the run has gone on since.
    fn moment_ui(&mut self, ui: &mut Ui, held: &Held, cx: &Cx<'_>) {
        let palette = Palette::of(ui);
        let step = |network: &TrainedNetwork| match network {
            TrainedNetwork::Run(_, snapshot) => snapshot.step,
            TrainedNetwork::Folder(_) => 0,
        };
        let now = cx.network().map_or(0, |network| step(&network));
        if now != step(&held.network) {
            ui.horizontal_wrapped(|ui| {
                let [then, now] = [step(&held.network), now].map(|step| thousands(step as f64));
                let text = format!("The weights are those after step {then}; the run is at step {now}.");
                ui.add(Label::new(RichText::new(tr(text)).color(palette.muted)).wrap());
                if ui.button(tr("Take the present weights")).clicked() {
                    (self.at, self.held, self.playing) = (Position::default(), None, None);
                }
            });
        }
    }
}

/// Every unit of a small network, every layer of a large one.
fn detail_for(taken: &StepTaken) -> Detail {
    if taken.step.sample_gradient.len() <= SMALL { Detail::Units } else { Detail::Layers }
}

/// What happens in a stage.
fn caption_ui(ui: &mut Ui, caption: &str) {
    ui.add(Label::new(tr(caption)).wrap());
    ui.add_space(GRID);
}

/// "2 Dense", "2.1 Dense" within a block.
fn layer_name(layer: &LayerStep) -> String {
    let numbers: Vec<String> = layer.path.iter().map(|at| (at + 1).to_string()).collect();
    format!("{} {}", numbers.join("."), layer.label)
}

/// The network and the data of the step, and what its outputs are called.
type Of<'a> = (&'a TrainedNetwork, &'a Dataset, &'a [String]);
