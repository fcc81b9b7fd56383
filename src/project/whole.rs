//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a temporary file in the same folder, flushes it to the disk, and renames it to `path`. A reader finds the old contents or
/// the new ones, even after a power failure.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What the temporary file is called helps nobody.
    replace(path, bytes).map_err(|error| io::Error::new(error.kind(), in_words(&error)))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &target(path)?;
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

/// The file that is replaced: a link is followed, and what is no file, such as a device, stays what it is.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(there) if there.is_file() => path.canonicalize(),
        Ok(there) if there.is_dir() => Err(io::Error::other("is a folder; name a file")),
        Ok(_) => Err(io::Error::other("is a device; name a file")),
        Err(_) if path.is_symlink() => {
            Err(io::Error::other("is a link to a place that is not there; name another file"))
        }
        Err(_) => Ok(path.to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_link_is_followed_and_what_is_no_file_stays() {
        use std::os::unix::{fs::symlink, net::UnixListener};

        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let refused = |name: &str| write_whole(&at(name), b"new").unwrap_err().to_string();
        fs::write(at("file"), "old").unwrap();
        symlink(at("file"), at("link")).unwrap();
        write_whole(&at("link"), b"new").unwrap();
        assert!(at("link").is_symlink() && fs::read(at("file")).unwrap() == b"new");
        symlink(at("nowhere"), at("astray")).unwrap();
        assert!(refused("astray").contains("is a link to a place that is not there"));
        // As /dev/full is, which a program of the administrator would replace.
        let _socket = UnixListener::bind(at("socket")).unwrap();
        assert!(refused("socket").contains("is a device; name a file"));
        fs::create_dir(at("folder")).unwrap();
        assert!(refused("folder").contains("is a folder; name a file"));
        write_whole(&at("fresh"), b"new").unwrap();
        assert_eq!(fs::read(at("fresh")).unwrap(), b"new");
    }
}
