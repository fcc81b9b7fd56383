//! Curves as sound. Time goes from left to right in a few seconds, and pitch rises with the value, as in the auditory graphs of
//! D. L. Mansur, M. M. Blattner and K. I. Joy, *Sound graphs: a numerical data analysis method for the blind*, Journal of Medical
//! Systems 9 (1985) 163–174, and in Apple's Audio Graphs (iOS 15, 2021). Pitch is heard by ratios, so that its scale is logarithmic.

use std::f64::consts::TAU;
use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};

/// Frames a second.
pub const RATE: u32 = 44_100;

/// Seconds from the left end of the curves to the right one, and for which their ends are held.
const LENGTH: f64 = 4.0;
const HELD: f64 = 0.4;

/// The pitch of the smallest value and of the largest, in hertz: two octaves, A3 to A5.
const PITCH: [f64; 2] = [220.0, 880.0];

/// Seconds in which a voice comes and goes, so that neither is a click.
const FADE: f64 = 0.01;

/// The loudness of the voices of one ear together, and of the tick; their sum is below 1.
const VOICES: f64 = 0.5;
const TICK: f64 = 0.4;

/// The tick: its pitch in hertz, its length and how fast it dies away, in seconds.
const TICK_PITCH: f64 = 1760.0;
const TICK_LENGTH: f64 = 0.05;
const TICK_DECAY: f64 = 0.008;

/// Partials of the bright voice, and the largest sum that they have.
const PARTIALS: u32 = 6;
const LARGEST: f64 = 1.9;

/// The ear in which a curve is heard, and how it sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    /// A plain sine at the left: training.
    Left,
    /// A bright tone with overtones at the right: validation.
    Right,
}

/// Curves to listen to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// Each curve: its points from left to right, as they are drawn.
    pub voices: Vec<(Ear, Vec<[f64; 2]>)>,
    /// Where a short tick is heard: the best point.
    pub tick: Option<f64>,
}

impl Sound {
    /// Whether there is nothing to hear.
    pub fn is_empty(&self) -> bool {
        self.voices.iter().all(|(_, points)| points.is_empty())
    }

    /// The samples of both ears, from -1 to 1.
    pub fn frames(&self) -> Vec<[f64; 2]> {
        let points = || self.voices.iter().flat_map(|(_, points)| points);
        let range = |axis: usize| {
            let values = points().map(|point| point[axis]);
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
        };
        let ((start, end), (low, high)) = (range(0), range(1));
        let count = ((LENGTH + HELD) * f64::from(RATE)) as usize;
        let mut frames = vec![[0.0; 2]; if self.is_empty() { 0 } else { count }];
        let time = |frame: usize| frame as f64 / f64::from(RATE);
        let x = |frame: usize| start + (end - start) * (time(frame) / LENGTH).min(1.0);
        for (ear, points) in &self.voices {
            let shared = self.voices.iter().filter(|(other, _)| other == ear).count() as f64;
            let (mut phase, mut gain, mut at) = (0.0f64, 0.0f64, 0);
            for (index, frame) in frames.iter_mut().enumerate() {
                let is_last = time(count - index) <= FADE;
                let value = value_at(points, x(index), &mut at);
                let step = 1.0 / (FADE * f64::from(RATE));
                gain = if value.is_some() && !is_last { (gain + step).min(1.0) } else { (gain - step).max(0.0) };
                let Some(value) = value else { continue };
                // The phase goes on from where it is, whatever the pitch becomes: a jump of it would click.
                phase = (phase + pitch(value, low, high) / f64::from(RATE)).fract();
                let (side, wave) = match ear {
                    Ear::Left => (0, (TAU * phase).sin()),
                    Ear::Right => (1, bright(phase)),
                };
                frame[side] += VOICES / shared * gain * wave;
            }
        }
        if let Some(tick) = self.tick.filter(|tick| (start..=end).contains(tick)) {
            let begin = if end > start { (tick - start) / (end - start) * LENGTH } else { 0.0 };
            let begin = (begin * f64::from(RATE)) as usize;
            for (index, frame) in
                frames.iter_mut().skip(begin).take((TICK_LENGTH * f64::from(RATE)) as usize).enumerate()
            {
                let seconds = time(index);
                let wave = TICK * (TAU * TICK_PITCH * seconds).sin() * (-seconds / TICK_DECAY).exp();
                frame.iter_mut().for_each(|side| *side += wave);
            }
        }
        frames
    }

    /// The contents of a WAV file: two channels of 16 bits.
    pub fn wav(&self) -> Result<Vec<u8>, hound::Error> {
        let spec = WavSpec { channels: 2, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut bytes, spec)?;
        for side in self.frames().into_iter().flatten() {
            writer.write_sample((side * f64::from(i16::MAX)) as i16)?;
        }
        writer.finalize()?;
        Ok(bytes.into_inner())
    }
}

/// The value of a curve between its points; nothing before the first. `at` is the point before it, and only grows.
fn value_at(points: &[[f64; 2]], x: f64, at: &mut usize) -> Option<f64> {
    while points.get(*at + 1).is_some_and(|next| next[0] <= x) {
        *at += 1;
    }
    let [x0, y0] = *points.get(*at).filter(|point| point[0] <= x)?;
    let Some([x1, y1]) = points.get(*at + 1) else { return Some(y0) };
    Some(y0 + (y1 - y0) * (x - x0) / (x1 - x0))
}

/// The pitch of a value between the smallest and the largest.
fn pitch(value: f64, low: f64, high: f64) -> f64 {
    let share = if high > low { (value - low) / (high - low) } else { 0.5 };
    PITCH[0] * (PITCH[1] / PITCH[0]).powf(share)
}

/// The first partials of a sawtooth.
fn bright(phase: f64) -> f64 {
    (1..=PARTIALS).map(|partial| (TAU * phase * f64::from(partial)).sin() / f64::from(partial)).sum::<f64>() / LARGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A loss that falls, and a validation loss that rises again after the middle.
    fn overfitting() -> Sound {
        let train = (1..=100).map(|step| [f64::from(step), 2.0 - 0.01 * f64::from(step)]).collect();
        let validation = (1..=10).map(|epoch| [10.0 * f64::from(epoch), 1.0 + 0.02 * f64::from(epoch - 5).powi(2)]);
        Sound { voices: vec![(Ear::Left, train), (Ear::Right, validation.collect())], tick: Some(50.0) }
    }

    /// How often a side crosses zero upwards in a part of a second.
    fn frequency(frames: &[[f64; 2]], side: usize, from: f64, seconds: f64) -> f64 {
        let at = |seconds: f64| (seconds * f64::from(RATE)) as usize;
        let part = &frames[at(from)..at(from + seconds)];
        let crossings = part.windows(2).filter(|pair| pair[0][side] < 0.0 && pair[1][side] >= 0.0).count();
        crossings as f64 / seconds
    }

    #[test]
    fn pitch_falls_with_the_loss_and_training_is_left_and_validation_right() {
        let sound = overfitting();
        let frames = sound.frames();
        // From 1.99, the largest value, to 1.0, the smallest, which is held at the end.
        let [first, last] = [frequency(&frames, 0, 0.0, 0.1), frequency(&frames, 0, LENGTH, 0.3)];
        assert!((830.0..=890.0).contains(&first) && (last - PITCH[0]).abs() < 8.0, "{first} to {last}");
        // Half way between, the ratio to both ends is the same.
        let middle = frequency(&frames, 0, LENGTH / 2.0 - 0.2, 0.2);
        assert!((middle - 450.0).abs() < 25.0, "{middle}");
        let [turn, end] = [frequency(&frames, 1, 0.51 * LENGTH, 0.2), frequency(&frames, 1, LENGTH, 0.3)];
        assert!(end > 1.5 * turn, "the validation loss rises again: {turn} to {end}");
        let before = &frames[..(0.05 * LENGTH * f64::from(RATE)) as usize];
        assert!(before.iter().all(|frame| frame[1] == 0.0), "nothing is validated before the first epoch has ended");
        assert!(before.iter().any(|frame| frame[0].abs() > 0.4));
    }

    #[test]
    fn nothing_clips_and_nothing_clicks() {
        let frames = Sound { tick: None, ..overfitting() }.frames();
        // The steepest that a sine of the highest pitch is, and the bright tone with its partials.
        let steepest =
            [1.0, f64::from(PARTIALS) / LARGEST].map(|times| VOICES * TAU * PITCH[1] * times / f64::from(RATE));
        for pair in frames.windows(2) {
            for side in 0..2 {
                assert!((pair[1][side] - pair[0][side]).abs() <= steepest[side] + 0.002, "{pair:?}");
            }
        }
        assert!(frames[0][0].abs() < 0.01 && frames[frames.len() - 1].iter().all(|side| side.abs() < 0.01));
        let loudest = overfitting().frames().into_iter().flatten().fold(0.0, |most: f64, side| most.max(side.abs()));
        assert!((0.4..1.0).contains(&loudest), "{loudest}");
    }

    #[test]
    fn the_best_point_ticks_in_both_ears() {
        let (with, without) = (overfitting().frames(), Sound { tick: None, ..overfitting() }.frames());
        let differing: Vec<usize> =
            (0..with.len()).filter(|at| (with[*at][0] - without[*at][0]).abs() > 0.05).collect();
        let seconds = |at: usize| at as f64 / f64::from(RATE);
        let (first, last) = (seconds(differing[0]), seconds(differing[differing.len() - 1]));
        let place = LENGTH * (50.0 - 1.0) / 99.0;
        assert!((first - place).abs() < 0.01 && last - first < TICK_LENGTH, "{first} to {last}, expected {place}");
        assert!(differing.iter().all(|at| (with[*at][1] - without[*at][1]).abs() > 0.04));
    }

    #[test]
    fn the_file_has_what_is_heard() {
        let sound = overfitting();
        let bytes = sound.wav().unwrap();
        let mut reader = hound::WavReader::new(Cursor::new(bytes)).unwrap();
        assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.duration()), (2, RATE, 194_040));
        let samples: Vec<i16> = reader.samples::<i16>().map(Result::unwrap).collect();
        assert!((f64::from(samples[40_000]) / 32767.0 - sound.frames()[20_000][0]).abs() < 1e-3);
        assert!(Sound::default().is_empty() && Sound::default().frames().is_empty());
        let one = Sound { voices: vec![(Ear::Right, vec![[5.0, 0.3]])], tick: Some(5.0) };
        assert!((frequency(&one.frames(), 1, 1.0, 1.0) - 440.0).abs() < 3.0, "a single value is in the middle");
    }
}
