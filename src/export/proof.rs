//! The proof that an export answers as the network here does: a program that reads it is given the examples.

use std::fmt;
use std::fs;
use std::io;
use std::process::{Command, Stdio};

use super::examples::Examples;
use backprop_nn::loss::argmax;

/// How an export was held against the network here.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// Another program has answered the examples.
    Compared {
        /// Which program that was: "onnxruntime 1.23".
        with: String,
        /// The largest difference of an answer, over that answer where that is above 1.
        difference: f64,
        /// How many examples.
        of: usize,
        /// How many are classified as here, for classes.
        same_class: Option<usize>,
        /// The share that is classified correctly, where the classes are known.
        accuracy: Option<f64>,
    },
    /// What was written was read back.
    Equal {
        /// What is equal.
        what: String,
    },
    /// The program is not on this machine.
    Missing {
        /// What would have to be there.
        what: String,
    },
    /// The program has ended with an error, or has answered something else.
    Failed {
        /// What it said.
        why: String,
    },
}

/// The largest difference that rounding explains. It is usually below 1e-6; where the last layer gives numbers of some dozens, the
/// last digits of single precision show in the probabilities.
pub const TOLERANCE: f64 = 1e-4;

impl Proof {
    /// Whether the export is known to answer otherwise than the network here.
    pub fn is_refuted(&self) -> bool {
        match self {
            Self::Compared { difference, .. } => difference.is_nan() || *difference > TOLERANCE,
            Self::Equal { .. } | Self::Missing { .. } => false,
            Self::Failed { .. } => true,
        }
    }
}

/// A sentence.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compared { with, difference, of, same_class, accuracy } => {
                write!(f, "{with} gives the same for {of} examples to within {difference:.1e}")?;
                if let Some(same) = same_class {
                    write!(f, ", and the same class for {same}")?;
                }
                accuracy.map_or(Ok(()), |accuracy| write!(f, " (accuracy {:.2} %)", accuracy * 100.0))
            }
            Self::Equal { what } => write!(f, "{what} is equal to the last bit"),
            Self::Missing { what } => write!(f, "not proven on this machine: {what}"),
            Self::Failed { why } => write!(f, "does not answer as here: {why}"),
        }
    }
}

/// Holds the answers of another program against those of the network here.
pub fn compare(with: impl Into<String>, answers: &[Vec<f64>], examples: &Examples) -> Proof {
    let of = examples.outputs.len();
    let lens = |rows: &[Vec<f64>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
    if lens(answers) != lens(&examples.outputs) {
        let (got, asked) = (answers.len(), examples.outputs.len());
        return Proof::Failed {
            why: format!("{} answered {got} rows of other lengths to {asked} examples", with.into()),
        };
    }
    let pairs = answers.iter().flatten().zip(examples.outputs.iter().flatten());
    let difference = pairs.map(|(got, expected)| match got.is_nan() && expected.is_nan() {
        true => 0.0,
        false => (got - expected).abs() / expected.abs().max(1.0),
    });
    // Not a maximum of `f64`, which would hide what is no number.
    let difference = difference.fold(0.0, |worst: f64, next| if next.is_nan() || next > worst { next } else { worst });
    let class = |row: &Vec<f64>| argmax(&row.iter().map(|number| *number as f32).collect::<Vec<_>>());
    let same_class = examples.are_classes.then(|| {
        let pairs = answers.iter().zip(&examples.outputs);
        pairs.filter(|(got, expected)| class(got) == class(expected)).count()
    });
    let accuracy = examples.classes.as_ref().map(|classes| {
        let right = answers.iter().zip(classes).filter(|(answer, truth)| class(answer) == **truth).count();
        right as f64 / of.max(1) as f64
    });
    Proof::Compared { with: with.into(), difference, of, same_class, accuracy }
}

/// Gives the examples to a program, a line of numbers with commas for each, `nan` where one is missing, and compares the lines
/// that it prints.
pub fn run(with: &str, program: &mut Command, examples: &Examples) -> Proof {
    match answers(program, examples) {
        Ok(answers) => compare(with, &answers, examples),
        Err(error) => Proof::Failed { why: format!("{with}: {error}") },
    }
}

fn answers(program: &mut Command, examples: &Examples) -> io::Result<Vec<Vec<f64>>> {
    // From a file, since a program that reads and prints at once would wait for us as we for it.
    let lines: String = examples.inputs.iter().map(|row| line(row)).collect();
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), lines)?;
    let output = program.stdin(Stdio::from(file.reopen()?)).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it ended with an error");
        return Err(io::Error::other(last.to_owned()));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let number = |cell: &str| {
        cell.trim().parse().map_err(|_| io::Error::other(format!("printed {cell:?} where a number is expected")))
    };
    text.lines().filter(|line| !line.is_empty()).map(|line| line.split(',').map(number).collect()).collect()
}

fn line(numbers: &[f64]) -> String {
    let cells: Vec<String> =
        numbers.iter().map(|number| if number.is_nan() { "nan".to_owned() } else { number.to_string() }).collect();
    cells.join(",") + "\n"
}

/// Runs a compiler; the error is the first that it tells.
pub fn compile(compiler: &mut Command) -> Result<(), String> {
    let output = compiler.output().map_err(|error| format!("the compiler cannot be run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let first = || said.lines().find(|line| line.contains("error")).unwrap_or("it ended with an error").to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("it cannot be compiled: {}", first())) }
}

/// What a program says of its version, in one line; nothing if it is not on this machine or says no.
pub fn version(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let said = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned();
    (!said.is_empty()).then_some(said)
}
