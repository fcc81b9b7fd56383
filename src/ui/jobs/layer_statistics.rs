//! What each layer does at the moment that is shown, and how that has changed over the run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::derived::Query;
use crate::data::{Dataset, TargetBuffer};
use crate::explain::layer_statistics::{Examples, LayerStatistics, layer_statistics};
use crate::train::Snapshot;
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::{Inspection, ModelSpec, Weights};

/// Training samples that run through the network, and the most numbers that its layers may give for all of them.
const SAMPLES: usize = 64;
const NUMBERS: usize = 8 << 20;

/// How long an answer may look at earlier moments.
const EARLIER: Duration = Duration::from_millis(20);

/// A moment of a run, and the one that was kept before it.
#[derive(Clone)]
pub struct Moment {
    /// The weights that are looked at.
    pub snapshot: Arc<Snapshot>,
    /// Earlier weights, from which they have been moved.
    pub before: Option<Arc<Snapshot>>,
}

impl Moment {
    fn steps(&self) -> Option<(&Weights, u64)> {
        let before = self.before.as_ref()?;
        Some((&before.weights, self.snapshot.step.checked_sub(before.step)?))
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        let step = |moment: &Self| moment.before.as_ref().map(|before| before.step);
        Arc::ptr_eq(&self.snapshot, &other.snapshot) && step(self) == step(other)
    }
}

/// Asks what the layers do.
#[derive(Clone)]
pub struct LayersQuery {
    /// The network that is looked at.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The samples.
    pub dataset: Arc<Dataset>,
    /// Of a run, the weights that were kept before those that are looked at.
    pub before: Option<Arc<Snapshot>>,
    /// The moments of the run that are looked at as well.
    pub moments: Vec<Moment>,
    /// How often it was asked for those that were missing.
    pub round: usize,
}

impl PartialEq for LayersQuery {
    fn eq(&self, other: &Self) -> bool {
        let step = |query: &Self| query.before.as_ref().map(|before| before.step);
        self.network == other.network
            && self.model == other.model
            && Arc::ptr_eq(&self.dataset, &other.dataset)
            && step(self) == step(other)
            && self.moments == other.moments
            && self.round == other.round
    }
}

/// What was found.
pub struct Layers {
    /// What the layers do at the moment that is shown.
    pub layers: Arc<Vec<LayerStatistics>>,
    /// The same at other moments, by their steps, and at this one.
    pub moments: Vec<(u64, Arc<Vec<LayerStatistics>>)>,
    /// How many moments are still to be looked at.
    pub missing: usize,
    /// How many training samples there are.
    pub samples: usize,
    /// Over how many steps an update is the mean.
    pub steps: Option<u64>,
}

/// A network opened up, some samples, and what was found with earlier weights.
pub struct Opened {
    network: TrainedNetwork,
    model: Arc<ModelSpec>,
    dataset: Arc<Dataset>,
    inspection: Inspection,
    inputs: Vec<f32>,
    targets: TargetBuffer,
    samples: usize,
    found: BTreeMap<u64, Arc<Vec<LayerStatistics>>>,
}

impl Opened {
    fn new(query: &LayersQuery) -> Option<Self> {
        let LayersQuery { network, model, dataset, .. } = query;
        let trained = network.trained();
        let (input, outputs) = (trained.network.input(), trained.network.output().len());
        let inspection = Inspection::new(model, input, outputs).ok()?;
        let numbers: usize = inspection.places().iter().map(|place| place.shape.len()).sum();
        let all = match network {
            TrainedNetwork::Run(job, _) => job.split.train.clone(),
            TrainedNetwork::Folder(_) => (0..dataset.train.len() as u32).collect(),
        };
        let samples = SAMPLES.min(NUMBERS / numbers.max(1)).max(1).min(all.len());
        // Spread over all of them, which may be sorted by their classes.
        let at: Vec<u32> = (0..samples).map(|at| all[at * all.len() / samples]).collect();
        let mut inputs = vec![0.0; samples * input.len()];
        let mut targets = dataset.train.targets.buffer(samples);
        dataset.train.gather(trained.scaling, &at, &mut inputs);
        dataset.train.gather_targets(trained.scaling, &at, &mut targets);
        let (network, model, dataset) = (network.clone(), Arc::clone(model), Arc::clone(dataset));
        (samples > 0).then_some(Self {
            network,
            model,
            dataset,
            inspection,
            inputs,
            targets,
            samples,
            found: BTreeMap::new(),
        })
    }

    fn is_of(&self, query: &LayersQuery) -> bool {
        self.network.is_same_network(&query.network)
            && self.model == query.model
            && Arc::ptr_eq(&self.dataset, &query.dataset)
    }

    fn look(&mut self, weights: &Weights, before: Option<(&Weights, u64)>) -> Arc<Vec<LayerStatistics>> {
        let Self { network, model, inspection, inputs, targets, samples, .. } = self;
        let examples = Examples { inputs, targets: targets.first(*samples), loss: network.trained().loss };
        Arc::new(layer_statistics(inspection, model, weights, &examples, before))
    }
}

impl Query for LayersQuery {
    type Answer = Option<Layers>;
    type Memory = Option<Opened>;
    const NAME: &'static str = "looking at layers";
    /// Training goes on beside it.
    const SHARE: u32 = 20;

    fn answer(&self, memory: &mut Self::Memory) -> Option<Layers> {
        let opened = match memory.take().filter(|opened| opened.is_of(self)) {
            Some(opened) => opened,
            None => Opened::new(self)?,
        };
        let opened = memory.insert(opened);
        let TrainedNetwork::Run(_, snapshot) = &self.network else {
            let layers = opened.look(self.network.trained().weights, None);
            return Some(Layers { layers, moments: Vec::new(), missing: 0, samples: opened.samples, steps: None });
        };
        let shown = Moment { snapshot: Arc::clone(snapshot), before: self.before.clone() };
        let layers = opened.look(&snapshot.weights, shown.steps());
        let is_wanted = |step: u64| self.moments.iter().any(|moment| moment.snapshot.step == step);
        opened.found.retain(|step, _| is_wanted(*step));
        let started = Instant::now();
        for moment in &self.moments {
            let step = moment.snapshot.step;
            if started.elapsed() < EARLIER && !opened.found.contains_key(&step) {
                let found = opened.look(&moment.snapshot.weights, moment.steps());
                opened.found.insert(step, found);
            }
        }
        let missing = self.moments.len() - opened.found.len();
        let mut moments = opened.found.clone();
        moments.insert(snapshot.step, Arc::clone(&layers));
        Some(Layers {
            layers,
            moments: moments.into_iter().collect(),
            missing,
            samples: opened.samples,
            steps: shown.steps().map(|(_, steps)| steps),
        })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
