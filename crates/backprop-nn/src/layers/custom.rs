use std::fmt;
use std::ops::{Deref, DerefMut};

use super::LayerSpec;
use crate::field::{About, Described};
use crate::spec::Spec;

/// A layer that is defined outside this package. See `examples/custom_layer.rs`.
pub struct Custom {
    /// What it is called; its key, which names its tensors, is its name in small letters.
    pub about: &'static About,
    spec: Box<dyn CloneSpec>,
}

trait CloneSpec: Spec {
    fn boxed_clone(&self) -> Box<dyn CloneSpec>;
}

impl<S: Spec + Clone + 'static> CloneSpec for S {
    fn boxed_clone(&self) -> Box<dyn CloneSpec> {
        Box::new(self.clone())
    }
}

impl LayerSpec {
    /// A layer of your own, to stand among the others.
    pub fn custom<S: Spec + Described + Clone + 'static>(spec: S) -> Self {
        Self::Custom(Custom { about: Of::<S>::ABOUT, spec: Box::new(spec) })
    }
}

struct Of<S>(S);

impl<S: Described> Of<S> {
    const ABOUT: &'static About =
        &About { key: S::LABEL, label: S::LABEL, group: S::GROUP, formula: S::FORMULA, help: S::HELP };
}

impl Clone for Custom {
    fn clone(&self) -> Self {
        Self { about: self.about, spec: self.spec.boxed_clone() }
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.about.label, self.detail())
    }
}

/// Equal if they are called the same and say the same of themselves.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        let values = |custom: &Self| -> Vec<_> {
            custom.describe().into_iter().map(|field| (field.key, custom.get(field.key))).collect()
        };
        self.about == other.about && self.detail() == other.detail() && values(self) == values(other)
    }
}

impl Deref for Custom {
    type Target = dyn Spec;

    fn deref(&self) -> &Self::Target {
        &*self.spec
    }
}

impl DerefMut for Custom {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.spec
    }
}
