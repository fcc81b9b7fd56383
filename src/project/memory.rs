//! Whether a run fits into the memory that there is. A run that does not would not fail, it would stop the machine.

use std::fs;

use super::ProjectError;
use crate::train::Job;
use backprop_nn::spec::{Misfit, ShapeError};

/// Refuses a job that needs more than `available` bytes; where the system does not tell, none is refused.
pub fn check(job: &Job, available: Option<u64>) -> Result<(), ProjectError> {
    let footprint = job.footprint();
    let (needed, Some((index, largest)), Some(available)) = (footprint.total(), footprint.largest(), available) else {
        return Ok(());
    };
    if needed <= available {
        return Ok(());
    }
    let message = format!(
        "Training needs about {} of memory, and {} are available; this layer needs the most, {}. Take a smaller batch, make the layer smaller or pool before it.",
        in_words(needed),
        in_words(available),
        in_words(largest)
    );
    let (stack, index) = job.network.place_of(index);
    Err(Misfit { stack, index, error: ShapeError::new(message) }.into())
}

fn in_words(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes < 1e9 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.1} GB", bytes / 1e9),
    }
}

/// The memory that a new run may take, in bytes, and at most what a container allows. Only Linux tells.
pub fn available() -> Option<u64> {
    let account = fs::read_to_string("/proc/meminfo").ok()?;
    let line = account.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let free = line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024;
    let limit = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|limit| limit.trim().parse().ok());
    Some(limit.map_or(free, |limit: u64| free.min(limit)))
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
        let job = project.job(Arc::new(dataset), 2).unwrap();
        let needed = job.footprint().total();
        assert!(check(&job, Some(needed)).is_ok() && check(&job, None).is_ok());
        let problem = check(&job, Some(needed - 1)).unwrap_err().to_string();
        assert!(problem.starts_with("model, layer 1: Training needs about"), "{problem}");
        assert!(!cfg!(target_os = "linux") || available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
