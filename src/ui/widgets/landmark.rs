//! Where the things of the window stand that have a name: what "What do I see here?" points at.

use std::collections::HashMap;

use eframe::egui::{
    Align2, Context, Id, Label, LayerId, Rect, RichText, ScrollArea, Stroke, StrokeKind, Ui, Window, vec2,
};

use crate::language::tr;
use crate::ui::theme::{self, GRID, Palette, RADIUS};

/// Width of the window, and of the least that it is in a small one.
const WIDTH: f32 = 340.0;
const NARROW: f32 = 240.0;

/// The most of the height that the window takes.
const MOST_HEIGHT: f32 = 0.5;

/// Radius of a number beside what it points at.
const NUMBER: f32 = 10.0;

/// A part of the window that "What do I see here?" points at.
#[derive(Clone, Copy, Debug)]
pub struct Landmark {
    /// The name of its cell, or the id of its view.
    pub place: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What it shows, in a sentence or two.
    pub text: &'static str,
}

/// Where each name was drawn since the places were asked for.
#[derive(Clone, Default)]
struct Places(HashMap<String, Rect>);

fn key() -> Id {
    Id::unique("places of landmarks")
}

/// Remembers where something stands, as long as somebody asks.
pub fn landmark_at(ctx: &Context, name: &str, rect: Rect) {
    ctx.data_mut(|data| {
        if let Some(Places(places)) = data.get_temp_mut_or_default::<Option<Places>>(key())
            && rect.is_positive()
        {
            places.insert(name.to_owned(), rect);
        }
    });
}

/// From now on the places are remembered, or no more.
pub fn ask_places(ctx: &Context, is_wanted: bool) {
    ctx.data_mut(|data| data.insert_temp(key(), is_wanted.then(Places::default)));
}

/// Numbers beside the things of a view that are on the screen, and what they are. `false` when it is closed.
pub fn landmarks_ui(ctx: &Context, landmarks: &[Landmark]) -> bool {
    let places = ctx.data(|data| data.get_temp::<Option<Places>>(key())).flatten().unwrap_or_default();
    let shown: Vec<(Rect, &Landmark)> =
        landmarks.iter().filter_map(|landmark| Some((*places.0.get(landmark.place)?, landmark))).collect();
    // Something may have gone since the last frame.
    ask_places(ctx, true);
    let mut is_open = true;
    let title = tr("What do I see here?");
    let window = Window::new(title.as_ref()).id(Id::unique("landmarks")).open(&mut is_open).collapsible(false);
    let screen = ctx.content_rect();
    let width = (screen.width() / 4.0).clamp(NARROW, WIDTH);
    // It begins in a corner, and stays where it is dragged to.
    let corner = screen.right_bottom() - vec2(8.0 * GRID, 20.0 * GRID);
    let window = window.resizable(false).pivot(Align2::RIGHT_BOTTOM).default_pos(corner);
    window.show(ctx, |ui| {
        ui.set_width(width);
        if shown.is_empty() {
            ui.add(Label::new(tr("Nothing of this tab is on the screen yet.")).wrap());
        }
        ScrollArea::vertical().max_height(screen.height() * MOST_HEIGHT).show(ui, |ui| {
            shown.iter().enumerate().for_each(|(at, (_, landmark))| line_ui(ui, at + 1, landmark));
        });
        shown.iter().enumerate().for_each(|(at, (rect, _))| number_ui(ui, at + 1, *rect));
    });
    is_open
}

fn line_ui(ui: &mut Ui, number: usize, landmark: &Landmark) {
    let palette = Palette::of(ui);
    ui.horizontal_top(|ui| {
        ui.label(theme::strong(number.to_string()).color(palette.accent));
        ui.vertical(|ui| {
            ui.label(theme::strong(landmark.name));
            ui.add(Label::new(RichText::new(tr(landmark.text)).color(palette.muted)).wrap());
        });
    });
    ui.add_space(GRID);
}

fn number_ui(ui: &Ui, number: usize, rect: Rect) {
    let palette = Palette::of(ui);
    // Above the views, and below the window that explains them.
    let painter = ui.ctx().layer_painter(LayerId::background());
    painter.rect_stroke(rect.expand(2.0), RADIUS, Stroke::new(2.0, palette.accent), StrokeKind::Outside);
    let center = (rect.left_top() - vec2(2.0, 2.0)).max(ui.ctx().content_rect().min + vec2(NUMBER, NUMBER));
    painter.circle_filled(center, NUMBER, palette.accent);
    let font = theme::strong_font(theme::BODY);
    painter.text(center, Align2::CENTER_CENTER, number.to_string(), font, palette.on_accent);
}
