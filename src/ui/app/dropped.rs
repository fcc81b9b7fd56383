//! Reading drawings, and finding out what somebody dropped on the window.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;
use image::DynamicImage;

use super::Studio;
use super::files::short;
use crate::data::photo;
use crate::data::pictures::read_drawings;
use crate::data::sources::text::prose;
use crate::data::{Dataset, Drawing, Lookup, SourceSpec, sources};
use crate::import::{self, Around, ENDING, ImportError, Imported};
use crate::lesson::files::is_lesson;
use crate::project::profile::{self, Profile};
use crate::project::run_folder::{DRAWING, PROJECT, RUNS};
use crate::project::{Output, Project, ProjectError, RunFolder};
use crate::runs::history;
use crate::ui::commands::Request;
use crate::ui::commands::request::LessonAction;
use crate::ui::jobs::recording::Writing;
use crate::ui::jobs::report::{OpenedRun, Report};
use crate::ui::state::playground::OpenedPicture;

/// The folder beside the runs in which pasted texts are kept.
const TEXTS: &str = "texts";

impl Studio {
    pub(super) fn read_dropped(&mut self, ctx: &Context, path: PathBuf) {
        // It may be the run that was just left, whose network is still being written.
        let written: Vec<_> = self.retired.iter().map(Writing::waiter).collect();
        let runs = self.runs_folder();
        self.tasks.spawn(ctx, "reading what was dropped", move || {
            written.into_iter().for_each(|wait| wait());
            match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING)) {
                true => read_network(&path, runs),
                false => read_dropped(path),
            }
        });
    }

    /// Takes the picture that another program has copied.
    pub(super) fn paste_picture(&mut self, ctx: &Context) {
        self.tasks.spawn(ctx, "pasting the picture", move || match copied_picture() {
            Ok(image) => {
                Report::PictureOpened(Arc::new(OpenedPicture { name: "The pasted picture".to_owned(), image }))
            }
            Err(why) => Report::Warned(format!("No picture could be pasted: {why}.")),
        });
    }

    /// Takes the text that another program has copied, as data.
    pub(super) fn paste_text(&mut self, ctx: &Context) {
        let runs = self.runs_folder().unwrap_or_else(|| RUNS.into());
        let folder = runs.parent().unwrap_or(Path::new("")).join(TEXTS);
        self.tasks.spawn(ctx, "pasting the text", move || {
            match copied_text().and_then(|text| prose::keep(&folder, &text)) {
                Ok(path) => match sources::of_file(&path) {
                    Some(source) => read_file(source),
                    None => Report::Nothing,
                },
                Err(why) => Report::Warned(format!("No text could be pasted: {why}.")),
            }
        });
    }

    pub(super) fn open_drawing(&mut self, ctx: &Context, path: PathBuf) {
        self.tasks.spawn(ctx, "reading the drawing", move || read_drawing(&path));
    }
}

/// Writes the network of an ONNX file as a run below `runs`, and opens that.
fn read_network(path: &Path, runs: Option<PathBuf>) -> Report {
    let written = || {
        let Imported { run, notes } = import::open(path, &Around::default())?;
        let output = Output::next(&runs.unwrap_or_else(|| RUNS.into()), &run.project.name)?;
        run.save(output.folder())?;
        Ok::<_, ImportError>((open_run(output.folder().to_owned())?, notes))
    };
    match written() {
        Ok((opened, notes)) => Report::RunImported(opened, notes),
        Err(error) => Report::Warned(format!("{}: {error}", short(path))),
    }
}

/// Finds out what somebody dropped: a run folder, a folder of samples, a table, a project or a drawing.
fn read_dropped(path: PathBuf) -> Report {
    if path.extension().is_some_and(|ending| ending == profile::ENDING) {
        return match Profile::read(&path) {
            Ok(profile) => Report::ProfileOpened(profile),
            Err(error) => Report::Warned(format!("{}: {error}", short(&path))),
        };
    }
    // A path that was typed may be one from the current folder, which is another the next time.
    let path = std::path::absolute(&path).unwrap_or(path);
    if is_lesson(&path) {
        return Report::Asked(Request::Lesson(LessonAction::Open(path.to_string_lossy().into_owned())));
    }
    if path.is_dir() {
        return match path.join(PROJECT).is_file() {
            true => read_run(path),
            false => read_data_folder(&path),
        };
    }
    if is_picture(&path) {
        return read_drawing(&path);
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
    format!(
        "{why}. This window takes projects, lessons, drawings, images, tables, texts, run folders and folders of samples."
    )
}

fn read_run(path: PathBuf) -> Report {
    match open_run(path) {
        Ok(opened) => Report::RunOpened(opened),
        Err(error) => Report::Warned(error.to_string()),
    }
}

/// Reads the run that was shown when the window was left, unless somebody has deleted it.
pub(super) fn read_left(path: PathBuf, was_on: bool) -> Report {
    if !path.join(PROJECT).is_file() {
        return Report::Nothing;
    }
    match open_run(path) {
        Ok(opened) => Report::RunLeft(opened, was_on),
        Err(error) => Report::Warned(error.to_string()),
    }
}

fn open_run(path: PathBuf) -> Result<OpenedRun, ProjectError> {
    let run = Arc::new(RunFolder::find(&path.to_string_lossy())?);
    let lines = history::read(&path).unwrap_or_default();
    let drawing = read_drawings(&path.join(DRAWING)).ok().and_then(|drawings| drawings.into_iter().next());
    Ok(OpenedRun { run, lines, drawing, path })
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

fn copied_text() -> Result<String, String> {
    let mut clipboard = arboard::Clipboard::new().map_err(|error| error.to_string())?;
    let text = clipboard.get_text().map_err(|_| "nothing that was copied is text".to_owned())?;
    if text.trim().is_empty() { Err("what was copied is empty".to_owned()) } else { Ok(text) }
}

fn copied_picture() -> Result<DynamicImage, String> {
    let mut clipboard = arboard::Clipboard::new().map_err(|error| error.to_string())?;
    let copied = clipboard.get_image().map_err(|_| "nothing that was copied is a picture".to_owned())?;
    let size = (copied.width as u32, copied.height as u32);
    let pixels = image::RgbaImage::from_raw(size.0, size.1, copied.bytes.into_owned());
    pixels.map(Into::into).ok_or_else(|| "its pixels are incomplete".to_owned())
}

/// Whether a file begins as images do.
fn is_picture(path: &Path) -> bool {
    image::ImageReader::open(path)
        .and_then(image::ImageReader::with_guessed_format)
        .is_ok_and(|reader| reader.format().is_some())
}

/// Reads drawings, or a picture to be tried in their place.
fn read_drawing(path: &Path) -> Report {
    if is_picture(path) {
        let name = short(path);
        return match photo::open(path) {
            Ok(image) => Report::PictureOpened(Arc::new(OpenedPicture { name, image })),
            Err(error) => Report::Warned(format!("{name} cannot be read as an image: {error}.")),
        };
    }
    match read_drawings(path) {
        Ok(drawings) => first_of(drawings),
        Err(error) => Report::Warned(error.to_string()),
    }
}

fn first_of(drawings: Vec<Drawing>) -> Report {
    let of = drawings.len();
    drawings.into_iter().next().map_or(Report::Nothing, |drawing| Report::DrawingOpened { drawing, of })
}
