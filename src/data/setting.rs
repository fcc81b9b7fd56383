//! The options of a source as what a person may set, for whoever does not want to write them behind a question mark.

use std::ops::RangeInclusive;

use super::csv::TEST_SHARES;
use super::{SOURCES, Source, cmapss, csv, digits, images, points, series};

/// An option of a source: what it is called on the screen, one sentence of help, and what may be set.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub key: &'static str,
    pub label: &'static str,
    pub help: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Whole {
        range: RangeInclusive<usize>,
        default: usize,
    },
    Real {
        range: RangeInclusive<f32>,
        default: f32,
    },
    /// One of these words, or none of them.
    OneOf(&'static [&'static str]),
    /// A column of the file.
    Column,
    /// Any number of them, joined by commas.
    Columns,
    /// Whatever the source understands.
    Text,
}

/// What the options of this source are; those of which nothing more is known are text.
pub fn settings(source: &Source) -> Vec<Setting> {
    source.options.iter().map(|key| setting(source.name, key)).collect()
}

const NAMES: &str = "The names of the columns, joined by commas, where the file has no line of them.";

fn setting(source: &str, key: &'static str) -> Setting {
    let make = |label, kind, help| Setting { key, label, help, kind };
    match (source, key) {
        ("digits", "count") => make(
            "Samples",
            Kind::Whole { range: digits::COUNTS, default: digits::COUNT },
            "How many digits are written, those for the test included.",
        ),
        ("points", "count") => make(
            "Samples",
            Kind::Whole { range: points::COUNTS, default: points::COUNT },
            "How many points are made, those for the test included; few of them are easily learnt by heart.",
        ),
        ("points", "noise") => make(
            "Noise",
            Kind::Real { range: points::NOISES, default: points::NOISE },
            "How far the points are moved at random; with much of it the classes overlap, and nobody can be right always.",
        ),
        ("csv", "target") => make(
            "Target",
            Kind::Column,
            "The column that the network is to say; the last one unless another is chosen.",
        ),
        ("csv", "task") => make(
            "Task",
            Kind::OneOf(&["classification", "regression"]),
            "Whether the target is a class or a number; found out from its values unless it is said.",
        ),
        ("csv", "ignore") => make(
            "Left out",
            Kind::Columns,
            "Columns that the network does not see, such as one that gives the answer away.",
        ),
        ("csv", "categories") => make(
            "Categories",
            Kind::Columns,
            "Columns whose numbers are names, such as 1 for USA; each value becomes an input of its own.",
        ),
        ("csv", "embedded") => make(
            "Embedded",
            Kind::Columns,
            "Columns of many words, each word a number for an Embedding; words that are never met in training count as one.",
        ),
        ("csv", "names") => make("Names", Kind::Text, NAMES),
        ("csv", "test") => make(
            "Test share",
            Kind::Real { range: TEST_SHARES, default: csv::TEST_SHARE },
            "The share of the rows that is set apart for the test.",
        ),
        ("csv", "test_file") => make(
            "Test file",
            Kind::Text,
            "Another file of the same columns whose rows are the test; then none of this one are set apart.",
        ),
        ("images", "size") => make(
            "Side",
            Kind::Whole { range: images::SIDES, default: images::SIDE },
            "Height and width in pixels that every picture is stretched to; twice as many take four times as long.",
        ),
        ("images", "grey") => make(
            "Grey",
            Kind::OneOf(&["true", "false"]),
            "Whether colours are left out, which is faster, and enough where they say nothing.",
        ),
        ("images", "test") => make(
            "Test share",
            Kind::Real { range: TEST_SHARES, default: images::TEST_SHARE },
            "The share of the pictures that is set apart for the test, unless a folder of its own holds them.",
        ),
        ("series", "column") => {
            make("Columns", Kind::Columns, "The columns that the network sees; all numbers unless said.")
        }
        ("series", "target") => {
            make("Targets", Kind::Columns, "The columns that it is to forecast; all that it sees unless said.")
        }
        ("series", "window") => make(
            "Window",
            Kind::Whole { range: series::LENGTHS, default: series::WINDOW },
            "How many rows it sees at once; a season should fit in.",
        ),
        ("series", "horizon") => make(
            "Horizon",
            Kind::Whole { range: series::LENGTHS, default: 1 },
            "How many rows ahead it looks; the farther, the harder.",
        ),
        ("series", "season") => make(
            "Season",
            Kind::Whole { range: series::SEASONS, default: 0 },
            "After how many rows it goes round again, such as 12 months; the naive forecast then repeats the last season.",
        ),
        ("series", "names") => make("Names", Kind::Text, NAMES),
        ("series", "test") => make(
            "Test share",
            Kind::Real { range: TEST_SHARES, default: series::TEST_SHARE },
            "The share of the windows, the last ones, that is set apart for the test.",
        ),
        ("cmapss", "set") => make(
            "Set",
            Kind::OneOf(&["FD001", "FD002", "FD003", "FD004"]),
            "Which of the four fleets; the second and fourth fly under changing conditions.",
        ),
        ("cmapss", "window") => make(
            "Window",
            Kind::Whole { range: cmapss::WINDOWS, default: cmapss::WINDOW },
            "How many cycles it sees at once; engines with fewer are left out.",
        ),
        ("cmapss", "most") => make(
            "Longest life",
            Kind::Real { range: cmapss::LIVES, default: cmapss::MOST },
            "Lives are counted up to so many cycles, since early on nothing shows how long an engine will last.",
        ),
        _ => make(key, Kind::Text, "An option of this source."),
    }
}

/// The source that a text names, if it names one alone.
pub fn source_of(text: &str) -> Option<&'static Source> {
    let name = text.split([':', '?']).next().unwrap_or_default().trim();
    SOURCES.iter().find(|source| source.name == name && !text.contains('+'))
}

/// The text of the same file read as another source, with the options that this one knows too.
pub fn read_as(text: &str, source: &Source) -> String {
    let (named, list) = text.split_once('?').unwrap_or((text, ""));
    let argument = named.split_once(':').map_or("", |(_, argument)| argument);
    let pairs = list.split('&').filter_map(|pair| pair.split_once('='));
    let known = pairs.filter(|(key, _)| source.options.contains(key));
    known.fold(format!("{}:{argument}", source.name), |text, (key, value)| with(&text, key, Some(value)))
}

/// The value of an option in the text of a source.
pub fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let pairs = text.split_once('?')?.1.split('&');
    pairs.filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == key).map(|pair| pair.1)
}

/// The text of a source with another value of an option, or without it. What would end the value is left out of it.
pub fn with(text: &str, key: &str, value: Option<&str>) -> String {
    let (source, list) = text.split_once('?').unwrap_or((text, ""));
    let value = value.map(|value| value.replace(['&', '+'], "")).filter(|value| !value.trim().is_empty());
    let pair = value.map(|value| format!("{key}={value}"));
    let is_other = |pair: &&str| !pair.is_empty() && pair.split('=').next() != Some(key);
    let at = list.split('&').filter(|pair| !pair.is_empty()).position(|pair| !is_other(&pair));
    let mut pairs: Vec<String> = list.split('&').filter(is_other).map(str::to_owned).collect();
    let at = at.unwrap_or(pairs.len()).min(pairs.len());
    pair.into_iter().for_each(|pair| pairs.insert(at, pair));
    if pairs.is_empty() { source.to_owned() } else { format!("{source}?{}", pairs.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;

    #[test]
    fn an_option_is_set_changed_and_taken_away_where_it_stands() {
        assert_eq!(with("points:xor", "noise", Some("0.2")), "points:xor?noise=0.2");
        let text = "csv:a.csv?target=price&ignore=id,name&test=0.1";
        assert_eq!((value(text, "ignore"), value(text, "names")), (Some("id,name"), None));
        assert_eq!(with(text, "ignore", Some("id")), "csv:a.csv?target=price&ignore=id&test=0.1");
        assert_eq!(with(text, "target", None), "csv:a.csv?ignore=id,name&test=0.1");
        assert_eq!(with("points:xor?noise=1", "noise", Some(" ")), "points:xor");
        assert_eq!(with("points:xor", "noise", Some("1&count=3+digits")), "points:xor?noise=1count=3digits");
        assert!(source_of("digits+points:xor").is_none());
        assert_eq!(
            read_as("csv:a.csv?target=price&ignore=id&test=0.1", &series::SOURCE),
            "series:a.csv?target=price&test=0.1"
        );
        assert_eq!(read_as("series:a.csv?window=9", &csv::SOURCE), "csv:a.csv");
    }

    #[test]
    fn every_option_is_explained_and_its_range_is_the_one_that_is_kept() {
        for source in SOURCES {
            for Setting { key, kind, help, .. } in settings(source) {
                assert!(
                    help.ends_with('.') && (matches!(key, "names" | "test_file") || kind != Kind::Text),
                    "{} {key}",
                    source.name
                );
            }
        }
        let loads = |key: &str, value: String| Dataset::load(&with("points:xor", key, Some(&value))).is_ok();
        for Setting { key, kind, .. } in source_of("points:xor").map(settings).unwrap() {
            let (low, below) = match &kind {
                Kind::Whole { range, .. } => (range.start().to_string(), (range.start() - 1).to_string()),
                Kind::Real { range, .. } => (range.start().to_string(), (range.start() - 0.1).to_string()),
                _ => continue,
            };
            assert!(loads(key, low) && !loads(key, below), "{key}");
        }
    }
}
