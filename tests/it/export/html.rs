use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use backprop_nn::gan;
use backprop_nn::{ModelSpec, Shape};
use backprop_studio::data::drawing::PEN_WIDTH;
use backprop_studio::data::photo::{Fit, Reading};
use backprop_studio::data::pictures::{self, Picture};
use backprop_studio::data::scaling::{Naive, Scaling, Standard};
use backprop_studio::data::{Drawing, Lookup, Task, numbered_classes};
use backprop_studio::export::Proof;
use backprop_studio::project::run_folder::DataRecord;
use backprop_studio::project::{Project, RunFolder};
use image::{DynamicImage, GrayImage, Luma, Rgba, RgbaImage};
use serde_json::{Value, json};

use super::{export, numbers, prove_all, run, scaling};
use crate::support::project;

/// Whether Node.js is on this machine; a line that says so where it is not.
fn has_node() -> bool {
    let is_there = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: there is no node on this machine");
    }
    is_there
}

/// What JavaScript says that runs after the scripts of a page; it sees `asked`.
fn in_page(page: &Path, code: &str, asked: &Value) -> Value {
    let program = r#"const fs = require("fs");
        const page = fs.readFileSync(process.argv[1], "utf8");
        const text = (id) => page.split(`id="${id}">`)[1].split("</script>")[0];
        const asked = JSON.parse(fs.readFileSync(0, "utf8"));
        const code = ["network", "pictures", "noise"].map(text).join("\n");
        console.log(JSON.stringify(new Function("asked", "text", code + "\n" + process.argv[2])(asked, text)));"#;
    let mut node = Command::new("node");
    node.args(["-e", program]).arg(page).arg(code).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().unwrap();
    node.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// That the page answers as the network here, where it can be asked.
fn proven(run: &RunFolder) {
    let (_folder, done) = export(run, "html").unwrap();
    match done.proof {
        Proof::Missing { .. } => assert!(!has_node()),
        proof => assert!(matches!(proof, Proof::Compared { .. }) && !proof.is_refuted(), "{proof}"),
    }
}

fn digits(layers: &str) -> RunFolder {
    let layers = format!(r#"[{layers},{{"kind":"dense","units":10,"activation":"linear"}}]"#);
    run(&layers, Shape::image(28, 28, 1), Task::Classification { classes: numbered_classes(10) }, Scaling::default())
}

/// A generator that has learned nothing.
fn generator(preset: &str, sample: Shape) -> RunFolder {
    let project = project(preset, &[]);
    let network = project.network(sample, 1).unwrap();
    let weights = network.init_weights(3);
    let scaling = match sample.is_flat() {
        true => Scaling { inputs: Standard { mean: vec![1.0, -2.0], deviation: vec![3.0, 0.5] }, ..Scaling::default() },
        false => Scaling::default(),
    };
    let task = Task::Classification { classes: numbered_classes(10) };
    let data = DataRecord { task, target: None, features: Vec::new(), scaling, threshold: None, origin: None };
    RunFolder { project, data, network, weights }
}

#[test]
fn every_layer_answers_in_a_page() {
    prove_all("html");
}

#[test]
fn generators_and_autoencoders_answer_in_a_page() {
    proven(&generator("gan-points", Shape::flat(2)));
    proven(&generator("gan-digits", Shape::image(28, 28, 1)));
    let again = |layers: &str, input: Shape, scaling: Scaling| {
        let layers = format!(r#"[{layers},{{"kind":"dense","units":{},"activation":"linear"}}]"#, input.len());
        let mut run = run(&layers, input, Task::Reconstruction { width: input.len() }, scaling);
        run.project.data.reconstruct = true;
        run
    };
    let mut pixels =
        again(r#"{"kind":"flatten"},{"kind":"dense","units":3}"#, Shape::image(6, 5, 1), Scaling::default());
    pixels.project.set("training.loss", "binary_cross_entropy").unwrap();
    proven(&pixels);
    proven(&again(r#"{"kind":"dense","units":3}"#, Shape::flat(6), scaling(6, 0)));
}

#[test]
fn a_change_from_the_naive_forecast_and_a_threshold_are_kept() {
    let layers = r#"[{"kind":"flatten"},{"kind":"dense","units":2,"activation":"linear"}]"#;
    let naive = Naive { columns: 3, row: 4, targets: vec![2, 0] };
    let scaling = Scaling { naive: Some(naive), ..scaling(3, 2) };
    proven(&run(layers, Shape::steps(7, 3), numbers(2), scaling));
    let classes = Task::Classification { classes: vec!["calm".to_owned(), "storm".to_owned()] };
    let mut run = run(r#"[{"kind":"dense","units":2}]"#, Shape::flat(3), classes, super::scaling(3, 0));
    run.data.threshold = Some(0.25);
    proven(&run);
    let (folder, _) = export(&run, "html").unwrap();
    let page = fs::read_to_string(folder.path().join("export/index.html")).unwrap();
    assert!(page.contains(r#""threshold":0.25"#));
}

#[test]
fn categories_words_and_missing_values_are_read_as_here() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.csv");
    let row = |at: usize| {
        let weight = if at.is_multiple_of(7) { String::new() } else { format!("{}", 10 + at % 13) };
        let (color, town) = (["red", "green", "blue"][at % 3], ["Ulm", "Bonn", "Kiel", ""][at % 4]);
        format!("{weight},{color},{town},{}\n", at % 5)
    };
    fs::write(&path, "weight,color,town,price\n".to_owned() + &(0..60).map(row).collect::<String>()).unwrap();
    let layers = r#"[{"kind":"embedding","vocabulary":9,"units":2,"numbers":4},{"kind":"dense","units":1,"activation":"linear"}]"#;
    let model: ModelSpec = serde_json::from_str(layers).unwrap();
    let mut project = Project { model, name: "shop".to_owned(), ..Project::default() };
    let source = format!("csv:{}?target=price&task=regression&categories=color&embedded=town&test=0.5", path.display());
    project.data.source = source.parse().unwrap();
    project.set("training.loss", "mean_squared_error").unwrap();
    let dataset = project.data.load(&Lookup::default()).unwrap();
    assert_eq!(dataset.shape, Shape::flat(5), "{:?}", dataset.features);
    let all: Vec<u32> = (0..dataset.train.len() as u32).collect();
    let scaling = dataset.learn_scaling(&all);
    let network = project.network(dataset.shape, dataset.task.outputs()).unwrap();
    let weights = network.init_weights(5);
    let (task, features) = (dataset.task.clone(), dataset.features.clone());
    let data = DataRecord { task, target: dataset.target.clone(), features, scaling, threshold: None, origin: None };
    let run = RunFolder { project, data, network, weights };
    let (exported, done) = export(&run, "html").unwrap();
    assert!(done.examples.contains("test samples"), "{}", done.examples);
    assert!(
        matches!(done.proof, Proof::Compared { .. } | Proof::Missing { .. }) && !done.proof.is_refuted(),
        "{}",
        done.proof
    );
    let examples = fs::read_to_string(exported.path().join("export/examples.json")).unwrap();
    assert!(examples.contains("null"), "no example has a missing value");
    let page = fs::read_to_string(exported.path().join("export/index.html")).unwrap();
    let here = folder.path().display().to_string();
    assert!(!page.contains(&here), "the page tells in which folder the table was");
}

#[test]
fn names_from_data_are_text_and_no_markup() {
    let name = r#"</script><script>alert("{{model}}")</script><!--"#;
    let classes = Task::Classification { classes: vec![name.to_owned(), "other".to_owned()] };
    let mut run = run(r#"[{"kind":"dense","units":2}]"#, Shape::flat(2), classes, scaling(2, 0));
    run.data.features[0].column = name.to_owned();
    name.clone_into(&mut run.project.name);
    proven(&run);
    let (folder, _) = export(&run, "html").unwrap();
    let page = fs::read_to_string(folder.path().join("export/index.html")).unwrap();
    assert_eq!(page.matches("</script").count(), 10, "one for each script of the page");
    assert!(!page.contains("<script>") && !page.contains("<!--"));
    for remote in ["http://", "https://", "import(", "fetch(", "innerHTML"] {
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(remote), "{remote}");
    }
}

/// Strokes of all kinds: letters, dots, lines, and a pen that trembles.
fn strokes() -> Vec<Vec<Vec<[f32; 2]>>> {
    let wave = |count: usize, step: f32| -> Vec<[f32; 2]> {
        (0..count).map(|at| at as f32 * step).map(|t| [120.0 + 80.0 * (1.7 * t).sin(), 40.3 + 31.7 * t]).collect()
    };
    let circle = (0..=40).map(|at| at as f32 * 0.157).map(|t| [200.0 + 50.0 * t.cos(), 100.0 + 90.0 * t.sin()]);
    vec![
        vec![vec![[10.0, 12.0], [60.0, 10.0], [35.0, 60.0], [30.0, 95.0]], vec![[20.0, 50.0], [55.0, 48.0]]],
        vec![vec![[300.0, 200.0]]],
        vec![vec![[300.0, 200.0], [300.0, 200.0]]],
        vec![vec![[50.0, 0.0], [50.0, 300.0]]],
        vec![vec![[0.0, 0.0], [1.0e9, 3.0e8]]],
        vec![wave(25, 0.25)],
        vec![wave(2000, 0.003), vec![[10.0, 10.0], [11.0, 300.5]]],
        vec![circle.collect()],
        vec![vec![[0.1, 0.2], [0.3, 0.1], [0.35, 0.7]], vec![[0.5, 0.6]]],
    ]
}

#[test]
fn drawings_become_the_same_pixels_as_here() {
    if !has_node() {
        return;
    }
    let (folder, _) = export(&digits(r#"{"kind":"flatten"}"#), "html").unwrap();
    let page = folder.path().join("export/index.html");
    for side in [28, 20, 64] {
        let code = format!("return asked.map((strokes) => Array.from(drawn(strokes, {side}, {PEN_WIDTH})));");
        let pixels = in_page(&page, &code, &json!(strokes()));
        for (strokes, pixels) in strokes().into_iter().zip(pixels.as_array().unwrap()) {
            let here = Drawing { strokes: strokes.clone(), label: None }.image(side, PEN_WIDTH).unwrap();
            assert_eq!(*pixels, json!(here.into_raw_vec_and_offset().0), "{strokes:?} at {side}");
        }
    }
    assert_eq!(in_page(&page, "return drawn([], 28, 2.2);", &json!(null)), Value::Null);
}

/// Ink on paper, on a dark ground, on nothing, within a frame, in a shadow, and none; and a colorful picture.
fn images() -> Vec<RgbaImage> {
    let stroke =
        |x: u32, y: u32| (20..40).contains(&x) && (10..110).contains(&y) || (40..70).contains(&x) && y / 8 == 6;
    let gray = |size: (u32, u32), f: &dyn Fn(u32, u32) -> u8| {
        DynamicImage::from(GrayImage::from_fn(size.0, size.1, |x, y| Luma([f(x, y)]))).into_rgba8()
    };
    let inside = |x: u32, y: u32| (10..310).contains(&x) && (10..210).contains(&y);
    let paper = |x: u32, y: u32| if stroke(x.wrapping_sub(10), y.wrapping_sub(10)) { 20 } else { 250 };
    vec![
        gray((300, 200), &|x, y| if stroke(x, y) { 10 } else { 250 }),
        gray((130, 117), &|x, y| if stroke(x, y) { 240 } else { 3 }),
        gray((320, 220), &|x, y| if inside(x, y) { paper(x, y) } else { 0 }),
        gray((300, 200), &|x, y| (if stroke(x, y) { 0 } else { 255 * (90 + x / 2) / 255 }) as u8),
        gray((28, 28), &|x, y| if stroke(x + 20, y + 5) { 0 } else { 255 }),
        gray((50, 40), &|_, _| 200),
        RgbaImage::from_fn(90, 120, |x, y| Rgba([255, 255, 255, if stroke(x, y) { 255 } else { 0 }])),
        RgbaImage::from_fn(61, 47, |x, y| Rgba([(x * 4) as u8, (y * 3) as u8, (x * y % 256) as u8, (255 - x) as u8])),
    ]
}

#[test]
fn pictures_become_the_same_pixels_as_here() {
    if !has_node() {
        return;
    }
    let (folder, _) = export(&digits(r#"{"kind":"flatten"}"#), "html").unwrap();
    let page = folder.path().join("export/index.html");
    let asked: Vec<Value> = images()
        .iter()
        .map(|image| json!({ "width": image.width(), "height": image.height(), "data": image.as_raw() }))
        .collect();
    let readings = [
        ("null", None),
        (r#"{fit:"stretch",background:255}"#, Some(Reading { fit: Fit::Stretch, background: 255 })),
        (r#"{fit:"crop",background:0}"#, Some(Reading { fit: Fit::Crop, background: 0 })),
        (r#"{fit:"pad",background:128}"#, Some(Reading { fit: Fit::Pad, background: 128 })),
    ];
    for (text, reading) in readings {
        for dims in [[28, 28, 1], [28, 28, 3], [20, 32, 1]] {
            let code = format!(
                "return asked.map(({{width, height, data}}) => {{
                    const image = {{ width, height, data: Uint8Array.from(data) }};
                    const pixels = pixelsOf(image, {dims:?}, {text});
                    return pixels && Array.from(pixels);
                }});"
            );
            let told = in_page(&page, &code, &json!(asked));
            for (at, (image, pixels)) in images().into_iter().zip(told.as_array().unwrap()).enumerate() {
                let here = match pictures::of_image(image.into(), dims, reading).unwrap() {
                    Picture::Pixels(pixels) => json!(pixels),
                    Picture::Empty => Value::Null,
                };
                assert_eq!(*pixels, here, "image {at} as {dims:?}, {text}");
            }
        }
    }
}

#[test]
fn a_seed_makes_the_same_noise_as_here() {
    if !has_node() {
        return;
    }
    let run = generator("gan-points", Shape::flat(2));
    let (folder, _) = export(&run, "html").unwrap();
    let len = run.network.input().len();
    let code = format!("return asked.flatMap((at) => noise(7, at, {len}));");
    let told = in_page(&folder.path().join("export/index.html"), &code, &json!([0, 1, 2]));
    let here = gan::noise(&run.network, 7, 3);
    assert_eq!(told.as_array().unwrap().len(), 3 * len);
    for (told, here) in told.as_array().unwrap().iter().zip(here) {
        assert!((told.as_f64().unwrap() - f64::from(here)).abs() < 2e-6, "{told}, and {here}");
    }
}
