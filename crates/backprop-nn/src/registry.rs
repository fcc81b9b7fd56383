//! [`registry!`](crate::registry) makes a list of things that a person may choose from (layers, losses, optimizers,
//! schedules) one enum: a new one is a file and a line in its list.

use serde::de::{DeserializeSeed, IntoDeserializer as _, MapAccess};

use super::field::{About, Field};

/// The name of the tag that says in a file which thing of a list it is.
pub const TAG: &str = "kind";

/// One thing of a list, without an instance.
#[derive(Clone, Copy, Debug)]
pub struct Entry<T> {
    /// What it is called and what it computes.
    pub about: About,
    /// Its settings.
    pub fields: fn() -> Vec<&'static Field>,
    /// One with its defaults.
    pub make: fn() -> T,
}

/// Declares the list. Every name is a type with `Default`, `Settings`, serde's traits and the trait after the colon; the
/// text is its key in files, which stays what it is for ever. Files of the first format had another name for the tag.
///
/// The enum derefs to the trait, so that `layer.plan(shape)` asks the one that is chosen.
#[macro_export]
#[doc(hidden)]
macro_rules! registry {
    (
        $(#[$doc:meta])*
        pub enum $name:ident: $target:ident, once tagged $legacy:literal {
            $($variant:ident = $key:literal),+ $(,)?
        }
        $(open to $open:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(remote = "Self", tag = "kind")]
        #[allow(missing_docs, reason = "each is documented as a type")]
        pub enum $name {
            $(#[serde(rename = $key)] $variant($variant),)+
            $(
                /// One that is defined elsewhere; it cannot be written to a file.
                #[serde(skip)]
                $open($open),
            )?
        }

        impl $name {
            const ABOUT: &'static [$crate::field::About] = &[$($crate::field::About {
                key: $key,
                label: <$variant as $crate::field::Described>::LABEL,
                group: <$variant as $crate::field::Described>::GROUP,
                formula: <$variant as $crate::field::Described>::FORMULA,
                help: <$variant as $crate::field::Described>::HELP,
            }),+];

            /// Every thing of the list, in the order of the menu, without an instance.
            pub const ENTRIES: &'static [$crate::registry::Entry<Self>] = &{
                let mut at = 0;
                [$({
                    at += 1;
                    $crate::registry::Entry {
                        about: Self::ABOUT[at - 1],
                        fields: <$variant as $crate::field::Settings>::fields,
                        make: || Self::$variant(<$variant as Default>::default()),
                    }
                }),+]
            };

            /// One of each with its defaults, in the order of the menu.
            pub fn all() -> Vec<Self> {
                Self::ENTRIES.iter().map(|entry| (entry.make)()).collect()
            }

            /// The one with this key, with its defaults.
            pub fn named(key: &str) -> Option<Self> {
                Self::ENTRIES.iter().find(|entry| entry.about.key == key).map(|entry| (entry.make)())
            }

            /// What it is called and what it computes.
            pub fn about(&self) -> &$crate::field::About {
                match self {
                    $(Self::$open(open) => open.about,)?
                    listed => &Self::ABOUT[$crate::field::Choose::chosen(listed)],
                }
            }
        }

        $(impl From<$variant> for $name {
            fn from(one: $variant) -> Self {
                Self::$variant(one)
            }
        })+

        impl std::ops::Deref for $name {
            type Target = dyn $target;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$variant(one) => one,)+
                    $(Self::$open(open) => &**open,)?
                }
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(Self::$variant(one) => one,)+
                    $(Self::$open(open) => &mut **open,)?
                }
            }
        }

        /// Choosing another one brings its defaults with it.
        impl $crate::field::Choose for $name {
            fn options() -> &'static [$crate::field::About] {
                Self::ABOUT
            }

            fn chosen(&self) -> usize {
                let mut at = 0;
                $(
                    if matches!(self, Self::$variant(_)) {
                        return at;
                    }
                    at += 1;
                )+
                at
            }

            fn choose(&mut self, option: usize) {
                if option != self.chosen()
                    && let Some(entry) = Self::ENTRIES.get(option)
                {
                    *self = (entry.make)();
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        /// From an object with its kind and settings, or from its kind alone where the defaults do.
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct KindOrSettings;

                impl<'de> serde::de::Visitor<'de> for KindOrSettings {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a kind, or an object with its kind and settings")
                    }

                    fn visit_str<E: serde::de::Error>(self, kind: &str) -> Result<$name, E> {
                        let map = std::iter::once(($crate::registry::TAG, kind));
                        $name::deserialize(serde::de::value::MapDeserializer::new(map))
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let map = $crate::registry::Retagged::new(map, $legacy);
                        $name::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    }
                }

                deserializer.deserialize_any(KindOrSettings)
            }
        }
    };
}

/// A map whose tag may have the name that it had in files of the first format.
#[doc(hidden)]
pub struct Retagged<A> {
    map: A,
    legacy: &'static str,
}

impl<A> Retagged<A> {
    #[doc(hidden)]
    pub fn new(map: A, legacy: &'static str) -> Self {
        Self { map, legacy }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Retagged<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some(key) = self.map.next_key::<String>()? else { return Ok(None) };
        let key = if key == self.legacy { TAG.to_owned() } else { key };
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
