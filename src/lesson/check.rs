//! What is wrong with a lesson, each with its file and line.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cards::{Card, Cards, HINTS, Question};
use super::condition::{Subject, value_at};
use super::markdown::{self, Block};
use super::plan::{Plan, Settings, StepPlan, apply};
use super::{CARDS, ENGLISH, Fault, Files, PLAN};
use crate::project::Project;

/// The tabs of the window. A test compares them with the window's own.
pub const TABS: [&str; 7] = ["learn", "draw", "data", "inside", "mistakes", "metrics", "runs"];
/// The panels of the window, which a step may show or outline.
pub const PANELS: [&str; 2] = ["network", "training"];
/// The commands that have a button which a step may outline.
pub const COMMANDS: [&str; 12] = [
    "train",
    "step_batch",
    "step_epoch",
    "stop",
    "reset",
    "look_back",
    "check",
    "find_learning_rate",
    "repeat_seeds",
    "compare",
    "search",
    "race",
];

/// What was read of a lesson, and all that is wrong with it.
#[derive(Default)]
pub struct Read {
    /// Everything that is wrong, in the order of the files.
    pub faults: Vec<Fault>,
    /// What its steps do.
    pub plan: Option<Plan>,
    /// The project that it begins with.
    pub project: Option<Project>,
    /// The cards by the code of their language.
    pub cards: BTreeMap<String, Cards>,
}

/// Reads a lesson and checks it, without training anything.
pub fn read(files: &Files) -> Read {
    let mut read = Read::default();
    for (file, language) in languages(files) {
        match files.text(&file) {
            Some(Ok(text)) => {
                let (cards, faults) = Cards::read(&file, text);
                read.faults.extend(faults);
                read.faults.extend(texts(&file, text, &cards, files));
                read.cards.insert(language, cards);
            }
            Some(Err(what)) => read.faults.push(Fault::at(&file, 1, what)),
            None => {}
        }
    }
    if read.cards.is_empty() {
        read.faults.push(Fault::at(CARDS, 1, "is not there; it holds the cards in English"));
    }
    read.compare();
    match files.text(PLAN) {
        Some(Ok(text)) => read.plan(text),
        Some(Err(what)) => read.faults.push(Fault::at(PLAN, 1, what)),
        None => read.faults.push(Fault::at(PLAN, 1, "is not there; it holds the project and what each step does")),
    }
    read
}

/// The files with cards and their languages.
pub(super) fn languages(files: &Files) -> Vec<(String, String)> {
    let language = |name: &str| match name {
        CARDS => Some(ENGLISH.to_owned()),
        _ => name.strip_prefix("lesson.")?.strip_suffix(".md").map(str::to_owned),
    };
    files.names().filter_map(|name| Some((name.to_owned(), language(name)?))).collect()
}

/// The file with the cards of a language.
pub(super) fn file_of(language: &str) -> String {
    if language == ENGLISH { CARDS.to_owned() } else { format!("lesson.{language}.md") }
}

/// What of the texts cannot be shown: formulas, HTML, and pictures that are not there.
fn texts(file: &str, whole: &str, cards: &Cards, files: &Files) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut look = |line: usize, text: &str| {
        let (blocks, wrong) = markdown::read(text);
        faults.extend(wrong.into_iter().map(|what| Fault::at(file, line, what)));
        for block in blocks {
            let Block::Picture { name, alt } = block else { continue };
            let line = 1 + whole.lines().position(|line| line.contains(&format!("]({name})"))).unwrap_or(line - 1);
            match files.get(&name) {
                None => {
                    faults.push(Fault::at(file, line, format!("names the picture {name}, which is not in the folder")))
                }
                Some(bytes) if image::load_from_memory(bytes).is_err() => {
                    faults.push(Fault::at(file, line, format!("names {name}, which is no picture that can be read")));
                }
                Some(_) if alt.trim().is_empty() => {
                    let what = format!("shows {name} without saying in words what it shows: `![…]({name})`");
                    faults.push(Fault::at(file, line, what));
                }
                Some(_) => {}
            }
        }
    };
    look(1, &cards.about);
    for card in &cards.cards {
        look(card.line, &card.text);
        card.hints.iter().for_each(|hint| look(card.line, hint));
        if let Some(Question { text, choices, answer, line, .. }) = &card.question {
            [text, answer].into_iter().chain(choices).for_each(|text| look(*line, text));
        }
    }
    faults
}

impl Read {
    /// Holds the languages against each other.
    fn compare(&mut self) {
        let Some((first, cards)) = self.cards.get_key_value(ENGLISH).or_else(|| self.cards.iter().next()) else {
            return;
        };
        let (first, mut faults) = (file_of(first), Vec::new());
        for (language, others) in self.cards.iter().filter(|(language, _)| file_of(language) != first) {
            let file = file_of(language);
            let (here, there) = (others.cards.len(), cards.cards.len());
            if here != there {
                faults.push(Fault::at(&file, 1, format!("has {here} steps, and {first} has {there}")));
            }
            for (at, (other, card)) in others.cards.iter().zip(&cards.cards).enumerate() {
                if let Some(what) = difference(other, card) {
                    let what = format!("step {} {what} in {first}, line {}", at + 1, card.line);
                    faults.push(Fault::at(&file, other.line, what));
                }
            }
        }
        self.faults.extend(faults);
    }

    fn plan(&mut self, text: &str) {
        let plan = match Plan::read(text) {
            Ok(plan) => plan,
            Err((line, what)) => return self.faults.push(Fault::at(PLAN, line, what)),
        };
        let place = Place::new(text);
        let mut faults = Vec::new();
        if plan.minutes == 0 {
            faults.push(place.fault(None, "minutes", "minutes is 0; say how long the lesson takes"));
        }
        match plan.start() {
            Ok(project) => {
                let mut now = project.clone();
                for (at, step) in plan.steps.iter().enumerate() {
                    check_step(at, step, &mut now, &place, &mut faults);
                }
                self.project = Some(project);
            }
            Err(what) => faults.push(place.fault(None, "project", what)),
        }
        for (language, cards) in &self.cards {
            let (file, count, steps) = (file_of(language), cards.cards.len(), plan.steps.len());
            if count != steps {
                faults.push(Fault::at(&file, 1, format!("has {count} steps, and {PLAN} has {steps}")));
            }
            for (at, (card, step)) in cards.cards.iter().zip(&plan.steps).enumerate() {
                match (card.hints.is_empty(), step.goal.is_empty()) {
                    (true, false) => {
                        let what = format!("step {} has a goal and no hints; write {HINTS} with `### Hint`", at + 1);
                        faults.push(Fault::at(&file, card.line, what));
                    }
                    (false, true) => {
                        let what =
                            format!("step {} has hints and no goal in {PLAN} that they would help to reach", at + 1);
                        faults.push(Fault::at(&file, card.line, what));
                    }
                    _ => {}
                }
            }
        }
        self.faults.extend(faults);
        self.plan = Some(plan);
    }
}

/// In what a card of one language differs from that of another, "has 2 choices, and 3".
fn difference(here: &Card, there: &Card) -> Option<String> {
    let has = |is: bool, what: &str| {
        if is { format!("has {what}") } else { format!("has no {}", what.trim_start_matches("a ")) }
    };
    match (&here.question, &there.question) {
        (Some(here), Some(there)) if here.choices.len() != there.choices.len() => {
            Some(format!("has {} choices, and {}", here.choices.len(), there.choices.len()))
        }
        (Some(here), Some(there)) if here.right != there.right => {
            Some(format!("has its right answer at place {}, and at {}", here.right + 1, there.right + 1))
        }
        (None, Some(_)) | (Some(_), None) => Some(format!(
            "{}, and it {}",
            has(here.question.is_some(), "a question"),
            has(there.question.is_some(), "one")
        )),
        _ if here.hints.len() != there.hints.len() => {
            Some(format!("has {} hints, and {}", here.hints.len(), there.hints.len()))
        }
        _ => None,
    }
}

fn check_step(at: usize, step: &StepPlan, now: &mut Project, place: &Place<'_>, faults: &mut Vec<Fault>) {
    let mut fail = |needle: &str, what: String| {
        faults.push(place.fault(Some(at), needle, format!("step {}: {what}", at + 1)));
    };
    let put = |project: &mut Project, settings: &Settings, fail: &mut dyn FnMut(&str, String)| {
        for (path, value) in settings {
            if let Err(what) = apply(project, &Settings::from_iter([(path.clone(), value.clone())])) {
                fail(path, what);
            }
        }
    };
    put(now, &step.set, &mut fail);
    if let Some(view) = step.view.as_deref().filter(|view| !TABS.contains(view) && !PANELS.contains(view)) {
        fail(view, format!("there is no view {view:?}; there are {}", [&TABS[..], &PANELS].concat().join(", ")));
    }
    let fields = serde_json::to_value(&*now).unwrap_or_default();
    for locked in step.locked.iter().filter(|path| !is_setting(&fields, path)) {
        fail(locked, format!("there is no setting {locked:?} that could be locked"));
    }
    if let Some(highlight) = &step.highlight
        && !TABS.iter().chain(&PANELS).chain(&COMMANDS).any(|known| known == highlight)
        && !is_setting(&fields, highlight)
    {
        let known = [&TABS[..], &PANELS, &COMMANDS].concat().join(", ");
        fail(highlight, format!("{highlight:?} cannot be outlined; a setting can by its path, and so can {known}"));
    }
    for condition in &step.goal {
        let name = &condition.name;
        match condition.subject() {
            None => {
                fail(
                    name,
                    format!(
                        "there is no result {name:?}; there are results such as validation_accuracy, and parameters, seconds, epochs, steps and runs"
                    ),
                );
            }
            Some(_) if condition.is_share() && condition.number > 1.0 => {
                fail(name, format!("{condition}: a share is a number from 0 to 1; write 0.9 for 90 %"));
            }
            Some(Subject::Setting) if value_at(&fields, name).and_then(Value::as_f64).is_none() => {
                fail(name, format!("there is no setting {name:?} that is a number"));
            }
            Some(_) => {}
        }
    }
    match (&step.solution, step.goal.is_empty()) {
        (None, false) => fail("goal", "has a goal and no solution; say with which settings it is reached".to_owned()),
        (Some(_), true) => fail("solution", "has a solution and no goal".to_owned()),
        (Some(solution), false) => put(now, solution, &mut fail),
        (None, true) => {}
    }
}

/// Parts of a project that are left out of it while they are as they come.
const LEFT_OUT: [&str; 3] = ["checkpoints", "adversary", "teacher"];

fn is_setting(fields: &Value, path: &str) -> bool {
    let (first, _) = path.split_once('.').unwrap_or((path, ""));
    value_at(fields, path).is_some() || LEFT_OUT.contains(&first)
}

/// Where something stands in the plan.
struct Place<'a> {
    text: &'a str,
    /// Where each step begins.
    steps: Vec<usize>,
}

impl<'a> Place<'a> {
    fn new(text: &'a str) -> Self {
        let mut steps = Vec::new();
        let begin = text.find("\"steps\"").map_or(text.len(), |at| at + 7);
        let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
        for (at, letter) in text[begin..].char_indices() {
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => is_text = !is_text,
                _ if is_text => {}
                '{' | '[' => {
                    if letter == '{' && depth == 1 {
                        steps.push(begin + at);
                    }
                    depth += 1;
                }
                '}' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Self { text, steps }
    }

    /// A fault at the line of a word, in a step if there is one.
    fn fault(&self, step: Option<usize>, needle: &str, what: impl Into<String>) -> Fault {
        let begin = step.and_then(|at| self.steps.get(at)).copied().unwrap_or(0);
        let end = step.and_then(|at| self.steps.get(at + 1)).copied().unwrap_or(self.text.len());
        let at = self.text[begin..end].find(needle).unwrap_or(0) + begin;
        Fault::at(PLAN, 1 + self.text[..at].matches('\n').count(), what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lesson(cards: &str, chinese: &str, plan: &str) -> Vec<String> {
        let owned = |text: &str| -> &'static [u8] { Box::leak(text.to_owned().into_boxed_str()).as_bytes() };
        let files = [("lesson.md", owned(cards)), ("lesson.zh.md", owned(chinese)), ("lesson.json", owned(plan))];
        read(&Files::built_in("test", &files)).faults.iter().map(ToString::to_string).collect()
    }

    const CARDS: &str = "# T\n\nA.\n\n## One\n\nText.\n\n### Question\n\nWhat?\n\n- [x] a\n- [ ] b\n\n### Answer\n\nA.\n\n### Hint\n\n1\n\n### Hint\n\n2\n\n### Hint\n\n3\n";
    const PLAN: &str = "{ \"minutes\": 5, \"project\": { \"preset\": \"xor\" },\n\"steps\": [\n{ \"view\": \"learn\",\n\"goal\": [\"runs >= 1\"],\n\"solution\": {} } ] }";

    #[test]
    fn a_good_lesson_has_no_faults_and_a_bad_one_tells_them() {
        assert_eq!(lesson(CARDS, CARDS, PLAN), Vec::<String>::new());
        let cases: &[(String, String, String, &str)] = &[
            (
                CARDS.into(),
                format!("{CARDS}\n## Two\n\nText.\n"),
                PLAN.into(),
                "lesson.zh.md:1: has 2 steps, and lesson.md has 1",
            ),
            (
                CARDS.into(),
                CARDS.replace("[x] a\n- [ ] b", "[ ] a\n- [x] b"),
                PLAN.into(),
                "lesson.zh.md:5: step 1 has its right answer at place 2, and at 1 in lesson.md, line 5",
            ),
            (
                CARDS.into(),
                CARDS.into(),
                PLAN.replace("\"learn\"", "\"school\""),
                "lesson.json:3: step 1: there is no view \"school\"",
            ),
            (
                CARDS.into(),
                CARDS.into(),
                PLAN.replace("runs", "points"),
                "lesson.json:4: step 1: there is no result \"points\"",
            ),
            (
                CARDS.into(),
                CARDS.into(),
                PLAN.replace(",\n\"solution\": {}", ""),
                "lesson.json:4: step 1: has a goal and no solution",
            ),
            (
                CARDS.into(),
                CARDS.into(),
                PLAN.replace("{} }", "{ \"training.epoch\": 3 } }"),
                "lesson.json:5: step 1: training.epoch: there is no epoch",
            ),
            (
                CARDS.into(),
                CARDS.into(),
                PLAN.replace("\"goal\"", "\"locked\": [\"modell\"], \"goal\""),
                "there is no setting \"modell\"",
            ),
            (
                CARDS.into(),
                CARDS.into(),
                PLAN.replace("\"goal\"", "\"highlight\": \"bell\", \"goal\""),
                "\"bell\" cannot be outlined",
            ),
            (CARDS.into(), CARDS.into(), PLAN.replace("xor", "xyz"), "lesson.json:1: there is no preset \"xyz\""),
            (CARDS.into(), CARDS.into(), PLAN.replace("\"goal\"", "\"goals\""), "lesson.json:4: unknown field `goals`"),
            (CARDS.replace("Text.", "![a](a.png)"), CARDS.into(), PLAN.into(), "lesson.md:7: names the picture a.png"),
            (CARDS.replace("Text.", "$\\unknown$"), CARDS.into(), PLAN.into(), "lesson.md:5: the formula"),
            (
                CARDS.split("### Hint").next().unwrap().into(),
                CARDS.into(),
                PLAN.into(),
                "lesson.md:5: step 1 has a goal and no hints",
            ),
        ];
        for (cards, chinese, plan, expected) in cases {
            let told = lesson(cards, chinese, plan);
            assert!(told.iter().any(|told| told.contains(expected)), "{expected}: {told:?}");
        }
    }
}
