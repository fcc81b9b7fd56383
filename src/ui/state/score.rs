//! The one figure that a result is known by.

use crate::train::{Evaluation, Predictions};
use crate::ui::widgets::numbers::{percent, significant};

/// The accuracy, the share of the variance that is explained, or the perplexity.
pub fn score_text(evaluation: &Evaluation) -> String {
    if evaluation.is_one_sided()
        && let Some(recall) = evaluation.classes().and_then(|classes| classes.macro_scores()[1])
    {
        return percent(recall);
    }
    let r2 = match &evaluation.predictions {
        Predictions::Classes(predictions) => return percent(f64::from(predictions.accuracy())),
        Predictions::Numbers(predictions) => predictions.r2(),
        Predictions::Reconstructions(predictions) => predictions.r2(),
        Predictions::Tokens(predictions) => {
            let exact = predictions.exact_match().map(|exact| format!("{} exact", percent(exact)));
            let perplexity = || predictions.perplexity().map(|it| format!("perplexity {}", significant(it)));
            return exact.or_else(perplexity).unwrap_or_default();
        }
    };
    r2.map_or("R² undefined".to_owned(), |r2| format!("R² {r2:.3}"))
}
