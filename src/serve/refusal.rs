//! Why a request is not answered.

use hyper::StatusCode;

/// A status code and a sentence that says what is wrong and what to do.
#[derive(Debug)]
pub struct Refusal {
    /// The status code.
    pub status: StatusCode,
    /// The sentence.
    pub what: String,
}

impl Refusal {
    /// With this status code.
    pub fn new(status: StatusCode, what: impl Into<String>) -> Self {
        Self { status, what: what.into() }
    }

    /// What was sent is not what the network reads.
    pub fn unfit(what: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, what)
    }

    /// The request itself is wrong.
    pub fn bad(what: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, what)
    }
}
