//! Saving a chart: a text as it is, a picture from what the window shows.

use std::path::PathBuf;

use eframe::egui::{ColorImage, Context};
use image::{ImageFormat, RgbaImage};

use super::Studio;
use super::files::short;
use crate::project::whole::write_whole;
use crate::ui::commands::PathFor;
use crate::ui::jobs::report::Report;
use crate::ui::widgets::chart_file::{ChartContent, ChartFile, take_wanted};

impl Studio {
    /// Takes the chart that somebody wants to save, and asks where. A picture is taken of the next frame, without the menu.
    pub(super) fn ask_for_charts(&mut self, ctx: &Context) {
        let wanted = take_wanted(ctx);
        if let Some(ChartFile { name, content: ChartContent::Place(place) }) = wanted {
            let (sender, waker, scale) = (self.pictures.0.clone(), ctx.clone(), ctx.pixels_per_point());
            ctx.request_screenshot(move |screen| {
                let content = ChartContent::Png(png(&screen.region(&place, Some(scale))));
                let _ = sender.send(ChartFile { name, content });
                waker.request_repaint();
            });
        } else if let Some(file) = wanted.or_else(|| self.pictures.1.try_recv().ok()) {
            self.chart = Some(file);
            self.choose(ctx, PathFor::SaveChart);
        }
    }

    pub(super) fn save_chart(&mut self, ctx: &Context, path: PathBuf) {
        let Some(chart) = self.chart.take() else { return };
        self.tasks.spawn(ctx, "writing the chart", move || {
            let bytes = match chart.content {
                ChartContent::Text(text, _) => text.into_bytes(),
                ChartContent::Png(bytes) => bytes,
                ChartContent::Sound(sound) => match sound.wav() {
                    Ok(bytes) => bytes,
                    Err(error) => return Report::Warned(format!("{}: {error}.", path.display())),
                },
                // It has become one of the others before anybody was asked where to put it.
                ChartContent::Place(_) => Vec::new(),
            };
            match write_whole(&path, &bytes) {
                Ok(()) => Report::Told(format!("Saved the chart as {}.", short(&path))),
                Err(error) => Report::Warned(format!("{}: {error}.", path.display())),
            }
        });
    }
}

/// A picture as the contents of a PNG file; nothing if it has no pixels.
fn png(picture: &ColorImage) -> Vec<u8> {
    let [width, height] = picture.size.map(|side| u32::try_from(side).unwrap_or_default());
    let pixels = picture.pixels.iter().flat_map(|pixel| pixel.to_array()).collect();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let written = RgbaImage::from_raw(width, height, pixels).map(|image| image.write_to(&mut bytes, ImageFormat::Png));
    if let Some(Err(error)) = written {
        tracing::warn!("a picture of the window was not written: {error}");
    }
    bytes.into_inner()
}
