use clap::Args;
use serde_json::json;

use super::{CliError, say};
use crate::data::DEFAULT_SOURCE;
use crate::project::{Project, presets};

#[derive(Debug, Args)]
pub struct Presets {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Presets {
    pub fn run(&self) -> Result<(), CliError> {
        for name in presets::names() {
            let project = Project::find(name)?;
            // How many parameters the others have depends on data that need not be there.
            let (shape, outputs) = project.default_shape();
            let params = (project.data.source == DEFAULT_SOURCE).then(|| project.model.trace(shape, outputs).params());
            let layers: Vec<_> = project.model.layers.iter().map(ToString::to_string).collect();
            let help = presets::help(name).unwrap_or_default();
            if self.json {
                say(
                    json!({ "name": name, "help": help, "layers": layers, "parameters": params, "data": project.data.source }),
                )?;
            } else {
                let size = params.map_or(String::new(), |params| format!("{params} parameters"));
                say(format_args!("{name:15} {size:>19}  {help}\n{:37}{}", "", layers.join(", ")))?;
            }
        }
        Ok(())
    }
}
