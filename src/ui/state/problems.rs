//! What would make a run of the project fail or mislead, kept until the project or the data change.

use super::session::{DataState, Session};
use super::subject::identity;
use crate::project::problems::Problem;
use crate::project::{Project, Side};

/// The list of problems of a project with the data that there is; of its layers alone while there is none.
#[derive(Default)]
pub struct Problems {
    of: Option<(Project, Option<u64>)>,
    list: Vec<Problem>,
}

impl Problems {
    /// Brings the list up to date.
    pub fn update(&mut self, project: &Project, session: &Session) {
        let data = session.dataset().map(identity);
        if self.of.as_ref().is_some_and(|(known, at)| *at == data && known == project) {
            return;
        }
        self.list = match session.dataset() {
            Some(dataset) => project.problems(dataset),
            None => {
                let (shape, outputs) = session.shape(project);
                project.misfits(shape, outputs)
            }
        };
        self.of = Some((project.clone(), data));
    }

    /// The first problem of a layer.
    pub fn of_layer(&self, side: Side, index: usize) -> Option<&Problem> {
        self.list.iter().find(|problem| problem.layer() == Some((side, index)))
    }

    /// Those that are of no layer.
    pub fn of_settings(&self) -> impl Iterator<Item = &Problem> {
        self.list.iter().filter(|problem| problem.layer().is_none())
    }

    /// Whether a run would be refused.
    pub fn has_error(&self) -> bool {
        self.list.iter().any(Problem::is_error)
    }

    /// Why training cannot begin, if it cannot.
    pub fn obstacle(&self, project: &Project, session: &Session) -> Option<String> {
        match &session.data {
            DataState::Loading { .. } => return Some("The data is not there yet.".to_owned()),
            DataState::Failed { .. } => return Some("There is no data. Choose another source.".to_owned()),
            DataState::Ready { .. } => {}
        }
        let problem = self.list.iter().find(|problem| problem.is_error())?;
        Some(match problem.layer().filter(|(side, _)| project.layers(*side).is_some_and(|layers| !layers.is_empty())) {
            Some((side, index)) => format!("{} {} does not fit. {}", side.layer(), index + 1, problem.sentence()),
            None => problem.sentence(),
        })
    }
}
