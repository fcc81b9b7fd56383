//! Where the views stand: bars at the top and at the bottom, the sides, and the center with its tabs.

use eframe::egui::{
    self, Align, Button, CentralPanel, Context, Frame, Layout, Margin, Panel, Role, Ui, WidgetInfo, vec2,
};
use egui_material_icons::icons::{ICON_CLOSE_FULLSCREEN, ICON_PRESENT_TO_ALL};

use crate::language::tr;
use crate::ui::commands::entry::hint;
use crate::ui::commands::{Command, Request, Tab};
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::{Place, WindowState};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks::AROUND;
use crate::ui::views::parts::outdated::stale_ui;
use crate::ui::views::view::View;
use crate::ui::views::{data, lesson, lesson_editor};
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::field::setting_ui;
use crate::ui::widgets::guard::{outline, within};
use crate::ui::widgets::landmark::{landmark_at, landmarks_ui};
use crate::ui::widgets::text::placeholder_ui;
use backprop_nn::Training;
use backprop_nn::field::Settings as _;

/// Height of the bar with the project's name, and of the bar with the buttons of the run.
const TOP: f32 = 44.0;
const BOTTOM: f32 = 48.0;

/// Width of the sides, which do not grow with the window.
const LEFT: f32 = 264.0;
const RIGHT: f32 = 312.0;

/// Below this width the options of a view have no room beside the tabs.
const TABBED: f32 = 656.0;

/// Width of a lesson's panel at first, and how far it can be drawn.
const LESSON: f32 = 320.0;
const EDITOR: f32 = 400.0;
const LESSON_RANGE: std::ops::RangeInclusive<f32> = 280.0..=560.0;

/// Width of the row with the learning rate that the presenter shows, and of the widest options of a view.
const RATE: f32 = 272.0;
const OPTIONS: f32 = 360.0;

/// The tabs of a place, in their order.
pub fn tabs(views: &[Box<dyn View>], place: Place, subject: &Subject, window: &WindowState) -> Vec<Tab> {
    let views = views.iter().filter(|view| view.place() == place && !window.profile.hides(view.id()));
    views.map(|view| Tab { id: view.id(), title: view.title(subject), obstacle: view.fits(subject).err() }).collect()
}

/// The id of the view that a place shows: the one that was chosen, or the first.
pub fn shown(views: &[Box<dyn View>], place: Place, window: &WindowState) -> Option<&'static str> {
    let here = || views.iter().filter(|view| view.place() == place);
    let ids = || here().map(|view| view.id()).filter(|id| !window.profile.hides(id));
    let chosen = window.shown(place);
    ids().find(|id| Some(*id) == chosen).or_else(|| ids().next())
}

/// Draws all views that are shown.
pub fn places_ui(ui: &mut Ui, views: &mut [Box<dyn View>], cx: &mut Cx<'_>) {
    let frame = |ui: &Ui, x, y| Frame::new().fill(ui.visuals().panel_fill).inner_margin(Margin::symmetric(x, y));
    for view in views.iter_mut().filter(|view| view.place() == Place::Top) {
        Panel::top(view.id()).exact_size(TOP).frame(frame(ui, 12, 0)).show(ui, |ui| view.ui(ui, cx));
    }
    for view in views.iter_mut().filter(|view| view.place() == Place::Bottom) {
        Panel::bottom(view.id()).exact_size(BOTTOM).frame(frame(ui, 12, 0)).show(ui, |ui| {
            landmark_at(ui.ctx(), view.id(), ui.max_rect());
            view.ui(ui, cx);
        });
    }
    let (is_taken, is_written) = (cx.lessons.on.is_some(), cx.lessons.editor.is_some());
    let beside = if is_taken { Some((lesson::ID, LESSON)) } else { is_written.then_some((lesson_editor::ID, EDITOR)) };
    for view in views.iter_mut().filter(|view| view.place() == Place::Beside) {
        let Some((_, width)) = beside.filter(|(id, _)| *id == view.id()) else { continue };
        let panel = Panel::left(view.id()).default_size(width).size_range(LESSON_RANGE).frame(frame(ui, 12, 8));
        panel.show(ui, |ui| view.ui(ui, cx));
    }
    let mut is_open = cx.window.is_left_open;
    let left = Panel::left("left").resizable(false).exact_size(LEFT).frame(frame(ui, 12, 8));
    left.show_collapsible(ui, &mut is_open, |ui| tabbed_ui(ui, Place::Left, views, cx));
    let mut is_open = cx.window.is_right_open;
    let right = Panel::right("right").resizable(false).exact_size(RIGHT).frame(frame(ui, 12, 8));
    right.show_collapsible(ui, &mut is_open, |ui| tabbed_ui(ui, Place::Right, views, cx));
    CentralPanel::default().frame(frame(ui, 16, 8)).show(ui, |ui| tabbed_ui(ui, Place::Center, views, cx));
}

/// Numbers beside what is on the screen, and what each is: of the tab that is shown, and of what stands around it.
pub fn explained_ui(ctx: &Context, views: &[Box<dyn View>], window: &mut WindowState) {
    if !window.is_explained {
        return;
    }
    let id = shown(views, Place::Center, window);
    let view = views.iter().find(|view| Some(view.id()) == id);
    let landmarks = [view.map_or(&[][..], |view| view.landmarks()), AROUND].concat();
    window.is_explained = landmarks_ui(ctx, &landmarks);
}

/// The tabs of a place with the options of the view that is shown, and below them the view itself. A side with one view
/// needs no tabs.
fn tabbed_ui(ui: &mut Ui, place: Place, views: &mut [Box<dyn View>], cx: &mut Cx<'_>) {
    let tabs = tabs(views, place, cx.subject, cx.window);
    let id = shown(views, place, cx.window);
    let Some(view) = views.iter_mut().find(|view| Some(view.id()) == id) else { return };
    let obstacle = view.fits(cx.subject).err();
    if place == Place::Center || tabs.len() > 1 {
        let is_narrow = ui.available_width() < TABBED;
        // What the presenter has no room for it leaves out: a second row would take the height from the plots.
        let has_room = |ui: &Ui, cx: &Cx<'_>| !is_narrow && (!cx.window.is_presenter || ui.available_width() > OPTIONS);
        let right_to_left = Layout::right_to_left(Align::Center);
        let mut options_ui = |ui: &mut Ui, cx: &mut Cx<'_>| {
            if obstacle.is_none() {
                view.options_ui(ui, cx);
            }
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 3.0 * GRID;
            for (index, tab) in tabs.iter().enumerate() {
                let key = if place == Place::Center { format!("Key {}", index + 1) } else { String::new() };
                let help = tab.obstacle.map_or(key, str::to_owned);
                let shown = tab_ui(ui, tab, Some(tab.id) == id);
                outline(ui, tab.id, shown.rect);
                if shown.on_hover_text(tr(help)).clicked() {
                    cx.act(Request::Show(tab.id));
                }
            }
            ui.spacing_mut().item_spacing.x = 2.0 * GRID;
            ui.with_layout(right_to_left, |ui| {
                if place == Place::Center {
                    presenter_ui(ui, cx);
                }
                if has_room(ui, cx) {
                    options_ui(ui, cx);
                }
            });
        });
        if is_narrow {
            ui.allocate_ui_with_layout(vec2(ui.available_width(), 0.0), right_to_left, |ui| options_ui(ui, cx));
        }
        ui.add_space(2.0 * GRID);
    }
    // The samples are always those that the project names.
    if place == Place::Center && view.id() != data::ID {
        stale_ui(ui, cx);
    }
    outline(ui, if place == Place::Center { "" } else { view.id() }, ui.max_rect());
    landmark_at(ui.ctx(), view.id(), ui.max_rect());
    ui.push_id(view.id(), |ui| match obstacle {
        Some(why) => placeholder_ui(ui, why),
        None => view.ui(ui, cx),
    });
}

/// The button that begins the presenter; while it is on, the one that ends it, and the learning rate, whose panel is folded
/// away.
fn presenter_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let help = |ui: &Ui, command| hint(ui, command);
    if !cx.window.is_presenter {
        let button = icon_button_ui(ui, ICON_PRESENT_TO_ALL, Command::Presenter.label());
        if button.on_hover_text(tr(help(ui, Command::Presenter))).clicked() {
            cx.act(Command::Presenter);
        }
        return;
    }
    let leave =
        Button::new((ICON_CLOSE_FULLSCREEN.rich_text().size(16.0), tr(Command::LeavePresenter.label()).into_owned()));
    let leave = ui.add(leave).accessible_name(tr(Command::LeavePresenter.label()));
    if leave.on_hover_text(tr(help(ui, Command::LeavePresenter))).clicked() {
        cx.act(Command::LeavePresenter);
    }
    // The learning rate is left out where it would lie over the tabs.
    if ui.available_width() < RATE {
        return;
    }
    let rate = Training::fields().into_iter().find(|field| field.key == "learning_rate");
    ui.allocate_ui_with_layout(vec2(RATE, ROW), Layout::top_down(Align::Min), |ui| {
        ui.set_width(RATE);
        within(ui, "training", |ui| rate.map(|field| setting_ui(ui, &mut cx.project.training, field)))
    });
}

fn tab_ui(ui: &mut Ui, tab: &Tab, is_shown: bool) -> egui::Response {
    let palette = Palette::of(ui);
    let color = match tab.obstacle {
        Some(_) => palette.muted.gamma_multiply(ui.visuals().disabled_alpha()),
        None if is_shown => palette.text,
        None => palette.muted,
    };
    let text = theme::strong(tab.title).color(color);
    let response = ui.add(Button::selectable(false, text).frame(false).min_size(vec2(0.0, 28.0)));
    if is_shown || response.has_focus() {
        let rect = response.rect;
        let line = egui::Rect::from_min_max(egui::pos2(rect.left(), rect.bottom() - 2.0), rect.right_bottom());
        ui.painter().rect_filled(line, 1.0, if is_shown { palette.accent } else { palette.line });
    }
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_shown, tr(tab.title)));
    response
}
