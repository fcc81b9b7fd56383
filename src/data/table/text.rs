//! From the bytes of a file to text: what kind of file it is, compression, encoding and line ends.

use crate::data::note::Note;
use std::io::Read as _;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use flate2::read::MultiGzDecoder;

/// Bytes in which a document has named itself.
const BEGINNING: usize = 4096;

/// What the first bytes of a file say that it is, where that is no table of text.
const KINDS: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\xD0\xCF\x11\xE0", "a document of Microsoft Office"),
    (b"\x89PNG", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM", "a BMP image"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xBC\xAF", "a 7z archive"),
    (b"age-encryption.org/", "an encrypted file (`backprop decrypt` opens it)"),
    (b"BZh", "a file compressed with bzip2"),
    (b"\xFD7zXZ", "a file compressed with xz"),
    (b"\x28\xB5\x2F\xFD", "a file compressed with zstd"),
    (b"\x04\x22\x4D\x18", "a file compressed with lz4"),
    (b"\x1F\x9D", "a file compressed with compress (.Z)"),
    (b"LZIP", "a file compressed with lzip"),
    (b"\xFF\x06\x00\x00sNaPpY", "a file compressed with snappy"),
    (b"fLaC", "a FLAC audio file"),
    (b"OggS", "an Ogg audio or video file"),
    (b"ID3", "an MP3 audio file"),
    (b"\xFF\xFB", "an MP3 audio file"),
    (b"MThd", "a MIDI file"),
    (b"\x1A\x45\xDF\xA3", "a Matroska or WebM video"),
    (b"ARROW1", "a Feather file"),
    (b"MATLAB 5.0", "a file of MATLAB"),
    (b"{\\rtf", "a document of rich text (RTF)"),
    (b"version https://git-lfs", "a pointer of Git LFS, whose file has not been fetched (git lfs pull)"),
    (b"\x80\x04\x95", "a pickle of Python"),
    (b"\x80\x03", "a pickle of Python"),
    (b"\x7FELF", "a program"),
    (b"MZ\x90", "a program"),
];

/// What the first bytes of a file say that it is, if that is not text: "a PDF document".
pub fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, kind)) = KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(kind);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some("a tar archive");
    }
    if is_onnx(bytes) {
        return Some("a network in the format ONNX (`backprop import` reads it)");
    }
    match (bytes.get(..4), bytes.get(4..8), bytes.get(8..12)) {
        // The length of its header, and then that.
        (Some(_), Some([0, 0, 0, 0]), Some([b'{', b'"', ..])) => return Some("a file of weights (safetensors)"),
        (Some(b"RIFF"), _, Some(b"WAVE")) => return Some("a WAV audio file"),
        (Some(b"RIFF"), _, Some(b"AVI ")) => return Some("an AVI video"),
        (Some(b"RIFF"), _, Some(b"WEBP")) => return Some("a WebP image"),
        (Some(b"FORM"), _, Some(b"AIFF" | b"AIFC")) => return Some("an AIFF audio file"),
        (_, Some(b"ftyp"), Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1")) => {
            return Some("a HEIC image");
        }
        (_, Some(b"ftyp"), Some(b"avif")) => return Some("an AVIF image"),
        (_, Some(b"ftyp"), Some(b"M4A ")) => return Some("an M4A audio file"),
        (_, Some(b"ftyp"), _) => return Some("an MP4 or QuickTime video"),
        _ => {}
    }
    let start: Vec<u8> = bytes.iter().skip_while(|byte| byte.is_ascii_whitespace()).take(15).copied().collect();
    let start = start.to_ascii_lowercase();
    let is_page = start.starts_with(b"<!doctype html") || start.starts_with(b"<html");
    match &start[..] {
        _ if is_page => Some("an HTML page, such as a download page or a message of a server"),
        [b'<', b's', b'v', b'g', ..] => Some("an SVG image"),
        [b'<', b'?', b'x', b'm', b'l', ..] if contains(bytes, b"<svg") => Some("an SVG image"),
        [b'{', ..] if contains(bytes, b"\"cell_type\"") || contains(bytes, b"\"nbformat\"") => {
            Some("a Jupyter notebook")
        }
        [b'<', b'?', b'x', b'm', b'l', ..] => Some("an XML document"),
        _ => None,
    }
}

/// Whether a message begins as a model of ONNX does: its version, and then its producer or its graph.
fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 3..=20, 0x12 | 0x1A | 0x22 | 0x32 | 0x3A | 0x42, ..])
}

/// Whether a text occurs near the beginning of a file.
fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes[..bytes.len().min(BEGINNING)].windows(text.len()).any(|window| window == text)
}

/// What a file that is compressed with gzip begins with.
pub const GZIP: &[u8] = &[0x1F, 0x8B];

/// The bytes of a file, decompressed where they are compressed with gzip.
pub fn unpacked(bytes: Vec<u8>, most: u64) -> Result<Vec<u8>, String> {
    if bytes.starts_with(GZIP) { decompress(&bytes, most) } else { Ok(bytes) }
}

/// The text of a file, with line feeds as line ends. Without an `encoding`, the bytes decide it, and a note names it.
pub fn decode(bytes: &[u8], encoding: Option<&'static Encoding>, notes: &mut Vec<Note>) -> Result<String, String> {
    if let Some(kind) = kind_of(bytes) {
        return Err(format!("this is {kind}, not a table of text; save the table as CSV"));
    }
    let encoding = match encoding {
        Some(encoding) => encoding,
        None => guess(bytes, notes)?,
    };
    let (text, _, has_errors) = encoding.decode(bytes);
    if has_errors {
        notes.push(format!("Some bytes are not {}; they are shown as \u{fffd}", encoding.name()).into());
    }
    if text.contains('\0') {
        return Err("this is not a table of text; save it as CSV in UTF-8".to_owned());
    }
    if !text.contains('\r') {
        return Ok(text.into_owned());
    }
    if !text.contains('\n') {
        notes.push("The lines end with a carriage return alone".into());
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn decompress(bytes: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut text);
    read.map_err(|error| format!("the gzip stream is broken: {error}"))?;
    if text.len() as u64 > most {
        return Err(format!("is larger than {} MB when it is decompressed; take a part of it", most >> 20));
    }
    Ok(text)
}

/// By its byte-order mark, by the zeros of UTF-16, or by whether it is UTF-8.
fn guess(bytes: &[u8], notes: &mut Vec<Note>) -> Result<&'static Encoding, String> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Ok(encoding);
    }
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).take(500).filter(|byte| **byte == 0).count();
    let pairs = (bytes.len() / 2).min(500);
    let encoding = match (zeros(0), zeros(1)) {
        (0, 0) if std::str::from_utf8(bytes).is_ok() => return Ok(UTF_8),
        // The end of a file that was read in part may be the half of a character.
        (0, 0) if std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none()) => return Ok(UTF_8),
        (0, 0) => WINDOWS_1252,
        (0, odd) if odd * 2 > pairs => UTF_16LE,
        (even, 0) if even * 2 > pairs => UTF_16BE,
        _ => return Err("this is not a table of text; save it as CSV in UTF-8".to_owned()),
    };
    notes.push(
        format!("The file is not UTF-8 and was read as {}; encoding=NAME reads it as another", encoding.name()).into(),
    );
    Ok(encoding)
}
