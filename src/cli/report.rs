use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{CliError, say};
use crate::project::run_folder::PRETRAINED;
use crate::project::whole::{in_words, write_whole};
use crate::report::{Material, page, tensorboard};

/// Write a run as one page to read, or its metrics for TensorBoard
#[derive(Debug, Args)]
pub struct Report {
    /// A run folder, or the name of a run in `runs`
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    /// A page that opens in any browser, or event files for TensorBoard
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Html)]
    to: Form,
    /// The file of the page, or the folder of the event files; the name of the run by default
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Replace a report that is there
    #[arg(long)]
    overwrite: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Html,
    Tensorboard,
}

impl Report {
    pub fn run(&self) -> Result<(), CliError> {
        if self.run == PRETRAINED {
            let what = "the built-in classifier has no history to report; name a run that was trained here";
            return Err(CliError::Usage(what.to_owned()));
        }
        let material = Material::read(Path::new(&self.run))?;
        let name = Path::new(&self.run).file_name().map_or_else(|| self.run.clone(), |name| name.display().to_string());
        let fail = |path: &Path, what: &str| CliError::Failed(format!("{}: {what}", path.display()));
        let write = |path: &Path, bytes: &[u8]| {
            write_whole(path, bytes).map_err(|error| fail(path, &in_words(&error)))?;
            say(path.display())
        };
        let is_there = "is there already; name another with --out, or replace it with --overwrite";
        match self.to {
            Form::Html => {
                let path = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.html")));
                if path.is_dir() {
                    return Err(fail(&path, "is a folder; name a file"));
                }
                if path.exists() && !self.overwrite {
                    return Err(fail(&path, is_there));
                }
                write(&path, page(&material).as_bytes())
            }
            Form::Tensorboard => {
                let folder = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}-tensorboard")));
                let files = tensorboard::files(&material);
                if files.iter().any(|file| file.folder != "train")
                    || material.lines.iter().any(|it| it["event"] == "epoch")
                {
                    for file in &files {
                        let folder = folder.join(file.folder);
                        fs::create_dir_all(&folder).map_err(|error| fail(&folder, &in_words(&error)))?;
                        let is_full = fs::read_dir(&folder).into_iter().flatten().next().is_some();
                        if is_full && !self.overwrite {
                            return Err(fail(&folder, is_there));
                        }
                        write(&folder.join(&file.name), &file.bytes)?;
                    }
                    return Ok(());
                }
                Err(fail(Path::new(&self.run), "has no metrics yet; train it for an epoch"))
            }
        }
    }
}
