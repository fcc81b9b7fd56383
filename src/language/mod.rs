//! The language that the program speaks. Sentences are made in English where their facts are known: by readers of data, checks, errors
//! and views. They stay English in files and logs, and are translated where they are shown: [`tr`] looks the finished sentence up in
//! the catalog of the language, by the format string that it was made with (gettext's PO files, `assets/languages`).
//!
//! Each thread has its own language, English unless it is told: those that show something are told when they begin.

mod catalog;
mod template;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::LazyLock;

pub use catalog::{Catalog, CatalogError};
pub use template::Template;

/// A language that comes with the program.
#[derive(Debug)]
pub struct Language {
    /// ISO 639-1.
    pub code: &'static str,
    /// As it calls itself.
    pub name: &'static str,
    /// Nothing for English, which needs none.
    catalog: Option<LazyLock<Result<Catalog, CatalogError>>>,
}

/// THE LIST of languages.
pub static LANGUAGES: [Language; 2] = [
    Language { code: "en", name: "English", catalog: None },
    Language {
        code: "zh",
        name: "中文",
        catalog: Some(LazyLock::new(|| Catalog::read(include_str!("../../assets/languages/zh.po")))),
    },
];

/// More sentences than a window shows in minutes.
const REMEMBERED: usize = 20_000;

thread_local! {
    static CURRENT: Cell<&'static Language> = const { Cell::new(&LANGUAGES[0]) };
    static SHOWN: RefCell<HashMap<String, Option<String>>> = RefCell::new(HashMap::new());
}

impl Language {
    /// The language of a code or a locale, `zh` as well as `zh_CN.UTF-8`.
    pub fn find(name: &str) -> Option<&'static Self> {
        let code = name.split(['_', '-', '.']).next().unwrap_or_default().to_ascii_lowercase();
        LANGUAGES.iter().find(|language| language.code == code)
    }

    /// That of the user's environment (`LC_ALL`, `LC_MESSAGES`, `LANG`), or English.
    pub fn of_the_user() -> &'static Self {
        sys_locale::get_locale().and_then(|locale| Self::find(&locale)).unwrap_or(&LANGUAGES[0])
    }

    /// The one after it in the list, and the first after the last.
    pub fn next(&self) -> &'static Self {
        let at = LANGUAGES.iter().position(|other| other.code == self.code).unwrap_or_default();
        &LANGUAGES[(at + 1) % LANGUAGES.len()]
    }

    /// Its translations; nothing for English.
    pub fn catalog(&self) -> Option<&Catalog> {
        self.catalog.as_ref()?.as_ref().ok()
    }
}

/// The language of this thread.
pub fn current() -> &'static Language {
    CURRENT.get()
}

/// The code of the language of this thread.
pub fn code() -> &'static str {
    current().code
}

/// From now on this thread shows its texts in this language.
pub fn speak(language: &'static Language) {
    if !std::ptr::eq(CURRENT.replace(language), language) {
        SHOWN.with_borrow_mut(HashMap::clear);
    }
}

/// A text in the language of this thread; what is not known there stays as it is.
pub fn tr<'a>(text: impl Into<Cow<'a, str>>) -> Cow<'a, str> {
    let text = text.into();
    let Some(catalog) = current().catalog() else { return text };
    if !catalog::has_words(&text) {
        return text;
    }
    let translated = SHOWN.with_borrow_mut(|shown| {
        if let Some(known) = shown.get(&*text) {
            return known.clone();
        }
        if shown.len() >= REMEMBERED {
            shown.clear();
        }
        let translated = catalog.translate(&text);
        shown.insert(text.clone().into_owned(), translated.clone());
        translated
    });
    translated.map_or(text, Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_locale_names_the_language_and_each_thread_has_its_own() {
        assert_eq!(Language::find("zh_CN.UTF-8").unwrap().code, "zh");
        assert_eq!(Language::find("EN-us").unwrap().code, "en");
        assert!(Language::find("C").is_none() && Language::find("").is_none());
        assert_eq!(current().code, "en");
        speak(&LANGUAGES[1]);
        assert_eq!(std::thread::spawn(|| current().code).join().unwrap(), "en");
        assert_eq!(tr("Learning rate"), "学习率");
        assert_eq!(tr("0.5"), "0.5");
        speak(&LANGUAGES[0]);
        assert_eq!(tr("Learning rate"), "Learning rate");
    }

    #[test]
    fn every_language_that_comes_with_the_program_can_be_read() {
        for language in LANGUAGES.iter().filter(|language| language.code != "en") {
            let catalog = language.catalog.as_ref().unwrap().as_ref();
            assert!(catalog.is_ok_and(|catalog| !catalog.is_empty()), "{}: {:?}", language.name, catalog.err());
        }
    }
}
