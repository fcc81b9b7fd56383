use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

use crate::attributes::{Arguments, first_paragraph, label_of, snake_case};

pub fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "only an enum has options to choose from"));
    };
    let kind = &input.ident;
    let (mut options, mut names) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "an option has no fields"));
        }
        let arguments = Arguments::read(&variant.attrs, "option", &["label", "formula"])?;
        let argument = |name: &str| arguments.as_ref().and_then(|arguments| arguments.value(name));
        let (name, key) = (&variant.ident, snake_case(&variant.ident.to_string()));
        let label = argument("label").map_or_else(|| label_of(&key), ToString::to_string);
        let label = match argument("label") {
            Some(label) => quote!(#label),
            None => quote!(#label),
        };
        let formula = argument("formula").map_or_else(|| quote!(""), |formula| quote!(#formula));
        let help = first_paragraph(&variant.attrs);
        options.push(quote! {
            ::backprop_nn::field::About { key: #key, label: #label, group: "", formula: #formula, help: #help }
        });
        names.push(name);
    }
    Ok(quote! {
        impl #kind {
            /// Every option, in the order of the menu.
            pub const ALL: &'static [Self] = &[#(Self::#names),*];

            const OPTIONS: &'static [::backprop_nn::field::About] = &[#(#options),*];

            /// What the option is called, and what it computes.
            pub fn about(self) -> &'static ::backprop_nn::field::About {
                &Self::OPTIONS[self as usize]
            }
        }

        impl ::backprop_nn::field::Choose for #kind {
            fn options() -> &'static [::backprop_nn::field::About] {
                Self::OPTIONS
            }

            fn chosen(&self) -> usize {
                *self as usize
            }

            fn choose(&mut self, option: usize) {
                if let Some(chosen) = Self::ALL.get(option) {
                    *self = *chosen;
                }
            }
        }
    })
}
