use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{CliError, note, say};
use crate::export::{self, FORMATS, Target};
use crate::project::{Project, RunFolder};

/// Write the network of a run for other programs, with the proof that it answers there as it does here
#[derive(Debug, Args)]
pub struct Export {
    /// A run folder, the name of a run in `runs`, or `pretrained`
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMATS.iter().map(|format| format.key())), help = format!("For which programs: {}", formats()))]
    to: String,
    /// The folder of the export; the name of the run and that of the format by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an export that is in the folder
    #[arg(long)]
    overwrite: bool,
}

/// "onnx (what it is for), c (…)".
fn formats() -> String {
    FORMATS
        .iter()
        .map(|format| format!("{} ({})", format.key(), format.about().trim_end_matches('.')))
        .collect::<Vec<_>>()
        .join("; ")
}

impl Export {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        let Some(format) = export::format(&self.to) else { return Ok(()) };
        let name = Path::new(&self.run)
            .file_name()
            .map_or_else(|| self.run.clone(), |name| name.to_string_lossy().into_owned());
        let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}-{}", self.to)));
        let data = export::data_of(&run, Project::folder_of(&self.run));
        let target = Target { format, folder: &folder, overwrite: self.overwrite };
        let done = export::export(&run, data.as_ref().map_err(Clone::clone), &target)
            .map_err(|error| CliError::Failed(error.to_string()))?;
        note(format_args!("Examples: {}", done.examples));
        for (path, bytes) in &done.files {
            say(format_args!("{:>12} bytes  {}", super::terminal::grouped(*bytes), path.display()))?;
        }
        done.notes.iter().for_each(note);
        match done.proof.is_refuted() {
            true => Err(CliError::Failed(format!("{}: {}", folder.display(), done.proof))),
            false => say(&done.proof),
        }
    }
}
