//! Labels that are terms of the glossary: what the pointer or the keyboard is at can be looked up.

use eframe::egui::{Context, Galley, Id, Response};

use crate::glossary;

#[derive(Clone)]
struct Pointed {
    term: usize,
    pass: u64,
}

fn place() -> Id {
    Id::unique("term of the glossary")
}

/// Remembers a term while the pointer rests on what bears its name or speaks of it, or the keyboard is there. Nothing happens for
/// other texts.
pub fn mark_term(response: &Response, text: &str) {
    if response.hovered() || response.has_focus() {
        point_at(&response.ctx, glossary::named_in(text));
    }
}

/// The same for a paragraph, of which the word under the pointer counts.
pub fn mark_word(response: &Response, galley: &Galley) {
    let Some(at) = response.hover_pos() else { return };
    let before = galley.cursor_from_pos(at - response.rect.min).index.0;
    let place = galley.text().char_indices().nth(before).map_or(galley.text().len(), |(place, _)| place);
    point_at(&response.ctx, glossary::named_at(galley.text(), place));
}

fn point_at(ctx: &Context, term: Option<usize>) {
    let pass = ctx.cumulative_pass_nr();
    if let Some(term) = term {
        ctx.data_mut(|data| data.insert_temp(place(), Pointed { term, pass }));
    }
}

/// The position of the term that is pointed at.
pub fn pointed_term(ctx: &Context) -> Option<usize> {
    let pass = ctx.cumulative_pass_nr();
    ctx.data(|data| data.get_temp::<Pointed>(place())).filter(|at| at.pass + 2 >= pass).map(|at| at.term)
}

/// A help text, and that there is more of it.
pub fn help_with_term(help: &str, name: &str) -> String {
    match glossary::find(name) {
        Some(at) => format!("{help}\nF1: {} in the glossary", glossary::terms()[at].name),
        None => help.to_owned(),
    }
}
