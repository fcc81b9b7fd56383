//! What a lesson does, whatever language it is read in: `lesson.json`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::condition::Condition;
use crate::project::{Project, presets};
use backprop_nn::registry::TAG;

/// Settings by their paths, as `--set` takes them; a value may also be JSON.
pub type Settings = Map<String, Value>;

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How long it takes.
    pub minutes: u32,
    /// The project that it begins with.
    pub project: Value,
    /// What each step does.
    pub steps: Vec<StepPlan>,
}

/// What a step does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepPlan {
    /// The id of the tab that is shown when it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// What it puts in place when it begins.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub set: Settings,
    /// Settings that cannot be changed, by how their paths begin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub locked: Vec<String>,
    /// What is outlined: the path of a setting, a view or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highlight: Option<String>,
    /// What has to hold before one goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub goal: Vec<Condition>,
    /// Settings with which one training reaches the goal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solution: Option<Settings>,
}

/// A preset with settings changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preset {
    preset: String,
    #[serde(default)]
    set: Settings,
}

impl Plan {
    /// Reads the file; the error is a line and a sentence.
    pub fn read(text: &str) -> Result<Self, (usize, String)> {
        serde_json::from_str(text).map_err(|error| {
            let what = error.to_string();
            let what = what.split(" at line ").next().unwrap_or_default().to_owned();
            (error.line().max(1), what)
        })
    }

    /// The project that the lesson begins with; the error is a sentence.
    pub fn start(&self) -> Result<Project, String> {
        if self.project.get("preset").is_none() {
            return Project::parse(&self.project.to_string());
        }
        let Preset { preset, set } =
            serde_json::from_value(self.project.clone()).map_err(|error| format!("project: {error}"))?;
        let unknown = || format!("there is no preset {preset:?}; `backprop presets` lists them");
        let mut project = presets::find(&preset).ok_or_else(unknown)?.map_err(|error| error.to_string())?;
        apply(&mut project, &set)?;
        Ok(project)
    }
}

/// Puts settings into a project; the error is a sentence.
pub fn apply(project: &mut Project, settings: &Settings) -> Result<(), String> {
    settings.iter().try_for_each(|(path, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        project.set(path, &text).map_err(|error| error.to_string())
    })
}

/// The project as it is when every step up to this one has begun, and each before it was solved as its solution says; the error
/// is a sentence.
pub fn project_at(start: &Project, steps: &[StepPlan], step: usize) -> Result<Project, String> {
    let mut project = start.clone();
    for (at, plan) in steps.iter().enumerate().take(step + 1) {
        apply(&mut project, &plan.set)?;
        if at < step
            && let Some(solution) = &plan.solution
        {
            apply(&mut project, solution)?;
        }
    }
    Ok(project)
}

/// The settings that turn one project into another but for its name, each as deep as it can be set; the error is a sentence.
pub fn settings_between(from: &Project, to: &Project) -> Result<Settings, String> {
    const DEEPEST: usize = 8;
    let fields = |project: &Project| serde_json::to_value(project).map_err(|error| error.to_string());
    let to = Project { name: from.name.clone(), ..to.clone() };
    let (before, after) = (fields(from)?, fields(&to)?);
    // What cannot be set one by one, such as a layer that was taken away, is set as a whole.
    let mut found = (1..=DEEPEST).rev().filter_map(|depth| {
        let mut settings = Settings::new();
        differences("", &before, &after, depth, &mut settings);
        let mut project = from.clone();
        (apply(&mut project, &settings).is_ok() && project == to).then_some(settings)
    });
    found.next().ok_or_else(|| "what was changed cannot be written as settings of a step".to_owned())
}

/// What differs, down to a depth.
fn differences(path: &str, from: &Value, to: &Value, depth: usize, found: &mut Settings) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match (from, to) {
        _ if from == to => {}
        // Each kind has settings of its own.
        (Value::Object(old), Value::Object(new)) if depth > 0 && old.get(TAG) == new.get(TAG) => {
            for (name, value) in new {
                differences(&below(name), old.get(name).unwrap_or(&Value::Null), value, depth - 1, found);
            }
        }
        (Value::Array(old), Value::Array(new)) if depth > 0 && old.len() == new.len() => {
            for (at, (old, new)) in old.iter().zip(new).enumerate() {
                differences(&below(&at.to_string()), old, new, depth - 1, found);
            }
        }
        _ => _ = found.insert(path.to_owned(), to.clone()),
    }
}

impl StepPlan {
    /// Whether a setting cannot be changed in this step.
    pub fn locks(&self, path: &str) -> bool {
        self.locked.iter().any(|locked| is_below(path, locked))
    }

    /// Whether somebody has to train in this step.
    pub fn needs_run(&self) -> bool {
        self.goal.iter().any(Condition::needs_run)
    }
}

/// Whether a path is another one, or leads to what lies below it.
pub fn is_below(path: &str, above: &str) -> bool {
    path == above || path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_with_its_project() {
        let text = r#"{ "minutes": 5, "project": { "preset": "spiral", "set": { "training.epochs": "7" } },
            "steps": [ { "view": "learn" }, { "set": { "training.batch": 8 }, "locked": ["model", "data.aug"],
            "goal": ["runs >= 1"], "solution": { "model": [{ "kind": "dense", "units": 3 }] } } ] }"#;
        let plan = Plan::read(text).unwrap();
        let mut project = plan.start().unwrap();
        assert_eq!(project.training.epochs, 7);
        apply(&mut project, &plan.steps[1].set).unwrap();
        apply(&mut project, plan.steps[1].solution.as_ref().unwrap()).unwrap();
        assert_eq!((project.training.batch, project.model.layers.len()), (8, 1));
        assert!(plan.steps[1].locks("model.0.units") && !plan.steps[1].locks("data.augment.rotate"));
        assert!(plan.steps[1].needs_run());
        assert_eq!(Plan::read("{\n\"minutes\": 5,\n\"extra\": 1}").unwrap_err().0, 3);
        let unknown = Plan { project: serde_json::json!({ "preset": "none" }), ..Plan::default() };
        assert!(unknown.start().unwrap_err().contains("there is no preset"));
        assert!(apply(&mut project, &Map::from_iter([("a.b".to_owned(), Value::Null)])).is_err());
    }
}
