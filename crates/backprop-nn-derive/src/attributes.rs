//! Reading attributes: `name`, `name = value`, and the first paragraph of the documentation.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::parse::ParseStream;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// What stands in the brackets of an attribute: a name, and what follows the equals sign if there is one.
pub struct Arguments(Vec<(Ident, Option<TokenStream>)>);

impl Arguments {
    /// The arguments of the attribute of this name; nothing if it is absent. `known` are the names it may have.
    pub fn read(attributes: &[Attribute], name: &str, known: &[&str]) -> syn::Result<Option<Self>> {
        let Some(attribute) = attributes.iter().find(|attribute| attribute.path().is_ident(name)) else {
            return Ok(None);
        };
        let arguments = match &attribute.meta {
            Meta::Path(_) => Self(Vec::new()),
            _ => attribute.parse_args_with(Self::parse)?,
        };
        match arguments.0.iter().find(|(name, _)| !known.iter().any(|known| name == known)) {
            Some((name, _)) => Err(syn::Error::new(name.span(), format!("expected one of {}", known.join(", ")))),
            None => Ok(Some(arguments)),
        }
    }

    pub fn value(&self, name: &str) -> Option<&TokenStream> {
        self.0.iter().find(|argument| argument.0 == name)?.1.as_ref()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|argument| argument.0 == name)
    }

    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arguments = Vec::new();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let value = if input.peek(Token![=]) {
                input.parse::<Token![=]>()?;
                Some(until_comma(input)?)
            } else {
                None
            };
            arguments.push((name, value));
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(arguments))
    }
}

fn until_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend(std::iter::once(input.parse::<TokenTree>()?));
    }
    Ok(tokens)
}

/// The first paragraph of the documentation, in one line.
pub fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// "Label smoothing" of `label_smoothing`.
pub fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// `leaky_relu` of `LeakyRelu`, as serde's `rename_all = "snake_case"` has it.
pub fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_uppercase() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
