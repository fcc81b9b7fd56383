//! Pen strokes, and the one way they become the pixels a network reads.
//!
//! The canvas, dropped files and the synthetic digits all go through [`Drawing::image`], so what a
//! network is trained on and what a person draws look alike: both are made the way MNIST was.

use ndarray::Array2;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// Default width of the pen, in pixels of a 28-pixel image; the median in MNIST is a little wider.
pub const PEN_WIDTH: f32 = 2.2;

/// MNIST's image side in pixels; pen widths and margins are given at this size.
const MNIST_SIDE: f32 = 28.0;

/// The longer side, in pixels of a 28-pixel image, to which MNIST scaled the ink.
const INK_SIDE: f32 = 20.0;

/// Points closer together than this, in pixels of the image, add nothing one can see.
const MIN_SPACING: f32 = 0.25;

/// The largest coordinate, in either direction, that a drawing read from a file may have.
const MAX_COORDINATE: f32 = 1e9;

/// The most points that one drawing read from a file may have.
const MAX_POINTS: usize = 1_000_000;

/// The steps that make an image of strokes, as MNIST was made: all of them, unless somebody wants to see what each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preparation {
    /// The middle of the ink's box is moved to the middle of the image.
    pub crop: bool,
    /// The ink is scaled until the longer side of its box is 20 of 28 pixels.
    pub scale: bool,
    /// The ink is moved by whole pixels until its center of mass is in the middle.
    pub center: bool,
    /// The pixels are divided by 255 on their way into the network, as in training.
    pub normalize: bool,
}

impl Default for Preparation {
    fn default() -> Self {
        Self { crop: true, scale: true, center: true, normalize: true }
    }
}

impl Preparation {
    const NONE: Self = Self { crop: false, scale: false, center: false, normalize: true };

    /// The same up to each of its steps: nothing, cropped, scaled, centered.
    pub fn stages(self) -> [Self; 4] {
        let Self { crop, scale, .. } = self;
        [Self::NONE, Self { crop, ..Self::NONE }, Self { crop, scale, ..Self::NONE }, self]
    }
}

type Point = [f32; 2];

/// A drawing as pen strokes, in any unit, x to the right, y down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// Each stroke is the path of the pen from touching the paper to leaving it.
    #[serde(deserialize_with = "checked_strokes")]
    pub strokes: Vec<Vec<[f32; 2]>>,

    /// What the drawing shows, such as `7`, if it is known.
    #[serde(default, deserialize_with = "word_or_number", skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Why a text cannot be read as drawings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawingError {
    /// The text has no drawing in it.
    #[error("Expected at least one drawing such as {{\"strokes\": [[[x, y], [x, y]]]}}, but found none.")]
    Empty,

    /// Something in the text is not a drawing.
    #[error("Line {line} is not a drawing such as {{\"strokes\": [[[x, y], [x, y]]], \"label\": \"7\"}}: {found}.")]
    Malformed {
        /// Line in the text, counted from 1.
        line: usize,
        /// What is wrong there.
        found: String,
    },
}

impl Drawing {
    /// Whether there is no ink: no point with finite coordinates.
    pub fn is_empty(&self) -> bool {
        self.finite_points().next().is_none()
    }

    /// The drawing as pixels from 0 (paper) to 255 (ink), `side` × `side`, or `None` without ink.
    ///
    /// As in MNIST, the ink including the pen's width is 20 of 28 pixels on its longer side, and
    /// it is moved by whole pixels until its center of mass is at pixel `side / 2`. A tap stays a dot of
    /// the pen's width. `pen` is the width of the strokes in pixels of a 28-pixel image; like the
    /// margin it grows with `side`.
    pub fn image(&self, side: usize, pen: f32) -> Option<Array2<u8>> {
        self.prepared(side, pen, Preparation::default())
    }

    /// The same with the steps of `preparation` alone. What is not cropped or scaled is as it is on the paper, which reaches from
    /// 0 to 1 in both directions.
    pub fn prepared(&self, side: usize, pen: f32, preparation: Preparation) -> Option<Array2<u8>> {
        let unit = side as f32 / MNIST_SIDE;
        let pen = pen.clamp(0.1, INK_SIDE) * unit;
        let strokes = self.fitted(side, pen, preparation)?;

        let mut canvas = Canvas::new(side);
        for stroke in &strokes {
            canvas.stroke(stroke, pen / 2.0);
        }
        let margin = match preparation {
            Preparation { center: false, .. } => 0,
            Preparation { crop: true, scale: true, .. } => ((MNIST_SIDE - INK_SIDE) / 2.0 * unit) as isize,
            _ => side as isize,
        };
        Some(canvas.centred(margin))
    }

    /// Parses a file: one JSON drawing, an array of drawings, or JSON Lines with one on each line.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, DrawingError> {
        let text = text.trim_start_matches('\u{feff}');
        let drawings = if text.trim_start().starts_with('[') {
            serde_json::from_str(text)
        } else {
            serde_json::Deserializer::from_str(text).into_iter().collect()
        };
        let drawings: Vec<Self> = drawings.map_err(malformed)?;
        if drawings.is_empty() { Err(DrawingError::Empty) } else { Ok(drawings) }
    }

    fn finite_points(&self) -> impl Iterator<Item = Point> + '_ {
        self.strokes.iter().flatten().copied().filter(is_finite)
    }

    /// The strokes in pixels, scaled so that ink drawn by `pen` fills the box, and moved so that it is in the middle.
    fn fitted(&self, side: usize, pen: f32, preparation: Preparation) -> Option<Vec<Vec<Point>>> {
        let (min, max) = self.bounds()?;
        // The halves are subtracted, not the ends, so that huge coordinates do not overflow.
        let middle = [min[0] / 2.0 + max[0] / 2.0, min[1] / 2.0 + max[1] / 2.0];
        let half = (max[0] / 2.0 - min[0] / 2.0).max(max[1] / 2.0 - min[1] / 2.0);
        let size = [min[0], min[1], max[0], max[1]].into_iter().fold(0.0, |a: f32, b| a.max(b.abs()));
        let half_box = (side as f32 / MNIST_SIDE * INK_SIDE - pen) / 2.0;
        // What is only rounding of the coordinates is a tap, which must not be blown up.
        let is_tap = half <= size * 1e-6;
        let side = side as f32;
        let to_pixel = |point: Point| {
            let offset = |axis: usize| match is_tap {
                true => 0.0,
                false if preparation.scale => (point[axis] - middle[axis]) / half * half_box,
                false => (point[axis] - middle[axis]) * side,
            };
            let place = |axis: usize| if preparation.crop { side / 2.0 } else { middle[axis] * side };
            [place(0) + offset(0), place(1) + offset(1)]
        };
        let strokes = self.strokes.iter();
        Some(strokes.map(|stroke| simplified(stroke.iter().copied().filter(is_finite).map(to_pixel))).collect())
    }

    fn bounds(&self) -> Option<(Point, Point)> {
        self.finite_points().map(|point| (point, point)).reduce(|(min, max), (point, _)| {
            ([min[0].min(point[0]), min[1].min(point[1])], [max[0].max(point[0]), max[1].max(point[1])])
        })
    }
}

fn is_finite(point: &Point) -> bool {
    point.iter().all(|coordinate| coordinate.is_finite())
}

/// The path without points that hardly move the pen; its first and last points stay.
fn simplified(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    let mut skipped = None;
    for point in points {
        let is_near = kept.last().is_some_and(|last| distance(*last, point) < MIN_SPACING);
        if is_near {
            skipped = Some(point);
        } else {
            kept.push(point);
            skipped = None;
        }
    }
    kept.extend(skipped);
    kept
}

fn distance(a: Point, b: Point) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// x and y, and whatever a pen tells after them, such as time and pressure.
struct FilePoint(Point);

impl<'de> Deserialize<'de> for FilePoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Coordinates;

        impl<'de> Visitor<'de> for Coordinates {
            type Value = FilePoint;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of length 2")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<FilePoint, A::Error> {
                let mut point = [0.0; 2];
                for (at, coordinate) in point.iter_mut().enumerate() {
                    *coordinate = seq.next_element()?.ok_or_else(|| A::Error::invalid_length(at, &self))?;
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(FilePoint(point))
            }
        }

        deserializer.deserialize_seq(Coordinates)
    }
}

/// A label, which may be written as a number.
fn word_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a number as label")]
    enum Label {
        Word(String),
        Number(serde_json::Number),
    }
    let label = Option::<Label>::deserialize(deserializer)?;
    Ok(label.map(|label| match label {
        Label::Word(word) => word,
        Label::Number(number) => number.to_string(),
    }))
}

fn checked_strokes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<Point>>, D::Error> {
    let strokes = Vec::<Vec<FilePoint>>::deserialize(deserializer)?;
    let strokes: Vec<Vec<Point>> =
        strokes.into_iter().map(|stroke| stroke.into_iter().map(|FilePoint(point)| point).collect()).collect();
    let n_points: usize = strokes.iter().map(Vec::len).sum();
    if n_points > MAX_POINTS {
        return Err(D::Error::custom(format!("{n_points} points, more than {MAX_POINTS}")));
    }
    // Written so that NaN, which compares as false, is refused too.
    let is_sane = |coordinate: &f32| coordinate.abs() <= MAX_COORDINATE;
    match strokes.iter().flatten().flatten().find(|coordinate| !is_sane(coordinate)) {
        Some(_) => Err(D::Error::custom("a coordinate beyond a thousand million")),
        None => Ok(strokes),
    }
}

fn malformed(error: serde_json::Error) -> DrawingError {
    let message = error.to_string();
    let found = message.rsplit_once(" at line ").map_or(message.as_str(), |(found, _)| found);
    DrawingError::Malformed { line: error.line().max(1), found: found.to_owned() }
}

/// Grey-scale ink, each pixel covered from 0 to 1.
struct Canvas {
    side: usize,
    ink: Vec<f32>,
}

impl Canvas {
    fn new(side: usize) -> Self {
        Self { side, ink: vec![0.0; side * side] }
    }

    /// Inks a path with a round pen; strokes that cross do not get darker, as on paper.
    fn stroke(&mut self, path: &[Point], radius: f32) {
        if let [dot] = path {
            self.segment(*dot, *dot, radius);
        }
        for ends in path.windows(2) {
            self.segment(ends[0], ends[1], radius);
        }
    }

    /// Inks the pixels near one straight piece by their distance to it, which gives round caps and
    /// joins, and edges as soft as if the area covered had been measured.
    fn segment(&mut self, a: Point, b: Point, radius: f32) {
        let reach = radius + 0.5;
        let columns = self.pixels_between(a[0].min(b[0]) - reach, a[0].max(b[0]) + reach);
        let rows = self.pixels_between(a[1].min(b[1]) - reach, a[1].max(b[1]) + reach);
        let along = [b[0] - a[0], b[1] - a[1]];
        let per_length = 1.0 / (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
        // A pen thinner than a pixel leaves fainter ink, not less than none.
        let darkest = (2.0 * radius).min(1.0);
        for row in rows {
            let y = row as f32 + 0.5 - a[1];
            for column in columns.clone() {
                let x = column as f32 + 0.5 - a[0];
                let share = ((x * along[0] + y * along[1]) * per_length).clamp(0.0, 1.0);
                let (dx, dy) = (x - share * along[0], y - share * along[1]);
                let distance_squared = dx * dx + dy * dy;
                if distance_squared < reach * reach {
                    let ink = (reach - distance_squared.sqrt()).min(darkest);
                    let pixel = &mut self.ink[row * self.side + column];
                    *pixel = pixel.max(ink);
                }
            }
        }
    }

    fn pixels_between(&self, low: f32, high: f32) -> std::ops::Range<usize> {
        (low.max(0.0) as usize)..(high.ceil().max(0.0) as usize).min(self.side)
    }

    /// The ink moved by whole pixels until its center of mass is within half a pixel of where MNIST
    /// has it, but never by more than `margin`, which would push it out of the image.
    fn centred(&self, margin: isize) -> Array2<u8> {
        let side = self.side as isize;
        let middle = self.side as f32 / 2.0;
        // Symmetric ink is exactly between two places; a little less than half a pixel keeps it
        // from jumping with the rounding of its coordinates.
        let shift =
            self.centre_of_mass().map(|centre| ((middle - centre + 0.45).floor() as isize).clamp(-margin, margin));
        Array2::from_shape_fn((self.side, self.side), |(row, column)| {
            let (x, y) = (column as isize - shift[0], row as isize - shift[1]);
            let is_inside = (0..side).contains(&x) && (0..side).contains(&y);
            if is_inside { (self.ink[(y * side + x) as usize] * 255.0).round() as u8 } else { 0 }
        })
    }

    fn centre_of_mass(&self) -> Point {
        let (mut mass, mut moment) = (f32::MIN_POSITIVE, [0.0, 0.0]);
        for (index, ink) in self.ink.iter().enumerate() {
            mass += ink;
            moment[0] += ink * (index % self.side) as f32;
            moment[1] += ink * (index / self.side) as f32;
        }
        moment.map(|moment| moment / mass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(strokes: &[&[Point]]) -> Drawing {
        Drawing { strokes: strokes.iter().map(|stroke| stroke.to_vec()).collect(), label: None }
    }

    fn seven() -> Drawing {
        drawing(&[&[[10.0, 12.0], [60.0, 10.0], [35.0, 60.0], [30.0, 95.0]], &[[20.0, 50.0], [55.0, 48.0]]])
    }

    fn image(drawing: &Drawing) -> Array2<u8> {
        drawing.image(28, PEN_WIDTH).unwrap()
    }

    /// Width and height of the pixels that have ink.
    fn ink_box(image: &Array2<u8>) -> [usize; 2] {
        let extent = |axis| {
            let inked = image.indexed_iter().filter(|(_, ink)| **ink > 0);
            let positions: Vec<usize> = inked.map(|((row, column), _)| [column, row][axis]).collect();
            positions.iter().max().unwrap() - positions.iter().min().unwrap() + 1
        };
        [extent(0), extent(1)]
    }

    #[test]
    fn each_step_of_the_preparation_moves_or_scales_the_ink() {
        let corner = drawing(&[&[[0.05, 0.1], [0.3, 0.1], [0.3, 0.35]]]);
        let middle_of = |image: &Array2<u8>| {
            let inked: Vec<_> = image.indexed_iter().filter(|(_, ink)| **ink > 0).map(|(place, _)| place).collect();
            let ends = |places: Vec<usize>| (places.iter().min().unwrap() + places.iter().max().unwrap()) as f32 / 2.0;
            [ends(inked.iter().map(|place| place.1).collect()), ends(inked.iter().map(|place| place.0).collect())]
        };
        let stages = Preparation::default().stages();
        let images = stages.map(|stage| corner.prepared(28, PEN_WIDTH, stage).unwrap());
        let [ink, cropped, scaled, centered] = &images;
        // 0.25 of 28 pixels and the pen.
        assert!(ink_box(ink).iter().all(|side| (9..=10).contains(side)) && ink_box(cropped) == ink_box(ink));
        let near = |image: &Array2<u8>, expected: [f32; 2]| {
            middle_of(image).iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= 1.0)
        };
        assert!(near(ink, [0.175 * 28.0 - 0.5, 0.225 * 28.0 - 0.5]), "{:?}", middle_of(ink));
        assert!(near(cropped, [13.5, 13.5]) && near(scaled, [13.5, 13.5]));
        assert_eq!(ink_box(scaled), [20, 20]);
        assert!(middle_of(centered)[0] < 12.0, "the corner's mass is at its right: {:?}", middle_of(centered));
        assert_eq!(Some(centered), corner.image(28, PEN_WIDTH).as_ref());
        let off = Preparation { scale: false, ..Preparation::default() };
        let centered_alone = corner.prepared(28, PEN_WIDTH, off).unwrap();
        assert!(ink_box(&centered_alone) == ink_box(ink) && !near(&centered_alone, [13.5, 13.5]));
    }

    #[test]
    fn the_ink_box_is_20_of_28_pixels() {
        for pen in [1.0, PEN_WIDTH, 4.0] {
            assert_eq!(ink_box(&seven().image(28, pen).unwrap())[1], 20, "pen {pen}");
        }
        assert_eq!(ink_box(&seven().image(56, PEN_WIDTH).unwrap())[1], 40);
    }

    #[test]
    fn the_centre_of_mass_is_in_the_middle() {
        let image = image(&seven());
        let mass: f32 = image.iter().map(|ink| f32::from(*ink)).sum();
        let moment = image.indexed_iter().fold([0.0, 0.0], |[x, y], ((row, column), ink)| {
            let ink = f32::from(*ink);
            [x + ink * column as f32, y + ink * row as f32]
        });
        for moment in moment {
            assert!((moment / mass - 14.0).abs() < 0.56, "{}", moment / mass);
        }
    }

    #[test]
    fn place_and_unit_of_the_strokes_do_not_matter() {
        for (scale, shift) in [(0.001, 0.0), (1.0, 500.0), (37.0, -20_000.0)] {
            let mut moved = seven();
            for coordinate in moved.strokes.iter_mut().flatten().flatten() {
                *coordinate = *coordinate * scale + shift;
            }
            let differences = image(&moved).into_iter().zip(image(&seven()));
            let largest = differences.map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(largest <= 4, "scale {scale}, shift {shift}: {largest}");
        }
    }

    #[test]
    fn without_ink_there_is_no_image() {
        for empty in [drawing(&[]), drawing(&[&[]]), drawing(&[&[[f32::NAN, 1.0]]])] {
            assert!(empty.is_empty());
            assert_eq!(empty.image(28, PEN_WIDTH), None);
        }
    }

    #[test]
    fn a_tap_is_a_dot_of_the_pens_width() {
        let tap = image(&drawing(&[&[[300.0, 200.0], [300.0, 200.0]]]));
        assert!(ink_box(&tap).iter().all(|extent| *extent <= 4));
        let mass: f32 = tap.iter().map(|ink| f32::from(*ink) / 255.0).sum();
        let area = std::f32::consts::PI * (PEN_WIDTH / 2.0).powi(2);
        assert!((mass - area).abs() < 0.1 * area, "{mass} instead of {area}");
    }

    #[test]
    fn a_vertical_line_stays_thin_and_in_the_middle() {
        let line = image(&drawing(&[&[[50.0, 0.0], [50.0, 300.0]]]));
        assert_eq!(ink_box(&line), [4, 20]);
        assert_eq!(line.row(14).to_vec(), line.row(14).iter().rev().copied().collect::<Vec<_>>());
    }

    #[test]
    fn extreme_coordinates_still_give_an_image() {
        let huge = drawing(&[&[[-f32::MAX, f32::MAX], [f32::MAX, -f32::MAX]]]);
        assert_eq!(ink_box(&image(&huge)), [20, 20]);
        let tiny = drawing(&[&[[0.0, 0.0], [f32::MIN_POSITIVE, 0.0]]]);
        assert!(tiny.image(28, f32::NAN).is_some());
        assert!(seven().image(0, PEN_WIDTH).is_some_and(|image| image.is_empty()));
    }

    #[test]
    fn files_hold_one_drawing_an_array_or_one_a_line() {
        let json = serde_json::to_string(&seven()).unwrap();
        assert_eq!(Drawing::parse_all(&json).unwrap(), [seven()]);
        assert_eq!(Drawing::parse_all(&format!("[{json},\n{json}]")).unwrap().len(), 2);
        assert_eq!(Drawing::parse_all(&format!("{json}\n\n{json}\n")).unwrap().len(), 2);
        let labelled = Drawing::parse_all(r#"{"strokes": [[[1, 2]]], "label": "7"}"#).unwrap();
        assert_eq!(labelled[0].label.as_deref(), Some("7"));
        let from_a_pen =
            Drawing::parse_all("\u{feff}{\"strokes\": [[[1, 2, 30], [3, 4, 60, 0.5]]], \"label\": 7}").unwrap();
        assert_eq!(
            (from_a_pen[0].label.as_deref(), &from_a_pen[0].strokes[0][..]),
            (Some("7"), &[[1.0, 2.0], [3.0, 4.0]][..])
        );
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        let good = r#"{"strokes": [[[1, 2]]]}"#;
        for bad in [r#"{"strokes": [[[1, NaN]]]}"#, r#"{"strokes": [[[1, 2e9]]]}"#, r#"{"strokes": [[[1]]]}"#, "7"] {
            let error = Drawing::parse_all(&format!("{good}\n{bad}\n{good}")).unwrap_err();
            assert!(error.to_string().starts_with("Line 2 "), "{error}");
        }
        assert_eq!(Drawing::parse_all(" \n"), Err(DrawingError::Empty));
        assert_eq!(Drawing::parse_all("[]"), Err(DrawingError::Empty));
    }
}
