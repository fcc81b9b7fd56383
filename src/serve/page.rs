//! The page for people: what the network does, a form to try it, and how programs ask.

use serde_json::Value;

use super::App;
use super::answer::Kind;
use super::openapi::{example, takes_drawings};
use crate::export::{escaped, filled};

/// The page as HTML.
pub fn page(app: &App) -> String {
    let run = &app.run;
    let names = run.data.task.output_names();
    let gives = match names {
        [] => "gives the sample again".to_owned(),
        names if names.len() > 12 => format!("tells {} apart", names.len()),
        names if run.data.task.is_classification() => format!("tells {} apart", names.join(", ")),
        names => format!("predicts {}", names.join(", ")),
    };
    let kind = Kind::of(run);
    let reads = match kind {
        Kind::Image if takes_drawings(run) => "images and drawings",
        Kind::Image => "images",
        Kind::Table => "rows of a table",
        Kind::Series => "windows of a time series",
        Kind::Numbers => "numbers",
    };
    let address = format!("http://{}", app.address);
    let sample = match example(run) {
        Value::Array(rows) if kind == Kind::Series => {
            rows.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        row => row.to_string(),
    };
    let (form, how) = match kind {
        Kind::Image => (
            r#"<label for="file">Image</label> <input id="file" type="file" accept="image/*">"#.to_owned(),
            format!("curl --data-binary @image.png {address}/predict"),
        ),
        Kind::Table | Kind::Series | Kind::Numbers => (
            format!(
                "<label for=\"body\">Rows as JSON or CSV</label>\n<textarea id=\"body\" rows=\"8\">{}</textarea>",
                escaped(&sample)
            ),
            format!(
                "curl --data-binary @rows.csv {address}/predict\ncurl --data '{}' {address}/predict",
                sample.lines().next().map_or("", |_| &sample).replace('\'', "'\\''")
            ),
        ),
    };
    filled(include_str!("page.html"), |part| match part {
        "name" => escaped(&app.name),
        "about" => escaped(&format!("It reads {reads} and {gives}.")),
        "form" => form.clone(),
        "how" => escaped(&how),
        _ => String::new(),
    })
}
