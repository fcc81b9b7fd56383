//! Where the tokens lie in the space of the embedding.

use std::sync::Arc;

use eframe::egui::{Align2, Label, Painter, RichText, Ui, pos2};
use egui_plot::{PlotPoint, PlotTransform};

use super::pane::Pane;
use crate::data::Modality;
use crate::language::tr;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::jobs::token_vectors::TokenVectorsQuery;
use crate::ui::state::subject::Subject;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::write::visible;
use crate::ui::widgets::numbers::percent;
use crate::ui::widgets::plane::{Dot, Plane, Tone};
use crate::ui::widgets::text::placeholder_ui;

/// So many tokens are written beside their points; of more, these are the first.
const WRITTEN: usize = 160;

/// The pane of the tokens.
#[derive(Default)]
pub struct TokenVectorsPane {}

impl Pane for TokenVectorsPane {
    fn id(&self) -> &'static str {
        "tokens"
    }

    fn label(&self) -> &'static str {
        "Tokens"
    }

    fn hover(&self) -> &'static str {
        "Where the tokens lie in the space of the embedding"
    }

    fn help(&self) -> &'static str {
        "The vectors of the tokens in the plane in which they differ most (PCA). Tokens that are used alike come to lie near one another: \
     vowels among vowels, digits in their order."
    }

    fn fits(&self, subject: &Subject) -> bool {
        subject.modality() == Modality::Text
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        let query = TokenVectorsQuery { network: latest.query.network.clone(), model: Arc::clone(&latest.query.model) };
        let found = cx.derived.token_vectors.ask(ui.ctx(), query);
        let Some(found) = found.as_ref().and_then(|found| found.answer.as_ref()) else {
            placeholder_ui(ui, "A network that begins with an Embedding has a vector for each token.");
            return None;
        };
        let points = &found.projection.points;
        let [first, second] = found.projection.explained.map(percent);
        let text = format!(
            "{} tokens, {} numbers each; the two directions explain {first} and {second} of the variance",
            points.len(),
            found.width
        );
        ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(GRID);
        let dots: Vec<Dot> = points.iter().map(|at| Dot::new(*at, Tone::Faint)).collect();
        let range = |axis: usize| {
            let values = points.iter().map(|point| f64::from(point[axis]));
            let (low, high) = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
            let margin = 0.06 * (high - low).max(1e-6);
            low - margin..=high + margin
        };
        let ink = Palette::of(ui).text;
        let under = |painter: &Painter, transform: &PlotTransform| {
            for (token, at) in found.tokens.iter().zip(points).take(WRITTEN) {
                let at = transform.position_from_point(&PlotPoint::new(at[0], at[1]));
                painter.text(pos2(at.x + 4.0, at.y), Align2::LEFT_CENTER, visible(token), theme::body_font(), ink);
            }
        };
        Plane::new("Tokens", ["first component", "second component"], [range(0), range(1)], &dots)
            .under(&under)
            .show(ui);
        None
    }
}
