//! A network with weights, wherever they come from, and which of them is asked.

use std::sync::Arc;

use super::session::Session;
use crate::data::photo::Reading;
use crate::data::sources::images;
use crate::data::{Dataset, Feature, Split};
use crate::project::RunFolder;
use crate::train::evaluate::TrainedModel;
use crate::train::{Head, Job, Snapshot};

/// A network and its weights of a moment. Two are equal if they have the same weights.
#[derive(Clone)]
pub enum TrainedNetwork {
    /// The network of a run folder.
    Folder(Arc<RunFolder>),
    /// The network of the run, with the weights of a snapshot.
    Run(Arc<Job>, Arc<Snapshot>),
}

impl TrainedNetwork {
    /// All that is needed to predict with it.
    pub fn trained(&self) -> TrainedModel<'_> {
        match self {
            Self::Folder(folder) => folder.trained(),
            Self::Run(job, snapshot) => job.trained(&snapshot.weights),
        }
    }

    /// What the numbers of a row are that it was trained on.
    pub fn features(&self) -> &[Feature] {
        match self {
            Self::Folder(folder) => &folder.data.features,
            Self::Run(job, _) => &job.dataset.features,
        }
    }

    /// What kind of task it is for.
    pub fn head(&self) -> &'static dyn Head {
        match self {
            Self::Folder(folder) => folder.head(),
            Self::Run(job, _) => job.head(),
        }
    }

    /// Whether the samples of this data are what it reads.
    pub fn reads(&self, dataset: &Dataset) -> bool {
        self.head().is_evaluated()
            && self.trained().network.input() == dataset.shape
            && self.features() == dataset.features.as_slice()
    }

    /// Which samples of this data, which it reads, are for training and which for validation.
    pub fn split(&self, dataset: &Dataset) -> Split {
        match self {
            Self::Folder(folder) => dataset.split(folder.project.data.validation, folder.project.training.seed),
            Self::Run(job, _) => job.split.clone(),
        }
    }

    /// Whether both are the same network, perhaps with weights of another moment.
    pub fn is_same_network(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(a), Self::Folder(b)) => Arc::ptr_eq(a, b),
            (Self::Run(a, _), Self::Run(b, _)) => Arc::ptr_eq(a, b),
            (Self::Folder(_), Self::Run(..)) | (Self::Run(..), Self::Folder(_)) => false,
        }
    }
}

impl PartialEq for TrainedNetwork {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Run(_, a), Self::Run(_, b)) => Arc::ptr_eq(a, b),
            (Self::Folder(_), _) | (_, Self::Folder(_)) => self.is_same_network(other),
        }
    }
}

/// Which network reads a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkChoice {
    /// The digit classifier that comes with the program.
    BuiltIn,
    /// The one of the run, as it is at this moment, or the one that was opened.
    This,
}

/// The networks that there are besides that of the run.
#[derive(Default)]
pub struct Networks {
    /// The digit classifier that comes with the program; nothing until it is unpacked.
    pub built_in: Option<Result<Arc<RunFolder>, String>>,
    /// A run folder that was opened, which is asked until a run begins.
    pub opened: Option<Arc<RunFolder>>,
}

impl Networks {
    /// The network of the run with its weights of this moment, or the one that was opened.
    pub fn this(&self, session: &Session) -> Option<TrainedNetwork> {
        let running = session.job.as_ref().zip(session.snapshot());
        let run = running.map(|(job, snapshot)| TrainedNetwork::Run(Arc::clone(job), Arc::clone(snapshot)));
        run.or_else(|| self.opened.clone().map(TrainedNetwork::Folder))
    }

    /// How pictures are read for the network that was chosen; nothing where they are ink on paper.
    pub fn reading(&self, choice: NetworkChoice, session: &Session) -> Option<Reading> {
        let opened = || self.opened.as_ref().map(|run| &run.project);
        let project = match choice {
            NetworkChoice::BuiltIn => None,
            NetworkChoice::This => session.trained.as_ref().or_else(opened),
        };
        images::reading_for(&project?.data.source)
    }

    /// The network that was chosen, or why it is not there.
    pub fn chosen(&self, choice: NetworkChoice, session: &Session) -> Result<TrainedNetwork, String> {
        match (choice, &self.built_in) {
            (NetworkChoice::This, _) => self.this(session).ok_or_else(|| {
                "This network has no weights yet. Press Train, and it reads while it learns.".to_owned()
            }),
            (NetworkChoice::BuiltIn, Some(Ok(folder))) => Ok(TrainedNetwork::Folder(Arc::clone(folder))),
            (NetworkChoice::BuiltIn, Some(Err(_))) => {
                Err("This build has no built-in digit classifier. Train a network, and it reads here.".to_owned())
            }
            (NetworkChoice::BuiltIn, None) => Err("The built-in digit classifier is being unpacked.".to_owned()),
        }
    }
}
