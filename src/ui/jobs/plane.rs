//! What a network predicts at every place in the plane of its two features.

use std::ops::RangeInclusive;

use super::derived::Query;
use crate::train::evaluate::read_rows;
use crate::ui::state::trained_network::TrainedNetwork;

/// Places in a row and in a column.
pub const SIDE: usize = 80;

/// Asks for the predictions on a grid over the plane.
#[derive(Clone, PartialEq)]
pub struct PlaneQuery {
    /// The network that predicts.
    pub network: TrainedNetwork,
    /// The part of the plane, x and y.
    pub ranges: [RangeInclusive<f64>; 2],
}

impl Query for PlaneQuery {
    /// `[SIDE, SIDE, outputs]`, the highest y first: probabilities, or numbers in the unit of the target.
    type Answer = Vec<f32>;
    type Memory = ();
    const NAME: &'static str = "drawing the plane";

    fn answer(&self, (): &mut ()) -> Vec<f32> {
        read_rows(self.network.trained(), &places(&self.ranges, SIDE))
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}

/// The middle of every cell of a grid with so many rows and columns, row by row from the top.
pub fn places([x, y]: &[RangeInclusive<f64>; 2], side: usize) -> Vec<f64> {
    let at = |cell: usize, low: f64, high: f64| low + (high - low) * (cell as f64 + 0.5) / side as f64;
    let rows = (0..side).map(|row| at(row, *y.end(), *y.start()));
    let cells = rows.flat_map(|y| (0..side).map(move |column| (column, y)));
    cells.flat_map(|(column, y)| [at(column, *x.start(), *x.end()), y]).collect()
}
