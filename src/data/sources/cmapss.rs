//! Engines that run to failure, `cmapss:DIR`: the remaining useful life of each in cycles, from its last readings. The
//! files are those of NASA's C-MAPSS (Saxena and others 2008).

use std::path::Path;

use crate::data::dataset::{Dataset, Feature, Task};
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Request, Source};
use crate::data::split::Order;
use crate::data::table::{Options, Table};
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

/// The source `cmapss`: windows of turbofan engine readings from NASA's C-MAPSS, to predict the remaining cycles.
pub const SOURCE: Source = Source {
    name: "cmapss",
    usage: "cmapss:DIR[?set=FD001&window=30&most=125]",
    argument: Argument::Folder,
    options: &[
        Field::of(
            "set",
            "Set",
            Kind::Word(&["FD001", "FD002", "FD003", "FD004"]),
            "Which of the four fleets. The second and the fourth fly under changing conditions.",
        ),
        Field::whole(
            "window",
            "Window",
            1..=500,
            30,
            "Number of cycles that the network reads at once. Engines with fewer are left out.",
        ),
        Field::real(
            "most",
            "Longest life",
            1.0..=10_000.0,
            125.0,
            "Remaining lives are capped at this many cycles, since a new engine shows no wear.",
        ),
    ],
    reading: &[],
    help: "Readings of turbofan engines until they fail, NASA's C-MAPSS: how many cycles are left to an engine.",
    load,
};

const SETTINGS: usize = 3;
const SENSORS: usize = 21;

/// The readings of one file, engine by engine.
struct Fleet {
    /// `[cycles, columns]` of each engine, in the order of the cycles.
    engines: Vec<Vec<f64>>,
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(folder) = request.find().filter(|folder| folder.is_dir()) else {
        let hint = "the folder of train_FD001.txt, test_FD001.txt and RUL_FD001.txt";
        return Err(DataError::no_folder(Path::new(request.argument()), "cmapss", hint));
    };
    let set = &request.text("set").unwrap_or_else(|| "FD001".to_owned());
    let window = request.whole("window")?;
    let most = f64::from(request.real("most")?);
    let file = |part: &str| folder.join(format!("{part}_{set}.txt"));
    let (train, test) = (Fleet::read(&file("train"))?, Fleet::read(&file("test"))?);
    let lives = read_lives(&file("RUL"), test.engines.len())?;

    let (used, constant): (Vec<usize>, Vec<usize>) = (0..SETTINGS + SENSORS).partition(|at| train.varies(*at));
    let names = |columns: &[usize]| columns.iter().map(|at| column_name(*at)).collect::<Vec<_>>();
    let mut notes =
        vec![Note::from(format!("lives are counted up to {most} cycles, those of the test engines as well"))];
    if !constant.is_empty() {
        notes.push(format!("always the same and left out: {}", names(&constant).join(", ")).into());
    }
    let (train_samples, groups) = train.all_windows(&used, window, most, &mut notes);
    if train_samples.is_empty() {
        return Err(DataError::file(&file("train"), format!("no engine has {window} cycles; make window smaller")));
    }
    let last = test.last_windows(&used, window, &lives, most);
    Ok(Dataset {
        name: format!("C-MAPSS {set}"),
        shape: Shape::steps(window, used.len()),
        task: Task::numbers(vec!["cycles left".to_owned()]),
        target: None,
        features: names(&used).into_iter().map(Feature::number).collect(),
        train: train_samples,
        test: last.map_err(|what| DataError::file(&file("test"), what))?,
        notes,
        order: Order::Groups(groups),
    })
}

fn column_name(at: usize) -> String {
    if at < SETTINGS { format!("setting {}", at + 1) } else { format!("sensor {}", at - SETTINGS + 1) }
}

/// The remaining useful life of each test engine after its last reading, in cycles.
fn read_lives(path: &Path, engines: usize) -> Result<Vec<f64>, DataError> {
    let table = Table::read(path, &Options::named(["cycles left"]))?;
    let lives: Vec<f64> = (0..table.rows).filter_map(|row| table.columns[0].number(row)).collect();
    if lives.len() != engines {
        let what = format!("expected a number for each of the {engines} test engines, and found {}", lives.len());
        return Err(DataError::file(path, what));
    }
    Ok(lives)
}

impl Fleet {
    fn read(path: &Path) -> Result<Self, DataError> {
        let names: Vec<String> = ["engine".to_owned(), "cycle".to_owned()]
            .into_iter()
            .chain((0..SETTINGS + SENSORS).map(column_name))
            .collect();
        let table = Table::read(path, &Options::named(names.iter().cloned()))?;
        let number = |row: usize, at: usize| {
            let what = || format!("row {} has no number as {}", row + 1, names[at]);
            table.columns[at].number(row).ok_or_else(|| DataError::file(path, what()))
        };
        let mut engines: Vec<Vec<f64>> = Vec::new();
        let mut before = (f64::NAN, 0.0);
        for row in 0..table.rows {
            let (engine, cycle) = (number(row, 0)?, number(row, 1)?);
            if engine != before.0 {
                engines.push(Vec::new());
            } else if cycle <= before.1 {
                let what =
                    format!("row {} goes back in time; the cycles of an engine must follow one another", row + 1);
                return Err(DataError::file(path, what));
            }
            before = (engine, cycle);
            let readings = (2..names.len()).map(|at| number(row, at)).collect::<Result<Vec<_>, _>>()?;
            engines.last_mut().into_iter().for_each(|engine| engine.extend(&readings));
        }
        Ok(Self { engines })
    }

    /// Whether a reading is not always the same.
    fn varies(&self, column: usize) -> bool {
        let mut values = self.engines.iter().flat_map(|engine| engine.iter().skip(column).step_by(SETTINGS + SENSORS));
        let first = values.next();
        values.any(|value| Some(value) != first)
    }

    /// Every window of every engine with the remaining useful life after it, and the engine of each.
    fn all_windows(&self, used: &[usize], window: usize, most: f64, notes: &mut Vec<Note>) -> (Samples, Vec<u32>) {
        let (mut inputs, mut values, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        let (mut group, mut short) = (0, 0);
        for engine in &self.engines {
            let cycles = cycles_of(engine);
            if cycles < window {
                short += 1;
                continue;
            }
            for end in window..=cycles {
                push_window(engine, used, end - window..end, &mut inputs);
                values.push(((cycles - end) as f64).min(most));
                groups.push(group);
            }
            group += 1;
        }
        if short > 0 {
            notes
                .push(format!("{} with fewer than {window} cycles left out", counted(short, "training engine")).into());
        }
        (samples(inputs, values), groups)
    }

    /// The last window of every engine.
    fn last_windows(&self, used: &[usize], window: usize, lives: &[f64], most: f64) -> Result<Samples, String> {
        let shortest = self.engines.iter().map(|engine| cycles_of(engine)).min().unwrap_or(0);
        if shortest < window {
            return Err(format!("an engine has only {shortest} cycles; make window that small"));
        }
        let mut inputs = Vec::new();
        for engine in &self.engines {
            let cycles = cycles_of(engine);
            push_window(engine, used, cycles - window..cycles, &mut inputs);
        }
        Ok(samples(inputs, lives.iter().map(|life| life.min(most)).collect()))
    }
}

fn cycles_of(engine: &[f64]) -> usize {
    engine.len() / (SETTINGS + SENSORS)
}

fn push_window(engine: &[f64], used: &[usize], cycles: std::ops::Range<usize>, inputs: &mut Vec<f64>) {
    for cycle in cycles {
        inputs.extend(used.iter().map(|at| engine[cycle * (SETTINGS + SENSORS) + at]));
    }
}

fn samples(inputs: Vec<f64>, values: Vec<f64>) -> Samples {
    Samples { inputs: Inputs::Numbers(inputs), targets: TargetData::Numbers { width: 1, values } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use std::fs;

    /// Engines of so many cycles each, whose first sensor tells engine and cycle, and whose others stand still.
    fn fleet(cycles: &[usize]) -> String {
        let mut text = String::new();
        for (engine, cycles) in cycles.iter().enumerate() {
            for cycle in 1..=*cycles {
                write!(text, "{} {cycle} 0.5 0 100 {}.5", engine + 1, engine * 100 + cycle).unwrap();
                text += &" 7".repeat(SENSORS - 1);
                text += "  \n";
            }
        }
        text
    }

    fn load_fleets(train: &[usize], test: &[usize], lives: &str, options: &str) -> Result<Dataset, String> {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("train_FD001.txt", &fleet(train));
        write("test_FD001.txt", &fleet(test));
        write("RUL_FD001.txt", lives);
        Dataset::read(&format!("cmapss:{}{options}", folder.path().display())).map_err(|error| error.to_string())
    }

    #[test]
    fn windows_are_of_one_engine_and_the_engines_of_the_validation_of_no_training() {
        let dataset = load_fleets(&[8, 2, 5, 6], &[4, 3], "20\n1\n", "?window=3&most=4").unwrap();
        assert_eq!((dataset.shape, dataset.features[0].column.as_str()), (Shape::steps(3, 1), "sensor 1"));
        assert_eq!((dataset.train.len(), dataset.test.len()), (6 + 3 + 4, 2));
        let TargetData::Numbers { values, .. } = &dataset.train.targets else { panic!("lives are numbers") };
        assert_eq!(values[..9], [4.0, 4.0, 3.0, 2.0, 1.0, 0.0, 2.0, 1.0, 0.0]);
        assert_eq!(dataset.train.numbers_of(6), [201.5, 202.5, 203.5]);
        assert_eq!(
            (dataset.test.numbers_of(0), dataset.test.numbers_of(1)),
            (&[2.5, 3.5, 4.5][..], &[101.5, 102.5, 103.5][..])
        );
        assert!(matches!(&dataset.test.targets, TargetData::Numbers { values, .. } if *values == [4.0, 1.0]));
        assert!(
            dataset.notes.iter().any(|note| note.starts_with("1 training engine with fewer")),
            "{:?}",
            dataset.notes
        );

        let engine = |at: &u32| (dataset.train.numbers_of(*at as usize)[0] / 100.0) as usize;
        for split in dataset.folds(3, 7).into_iter().chain([dataset.split(0.34, 7)]) {
            assert!(!split.validation.is_empty() && split.train.len() + split.validation.len() == 13);
            assert!(split.train.iter().all(|at| split.validation.iter().all(|held| engine(held) != engine(at))));
        }
    }

    #[test]
    fn files_that_do_not_belong_together_are_refused_in_one_sentence() {
        for (train, lives, options, expected) in [
            (&[8, 5][..], "20\n", "?window=3", "a number for each of the 2 test engines, and found 1"),
            (&[8, 5], "20\n1\n", "?window=4", "an engine has only 3 cycles"),
            (&[2, 2], "20\n1\n", "?window=3", "no engine has 3 cycles"),
            (&[8, 5], "20\n1\n", "?set=FD009", "train_FD009.txt"),
        ] {
            let error = load_fleets(train, &[4, 3], lives, options).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }
}
