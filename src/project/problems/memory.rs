//! Whether a run fits into the memory that there is. A run that does not would not fail, it would stop the machine.

use super::{Case, Problem, Side};
use crate::data::cache::available_memory;
use crate::train::job::footprint;
use backprop_nn::memory::Footprint;

/// Checks the memory that a run would take.
pub fn check(case: &Case<'_>) -> Vec<Problem> {
    let (Some(network), false) = (&case.network, case.split.train.is_empty()) else { return Vec::new() };
    let batch = case.project.training.batch.min(case.split.train.len());
    let is_gan = case.project.adversary.is_some();
    let footprint = footprint(network, &case.project.training, batch, is_gan, case.threads);
    let Some((message, index)) = shortage(&footprint, available_memory()) else { return Vec::new() };
    let (stack, index) = network.place_of(index);
    let side = if stack == "discriminator" { Side::Discriminator } else { Side::Model };
    vec![Problem::error(format!("{}.{index}", side.place()), message)]
}

/// Why the memory does not suffice, and the layer that needs the most; where the system does not tell, it does.
fn shortage(footprint: &Footprint, available: Option<u64>) -> Option<(String, usize)> {
    let (needed, (index, largest), available) = (footprint.total(), footprint.largest()?, available?);
    let message = || {
        format!(
            "training needs about {} of memory, and {} are available; this layer needs the most, {}. Take a smaller batch, \
             make the layer smaller or pool before it.",
            in_words(needed),
            in_words(available),
            in_words(largest)
        )
    };
    (needed > available).then(|| (message(), index))
}

/// "85 kB", "12 MB", "3.4 GB".
pub fn in_words(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e6 => format!("{:.0} kB", bytes / 1e3),
        bytes if bytes < 1e9 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{Dataset, Samples};
    use crate::project::Project;
    use backprop_nn::Shape;

    #[test]
    fn a_run_that_is_too_large_names_its_largest_layer() {
        let train = Samples::images(vec![0; 64 * 784], (0..64u16).map(|at| at % 10));
        let classes = (0..10).map(|class| class.to_string()).collect();
        let dataset = Dataset::images("zeros", Shape::image(28, 28, 1), classes, train, Samples::default());
        let mut project = Project::find("cnn-small").unwrap();
        project.set("training.batch", "32").unwrap();
        let footprint = project.job(Arc::new(dataset), 2).unwrap().footprint();
        let needed = footprint.total();
        assert_eq!((shortage(&footprint, Some(needed)), shortage(&footprint, None)), (None, None));
        let (message, index) = shortage(&footprint, Some(needed - 1)).unwrap();
        assert!(index == 0 && message.starts_with("training needs about"), "{message}");
        assert!(!cfg!(target_os = "linux") || available_memory().is_some_and(|bytes| bytes > 1 << 20));
    }
}
