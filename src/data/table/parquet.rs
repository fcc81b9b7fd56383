//! A Parquet file as rows of cells.

use chrono::{DateTime, NaiveDate, TimeDelta};
use parquet::basic::{Compression, LogicalType, TimeUnit};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::Value;

use super::foreign;
use super::json::{Object, Objects};
use super::rows::Rows;
use crate::data::note::Note;

/// What a Parquet file begins with.
pub const MAGIC: &[u8] = b"PAR1";

/// A file with more cells than this does not fit into the memory of most machines.
const MAX_CELLS: i64 = 50_000_000;

/// The rows of a Parquet file.
pub fn rows(bytes: Vec<u8>, notes: &mut Vec<Note>) -> Result<Rows, String> {
    let damaged = |why: &dyn std::fmt::Display| format!("this Parquet file is damaged: {why}; write it again");
    match foreign::read(|| read(bytes, notes)) {
        Some(Ok(rows)) => rows,
        Some(Err(error)) => Err(damaged(&error)),
        None => Err(damaged(&"it cannot be read to its end")),
    }
}

fn read(bytes: Vec<u8>, notes: &mut Vec<Note>) -> Result<Result<Rows, String>, ParquetError> {
    let file = SerializedFileReader::new(bytes::Bytes::from(bytes))?;
    let metadata = file.metadata().file_metadata();
    let columns = metadata.schema_descr().root_schema().get_fields();
    let cells = metadata.num_rows().saturating_mul(columns.len() as i64);
    if cells > MAX_CELLS {
        return Ok(Err(format!("has {cells} cells, and {MAX_CELLS} are the most; take a part of it")));
    }
    if let Some(compression) = unread_compression(file.metadata()) {
        return Ok(Err(format!(
            "its columns are compressed with {compression}, which is not read; write it with snappy, zstd, gzip or no compression"
        )));
    }
    let are_nanoseconds: Vec<bool> = columns.iter().map(|column| holds_nanoseconds(column)).collect();
    let mut table = Objects::default();
    for (line, row) in (1..).zip(file.get_row_iter(None)?) {
        let fields = row?.into_columns().into_iter().zip(&are_nanoseconds).map(|((name, field), are_nanoseconds)| {
            let value = match field {
                Field::Long(time) if *are_nanoseconds => time_text(DateTime::from_timestamp_nanos(time)),
                field => value(field),
            };
            (name, value)
        });
        table.add(line, Object(fields.collect()));
    }
    Ok(table.rows(notes))
}

/// The name of a compression that this program does not decompress, if a column has one.
fn unread_compression(metadata: &ParquetMetaData) -> Option<String> {
    let mut columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    let name = |compression| match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => None,
        Compression::BROTLI(_) => Some("brotli".to_owned()),
        Compression::LZ4 | Compression::LZ4_RAW => Some("lz4".to_owned()),
        other => Some(other.to_string().to_lowercase()),
    };
    columns.find_map(|column| name(column.compression()))
}

/// The reader knows no such times, and gives their number.
fn holds_nanoseconds(column: &Type) -> bool {
    matches!(column.get_basic_info().logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS)
}

/// With its time of day also at midnight, so that all cells of a column are written alike.
fn time_text(time: DateTime<chrono::Utc>) -> Value {
    Value::String(time.naive_utc().format("%Y-%m-%d %H:%M:%S%.f").to_string())
}

fn value(field: Field) -> Value {
    let day = |days: i32| {
        let days = TimeDelta::days(days.into());
        NaiveDate::default().checked_add_signed(days).map_or(Value::Null, |day| Value::String(day.to_string()))
    };
    let row =
        |row: Row| Value::Object(row.into_columns().into_iter().map(|(name, field)| (name, value(field))).collect());
    match field {
        Field::Null => Value::Null,
        Field::Bool(is_true) => Value::Bool(is_true),
        Field::Date(days) => day(days),
        Field::TimestampMillis(time) => DateTime::from_timestamp_millis(time).map_or(Value::Null, time_text),
        Field::TimestampMicros(time) => DateTime::from_timestamp_micros(time).map_or(Value::Null, time_text),
        Field::Str(text) => Value::String(text),
        Field::Float(number) => Value::String(number.to_string()),
        Field::Double(number) => Value::String(number.to_string()),
        Field::Bytes(bytes) => Value::String(String::from_utf8_lossy(bytes.data()).into_owned()),
        Field::Group(group) => row(group),
        list @ Field::ListInternal(_) => Value::String(list.to_string()),
        other => Value::String(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Options, Table};

    fn read(file: &[u8]) -> Table {
        Table::parse(file.to_vec(), &Options::default()).unwrap()
    }

    fn cells<'a>(table: &'a Table, column: &str) -> Vec<Option<&'a str>> {
        let at = table.named(column).unwrap_or_else(|| panic!("no {column}"));
        table.columns[at].cells.iter().map(Option::as_deref).collect()
    }

    /// As pandas and Polars write it, with each kind of compression: `tests/fixtures/tables/parquet.py`.
    #[test]
    fn every_kind_of_cell_is_read_with_every_compression() {
        for file in [
            &include_bytes!("../../../tests/fixtures/tables/snappy.parquet")[..],
            include_bytes!("../../../tests/fixtures/tables/zstd.parquet"),
            include_bytes!("../../../tests/fixtures/tables/gzip.parquet"),
        ] {
            let table = read(file);
            assert_eq!(table.rows, 3);
            assert_eq!(cells(&table, "whole"), [Some("9007199254740991"), Some("-2"), Some("3")]);
            assert_eq!(cells(&table, "real"), [Some("0.1"), None, Some("1000000")]);
            assert_eq!(cells(&table, "single"), [Some("0.1"), Some("2.5"), Some("-3")]);
            assert_eq!(cells(&table, "word"), [Some("ä, b"), None, Some("c")]);
            assert_eq!(cells(&table, "kind"), [Some("red"), Some("blue"), Some("red")]);
            assert_eq!(cells(&table, "flag"), [Some("true"), Some("false"), Some("true")]);
            assert_eq!(cells(&table, "day"), [Some("2020-02-29"), Some("2020-03-01"), None]);
            let moments = [Some("2020-02-29 12:30:00"), Some("2020-03-01 00:00:00"), None];
            assert_eq!(cells(&table, "nanoseconds"), moments);
            assert_eq!(cells(&table, "microseconds"), cells(&table, "nanoseconds"));
            assert_eq!(cells(&table, "price"), [Some("1.25"), Some("-0.5"), Some("100")]);
            assert_eq!(cells(&table, "place.x"), [Some("1"), Some("2"), Some("3")]);
            assert_eq!(cells(&table, "list"), [Some("[1, 2]"), Some("[]"), Some("[3]")]);
        }
    }

    #[test]
    fn a_compression_that_is_not_read_is_named_with_the_remedy() {
        for (name, file) in [
            ("brotli", &include_bytes!("../../../tests/fixtures/tables/brotli.parquet")[..]),
            ("lz4", include_bytes!("../../../tests/fixtures/tables/lz4.parquet")),
        ] {
            let refused = Table::parse(file.to_vec(), &Options::default()).unwrap_err().to_string();
            assert!(refused.contains(&format!("compressed with {name}")), "{refused}");
            assert!(refused.contains("write it with snappy, zstd, gzip or no compression"), "{refused}");
        }
    }

    #[test]
    fn a_damaged_file_is_refused_or_read_and_one_that_is_cut_is_refused() {
        let whole = include_bytes!("../../../tests/fixtures/tables/snappy.parquet");
        for at in super::MAGIC.len()..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 0x5a;
            let _ = Table::parse(damaged, &Options::default());
            let cut = Table::parse(whole[..at].to_vec(), &Options::default());
            assert!(cut.is_err(), "{at} bytes are a file");
        }
    }
}
