use clap::Args;
use serde_json::json;

use super::{CliError, say};
use crate::data::sources::digits;
use crate::project::Project;
use crate::project::presets::{self, Preset};
use backprop_nn::ModelSpec;

/// List the built-in projects
#[derive(Debug, Args)]
pub struct Presets {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Presets {
    pub fn run(&self) -> Result<(), CliError> {
        let mut group = "";
        for Preset { name, help, task, .. } in presets::all() {
            if *task != group && !self.json {
                let gap = if group.is_empty() { "" } else { "\n" };
                say(format_args!("{gap}{task}"))?;
            }
            group = task;
            let project = Project::find(name)?;
            let (shape, outputs) = project.default_shape();
            // How many parameters the others have depends on data that need not be there.
            let is_known = project.data.source.is(&digits::SOURCE);
            let params =
                is_known.then(|| project.network(shape, outputs)).transpose()?.map(|network| network.param_count());
            let names = |model: &ModelSpec| model.layers.iter().map(ToString::to_string).collect::<Vec<_>>();
            let (layers, against) = (names(&project.model), project.adversary.map(|other| names(&other.discriminator)));
            if self.json {
                let source = project.data.source;
                let mut line = json!({ "name": name, "group": task, "help": help, "layers": layers });
                (line["parameters"], line["data"]) = (json!(params), json!(source));
                if let Some(against) = against {
                    line["discriminator"] = against.into();
                }
                say(line)?;
            } else {
                let size = params.map_or(String::new(), |params| format!("{params} parameters"));
                let against = against.map_or(String::new(), |against| format!("; against {}", against.join(", ")));
                say(format_args!("{name:15} {size:>19}  {help}\n{:37}{}{against}", "", layers.join(", ")))?;
            }
        }
        Ok(())
    }
}
