//! `backprop serve`: other programs are answered over HTTP as `backprop predict` answers, and nothing they send ends the server.

use std::fs;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{backprop, lines};

/// A server that ends with the test.
struct Server {
    child: Child,
    address: String,
    notes: BufReader<ChildStderr>,
}

impl Server {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_backprop"))
            .arg("serve")
            .args(arguments)
            .args(["--port", "0"])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let notes = BufReader::new(child.stderr.take().unwrap());
        let address = first.trim().rsplit_once("http://").unwrap_or_else(|| panic!("{first:?}")).1.to_owned();
        Self { child, address, notes }
    }

    /// A connection; a test that would wait forever fails instead.
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Status, headers and body.
    fn ask(&self, head: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = self.connect();
        let head = format!("{head}\r\nHost: {}\r\nConnection: close\r\n", self.address);
        write!(stream, "{head}Content-Length: {}\r\n\r\n", body.len()).unwrap();
        // It may have been refused before it is all sent.
        let _ = stream.write_all(body);
        response(stream)
    }

    fn get(&self, path: &str) -> (u16, String) {
        let (status, _, body) = self.ask(&format!("GET {path} HTTP/1.1"), b"");
        (status, body)
    }

    fn post(&self, path: &str, body: &[u8]) -> (u16, Value) {
        let (status, head, text) = self.ask(&format!("POST {path} HTTP/1.1"), body);
        assert!(head.to_ascii_lowercase().contains("content-type: application/json"), "{head}");
        (status, serde_json::from_str(&text).unwrap())
    }

    fn predict(&self, body: &[u8]) -> Value {
        let (status, said) = self.post("/predict", body);
        assert_eq!(status, 200, "{said}");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the server has closed a connection.
fn closed(mut stream: TcpStream) {
    let ended = stream.read_to_end(&mut Vec::new());
    assert!(!ended.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "the connection is still open");
}

fn response(mut stream: TcpStream) -> (u16, String, String) {
    let mut text = Vec::new();
    stream.read_to_end(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_owned(), body.to_owned())
}

/// What `backprop predict` says of a file, without its name, and what it notes.
fn predicted(folder: &Path, file: &str, more: &[&str]) -> (Vec<Value>, Vec<String>) {
    let done = backprop(folder, &[&["predict", "run", file, "--json"], more].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let mut answers = lines(&done.out);
    answers.iter_mut().for_each(|answer| drop(answer.as_object_mut().unwrap().remove("file")));
    let notes = done.err.lines().map(|line| line.trim_start_matches(&format!("{file}: ")).to_owned());
    (answers, notes.collect())
}

fn trained(files: &[(&str, String)], source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let done = backprop(folder.path(), &["train", source, "--epochs", "3", "--out", "run"]);
    assert_eq!(done.code, 0, "{}", done.err);
    folder
}

/// Flats with a kind that decides nothing.
fn flats() -> String {
    let row = |at: usize| {
        let (size, city) = (30 + at * 7 % 90, ["Graz", "Linz", "Wien"][at % 3]);
        format!("{size},{city},{},{}\n", at % 5, size * 12 + at % 3 * 100)
    };
    format!("size,city,rooms,rent\n{}", (0..120).map(row).collect::<String>())
}

fn flowers() -> String {
    let row =
        |at: usize| format!("{}.{},{}.5,{}\n", 3 + at % 5, at % 10, at % 7, if at % 5 < 2 { "daisy" } else { "aster" });
    format!("length,width,kind\n{}", (0..120).map(row).collect::<String>())
}

#[test]
fn a_row_of_a_table_is_answered_as_predict_answers_it() {
    let new = "city,rooms,size\nWien,2,55\nBern,,61\nLinz,3,\n";
    let folder = trained(&[("flats.csv", flats()), ("new.csv", new.to_owned())], "csv:flats.csv?target=rent");
    let server = Server::start(folder.path(), &["run"]);
    let (expected, notes) = predicted(folder.path(), "new.csv", &[]);
    let said = server.predict(new.as_bytes());
    assert_eq!(said["predictions"], json!(expected));
    assert_eq!(said["remarks"], json!(notes));
    assert!(notes.iter().any(|note| note.contains("a word that training had not, such as \"Bern\"")), "{notes:?}");
    let rows = json!([
        { "size": 55, "city": "Wien", "rooms": 2 },
        { "size": 61, "city": "Bern", "rooms": null },
        { "rooms": 3, "city": "Linz", "size": null, "owner": "somebody" },
    ]);
    let said = server.predict(rows.to_string().as_bytes());
    assert_eq!(said["predictions"], json!(expected));
    assert_eq!(said["remarks"], json!(notes));
    // One object is one row; bytes of other programs, such as a mark of the byte order, change nothing.
    assert_eq!(server.predict(rows[0].to_string().as_bytes())["predictions"], json!(expected[..1]));
    assert_eq!(server.predict(format!("\u{feff}{new}").as_bytes())["predictions"], json!(expected));
}

#[test]
fn classes_have_their_names_and_a_threshold_of_two() {
    let folder = trained(&[("flowers.csv", flowers())], "csv:flowers.csv");
    let server = Server::start(folder.path(), &["run", "--threshold", "0.9999"]);
    let (expected, _) = predicted(folder.path(), "flowers.csv", &["--threshold", "0.9999"]);
    let said = server.predict(flowers().as_bytes());
    assert_eq!(said["predictions"], json!(expected));
    assert_eq!(said["classes"], json!(["aster", "daisy"]));
    let (_, said) = server.post("/predict?threshold=0", b"length,width\n3.1,2.5\n");
    assert_eq!(said["predictions"][0]["label"], "daisy");
}

#[test]
fn a_series_is_answered_as_predict_answers_it_and_forecast_beyond_its_end() {
    let row =
        |at: usize| format!("{}-{:02},{:.2}\n", 2000 + at / 12, 1 + at % 12, (at as f64 / 2.0).sin() * 9.0 + 20.0);
    let sea = format!("month,height\n{}", (0..120).map(row).collect::<String>());
    let folder = trained(&[("sea.csv", sea.clone())], "series:sea.csv?window=6");
    let server = Server::start(folder.path(), &["run"]);
    let (expected, notes) = predicted(folder.path(), "sea.csv", &[]);
    let said = server.predict(sea.as_bytes());
    assert_eq!((&said["predictions"], &said["remarks"]), (&json!(expected), &json!(notes)));
    // The values of a window, with their name and without.
    let heights: Vec<f64> = sea.lines().skip(1).map(|line| line.split_once(',').unwrap().1.parse().unwrap()).collect();
    let window = server.predict(json!(heights[..6]).to_string().as_bytes());
    assert_eq!(window["predictions"][0]["values"], expected[0]["values"]);
    let rows: Vec<_> = heights[..6].iter().map(|height| json!({ "height": height })).collect();
    let named = server.predict(json!(rows).to_string().as_bytes());
    assert_eq!(named["predictions"], json!(expected[..1]));

    let (expected, notes) = predicted(folder.path(), "sea.csv", &["--ahead", "5"]);
    let (status, said) = server.post("/predict?ahead=5", sea.as_bytes());
    assert_eq!((status, &said["forecasts"][0]["rows"]), (200, &json!(expected)));
    assert_eq!(said["remarks"], json!(notes));
}

#[test]
fn a_column_of_times_that_a_window_lacks_is_told() {
    let row = |at: usize| format!("{}-{:02},{}.5\n", 2000 + at / 12, 1 + at % 12, at % 12);
    let sales = format!("month,sold\n{}", (0..120).map(row).collect::<String>());
    let folder = trained(&[("sales.csv", sales)], "series:sales.csv?window=3&time=month&column=sold");
    let server = Server::start(folder.path(), &["run"]);
    let said = server.predict(br#"[{"sold": 1.5}, {"sold": 2.5}, {"sold": 3.5}]"#);
    assert_eq!(said["predictions"].as_array().unwrap().len(), 1);
    assert_eq!(
        said["remarks"],
        json!(["There is no column month, so the rows are taken in the order in which they stand"])
    );
}

fn picture(folder: &Path) -> PathBuf {
    let path = folder.join("one.png");
    let ink = |x: u32, y: u32| image::Luma([if (130..160).contains(&x) && (30..240).contains(&y) { 20 } else { 240 }]);
    image::GrayImage::from_fn(280, 280, ink).save(&path).unwrap();
    path
}

#[test]
fn images_drawings_and_raw_pixels_are_answered_as_predict_answers_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = picture(folder.path());
    let jpeg = folder.path().join("one.jpg");
    image::open(&path).unwrap().save(&jpeg).unwrap();
    let seven = r#"{"strokes":[[[10,10],[60,10],[30,90]]],"label":"7"}"#;
    fs::write(folder.path().join("two.jsonl"), format!("{seven}\n{{\"strokes\":[]}}\n")).unwrap();
    let pixels: Vec<u8> = (0..784)
        .map(|at| if (13..16).contains(&(at % 28)) && (4..24).contains(&(at / 28)) { 255 } else { 0 })
        .collect();
    image::GrayImage::from_raw(28, 28, pixels.clone()).unwrap().save(folder.path().join("raw.png")).unwrap();
    let server = Server::start(folder.path(), &["pretrained"]);
    let expected = |file: &str| {
        let mut answers = lines(&backprop(folder.path(), &["predict", "pretrained", file, "--json"]).out);
        answers.iter_mut().for_each(|answer| drop(answer.as_object_mut().unwrap().remove("file")));
        json!(answers)
    };
    for file in ["one.png", "one.jpg", "two.jsonl"] {
        let said = server.predict(&fs::read(folder.path().join(file)).unwrap());
        assert_eq!(said["predictions"], expected(file), "{file}");
    }
    assert_eq!(server.predict(&fs::read(&path).unwrap())["predictions"][0]["label"], "1");
    let raw = expected("raw.png");
    assert_eq!(server.predict(json!(pixels).to_string().as_bytes())["predictions"], raw);
    let rows: Vec<&[u8]> = pixels.chunks(28).collect();
    assert_eq!(server.predict(json!([rows, rows]).to_string().as_bytes())["predictions"], json!([raw[0], raw[0]]));
    let head = "POST /predict HTTP/1.1\r\nContent-Type: application/octet-stream";
    let (status, _, body) = server.ask(head, &pixels);
    assert_eq!((status, &serde_json::from_str::<Value>(&body).unwrap()["predictions"]), (200, &raw));
}

#[test]
fn a_reconstruction_has_the_numbers_of_the_row_with_their_units() {
    let row = |at: usize| format!("{} kg,{},{}\n", 40 + at % 31, (40 + at % 31) * 2, ["a", "b"][at % 2]);
    let table = format!("weight,double,kind\n{}", (0..100).map(row).collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("table.csv"), &table).unwrap();
    let layers = r#"model=[{"kind":"dense","units":2}]"#;
    let loss = "training.loss=mean_squared_error";
    let train = [
        "train",
        "autoencoder",
        "--data",
        "csv:table.csv",
        "--set",
        layers,
        "--set",
        loss,
        "--epochs",
        "2",
        "--out",
        "run",
    ];
    let done = backprop(folder.path(), &train);
    assert_eq!(done.code, 0, "{}", done.err);
    let server = Server::start(folder.path(), &["run"]);
    let (expected, _) = predicted(folder.path(), "table.csv", &[]);
    let said = server.predict(table.as_bytes());
    assert_eq!(said["predictions"], json!(expected));
    assert_eq!(said["units"]["weight"], "kg");
}

#[test]
fn what_is_wrong_is_refused_in_one_sentence_and_ends_nothing() {
    let folder = trained(&[("flats.csv", flats())], "csv:flats.csv?target=rent");
    let server = Server::start(folder.path(), &["run", "--max-size", "1"]);
    let digits = Server::start(folder.path(), &["pretrained"]);
    let refused = |server: &Server, path: &str, body: &[u8], status: u16, what: &str| {
        let (found, said) = server.post(path, body);
        let error = said["error"].as_str().unwrap_or_default();
        assert!(found == status && error.contains(what) && !error.contains('\n'), "{found} {error}");
    };
    for (path, body, status, what) in [
        ("/predict", &b""[..], 400, "has no body"),
        ("/predict", b"  \n", 400, "has no body"),
        ("/predict", b"{\"size\": 3", 422, "is not the JSON of an object"),
        ("/predict", b"{\"size\": 50}", 422, "lacks 2 columns that the network reads, city, rooms; there is size"),
        ("/predict", b"size,city\n3,Graz\n", 422, "lacks 1 column that the network reads, rooms"),
        ("/predict", b"[[50, 1, 2]]", 422, "a row is an object with the names of its columns"),
        ("/predict", b"size,city,rooms\n", 422, "no row below it"),
        ("/predict", b"\x00\x01\x02\x03\xff\xfe\xfd", 422, "the request: "),
        ("/predict", b"<html></html>", 422, "this is an HTML page"),
        ("/predict?ahead=3", b"{}", 400, "ahead is for networks that forecast a series"),
        ("/predict?threshold=0.5", b"{}", 400, "threshold is for two classes"),
        ("/predict?rows=5", b"{}", 400, "rows is unknown in the address; there is ahead and threshold"),
        ("/nowhere", b"{}", 404, "there is no /nowhere; there is GET /, POST /predict"),
    ] {
        refused(&server, path, body, status, what);
    }
    for (body, status, what) in [
        (&b"[1, 2, 3]"[..], 422, "has 3 numbers, and a sample has 784"),
        (&[b"[".as_slice(), &b"0.5,".repeat(783), b"1]"].concat(), 422, "0.5 is no pixel; pixels are whole numbers"),
        (b"[1, 2", 400, "is not JSON"),
        (b"[1, \"two\"]", 422, "a list of numbers that holds \"two\""),
        (b"{\"strokes\": 5}", 422, "the request"),
        (b"no image", 422, "is neither a drawing in JSON nor an image"),
        (b"\x89PNG\r\n\x1a\n....", 422, "nor an image"),
        (&b"[".repeat(100_000), 422, "the request"),
    ] {
        refused(&digits, "/predict", body, status, what);
    }
    let (status, head, _) = server.ask("GET /predict HTTP/1.1", b"");
    assert!(status == 405 && head.to_ascii_lowercase().contains("allow: post"), "{head}");
    assert_eq!(server.ask("DELETE / HTTP/1.1", b"").0, 405);
    let (status, _, body) =
        server.ask("POST /predict HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x", b"--x");
    assert!(status == 415 && body.contains("curl --data-binary @FILE"), "{body}");
    assert_eq!(server.ask("POST /predict HTTP/1.1\r\nContent-Encoding: gzip", b"x").0, 415);
    // A page of the internet may call this machine by a name of its own.
    let mut stream = server.connect();
    write!(stream, "GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(response(stream).0, 421);
    // No HTTP at all.
    let mut stream = server.connect();
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n").unwrap();
    let _ = stream.read_to_end(&mut Vec::new());

    refused(&server, "/predict", &vec![b'x'; 3_000_000], 413, "more than 1000000 bytes");
    for server in [&server, &digits] {
        let (status, health) = server.get("/health");
        assert!(status == 200 && health.contains("\"ok\""), "{health}");
    }
}

#[test]
fn a_slow_client_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["pretrained", "--timeout", "0.2"]);
    // It sends a part of its body and waits.
    let mut stream = server.connect();
    write!(stream, "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n[1, 2").unwrap();
    let (status, _, body) = response(stream);
    assert!(status == 408 && body.contains("took longer than 0.2 s to arrive"), "{status} {body}");
    // Its head never ends.
    let mut stream = server.connect();
    write!(stream, "POST /predict HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").unwrap();
    closed(stream);
    // It sends nothing.
    closed(server.connect());
    assert_eq!(server.get("/health").0, 200);
}

#[test]
fn many_clients_at_once_get_each_their_own_answer() {
    let folder = trained(&[("flats.csv", flats())], "csv:flats.csv?target=rent");
    let server = Server::start(folder.path(), &["run"]);
    let (expected, _) = predicted(folder.path(), "flats.csv", &[]);
    let rows: Vec<Value> = flats()
        .lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            json!({ "size": cells[0].parse::<f64>().unwrap(), "city": cells[1], "rooms": cells[2].parse::<f64>().unwrap() })
        })
        .collect();
    thread::scope(|scope| {
        for client in 0..24 {
            let (server, rows, expected) = (&server, &rows, &expected);
            scope.spawn(move || {
                for at in (client..rows.len()).step_by(7) {
                    let said = server.predict(rows[at].to_string().as_bytes());
                    assert_eq!(said["predictions"][0]["values"], expected[at]["values"], "row {}", at + 1);
                }
            });
        }
    });
    // One connection is used for several requests.
    let mut stream = server.connect();
    for _ in 0..3 {
        write!(stream, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 2048];
        let len = stream.read(&mut answer).unwrap();
        assert!(answer[..len].starts_with(b"HTTP/1.1 200"));
    }
}

#[test]
fn the_server_describes_itself_to_people_and_to_programs() {
    let folder = trained(&[("flats.csv", flats())], "csv:flats.csv?target=rent");
    let server = Server::start(folder.path(), &["run"]);
    let (status, page) = server.get("/");
    assert!(status == 200 && page.starts_with("<!doctype html>") && !page.contains("{{"), "{page}");
    assert!(page.contains("It reads rows of a table and predicts rent."), "{page}");
    let (status, head, body) = server.ask("HEAD / HTTP/1.1", b"");
    assert!(status == 200 && body.is_empty(), "{head}");
    let described: Value = serde_json::from_str(&server.get("/openapi.json").1).unwrap();
    assert_eq!((&described["openapi"], &described["info"]["title"]), (&json!("3.1.0"), &json!("run")));
    let schemas = &described["components"]["schemas"];
    assert_eq!(schemas["Row"]["required"], json!(["city", "rooms", "size"]));
    assert_eq!(schemas["Row"]["properties"]["city"]["examples"], json!(["Graz", "Linz", "Wien"]));
    assert!(
        schemas["Answer"]["properties"]["predictions"]["items"]["properties"]["values"]["properties"]["rent"]
            .is_object()
    );
    let post = &described["paths"]["/predict"]["post"];
    let example = &post["requestBody"]["content"]["application/json"]["example"];
    assert_eq!(server.predict(example.to_string().as_bytes())["remarks"], json!([]));
    assert_eq!(described["servers"][0]["url"], format!("http://{}", server.address));

    let digits = Server::start(folder.path(), &["pretrained"]);
    let described: Value = serde_json::from_str(&digits.get("/openapi.json").1).unwrap();
    assert!(described["paths"]["/predict"]["post"]["requestBody"]["content"]["image/png"].is_object());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["pretrained"]);
    let port = server.address.rsplit_once(':').unwrap().1;
    let done = backprop(folder.path(), &["serve", "pretrained", "--port", port]);
    assert!(
        done.code == 1 && done.err.contains("another program uses this port; choose another with --port"),
        "{}",
        done.err
    );
    assert_eq!(backprop(folder.path(), &["serve", "nothing", "--port", "0"]).code, 1);
    assert_eq!(backprop(folder.path(), &["serve", "pretrained", "--port", "0", "--timeout", "0"]).code, 2);
    assert_eq!(backprop(folder.path(), &["serve", "pretrained", "--threshold", "0.3"]).code, 2);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_the_server_and_an_open_address_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), &["pretrained", "--host", "0.0.0.0"]);
    // A connection that is open and asks for nothing does not keep it.
    let port = server.address.rsplit_once(':').unwrap().1;
    let _idle = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let interrupt = Command::new("kill").args(["-INT", &server.child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let mut notes = String::new();
    server.notes.read_to_string(&mut notes).unwrap();
    assert!(notes.contains("Everybody who reaches this address can ask"), "{notes}");
}
