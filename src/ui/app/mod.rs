//! The studio itself: what it holds, and how a frame goes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, CentralPanel, Context, Frame, Margin, Panel as Side, Ui};
use egui::util::undoer::{Settings, Undoer};

use crate::data::Dataset;
use crate::project::Project;
use crate::ui::commands::{Action, keys};
use crate::ui::jobs::drawing::Reading;
use crate::ui::jobs::generated::GeneratedSamples;
use crate::ui::jobs::plane::Surface;
use crate::ui::jobs::reconstructions::Gallery;
use crate::ui::jobs::tasks::Tasks;
use crate::ui::state::playground::Desk;
use crate::ui::state::session::Session;
use crate::ui::state::window_state::{self, View};
use crate::ui::theme;
use crate::ui::views::dialogs::cross_validation::Folding;
use crate::ui::views::dialogs::lr_finder::Finding;
use crate::ui::views::dialogs::path_prompt::Asking;
use crate::ui::views::{self, Cx, Panel, Place};
use backprop_nn::model::Trace;

mod files;
mod notices;
mod run;
mod window;

pub use window::run;

use notices::Notices;

/// Height of the bar with the project's name, and of the bar with the buttons of the run.
const TOP: f32 = 44.0;
const BOTTOM: f32 = 48.0;

/// Width of the sides, which do not grow with the window.
const LEFT: f32 = 264.0;
const RIGHT: f32 = 312.0;

/// The room where one draws.
pub const DRAW: &str = "Draw";

/// Time that one frame may spend on events; what is left waits for the next frame.
const EVENT_BUDGET: Duration = Duration::from_millis(3);

/// A project and the file it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    pub project: Project,
    /// Where it is saved; nowhere yet if it is new.
    pub path: Option<PathBuf>,
}

pub struct Studio {
    pub(in crate::ui) document: Document,
    /// The project as its file has it.
    pub(in crate::ui) saved: Project,
    pub(in crate::ui) undo: Undoer<Document>,
    pub(in crate::ui) session: Session,
    pub(in crate::ui) view: View,
    pub(in crate::ui) desk: Desk,
    pub(in crate::ui) reading: Reading,
    pub(in crate::ui) surface: Surface,
    pub(in crate::ui) gallery: Gallery,
    pub(in crate::ui) generated: GeneratedSamples,
    pub(in crate::ui) panels: Vec<Box<dyn Panel>>,
    pub(in crate::ui) tasks: Tasks,
    pub(in crate::ui) notices: Notices,
    pub(in crate::ui) is_help_open: bool,
    /// The path that is being typed, where there is no file dialog.
    pub(in crate::ui) asking: Option<Asking>,
    /// The learning-rate finder, while it is open.
    pub(in crate::ui) finding: Option<Finding>,
    /// The cross-validation, while it is open.
    pub(in crate::ui) folding: Option<Folding>,
}

impl Studio {
    /// The studio with a document, or with what was left open the last time, or with the default preset.
    pub fn new(cc: &eframe::CreationContext<'_>, open: Option<Document>) -> Self {
        theme::install(&cc.egui_ctx);
        let view: View = cc.storage.and_then(|storage| eframe::get_value(storage, eframe::APP_KEY)).unwrap_or_default();
        let left = if open.is_none() { left_open(&view) } else { None };
        let is_draft = left.is_some();
        let document = open.or(left).unwrap_or_else(|| Document::new(Project::default()));
        let mut studio = Self {
            saved: if is_draft { Project::default() } else { document.project.clone() },
            session: Session::new(&document.project.data.source),
            document,
            undo: Undoer::with_settings(Settings { stable_time: 0.4, ..Settings::default() }),
            view,
            desk: Desk::default(),
            reading: Reading::default(),
            surface: Surface::default(),
            gallery: Gallery::default(),
            generated: GeneratedSamples::default(),
            panels: views::all(),
            tasks: Tasks::default(),
            notices: Notices::default(),
            is_help_open: false,
            asking: None,
            finding: None,
            folding: None,
        };
        studio.apply_view(&cc.egui_ctx);
        studio.load_data(&cc.egui_ctx);
        if is_draft {
            studio.compare_with_file(&cc.egui_ctx);
        }
        studio.load_bundled(&cc.egui_ctx);
        studio
    }

    pub fn project(&self) -> &Project {
        &self.document.project
    }

    pub fn project_mut(&mut self) -> &mut Project {
        &mut self.document.project
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    pub fn view_mut(&mut self) -> &mut View {
        &mut self.view
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// The learning-rate finder, while it is open.
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// The cross-validation, while it is open.
    pub fn folding(&self) -> Option<&Folding> {
        self.folding.as_ref()
    }

    pub fn reading(&self) -> &Reading {
        &self.reading
    }

    /// The shapes of the stack with the data there is, of the generator if there is an adversary.
    pub fn trace(&self) -> Trace {
        let (shape, classes) = self.session.shape(&self.document.project);
        self.document.project.trace(shape, classes)
    }

    /// Whether the project differs from its file.
    pub fn is_edited(&self) -> bool {
        self.document.project != self.saved
    }

    /// Puts theme and scale of the view into force where they are not.
    fn apply_view(&self, ctx: &Context) {
        let theme = match self.view.theme {
            window_state::Theme::Dark => egui::Theme::Dark,
            window_state::Theme::Light => egui::Theme::Light,
        };
        if ctx.theme() != theme {
            ctx.set_theme(theme);
        }
        let zoom = if self.view.is_presenter { 1.5 } else { 1.0 };
        if ctx.zoom_factor() != zoom {
            ctx.set_zoom_factor(zoom);
        }
    }

    fn draw(&mut self, ui: &mut Ui) {
        let mut actions = keys::pressed(ui, self.rooms());
        let trace = self.trace();
        let (sample, _) = self.session.shape(&self.document.project);
        let discriminator = self.document.project.trace_discriminator(sample);
        let is_edited = self.is_edited();
        let (can_undo, can_redo) = self.can_travel();
        let Self {
            document,
            session,
            view,
            desk,
            reading,
            surface,
            gallery,
            generated,
            panels,
            notices,
            is_help_open,
            ..
        } = self;
        let room = shown_room(panels, &view.room);
        let mut cx = Cx {
            project: &mut document.project,
            path: document.path.as_deref(),
            is_edited,
            can_undo,
            can_redo,
            view,
            desk,
            session,
            reading,
            surface,
            gallery,
            generated,
            trace: &trace,
            discriminator: discriminator.as_ref(),
            actions: &mut actions,
        };
        for place in [Place::Top, Place::Bottom, Place::Left, Place::Right, Place::Room] {
            show_place(ui, place, panels, room, &mut cx);
        }
        notices.show(ui, BOTTOM);
        notices::drop_hint_ui(ui);
        if *is_help_open && keys::help_ui(ui) {
            *is_help_open = false;
        }
        if let Some(action) = self.asking.as_mut().and_then(|asking| asking.show(ui)) {
            self.asking = None;
            actions.push(action);
        }
        if let Some(action) = self.finding.as_ref().and_then(|finding| finding.show(ui)) {
            self.finding = None;
            actions.push(action);
        }
        if let Some(action) = self.folding.as_ref().and_then(|folding| folding.show(ui)) {
            self.folding = None;
            actions.push(action);
        }
        for action in actions {
            self.apply(ui, action);
        }
        self.remember(ui);
        if self.reading.update(&self.desk, self.view.pen, &self.session) {
            ui.request_repaint_after(Duration::from_millis(50));
        }
    }

    /// Whether undo and redo lead anywhere. Where one draws they are about the drawing, elsewhere about the project.
    fn can_travel(&self) -> (bool, bool) {
        match self.view.room == DRAW {
            true => self.desk.can_travel(),
            false => (self.undo.has_undo(&self.document), self.undo.has_redo(&self.document)),
        }
    }

    fn rooms(&self) -> Vec<&'static str> {
        let rooms = self.panels.iter().filter(|panel| panel.place() == Place::Room);
        rooms.map(|panel| panel.title()).collect()
    }

    /// Feeds the undo history: at once when the pointer is up, and after a short rest while somebody types.
    fn remember(&mut self, ctx: &Context) {
        let (now, is_pointer_down) = ctx.input(|input| (input.time, input.pointer.any_down()));
        self.undo.feed_state(now, &self.document);
        if !is_pointer_down {
            self.desk.remember();
        }
        if !is_pointer_down && !ctx.text_edit_focused() {
            self.undo.add_undo(&self.document);
        }
        if self.undo.is_in_flux() {
            ctx.request_repaint_after(Duration::from_millis(450));
        }
    }
}

impl Document {
    /// A project that has no file yet.
    pub fn new(project: Project) -> Self {
        Self { project, path: None }
    }
}

impl eframe::App for Studio {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.apply_view(ctx);
        for action in self.tasks.finished() {
            self.apply(ctx, action);
        }
        if let Some(finding) = &mut self.finding {
            finding.absorb();
        }
        if let Some(folding) = &mut self.folding {
            folding.absorb();
        }
        if self.session.drain(EVENT_BUDGET) {
            ctx.request_repaint();
        }
        let data = &self.document.project.data;
        let is_other_task = |dataset: &Arc<Dataset>| dataset.task.is_reconstruction() != data.reconstruct;
        if data.source != self.session.source() || self.session.dataset().is_some_and(is_other_task) {
            self.load_data(ctx);
        }
        let source = &self.document.project.data.source;
        self.desk.painting.take_if(|painting| !painting.follows(source, &self.session.data));
        // The optimiser of another project is not meant for this run.
        let is_its_project = !self.session.has_other_model(&self.document.project);
        if is_its_project && !ctx.input(|input| input.pointer.any_down()) {
            self.session.set_live(self.document.project.training.live());
        }
        self.update_surface(ctx);
        self.update_gallery(ctx);
        self.update_generated(ctx);
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        for file in dropped {
            self.apply(ctx, Action::Dropped(file.path().to_owned()));
        }
        if self.reading.update(&self.desk, self.view.pen, &self.session) {
            ctx.request_repaint_after(Duration::from_millis(50));
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.view.path.clone_from(&self.document.path);
        self.view.draft = self.document.project.to_text().ok();
        eframe::set_value(storage, eframe::APP_KEY, &self.view);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// What was on the screen when the window was closed.
fn left_open(view: &View) -> Option<Document> {
    let project = Project::parse(view.draft.as_deref()?).ok()?;
    Some(Document { project, path: view.path.clone() })
}

/// The room of that title, or the first.
fn shown_room(panels: &[Box<dyn Panel>], title: &str) -> &'static str {
    let mut rooms = panels.iter().filter(|panel| panel.place() == Place::Room).map(|panel| panel.title());
    let first = rooms.clone().next().unwrap_or_default();
    rooms.find(|room| *room == title).unwrap_or(first)
}

fn show_place(ui: &mut Ui, place: Place, panels: &mut [Box<dyn Panel>], room: &str, cx: &mut Cx<'_>) {
    let titles: Vec<_> =
        panels.iter().filter(|panel| panel.place() == Place::Room).map(|panel| panel.title()).collect();
    let Some(panel) =
        panels.iter_mut().find(|panel| panel.place() == place && (place != Place::Room || panel.title() == room))
    else {
        return;
    };
    let frame = |x, y| Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(x, y));
    match place {
        Place::Top => {
            Side::top("top").exact_size(TOP).frame(frame(12, 0)).show(ui, |ui| panel.ui(ui, cx));
        }
        Place::Bottom => {
            Side::bottom("bottom").exact_size(BOTTOM).frame(frame(12, 0)).show(ui, |ui| panel.ui(ui, cx));
        }
        Place::Left => {
            let mut is_open = cx.view.is_left_open;
            let side = Side::left("left").resizable(false).exact_size(LEFT).frame(frame(12, 8));
            side.show_collapsible(ui, &mut is_open, |ui| panel.ui(ui, cx));
        }
        Place::Right => {
            let mut is_open = cx.view.is_right_open;
            let side = Side::right("right").resizable(false).exact_size(RIGHT).frame(frame(12, 8));
            side.show_collapsible(ui, &mut is_open, |ui| panel.ui(ui, cx));
        }
        Place::Room => {
            let frame = frame(16, 8);
            CentralPanel::default().frame(frame).show(ui, |ui| {
                views::rooms_ui(ui, &titles, panel.as_mut(), cx);
            });
        }
    }
}
