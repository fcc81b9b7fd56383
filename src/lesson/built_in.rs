//! The lessons that come with the program, `assets/lessons`: THE LIST. A test compares it with the folder.

use super::Files;

type Embedded = (&'static str, &'static [(&'static str, &'static [u8])]);

macro_rules! lessons {
    ($($name:literal [$($picture:literal),* $(,)?];)*) => {
        &[$(($name, &[
            ("lesson.md", include_bytes!(concat!("../../assets/lessons/", $name, "/lesson.md"))),
            ("lesson.zh.md", include_bytes!(concat!("../../assets/lessons/", $name, "/lesson.zh.md"))),
            ("lesson.json", include_bytes!(concat!("../../assets/lessons/", $name, "/lesson.json"))),
            $(($picture, include_bytes!(concat!("../../assets/lessons/", $name, "/", $picture))),)*
        ])),*]
    };
}

/// The name of each lesson, and the pictures in its folder.
const LESSONS: &[Embedded] = lessons! {
    "01-neuron" [];
    "02-forward-pass" [];
    "03-gradient-descent" [];
    "04-backpropagation" [];
    "05-activation" [];
    "06-overfitting" [];
    "07-convolution" [];
    "08-recurrent" [];
    "09-gan" [];
    "10-metrics" [];
    "11-factory-camera" [];
    "12-failing-machine" [];
};

/// The names of the lessons, in the order in which one learns from them.
pub fn names() -> impl Iterator<Item = &'static str> {
    LESSONS.iter().map(|(name, _)| *name)
}

/// The files of a lesson, by its name, its number or what follows the number: `03-gradient-descent`, `3`, `gradient-descent`.
pub fn files(name: &str) -> Option<Files> {
    let is_it = |whole: &str| {
        let (number, rest) = whole.split_once('-').unwrap_or(("", whole));
        whole == name || rest == name || number.parse::<u32>().is_ok_and(|number| name.parse() == Ok(number))
    };
    let (name, files) = LESSONS.iter().find(|(whole, _)| is_it(whole))?;
    Some(Files::built_in(name, files))
}
