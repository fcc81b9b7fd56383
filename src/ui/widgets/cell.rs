//! Parts of a view that stand at fixed places.

use eframe::egui::{Align, Layout, Rect, Ui, UiBuilder};

use super::landmark::landmark_at;

/// A part of a view at a fixed place, which it cannot grow out of by pushing others away.
pub fn cell_ui(ui: &mut Ui, name: &str, rect: Rect, contents: impl FnOnce(&mut Ui)) {
    let mut cell = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect).layout(Layout::top_down(Align::Min)));
    landmark_at(cell.ctx(), name, rect.intersect(cell.clip_rect()));
    contents(&mut cell);
}
