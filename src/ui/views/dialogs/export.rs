//! Exports over the window: for which program, into which folder, and the proof that it answers there as it does here.

use std::path::PathBuf;

use eframe::egui::{Label, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons::ICON_IOS_SHARE;

use super::dialog::{Dialog, Next};
use crate::export::{Export, FORMATS, Format, Proof};
use crate::language::tr;
use crate::ui::commands::{Request, Situation};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::widgets::button::primary_button_ui;
use crate::ui::widgets::numbers::thousands;

const WIDTH: f32 = 640.0;

/// What the window keeps free around the list of formats.
const AROUND: f32 = 400.0;

const HELP: &str = "Writes a folder with the network, what its numbers mean, and examples with their answers. Where the \
    program is on this machine, it answers them at once.";

/// The dialog, before and after the work that it asks for.
pub struct ExportDialog {
    format: &'static dyn Format,
    folder: String,
    /// The folder as it was proposed, which follows the format until somebody edits it.
    base: PathBuf,
    name: String,
    overwrite: bool,
    state: State,
}

enum State {
    Asking,
    Writing,
    Failed(String),
    Done(Export),
}

impl ExportDialog {
    /// Asks for the format; folders are proposed in `base` after this name. Nothing if there is no format.
    pub fn new(base: PathBuf, name: String) -> Option<Self> {
        let format = *FORMATS.first()?;
        let folder = proposed(&base, &name, format);
        Some(Self { format, folder, base, name, overwrite: false, state: State::Asking })
    }

    /// Waits for what was asked for.
    pub fn wait(&mut self) {
        self.state = State::Writing;
    }

    /// Takes what became of it.
    pub fn take(&mut self, result: Result<Export, String>) {
        self.state = result.map_or_else(State::Failed, State::Done);
    }

    /// What became of it, when it is done.
    pub fn done(&self) -> Option<&Export> {
        if let State::Done(export) = &self.state { Some(export) } else { None }
    }

    fn formats_ui(&mut self, ui: &mut Ui) {
        let muted = Palette::of(ui).muted;
        let is_proposed = self.folder == proposed(&self.base, &self.name, self.format);
        for format in FORMATS {
            let is_chosen = self.format.key() == format.key();
            if ui.radio(is_chosen, theme::strong(format.label())).clicked() && !is_chosen {
                self.format = *format;
                self.state = State::Asking;
                if is_proposed {
                    self.folder = proposed(&self.base, &self.name, *format);
                }
            }
            ui.indent(format.key(), |ui| ui.add(Label::new(RichText::new(tr(format.about())).color(muted)).wrap()));
        }
    }

    fn result_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        match &self.state {
            State::Asking => {}
            State::Writing => {
                ui.horizontal(|ui| {
                    ui.label(tr("Writing, and answering the examples…"));
                    ui.spinner();
                });
            }
            State::Failed(why) => {
                ui.add(Label::new(RichText::new(tr(why)).color(palette.bad)).wrap());
            }
            State::Done(Export { files, examples, notes, proof }) => {
                let file = |(path, bytes): &(PathBuf, usize)| {
                    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                    format!("{name} ({} bytes)", thousands(*bytes as f64))
                };
                ui.add(Label::new(tr(files.iter().map(file).collect::<Vec<_>>().join(", "))).wrap());
                ui.add(Label::new(RichText::new(tr(format!("Examples: {examples}"))).color(palette.muted)).wrap());
                for note in notes {
                    ui.add(Label::new(RichText::new(tr(note)).color(palette.warning)).wrap());
                }
                let color = match proof {
                    Proof::Missing { .. } => palette.warning,
                    proof if proof.is_refuted() => palette.bad,
                    _ => palette.good,
                };
                ui.add(Label::new(RichText::new(tr(format!("Proof: {proof}."))).color(color)).wrap());
            }
        }
    }
}

fn proposed(base: &std::path::Path, name: &str, format: &dyn Format) -> String {
    base.join(format!("{name}-{}", format.key())).display().to_string()
}

impl Dialog for ExportDialog {
    fn id(&self) -> &'static str {
        "export"
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let window = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(window.x - 16.0 * GRID));
        ui.label(theme::heading("Export the network"));
        ui.add_space(GRID);
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let is_writing = matches!(self.state, State::Writing);
        ui.add_enabled_ui(!is_writing, |ui| {
            let height = (window.y - AROUND).max(120.0);
            ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| self.formats_ui(ui));
            ui.add_space(GRID);
            let label = ui.label(tr("Folder"));
            let field = TextEdit::singleline(&mut self.folder).desired_width(f32::INFINITY);
            ui.add(field).labelled_by(label.id);
            ui.checkbox(&mut self.overwrite, tr("Replace an export that is there"));
        });
        ui.add_space(GRID);
        self.result_ui(ui);
        ui.add_space(2.0 * GRID);
        let mut next = Next::Stay;
        ui.horizontal(|ui| {
            ui.set_min_height(ROW);
            let is_named = !self.folder.trim().is_empty();
            let is_possible = !is_writing && is_named;
            if primary_button_ui(ui, is_possible, ICON_IOS_SHARE, "Export", vec2(0.0, ROW)).clicked() {
                let (format, folder) = (self.format.key(), PathBuf::from(self.folder.trim()));
                next = Next::Keep(Request::Export { format, folder, overwrite: self.overwrite }.into());
            }
            if ui.button(tr("Close")).clicked() {
                next = Next::Close;
            }
        });
        next
    }
}
