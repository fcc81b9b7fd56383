//! The stack at the left, or those of a generator and its discriminator: what comes in, a card per layer, and what it all
//! costs.

pub mod add_layer;
mod budget;
pub mod card;
mod path;
mod stack;

use eframe::egui::{self, Align, Button, Frame, Layout, Margin, RichText, ScrollArea, Stroke, Ui, vec2};
use egui_material_icons::icons::{ICON_ADD, ICON_AUTO_AWESOME, ICON_STACKED_BAR_CHART};

use crate::language::tr;
use crate::project::Side;

use crate::ui::commands::Command;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::outdated::outdated_ui;
use crate::ui::views::view::View;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::guard::guarded_ui;
use crate::ui::widgets::numbers::{short, thousands};
use crate::ui::widgets::text::{caption_ui, heading_ui, warning_ui};
use add_layer::{Trial, layer_button_ui};
use backprop_nn::Shape;
use budget::BudgetView;
use card::share_text;
use stack::Cards;

/// The id of this view.
pub const ID: &str = "network";

/// Height of the totals below the cards.
const TOTALS: f32 = 36.0;

/// The panel that edits the layers.
pub struct Network {
    model: Cards,
    discriminator: Cards,
    budget: BudgetView,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            model: Cards::of(Side::Model),
            discriminator: Cards::of(Side::Discriminator),
            budget: BudgetView::default(),
        }
    }
}

impl View for Network {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Network"
    }

    fn place(&self) -> Place {
        Place::Left
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let outdated = if cx.session.is_on() && cx.session.has_other_model(cx.project) { 40.0 } else { 0.0 };
        let footer = outdated + 52.0 + if self.budget.is_open { budget::HEIGHT - TOTALS } else { 0.0 };
        let height = ui.available_height() - footer;
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            ui.set_min_height(height);
            let scroll = ScrollArea::vertical().auto_shrink(false);
            if cx.project.adversary.is_some() {
                scroll.show(ui, |ui| self.pair_ui(ui, cx));
            } else {
                heading_ui(ui, "Network", |ui| add_ui(ui, "Add layer", &mut self.model, cx));
                let source = match cx.session.dataset() {
                    Some(dataset) => dataset.name.clone(),
                    None => cx.session.source().to_string(),
                };
                input_ui(ui, "Input", &source, cx.shapes.model.input);
                suggest_ui(ui, cx);
                scroll.show(ui, |ui| stack_ui(ui, &mut self.model, cx));
            }
        });
        self.foot_ui(ui, cx);
    }
}

impl Network {
    /// What the whole network costs, and unfolded what each layer does.
    fn foot_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.add_space(GRID);
        let line = ui.max_rect().x_range();
        ui.painter().hline(line, ui.cursor().top(), Stroke::new(1.0, Palette::of(ui).faint));
        ui.add_space(GRID);
        if cx.session.is_on() && cx.session.has_other_model(cx.project) {
            outdated_ui(ui, "This run continues with the previous network.", cx);
        }
        if self.budget.is_open {
            return self.budget.ui(ui, cx);
        }
        let totals = totals_ui(ui, cx);
        // Between the names and the numbers.
        let place = egui::Rect::from_center_size(totals.center(), vec2(theme::ROW, theme::ROW));
        let mut middle = ui.new_child(egui::UiBuilder::new().max_rect(place));
        self.budget.is_open = icon_button_ui(&mut middle, ICON_STACKED_BAR_CHART, "What each layer costs").clicked();
    }

    /// The generator above, and below the discriminator, which gets what that one makes.
    fn pair_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Self { model, discriminator, .. } = self;
        heading_ui(ui, "Generator", |ui| add_ui(ui, "Add layer", model, cx));
        input_ui(ui, "Noise", "normally distributed", cx.shapes.model.input);
        stack_ui(ui, model, cx);
        subtotal_ui(ui, Side::Model, cx);
        ui.add_space(4.0 * GRID);
        let Some(sample) = cx.shapes.discriminator.as_ref().map(|trace| trace.input) else { return };
        heading_ui(ui, "Discriminator", |ui| add_ui(ui, "Add layer to the discriminator", discriminator, cx));
        input_ui(ui, "Sample", "real or generated", sample);
        stack_ui(ui, discriminator, cx);
        subtotal_ui(ui, Side::Discriminator, cx);
    }
}

/// A stack that does not fit the data, or is empty, need not be repaired layer by layer.
fn suggest_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let is_whole = !cx.problems.has_error() && !cx.project.model.layers.is_empty();
    if is_whole || cx.session.is_on() || cx.situation.permits(Command::Suggest).is_err() {
        return;
    }
    let width = ui.available_width();
    let button = Button::new((ICON_AUTO_AWESOME.rich_text().size(18.0), tr(Command::Suggest.label()).into_owned()))
        .min_size(vec2(width, 0.0));
    let button = ui.add(button).accessible_name(tr(Command::Suggest.label()));
    if button.on_hover_text(tr(Command::Suggest.help())).clicked() {
        cx.act(Command::Suggest);
    }
    ui.add_space(GRID);
}

/// The cards, or what an empty stack needs.
fn stack_ui(ui: &mut Ui, cards: &mut Cards, cx: &mut Cx<'_>) {
    // The cards lie close together, and what follows them does not.
    ui.scope(|ui| cards.ui(ui, cx));
    if cx.project.layers(cards.side()).is_some_and(Vec::is_empty) {
        empty_ui(ui, cards.side(), cx);
    }
}

/// The button that adds a layer to these cards.
fn add_ui(ui: &mut Ui, name: &str, cards: &mut Cards, cx: &mut Cx<'_>) {
    let button = Button::new((ICON_ADD.rich_text().size(18.0), tr("Add layer").into_owned()));
    let mut trial = None;
    let (response, layer) = guarded_ui(ui, cards.side().place(), |ui| {
        layer_button_ui(ui, button, |layer| trial.get_or_insert_with(|| Trial::of(cx, cards.side(), &[])).misfit(layer))
    });
    response
        .on_hover_text(tr("Adds a layer where it fits; between two cards there is another plus"))
        .accessible_name(tr(name));
    if let Some(layer) = layer {
        cards.add(&[], layer, cx);
    }
}

/// What comes in, and the headings of the cards' columns.
fn input_ui(ui: &mut Ui, name: &str, detail: &str, shape: Shape) {
    let palette = Palette::of(ui);
    let frame = Frame::new().fill(palette.sunken).corner_radius(theme::RADIUS).inner_margin(Margin::symmetric(8, 4));
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_width(ui.available_width());
            ui.label(theme::strong(name));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(tr(shape.to_string()));
                let detail = egui::Label::new(RichText::new(detail).color(palette.muted)).truncate();
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.add(detail));
            });
        });
    });
    let row =
        ui.allocate_ui_with_layout(vec2(ui.available_width(), 16.0), Layout::left_to_right(Align::Center), |ui| {
            ui.add_space(32.0);
            caption_ui(ui, "output");
        });
    let painter = ui.painter();
    let rect = row.response.rect;
    for (text, right) in [("parameters", card::PARAMS_RIGHT), ("work", card::WORK_RIGHT)] {
        let at = egui::pos2(ui.max_rect().right() - right, rect.center().y);
        painter.text(at, egui::Align2::RIGHT_CENTER, tr(text), theme::body_font(), palette.muted);
    }
}

fn empty_ui(ui: &mut Ui, side: Side, cx: &mut Cx<'_>) {
    let Some(misfit) = cx.shapes.of_side(side).and_then(|trace| trace.misfit.as_ref()) else { return };
    ui.add_space(2.0 * GRID);
    warning_ui(ui, &misfit.error.message);
    if let Some(fix) = &misfit.error.fix
        && ui.button(tr(fix.label())).clicked()
        && let Some(layers) = cx.project.layers_mut(side)
    {
        fix.apply(layers, misfit.index);
    }
}

/// What one of two stacks costs, in the columns of its cards.
fn subtotal_ui(ui: &mut Ui, side: Side, cx: &Cx<'_>) {
    let Some(trace) = cx.shapes.of_side(side) else { return };
    let palette = Palette::of(ui);
    let share = cx.shapes.is_whole().then(|| trace.multiply_adds() as f64 / (cx.shapes.totals().1 as f64).max(1.0));
    let params = if trace.misfit.is_none() { thousands(trace.params() as f64) } else { "–".to_owned() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), egui::Sense::hover());
    let text = |x, align, text: &str, color| {
        ui.painter().text(egui::pos2(x, rect.center().y), align, tr(text), theme::body_font(), color)
    };
    text(rect.left() + 32.0, egui::Align2::LEFT_CENTER, "together", palette.muted);
    text(rect.right() - card::PARAMS_RIGHT, egui::Align2::RIGHT_CENTER, &params, palette.text);
    text(rect.right() - card::WORK_RIGHT, egui::Align2::RIGHT_CENTER, &share_text(share), palette.text);
    let words = format!("Together, parameters {params}, share of the work {}", share_text(share));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, tr(&words)));
}

/// Parameters and multiply-adds of the whole network.
fn totals_ui(ui: &mut Ui, cx: &Cx<'_>) -> egui::Rect {
    let palette = Palette::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), TOTALS), egui::Sense::hover());
    let (params, work) = cx.shapes.totals();
    let text = |x, y, align, text: &str, font| ui.painter().text(egui::pos2(x, y), align, tr(text), font, palette.text);
    let (first, second) = (rect.top() + 9.0, rect.top() + 27.0);
    let (left, right) = (rect.left() + 8.0, rect.right() - card::WORK_RIGHT);
    let body = theme::body_font;
    ui.painter().text(egui::pos2(left, first), egui::Align2::LEFT_CENTER, tr("Parameters"), body(), palette.muted);
    ui.painter().text(egui::pos2(left, second), egui::Align2::LEFT_CENTER, tr("Multiply-adds"), body(), palette.muted);
    let strong = theme::strong_font(theme::BODY);
    // Of a stack that does not fit only a part is known, and a part is no total.
    let total = |total: f64| if cx.shapes.is_whole() { thousands(total) } else { "–".to_owned() };
    text(right, first, egui::Align2::RIGHT_CENTER, &total(params as f64), strong.clone());
    text(right, second, egui::Align2::RIGHT_CENTER, &total(work as f64), strong);
    response
        .on_hover_text(tr(format!(
            "{} bytes of weights; the multiply-adds are for one sample, forward",
            short(params as f64 * 4.0)
        )))
        .widget_info(|| {
            let text = format!("{params} parameters, {work} multiply-adds");
            egui::WidgetInfo::labeled(egui::Role::Label, true, tr(text))
        });
    rect
}
