use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::{CliError, note, say, source_help};
use crate::data::sources::of_name;
use crate::data::{Dataset, Lookup, SourceSpec};
use crate::project::Project;
use crate::project::suggest::{self, Suggestion};

/// Write a project that suits your data: task, network, loss, batch, epochs and schedule
#[derive(Debug, Args)]
pub struct New {
    /// A file, a folder or a source
    #[arg(value_name = "SOURCE", help = format!("A file, a folder or a source: {}", source_help()))]
    source: String,
    /// The project file to write [default: <name>.json]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl New {
    pub fn run(&self) -> Result<(), CliError> {
        let source = of_name(&self.source).ok_or_else(|| CliError::Usage(no_data(&self.source)))??;
        let (Suggestion { project, reasons }, dataset) = suggested(source)?;
        let out = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.json", project.name)));
        if out.exists() {
            return Err(CliError::Failed(format!("{}: is there already; name another with --out", out.display())));
        }
        project.save(&out)?;
        dataset.notes.iter().for_each(note);
        for reason in reasons {
            say(reason)?;
        }
        say(format_args!("{} is written; `backprop train {0}` trains it", out.display()))
    }
}

/// The project that suits a source, and its data.
pub fn suggested(source: SourceSpec) -> Result<(Suggestion, Arc<Dataset>), CliError> {
    let mut source = source;
    let mut dataset = Dataset::load(&source, &Lookup::default())?;
    let mut reasons = Vec::new();
    if let Some(better) = suggest::better_read(&source, &dataset, &Lookup::default(), &mut reasons) {
        dataset = Dataset::load(&better, &Lookup::default())?;
        source = better;
    }
    let Suggestion { project, reasons: more } = suggest::suggest(&source, &dataset)?;
    reasons.extend(more);
    Ok((Suggestion { project, reasons }, Arc::new(dataset)))
}

/// The project that a name, a file or a source stands for: one that is there, or one that is suggested for the data.
pub fn find(name: &str) -> Result<Project, CliError> {
    match of_name(name) {
        None => Ok(Project::find(name)?),
        Some(source) => {
            let (Suggestion { project, reasons }, _) = suggested(source?)?;
            note(format_args!(
                "{name} is data; this project is suggested for it, and `backprop new {name}` writes it:"
            ));
            reasons.iter().for_each(|reason| note(format_args!("- {reason}")));
            Ok(project)
        }
    }
}

fn no_data(name: &str) -> String {
    format!("{name}: there is no such file, folder or source; {}", source_help())
}
