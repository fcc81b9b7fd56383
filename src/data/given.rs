//! What is given to be read once: a file, or bytes from elsewhere.

use std::path::Path;

/// A file, or the contents of one that errors call by this name.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The file, or the name.
    pub path: &'a Path,
    /// The contents, where there is no file.
    pub contents: Option<&'a [u8]>,
}

impl<'a> From<&'a Path> for Given<'a> {
    fn from(path: &'a Path) -> Self {
        Self { path, contents: None }
    }
}
