//! Everything that has a name, as the command palette and the help list it.

use eframe::egui::{Context, Key, KeyboardShortcut, ModifierNames};

use super::{Action, Command, Request, Situation};

/// A line of the command palette.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name in the list; the search matches it before the help.
    pub label: String,
    /// One sentence that explains the entry.
    pub help: String,
    /// The key in words; empty if there is none.
    pub key: String,
    /// The action that the entry triggers.
    pub action: Action,
    /// Or why not.
    pub is_possible: Result<(), String>,
}

/// All commands, and the views of the center.
pub fn entries(ctx: &Context, situation: &Situation) -> Vec<Entry> {
    let command = |command: &Command| Entry {
        label: command.label().to_owned(),
        help: command.help().to_owned(),
        key: key_of(ctx, *command),
        action: Action::from(*command),
        is_possible: situation.permits(*command),
    };
    let tab = |(index, tab): (usize, &super::Tab)| Entry {
        label: format!("Show {}", tab.title),
        help: "Shows this tab in the center.".to_owned(),
        key: (index + 1).to_string(),
        action: Action::from(Request::Show(tab.id)),
        is_possible: tab.obstacle.map_or(Ok(()), |why| Err(why.to_owned())),
    };
    let commands = Command::ALL.iter().filter(|command| **command != Command::Palette).map(command);
    commands.chain(situation.tabs.iter().enumerate().map(tab)).collect()
}

/// The first key of a command, in words; empty if it has none.
pub fn key_of(ctx: &Context, command: Command) -> String {
    command.keys().first().map_or_else(String::new, |key| key_name(ctx, key))
}

/// What a command does, and its key.
pub fn hint(ctx: &Context, command: Command) -> String {
    match key_of(ctx, command) {
        key if key.is_empty() => command.help().to_owned(),
        key => format!("{} ({key})", command.help()),
    }
}

/// "Ctrl+S", "Esc", "?".
pub fn key_name(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let key = match shortcut.logical_key {
        Key::Questionmark => "?",
        Key::Period => ".",
        Key::Slash => "/",
        Key::Escape => "Esc",
        _ => return ctx.format_shortcut(shortcut),
    };
    let modifiers = ModifierNames::NAMES.format(&shortcut.modifiers, ctx.os().is_mac());
    if modifiers.is_empty() { key.to_owned() } else { format!("{modifiers}+{key}") }
}
