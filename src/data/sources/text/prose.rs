//! Whether a file of text is one to be read token by token, or a table.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::data::source::SourceSpec;

/// Bytes that are looked at.
const BEGINNING: u64 = 1 << 16;

/// What texts are called; other files are tables.
const ENDINGS: [&str; 4] = ["txt", "text", "md", "markdown"];

/// Lines that are a list, if none of them is longer than a name.
const LIST: usize = 20;

/// The source of a file that holds prose, or a list of words; nothing where it may be a table.
pub fn of_file(path: &Path) -> Option<SourceSpec> {
    let ending = path.extension()?.to_str()?.to_lowercase();
    let mut bytes = Vec::new();
    let is_text = ENDINGS.contains(&&*ending);
    File::open(path).ok().filter(|_| is_text)?.take(BEGINNING).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if bytes.len() as u64 == BEGINNING {
        lines.pop();
    }
    match kind_of(&lines)? {
        Kind::Prose => Some(SourceSpec::of_path(super::CHARS.name, path)),
        Kind::List => {
            let mut spec = SourceSpec::of_path(super::CHARS.name, path);
            spec.single_mut()?.set("lines", vec!["true".to_owned()]);
            Some(spec)
        }
    }
}

/// Writes a text that was pasted to the first file of a folder that is not there yet.
///
/// # Errors
/// If the folder or the file cannot be written, in words.
pub fn keep(folder: &Path, text: &str) -> Result<PathBuf, String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut places = (1..u32::MAX).map(|number| folder.join(format!("pasted-{number}.txt")));
    let place = places.find(|place| !place.exists()).ok_or("there are too many files")?;
    fs::write(&place, text).map_err(|error| format!("{}: {error}", place.display()))?;
    Ok(place)
}

#[derive(Debug, PartialEq)]
enum Kind {
    Prose,
    List,
}

fn kind_of(lines: &[&str]) -> Option<Kind> {
    let letters: Vec<char> =
        lines.iter().flat_map(|line| line.chars()).filter(|letter| !letter.is_whitespace()).collect();
    let share = |is: fn(char) -> bool| {
        letters.iter().filter(|letter| is(**letter)).count() as f64 / letters.len().max(1) as f64
    };
    let ideographs = share(|letter| ('\u{2e80}'..='\u{9fff}').contains(&letter));
    // What is in another encoding is asked for by the source itself.
    let foreign = share(|letter| letter == '\u{fffd}');
    if letters.is_empty() || share(char::is_alphabetic) + foreign < 0.4 {
        return None;
    }
    let words = |line: &&str| line.split_whitespace().count();
    let is_even = |count: &dyn Fn(&&str) -> usize| {
        let counts: Vec<usize> = lines.iter().map(count).collect();
        let usual = counts.first().copied().unwrap_or(0);
        usual > 0 && counts.iter().filter(|count| **count == usual).count() * 10 >= counts.len() * 9
    };
    let is_separated = |mark: char| is_even(&move |line| line.matches(mark).count());
    // Names and numbers in columns, with nothing but spaces between them, have numbers in each line.
    let has_digits = |line: &&str| line.chars().any(|letter| letter.is_ascii_digit());
    let is_aligned = || is_even(&words) && lines.iter().filter(|line| has_digits(line)).count() * 2 > lines.len();
    if lines.len() > 1 && ([',', ';', '\t', '|'].into_iter().any(is_separated) || is_aligned()) {
        return None;
    }
    // Chinese has no spaces between words.
    if lines.len() >= LIST
        && lines.iter().all(|line| words(line) <= 2 && line.chars().count() <= 40)
        && ideographs == 0.0
    {
        return Some(Kind::List);
    }
    let all: usize = lines.iter().map(words).sum();
    (all >= 2 * lines.len() || ideographs > 0.25 || foreign > 1.0 / 3.0).then_some(Kind::Prose)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<Kind> {
        kind_of(&text.lines().collect::<Vec<_>>())
    }

    #[test]
    fn prose_and_lists_are_told_from_tables() {
        assert_eq!(
            kind("Once upon a time, there was a king.\nHe had no crown, no throne, and no land.\nSo he went."),
            Some(Kind::Prose)
        );
        assert_eq!(kind("从前有一位国王。\n他没有王冠，也没有土地。"), Some(Kind::Prose));
        let with_signs = "# 激活函数\n\n神经元作用于加权和的函数：`z = Σ w·x + b`，即 **加权和**；`f(z) = max(0, z)`。\n\n| x | y |\n|---|---|\n| 1 | 2 |\n\n- ReLU: 0, 1\n- tanh: -1, 1\n\n1. 学习率 0.01\n";
        assert_eq!(kind(with_signs), Some(Kind::Prose));
        assert_eq!(
            kind("In 1905 (p. 17, 3), Einstein wrote: E = m·c²; see [4], [5].\n\n* 2 + 2 = 4\n* yes, no"),
            Some(Kind::Prose)
        );
        assert_eq!(kind(&"Anna\nBerta\nCarla Maria\n".repeat(10)), Some(Kind::List));
        for table in [
            "name,kind\nAnna,good\nBerta,bad\n",
            "a b c\n1 2 3\n4 5 6\n",
            "text\tclass\nso good\tyes\nso bad\tno\n",
            "1\n2\n3\n",
            "setosa 5.1 3.5\nvirginica 6.3 2.9\nversicolor 7.0 3.2\n",
            "sensor 1 ok 5\nsensor 2 ok 7\nsensor 3 bad 9\n",
        ] {
            assert_eq!(kind(table), None, "{table}");
        }
    }
}
