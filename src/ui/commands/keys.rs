//! THE LIST of keys. It is both what is obeyed and what the help shows.

use eframe::egui::{Context, Grid, Id, Key, KeyboardShortcut, Modal, Modifiers, Ui};

use crate::ui::Action;
use crate::ui::theme::{self, GRID, Palette};

struct Binding {
    shortcut: KeyboardShortcut,
    does: &'static str,
    action: fn() -> Action,
    /// Another way to the same, not shown in the help.
    is_alias: bool,
}

const fn key(key: Key, does: &'static str, action: fn() -> Action) -> Binding {
    Binding { shortcut: KeyboardShortcut::new(Modifiers::NONE, key), does, action, is_alias: false }
}

const fn ctrl(key: Key, does: &'static str, action: fn() -> Action) -> Binding {
    Binding { shortcut: KeyboardShortcut::new(Modifiers::COMMAND, key), does, action, is_alias: false }
}

const fn ctrl_shift(key: Key, does: &'static str, action: fn() -> Action) -> Binding {
    let modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
    Binding { shortcut: KeyboardShortcut::new(modifiers, key), does, action, is_alias: false }
}

const fn alias(binding: Binding) -> Binding {
    Binding { is_alias: true, ..binding }
}

/// With Ctrl: these work everywhere, and those with Shift come first because the others would take them too.
const COMMANDS: &[Binding] = &[
    ctrl_shift(Key::Z, "Redo", || Action::Redo),
    ctrl_shift(Key::S, "Save as…", || Action::SaveAsDialog),
    ctrl(Key::Z, "Undo", || Action::Undo),
    alias(ctrl(Key::Y, "Redo", || Action::Redo)),
    ctrl(Key::S, "Save", || Action::Save),
    ctrl(Key::O, "Open…", || Action::OpenDialog),
];

/// Plain keys, which belong to a text field as long as one has the focus.
const KEYS: &[Binding] = &[
    key(Key::Space, "Train, pause, go on", || Action::TrainOrPause),
    key(Key::Period, "Train one batch", || Action::StepBatch),
    key(Key::Slash, "Train to the end of the epoch", || Action::StepEpoch),
    key(Key::Escape, "Leave the presenter; stop the run", || Action::Escape),
    key(Key::F6, "Fold the network away", || Action::FoldLeft),
    key(Key::F7, "Fold the training away", || Action::FoldRight),
    key(Key::F11, "Presenter: everything larger, the centre alone", || Action::TogglePresenter),
    key(Key::Questionmark, "These keys", || Action::ToggleHelp),
];

/// What is not an action, for the help.
const OTHERS: &[(&str, &str)] = &[
    ("Alt+Up, Alt+Down", "Move the layer that has the focus"),
    ("Tab", "Next field"),
    ("Double click", "A slider back to its default"),
];

/// What the keys that were pressed since the last frame ask for.
pub fn pressed(ctx: &Context, rooms: Vec<&'static str>) -> Vec<Action> {
    let is_typing = ctx.text_edit_focused();
    let is_focused = ctx.egui_wants_keyboard_input();
    let is_covered = eframe::egui::Popup::is_any_open(ctx) || ctx.memory(|memory| memory.top_modal_layer().is_some());
    ctx.input_mut(|input| {
        let mut actions = Vec::new();
        let commands = COMMANDS.iter().filter(|binding| {
            // A field that is typed into has an undo of its own.
            !is_typing || !matches!(binding.shortcut.logical_key, Key::Z | Key::Y)
        });
        for binding in commands {
            // Two quick presses may arrive in one frame, and both count.
            let KeyboardShortcut { modifiers, logical_key } = binding.shortcut;
            let times = input.count_and_consume_key(modifiers, logical_key);
            actions.extend((0..times).map(|_| (binding.action)()));
        }
        if is_typing || is_covered {
            return actions;
        }
        for binding in KEYS {
            // What has the focus takes these itself.
            let is_taken = is_focused && matches!(binding.shortcut.logical_key, Key::Space | Key::Escape);
            let modifiers = match binding.shortcut.logical_key {
                Key::Questionmark => input.modifiers,
                _ => binding.shortcut.modifiers,
            };
            if !is_taken && input.consume_key(modifiers, binding.shortcut.logical_key) {
                actions.push((binding.action)());
            }
        }
        const DIGITS: [Key; 9] =
            [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];
        for (digit, room) in DIGITS.into_iter().zip(rooms) {
            if !is_focused && input.consume_key(Modifiers::NONE, digit) {
                actions.push(Action::Show(room));
            }
        }
        actions
    })
}

/// All keys, over everything else; true when it is to be closed.
pub fn help_ui(ctx: &Context) -> bool {
    let modal = Modal::new(Id::unique("keys")).show(ctx, |ui| {
        ui.set_width(380.0);
        ui.label(theme::heading("Keys"));
        ui.add_space(2.0 * GRID);
        Grid::new("keys").num_columns(2).min_row_height(theme::ROW).spacing([4.0 * GRID, 0.0]).show(ui, |ui| {
            for binding in KEYS.iter().chain(COMMANDS).filter(|binding| !binding.is_alias) {
                row_ui(ui, &key_name(ui, binding), binding.does);
            }
            row_ui(ui, "1 to 4", "The rooms in the centre");
            for (keys, does) in OTHERS {
                row_ui(ui, keys, does);
            }
        });
        ui.add_space(2.0 * GRID);
        let close = ui.button("Close");
        close.clicked()
    });
    modal.inner || modal.should_close()
}

fn key_name(ctx: &Context, binding: &Binding) -> String {
    match binding.shortcut.logical_key {
        Key::Questionmark => "?".to_owned(),
        Key::Period => ".".to_owned(),
        Key::Slash => "/".to_owned(),
        Key::Escape => "Esc".to_owned(),
        _ => ctx.format_shortcut(&binding.shortcut),
    }
}

fn row_ui(ui: &mut Ui, keys: &str, does: &str) {
    let palette = Palette::of(ui);
    ui.label(theme::strong(keys).color(palette.text));
    ui.label(does);
    ui.end_row();
}
