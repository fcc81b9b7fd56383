//! Opening and saving: each starts a task, which ends in a report.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;
use rfd::AsyncFileDialog;

use super::kept_runs::write_drawing_of_run;
use super::{Document, Studio};
use crate::data::pictures::write_drawing;
use crate::data::sources::painted;
use crate::export::{self, ExportError, Target};
use crate::import::ENDING;
use crate::lesson::PICTURES;
use crate::project::profile::{self, Profile};
use crate::project::run_folder::RUNS;
use crate::project::run_log::done_line;
use crate::project::whole::{in_words, write_whole};
use crate::project::{Output, Project, RunRecord, presets};
use crate::report::{Material, page};
use crate::train::Outcome;
use crate::train::metrics::THRESHOLD;
use crate::ui::commands::{Command, PathFor, Request};
use crate::ui::jobs::recording::Recording;
use crate::ui::jobs::report::Report;
use crate::ui::state::session::Status;
use crate::ui::views::dialogs::export::ExportDialog;
use crate::ui::widgets::chart_file::ChartFile;

impl Studio {
    /// Opens the dialog for a path, unless one is open. The request follows when it has closed.
    pub(super) fn choose(&mut self, ctx: &Context, wanted: PathFor) {
        if self.tasks.has_dialog() {
            return;
        }
        let dialog = AsyncFileDialog::new().set_title(wanted.title());
        match wanted {
            PathFor::Import => self.tasks.dialog(ctx, dialog.add_filter("ONNX", &[ENDING]).pick_file(), wanted),
            PathFor::OpenFile => self.tasks.dialog(ctx, dialog.pick_file(), wanted),
            PathFor::SaveProject => {
                self.tasks.dialog(ctx, projects(dialog).set_file_name(self.suggestion(wanted)).save_file(), wanted);
            }
            PathFor::OpenDrawing => self.tasks.dialog(ctx, pictures(dialog).pick_file(), wanted),
            PathFor::SaveDrawing => {
                self.tasks.dialog(ctx, drawings(dialog).set_file_name(self.suggestion(wanted)).save_file(), wanted);
            }
            PathFor::SaveRun
            | PathFor::RecordLesson
            | PathFor::AdaptLesson
            | PathFor::EditLesson
            | PathFor::JoinBoard
            | PathFor::WatchBoard
            | PathFor::OpenFolder
            | PathFor::DataFolder(_) => self.tasks.dialog(ctx, dialog.pick_folder(), wanted),
            PathFor::AddPicture => self.tasks.dialog(ctx, dialog.add_filter("Picture", &PICTURES).pick_file(), wanted),
            PathFor::SaveChart | PathFor::SaveReport | PathFor::SaveHandIn | PathFor::SaveProfile => {
                self.tasks.dialog(ctx, dialog.set_file_name(self.suggestion(wanted)).save_file(), wanted);
            }
            PathFor::DataFile(_) => self.tasks.dialog(ctx, dialog.pick_file(), wanted),
        }
    }

    /// What stands in the field when a path has to be typed.
    pub(super) fn suggestion(&self, wanted: PathFor) -> String {
        match wanted {
            PathFor::SaveProject => format!("{}.json", file_stem(&self.document.project.name)),
            PathFor::SaveDrawing => "drawing.json".to_owned(),
            PathFor::SaveRun => RUNS.to_owned(),
            PathFor::SaveHandIn => self.hand_in_name(),
            PathFor::RecordLesson => file_stem(&self.document.project.name),
            PathFor::AdaptLesson => {
                self.lessons.on.as_ref().map_or_else(String::new, |on| format!("my-{}", on.lesson.name))
            }
            PathFor::SaveProfile => format!("class.{}", profile::ENDING),
            PathFor::SaveChart => self.chart.as_ref().map_or_else(String::new, ChartFile::file_name),
            PathFor::SaveReport => {
                let name =
                    self.run_folder().map_or_else(|| file_stem(&self.document.project.name), |folder| short(&folder));
                format!("{name}.html")
            }
            PathFor::OpenFile
            | PathFor::Import
            | PathFor::OpenFolder
            | PathFor::OpenDrawing
            | PathFor::EditLesson
            | PathFor::AddPicture
            | PathFor::JoinBoard
            | PathFor::WatchBoard
            | PathFor::DataFolder(_)
            | PathFor::DataFile(_) => String::new(),
        }
    }

    /// Finds out whether a draft differs from its file.
    pub(super) fn compare_with_file(&mut self, ctx: &Context) {
        let Some(path) = self.document.path.clone() else { return };
        self.tasks.spawn(ctx, "reading the project", move || match Project::open(&path) {
            Ok(project) => Report::ProjectCompared(project),
            // A file that is gone or broken has not got the draft, and so the draft counts as edited.
            Err(_) => Report::Nothing,
        });
    }

    pub(super) fn new_from(&mut self, preset: &str) {
        match presets::find(preset) {
            Some(Ok(project)) => {
                self.notices.tell(format!("A new project from the preset {preset}. Ctrl+Z brings the last one back."));
                self.show_document(Document::new(project));
            }
            Some(Err(error)) => self.notices.warn(error.to_string()),
            None => self.notices.warn(format!("There is no preset {preset}.")),
        }
    }

    /// Shows what a profile shows from now on.
    pub(super) fn use_profile(&mut self, profile: Profile) {
        let hidden = profile.hidden.len();
        self.window.profile = profile;
        if hidden > 0 {
            self.notices.tell(format!("{hidden} things are left out. {} shows them again.", Command::Profile.label()));
        }
    }

    pub(super) fn save_profile(&mut self, ctx: &Context, path: PathBuf) {
        let profile = self.window.profile.clone();
        self.tasks.spawn(ctx, "saving the profile", move || match profile.write(&path) {
            Ok(()) => Report::Told(format!(
                "Saved as {}. Opened or dropped on another window it leaves out the same.",
                short(&path)
            )),
            Err(error) => Report::Warned(format!("{}: {error}", short(&path))),
        });
    }

    /// A project whose data are still to be painted.
    pub(super) fn begin_painting(&mut self, ctx: &Context) {
        self.new_from("xor");
        if let Ok(source) = painted::SOURCE.name.parse() {
            self.document.project.data.source = source;
            painted::SOURCE.name.clone_into(&mut self.document.project.name);
        }
        self.playground.wants_painting = true;
        self.act(ctx, Request::Show("data"));
    }

    pub(super) fn open(&mut self, ctx: &Context, path: PathBuf) {
        self.tasks.spawn(ctx, "reading the project", move || match Project::open(&path) {
            Ok(project) => Report::ProjectOpened { project, path },
            Err(error) => Report::Warned(error.to_string()),
        });
    }

    pub(super) fn save_to(&mut self, ctx: &Context, path: PathBuf) {
        let project = self.document.project.clone();
        self.tasks.spawn(ctx, "writing the project", move || match project.save(&path) {
            Ok(()) => Report::ProjectSaved { project, path },
            Err(error) => Report::Warned(error.to_string()),
        });
    }

    /// Writes the newest weights, the job and what was measured into a new folder inside `base`.
    pub(super) fn save_run(&mut self, ctx: &Context, base: PathBuf) {
        let session = &self.session;
        let (Some(job), Some(snapshot), Some(project)) = (&session.job, session.snapshot(), &session.trained) else {
            return self.notices.warn("There is no run to save. Train first.");
        };
        let threshold = (session.threshold != THRESHOLD).then_some(session.threshold);
        let (job, snapshot, project) = (Arc::clone(job), Arc::clone(snapshot), project.clone());
        let mut lines: Vec<_> = session.lines.iter().map(str::to_owned).collect();
        if let Status::Ended(outcome) = &session.status {
            let outcome = match outcome {
                // At the threshold that was chosen since.
                Outcome::Finished(_) => &Outcome::Finished(session.test().cloned()),
                other => other,
            };
            lines.push(done_line(outcome, session.seconds).to_string());
        }
        let drawing = self.drawing_of_run().cloned();
        self.tasks.spawn(ctx, "writing the run", move || {
            let (project, weights) = (&project, &snapshot.weights);
            let record = RunRecord { project, job: &job, weights, lines: &lines, threshold };
            let saved = Output::next(&base, &project.name).and_then(|output| {
                record.save(output.folder())?;
                drawing.map_or(Ok(()), |drawing| write_drawing_of_run(output.folder(), &drawing))?;
                Ok(output.folder().to_owned())
            });
            match saved {
                Ok(folder) => Report::RunSaved(folder),
                Err(error) => Report::Warned(error.to_string()),
            }
        });
    }

    /// Asks for which program the network is to be written.
    pub(super) fn ask_export(&mut self) {
        let Some(project) = &self.session.trained else { return };
        let base = std::env::current_dir().unwrap_or_default();
        if let Some(dialog) = ExportDialog::new(base, file_stem(&project.name)) {
            self.dialogs.open(dialog);
        }
    }

    /// Exports the network with the weights that are shown, and its own samples as examples.
    pub(super) fn export(&mut self, ctx: &Context, format: &'static str, folder: PathBuf, overwrite: bool) {
        let session = &self.session;
        let (Some(job), Some(snapshot), Some(project)) = (&session.job, session.snapshot(), &session.trained) else {
            return self.notices.warn("There is no trained network to export. Train first.");
        };
        let threshold = (session.threshold != THRESHOLD).then_some(session.threshold);
        let (job, snapshot, project) = (Arc::clone(job), Arc::clone(snapshot), project.clone());
        if let Some(dialog) = self.dialogs.get_mut::<ExportDialog>() {
            dialog.wait();
        }
        self.tasks.spawn(ctx, "exporting the network", move || {
            let (project, weights) = (&project, &snapshot.weights);
            let run = RunRecord { project, job: &job, weights, lines: &[], threshold }.opened();
            let done = run.map_err(Into::into).and_then(|run| {
                let Some(format) = export::format(format) else { return Err(ExportError::Unknown(format)) };
                export::export(&run, Ok(&job.dataset), &Target { format, folder: &folder, overwrite })
            });
            Report::Exported(done.map(Box::new).map_err(|error| error.to_string()))
        });
    }

    /// Writes all that the folder of the run knows as a page.
    pub(super) fn save_report(&mut self, ctx: &Context, path: PathBuf) {
        // The run may have ended just now, with its end, or even its folder, still on the way to the disk.
        let written = self.recording.as_ref().map(Recording::when_written);
        let opened = self.kept.opened.clone();
        self.tasks.spawn(ctx, "writing the report", move || {
            let Some(folder) = written.map_or(opened, |folder| folder()) else {
                let why = "The run has no folder, so that there is nothing to report from. Save it first.";
                return Report::Warned(why.to_owned());
            };
            let written = Material::read(&folder).map_err(|error| error.to_string()).and_then(|material| {
                let fail = |error| format!("{}: {}", path.display(), in_words(&error));
                write_whole(&path, page(&material).as_bytes()).map_err(fail)
            });
            match written {
                Ok(()) => Report::Told(format!("Saved the report as {}.", short(&path))),
                Err(why) => Report::Warned(why),
            }
        });
    }

    pub(super) fn save_drawing(&mut self, ctx: &Context, path: PathBuf) {
        let drawing = self.playground.drawing.clone();
        self.tasks.spawn(ctx, "writing the drawing", move || match write_drawing(&path, &drawing) {
            Ok(()) => Report::Told(format!("Saved the drawing as {}.", short(&path))),
            Err(error) => Report::Warned(error.to_string()),
        });
    }
}

fn projects(dialog: AsyncFileDialog) -> AsyncFileDialog {
    dialog.add_filter("Backprop Studio project", &["json", "backprop"])
}

fn drawings(dialog: AsyncFileDialog) -> AsyncFileDialog {
    dialog.add_filter("Drawing", &["json", "jsonl"])
}

fn pictures(dialog: AsyncFileDialog) -> AsyncFileDialog {
    dialog.add_filter("Drawing or image", &["json", "jsonl", "png", "jpg", "jpeg", "bmp", "gif", "tif", "tiff", "webp"])
}

/// The last part of a path, which is what people know it by.
pub(super) fn short(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A project's name as a file's name.
pub(super) fn file_stem(name: &str) -> String {
    let stem: String = name
        .trim()
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ') { c } else { '-' })
        .collect();
    if stem.is_empty() { "project".to_owned() } else { stem }
}
