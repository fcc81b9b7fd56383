//! Colors as people see them who have no red, green or blue cones: after Machado, Oliveira & Fernandes 2009, "A
//! physiologically-based model for simulation of color vision deficiency", at full severity. What has to be told apart by
//! color stays apart, in the palettes and in the pictures of the real window.

use std::collections::HashSet;

use backprop_studio::ui::theme::Palette;
use eframe::egui::{Color32, Rgba};

type Matrix = [[f32; 3]; 3];

const NORMAL: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const PROTANOPIA: Matrix =
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]];
const DEUTERANOPIA: Matrix =
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]];
const TRITANOPIA: Matrix =
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]];
const VISIONS: [(&str, Matrix); 4] =
    [("normal", NORMAL), ("protanopia", PROTANOPIA), ("deuteranopia", DEUTERANOPIA), ("tritanopia", TRITANOPIA)];

/// The color that somebody sees, in CIE L*a*b*.
fn seen(color: Color32, vision: &Matrix) -> [f32; 3] {
    let linear = Rgba::from(color);
    let linear = [linear.r(), linear.g(), linear.b()];
    let sum = |row: &[f32; 3]| row.iter().zip(linear).map(|(weight, value)| weight * value).sum::<f32>();
    let [r, g, b] = vision.each_ref().map(|row| sum(row).clamp(0.0, 1.0));
    let xyz = [
        (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047,
        0.2126729 * r + 0.7151522 * g + 0.0721750 * b,
        (0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883,
    ];
    let [x, y, z] = xyz.map(|t| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// ΔE of 1976; 2.3 can just be seen side by side.
fn distance(a: Color32, b: Color32, vision: &Matrix) -> f32 {
    let (a, b) = (seen(a, vision), seen(b, vision));
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}

fn palettes() -> [(&'static str, &'static Palette); 3] {
    [
        ("dark", Palette::for_mode(true)),
        ("light", Palette::for_mode(false)),
        ("high contrast", Palette::high_contrast()),
    ]
}

#[test]
fn the_simulation_is_that_of_the_paper() {
    // Gray stays gray, and red and green that differ for most come close for people without green cones.
    for (name, vision) in VISIONS {
        let [_, a, b] = seen(Color32::from_gray(128), &vision);
        assert!(a.abs() < 1.0 && b.abs() < 1.0, "{name}: {a} {b}");
    }
    let (red, green) = (Color32::from_rgb(190, 80, 40), Color32::from_rgb(120, 115, 20));
    assert!(distance(red, green, &NORMAL) > 50.0);
    assert!(distance(red, green, &DEUTERANOPIA) < 12.0);
}

#[test]
fn what_is_told_apart_by_color_is_so_with_any_color_vision() {
    for (theme, palette) in palettes() {
        for (name, vision) in VISIONS {
            let Palette { train, validation, test, good, warning, bad, .. } = *palette;
            let pairs = [
                ("training and validation", train, validation, 40.0),
                ("validation and test", validation, test, 18.0),
                ("training and test", train, test, 18.0),
                ("good and bad", good, bad, 18.0),
                ("good and warning", good, warning, 18.0),
                ("warning and bad", warning, bad, 18.0),
            ];
            for (pair, a, b, least) in pairs {
                let distance = distance(a, b, &vision);
                assert!(distance >= least, "{theme}, {name}: {pair} differ by {distance:.1}");
            }
            // Four classes are the most that a picture of points has; the later ones bear their digits.
            for (count, least) in [(4, 12.0), (7, 11.0), (10, 8.0)] {
                for (at, a) in palette.classes[..count].iter().enumerate() {
                    for (other, b) in palette.classes[..at].iter().enumerate() {
                        let distance = distance(*a, *b, &vision);
                        assert!(distance >= least, "{theme}, {name}: classes {other} and {at} differ by {distance:.1}");
                    }
                }
            }
        }
    }
}

/// The colors of a picture that cover at least so many pixels.
fn colors(picture: &str, least: usize) -> HashSet<Color32> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(picture);
    let image = image::open(&path).expect("the picture is there").to_rgb8();
    let mut counted = std::collections::HashMap::<Color32, usize>::new();
    image.pixels().for_each(|pixel| *counted.entry(Color32::from_rgb(pixel[0], pixel[1], pixel[2])).or_default() += 1);
    counted.into_iter().filter(|(_, count)| *count >= least).map(|(color, _)| color).collect()
}

/// In the pictures of the window, of which other tests make sure that they are those of the program.
#[test]
fn curves_and_classes_of_the_window_stay_apart() {
    for (picture, is_dark) in [("learn-dark.png", true), ("learn-light.png", false)] {
        let (palette, found) = (Palette::for_mode(is_dark), colors(picture, 30));
        assert!(found.contains(&palette.train) && found.contains(&palette.validation), "{picture} has no curves");
        for (name, vision) in VISIONS {
            for line in [palette.train, palette.validation] {
                let ground = distance(line, palette.surface, &vision);
                assert!(ground >= 25.0, "{picture}, {name}: a curve differs from its ground by {ground:.1}");
            }
        }
    }
    let (palette, found) = (Palette::for_mode(true), colors("spiral-dark.png", 30));
    assert!(palette.classes[..2].iter().all(|class| found.contains(class)), "the points have no class colors");
}
