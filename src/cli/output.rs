//! Standard output. A result that is lost is an error, also where nobody has left it open.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use unicode_width::UnicodeWidthStr as _;

use crate::language::{self, tr};

static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// One line on standard output, in the language of the user. JSON is the same in every language.
pub fn print(line: impl Display) -> io::Result<()> {
    let line = line.to_string();
    let shown = if line.starts_with(['{', '[']) { line } else { translated(&line) };
    into_open(|| writeln!(io::stdout().lock(), "{shown}"))
}

/// Lines in the language of the user.
pub fn translated(text: &str) -> String {
    if language::current().catalog().is_none() {
        return text.to_owned();
    }
    // A sentence with a line end in it is known as a whole.
    match tr(text) {
        whole if whole != text && !text.contains("  ") => whole.into_owned(),
        _ => text.split('\n').map(columns).collect::<Vec<_>>().join("\n"),
    }
}

/// A line whose columns, which have two spaces or more between them, end where they ended.
fn columns(line: &str) -> String {
    if !line.trim().contains("  ") {
        return tr(line).into_owned();
    }
    let mut shown = String::new();
    for (start, cell) in cells(line) {
        let translated = tr(cell);
        // The first column and sentences begin where they began, the others end where they ended.
        let is_left = shown.is_empty() || cell.split(' ').count() > 3;
        let begin = if is_left { start } else { (start + cell.width()).saturating_sub(translated.width()) };
        let least = if shown.is_empty() { 0 } else { 2 };
        let gap = begin.saturating_sub(shown.width()).max(least);
        shown.extend(std::iter::repeat_n(' ', gap));
        shown += &translated;
    }
    shown
}

/// What stands between two spaces or more, and where it begins.
fn cells(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    line.split("  ").filter_map(move |part| {
        let at = start + part.len() - part.trim_start().len();
        start += part.len() + 2;
        Some((line[..at].width(), part.trim())).filter(|(_, cell)| !cell.is_empty())
    })
}

/// Writes to standard output, unless it was closed when the program began.
pub fn into_open(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if IS_CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed; send it to a file, or to /dev/null to do without it"));
    }
    write()
}

/// Before `main`, Rust opens `/dev/null` in the place of a standard output that is closed, and nothing tells it from one that
/// somebody wanted. So this looks before that.
#[cfg(unix)]
mod look {
    use std::io;
    use std::os::fd::AsFd as _;
    use std::sync::atomic::Ordering;

    const NO_SUCH_DESCRIPTOR: i32 = 9;

    #[used]
    #[expect(unsafe_code, reason = "the loader calls what is in this section; it needs nothing that main prepares")]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        // To copy the descriptor asks whether there is one.
        let copied = io::stdout().as_fd().try_clone_to_owned();
        let is_closed = copied.is_err_and(|error| error.raw_os_error() == Some(NO_SUCH_DESCRIPTOR));
        super::IS_CLOSED.store(is_closed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_below_each_other_in_every_language() {
        let line = "Accuracy                      97.20 %      Loss";
        assert_eq!(translated(line), line);
        language::speak(&language::LANGUAGES[1]);
        let chinese = translated(line);
        assert!(chinese.starts_with("准确率 ") && chinese.ends_with("损失"), "{chinese}");
        assert_eq!(chinese.width(), line.width());
        assert_eq!(translated("  0.5  0.25"), "  0.5  0.25");
        language::speak(&language::LANGUAGES[0]);
    }
}
