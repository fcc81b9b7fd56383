//! What the window is about at this moment: the data, and what the network is to do with it.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::session::Session;
use crate::data::{Dataset, Modality, Task, numbered_classes};
use crate::project::Project;
use crate::train::Head;
use crate::train::heads::Results;
use crate::ui::widgets::plane::range_of;

/// The data of the run, or what is chosen for the next one, and the kind of task.
#[derive(Clone)]
pub struct Subject {
    /// The data set, if it is loaded.
    pub dataset: Option<Arc<Dataset>>,
    /// Classification while there is no data.
    pub head: &'static dyn Head,
}

impl Subject {
    /// The subject of the run if there is one, otherwise that of the project.
    pub fn of(project: &Project, session: &Session) -> Self {
        let job = session.job.as_ref();
        let dataset = job.map(|job| &job.dataset).or_else(|| session.dataset());
        let head = job.map_or_else(|| project.head(dataset.map(Arc::as_ref)), |job| job.head());
        Self { dataset: dataset.cloned(), head }
    }

    /// How results are shown.
    pub fn results(&self) -> Results {
        self.head.results()
    }

    /// What a sample is; an image while there is no data.
    pub fn modality(&self) -> Modality {
        self.dataset.as_ref().map_or(Modality::Images, |dataset| dataset.modality())
    }

    /// The names of so many classes: those of the data, or numbers.
    pub fn class_names(&self, count: usize) -> Vec<String> {
        let named = self.dataset.as_ref().map(|dataset| dataset.task.classes());
        named.filter(|names| names.len() == count).map_or_else(|| numbered_classes(count), <[String]>::to_vec)
    }
}

/// Whether the samples are points in a plane, and what is predicted can be drawn into it.
pub fn is_plane(dataset: &Dataset) -> bool {
    dataset.modality() == Modality::Table
        && dataset.shape.len() == 2
        && !matches!(dataset.task, Task::Reconstruction { .. })
}

/// From the least to the greatest of both features of the training samples.
pub fn plane_of(dataset: &Dataset) -> [RangeInclusive<f64>; 2] {
    [0, 1].map(|feature| {
        let samples = &dataset.train;
        range_of((0..samples.len()).filter_map(|at| samples.numbers_of(at).get(feature).copied()))
    })
}

/// A number of a data set that no other one gets, not even one that comes to lie in its place after it is gone.
pub fn identity(dataset: &Arc<Dataset>) -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    static KNOWN: Mutex<Vec<(Weak<Dataset>, u64)>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    // As long as there is a `Weak`, nothing else comes to lie there.
    known.retain(|(other, _)| other.strong_count() > 0);
    if let Some((_, number)) = known.iter().find(|(other, _)| Weak::as_ptr(other) == Arc::as_ptr(dataset)) {
        return *number;
    }
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    known.push((Arc::downgrade(dataset), number));
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_set_in_the_place_of_one_that_is_gone_is_another() {
        let read = || Arc::new(Dataset::read("points:xor?count=20").unwrap());
        let numbers: Vec<u64> = (0..20).map(|_| identity(&read())).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
        let dataset = read();
        assert_eq!(identity(&dataset), identity(&Arc::clone(&dataset)));
    }
}
