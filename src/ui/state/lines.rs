//! What a run has told, line by line, for a copy of it. Its own folder has all lines; here are as many as fit into bounded memory.

use serde_json::Value;

/// Lines that are kept at most.
const MOST: usize = 10_000;

/// The lines of a run with their steps. Of very many epochs, those are kept that divide them evenly.
pub struct Lines {
    kept: Vec<(u64, String)>,
    /// Epochs from one line to the next.
    every: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self { kept: Vec::new(), every: 1 }
    }
}

impl Lines {
    /// Adds the line of an epoch, counted from 1.
    pub fn push_epoch(&mut self, epoch: u64, step: u64, line: impl FnOnce() -> Value) {
        if epoch.is_multiple_of(self.every) {
            self.push(step, &line());
        }
        if self.kept.len() > MOST {
            let mut at = 0;
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            self.every *= 2;
        }
    }

    /// Adds another line.
    pub fn push(&mut self, step: u64, line: &Value) {
        self.kept.push((step, line.to_string()));
    }

    /// Forgets what came after a step.
    pub fn cut(&mut self, after: u64) {
        self.kept.retain(|(step, _)| *step <= after);
    }

    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|(_, line)| line.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn many_epochs_are_thinned_evenly() {
        let mut lines = Lines::default();
        (1..=50_000).for_each(|epoch| lines.push_epoch(epoch, 10 * epoch, || json!(epoch)));
        let kept: Vec<u64> = lines.iter().map(|line| line.parse().unwrap()).collect();
        assert!(
            (MOST / 2..=MOST).contains(&kept.len()) && kept.windows(2).all(|pair| pair[1] - pair[0] == 8),
            "{}",
            kept.len()
        );
        lines.cut(100_000);
        assert_eq!(lines.iter().last(), Some("10000"));
    }
}
