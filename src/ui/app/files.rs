//! Actions that read or write something: each starts a task, and the task ends in another action.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eframe::egui::Context;
use rfd::AsyncFileDialog;

use crate::data::painted::is_painted;
use crate::data::pictures::{read_drawings, write_drawing};
use crate::data::setting::{Kind, settings, source_of};
use crate::data::{Dataset, Drawing, Lookup, Options};
use crate::project::run_folder::{PROJECT, best_line, done_line, epoch_line, next_folder_in};
use crate::project::{Project, RunFolder, RunRecord, presets};
use crate::train::Outcome;
use crate::ui::state::session::{DataState, Status};
use crate::ui::views::dialogs::path_prompt::{Asking, PathFor};
use crate::ui::widgets::digit_canvas::fit_to_canvas;
use crate::ui::{Action, Document, ReaderChoice, Studio};

/// While something is downloaded, the window shows this often how far it is.
const TOLD: Duration = Duration::from_millis(50);

impl Studio {
    pub(super) fn apply_to_files(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::New(preset) => self.new_from(preset),
            Action::OpenDialog => self.pick(ctx, projects().pick_file(), PathFor::OpenProject),
            Action::Open(path) => self.open(ctx, path),
            Action::Save => match self.document.path.clone() {
                Some(path) => self.save_to(ctx, path),
                None => self.apply_to_files(ctx, Action::SaveAsDialog),
            },
            Action::SaveAsDialog => {
                let name = format!("{}.json", file_stem(&self.document.project.name));
                self.pick(ctx, projects().set_file_name(name).save_file(), PathFor::SaveProject);
            }
            Action::SaveTo(path) => self.save_to(ctx, path),
            Action::SaveRunDialog => {
                let dialog = AsyncFileDialog::new().set_title("Folder in which the run gets a folder of its own");
                self.pick(ctx, dialog.pick_folder(), PathFor::SaveRun);
            }
            Action::SaveRunIn(base) => self.save_run(ctx, base),
            Action::OpenDrawingDialog => self.pick(ctx, drawings().pick_file(), PathFor::OpenDrawing),
            Action::OpenDrawing(path) => self.tasks.spawn(ctx, "reading the drawing", move || open_drawing(&path)),
            Action::SaveDrawingDialog => {
                self.pick(ctx, drawings().set_file_name("drawing.json").save_file(), PathFor::SaveDrawing);
            }
            Action::SaveDrawingTo(path) => {
                let drawing = self.desk.drawing.clone();
                self.tasks.spawn(ctx, "writing the drawing", move || match write_drawing(&path, &drawing) {
                    Ok(()) => Action::Tell(format!("Saved the drawing as {}.", short(&path))),
                    Err(error) => Action::Warn(error.to_string()),
                });
            }
            Action::DataDialog(wanted @ PathFor::DataFile(_)) => {
                let dialog = AsyncFileDialog::new().set_title("File with the samples");
                self.pick(ctx, dialog.pick_file(), wanted);
            }
            Action::DataDialog(wanted) => {
                let dialog = AsyncFileDialog::new().set_title("Folder with the samples");
                self.pick(ctx, dialog.pick_folder(), wanted);
            }
            Action::AskPath(wanted) => self.asking = Some(Asking::new(wanted, self.suggestion(wanted))),
            Action::Compared(project) => self.saved = project,
            Action::UseSource(source) => self.document.project.data.source = source,
            Action::Reload => self.load_data(ctx),
            Action::Dropped(path) => self.tasks.spawn(ctx, "reading what was dropped", move || read_dropped(path)),
            Action::Opened { project, path } => {
                self.notices.tell(format!("Opened {}.", short(&path)));
                self.show_document(Document { project, path: Some(path) });
            }
            Action::OpenedRun { run, path } => self.show_run(run, &path),
            Action::OpenedDrawing { drawing, of } => {
                if of > 1 {
                    self.notices.tell(format!("The file has {of} drawings; this is the first."));
                }
                self.desk.drawing = Drawing { label: None, ..drawing };
                self.desk.is_example = false;
                fit_to_canvas(&mut self.desk.drawing);
            }
            Action::Saved { project, path } => {
                self.notices.tell(format!("Saved as {}.", short(&path)));
                self.saved = project;
                self.document.path = Some(path);
            }
            // The other actions have been carried out by `apply`.
            _ => {}
        }
    }

    /// Starts reading the source that the project names. The window is used meanwhile.
    pub(super) fn load_data(&mut self, ctx: &Context) {
        let data = self.document.project.data.clone();
        let source = data.source.clone();
        if is_painted(&source) {
            // What stands in the project itself is read at once, so that the room does not flicker at every stroke.
            let result = data.load(&Lookup::default()).map(Arc::new).map_err(|error| error.to_string());
            return self.session.data_arrived(source, result);
        }
        let arrived = Arc::new(Mutex::new(String::new()));
        self.session.data = DataState::Loading { source: source.clone(), arrived: Arc::clone(&arrived) };
        let waker = ctx.clone();
        let folder = self.document.path.as_deref().and_then(Path::parent).map(Path::to_owned);
        let (named, place) = (source.clone(), folder.clone());
        if source_of(&source).is_some_and(|source| settings(source).iter().any(|it| it.kind == Kind::Column)) {
            self.tasks.spawn(ctx, "reading the columns", move || {
                let lookup = Lookup { folder: place.as_deref(), ..Lookup::default() };
                Action::ColumnsFound { columns: Options::column_names(&named, &lookup), source: named }
            });
        }
        self.tasks.spawn(ctx, "reading the data", move || {
            let tell = |file: &str, have: u64, bytes: u64| {
                let megabytes = |bytes: u64| bytes as f64 / 1e6;
                let text = format!("{file}, {:.1} of {:.1} MB", megabytes(have), megabytes(bytes));
                arrived.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&text);
                waker.request_repaint_after(TOLD);
            };
            let lookup = Lookup { folder: folder.as_deref(), known: None, tell: Some(&tell) };
            let result = data.load(&lookup).map(Arc::new).map_err(|error| error.to_string());
            Action::DataLoaded { source, result }
        });
    }

    pub(super) fn data_loaded(&mut self, source: String, result: Result<Arc<Dataset>, String>) {
        // Somebody has chosen another source in the meantime.
        if source == self.document.project.data.source {
            self.session.data_arrived(source, result);
        }
    }

    pub(super) fn load_bundled(&mut self, ctx: &Context) {
        self.tasks.spawn(ctx, "unpacking the bundled reader", || {
            let folder = RunFolder::pretrained().map(Arc::new).map_err(|error| error.to_string());
            Action::PretrainedLoaded(folder)
        });
    }

    /// Finds out whether a draft differs from its file.
    pub(super) fn compare_with_file(&mut self, ctx: &Context) {
        let Some(path) = self.document.path.clone() else { return };
        self.tasks.spawn(ctx, "reading the project", move || match Project::open(&path) {
            Ok(project) => Action::Compared(project),
            // A file that is gone or broken has not got the draft, and so the draft counts as edited.
            Err(_) => Action::Nothing,
        });
    }

    fn new_from(&mut self, preset: &str) {
        match presets::find(preset) {
            Some(Ok(project)) => {
                self.notices.tell(format!("A new project from the preset {preset}. Ctrl+Z brings the last one back."));
                self.show_document(Document::new(project));
            }
            Some(Err(error)) => self.notices.warn(error.to_string()),
            None => self.notices.warn(format!("There is no preset {preset}.")),
        }
    }

    fn open(&mut self, ctx: &Context, path: PathBuf) {
        self.tasks.spawn(ctx, "reading the project", move || match Project::open(&path) {
            Ok(project) => Action::Opened { project, path },
            Err(error) => Action::Warn(error.to_string()),
        });
    }

    fn save_to(&mut self, ctx: &Context, path: PathBuf) {
        let project = self.document.project.clone();
        self.tasks.spawn(ctx, "writing the project", move || match project.save(&path) {
            Ok(()) => Action::Saved { project, path },
            Err(error) => Action::Warn(error.to_string()),
        });
    }

    /// Writes the newest weights, the job and what was measured into a new folder inside `base`.
    fn save_run(&mut self, ctx: &Context, base: PathBuf) {
        let session = &self.session;
        let (Some(job), Some(snapshot), Some(project)) = (&session.job, &session.snapshot, &session.trained) else {
            return self.notices.warn("There is no run to save. Train first.");
        };
        let (job, snapshot, project) = (Arc::clone(job), Arc::clone(snapshot), project.clone());
        let mut metrics: Vec<_> = session.epochs.iter().map(epoch_line).collect();
        metrics.extend(session.best.as_ref().map(best_line));
        if let Status::Ended(outcome) = &session.status {
            let seconds = session.epochs.iter().map(|epoch| epoch.seconds).sum();
            metrics.push(done_line(outcome_name(outcome), seconds, session.test.as_deref()));
        }
        self.tasks.spawn(ctx, "writing the run", move || {
            let folder = next_folder_in(&base, &project.name);
            let record = RunRecord { project: &project, job: &job, weights: &snapshot.weights, metrics: &metrics };
            match record.save(&folder) {
                Ok(()) => Action::Tell(format!("Saved the run in {}.", folder.display())),
                Err(error) => Action::Warn(error.to_string()),
            }
        });
    }

    fn show_run(&mut self, run: Arc<RunFolder>, path: &Path) {
        let what = match run.project.adversary {
            Some(_) => "The room Learn shows what its generator makes.",
            None => "Its network reads what you draw.",
        };
        self.notices.tell(format!("Opened the run {}. {what}", short(path)));
        self.show_document(Document::new(run.project.clone()));
        self.reading.open(run);
        self.desk.reader = ReaderChoice::This;
    }

    /// Opens a dialog, unless one is open, and turns the choice into an action.
    fn pick(
        &mut self,
        ctx: &Context,
        dialog: impl Future<Output = Option<rfd::FileHandle>> + Send + 'static,
        wanted: PathFor,
    ) {
        if !self.tasks.has_dialog() {
            self.tasks.dialog(ctx, dialog, wanted);
        }
    }

    /// What stands in the field when a path has to be typed.
    fn suggestion(&self, wanted: PathFor) -> String {
        match wanted {
            PathFor::SaveProject => format!("{}.json", file_stem(&self.document.project.name)),
            PathFor::SaveDrawing => "drawing.json".to_owned(),
            PathFor::SaveRun => "runs".to_owned(),
            PathFor::OpenProject | PathFor::OpenDrawing | PathFor::DataFolder(_) | PathFor::DataFile(_) => {
                String::new()
            }
        }
    }
}

fn projects() -> AsyncFileDialog {
    AsyncFileDialog::new().add_filter("Backprop Studio project", &["json"])
}

fn drawings() -> AsyncFileDialog {
    AsyncFileDialog::new().add_filter("Drawing", &["json", "jsonl"])
}

fn open_drawing(path: &Path) -> Action {
    match read_drawings(path) {
        Ok(drawings) => first_of(drawings),
        Err(error) => Action::Warn(error.to_string()),
    }
}

fn first_of(drawings: Vec<Drawing>) -> Action {
    let of = drawings.len();
    drawings.into_iter().next().map_or(Action::Nothing, |drawing| Action::OpenedDrawing { drawing, of })
}

/// What a file must end in to be taken for a table.
const TABLES: &[&str] = &["csv", "tsv", "txt", "data"];

/// The sources that a folder may be of, the one that is known by the fewest files first.
const FOLDERS: &[&str] = &["idx", "cmapss", "images"];

/// Finds out what somebody dropped: a run folder, a folder of samples, a table, a project or a drawing.
fn read_dropped(path: PathBuf) -> Action {
    // These have a meaning in the text of a source.
    let is_nameable = !path.to_string_lossy().contains(['+', '?']);
    if path.is_dir() {
        return match path.join(PROJECT).is_file() {
            true => read_run(path),
            false if is_nameable => read_data_folder(&path),
            false => unnameable(&path),
        };
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    if TABLES.contains(&ending.as_str()) {
        return if is_nameable { read_table(&path) } else { unnameable(&path) };
    }
    let (project, drawings) = (Project::open(&path), read_drawings(&path));
    match (project, drawings) {
        (Ok(project), _) => Action::Opened { project, path },
        (_, Ok(drawings)) => first_of(drawings),
        (Err(project), Err(drawing)) => Action::Warn(match looks_like_drawing(&path) {
            true => drawing.to_string(),
            false => not_taken(&project),
        }),
    }
}

fn not_taken(why: &dyn Display) -> String {
    let tables = TABLES.join(", ");
    format!("{why}. This window takes projects, drawings, tables ({tables}), run folders and folders of samples.")
}

fn unnameable(path: &Path) -> Action {
    Action::Warn(format!("{} has a + or a ? in its name, which separate sources; rename it.", path.display()))
}

fn read_run(path: PathBuf) -> Action {
    match RunFolder::find(&path.to_string_lossy()) {
        Ok(run) => Action::OpenedRun { run: Arc::new(run), path },
        Err(error) => Action::Warn(error.to_string()),
    }
}

/// Reads the file once to know that it is a table. Whether it is one of samples or a series nobody can see; the options of
/// the source change it.
fn read_table(path: &Path) -> Action {
    let source = format!("csv:{}", path.display());
    match Dataset::load(&source) {
        Ok(_) => Action::UseSource(source),
        Err(error) => Action::Warn(not_taken(&error)),
    }
}

/// Reads the folder once to know what data it is; choosing it reads it again, which is simple and costs a second.
fn read_data_folder(path: &Path) -> Action {
    let mut tried = vec![format!("there is no {PROJECT} of a run in it")];
    for name in FOLDERS {
        let source = format!("{name}:{}", path.display());
        match Dataset::load(&source) {
            Ok(_) => return Action::UseSource(source),
            Err(error) => tried.push(format!("as {name}: {error}")),
        }
    }
    Action::Warn(format!("{} could not be read: {}.", short(path), tried.join("; ")))
}

fn looks_like_drawing(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Finished(_) => "finished",
        Outcome::Stopped => "stopped",
        Outcome::Diverged(_) => "diverged",
        Outcome::Failed(_) => "failed",
    }
}

/// The last part of a path, which is what people know it by.
fn short(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A project's name as a file's name.
fn file_stem(name: &str) -> String {
    let stem: String = name
        .trim()
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | ' ') { c } else { '-' })
        .collect();
    if stem.is_empty() { "project".to_owned() } else { stem }
}
