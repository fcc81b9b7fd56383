use clap::Args;

use super::{CliError, say};
use crate::glossary;

/// Explain a term of the field, or list the terms that are explained
#[derive(Debug, Args)]
pub struct Glossary {
    /// The term, such as "learning rate"
    term: Vec<String>,
}

impl Glossary {
    pub fn run(&self) -> Result<(), CliError> {
        if self.term.is_empty() {
            return glossary::terms().iter().try_for_each(|term| say(term.name));
        }
        let name = self.term.join(" ");
        let unknown = || CliError::Usage(format!("the glossary has no {name:?}; `backprop glossary` lists its terms"));
        let term = &glossary::terms()[glossary::find(&name).ok_or_else(unknown)?];
        say(format_args!("{}\n\n{}", term.name, term.text.replace('`', "")))?;
        for (what, names) in [("Also", &term.also), ("See", &term.see)] {
            if !names.is_empty() {
                say(format_args!("{what}: {}", names.join(", ")))?;
            }
        }
        Ok(())
    }
}
