//! Carrying out commands and requests.

use std::path::Path;

use eframe::egui::{Context, ViewportCommand};

use super::{Studio, places};
use crate::language;
use crate::train;
use crate::ui::commands::{Action, Command, PathFor, Request};
use crate::ui::state::window_state::{Place, Theme};
use crate::ui::views::dialogs::glossary::Glossary;
use crate::ui::views::dialogs::help::Help;
use crate::ui::views::dialogs::new_project::NewProject;
use crate::ui::views::dialogs::palette::CommandPalette;
use crate::ui::views::dialogs::path_prompt::PathPrompt;
use crate::ui::views::dialogs::profile::ProfileDialog;
use crate::ui::views::dialogs::start::Start;
use crate::ui::views::dialogs::trials::{Question, SEEDS};
use crate::ui::views::{data, mistakes, transport};
use crate::ui::widgets::keyboard;
use crate::ui::widgets::numbers::two_digits;
use crate::ui::widgets::term::pointed_term;

impl Studio {
    /// Does what a view, a key, a dialog or a test asks for. A command that is not possible now says why.
    pub fn act(&mut self, ctx: &Context, action: impl Into<Action>) {
        match action.into() {
            Action::Command(command) => match self.situation().permits(command) {
                Ok(()) => self.perform(ctx, command),
                Err(why) => {
                    if command == Command::Train && self.situation().permits(Command::TrainAnew).is_ok() {
                        // Space once more then presses the button.
                        keyboard::ask_focus(ctx, transport::TRAIN);
                    }
                    self.notices.warn(why);
                }
            },
            Action::Request(request) => self.fulfill(ctx, request),
        }
    }

    fn perform(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::Train | Command::TrainAnew => self.begin(ctx, train::Start::Running),
            Command::TrainKeeping => self.begin_keeping(ctx),
            Command::Continue => self.go_on(ctx),
            Command::Branch => self.branch(ctx),
            Command::GoBackGentler => self.go_back_gentler(ctx),
            Command::LookBack => self.session.look_at(Some(self.session.progress.step)),
            Command::Newest => self.session.look_at(None),
            Command::Pause => self.session.send(train::RunCommand::Pause),
            Command::Resume => self.session.send(train::RunCommand::Resume),
            Command::StepBatch => self.step(ctx, train::RunCommand::StepBatch),
            Command::StepEpoch => self.step(ctx, train::RunCommand::StepEpoch),
            Command::Stop => self.session.stop(),
            Command::Reset => self.reset(),
            Command::ResetGentler => {
                self.reset();
                let rate = &mut self.document.project.training.learning_rate;
                *rate = two_digits(*rate / 3.0);
            }
            Command::Suggest => self.suggest(),
            Command::Check => self.check(ctx),
            Command::FindLearningRate => self.find_learning_rate(ctx),
            Command::RepeatSeeds => self.ask_trials(ctx, Question::Seeds(SEEDS[1])),
            Command::Compare => self.compare_with_run(ctx, SEEDS[1]),
            Command::Race => self.race(),
            Command::Search => self.search(),
            Command::Undo => self.travel(false),
            Command::Redo => self.travel(true),
            Command::New => self.dialogs.open(NewProject::default()),
            Command::Empty => self.empty(),
            Command::OpenFolder => self.choose(ctx, PathFor::OpenFolder),
            Command::Import => self.choose(ctx, PathFor::Import),
            Command::Open => self.choose(ctx, PathFor::OpenFile),
            Command::Save => match self.document.path.clone() {
                Some(path) => self.save_to(ctx, path),
                None => self.choose(ctx, PathFor::SaveProject),
            },
            Command::SaveAs => self.choose(ctx, PathFor::SaveProject),
            Command::SaveRun => self.choose(ctx, PathFor::SaveRun),
            Command::Export => self.ask_export(),
            Command::Report => self.choose(ctx, PathFor::SaveReport),
            Command::OpenDrawing => self.choose(ctx, PathFor::OpenDrawing),
            Command::PastePicture => self.paste_picture(ctx),
            Command::PasteText => self.paste_text(ctx),
            Command::SaveDrawing => self.choose(ctx, PathFor::SaveDrawing),
            Command::ReloadData => self.load_data(ctx),
            Command::ToggleNetwork => self.window.is_left_open = !self.window.is_left_open,
            Command::ToggleTraining => self.window.is_right_open = !self.window.is_right_open,
            Command::Presenter | Command::LeavePresenter => self.toggle_presenter(ctx),
            Command::ToggleTheme => {
                self.window.theme = match self.window.theme {
                    Theme::Dark | Theme::HighContrast => Theme::Light,
                    Theme::Light => Theme::Dark,
                };
            }
            Command::HighContrast => {
                self.window.theme = match self.window.theme {
                    Theme::Dark | Theme::Light => Theme::HighContrast,
                    Theme::HighContrast => Theme::Dark,
                };
            }
            Command::LargerText => self.window.enlarge(1),
            Command::SmallerText => self.window.enlarge(-1),
            Command::NormalText => self.window.text_size = 100,
            Command::ReduceMotion => self.window.is_still = !self.window.is_still,
            Command::Explain => self.window.is_explained = !self.window.is_explained,
            Command::Profile => self.dialogs.open(ProfileDialog::new(&self.window.profile)),
            Command::Start => self.dialogs.open(Start),
            Command::Paint => self.begin_painting(ctx),
            Command::NextLanguage => {
                let language = language::current().next();
                self.window.language = Some(language.code.to_owned());
                language::speak(language);
            }
            Command::Palette => self.dialogs.open(CommandPalette::default()),
            Command::Lessons => self.list_lessons(),
            Command::LeaveLesson => self.leave_lesson(),
            Command::RecordLesson => self.choose(ctx, PathFor::RecordLesson),
            Command::EditLesson => self.choose(ctx, PathFor::EditLesson),
            Command::Listen => self.listen(ctx),
            Command::JoinBoard => self.ask_board(None),
            Command::LeaveBoard => self.leave_board(),
            Command::ClassBoard => self.show_class_board(ctx),
            Command::Help => self.dialogs.open(Help),
            Command::Glossary => self.dialogs.open(pointed_term(ctx).map_or_else(Glossary::default, Glossary::at)),
        }
    }

    fn fulfill(&mut self, ctx: &Context, request: Request) {
        match request {
            Request::Show(id) => self.show_view(id),
            Request::ShowCell { truth, predicted } => {
                self.playground.cell = Some((truth, predicted));
                self.show_view(mistakes::ID);
            }
            Request::LookAt(step) => self.session.look_at(Some(step)),
            Request::UseThreshold(threshold) => self.session.set_threshold(threshold),
            Request::UseLearningRate(rate) => self.document.project.training.learning_rate = rate,
            Request::BringBack => self.bring_back(),
            Request::EditOption(label) => {
                self.show_view(data::ID);
                keyboard::ask_focus(ctx, label);
            }
            Request::CrossValidate(folds) => self.ask_trials(ctx, Question::Folds(folds)),
            Request::RepeatSeeds(seeds) => self.ask_trials(ctx, Question::Seeds(seeds)),
            Request::CompareWithRun(seeds) => self.compare_with_run(ctx, seeds),
            Request::Compare { with, name } => {
                self.ask_trials(ctx, Question::Comparison { with, name, seeds: SEEDS[1] });
            }
            Request::SideBySide(folders) => self.lay_side_by_side(ctx, folders),
            Request::UseSettings(project) => self.document.project = *project,
            Request::TryOut(experiment) => self.try_out(ctx, *experiment),
            Request::ChangeRun { folder, change } => self.change_run(&folder, change),
            Request::DeleteRuns(folders) => self.delete_runs(&folders),
            Request::BringBackRun => self.bring_back_run(),
            Request::New(preset) => self.new_from(preset),
            Request::Open(path) => self.open(ctx, path),
            Request::SaveTo(path) => self.save_to(ctx, path),
            Request::SaveRunIn(base) => self.save_run(ctx, base),
            Request::Export { format, folder, overwrite } => self.export(ctx, format, folder, overwrite),
            Request::UseProfile(profile) => self.window.profile = *profile,
            Request::SaveProfileTo(path) => self.save_profile(ctx, path),
            Request::OpenDrawing(path) => self.open_drawing(ctx, path),
            Request::SaveDrawingTo(path) => self.save_drawing(ctx, path),
            Request::SaveReportTo(path) => self.save_report(ctx, path),
            Request::SaveChartTo(path) => self.save_chart(ctx, path),
            Request::ChoosePath(wanted) => self.choose(ctx, wanted),
            Request::UseSource(source) => {
                let part = source.single().filter(|part| Path::new(&part.argument).exists());
                if let Some(part) = part {
                    self.window.remember_file(Path::new(&part.argument));
                }
                self.is_file_opened = true;
                self.document.project.data.source = source;
            }
            Request::TypePath(wanted) => self.dialogs.open(PathPrompt::new(wanted, self.suggestion(wanted))),
            Request::Lesson(action) => self.act_in_lesson(ctx, action),
            Request::Board(action) => self.act_on_board(ctx, action),
            Request::Dropped(path) => self.read_dropped(ctx, path),
        }
    }

    /// The id of the view that a place shows.
    pub(super) fn shown_view(&self, place: Place) -> Option<&'static str> {
        places::shown(&self.views, place, &self.window)
    }

    /// Shows a view in its place.
    pub(super) fn show_view(&mut self, id: &str) {
        if let Some(view) = self.views.iter().find(|view| view.id() == id) {
            self.window.show(view.place(), id);
        }
    }

    fn toggle_presenter(&mut self, ctx: &Context) {
        let window = &mut self.window;
        window.is_presenter = !window.is_presenter;
        let sides = (window.is_left_open, window.is_right_open);
        if window.is_presenter {
            window.sides_before = sides;
        }
        (window.is_left_open, window.is_right_open) =
            if window.is_presenter { (false, false) } else { window.sides_before };
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.window.is_presenter));
    }
}
