//! What the window can do. A [`Command`] needs no data, and [`Command::ALL`] is THE LIST that buttons, keys, the help and the
//! command palette read; a [`Request`] has data. [`Situation`] says which commands are possible now.

pub mod board;
pub mod entry;
pub mod keys;
pub mod request;
pub mod situation;

use eframe::egui::{Key, KeyboardShortcut, Modifiers};

pub use request::{PathFor, Request, RunChange};
pub use situation::{Situation, Tab};

/// What a view, a key or a dialog asks the studio for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A command, which needs no data.
    Command(Command),
    /// A request, which carries data.
    Request(Request),
}

impl From<Command> for Action {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}

impl From<Request> for Action {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}

/// `StepBatch` as `step_batch`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

macro_rules! commands {
    ($($command:ident: $label:literal, $help:literal, [$($key:expr),*];)+) => {
        /// What the window can do without further data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Command {
            $(#[doc = $help] $command),+
        }

        impl Command {
            /// In the order of the command palette. Of several with the same key the first that is possible is taken.
            pub const ALL: &'static [Self] = &[$(Self::$command),+];

            /// The text on buttons, in menus and in the command palette.
            pub fn label(self) -> &'static str {
                match self { $(Self::$command => $label),+ }
            }

            /// Its name in files: `step_batch`.
            pub fn id(self) -> String {
                snake_case(match self { $(Self::$command => stringify!($command)),+ })
            }

            /// One sentence that explains the command, for tooltips.
            pub fn help(self) -> &'static str {
                match self { $(Self::$command => $help),+ }
            }

            /// The keys that ask for it, the first of which is shown.
            pub fn keys(self) -> &'static [KeyboardShortcut] {
                match self { $(Self::$command => const { &[$($key),*] }),+ }
            }
        }
    };
}

commands! {
    Train: "Train", "Starts a run from the initial weights.", [plain(Key::Space)];
    Pause: "Pause", "Pauses the run after this batch.", [plain(Key::Space)];
    Resume: "Resume", "Continues the run that is paused.", [plain(Key::Space)];
    TrainAnew: "Train anew", "Trains from the initial weights again; the run that has ended is kept in its folder.", [];
    TrainKeeping: "Train with the weights that fit", "Trains the network on the screen from the weights of the run that is shown, where its layers still have them.", [];
    Continue: "Continue", "Goes on with the run that was stopped; one that is finished gets ten more epochs.", [];
    Branch: "Continue as a branch", "Goes on from the end of the run, or from the step that is looked at, with the settings on the screen, as a run of its own.", [];
    LookBack: "Look back at earlier steps", "Opens the time line: every view shows the run as it was after an earlier step.", [];
    Listen: "Listen to the curves", "Plays the loss over the run: pitch is the value, training at the left ear, validation at the right. Once more stops it.", [];
    GoBackGentler: "Go back with a third of the learning rate", "Goes on from 50 steps before the loss stopped being a number, or from the last checkpoint, as a run of its own.", [];
    StepBatch: "Train one batch", "Trains one batch, then waits.", [plain(Key::Period)];
    StepEpoch: "Train to the end of the epoch", "Trains to the end of the epoch, then waits.", [plain(Key::Slash)];
    LeavePresenter: "Leave the presenter", "Shows the sides again, at normal size.", [plain(Key::Escape)];
    Newest: "Back to the newest step", "Shows the run as it is now.", [plain(Key::Escape)];
    Stop: "Stop", "Stops the run within one batch.", [plain(Key::Escape)];
    Reset: "Reset", "Forgets the run, whose folder is kept; the same seed gives the same initial weights again.", [];
    ResetGentler: "Reset with a third of the learning rate", "Forgets the run and divides the learning rate by three.", [];
    Suggest: "Suggest a network", "Replaces network and training settings by ones that suit the data.", [];
    Check: "Check before the run…", "Tries copies of the network on a few samples: what would make the run fail or its result mislead.", [];
    FindLearningRate: "Find a learning rate…", "Trains a copy with growing learning rates and suggests one.", [];
    RepeatSeeds: "Repeat with other seeds…", "Trains copies with ten seeds: how much of the result is chance.", [];
    Compare: "Compare with the run…", "Trains the project and that of the run with the same ten seeds, and says which is better.", [];
    Race: "Race…", "Trains with two to four values of a setting at the same time, side by side.", [];
    Search: "Search for settings…", "Trains with many values of some settings, and finds the best.", [];
    Undo: "Undo", "Undoes the last change of the project or of the drawing.", [ctrl(Key::Z)];
    Redo: "Redo", "Repeats the change that was undone.", [ctrl_shift(Key::Z), ctrl(Key::Y)];
    New: "New from preset…", "Begins a project from a preset.", [ctrl(Key::N)];
    Empty: "Empty network", "Begins a network without a layer for the data that there are.", [];
    Open: "Open…", "Opens a project, a table, a text or a drawing.", [ctrl(Key::O)];
    OpenFolder: "Open run or folder…", "Opens a run, or a folder of samples.", [ctrl_shift(Key::O)];
    Import: "Import network…", "Reads a network from an ONNX file as a run, which can be tried and trained on.", [];
    Save: "Save", "Saves the project.", [ctrl(Key::S)];
    SaveAs: "Save as…", "Saves the project in another file.", [ctrl_shift(Key::S)];
    SaveRun: "Save run…", "Writes weights, settings and metrics into a folder.", [];
    Export: "Export…", "Writes the network for other programs, with the proof that it answers there as it does here.", [];
    Report: "Save report…", "Writes the run as one page for any browser: result, curves, mistakes, settings and how to repeat it.", [];
    OpenDrawing: "Open drawing or picture…", "Reads a drawing or a picture from a file.", [];
    PastePicture: "Paste picture", "Takes the picture that was copied in another program.", [];
    PasteText: "Paste text", "Takes the text that was copied in another program as data, and keeps it in a file beside the runs.", [];
    SaveDrawing: "Save drawing…", "Writes the drawing into a file.", [];
    ReloadData: "Read the data again", "Reads the samples once more from their source.", [];
    ToggleNetwork: "Network panel", "Shows the network at the left, or hides it.", [plain(Key::F6)];
    ToggleTraining: "Training panel", "Shows the training settings at the right, or hides them.", [plain(Key::F7)];
    Presenter: "Presenter", "Larger text and the center alone, for the back of a classroom.", [plain(Key::F11)];
    ToggleTheme: "Light or dark theme", "Changes between dark on light and light on dark.", [];
    HighContrast: "High contrast", "White on black with strong colors, or the dark theme again.", [];
    LargerText: "Larger text", "Shows everything larger, up to twice the size.", [ctrl(Key::Plus), ctrl(Key::Equals)];
    SmallerText: "Smaller text", "Shows everything smaller.", [ctrl(Key::Minus)];
    NormalText: "Text at its normal size", "Shows everything at its own size again.", [ctrl(Key::Num0)];
    ReduceMotion: "Reduce motion", "Nothing fades, slides or scrolls by itself, or it does again.", [];
    NextLanguage: "Language (English, 中文)", "Shows the window in the next of its languages, at once.", [];
    Palette: "Command palette…", "Finds a command by its name.", [ctrl(Key::K), ctrl_shift(Key::P)];
    Profile: "What the window shows…", "Leaves out tabs, settings and layers that a class does not need yet.", [];
    Start: "Start page…", "Shows the ways to begin: draw a digit, teach a network something, open your data, take a lesson.", [];
    Paint: "Paint points", "Begins with an empty plane, on which you paint the points of two classes.", [];
    Lessons: "Lessons…", "Shows the lessons: short courses in this window, with questions, goals and hints.", [ctrl(Key::L)];
    LeaveLesson: "Leave the lesson", "Brings back the project that was there before the lesson; how far it is is kept.", [];
    RecordLesson: "Record as a lesson…", "Writes a folder with this project as the beginning of a lesson, and opens the editor of its cards and steps.", [];
    EditLesson: "Edit a lesson…", "Opens the editor of cards, questions, goals and hints for a lesson in a folder.", [];
    JoinBoard: "Join a class board…", "Puts a line with your name and results into a shared folder, for the teacher to see.", [];
    LeaveBoard: "Leave the class board", "Takes your line off the class board; nothing more is written there.", [];
    ClassBoard: "Class board…", "Shows how each pupil of a class stands, from the files in a shared folder.", [];
    Help: "Keys", "Shows all keys.", [plain(Key::Questionmark)];
    Explain: "What do I see here?", "Numbers the things on the screen and says what each is.", [shift(Key::F1)];
    Glossary: "Glossary", "Explains the term at the pointer, and all others.", [plain(Key::F1)];
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_every_sentence_ends() {
        let labels: BTreeSet<_> = Command::ALL.iter().map(|command| command.label()).collect();
        assert_eq!(labels.len(), Command::ALL.len());
        assert!(Command::ALL.iter().all(|command| command.help().ends_with('.')));
    }
}
