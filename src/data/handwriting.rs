//! The embedded data set `digits`: handwriting made up of pen strokes, one new writer per digit.
//!
//! Every digit has several styles, the ways people write it; a style is one or more shapes of
//! control points between which a writer settles. The writer's proportions, slant and steadiness
//! bend the control points, a spline joins them, and [`Drawing::image`] inks the strokes exactly
//! as it inks what somebody draws on the canvas.

use std::f32::consts::TAU;

use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rayon::prelude::*;

use super::drawing::Drawing;
use crate::nn::init::Rng;

/// Side of the images in pixels.
const SIDE: usize = 28;

/// How many classes there are, and how many digits share one generator.
const N_DIGITS: usize = 10;

type Point = [f32; 2];

/// One way of writing a digit.
struct Style {
    /// How common the style is compared with the digit's other styles.
    share: f32,

    /// Shapes with the same strokes and points, between any two of which a writer may settle.
    ///
    /// A shape is `x,y` in percent of the digit's box, y down; `!` makes a corner of a point and
    /// `|` lifts the pen.
    shapes: &'static [&'static str],
}

const fn style(share: f32, shapes: &'static [&'static str]) -> Style {
    Style { share, shapes }
}

/// The styles of the digits 0 to 9.
const STYLES: [&[Style]; N_DIGITS] = [
    &[
        // Closed, from the top to the left.
        style(
            6.0,
            &[
                "55,0 20,14 0,50 15,86 50,100 85,85 100,50 85,14 52,1",
                "62,0 30,6 4,40 6,78 36,100 76,92 98,62 94,22 58,2",
                "50,0 8,20 2,50 10,80 50,100 92,80 98,50 92,20 50,0",
            ],
        ),
        // Overlapping or with a tail inside.
        style(
            3.0,
            &[
                "75,10 42,2 8,28 2,65 30,98 70,95 98,62 92,22 62,0 32,8",
                "85,22 50,2 12,26 0,64 26,98 68,96 98,58 90,16 56,4 38,22",
                "60,12 40,0 8,28 2,65 30,98 70,95 98,62 92,22 66,8 50,14",
                "50,0 22,12 0,56 20,96 64,98 98,66 98,26 66,6 42,14 34,30",
                "74,-8 40,4 6,38 6,78 36,100 76,92 100,54 84,16 46,12 20,22",
                "30,12 12,28 0,62 18,94 60,100 94,76 100,34 70,2 34,6 16,34",
                "96,-4 44,4 8,34 0,70 30,98 70,92 98,58 86,24 50,16 24,30",
                "70,4 40,6 10,36 4,74 34,100 74,88 96,50 84,20 60,14 52,24",
            ],
        ),
        // Left open at the top.
        style(
            1.5,
            &[
                "45,4 18,14 0,50 15,86 50,100 85,85 100,50 88,14 66,0",
                "40,0 10,22 2,50 14,88 50,100 88,85 98,50 90,24 74,6",
                "30,0 8,24 0,56 16,92 54,100 90,84 100,44 84,12 48,10",
                "70,0 20,14 0,56 14,92 50,100 88,84 100,50 94,30 80,18",
            ],
        ),
        // From the top to the right.
        style(
            1.5,
            &[
                "45,0 80,10 100,50 85,86 50,100 15,86 0,50 15,14 50,2",
                "30,8 70,0 98,36 90,80 50,100 12,90 0,56 8,22 36,4",
                "2,22 44,0 92,14 98,54 72,92 30,98 4,70 14,30 52,4",
                "20,40 50,8 90,6 100,44 80,86 36,100 4,78 10,40 40,10",
            ],
        ),
        style(
            0.4,
            &[
                "55,0 20,14 0,50 15,86 50,100 85,85 100,50 85,14 52,1|84,10 16,92",
                "50,0 8,20 2,50 10,80 50,100 92,80 98,50 92,20 50,0|104,-6 -4,104",
            ],
        ),
    ],
    &[
        style(7.0, &["50,0 50,50 50,100", "52,0 48,50 50,100", "47,0 51,50 49,100"]),
        style(2.0, &["18,24! 50,0! 51,50 50,100", "32,20! 50,0! 50,50 52,100", "0,38! 50,0! 50,50 50,100"]),
        style(
            1.0,
            &[
                "20,24! 50,0! 51,50 50,100|10,100 90,100",
                "10,16! 46,0! 50,50 50,98|-6,98 106,98",
                "32,12! 50,0! 50,50 50,100|22,101 78,99",
            ],
        ),
        style(0.3, &["50,0 50,50 50,100|14,100 86,100", "50,0 50,50 50,98|25,100 75,100"]),
    ],
    &[
        // A sharp turn into a flat base.
        style(
            4.0,
            &[
                "5,25 18,6 50,0 85,10 92,32 70,62 34,86 0,100! 50,99 100,100",
                "0,16 24,2 54,2 82,16 80,38 56,64 28,84 4,98! 40,96 96,97",
                "8,34 10,10 44,0 84,6 98,32 80,60 44,80 6,97! 56,100 98,90",
                "14,30 22,8 48,0 72,10 72,34 56,60 34,80 8,92! 60,96 124,100",
                "0,20 20,0 52,4 70,22 62,44 42,66 20,84 -4,96! 44,90 110,78",
                "6,26 14,8 46,0 80,14 78,38 58,58 30,76 -2,86! 50,92 112,104",
                "8,34 14,10 44,0 76,8 78,32 58,60 30,82 6,97! 70,94 140,88",
                "24,10 30,4 44,0 60,8 64,34 52,60 30,82 4,96! 52,88 108,96",
            ],
        ),
        // A loop at the foot.
        style(
            4.0,
            &[
                "6,22 28,3 62,0 88,18 76,52 42,84 12,99 2,86 20,76 52,90 80,99 104,90",
                "10,14 34,0 66,6 82,26 66,56 38,86 16,98 8,90 22,82 50,92 76,98 98,96",
                "0,28 22,6 60,0 90,14 84,48 46,80 14,100 -4,84 18,68 54,84 84,98 110,80",
                "12,22 36,0 68,6 76,32 58,64 32,94 8,94 4,74 30,64 58,82 78,97 102,94",
                "16,10 50,0 84,14 84,44 60,74 34,98 10,98 4,80 22,68 48,78 74,94 92,98",
                "0,42 24,6 64,0 80,26 66,62 36,92 12,100 2,86 22,78 56,90 88,92 120,82",
            ],
        ),
        // A large loop, the pen turning late.
        style(
            4.0,
            &[
                "6,20 40,0 74,8 76,34 56,64 32,92 8,96 0,74 24,58 56,74 80,96 106,100",
                "4,16 40,0 78,8 88,36 74,68 42,94 12,96 0,78 22,62 56,66 82,82 108,98",
                "10,20 44,0 80,12 84,40 70,70 40,96 8,92 4,66 32,54 62,66 84,84 100,92",
                "0,10 40,2 84,10 98,40 84,74 50,100 12,98 -2,78 20,64 60,70 92,86 120,100",
                "16,24 34,0 72,2 84,34 76,66 52,94 20,100 8,84 30,66 64,70 96,80 130,84",
                "28,8 52,0 74,14 74,42 64,74 44,98 16,98 8,82 28,72 58,78 86,84 118,78",
            ],
        ),
        // A wavy base without a loop.
        style(
            2.0,
            &[
                "5,22 25,3 60,0 90,16 82,46 45,78 2,98! 28,84 60,98 104,86",
                "8,14 32,0 64,4 86,22 72,50 40,76 6,96! 34,90 62,100 98,94",
                "2,34 30,0 72,6 74,34 54,60 30,80 0,96! 40,86 76,96 112,96",
            ],
        ),
        style(0.8, &["5,6! 90,3! 48,50 4,98! 98,97", "4,12! 92,8! 50,56 0,98! 100,98"]),
    ],
    &[
        // Round, with a point in the middle.
        style(
            5.0,
            &[
                "8,14 40,0 82,8 84,34 38,48! 84,56 94,82 54,100 4,90",
                "2,8 42,0 76,12 72,34 34,46! 80,58 88,84 50,100 0,94",
                "10,20 36,2 84,4 92,30 46,46! 92,58 100,80 62,100 6,84",
                "24,8 48,0 76,8 74,26 42,36! 88,44 98,76 52,100 0,78",
                "0,22 36,0 88,8 90,36 56,52! 84,62 84,86 44,100 10,98",
                "10,10 48,0 76,8 62,26 36,46! 70,52 84,76 48,100 2,86",
                "14,4 60,2 96,4 70,24 46,42! 88,46 96,74 52,98 0,100",
                "4,10 50,0 96,10 88,40 44,56! 74,64 78,84 50,100 14,94",
                "6,12 44,0 80,10 66,36 34,54! 64,58 76,78 56,96 22,100",
            ],
        ),
        // A loop in the middle.
        style(
            2.0,
            &[
                "8,14 44,0 84,14 76,38 42,54 32,46 44,40 82,54 96,80 52,100 4,90",
                "4,10 40,0 78,10 74,34 44,50 34,48 42,44 76,54 90,82 48,100 0,92",
                "16,16 48,0 90,8 84,32 48,46 24,38 40,34 84,46 100,74 56,100 0,84",
            ],
        ),
        // Curled in at both ends.
        style(
            1.0,
            &[
                "14,32 8,10 46,0 84,12 80,36 42,48! 86,56 96,82 54,100 12,94 2,74",
                "22,24 16,6 50,0 80,10 74,32 40,46! 84,54 94,80 50,100 6,94 8,76",
            ],
        ),
        // A smooth middle, the pen hardly turning.
        style(
            2.0,
            &[
                "8,14 44,0 84,12 80,36 56,48 62,50 88,60 94,82 52,100 4,90",
                "0,10 40,0 76,14 70,36 48,46 56,50 84,62 88,84 46,100 -2,94",
            ],
        ),
        style(1.0, &["6,4! 90,2! 42,40! 84,52 96,80 52,100 4,90", "0,2! 84,0! 46,38! 90,54 94,82 46,100 0,94"]),
    ],
    &[
        // Open at the top, stem apart.
        style(
            5.0,
            &[
                "16,0 8,30 0,58! 50,57 104,54|76,2 74,50 70,100",
                "26,2 12,28 4,52! 44,52 92,50|84,8 80,50 74,100",
                "8,4 4,28 4,48! 46,50 90,48|88,0 86,50 84,100",
            ],
        ),
        // A rounded cup whose side is the stem.
        style(
            4.0,
            &[
                "10,2 4,34 18,52 50,52 84,38 94,2! 88,50 78,100",
                "14,0 0,36 12,56 44,56 84,42 94,6! 88,50 82,100",
                "0,10 8,40 30,54 58,50 84,36 100,0! 92,50 96,100",
                "0,0 0,28 14,44 50,46 84,32 92,0! 90,50 84,100",
            ],
        ),
        // Angular, in one stroke.
        style(2.0, &["22,0 4,54! 50,54 88,50! 90,8! 82,50 76,100", "30,2 0,60! 48,58 84,54! 84,20! 80,50 78,100"]),
        // Closed.
        style(
            1.2,
            &["72,0! 36,34 0,66! 50,66 104,64|72,0 71,50 70,100", "66,2! 30,30 0,60! 44,60 92,58|70,4 66,50 62,100"],
        ),
        style(1.0, &["98,58! 50,62 0,64! 36,30 72,0! 70,50 68,100", "108,50! 56,54 0,56! 34,26 76,0! 72,50 66,100"]),
    ],
    &[
        // The bar on top apart.
        style(
            4.0,
            &[
                "18,4 12,42! 54,34 94,60 80,94 36,100 0,88|20,4 60,3 100,0",
                "26,6 14,44! 52,38 84,62 72,94 34,100 4,90|24,6 60,2 96,4",
                "12,0 10,46! 50,40 96,64 86,92 44,100 2,94|14,2 56,6 90,-2",
                "30,12 22,48! 50,46 70,66 58,90 28,100 0,92|28,14 70,6 116,0",
                "22,6 8,40! 60,38 96,66 72,98 26,98 -2,76|22,8 48,6 78,4",
                "14,0 12,24! 60,24 98,56 84,92 36,100 0,84|16,2 56,4 96,0",
            ],
        ),
        // One stroke with corners.
        style(
            4.0,
            &[
                "96,2 56,2 18,5! 10,42! 54,34 94,62 78,94 38,100 0,90",
                "90,6 54,2 26,4! 16,44! 56,40 86,64 70,94 34,100 2,92",
                "100,0 62,4 14,2! 8,48! 52,44 96,68 84,96 40,100 4,86",
                "116,0 70,6 36,12! 26,46! 54,48 74,68 60,92 28,100 0,94",
                "92,0 50,4 16,6! 14,28! 60,28 98,58 84,94 36,100 -2,82",
                "88,4 50,2 18,6! 14,42! 56,32 92,58 80,92 36,100 2,70",
                "100,4 60,4 30,10! 22,40! 58,38 86,62 70,96 24,96 -6,72",
            ],
        ),
        // Round like an S.
        style(
            3.0,
            &[
                "96,4 52,0 22,14 22,36 56,48 86,66 76,92 38,100 2,90",
                "92,8 58,0 26,10 16,32 48,46 82,66 72,92 36,100 0,86",
                "92,4 56,0 24,10 16,36 52,40 88,64 76,96 30,100 0,72",
                "104,0 60,2 32,14 30,34 58,48 80,68 66,92 34,100 -2,94",
            ],
        ),
    ],
    &[
        style(
            5.0,
            &[
                "66,0 36,22 10,54 8,84 40,100 78,92 86,72 62,58 30,66 10,84",
                "80,2 44,16 12,48 4,80 36,100 80,94 92,72 64,56 28,64 8,82",
                "54,0 26,26 6,58 8,88 44,100 82,90 84,70 56,60 26,70 10,88",
            ],
        ),
        // A hook at the top.
        style(
            1.5,
            &[
                "84,8 60,0 24,14 4,52 8,86 46,100 84,88 90,66 58,52 8,72",
                "92,16 64,0 26,16 2,56 16,94 56,100 92,84 88,62 52,56 6,78",
            ],
        ),
        // A straight back.
        style(
            3.0,
            &[
                "60,0 34,34 8,70 16,96 54,100 88,84 78,60 44,58 14,76",
                "46,0 24,34 4,68 14,96 52,100 84,88 80,64 46,60 10,80",
            ],
        ),
        // The loop closes on the back or beyond it.
        style(
            2.0,
            &[
                "72,2 42,12 14,42 4,76 30,100 74,96 90,76 70,60 36,62 2,78",
                "66,0 34,24 10,58 10,88 44,100 80,88 80,70 54,62 26,72 22,92",
            ],
        ),
        // A wide bow with the loop inside it.
        style(
            2.5,
            &[
                "20,0 2,40 8,84 44,100 86,88 98,64 78,50 54,62 48,86",
                "40,0 6,30 2,76 36,100 84,92 96,66 72,50 42,60 28,84",
                "76,4 24,14 2,56 22,94 64,100 96,82 94,60 64,54 44,80",
                "8,0 4,46 14,92 46,100 80,84 86,64 66,56 44,70 38,94",
                "30,0 4,36 6,82 40,100 84,90 98,54 78,28 52,42 44,78",
            ],
        ),
    ],
    &[
        style(5.0, &["0,6 50,4 98,0! 66,46 46,100", "4,2 48,4 92,4! 64,50 54,100", "0,10 52,2 100,4! 74,44 34,100"]),
        // A curved turn at the top.
        style(
            3.0,
            &[
                "0,12 30,4 72,4 96,10 84,38 56,68 46,100",
                "2,6 36,2 78,0 92,10 76,40 52,70 34,100",
                "0,34 8,8 44,4 88,0 96,20 78,58 66,100",
                "0,22 14,10 44,16 80,0 84,24 62,60 50,100",
                "4,46 10,10 50,0 90,8 98,40 92,70 84,100",
            ],
        ),
        style(
            1.0,
            &[
                "0,12 30,4 72,4 96,10 84,38 56,68 46,100|20,56 54,54 90,50",
                "2,16 36,2 78,0 92,10 78,42 54,70 40,100|16,64 58,62 100,62",
            ],
        ),
        style(
            2.5,
            &[
                "0,6 50,4 98,0! 66,46 46,100|24,54 56,51 88,48",
                "4,2 48,4 92,4! 70,48 54,100|30,44 58,46 92,44",
                "0,14 48,8 92,0! 68,48 48,100|8,60 60,50 112,44",
                "0,8 48,6 96,4! 72,50 44,100|14,66 56,62 100,60",
            ],
        ),
        // A serif.
        style(
            2.0,
            &[
                "2,24! 6,4! 54,5 98,0! 68,46 48,100",
                "0,16! 0,2! 50,6 94,2! 64,50 40,100",
                "4,34! 8,6! 52,4 96,2! 82,50 72,100",
                "20,18! 30,2! 54,6 84,0! 66,50 52,100",
                "6,42! 10,8! 54,2 94,6! 92,50 86,100",
            ],
        ),
        style(
            0.7,
            &[
                "2,24! 6,4! 54,5 98,0! 68,46 48,100|28,54 58,51 90,48",
                "0,16! 0,2! 50,6 94,2! 64,50 40,100|22,46 54,48 84,46",
            ],
        ),
    ],
    &[
        // From the right, down as an S and back up.
        style(
            5.0,
            &[
                "84,14 50,0 16,16 32,38 66,56 88,78 50,100 12,80 36,54 72,36 82,12",
                "78,10 46,0 20,18 34,40 66,58 84,80 46,100 14,82 38,58 76,34 86,14",
                "92,8 54,0 14,14 26,36 66,54 92,78 56,100 8,82 30,54 76,34 96,6",
                "84,6 40,2 4,20 22,38 62,56 76,80 40,100 14,86 32,60 82,30 98,6",
                "80,14 56,0 30,14 34,34 74,54 98,82 50,100 2,80 22,54 62,36 78,16",
                "96,14 60,2 20,10 28,32 58,56 66,80 34,100 12,84 34,60 84,36 98,14",
                "86,18 54,0 14,8 14,34 52,52 74,70 70,92 48,100 36,84 54,58 88,30",
                "88,12 56,0 16,8 14,32 50,52 66,70 60,94 36,100 24,84 44,58 84,32",
                "78,16 48,0 6,14 14,40 50,50 80,66 84,90 62,100 50,80 60,54 82,34",
            ],
        ),
        // Open at the top.
        style(
            2.5,
            &[
                "76,16 44,2 14,18 32,40 66,58 86,80 50,100 12,80 36,54 74,32 98,4",
                "70,4 40,2 12,20 30,40 64,56 88,78 52,100 14,82 38,56 78,36 96,14",
                "60,10 32,2 4,14 24,36 56,56 66,82 38,100 16,84 34,58 78,28 112,-2",
                "88,4 52,4 18,18 30,40 62,58 78,80 46,100 20,80 40,56 80,34 100,20",
                "96,6 50,0 18,16 34,38 70,60 80,84 46,100 16,80 34,58 58,46 76,34",
                "104,8 58,4 22,20 28,40 60,54 74,78 44,100 12,88 24,62 50,44 70,22",
            ],
        ),
        // Two circles.
        style(
            1.5,
            &[
                "50,0 18,12 22,40 52,48 80,36 80,10 48,0|50,48 14,62 10,88 50,100 90,88 84,60 48,48",
                "48,0 24,14 26,34 50,44 76,32 74,10 50,2|46,46 8,66 16,92 54,100 88,84 80,56 50,46",
            ],
        ),
        // From the middle or from the left.
        style(
            2.0,
            &[
                "46,50 16,30 28,4 68,2 82,24 54,46 20,66 14,90 50,100 84,88 80,66 46,48",
                "56,46 20,28 30,4 64,0 80,22 54,46 16,68 18,94 52,100 88,86 76,60 52,46",
            ],
        ),
        // Open at the foot.
        style(
            0.5,
            &[
                "14,98 34,60 72,36 84,12 50,0 16,16 32,40 62,58 84,84 70,100 30,98",
                "4,90 30,60 76,34 86,14 54,0 14,14 28,40 64,58 88,82 84,96 60,100",
            ],
        ),
        style(
            1.0,
            &[
                "18,10 52,0 84,16 66,38 34,56 12,78 50,100 88,80 64,54 28,36 18,10",
                "24,16 48,0 80,14 68,38 36,58 16,80 54,100 86,80 60,54 24,34 28,10",
            ],
        ),
    ],
    &[
        // A straight stem with a corner.
        style(
            4.0,
            &[
                "86,14 50,0 12,16 8,42 42,52 80,36 90,8! 86,54 80,100",
                "82,8 44,0 10,18 12,40 46,46 78,30 86,6! 84,54 84,100",
                "90,20 56,2 14,12 4,40 36,56 78,42 92,12! 80,56 62,100",
                "100,4 60,2 20,18 4,44 30,54 66,40 92,14! 74,56 58,100",
                "84,4 48,8 16,30 10,50 40,54 72,38 96,16! 80,54 60,96",
                "80,8 58,0 28,8 24,28 44,38 68,28 82,6! 70,56 58,100",
            ],
        ),
        // The loop runs into the stem.
        style(
            3.0,
            &[
                "84,20 56,0 16,14 8,42 40,52 78,34 90,14 88,40 78,70 62,100",
                "88,26 62,2 20,10 6,38 34,50 72,38 88,14 86,40 80,70 76,100",
                "82,22 64,2 32,6 20,24 38,38 68,30 82,12 78,42 66,72 52,100",
            ],
        ),
        // A curved stem.
        style(
            2.0,
            &[
                "86,14 50,0 12,16 8,42 42,52 80,36 90,8! 92,48 78,90 42,100 8,90",
                "82,10 46,0 12,14 10,38 44,48 80,32 88,6! 90,48 80,88 50,100 20,96",
            ],
        ),
        // A closed loop, from the stem round and down.
        style(
            2.0,
            &[
                "80,36 46,52 10,40 14,12 50,0 84,12 88,40 84,70 78,100",
                "76,40 40,46 8,32 18,6 54,0 84,16 82,44 70,72 54,100",
            ],
        ),
        // Left open.
        // A small loop that hangs on the stem.
        style(
            2.0,
            &[
                "78,10 56,2 30,18 22,38 40,42 66,26 82,10! 72,54 60,100",
                "70,6 46,4 22,22 20,40 40,42 64,24 78,8! 74,50 74,100",
                "88,18 70,0 40,8 26,28 42,36 70,28 90,14! 76,56 52,100",
            ],
        ),
        // The loop closes below its start.
        style(
            2.5,
            &[
                "104,0 60,4 22,18 18,42 46,46 68,32 80,18! 70,60 60,100",
                "100,10 66,0 20,12 6,38 34,50 64,38 78,22! 74,60 70,100",
                "92,2 50,4 16,24 14,46 42,46 64,34 84,12! 62,60 40,100",
            ],
        ),
        style(
            1.0,
            &[
                "70,4 36,4 8,24 14,46 50,48 82,30 94,6! 88,54 82,100",
                "62,0 30,8 6,28 12,48 46,50 78,36 90,16! 82,56 72,100",
            ],
        ),
    ],
];

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

/// The strokes of one digit, 0 to 9, by a writer drawn at random.
pub fn draw(digit: u8, rng: &mut Rng) -> Drawing {
    let digit = usize::from(digit) % N_DIGITS;
    let writer = Writer::new(digit, rng);
    let shape = writer.shape(STYLES[digit], rng);
    let strokes = shape.iter().map(|stroke| writer.stroke(stroke, rng)).collect();
    Drawing { strokes, label: Some(digit.to_string()) }
}

/// One image of a digit, by a pen drawn at random.
fn ink(digit: u8, rng: &mut Rng, image: &mut [u8]) {
    let drawing = draw(digit, rng);
    let pen = (2.5 * (0.3 * gaussian(rng)).exp()).clamp(1.5, widest_pen(&drawing));
    let Some(pixels) = drawing.image(SIDE, pen) else { return };
    // Scanned ink has edges of varying softness.
    let softness = (0.25 * gaussian(rng)).exp();
    let shades: [u8; 256] = std::array::from_fn(|ink| ((ink as f32 / 255.0).powf(softness) * 255.0).round() as u8);
    for (shade, ink) in image.iter_mut().zip(pixels) {
        *shade = shades[usize::from(ink)];
    }
}

/// Width of the widest pen, in pixels, that does not fill the loops of a drawing. A line has none.
fn widest_pen(drawing: &Drawing) -> f32 {
    let points = drawing.strokes.iter().flatten();
    let (left, right) =
        points.fold((f32::MAX, f32::MIN), |(left, right), point| (left.min(point[0]), right.max(point[0])));
    match drawing.label.as_deref() {
        Some("0" | "1") => 6.0,
        _ => (1.0 + 5.0 * (right - left)).clamp(2.0, 5.0),
    }
}

/// A control point; a sharp one is a corner of the path.
#[derive(Clone, Copy)]
struct Control {
    at: Point,
    is_corner: bool,
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
    /// Waves, across and down, that move neighbouring parts together: size, frequency and phase.
    waves: [[f32; 3]; 2],
    /// Deviation of the control points from the shape.
    sloppiness: f32,
    /// Deviation of the pen from its path.
    tremor: f32,
    /// Distance between the points at which a mouse was sampled; the path between is straight.
    stride: f32,
}

impl Writer {
    fn new(digit: usize, rng: &mut Rng) -> Self {
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
    fn shape(&self, styles: &[Style], rng: &mut Rng) -> Vec<Vec<Control>> {
        let Style { shapes, .. } = pick(styles, rng);
        let first = parse(shapes[rng.random_range(0..shapes.len())]);
        let second = parse(shapes[rng.random_range(0..shapes.len())]);
        let share = rng.random_range(-0.35..0.75);
        let mixed = |(a, b): (&Control, &Control), rng: &mut Rng| {
            let at =
                [0, 1].map(|axis| a.at[axis] + share * (b.at[axis] - a.at[axis]) + self.sloppiness * gaussian(rng));
            Control { at: self.placed(at), is_corner: a.is_corner }
        };
        let strokes = first.iter().zip(&second);
        strokes.map(|(a, b)| a.iter().zip(b).map(|pair| mixed(pair, rng)).collect()).collect()
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
    let &[.., before, last] = controls.as_slice() else { return };
    let along = [last.at[0] - before.at[0], last.at[1] - before.at[1]];
    if rng.random_bool(0.4) {
        let share = 0.15 * gaussian(rng);
        let at = [last.at[0] + share * along[0], last.at[1] + share * along[1]];
        if let Some(end) = controls.last_mut() {
            end.at = at;
        }
    }
    if rng.random_bool(0.1) {
        let angle = rng.random_range(0.0..TAU);
        let length = rng.random_range(0.02..0.09);
        let at = [last.at[0] + length * angle.cos(), last.at[1] + length * angle.sin()];
        controls.push(Control { at, is_corner: false });
    }
}

/// Reads a shape into strokes in the unit box.
fn parse(shape: &str) -> Vec<Vec<Control>> {
    let control = |text: &str| {
        let (x, y) = text.trim_end_matches('!').split_once(',')?;
        let at = [x.parse::<f32>().ok()? / 100.0, y.parse::<f32>().ok()? / 100.0];
        Some(Control { at, is_corner: text.ends_with('!') })
    };
    shape.split('|').map(|stroke| stroke.split_whitespace().filter_map(control).collect()).collect()
}

/// A style at random, common ones more often.
fn pick<'a>(styles: &'a [Style], rng: &mut Rng) -> &'a Style {
    let total: f32 = styles.iter().map(|style| style.share).sum();
    let mut left = rng.random_range(0.0..total);
    let found = styles.iter().find(|style| {
        left -= style.share;
        left < 0.0
    });
    found.unwrap_or(&styles[0])
}

/// A Catmull-Rom spline through the control points, broken at the corners.
fn spline(controls: &[Control]) -> Vec<Point> {
    const STEPS: usize = 8;
    let mut path: Vec<Point> = controls.first().map(|control| control.at).into_iter().collect();
    for index in 1..controls.len() {
        let [from, to] = [controls[index - 1], controls[index]];
        // Beyond an end or a corner the path is thought to go on as it was.
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
        for style in STYLES.iter().copied().flatten() {
            let outline = |shape: &str| -> Vec<Vec<bool>> {
                let strokes = parse(shape).into_iter();
                strokes.map(|stroke| stroke.iter().map(|control| control.is_corner).collect()).collect()
            };
            for shape in style.shapes {
                assert_eq!(outline(shape), outline(style.shapes[0]), "{shape}");
                let n_points: usize = parse(shape).iter().map(Vec::len).sum();
                assert_eq!(n_points, shape.matches(',').count(), "{shape}");
            }
        }
    }
}
