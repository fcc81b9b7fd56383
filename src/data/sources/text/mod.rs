//! Texts, `chars:FILE`, `words:FILE` and `bpe:FILE`: a network tells the next token from those before it.
//!
//! A text is cut into windows, or into lines of which each is a sample; both are divided by their position in the text, lines
//! after they were shuffled. Sources that write their own texts are in files here.

mod exercises;
pub mod labeled;
mod lines;
mod names;
pub mod prose;
mod reviews;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use crate::data::dataset::{Dataset, Feature, Task, TextFeature};
use crate::data::error::{DATA_FOLDER, DataError, Remedy, Wrong};
use crate::data::note::Note;
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Known, Request, Source, SourceSpec};
use crate::data::split::{Order, TEST_SHARES};
use crate::data::table;
use crate::data::tokenizer::{MAX_VOCABULARY, TokenUnit, Tokenizer, UNKNOWN};
use backprop_nn::MASKED;
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};
use lines::{Line, Lines};

pub use exercises::{BRACKETS, REVERSE, SUMS};
pub use labeled::SOURCE as LABELED;
pub use names::SOURCE as NAMES;
pub use reviews::SOURCE as REVIEWS;

/// The source `chars`: a text, token by token, of which each is a character.
pub const CHARS: Source = Source {
    name: "chars",
    usage: "chars:FILE[?context=64&vocabulary=5000]",
    argument: Argument::File,
    options: &OPTIONS,
    reading: &[],
    help: "A text file; a network tells the next character from those before it, and can then write on.",
    load: |request| load(request, TokenUnit::Character),
};

/// The source `words`: the same with words.
pub const WORDS: Source = Source {
    name: "words",
    usage: "words:FILE[?context=64&vocabulary=5000]",
    argument: Argument::File,
    options: &OPTIONS,
    reading: &[],
    help: "A text file; a network tells the next word or mark from those before it, and can then write on.",
    load: |request| load(request, TokenUnit::Word),
};

/// The source `bpe`: the same with subwords.
pub const BPE: Source = Source {
    name: "bpe",
    usage: "bpe:FILE[?context=64&vocabulary=1000]",
    argument: Argument::File,
    options: &[CONTEXT, STRIDE, SUBWORDS, LINES, TEST, ENCODING],
    reading: &[],
    help: "A text file, read in subwords, which byte-pair encoding finds: frequent words are one, and rare ones several.",
    load: |request| load(request, TokenUnit::Subword),
};

const OPTIONS: [Field; 6] = [CONTEXT, STRIDE, VOCABULARY, LINES, TEST, ENCODING];

const STRIDE: Field = Field::whole(
    "stride",
    "Stride",
    0..=MAX_CONTEXT,
    0,
    "Tokens from the start of a training window to the next. 0 is half of the context, so that each token stands early in one window and late in another.",
);

const LINES: Field = Field::of(
    "lines",
    "Line by line",
    Kind::Switch { default: false },
    "Every line is a sample of its own, as in a list of names, and not a part of one long text.",
);

const TEST: Field = Field::real(
    "test",
    "Test split",
    TEST_SHARES,
    0.1,
    "Share of the text, its end, or of the lines, that is held out for the test.",
);

const MAX_CONTEXT: usize = 4096;

const CONTEXT: Field = Field::whole(
    "context",
    "Context",
    2..=MAX_CONTEXT,
    64,
    "Tokens that the network sees at once. What stands further back, it does not know.",
);

const VOCABULARY: Field = Field::whole(
    "vocabulary",
    "Vocabulary",
    10..=MAX_VOCABULARY,
    5000,
    "Most different tokens, the most frequent ones. The others count as one, which is unknown.",
);

const SUBWORDS: Field = Field::whole(
    "vocabulary",
    "Vocabulary",
    10..=MAX_VOCABULARY,
    1000,
    "Most subwords: the characters, and pairs that are joined until there are so many. More make each longer and rarer.",
);

const ENCODING: Field = Field::of(
    "encoding",
    "Encoding",
    Kind::Text,
    "How the file writes letters, such as gb18030 or windows-1252, where it is not UTF-8.",
);

/// The column that a text is called in where it has none.
const TEXT: &str = "text";

/// The least windows or lines that can be divided into training, validation and test samples.
const MIN_SAMPLES: usize = 5;

/// The most bytes of a text, and the most numbers of all windows.
const MAX_BYTES: u64 = 1 << 28;
const MAX_NUMBERS: usize = 1 << 30;

/// Whether a source gives lines of which each is a sample, so that a text ends with its line.
pub fn is_of_lines(source: &SourceSpec) -> bool {
    let by_lines = [&NAMES, &SUMS, &REVERSE, &BRACKETS];
    source.single().is_some_and(|part| {
        by_lines.iter().any(|source| source.name == part.name)
            || part.values("lines").iter().any(|value| value == "true")
    })
}

fn load(request: &Request<'_>, unit: TokenUnit) -> Result<Dataset, DataError> {
    let Some(path) = request.find().filter(|path| path.is_file()) else {
        let advice = format!("write {}, or name the folder that has it in {DATA_FOLDER}", request.usage());
        return Err(DataError::no_file(Path::new(request.argument()), "", advice));
    };
    let mut notes = Vec::new();
    if unit == TokenUnit::Character {
        notes
            .push(Note::or_as("The text is read character by character; words:FILE reads it word by word", WORDS.name));
        notes.push(Note::or_as(
            "Between both are subwords, found by byte-pair encoding, which bpe:FILE reads",
            BPE.name,
        ));
    }
    let text = read_file(&path, request.text(ENCODING.key).as_deref(), &mut notes)?;
    let refused = |wrong: Wrong| DataError::refused(&path, wrong);
    let tokenizer = tokenizer_of(request, unit, [text.as_str()], request.whole(VOCABULARY.key)?, &mut notes);
    let mut dataset = match request.flag("lines")? {
        true => {
            let lines: Vec<Line> = text.lines().filter(|line| !line.trim().is_empty()).map(Line::of).collect();
            let known = request.lookup.known.and_then(Known::text).map(|known| Ok(known.length));
            let said = || request.has(CONTEXT.key).then(|| request.whole(CONTEXT.key));
            let context = known.or_else(said).transpose()?;
            Lines { tokenizer, context, test_share: request.real("test")? }
                .dataset(&lines, &mut notes)
                .map_err(refused)?
        }
        false => windowed(request, tokenizer, &text, &mut notes)?.map_err(refused)?,
    };
    dataset.name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    dataset.notes = notes;
    Ok(dataset)
}

/// The vocabulary of the network that the text is read for, or one that is learned from it.
fn tokenizer_of<'a>(
    request: &Request<'_>,
    unit: TokenUnit,
    texts: impl IntoIterator<Item = &'a str>,
    vocabulary: usize,
    notes: &mut Vec<Note>,
) -> Tokenizer {
    if let Some(known) = request.lookup.known.and_then(Known::text) {
        notes.extend(overruled(request, known));
        return known.tokenizer.clone();
    }
    let (tokenizer, learned) = Tokenizer::learn(unit, texts, vocabulary);
    notes.extend(learned);
    tokenizer
}

/// The options that say otherwise than what the network has learned, which holds.
fn overruled(request: &Request<'_>, known: &TextFeature) -> Option<Note> {
    let (length, tokens) = (known.length.to_string(), known.tokenizer.len());
    let says_otherwise = |key: &&str| {
        let said = request.text(key);
        match *key {
            "vocabulary" => {
                said.is_some_and(|said| said.parse().is_ok_and(|limit: usize| limit + UNKNOWN as usize + 1 < tokens))
            }
            _ => said.is_some_and(|said| said != length && said != "0"),
        }
    };
    let keys = [VOCABULARY.key, CONTEXT.key, labeled::LENGTH.key];
    let options: Vec<&str> = keys.into_iter().filter(says_otherwise).collect();
    (!options.is_empty()).then(|| {
        format!(
            "The network reads {length} tokens of a vocabulary of {tokens}, so {} does not count",
            options.join(", ")
        )
        .into()
    })
}

/// The text of a file in its encoding; what is not UTF-8 and may be Chinese or Western is refused with both readings.
fn read_file(path: &Path, encoding: Option<&str>, notes: &mut Vec<Note>) -> Result<String, DataError> {
    let mut bytes = Vec::new();
    let unreadable = |error: std::io::Error| DataError::file(path, error);
    File::open(path).map_err(unreadable)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(DataError::file(path, format!("is larger than {} MB; take a part of it", MAX_BYTES >> 20)));
    }
    let refused = |wrong: Wrong| DataError::refused(path, wrong);
    let bytes = table::unpacked(bytes, MAX_BYTES).map_err(|what| DataError::file(path, what))?;
    if let Some(kind) = table::kind_of(&bytes) {
        return Err(refused(format!("this is {kind}, not a text; save it as plain text in UTF-8").into()));
    }
    let encoding = match encoding {
        Some(name) => Encoding::for_label(name.as_bytes()).ok_or_else(|| {
            DataError::file(path, format!("encoding={name} is unknown; there is utf-8, gb18030, big5, windows-1252"))
        })?,
        None => encoding_of(&bytes).map_err(refused)?,
    };
    let (text, _, has_errors) = encoding.decode(&bytes);
    if has_errors {
        notes.push(format!("Some bytes are not {}, and are read as unknown", encoding.name()).into());
    }
    if text.contains('\0') {
        return Err(refused("this is not a text; save it as plain text in UTF-8".into()));
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    if text.trim().is_empty() {
        return Err(refused("there is no text in it".into()));
    }
    Ok(text)
}

fn encoding_of(bytes: &[u8]) -> Result<&'static Encoding, Wrong> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Ok(encoding);
    }
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).take(500).filter(|byte| **byte == 0).count();
    match (zeros(0), zeros(1)) {
        (0, 0) if std::str::from_utf8(bytes).is_ok() => Ok(UTF_8),
        (0, 1..) => Ok(UTF_16LE),
        (1.., 0) => Ok(UTF_16BE),
        _ => {
            let sample = |encoding: &'static Encoding| -> String {
                let (text, ..) = encoding.decode(bytes);
                text.chars().filter(|letter| !letter.is_ascii()).take(12).collect()
            };
            let what = format!(
                "the file is not UTF-8, and its letters may be {:?} or {:?}",
                sample(GB18030),
                sample(encoding_rs::WINDOWS_1252)
            );
            Err(Wrong::new(what, [Remedy::new(ENCODING.key, "say encoding=gb18030 or encoding=windows-1252")]))
        }
    }
}

/// Windows of a text: those for training overlap, those of the test do not.
fn windowed(
    request: &Request<'_>,
    tokenizer: Tokenizer,
    text: &str,
    notes: &mut Vec<Note>,
) -> Result<Result<Dataset, Wrong>, DataError> {
    let context = match request.lookup.known.and_then(Known::text) {
        Some(known) => known.length,
        None => request.whole(CONTEXT.key)?,
    };
    let stride = match request.whole("stride")? {
        0 => (context / 2).max(1),
        stride => stride.min(context),
    };
    let test_share = request.real("test")?;
    let tokens = tokenizer.encoder().encode(text);
    note_unknown(&tokens, &tokenizer, notes);
    if tokens.len() < MIN_SAMPLES * (context + 1) {
        let what = format!(
            "has {} {}s, and windows of {context} need at least {}",
            tokens.len(),
            tokenizer.unit.name(),
            MIN_SAMPLES * (context + 1)
        );
        return Ok(Err(Wrong::new(what, [Remedy::new(CONTEXT.key, "take a shorter context=N or a longer text")])));
    }
    if tokens.len() / stride * context > MAX_NUMBERS {
        let what = format!("has {} {}s, too many for windows every {stride}", tokens.len(), tokenizer.unit.name());
        return Ok(Err(Wrong::new(what, [Remedy::new("stride", "take a larger stride=N or a part of it")])));
    }
    let held = (tokens.len() as f32 * test_share) as usize;
    let held = if held > context { held } else { 0 };
    let (train, test) = tokens.split_at(tokens.len() - held);
    let task = Task::NextToken { steps: context, tokens: tokenizer.len(), answers: false };
    Ok(Ok(Dataset {
        name: String::new(),
        shape: Shape::flat(context),
        task,
        target: None,
        features: vec![Feature::text(TEXT, TextFeature { tokenizer, length: context })],
        train: windows(train, context, stride),
        test: windows(test, context, context),
        notes: Vec::new(),
        order: Order::Position { gap: context.div_ceil(stride) - 1 },
    }))
}

fn note_unknown(tokens: &[u16], tokenizer: &Tokenizer, notes: &mut Vec<Note>) {
    let unknown = tokens.iter().filter(|token| **token == UNKNOWN).count();
    if unknown > 0 {
        let share = 100.0 * unknown as f64 / tokens.len() as f64;
        let name = tokenizer.unit.name();
        notes.push(format!("{unknown} {name}s ({share:.1} %) are not in the vocabulary and read as unknown").into());
    }
}

/// Windows of `context` tokens, each with the token that follows on every one of them. The last begins so early that it is whole,
/// and what the one before it has asked already is masked there.
fn windows(tokens: &[u16], context: usize, stride: usize) -> Samples {
    let Some(last) = tokens.len().checked_sub(context + 1) else {
        return Samples {
            inputs: Inputs::Tokens(Vec::new()),
            targets: TargetData::Steps { steps: context, classes: Vec::new() },
        };
    };
    let mut starts: Vec<usize> = (0..=last).step_by(stride).collect();
    let whole = starts.last().copied().unwrap_or(0);
    if whole < last {
        starts.push(last);
    }
    let inputs = starts.iter().flat_map(|start| tokens[*start..start + context].iter().copied()).collect();
    let mut classes: Vec<u16> =
        starts.iter().flat_map(|start| tokens[start + 1..=start + context].iter().copied()).collect();
    if whole < last {
        let asked = context - (last - whole).min(context);
        let from = classes.len() - context;
        classes[from..from + asked].fill(MASKED);
    }
    Samples { inputs: Inputs::Tokens(inputs), targets: TargetData::Steps { steps: context, classes } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_ask_for_every_token_after_the_first_once_where_they_do_not_overlap() {
        let tokens: Vec<u16> = (0..12).collect();
        let Samples { inputs, targets } = windows(&tokens, 4, 4);
        assert_eq!(inputs, Inputs::Tokens(vec![0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10]));
        let classes = vec![1, 2, 3, 4, 5, 6, 7, 8, MASKED, 9, 10, 11];
        assert_eq!(targets, TargetData::Steps { steps: 4, classes });
        assert_eq!(windows(&tokens, 4, 2).len(), 5);
        assert!(windows(&tokens[..4], 4, 4).is_empty());
    }
}
