//! What is worked out or waited for beside the window: [`derived`] what follows from what is shown, [`tasks`] what somebody
//! asked for once.

pub mod ahead;
pub mod baselines;
pub mod board;
pub mod budget;
pub mod calibration;
pub mod columns;
pub mod counterfactual;
pub mod derived;
pub mod discriminator;
pub mod drawing_history;
pub mod evaluation;
pub mod hidden_space;
pub mod inside;
pub mod kept_run;
pub mod landscape;
pub mod layer_statistics;
pub mod modes;
pub mod neighbors;
pub mod novelty;
pub mod plane;
pub mod playing;
pub mod predictor;
pub mod reconstructions;
pub mod recording;
pub mod report;
pub mod samples;
pub mod side_by_side;
pub mod step;
pub mod stored_runs;
pub mod sweep;
pub mod tasks;
pub mod token_vectors;
pub mod trials;
pub mod writing;

use derived::Derived;
use eframe::egui::Context;

/// Everything that the views derive from what is shown.
#[derive(Default)]
pub struct DerivedData {
    /// What the network predicts for the drawing.
    pub drawing: Derived<predictor::DrawingQuery>,
    /// What the network of a run has predicted for it over the run.
    pub drawing_history: Derived<drawing_history::DrawingHistoryQuery>,
    /// What the network predicts for the row that is tried.
    pub row: Derived<predictor::RowQuery>,
    /// What the network predicts at every place of the plane.
    pub plane: Derived<plane::PlaneQuery>,
    /// What a network computes for one sample, layer by layer.
    pub inside: Derived<inside::InsideQuery>,
    /// Where samples lie in the space of a layer.
    pub hidden_space: Derived<hidden_space::HiddenSpaceQuery>,
    /// The same by t-SNE, as far as it has come.
    pub embedding: Derived<hidden_space::EmbeddingQuery>,
    /// The training samples that are most like one.
    pub neighbors: Derived<neighbors::NeighborsQuery>,
    /// How far a drawing is from what a network knows.
    pub novelty: Derived<novelty::NoveltyQuery>,
    /// What would make a sample one of another class.
    pub counterfactual: Derived<counterfactual::CounterfactualQuery>,
    /// How much the columns of a table matter.
    pub importance: Derived<columns::ImportanceQuery>,
    /// What the network predicts as a column changes.
    pub dependence: Derived<columns::DependenceQuery>,
    /// Whether the probabilities of a classifier are right.
    pub calibration: Derived<calibration::CalibrationQuery>,
    /// How weights, activations, gradients and updates are distributed in each layer.
    pub layer_statistics: Derived<layer_statistics::LayersQuery>,
    /// The loss around the weights.
    pub landscape: Derived<landscape::LandscapeQuery>,
    /// What each layer costs.
    pub budget: Derived<budget::BudgetQuery>,
    /// A step of training, taken apart.
    pub step: Derived<step::StepQuery>,
    /// What an autoencoder gives back for validation images.
    pub reconstructions: Derived<reconstructions::ReconstructionsQuery>,
    /// What a generator makes.
    pub samples: Derived<samples::SamplesQuery>,
    /// Which digits that are.
    pub modes: Derived<modes::ModesQuery>,
    /// What its discriminator gives over the plane.
    pub discriminator: Derived<discriminator::DiscriminatorQuery>,
    /// What a network forecasts beyond the end of its series.
    pub ahead: Derived<ahead::AheadQuery>,
    /// The runs that are kept.
    pub stored_runs: Derived<stored_runs::StoredRunsQuery>,
    /// The curves of those that are selected.
    pub run_curves: Derived<stored_runs::RunCurvesQuery>,
    /// What the network of an earlier moment predicts for some validation samples.
    pub glance: Derived<evaluation::EvaluationQuery>,
    /// What it predicts for all of them.
    pub evaluation: Derived<evaluation::EvaluationQuery>,
    /// What other models reach.
    pub baselines: Derived<baselines::BaselinesQuery>,
    /// What a language model writes.
    pub writing: Derived<writing::WritingQuery>,
    /// What a network computes while it reads a text.
    pub reading: Derived<writing::ReadingQuery>,
    /// Where the tokens of an embedding lie.
    pub token_vectors: Derived<token_vectors::TokenVectorsQuery>,
}

impl DerivedData {
    /// Whether nothing that the last frames have asked for is on its way.
    pub fn is_settled(&self, ctx: &Context) -> bool {
        self.is_shown(ctx) && self.evaluation.is_settled(ctx)
    }

    /// The same, but for the samples that are evaluated after a first glance.
    pub fn is_shown(&self, ctx: &Context) -> bool {
        let Self {
            drawing,
            drawing_history,
            row,
            plane,
            inside,
            hidden_space,
            embedding,
            neighbors,
            novelty,
            counterfactual,
            importance,
            dependence,
            calibration,
            layer_statistics,
            landscape,
            step,
            budget,
            reconstructions,
            samples,
            modes,
            discriminator,
            ahead,
            stored_runs,
            run_curves,
            glance,
            evaluation: _,
            baselines,
            writing,
            reading,
            token_vectors,
        } = self;
        drawing.is_settled(ctx)
            && drawing_history.is_settled(ctx)
            && row.is_settled(ctx)
            && plane.is_settled(ctx)
            && inside.is_settled(ctx)
            && hidden_space.is_settled(ctx)
            && embedding.is_settled(ctx)
            && neighbors.is_settled(ctx)
            && novelty.is_settled(ctx)
            && counterfactual.is_settled(ctx)
            && importance.is_settled(ctx)
            && dependence.is_settled(ctx)
            && calibration.is_settled(ctx)
            && layer_statistics.is_settled(ctx)
            && landscape.is_settled(ctx)
            && step.is_settled(ctx)
            && budget.is_settled(ctx)
            && reconstructions.is_settled(ctx)
            && samples.is_settled(ctx)
            && modes.is_settled(ctx)
            && discriminator.is_settled(ctx)
            && ahead.is_settled(ctx)
            && stored_runs.is_settled(ctx)
            && run_curves.is_settled(ctx)
            && glance.is_settled(ctx)
            && baselines.is_settled(ctx)
            && writing.is_settled(ctx)
            && reading.is_settled(ctx)
            && token_vectors.is_settled(ctx)
    }
}
