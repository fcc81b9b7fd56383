//! Times that stand in several columns, a day and its hour, or year, month and day; and quarters, weeks and times of day.

use chrono::{NaiveDate, NaiveTime, Timelike as _, Weekday};

use crate::data::note::Note;
use crate::data::table::{Column, Table};

/// What the columns of smaller parts of a time are called, in small letters, and their seconds.
const PARTS: [(&[&str], f64); 3] = [
    (&["hour", "hr", "hours", "time", "time of day"], 3600.0),
    (&["minute", "min", "minutes"], 60.0),
    (&["second", "sec", "seconds"], 1.0),
];

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The times of a column that come several times, made finer by what other columns say of the same moments; nothing if there
/// are no such columns. Which they are is noted and returned.
pub fn finer(
    table: &Table,
    read: &[usize],
    at: usize,
    times: &[f64],
    notes: &mut Vec<Note>,
) -> Option<(Vec<usize>, Vec<f64>)> {
    if repeats(times) == 0 {
        return None;
    }
    let others = || table.columns.iter().enumerate().filter(|(other, _)| *other != at && !read.contains(other));
    let called = |names: &[&str]| {
        others().map(|(_, column)| column).find(|column| names.contains(&&*column.name.trim().to_lowercase()))
    };
    let mut used = vec![&*table.columns[at].name];
    let mut finer = times.to_vec();
    let is_year = table.columns[at].name.trim().eq_ignore_ascii_case("year") && !table.columns[at].holds_words();
    if is_year {
        let (month, day) = (called(&["month", "mon", "mo"])?, called(&["day", "day of month", "dom"]));
        used.extend([Some(month), day].into_iter().flatten().map(|column| &*column.name));
        let date = |row: usize| {
            let day = day.map_or(Some(1.0), |day| day.number(row))?;
            let date = NaiveDate::from_ymd_opt(times[row] as i32, month_of(month, row)?, day as u32)?;
            Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
        };
        finer = (0..table.rows).map(|row| date(row).unwrap_or(f64::NAN)).collect();
    }
    for (names, seconds) in PARTS {
        let Some(column) = called(names).filter(|_| repeats(&finer) > 0) else { continue };
        let of_row = |row: usize| match column.number(row) {
            Some(number) => Some(number * seconds),
            None => clock_of(column.cells[row].as_deref()?),
        };
        let parts: Vec<f64> = (0..table.rows).map(|row| of_row(row).unwrap_or(f64::NAN)).collect();
        if parts.iter().all(|part| (0.0..86_400.0).contains(part)) {
            finer.iter_mut().zip(parts).for_each(|(time, part)| *time += part);
            used.push(&column.name);
        }
    }
    let is_finer = repeats(&finer) < repeats(times);
    is_finer.then(|| {
        notes.push(Note::or(
            format!("The time is put together from {}", used.join(", ")),
            "time",
            used[0],
            "takes it alone",
        ));
        (used.iter().filter_map(|name| table.named(name)).collect(), finer)
    })
}

/// How many times have come before.
fn repeats(times: &[f64]) -> usize {
    let mut sorted: Vec<f64> = times.iter().copied().filter(|time| !time.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// Whether the cells of a column are names of months, weekdays or quarters.
pub fn is_part_of_time(column: &Column) -> bool {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let begins = |cell: &str, names: &[&str]| names.iter().any(|name| cell.to_lowercase().starts_with(name));
    let are = |names: &[&str]| column.cells.iter().flatten().all(|cell| begins(cell, names));
    are(&MONTHS) || are(&DAYS) || are(&["q1", "q2", "q3", "q4"]) || periods(column).is_some()
}

/// 1 to 12, of a number or of the beginning of an English name.
fn month_of(column: &Column, row: usize) -> Option<u32> {
    if let Some(number) = column.number(row) {
        return (1.0..=12.0).contains(&number).then_some(number as u32);
    }
    let name = column.cells[row].as_deref()?.to_lowercase();
    MONTHS.iter().zip(1..).find(|(month, _)| name.starts_with(*month)).map(|(_, number)| number)
}

/// One cell in so many may be something else.
const STRAY: usize = 20;

/// The times of a column of quarters, "2022-Q2", weeks, "2022-W38", or times of day, "16:05", in seconds; NaN where a cell is
/// none. Nothing if it holds others.
pub fn periods(column: &Column) -> Option<Vec<f64>> {
    let present = column.cells.iter().flatten().count();
    let read = |period: fn(&str) -> Option<f64>| {
        let times: Vec<Option<f64>> = column.cells.iter().map(|cell| cell.as_deref().and_then(period)).collect();
        let is_period = present > 0 && times.iter().flatten().count() * STRAY >= present * (STRAY - 1);
        is_period.then(|| times.into_iter().map(|time| time.unwrap_or(f64::NAN)).collect())
    };
    [quarter_of, week_of, clock_of].into_iter().find_map(read)
}

/// The year and the number beside a letter: 2022 and 2 of "2022-Q2", "2022Q2" and "Q2 2022".
fn numbered(cell: &str, letter: char) -> Option<(i32, u32)> {
    let cell = cell.trim().to_uppercase();
    let (before, after) = cell.split_once(letter)?;
    let digits = |text: &str| text.trim_matches([' ', '-', '/', '_', '.', ',']).to_owned();
    let (before, after) = (digits(before), digits(after));
    let (year, number) = match before.is_empty() {
        true => {
            let (number, year) = after.split_once([' ', '-', '/', '_'])?;
            (digits(year), number.to_owned())
        }
        false => (before, after),
    };
    let year = if year.len() == 4 { year.parse().ok()? } else { return None };
    Some((year, number.parse().ok()?))
}

fn quarter_of(cell: &str) -> Option<f64> {
    let (year, quarter) = numbered(cell, 'Q').filter(|(_, quarter)| (1..=4).contains(quarter))?;
    let date = NaiveDate::from_ymd_opt(year, 3 * quarter - 2, 1)?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
}

/// Weeks of ISO 8601, which begin on Monday.
fn week_of(cell: &str) -> Option<f64> {
    let (year, week) = numbered(cell, 'W')?;
    let date = NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
}

/// Seconds since midnight.
fn clock_of(cell: &str) -> Option<f64> {
    let read = |format: &&str| NaiveTime::parse_from_str(cell, format).ok();
    let time = ["%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p"].iter().find_map(read)?;
    Some(f64::from(time.num_seconds_from_midnight()))
}
