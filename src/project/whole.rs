//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a temporary file in the same folder, flushes it to the disk, and renames it to `path`. A reader finds the old contents or
/// the new ones, even after a power failure.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What the temporary file is called helps nobody.
    replace(path, bytes).map_err(|error| io::Error::new(error.kind(), in_words(&error)))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    // A temporary file is for its owner alone, but this one is for everybody who may read the folder.
    #[cfg(unix)]
    fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(())
}

/// Why something cannot be written, with the remedy.
pub fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full; make room".to_owned(),
        io::ErrorKind::QuotaExceeded => "there is no room left in your share of the disk; make room".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk cannot be written; name a folder on another".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be written by you; name another folder".to_owned(),
        io::ErrorKind::NotFound => "its folder is not there".to_owned(),
        io::ErrorKind::AlreadyExists => "is there already; name another".to_owned(),
        io::ErrorKind::NotADirectory => "a part of its path is a file; name another folder".to_owned(),
        io::ErrorKind::IsADirectory => "is a folder; name a file".to_owned(),
        _ => error.to_string(),
    }
}

/// Makes sure that the names in a folder are on the disk; not every system has a way to.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Whether a file has the name of one that is being written.
pub fn is_part(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".part")
}

/// Takes away what a program that was killed has left half written.
pub fn clean(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if is_part(&name) {
            let _ = fs::remove_file(path);
        }
    }
}
