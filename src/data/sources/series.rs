//! Time series, `series:FILE`: the next values are forecast from a window of earlier rows.

mod known;

pub use known::{Forecasting, Part, read_parts};

use super::chronology::{Asked, Chronology};
use super::csv::no_such_file;
use crate::data::dataset::{Dataset, Feature, Task};
use crate::data::error::{DataError, Remedy, Wrong};
use crate::data::note::{Note, counted};
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Known, Request, Source};
use crate::data::split::{Order, TEST_SHARES, Timeline};
use crate::data::table::{self, Column, Options, Table, marks_text};
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

/// The source `series`: windows of a time series in a text file.
pub const SOURCE: Source = Source {
    name: "series",
    usage: "series:FILE[?column=NAME&window=12&horizon=1]",
    argument: Argument::File,
    options: &[
        Field::of("column", "Columns", Kind::Columns, "The columns that the network reads; the last one by default."),
        Field::of("target", "Targets", Kind::Columns, "The columns that it forecasts; all that it reads by default."),
        Field::whole(
            "window",
            "Window",
            1..=10_000,
            12,
            "Number of rows that it reads at once. A season should fit in.",
        ),
        Field::whole("horizon", "Horizon", 1..=10_000, 1, "How many rows ahead it forecasts. The further, the harder."),
        Field::whole(
            "season",
            "Season",
            0..=10_000,
            0,
            "Period of the series in rows, such as 12 months. The naive forecast then repeats the last season.",
        ),
        Field::of(
            "relative",
            "Differencing",
            Kind::Switch { default: false },
            "Forecast the change from the naive forecast, from windows less their last row: then a series may stand higher than it ever did in training.",
        ),
        Field::of(
            "time",
            "Time",
            Kind::Column,
            "The column of times, by which the rows are sorted; found by its name or its dates by default. none keeps the order of the file.",
        ),
        Field::of(
            "group",
            "Series by",
            Kind::Column,
            "The column that tells several series in one file apart; no window holds rows of two. none reads all rows as one.",
        ),
        Field::real(
            "test",
            "Test split",
            TEST_SHARES,
            0.2,
            "Share of the windows, the last ones, that is held out for the test.",
        ),
    ],
    reading: &table::READING,
    help: "A table whose rows follow one another in time; a network tells what comes next from a window of rows.",
    load,
};

/// The least that can be divided into training, validation and test windows.
const MIN_WINDOWS: usize = 5;

/// More numbers than this in all windows are a mistake, or would not leave room for training.
const MAX_NUMBERS: usize = 1 << 29;

/// What the text of the source asks for.
struct Windowing {
    window: usize,
    horizon: usize,
    season: Option<usize>,
    test_share: f32,
    is_relative: bool,
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(path) = request.find().filter(|path| path.is_file()) else {
        return Err(no_such_file(request));
    };
    let season = request.whole("season")?;
    let windowing = Windowing {
        window: request.whole("window")?,
        horizon: request.whole("horizon")?,
        season: Some(season).filter(|season| *season > 0),
        test_share: request.real("test")?,
        is_relative: request.flag("relative")?,
    };
    let table = Table::read(&path, &Options::of(request)?)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let sheets = table.sheets.clone();
    cut(name, request, table, &windowing).map_err(|wrong| DataError::refused(&path, wrong.or(sheets)))
}

/// Cuts the columns into windows. Errors are sentences about the file.
fn cut(name: String, request: &Request<'_>, mut table: Table, windowing: &Windowing) -> Result<Dataset, Wrong> {
    let columns = columns(request, &table)?;
    let names: Vec<&str> = columns.iter().map(|at| table.columns[*at].name.as_str()).collect();
    let targets = match request.list("target")[..] {
        [] => (0..names.len()).collect(),
        ref chosen => chosen.iter().map(|target| target_at(target, &names)).collect::<Result<Vec<_>, _>>()?,
    };
    let mut notes = std::mem::take(&mut table.notes);
    notes.extend(columns.iter().flat_map(|at| table.columns[*at].notes.clone()));
    notes.extend(columns.iter().filter_map(|at| table.columns[*at].stray_note()).map(Note::from));
    let asked = (request.text("time"), request.text("group"));
    let is_known = request.lookup.known.is_some();
    let asked = Asked { time: asked.0.as_deref(), group: asked.1.as_deref(), is_known };
    let order = Chronology::of(&table, asked, &columns, windowing.window, &mut notes)?;
    if !is_known {
        notes.extend(unread_note(&table, &columns, &order.columns));
    }
    let row_of = |row: Option<usize>| -> Vec<f64> {
        let number = |at: &usize| row.and_then(|row| table.columns[*at].number(row)).unwrap_or(f64::NAN);
        columns.iter().map(number).collect()
    };
    let parts: Vec<Vec<f64>> =
        order.parts.iter().map(|part| part.iter().flat_map(|row| row_of(*row)).collect()).collect();
    let &Windowing { window, horizon, test_share, .. } = windowing;
    let naive_row = naive_row(windowing)?;
    let gap = (horizon - 1) * order.series;
    let mut timeline = Timeline {
        horizon,
        gap,
        naive_row,
        targets,
        train_rows: Vec::new(),
        test_rows: Vec::new(),
        rows: Vec::new(),
        is_relative: windowing.is_relative,
    };
    notes.extend(filled_note(&order, &table, &columns));
    let (mut samples, mut rows) = windows(&parts, names.len(), window, &timeline, &mut notes)?;
    if order.series > 1 {
        // Windows of all series in the order of their targets, so that the last in time are held out.
        let times: Vec<f64> =
            order.parts.iter().flatten().map(|row| row.map_or(f64::NAN, |row| order.times[row])).collect();
        let mut by_time: Vec<u32> = (0..rows.len() as u32).collect();
        by_time.sort_by(|a, b| {
            let time = |at: u32| times[rows[at as usize] as usize - 1];
            time(*a).total_cmp(&time(*b)).then(rows[*a as usize].cmp(&rows[*b as usize]))
        });
        samples = samples.select(&by_time, Shape::steps(window, names.len()));
        rows = by_time.iter().map(|at| rows[*at as usize]).collect();
    }

    let shape = Shape::steps(window, names.len());
    let held = (samples.len() as f32 * test_share).round() as usize;
    let all: Vec<u32> = (0..samples.len() as u32).collect();
    let (test_from, train_to) = (samples.len() - held, (samples.len() - held).saturating_sub(gap));
    let train_to = if held == 0 { samples.len() } else { train_to };
    if train_to == 0 {
        let what = format!("no window is left to train on with horizon={horizon}");
        return Err(Wrong::new(what, [Remedy::new("horizon", "make it smaller")]));
    }
    if let (1, Some(last)) = (order.series, parts.last()) {
        timeline.rows.clone_from(last);
        fill_gaps(&mut timeline.rows, names.len());
    }
    timeline.train_rows = rows[..train_to].to_vec();
    timeline.test_rows = rows[test_from..].to_vec();
    let after = if horizon == 1 { String::new() } else { format!(", {horizon} rows later") };
    Ok(Dataset {
        name,
        shape,
        task: Task::numbers(timeline.targets.iter().map(|at| format!("{}{after}", names[*at])).collect()),
        target: None,
        features: names.into_iter().map(Feature::number).collect(),
        train: samples.select(&all[..train_to], shape),
        test: samples.select(&all[test_from..], shape),
        notes,
        order: Order::Time(timeline),
    })
}

/// The columns that are read: those that are named, those that a network knows, or the last.
fn columns(request: &Request<'_>, table: &Table) -> Result<Vec<usize>, Wrong> {
    let mut named = request.list("column");
    if let (true, Some(Known { features, .. })) = (named.is_empty(), request.lookup.known) {
        named = features.iter().map(|feature| feature.column.as_str()).collect();
    }
    let missing = |name: &str| format!("there is no column {name:?}; there is {}", table.names());
    let mut columns = named
        .into_iter()
        .map(|name| table.find(name).ok_or_else(|| missing(name)))
        .collect::<Result<Vec<usize>, String>>()?;
    if columns.is_empty() {
        let last = table.columns.iter().rposition(|column| !column.holds_words());
        columns.push(last.unwrap_or(table.columns.len() - 1));
    }
    for column in columns.iter().map(|at| &table.columns[*at]) {
        if column.holds_words() || column.cells.iter().all(Option::is_none) {
            let what = column.first_word().map_or("nothing".to_owned(), |word| format!("text such as {word:?}"));
            let what = format!("{} holds {what}, and a series is numbers", column.name);
            return Err(Wrong::new(what, [Remedy::new("column", "choose others with column=NAME")]));
        }
    }
    Ok(columns)
}

/// Which columns are neither read nor times or names of series.
fn unread_note(table: &Table, read: &[usize], order: &[usize]) -> Option<Note> {
    let is_unread = |at: &usize| !read.contains(at) && !order.contains(at);
    let unread: Vec<&Column> = (0..table.columns.len()).filter(is_unread).map(|at| &table.columns[at]).collect();
    let names = |columns: &mut dyn Iterator<Item = &Column>| {
        columns.map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let is = |count: usize| if count == 1 { "is" } else { "are" };
    let all = names(&mut unread.iter().copied());
    let numbers = names(&mut unread.iter().copied().filter(|column| !column.holds_words()));
    let (verb, not, count) = (is(read.len()), is(unread.len()), read.len());
    let read = names(&mut read.iter().map(|at| &table.columns[*at]));
    let more = match &*numbers {
        "" => String::new(),
        numbers => format!("; column={} reads the numbers too", format!("{read}, {numbers}").replace(", ", ",")),
    };
    let alone = if count == 1 { " alone" } else { "" };
    (!unread.is_empty()).then(|| format!("Of the columns {read}{alone} {verb} read, and {all} {not} not{more}").into())
}

/// "3 missing numbers (2 "NA"), replaced by the last one before"; the steps that are missing are told with the gaps.
fn filled_note(order: &Chronology, table: &Table, read: &[usize]) -> Option<Note> {
    let columns = || read.iter().map(|at| &table.columns[*at]);
    let rows = || order.parts.iter().flatten().flatten();
    let missing: usize = columns().map(|column| rows().filter(|row| column.number(**row).is_none()).count()).sum();
    let marks: Vec<String> = columns().filter_map(|column| marks_text(&column.marks)).collect();
    let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
    let numbers = counted(missing, "missing number");
    (missing > 0).then(|| format!("{numbers}{marks}, replaced by the last one before").into())
}

fn target_at(target: &str, names: &[&str]) -> Result<usize, String> {
    let missing = || format!("the target {target} is none of the columns that are read, {}", names.join(", "));
    names.iter().position(|name| *name == target).ok_or_else(missing)
}

/// The row of a window that the seasonal naive forecast repeats: the last one in the season of the target; without
/// seasons the last of all.
fn naive_row(windowing: &Windowing) -> Result<usize, Wrong> {
    let &Windowing { window, horizon, season, .. } = windowing;
    let season = season.unwrap_or(1);
    let back = season * horizon.div_ceil(season) - horizon;
    (window - 1).checked_sub(back).ok_or_else(|| {
        let need = back + 1;
        let what = format!("a window of {window} rows does not reach back by a season of {season}");
        let longer = Remedy { option: "window", advice: format!("make it window={need} or longer").into() };
        Wrong::new(what, [longer, Remedy::new("season", "name a shorter season")])
    })
}

/// Every window of every part with a target. Missing numbers of a window are filled forward; a window without a target,
/// or with nothing before a gap, is left out. With them come the rows of their targets, counted from 1.
fn windows(
    parts: &[Vec<f64>],
    width: usize,
    window: usize,
    timeline: &Timeline,
    notes: &mut Vec<Note>,
) -> Result<(Samples, Vec<u32>), Wrong> {
    let rows: usize = parts.iter().map(|numbers| numbers.len() / width).sum();
    let windows_of = |numbers: &Vec<f64>| (numbers.len() / width + 1).saturating_sub(window + timeline.horizon);
    let count: usize = parts.iter().map(windows_of).sum();
    if count.saturating_mul(window * width) > MAX_NUMBERS {
        let what = format!("{count} windows of {window} rows do not fit into memory");
        return Err(Wrong::new(what, [Remedy::new("window", "make window smaller")]));
    }
    let (mut inputs, mut values, mut target_rows) = (Vec::new(), Vec::new(), Vec::new());
    let mut before = 0;
    for numbers in parts {
        let mut filled = numbers.clone();
        fill_gaps(&mut filled, width);
        for start in 0..windows_of(numbers) {
            let past = &filled[start * width..(start + window) * width];
            let next = &numbers[(start + window + timeline.horizon - 1) * width..][..width];
            let next = timeline.targets.iter().map(|at| next[*at]);
            if past.iter().copied().chain(next.clone()).all(f64::is_finite) {
                inputs.extend_from_slice(past);
                values.extend(next);
                target_rows.push((before + start + window + timeline.horizon) as u32);
            }
        }
        before += numbers.len() / width;
    }
    let samples = Samples {
        inputs: Inputs::Numbers(inputs),
        targets: TargetData::Numbers { width: timeline.targets.len(), values },
    };
    if samples.len() < count {
        notes.push(
            format!("{} of {count} windows without a target or a beginning, left out", count - samples.len()).into(),
        );
    }
    if samples.len() < MIN_WINDOWS {
        let (found, ahead) = (samples.len(), timeline.horizon);
        let what = format!(
            "has {rows} rows, which make {found} windows of {window} rows with a target {ahead} ahead, and {MIN_WINDOWS} are the least{}",
            notes.iter().map(|note| format!("; {note}")).collect::<String>()
        );
        let remedies = [Remedy::new("window", "make window smaller"), Remedy::new("horizon", "make horizon smaller")];
        return Err(Wrong::new(what, remedies));
    }
    Ok((samples, target_rows))
}

/// Replaces every missing number by the last number before it, column by column; returns how many were missing.
pub fn fill_gaps(rows: &mut [f64], width: usize) -> usize {
    let mut missing = 0;
    for at in 0..rows.len() {
        if rows[at].is_nan() {
            missing += 1;
            rows[at] = at.checked_sub(width).map_or(f64::NAN, |before| rows[before]);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn load_text(text: &str, options: &str) -> Result<Dataset, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        fs::write(&path, text).unwrap();
        let place = format!("{}: ", path.display());
        let loaded = Dataset::read(&format!("series:{}{options}", path.display()));
        loaded.map_err(|error| error.to_string().replace(&place, ""))
    }

    /// Days with a number that counts up and one that goes round every four days.
    fn days(count: usize) -> String {
        "day,height,tide\n".to_owned()
            + &(0..count).map(|day| format!("d{day},{day}.5,{}\n", day % 4 * 10)).collect::<String>()
    }

    fn targets(samples: &Samples) -> &[f64] {
        let TargetData::Numbers { values, .. } = &samples.targets else { panic!("a series asks for numbers") };
        values
    }

    fn naive(dataset: &Dataset, sample: usize) -> Vec<f64> {
        let Order::Time(timeline) = &dataset.order else { panic!("a series is in the order of time") };
        timeline.naive_forecast(dataset.shape.channels()).of(dataset.test.numbers_of(sample)).collect()
    }

    #[test]
    fn quarters_weeks_clocks_and_shuffled_counts_are_times() {
        let seconds = |row: usize| (1_614_902_400 + 86_400 * row).to_string();
        let times: [(&str, &dyn Fn(usize) -> String); 6] = [
            ("period", &|row| format!("{}-Q{}", 2000 + row / 4, row % 4 + 1)),
            ("when", &|row| format!("Q{} {}", row % 4 + 1, 2000 + row / 4)),
            ("week", &|row| format!("2001-W{:02}", row + 1)),
            ("clock", &|row| format!("{:02}:{:02}", row / 60, row % 60)),
            ("ts", &seconds),
            ("", &|row| row.to_string()),
        ];
        for (name, time) in times {
            let row = |row: usize| format!("{},{row}.5\n", time(row));
            // Every seventh row of 40 comes next.
            let text: String = (0..40).map(|at| row(at * 7 % 40)).collect();
            let dataset = load_text(&format!("{name},x\n{text}"), "?target=x&window=1&test=0.2").unwrap();
            let numbers: Vec<f64> = (0..4).map(|at| targets(&dataset.train)[at]).collect();
            assert_eq!(numbers, [1.5, 2.5, 3.5, 4.5], "{name}: {:?}", dataset.notes);
            assert!(
                dataset.notes.iter().any(|note| note.to_string().contains("were sorted by")),
                "{name}: {:?}",
                dataset.notes
            );
        }
    }

    #[test]
    fn windows_follow_one_another_and_the_test_comes_last() {
        let dataset = load_text(&days(23), "?window=3").unwrap();
        assert_eq!((dataset.shape, dataset.train.len(), dataset.test.len()), (Shape::steps(3, 1), 16, 4));
        assert_eq!(dataset.task, Task::numbers(vec!["tide".to_owned()]));
        assert_eq!((dataset.train.numbers_of(1), targets(&dataset.train)[1]), (&[10.0, 20.0, 30.0][..], 0.0));
        let split = dataset.split(0.25, 7);
        assert!(split.train.iter().copied().eq(0..12) && split.validation.iter().copied().eq(12..16), "{split:?}");

        let both = load_text(&days(23), "?window=3&column=height,tide&horizon=2&target=height").unwrap();
        assert_eq!(both.task, Task::numbers(vec!["height, 2 rows later".to_owned()]));
        assert_eq!((both.train.numbers_of(0), targets(&both.train)[0]), (&[0.5, 0.0, 1.5, 10.0, 2.5, 20.0][..], 4.5));
        let Order::Time(timeline) = &both.order else { panic!("a series is in the order of time") };
        assert_eq!((&timeline.train_rows[..2], &timeline.test_rows[..]), (&[5, 6][..], &[20, 21, 22, 23][..]));
        // Of 19 windows four are for the test; the target of the one before them was not known when the first was asked.
        assert_eq!((both.train.len(), both.test.len(), targets(&both.test)[0]), (14, 4, 19.5));
        assert_eq!(naive(&both, 0), [17.5]);
    }

    #[test]
    fn the_naive_forecast_repeats_the_last_row_or_that_of_a_season_before() {
        let last = load_text(&days(30), "?window=6").unwrap();
        let seasonal = load_text(&days(30), "?window=6&season=4").unwrap();
        for sample in 0..last.test.len() {
            let window = last.test.numbers_of(sample);
            assert_eq!(
                (naive(&last, sample), naive(&seasonal, sample)),
                (vec![window[5]], vec![targets(&last.test)[sample]])
            );
        }
        let far = load_text(&days(40), "?window=6&season=4&horizon=5").unwrap();
        assert_eq!(naive(&far, 0), [targets(&far.test)[0]]);
        let error = load_text(&days(30), "?window=3&season=4").unwrap_err();
        assert!(error.contains("does not reach back by a season of 4; make it window=4 or longer"), "{error}");
    }

    #[test]
    fn gaps_are_filled_from_before_and_are_never_a_target() {
        let cell = |row: usize| if row == 9 { "?".to_owned() } else { format!("{row}.5") };
        let rows = (0..20).map(|row| format!("d{row},{}\n", cell(row)));
        let dataset = load_text(&rows.collect::<String>(), "?window=2&test=0").unwrap();
        assert_eq!((dataset.train.len(), dataset.train.numbers_of(7)), (17, &[8.5, 8.5][..]));
        assert!(!targets(&dataset.train).contains(&9.5) && targets(&dataset.train)[7] == 10.5);
        assert!(dataset.notes.iter().any(|note| note.contains("1 missing number")), "{:?}", dataset.notes);
        assert!(dataset.notes.iter().any(|note| note.starts_with("1 of 18 windows")), "{:?}", dataset.notes);
    }

    #[test]
    fn a_time_in_several_columns_is_put_together_and_several_keys_tell_series_apart() {
        let hours: String =
            (0..240).map(|at| format!("2024-01-{:02},{:02}:00,{}.5\n", 1 + at / 24, at % 24, at)).collect();
        let dataset = load_text(&format!("date,hour,load\n{hours}"), "?test=0").unwrap();
        assert_eq!(dataset.train.len(), 228, "one series: {:?}", dataset.notes);
        assert!(dataset.notes.iter().any(|note| note.starts_with("The time is put together from date, hour")));
        let days: String = (0..100)
            .map(|at| format!("{},{},{},{}.5\n", 2023 + at / 60, 1 + at % 60 / 28, 1 + at % 60 % 28, at))
            .collect();
        let dataset = load_text(&format!("year,month,day,load\n{days}"), "?window=4&test=0").unwrap();
        assert!(dataset.train.len() > 80, "{} {:?}", dataset.train.len(), dataset.notes);
        let keys = |named: bool| -> String {
            let row = |at: usize| {
                let (day, shop, item) = (at / 4, at % 2, at / 2 % 2);
                let keys = if named { format!("s{shop},i{item},") } else { String::new() };
                format!("2024-{:02}-{:02},{keys}{at}.5\n", 1 + day / 28, 1 + day % 28)
            };
            (0..160).map(row).collect()
        };
        let dataset = load_text(&format!("day,shop,item,sold\n{}", keys(true)), "?window=4&test=0").unwrap();
        assert!(dataset.notes.iter().any(|note| note.starts_with("4 series by shop and item")), "{:?}", dataset.notes);
        let refused = load_text(&format!("day,sold\n{}", keys(false)), "?window=4").unwrap_err();
        assert!(refused.contains("rows have a time in day that another has, with other numbers"), "{refused}");
        assert!(load_text(&format!("day,sold\n{}", keys(false)), "?window=4&group=none").is_ok());
    }

    #[test]
    fn what_makes_no_windows_is_refused_in_one_sentence() {
        for (rows, options, expected) in [
            (20, "?window=30", "has 20 rows, which make 0 windows of 30 rows with a target 1 ahead"),
            (20, "?window=3&horizon=17", "make window smaller, or make horizon smaller"),
            (20, "?window=0", "window from 1 to"),
            (20, "?column=depth", "there is no column \"depth\"; there is day, height, tide"),
            (20, "?column=day", "day holds text such as \"d0\""),
            (20, "?column=tide&target=height", "the target height is none of the columns that are read, tide"),
            (30, "?window=2&horizon=20", "no window is left to train on with horizon=20"),
        ] {
            let error = load_text(&days(rows), options).unwrap_err();
            assert!(error.contains(expected) && !error.contains('\n'), "{options}: {error}");
        }
        assert!(Dataset::read("series:none.csv").unwrap_err().to_string().contains("there is no such file"));
    }
}
