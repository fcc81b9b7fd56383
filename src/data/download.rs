//! A file from the network: resumed where it was cut off, and taken only if its bytes are the expected ones.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use sha2::{Digest as _, Sha256};
use ureq::Agent;

use super::error::DataError;
use super::source::Progress;

/// A file to download, with the size and checksum that it must have.
pub struct Download<'a> {
    /// Name of the file.
    pub name: &'a str,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 checksum in hexadecimal digits.
    pub sha256: &'a str,
    /// Reports the progress of the download.
    pub progress: Option<Progress<'a>>,
}

/// What is said of an address that gave no answer at all.
const UNREACHABLE: &str = "could not be reached";

/// How often in a row a mirror may break off; each time, what has arrived is kept.
const TRIES: usize = 4;

/// Downloads a file into a folder from the first mirror that has it, unless it is there. Until it is complete and its
/// checksum is verified it is called `.part`, and a later call resumes the download.
pub fn fetch(file: &Download<'_>, mirrors: &[&str], folder: &Path) -> Result<PathBuf, DataError> {
    let path = folder.join(file.name);
    if path.is_file() {
        return Ok(path);
    }
    let unwritable = |error: io::Error| DataError::file(folder, format!("{} cannot be kept here: {error}", file.name));
    fs::create_dir_all(folder).map_err(unwritable)?;
    let part_path = folder.join(format!("{}.part", file.name));
    let options = OpenOptions::new().read(true).append(true).create(true).clone();
    let mut part = options.open(&part_path).map_err(unwritable)?;
    // Another process may be about to bring the same file.
    part.lock().map_err(unwritable)?;
    if path.is_file() {
        return Ok(path);
    }
    let mut problems = Vec::new();
    for mirror in mirrors {
        let address = format!("{mirror}{}", file.name);
        match fetch_from(&address, file, &mut part) {
            Ok(()) => {
                fs::rename(&part_path, &path).map_err(unwritable)?;
                return Ok(path);
            }
            Err(problem) => problems.push(format!("{address} {problem}")),
        }
    }
    let set = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_offline = problems.iter().all(|problem| problem.contains(UNREACHABLE));
    Err(DataError::Download { path, set, problems, is_offline })
}

/// Completes `part` from one address and checks it. What is wrong is thrown away, what is only incomplete is kept.
fn fetch_from(address: &str, file: &Download<'_>, part: &mut File) -> Result<(), String> {
    let local = |error: io::Error| format!("could not be saved: {error}");
    let mut problem = String::new();
    for _ in 0..TRIES {
        let have = part.metadata().map_err(local)?.len();
        let received = if have == file.bytes { Ok(()) } else { receive(address, file, have, part) };
        match received {
            Ok(()) => {
                if sha256_of(part).map_err(local)? == file.sha256 {
                    return Ok(());
                }
                part.set_len(0).map_err(local)?;
                problem = "gave other bytes than the file is known by (its SHA-256 differs)".to_owned();
                // A part from elsewhere may have been wrong; a file that came whole from here would be the same again.
                if have == 0 {
                    break;
                }
            }
            Err(Broken::CutOff(why)) => problem = why,
            Err(Broken::Refused(why)) => return Err(why),
        }
    }
    Err(problem)
}

/// Why a file did not arrive.
enum Broken {
    /// Asking again may help.
    CutOff(String),
    Refused(String),
}

/// Appends the rest of a file to the `have` bytes that are there, or begins anew where only the whole is given.
fn receive(address: &str, file: &Download<'_>, have: u64, part: &mut File) -> Result<(), Broken> {
    let local = |error: io::Error| Broken::Refused(format!("could not be saved: {error}"));
    let mut have = if have > file.bytes { 0 } else { have };
    let request = agent().get(address).header("Accept-Encoding", "identity");
    let request = if have > 0 { request.header("Range", format!("bytes={have}-")) } else { request };
    let response = request.call().map_err(|error| match error {
        ureq::Error::StatusCode(code) => Broken::Refused(format!("answered {code}")),
        error => Broken::Refused(format!("{UNREACHABLE}: {error}")),
    })?;
    let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
    let goes_on = response.status() == 206 && range.is_some_and(|range| range.starts_with(&format!("bytes {have}-")));
    if !goes_on {
        have = 0;
    }
    part.set_len(have).map_err(local)?;
    let bar = progress(file, have);
    let mut body = bar.wrap_read(response.into_body().into_reader()).take(file.bytes - have + 1);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => {
                return Err(Broken::CutOff(format!("broke off after {have} of {} bytes: {error}", file.bytes)));
            }
        };
        part.write_all(&buffer[..read]).map_err(local)?;
        have += read as u64;
        if let Some(progress) = file.progress {
            progress(file.name, have, file.bytes);
        }
    }
    match have.cmp(&file.bytes) {
        std::cmp::Ordering::Less => Err(Broken::CutOff(format!("broke off after {have} of {} bytes", file.bytes))),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => {
            part.set_len(0).map_err(local)?;
            Err(Broken::Refused(format!("gave more than the {} bytes of the file", file.bytes)))
        }
    }
}

fn agent() -> Agent {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let config = Agent::config_builder();
    let config = config.timeout_connect(seconds(15)).timeout_recv_response(seconds(30)).timeout_recv_body(seconds(600));
    config.build().into()
}

/// Drawn on standard error where that is a terminal.
fn progress(file: &Download<'_>, have: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:32} {bytes}/{total_bytes}, {eta} left");
    let bar = ProgressBar::new(file.bytes).with_prefix(file.name.to_owned()).with_position(have);
    let bar = bar.with_finish(ProgressFinish::AndClear);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn sha256_of(file: &mut File) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    file.seek(SeekFrom::Start(0))?;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hash.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};
    use std::thread;

    /// What a server says to a request for the bytes from here on.
    type Answer = fn(usize) -> Vec<u8>;

    /// Gives one answer after another on loopback; tells its address and where each request wanted to begin.
    fn serve(answers: &'static [Answer]) -> (String, Arc<Mutex<Vec<usize>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).unwrap().to_lowercase();
                let from = request
                    .split_once("range: bytes=")
                    .map_or(0, |(_, rest)| rest.split_once('-').unwrap().0.parse().unwrap());
                seen.lock().unwrap().push(from);
                // Whoever has heard enough may hang up.
                let _ = stream.write_all(&answer(from));
            }
        });
        (address, asked)
    }

    fn content() -> Vec<u8> {
        (0..200_000u32).map(|at| ((at * 7919) >> 5) as u8).collect()
    }

    const SHA256: &str = "e4e4677b93a1fe0433ceb55c8c561ae440da1177640cde639d2f5de6b801f7ad";
    const FILE: Download<'static> = Download { name: "file.gz", bytes: 200_000, sha256: SHA256, progress: None };

    fn with_head(status: &str, length: usize, more: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n");
        [head.as_bytes(), body].concat()
    }

    fn whole(_from: usize) -> Vec<u8> {
        with_head("200 OK", 200_000, "", &content())
    }

    fn rest(from: usize) -> Vec<u8> {
        let range = format!("Content-Range: bytes {from}-199999/200000\r\n");
        with_head("206 Partial Content", 200_000 - from, &range, &content()[from..])
    }

    /// Says that all comes, and hangs up after 70,000 bytes more.
    fn cut(from: usize) -> Vec<u8> {
        let answer = if from == 0 { whole(0) } else { rest(from) };
        let head = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        answer[..head + 70_000].to_vec()
    }

    /// Says that there are fewer bytes than the file has.
    fn short(_from: usize) -> Vec<u8> {
        with_head("200 OK", 1000, "", &content()[..1000])
    }

    fn long(_from: usize) -> Vec<u8> {
        with_head("200 OK", 300_000, "", &[7; 300_000])
    }

    fn wrong(_from: usize) -> Vec<u8> {
        with_head("200 OK", 200_000, "", &[7; 200_000])
    }

    fn absent(_from: usize) -> Vec<u8> {
        with_head("404 Not Found", 0, "", b"")
    }

    /// What is told ends with all of the file, unless it was there.
    fn fetch_into(folder: &Path, mirrors: &[&str]) -> Result<Vec<u8>, String> {
        let told = Mutex::new(Vec::new());
        let progress = |name: &str, have: u64, bytes: u64| {
            assert_eq!((name, bytes), ("file.gz", 200_000));
            told.lock().unwrap().push(have);
        };
        let is_there = folder.join("file.gz").exists();
        let path = fetch(&Download { progress: Some(&progress), ..FILE }, mirrors, folder)
            .map_err(|error| error.to_string())?;
        let told = told.into_inner().unwrap();
        assert!(is_there || told.last() == Some(&200_000), "{told:?}");
        assert!(!folder.join("file.gz.part").exists());
        Ok(fs::read(path).unwrap())
    }

    #[test]
    fn what_is_cut_off_is_gone_on_with_and_what_is_there_is_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let (mirror, asked) = serve(&[cut, cut, rest]);
        assert!(fetch_into(folder.path(), &[&mirror]).unwrap() == content());
        assert_eq!(*asked.lock().unwrap(), [0, 70_000, 140_000]);
        assert!(fetch_into(folder.path(), &[]).unwrap() == content());

        // A server that knows nothing of ranges begins anew; so it is with a part that is longer than the file.
        for begun in [&content()[..500], &[1; 250_000]] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("file.gz.part"), begun).unwrap();
            let (mirror, _) = serve(&[whole]);
            assert!(fetch_into(folder.path(), &[&mirror]).unwrap() == content());
        }
    }

    #[test]
    fn wrong_bytes_are_never_kept_and_the_next_mirror_is_asked() {
        for (answers, problem) in [
            (&[wrong as Answer][..], "gave other bytes than the file is known by"),
            (&[long], "gave more than the 200000 bytes"),
            (&[absent], "answered 404"),
            (&[short, short, short, short], "broke off after 1000 of 200000 bytes"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let (bad, _) = serve(answers);
            let error = fetch_into(folder.path(), &[&bad]).unwrap_err();
            assert!(error.contains(problem) && error.contains("BACKPROP_DATA") && !error.contains('\n'), "{error}");
            assert!(!folder.path().join("file.gz").exists());
            let (good, asked) = serve(&[rest_or_whole, rest_or_whole]);
            assert!(fetch_into(folder.path(), &[&good]).unwrap() == content());
            // Only what was cut off is worth keeping.
            assert_eq!(asked.lock().unwrap()[0], if problem.contains("broke") { 1000 } else { 0 });
        }
        // A beginning that was wrong is found out at the end, and the file is fetched whole.
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file.gz.part"), [9; 500]).unwrap();
        let (mirror, asked) = serve(&[rest_or_whole, rest_or_whole]);
        assert!(fetch_into(folder.path(), &[&mirror]).unwrap() == content());
        assert_eq!(*asked.lock().unwrap(), [500, 0]);
    }

    fn rest_or_whole(from: usize) -> Vec<u8> {
        if from == 0 { whole(0) } else { rest(from) }
    }

    #[test]
    fn offline_it_says_what_to_do() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let nobody = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let error = fetch_into(folder.path(), &[&nobody]).unwrap_err();
        assert!(error.contains("could not be reached") && error.contains("put the file here by hand"), "{error}");
    }
}
