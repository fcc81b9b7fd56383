use clap::Args;
use serde_json::json;

use super::{CliError, say};
use crate::project::{Project, presets};

#[derive(Debug, Args)]
pub struct Presets {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Presets {
    pub fn run(&self) -> Result<(), CliError> {
        let (shape, classes) = Project::default_shape();
        for name in presets::names() {
            let project = Project::find(name)?;
            let params = project.model.trace(shape, classes).params();
            let layers: Vec<_> = project.model.layers.iter().map(ToString::to_string).collect();
            let help = presets::help(name).unwrap_or_default();
            if self.json {
                say(
                    json!({ "name": name, "help": help, "layers": layers, "parameters": params, "data": project.data.source }),
                )?;
            } else {
                say(format_args!("{name:10} {params:>8} parameters  {help}\n{:30}{}", "", layers.join(", ")))?;
            }
        }
        Ok(())
    }
}
