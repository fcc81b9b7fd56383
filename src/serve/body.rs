//! What a client sends, within its limits.

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HeaderMap};
use hyper::{Request, StatusCode};

use super::ServeSettings;
use super::refusal::Refusal;

/// So many bytes beyond the limit are read and dropped, so that the client is there to read the refusal.
const DROPPED: usize = 64 << 20;

/// The bytes of the body.
pub async fn read(request: Request<Incoming>, settings: &ServeSettings) -> Result<Vec<u8>, Refusal> {
    let (head, body) = request.into_parts();
    check_kind(&head.headers)?;
    // It would wait for a word before it sends, and gets a refusal instead.
    let is_waiting = head.headers.contains_key(EXPECT);
    if is_waiting && body.size_hint().lower() > settings.largest as u64 {
        return Err(too_large(settings.largest));
    }
    let seconds = settings.timeout.as_secs_f32();
    let slow =
        || Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("the request took longer than {seconds} s to arrive"));
    tokio::time::timeout(settings.timeout, collect(body, settings.largest)).await.map_err(|_| slow())?
}

async fn collect(mut body: Incoming, largest: usize) -> Result<Vec<u8>, Refusal> {
    let (mut bytes, mut len) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::bad("the request ended before its body was whole"))?;
        let Ok(data) = frame.into_data() else { continue };
        len += data.len();
        if len <= largest {
            bytes.extend_from_slice(&data);
        } else if len > largest.saturating_add(DROPPED) {
            break;
        }
    }
    if len > largest { Err(too_large(largest)) } else { Ok(bytes) }
}

fn too_large(largest: usize) -> Refusal {
    let what = format!(
        "the request has more than {largest} bytes; send fewer samples at once, or start the server with a larger --max-size"
    );
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, what)
}

/// Refuses wrappings of the body that only a browser or a proxy makes.
fn check_kind(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim().to_ascii_lowercase());
    let unsupported = |what: String| Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    if let Some(kind) = text(CONTENT_TYPE).filter(|kind| kind.starts_with("multipart/")) {
        let kind = kind.split(';').next().unwrap_or_default();
        return unsupported(format!(
            "a body of {kind} is not read; send the file itself as the body, as curl --data-binary @FILE does"
        ));
    }
    match text(CONTENT_ENCODING).filter(|encoding| encoding != "identity") {
        Some(encoding) => unsupported(format!("a body packed with {encoding} is not read; send it as it is")),
        None => Ok(()),
    }
}

/// Whether the body is said to be bytes without a format.
pub fn is_raw(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim().to_ascii_lowercase().starts_with("application/octet-stream")
}
