use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliError, say};
use crate::export::encryption;

/// The environment variable with a passphrase, for programs that call this one.
const VARIABLE: &str = "BACKPROP_PASSPHRASE";

/// Encrypt a run or an export with a passphrase (age)
#[derive(Debug, Args)]
pub struct Encrypt {
    /// The folder of the run or the export
    #[arg(value_parser = super::runs::run_or_word)]
    folder: String,
    /// The file to write [default: <folder>.age]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: Passphrase,
}

/// Open what `encrypt` has written
#[derive(Debug, Args)]
pub struct Decrypt {
    /// The encrypted file
    file: PathBuf,
    /// The folder to write, which must not be there yet [default: the name of the file without .age]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    passphrase: Passphrase,
}

#[derive(Debug, Args)]
struct Passphrase {
    /// The first line of this file is the passphrase; otherwise BACKPROP_PASSPHRASE has it, or it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Encrypt {
    pub fn run(&self) -> Result<(), CliError> {
        let folder = Path::new(&self.folder);
        if !folder.is_dir() {
            return Err(failed(folder, "is no folder; name that of a run or an export"));
        }
        let file = self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.age", folder.display())));
        if file.exists() {
            return Err(failed(&file, "is there already; name another with --out"));
        }
        let inside = file
            .parent()
            .and_then(|place| fs::canonicalize(if place.as_os_str().is_empty() { Path::new(".") } else { place }).ok());
        if inside.zip(fs::canonicalize(folder).ok()).is_some_and(|(place, folder)| place.starts_with(folder)) {
            return Err(failed(&file, "lies in the folder itself; name one outside with --out"));
        }
        let passphrase = self.passphrase.read(true)?;
        encryption::encrypt(folder, &file, &passphrase).map_err(|error| CliError::Failed(error.to_string()))?;
        say(format_args!("{} holds {} in encrypted form, which stays where it is", file.display(), folder.display()))
    }
}

impl Decrypt {
    pub fn run(&self) -> Result<(), CliError> {
        let folder = match &self.out {
            Some(folder) => folder.clone(),
            None => {
                let is_named = self.file.extension().is_some_and(|ending| ending == "age");
                let name = self.file.with_extension("");
                if is_named {
                    name
                } else {
                    return Err(failed(&self.file, "does not end in .age; name a folder with --out"));
                }
            }
        };
        let passphrase = self.passphrase.read(false)?;
        encryption::decrypt(&self.file, &folder, &passphrase).map_err(|error| CliError::Failed(error.to_string()))?;
        say(folder.display())
    }
}

impl Passphrase {
    /// The passphrase; one that is typed to encrypt is typed twice.
    fn read(&self, is_new: bool) -> Result<String, CliError> {
        if let Some(path) = &self.passphrase_file {
            let text = fs::read_to_string(path).map_err(|error| failed(path, &error.to_string()))?;
            return Ok(text.lines().next().unwrap_or_default().to_owned());
        }
        if let Ok(passphrase) = std::env::var(VARIABLE) {
            return Ok(passphrase);
        }
        if !io::stdin().is_terminal() {
            let what = format!(
                "nobody can be asked for the passphrase here; name a file with --passphrase-file, or set {VARIABLE}"
            );
            return Err(CliError::Usage(what));
        }
        let ask = |what: &str| rpassword::prompt_password(what).map_err(|error| CliError::Failed(error.to_string()));
        let passphrase = ask("Passphrase: ")?;
        if is_new && ask("Once more: ")? != passphrase {
            return Err(CliError::Failed("the two passphrases differ; nothing was written".to_owned()));
        }
        Ok(passphrase)
    }
}

fn failed(path: &Path, what: &str) -> CliError {
    CliError::Failed(format!("{}: {what}", path.display()))
}
