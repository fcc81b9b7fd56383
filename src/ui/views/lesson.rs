//! The lesson that is on, in a panel of its own: the card of its step, the question, the goal and the hints.

use std::collections::HashMap;

use eframe::egui::{
    self, Align, Button, ColorImage, Frame, Label, Layout, Margin, Panel, RichText, Role, ScrollArea, Sense, Stroke,
    TextEdit, TextureHandle, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons::{
    ICON_CANCEL, ICON_CHECK_CIRCLE, ICON_CLOSE, ICON_EDIT, ICON_LIGHTBULB, ICON_RADIO_BUTTON_UNCHECKED, ICON_SCHOOL,
};

use crate::language;
use crate::language::tr;
use crate::lesson::condition::Subject as About;
use crate::lesson::files::ENDING;
use crate::lesson::{Card, Condition, Question, cards::HINTS, markdown};
use crate::project::Project;
use crate::train::Metric;
use crate::train::metrics::Unit;
use crate::ui::commands::request::{EditAction, LessonAction};
use crate::ui::commands::{PathFor, Request};
use crate::ui::state::lesson::Ongoing;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::view::View;
use crate::ui::widgets::bar::bar_ui;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::card_text::{card_text_ui, spans_ui};
use crate::ui::widgets::numbers::{percent, significant, thousands};
use crate::ui::widgets::text::caption_ui;

/// The id of this view.
pub const ID: &str = "lesson";

/// Height of the buttons below the card.
const FOOT: f32 = 40.0;

/// The panel.
#[derive(Default)]
pub struct LessonView {
    /// The pictures of the cards that were shown, by lesson and name.
    pictures: HashMap<(String, String), Option<TextureHandle>>,
    /// The number of answers from which on the feedback is brought into sight.
    awaited: Option<usize>,
}

impl View for LessonView {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Lesson"
    }

    fn place(&self) -> Place {
        Place::Beside
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(mut on) = cx.lessons.on.take() else { return };
        head_ui(ui, &on, cx);
        Panel::bottom("lesson foot").exact_size(FOOT).frame(Frame::new()).show(ui, |ui| foot_ui(ui, &on, cx));
        // A goal is in sight whatever is read of the card.
        if on.lesson.steps.get(on.shown).is_some_and(|plan| !plan.goal.is_empty()) {
            Panel::bottom("lesson goal").resizable(false).frame(Frame::new()).show(ui, |ui| goal_ui(ui, &on, cx));
        }
        let step = on.shown;
        // Another step begins at the top of its card.
        ScrollArea::vertical().auto_shrink(false).id_salt(("card", step)).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 3.0 * GRID);
            self.card_ui(ui, &mut on, cx);
        });
        cx.lessons.on = Some(on);
    }
}

/// Whose lesson this is, how far it is, and the way out.
fn head_ui(ui: &mut Ui, on: &Ongoing, cx: &mut Cx<'_>) {
    let title = &on.lesson.cards(language::code()).title;
    ui.horizontal(|ui| {
        ui.label(ICON_SCHOOL.rich_text().size(18.0).color(Palette::of(ui).accent));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if icon_button_ui(ui, ICON_CLOSE, "Leave the lesson").clicked() {
                cx.act(Request::Lesson(LessonAction::Leave));
            }
            edit_ui(ui, on, cx);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(theme::strong(title)).truncate()).on_hover_text(title);
            });
        });
    });
    ui.horizontal(|ui| {
        let (step, of) = (on.shown + 1, on.lesson.steps.len());
        caption_ui(ui, &format!("Step {step} of {of}"));
        bar_ui(ui, "Progress of the lesson", Some(step as f32 / of.max(1) as f32), ui.available_width());
    });
    ui.add_space(GRID);
}

/// Opens the editor: of the lesson itself where it lies in a folder, or else of a copy.
fn edit_ui(ui: &mut Ui, on: &Ongoing, cx: &mut Cx<'_>) {
    if cx.lessons.editor.is_some() {
        return;
    }
    let folder = on.lesson.place.as_ref().filter(|place| place.extension().is_none_or(|ending| ending != ENDING));
    match folder {
        Some(folder) if icon_button_ui(ui, ICON_EDIT, "Edit this lesson").clicked() => {
            cx.act(Request::Lesson(LessonAction::Edit(EditAction::Open(folder.clone()))));
        }
        None if icon_button_ui(ui, ICON_EDIT, "Make a lesson of your own of this one…").clicked() => {
            cx.act(Request::ChoosePath(PathFor::AdaptLesson));
        }
        _ => {}
    }
}

/// Back, on, and past a step that is not done.
fn foot_ui(ui: &mut Ui, on: &Ongoing, cx: &mut Cx<'_>) {
    ui.horizontal_centered(|ui| {
        let size = vec2(64.0, 28.0);
        if ui.add_enabled(on.shown > 0, Button::new(tr("Back")).min_size(size)).clicked() {
            cx.act(Request::Lesson(LessonAction::Back));
        }
        let (is_last, can) = (on.shown + 1 == on.lesson.steps.len(), on.can_go_on());
        let obstacle = if on.is_at_furthest() { can.err() } else { None };
        let name = if is_last { "Finish" } else { "Next" };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text = RichText::new(tr(name));
            let mut button = Button::new(if obstacle.is_none() { text.color(Palette::of(ui).on_accent) } else { text });
            if obstacle.is_none() {
                button = button.fill(Palette::of(ui).accent);
            }
            let next = ui.add_enabled(obstacle.is_none(), button.min_size(size)).accessible_name(tr(name));
            if next.on_disabled_hover_text(tr(obstacle.unwrap_or_default())).clicked() {
                cx.act(Request::Lesson(LessonAction::Next));
            }
            if obstacle.is_some() {
                let skip = ui.add(Button::new(tr("Skip this step")).frame_when_inactive(false));
                if skip.on_hover_text(tr("Goes on without it. It is noted that the step was skipped.")).clicked() {
                    cx.act(Request::Lesson(LessonAction::Skip));
                }
            }
        });
    });
}

impl LessonView {
    fn card_ui(&mut self, ui: &mut Ui, on: &mut Ongoing, cx: &mut Cx<'_>) {
        let lesson = on.lesson.clone();
        let Some(card) = lesson.card(language::code(), on.shown) else { return };
        ui.label(theme::heading(&card.title));
        ui.add_space(GRID);
        if on.shown == 0 {
            let about = &lesson.cards(language::code()).about;
            ui.add(Label::new(RichText::new(tr(about.replace('\n', " "))).color(Palette::of(ui).muted)).wrap());
            ui.add_space(GRID);
        }
        self.text_ui(ui, on, &card.text);
        if let Some(question) = &card.question {
            ui.add_space(3.0 * GRID);
            self.question_ui(ui, on, question, cx);
        }
        self.hints_ui(ui, on, card, cx);
        if on.shown + 1 == lesson.steps.len() {
            hand_in_ui(ui, on, cx);
        }
        ui.add_space(2.0 * GRID);
    }

    fn text_ui(&mut self, ui: &mut Ui, on: &Ongoing, text: &str) {
        let (blocks, _) = markdown::read(text);
        let mut picture = |ui: &Ui, name: &str| {
            let key = (on.lesson.digest.clone(), name.to_owned());
            let texture = self.pictures.entry(key).or_insert_with(|| {
                let image = image::load_from_memory(on.lesson.picture(name)?).ok()?.to_rgba8();
                let size = [image.width() as usize, image.height() as usize];
                let pixels = ColorImage::from_rgba_unmultiplied(size, image.as_raw());
                Some(ui.ctx().load_texture(name, pixels, egui::TextureOptions::LINEAR))
            });
            texture.clone()
        };
        card_text_ui(ui, &blocks, &mut picture);
    }

    fn question_ui(&mut self, ui: &mut Ui, on: &mut Ongoing, question: &Question, cx: &mut Cx<'_>) {
        caption_ui(ui, "Question");
        self.text_ui(ui, on, &question.text);
        let tried = on.done().and_then(|done| done.tries.last()).map(|tried| tried.choice);
        let is_right = tried == Some(question.right);
        let is_open = on.is_at_furthest() && !is_right;
        let mut chosen = on.choice.filter(|_| is_open).or(tried);
        for (at, choice) in question.choices.iter().enumerate() {
            if choice_ui(ui, is_open, chosen == Some(at), choice) {
                chosen = Some(at);
            }
        }
        if is_open {
            on.choice = chosen;
            let can_check = chosen.is_some() && chosen != tried;
            let check = ui.add_enabled(can_check, Button::new(tr("Check answer")));
            if let Some(choice) =
                chosen.filter(|_| check.on_disabled_hover_text(tr("Choose an answer first")).clicked())
            {
                cx.act(Request::Lesson(LessonAction::Answer(choice)));
                self.awaited = on.done().map(|done| done.tries.len() + 1);
            }
        }
        if tried.is_some() {
            let palette = Palette::of(ui);
            let (icon, color, text) = match is_right {
                true => (ICON_CHECK_CIRCLE, palette.good, "Right."),
                false => (ICON_CANCEL, palette.bad, "Not right. You may answer again."),
            };
            ui.horizontal(|ui| {
                ui.label(icon.rich_text().size(18.0).color(color));
                ui.label(theme::strong(text).color(color));
            });
            self.text_ui(ui, on, &question.answer);
            if self.awaited.is_some() && self.awaited == on.done().map(|done| done.tries.len()) {
                self.awaited = None;
                ui.scroll_to_cursor(Some(Align::BOTTOM));
            }
        }
    }

    fn hints_ui(&mut self, ui: &mut Ui, on: &Ongoing, card: &Card, cx: &mut Cx<'_>) {
        let Some(done) = on.done().filter(|_| !card.hints.is_empty()) else { return };
        let shown = done.hints.min(card.hints.len());
        ui.add_space(2.0 * GRID);
        for (at, hint) in card.hints.iter().take(shown).enumerate() {
            caption_ui(ui, &format!("Hint {} of {HINTS}", at + 1));
            self.text_ui(ui, on, hint);
        }
        if shown < card.hints.len() && on.is_at_furthest() && done.reached.is_none() {
            let name = format!("Hint {} of {HINTS}", shown + 1);
            let button = ui
                .add(Button::new((ICON_LIGHTBULB.rich_text().size(16.0), tr(&name).into_owned())))
                .accessible_name(tr(&name));
            if button.on_hover_text(tr("Shows the next hint. It is noted how many were looked at.")).clicked() {
                cx.act(Request::Lesson(LessonAction::Hint));
            }
        }
    }
}

/// A choice of a question; whether it was pressed.
fn choice_ui(ui: &mut Ui, is_open: bool, is_chosen: bool, choice: &str) -> bool {
    let (blocks, _) = markdown::read(choice);
    let spans = match blocks.into_iter().next() {
        Some(markdown::Block::Text(spans)) => spans,
        _ => vec![markdown::Span { text: choice.to_owned(), ..Default::default() }],
    };
    let name = markdown::plain(&spans);
    let shown = ui.add_enabled_ui(is_open, |ui| {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = GRID;
            ui.visuals_mut().widgets.inactive.bg_stroke = Stroke::new(1.0, Palette::of(ui).line);
            let radio = ui.radio(is_chosen, "");
            radio.widget_info(|| WidgetInfo::selected(Role::RadioButton, is_open, is_chosen, tr(&name)));
            let text = ui.vertical(|ui| {
                ui.add_space(3.0);
                spans_ui(ui, &spans, Sense::click())
            });
            radio.clicked() || text.inner.clicked()
        })
        .inner
    });
    shown.inner && is_open
}

/// Each condition of the goal with the value that it has now.
fn goal_ui(ui: &mut Ui, on: &Ongoing, cx: &Cx<'_>) {
    let Some((plan, done)) = on.lesson.steps.get(on.shown).zip(on.done()) else { return };
    if plan.goal.is_empty() {
        return;
    }
    let palette = Palette::of(ui);
    ui.add_space(2.0 * GRID);
    caption_ui(ui, "Goal");
    // A step that was left has no run of its own any more.
    let is_now = on.is_at_furthest();
    let project = on.run_project.as_ref().filter(|_| plan.needs_run()).unwrap_or(cx.project);
    for condition in &plan.goal {
        let value = on.figures.value(condition, project).filter(|_| is_now);
        let holds = done.reached.is_some() || value.is_some_and(|value| condition.holds(value));
        let (icon, color, state) = match holds {
            true => (ICON_CHECK_CIRCLE, palette.good, "reached"),
            false => (ICON_RADIO_BUTTON_UNCHECKED, palette.muted, "not reached"),
        };
        let (name, wanted) = (name_of(condition, project), written(condition, condition.number));
        let text = format!("{name} {} {wanted}", condition.relation.sign());
        // Rounded, a value that is just missed would look like the one that is wanted.
        let exact = |value: f64| Some(written(condition, value)).filter(|text| *text != wanted || holds);
        let value = value.map(|value| exact(value).unwrap_or_else(|| format!("{value:.5}")));
        let row = ui.horizontal(|ui| {
            ui.label(icon.rich_text().size(18.0).color(color));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(theme::strong(value.clone().unwrap_or_else(|| "–".to_owned())).color(color));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.add(Label::new(tr(&text)).wrap()));
            });
        });
        let now = value.map_or_else(String::new, |value| format!(", now {value}"));
        row.response.widget_info(|| WidgetInfo::labeled(Role::Label, true, tr(format!("Goal: {text}, {state}{now}"))));
    }
    if done.reached.is_some() {
        let frame = Frame::new().inner_margin(Margin::symmetric(0, 2));
        frame.show(ui, |ui| ui.label(theme::strong("Goal reached.").color(palette.good)));
    }
}

/// What a condition is about, in words.
pub fn name_of(condition: &Condition, project: &Project) -> String {
    let name = condition.name.as_str();
    match condition.subject() {
        Some(About::Parameters) => "Parameters".to_owned(),
        Some(About::Count) => match name {
            "seconds" => "Seconds of training".to_owned(),
            "epochs" => "Epochs".to_owned(),
            "steps" => "Steps".to_owned(),
            _ => "Runs".to_owned(),
        },
        Some(About::Setting) => {
            let (place, key) = name.rsplit_once('.').unwrap_or(("", name));
            let settings = project.settings();
            let group = settings.iter().find(|(at, _)| at == place).map(|(_, settings)| settings.describe());
            let field = group.into_iter().flatten().find(|field| field.key == key);
            field.map_or_else(|| name.to_owned(), |field| field.label.to_owned())
        }
        Some(About::Result) | None => {
            let (best, rest) = name.strip_prefix("best_").map_or(("", name), |rest| ("best ", rest));
            let (part, key) = rest.split_once('_').unwrap_or(("", rest));
            let part = if part == "train" { "training" } else { part };
            let metric = Metric::named(key).map_or_else(|| key.to_owned(), |metric| metric.label.to_lowercase());
            let text = format!("{best}{part} {metric}");
            text[..1].to_uppercase() + &text[1..]
        }
    }
}

/// A value of a condition as the window writes such values.
fn written(condition: &Condition, value: f64) -> String {
    let key = condition.name.split_once('_').map_or("", |(_, key)| key);
    let key = key.strip_prefix("validation_").or_else(|| key.strip_prefix("test_")).unwrap_or(key);
    match condition.subject() {
        Some(About::Result) if Metric::named(key).is_some_and(|metric| metric.unit == Unit::Percent) => percent(value),
        Some(About::Parameters | About::Count) if value.fract() == 0.0 => thousands(value),
        _ => significant(value),
    }
}

/// At the last card: what the lesson has come to, and the file for the teacher.
fn hand_in_ui(ui: &mut Ui, on: &mut Ongoing, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    ui.add_space(4.0 * GRID);
    let ((right, asked), (reached, goals)) = (on.progress.answers(&on.lesson), on.progress.goals(&on.lesson));
    let skipped = on.progress.skipped().len();
    let text = format!(
        "Answers right at the first try: {right} of {asked}. Goals reached: {reached} of {goals}. Hints: {}. Skipped steps: {skipped}.",
        on.progress.hints()
    );
    ui.add(Label::new(RichText::new(tr(text)).color(palette.muted)).wrap());
    ui.add_space(2.0 * GRID);
    ui.horizontal(|ui| {
        let field = TextEdit::singleline(&mut on.pupil).hint_text(tr("Your name")).desired_width(140.0).char_limit(80);
        let field = ui.add(field).accessible_name(tr("Your name"));
        if field.lost_focus() {
            cx.lessons.touch();
        }
        let can = !on.pupil.trim().is_empty();
        let button = ui.add_enabled(can, Button::new(tr("Hand in…")));
        let help = "Writes one file for the teacher: answers, runs, the last project and its network.";
        if button.on_hover_text(tr(help)).on_disabled_hover_text(tr("Type your name first")).clicked() {
            cx.act(Request::ChoosePath(PathFor::SaveHandIn));
        }
    });
    let again = ui.add(Button::new(tr("Begin again")).frame_when_inactive(false));
    if again
        .on_hover_text(tr("Forgets the answers and goals of this lesson. Hand it in before, if you want to."))
        .clicked()
    {
        cx.act(Request::Lesson(LessonAction::Restart));
    }
}
