//! What a dialog is, and the stack of those that are open: the topmost has the keyboard.

use std::any::Any;

use eframe::egui::{Context, Id, Modal, Ui};

use crate::ui::commands::{Action, Situation};

/// Something over the window: a question, a tool with work of its own, a list.
pub trait Dialog: Any {
    /// Tells it from the other dialogs; one of each is open at most.
    fn id(&self) -> &'static str;

    /// Takes what its work has told since the last frame.
    fn absorb(&mut self) {}

    /// Draws the contents of the dialog.
    fn ui(&mut self, ui: &mut Ui, situation: &Situation) -> Next;
}

/// What follows from a frame of a dialog.
pub enum Next {
    /// The dialog stays open.
    Stay,
    /// The dialog closes.
    Close,
    /// Close it and do this.
    Do(Action),
    /// Do this, whose result the dialog waits for.
    Keep(Action),
}

/// The dialogs that are open, the topmost last. One that is closed is dropped, which ends its work.
#[derive(Default)]
pub struct Dialogs {
    open: Vec<Box<dyn Dialog>>,
}

impl Dialogs {
    /// Puts a dialog over the others, in place of an open one of its kind.
    pub fn open(&mut self, dialog: impl Dialog) {
        self.open.retain(|open| open.id() != dialog.id());
        self.open.push(Box::new(dialog));
    }

    /// The dialog of this kind, if it is open.
    pub fn get<T: Dialog>(&self) -> Option<&T> {
        self.open.iter().find_map(|dialog| (&**dialog as &dyn Any).downcast_ref())
    }

    /// The same, to be changed.
    pub fn get_mut<T: Dialog>(&mut self) -> Option<&mut T> {
        self.open.iter_mut().find_map(|dialog| (&mut **dialog as &mut dyn Any).downcast_mut())
    }

    /// Closes the dialog of this type, if it is open.
    pub fn close<T: Dialog>(&mut self) {
        self.open.retain(|dialog| !(&**dialog as &dyn Any).is::<T>());
    }

    /// Lets every open dialog receive the results of its background work.
    pub fn absorb(&mut self) {
        self.open.iter_mut().for_each(|dialog| dialog.absorb());
    }

    /// Draws all of them; what those that have closed ask for. Esc and a press beside it close the topmost.
    pub fn ui(&mut self, ctx: &Context, situation: &Situation) -> Vec<Action> {
        let mut actions = Vec::new();
        self.open.retain_mut(|dialog| {
            let modal = Modal::new(Id::unique(("dialog", dialog.id())));
            let shown = modal.show(ctx, |ui| dialog.ui(ui, situation));
            match shown.inner {
                Next::Stay => !shown.should_close(),
                Next::Close => false,
                Next::Do(action) => {
                    actions.push(action);
                    false
                }
                Next::Keep(action) => {
                    actions.push(action);
                    true
                }
            }
        });
        actions
    }
}
