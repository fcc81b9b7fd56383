//! Two kept runs on the same samples, and on the drawing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::derived::Query as _;
use super::predictor::{DrawingOutput, DrawingQuery, KeptPredictor};
use crate::data::{DataError, Dataset, Lookup};
use crate::project::{DataSettings, ProjectError, RunFolder};
use crate::runs::agreement::{Agreement, Better};
use crate::runs::store::StoredRun;
use crate::train::metrics::Prediction;
use crate::train::{Evaluation, Predictions, Subset, default_threads};
use crate::ui::state::trained_network::TrainedNetwork;

/// A run that is compared.
pub struct Side {
    /// Its name.
    pub name: String,
    /// What it predicts.
    pub evaluation: Arc<Evaluation>,
    /// What it reads in the drawing.
    pub drawing: DrawingOutput,
}

/// Two runs on the same samples.
pub struct SideBySide {
    /// A and B.
    pub sides: [Side; 2],
    /// The samples.
    pub dataset: Arc<Dataset>,
    /// Which of them.
    pub part: Subset,
    /// Who is better, for each sample of the evaluations.
    pub cases: Vec<Better>,
    /// How often.
    pub agreement: Agreement,
}

/// What is read: the folders of A and B, the data if they are there already, and what both are to read.
pub struct Asked {
    /// The folders of the runs.
    pub folders: [PathBuf; 2],
    /// The data of the window, and the project that they belong to.
    pub known: Option<(DataSettings, Arc<Dataset>)>,
    /// The drawing, without a network.
    pub drawing: DrawingQuery,
}

/// Why two runs cannot be laid side by side.
#[derive(Debug, Error)]
pub enum Incomparable {
    /// A run or its project is at fault.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// They have nothing in common.
    #[error("The two runs {0}")]
    Runs(&'static str),
}

/// Reads two runs and evaluates them.
pub fn compare(asked: &Asked) -> Result<SideBySide, Incomparable> {
    let read = |folder: &Path| -> Result<_, ProjectError> {
        let name = StoredRun::read(folder)?.name();
        Ok((name, Arc::new(RunFolder::find(&folder.to_string_lossy())?)))
    };
    let [a, b] = [read(&asked.folders[0])?, read(&asked.folders[1])?];
    let (of_a, of_b) = (&a.1.project, &b.1.project);
    let fail = Incomparable::Runs;
    if (&of_a.data.source, of_a.data.reconstruct) != (&of_b.data.source, of_b.data.reconstruct) {
        return Err(fail("were trained on other data than each other, so that they have no samples in common"));
    }
    let known = asked
        .known
        .as_ref()
        .filter(|(data, _)| data.source == of_a.data.source && data.reconstruct == of_a.data.reconstruct);
    let dataset = match known {
        Some((_, dataset)) => Arc::clone(dataset),
        None => Arc::new(of_a.data.load(&Lookup::default())?),
    };
    let jobs = [of_a, of_b].map(|project| project.job(Arc::clone(&dataset), default_threads()));
    let [job_a, job_b] = jobs;
    let (job_a, job_b) = (job_a?, job_b?);
    // Where the seeds differ, so do the validation samples, and one run has trained on those of the other.
    let part = match job_a.split.validation == job_b.split.validation && !job_a.split.validation.is_empty() {
        true => Subset::Validation,
        false if !dataset.test.is_empty() => Subset::Test,
        false => {
            return Err(fail("have different validation samples, and there are no test samples to compare them on"));
        }
    };
    if !job_a.head().is_evaluated() {
        return Err(fail("make samples and predict none, so that they cannot be right or wrong"));
    }
    let evaluated = [(job_a, &a.1), (job_b, &b.1)].map(|(job, run)| Arc::new(job.evaluate(&run.weights, part)));
    let cases = cases(&evaluated[0], &evaluated[1])
        .ok_or_else(|| fail("predict different things, so that they cannot be compared"))?;
    let side = |(name, run): (String, Arc<RunFolder>), evaluation: &Arc<Evaluation>| {
        let query = DrawingQuery { network: Ok(TrainedNetwork::Folder(run)), ..asked.drawing.clone() };
        let drawing = query.answer(&mut KeptPredictor::default()).prediction;
        Side { name, evaluation: Arc::clone(evaluation), drawing }
    };
    let [evaluation_a, evaluation_b] = &evaluated;
    let sides = [side(a, evaluation_a), side(b, evaluation_b)];
    Ok(SideBySide { sides, dataset, part, agreement: Agreement::of(&cases), cases })
}

/// Who is better on each sample, if both predict the same kind of thing for the same samples.
fn cases(a: &Evaluation, b: &Evaluation) -> Option<Vec<Better>> {
    let nearer = |a: Vec<f64>, b: Vec<f64>| {
        let case = |(a, b): (f64, f64)| match a.total_cmp(&b) {
            std::cmp::Ordering::Less => Better::OnlyA,
            std::cmp::Ordering::Greater => Better::OnlyB,
            std::cmp::Ordering::Equal => Better::Both,
        };
        (a.len() == b.len()).then(|| a.into_iter().zip(b).map(case).collect())
    };
    match (&a.predictions, &b.predictions) {
        (Predictions::Classes(a), Predictions::Classes(b)) => {
            let is_right = |answer: &Prediction| answer.truth == answer.class;
            let case = |(a, b)| match (is_right(a), is_right(b)) {
                (true, true) => Better::Both,
                (true, false) => Better::OnlyA,
                (false, true) => Better::OnlyB,
                (false, false) => Better::Neither,
            };
            let is_same = a.predictions.len() == b.predictions.len();
            is_same.then(|| a.predictions.iter().zip(&b.predictions).map(case).collect())
        }
        (Predictions::Numbers(a), Predictions::Numbers(b)) => nearer(a.distances(), b.distances()),
        (Predictions::Reconstructions(a), Predictions::Reconstructions(b)) => {
            let errors = |errors: &[f32]| errors.iter().map(|error| f64::from(*error)).collect();
            nearer(errors(&a.errors), errors(&b.errors))
        }
        _ => None,
    }
}
