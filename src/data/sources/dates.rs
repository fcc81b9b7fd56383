//! Dates and times as people and programs write them.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike};

use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};
use crate::data::table::{Column, FirstOfDate};

const DATE_TIMES: &[&str] = &[
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
];

/// A day as one number, 20240131.
const DAY_NUMBER: &str = "%Y%m%d";

const DATES: &[&str] = &[
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    DAY_NUMBER,
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%m-%d-%y",
    "%d-%m-%y",
];

/// Dates of months, to which a first day is added.
const MONTHS: &[&str] = &["%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%YM%m"];

/// Times of the day and durations, which have no date: hours, minutes and seconds.
const CLOCKS: &[&str] = &["%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p"];

/// The name of times with an offset from Greenwich.
const ZONED: &str = "RFC 3339";

/// In a column of times, one cell in so many may be something else.
const STRAY: usize = 20;

/// Steps that are this many times more regular decide between day and month.
const CLEARLY: f64 = 2.0;

/// Cells that show how most are written.
const LOOKED_AT: usize = 500;

/// So many different numbers that are all days are no chance.
const MANY_DAYS: usize = 10;

const SECONDS_OF_A_DAY: f64 = 86_400.0;
const SECONDS_OF_AN_HOUR: f64 = 3600.0;

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFormat {
    /// A day and a time.
    DateTime(&'static str),
    /// A day.
    Date(&'static str),
    /// A month.
    Month(&'static str),
    /// With an offset from Greenwich.
    Zoned,
    /// A time of the day, or a duration, which may have more than 24 hours.
    Clock(&'static str),
}

impl DateFormat {
    /// All but clocks, which are no moments.
    fn all() -> impl Iterator<Item = Self> {
        let (dates, times) =
            (DATES.iter().map(|format| Self::Date(format)), DATE_TIMES.iter().map(|format| Self::DateTime(format)));
        dates.chain(times).chain(MONTHS.iter().map(|format| Self::Month(format))).chain([Self::Zoned])
    }

    fn clocks() -> impl Iterator<Item = Self> {
        CLOCKS.iter().map(|format| Self::Clock(format))
    }

    /// The format of this name, `%Y-%m-%d`.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().chain(Self::clocks()).find(|format| format.name() == name)
    }

    /// Its name, `%Y-%m-%d`, in the letters of `strftime`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DateTime(format) | Self::Date(format) | Self::Month(format) | Self::Clock(format) => format,
            Self::Zoned => ZONED,
        }
    }

    /// Its name in letters that need no explanation, `YYYY-MM-DD`.
    pub fn shown(self) -> String {
        const LETTERS: [(&str, &str); 11] = [
            ("%.f", ""),
            ("%Y", "YYYY"),
            ("%y", "YY"),
            ("%m", "MM"),
            ("%d", "DD"),
            ("%b", "Mon"),
            ("%B", "Month"),
            ("%H", "HH"),
            ("%I", "HH"),
            ("%M", "MM"),
            ("%S", "SS"),
        ];
        let shown = LETTERS.iter().fold(self.name().to_owned(), |name, (letter, shown)| name.replace(letter, shown));
        shown.replace("%p", "AM/PM")
    }

    /// "date" or "time".
    fn kind(self) -> &'static str {
        if matches!(self, Self::Clock(_)) { "time" } else { "date" }
    }

    /// That cells of a column are none, "3 cells of day not a date (YYYY-MM-DD), such as "soon", taken for missing".
    pub fn unread_note(self, column: &Column) -> Option<String> {
        let unread: Vec<&String> = column.cells.iter().flatten().filter(|cell| self.number(cell).is_none()).collect();
        let (first, count, name) = (unread.first()?, counted(unread.len(), "cell"), &column.name);
        let (kind, shown) = (self.kind(), self.shown());
        Some(format!("{count} of {name} not a {kind} ({shown}), such as {first:?}, taken for missing"))
    }

    /// How most cells of a column are written, where too many others keep it from being read so, and what there is to say of it.
    pub fn of_mostly(column: &Column) -> Option<String> {
        let cells = || column.cells.iter().flatten();
        let with_digits = cells().filter(|cell| cell.bytes().any(|byte| byte.is_ascii_digit())).count();
        if with_digits * 2 <= cells().count() {
            return None;
        }
        let is_none = |format: Self| cells().filter(move |cell| format.read(cell).is_none());
        let unread_of_first =
            |format: &Self| cells().take(LOOKED_AT).filter(|cell| format.read(cell).is_none()).count();
        let format = Self::all().chain(Self::clocks()).min_by_key(unread_of_first)?;
        let (none, all) = (is_none(format).count(), cells().count());
        let first = is_none(format).next().filter(|_| none * 2 < all)?;
        let (kind, shown) = (format.kind(), format.shown());
        Some(format!("mostly holds {kind}s ({shown}), but {none} of {all} cells are none, such as {first:?}"))
    }

    /// How the whole numbers of a column are written that are all days, 20240131, where there are many different ones.
    pub fn of_day_numbers(column: &Column) -> Option<Self> {
        let numbers = || (0..column.cells.len()).filter_map(|row| column.number(row));
        let are_days = !column.holds_words() && column.first_word().is_none();
        let are_days = are_days && numbers().all(|number| day_number(number).is_some());
        (are_days && column.distinct().len() >= MANY_DAYS).then_some(Self::Date(DAY_NUMBER))
    }

    /// Whether a day or a month comes first, where a text such as 01/02/2020 leaves it open.
    fn first(self) -> Option<FirstOfDate> {
        match self.name().get(..2) {
            Some("%d") if !self.name().to_lowercase().contains("%b") => Some(FirstOfDate::Day),
            Some("%m") if self.name().contains("%d") => Some(FirstOfDate::Month),
            _ => None,
        }
    }

    /// How the words of a column are written, if all but a few are times of the day or durations.
    pub fn of_clock(column: &Column) -> Option<Self> {
        let cells: Vec<&str> = column.cells.iter().flatten().map(String::as_str).collect();
        let reads = |format: &Self| cells.iter().filter(|cell| format.read(cell).is_some()).count();
        let is_read = |format: &Self| reads(format) * STRAY >= cells.len() * (STRAY - 1);
        Self::clocks().find(is_read).filter(|_| !cells.is_empty() && column.holds_words())
    }

    /// How the words of a column are written, if all but a few are times. Where day and month can be told apart by nothing
    /// but the steps from time to time, the notes say so; where not even by them, the column is refused.
    pub fn of(column: &Column, notes: &mut Vec<Note>) -> Result<Option<Self>, Wrong> {
        let cells: Vec<&str> = column.cells.iter().flatten().map(String::as_str).collect();
        if cells.is_empty() || !column.holds_words() {
            return Ok(None);
        }
        let is_asked = |format: &Self| match (format.first(), column.first_of_date) {
            (Some(first), Some(asked)) => first == asked,
            _ => true,
        };
        let reads = |format: &Self| {
            cells.iter().filter(|cell| format.read(cell).is_some()).count() * STRAY >= cells.len() * (STRAY - 1)
        };
        let mut fitting = Self::all().filter(is_asked).filter(reads);
        let Some(format) = fitting.next() else { return Ok(Self::of_most(&cells, is_asked, &column.name, notes)) };
        let differs = |other: &Self, cell: &&str| other.read(cell) != format.read(cell);
        let Some(other) = fitting.find(|other| cells.iter().any(|cell| differs(other, cell))) else {
            return Ok(Some(format));
        };
        let (one, another) = (format.irregularity(&cells), other.irregularity(&cells));
        let name = &column.name;
        let chosen = match () {
            () if CLEARLY * one <= another => format,
            () if CLEARLY * another <= one => other,
            () => {
                let cell = cells.iter().find(|cell| differs(&other, cell)).copied().unwrap_or_default();
                let read = |format: Self| format.read(cell).map(day_text).unwrap_or_default();
                let what = format!(
                    "{cell:?} in {name} may be {} or {}, and nothing in the file decides it",
                    read(format),
                    read(other)
                );
                return Err(Wrong::new(what, [Remedy::new("dates", "say dates=day-first or dates=month-first")]));
            }
        };
        let (value, then) = match chosen.first() {
            Some(FirstOfDate::Day) => ("month-first", "reads the month first"),
            _ => ("day-first", "reads the day first"),
        };
        let what = format!("{name} is read as {}, which makes its steps regular", chosen.shown());
        notes.push(Note::or(what, "dates", value, then));
        Ok(Some(chosen))
    }

    /// How most of the cells are written, where the others are written in other ways that leave nothing open.
    fn of_most(cells: &[&str], is_asked: impl Fn(&Self) -> bool, column: &str, notes: &mut Vec<Note>) -> Option<Self> {
        let reads = |format: Self| cells.iter().filter(|cell| format.read(cell).is_some()).count();
        let (count, format) = Self::all()
            .filter(is_asked)
            .map(|format| (reads(format), format))
            .reduce(|most, other| if other.0 > most.0 { other } else { most })?;
        let in_all = cells.iter().filter(|cell| format.read_like(cell).is_some()).count();
        if count * 2 < cells.len() {
            return None;
        }
        if in_all * STRAY < cells.len() * (STRAY - 1) {
            if let Some(open) = cells
                .iter()
                .find(|cell| Self::all().any(|other| other.read(cell).is_some()) && format.read_like(cell).is_none())
            {
                let what = format!(
                    "{open:?} in {column} may be two days, beside {count} cells written as {}; write all in one way",
                    format.shown()
                );
                notes.push(what.into());
            }
            return None;
        }
        let is_other = |cell: &&&str| format.read(cell).is_none() && format.read_like(cell).is_some();
        let other = cells.iter().find(is_other).copied()?;
        let day = format.read_like(other).map(day_text)?;
        let others = counted(cells.iter().filter(is_other).count(), "cell");
        let name = format.shown();
        let what = format!("{others} of {column} not written as {name}, as most are: {other:?} is read as {day}");
        notes.push(what.into());
        Some(format)
    }

    /// The longest step from time to time over the usual one; NaN where there are too few steps to tell.
    fn irregularity(self, cells: &[&str]) -> f64 {
        let mut times: Vec<f64> = cells.iter().filter_map(|cell| self.read(cell)).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let mut steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        match steps[..] {
            [_, _, .., longest] => longest / steps[steps.len() / 2],
            _ => f64::NAN,
        }
    }

    /// Seconds since 1970, or those of a clock; nothing if a text is written otherwise.
    pub fn read(self, cell: &str) -> Option<f64> {
        let date =
            |cell: &str, format: &str| Some(NaiveDate::parse_from_str(cell, format).ok()?.and_time(NaiveTime::MIN));
        let time = match self {
            // Its parts may be shorter otherwise: 2024131.
            Self::Date(DAY_NUMBER) if cell.len() != 8 => return None,
            Self::DateTime(format) => NaiveDateTime::parse_from_str(cell, format).ok()?,
            Self::Date(format) => date(cell, format)?,
            Self::Month(format) => date(&format!("{cell} 1"), &format!("{format} %d"))?,
            Self::Zoned => chrono::DateTime::parse_from_rfc3339(cell).ok()?.naive_utc(),
            Self::Clock(format) => return clock(cell, format),
        };
        // The year of Jan-00 is written with two digits.
        let is_year = time.year() >= 1000 || !self.name().contains("%Y");
        is_year.then(|| time.and_utc().timestamp_millis() as f64 / 1000.0)
    }

    /// The same of a text that may also be written in another way, if it is the same day in all that have the order of day
    /// and month of this one.
    fn read_like(self, cell: &str) -> Option<f64> {
        let is_moment = !matches!(self, Self::Clock(_));
        self.read(cell).or_else(|| {
            let has_order =
                |other: &Self| self.first().is_none() || other.first().is_none_or(|first| Some(first) == self.first());
            let mut readings = Self::all().filter(has_order).filter_map(|other| other.read(cell));
            let first = readings.next().filter(|_| is_moment)?;
            readings.all(|reading| reading == first).then_some(first)
        })
    }

    /// What the first of these cells that day and month stand in the other order in shows: a day past the twelfth, where no
    /// cell has one in this order.
    pub fn contradicted<'a>(self, cells: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
        let own = self.first()?;
        let orders = |cell: &str| {
            let reads = |is_own: bool| {
                let has_order = |other: &Self| other.first().is_some_and(|first| (first == own) == is_own);
                Self::all().filter(has_order).any(|other| other.read(cell).is_some())
            };
            (reads(true), reads(false))
        };
        let is_confirmed = cells.clone().any(|cell| orders(cell) == (true, false));
        cells.into_iter().find(|cell| !is_confirmed && orders(cell) == (false, true))
    }

    /// The day of a text that would be another one with day and month exchanged: "1 February 2020".
    pub fn open_day(self, cell: &str) -> Option<String> {
        let own = self.first()?;
        let day = self.read_like(cell)?;
        let is_other = |other: &Self| other.first().is_some_and(|first| first != own);
        let is_open = Self::all().filter(is_other).filter_map(|other| other.read(cell)).any(|other| other != day);
        is_open.then(|| day_text(day))
    }

    /// The order of its day and month, as the option names it.
    pub fn order(self) -> &'static str {
        match self.first() {
            Some(FirstOfDate::Month) => "month first",
            _ => "day first",
        }
    }

    /// The number that a network reads, of a text that is written so, or in another way that leaves nothing open.
    pub fn number(self, cell: &str) -> Option<f64> {
        let seconds = match self {
            Self::Clock(_) => SECONDS_OF_AN_HOUR,
            _ => SECONDS_OF_A_DAY,
        };
        self.read_like(cell).map(|time| time / seconds)
    }

    /// The unit of that number.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Clock(_) => "hours",
            _ => "days since 1970",
        }
    }
}

/// The seconds of a clock.
fn clock(cell: &str, format: &str) -> Option<f64> {
    if format.contains("%p") {
        let time = NaiveTime::parse_from_str(cell, format).ok()?;
        return Some(f64::from(time.num_seconds_from_midnight()));
    }
    let (hours, rest) = cell.split_once(':')?;
    let (minutes, seconds) = if format.contains("%S") { rest.split_once(':')? } else { (rest, "0") };
    let whole = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let is_part = |text: &str| text.split('.').next().is_some_and(|whole| whole.len() == 2 && *whole < *"60");
    let seconds_alone = seconds.parse::<f64>().ok().filter(|_| seconds == "0" || is_part(seconds))?;
    let minutes = whole(minutes).filter(|_| is_part(minutes))?;
    Some(f64::from(whole(hours)?) * SECONDS_OF_AN_HOUR + f64::from(minutes) * 60.0 + seconds_alone)
}

/// "2 January 2020", of seconds since 1970.
fn day_text(seconds: f64) -> String {
    let time = chrono::DateTime::from_timestamp_secs(seconds as i64);
    time.map_or_else(String::new, |time| time.format("%-d %B %Y").to_string())
}

/// 20240131 as a day, in seconds since 1970.
pub fn day_number(number: f64) -> Option<f64> {
    let is_day = number.fract() == 0.0 && (19_000_101.0..21_001_231.0).contains(&number);
    let date = NaiveDate::parse_from_str(&format!("{number}"), "%Y%m%d").ok().filter(|_| is_day)?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_of_two_digits_are_no_years_of_antiquity() {
        for (format, cell, year) in
            [("%b-%y", "Jan-00", 2000), ("%d-%b-%y", "03-Feb-21", 2021), ("%d.%m.%y", "03.02.21", 2021)]
        {
            let read = DateFormat::named(format).unwrap().read(cell).unwrap();
            assert_eq!(chrono::DateTime::from_timestamp_secs(read as i64).unwrap().year(), year, "{cell}");
        }
        assert_eq!(DateFormat::named("%b-%Y").unwrap().read("Jan-00"), None);
        assert_eq!(DateFormat::named("%d.%m.%Y").unwrap().read("03.02.21"), None);
    }

    #[test]
    fn clocks_are_hours() {
        for (format, cell, hours) in [
            ("%H:%M", "06:30", Some(6.5)),
            ("%H:%M:%S", "161:14:24", Some(161.24)),
            ("%H:%M:%S", "0:00:36.0", Some(0.01)),
            ("%I:%M %p", "3:30 PM", Some(15.5)),
            ("%H:%M", "06:75", None),
            ("%H:%M", "06:30:00", None),
            ("%H:%M", "2020-04-03", None),
        ] {
            assert_eq!(DateFormat::named(format).unwrap().number(cell), hours, "{cell}");
        }
    }

    #[test]
    fn a_date_in_another_way_is_read_where_it_leaves_nothing_open() {
        let days = |format: &str, cell: &str| DateFormat::named(format).unwrap().number(cell);
        let day = days("%Y-%m-%d", "2020-04-03");
        for (format, cell) in [
            ("%d/%m/%Y", "03/04/2020"),
            ("%d/%m/%Y", "2020-04-03"),
            ("%d/%m/%Y", "3 Apr 2020"),
            ("%d/%m/%Y", "03-04-2020"),
            ("%m/%d/%Y", "04/03/2020"),
            ("%Y-%m-%d", "03.04.2020"),
        ] {
            assert_eq!(days(format, cell), day, "{cell} as {format}");
        }
        assert_eq!(days("%Y-%m-%d", "03/04/2020"), None);
        let slashes = DateFormat::named("%d/%m/%Y").unwrap();
        assert_eq!(slashes.contradicted(["01/02/2020", "01/13/2020"].into_iter()), Some("01/13/2020"));
        assert_eq!(slashes.contradicted(["13/02/2020", "01/13/2020"].into_iter()), None);
        assert_eq!(slashes.open_day("01/02/2020").as_deref(), Some("1 February 2020"));
        assert_eq!(slashes.open_day("13/02/2020"), None);
    }
}
