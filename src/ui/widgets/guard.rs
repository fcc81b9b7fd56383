//! What cannot be changed at the moment, and what is outlined: settings by their paths, `training.batch`, and other things of the window
//! by their names. A lesson says which.

use std::sync::Arc;

use eframe::egui::{Context, Id, Rect, Stroke, StrokeKind, Ui};

use crate::language::tr;
use crate::lesson::plan::is_below;
use crate::project::profile::Profile;
use crate::ui::theme::{Palette, RADIUS};

/// Why a field is disabled.
pub const LOCKED: &str = "Locked in this step of the lesson";

/// Frames in which what is outlined is brought into sight.
const FRESH: u64 = 12;

/// What is locked, and what is outlined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// How the paths begin that cannot be changed.
    pub locked: Vec<String>,
    /// The path or the name of what is outlined.
    pub outlined: Option<String>,
    /// The frame in which that began.
    pub since: u64,
}

fn marks_id() -> Id {
    Id::unique("what a lesson locks and outlines")
}

fn place_id() -> Id {
    Id::unique("place of the settings that are being drawn")
}

/// Says what is locked and outlined from now on.
pub fn set_marks(ctx: &Context, marks: Marks) {
    ctx.data_mut(|data| data.insert_temp(marks_id(), Arc::new(marks)));
}

fn marks(ctx: &Context) -> Option<Arc<Marks>> {
    ctx.data(|data| data.get_temp(marks_id()))
}

fn profile_id() -> Id {
    Id::unique("what a profile leaves out")
}

/// Says what is left out from now on.
pub fn set_profile(ctx: &Context, profile: &Profile) {
    ctx.data_mut(|data| {
        let before: Arc<Profile> = data.get_temp(profile_id()).unwrap_or_default();
        if *before != *profile {
            data.insert_temp(profile_id(), Arc::new(profile.clone()));
        }
    });
}

/// Whether what is at a path is left out.
pub fn is_hidden(ctx: &Context, path: &str) -> bool {
    ctx.data(|data| data.get_temp::<Arc<Profile>>(profile_id())).is_some_and(|profile| profile.hides(path))
}

/// Draws settings that stand at a place of the project: `training`, `model.2`.
pub fn within<R>(ui: &mut Ui, place: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let before = ui.data(|data| data.get_temp::<Arc<str>>(place_id()));
    ui.data_mut(|data| data.insert_temp(place_id(), Arc::<str>::from(place)));
    let added = add(ui);
    ui.data_mut(|data| match before {
        Some(before) => drop(data.insert_temp(place_id(), before)),
        None => drop(data.remove_temp::<Arc<str>>(place_id())),
    });
    added
}

/// The path of the setting with this key at the place that is being drawn; nothing where that is none of the project.
pub fn path_of(ctx: &Context, key: &str) -> Option<String> {
    let place = ctx.data(|data| data.get_temp::<Arc<str>>(place_id()))?;
    Some(format!("{place}.{key}"))
}

/// Whether what is at a path cannot be changed.
pub fn is_locked(ctx: &Context, path: &str) -> bool {
    marks(ctx).is_some_and(|marks| marks.locked.iter().any(|locked| is_below(path, locked)))
}

/// Whether something at a place, or below it, is to be outlined, and was not a moment ago: it unfolds then.
pub fn is_wanted(ctx: &Context, place: &str) -> bool {
    let is_fresh = |marks: &Marks| ctx.cumulative_pass_nr() < marks.since + FRESH;
    let found = marks(ctx).filter(|marks| is_fresh(marks));
    found.is_some_and(|marks| marks.outlined.as_deref().is_some_and(|path| path != place && is_below(path, place)))
}

/// Whether what has this name is outlined since a moment ago.
pub fn is_shown_anew(ctx: &Context, name: &str) -> bool {
    let found = marks(ctx).filter(|marks| ctx.cumulative_pass_nr() < marks.since + FRESH);
    found.is_some_and(|marks| marks.outlined.as_deref() == Some(name))
}

/// Draws an outline around what has this path or name, if it is the one, and scrolls to it when that begins.
pub fn outline(ui: &Ui, name: &str, rect: Rect) {
    outline_where(ui, |outlined| outlined == name, rect);
}

/// The same for something within which lies what is outlined, and is not shown.
pub fn outline_around(ui: &Ui, place: &str, rect: Rect) {
    outline_where(ui, |outlined| is_below(outlined, place), rect);
}

fn outline_where(ui: &Ui, is_it: impl Fn(&str) -> bool, rect: Rect) {
    let Some(marks) = marks(ui.ctx()).filter(|marks| marks.outlined.as_deref().is_some_and(is_it)) else { return };
    let palette = Palette::of(ui);
    let stroke = Stroke::new(2.0, palette.accent);
    ui.painter().rect_stroke(rect.expand(1.0), RADIUS, stroke, StrokeKind::Outside);
    if ui.ctx().cumulative_pass_nr() < marks.since + FRESH {
        ui.scroll_to_rect(rect, None);
        ui.ctx().request_repaint();
    }
}

/// Draws something that has a name, outlined if it is the one.
pub fn outlined_ui<R>(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let shown = ui.scope(add);
    outline(ui, name, shown.response.rect);
    shown.inner
}

/// Draws what changes the setting at a path, disabled and outlined as the path says.
pub fn guarded_ui<R>(ui: &mut Ui, path: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let is_open = !is_locked(ui.ctx(), path);
    let shown = ui.add_enabled_ui(is_open, add);
    outline(ui, path, shown.response.rect);
    if !is_open {
        shown.response.on_disabled_hover_text(tr(LOCKED));
    }
    shown.inner
}
