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
