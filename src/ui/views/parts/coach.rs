//! What the coach finds in the run: a button that counts the findings, and behind it each with the numbers that it rests on and
//! the button of its experiment.

use eframe::egui::containers::menu::MenuButton;
use eframe::egui::{Button, Label, RichText, Ui, vec2};
use egui_material_icons::icons::ICON_TIPS_AND_UPDATES;

use crate::explain::coach::{Experiment, Finding};
use crate::language::tr;
use crate::ui::commands::Request;
use crate::ui::state::session::Status;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::term::mark_term;

/// Width of the sentences.
const WIDTH: f32 = 400.0;

/// A lamp and the number of findings; nothing where nothing is found.
pub fn coach_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let findings = cx.session.coach.findings.clone();
    let name = match findings.len() {
        0 => return,
        1 => "Coach, 1 finding".to_owned(),
        count => format!("Coach, {count} findings"),
    };
    let color = Palette::of(ui).warning;
    let lamp = ICON_TIPS_AND_UPDATES.rich_text().size(16.0).color(color);
    let count = RichText::new(tr(findings.len().to_string())).color(color);
    let (menu, _) = MenuButton::from_button(Button::new((lamp, count))).ui(ui, |ui| {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID));
        for (finding, number) in findings.iter().zip(1..) {
            if number > 1 {
                ui.separator();
            }
            finding_ui(ui, finding, number, cx);
        }
    });
    menu.accessible_name(tr(&name))
        .on_hover_text(tr(format!("{name}: what the curves show to be wrong, where, and what to try")));
}

/// The number is that of the mark on the curve.
fn finding_ui(ui: &mut Ui, finding: &Finding, number: usize, cx: &mut Cx<'_>) {
    let Finding { name, epoch, sentence, experiment, .. } = finding;
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let title = format!("{number}  {first}{}, epoch {epoch}", letters.as_str());
    ui.label(theme::strong(title).color(Palette::of(ui).warning));
    mark_term(&ui.add(Label::new(tr(sentence)).wrap()), sentence);
    ui.add_space(GRID);
    experiment_ui(ui, experiment, cx);
}

fn experiment_ui(ui: &mut Ui, experiment: &Experiment, cx: &mut Cx<'_>) {
    let help = match experiment.from {
        Some(step) => format!(
            "Goes on from the last checkpoint up to step {} with this change, as a run of its own",
            thousands(step as f64)
        ),
        None => "Trains anew with this change".to_owned(),
    };
    let help = format!("{help}. One undo brings the settings back.");
    let is_possible = !matches!(cx.session.status, Status::Stopping);
    // In a menu, a button would otherwise look like a line of text.
    let button = Button::new(tr(&experiment.label)).truncate().frame_when_inactive(true).min_size(vec2(0.0, ROW));
    let response = ui.add_enabled(is_possible, button).on_hover_text(tr(help));
    let response = response.on_disabled_hover_text(tr("The run is stopping."));
    if response.clicked() {
        cx.actions.push(Request::TryOut(Box::new(experiment.clone())).into());
        ui.close();
    }
}
