//! The time line in the bar at the bottom: the run as it was after an earlier step, and from there on as a branch.

use eframe::egui::{Align, Button, Layout, Ui, vec2};
use egui_material_icons::icons::{ICON_PAUSE, ICON_PLAY_ARROW};

use super::HEIGHT;
use crate::language::tr;
use crate::ui::commands::entry::hint;
use crate::ui::commands::{Command, Request};
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::bar::fixed_text_ui;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::slider::Slider;

/// Seconds in which the whole run is played.
const PLAYED_IN: f64 = 10.0;

/// Room for the step beside the slider, and for the button of the branch.
const TOLD: f32 = 360.0;
const BRANCHED: f32 = 220.0;

/// Whether the history is played, and where it is.
#[derive(Default)]
pub struct TimelineBar {
    playing: Option<f64>,
}

impl TimelineBar {
    /// Draws the time line where an earlier moment is looked at; false if none is.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) -> bool {
        let Some(step) = cx.session.visited() else {
            self.playing = None;
            return false;
        };
        let last = cx.session.progress.step.max(1);
        let before = self.playing;
        self.play(ui, step, last, cx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command_ui(ui, Command::Newest, "Newest", cx);
            if ui.available_width() > BRANCHED {
                command_ui(ui, Command::Branch, "Branch here", cx);
            }
            if ui.available_width() > TOLD {
                let per_epoch = cx.session.job.as_ref().map_or(1, |job| job.steps_per_epoch().max(1) as u64);
                let text = |step: u64| {
                    format!("Step {}, epoch {}", thousands(step as f64), step.saturating_sub(1) / per_epoch + 1)
                };
                // Before there was time for all of them.
                let glanced = cx.session.glanced().map(|seen| format!("the first {} samples", thousands(seen as f64)));
                fixed_text_ui(ui, &glanced.unwrap_or_else(|| text(step)), &text(last));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let (icon, name) = match self.playing {
                    Some(_) => (ICON_PAUSE, "Pause the history"),
                    None => (ICON_PLAY_ARROW, "Play the history"),
                };
                if icon_button_ui(ui, icon, name).clicked() {
                    let from = if step < last { step } else { 0 };
                    self.playing = if self.playing.is_none() { Some(from as f64) } else { None };
                }
                ui.add_space(GRID);
                let mut at = step as f64;
                let slider = Slider::over_places("Time line", 0.0..=last as f64);
                let help =
                    "The step that every view shows. The axis of steps below a curve is dragged to the same effect.";
                if slider.show(ui, ui.available_width() - GRID, &mut at).on_hover_text(tr(help)).changed() {
                    self.playing = None;
                    cx.act(Request::LookAt(at as u64));
                }
            });
        });
        if before.is_none() && self.playing.is_some() {
            ui.request_repaint();
        }
        true
    }

    /// Goes on to the moment that is due.
    fn play(&mut self, ui: &Ui, step: u64, last: u64, cx: &mut Cx<'_>) {
        let Some(at) = &mut self.playing else { return };
        *at += f64::from(ui.input(|input| input.stable_dt.min(0.1))) / PLAYED_IN * last as f64;
        let due = *at as u64;
        if due >= last {
            self.playing = None;
        }
        if due != step {
            cx.act(Request::LookAt(due.min(last)));
        }
        ui.request_repaint();
    }
}

fn command_ui(ui: &mut Ui, command: Command, name: &str, cx: &mut Cx<'_>) {
    let permitted = cx.situation.permits(command);
    let button = Button::new(tr(name)).min_size(vec2(0.0, HEIGHT));
    let response = ui.add_enabled(permitted.is_ok(), button).on_hover_text(tr(hint(ui, command)));
    if response.on_disabled_hover_text(tr(permitted.err().unwrap_or_default())).clicked() {
        cx.act(command);
    }
}
