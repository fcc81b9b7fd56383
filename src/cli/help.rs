//! The help of the command line in the language of the user.

use clap::builder::StyledStr;
use clap::{Arg, Command};

use crate::language::tr;

/// A command with the texts of its help, and of its own commands, in the language of this thread.
pub fn translated(command: Command) -> Command {
    let [about, long] = [command.get_about(), command.get_long_about()].map(|text| text.map(shown));
    let names: Vec<String> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    let mut command = command.mut_args(translated_argument).subcommand_help_heading(tr("Commands").into_owned());
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(long) = long {
        command = command.long_about(long);
    }
    for name in names {
        command = command.mut_subcommand(name, translated);
    }
    let usage = tr("Usage");
    command.help_template(format!(
        "{{before-help}}{{about-with-newline}}\n{usage}: {{usage}}\n\n{{all-args}}{{after-help}}"
    ))
}

fn translated_argument(argument: Arg) -> Arg {
    let heading = tr(if argument.is_positional() { "Arguments" } else { "Options" }).into_owned();
    let [help, long] = [argument.get_help(), argument.get_long_help()].map(|text| text.map(shown));
    let mut argument = argument.help_heading(heading);
    if let Some(help) = help {
        argument = argument.help(help);
    }
    if let Some(long) = long {
        argument = argument.long_help(long);
    }
    argument
}

fn shown(text: &StyledStr) -> String {
    tr(text.to_string()).into_owned()
}

/// What is wrong with the arguments, line by line in the language of this thread.
pub fn refusal(error: &clap::Error) -> String {
    let line = |line: &str| {
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        // How a command is used is told in its own signs.
        match words.strip_prefix("Usage: ") {
            Some(usage) => format!("{}: {usage}\n", tr("Usage")),
            None => format!("{indent}{}\n", tr(words)),
        }
    };
    error.render().to_string().lines().map(line).collect()
}

/// The sentences of the parser as it writes them, so that they are translated.
const _: &[&str] = &[
    "error: unexpected argument '{}' found",
    "error: invalid value '{}' for '{}'",
    "error: invalid value '{}' for '{}': {}",
    "error: a value is required for '{}' but none was supplied",
    "error: unrecognized subcommand '{}'",
    "error: the following required arguments were not provided:",
    "error: the argument '{}' cannot be used with '{}'",
    "error: the argument '{}' cannot be used with:",
    "error: the argument '{}' cannot be used multiple times",
    "error: unexpected value '{}' for '{}' found; no more were expected",
    "error: '{}' requires a subcommand but one was not provided",
    "error: {}",
    "tip: a similar argument exists: '{}'",
    "tip: some similar arguments exist: {}",
    "tip: a similar subcommand exists: '{}'",
    "tip: some similar subcommands exist: {}",
    "tip: a similar value exists: '{}'",
    "tip: to pass '{}' as a value, use '{}'",
    "invalid digit found in string",
    "invalid float literal",
    "cannot parse integer from empty string",
    "number too large to fit in target type",
    "{} is not in {}",
    "[possible values: {}]",
    "For more information, try '--help'.",
];
