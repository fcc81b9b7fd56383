//! Weights as pictures: what each unit or filter looks for.

use backprop_nn::weights::Param;
use backprop_nn::{Network, Weights};

/// One tensor of weights as maps, `[height, width, maps]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Its layer, counted from 1 as on the screen, and its name: "1 Conv2d kernel".
    pub name: String,
    /// The sizes of the tensor.
    pub dims: Vec<usize>,
    /// Height, width and number of the maps.
    pub maps: [usize; 3],
    /// The weights, map by map at each place.
    pub values: Vec<f32>,
    /// How many maps there would be.
    pub of: usize,
    /// What a map is: "a filter, and one of its input channels".
    pub what: &'static str,
}

/// More maps of a tensor than this are counted and not drawn.
const MOST_MAPS: usize = 64;

/// A matrix is drawn up to this many rows and columns.
const MOST_LINES: usize = 256;

/// The kernels and embeddings of a network: a convolution filter by filter, the first dense layer of images unit by unit over
/// the pixels, and any other matrix as it is, its units from top to bottom and its inputs from left to right.
pub fn kernels(network: &Network, weights: &Weights) -> Vec<Kernel> {
    let is_drawn = |param: &&Param| param.info.is_kernel() || param.info.name == "embeddings";
    network.params().iter().filter(is_drawn).filter_map(|param| kernel(network, param, weights)).collect()
}

fn kernel(network: &Network, param: &Param, weights: &Weights) -> Option<Kernel> {
    let values = &weights.values()[param.range.clone()];
    let dims = param.info.dims.clone();
    let image = network.input().as_image();
    let of_pixels = |inputs: usize| image.filter(|[height, width, channels]| height * width * channels == inputs);
    // The place of a weight is that of its row, its column and its map, each times a stride; several maps may follow one another
    // within a filter.
    let (maps, of, what, strides, within) = match dims[..] {
        [height, width, channels, filters] => {
            let strides = [width * channels * filters, channels * filters, filters, 1];
            let (maps, what) = (channels * filters, "a filter, for each of its input channels");
            ([height, width, maps.min(MOST_MAPS)], maps, what, strides, channels)
        }
        [steps, channels, filters] => {
            let strides = [filters, channels * filters, 0, 1];
            ([channels, steps, filters.min(MOST_MAPS)], filters, "a filter, its steps from left to right", strides, 1)
        }
        [inputs, units] if of_pixels(inputs).is_some() && param.layer <= 1 => {
            let [height, width, channels] = of_pixels(inputs)?;
            let strides = [width * channels * units, channels * units, 0, 1];
            ([height, width, units.min(MOST_MAPS)], units, "a unit, over the pixels", strides, 1)
        }
        [inputs, units] => {
            let maps = [units.min(MOST_LINES), inputs.min(MOST_LINES), 1];
            let what = match units.max(inputs) > MOST_LINES {
                true => "the first units from top to bottom, the first inputs from left to right",
                false => "units from top to bottom, inputs from left to right",
            };
            (maps, 1, what, [1, units, 0, 0], 1)
        }
        _ => return None,
    };
    let [height, width, count] = maps;
    let at = |place: usize| {
        let (pixel, map) = (place / count, place % count);
        let parts = [pixel / width, pixel % width, map % within, map / within];
        parts.iter().zip(strides).map(|(part, stride)| part * stride).sum::<usize>()
    };
    let values = (0..height * width * count).map(|place| values[at(place)]).collect();
    let name = format!("{} {} {}", param.layer + 1, network.label(param.layer), param.info.name);
    Some(Kernel { name, dims, maps, values, of, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_nn::{ModelSpec, Shape};

    #[test]
    fn a_map_holds_the_weights_of_its_filter_and_unit() {
        let layers = r#"[
            {"kind":"conv2d","filters":3,"kernel":2},{"kind":"flatten"},{"kind":"dense","units":5}
        ]"#;
        let model: ModelSpec = serde_json::from_str(layers).unwrap();
        let network = model.build(Shape::image(4, 4, 2), 5).unwrap();
        let weights = network.init_weights(3);
        let drawn = kernels(&network, &weights);
        assert_eq!(drawn.iter().map(|kernel| kernel.maps).collect::<Vec<_>>(), [[2, 2, 6], [5, 27, 1]]);
        // The weight at row 1, column 0, of input channel 1 and filter 2: `[height, width, channels, filters]`.
        let of_filter = weights.values()[(2 * 2 + 1) * 3 + 2];
        assert_eq!(drawn[0].values[2 * 6 + 2 * 2 + 1], of_filter);
        let dense: ModelSpec = serde_json::from_str(r#"[{"kind":"flatten"},{"kind":"dense","units":5}]"#).unwrap();
        let network = dense.build(Shape::image(3, 4, 1), 5).unwrap();
        let weights = network.init_weights(3);
        let drawn = kernels(&network, &weights);
        assert_eq!((drawn[0].maps, drawn[0].of), ([3, 4, 5], 5));
        assert_eq!(drawn[0].values, weights.values()[..60], "a unit after the other at each pixel");
    }
}
