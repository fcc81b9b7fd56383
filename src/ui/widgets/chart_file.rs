//! A chart as a file: a right click on it saves what is drawn as SVG or PNG, its numbers as comma-separated values, or its curves as sound.

mod svg;

use eframe::egui::layers::ShapeIdx;
use eframe::egui::{Context, Id, Rect, Response, Ui};

use super::sound::Sound;
use crate::language::tr;

/// Ground around a chart.
const MARGIN: f32 = 8.0;

/// A chart that somebody wants to save.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartFile {
    /// A name for the file, without ending.
    pub name: String,
    /// What is written.
    pub content: ChartContent,
}

/// What is written of a chart.
#[derive(Clone, Debug, PartialEq)]
pub enum ChartContent {
    /// This text, into a file with this ending.
    Text(String, &'static str),
    /// The part of the window in which it is drawn, in points, of which a picture is still to be taken.
    Place(Rect),
    /// The contents of a PNG file.
    Png(Vec<u8>),
    /// Curves to listen to.
    Sound(Sound),
}

impl ChartFile {
    /// The name with the ending.
    pub fn file_name(&self) -> String {
        let ending = match &self.content {
            ChartContent::Text(_, ending) => ending,
            ChartContent::Place(_) | ChartContent::Png(_) => "png",
            ChartContent::Sound(_) => "wav",
        };
        format!("{}.{ending}", self.name)
    }
}

/// Where a chart begins among what is painted; to be asked before it is drawn.
pub fn begin(ui: &Ui) -> ShapeIdx {
    ui.ctx().graphics(|graphics| graphics.get(ui.layer_id()).map_or(ShapeIdx(0), |list| list.next_idx()))
}

/// The menu of a chart that was drawn from `begin` on in this part of the window. `csv` has its numbers.
pub fn menu_ui(ui: &Ui, response: &Response, begin: ShapeIdx, place: Rect, name: &str, csv: impl Fn() -> String) {
    menu_with_sound_ui(ui, response, begin, place, name, csv, None);
}

/// The same for a chart that can be heard.
pub fn menu_with_sound_ui(
    ui: &Ui,
    response: &Response,
    begin: ShapeIdx,
    place: Rect,
    name: &str,
    csv: impl Fn() -> String,
    sound: Option<&dyn Fn() -> Sound>,
) {
    let place = place.expand(MARGIN).intersect(ui.ctx().content_rect());
    response.context_menu(|menu| {
        if menu.button(tr("Copy as CSV")).clicked() {
            menu.copy_text(csv());
        }
        let save = |menu: &mut Ui, label: &str, content: &dyn Fn() -> ChartContent| {
            if menu.button(tr(label)).clicked() {
                let file = ChartFile { name: file_name(name), content: content() };
                menu.data_mut(|data| data.insert_temp(wanted_id(), Some(file)));
            }
        };
        save(menu, "Save as CSV…", &|| ChartContent::Text(csv(), "csv"));
        save(menu, "Save as SVG…", &|| {
            let text = ui.ctx().graphics(|graphics| {
                let shapes = graphics.get(ui.layer_id()).into_iter().flat_map(|list| list.all_entries());
                svg::document(place, ui.visuals().panel_fill, shapes.skip(begin.0))
            });
            ChartContent::Text(text, "svg")
        });
        save(menu, "Save as PNG…", &|| ChartContent::Place(place));
        if let Some(sound) = sound {
            save(menu, "Save as sound (WAV)…", &|| ChartContent::Sound(sound()));
        }
    });
}

/// The chart that somebody has asked for since the last call.
pub fn take_wanted(ctx: &Context) -> Option<ChartFile> {
    ctx.data_mut(|data| data.remove_temp(wanted_id())).flatten()
}

fn wanted_id() -> Id {
    Id::unique("the chart to save")
}

/// Letters, digits and hyphens of a title.
fn file_name(title: &str) -> String {
    let name: String = title.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let name: Vec<&str> = name.split('-').filter(|word| !word.is_empty()).take(8).collect();
    if name.is_empty() { "chart".to_owned() } else { name.join("-") }
}

/// Rows of cells as comma-separated values.
pub fn csv_text<R: IntoIterator<Item = String>>(rows: impl IntoIterator<Item = R>) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        // Writing to memory does not fail.
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_a_file_name() {
        assert_eq!(file_name("Loss plot: training 0.1 at step 7"), "loss-plot-training-0-1-at-step-7");
        assert_eq!(file_name("…"), "chart");
        let file = ChartFile { name: "loss".to_owned(), content: ChartContent::Text(String::new(), "svg") };
        assert_eq!(file.file_name(), "loss.svg");
    }
}
