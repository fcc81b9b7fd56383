//! Points that are painted in the plane. They lie in the project; this is a copy to which a stroke adds, until the button
//! is let go.

use std::ops::RangeInclusive;

use super::session::DataState;
use super::subject::plane_of;
use crate::data::sources::painted::{MOST, Painted, Point};
use crate::data::{Dataset, SourceSpec, Task};
use crate::ui::widgets::plane::range_of;

/// What the pointer does in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Paints points of the class at this position; where points have numbers, of the chosen number.
    Brush(usize),
    /// Removes points.
    Eraser,
}

/// The painted points and the tool that edits them.
pub struct Painting {
    /// The points, the task and the names of the axes.
    pub painted: Painted,
    /// The text in the project that this was made of.
    source: SourceSpec,
    /// What is shown of x and y, which does not change under the brush.
    pub ranges: [RangeInclusive<f64>; 2],
    /// The least and the greatest number that a point may get.
    pub heights: [f32; 2],
    /// The selected tool.
    pub tool: Tool,
    /// The number of the points that are painted next.
    pub value: f32,
    /// Where the stroke that is being painted has left its last point.
    stroke: Option<Stroke>,
}

#[derive(Clone, Copy)]
struct Stroke {
    last: Option<[f32; 2]>,
    has_changed: bool,
}

impl Painting {
    /// Begins with the points of a data set; nothing if they lie in no plane.
    pub fn of(source: &SourceSpec, dataset: &Dataset) -> Option<Self> {
        let painted = Painted::of_source(source).or_else(|| Painted::of(dataset))?;
        let is_world = painted.axes == ["x", "y"];
        let ranges = plane_of(dataset).map(|range| match (is_world, painted.points.is_empty()) {
            (true, false) => range.start().min(-1.06)..=range.end().max(1.06),
            (_, true) => -1.06..=1.06,
            (false, false) => {
                let air = (range.end() - range.start()) / 4.0;
                range.start() - air..=range.end() + air
            }
        });
        let heights = range_of(painted.points.iter().map(|point| point.value));
        let heights =
            if painted.points.is_empty() { [-1.0, 1.0] } else { [*heights.start() as f32, *heights.end() as f32] };
        let value = heights[1];
        Some(Self { painted, source: source.clone(), ranges, heights, tool: Tool::Brush(0), value, stroke: None })
    }

    /// Keeps up with a project whose source was changed elsewhere, as by undo; false if there is nothing to paint in any more.
    pub fn follows(&mut self, source: &SourceSpec, data: &DataState) -> bool {
        if self.source == *source {
            return true;
        }
        if let Some(painted) = Painted::of_source(source) {
            let is_gone = matches!(self.tool, Tool::Brush(class) if class >= painted.task.outputs());
            self.tool = if is_gone { Tool::Brush(0) } else { self.tool };
            (self.painted, self.source, self.stroke) = (painted, source.clone(), None);
            return true;
        }
        match data {
            DataState::Ready { source: of, dataset, .. } if *of == *source => {
                Self::of(source, dataset).map(|other| *self = other).is_some()
            }
            DataState::Failed { source: of, .. } => *of != *source,
            DataState::Ready { .. } | DataState::Loading { .. } => true,
        }
    }

    /// Another class, which the next points are of.
    pub fn add_class(&mut self) {
        if let Task::Classification { classes } = &mut self.painted.task {
            self.tool = Tool::Brush(classes.len());
            let names = (classes.len() + 1..).map(|number| format!("class {number}"));
            let new: Vec<_> = names.filter(|name| !classes.contains(name)).take(1).collect();
            classes.extend(new);
        }
    }

    /// Adds a point here, or removes those within reach, which has the units of the axes.
    pub fn touch(&mut self, at: [f32; 2], reach: [f32; 2], is_erasing: bool) {
        let mut stroke = self.stroke.unwrap_or(Stroke { last: None, has_changed: false });
        let is_near =
            |point: [f32; 2]| ((point[0] - at[0]) / reach[0]).powi(2) + ((point[1] - at[1]) / reach[1]).powi(2) < 1.0;
        let before = self.painted.points.len();
        match self.tool {
            Tool::Brush(class) if !is_erasing => {
                let is_within = at.iter().zip(&self.ranges).all(|(at, range)| range.contains(&f64::from(*at)));
                if is_within && before < MOST && stroke.last.is_none_or(|last| !is_near(last)) {
                    let value = if self.painted.task.is_classification() { class as f32 } else { self.value };
                    self.painted.points.push(Point { at, value });
                    stroke.last = Some(at);
                }
            }
            Tool::Brush(_) | Tool::Eraser => self.painted.points.retain(|point| !is_near(point.at)),
        }
        stroke.has_changed |= self.painted.points.len() != before;
        self.stroke = Some(stroke);
    }

    /// Ends the stroke; true if it has changed anything.
    pub fn lift(&mut self) -> bool {
        self.stroke.take().is_some_and(|stroke| stroke.has_changed)
    }

    /// The text of what is painted, which is from now on the one that this is made of.
    pub fn to_source(&mut self) -> &SourceSpec {
        self.source = self.painted.to_source();
        &self.source
    }
}
