//! Stateful networks read a text on from window to window; subwords and tied outputs on the command line.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backprop_studio::data::Dataset;
use backprop_studio::train::job::{Job, Subset};
use backprop_studio::train::learner::{Learner, Step, Trainer};

use crate::support::{backprop, lines, project};

/// Letters of which each follows from the one far before it.
fn letters(count: usize) -> String {
    let mut text = String::from("abcdefghij");
    for at in 10..count {
        let before = text.as_bytes()[at - 10];
        text.push(char::from(b'a' + (before - b'a' + 3 + (at % 7) as u8) % 26));
    }
    text
}

fn job(folder: &Path, options: &str, threads: usize) -> Result<Job, String> {
    let path = folder.join("letters.txt");
    fs::write(&path, letters(6000)).unwrap();
    let source = format!("chars:{}?context=8{options}", path.display());
    let dataset = Dataset::read(&source).map_err(|error| error.to_string())?;
    let tokens = dataset.tokenizer().map_or(0, |tokenizer| tokenizer.len()).to_string();
    let settings = [
        ("data.source", &*source),
        ("model.0.vocabulary", &tokens),
        ("model.1.stateful", "true"),
        ("model.2.units", &tokens),
        ("training.batch", "40"),
    ];
    project("char-rnn", &settings).job(Arc::new(dataset), threads).map_err(|error| error.to_string())
}

#[test]
fn a_stateful_network_goes_on_from_the_middle_of_an_epoch_as_if_never_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path(), "&stride=8", 2).unwrap();
    let order = job.order(1);
    assert_eq!(order, job.order(2), "what follows in the text follows in every epoch");
    assert_eq!((order[40], order[80]), (order[0] + 1, order[0] + 2), "each place of a batch reads on");
    let batches: Vec<&[u32]> = order.chunks(40).collect();
    let step = |trainer: &mut Trainer<'_>, number: usize, epoch: u64| {
        let at = Step { epoch, ..Step::new(number as u64 + 1, 0.01) };
        Trainer::step(trainer, batches[number % batches.len()], at).mean_loss()
    };
    let mut whole = Trainer::new(&job, job.initial_weights());
    let mut first = Trainer::new(&job, job.initial_weights());
    for number in 0..5 {
        assert_eq!(step(&mut whole, number, 1), step(&mut first, number, 1));
    }
    let mut second = Trainer::new(&job, job.network.init_weights(9));
    assert!(second.restore(&first.state(), 1));
    let mut fresh = Trainer::new(&job, first.weights.clone());
    let [whole_loss, resumed, without] = [&mut whole, &mut second, &mut fresh].map(|trainer| step(trainer, 5, 1));
    assert_eq!(whole_loss, resumed);
    assert_ne!(whole_loss, without, "the state is part of what the next step depends on");
    // An epoch begins with an empty state, and its last batch may be smaller.
    for number in 6..2 * batches.len() {
        let epoch = 1 + (number / batches.len()) as u64;
        assert_eq!(step(&mut whole, number, epoch), step(&mut second, number, epoch), "step {number}");
    }
}

#[test]
fn an_evaluation_reads_on_too_and_does_not_depend_on_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let job = job(folder.path(), "&stride=8", 1).unwrap();
    let weights = job.initial_weights();
    let evaluated = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| job.evaluate(&weights, Subset::Validation).loss)
    };
    assert_eq!(evaluated(1), evaluated(3));
}

#[test]
fn windows_that_overlap_are_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let refused = job(folder.path(), "", 1).err().unwrap();
    assert!(refused.contains("model.1") && refused.contains("these windows overlap"), "{refused}");
    let told = backprop(folder.path(), &["check", "char-rnn", "--set", "model.1.stateful=true"]);
    let said = told.out + &told.err;
    assert!(said.contains("these samples do not follow one another"), "{said}");
}

#[test]
fn subwords_are_learned_written_and_read_again_with_a_tied_output() {
    let folder = tempfile::tempdir().unwrap();
    let story = "The old king went to the river. A young fox sang a song, and the old king sang too.\n".repeat(60);
    fs::write(folder.path().join("story.txt"), &story).unwrap();
    let done = |arguments: &[&str]| {
        let done = backprop(folder.path(), arguments);
        assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
        done.out
    };
    let shown = done(&["data", "bpe:story.txt?vocabulary=60&context=16"]);
    assert!(shown.contains("subwords are joined from them"), "{shown}");
    let train = ["train", "bpe:story.txt?vocabulary=60&context=16", "--epochs", "3", "--out", "run", "--json"];
    let told = lines(&done(&[&train[..], &["--set", "model.4.tied=true"]].concat()));
    assert!(told.last().unwrap()["test_bits_per_character"].as_f64().unwrap() < 3.0, "{:?}", told.last());
    let written = done(&["generate", "run", "--prompt", "The old k", "--tokens", "12"]);
    assert!(written.starts_with("The old k"), "{written}");
    let evaluated = done(&["evaluate", "run", "--data", "story.txt", "--json"]);
    assert!(lines(&evaluated)[0]["perplexity"].is_number(), "{evaluated}");
    let started = done(&["train", "run", "--weights", "run", "--epochs", "1", "--json"]);
    assert!(!lines(&started).is_empty());
}
