//! What the window is about at this moment: the data, and what the network is to do with it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::session::Session;
use crate::data::{Dataset, Inputs, Order, Task, numbered_classes};
use crate::project::Project;
use crate::train::Head;
use crate::train::heads::Goal;
use crate::ui::widgets::plane::range_of;

/// The data of the run, or what is chosen for the next one, and whether the network makes such samples.
#[derive(Clone)]
pub struct Subject {
    pub dataset: Option<Arc<Dataset>>,
    pub is_generator: bool,
}

impl Subject {
    pub fn of(project: &Project, session: &Session) -> Self {
        let job = session.job.as_ref();
        let dataset = job.map(|job| &job.dataset).or_else(|| session.dataset());
        let is_generator = job.map_or(project.adversary.is_some(), |job| job.adversary.is_some());
        Self { dataset: dataset.cloned(), is_generator }
    }

    fn is(&self, what: impl FnOnce(&Dataset) -> bool) -> bool {
        self.dataset.as_ref().is_some_and(|dataset| what(dataset))
    }

    pub fn is_table(&self) -> bool {
        self.is(is_table)
    }

    pub fn is_series(&self) -> bool {
        self.is(is_series)
    }

    /// What kind of task it is; classification while there is no data.
    pub fn head(&self) -> &'static dyn Head {
        let unknown = Task::Classification { classes: Vec::new() };
        let (task, order) =
            self.dataset.as_ref().map_or((&unknown, &Order::Free), |dataset| (&dataset.task, &dataset.order));
        Goal::new(task, order, self.is_generator).head()
    }

    /// Whether the network is asked for numbers.
    pub fn is_regression(&self) -> bool {
        self.is(|dataset| !dataset.task.is_classification())
    }

    /// Whether the network is asked for the sample itself.
    pub fn is_reconstruction(&self) -> bool {
        self.is(|dataset| dataset.task.is_reconstruction())
    }

    /// The names of so many classes: those of the data, or numbers.
    pub fn class_names(&self, count: usize) -> Vec<String> {
        let named = self.dataset.as_ref().map(|dataset| dataset.task.classes());
        named.filter(|names| names.len() == count).map_or_else(|| numbered_classes(count), <[String]>::to_vec)
    }
}

/// Whether each sample is one row of numbers.
pub fn is_table(dataset: &Dataset) -> bool {
    matches!(dataset.train.inputs, Inputs::Numbers(_)) && dataset.shape.len() == dataset.shape.channels()
}

/// Whether each sample is several rows of numbers that follow one another.
pub fn is_series(dataset: &Dataset) -> bool {
    matches!(dataset.train.inputs, Inputs::Numbers(_)) && !is_table(dataset)
}

/// Whether the samples can be shown as images.
pub fn holds_images(dataset: &Dataset) -> bool {
    dataset.shape.as_image().is_some() && matches!(dataset.train.inputs, Inputs::Bytes(_))
}

/// Whether the samples are points in a plane.
pub fn is_plane(dataset: &Dataset) -> bool {
    is_table(dataset) && dataset.shape.len() == 2 && !dataset.task.is_reconstruction()
}

/// From the least to the greatest of both features of the training samples.
pub fn plane_of(dataset: &Dataset) -> [RangeInclusive<f64>; 2] {
    [0, 1].map(|feature| {
        let samples = &dataset.train;
        range_of((0..samples.len()).filter_map(|at| samples.numbers_of(at).get(feature).copied()))
    })
}

/// Tells one data set from another as long as both are there.
pub fn address(dataset: &Arc<Dataset>) -> u64 {
    Arc::as_ptr(dataset) as usize as u64
}
