//! Samples: where they come from, how they are split, changed and handed to training.
//!
//! *Architecture invariant:* samples and shapes are all that is known here; no layer, no loss, no widget.

mod association;
pub mod augment;
pub mod batches;
pub mod cache;
pub mod dataset;
mod download;
pub mod drawing;
mod error;
mod given;
pub mod handwriting;
pub mod note;
pub mod photo;
pub mod pictures;
pub mod samples;
pub mod scaling;
pub mod source;
pub mod sources;
pub mod split;
pub mod summary;
mod table;
pub mod tokenizer;

pub use association::pearson;
pub use augment::Augment;
pub use dataset::{Dataset, Feature, Modality, Task, TextFeature, Vocabulary, column_ranges, numbered_classes};
pub use drawing::Drawing;
pub use error::{DATA_FOLDER, DataError, DataProblem, SourceError};
pub use given::Given;
pub use note::Note;
pub use samples::{Inputs, Samples, TargetBuffer, TargetData};
pub use scaling::Scaling;
pub use source::{Known, Lookup, Source, SourceSpec};
pub use sources::{DEFAULT_SOURCE, SOURCES};
pub use split::{Order, Split, Timeline};
pub use tokenizer::{TokenUnit, Tokenizer};
