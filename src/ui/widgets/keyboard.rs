//! Who has the keyboard, and which keys a widget that has it needs for itself.

use eframe::egui::{Context, Id, Response};

fn key() -> Id {
    Id::unique("widget that leaves plain keys")
}

/// Tells that this widget, which has the focus, does nothing with Space, Esc and digits, so that they keep their meaning
/// for the window.
pub fn leave_plain_keys(ctx: &Context, id: Id) {
    ctx.data_mut(|data| data.insert_temp(key(), id));
}

/// Whether a widget has the focus that takes Space, Esc and digits for itself.
pub fn takes_plain_keys(ctx: &Context) -> bool {
    let leaving = ctx.data(|data| data.get_temp::<Id>(key()));
    let focused = ctx.memory(|memory| memory.focused());
    focused.is_some_and(|focused| leaving != Some(focused))
}

/// A request for the focus expires after this many frames: the widget that it names is not on the screen.
const PATIENCE: u64 = 5;

#[derive(Clone, Default)]
struct Wish {
    name: String,
    until: u64,
}

fn wish() -> Id {
    Id::unique("widget that is to have the keyboard")
}

/// Gives the keyboard to the widget of this name as soon as it is drawn.
pub fn ask_focus(ctx: &Context, name: impl Into<String>) {
    let wanted = Wish { name: name.into(), until: ctx.cumulative_pass_nr() + PATIENCE };
    ctx.data_mut(|data| data.insert_temp(wish(), wanted));
    ctx.request_repaint();
}

/// Gives this widget the keyboard, and scrolls to it, if somebody has asked for one of this name.
pub fn take_focus(response: &Response, name: &str) {
    let ctx = &response.ctx;
    let is_wanted = ctx.data(|data| data.get_temp::<Wish>(wish())).is_some_and(|wanted| wanted.name == name);
    if !is_wanted {
        return;
    }
    let wanted = ctx.data_mut(|data| data.remove_temp::<Wish>(wish()));
    if wanted.is_some_and(|wanted| ctx.cumulative_pass_nr() <= wanted.until) {
        response.request_focus();
        response.scroll_to_me(None);
    }
}
