//! The cards of a lesson in one language, as its Markdown file has them: a heading for each step, and below it a text, a question and
//! hints.

use super::Fault;

/// Choices that a question has.
pub const CHOICES: std::ops::RangeInclusive<usize> = 2..=4;

/// Hints of a step with a goal.
pub const HINTS: usize = 3;

/// What the cards say in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cards {
    /// The title of the lesson.
    pub title: String,
    /// What one can do afterwards.
    pub about: String,
    /// A card for each step.
    pub cards: Vec<Card>,
}

/// The card of one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// Its heading.
    pub title: String,
    /// Markdown.
    pub text: String,
    /// What is to be answered before the run.
    pub question: Option<Question>,
    /// What helps to reach the goal, the clearest last.
    pub hints: Vec<String>,
    /// The line of its heading, counted from 1.
    pub line: usize,
}

/// A question with one right answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Markdown.
    pub text: String,
    /// What one can choose.
    pub choices: Vec<String>,
    /// The position of the right choice.
    pub right: usize,
    /// Shown when the question has been answered.
    pub answer: String,
    /// The line of its heading.
    pub line: usize,
}

/// A part of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Question,
    Answer,
    Hint,
}

impl Part {
    pub(super) fn named(heading: &str) -> Option<Self> {
        match heading.trim().to_lowercase().as_str() {
            "question" | "问题" | "提问" => Some(Self::Question),
            "answer" | "答案" | "解答" | "回答" => Some(Self::Answer),
            "hint" | "提示" => Some(Self::Hint),
            _ => None,
        }
    }

    fn heading(self, language: &str) -> &'static str {
        match (self, language) {
            (Self::Question, "zh") => "问题",
            (Self::Answer, "zh") => "答案",
            (Self::Hint, "zh") => "提示",
            (Self::Question, _) => "Question",
            (Self::Answer, _) => "Answer",
            (Self::Hint, _) => "Hint",
        }
    }
}

/// A heading and the lines below it, up to the next one.
struct Section<'a> {
    level: usize,
    heading: &'a str,
    line: usize,
    lines: Vec<&'a str>,
}

impl Section<'_> {
    fn text(&self) -> String {
        self.lines.join("\n").trim().to_owned()
    }
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut sections = vec![Section { level: 0, heading: "", line: 1, lines: Vec::new() }];
    let mut is_code = false;
    for (at, line) in text.lines().enumerate() {
        is_code ^= line.trim_start().starts_with("```");
        let level = line.chars().take_while(|letter| *letter == '#').count();
        let heading = line.get(level..).and_then(|rest| rest.strip_prefix(' ')).filter(|_| !is_code);
        match heading.filter(|_| (1..=3).contains(&level)) {
            Some(heading) => {
                sections.push(Section { level, heading: heading.trim(), line: at + 1, lines: Vec::new() });
            }
            None => sections.extend_last(line),
        }
    }
    sections
}

trait ExtendLast<'a> {
    fn extend_last(&mut self, line: &'a str);
}

impl<'a> ExtendLast<'a> for Vec<Section<'a>> {
    fn extend_last(&mut self, line: &'a str) {
        if let Some(section) = self.last_mut() {
            section.lines.push(line);
        }
    }
}

impl Cards {
    /// Reads the cards of a file, and all that is wrong with them.
    pub fn read(file: &str, text: &str) -> (Self, Vec<Fault>) {
        let mut cards = Self::default();
        let mut faults = Vec::new();
        let mut fail = |line: usize, what: String| faults.push(Fault::at(file, line, what));
        for section in sections(text) {
            match section.level {
                0 if section.text().is_empty() => {}
                0 => fail(1, "begins without a title; the first line is `# ` and the title of the lesson".to_owned()),
                1 if cards.title.is_empty() => {
                    (cards.title, cards.about) = (section.heading.to_owned(), section.text())
                }
                1 => fail(section.line, "is a second title; a step begins with `## `".to_owned()),
                2 => cards.cards.push(Card {
                    title: section.heading.to_owned(),
                    text: section.text(),
                    line: section.line,
                    ..Card::default()
                }),
                _ => match (cards.cards.last_mut(), Part::named(section.heading)) {
                    (None, _) => {
                        fail(section.line, "stands before the first step; a step begins with `## `".to_owned())
                    }
                    (Some(_), None) => {
                        let what = "is none of Question, Answer and Hint, which are all that has a heading with ###";
                        fail(section.line, format!("{:?} {what}", section.heading));
                    }
                    (Some(card), Some(part)) => card.take(part, &section, &mut fail),
                },
            }
        }
        if cards.title.is_empty() {
            fail(1, "has no title; begin with `# ` and the title of the lesson".to_owned());
        } else if cards.about.is_empty() {
            fail(1, "does not say below the title what one can do afterwards".to_owned());
        }
        if cards.cards.is_empty() {
            fail(1, "has no step; a step begins with `## ` and its heading".to_owned());
        }
        for card in &cards.cards {
            card.check(&mut fail);
        }
        (cards, faults)
    }
}

impl Cards {
    /// As a file in a language. What is empty is left out, and a heading within a text that would begin another step is written
    /// as a smaller one.
    pub fn write(&self, language: &str) -> String {
        let mut file = format!("# {}\n", self.title.trim());
        let mut push = |text: &str| {
            if !text.trim().is_empty() {
                file.push_str(&format!("\n{}\n", text.trim_start_matches('\n').trim_end_matches('\n')));
            }
        };
        push(&within_card(&self.about));
        for card in &self.cards {
            let part = |part: Part| format!("### {}", part.heading(language));
            push(&format!("## {}", card.title.trim()));
            push(&within_card(&card.text));
            if let Some(question) = &card.question {
                push(&part(Part::Question));
                push(&within_card(&question.text));
                let choice = |(at, choice): (usize, &String)| {
                    format!("- [{}] {}", if at == question.right { "x" } else { " " }, choice.trim())
                };
                push(&question.choices.iter().enumerate().map(choice).collect::<Vec<_>>().join("\n"));
                if !question.answer.trim().is_empty() {
                    push(&part(Part::Answer));
                    push(&within_card(&question.answer));
                }
            }
            for hint in card.hints.iter().filter(|hint| !hint.trim().is_empty()) {
                push(&part(Part::Hint));
                push(&within_card(hint));
            }
        }
        file
    }
}

/// A text without lines that would begin another part of the file.
fn within_card(text: &str) -> String {
    let mut is_code = false;
    let line = |line: &str| {
        is_code ^= line.trim_start().starts_with("```");
        let level = line.chars().take_while(|letter| *letter == '#').count();
        let is_heading = !is_code && (1..=3).contains(&level) && line[level..].starts_with(' ');
        format!("{}{line}", &"###"[..if is_heading { 4 - level } else { 0 }])
    };
    text.trim().lines().map(line).collect::<Vec<_>>().join("\n")
}

impl Card {
    fn take(&mut self, part: Part, section: &Section<'_>, fail: &mut impl FnMut(usize, String)) {
        let text = section.text();
        if text.is_empty() {
            return fail(section.line, format!("{} is empty", section.heading));
        }
        match (part, &mut self.question) {
            (Part::Hint, _) => self.hints.push(text),
            (Part::Question, Some(_)) => {
                fail(section.line, "is the second question of this step; take one out".to_owned())
            }
            (Part::Question, None) => self.question = Some(Question::read(section, fail)),
            (Part::Answer, Some(question)) if question.answer.is_empty() => question.answer = text,
            (Part::Answer, _) => fail(section.line, "is an answer without a question before it".to_owned()),
        }
    }

    fn check(&self, fail: &mut impl FnMut(usize, String)) {
        if self.title.is_empty() || self.text.is_empty() {
            fail(self.line, "is a step without a heading or without a text".to_owned());
        }
        if let Some(question) = self.question.as_ref().filter(|question| question.answer.is_empty()) {
            fail(
                question.line,
                "is a question without `### Answer`, which is shown when it has been answered".to_owned(),
            );
        }
        if ![0, HINTS].contains(&self.hints.len()) {
            fail(self.line, format!("has {} hints; a step with a goal has {HINTS}, and others none", self.hints.len()));
        }
    }
}

impl Question {
    fn read(section: &Section<'_>, fail: &mut impl FnMut(usize, String)) -> Self {
        let mut question = Self { line: section.line, ..Self::default() };
        let (mut text, mut right) = (Vec::new(), Vec::new());
        for line in &section.lines {
            let choice = line.trim_start().strip_prefix("- [").and_then(|rest| rest.split_once("] "));
            match choice {
                Some((mark, choice)) => {
                    if mark.trim().eq_ignore_ascii_case("x") {
                        right.push(question.choices.len());
                    }
                    question.choices.push(choice.trim().to_owned());
                }
                // A choice may go on in the next line.
                None if line.starts_with(' ') && !line.trim().is_empty() && !question.choices.is_empty() => {
                    if let Some(choice) = question.choices.last_mut() {
                        *choice = format!("{choice} {}", line.trim());
                    }
                }
                None => text.push(*line),
            }
        }
        question.text = text.join("\n").trim().to_owned();
        if question.choices.iter().any(String::is_empty) {
            fail(section.line, "is a question with an empty choice; write something behind each `- [ ] `".to_owned());
        }
        let count = question.choices.len();
        if !CHOICES.contains(&count) {
            fail(section.line, format!("is a question with {count} choices; it has 2 to 4, each a line with `- [ ] `"));
        }
        match right[..] {
            [right] => question.right = right,
            _ => {
                fail(section.line, format!("is a question with {} right answers; mark one with `- [x] `", right.len()))
            }
        }
        question
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# A title\n\nWhat one can do.\n\n## One\n\nText.\n\n```\n# no heading\n```\n\n### Question\n\nWhat?\n\n- [ ] this\n- [x] that,\n  which is longer\n\n### Answer\n\nBecause.\n\n### Hint\n\nA\n\n### Hint\n\nB\n\n### Hint\n\nC\n\n## Two\n\nEnd.\n";

    #[test]
    fn cards_are_read() {
        let (cards, faults) = Cards::read("lesson.md", GOOD);
        assert_eq!(faults, []);
        assert_eq!((cards.title.as_str(), cards.about.as_str(), cards.cards.len()), ("A title", "What one can do.", 2));
        let question = cards.cards[0].question.as_ref().unwrap();
        assert_eq!(question.choices, ["this", "that, which is longer"]);
        assert_eq!((question.right, question.answer.as_str(), question.line), (1, "Because.", 13));
        assert_eq!(cards.cards[0].hints, ["A", "B", "C"]);
        assert!(cards.cards[0].text.ends_with("```"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let (mut cards, _) = Cards::read("lesson.md", GOOD);
        let lineless = |cards: &Cards| {
            let mut cards = cards.clone();
            for card in &mut cards.cards {
                card.line = 0;
                card.question.iter_mut().for_each(|question| question.line = 0);
            }
            cards
        };
        for language in ["en", "zh"] {
            let (again, faults) = Cards::read("lesson.md", &cards.write(language));
            assert_eq!((lineless(&again), faults), (lineless(&cards), Vec::new()), "{language}");
        }
        // A heading in a text is none of a step.
        cards.cards[1].text = "# Big\n\n```\n## code\n```\n\n### Hint".to_owned();
        let (again, faults) = Cards::read("lesson.md", &cards.write("en"));
        assert_eq!((again.cards.len(), faults), (2, Vec::new()));
        assert_eq!(again.cards[1].text, "#### Big\n\n```\n## code\n```\n\n#### Hint");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, expected) in [
            ("Text", "lesson.md:1: begins without a title"),
            (&GOOD.replace("[ ]", "[x]"), "lesson.md:13: is a question with 2 right answers"),
            (&GOOD.replace("[x]", "[ ]"), "with 0 right answers"),
            (&GOOD.replace("- [ ] this\n", ""), "with 1 choices"),
            (&GOOD.replace("### Answer\n\nBecause.\n", ""), "lesson.md:13: is a question without `### Answer`"),
            (&GOOD.replace("### Hint\n\nC", ""), "lesson.md:5: has 2 hints"),
            (&GOOD.replace("### Answer", "### Reply"), "\"Reply\" is none of Question, Answer and Hint"),
            (&GOOD.replace("End.", ""), "without a text"),
            (&GOOD.replace("What one can do.", ""), "does not say below the title"),
        ] {
            let (_, faults) = Cards::read("lesson.md", text);
            let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
            assert!(told.iter().any(|told| told.contains(expected)), "{expected}: {told:?}");
        }
    }
}
