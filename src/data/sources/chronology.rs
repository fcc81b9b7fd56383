//! The order of a series in time: its time column is found, rows are sorted by it, and series that stand in one file are
//! told apart. Duplicates, gaps and changes of order are told.

mod apart;
mod clock;

use apart::{ask_for_blocks, in_blocks, members, telling_apart};

use super::dates::{DateFormat, day_number};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};
use crate::data::table::{Column, Table};

/// What a column of times is called, in small letters.
const TIME_NAMES: &[&str] = &[
    "time",
    "date",
    "datetime",
    "timestamp",
    "day",
    "week",
    "month",
    "year",
    "hour",
    "minute",
    "second",
    "t",
    "ds",
    "period",
    "step",
    "date time",
    "date_time",
    "quarter",
    "ts",
    "time stamp",
    "time_stamp",
    "unix",
    "unix time",
    "unix_time",
    "unixtime",
    "epoch",
    "epoch_ms",
    "epoch_s",
];

/// What a column that counts the rows is called, in small letters.
const COUNT_NAMES: &[&str] = &["", "column 1", "index", "idx", "unnamed: 0", "row", "id", "nr", "no", "no.", "#"];

/// A step that is longer than the usual one by more than this is a gap.
const GAP: f64 = 1.5;

/// The share of rows with the time of another and other numbers from which a file is taken for several series.
const MIXED: f64 = 0.1;

/// The share of the steps between the rows of a series that are alike; of those between working days four in five are.
const ALIKE: f64 = 0.7;

/// Fewer steps tell nothing.
const FEW_STEPS: usize = 10;

/// Rows in the order of time, in parts that follow one another without a gap.
pub struct Chronology {
    /// The rows of each part; none where a step is missing.
    pub parts: Vec<Vec<Option<usize>>>,
    /// The name of the series of each part; empty where there is one alone.
    pub names: Vec<String>,
    /// The time of each row of the table.
    pub times: Vec<f64>,
    /// How many series there are.
    pub series: usize,
    /// The columns that say the times of the rows and the series that they are of.
    pub columns: Vec<usize>,
}

/// What is asked of the order of the rows.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The column of times, `"none"` for no such column.
    pub time: Option<&'a str>,
    /// The column that tells series apart, likewise.
    pub group: Option<&'a str>,
    /// Whether a network is known that reads the rows: what can be asked nobody is then decided.
    pub is_known: bool,
}

impl Chronology {
    /// Arranges the rows. `read` are the columns of the series itself. A step that is missing is put in as long as no more than `most` are missing at once.
    pub fn of(
        table: &Table,
        Asked { time, group, is_known }: Asked<'_>,
        read: &[usize],
        most: usize,
        notes: &mut Vec<Note>,
    ) -> Result<Self, Wrong> {
        let find = |name: &str, option: &'static str| {
            let what = || format!("there is no column {name:?}; there is {}", table.names());
            table.find(name).ok_or_else(|| Wrong::new(what(), [Remedy::new(option, "name another, or none")]))
        };
        let asked = time;
        let (time, times) = match time {
            Some("none") => (Vec::new(), None),
            Some(name) => {
                let at = find(name, "time")?;
                let times = times_of(&table.columns[at], true, notes)?.ok_or_else(|| {
                    Wrong::new(format!("{name} holds no times"), [Remedy::new("time", "name another with time=NAME")])
                })?;
                (vec![at], Some(times))
            }
            None => found(table, read, notes)?.map_or((Vec::new(), None), |(at, times)| (at, Some(times))),
        };
        let in_file = || (0..table.rows).map(|row| row as f64).collect::<Vec<_>>();
        let is_chosen = group.is_some();
        let group = match group {
            Some("none") => None,
            Some(name) => Some(vec![find(name, "group")?]),
            None => times.as_ref().and_then(|times| telling_apart(table, times, read, &time)),
        };
        let blocks = if is_chosen || group.is_some() { None } else { in_blocks(table, read, &time) };
        if let Some(at) = blocks.filter(|_| !is_known) {
            return Err(ask_for_blocks(&table.columns[at]));
        }
        let group = group.or(blocks.map(|at| vec![at]));
        if let (None, Some(at)) = (asked, time.first()) {
            let name = &table.columns[*at].name;
            notes.push(Note::or(
                format!("{name} holds the times of the rows"),
                "time",
                "none",
                "takes them as they stand",
            ));
            let what = "Read as a series: what comes next is predicted from the rows before; as a table (csv:FILE), rows are independent";
            notes.push(Note::or_as(what, "csv"));
        }
        let columns = time.iter().copied().chain(group.iter().flatten().copied()).collect();
        let Some(times) = times else {
            let parts = vec![(0..table.rows).map(Some).collect()];
            let mut all = Self { parts, names: vec![String::new()], times: in_file(), series: 1, columns };
            if let Some(group) = group {
                let members = members(table, &group);
                all.names = members.keys().map(|key| key.join(" ")).collect();
                all.parts = members.into_values().map(|rows| rows.into_iter().map(Some).collect()).collect();
                all.series = all.parts.len();
            }
            return Ok(all);
        };
        let name = time.first().map_or("", |at| table.columns[*at].name.as_str());
        let without = times.iter().filter(|time| time.is_nan()).count();
        if without > 0 {
            notes.push(format!("{} without a time in {name}, left out", counted(without, "row")).into());
        }
        let groups: Vec<(String, Vec<usize>)> = match &group {
            Some(group) => members(table, group).into_iter().map(|(key, rows)| (key.join(" "), rows)).collect(),
            None => vec![(String::new(), (0..table.rows).collect())],
        };
        if let (Some(group), count @ 2..) = (&group, groups.len()) {
            let what = group.iter().map(|at| &*table.columns[*at].name).collect::<Vec<_>>().join(" and ");
            notes.push(Note::or(
                format!("{count} series by {what}, each for itself"),
                "group",
                "none",
                "reads the rows as one",
            ));
        }
        let mut arranged = Self { parts: Vec::new(), names: Vec::new(), times, series: groups.len(), columns };
        let mut told = Told::default();
        for (name, rows) in groups {
            arranged.add(table, rows, read, most, &mut told);
            arranged.names.resize(arranged.parts.len(), name);
        }
        if !is_chosen && told.different as f64 > MIXED * table.rows as f64 {
            let (rows, all) = (told.different, table.rows);
            let what = format!(
                "{rows} of {all} rows have a time in {name} that another has, with other numbers, as several series in one file have"
            );
            let remedies = [
                Remedy::new("group", "name the column that tells them apart with group=NAME"),
                Remedy::new("group", "keep the first row of each time with group=none"),
                Remedy::new("group", "read the rows as independent with csv:FILE"),
            ];
            return Err(Wrong::new(what, remedies));
        }
        told.say(name, notes);
        Ok(arranged)
    }

    /// Sorts the rows of one series and cuts it at its gaps.
    fn add(&mut self, table: &Table, mut rows: Vec<usize>, read: &[usize], most: usize, told: &mut Told) {
        let times = &self.times;
        rows.retain(|row| !times[*row].is_nan());
        told.backwards += usize::from(rows.len() > 1 && rows.windows(2).all(|pair| times[pair[0]] >= times[pair[1]]));
        told.unsorted += usize::from(rows.windows(2).any(|pair| times[pair[0]] > times[pair[1]]));
        if rows.windows(2).all(|pair| times[pair[0]] >= times[pair[1]]) {
            rows.reverse();
        }
        rows.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
        let before = rows.len();
        let is_same =
            |a: usize, b: usize| read.iter().all(|at| table.columns[*at].cells[a] == table.columns[*at].cells[b]);
        rows.dedup_by(|a, b| {
            let is_double = times[*a] == times[*b];
            told.different += usize::from(is_double && !is_same(*a, *b));
            is_double
        });
        told.doubles += before - rows.len();
        let mut steps: Vec<f64> = rows.windows(2).map(|pair| times[pair[1]] - times[pair[0]]).collect();
        steps.sort_by(f64::total_cmp);
        let usual = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
        // Working days leave out every weekend; what comes so often is no gap.
        let is_gap = |step: f64| step > GAP * usual;
        let longer: Vec<f64> = steps.iter().copied().filter(|step| is_gap(*step)).collect();
        let has_gaps = longer.len() * 10 < steps.len();
        let mut part: Vec<Option<usize>> = Vec::with_capacity(rows.len());
        for (at, &row) in rows.iter().enumerate() {
            let step = at.checked_sub(1).map_or(usual, |before| times[row] - times[rows[before]]);
            if has_gaps && is_gap(step) {
                let missing = (step / usual).round() as usize - 1;
                told.gaps += 1;
                told.missing += missing;
                if missing > most {
                    self.parts.push(std::mem::take(&mut part));
                } else {
                    part.extend(std::iter::repeat_n(None, missing));
                }
            }
            part.push(Some(row));
        }
        self.parts.push(part);
        self.parts.retain(|part| !part.is_empty());
    }
}

/// What there is to say of the order of the rows.
#[derive(Default)]
struct Told {
    backwards: usize,
    unsorted: usize,
    doubles: usize,
    different: usize,
    gaps: usize,
    missing: usize,
}

impl Told {
    fn say(&self, time: &str, notes: &mut Vec<Note>) {
        if self.backwards > 0 {
            let what = format!("The newest row comes first, and the rows were turned round by {time}");
            notes.push(Note::or(what, "time", "none", "keeps their order"));
        } else if self.unsorted > 0 {
            let what = format!("The rows were sorted by {time}");
            notes.push(Note::or(what, "time", "none", "keeps the order of the file"));
        }
        if self.doubles > 0 {
            let times = counted(self.doubles, "row");
            let which = match self.different {
                0 => String::new(),
                different => format!(", {different} with other numbers"),
            };
            notes.push(
                format!("{times} with a time in {time} that another has{which}: the first of each time is kept").into(),
            );
        }
        if self.gaps > 0 {
            let (gaps, steps) = (counted(self.gaps, "gap"), counted(self.missing, "step"));
            notes.push(
                format!("{gaps} in {time}, {steps} long; no window has a target there, and none crosses a long one")
                    .into(),
            );
        }
    }
}

/// The column of times of a table that may be a series, or several: most steps are alike, and each time comes once, but for a few
/// that are left out then. Of a table that has nothing but times and a number, any may come again.
pub fn time_column(table: &Table) -> Option<&str> {
    let (at, times) = found(table, &[], &mut Vec::new()).ok()??;
    let most = if table.columns.len() == 2 { 1.0 } else { MIXED };
    let is_regular = |rows: &[usize]| {
        let mut times: Vec<f64> = rows.iter().map(|row| times[*row]).filter(|time| !time.is_nan()).collect();
        times.sort_by(f64::total_cmp);
        let before = times.len();
        times.dedup();
        let has_few_doubles = (before - times.len()) as f64 <= most * before as f64;
        let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        let Some(usual) = steps.get(steps.len() / 2).copied() else { return false };
        let alike = steps.iter().filter(|step| (usual / GAP..=usual * GAP).contains(*step)).count();
        has_few_doubles && steps.len() >= FEW_STEPS && alike as f64 >= ALIKE * steps.len() as f64
    };
    // The one number of a series tells no series apart.
    let numbers: Vec<usize> =
        (0..table.columns.len()).filter(|other| !at.contains(other) && !table.columns[*other].holds_words()).collect();
    let read = if let [one] = numbers[..] { vec![one] } else { Vec::new() };
    let is_series = match telling_apart(table, &times, &read, &at) {
        Some(group) => members(table, &group).values().all(|rows| is_regular(rows)),
        None => is_regular(&(0..table.rows).collect::<Vec<_>>()),
    };
    at.first().filter(|_| is_series).map(|at| table.columns[*at].name.as_str())
}

/// Columns that tell a time together, and the times.
type Times = (Vec<usize>, Vec<f64>);

/// The column of times, if one is called like that or holds dates, and others that make them finer.
fn found(table: &Table, read: &[usize], notes: &mut Vec<Note>) -> Result<Option<Times>, Wrong> {
    let others = || table.columns.iter().enumerate().filter(|(at, _)| !read.contains(at));
    let is_named = |column: &Column| TIME_NAMES.contains(&&*column.name.trim().to_lowercase());
    let named = others().filter(|(_, column)| is_named(column)).map(|named| (named, true));
    for ((at, column), is_named) in named.chain(others().map(|other| (other, false))) {
        if let Some(times) = times_of(column, is_named, notes)? {
            let finer = clock::finer(table, read, at, &times, notes);
            return Ok(Some(finer.unwrap_or((vec![at], times))));
        }
    }
    let counts = others().find_map(|(at, column)| Some((vec![at], shuffled_count(column)?)));
    Ok(counts)
}

/// The numbers of a column that counts the rows, which stand in another order.
fn shuffled_count(column: &Column) -> Option<Vec<f64>> {
    if column.holds_words() || !COUNT_NAMES.contains(&&*column.name.trim().to_lowercase()) {
        return None;
    }
    let numbers: Vec<f64> = (0..column.cells.len()).map(|row| column.number(row)).collect::<Option<_>>()?;
    let mut sorted = numbers.clone();
    sorted.sort_by(f64::total_cmp);
    let counts = sorted.len() > FEW_STEPS && sorted.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    (counts && sorted != numbers).then_some(numbers)
}

/// The times of a column in seconds, or in its own unit where it counts; NaN where a cell is none. Nothing if it holds no
/// times. Numbers are times only where the column `is_named` so.
fn times_of(column: &Column, is_named: bool, notes: &mut Vec<Note>) -> Result<Option<Vec<f64>>, Wrong> {
    let rows = 0..column.cells.len();
    if !column.holds_words() {
        let dates =
            || rows.clone().map(|row| column.number(row).and_then(day_number).unwrap_or(f64::NAN)).collect::<Vec<_>>();
        let numbers = || rows.clone().map(|row| column.number(row).unwrap_or(f64::NAN)).collect::<Vec<_>>();
        let are_dates = rows.clone().all(|row| column.number(row).is_none_or(|number| day_number(number).is_some()));
        return Ok(is_named.then(|| if are_dates { dates() } else { numbers() }));
    }
    if let Some(times) = clock::periods(column) {
        return Ok(Some(times));
    }
    let said = notes.len();
    let Some(format) = DateFormat::of(column, notes)? else {
        let almost = if notes.len() == said { DateFormat::of_mostly(column) } else { None };
        let name = &column.name;
        let note =
            almost.map(|almost| Note::from(format!("{name} {almost}, and is not read as the times of the rows")));
        notes.extend(note.filter(|note| !notes.contains(note)));
        return Ok(None);
    };
    let time = |cell: &Option<String>| cell.as_deref().and_then(|cell| format.read(cell)).unwrap_or(f64::NAN);
    Ok(Some(column.cells.iter().map(time).collect()))
}
