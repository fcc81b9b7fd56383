//! The text of a card, read into blocks that the window draws: the part of Markdown that a card needs.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::formula::{self, Piece, Script};

/// A part of a text that stands by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A paragraph.
    Text(Vec<Span>),
    /// A heading within the card.
    Heading(Vec<Span>),
    /// An item of a list.
    Item {
        /// How deep its list is in others.
        depth: usize,
        /// "•", or its number.
        mark: String,
        /// What it says.
        spans: Vec<Span>,
    },
    /// A paragraph that is quoted or stands out.
    Quote(Vec<Span>),
    /// Lines of code.
    Code(String),
    /// A formula of its own.
    Formula(Vec<Span>),
    /// A table: its rows, the first of which is the heading.
    Table(Vec<Vec<Vec<Span>>>),
    /// A picture.
    Picture {
        /// The name of its file.
        name: String,
        /// What it shows, in words.
        alt: String,
    },
    /// A line from side to side.
    Rule,
}

/// A piece of text of one look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The letters.
    pub text: String,
    /// Whether it has weight.
    pub is_strong: bool,
    /// Whether it leans.
    pub is_italic: bool,
    /// Whether it is code.
    pub is_code: bool,
    /// Whether it is raised or lowered.
    pub script: Script,
    /// Where it leads.
    pub link: Option<String>,
}

/// The letters of some spans.
pub fn plain(spans: &[Span]) -> String {
    formula::scripted_line(spans.iter().map(|span| (span.script, span.text.as_str())))
}

/// Reads a text, and what in it cannot be shown.
pub fn read(text: &str) -> (Vec<Block>, Vec<String>) {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_MATH | Options::ENABLE_STRIKETHROUGH) {
        reader.take(event);
    }
    reader.end_paragraph();
    (reader.blocks, reader.faults)
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    faults: Vec<String>,
    spans: Vec<Span>,
    strong: usize,
    emphasis: usize,
    link: Option<String>,
    /// The next number of each list that is open; nothing for one of points.
    lists: Vec<Option<u64>>,
    /// The mark of the item that begins.
    mark: Option<String>,
    quote: usize,
    heading: bool,
    code: Option<String>,
    picture: Option<(String, String)>,
    table: Option<Vec<Vec<Vec<Span>>>>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => self.text(&text),
            Event::Code(code) => self.push(&code, |span| span.is_code = true),
            Event::InlineMath(latex) => self.formula(&latex),
            Event::DisplayMath(latex) => {
                self.end_paragraph();
                self.formula(&latex);
                let spans = std::mem::take(&mut self.spans);
                self.blocks.push(Block::Formula(spans));
            }
            Event::SoftBreak => self.push(" ", |_| {}),
            Event::HardBreak => self.push("\n", |_| {}),
            Event::Rule => self.blocks.push(Block::Rule),
            Event::Html(html) | Event::InlineHtml(html) => {
                self.faults.push(format!("{} is HTML, which a card does not show", html.trim()));
            }
            Event::FootnoteReference(_) | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.end_paragraph();
                self.heading = level >= HeadingLevel::H1;
            }
            Tag::BlockQuote(_) => self.quote += 1,
            Tag::CodeBlock(_) => self.code = Some(String::new()),
            Tag::List(first) => {
                self.end_paragraph();
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_paragraph();
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                };
                self.mark = Some(mark);
            }
            Tag::Emphasis => self.emphasis += 1,
            Tag::Strong => self.strong += 1,
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.into_string()),
            Tag::Image { dest_url, .. } => self.picture = Some((dest_url.into_string(), String::new())),
            Tag::Table(_) => self.table = Some(Vec::new()),
            Tag::TableHead | Tag::TableRow => {
                if let Some(rows) = &mut self.table {
                    rows.push(Vec::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item => self.end_paragraph(),
            TagEnd::Heading(_) => {
                self.end_paragraph();
                self.heading = false;
            }
            TagEnd::BlockQuote(_) => {
                self.end_paragraph();
                self.quote -= 1;
            }
            TagEnd::CodeBlock => {
                if let Some(code) = self.code.take() {
                    self.blocks.push(Block::Code(code.trim_end().to_owned()));
                }
            }
            TagEnd::List(_) => {
                self.end_paragraph();
                self.lists.pop();
            }
            TagEnd::Emphasis => self.emphasis -= 1,
            TagEnd::Strong => self.strong -= 1,
            TagEnd::Link => self.link = None,
            TagEnd::Image => {
                if let Some((name, alt)) = self.picture.take() {
                    self.end_paragraph();
                    self.blocks.push(Block::Picture { name, alt });
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                if let Some(row) = self.table.as_mut().and_then(|rows| rows.last_mut()) {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.blocks.extend(self.table.take().map(Block::Table)),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        match (&mut self.code, &mut self.picture) {
            (Some(code), _) => code.push_str(text),
            (None, Some((_, alt))) => alt.push_str(text),
            (None, None) => self.push(text, |_| {}),
        }
    }

    fn push(&mut self, text: &str, look: impl FnOnce(&mut Span)) {
        let mut span = Span {
            text: text.to_owned(),
            is_strong: self.strong > 0,
            is_italic: self.emphasis > 0,
            link: self.link.clone(),
            ..Span::default()
        };
        look(&mut span);
        self.spans.push(span);
    }

    fn formula(&mut self, latex: &str) {
        match formula::read(latex) {
            Ok(pieces) => {
                for Piece { text, script, is_italic } in pieces {
                    self.push(&text, |span| (span.script, span.is_italic) = (script, is_italic));
                }
            }
            Err(why) => {
                self.faults.push(format!("the formula ${latex}$ cannot be shown: {why}"));
                self.push(latex, |span| span.is_code = true);
            }
        }
    }

    fn end_paragraph(&mut self) {
        let spans = std::mem::take(&mut self.spans);
        if spans.iter().all(|span| span.text.trim().is_empty()) {
            return;
        }
        let depth = self.lists.len();
        self.blocks.push(match (self.mark.take(), depth) {
            _ if self.heading => Block::Heading(spans),
            (Some(mark), _) => Block::Item { depth: depth.saturating_sub(1), mark, spans },
            // A further paragraph of an item.
            (None, 1..) => Block::Item { depth: depth - 1, mark: String::new(), spans },
            (None, 0) if self.quote > 0 => Block::Quote(spans),
            (None, 0) => Block::Text(spans),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_into_blocks() {
        let text = "A *lean* and **strong** `word`, $w_1^2$.\n\n- one\n- two\n  1. deep\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![a curve](curve.png)\n\n$$y = \\sqrt{x}$$\n\n```\ncode\n```\n\n> quoted\n";
        let (blocks, faults) = read(text);
        assert_eq!(faults, Vec::<String>::new());
        let shown: Vec<String> = blocks
            .iter()
            .map(|block| match block {
                Block::Text(spans) => format!("text {}", plain(spans)),
                Block::Item { depth, mark, spans } => format!("{depth}{mark}{}", plain(spans)),
                Block::Table(rows) => format!("{}x{}", rows.len(), rows[1].len()),
                Block::Picture { name, alt } => format!("{name} {alt}"),
                Block::Formula(spans) => plain(spans),
                Block::Code(code) => code.clone(),
                Block::Quote(spans) => format!("> {}", plain(spans)),
                Block::Heading(_) | Block::Rule => String::new(),
            })
            .collect();
        let expected = [
            "text A lean and strong word, w_1^2.",
            "0•one",
            "0•two",
            "11.deep",
            "2x2",
            "curve.png a curve",
            "y = √x",
            "code",
            "> quoted",
        ];
        assert_eq!(shown, expected);
        assert!(read("$\\nothing$").1[0].contains("\\nothing is not known"));
        assert!(read("<b>x</b>").1[0].contains("is HTML"));
    }
}
