//! The studio itself. Each frame has three parts, see `frame`: what threads have sent is taken in, the views are drawn, and
//! what they ask for is carried out by [`Studio::act`].

mod board;
mod charts;
mod data;
mod dropped;
mod experiment;
mod files;
mod frame;
mod history;
mod kept_runs;
mod lesson;
mod lesson_editor;
mod notices;
mod perform;
mod places;
mod reports;
mod run;
mod sound;
mod window;
mod working_copy;

use std::path::PathBuf;

use crossbeam_channel::{Receiver, Sender, unbounded};
use eframe::egui::{self, Vec2, vec2};

use crate::explain::coach::Experiment;
use crate::language::{self, Language};
use crate::project::Project;
use crate::ui::commands::Situation;
use crate::ui::jobs::DerivedData;
use crate::ui::jobs::recording::{Recording, Writing};
use crate::ui::jobs::tasks::Tasks;
use crate::ui::state::lesson::{Lessons, Ongoing};
use crate::ui::state::playground::Playground;
use crate::ui::state::problems::Problems;
use crate::ui::state::session::Session;
use crate::ui::state::shapes::Shapes;
use crate::ui::state::subject::Subject;
use crate::ui::state::trained_network::Networks;
use crate::ui::state::window_state::{Place, Theme, WindowState};
use crate::ui::theme::{self, Palette};
use crate::ui::views;
use crate::ui::views::dialogs::dialog::Dialogs;
use crate::ui::views::view::View;
use crate::ui::widgets::chart_file::ChartFile;
use crate::ui::widgets::guard::{self, Marks};
use board::BoardLine;
use history::History;
use kept_runs::KeptRuns;
use notices::Notices;
use sound::Loudspeaker;

use working_copy::Copying;

pub use window::run;

/// A project and the file it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The network, the data and the training settings.
    pub project: Project,
    /// Where it is saved; nowhere yet if it is new.
    pub path: Option<PathBuf>,
}

/// The application: the document that is open, the run, the views and the dialogs.
pub struct Studio {
    document: Document,
    /// The project as its file has it.
    saved: Project,
    history: History,
    session: Session,
    window: WindowState,
    lessons: Lessons,
    board: BoardLine,
    loudspeaker: Loudspeaker,
    playground: Playground,
    networks: Networks,
    derived: DerivedData,
    views: Vec<Box<dyn View>>,
    dialogs: Dialogs,
    tasks: Tasks,
    /// Where the runs of projects without a file are kept; nothing where none are.
    runs: Option<PathBuf>,
    recording: Option<Recording>,
    kept: KeptRuns,
    copying: Copying,
    /// The threads that have written other runs, or still do.
    retired: Vec<Writing>,
    /// What could not be written.
    unwritten: (Sender<String>, Receiver<String>),
    notices: Notices,
    /// The chart that is being saved, and those of which a picture was taken.
    chart: Option<ChartFile>,
    pictures: (Sender<ChartFile>, Receiver<ChartFile>),
    problems: Problems,
    /// The network that was suggested last, to know whether it has been edited.
    last_suggestion: Option<Project>,
    /// Whether the data wait until others are read.
    is_read_later: bool,
    /// Whether the data that are read were opened as a file or a folder.
    is_file_opened: bool,
    /// The experiment that begins once the run has ended and its data are there.
    experiment: Option<Experiment>,
    /// The lesson or the run that the window is opened with.
    to_open: Option<String>,
    /// What a lesson locks and outlines.
    marks: Marks,
    /// Why the data are read in a better way, for which a suggestion waits.
    better: Option<String>,
}

impl Studio {
    /// The studio with a document, or with what was left open the last time, or with the default preset.
    pub fn new(cc: &eframe::CreationContext<'_>, open: Option<Document>) -> Self {
        theme::install(&cc.egui_ctx);
        let stored = cc.storage.and_then(|storage| eframe::get_value::<WindowState>(storage, eframe::APP_KEY));
        let window = stored.unwrap_or_default();
        let left = if open.is_none() { left_open(&window) } else { None };
        let is_draft = left.is_some();
        let document = open.or(left).unwrap_or_else(|| Document::new(Project::default()));
        let mut studio = Self {
            saved: if is_draft { Project::default() } else { document.project.clone() },
            history: History::default(),
            session: Session::new(&document.project.data.source),
            document,
            window,
            lessons: Lessons::default(),
            board: BoardLine::default(),
            loudspeaker: Loudspeaker::default(),
            playground: Playground::default(),
            networks: Networks::default(),
            derived: DerivedData::default(),
            views: views::all(),
            dialogs: Dialogs::default(),
            tasks: Tasks::default(),
            runs: None,
            recording: None,
            kept: KeptRuns::default(),
            copying: Copying::default(),
            retired: Vec::new(),
            unwritten: unbounded(),
            notices: Notices::default(),
            chart: None,
            pictures: unbounded(),
            problems: Problems::default(),
            last_suggestion: None,
            is_file_opened: false,
            better: None,
            to_open: None,
            marks: Marks::default(),
            experiment: None,
            is_read_later: false,
        };
        studio.apply_window_state(&cc.egui_ctx);
        studio.load_data(&cc.egui_ctx);
        if is_draft {
            studio.compare_with_file(&cc.egui_ctx);
        }
        studio.unpack_classifier(&cc.egui_ctx);
        studio
    }

    /// Keeps every run in a folder of its own: below this one, or in `runs` beside the file of its project.
    #[must_use]
    pub fn keeping_runs(mut self, folder: Option<PathBuf>) -> Self {
        self.runs = folder;
        self
    }

    /// The project of the open document.
    pub fn project(&self) -> &Project {
        &self.document.project
    }

    /// The project of the open document, to be edited.
    pub fn project_mut(&mut self) -> &mut Project {
        &mut self.document.project
    }

    /// The state of the data and of the run.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The state of the data and of the run, to be changed.
    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The state that the window saves between starts.
    pub fn window(&self) -> &WindowState {
        &self.window
    }

    /// The same, to be changed.
    pub fn window_mut(&mut self) -> &mut WindowState {
        &mut self.window
    }

    /// The drawing, the table row and the other inputs that the user tries.
    pub fn playground(&self) -> &Playground {
        &self.playground
    }

    /// The networks besides the one of the run: the built-in classifier and the opened run.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The predictions and images that background threads compute.
    pub fn derived(&self) -> &DerivedData {
        &self.derived
    }

    /// The lesson that is on, and how far the others are.
    pub fn lessons(&self) -> &Lessons {
        &self.lessons
    }

    /// The dialogs that are open.
    pub fn dialogs(&self) -> &Dialogs {
        &self.dialogs
    }

    /// The shapes of the stacks with the data there is.
    pub fn shapes(&self) -> Shapes {
        Shapes::of(&self.document.project, &self.session)
    }

    /// Whether the project differs from its file.
    pub fn is_edited(&self) -> bool {
        self.document.project != self.saved
    }

    /// Which commands are possible now.
    pub fn situation(&mut self) -> Situation {
        let project = &self.document.project;
        self.problems.update(project, &self.session);
        let unanswered = self.lessons.on.as_ref().and_then(Ongoing::obstacle);
        let subject = Subject::of(project, &self.session);
        let (can_undo, can_redo) = self.can_travel();
        Situation {
            is_evaluated: project.head(self.session.dataset().map(AsRef::as_ref)).is_evaluated(),
            is_changed: self.other_project().is_some(),
            can_branch: self.can_branch(),
            can_undo,
            can_redo,
            has_ink: !self.playground.drawing.strokes.is_empty(),
            is_presenter: self.window.is_presenter,
            is_lesson: self.lessons.on.is_some(),
            is_playing: self.is_playing(),
            is_on_board: self.window.boards.joined.is_some(),
            tabs: places::tabs(&self.views, Place::Center, &subject, &self.window),
            ..Situation::of(&self.session, unanswered.or(self.problems.obstacle(project, &self.session)))
        }
    }

    /// Puts theme and scale into force where they are not.
    fn apply_window_state(&self, ctx: &egui::Context) {
        if let Some(language) = self.window.language.as_deref().and_then(Language::find) {
            language::speak(language);
        }
        let palette = match self.window.theme {
            Theme::Dark => Palette::for_mode(true),
            Theme::Light => Palette::for_mode(false),
            Theme::HighContrast => Palette::high_contrast(),
        };
        guard::set_profile(ctx, &self.window.profile);
        theme::show(ctx, palette, !self.window.is_still);
        let size = ctx.content_rect().size() * ctx.zoom_factor();
        let chosen = self.window.text_size as f32 / 100.0;
        let zoom = if self.window.is_presenter { presented(size).max(chosen) } else { chosen };
        if (ctx.zoom_factor() - zoom).abs() > 1e-3 {
            ctx.set_zoom_factor(zoom);
        }
    }
}

/// How much larger the presenter shows everything in a window of this size: half as large again where that leaves room for
/// what it shows, and less in a smaller one.
fn presented(window: Vec2) -> f32 {
    const NEEDED: Vec2 = vec2(853.0, 533.0);
    (window / NEEDED).min_elem().clamp(1.0, 1.5)
}

impl Document {
    /// A project that has no file yet.
    pub fn new(project: Project) -> Self {
        Self { project, path: None }
    }
}

/// What was on the screen when the window was closed.
fn left_open(window: &WindowState) -> Option<Document> {
    let project = Project::parse(window.draft.as_deref()?).ok()?;
    Some(Document { project, path: window.path.clone() })
}
