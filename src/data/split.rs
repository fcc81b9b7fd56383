//! Training and validation samples, told apart once, by the seed.

use rand::seq::SliceRandom as _;

use super::Samples;
use crate::nn::init::stream;

/// Positions in a data set's training samples. The test samples are a set of their own and never in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub train: Vec<u32>,
    pub validation: Vec<u32>,
}

/// The most of the training samples that can be held back.
pub const MAX_VALIDATION: f32 = 0.5;

const PURPOSE: u64 = 0x5_7117;

impl Split {
    /// Holds back `share` of every class, so that a rare class is not missing from the validation samples by chance.
    /// With a share of zero all samples are for training.
    pub fn stratified(samples: &Samples, share: f32, seed: u64) -> Self {
        let share = if share.is_finite() { share.clamp(0.0, MAX_VALIDATION) } else { 0.0 };
        let mut rng = stream(seed, PURPOSE);
        let mut split = Self { train: Vec::new(), validation: Vec::new() };
        for class in 0..=u8::MAX {
            let mut members: Vec<u32> =
                (0u32..).zip(&samples.labels).filter(|(_, label)| **label == class).map(|(at, _)| at).collect();
            members.shuffle(&mut rng);
            let held = held_back(members.len(), share);
            split.validation.extend(members.drain(..held));
            split.train.extend(members);
        }
        split.train.sort_unstable();
        split.validation.sort_unstable();
        split
    }
}

/// How many of a class's samples are held back.
pub fn held_back(members: usize, share: f32) -> usize {
    (members as f32 * share).round() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_held_back_in_the_same_share_and_nothing_is_lost() {
        let labels: Vec<u8> = (0..1000).map(|i| if i % 10 == 0 { 1 } else { 0 }).collect();
        let samples = Samples { pixels: Vec::new(), labels };
        let split = Split::stratified(&samples, 0.1, 7);
        let rare = |part: &[u32]| part.iter().filter(|at| samples.labels[**at as usize] == 1).count();
        assert_eq!((split.train.len(), split.validation.len()), (900, 100));
        assert_eq!((rare(&split.train), rare(&split.validation)), (90, 10));
        let mut all: Vec<u32> = split.train.iter().chain(&split.validation).copied().collect();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1000));
        assert_eq!(split, Split::stratified(&samples, 0.1, 7));
        assert_ne!(split, Split::stratified(&samples, 0.1, 8));
        assert!(Split::stratified(&samples, 0.0, 7).validation.is_empty());
    }
}
