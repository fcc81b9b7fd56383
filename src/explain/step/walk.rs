//! The way through a step: stage by stage, unit by unit, or product by product.

use super::Step;

/// A stage of the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The samples and their targets.
    Batch,
    /// The forward pass of a layer, by its position in the step.
    Forward(usize),
    /// The loss and its gradient by the outputs.
    Loss,
    /// The backward pass of a layer.
    Backward(usize),
    /// The change of the weights of a layer.
    Update(usize),
    /// What the step has changed.
    Result,
}

/// How small the pieces are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// A layer at a time.
    #[default]
    Layers,
    /// A unit, or a weight, at a time.
    Units,
    /// A product at a time.
    Products,
}

/// A place on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The stage, counted from zero.
    pub stage: usize,
    /// The unit, or the weight.
    pub unit: usize,
    /// The line of what it computes.
    pub line: usize,
}

/// The stages of a step, with the lines of every unit.
#[derive(Clone, Debug)]
pub struct Walk {
    stages: Vec<(Stage, Vec<usize>)>,
}

impl Walk {
    /// Through this step.
    pub fn new(step: &Step) -> Self {
        let layers = || step.layers.iter().enumerate();
        let forward = layers().map(|(at, layer)| {
            let lines = layer.units.iter().map(|unit| unit.forward(layer.function).len());
            (Stage::Forward(at), lines.collect())
        });
        let backward = layers().rev().map(|(at, layer)| {
            let lines = layer.units.iter().map(|unit| unit.backward(layer.function, step).len());
            (Stage::Backward(at), lines.collect())
        });
        let update = layers()
            .filter(|(_, layer)| !layer.changes.is_empty())
            .map(|(at, layer)| (Stage::Update(at), vec![1; layer.changes.len()]));
        let mut stages: Vec<(Stage, Vec<usize>)> = vec![(Stage::Batch, Vec::new())];
        stages.extend(forward);
        stages.push((Stage::Loss, Vec::new()));
        stages.extend(backward);
        stages.extend(update);
        stages.push((Stage::Result, Vec::new()));
        Self { stages }
    }

    /// How many stages there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Never, since every step begins with a batch.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The stage at a position; the last if there are not as many.
    pub fn stage(&self, at: usize) -> Stage {
        self.stages.get(at).map_or(Stage::Result, |(stage, _)| *stage)
    }

    /// The next position, or nothing at the end.
    pub fn next(&self, at: Position, detail: Detail) -> Option<Position> {
        let units = self.units(at.stage);
        if detail == Detail::Products && at.line + 1 < units.get(at.unit).copied().unwrap_or(0) {
            return Some(Position { line: at.line + 1, ..at });
        }
        if detail != Detail::Layers && at.unit + 1 < units.len() {
            return Some(Position { unit: at.unit + 1, line: 0, ..at });
        }
        (at.stage + 1 < self.stages.len()).then(|| Position { stage: at.stage + 1, ..Position::default() })
    }

    /// The position before, or nothing at the beginning.
    pub fn previous(&self, at: Position, detail: Detail) -> Option<Position> {
        let last_line = |stage: usize, unit: usize| match detail {
            Detail::Products => self.units(stage).get(unit).map_or(0, |lines| lines.saturating_sub(1)),
            Detail::Layers | Detail::Units => 0,
        };
        if detail == Detail::Products && at.line > 0 {
            return Some(Position { line: at.line - 1, ..at });
        }
        if detail != Detail::Layers && at.unit > 0 {
            let unit = at.unit - 1;
            return Some(Position { unit, line: last_line(at.stage, unit), ..at });
        }
        let stage = at.stage.checked_sub(1)?;
        let unit = if detail == Detail::Layers { 0 } else { self.units(stage).len().saturating_sub(1) };
        Some(Position { stage, unit, line: last_line(stage, unit) })
    }

    /// The same position, if there is one in this step; otherwise the beginning of its stage, or of the step.
    pub fn held(&self, at: Position) -> Position {
        match self.units(at.stage).get(at.unit) {
            Some(lines) => Position { line: at.line.min(lines.saturating_sub(1)), ..at },
            None if at.stage < self.stages.len() => Position { stage: at.stage, ..Position::default() },
            None => Position::default(),
        }
    }

    fn units(&self, stage: usize) -> &[usize] {
        self.stages.get(stage).map_or(&[], |(_, units)| units)
    }
}
