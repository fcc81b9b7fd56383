//! Dates and times as people and programs write them.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::data::table::Column;

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

const DATES: &[&str] = &[
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
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
];

/// Dates of months, to which a first day is added.
const MONTHS: &[&str] = &["%Y-%m", "%Y/%m", "%m/%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%YM%m"];

/// The name of times with an offset from Greenwich.
const ZONED: &str = "RFC 3339";

/// In a column of times, one cell in so many may be something else.
const STRAY: usize = 20;

const SECONDS_OF_A_DAY: f64 = 86_400.0;

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
}

impl DateFormat {
    fn all() -> impl Iterator<Item = Self> {
        let (dates, times) =
            (DATES.iter().map(|format| Self::Date(format)), DATE_TIMES.iter().map(|format| Self::DateTime(format)));
        dates.chain(times).chain(MONTHS.iter().map(|format| Self::Month(format))).chain([Self::Zoned])
    }

    /// The format of this name, `%Y-%m-%d`.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|format| format.name() == name)
    }

    /// Its name, `%Y-%m-%d`, in the letters of `strftime`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DateTime(format) | Self::Date(format) | Self::Month(format) => format,
            Self::Zoned => ZONED,
        }
    }

    /// How the words of a column are written, if all but a few are times; and another way in which they can be read as well.
    pub fn of(column: &Column) -> Option<(Self, Option<Self>)> {
        let cells: Vec<&str> = column.cells.iter().flatten().map(String::as_str).collect();
        if cells.is_empty() || !column.holds_words() {
            return None;
        }
        let reads = |format: &Self| {
            cells.iter().filter(|cell| format.read(cell).is_some()).count() * STRAY >= cells.len() * (STRAY - 1)
        };
        let fitting: Vec<Self> = Self::all().filter(reads).collect();
        // Of 01/02/2020, the day is what makes the steps alike.
        let irregular = |format: &Self| {
            let times: Vec<f64> = cells.iter().filter_map(|cell| format.read(cell)).collect();
            let steps: std::collections::BTreeSet<i64> =
                times.windows(2).map(|pair| (pair[1] - pair[0]).abs() as i64).collect();
            steps.len()
        };
        let format = *fitting.iter().min_by_key(|format| irregular(format))?;
        let is_other = |other: &&Self| cells.iter().any(|cell| other.read(cell) != format.read(cell));
        Some((format, fitting.iter().find(is_other).copied()))
    }

    /// Seconds since 1970; nothing if a text is written otherwise.
    pub fn read(self, cell: &str) -> Option<f64> {
        let seconds = |time: NaiveDateTime| time.and_utc().timestamp_millis() as f64 / 1000.0;
        match self {
            Self::DateTime(format) => NaiveDateTime::parse_from_str(cell, format).ok().map(seconds),
            Self::Date(format) => {
                NaiveDate::parse_from_str(cell, format).ok().map(|date| seconds(date.and_time(NaiveTime::MIN)))
            }
            Self::Month(format) => {
                let date = NaiveDate::parse_from_str(&format!("{cell} 1"), &format!("{format} %d")).ok()?;
                Some(seconds(date.and_time(NaiveTime::MIN)))
            }
            Self::Zoned => {
                chrono::DateTime::parse_from_rfc3339(cell).ok().map(|time| time.timestamp_millis() as f64 / 1000.0)
            }
        }
    }

    /// Days since 1970.
    pub fn days(self, cell: &str) -> Option<f64> {
        self.read(cell).map(|seconds| seconds / SECONDS_OF_A_DAY)
    }
}

/// 20240131 as a day, in seconds since 1970.
pub fn day_number(number: f64) -> Option<f64> {
    let is_day = number.fract() == 0.0 && (19_000_101.0..21_001_231.0).contains(&number);
    let date = NaiveDate::parse_from_str(&format!("{number}"), "%Y%m%d").ok().filter(|_| is_day)?;
    Some(date.and_time(NaiveTime::MIN).and_utc().timestamp() as f64)
}
