//! Training: one thread per run, two enums between it and its observer.
//!
//! | file | question |
//! |---|---|
//! | [`job`] | what a run needs |
//! | [`heads`] | what kind of task it is: losses, metrics, what outputs say |
//! | [`metrics`] | what is measured |
//! | [`learner`], `gan` | how a step is taken |
//! | [`run`], [`protocol`], `worker`, `reporter` | the thread, and what goes to it and comes back |
//! | [`checkpoint`] | what it needs to go on from a moment |
//! | [`evaluate`] | what a trained network predicts |
//! | [`ahead`] | what it forecasts beyond the end of a series |
//! | [`writer`] | what a language model writes |
//! | [`baselines`], `tree`, `ngram` | what other models reach on the same samples |
//! | [`curve`] | a metric over the steps, in bounded memory |
//!
//! *Architecture invariant:* neither a widget nor a file is known here. Only this module, `ui/jobs` and
//! `runs/queue` start threads.

pub mod ahead;
pub mod baselines;
pub mod checkpoint;
pub mod curve;
pub mod evaluate;
mod gan;
pub mod heads;
pub mod job;
pub mod learner;
mod lr_finder;
pub mod metrics;
mod ngram;
pub mod protocol;
mod reporter;
pub mod run;
mod tally;
mod teacher;
mod tree;
mod worker;
pub mod writer;

pub use checkpoint::Checkpoint;
pub use evaluate::Predictor;
pub use gan::generate;
pub use heads::Head;
pub use job::{Job, Origin, Subset, default_threads, samples_per_step};
pub use lr_finder::{RatePoint, RateSweep};
pub use metrics::{ClassScore, Evaluation, Metric, Predictions};
pub use protocol::{
    Best, Change, DivergedAt, Divergence, EpochStat, Event, LayerStat, LiveChange, Outcome, Reports, RunCommand,
    Snapshot, Start, StepStat,
};
pub use run::Run;
pub use teacher::Teacher;
