//! What a step does: what it shows, sets, locks and outlines, when its goal is reached, and by which settings.

use eframe::egui::{Align, Layout, ScrollArea, vec2};
use eframe::egui::{
    Button, ComboBox, DragValue, Key, Label, PopupCloseBehavior, RichText, Role, TextEdit, Ui, WidgetInfo,
};
use egui_material_icons::icons::{ICON_ADD, ICON_CLOSE};

use super::act;
use crate::language::tr;
use crate::lesson::check::{COMMANDS, PANELS, TABS};
use crate::lesson::condition::{COUNTS, RELATIONS, Relation};
use crate::lesson::plan::Settings;
use crate::lesson::{Condition, StepPlan};
use crate::project::Project;
use crate::train::Metric;
use crate::train::metrics::METRICS;
use crate::ui::commands::Command;
use crate::ui::commands::request::EditAction;
use crate::ui::state::lesson_editor::{Editor, Taken};
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::lesson::name_of;
use crate::ui::widgets::button::{button_ui, icon_button_ui};
use crate::ui::widgets::text::caption_ui;
use backprop_nn::field::Value;

/// Width of the names of rows.
const NAME: f32 = 64.0;

/// Something that can be chosen: what stands in the file, and its name on the screen.
type Choice = (String, String);

/// What the step that is written does.
pub fn step_ui(ui: &mut Ui, editor: &mut Editor, cx: &mut Cx<'_>) {
    ui.add_space(2.0 * GRID);
    ui.separator();
    screen_ui(ui, editor, cx);
    let (step, before) = (editor.step, editor.draft.clone());
    let Some(plan) = editor.draft.plan.steps.get_mut(step) else { return };
    let conditions = plan.goal.len();
    view_ui(ui, plan);
    settings_of_ui(ui, "Set when the step begins", &mut plan.set);
    locked_ui(ui, plan, cx.project);
    outlined_ui(ui, plan, cx.project);
    goal_ui(ui, plan, cx.project);
    match &mut plan.solution {
        _ if plan.goal.is_empty() => plan.solution = None,
        Some(solution) if solution.is_empty() => drop(caption_ui(ui, "The goal is reached without a change.")),
        Some(solution) => settings_of_ui(ui, "The goal is reached with", solution),
        None => drop(caption_ui(ui, "Set on the screen what reaches the goal, and take it as solution.")),
    }
    if plan.goal.len() < conditions {
        editor.removed = Some(("A condition was removed.", before));
    }
}

/// In what the screen differs from the step, and what it can be taken as.
fn screen_ui(ui: &mut Ui, editor: &mut Editor, cx: &mut Cx<'_>) {
    let (is_first, step) = (editor.step == 0, editor.step);
    let has_goal = editor.draft.plan.steps.get(step).is_some_and(|plan| !plan.goal.is_empty());
    let differences = editor.differences(cx.project).to_vec();
    let is_untaken = has_goal && editor.draft.plan.steps.get(step).is_some_and(|plan| plan.solution.is_none());
    if differences.is_empty() && !is_untaken {
        caption_ui(ui, "Change settings or layers in the window, and take them into the step here.");
        return;
    }
    if !differences.is_empty() {
        caption_ui(ui, "On the screen, and not in the step");
    }
    for difference in &differences {
        ui.add(Label::new(tr(difference)).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        let mut taken = None;
        if differences.is_empty() {
            // A goal may be reached with the step as it is.
        } else if is_first {
            let help = "The lesson begins with the project as it is on the screen.";
            if ui.button(tr("Begin with it")).on_hover_text(tr(help)).clicked() {
                taken = Some(EditAction::Take(Taken::Start));
            }
        } else {
            let help = "The step sets these values when it begins.";
            if ui.button(tr("Set it at the beginning")).on_hover_text(tr(help)).clicked() {
                taken = Some(EditAction::Take(Taken::Setting));
            }
        }
        let solution = ui.add_enabled(has_goal, Button::new(tr("Take as solution")));
        let help = "With these values one training reaches the goal.";
        let solution = solution.on_hover_text(tr(help));
        if solution.on_disabled_hover_text(tr("Add a condition to the goal first")).clicked() {
            taken = Some(EditAction::Take(Taken::Solution));
        }
        if !differences.is_empty()
            && ui.button(tr("Put back")).on_hover_text(tr("Shows the project of the step again.")).clicked()
        {
            taken = Some(EditAction::PutBack);
        }
        taken.into_iter().for_each(|action| act(cx, action));
    });
}

fn view_ui(ui: &mut Ui, plan: &mut StepPlan) {
    ui.add_space(2.0 * GRID);
    ui.horizontal(|ui| {
        name_ui(ui, "Shows");
        let shown = plan.view.as_deref().map_or_else(|| tr("What was shown before").into_owned(), title_of);
        let combo = ComboBox::from_id_salt("view").width(200.0).selected_text(shown);
        let combo = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut plan.view, None, tr("What was shown before"));
            for view in TABS.iter().chain(&PANELS) {
                ui.selectable_value(&mut plan.view, Some((*view).to_owned()), title_of(view));
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Shows")));
    });
}

/// The name of a row, as wide as those of the others.
fn name_ui(ui: &mut Ui, name: &str) {
    ui.allocate_ui_with_layout(vec2(NAME, ROW), Layout::left_to_right(Align::Center), |ui| {
        ui.set_width(NAME);
        caption_ui(ui, name);
    });
}

/// Settings by their paths, each of which can be taken out.
fn settings_of_ui(ui: &mut Ui, name: &str, settings: &mut Settings) {
    if settings.is_empty() {
        return;
    }
    ui.add_space(2.0 * GRID);
    caption_ui(ui, name);
    let mut removed = None;
    for (path, value) in settings.iter() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        removed = removed.or(removable_ui(ui, &format!("{path} = {value}")).then(|| path.clone()));
    }
    removed.into_iter().for_each(|path| drop(settings.remove(&path)));
}

/// A line with a button that takes it out; whether it was pressed.
fn removable_ui(ui: &mut Ui, text: &str) -> bool {
    ui.horizontal(|ui| {
        let is_pressed = icon_button_ui(ui, ICON_CLOSE, &format!("Take out {text}")).clicked();
        ui.add(Label::new(text).truncate()).on_hover_text(text);
        is_pressed
    })
    .inner
}

fn locked_ui(ui: &mut Ui, plan: &mut StepPlan, project: &Project) {
    ui.add_space(2.0 * GRID);
    let wholes = [("model", "The network"), ("data", "The data"), ("training", "All settings of the training")];
    let wholes = wholes.map(|(path, name)| (path.to_owned(), tr(name).into_owned()));
    let choices: Vec<Choice> = wholes.into_iter().chain(settings_of(project)).collect();
    ui.horizontal(|ui| {
        name_ui(ui, "Locked");
        if let Some(path) = pick_ui(ui, "Locked", &tr("Lock something…"), &choices)
            && !plan.locked.contains(&path)
        {
            plan.locked.push(path);
        }
    });
    let name = |path: &String| {
        choices.iter().find(|(known, _)| known == path).map_or_else(|| path.clone(), |(_, name)| name.clone())
    };
    let removed = plan.locked.iter().position(|path| removable_ui(ui, &name(path)));
    removed.into_iter().for_each(|at| drop(plan.locked.remove(at)));
}

fn outlined_ui(ui: &mut Ui, plan: &mut StepPlan, project: &Project) {
    ui.add_space(2.0 * GRID);
    let layers = project.model.layers.iter().enumerate();
    let layers = layers.map(|(at, layer)| (format!("model.{at}"), format!("{} {layer}", tr("Layer"))));
    let tabs = TABS.iter().map(|id| ((*id).to_owned(), format!("{}: {}", tr("Tab"), title_of(id))));
    let panels = PANELS.iter().map(|id| ((*id).to_owned(), format!("{}: {}", tr("Panel"), title_of(id))));
    let places = tabs.chain(panels);
    let commands = COMMANDS.iter().filter_map(|id| {
        let command = Command::ALL.iter().find(|command| command.id() == *id)?;
        Some(((*id).to_owned(), format!("{}: {}", tr("Button"), tr(command.label()))))
    });
    let choices: Vec<Choice> = places.chain(commands).chain(layers).chain(settings_of(project)).collect();
    let name = |path: &String| {
        choices.iter().find(|(known, _)| known == path).map_or_else(|| path.clone(), |(_, name)| name.clone())
    };
    ui.horizontal(|ui| {
        name_ui(ui, "Outlined");
        let shown = plan.highlight.as_ref().map_or_else(|| tr("Nothing").into_owned(), name);
        if let Some(path) = pick_ui(ui, "Outlined", &shown, &choices) {
            plan.highlight = Some(path);
        }
        if plan.highlight.is_some() && icon_button_ui(ui, ICON_CLOSE, "Outline nothing").clicked() {
            plan.highlight = None;
        }
    });
}

fn goal_ui(ui: &mut Ui, plan: &mut StepPlan, project: &Project) {
    ui.add_space(2.0 * GRID);
    caption_ui(ui, "Goal");
    let choices = results_of(project);
    let mut removed = None;
    for (at, condition) in plan.goal.iter_mut().enumerate() {
        ui.push_id(at, |ui| {
            ui.horizontal(|ui| {
                let is_out = icon_button_ui(ui, ICON_CLOSE, &format!("Take out {condition}")).clicked();
                removed = removed.or(is_out.then_some(at));
                if let Some(name) = pick_ui(ui, "Condition", &tr(name_of(condition, project)), &choices) {
                    condition.name = name;
                }
                relation_ui(ui, &mut condition.relation);
                let is_share = condition.is_share();
                let number = DragValue::new(&mut condition.number).speed(0.01).max_decimals(6);
                // A share is written as one everywhere in the files.
                let number = if is_share { number.range(0.0..=1.0) } else { number };
                let help = if is_share { "From 0 to 1: 0.9 is 90 %" } else { "The number that it is compared with" };
                ui.add(number).on_hover_text(tr(help)).accessible_name(tr("Value of the condition"));
            });
        });
    }
    removed.into_iter().for_each(|at| drop(plan.goal.remove(at)));
    if button_ui(ui, true, ICON_ADD, "Add a condition", Default::default()).clicked() {
        plan.goal.push(Condition { name: "validation_accuracy".to_owned(), relation: Relation::AtLeast, number: 0.9 });
    }
}

fn relation_ui(ui: &mut Ui, relation: &mut Relation) {
    let combo = ComboBox::from_id_salt("relation").width(40.0).selected_text(relation.sign());
    let combo = combo.show_ui(ui, |ui| {
        for (_, choice, sign) in RELATIONS {
            ui.selectable_value(relation, choice, sign);
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Relation")));
}

/// The title of a tab or a panel.
fn title_of(id: &str) -> String {
    let title: String = id.chars().take(1).flat_map(char::to_uppercase).chain(id.chars().skip(1)).collect();
    tr(title).into_owned()
}

/// Every setting of a project.
fn settings_of(project: &Project) -> Vec<Choice> {
    let mut found = Vec::new();
    for (place, settings) in project.settings() {
        for field in settings.describe().iter().filter(|field| settings.get(field.key).is_some()) {
            let path = format!("{place}.{}", field.key);
            let name = format!("{} ({path})", tr(field.label));
            found.push((path, name));
        }
    }
    found
}

/// Every number that a goal can be about.
fn results_of(project: &Project) -> Vec<Choice> {
    let counts = COUNTS.iter().map(|name| (*name).to_owned());
    let metrics = ["validation", "train", "test"].into_iter().flat_map(|subset| {
        // Those of a generator are measured in training alone.
        let is_measured = move |metric: &&&Metric| match subset {
            "train" => metric.epoch.is_some(),
            _ => metric.subset.is_some(),
        };
        METRICS.iter().filter(is_measured).map(move |metric| format!("{subset}_{}", metric.key))
    });
    let named = |name: String| {
        let condition = Condition { name: name.clone(), relation: Relation::AtLeast, number: 0.0 };
        let shown = tr(name_of(&condition, project)).into_owned();
        (name, shown)
    };
    let mut found: Vec<Choice> = counts.chain(metrics).map(named).collect();
    for (place, settings) in project.settings() {
        let is_number = |value: Option<Value>| matches!(value, Some(Value::Whole(_) | Value::Real(_)));
        for field in settings.describe().iter().filter(|field| is_number(settings.get(field.key))) {
            let path = format!("{place}.{}", field.key);
            let name = format!("{} ({path})", tr(field.label));
            found.push((path, name));
        }
    }
    found
}

/// A list of many things, which typing makes shorter; what was chosen.
fn pick_ui(ui: &mut Ui, name: &str, text: &str, choices: &[Choice]) -> Option<String> {
    let mut picked = None;
    let typed = ui.make_persistent_id((name, "typed"));
    let combo = ComboBox::from_id_salt(name)
        .width((ui.available_width() - 130.0).clamp(120.0, 240.0))
        .truncate()
        .selected_text(text)
        .height(360.0)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let combo = combo.show_ui(ui, |ui| {
        ui.set_min_width(280.0);
        let mut filter: String = ui.data(|data| data.get_temp(typed)).unwrap_or_default();
        let field = ui.add(TextEdit::singleline(&mut filter).hint_text(tr("Search")).desired_width(f32::INFINITY));
        let field = field.accessible_name(tr("Search"));
        if ui.memory(|memory| memory.focused().is_none()) {
            field.request_focus();
        }
        let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let wanted = filter.to_lowercase();
        if let (true, Some((id, _))) =
            (is_entered, choices.iter().find(|(_, name)| name.to_lowercase().contains(&wanted)))
        {
            picked = Some(id.clone());
            ui.close();
        }
        ScrollArea::vertical().max_height(300.0).show(ui, |ui| {
            let is_found = |(_, name): &&Choice| name.to_lowercase().contains(&wanted);
            for (id, name) in choices.iter().filter(is_found) {
                let button = Button::selectable(false, name.as_str()).min_size(vec2(ui.available_width(), 0.0));
                if ui.add(button).clicked() {
                    picked = Some(id.clone());
                    ui.close();
                }
            }
            if !choices.iter().any(|choice| is_found(&choice)) {
                ui.label(RichText::new(tr("Nothing is called so")).color(Palette::of(ui).muted));
            }
        });
        ui.data_mut(|data| data.insert_temp(typed, if picked.is_some() { String::new() } else { filter }));
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr(name)));
    if combo.inner.is_none() {
        // It opens anew with all.
        ui.data_mut(|data| data.remove_temp::<String>(typed));
    }
    picked
}
