//! Text that a language model writes.

use std::io::{Write as _, stdout};

use clap::Args;
use serde_json::json;

use crate::cli::{CliError, note, output, say};
use crate::data::Task;
use crate::data::sources::text::is_of_lines;
use crate::data::tokenizer::UNKNOWN;
use crate::project::RunFolder;
use crate::train::writer::{DRAWS, Sampling, Writer};
use backprop_nn::init::stream;

/// How a language model writes.
#[derive(Debug, Args)]
pub struct Writing {
    /// For a language model: the beginning, which it continues
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// For a language model: how many tokens it writes at most; one that learned lines ends with the line
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    tokens: Option<u32>,
    /// For a language model: logits are divided by it; 0 always takes the most likely token [default: 0.8]
    #[arg(long, value_name = "T", value_parser = temperature, allow_negative_numbers = true)]
    temperature: Option<f32>,
    /// For a language model: draw from the K most likely tokens alone
    #[arg(long, value_name = "K")]
    top_k: Option<u16>,
    /// For a language model: draw from the most likely tokens that together have this probability
    #[arg(long, value_name = "P", value_parser = crate::cli::probability)]
    top_p: Option<f32>,
    /// For a language model: one JSON object a text, with the probability that the network gave each token, before temperature,
    /// top k and top p
    #[arg(long)]
    json: bool,
}

/// Tokens that are written unless somebody wants more or less.
const TOKENS: u32 = 200;

fn temperature(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "a temperature lies between 0 and 100".to_owned())
}

impl Writing {
    /// The first option that was given, if there is one.
    pub fn given(&self) -> Option<&'static str> {
        let Self { prompt, tokens, temperature, top_k, top_p, json } = self;
        let given = [
            (prompt.is_some(), "--prompt"),
            (tokens.is_some(), "--tokens"),
            (temperature.is_some(), "--temperature"),
            (top_k.is_some(), "--top-k"),
            (top_p.is_some(), "--top-p"),
            (*json, "--json"),
        ];
        given.into_iter().find(|(is_given, _)| *is_given).map(|(_, name)| name)
    }

    /// Writes so many texts.
    pub fn run(&self, run: &RunFolder, count: u32, seed: u64) -> Result<(), CliError> {
        let Some(tokenizer) = run.data.tokenizer() else {
            return Err(CliError::Usage(format!(
                "{} has no vocabulary in its data.json; train it again",
                run.project.name
            )));
        };
        let default = Sampling::default();
        let sampling = Sampling {
            temperature: self.temperature.unwrap_or(default.temperature),
            top_k: usize::from(self.top_k.unwrap_or(0)),
            top_p: self.top_p.unwrap_or(default.top_p),
        };
        let prompt = self.prompt.as_deref().unwrap_or_default();
        let unknown = tokenizer.encoder().encode(prompt).iter().filter(|token| **token == UNKNOWN).count();
        if unknown > 0 {
            let name = tokenizer.unit.name();
            note(format_args!("{unknown} of the prompt's {name}s are not in the vocabulary and read as unknown"));
        }
        let is_answer = matches!(run.data.task, Task::NextToken { answers: true, .. });
        if is_answer && !prompt.ends_with('=') {
            note("the network has learned answers alone; give it a question that ends in =, as --prompt \"12+34=\"");
        }
        let ends_at_line = is_of_lines(&run.project.data.source);
        let mut writer = Writer::new(run.trained(), tokenizer);
        let mut rng = stream(seed, DRAWS);
        for _ in 0..count {
            writer.begin(prompt);
            if !self.json {
                write(prompt)?;
            }
            let begun = writer.tokens().len();
            for _ in 0..self.tokens.unwrap_or(TOKENS) {
                let Some(token) = writer.write(sampling, &mut rng) else {
                    return Err(CliError::Failed("the network gives what is no number; train it again".to_owned()));
                };
                if ends_at_line && tokenizer.token(token) == "\n" {
                    break;
                }
                if !self.json {
                    write(tokenizer.token(token))?;
                }
            }
            if self.json {
                let tokens = writer.tokens()[begun..].iter().zip(&writer.shares()[begun..]);
                let tokens: Vec<_> = tokens
                    .map(|(token, share)| json!({ "token": tokenizer.token(*token), "probability": share }))
                    .collect();
                say(json!({ "prompt": prompt, "text": writer.text(), "tokens": tokens }))?;
            } else {
                say("")?;
            }
        }
        Ok(())
    }
}

/// Writes a part of a line at once, so that one sees it being written.
fn write(text: &str) -> Result<(), CliError> {
    let written = output::into_open(|| {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    });
    written.map_err(CliError::Output)
}
