//! A lesson that is being written: its folder, its cards in every language, and its plan.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::cards::{Card, Cards, Question};
use super::plan::{Plan, Settings, StepPlan, project_at, settings_between};
use super::{CARDS, ENGLISH, Fault, Files, LessonError, PLAN, check};
use crate::project::Project;
use crate::project::whole::write_whole;

/// Bytes of a file of samples that is copied into the folder of a lesson at most.
const MOST_DATA: u64 = 16 << 20;

/// A lesson in a folder, to be changed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The project and what each step does.
    pub plan: Plan,
    /// The cards by the code of their language; there is a card for each step.
    pub cards: BTreeMap<String, Cards>,
    /// The folder with all its files, of which those of the plan and the cards are as they were written last.
    files: Files,
    folder: PathBuf,
}

impl Draft {
    /// Begins a lesson of one step in an empty folder, with this project and this view. A file of samples of its own is copied
    /// into the folder, so that the lesson can be given away.
    pub fn begin(folder: &Path, project: &Project, view: Option<&str>) -> Result<Self, LessonError> {
        claim(folder)?;
        let fail = |what: &dyn std::fmt::Display| LessonError::file(folder, what);
        let mut project = project.clone();
        for part in &mut project.data.source.parts {
            let path = PathBuf::from(&part.argument);
            let (Some(name), Ok(about)) = (path.file_name(), fs::metadata(&path)) else { continue };
            if about.is_file() && about.len() <= MOST_DATA {
                fs::copy(&path, folder.join(name)).map_err(|error| fail(&error))?;
                part.argument = name.to_string_lossy().into_owned();
            }
        }
        let step = StepPlan { view: view.map(str::to_owned), ..StepPlan::default() };
        let fields = serde_json::to_value(&project).map_err(|error| fail(&error))?;
        let plan = Plan { minutes: 15, project: fields, steps: vec![step] };
        let card =
            Card { title: "The first step".to_owned(), text: "What the pupil reads.".to_owned(), ..Card::default() };
        let about = "One or two sentences: what one can do afterwards.".to_owned();
        let cards = Cards { title: project.name.clone(), about, cards: vec![card] };
        let cards = BTreeMap::from([(ENGLISH.to_owned(), cards)]);
        let draft = Self { plan, cards, files: Files::default(), folder: folder.to_owned() };
        draft.save()?;
        Self::open(folder)
    }

    /// Copies a lesson into an empty folder, to be changed there.
    pub fn copy(files: &Files, folder: &Path) -> Result<Self, LessonError> {
        claim(folder)?;
        for name in files.names() {
            let path = folder.join(name);
            write_whole(&path, files.get(name).unwrap_or_default()).map_err(|error| LessonError::file(&path, error))?;
        }
        Self::open(folder)
    }

    /// Opens the lesson in a folder.
    ///
    /// # Errors
    /// If its plan cannot be read, or if its cards hold something that would be lost when they are written again.
    pub fn open(folder: &Path) -> Result<Self, LessonError> {
        let files = Files::read(folder)?;
        let wrong = |file: &str, line, what: String| LessonError::Wrong {
            name: files.name.clone(),
            fault: Fault { file: file.to_owned(), line, what },
        };
        let text = |name: &str| {
            let text = files.text(name).transpose().map_err(|what| wrong(name, 1, what))?;
            Ok::<_, LessonError>(text.unwrap_or_default())
        };
        let mut plan = Plan::read(text(PLAN)?).map_err(|(line, what)| wrong(PLAN, line, what))?;
        plan.start().map_err(|what| wrong(PLAN, 1, what))?;
        let mut cards = BTreeMap::new();
        for (file, language) in check::languages(&files) {
            let text = text(&file)?;
            let (read, _) = Cards::read(&file, text);
            if let Some(line) = first_lost(text, &read.write(&language)) {
                let what = "would be lost in the editor; change the file in a text editor until `backprop lesson check` tells nothing of it";
                return Err(wrong(&file, line, what.to_owned()));
            }
            cards.insert(language, read);
        }
        cards.entry(ENGLISH.to_owned()).or_insert_with(Cards::default);
        let steps = cards.values().map(|cards| cards.cards.len()).chain([plan.steps.len(), 1]).max().unwrap_or(1);
        plan.steps.resize(steps, StepPlan::default());
        cards.values_mut().for_each(|cards| cards.cards.resize(steps, Card::default()));
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Ok(Self { plan, cards, files, folder })
    }

    /// Writes what was changed.
    pub fn save(&self) -> Result<(), LessonError> {
        let files = self.files();
        for name in files.names().filter(|name| self.files.get(name) != files.get(name)) {
            let path = self.folder.join(name);
            write_whole(&path, files.get(name).unwrap_or_default()).map_err(|error| LessonError::file(&path, error))?;
        }
        Ok(())
    }

    /// The files as they are to be written.
    pub fn files(&self) -> Files {
        let plan = serde_json::to_string_pretty(&self.plan).unwrap_or_default();
        let cards =
            self.cards.iter().map(|(language, cards)| (check::file_of(language), cards.write(language).into_bytes()));
        let mut files = self.files.clone();
        files.replace(cards.chain([(PLAN.to_owned(), (plan + "\n").into_bytes())]));
        files
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether plan and cards are those of another state.
    pub fn is_same(&self, other: &Self) -> bool {
        self.plan == other.plan && self.cards == other.cards
    }

    /// What is wrong with it as it is.
    pub fn faults(&self) -> Vec<Fault> {
        check::read(&self.files()).faults
    }

    /// What is wrong at which step and in which language; neither where it is about the whole lesson.
    pub fn place_of(&self, fault: &Fault) -> (Option<usize>, Option<&str>) {
        let Some((language, cards)) = self.cards.iter().find(|(language, _)| check::file_of(language) == fault.file)
        else {
            return (None, None);
        };
        let text = cards.write(language);
        let begun = text.lines().take(fault.line).filter(|line| line.starts_with("## ")).count();
        (begun.checked_sub(1), Some(language))
    }

    /// The project as a step finds it, before what it sets itself.
    pub fn before(&self, step: usize) -> Result<Project, String> {
        let mut steps = self.plan.steps.clone();
        steps.iter_mut().skip(step).take(1).for_each(|step| step.set.clear());
        project_at(&self.plan.start()?, &steps, step)
    }

    /// The project as it is when a step has begun.
    pub fn at(&self, step: usize) -> Result<Project, String> {
        project_at(&self.plan.start()?, &self.plan.steps, step)
    }

    /// The same, with the files of its data where they are found.
    pub fn shown_at(&self, step: usize) -> Result<Project, String> {
        let mut project = self.at(step)?;
        project.data.source = project.data.source.found_in(&self.folder);
        Ok(project)
    }

    /// Makes a project the one that the lesson begins with.
    pub fn take_start(&mut self, project: &Project) -> Result<(), String> {
        self.plan.project = serde_json::to_value(self.portable(project)).map_err(|error| error.to_string())?;
        if let Some(first) = self.plan.steps.first_mut() {
            first.set.clear();
        }
        Ok(())
    }

    /// What a step has to set so that this project is on the screen when it has begun.
    pub fn setting_of(&self, step: usize, project: &Project) -> Result<Settings, String> {
        settings_between(&self.before(step)?, &self.portable(project))
    }

    /// What one has to set in a step to come to this project.
    pub fn solution_of(&self, step: usize, project: &Project) -> Result<Settings, String> {
        settings_between(&self.at(step)?, &self.portable(project))
    }

    /// With the files of its data by their names, where they lie in the folder.
    fn portable(&self, project: &Project) -> Project {
        let mut project = project.clone();
        for part in &mut project.data.source.parts {
            if let Ok(inside) = Path::new(&part.argument).strip_prefix(&self.folder) {
                part.argument = inside.to_string_lossy().into_owned();
            }
        }
        project
    }

    /// Puts an empty step behind another one, or a copy of it.
    pub fn add_step(&mut self, behind: usize, is_copy: bool) {
        let at = (behind + 1).min(self.plan.steps.len());
        let step = self.plan.steps.get(behind).filter(|_| is_copy).cloned().unwrap_or_default();
        self.plan.steps.insert(at, step);
        for cards in self.cards.values_mut() {
            let card = cards.cards.get(behind).filter(|_| is_copy).cloned().unwrap_or_default();
            cards.cards.insert(at, card);
        }
    }

    /// Takes a step out; the last one stays.
    pub fn remove_step(&mut self, at: usize) {
        if self.plan.steps.len() > 1 && at < self.plan.steps.len() {
            self.plan.steps.remove(at);
            self.cards.values_mut().for_each(|cards| _ = cards.cards.remove(at));
        }
    }

    /// Lets two steps change places.
    pub fn swap_steps(&mut self, one: usize, other: usize) {
        if one.max(other) < self.plan.steps.len() {
            self.plan.steps.swap(one, other);
            self.cards.values_mut().for_each(|cards| cards.cards.swap(one, other));
        }
    }

    /// Begins the cards in another language with those in English, to be translated.
    pub fn add_language(&mut self, code: &str) {
        let english = self.cards.get(ENGLISH).cloned().unwrap_or_default();
        self.cards.entry(code.to_owned()).or_insert(english);
    }

    /// Whether a step asks a question.
    pub fn has_question(&self, step: usize) -> bool {
        self.cards.values().any(|cards| cards.cards.get(step).is_some_and(|card| card.question.is_some()))
    }

    /// The questions of a step, one in each language, which have as many choices and the same right one.
    pub fn questions(&mut self, step: usize) -> impl Iterator<Item = &mut Question> {
        self.cards.values_mut().filter_map(move |cards| cards.cards.get_mut(step)?.question.as_mut())
    }

    /// Lets a step ask a question, or none.
    pub fn ask(&mut self, step: usize, is_asked: bool) {
        for card in self.cards.values_mut().filter_map(|cards| cards.cards.get_mut(step)) {
            let empty = || Question { choices: vec![String::new(); 2], ..Question::default() };
            card.question = is_asked.then(|| card.question.take().unwrap_or_else(empty));
        }
    }

    /// Copies a picture into the folder; the name that cards call it by.
    pub fn add_picture(&mut self, path: &Path) -> Result<String, LessonError> {
        let fail = |what: &dyn std::fmt::Display| LessonError::file(path, what);
        let bytes = fs::read(path).map_err(|error| fail(&error))?;
        image::load_from_memory(&bytes).map_err(|_| fail(&"is no picture that can be read"))?;
        let name = path.file_name().map(|name| name.to_string_lossy().replace(' ', "-")).unwrap_or_default();
        let place = self.folder.join(&name);
        if place.exists() && self.files.get(&name) != Some(&bytes) {
            return Err(fail(&format!("has the name of another file of the lesson, {name}; rename it")));
        }
        write_whole(&place, &bytes).map_err(|error| LessonError::file(&place, error))?;
        self.files.replace([(name.clone(), bytes)].into_iter());
        Ok(name)
    }

    /// A picture of its cards.
    pub fn picture(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name)
    }
}

/// Makes a folder for a lesson, which holds none yet.
fn claim(folder: &Path) -> Result<(), LessonError> {
    if folder.join(PLAN).exists() || folder.join(CARDS).exists() {
        return Err(LessonError::file(folder, "holds a lesson already; name another folder"));
    }
    fs::create_dir_all(folder).map_err(|error| LessonError::file(folder, error))
}

/// The line of a text in which something stands that the other text does not have; spaces do not count.
fn first_lost(text: &str, kept: &str) -> Option<usize> {
    let heading =
        |line: &str| line.strip_prefix("### ").and_then(super::cards::Part::named).map(|part| format!("{part:?}"));
    let letters = |text: &str| -> Vec<(usize, char)> {
        let lines = text.lines().enumerate();
        let of_line = |(at, line): (usize, &str)| {
            let line = heading(line).unwrap_or_else(|| line.replace("- [X]", "- [x]"));
            line.chars()
                .filter(|letter| !letter.is_whitespace())
                .map(move |letter| (at + 1, letter))
                .collect::<Vec<_>>()
        };
        lines.flat_map(of_line).collect()
    };
    let (text, kept) = (letters(text), letters(kept));
    let differs = text.iter().zip(&kept).find(|((_, here), (_, there))| here != there).map(|((line, _), _)| *line);
    differs.or_else(|| text.get(kept.len()).map(|(line, _)| *line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{Lesson, built_in};

    #[test]
    fn what_is_begun_is_a_lesson_with_its_data() {
        let base = tempfile::tempdir().unwrap();
        let table = base.path().join("own.csv");
        fs::write(&table, "a,b\n1,2\n").unwrap();
        let folder = base.path().join("mine");
        let mut project = Project::find("spiral").unwrap();
        Draft::begin(&folder, &project, Some("learn")).unwrap();
        let lesson = Lesson::open(&folder).unwrap();
        assert_eq!((lesson.project, lesson.steps.len()), (project.clone(), 1));
        assert!(Draft::begin(&folder, &project, None).is_err());

        project.data.source = crate::data::SourceSpec::of_path("csv", &table);
        let draft = Draft::begin(&base.path().join("other"), &project, None).unwrap();
        assert_eq!(draft.at(0).unwrap().data.source.to_string(), "csv:own.csv");
        assert!(draft.folder().join("own.csv").is_file());
    }

    #[test]
    fn every_lesson_of_the_program_is_the_same_after_the_editor() {
        let base = tempfile::tempdir().unwrap();
        for name in built_in::names() {
            let folder = base.path().join(name);
            let draft = Draft::copy(&built_in::files(name).unwrap(), &folder).unwrap();
            assert_eq!(draft.faults(), [], "{name}");
            draft.save().unwrap();
            let (again, before) = (Lesson::open(&folder).unwrap(), Lesson::find(name).unwrap());
            assert_eq!((again.steps, again.project), (before.steps.clone(), before.project.clone()), "{name}");
            for language in before.languages() {
                let of = |cards: &Cards| -> Vec<Card> {
                    let at_no_line = |question: &Question| Question { line: 0, ..question.clone() };
                    let cards = cards.cards.iter();
                    let plain = cards.map(|card| Card {
                        line: 0,
                        question: card.question.as_ref().map(at_no_line),
                        ..card.clone()
                    });
                    plain.collect()
                };
                assert_eq!(of(&draft.cards[language]), of(before.cards(language)), "{name} in {language}");
            }
        }
    }

    #[test]
    fn what_would_be_lost_is_not_opened() {
        let base = tempfile::tempdir().unwrap();
        let draft = Draft::begin(base.path(), &Project::find("spiral").unwrap(), None).unwrap();
        let path = draft.folder().join(CARDS);
        let text = fs::read_to_string(&path).unwrap();
        for (more, line) in
            [("\n### Remark\n\nNo part of a card.\n", 9), ("\n### Question\n\nA?\n\n- [x] a\n- [x] b\n", 14)]
        {
            fs::write(&path, format!("{text}{more}")).unwrap();
            let told = Draft::open(base.path()).unwrap_err().to_string();
            assert!(told.contains(&format!("lesson.md:{line}: would be lost")), "{told}");
        }
    }

    #[test]
    fn a_step_takes_what_is_on_the_screen() {
        let base = tempfile::tempdir().unwrap();
        let start = Project::find("spiral").unwrap();
        let mut draft = Draft::begin(base.path(), &start, None).unwrap();
        draft.add_step(0, false);
        let mut screen = start.clone();
        screen.set("training.learning_rate", "0.03").unwrap();
        screen.set("training.optimizer.kind", "sgd").unwrap();
        screen.model.layers.remove(0);
        draft.plan.steps[1].set = draft.setting_of(1, &screen).unwrap();
        assert_eq!(draft.at(1).unwrap(), screen);
        let paths: Vec<&String> = draft.plan.steps[1].set.keys().collect();
        assert_eq!(paths, ["model", "training.learning_rate", "training.optimizer"]);
        assert_eq!(draft.before(1).unwrap(), start);
        let mut solved = screen.clone();
        solved.set("model.0.units", "7").unwrap();
        let solution = draft.solution_of(1, &solved).unwrap();
        assert_eq!(solution, serde_json::from_str(r#"{ "model.0.units": 7 }"#).unwrap());
        draft.swap_steps(0, 1);
        assert_eq!(draft.at(0).unwrap(), screen);
        draft.remove_step(1);
        assert_eq!((draft.plan.steps.len(), draft.cards[ENGLISH].cards.len()), (1, 1));
    }
}
