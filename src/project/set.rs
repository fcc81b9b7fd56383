//! `--set training.optimizer.momentum=0.9`: a value put into a project by its path in the file.

use serde_json::{Map, Value, json};

use super::{Project, ProjectError};

/// The project with one value changed. Choosing another optimiser, loss, schedule or layer brings that one's defaults with
/// it.
pub fn set(project: &Project, path: &str, text: &str) -> Result<Project, ProjectError> {
    let fail = |what: String| ProjectError::value(path, what);
    let mut root = serde_json::to_value(project).map_err(|error| fail(error.to_string()))?;
    let (parents, key) = path.rsplit_once('.').unwrap_or(("", path));
    let mut place = &mut root;
    for name in parents.split('.').filter(|name| !name.is_empty()) {
        let known = names(place);
        place = step(place, name).ok_or_else(|| fail(format!("there is no {name}; there is {known}")))?;
    }
    let known = names(place);
    let new = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    match place {
        Value::Object(fields) if matches!(key, "rule" | "layer" | "kind") && fields.contains_key(key) => {
            *fields = Map::from_iter([(key.to_owned(), new)]);
        }
        place => {
            let elsewhere = if parents == "training.loss" { super::belongs_elsewhere(place, key) } else { None };
            let unknown = || fail(elsewhere.unwrap_or_else(|| format!("there is no {key}; there is {known}")));
            let place = step(place, key).ok_or_else(unknown)?;
            // Its name is enough for an optimiser with its defaults.
            *place = if place.get("rule").is_some() && new.is_string() { json!({ "rule": new }) } else { new };
        }
    }
    serde_json::from_value(root).map_err(|error| fail(super::in_words(&error)))
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
            ("model.1.units", "0", "model.1: units is 0; it goes from 1 to 4096"),
            ("model.2.layers.0.filters", "0", "model.2.layers.0: filters is 0; it goes from 1 to 512"),
            ("model.2.layers.1.layers.0.kernel", "90", "model.2.layers.1.layers.0: kernel is 90; it goes from 1 to 11"),
            ("model.2.layers.9.units", "3", "there is no 9; there is 0 to 3"),
            ("name", "", "name: is empty"),
            ("version", "2", "version: is 2"),
            ("training.learning_rate", "-1", "training: learning_rate is -1; it goes from 0.000001 to 10"),
            ("training.optimizer.rule", "newton", "unknown variant"),
            (
                "training.loss.delta",
                "1",
                "training.loss.delta: softmax cross-entropy has no delta, which belongs to huber; leave it out",
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
