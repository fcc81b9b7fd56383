//! The file with the lines of a run, while it is written. A line is in it whole or not at all, whatever happens to the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;

/// A file that only grows, line by line.
pub struct LineFile {
    file: File,
    /// Bytes of the lines that are in it.
    len: u64,
    /// Lines that could not be written yet.
    waiting: Vec<u8>,
}

impl LineFile {
    /// Opens a file to write on.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file, len, waiting: Vec::new() })
    }

    /// Adds a line. One that cannot be written is written with the next.
    pub fn push(&mut self, line: &str) -> io::Result<()> {
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
        self.flush()
    }

    /// Writes what could not be written before.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Err(error) = self.file.write_all(&self.waiting) {
            // What was torn goes away, since the next line would be glued to it.
            let _ = self.file.set_len(self.len);
            return Err(error);
        }
        self.len += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// All lines, also those that could not be written and those of a file that was deleted meanwhile.
    pub fn contents(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.rewind()?;
        self.file.read_to_end(&mut bytes)?;
        bytes.extend_from_slice(&self.waiting);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn no_line_is_lost_on_a_full_disk_or_in_a_deleted_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, "first\n").unwrap();
        let mut lines = LineFile::open(&path).unwrap();
        lines.push("second").unwrap();
        std::fs::remove_file(&path).unwrap();
        lines.push("third").unwrap();
        assert_eq!(lines.contents().unwrap(), b"first\nsecond\nthird\n");

        // A place that is always full.
        let Ok(full) = OpenOptions::new().append(true).open("/dev/full") else { return };
        let room = std::mem::replace(&mut lines.file, full);
        assert_eq!(lines.push("fourth").unwrap_err().kind(), io::ErrorKind::StorageFull);
        lines.push("fifth").unwrap_err();
        lines.file = room;
        lines.flush().unwrap();
        assert_eq!(lines.contents().unwrap(), b"first\nsecond\nthird\nfourth\nfifth\n");
    }
}
