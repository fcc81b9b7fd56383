//! The command palette: everything that can be asked for, found by a few letters of its name.

use eframe::egui::{self, Align2, Key, Modifiers, Rect, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, vec2};

use super::dialog::{Dialog, Next};
use crate::ui::commands::Situation;
use crate::ui::commands::entry::{Entry, entries};
use crate::ui::theme::{self, GRID, Palette, RADIUS};
use crate::ui::widgets::cut_text::cut_text;

const WIDTH: f32 = 560.0;
const HEIGHT: f32 = 360.0;
const LINE: f32 = 40.0;

#[derive(Default)]
pub struct CommandPalette {
    text: String,
    /// The line that Enter takes, among those that are found.
    chosen: usize,
    has_focus: bool,
}

impl Dialog for CommandPalette {
    fn id(&self) -> &'static str {
        "command palette"
    }

    fn ui(&mut self, ui: &mut Ui, situation: &Situation) -> Next {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID));
        // Before the field sees them.
        let (up, down) = ui.input_mut(|input| {
            let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (count(Key::ArrowUp), count(Key::ArrowDown))
        });
        let is_entered = ui.input(|input| input.key_pressed(Key::Enter));
        let field = TextEdit::singleline(&mut self.text).hint_text("Command").desired_width(f32::INFINITY);
        let field = ui.add(field).accessible_name("Command");
        if !std::mem::replace(&mut self.has_focus, true) || is_entered {
            field.request_focus();
        }
        if field.changed() {
            self.chosen = 0;
        }
        let found = found(entries(ui, situation), &self.text);
        self.chosen = (self.chosen + down).saturating_sub(up).min(found.len().saturating_sub(1));
        ui.add_space(GRID);
        let clicked = self.list_ui(ui, &found, up + down > 0);
        let taken = clicked.or(Some(self.chosen).filter(|_| is_entered));
        match taken.and_then(|taken| found.get(taken)) {
            Some(Entry { action, is_possible: Ok(()), .. }) => Next::Do(action.clone()),
            Some(_) | None => Next::Stay,
        }
    }
}

impl CommandPalette {
    /// The lines that were found; the one that was clicked.
    fn list_ui(&self, ui: &mut Ui, found: &[Entry], has_moved: bool) -> Option<usize> {
        let mut clicked = None;
        ui.allocate_ui(vec2(ui.available_width(), HEIGHT), |ui| {
            ui.set_min_height(HEIGHT);
            ui.spacing_mut().item_spacing.y = 0.0;
            if found.is_empty() {
                ui.label(egui::RichText::new("No command has such a name.").color(Palette::of(ui).muted));
            }
            ScrollArea::vertical().max_height(HEIGHT).auto_shrink(false).show(ui, |ui| {
                for (index, entry) in found.iter().enumerate() {
                    let response = line_ui(ui, entry, index == self.chosen);
                    if index == self.chosen && has_moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        clicked = Some(index);
                    }
                }
            });
        });
        clicked
    }
}

/// The name, below it what it does or why it cannot be done, and the key at the right.
fn line_ui(ui: &mut Ui, entry: &Entry, is_chosen: bool) -> egui::Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    let is_possible = entry.is_possible.is_ok();
    if is_chosen || response.hovered() {
        let fill = if is_chosen { ui.visuals().selection.bg_fill } else { palette.hovered };
        ui.painter().rect_filled(rect, RADIUS, fill);
    }
    let inner = rect.shrink2(vec2(2.0 * GRID, 0.0));
    let opacity = if is_possible { 1.0 } else { ui.visuals().disabled_alpha() };
    let text = palette.text.gamma_multiply(opacity);
    let key = ui.painter().text(inner.right_center(), Align2::RIGHT_CENTER, &entry.key, theme::body_font(), text);
    let words = Rect::from_min_max(inner.min, egui::pos2(key.left() - 2.0 * GRID, inner.bottom()));
    let (name, help) = words.split_top_bottom_at_fraction(0.5);
    cut_text(ui, name, Align2::LEFT_CENTER, &entry.label, theme::strong_font(theme::BODY), text);
    let (help_text, color) = match &entry.is_possible {
        Ok(()) => (&entry.help, palette.muted),
        Err(why) => (why, palette.muted),
    };
    cut_text(ui, help, Align2::LEFT_CENTER, help_text, theme::body_font(), color);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, is_possible, &entry.label));
    response
}

/// The entries whose names have these letters in this order: first those in which they stand together, then those in
/// which they begin words.
fn found(entries: Vec<Entry>, text: &str) -> Vec<Entry> {
    let mut found: Vec<_> = entries.into_iter().filter_map(|entry| Some((score(&entry.label, text)?, entry))).collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().map(|(_, entry)| entry).collect()
}

/// How far the letters are from standing together at the beginning, if they are there at all.
fn score(label: &str, text: &str) -> Option<usize> {
    let (label, text) = (label.to_lowercase(), text.trim().to_lowercase());
    if let Some(at) = label.find(&text) {
        return Some(at);
    }
    let letters: Vec<char> = label.chars().collect();
    let (mut from, mut gaps) = (0, 0);
    for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
        let rest = letters.get(from..)?;
        let step = rest.iter().position(|other| *other == letter)?;
        let begins_word = from + step == 0 || letters.get(from + step - 1).is_some_and(|before| *before == ' ');
        gaps += if begins_word { 1 } else { 1 + step };
        from += step + 1;
    }
    // Behind all in which they stand together.
    Some(1000 + gaps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_find_names_in_which_they_follow_one_another() {
        assert_eq!(score("Save as…", "save"), Some(0));
        assert!(score("Train one batch", "tob") < score("Train one batch", "rnb"));
        assert!(score("Save run…", "run") < score("Train anew", "tran"));
        assert_eq!(score("Undo", "redo"), None);
        assert_eq!(score("Undo", ""), Some(0));
    }
}
