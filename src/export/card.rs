//! The model card that goes with every export (Mitchell et al. 2019, *Model Cards for Model Reporting*): what the network does, what
//! it has learned from, what it reaches, where its limits are, and how to repeat it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::{File, Format, Input, Model, Output, Proof};
use crate::data::Dataset;
use crate::project::RunFolder;
use crate::train::metrics::{Figure, figure_text, grouped, named, percent};
use crate::train::{Evaluation, Origin, Subset};

/// Name of the file.
pub const CARD: &str = "model-card.md";

/// With fewer test samples of a class than this, what it reaches is chance.
const FEW: u32 = 30;

/// A class that is found less often than this is named among the limits.
const SELDOM: f32 = 0.8;

/// What is known of the license of data that have a name.
const KNOWN: &[(&str, &str)] = &[
    ("digits", "The program makes these digits itself; anything may be done with them."),
    ("points", "The program makes these points itself; anything may be done with them."),
    ("mnist", "MNIST is under the license Creative Commons Attribution-ShareAlike 3.0."),
    ("fashion-mnist", "Fashion-MNIST is under the MIT license, © 2017 Zalando SE."),
    (
        "kmnist",
        "KMNIST is under the license Creative Commons Attribution-ShareAlike 4.0, from the Center for Open Data in the Humanities.",
    ),
];

/// Names of files that say what may be done with data.
const LICENSES: [&str; 5] = ["LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING"];

/// What a card is about.
pub struct Subject<'a> {
    /// The run.
    pub run: &'a RunFolder,
    /// The run as it is exported.
    pub model: &'a Model<'a>,
    /// Its data, or why they cannot be read.
    pub data: Result<&'a Dataset, String>,
    /// What it is exported as.
    pub format: &'a dyn Format,
    /// Whether the export answers as the network here.
    pub proof: &'a Proof,
}

impl Subject<'_> {
    /// The card of an export of these files.
    pub fn card(&self, files: &[File]) -> String {
        let Self { model, format, .. } = self;
        let evaluation = self.evaluation();
        let made = match &self.run.data.origin {
            Some(Origin::Imported(file)) => {
                format!("was read from {file}, which another program has written, and exported")
            }
            _ => "was trained and exported".to_owned(),
        };
        let (version, label) = (env!("CARGO_PKG_VERSION"), format.label());
        let mut card = format!("# {}\n\nA network that {made} by Backprop Studio {version} as {label}.\n", model.name);
        let mut section = |title: &str, text: String| {
            if !text.is_empty() {
                card += &format!("\n## {title}\n\n{}\n", text.trim_end());
            }
        };
        section("What it does", self.purpose());
        section("How a text becomes tokens", self.tokens());
        section("What it has learned from", self.data());
        section("What it reaches", evaluation.as_ref().map_or_else(|| self.unmeasured(), |it| self.results(it)));
        section("Limits", self.limits(evaluation.as_ref()));
        section("How to repeat it", self.recipe());
        section("Files", self.files(files));
        card
    }

    /// On the test samples, if there are some.
    fn evaluation(&self) -> Option<Evaluation> {
        let dataset = self.data.as_ref().ok().filter(|dataset| !dataset.test.is_empty())?;
        if self.run.project.adversary.is_some() {
            return None;
        }
        let run = self.run.with(self.run.weights.clone()).ok()?;
        let (job, weights) = run.into_job(Arc::new(Dataset::clone(dataset))).ok()?;
        Some(job.evaluate(&weights, Subset::Test))
    }

    fn purpose(&self) -> String {
        let Model { graph, network, output, .. } = self.model;
        let reads = match self.model.input {
            Input::Tokens(text) => {
                format!("{} tokens of a vocabulary of {}", text.feature.length, grouped(text.tokenizer().len()))
            }
            _ => graph.input.described(),
        };
        let gives = match output {
            Output::Probabilities { classes, threshold } => {
                let from = threshold.map_or(String::new(), |threshold| {
                    format!("; the second is predicted from a probability of {threshold} on")
                });
                format!("tells the probability of {} classes: {}{from}", classes.len(), classes.join(", "))
            }
            Output::NextToken => {
                "predicts at each of them the next: the probability of every token of its vocabulary".to_owned()
            }
            Output::Numbers { targets, units, .. } => {
                let with_unit = |(at, name): (usize, &String)| match units.get(at) {
                    Some(Some(unit)) => format!("{name} in {unit}"),
                    _ => name.clone(),
                };
                format!("predicts {}", targets.iter().enumerate().map(with_unit).collect::<Vec<_>>().join(", "))
            }
            Output::Sample { .. } if self.run.project.adversary.is_some() => {
                "makes samples like those that it has learned from".to_owned()
            }
            Output::Sample { .. } => "gives what it has read again, from few numbers".to_owned(),
        };
        let parameters = match self.run.project.adversary {
            // The discriminator stays here.
            Some(_) => graph.tensors().map(|tensor| tensor.values.len()).sum(),
            None => network.param_count(),
        };
        format!("It reads {reads} and {gives}. It has {} parameters.", grouped(parameters))
    }

    fn tokens(&self) -> String {
        let Input::Tokens(text) = self.model.input else { return String::new() };
        text.described().iter().map(|sentence| format!("- {sentence}\n")).collect()
    }

    fn data(&self) -> String {
        let source = &self.run.project.data.source;
        let mut text = match &self.run.data.origin {
            None => String::new(),
            Some(Origin::Imported(_)) => {
                "What its weights have learned from is not known. It is held against these data, of which they may have learned:\n\n".to_owned()
            }
            Some(Origin::Weights(file)) => {
                format!("It began with the weights of {file}; what those have learned from is not known. Then it learned from these data:\n\n")
            }
            Some(Origin::Run { run, by }) => format!("It comes from the run {run} by `backprop {by}`.\n\n"),
        };
        text += &format!("`{source}`");
        match &self.data {
            Err(why) => text += &format!("; it could not be read when this was written: {why}."),
            Ok(dataset) => {
                let validation =
                    dataset.split(self.run.project.data.validation, self.run.project.training.seed).validation;
                let counts =
                    [dataset.train.len() - validation.len(), validation.len(), dataset.test.len()].map(grouped);
                text += &format!(": {} training, {} validation and {} test samples.", counts[0], counts[1], counts[2]);
                for note in &dataset.notes {
                    text += &format!("\n- {note}");
                }
            }
        }
        let is_known = |name: &str| KNOWN.iter().find(|known| known.0 == name).map(|known| known.1);
        let known: Option<Vec<&str>> = source.parts.iter().map(|part| is_known(&part.name)).collect();
        let beside = source.parts.iter().find_map(|part| license_of(Path::new(&part.argument)));
        text + &match (known, beside) {
            (Some(known), _) => format!("\n\n{}\n", known.join(" ")),
            (None, Some(license)) => {
                format!("\n\nWhat may be done with these data:\n\n```text\n{}\n```\n", license.trim())
            }
            (None, None) => "\n\nThe license of these data is not known to the program.\n".to_owned(),
        }
    }

    fn unmeasured(&self) -> String {
        match self.run.project.adversary {
            Some(_) => "A generator is not measured by its answers; look at its samples.".to_owned(),
            None => {
                "There are no test samples, so that nothing is known of other samples than those it has learned from."
                    .to_owned()
            }
        }
    }

    fn results(&self, evaluation: &Evaluation) -> String {
        let learned = match &self.run.data.origin {
            None | Some(Origin::Run { .. }) => "which it has not learned from",
            Some(Origin::Imported(_) | Origin::Weights(_)) => "of which its weights may have learned elsewhere",
        };
        let mut text = format!("On {} test samples, {learned}:\n\n| | |\n|---|---|\n", grouped(evaluation.len()));
        for figure in evaluation.figures() {
            let Figure { metric, .. } = figure;
            let value = figure_text(figure).unwrap_or_else(|| "not defined".to_owned());
            let _ = writeln!(text, "| {} | {value} |", named(metric));
        }
        if let Some(classes) = evaluation.classes() {
            text += "\n| class | precision | recall | F1 | samples |\n|---|---|---|---|---|\n";
            for (name, score) in self.run.data.task.classes().iter().zip(classes.class_scores()) {
                let [precision, recall, f1] = [score.precision, score.recall, score.f1].map(percent);
                let _ = writeln!(text, "| {name} | {precision} | {recall} | {f1} | {} |", score.support);
            }
        }
        text
    }

    fn limits(&self, evaluation: Option<&Evaluation>) -> String {
        let mut limits = vec![match self.model.output {
            Output::Probabilities { .. } => {
                "It names one of its classes for whatever it is given, also for what belongs to none of them."
                    .to_owned()
            }
            _ => "It answers whatever it is given, also far outside of what it has learned from.".to_owned(),
        }];
        if let Some(classes) = evaluation.and_then(Evaluation::classes) {
            let scores = classes.class_scores();
            let names = self.run.data.task.classes();
            let of = |is_so: &dyn Fn(&crate::train::ClassScore) -> bool| -> Vec<&str> {
                names.iter().zip(&scores).filter(|(_, score)| is_so(score)).map(|(name, _)| name.as_str()).collect()
            };
            let seldom = of(&|score| score.support > 0 && score.recall < SELDOM);
            if !seldom.is_empty() {
                limits.push(format!(
                    "Found less often than in {} of 100 cases: {}.",
                    SELDOM * 100.0,
                    seldom.join(", ")
                ));
            }
            let few = of(&|score| score.support < FEW);
            if !few.is_empty() {
                limits.push(format!("Measured on fewer than {FEW} test samples each: {}.", few.join(", ")));
            }
        }
        limits.push(
            "Nothing was measured on data from elsewhere: other cameras, instruments, places or times may differ."
                .to_owned(),
        );
        limits.iter().map(|limit| format!("- {limit}\n")).collect()
    }

    fn recipe(&self) -> String {
        let mut project = self.run.project.clone();
        if let Some(teacher) = &mut project.teacher {
            // Where it lies on this machine tells nobody elsewhere anything.
            teacher.run =
                Path::new(&teacher.run).file_name().map_or_else(String::new, |name| name.display().to_string());
        }
        let Ok(project) = project.to_text() else { return String::new() };
        let needs = match &self.run.data.origin {
            None if self.run.project.teacher.is_some() => {
                "It learned from the run that `teacher` names, which is needed besides."
            }
            None => "",
            Some(Origin::Imported(_)) => {
                "It was not trained here: this project trains another network of these layers."
            }
            Some(_) => {
                "It did not begin with fresh weights: this project alone trains another network of these layers."
            }
        };
        if !needs.is_empty() {
            return format!("{needs}\n\n```json\n{}\n```\n", project.trim_end());
        }
        format!(
            "Save this as `project.json`; `backprop train project.json` gives the same numbers to the last bit where the version, the data and \
             the processor's vectors are the same.\n\n```json\n{}\n```\n",
            project.trim_end()
        )
    }

    fn files(&self, files: &[File]) -> String {
        let mut text = format!("The proof: {}.\n\n", self.proof);
        text += "| file | SHA-256 |\n|---|---|\n";
        for File { name, bytes } in files {
            let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            let _ = writeln!(text, "| {name} | `{sum}` |");
        }
        text
    }
}

/// The license that lies in a folder, or beside a file.
fn license_of(data: &Path) -> Option<String> {
    let folder = if data.is_dir() { Some(data) } else { data.parent().filter(|_| data.is_file()) }?;
    LICENSES.iter().find_map(|name| std::fs::read_to_string(folder.join(name)).ok())
}
