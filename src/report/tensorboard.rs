//! Event files for TensorBoard: the metrics of the epochs, and of the steps where the run has written them, in a folder for each set
//! of samples, so that training and validation lie in one plot.

use crc::{CRC_32_ISCSI, Crc};
use prost::{Message, Oneof};
use serde_json::Value;

use super::Material;
use crate::project::run_log::key_of;
use crate::runs::compare;
use crate::train::Subset;
use crate::train::metrics::METRICS;

/// A file of events in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFile {
    /// "train", "validation" or "test".
    pub folder: &'static str,
    /// Its name, as TensorBoard looks for it.
    pub name: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// An event, `tensorflow/core/util/event.proto`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(oneof = "What", tags = "3, 5")]
    what: Option<What>,
}

#[derive(Clone, PartialEq, Oneof)]
enum What {
    #[prost(string, tag = "3")]
    FileVersion(String),
    #[prost(message, tag = "5")]
    Summary(Summary),
}

/// `tensorflow/core/framework/summary.proto`
#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<SummaryValue>,
}

/// A named value: a number, or a text as a tensor.
#[derive(Clone, PartialEq, Message)]
struct SummaryValue {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(message, optional, tag = "9")]
    metadata: Option<SummaryMetadata>,
    #[prost(oneof = "Content", tags = "2, 8")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    #[prost(float, tag = "2")]
    SimpleValue(f32),
    #[prost(message, tag = "8")]
    Tensor(Tensor),
}

#[derive(Clone, PartialEq, Message)]
struct SummaryMetadata {
    #[prost(message, optional, tag = "1")]
    plugin_data: Option<PluginData>,
}

#[derive(Clone, PartialEq, Message)]
struct PluginData {
    #[prost(string, tag = "1")]
    plugin_name: String,
}

/// `tensorflow/core/framework/tensor.proto`; without a shape it is a single value.
#[derive(Clone, PartialEq, Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<TensorShape>,
    #[prost(bytes = "vec", repeated, tag = "8")]
    string_val: Vec<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorShape {}

/// `DT_STRING`
const STRING: i32 = 7;

/// What the first event of a file says of its format.
const VERSION: &str = "brain.Event:2";

/// Keys of an epoch that are no metrics of a set.
const OF_EPOCH: &[&str] = &["learning_rate", "seconds"];

/// The files of a run; a set of which nothing is known has none.
pub fn files(material: &Material) -> Vec<EventFile> {
    let started = material.stored.info.as_ref().map_or(0, |info| info.started);
    let name = format!("events.out.tfevents.{started}.backprop");
    let subsets = [Subset::Train, Subset::Validation, Subset::Test];
    let of_subset = |part: Subset| {
        let mut events = events(material, part, started as f64);
        if events.is_empty() {
            return None;
        }
        let version = Some(What::FileVersion(VERSION.to_owned()));
        events.insert(0, Event { wall_time: started as f64, step: 0, what: version });
        let bytes = events.iter().flat_map(|event| record(&event.encode_to_vec())).collect();
        Some(EventFile { folder: part.key(), name: name.clone(), bytes })
    };
    subsets.into_iter().filter_map(of_subset).collect()
}

fn events(material: &Material, part: Subset, started: f64) -> Vec<Event> {
    let mut events = Vec::new();
    let (mut seconds, mut epochs) = (0.0, 0);
    if part == Subset::Train {
        events.push(Event { wall_time: started, step: 0, what: Some(What::Summary(text(material))) });
    }
    for line in &material.lines {
        let scalars = |keys: &mut dyn Iterator<Item = (String, String)>| -> Vec<SummaryValue> {
            keys.filter_map(|(key, tag)| scalar(tag, &line[&key])).collect()
        };
        let of_subset = || {
            let metrics = METRICS.iter().filter(|metric| metric.subset.is_some() || part == Subset::Train);
            metrics.map(move |metric| (key_of(part, metric), metric.key.to_owned()))
        };
        let (step, value) = match line["event"].as_str() {
            Some("epoch") if part != Subset::Test => {
                seconds += line["seconds"].as_f64().unwrap_or_default();
                epochs = line["epoch"].as_i64().unwrap_or(epochs + 1);
                let own = OF_EPOCH.iter().filter(|_| part == Subset::Train);
                let own = own.map(|key| ((*key).to_owned(), (*key).to_owned()));
                let mut known: Vec<(String, String)> = of_subset().chain(own).collect();
                known.sort();
                known.dedup();
                (epochs, scalars(&mut known.into_iter()))
            }
            Some("step") if part == Subset::Train => {
                let metrics = METRICS.iter().map(|metric| (metric.key.to_owned(), format!("batch/{}", metric.key)));
                (line["step"].as_i64().unwrap_or_default(), scalars(&mut metrics.into_iter()))
            }
            Some("epoch") => {
                epochs = line["epoch"].as_i64().unwrap_or(epochs + 1);
                seconds += line["seconds"].as_f64().unwrap_or_default();
                continue;
            }
            Some("done") if part == Subset::Test => (epochs, scalars(&mut of_subset())),
            _ => continue,
        };
        if !value.is_empty() {
            let what = Some(What::Summary(Summary { value }));
            events.push(Event { wall_time: started + seconds, step, what });
        }
    }
    events
}

fn scalar(tag: String, value: &Value) -> Option<SummaryValue> {
    let content = Some(Content::SimpleValue(value.as_f64()? as f32));
    Some(SummaryValue { tag, metadata: None, content })
}

/// The settings, as a table in Markdown, which TensorBoard shows under Text.
fn text(material: &Material) -> Summary {
    let project = &material.stored.project;
    let row = |(name, value): (String, String)| format!("| {name} | {} |\n", value.replace('|', "\\|"));
    let layers = project.model.layers.iter().map(|layer| format!("| layer | {layer} |\n"));
    let rows: String = compare::settings(project).into_iter().map(row).chain(layers).collect();
    let plugin = PluginData { plugin_name: "text".to_owned() };
    let tensor = Tensor {
        dtype: STRING,
        shape: Some(TensorShape {}),
        string_val: vec![format!("| setting | value |\n|---|---|\n{rows}").into_bytes()],
    };
    Summary {
        value: vec![SummaryValue {
            tag: "settings".to_owned(),
            metadata: Some(SummaryMetadata { plugin_data: Some(plugin) }),
            content: Some(Content::Tensor(tensor)),
        }],
    }
}

/// A record of a TFRecord file: the length and the bytes, each with its checksum.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = (bytes.len() as u64).to_le_bytes();
    [&length[..], &masked(&length), bytes, &masked(bytes)].concat()
}

/// The checksum of some bytes (CRC-32C), turned and shifted, since one of bytes that hold checksums is weak.
fn masked(bytes: &[u8]) -> [u8; 4] {
    const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
    CRC.checksum(bytes).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_its_checksums() {
        // As TensorBoard 2.21 writes it: tensorboard.summary.writer.record_writer.RecordWriter(file).write(b"abc")
        let expected = [3, 0, 0, 0, 0, 0, 0, 0, 176, 153, 73, 14, 97, 98, 99, 110, 87, 241, 33];
        assert_eq!(record(b"abc"), expected);
    }
}
