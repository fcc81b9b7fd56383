//! The samples that a network finds most like one: its nearest neighbors in the output of the last hidden layer.

use backprop_nn::Network;
use backprop_nn::batch::inspection::Place;

/// A sample that is near, and how near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbor {
    /// Its position among the samples that were searched.
    pub at: usize,
    /// Its Euclidean distance.
    pub distance: f64,
}

/// The output of the last hidden layer, by its position among the places of a network: what the last layer with weights reads.
/// The input, where no layer is hidden.
pub fn last_hidden(network: &Network, places: &[Place]) -> usize {
    let last = network.params().iter().map(|param| param.layer).max();
    let is_last = |place: &Place| last.is_some() && place.path.first().copied() == last;
    places.iter().position(is_last).map_or(0, |at| at.saturating_sub(1))
}

/// The `count` vectors of `[samples, width]` with the least Euclidean distance from one of `width` numbers, the nearest first.
/// Every distance is computed, as by scikit-learn's `NearestNeighbors(algorithm="brute")`.
pub fn nearest(vectors: &[f32], one: &[f32], count: usize) -> Vec<Neighbor> {
    let distance = |vector: &[f32]| {
        let squares = vector.iter().zip(one).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let vectors = vectors.chunks_exact(one.len().max(1)).enumerate();
    let neighbors = vectors.map(|(at, vector)| Neighbor { at, distance: distance(vector) });
    let mut neighbors: Vec<Neighbor> = neighbors.filter(|it| it.distance.is_finite()).collect();
    // Of those that are equally far, the first comes first.
    neighbors.sort_by(|one, other| one.distance.total_cmp(&other.distance));
    neighbors.truncate(count);
    neighbors
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_nn::{Inspection, ModelSpec, Shape};

    #[test]
    fn the_last_hidden_layer_is_what_the_last_layer_with_weights_reads() {
        let place = |layers: &str| {
            let model: ModelSpec = serde_json::from_str(layers).unwrap();
            let shape = Shape::flat(4);
            let (network, inspection) = (model.build(shape, 3).unwrap(), Inspection::new(&model, shape, 3).unwrap());
            let at = last_hidden(&network, inspection.places());
            inspection.places()[at].path.clone()
        };
        let dense = |units: usize| format!(r#"{{"kind":"dense","units":{units}}}"#);
        assert_eq!(place(&format!("[{}]", dense(3))), Vec::<usize>::new(), "the input");
        let relu = r#"{"kind":"activation","function":"relu"}"#;
        assert_eq!(place(&format!("[{},{relu},{}]", dense(5), dense(3))), [1]);
        let softmax = r#"{"kind":"softmax"}"#;
        assert_eq!(place(&format!("[{},{},{softmax}]", dense(5), dense(3))), [0]);
    }

    #[test]
    fn the_nearest_come_first_and_what_is_no_number_is_left_out() {
        let vectors = [3.0, 4.0, 0.0, 1.0, f32::NAN, 0.0, 0.0, -1.0];
        let found = nearest(&vectors, &[0.0, 0.0], 5);
        assert_eq!(found.iter().map(|it| (it.at, it.distance)).collect::<Vec<_>>(), [(1, 1.0), (3, 1.0), (0, 5.0)]);
        assert_eq!(nearest(&vectors, &[0.0, 0.0], 1).len(), 1);
    }
}
