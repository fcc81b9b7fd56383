//! What a network says of the drawing. The answer is worked out again only when the drawing, the pen, the weights or the
//! choice of the network has changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ndarray::Array2;

use crate::data::samples::{scale_bytes, to_bytes};
use crate::data::{Drawing, Feature, Task};
use crate::project::RunFolder;
use crate::train::evaluate::{Trained, distance};
use crate::train::{Job, Reader, Snapshot};
use crate::ui::state::playground::{Desk, ReaderChoice};
use crate::ui::state::session::Session;

/// A network with weights, wherever they come from.
#[derive(Clone)]
pub enum Source {
    Folder(Arc<RunFolder>),
    Run(Arc<Job>, Arc<Snapshot>),
}

impl Source {
    /// All that is needed to read a row with it.
    pub fn trained(&self) -> Trained<'_> {
        match self {
            Self::Folder(folder) => folder.trained(),
            Self::Run(job, snapshot) => job.trained(&snapshot.weights),
        }
    }

    /// What the numbers of a row are that it was trained on.
    pub fn features(&self) -> &[Feature] {
        match self {
            Self::Folder(folder) => &folder.data.features,
            Self::Run(job, _) => &job.dataset.features,
        }
    }

    /// Whether it makes samples instead of reading them.
    pub fn is_generator(&self) -> bool {
        match self {
            Self::Folder(folder) => folder.project.adversary.is_some(),
            Self::Run(job, _) => job.adversary.is_some(),
        }
    }

    pub fn has_same_network(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(a), Self::Folder(b)) => Arc::ptr_eq(a, b),
            (Self::Run(a, _), Self::Run(b, _)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    pub fn has_same_weights(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Run(_, a), Self::Run(_, b)) => Arc::ptr_eq(a, b),
            _ => self.has_same_network(other),
        }
    }
}

/// What the reader has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// There is nothing to read.
    Empty,
    Probabilities(Vec<f32>),
    /// What an autoencoder gives back, and the root of its mean squared error, where white is 1.
    Given {
        pixels: Array2<u8>,
        error: f32,
    },
    /// Why nothing can be read, in words.
    Cannot(String),
}

/// What the answer was worked out from.
struct Asked {
    drawing: Drawing,
    pen: f32,
    source: Source,
}

pub struct Reading {
    /// The network that comes with the program.
    pub bundled: Option<Result<Arc<RunFolder>, String>>,
    /// A run folder that was opened, which reads until a run begins.
    opened: Option<Arc<RunFolder>>,
    pub answer: Answer,
    /// The pixels that the network sees; none without ink.
    pub seen: Option<Array2<u8>>,
    /// The names of the classes, in the order of the probabilities.
    pub classes: Vec<String>,
    asked: Option<Asked>,
    reader: Option<Reader>,
    /// How long the last answer took, and when it was there.
    took: Duration,
    answered: Option<Instant>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            bundled: None,
            opened: None,
            answer: Answer::Empty,
            seen: None,
            classes: Vec::new(),
            asked: None,
            reader: None,
            took: Duration::ZERO,
            answered: None,
        }
    }
}

/// A network that needs longer than this is asked only for a tenth of the time, so that the window stays quick.
const SLOW: Duration = Duration::from_millis(2);

impl Reading {
    /// Reads with a run that was opened from its folder.
    pub fn open(&mut self, folder: Arc<RunFolder>) {
        self.opened = Some(folder);
    }

    /// Forgets an opened run, because another one begins.
    pub fn close(&mut self) {
        self.opened = None;
    }

    /// Whether there is a network other than the bundled one.
    pub fn has_this(&self, session: &Session) -> bool {
        self.opened.is_some() || session.snapshot.is_some()
    }

    /// The network of the run with its weights of this moment, or the one that was opened.
    pub fn this(&self, session: &Session) -> Option<Source> {
        self.source(ReaderChoice::This, session).ok()
    }

    /// Brings the answer up to date; true if it waits because the network is slow, and wants to be asked again.
    pub fn update(&mut self, desk: &Desk, pen: f32, session: &Session) -> bool {
        let source = match self.source(desk.reader, session) {
            Ok(source) => source,
            Err(why) => {
                self.set_answer(Answer::Cannot(why));
                self.asked = None;
                self.see(&desk.drawing, pen, crate::data::digits::SIDE);
                return false;
            }
        };
        let is_same = self.asked.as_ref().is_some_and(|asked| {
            asked.pen == pen && asked.source.has_same_weights(&source) && asked.drawing == desk.drawing
        });
        if is_same {
            return false;
        }
        // Empty paper costs nothing to read.
        let is_slow = self.took > SLOW && !desk.drawing.is_empty();
        if is_slow && self.answered.is_some_and(|answered| answered.elapsed() < 10 * self.took) {
            return true;
        }
        self.read(source, &desk.drawing, pen);
        false
    }

    fn read(&mut self, source: Source, drawing: &Drawing, pen: f32) {
        let started = Instant::now();
        let network = source.trained().network;
        let is_known = self.asked.as_ref().is_some_and(|asked| asked.source.has_same_network(&source));
        if !is_known {
            self.reader = None;
            self.classes = class_names(&source);
        }
        let answer = match paper_side(&source) {
            Err(why) => Answer::Cannot(why),
            Ok(_) if self.classes.is_empty() && !source.trained().task.is_reconstruction() => {
                Answer::Cannot("This network answers with numbers, and a drawing is asked for its class.".to_owned())
            }
            Ok(side) => {
                self.see(drawing, pen, side);
                match self.seen.as_ref().and_then(|seen| seen.as_slice()) {
                    None => Answer::Empty,
                    Some(pixels) => {
                        let reader = self.reader.get_or_insert_with(|| Reader::new(network));
                        answer(reader.read(source.trained(), pixels), source.trained().task, pixels, side)
                    }
                }
            }
        };
        self.set_answer(answer);
        self.asked = Some(Asked { drawing: drawing.clone(), pen, source });
        self.took = started.elapsed();
        self.answered = Some(Instant::now());
    }

    fn see(&mut self, drawing: &Drawing, pen: f32, side: usize) {
        self.seen = drawing.image(side, pen);
    }

    fn set_answer(&mut self, answer: Answer) {
        let is_number = |answer: &Answer| match answer {
            Answer::Probabilities(shares) => shares.iter().all(|share| share.is_finite()),
            Answer::Given { error, .. } => error.is_finite(),
            _ => true,
        };
        self.answer = if is_number(&answer) {
            answer
        } else {
            Answer::Cannot(
                "The weights of this network are no longer numbers. Reset, and train with a smaller learning rate."
                    .to_owned(),
            )
        };
    }

    fn source(&self, choice: ReaderChoice, session: &Session) -> Result<Source, String> {
        let running = session.job.as_ref().zip(session.snapshot.as_ref());
        match (choice, running, &self.opened) {
            (ReaderChoice::Bundled, ..) => match &self.bundled {
                Some(Ok(folder)) => Ok(Source::Folder(Arc::clone(folder))),
                Some(Err(_)) => Err("This build has no bundled reader. Train a network, and it reads here.".to_owned()),
                None => Err("The bundled reader is being unpacked.".to_owned()),
            },
            (ReaderChoice::This, Some((job, snapshot)), _) => Ok(Source::Run(Arc::clone(job), Arc::clone(snapshot))),
            (ReaderChoice::This, None, Some(folder)) => Ok(Source::Folder(Arc::clone(folder))),
            (ReaderChoice::This, None, None) => {
                Err("This network has no weights yet. Press Train, and it reads while it learns.".to_owned())
            }
        }
    }
}

/// What the outputs of a network say of the pixels of a square.
fn answer(outputs: &[f32], task: &Task, pixels: &[u8], side: usize) -> Answer {
    if !task.is_reconstruction() {
        return Answer::Probabilities(outputs.to_vec());
    }
    let mut seen = vec![0.0; pixels.len()];
    scale_bytes(pixels, &mut seen);
    let pixels = Array2::from_shape_vec((side, side), to_bytes(outputs).collect()).unwrap_or_default();
    Answer::Given { pixels, error: distance(outputs, &seen) }
}

/// Rows and columns of the images a network reads, or why a drawing is nothing for it.
fn paper_side(source: &Source) -> Result<usize, String> {
    if source.is_generator() {
        return Err("This network makes samples and reads none.".to_owned());
    }
    let shape = source.trained().network.input();
    match shape.as_image() {
        Some([height, width, 1]) if height == width => Ok(height),
        Some(_) => Err(format!("This network reads images of {shape}; a drawing becomes a square grey one.")),
        None => Err(format!("This network reads rows of {shape} numbers, and a drawing is an image.")),
    }
}

/// The names of what the network gives: its classes, where it was trained on samples of classes.
fn class_names(source: &Source) -> Vec<String> {
    source.trained().task.classes().to_vec()
}
