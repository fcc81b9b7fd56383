//! Undo and redo: one history of the project and of the drawing, so that what was done last is undone first.

use std::time::Duration;

use eframe::egui::Context;
use eframe::egui::util::undoer::{Settings, Undoer};

use super::{Document, Studio};
use crate::data::Drawing;
use crate::ui::state::session::DataState;
use crate::ui::state::window_state::Place;
use crate::ui::views::{draw, learn};

/// What undo comes back to.
#[derive(Clone, PartialEq)]
pub struct Moment {
    document: Document,
    drawing: Drawing,
    is_example: bool,
}

/// The moments that undo comes back to.
pub struct History {
    moments: Undoer<Moment>,
    /// As it was when the last frame ended.
    latest: Option<Moment>,
}

impl Default for History {
    fn default() -> Self {
        // A project is small, and somebody who tries a lot wants to come back to where it began.
        let settings = Settings { stable_time: 0.4, max_undos: 1000, ..Settings::default() };
        Self { moments: Undoer::with_settings(settings), latest: None }
    }
}

impl Studio {
    fn moment(&self) -> Moment {
        let Self { document, playground, .. } = self;
        Moment { document: document.clone(), drawing: playground.drawing.clone(), is_example: playground.is_example }
    }

    /// Whether undo and redo lead anywhere.
    pub(super) fn can_travel(&self) -> (bool, bool) {
        let History { moments, latest } = &self.history;
        latest.as_ref().map_or((false, false), |latest| (moments.has_undo(latest), moments.has_redo(latest)))
    }

    /// Makes this moment one that undo comes back to.
    pub(super) fn keep(&mut self) {
        let now = self.moment();
        self.history.moments.add_undo(&now);
    }

    /// Takes the last change back, or makes it again.
    pub(super) fn travel(&mut self, forward: bool) {
        let now = self.moment();
        let moments = &mut self.history.moments;
        let then = if forward { moments.redo(&now) } else { moments.undo(&now) };
        let Some(then) = then.cloned() else { return };
        if then.drawing != now.drawing && ![Some(learn::ID), Some(draw::ID)].contains(&self.shown_view(Place::Center)) {
            // Nobody sees it here.
            self.notices.tell(if forward {
                "The drawing was changed again."
            } else {
                "A change of the drawing was undone."
            });
        }
        self.document = then.document;
        self.playground.drawing = then.drawing;
        self.playground.is_example = then.is_example;
    }

    /// Feeds the history: at once when the pointer is up, and after a short rest while somebody types. What is dragged or
    /// drawn is one change.
    pub(super) fn remember(&mut self, ctx: &Context) {
        let (time, is_pointer_down) = ctx.input(|input| (input.time, input.pointer.any_down()));
        // A network that is suggested for other data comes with them, and is one change with them.
        let is_read = self.document.project.data.source == *self.session.source()
            && !matches!(self.session.data, DataState::Loading { .. });
        let is_between = self.history.latest.is_some() && !is_read;
        if is_pointer_down || is_between {
            return;
        }
        let is_latest = |latest: &Moment| {
            let Moment { document, drawing, is_example } = latest;
            *document == self.document
                && *drawing == self.playground.drawing
                && *is_example == self.playground.is_example
        };
        // Only what has changed is copied.
        let latest = self.history.latest.take().filter(is_latest).unwrap_or_else(|| self.moment());
        let moments = &mut self.history.moments;
        moments.feed_state(time, &latest);
        if !ctx.text_edit_focused() {
            moments.add_undo(&latest);
        }
        self.history.latest = Some(latest);
        if moments.is_in_flux() {
            ctx.request_repaint_after(Duration::from_millis(450));
        }
    }
}
