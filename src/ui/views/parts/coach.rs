//! What the coach finds in the run: one finding at a time, with the numbers it rests on and the button of its experiment.

use eframe::egui::text::LayoutJob;
use eframe::egui::{Align, Button, Frame, Label, Layout, Margin, TextFormat, Ui, vec2};
use egui_material_icons::icons::{ICON_CHEVRON_LEFT, ICON_CHEVRON_RIGHT, ICON_TIPS_AND_UPDATES};

use crate::explain::coach::{Experiment, Finding};
use crate::ui::commands::Request;
use crate::ui::state::session::Status;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::numbers::thousands;

/// The strip above the curves; nothing where nothing is found.
#[derive(Default)]
pub struct CoachStrip {
    /// Which of the findings is shown.
    shown: usize,
}

impl CoachStrip {
    /// Draws the finding that is shown, and the way to the others.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        // The presenter has no room for it; its curves have the marks.
        if cx.window.is_presenter {
            return;
        }
        let count = cx.session.coach.findings.len();
        self.shown = self.shown.min(count.saturating_sub(1));
        let Some(finding) = cx.session.coach.findings.get(self.shown) else { return };
        let palette = Palette::of(ui);
        let frame =
            Frame::new().fill(palette.raised).corner_radius(theme::RADIUS).inner_margin(Margin::symmetric(8, 4));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.label(ICON_TIPS_AND_UPDATES.rich_text().size(16.0).color(palette.warning));
                ui.add(Label::new(sentence(finding, ui.available_width(), palette)).wrap());
            });
            ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::right_to_left(Align::Center), |ui| {
                if count > 1 {
                    self.pager_ui(ui, count);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| experiment_ui(ui, &finding.experiment, cx));
            });
        });
        ui.add_space(2.0 * GRID);
    }

    /// "1 of 3", and the buttons to the one before and after. From the right to the left.
    fn pager_ui(&mut self, ui: &mut Ui, count: usize) {
        let text = format!("{} of {count}", self.shown + 1);
        if icon_button_ui(ui, ICON_CHEVRON_RIGHT, "Next finding").clicked() {
            self.shown = (self.shown + 1) % count;
        }
        if icon_button_ui(ui, ICON_CHEVRON_LEFT, "Previous finding").clicked() {
            self.shown = (self.shown + count - 1) % count;
        }
        ui.label(text);
    }
}

/// "Overfitting. Since epoch 7 …", as wide as there is room.
fn sentence(finding: &Finding, width: f32, palette: &Palette) -> LayoutJob {
    let mut letters = finding.name.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    let format = |font_id, color| TextFormat { font_id, color, ..TextFormat::default() };
    let strong = format(theme::strong_font(theme::BODY), palette.warning);
    job.append(&format!("{first}{}. ", letters.as_str()), 0.0, strong);
    job.append(&finding.sentence, 0.0, format(theme::body_font(), palette.text));
    job
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
    let button = Button::new(&experiment.label).truncate().min_size(vec2(0.0, ROW));
    let response = ui.add_enabled(is_possible, button).on_hover_text(help);
    let response = response.on_disabled_hover_text("The run is stopping.");
    if response.clicked() {
        cx.actions.push(Request::TryOut(Box::new(experiment.clone())).into());
    }
}
