//! Undo and redo: of the project, and where one draws of the drawing.

use std::time::Duration;

use eframe::egui::Context;
use eframe::egui::util::undoer::{Settings, Undoer};

use super::{Document, Studio};
use crate::ui::state::window_state::Place;
use crate::ui::views::draw;

/// The documents that undo comes back to.
pub struct History {
    documents: Undoer<Document>,
}

impl Default for History {
    fn default() -> Self {
        Self { documents: Undoer::with_settings(Settings { stable_time: 0.4, ..Settings::default() }) }
    }
}

impl History {
    /// Makes this document one that undo comes back to.
    pub fn keep(&mut self, document: &Document) {
        self.documents.add_undo(document);
    }
}

impl Studio {
    fn is_drawing_shown(&self) -> bool {
        self.shown_view(Place::Center) == Some(draw::ID)
    }

    /// Whether undo and redo lead anywhere.
    pub(super) fn can_travel(&self) -> (bool, bool) {
        match self.is_drawing_shown() {
            true => self.playground.can_travel(),
            false => {
                let documents = &self.history.documents;
                (documents.has_undo(&self.document), documents.has_redo(&self.document))
            }
        }
    }

    /// Takes the last change back, or makes it again.
    pub(super) fn travel(&mut self, forward: bool) {
        if self.is_drawing_shown() {
            return self.playground.travel(forward);
        }
        let documents = &mut self.history.documents;
        let then = if forward { documents.redo(&self.document) } else { documents.undo(&self.document) };
        if let Some(then) = then.cloned() {
            self.document = then;
        }
    }

    /// Feeds the history: at once when the pointer is up, and after a short rest while somebody types.
    pub(super) fn remember(&mut self, ctx: &Context) {
        let (now, is_pointer_down) = ctx.input(|input| (input.time, input.pointer.any_down()));
        let documents = &mut self.history.documents;
        documents.feed_state(now, &self.document);
        if !is_pointer_down {
            self.playground.remember();
        }
        if !is_pointer_down && !ctx.text_edit_focused() {
            documents.add_undo(&self.document);
        }
        if documents.is_in_flux() {
            ctx.request_repaint_after(Duration::from_millis(450));
        }
    }
}
