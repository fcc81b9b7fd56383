use clap::Args;
use serde_json::json;

use super::{CliError, load_data, note, say, set_all, source_help};
use crate::project::checks::{self, Outcome};
use crate::project::problems::{Fix, Problem, Severity};
use crate::train::default_threads;

/// Tell what would make a training fail or mislead
#[derive(Debug, Args)]
pub struct Check {
    /// A preset's name, a project file, a run folder, or data, for which a project is suggested
    #[arg(value_parser = super::runs::run_or_word)]
    project: String,
    #[arg(long, value_name = "SOURCE", help = source_help())]
    data: Option<String>,
    /// Any number of the project file by its path, training.optimizer.momentum=0.9
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Lists all problems, and what the checks before a run find; the exit code is 1 if a training would be refused.
    pub fn run(&self) -> Result<(), CliError> {
        let mut project = super::new::find(&self.project)?;
        if let Some(source) = &self.data {
            project.set("data.source", source).map_err(|error| CliError::Usage(error.to_string()))?;
        }
        set_all(&mut project, &self.set)?;
        let dataset = load_data(&project, &self.project)?;
        dataset.notes.iter().for_each(note);
        let problems = project.problems(&dataset);
        problems.iter().try_for_each(|problem| self.tell(problem))?;
        match problems.iter().filter(|problem| problem.is_error()).count() {
            0 => {}
            1 => return Err(CliError::Failed("a training would be refused for this error".to_owned())),
            errors => return Err(CliError::Failed(format!("a training would be refused for these {errors} errors"))),
        }
        if problems.is_empty() && !self.json {
            say(format_args!("{} has no problems", project.name))?;
        }
        let job = project.job(dataset, default_threads())?;
        let mut written = Ok(());
        checks::check(&project, &job, checks::TIME, |outcome| {
            written = self.tell_outcome(&outcome);
            written.is_ok()
        });
        written
    }

    fn tell_outcome(&self, Outcome { name, verdict, reason }: &Outcome) -> Result<(), CliError> {
        match self.json {
            true => say(json!({ "check": name, "verdict": verdict.key(), "reason": reason })),
            false => say(format_args!("{} {name}: {reason}", verdict.sign())),
        }
    }

    fn tell(&self, problem: &Problem) -> Result<(), CliError> {
        let Problem { place, severity, message, fix } = problem;
        let severity = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        if !self.json {
            say(format_args!("{severity}: {problem}"))?;
            return fix.as_ref().map_or(Ok(()), |fix| say(format_args!("    fix: {}", in_words(fix))));
        }
        let fix = fix.as_ref().map(|fix| match fix {
            Fix::Set { label, values } => {
                let set: Vec<_> = values.iter().map(|(path, value)| format!("{path}={value}")).collect();
                json!({ "label": label, "set": set })
            }
            Fix::Layer { .. } => json!({ "label": fix.label() }),
        });
        say(json!({ "place": place, "severity": severity, "message": message, "fix": fix }))
    }
}

/// What to add to the command line, or what to do with the stack.
fn in_words(fix: &Fix) -> String {
    match fix {
        Fix::Set { values, .. } => {
            let set = |(path, value): &(String, String)| match value.contains(|c: char| "\"{[ ".contains(c)) {
                true => format!("--set '{path}={value}'"),
                false => format!("--set {path}={value}"),
            };
            values.iter().map(set).collect::<Vec<_>>().join(" ")
        }
        Fix::Layer { .. } => fix.label(),
    }
}
