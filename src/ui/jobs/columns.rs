//! What the columns of a table matter to a network.

use std::sync::Arc;

use super::derived::Query;
use crate::data::{Dataset, Modality, column_ranges};
use crate::explain::importance::{Importance, Trial};
use crate::train::Metric;
use crate::ui::state::table::table_columns;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::widgets::plane::thinned;

/// Samples that the network is tried on.
const MOST: usize = 2000;

/// Decides how columns are shuffled.
const SEED: u64 = 1;

/// Asks how much the columns matter.
#[derive(Clone)]
pub struct ImportanceQuery {
    /// The network.
    pub network: TrainedNetwork,
    /// The table, which the network reads.
    pub dataset: Arc<Dataset>,
}

/// Asks what the network predicts as a column changes.
#[derive(Clone, PartialEq)]
pub struct DependenceQuery {
    /// The network and the table.
    pub of: ImportanceQuery,
    /// The column, by its position among those of the table.
    pub column: usize,
}

/// How much the columns matter.
pub struct ColumnImportances {
    /// How far the score falls without each column.
    pub falls: Vec<Importance>,
    /// What is measured.
    pub metric: &'static Metric,
    /// The score with all columns.
    pub score: f64,
    /// How many samples it is measured on.
    pub samples: usize,
    /// How many there are.
    pub of: usize,
    /// Whether they are those of the validation set; otherwise there is none, and the training samples stand in.
    pub are_held_out: bool,
}

/// What the network predicts as a column changes.
pub struct Dependence {
    /// The values of the column; of one of categories, their positions.
    pub values: Vec<f64>,
    /// The mean prediction at each value, `[values, outputs]`.
    pub means: Vec<Vec<f64>>,
}

impl PartialEq for ImportanceQuery {
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network && Arc::ptr_eq(&self.dataset, &other.dataset)
    }
}

impl ImportanceQuery {
    /// The samples that the network is tried on, of how many, and whether they are validation samples.
    fn samples(&self) -> (Vec<u32>, usize, bool) {
        let split = self.network.split(&self.dataset);
        let are_held_out = split.validation.len() > 1;
        let all = if are_held_out { split.validation } else { split.train };
        (thinned(all.len(), MOST).map(|at| all[at]).collect(), all.len(), are_held_out)
    }

    fn trial(&self, samples: &[u32]) -> Option<Trial<'_>> {
        let is_table = self.dataset.modality() == Modality::Table;
        Trial::new(self.network.trained(), &self.dataset.train, samples).filter(|_| is_table)
    }
}

impl Query for ImportanceQuery {
    type Answer = Option<ColumnImportances>;
    type Memory = ();
    const NAME: &'static str = "shuffling columns";

    fn answer(&self, (): &mut ()) -> Option<ColumnImportances> {
        let (samples, of, are_held_out) = self.samples();
        let trial = self.trial(&samples)?;
        let columns = column_ranges(&self.dataset.features, self.dataset.shape.len());
        let score = trial.score();
        let falls = trial.importances(score, &columns, SEED);
        let (metric, samples) = (trial.metric(), samples.len());
        Some(ColumnImportances { falls, metric, score, samples, of, are_held_out })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}

impl Query for DependenceQuery {
    type Answer = Option<Dependence>;
    type Memory = ();
    const NAME: &'static str = "varying a column";

    fn answer(&self, (): &mut ()) -> Option<Dependence> {
        let (samples, ..) = self.of.samples();
        let trial = self.of.trial(&samples)?;
        let width = self.of.dataset.shape.len();
        let column = table_columns(&self.of.dataset.features, width).into_iter().nth(self.column)?;
        let (values, numbers): (Vec<f64>, Vec<Vec<f64>>) = match column.categories.len() {
            0 => trial.values(column.at.start).into_iter().map(|value| (value, vec![value])).unzip(),
            categories => {
                let numbers = |category: usize| {
                    let mut row = vec![0.0; width];
                    column.set_category(&mut row, category);
                    (category as f64, row[column.at.clone()].to_vec())
                };
                (0..categories).map(numbers).unzip()
            }
        };
        Some(Dependence { means: trial.dependence(column.at, &numbers), values })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.of.may_show(&older.of) && self.column == older.column
    }
}
