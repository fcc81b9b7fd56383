//! The real window around the studio.

use std::path::PathBuf;
use std::sync::Arc;

use eframe::egui::{IconData, ViewportBuilder};

use super::{Document, Studio};
use crate::language::Language;
use crate::project::Project;
use crate::project::working_copy::FILE;
use crate::runs::store::user_folder;
use crate::ui::commands::Command;
use crate::ui::theme::Palette;

/// The name under which the desktop knows the program and keeps its settings.
const APP_ID: &str = "backprop-studio";

const ICON_SIDE: u32 = 64;

/// Opens the window with a project, and with a lesson or a run first, in a language that is asked for or in the one that was chosen there, and comes back
/// when it is closed.
pub fn run(
    open: Option<(Project, Option<PathBuf>)>,
    first: Option<&str>,
    language: Option<&'static Language>,
) -> Result<(), eframe::Error> {
    let viewport = ViewportBuilder::default()
        .with_title("Backprop Studio")
        .with_app_id(APP_ID)
        .with_icon(Arc::new(icon()))
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([1024.0, 640.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, system_font_fallback: true, ..Default::default() };
    let open = open.map(|(project, path)| Document { project, path });
    let first = first.map(str::to_owned);
    eframe::run_native(
        "Backprop Studio",
        options,
        Box::new(|cc| {
            let (folder, is_restored) = (user_folder(), open.is_none());
            let copy = folder.as_deref().and_then(|runs| runs.parent()).map(|folder| folder.join(FILE));
            let studio = Studio::new(cc, open).keeping_runs(folder);
            let mut studio = studio.copying_to(&cc.egui_ctx, copy, is_restored);
            if let Some(language) = language {
                studio.window_mut().language = Some(language.code.to_owned());
            }
            if !std::mem::replace(&mut studio.window_mut().has_begun, true) && is_restored && first.is_none() {
                studio.act(&cc.egui_ctx, Command::Start);
            }
            Ok(Box::new(studio.beginning_with(first)))
        }),
    )
}

/// A loss curve on its way down, in the colors of the dark theme.
fn icon() -> IconData {
    let palette = Palette::for_mode(true);
    let side = ICON_SIDE as f32;
    let pixels = (0..ICON_SIDE * ICON_SIDE).flat_map(|pixel| {
        let (x, y) = ((pixel % ICON_SIDE) as f32 + 0.5, (pixel / ICON_SIDE) as f32 + 0.5);
        let share = (x / side - 0.16) / 0.68;
        let height = 0.2 + 0.58 * (1.0 - (-3.4 * share).exp());
        // The distance to a curve is about the vertical one, shortened by its slope.
        let slope = 0.58 * 3.4 * (-3.4 * share).exp() / 0.68;
        let distance = (y / side - height).abs() / (1.0 + slope * slope).sqrt();
        let is_on_curve = (0.0..=1.0).contains(&share) && distance < 0.05;
        let is_corner = corner_distance(x, y, side) > 12.0;
        let color = if is_on_curve { palette.accent } else { palette.raised };
        let [r, g, b, _] = color.to_array();
        [r, g, b, if is_corner { 0 } else { 255 }]
    });
    IconData { rgba: pixels.collect(), width: ICON_SIDE, height: ICON_SIDE }
}

/// How far a point is from the center of the rounded corner it lies in; zero outside the corners.
fn corner_distance(x: f32, y: f32, side: f32) -> f32 {
    let outside = |v: f32| (12.0 - v).max(v - (side - 12.0)).max(0.0);
    outside(x).hypot(outside(y))
}
