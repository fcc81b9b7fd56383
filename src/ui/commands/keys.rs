//! What the keys that were pressed ask for.

use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers, Popup};

use super::{Action, Command, Request, Situation};
use crate::ui::widgets::keyboard;

/// What is no command, for the help.
pub const OTHERS: &[(&str, &str)] = &[
    ("Space, Space", "After a run: train anew"),
    ("Alt+Up, Alt+Down", "Move the layer that has the focus"),
    ("Left, Right", "Move the slider that has the focus"),
    ("Arrows, Space, Backspace", "On the canvas: move the pen, put it down or lift it, take the last stroke away"),
    ("Up, Down", "Step the number that is being typed"),
    ("Tab", "Next field"),
    ("Double click", "Reset a slider to its default"),
];

const DIGITS: [Key; 9] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8, Key::Num9];

/// What the keys that were pressed since the last frame ask for. With Ctrl they work everywhere; plain ones belong to a text
/// field as long as one has the focus, and to whatever lies over the window.
pub fn pressed(ctx: &Context, situation: &Situation) -> Vec<Action> {
    let is_typing = ctx.text_edit_focused();
    let is_focused = keyboard::takes_plain_keys(ctx);
    let is_covered = Popup::is_any_open(ctx) || ctx.memory(|memory| memory.top_modal_layer().is_some());
    let is_free = |shortcut: &KeyboardShortcut| match (shortcut.modifiers.any(), shortcut.logical_key) {
        // A field that is typed into has an undo of its own.
        (true, Key::Z | Key::Y) => !is_typing,
        (true, _) => true,
        // What has the focus takes these itself.
        (false, Key::Space | Key::Escape) => !is_focused && !is_covered,
        (false, _) => !is_typing && !is_covered,
    };
    ctx.input_mut(|input| {
        let mut actions = Vec::new();
        for shortcut in shortcuts().filter(is_free) {
            let modifiers = match shortcut.logical_key {
                // On many keyboards it takes a Shift to write it.
                Key::Questionmark => input.modifiers,
                _ => shortcut.modifiers,
            };
            // Two quick presses may arrive in one frame, and both count.
            let times = input.count_and_consume_key(modifiers, shortcut.logical_key);
            actions.extend((0..times).filter_map(|_| command_of(&shortcut, situation).map(Action::from)));
        }
        if !is_typing && !is_covered {
            for (digit, tab) in DIGITS.into_iter().zip(&situation.tabs) {
                if input.consume_key(Modifiers::NONE, digit) {
                    actions.push(Request::Show(tab.id).into());
                }
            }
        }
        actions
    })
}

/// All shortcuts of commands, those with Shift first because the others would take them too.
fn shortcuts() -> impl Iterator<Item = KeyboardShortcut> {
    let all = || Command::ALL.iter().flat_map(|command| command.keys()).copied();
    all().filter(|shortcut| shortcut.modifiers.shift).chain(all().filter(|shortcut| !shortcut.modifiers.shift))
}

/// The first command of this key that is possible; if none is, the first, which is then told to be impossible. Nobody means
/// anything in particular with an Escape.
fn command_of(shortcut: &KeyboardShortcut, situation: &Situation) -> Option<Command> {
    let mut commands = Command::ALL.iter().copied().filter(|command| command.keys().contains(shortcut));
    let first = commands.clone().next().filter(|_| shortcut.logical_key != Key::Escape);
    commands.find(|command| situation.permits(*command).is_ok()).or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SourceSpec;
    use crate::train::Outcome;
    use crate::ui::state::session::{Session, Status};

    #[test]
    fn a_key_asks_for_what_is_possible_of_what_it_stands_for() {
        let space = Command::Train.keys()[0];
        let asked = |status: Status| {
            let mut session = Session::new(&SourceSpec::new("digits", ""));
            session.status = status;
            command_of(&space, &Situation::of(&session, None))
        };
        assert_eq!(asked(Status::Idle), Some(Command::Train));
        assert_eq!(asked(Status::Running), Some(Command::Pause));
        assert_eq!(asked(Status::Paused), Some(Command::Resume));
        assert_eq!(asked(Status::Ended(Outcome::Stopped)), Some(Command::Train), "which is then explained");
        let session = Session::new(&SourceSpec::new("digits", ""));
        assert_eq!(command_of(&Command::Stop.keys()[0], &Situation::of(&session, None)), None);
    }

    #[test]
    fn shortcuts_with_shift_come_first() {
        let shortcuts: Vec<_> = shortcuts().map(|shortcut| shortcut.modifiers.shift).collect();
        assert!(shortcuts.is_sorted_by(|a, b| a >= b), "{shortcuts:?}");
    }
}
