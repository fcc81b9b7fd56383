//! Search for the settings that a project is best with.
//!
//! | file | question |
//! |---|---|
//! | [`space`] | which settings are searched, and their ranges |
//! | [`tpe`] | the settings to try next, from what the others gave |
//! | [`method`] | which settings are tried, in which order, for how many epochs |
//! | [`importance`] | how much each setting matters |
//! | [`sweep`] | how it is carried out, written down and resumed |
//!
//! A trial is evaluated on its validation samples or by folds; the test set never decides.

pub mod importance;
pub mod method;
pub mod space;
pub mod sweep;
pub mod tpe;

pub use method::Method;
pub use space::{Dimension, Space};
pub use sweep::{Sweep, SweepPlan, TrialRecord};
