//! How two runs differ: their settings by place, and their layers one after the other.

use serde_json::Value;

use crate::project::Project;

/// Every setting of a project but its layers, "learning rate", with its value as text.
pub fn settings(project: &Project) -> Vec<(String, String)> {
    let text = project.to_text().unwrap_or_default();
    let mut found = Vec::new();
    if let Ok(Value::Object(mut fields)) = serde_json::from_str(&text) {
        for key in ["version", "name", "model", "checkpoints"] {
            fields.remove(key);
        }
        if let Some(Value::Object(adversary)) = fields.get_mut("adversary") {
            adversary.remove("layers");
            adversary.remove("discriminator");
        }
        flatten("", &Value::Object(fields), &mut found);
    }
    found
}

fn flatten(place: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                // What kind of optimizer it is, is the optimizer; and most settings are of the training.
                let place = match (place, &**key) {
                    ("", "training" | "data") => String::new(),
                    (place, "kind") => place.to_owned(),
                    ("", key) => key.replace('_', " "),
                    (place, key) => format!("{place} {}", key.replace('_', " ")),
                };
                flatten(&place, value, found);
            }
        }
        Value::String(text) => found.push((place.to_owned(), text.clone())),
        other => found.push((place.to_owned(), other.to_string())),
    }
}

/// What turns one project into the other, "learning rate 0.002 → 0.006", "+ Dropout 0.3"; nothing if they are the same.
pub fn difference(from: &Project, to: &Project) -> Vec<String> {
    let (before, after) = (settings(from), settings(to));
    let of = |settings: &[(String, String)], name: &str| {
        settings.iter().find(|(known, _)| known == name).map_or("–".to_owned(), |(_, value)| value.clone())
    };
    let mut names: Vec<&String> = before.iter().map(|(name, _)| name).collect();
    names.extend(after.iter().map(|(name, _)| name).filter(|name| !before.iter().any(|(known, _)| known == *name)));
    let changed = names.into_iter().filter_map(|name| {
        let (old, new) = (of(&before, name), of(&after, name));
        (old != new).then(|| format!("{name} {old} → {new}"))
    });
    let layers = |project: &Project| -> Vec<String> {
        let own = project.model.layers.iter().map(ToString::to_string);
        let other = project.adversary.iter().flat_map(|it| &it.discriminator.layers);
        own.chain(other.map(|layer| format!("discriminator: {layer}"))).collect()
    };
    let mut found: Vec<String> = changed.chain(changes(&layers(from), &layers(to))).collect();
    if from.model != to.model {
        found.extend(within(from, to).into_iter().filter(|_| layers(from) == layers(to)));
    }
    found
}

/// The settings of layers that their names do not tell, such as those within a block: "model.2.layers.1 causal true → false".
fn within(from: &Project, to: &Project) -> Vec<String> {
    let of = |project: &Project| -> Vec<(String, String)> {
        let mut found = Vec::new();
        let layers = serde_json::to_value(&project.model).unwrap_or_default();
        places("model", &layers, &mut found);
        found
    };
    let (before, after) = (of(from), of(to));
    let value = |settings: &[(String, String)], place: &str| {
        settings.iter().find(|(known, _)| known == place).map_or("–".to_owned(), |(_, value)| value.clone())
    };
    let mut names: Vec<&String> = before.iter().chain(&after).map(|(place, _)| place).collect();
    names.sort();
    names.dedup();
    let differs = |place: &&String| value(&before, place) != value(&after, place);
    let told = |place: &String| format!("{place} {} → {}", value(&before, place), value(&after, place));
    names.into_iter().filter(differs).map(told).collect()
}

/// Every value below a place, by the path that `--set` takes.
fn places(place: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| places(&format!("{place}.{key}"), value, found)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| places(&format!("{place}.{at}"), item, found));
        }
        Value::String(text) => found.push((place.to_owned(), text.clone())),
        other => found.push((place.to_owned(), other.to_string())),
    }
}

/// The fewest layers that are taken away and added, by the longest common subsequence.
fn changes(from: &[String], to: &[String]) -> Vec<String> {
    let mut common = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in (0..from.len()).rev() {
        for j in (0..to.len()).rev() {
            common[i][j] =
                if from[i] == to[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while i < from.len() || j < to.len() {
        if i < from.len() && j < to.len() && from[i] == to[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == to.len() || i < from.len() && common[i + 1][j] >= common[i][j + 1] {
            found.push(format!("− {}", from[i]));
            i += 1;
        } else {
            found.push(format!("+ {}", to[j]));
            j += 1;
        }
    }
    found
}

/// The settings in which some of these projects differ from others, in their order.
pub fn that_differ(projects: &[&Project]) -> Vec<String> {
    let all: Vec<_> = projects.iter().map(|project| settings(project)).collect();
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in all.iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let value = |of: &[(String, String)], name: &String| of.iter().find(|it| it.0 == *name).map(|it| it.1.clone());
    let differs = |name: &&&String| {
        let first = all.first().and_then(|of| value(of, name));
        all.iter().any(|of| value(of, name) != first)
    };
    names.iter().filter(differs).map(|name| (**name).clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::presets;

    #[test]
    fn settings_and_layers_that_differ_are_told_in_words() {
        let from = presets::find("wine").unwrap().unwrap();
        let mut to = from.clone();
        assert!(difference(&from, &to).is_empty());
        to.set("training.learning_rate", "0.25").unwrap();
        to.set("training.optimizer", "lion").unwrap();
        let last = to.model.layers.len() - 1;
        to.model.layers.insert(last, presets::find("spiral").unwrap().unwrap().model.layers[0].clone());
        let told = difference(&from, &to);
        let rate = from.training.learning_rate;
        assert!(told.contains(&format!("learning rate {rate} → 0.25")), "{told:?}");
        assert!(told.iter().any(|line| line.starts_with("optimizer ") && line.ends_with("→ lion")), "{told:?}");
        assert_eq!(told.iter().filter(|line| line.starts_with("+ Dense")).count(), 1, "{told:?}");
        assert!(!told.iter().any(|line| line.starts_with('−')), "{told:?}");
        assert!(that_differ(&[&from, &to]).contains(&"learning rate".to_owned()));
    }

    #[test]
    fn as_few_layers_as_can_be_are_exchanged() {
        let names = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        assert_eq!(changes(&names("abcd"), &names("axcd")), ["− b", "+ x"]);
        assert_eq!(changes(&names("ab"), &names("ab")), [""; 0]);
        assert_eq!(changes(&names("ab"), &names("")), ["− a", "− b"]);
    }
}
