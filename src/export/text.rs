//! How a text becomes the tokens that a network reads: in words, as a description for programs, and as Python.

use serde_json::{Value, json};

use super::File;
use super::pytorch::part;
use crate::data::TextFeature;
use crate::data::sources::text::is_of_lines;
use crate::data::tokenizer::{PADDING, TokenUnit, Tokenizer, UNKNOWN};
use crate::project::Project;

/// Name of the file with the tokens in the order of their numbers, and of subwords the pairs that are joined.
pub const VOCABULARY: &str = "vocabulary.json";

/// The functions in Python, each in a part of its own.
const TOKENIZER: &str = include_str!("tokenizer.py");

/// A text as a network reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Text<'a> {
    /// How it is cut into tokens, and how many of them are read.
    pub feature: &'a TextFeature,
    /// Whether the network is a language model, which is asked at every token for the next one.
    pub is_written: bool,
    /// Whether what a language model writes ends at a line end.
    pub ends_at_line: bool,
}

impl<'a> Text<'a> {
    /// The text that the network of a project reads.
    pub fn of(project: &Project, feature: &'a TextFeature, is_written: bool) -> Self {
        Self { feature, is_written, ends_at_line: is_written && is_of_lines(&project.data.source) }
    }

    /// What cuts a text, and numbers its parts.
    pub fn tokenizer(&self) -> &'a Tokenizer {
        &self.feature.tokenizer
    }

    /// The number of the line end that stands before a text, for a language model whose vocabulary has one.
    fn line_end(&self) -> Option<u16> {
        self.tokenizer().line_end().filter(|_| self.is_written)
    }

    /// How a text becomes tokens, in two sentences.
    pub fn described(&self) -> [String; 2] {
        let length = self.feature.length;
        let parts = match self.tokenizer().unit {
            TokenUnit::Character => "characters",
            TokenUnit::Word => "words with the space before them and marks (UAX #29)",
            TokenUnit::Subword => "subwords (byte-pair encoding, with the merges of the vocabulary)",
        };
        let cut = format!(
            "A text is cut into {parts}; each has the number of its place in the vocabulary, counted from 0, where {PADDING} is \
             padding and {UNKNOWN} stands for whatever is not in it."
        );
        let begins = self.line_end().map_or(String::new(), |end| format!(" after the line end (token {end})"));
        let fill = match self.is_written {
            true => format!(
                "The network reads {length} tokens: those of the text{begins}, and {PADDING} until there are so many; its output at \
                 the last token of the text tells what follows."
            ),
            false => {
                format!("The network reads the last {length} tokens of a text; before a shorter one stands {PADDING}.")
            }
        };
        [cut, fill]
    }

    /// The same for programs.
    pub fn description(&self) -> Value {
        json!({
            "kind": "tokens",
            "tokenizer": self.tokenizer(),
            "length": self.feature.length,
            "padding": PADDING,
            "unknown": UNKNOWN,
            "filled": if self.is_written { "behind" } else { "before" },
            "line_end": self.line_end(),
            "ends_at_line": self.ends_at_line,
            "in_words": self.described().join(" "),
        })
    }

    /// The vocabulary as a file.
    pub fn vocabulary(&self) -> File {
        File { name: VOCABULARY, bytes: super::pretty(&json!(self.tokenizer())) }
    }

    /// A Python file that cuts texts into tokens, and the vocabulary that it reads.
    pub fn tokenizer_files(&self) -> [File; 2] {
        let imports = self.imports().replace("import json\n", "import json\nimport os\n");
        let code = self.python("os.path.dirname(os.path.abspath(__file__))");
        let about = "\"\"\"How a text becomes the tokens that the network reads.\"\"\"";
        [File::text("tokenizer.py", format!("{about}\n\n{imports}\n{code}")), self.vocabulary()]
    }

    /// What the Python code imports, a line each.
    pub fn imports(&self) -> &'static str {
        match self.tokenizer().unit {
            TokenUnit::Character => "import json\n",
            TokenUnit::Word | TokenUnit::Subword => "import json\nimport re\nimport unicodedata\n",
        }
    }

    /// `encode`, `decode` and `row_of`, with their constants. `folder` is an expression of the folder with the vocabulary.
    pub fn python(&self, folder: &str) -> String {
        let line_end = self.line_end().map_or_else(|| "None".to_owned(), |end| end.to_string());
        let constants = part(TOKENIZER, "constants")
            .replace("<<folder>>", folder)
            .replace("<<length>>", &self.feature.length.to_string())
            .replace("<<line_end>>", &line_end);
        let cut: &[&str] = match self.tokenizer().unit {
            TokenUnit::Character => &["characters"],
            TokenUnit::Word => &["segments", "words"],
            TokenUnit::Subword => &["segments", "subwords"],
        };
        let row = if self.is_written { "written" } else { "read" };
        let functions = cut.iter().copied().chain(["decode", row]).map(|name| part(TOKENIZER, name));
        std::iter::once(constants).chain(functions).collect::<Vec<_>>().join("\n\n\n") + "\n"
    }

    /// `generate`, for PyTorch.
    pub fn generation(&self) -> String {
        let stop = "        if TOKENS[token] == \"\\n\":  # as every line of the data ends\n            break\n";
        part(TOKENIZER, "generate").replace("<<stop>>", if self.ends_at_line { stop } else { "" }) + "\n"
    }
}
