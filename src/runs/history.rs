//! The lines of a run so far. A line that was torn when the program was killed is none, and what came after a checkpoint is told
//! again by the run that goes on from there.

use std::path::Path;

use serde_json::Value;

use crate::project::ProjectError;
use crate::project::run_folder::METRICS;

/// All whole lines of a run folder.
pub fn read(folder: &Path) -> Result<Vec<Value>, ProjectError> {
    let path = folder.join(METRICS);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(ProjectError::file(&path, error)),
    };
    let lines = bytes.split(|byte| *byte == b'\n');
    Ok(lines.map_while(|line| serde_json::from_slice(line).ok()).collect())
}

/// The lines up to a checkpoint, after so many steps and epochs.
pub fn up_to(lines: Vec<Value>, step: u64, epochs: u32) -> Vec<Value> {
    let counts = |line: &Value, key: &str, most: u64| line[key].as_u64().is_some_and(|number| number <= most);
    let is_before = |line: &Value| match line["event"].as_str() {
        Some("step" | "layers" | "changed") => counts(line, "step", step),
        Some("epoch") => counts(line, "epoch", epochs.into()),
        // How it ended is for the run that goes on to tell.
        Some("best" | "baseline" | "done") => false,
        _ => true,
    };
    lines.into_iter().filter(is_before).collect()
}

/// The lines as the contents of the file.
pub fn text(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_torn_line_is_none_and_what_followed_a_checkpoint_is_told_again() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path()).unwrap().is_empty());
        let lines = [
            json!({"event": "start"}),
            json!({"event": "step", "step": 7}),
            json!({"event": "epoch", "epoch": 1}),
            json!({"event": "step", "step": 12}),
            json!({"event": "epoch", "epoch": 2}),
            json!({"event": "done"}),
        ];
        std::fs::write(folder.path().join(METRICS), text(&lines) + "{\"event\": \"ep").unwrap();
        let found = read(folder.path()).unwrap();
        assert_eq!(found, lines);
        assert_eq!(up_to(found, 10, 1), lines[..3]);
    }
}
