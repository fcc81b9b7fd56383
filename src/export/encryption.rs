//! A run or an export that nobody reads without its passphrase: the folder as a tar archive in an [age](https://age-encryption.org/v1)
//! file, which `age --decrypt` opens as well. The key comes from the passphrase by scrypt, and every 64 KB are authenticated: a wrong
//! passphrase and a changed byte are errors.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::iter;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use tempfile::{NamedTempFile, TempDir};

use crate::project::whole::in_words;

/// Why a folder cannot be encrypted, or a file not be opened.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum EncryptionError {
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
    #[error("{0}: is another passphrase's; try again")]
    Passphrase(PathBuf),
    #[error("{0}: is damaged or was changed, and nothing of it was kept; take another copy")]
    Changed(PathBuf),
    #[error("{0}: is no file that was encrypted with a passphrase; `backprop encrypt` makes one")]
    Foreign(PathBuf),
    #[error("the passphrase is empty; give one of several words")]
    Empty,
}

/// Writes a folder to an encrypted file, which is there whole or not at all.
///
/// # Errors
/// If the folder cannot be read, the file not be written, or there is no passphrase.
pub fn encrypt(folder: &Path, file: &Path, passphrase: &str) -> Result<(), EncryptionError> {
    seal(folder, file, passphrase, scrypt::Recipient::new(SecretString::from(passphrase)))
}

fn seal(folder: &Path, file: &Path, passphrase: &str, recipient: scrypt::Recipient) -> Result<(), EncryptionError> {
    if passphrase.is_empty() {
        return Err(EncryptionError::Empty);
    }
    let fail = |path: &Path, error: &io::Error| EncryptionError::File { path: path.to_owned(), what: in_words(error) };
    let beside = beside(file);
    let mut whole = NamedTempFile::new_in(&beside).map_err(|error| fail(&beside, &error))?;
    let written = Encryptor::with_recipients(iter::once(&recipient as _))
        .map_err(io::Error::other)
        .and_then(|encryptor| encryptor.wrap_output(BufWriter::new(&mut whole)))
        .and_then(|sealed| archive(folder, sealed)?.finish())
        .and_then(|mut buffer| io::Write::flush(&mut buffer));
    written.map_err(|error| fail(folder, &error))?;
    whole.persist(file).map_err(|error| fail(file, &error.error))?;
    Ok(())
}

/// Writes the files of a folder, in the order of their names; locks stay behind.
fn archive<W: io::Write>(folder: &Path, to: W) -> io::Result<W> {
    let mut tar = tar::Builder::new(to);
    tar.follow_symlinks(false);
    append(&mut tar, folder, Path::new(""))?;
    tar.into_inner()
}

fn append<W: io::Write>(tar: &mut tar::Builder<W>, folder: &Path, inside: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries.into_iter().filter(|entry| entry.file_name() != ".lock") {
        let (path, name) = (entry.path(), inside.join(entry.file_name()));
        match entry.file_type()? {
            kind if kind.is_dir() => append(tar, &path, &name)?,
            kind if kind.is_file() => tar.append_path_with_name(&path, &name)?,
            _ => {}
        }
    }
    Ok(())
}

/// Writes what an encrypted file holds to a folder that is not there yet, or is empty: all of it or nothing.
///
/// # Errors
/// If the passphrase is another one, the file was changed, or the folder cannot be written.
pub fn decrypt(file: &Path, folder: &Path, passphrase: &str) -> Result<(), EncryptionError> {
    let fail = |path: &Path, error: &io::Error| EncryptionError::File { path: path.to_owned(), what: in_words(error) };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        let what = "is there already; name a folder that is not".to_owned();
        return Err(EncryptionError::File { path: folder.to_owned(), what });
    }
    let sealed = File::open(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            EncryptionError::File { path: file.to_owned(), what: "there is no such file".to_owned() }
        }
        _ => fail(file, &error),
    })?;
    let decryptor = Decryptor::new_buffered(BufReader::new(sealed)).map_err(|error| refused(file, &error))?;
    if !decryptor.is_scrypt() {
        return Err(EncryptionError::Foreign(file.to_owned()));
    }
    let identity = scrypt::Identity::new(SecretString::from(passphrase));
    let opened = decryptor.decrypt(iter::once(&identity as _)).map_err(|error| refused(file, &error))?;
    let beside = beside(folder);
    fs::create_dir_all(&beside).map_err(|error| fail(&beside, &error))?;
    let whole = TempDir::new_in(&beside).map_err(|error| fail(&beside, &error))?;
    unpack(opened, whole.path()).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::Other => {
            EncryptionError::Changed(file.to_owned())
        }
        _ => fail(folder, &error),
    })?;
    let _ = fs::remove_dir(folder);
    fs::rename(whole.path(), folder).map_err(|error| fail(folder, &error))?;
    Ok(())
}

fn unpack(from: impl io::Read, folder: &Path) -> io::Result<()> {
    let mut tar = tar::Archive::new(from);
    tar.set_preserve_permissions(false);
    for entry in tar.entries()? {
        let mut entry = entry?;
        // What `encrypt` writes are files; others might lead out of the folder.
        if entry.header().entry_type().is_file() && !entry.unpack_in(folder)? {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    // What follows the archive is authenticated too.
    io::copy(&mut tar.into_inner(), &mut io::sink()).map(drop)
}

fn refused(file: &Path, error: &DecryptError) -> EncryptionError {
    let path = file.to_owned();
    match error {
        DecryptError::DecryptionFailed | DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => {
            EncryptionError::Passphrase(path)
        }
        DecryptError::InvalidMac => EncryptionError::Changed(path),
        DecryptError::ExcessiveWork { .. } => {
            EncryptionError::File { path, what: "takes more work to open than this machine can do".to_owned() }
        }
        _ => EncryptionError::Foreign(path),
    }
}

/// The folder that a path lies in.
fn beside(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of a folder with their contents.
    fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => {
                        found.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap()));
                    }
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn a_folder_comes_back_as_it_was_and_a_changed_byte_is_an_error() {
        let place = tempfile::tempdir().unwrap();
        let (run, file, back) = (place.path().join("run"), place.path().join("run.age"), place.path().join("back"));
        fs::create_dir_all(run.join("checkpoints")).unwrap();
        fs::write(run.join("project.json"), "{}").unwrap();
        fs::write(run.join(".lock"), "").unwrap();
        let noise: Vec<u8> = (0..200_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        fs::write(run.join("checkpoints/1.safetensors"), &noise).unwrap();
        // A key that is derived in no time, since many are.
        let mut recipient = scrypt::Recipient::new(SecretString::from("several words of mine"));
        recipient.set_work_factor(2);
        seal(&run, &file, "several words of mine", recipient).unwrap();
        decrypt(&file, &back, "several words of mine").unwrap();
        let mut expected = files(&run);
        expected.retain(|(name, _)| name != Path::new(".lock"));
        assert_eq!(files(&back), expected);

        let sealed = fs::read(&file).unwrap();
        assert!(!sealed.windows(12).any(|bytes| bytes == b"project.json"));
        let other = place.path().join("other");
        let refused = |bytes: &[u8], passphrase: &str| {
            fs::write(place.path().join("changed.age"), bytes).unwrap();
            let refused = decrypt(&place.path().join("changed.age"), &other, passphrase).unwrap_err();
            assert!(!other.exists(), "nothing is left behind: {refused}");
            refused.to_string()
        };
        assert!(refused(&sealed, "several words").contains("another passphrase"));
        assert!(refused(&sealed[..sealed.len() - 1], "several words of mine").contains("was changed"));
        for at in [sealed.len() - 1, sealed.len() / 2, 400] {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1;
            assert!(refused(&bytes, "several words of mine").contains("was changed"), "byte {at}");
        }
        for at in (0..180).step_by(7) {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1;
            refused(&bytes, "several words of mine");
        }
        assert!(refused(b"no such file", "x").contains("is no file that was encrypted"));
        let taken = decrypt(&file, &back, "several words of mine").unwrap_err();
        assert!(taken.to_string().contains("is there already"), "{taken}");
        assert!(matches!(encrypt(&run, &file, ""), Err(EncryptionError::Empty)));
    }
}
