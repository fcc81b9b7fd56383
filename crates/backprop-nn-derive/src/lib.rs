//! The derive macros of `backprop-nn`: a struct of settings and an enum of options say once, where they are defined,
//! what the editor, the range check, the command line and the documentation need to know of them.
//!
//! ```ignore
//! /// Every output is a weighted sum of every input: `y = f(x·W + b)`.
//! #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
//! #[serde(default, deny_unknown_fields)]
//! #[settings(formula = "y = f(x·W + b)")]
//! pub struct Dense {
//!     /// Number of outputs. Too few cannot separate the classes; too many overfit.
//!     #[field(default = 64, range = 1..=4096)]
//!     pub units: usize,
//! }
//! ```

mod attributes;
mod choice;
mod settings;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `Settings`, `Described` and `Default` for a struct of settings.
///
/// The first paragraph of the struct's documentation is its help, that of a field the help of the field.
/// On the struct, `#[settings(...)]` takes `label`, `formula`, and `manual_default` where `Default` is written by hand.
/// On a field of the type `usize`, `u64`, `f32` or `bool`, or of an enum that derives `Choice`,
/// `#[field(...)]` takes `default`, `range` (numbers only), `label` and `key` where they do not follow from the name,
/// `logarithmic`, `slider` for the part of the range that a slider covers, and `when`, an expression on `self` that says when the field has an effect.
/// `#[group]` includes the fields of a nested struct of settings. A field without either is no setting.
#[proc_macro_derive(Settings, attributes(settings, field, group))]
pub fn derive_settings(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    settings::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `Choose` for an enum of plain options.
///
/// The first paragraph of an option's documentation is its help. `#[option(...)]` takes `label`, where it does not
/// follow from the name, and `formula`. The key of an option is its name in snake case, as serde writes it.
#[proc_macro_derive(Choice, attributes(option))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
