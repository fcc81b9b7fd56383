use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Data, DeriveInput, Field, Fields};

use crate::attributes::{Arguments, first_paragraph, label_of};

const OF_STRUCT: &[&str] = &["label", "group", "formula", "manual_default", "undescribed"];
const OF_FIELD: &[&str] = &["default", "range", "slider", "label", "key", "logarithmic", "when"];

/// A field that is a setting.
struct Setting<'a> {
    field: &'a Field,
    arguments: Arguments,
    key: String,
}

pub fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "settings are the named fields of a struct"));
    };
    let (mut settings, mut groups, mut defaults) = (Vec::new(), Vec::new(), Vec::new());
    for field in &data.fields {
        let name = &field.ident;
        let arguments = Arguments::read(&field.attrs, "field", OF_FIELD)?;
        let default = arguments.as_ref().and_then(|arguments| arguments.value("default")).cloned();
        let default = default.unwrap_or_else(|| quote!(::core::default::Default::default()));
        defaults.push(quote!(#name: #default));
        if field.attrs.iter().any(|attribute| attribute.path().is_ident("group")) {
            groups.push(field);
        } else if let Some(arguments) = arguments {
            let key = match arguments.value("key") {
                Some(key) => syn::parse2::<syn::LitStr>(key.clone())?.value(),
                None => name.as_ref().map(ToString::to_string).unwrap_or_default(),
            };
            settings.push(Setting { field, arguments, key });
        }
    }
    let (about, default) = of_struct(input, data.fields.is_empty(), &data.fields, &defaults)?;
    let kind = &input.ident;
    let (generics, types, bounds) = input.generics.split_for_impl();
    let fields = settings.iter().map(Setting::description).collect::<syn::Result<Vec<_>>>()?;
    let [get, set, used] = [Setting::get, Setting::set, Setting::used].map(|arm| settings.iter().map(arm));
    let of_groups = groups.iter().map(|field| &field.ty);
    let in_groups: Vec<_> = groups.iter().map(|field| &field.ident).collect();
    Ok(quote! {
        #about
        #default

        impl #generics #kind #types #bounds {
            const FIELDS: &'static [::backprop_nn::field::Field] = &[#(#fields),*];
        }

        impl #generics ::backprop_nn::field::Settings for #kind #types #bounds {
            fn fields() -> ::std::vec::Vec<&'static ::backprop_nn::field::Field> {
                #[allow(unused_mut)]
                let mut fields: ::std::vec::Vec<_> = Self::FIELDS.iter().collect();
                #(fields.extend(<#of_groups as ::backprop_nn::field::Settings>::fields());)*
                fields
            }

            fn describe(&self) -> ::std::vec::Vec<&'static ::backprop_nn::field::Field> {
                <Self as ::backprop_nn::field::Settings>::fields()
            }

            fn get(&self, key: &str) -> ::core::option::Option<::backprop_nn::field::Value> {
                match key {
                    #(#get,)*
                    _ => ::core::option::Option::None #(.or_else(|| ::backprop_nn::field::Settings::get(&self.#in_groups, key)))*,
                }
            }

            fn put(&mut self, key: &str, value: ::backprop_nn::field::Value) -> bool {
                match key {
                    #(#set,)*
                    _ => false #(|| ::backprop_nn::field::Settings::put(&mut self.#in_groups, key, value.clone()))*,
                }
            }

            fn is_used(&self, key: &str) -> bool {
                match key {
                    #(#used,)*
                    _ => true,
                }
            }
        }
    })
}

/// The implementations of `Described`, where the struct has a documentation, and of `Default`.
fn of_struct(
    input: &DeriveInput,
    is_empty: bool,
    fields: &Fields,
    defaults: &[TokenStream],
) -> syn::Result<(TokenStream, TokenStream)> {
    let arguments = Arguments::read(&input.attrs, "settings", OF_STRUCT)?;
    let argument = |name: &str| arguments.as_ref().and_then(|arguments| arguments.value(name));
    let (kind, help) = (&input.ident, first_paragraph(&input.attrs));
    let (generics, types, bounds) = input.generics.split_for_impl();
    let label = argument("label").cloned().unwrap_or_else(|| kind.to_string().to_token_stream());
    let [group, formula] = ["group", "formula"].map(|name| argument(name).cloned().unwrap_or_else(|| quote!("")));
    let about = quote! {
        impl #generics ::backprop_nn::field::Described for #kind #types #bounds {
            const LABEL: &'static str = #label;
            const GROUP: &'static str = #group;
            const FORMULA: &'static str = #formula;
            const HELP: &'static str = #help;
        }
    };
    let is_undescribed = arguments.as_ref().is_some_and(|arguments| arguments.has("undescribed"));
    let about = if is_undescribed { TokenStream::new() } else { about };
    let is_manual = arguments.as_ref().is_some_and(|arguments| arguments.has("manual_default"));
    let body = match fields {
        Fields::Named(_) if is_empty => quote!(Self {}),
        _ => quote!(Self { #(#defaults),* }),
    };
    let default = quote! {
        impl #generics ::core::default::Default for #kind #types #bounds {
            fn default() -> Self {
                #body
            }
        }
    };
    Ok((about, if is_manual { TokenStream::new() } else { default }))
}

/// How a type of Rust is set.
enum Type {
    Whole,
    Real,
    Switch,
    Choice,
}

impl Setting<'_> {
    fn kind(&self) -> Type {
        match self.field.ty.to_token_stream().to_string().as_str() {
            "usize" | "u64" => Type::Whole,
            "f32" => Type::Real,
            "bool" => Type::Switch,
            _ => Type::Choice,
        }
    }

    fn description(&self) -> syn::Result<TokenStream> {
        let Self { field, arguments, key } = self;
        let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
        let label = arguments.value("label").cloned().unwrap_or_else(|| label_of(&name).to_token_stream());
        let (help, ty) = (first_paragraph(&field.attrs), &field.ty);
        let need = |name: &str| {
            let missing = || syn::Error::new_spanned(field, format!("this setting needs a {name}"));
            arguments.value(name).ok_or_else(missing)
        };
        let scale = match arguments.has("logarithmic") {
            true => quote!(::backprop_nn::field::Scale::Logarithmic),
            false => quote!(::backprop_nn::field::Scale::Linear),
        };
        let kind = match self.kind() {
            Type::Whole => {
                let (range, default) = (need("range")?, need("default")?);
                let slider = arguments.value("slider").unwrap_or(range);
                quote!(Whole { range: #range, slider: #slider, default: #default as usize, scale: #scale })
            }
            Type::Real => {
                let (range, default) = (need("range")?, need("default")?);
                let slider = arguments.value("slider").unwrap_or(range);
                quote!(Real { range: #range, slider: #slider, default: #default, scale: #scale })
            }
            Type::Switch => {
                let default = need("default")?;
                quote!(Switch { default: #default })
            }
            Type::Choice => {
                let default = arguments.value("default").cloned();
                let default = default.unwrap_or_else(|| quote!(<#ty as ::core::default::Default>::default()));
                quote!(Choice {
                    options: <#ty as ::backprop_nn::field::Choose>::options,
                    default: || ::backprop_nn::field::Choose::chosen(&(#default)),
                })
            }
        };
        Ok(quote! {
            ::backprop_nn::field::Field { key: #key, label: #label, help: #help, kind: ::backprop_nn::field::Kind::#kind }
        })
    }

    fn get(&self) -> TokenStream {
        let (key, name) = (&self.key, &self.field.ident);
        let value = match self.kind() {
            Type::Whole => quote!(Whole(self.#name as usize)),
            Type::Real => quote!(Real(self.#name)),
            Type::Switch => quote!(Switch(self.#name)),
            Type::Choice => quote!(Choice(::backprop_nn::field::Choose::chosen(&self.#name))),
        };
        quote!(#key => ::core::option::Option::Some(::backprop_nn::field::Value::#value))
    }

    fn set(&self) -> TokenStream {
        let (key, name, ty) = (&self.key, &self.field.ident, &self.field.ty);
        let (variant, assign) = match self.kind() {
            Type::Whole => (quote!(Whole), quote!(self.#name = value as #ty)),
            Type::Real => (quote!(Real), quote!(self.#name = value)),
            Type::Switch => (quote!(Switch), quote!(self.#name = value)),
            Type::Choice => (quote!(Choice), quote!(::backprop_nn::field::Choose::choose(&mut self.#name, value))),
        };
        quote! {
            #key => match value {
                ::backprop_nn::field::Value::#variant(value) => {
                    #assign;
                    true
                }
                _ => false,
            }
        }
    }

    fn used(&self) -> TokenStream {
        let (key, when) = (&self.key, self.arguments.value("when"));
        let when = when.cloned().unwrap_or_else(|| quote!(true));
        quote!(#key => #when)
    }
}
