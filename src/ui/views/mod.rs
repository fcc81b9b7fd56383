//! THE LIST of panels. A new one is a file here and a line in [`all`].

use std::path::Path;
use std::sync::Arc;

use eframe::egui::{self, Align, Button, Layout, Ui, vec2};

use crate::data::Dataset;
use crate::project::{Project, Side};
use crate::ui::app::DRAW;
use crate::ui::commands::action::Action;
use crate::ui::jobs::drawing::Reading;
use crate::ui::jobs::generated::GeneratedSamples;
use crate::ui::jobs::plane::Surface;
use crate::ui::jobs::reconstructions::Gallery;
use crate::ui::state::playground::Desk;
use crate::ui::state::session::Session;
use crate::ui::state::table::is_table;
use crate::ui::state::window_state::View;
use crate::ui::theme::{self, GRID, Palette};
use backprop_nn::model::Trace;

mod data;
pub mod dialogs;
mod draw;
mod learn;
mod mistakes;
mod network;
pub mod parts;
mod top_bar;
mod training;
mod transport;

pub use data::holds_images;
pub use data::paint::Painting;
pub use parts::plane::{is_plane, plane_of};
pub use parts::row_form::TriedRow;

/// Every panel, the rooms in the order of their tabs.
pub fn all() -> Vec<Box<dyn Panel>> {
    vec![
        Box::<top_bar::TopBar>::default(),
        Box::<transport::Transport>::default(),
        Box::<network::Layers>::default(),
        Box::<training::TrainingPanel>::default(),
        Box::<learn::Learn>::default(),
        Box::<draw::Draw>::default(),
        Box::<data::DataRoom>::default(),
        Box::<mistakes::Mistakes>::default(),
    ]
}

/// A part of the window. Its own widgets' state lives in it; everything else it is lent.
pub trait Panel {
    fn title(&self) -> &'static str;
    fn place(&self) -> Place;
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>);

    /// What a room has to set, at the right end of the row of tabs, from right to left.
    fn options_ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}

/// Where a panel stands. The centre has several rooms, of which one is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Top,
    Bottom,
    Left,
    Right,
    Room,
}

/// What a panel is lent: the project, the view and the desk to edit, the rest to look at, and a list for the actions.
pub struct Cx<'a> {
    pub project: &'a mut Project,
    pub path: Option<&'a Path>,
    pub is_edited: bool,
    pub can_undo: bool,
    pub can_redo: bool,
    pub view: &'a mut View,
    pub desk: &'a mut Desk,
    pub session: &'a Session,
    pub reading: &'a Reading,
    pub surface: &'a Surface,
    pub gallery: &'a Gallery,
    pub generated: &'a GeneratedSamples,
    /// Of the network, or of the generator if there is an adversary.
    pub trace: &'a Trace,
    pub discriminator: Option<&'a Trace>,
    pub actions: &'a mut Vec<Action>,
}

impl<'a> Cx<'a> {
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Why training cannot begin, if it cannot.
    pub fn obstacle(&self) -> Option<String> {
        use crate::ui::state::session::DataState;
        match &self.session.data {
            DataState::Loading { .. } => return Some("The data is not there yet.".to_owned()),
            DataState::Failed { .. } => return Some("There is no data. Choose another source.".to_owned()),
            DataState::Ready { .. } => {}
        }
        let misfit_of = |side| Some((side, self.trace_of(side)?.misfit.as_ref()?));
        let (side, misfit) = Side::BOTH.into_iter().find_map(misfit_of)?;
        if self.project.layers(side).is_some_and(Vec::is_empty) {
            return Some(misfit.error.message.clone());
        }
        Some(format!("{} {} does not fit. {}", side.layer(), misfit.index + 1, misfit.error))
    }

    /// The shapes of a stack, if the project has it.
    pub fn trace_of(&self, side: Side) -> Option<&'a Trace> {
        match side {
            Side::Model => Some(self.trace),
            Side::Discriminator => self.discriminator,
        }
    }

    /// Parameters and multiply-adds a sample of all stacks, as far as they fit.
    pub fn totals(&self) -> (usize, u64) {
        let traces = || Side::BOTH.into_iter().filter_map(|side| self.trace_of(side));
        (traces().map(Trace::params).sum(), traces().map(Trace::multiply_adds).sum())
    }

    /// Whether every layer of every stack fits.
    pub fn is_whole(&self) -> bool {
        Side::BOTH.into_iter().filter_map(|side| self.trace_of(side)).all(|trace| trace.misfit.is_none())
    }
}

/// The data of the run, or what is chosen for the next one.
pub fn shown_dataset<'a>(cx: &'a Cx<'_>) -> Option<&'a Arc<Dataset>> {
    cx.session.job.as_ref().map(|job| &job.dataset).or_else(|| cx.session.dataset())
}

/// Whether the network is asked for the sample itself.
pub fn is_reconstruction(cx: &Cx<'_>) -> bool {
    shown_dataset(cx).is_some_and(|dataset| dataset.task.is_reconstruction())
}

/// Whether the network is asked for numbers.
pub fn is_regression(cx: &Cx<'_>) -> bool {
    shown_dataset(cx).is_some_and(|dataset| !dataset.task.is_classification())
}

/// Whether the network of the run, or else that of the project, makes samples instead of reading them.
pub fn is_generator(cx: &Cx<'_>) -> bool {
    match &cx.session.job {
        Some(job) => job.adversary.is_some(),
        None => cx.project.adversary.is_some(),
    }
}

/// Below this width a room has one column, and its options have a row of their own.
pub const NARROW: f32 = 560.0;

/// The tabs of the rooms, the options of the one that is shown, and below them the room itself.
pub fn rooms_ui(ui: &mut Ui, titles: &[&'static str], room: &mut dyn Panel, cx: &mut Cx<'_>) {
    let is_narrow = ui.available_width() < NARROW;
    let right_to_left = Layout::right_to_left(Align::Center);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0 * GRID;
        for (index, title) in titles.iter().enumerate() {
            if tab_ui(ui, tab_name(title, cx), *title == room.title())
                .on_hover_text(format!("Key {}", index + 1))
                .clicked()
            {
                cx.act(Action::Show(title));
            }
        }
        ui.spacing_mut().item_spacing.x = 2.0 * GRID;
        if !is_narrow {
            ui.with_layout(right_to_left, |ui| room.options_ui(ui, cx));
        }
    });
    if is_narrow {
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 0.0), right_to_left, |ui| room.options_ui(ui, cx));
    }
    ui.add_space(2.0 * GRID);
    ui.push_id(room.title(), |ui| room.ui(ui, cx));
}

/// Where there is nothing to draw, one tries a row in the same room.
fn tab_name(title: &'static str, cx: &Cx<'_>) -> &'static str {
    if title == DRAW && shown_dataset(cx).is_some_and(|dataset| is_table(dataset)) { "Try" } else { title }
}

fn tab_ui(ui: &mut Ui, title: &str, is_shown: bool) -> egui::Response {
    let palette = Palette::of(ui);
    let text = theme::strong(title).color(if is_shown { palette.text } else { palette.muted });
    let response = ui.add(Button::selectable(false, text).frame(false).min_size(vec2(0.0, 28.0)));
    if is_shown || response.has_focus() {
        let rect = response.rect;
        let line = egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 2.0), rect.right_bottom());
        ui.painter().rect_filled(line, 1.0, if is_shown { palette.accent } else { palette.line });
    }
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Tab, true, is_shown, title));
    response
}
