//! The shape of one sample.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The shape of one sample, without the batch axis: `[features]`, `[steps, features]` or `[height, width, channels]`.
///
/// ```
/// use backprop_nn::Shape;
///
/// let image = Shape::image(28, 28, 3);
/// assert_eq!((image.len(), image.channels(), image.to_string()), (2352, 3, "28×28×3".to_owned()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Shape {
    dims: [usize; 3],
    rank: usize,
}

impl Shape {
    /// A row of features.
    pub const fn flat(features: usize) -> Self {
        Self { dims: [features, 1, 1], rank: 1 }
    }

    /// A sequence.
    pub const fn steps(steps: usize, features: usize) -> Self {
        Self { dims: [steps, features, 1], rank: 2 }
    }

    /// An image.
    pub const fn image(height: usize, width: usize, channels: usize) -> Self {
        Self { dims: [height, width, channels], rank: 3 }
    }

    /// The number of features at each of its steps, if it is a sequence of so many.
    pub fn features_of(&self, steps: usize) -> Option<usize> {
        self.as_steps().filter(|dims| dims[0] == steps).map(|dims| dims[1])
    }

    /// The sizes of the axes, one to three of them.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank]
    }

    /// How many numbers one sample has.
    #[expect(clippy::len_without_is_empty, reason = "a shape always holds at least one number")]
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// The size of the last axis: features of a row, channels of an image.
    pub fn channels(&self) -> usize {
        self.dims[self.rank - 1]
    }

    /// Steps and features, if this is a sequence.
    pub fn as_steps(&self) -> Option<[usize; 2]> {
        (self.rank == 2).then_some([self.dims[0], self.dims[1]])
    }

    /// Height, width and channels, if this is an image.
    pub fn as_image(&self) -> Option<[usize; 3]> {
        (self.rank == 3).then_some(self.dims)
    }

    /// Whether it is a row of features.
    pub fn is_flat(&self) -> bool {
        self.rank == 1
    }

    /// What it is: "a row of 784 numbers", "a sequence 28×64", "an image 28×28×1".
    pub fn described(&self) -> String {
        match self.rank {
            1 if self.len() == 1 => "a row of 1 number".to_owned(),
            1 => format!("a row of {self} numbers"),
            2 => format!("a sequence {self}"),
            _ => format!("an image {self}"),
        }
    }
}

/// Axes joined by the multiplication sign: `26×26×32`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (axis, size) in self.dims().iter().enumerate() {
            if axis > 0 {
                f.write_str("×")?;
            }
            write!(f, "{size}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<Vec<usize>> for Shape {
    type Error = String;

    fn try_from(sizes: Vec<usize>) -> Result<Self, String> {
        if sizes.is_empty() || sizes.len() > 3 || sizes.contains(&0) {
            return Err(format!("a shape has one to three axes of at least 1, not {sizes:?}"));
        }
        let mut dims = [1; 3];
        dims[..sizes.len()].copy_from_slice(&sizes);
        Ok(Self { dims, rank: sizes.len() })
    }
}

/// A row of so many numbers.
impl From<usize> for Shape {
    fn from(features: usize) -> Self {
        Self::flat(features)
    }
}

impl From<Shape> for Vec<usize> {
    fn from(shape: Shape) -> Self {
        shape.dims().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_reads_as_people_write_it() {
        assert_eq!(Shape::image(26, 26, 32).to_string(), "26×26×32");
        assert_eq!(Shape::image(26, 26, 32).len(), 21_632);
        assert_eq!(serde_json::to_string(&Shape::steps(28, 64)).unwrap(), "[28,64]");
        assert_eq!(Shape::steps(28, 64).described(), "a sequence 28×64");
        assert!(serde_json::from_str::<Shape>("[28,0]").is_err());
        assert!(serde_json::from_str::<Shape>("[]").is_err());
    }
}
