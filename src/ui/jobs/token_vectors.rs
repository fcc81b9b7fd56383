//! The vectors of the tokens, in the plane of their first two principal components.

use std::sync::Arc;

use super::derived::Query;
use super::writing::tokenizer_of;
use crate::explain::projection::{Projection, principal};
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::LayerSpec;
use backprop_nn::ModelSpec;

/// The most tokens that are shown, the first of the vocabulary.
pub const MOST: usize = 1000;

/// Asks where the tokens of an embedding lie.
#[derive(Clone, PartialEq)]
pub struct TokenVectorsQuery {
    /// The network.
    pub network: TrainedNetwork,
    /// Its layers, of which the first is the embedding.
    pub model: Arc<ModelSpec>,
}

/// Where they lie.
pub struct TokenVectors {
    /// Their texts, without those of padding and of unknown tokens.
    pub tokens: Vec<String>,
    /// The place of each.
    pub projection: Projection,
    /// How many numbers each vector has.
    pub width: usize,
}

/// The numbers of a vocabulary that stand for no token.
const SPECIAL: usize = 2;

impl Query for TokenVectorsQuery {
    type Answer = Option<TokenVectors>;
    type Memory = ();
    const NAME: &'static str = "projecting tokens";

    fn answer(&self, (): &mut ()) -> Option<TokenVectors> {
        let LayerSpec::Embedding(layer) = self.model.layers.first()? else { return None };
        let trained = self.network.trained();
        let table = trained.network.params().first()?;
        let vectors = &trained.weights.values()[table.range.clone()];
        let tokenizer = tokenizer_of(&self.network)?;
        let shown = SPECIAL..tokenizer.len().min(layer.vocabulary).min(SPECIAL + MOST);
        let vectors = vectors.get(shown.start * layer.units..shown.end * layer.units)?;
        let projection = principal(vectors, layer.units)?;
        let tokens = shown.map(|token| tokenizer.token(token as u16).to_owned()).collect();
        Some(TokenVectors { tokens, projection, width: layer.units })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
