//! Reading drawings, and finding out what somebody dropped on the window.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;

use super::Studio;
use super::files::short;
use crate::data::pictures::read_drawings;
use crate::data::{Dataset, Drawing, Lookup, SourceSpec, sources};
use crate::project::run_folder::PROJECT;
use crate::project::{Project, RunFolder};
use crate::ui::commands::Request;
use crate::ui::jobs::report::Report;

impl Studio {
    pub(super) fn read_dropped(&mut self, ctx: &Context, path: PathBuf) {
        self.tasks.spawn(ctx, "reading what was dropped", move || read_dropped(path));
    }

    pub(super) fn open_drawing(&mut self, ctx: &Context, path: PathBuf) {
        self.tasks.spawn(ctx, "reading the drawing", move || read_drawing(&path));
    }
}

/// Finds out what somebody dropped: a run folder, a folder of samples, a table, a project or a drawing.
fn read_dropped(path: PathBuf) -> Report {
    if path.is_dir() {
        return match path.join(PROJECT).is_file() {
            true => read_run(path),
            false => read_data_folder(&path),
        };
    }
    if let Some(source) = sources::of_file(&path) {
        return read_file(source);
    }
    let (project, drawings) = (Project::open(&path), read_drawings(&path));
    match (project, drawings) {
        (Ok(project), _) => Report::ProjectOpened { project, path },
        (_, Ok(drawings)) => first_of(drawings),
        (Err(project), Err(drawing)) => Report::Warned(match looks_like_drawing(&path) {
            true => drawing.to_string(),
            false => not_taken(&project),
        }),
    }
}

fn not_taken(why: &dyn Display) -> String {
    let tables = sources::TABLES.join(", ");
    format!("{why}. This window takes projects, drawings, tables ({tables}), run folders and folders of samples.")
}

fn read_run(path: PathBuf) -> Report {
    match RunFolder::find(&path.to_string_lossy()) {
        Ok(run) => Report::RunOpened { run: Arc::new(run), path },
        Err(error) => Report::Warned(error.to_string()),
    }
}

/// Reads the file once to know that it can be read. Whether it is a table of samples or a series nobody can see; the options
/// of the source change it.
fn read_file(source: SourceSpec) -> Report {
    match Dataset::load(&source, &Lookup::default()) {
        Ok(_) => Report::Asked(Request::UseSource(source)),
        Err(error) => Report::Warned(not_taken(&error)),
    }
}

/// Reads the folder once to know what data it is; choosing it reads it again, which is simple and costs a second.
fn read_data_folder(path: &Path) -> Report {
    match sources::of_folder(path) {
        Ok(source) => Report::Asked(Request::UseSource(source)),
        Err(error) => {
            Report::Warned(format!("{} could not be read: there is no {PROJECT} of a run in it; {error}", short(path)))
        }
    }
}

fn looks_like_drawing(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn read_drawing(path: &Path) -> Report {
    match read_drawings(path) {
        Ok(drawings) => first_of(drawings),
        Err(error) => Report::Warned(error.to_string()),
    }
}

fn first_of(drawings: Vec<Drawing>) -> Report {
    let of = drawings.len();
    drawings.into_iter().next().map_or(Report::Nothing, |drawing| Report::DrawingOpened { drawing, of })
}
