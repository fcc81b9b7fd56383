//! Every sentence of the program has a translation, and every translation a sentence: `assets/languages/*.po` against the sources.
//! `UPDATE_LANGUAGES=1 cargo test --release --test it translations` adds what is missing, marked as fuzzy until somebody has
//! translated it, and takes out what no source says any more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use backprop_nn::field::Kind;
use backprop_studio::language::{LANGUAGES, Template};
use proc_macro2::{TokenStream, TokenTree};

use crate::support::backprop;

/// What writes programs, pages and tables for others, invented names and texts, and measurements for developers.
const OTHER_LANGUAGES: &[&str] = &[
    "src/cli/bench",
    "src/data/sources/text/names.rs",
    "src/data/sources/text/reviews.rs",
    "src/export/c.rs",
    "src/export/card.rs",
    "src/export/keras",
    "src/export/notebook.rs",
    "src/export/numpy.rs",
    "src/export/onnx/",
    "src/export/pytorch",
    "src/export/rust.rs",
    "src/export/source.rs",
    "src/export/text.rs",
    "src/report/",
    "src/serve/openapi.rs",
    "src/serve/page.rs",
    "crates/backprop-nn/src/kernels",
];

/// What the parser of the command line says by itself.
const OF_THE_PARSER: &[&str] = &[
    "Print help",
    "Print help (see a summary with '-h')",
    "Print help (see more with '--help')",
    "Print this message or the help of the given subcommand(s)",
    "Print version",
];

/// The strings of the sources: those that are sentences or labels, and all of them.
#[derive(Default)]
struct Sources {
    shown: BTreeSet<String>,
    all: BTreeSet<String>,
}

impl Sources {
    fn read() -> Self {
        let mut sources = Self::default();
        OF_THE_PARSER.iter().for_each(|text| sources.show(text));
        for folder in ["src", "crates/backprop-nn/src"] {
            sources.folder(Path::new(folder));
        }
        for field in crate::docs::every_field() {
            sources.show(field.label);
            if let Kind::Choice { options, .. } = &field.kind {
                options()
                    .iter()
                    .for_each(|option| [option.label, option.help].into_iter().for_each(|text| sources.show(text)));
            }
        }
        // The helps of settings, which this page has from the program's lists.
        for line in fs::read_to_string("docs/settings.md").unwrap().lines() {
            let cells: Vec<&str> = line.split(" | ").collect();
            match (cells.as_slice(), line.strip_prefix("### ")) {
                (_, Some(label)) => sources.show(label),
                ([first, .., last], _) if first.starts_with("| `") => {
                    sources.show(&last.trim_end_matches(" |").replace("\\|", "|"));
                }
                _ if !line.is_empty() && !line.starts_with(['|', '#', '`']) => sources.show(line),
                _ => {}
            }
        }
        sources
    }

    fn folder(&mut self, folder: &Path) {
        let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() && !path.ends_with("tests") {
                self.folder(&path);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
                let name = path.to_str().unwrap();
                let is_shown = !OTHER_LANGUAGES.iter().any(|other| name.starts_with(other));
                let mut help = String::new();
                self.tokens(text.parse().unwrap(), is_shown, name.starts_with("src/cli"), &mut help);
                self.help(&mut help);
            }
        }
    }

    fn tokens(&mut self, tokens: TokenStream, is_shown: bool, is_cli: bool, help: &mut String) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let is_doc = |at: usize| matches!(trees.get(at), Some(TokenTree::Ident(name)) if name == "doc");
        if is_doc(0) {
            // A command or an argument of the command line has its documentation as help.
            if let (true, Some(TokenTree::Literal(text))) = (is_cli, trees.get(2)) {
                help.push(' ');
                help.push_str(&value_of(text).unwrap_or_default());
            }
            return;
        }
        for tree in trees {
            match tree {
                TokenTree::Group(group) => self.tokens(group.stream(), is_shown, is_cli, help),
                TokenTree::Literal(literal) => {
                    let Some(text) = value_of(&literal) else { continue };
                    if is_shown && is_language(&text) {
                        self.shown.insert(text.clone());
                    }
                    self.all.insert(text);
                }
                TokenTree::Punct(sign) if sign.as_char() == '#' => {}
                TokenTree::Punct(_) | TokenTree::Ident(_) => self.help(help),
            }
        }
    }

    fn help(&mut self, help: &mut String) {
        let text = std::mem::take(help).split_whitespace().collect::<Vec<_>>().join(" ");
        self.all.insert(text.trim_end_matches('.').to_owned());
        self.all.insert(text);
    }

    fn show(&mut self, text: &str) {
        if is_language(text) {
            self.shown.insert(text.to_owned());
        }
        self.all.insert(text.to_owned());
    }
}

fn value_of(literal: &proc_macro2::Literal) -> Option<String> {
    let text = literal.to_string();
    syn::parse_str::<syn::LitStr>(&text).ok().map(|text| text.value())
}

/// Words with spaces between them, or one that begins with a capital letter.
fn is_language(text: &str) -> bool {
    let has_word = text.as_bytes().windows(2).any(|pair| pair.iter().all(u8::is_ascii_alphabetic));
    let mut letters = text.chars();
    let is_name = letters.next().is_some_and(|first| first.is_ascii_uppercase())
        && letters.next().is_some_and(|second| second.is_ascii_lowercase());
    has_word && (text.trim().contains(' ') || is_name)
}

/// A catalog as it lies in its file: its head, and its entries with their translations.
struct File {
    path: String,
    head: String,
    entries: BTreeMap<String, (String, bool)>,
}

impl File {
    fn read(code: &str) -> Self {
        let path = format!("assets/languages/{code}.po");
        let text = fs::read_to_string(&path).unwrap();
        let head = text.split("\n\n").next().unwrap().to_owned();
        let catalog = polib::po_file::parse_from_reader(text.as_bytes()).unwrap();
        let entries = catalog
            .messages()
            .map(|it| (it.msgid().to_owned(), (it.msgstr().unwrap().to_owned(), it.is_fuzzy())))
            .collect();
        Self { path, head, entries }
    }

    fn write(&self) {
        let quoted = |text: &str| {
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t"))
        };
        let mut text = self.head.clone() + "\n";
        for (key, (translation, is_fuzzy)) in &self.entries {
            let mark = if *is_fuzzy { "#, fuzzy\n" } else { "" };
            write!(text, "\n{mark}msgid {}\nmsgstr {}\n", quoted(key), quoted(translation)).unwrap();
        }
        fs::write(&self.path, text).unwrap();
    }
}

#[test]
fn every_sentence_is_translated_and_every_translation_is_used() {
    let sources = Sources::read();
    for language in LANGUAGES.iter().filter(|language| language.code != "en") {
        let mut file = File::read(language.code);
        let missing: Vec<&String> = sources.shown.iter().filter(|text| !file.entries.contains_key(*text)).collect();
        let unused: Vec<String> = file.entries.keys().filter(|key| !sources.all.contains(*key)).cloned().collect();
        if env::var_os("UPDATE_LANGUAGES").is_some() {
            missing.into_iter().for_each(|text| _ = file.entries.insert(text.clone(), (String::new(), true)));
            unused.iter().for_each(|key| _ = file.entries.remove(key));
            file.write();
            continue;
        }
        assert!(missing.is_empty(), "{} without a translation: {missing:#?}", missing.len());
        assert!(unused.is_empty(), "{} that no source says: {unused:#?}", unused.len());
        let fuzzy: Vec<_> = file.entries.iter().filter(|(_, (_, is_fuzzy))| *is_fuzzy).collect();
        assert!(fuzzy.is_empty(), "{} to be translated: {fuzzy:#?}", fuzzy.len());
        for (key, (translation, _)) in &file.entries {
            let [from, to] = [key, translation].map(|text| Template::new(text).names);
            assert!(to.iter().all(|name| from.contains(name)), "{key:?} is {translation:?}");
        }
    }
}

#[test]
fn the_command_line_speaks_the_language_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let said = |arguments: &[&str]| backprop(folder.path(), arguments);
    let help = said(&["--lang", "zh", "train", "--help"]);
    assert!(help.code == 0 && help.out.contains("用法") && help.out.contains("选项"), "{}", help.out);
    let english = help.out.lines().filter(|line| line.split(' ').filter(|word| is_plain_word(word)).count() > 3);
    assert_eq!(english.collect::<Vec<_>>(), [""; 0]);

    let trained = said(&["train", "xor", "--epochs", "2", "--out", "run", "--lang=zh"]);
    assert!(trained.code == 0 && trained.out.contains("轮"), "{} {}", trained.out, trained.err);
    let judged = said(&["evaluate", "run", "--lang", "zh"]);
    assert!(judged.out.contains("准确率"), "{}", judged.out);
    let wrong = said(&["train", "nowhere", "--lang", "zh"]);
    assert!(wrong.code == 1 && wrong.err.contains("\"nowhere\" 既不是文件也不是预设"), "{}", wrong.err);
    let json = said(&["evaluate", "run", "--json", "--lang", "zh"]);
    assert!(json.out.is_ascii(), "{}", json.out);
    for (arguments, expected) in [
        (&["train", "xor", "--epoch", "3"][..], "意外的参数 '--epoch'"),
        (&["lesson", "check", "--seeds", "many"], "'many' 不是 '--seeds <N>' 的有效值"),
        (&["lesson", "chek"], "无法识别的子命令 'chek'"),
        (&["export"], "未提供以下必需参数"),
    ] {
        let refused = said(&[arguments, &["--lang", "zh"]].concat());
        assert!(refused.code == 2 && refused.err.contains(expected), "{}", refused.err);
        assert!(!refused.err.contains("'检查'"), "{}", refused.err);
        let is_english =
            |line: &str| !line.contains(['<', '[']) && line.split(' ').filter(|word| is_plain_word(word)).count() > 1;
        assert!(!refused.err.lines().any(is_english), "{}", refused.err);
    }
    let unknown = said(&["presets", "--lang", "tlh"]);
    assert!(unknown.code == 2 && unknown.err.contains("en, zh"), "{}", unknown.err);
    let term = said(&["glossary", "过拟合", "--lang", "zh"]);
    assert!(term.out.starts_with("过拟合") && term.out.contains("又称"), "{}", term.out);
}

fn is_plain_word(word: &str) -> bool {
    word.len() > 2 && word.bytes().all(|letter| letter.is_ascii_lowercase())
}
