//! A list that scrolls, with a margin of its own for the bar.

use eframe::egui::{ScrollArea, Ui};

/// Room for the bar, whether there is one or not, so that nothing moves when a list gets longer.
const BAR: f32 = 12.0;

/// Shows what may be higher than the space there is. The bar lies over none of it.
pub fn scroll_ui<R>(ui: &mut Ui, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let area = ScrollArea::vertical().auto_shrink(false);
    let shown = area.show(ui, |ui| {
        ui.set_max_width(ui.available_width() - BAR);
        contents(ui)
    });
    shown.inner
}
