//! Which request gets which answer.

use std::sync::{Arc, PoisonError};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HOST, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::{Value, json};

use super::answer::{self, Asked};
use super::refusal::Refusal;
use super::{App, body, openapi, page};
use crate::train::Predictor;

/// The body of an answer.
pub type Body = Full<Bytes>;

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

/// The paths, with the method of each.
const PATHS: &[(&str, Method)] =
    &[("/", Method::GET), ("/predict", Method::POST), ("/openapi.json", Method::GET), ("/health", Method::GET)];

/// Answers a request, whatever it is.
pub async fn respond(app: Arc<App>, request: Request<Incoming>) -> Response<Body> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let response = match route(&app, request).await {
        Ok((kind, bytes)) => response(StatusCode::OK, kind, bytes),
        Err(Refusal { status, what }) => {
            let mut refused = response(status, JSON, json!({ "error": what }).to_string().into());
            let known = PATHS.iter().find(|known| known.0 == path);
            if let (StatusCode::METHOD_NOT_ALLOWED, Some((_, method))) = (status, known) {
                let allowed = if method == Method::GET { "GET, HEAD" } else { "POST" };
                refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
            }
            // What is left of its body is not read.
            if matches!(status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
                refused.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            refused
        }
    };
    tracing::info!("{method} {path} {}", response.status().as_u16());
    response
}

fn response(status: StatusCode, kind: &'static str, bytes: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn route(app: &Arc<App>, request: Request<Incoming>) -> Result<(&'static str, Bytes), Refusal> {
    if app.is_local {
        check_host(request.headers())?;
    }
    let path = request.uri().path();
    let Some((_, method)) = PATHS.iter().find(|known| known.0 == path) else {
        let paths: Vec<_> = PATHS.iter().map(|(path, method)| format!("{method} {path}")).collect();
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("there is no {path}; there is {}", paths.join(", "))));
    };
    let asked = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    if asked != method {
        let what = format!("{path} takes {method}, not {}", request.method());
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, what));
    }
    let json = |value: Value| (JSON, Bytes::from(value.to_string()));
    match path {
        "/health" => Ok(json(json!({ "status": "ok", "run": app.name, "task": app.run.head().name() }))),
        "/openapi.json" => Ok(json(openapi::description(app))),
        "/predict" => predict(app, request).await.map(json),
        _ => Ok((HTML, page::page(app).into())),
    }
}

async fn predict(app: &Arc<App>, request: Request<Incoming>) -> Result<Value, Refusal> {
    let asked = Asked::of(request.uri().query().unwrap_or_default(), body::is_raw(request.headers()))?;
    let bytes = body::read(request, &app.settings).await?;
    let work = Arc::clone(app);
    let answered = tokio::task::spawn_blocking(move || {
        let idle = work.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut predictor = idle.unwrap_or_else(|| Predictor::new(&work.run.network));
        let answer = answer::answer(&work, &mut predictor, &bytes, asked);
        work.idle.lock().unwrap_or_else(PoisonError::into_inner).push(predictor);
        answer
    });
    answered.await.unwrap_or_else(|error| {
        tracing::error!("a prediction failed: {error}");
        let what = "an error of the program: this request cannot be answered, others can";
        Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, what))
    })
}

/// Refuses a page of the internet that has led a browser to this machine under a name of its own (DNS rebinding).
fn check_host(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return Ok(()) };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let is_here = name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_here {
        return Ok(());
    }
    let what = format!("this server answers on this machine alone, as localhost or 127.0.0.1, not as {name}");
    Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, what))
}
