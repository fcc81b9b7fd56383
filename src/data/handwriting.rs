//! Handwriting for the embedded data set `digits`: pen strokes, one new writer per digit.
//!
//! Every digit has several styles, the ways people write it, listed in `handwriting.txt`; a style is some
//! shapes of control points between which a writer settles. The writer's proportions, slant and
//! steadiness bend the control points, a spline joins them, and [`Drawing::image`] inks the strokes
//! exactly as it inks what somebody draws on the canvas.

use std::{f32::consts::TAU, sync::LazyLock};

use rand::{
    RngExt, SeedableRng,
    seq::{IndexedRandom, SliceRandom},
};
use rayon::prelude::*;

use super::drawing::Drawing;
use backprop_nn::init::Rng;

/// Side of the images in pixels.
const SIDE: usize = 28;

/// How many classes there are, and how many digits share one generator.
const N_DIGITS: usize = 10;

type Point = [f32; 2];

/// A control point; a sharp one is a corner of the path.
#[derive(Clone, Copy)]
struct Control {
    at: Point,
    is_corner: bool,
}

/// The strokes of a digit in its box, which reaches from 0 to 1.
type Shape = Vec<Vec<Control>>;

/// One way of writing a digit.
struct Style {
    digit: u8,
    /// How common the style is compared with the digit's other styles.
    share: f32,
    /// Shapes with the same strokes and points, between any two of which a writer may settle.
    shapes: Vec<Shape>,
}

/// The styles of all digits.
static STYLES: LazyLock<Vec<Style>> = LazyLock::new(|| parse_styles(include_str!("handwriting.txt")));

/// `count` images of 28 × 28 pixels, row after row, and their labels 0 to 9.
///
/// The classes are balanced and shuffled. The first images do not depend on `count`, and nothing
/// depends on how many threads share the work.
pub fn generate(count: usize, seed: u64) -> (Vec<u8>, Vec<u8>) {
    const PIXELS: usize = SIDE * SIDE;
    let mut images = vec![0; count * PIXELS];
    let mut labels = vec![0; count];
    let pages = images.par_chunks_mut(N_DIGITS * PIXELS).zip(labels.par_chunks_mut(N_DIGITS));
    pages.enumerate().for_each(|(page, (images, labels))| {
        // Each page has every digit once and a generator of its own.
        let mut rng = Rng::seed_from_u64(seed ^ (page as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut digits: [u8; N_DIGITS] = std::array::from_fn(|digit| digit as u8);
        digits.shuffle(&mut rng);
        for ((image, label), digit) in images.chunks_exact_mut(PIXELS).zip(labels).zip(digits) {
            *label = digit;
            ink(digit, &mut rng, image);
        }
    });
    (images, labels)
}

/// The strokes of one digit, 0 to 9, by a writer drawn at random; other numbers have no strokes.
pub fn draw(digit: u8, rng: &mut Rng) -> Drawing {
    let writer = Writer::new(rng);
    let shape = writer.shape(digit, rng);
    let strokes = shape.iter().map(|stroke| writer.stroke(stroke, rng)).collect();
    Drawing { strokes, label: Some(digit.to_string()) }
}

/// One image of a digit, by a pen drawn at random.
fn ink(digit: u8, rng: &mut Rng, image: &mut [u8]) {
    let drawing = draw(digit, rng);
    let pen = (2.5 * (0.3 * gaussian(rng)).exp()).clamp(1.5, widest_pen(digit, &drawing));
    let Some(pixels) = drawing.image(SIDE, pen) else { return };
    // Scanned ink has edges of varying softness.
    let softness = (0.25 * gaussian(rng)).exp();
    let shades: [u8; 256] = std::array::from_fn(|ink| ((ink as f32 / 255.0).powf(softness) * 255.0).round() as u8);
    for (shade, ink) in image.iter_mut().zip(pixels) {
        *shade = shades[usize::from(ink)];
    }
}

/// Width in pixels of the widest pen that leaves a digit legible: narrow loops must not fill up.
fn widest_pen(digit: u8, drawing: &Drawing) -> f32 {
    let across = drawing.strokes.iter().flatten().map(|point| point[0]);
    let (left, right) = across.fold((f32::MAX, f32::MIN), |(left, right), x| (left.min(x), right.max(x)));
    let is_simple = digit < 2;
    if is_simple { 6.0 } else { (1.2 + 5.0 * (right - left)).clamp(2.0, 5.0) }
}

/// What one person's hand does to the shapes, lengths being shares of a digit's height.
struct Writer {
    /// Width of the digit's box.
    aspect: f32,
    /// How far the top leans to the right of the bottom.
    slant: f32,
    /// Turn of the whole digit in radians.
    turn: f32,
    /// How much wider the bottom is than the top.
    taper: f32,
    /// How far down the middle is moved, which makes upper parts larger.
    drop: f32,
    /// How far the middle is bent to the right.
    bend: f32,
    /// Waves, across and down, that move neighboring parts together: size, frequency and phase.
    waves: [[f32; 3]; 2],
    /// Deviation of the control points from the shape.
    sloppiness: f32,
    /// Deviation of the pen from its path.
    tremor: f32,
    /// Distance between the points at which a mouse was sampled; the path between is straight.
    stride: f32,
}

impl Writer {
    fn new(rng: &mut Rng) -> Self {
        let uses_mouse = rng.random_bool(0.3);
        Self {
            aspect: (0.72 * (0.27 * gaussian(rng)).exp()).clamp(0.4, 1.4),
            slant: if uses_mouse { 0.05 } else { 0.18 } + 0.24 * gaussian(rng),
            turn: 0.1 * gaussian(rng),
            taper: 0.22 * gaussian(rng),
            drop: 0.08 * gaussian(rng),
            bend: 0.04 * gaussian(rng),
            waves: [(); 2].map(|()| [0.06 * gaussian(rng), rng.random_range(2.0..7.0), rng.random_range(0.0..TAU)]),
            sloppiness: rng.random_range(0.01..0.065),
            tremor: if uses_mouse { rng.random_range(0.0..0.015) } else { rng.random_range(0.0..0.004) },
            stride: if uses_mouse { rng.random_range(0.03..0.16) } else { 0.03 },
        }
    }

    /// The control points of the digit as this writer means them.
    fn shape(&self, digit: u8, rng: &mut Rng) -> Shape {
        let shapes = pick_style(digit, rng);
        let (Some(first), Some(second)) = (shapes.choose(rng), shapes.choose(rng)) else {
            return Shape::new();
        };
        // Mostly the first shape, or even more so than it is itself.
        let share = rng.random_range(-0.35..0.75);
        let mut settle = |a: &Control, b: &Control| {
            let at = [0, 1].map(|axis| {
                let mixed = a.at[axis] + share * (b.at[axis] - a.at[axis]);
                mixed + self.sloppiness * gaussian(rng)
            });
            Control { at: self.placed(at), is_corner: a.is_corner }
        };
        let strokes = first.iter().zip(second);
        strokes.map(|(a, b)| a.iter().zip(b).map(|(a, b)| settle(a, b)).collect()).collect()
    }

    /// Where this writer's proportions put a point of the unit box.
    fn placed(&self, [x, y]: Point) -> Point {
        let wave = |axis: usize, at: f32| {
            let [size, frequency, phase] = self.waves[axis];
            size * (frequency * at + phase).sin()
        };
        let (x, y) = (x + wave(0, y + 0.5 * x), y + wave(1, x + 0.5 * y));
        let middle = (y * TAU / 2.0).sin();
        let y = y - 0.5 + self.drop * middle;
        let x = (x - 0.5) * self.aspect * (1.0 + self.taper * 2.0 * y) + self.bend * middle - self.slant * y;
        let (sin, cos) = self.turn.sin_cos();
        [x * cos - y * sin, x * sin + y * cos]
    }

    /// The path of the pen through the control points.
    fn stroke(&self, controls: &[Control], rng: &mut Rng) -> Vec<Point> {
        let mut controls = controls.to_vec();
        careless_end(&mut controls, rng);
        controls.reverse();
        careless_end(&mut controls, rng);
        controls.reverse();

        let mut path = resampled(&spline(&controls), self.stride);
        let mut drift = [0.0; 2];
        for point in &mut path {
            for axis in 0..2 {
                drift[axis] = 0.6 * drift[axis] + self.tremor * gaussian(rng);
                point[axis] += drift[axis];
            }
        }
        path
    }
}

/// Stops the last piece short, draws it on too far, or adds a small hook.
fn careless_end(controls: &mut Vec<Control>, rng: &mut Rng) {
    let [.., before, last] = controls.as_mut_slice() else { return };
    if rng.random_bool(0.4) {
        let share = 0.15 * gaussian(rng);
        last.at = [0, 1].map(|axis| last.at[axis] + share * (last.at[axis] - before.at[axis]));
    }
    if rng.random_bool(0.1) {
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let length = rng.random_range(0.02..0.09);
        let at = [last.at[0] + length * cos, last.at[1] + length * sin];
        controls.push(Control { at, is_corner: false });
    }
}

/// Reads the styles from the notation explained in `handwriting.txt`.
fn parse_styles(text: &str) -> Vec<Style> {
    let mut styles: Vec<Style> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if !line.starts_with(' ') {
            styles.extend(parse_heading(line));
        } else if let Some(style) = styles.last_mut() {
            style.shapes.push(parse_shape(line));
        }
    }
    styles
}

fn parse_heading(line: &str) -> Option<Style> {
    let mut words = line.split(' ');
    let (digit, share) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Style { digit, share, shapes: Vec::new() })
}

fn parse_shape(line: &str) -> Shape {
    let control = |text: &str| {
        let (x, y) = text.trim_end_matches('!').split_once(',')?;
        let at = [x.parse::<f32>().ok()? / 100.0, y.parse::<f32>().ok()? / 100.0];
        Some(Control { at, is_corner: text.ends_with('!') })
    };
    line.split('|').map(|stroke| stroke.split_whitespace().filter_map(control).collect()).collect()
}

/// The shapes of one of a digit's styles, more often of a common one.
fn pick_style(digit: u8, rng: &mut Rng) -> &'static [Shape] {
    let styles = || STYLES.iter().filter(|style| style.digit == digit);
    let total: f32 = styles().map(|style| style.share).sum();
    let mut left = total * rng.random::<f32>();
    let found = styles().find(|style| {
        left -= style.share;
        left < 0.0
    });
    found.or(styles().next_back()).map_or(&[], |style| &style.shapes)
}

/// A Catmull-Rom spline through the control points, broken at the corners.
fn spline(controls: &[Control]) -> Vec<Point> {
    const STEPS: usize = 8;
    let mut path: Vec<Point> = controls.first().map(|control| control.at).into_iter().collect();
    for index in 1..controls.len() {
        let [from, to] = [controls[index - 1], controls[index]];
        // At an end or a corner the point itself stands in for its missing neighbor.
        let before = match from.is_corner || index < 2 {
            true => from.at,
            false => controls[index - 2].at,
        };
        let after = match controls.get(index + 1) {
            Some(next) if !to.is_corner => next.at,
            _ => to.at,
        };
        let piece = [before, from.at, to.at, after];
        path.extend((1..=STEPS).map(|step| catmull_rom(piece, step as f32 / STEPS as f32)));
    }
    path
}

/// The point at `t`, 0 to 1, between the inner two of four points.
fn catmull_rom([a, b, c, d]: [Point; 4], t: f32) -> Point {
    [0, 1].map(|axis| {
        let (a, b, c, d) = (a[axis], b[axis], c[axis], d[axis]);
        let cubic = -a + 3.0 * b - 3.0 * c + d;
        let square = 2.0 * a - 5.0 * b + 4.0 * c - d;
        b + 0.5 * t * ((c - a) + t * (square + t * cubic))
    })
}

/// Points of the path at equal distances, and its end.
fn resampled(path: &[Point], stride: f32) -> Vec<Point> {
    let mut points: Vec<Point> = path.first().copied().into_iter().collect();
    let mut left = stride;
    for ends in path.windows(2) {
        let along = [ends[1][0] - ends[0][0], ends[1][1] - ends[0][1]];
        let length = along[0].hypot(along[1]);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            left = stride;
            let share = done / length;
            points.push([ends[0][0] + share * along[0], ends[0][1] + share * along[1]]);
        }
        left -= length - done;
    }
    points.extend(path.last());
    points
}

/// A normally distributed number with mean 0 and deviation 1, by Box and Muller.
fn gaussian(rng: &mut Rng) -> f32 {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    radius * (TAU * rng.random::<f32>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_do_not_depend_on_the_number_of_threads() {
        let on = |n_threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| generate(205, 7))
        };
        assert_eq!(on(1), on(3));
    }

    #[test]
    fn a_longer_set_begins_with_the_shorter_one() {
        let (short, long) = (generate(33, 1), generate(60, 1));
        assert_eq!(short.0, long.0[..short.0.len()]);
        assert_eq!(short.1, long.1[..33]);
        assert_ne!(short.0, generate(33, 2).0);
    }

    #[test]
    fn classes_are_balanced_and_shuffled() {
        let (images, labels) = generate(1000, 3);
        assert_eq!(images.len(), 1000 * SIDE * SIDE);
        for digit in 0..10 {
            assert_eq!(labels.iter().filter(|label| **label == digit).count(), 100);
        }
        assert_ne!(labels[..10], labels[10..20]);
    }

    #[test]
    fn every_image_has_ink() {
        let (images, _) = generate(500, 4);
        for image in images.chunks(SIDE * SIDE) {
            assert!(image.iter().filter(|ink| **ink > 127).count() > 15);
        }
    }

    #[test]
    fn a_drawing_knows_its_digit() {
        let drawing = draw(4, &mut Rng::seed_from_u64(1));
        assert_eq!(drawing.label.as_deref(), Some("4"));
        assert!(!drawing.is_empty());
    }

    #[test]
    fn the_shapes_of_a_style_match() {
        let outline = |shape: &Shape| -> Vec<Vec<bool>> {
            shape.iter().map(|stroke| stroke.iter().map(|control| control.is_corner).collect()).collect()
        };
        for style in STYLES.iter() {
            assert!(style.digit < 10 && style.share > 0.0 && !style.shapes.is_empty());
            for shape in &style.shapes {
                assert_eq!(outline(shape), outline(&style.shapes[0]), "digit {}", style.digit);
            }
        }
    }

    #[test]
    fn every_line_of_the_shapes_is_read() {
        let text = include_str!("handwriting.txt");
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(STYLES.len(), lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())).count());
        let shapes = STYLES.iter().flat_map(|style| &style.shapes);
        let n_points: usize = shapes.flatten().map(Vec::len).sum();
        let shape_lines = lines().filter(|line| line.starts_with(' '));
        assert_eq!(n_points, shape_lines.map(|line| line.matches(',').count()).sum::<usize>());
        for digit in 0..10 {
            assert!(STYLES.iter().any(|style| style.digit == digit));
        }
    }
}
