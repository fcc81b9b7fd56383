//! A format string as a pattern of the sentences that are made with it.

/// Text around places, `"{count} of {total} samples"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// One more than there are places.
    pub texts: Vec<String>,
    /// The names of the places; those without one are called by their number.
    pub names: Vec<String>,
}

impl Template {
    /// Reads a format string as [`std::fmt`] does; how a value is formatted does not matter.
    pub fn new(format: &str) -> Self {
        let mut template = Self { texts: vec![String::new()], names: Vec::new() };
        let mut rest = format;
        let mut unnamed = 0;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            template.push(before);
            rest = match after.get(..2) {
                Some(twice @ ("{{" | "}}")) => {
                    template.push(&twice[..1]);
                    &after[2..]
                }
                _ => match after.starts_with('{').then(|| after.find('}')).flatten() {
                    Some(end) => {
                        let name = after[1..end].split(':').next().unwrap_or_default();
                        let number = unnamed.to_string();
                        template.names.push(if name.is_empty() { number } else { name.to_owned() });
                        unnamed += usize::from(name.is_empty());
                        template.texts.push(String::new());
                        &after[end + 1..]
                    }
                    // No format string: a brace that stands for itself.
                    None => {
                        template.push(&after[..1]);
                        &after[1..]
                    }
                },
            };
        }
        template.push(rest);
        template
    }

    fn push(&mut self, text: &str) {
        if let Some(last) = self.texts.last_mut() {
            last.push_str(text);
        }
    }

    /// Whether what stands in a place is what somebody types: between the quotes of code.
    pub fn is_code(&self, place: usize) -> bool {
        let around = self.texts.get(place).and_then(|text| text.chars().next_back());
        let behind = self.texts.get(place + 1).and_then(|text| text.chars().next());
        around.is_some() && around == behind && matches!(around, Some('\'' | '`'))
    }

    /// How many letters and signs a sentence has to share with it.
    pub fn weight(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    /// How many letters its texts have.
    pub fn letters(&self) -> usize {
        self.texts.iter().flat_map(|text| text.bytes()).filter(u8::is_ascii_alphabetic).count()
    }

    /// The longest of its texts, which a sentence has to contain.
    pub fn anchor(&self) -> &str {
        self.texts.iter().max_by_key(|text| text.len()).map_or("", String::as_str)
    }

    /// What stands in its places in a sentence that was made with it. A capital letter at the beginning does not matter.
    pub fn captures<'a>(&self, sentence: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.texts.split_first()?;
        let start = sentence.get(..first.len())?;
        if !same_but_first_letter(start, first) {
            return None;
        }
        let mut rest = &sentence[first.len()..];
        let Some((last, middle)) = others.split_last() else { return rest.is_empty().then(Vec::new) };
        let mut found = Vec::with_capacity(others.len());
        for text in middle {
            // Of two places without a text between them the second gets all.
            let at = rest.find(text.as_str())?;
            found.push(&rest[..at]);
            rest = &rest[at + text.len()..];
        }
        found.push(rest.strip_suffix(last.as_str())?);
        // A place that is named twice has one value.
        let value = |name: &String| self.names.iter().position(|other| other == name).and_then(|at| found.get(at));
        let is_one = self.names.iter().zip(&found).all(|(name, part)| value(name) == Some(part));
        is_one.then_some(found)
    }

    /// Its texts with values in the places; each place asks for its own by its name.
    pub fn fill(&self, value: impl Fn(&str) -> String) -> String {
        let mut filled = String::new();
        for (at, text) in self.texts.iter().enumerate() {
            filled.push_str(text);
            if let Some(name) = self.names.get(at) {
                filled.push_str(&value(name));
            }
        }
        filled
    }
}

fn same_but_first_letter(one: &str, other: &str) -> bool {
    let split = |text: &str| text.chars().next().map_or(0, char::len_utf8);
    let (a, b) = (split(one), split(other));
    a == b && one[..a].eq_ignore_ascii_case(&other[..b]) && one[a..] == other[b..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_into_a_format_string_is_found_again() {
        let template = Template::new("{count} of {total:>5} samples, {:.1} % {{all}}");
        assert_eq!(template.names, ["count", "total", "0"]);
        let found = template.captures("12 of   300 samples, 4.0 % {all}").unwrap();
        assert_eq!(found, ["12", "  300", "4.0"]);
        assert!(template.captures("12 of 300 rows, 4.0 % {all}").is_none());
        assert!(template.captures("12 of 300 samples, 4.0 % {all}.").is_none());
        assert_eq!(Template::new("read {}").captures("Read iris").unwrap(), ["iris"]);
        assert_eq!(Template::new("é{}").captures("É"), None);
        assert_eq!(Template::new("plain").captures("plain"), Some(Vec::new()));
        assert_eq!(Template::new("{").texts, ["{"]);
        let code = Template::new("'{}' cannot be used with {}");
        assert!(code.is_code(0) && !code.is_code(1));
        let twice = Template::new("Epoch {epochs} of {epochs}");
        assert_eq!((twice.captures("Epoch 1 of 56"), twice.captures("Epoch 56 of 56")), (None, Some(vec!["56", "56"])));
        assert_eq!(Template::new("Finished. {}{whose}").captures("Finished. 97 % mine").unwrap(), ["", "97 % mine"]);
    }
}
