//! Every group of settings of a project by its place in the file, and a value put there by its path:
//! `training.optimizer.momentum=0.9`.

use serde_json::{Map, Value};

use backprop_nn::field::{About, Field, Settings};
use backprop_nn::registry::{Entry, TAG};
use backprop_nn::{LayerSpec, LossSpec, OptimizerSpec, ScheduleSpec};

use super::{Project, ProjectError};

/// The names that the tag had in files of the first format.
const FORMER_TAGS: &[&str] = &["layer", "rule"];

impl Project {
    /// Every group of settings with its place, as deep as blocks of layers go: `training`, `model.2`, `model.3.layers.0`.
    pub fn settings(&self) -> Vec<(String, &dyn Settings)> {
        let Self { data, model, adversary, training, checkpoints, teacher, .. } = self;
        let mut groups: Vec<(String, &dyn Settings)> = Vec::new();
        let mut push = |place: &str, settings| groups.push((place.to_owned(), settings));
        push("data", data);
        push("data.augment", &data.augment);
        push("training", training);
        push("training.loss", &*training.loss);
        push("training.optimizer", &*training.optimizer);
        push("training.schedule", &*training.schedule);
        push("training.regularization", &training.regularization);
        push("training.early_stopping", &training.early_stopping);
        push("checkpoints", checkpoints);
        if let Some(teacher) = teacher {
            push("teacher", teacher);
        }
        of_layers(&model.layers, "model", &mut groups);
        if let Some(adversary) = adversary {
            groups.push(("adversary".to_owned(), adversary));
            of_layers(&adversary.discriminator.layers, "adversary.layers", &mut groups);
        }
        groups
    }
}

/// `Settings` of a layer, which its own trait includes.
fn of_layers<'a>(layers: &'a [LayerSpec], place: &str, groups: &mut Vec<(String, &'a dyn Settings)>) {
    for (index, layer) in layers.iter().enumerate() {
        let place = format!("{place}.{index}");
        groups.push((place.clone(), &**layer));
        of_layers(layer.inside().unwrap_or_default(), &format!("{place}.layers"), groups);
    }
}

/// The project with one value changed. Choosing another optimizer, loss, schedule or layer brings that one's defaults with
/// it.
pub fn set(project: &Project, path: &str, text: &str) -> Result<Project, ProjectError> {
    let fail = |what: String| ProjectError::value(path, what);
    let mut root = serde_json::to_value(project).map_err(|error| fail(error.to_string()))?;
    // A file is without them while they are as they come.
    root["checkpoints"] = serde_json::to_value(&project.checkpoints).map_err(|error| fail(error.to_string()))?;
    let (parents, key) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = &mut root;
    for name in parents.split('.').filter(|name| !name.is_empty()) {
        let known = names(place);
        place = step(place, name).ok_or_else(|| fail(format!("there is no {name}; there is {known}")))?;
    }
    let known = names(place);
    let new = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    match place {
        Value::Object(fields) if (key == TAG || FORMER_TAGS.contains(&key)) && fields.contains_key(TAG) => {
            *fields = Map::from_iter([(TAG.to_owned(), new)]);
        }
        Value::Object(fields) if is_left_out(parents, fields, key) => {
            fields.insert(key.to_owned(), new);
        }
        place => {
            let elsewhere = misplaced(parents, place, key)
                .map(|Misplaced { what, owners }| format!("{what}; choose one of them first, {parents}={}", owners[0]));
            let unknown = || fail(elsewhere.unwrap_or_else(|| format!("there is no {key}; there is {known}")));
            *step(place, key).ok_or_else(unknown)? = new;
        }
    }
    serde_json::from_value(root).map_err(|error| fail(super::in_words(&error)))
}

/// Whether a file leaves the setting out while it is as it comes.
fn is_left_out(place: &str, fields: &Map<String, Value>, key: &str) -> bool {
    let of = |tag: &str| list_at(place)?.into_iter().find(|(about, _)| about.key == tag);
    let chosen = fields.get(TAG).and_then(Value::as_str).and_then(of);
    !fields.contains_key(key) && chosen.is_some_and(|(_, known)| known.iter().any(|field| field.key == key))
}

fn step<'a>(place: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match place {
        Value::Object(fields) => fields.get_mut(name),
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn names(place: &Value) -> String {
    match place {
        Value::Object(fields) => fields.keys().cloned().collect::<Vec<_>>().join(", "),
        Value::Array(items) => format!("0 to {}", items.len().saturating_sub(1)),
        _ => "nothing below it".to_owned(),
    }
}

/// A setting that the thing at a place does not have, and others of its list do.
struct Misplaced {
    what: String,
    /// Their keys; at least one.
    owners: Vec<&'static str>,
}

/// The first setting in the text of a project that belongs to another loss, optimizer, schedule or layer than the one that
/// is chosen there.
pub fn misplaced_in(text: &str) -> Option<String> {
    fn below(place: &str, value: &Value) -> Option<String> {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(fields) => {
                let found = fields.keys().find_map(|key| misplaced(place, value, key));
                if let Some(Misplaced { what, .. }) = found {
                    return Some(format!("{place}: {what}; leave it out or choose one of them"));
                }
                fields.iter().map(|(key, value)| (key.clone(), value)).collect()
            }
            Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
            _ => Vec::new(),
        };
        let prefix = if place.is_empty() { String::new() } else { format!("{place}.") };
        children.into_iter().find_map(|(name, value)| below(&format!("{prefix}{name}"), value))
    }
    below("", &serde_json::from_str(text).ok()?)
}

fn misplaced(place: &str, thing: &Value, key: &str) -> Option<Misplaced> {
    let list = list_at(place)?;
    let tag = std::iter::once(&TAG).chain(FORMER_TAGS).find_map(|tag| thing.get(tag)?.as_str())?;
    let is_it = |field: &&Field| field.key == key || field.key.starts_with(&format!("{key}."));
    let has = |fields: &[&Field]| fields.iter().any(is_it);
    let (chosen, fields) = list.iter().find(|(about, _)| about.key == tag)?;
    let owners: Vec<_> = list.iter().filter(|(_, fields)| has(fields)).map(|(about, _)| about.key).collect();
    if owners.is_empty() || has(fields) {
        return None;
    }
    let own: Vec<_> = fields.iter().map(|field| field.key).collect();
    let own = if own.is_empty() { "no settings".to_owned() } else { own.join(", ") };
    let what = format!("{} has {own}; {key} belongs to {}", chosen.key, super::listed(&owners));
    Some(Misplaced { what, owners })
}

/// The list from which the thing at a place of the file is chosen: what each is called, and its settings.
fn list_at(place: &str) -> Option<Vec<(About, Vec<&'static Field>)>> {
    fn list<T>(entries: &'static [Entry<T>]) -> Vec<(About, Vec<&'static Field>)> {
        entries.iter().map(|entry| (entry.about, (entry.fields)())).collect()
    }
    let (parent, name) = place.rsplit_once('.')?;
    match (parent, name) {
        ("training", "loss") => Some(list(LossSpec::ENTRIES)),
        ("training", "optimizer") => Some(list(OptimizerSpec::ENTRIES)),
        ("training", "schedule") => Some(list(ScheduleSpec::ENTRIES)),
        _ if name.parse::<usize>().is_ok() => Some(list(LayerSpec::ENTRIES)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Residual blocks in one another.
    fn nested(depth: usize) -> String {
        let innermost = r#"{"layer":"flatten"}"#.to_owned();
        (0..depth).fold(innermost, |block, _| format!(r#"{{"layer":"residual","layers":[{block}]}}"#))
    }

    #[test]
    fn blocks_may_not_stand_in_one_another_without_end() {
        let mut project = Project::find("mlp").unwrap();
        project.set("model.0", &nested(8)).unwrap();
        for depth in [9, 55] {
            let error = project.set("model.2", &nested(depth)).unwrap_err().to_string();
            assert_eq!(error, "model.2: holds blocks in one another more than 8 deep; take some of them out");
        }
        let text = format!(r#"{{"version":1,"name":"deep","model":[{}]}}"#, nested(50_000));
        let error = Project::parse(&text).unwrap_err();
        assert!(error.contains("brackets stand in one another too deep"), "{error}");
    }

    #[test]
    fn every_number_can_be_reached_and_mistakes_name_the_place() {
        let mut project = Project::find("mlp").unwrap();
        for (path, value) in [
            ("training.learning_rate", "0.01"),
            ("training.optimizer", "nesterov"),
            ("training.optimizer.rule", "momentum"),
            ("training.optimizer.momentum", "0.8"),
            ("training.schedule", "cosine"),
            ("training.schedule.kind", "step"),
            ("training.schedule.factor", "0.5"),
            ("training.regularization.clip_norm", "1"),
            ("training.early_stopping.patience", "3"),
            ("data.augment.rotate", "10"),
            ("training.loss", "huber"),
            ("training.loss.delta", "0.5"),
            ("training.loss.kind", "focal"),
            ("training.loss.class_weights", "balanced"),
            ("training.loss.kind", "softmax_cross_entropy"),
            ("training.loss.class_weights", "[1, 2.5]"),
            ("model.1.units", "64"),
            // Left out of a file while it is off.
            ("model.1.tied", "false"),
            ("name", "mine"),
            ("model.2.layer", "residual"),
            ("model.2.layers.0.filters", "8"),
            ("model.2.layers.1.layer", "residual"),
            ("model.2.layers.1.layers.3.init", "he_normal"),
        ] {
            project.set(path, value).unwrap();
        }
        let text = project.to_text().unwrap();
        assert!(
            text.contains("\"momentum\": 0.8")
                && text.contains("\"units\": 64")
                && text.contains("\"mine\"")
                && text.contains("\"factor\": 0.5"),
            "{text}"
        );

        for (path, value, expected) in [
            (
                "training.speed",
                "1",
                "training.speed: there is no speed; there is batch, early_stopping, epochs, learning_rate, loss, optimizer, regularization, schedule, seed, shuffle, warmup",
            ),
            ("training.learning_rate", "fast", "invalid type: string \"fast\", expected a number"),
            ("model.1.units", "0", "model.1: units is 0; it goes from 1 to 65536"),
            ("model.2.layers.0.filters", "0", "model.2.layers.0: filters is 0; it goes from 1 to 512"),
            ("model.2.layers.1.layers.0.kernel", "90", "model.2.layers.1.layers.0: kernel is 90; it goes from 1 to 11"),
            ("model.2.layers.9.units", "3", "there is no 9; there is 0 to 3"),
            ("name", "", "name: is empty"),
            ("version", "3", "version: is 3"),
            ("training.epochs", "0", "training: epochs is 0; it is at least 1"),
            ("training.learning_rate", "-1", "training: learning_rate is -1; it goes from 0.000001 to 10"),
            ("training.optimizer.rule", "newton", "unknown variant"),
            (
                "training.loss.delta",
                "1",
                "training.loss.delta: softmax_cross_entropy has label_smoothing, class_weights; delta belongs to huber; choose one of them first, training.loss=huber",
            ),
            (
                "training.optimizer.beta1",
                "0.8",
                "training.optimizer.beta1: momentum has momentum; beta1 belongs to adam, amsgrad, adamw, nadam and lion; choose one of them first, training.optimizer=adam",
            ),
            (
                "model.1.rate",
                "0.8",
                "model.1.rate: dense has units, activation, init, tied, penalty.l1, penalty.l2; rate belongs to dropout and spatial_dropout; choose one of them first, model.1=dropout",
            ),
            ("training.loss.label_smoothing", "1", "training.loss: label_smoothing is 1; it goes from 0 to 0.9"),
            (
                "training.loss.class_weights",
                "heavy",
                "class_weights is \"heavy\"; it is \"equal\", \"balanced\" or a list",
            ),
            ("training.loss.class_weights", "[1,-1]", "training.loss: class_weights go from 0"),
            ("training.loss", "hinge", "unknown variant"),
            ("training.schedule", "sudden", "unknown variant"),
            ("training.schedule.factor", "2", "training.schedule: factor is 2; it goes from 0.01 to 1"),
            ("training.regularization.average", "1", "training.regularization: average is 1; it goes from 0 to 0.9999"),
            ("training.early_stopping.patience", "-1", "a whole number"),
            ("model.9.units", "3", "there is no 9; there is 0 to 2"),
            ("data.validation", "0.9", "data: validation is 0.9; it goes from 0 to 0.5"),
            ("", "1", "there is no "),
        ] {
            let error = project.set(path, value).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
