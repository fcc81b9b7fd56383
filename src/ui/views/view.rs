//! What a part of the window is.

use eframe::egui::Ui;

use super::cx::Cx;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::widgets::landmark::Landmark;

/// Below this width a view has one column, and its options have a row of their own.
pub const NARROW: f32 = 560.0;

/// A part of the window. Its own widgets' state lives in it; everything else it is lent.
pub trait View {
    /// Its name in what the window remembers, in snake case. It is never shown and never changes.
    fn id(&self) -> &'static str;

    /// What is read on its tab.
    fn title(&self, subject: &Subject) -> &'static str;

    /// The place of the view in the window.
    fn place(&self) -> Place;

    /// Whether it has anything to show of such data and such a network, or why not.
    fn fits(&self, _subject: &Subject) -> Result<(), &'static str> {
        Ok(())
    }

    /// Draws the view in the space that is left.
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>);

    /// What "What do I see here?" points at and explains.
    fn landmarks(&self) -> &'static [Landmark] {
        &[]
    }

    /// What there is to set for it, at the right end of the row of tabs, from right to left.
    fn options_ui(&mut self, _ui: &mut Ui, _cx: &mut Cx<'_>) {}
}
