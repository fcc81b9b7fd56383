//! A list that is searched by typing: the arrow keys choose among what is found, Enter takes it.

use eframe::egui::{
    self, Align2, Key, Modifiers, Rect, Response, Role, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use super::cut_text::cut_text;
use super::text::caption_ui;
use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, RADIUS};

/// Height of a line.
const LINE: f32 = 38.0;

/// Height of the field that is typed in.
const FIELD: f32 = 28.0;

/// One thing to pick.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The name in the list; the search matches it before the help.
    pub name: &'a str,
    /// Shown below the name.
    pub help: &'a str,
    /// The heading that it stands under; lines of one group follow one another. Empty for none.
    pub group: &'a str,
    /// A key or a mark, at the right end.
    pub mark: &'a str,
    /// Whether it can be taken.
    pub is_possible: bool,
    /// Whether it steps back behind the others.
    pub is_muted: bool,
}

/// What is being looked for.
#[derive(Clone, Debug, Default)]
pub struct PickList {
    text: String,
    /// The position that Enter takes, among the lines that are found.
    chosen: usize,
    /// The line that is to be chosen and seen next.
    wanted: Option<usize>,
    is_open: bool,
    /// The frame in which it was drawn last.
    pass: u64,
}

impl PickList {
    /// Chooses a line, by its position among all, and scrolls to it.
    pub fn go_to(&mut self, line: usize) {
        self.wanted = Some(line);
    }

    /// The field and below it the lines in their groups, or the best first of those that are found; the position of the
    /// line that was taken. `about` is shown beside the line that the pointer rests on.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        hint: &str,
        height: f32,
        lines: &[Line<'_>],
        about: impl Fn(usize, &Response),
    ) -> Option<usize> {
        let is_new = !std::mem::replace(&mut self.is_open, true);
        // Before the field sees them.
        let (up, down) = ui.input_mut(|input| {
            let mut count = |key| input.count_and_consume_key(Modifiers::NONE, key);
            (count(Key::ArrowUp), count(Key::ArrowDown))
        });
        // The press that has opened the list takes nothing.
        let is_entered = !is_new && ui.input(|input| input.key_pressed(Key::Enter));
        let field = TextEdit::singleline(&mut self.text).hint_text(tr(hint)).align(Align2::LEFT_CENTER);
        let field = field.desired_width(f32::INFINITY).min_size(vec2(0.0, FIELD));
        let field = ui.add(field).accessible_name(tr(hint));
        if is_new || is_entered {
            field.request_focus();
        }
        if field.changed() {
            self.chosen = 0;
        }
        let mut found = found(lines, &self.text);
        self.chosen = (self.chosen + down).saturating_sub(up).min(found.len().saturating_sub(1));
        // A list that is being measured is not there to be scrolled yet.
        let wanted = if ui.is_sizing_pass() { None } else { self.wanted.take() };
        if let Some(line) = wanted {
            if !found.contains(&line) {
                self.text.clear();
                found = (0..lines.len()).collect();
            }
            self.chosen = found.iter().position(|at| *at == line).unwrap_or_default();
        }
        ui.add_space(GRID);
        let has_moved = up + down > 0 || wanted.is_some();
        let clicked = self.lines_ui(ui, height, lines, &found, has_moved, about);
        self.chosen = found.iter().position(|at| Some(*at) == clicked).unwrap_or(self.chosen);
        let taken = clicked.or_else(|| found.get(self.chosen).copied().filter(|_| is_entered));
        taken.filter(|taken| lines.get(*taken).is_some_and(|line| line.is_possible))
    }

    fn lines_ui(
        &self,
        ui: &mut Ui,
        height: f32,
        lines: &[Line<'_>],
        found: &[usize],
        has_moved: bool,
        about: impl Fn(usize, &Response),
    ) -> Option<usize> {
        let mut clicked = None;
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            ui.set_min_height(height);
            ui.spacing_mut().item_spacing.y = 0.0;
            if found.is_empty() {
                caption_ui(ui, "Nothing matches.");
            }
            ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink(false).show(ui, |ui| {
                let mut group = "";
                for (at, index) in found.iter().enumerate() {
                    let line = &lines[*index];
                    // Where the best comes first, groups would be torn apart.
                    if self.text.trim().is_empty() && line.group != group {
                        group = line.group;
                        ui.add_space(2.0 * GRID);
                        caption_ui(ui, group);
                    }
                    let response = line_ui(ui, line, at == self.chosen);
                    about(*index, &response);
                    if at == self.chosen && has_moved {
                        response.scroll_to_me(None);
                    }
                    if response.clicked() {
                        clicked = Some(*index);
                    }
                }
            });
        });
        clicked
    }
}

/// A list in a menu, which begins anew whenever that is opened.
pub fn pick_menu_ui(
    ui: &mut Ui,
    hint: &str,
    size: egui::Vec2,
    lines: &[Line<'_>],
    about: impl Fn(usize, &Response),
) -> Option<usize> {
    let (id, pass) = (ui.scope_id().with(hint), ui.ctx().cumulative_pass_nr());
    let before = ui.data(|data| data.get_temp::<PickList>(id)).filter(|list| list.pass + 1 >= pass);
    let mut list = before.unwrap_or_default();
    ui.set_width(size.x);
    let taken = list.ui(ui, hint, size.y, lines, about);
    list.pass = pass;
    ui.data_mut(|data| data.insert_temp(id, list));
    if taken.is_some() {
        ui.close();
    }
    taken
}

/// The name, below it the help, and the mark at the right.
fn line_ui(ui: &mut Ui, line: &Line<'_>, is_chosen: bool) -> Response {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE), Sense::click());
    if is_chosen || response.hovered() {
        let fill = if is_chosen { ui.visuals().selection.bg_fill } else { palette.hovered };
        ui.painter().rect_filled(rect, RADIUS, fill);
    }
    let inner = rect.shrink2(vec2(2.0 * GRID, 0.0));
    let opacity = if line.is_possible { 1.0 } else { ui.visuals().disabled_alpha() };
    let text = if line.is_muted { palette.muted } else { palette.text }.gamma_multiply(opacity);
    let mark = ui.painter().text(inner.right_center(), Align2::RIGHT_CENTER, tr(line.mark), theme::body_font(), text);
    let words = Rect::from_min_max(inner.min, pos2(mark.left() - 2.0 * GRID, inner.bottom()));
    let (name, help) = words.split_top_bottom_at_fraction(0.5);
    cut_text(ui, name, Align2::LEFT_CENTER, line.name, theme::strong_font(theme::BODY), text);
    cut_text(ui, help, Align2::LEFT_CENTER, line.help, theme::body_font(), palette.muted);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, line.is_possible, tr(line.name)));
    let description = [line.mark, line.help].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(". ");
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_description(description));
    response
}

/// The positions of the lines whose names have these letters in this order: first those in which they stand together, then
/// those in which they begin words, and at last those whose help has them. A whole
/// word of the help counts more than letters that stand apart in the name.
fn found(lines: &[Line<'_>], text: &str) -> Vec<usize> {
    let rank = |line: &Line<'_>| score(line.name, text).into_iter().chain(score_of_help(line, text)).min();
    let mut found: Vec<_> = (0..lines.len()).filter_map(|at| Some((rank(&lines[at])?, at))).collect();
    found.sort_by_key(|(score, _)| *score);
    found.into_iter().map(|(_, at)| at).collect()
}

/// Words of the help and of the group are found as they are written.
fn score_of_help(line: &Line<'_>, text: &str) -> Option<usize> {
    let text = text.trim().to_lowercase();
    let help = format!("{} {}", line.group, line.help).to_lowercase();
    let is_word = help.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == text);
    (text.len() > 2 && help.contains(&text)).then_some(if is_word { 999 } else { 1_000_000 })
}

/// How far the letters are from standing together at the beginning, if they are there at all.
fn score(label: &str, text: &str) -> Option<usize> {
    let (label, text) = (label.to_lowercase(), text.trim().to_lowercase());
    if text.is_empty() {
        return Some(0);
    }
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

    #[test]
    fn names_come_before_words_of_the_help() {
        let line = |name, help| Line { name, help, group: "", mark: "", is_possible: true, is_muted: false };
        let lines = [line("Dense", "After a flatten."), line("Flatten", "Makes a row."), line("Dropout", "Zeros.")];
        assert_eq!(found(&lines, "flat"), [1, 0]);
        let terms = [line("Grad-CAM", "Class activation map"), line("Optimizer", "Adam, momentum")];
        assert_eq!(found(&terms, "adam"), [1, 0]);
        assert_eq!(found(&lines, ""), [0, 1, 2]);
    }
}
