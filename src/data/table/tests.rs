use std::path::Path;

use super::*;

mod faults;

/// Columns without a header are called by their position.
fn has_header(table: &Table) -> bool {
    table.columns[0].name != "column 1"
}

pub(super) fn parse(text: &str) -> Table {
    Table::parse(text.as_bytes().to_vec(), &Options::default()).unwrap()
}

fn row(table: &Table, row: usize) -> Vec<Option<&str>> {
    table.columns.iter().map(|column| column.cells[row].as_deref()).collect()
}

fn numbers(table: &Table, column: usize) -> Vec<Option<f64>> {
    (0..table.rows).map(|row| table.columns[column].number(row)).collect()
}

#[test]
fn separators_quotes_and_headers_are_found() {
    for (text, names, first) in [
        ("a,b,c\n1,2,x\n3,4,y\n", "a, b, c", ["1", "2", "x"]),
        ("\u{feff}\"a\";\"b\";\"c\"\n1;2,5;x\n3;4,5;\"y;z\"\n", "a, b, c", ["1", "2.5", "x"]),
        ("1\t2\tgreen apple\n3\t4\tgreen pear\n", "column 1, column 2, column 3", ["1", "2", "green apple"]),
        (
            "  1   2.5\t\"chevrolet chevelle\"\n  3   14.\t\"fiat  124\"\n",
            "column 1, column 2, column 3",
            ["1", "2.5", "chevrolet chevelle"],
        ),
        ("a|b|a\r\n1|2|3\r\n", "a, b, a (2)", ["1", "2", "3"]),
        ("kind,colour,size\nfruit,red,big\nfruit,green,big\n", "kind, colour, size", ["fruit", "red", "big"]),
        ("x,,y\n1,2,3\n", "x, column 2, y", ["1", "2", "3"]),
    ] {
        let table = parse(text);
        assert_eq!((table.names().as_str(), row(&table, 0)), (names, first.map(Some).to_vec()), "{text:?}");
    }
    let named = Table::parse(b"1,2\n3,4".to_vec(), &Options::named(["x", "y"])).unwrap();
    assert_eq!((named.names().as_str(), named.rows), ("x, y", 2));
    let one_name = Table::parse(b"1,2\n3,4".to_vec(), &Options::named(["x"]));
    assert!(one_name.is_err_and(|what| what.to_string().contains("has 2 columns, and 1 names")));
}

#[test]
fn names_that_count_are_a_header_and_an_option_overrules_it() {
    let classes = ["alba", "rosea", "lutea"];
    let rows: String = (0..30).map(|at| format!("{}.5,3.4,1.{},{}\n", at % 7, at % 9, classes[at % 3])).collect();
    for names in ["0,1,2,target", "1,2,3,kind", "2019,2020,2021,region"] {
        let table = parse(&format!("{names}\n{rows}"));
        assert_eq!((table.rows, table.names()), (30, names.replace(',', ", ")), "{names}");
        assert!(table.notes.iter().any(|note| note.contains("header=false")), "{:?}", table.notes);
    }
    assert_eq!(parse(&rows).rows, 30);
    assert_eq!(parse(&format!("4.5,3.1,1.2,rare\n{rows}")).rows, 31, "a class that comes once is no header");
    let options = Options { header: Some(false), ..Options::default() };
    assert_eq!(Table::parse(format!("0,1,2,target\n{rows}").into_bytes(), &options).unwrap().rows, 31);
    let given = Options::named(["a", "b", "c", "kind"]);
    let table = Table::parse(format!("a,b,c,kind\n{rows}").into_bytes(), &given).unwrap();
    assert_eq!((table.rows, has_header(&table)), (30, true), "names that are the header's make it no sample");
}

#[test]
fn titles_units_and_a_header_that_comes_again_are_no_samples() {
    let rows: String = (0..20).map(|at| format!("{at}.5,{},x{}\n", at * 7 % 5, at % 3)).collect();
    for text in [
        format!("a,b,kind\n{rows}"),
        format!("Spring survey,,\n,,\na,b,kind\n{rows}"),
        format!("Spring survey\na,b,kind\n{rows}"),
        format!("a,b,kind\ncm,cm,name\n{rows}"),
        format!("a,b,kind\n[cm],[g],\n{rows}"),
        format!("a,b,kind\n{rows}a,b,kind\n"),
    ] {
        let table = parse(&text);
        assert_eq!((table.rows, table.names().as_str()), (20, "a, b, kind"), "{text}");
        assert!(!table.columns[0].holds_words(), "{text}");
    }
    let table = parse(&format!("a,b,kind\ncm,g,name\n{rows}"));
    assert_eq!(table.columns[1].unit.as_deref(), Some("g"));
}

#[test]
fn commas_points_and_nothing_are_understood_as_numbers() {
    let table = parse("a;b\n1,5;?\n-2,25;NA\n1.234,5;7\n;8\n\n");
    assert_eq!(numbers(&table, 0), [Some(1.5), Some(-2.25), Some(1234.5), None]);
    assert_eq!((row(&table, 0)[1], row(&table, 1)[1], table.rows), (None, None, 4));
    let table = parse("a,b\n1e3,inf\n\"2.5\",1e300\n3,1e999\n");
    assert_eq!(numbers(&table, 0), [Some(1000.0), Some(2.5), Some(3.0)]);
    assert_eq!(numbers(&table, 1), [None, Some(1e300), None], "{table:?}");
    assert_eq!((table.columns[1].holds_words(), table.columns[1].first_word()), (false, Some("inf")));
    assert_eq!(parse("a,b\n10,x\n9,x\n10,y").columns[0].distinct(), ["9", "10"]);
    assert_eq!(parse("a,b\n1,x\n1.0,x\n0,y\n0.00,y").columns[0].distinct(), ["0", "1"]);
}

#[test]
fn thousands_are_told_and_what_is_ambiguous_is_refused() {
    let table = parse("area,price\n84,\"8,623\"\n117,\"936\"\n1200,\"10,936\"\n");
    assert_eq!(numbers(&table, 1), [Some(8623.0), Some(936.0), Some(10936.0)]);
    assert!(table.columns[1].notes[0].contains("\"8,623\" is 8623"), "{:?}", table.columns[1].notes);
    let refused = Table::parse(b"area;price\n84;8,623\n117;4,141\n".to_vec(), &Options::default()).unwrap_err();
    assert!(refused.to_string().contains("may be 8623 or 8.623"), "{refused}");
    let options = Options { decimal: Some(','), ..Options::default() };
    let table = Table::parse(b"area;price\n84;8,623\n117;4,141\n".to_vec(), &options).unwrap();
    assert_eq!(numbers(&table, 1), [Some(8.623), Some(4.141)]);
    let other_column = parse("area;price\n84,5;8.623\n117,5;4.141\n");
    assert_eq!(numbers(&other_column, 1), [Some(8623.0), Some(4141.0)], "the other column has decimal commas");
}

#[test]
fn units_markers_and_words_are_told_apart() {
    let rows: String = (0..40)
        .map(|at| {
            format!("{}%,${at}.50,{}\n", at + 3, if at % 9 == 0 { "unknown".into() } else { (at * 3).to_string() })
        })
        .collect();
    let table = parse(&format!("share,cost,age\n{rows}"));
    assert_eq!(table.columns[0].unit.as_deref(), Some("%"));
    assert_eq!(
        (table.columns[1].number(1), table.columns[2].number(0), table.columns[2].number(1)),
        (Some(1.5), None, Some(3.0))
    );
    let rows: String = (0..40).map(|at| format!("{},{}\n", at % 7, if at % 8 == 0 { -999 } else { 80 + at })).collect();
    let table = parse(&format!("a,pressure\n{rows}"));
    assert_eq!((table.columns[1].number(0), table.columns[1].number(1)), (None, Some(81.0)));
    assert!(table.columns[1].notes[0].contains("5 cells of pressure with -999"), "{:?}", table.columns[1].notes);
    let words = parse("hours,sleep\n1,None\n2,Apnea\n3,None\n4,-\n5,NA\n");
    assert_eq!(words.columns[1].distinct(), ["-", "Apnea", "None"]);
    let options = Options { missing: Some(vec!["none".into(), "-".into()]), ..Options::default() };
    let words = Table::parse(b"hours,sleep\n1,None\n2,Apnea\n3,None\n4,-\n5,NA\n".to_vec(), &options).unwrap();
    assert_eq!(words.columns[1].distinct(), ["Apnea", "NA"]);
    let folded = parse("a,b\n1,no\n2,No\n3,no\n4,YES\n5,yes\n6,yes \n7,a\n8,A\n");
    assert_eq!(folded.columns[1].distinct(), ["A", "a", "no", "yes"]);
    assert_eq!(parse("zip,b\n01234,1\n99999,2\n").columns[0].distinct(), ["01234", "99999"]);
    let answers = parse("a,b\n1,Y\n2,n\n3,N\n4,y\n5,y\n");
    assert_eq!(answers.columns[1].distinct().len(), 2, "a few letters are answers");
    let files = parse("file,b\n000.png,1\n001.png,2\n002.png,2\n");
    assert_eq!(files.columns[0].distinct(), ["000.png", "001.png", "002.png"], "an ending is no unit");
    let prices: String = (0..40).map(|at| format!("{}{}\n", ["$", "€"][at % 2], at * 3 + 10)).collect();
    let prices = parse(&format!("price,b\n{}", prices.replace('\n', ",1\n")));
    assert_eq!(prices.columns[0].mixed_units().unwrap().what, "numbers in $ and in €");
}

#[test]
fn percents_beside_shares_are_refused_and_bare_numbers_beside_a_unit_are_told() {
    let rows: String = (0..40).map(|at| if at % 8 == 0 { "77%,1\n" } else { "0.15,2\n" }).collect();
    let refused = Table::parse(format!("w,b\n{rows}").into_bytes(), &Options::default()).unwrap_err().to_string();
    assert!(refused.contains("\"77%\" in w may be 77 or 0.77") && refused.contains("ignore=w"), "{refused}");
    let rows: String = (0..40).map(|at| if at % 2 == 0 { "71 kg,1\n" } else { "150,2\n" }).collect();
    let table = parse(&format!("w,b\n{rows}"));
    assert!(table.columns[0].notes[0].contains("20 have none"), "{:?}", table.columns[0].notes);
}

#[test]
fn separators_at_the_end_years_as_names_and_a_header_alone_are_known() {
    let table = parse("a,b,kind,,,\n1,2,x,,,\n3,4,y,,,\n5,6,y,,,\n");
    assert_eq!(table.names(), "a, b, kind");
    let table = parse("a,b,kind\n1,2,x,,\n3,4,y,,\n5,6,y,,\n");
    assert_eq!((table.names().as_str(), table.rows), ("a, b, kind", 3));
    let rows: String = (0..30).map(|at| format!("{}.5,{}.25,{}.75\n", at % 7, at % 5, at % 11)).collect();
    assert_eq!(parse(&format!("2019,2020,2021\n{rows}")).names(), "2019, 2020, 2021");
    let rows: String = ["Oslo", "Rome", "Lima", "Kyiv"].map(|city| format!("{city},1.5,2.25,3.5\n")).concat();
    assert_eq!(parse(&format!("city,2019,2020,2021\n{rows}")).names(), "city, 2019, 2020, 2021");
    let alone = Table::parse(b"size,color,ok\n".to_vec(), &Options::default()).unwrap_err().to_string();
    assert!(alone.contains("has a header, and no row below it"), "{alone}");
}

#[test]
fn a_class_that_is_called_as_what_is_missing_stays_a_class() {
    let rows = |rare: usize| -> String {
        (0..120).map(|at| format!("{at},{}\n", if at % rare == 0 { "NA" } else { ["EU", "AS"][at % 2] })).collect()
    };
    let mut continents = parse(&format!("a,continent\n{}", rows(3)));
    continents.columns[1].keep_marked_classes(&[]);
    assert_eq!(continents.columns[1].distinct(), ["AS", "EU", "NA"]);
    let note = continents.columns[1].notes.last().unwrap();
    assert!(note.contains("NA in continent is a class like the others; missing=NA"), "{note}");
    let mut lacking = parse(&format!("a,continent\n{}", rows(60)));
    lacking.columns[1].keep_marked_classes(&[]);
    assert_eq!(lacking.columns[1].distinct(), ["AS", "EU"], "where it is rare, it is missing");
    lacking.columns[1].keep_marked_classes(&["NA".to_owned()]);
    assert_eq!(lacking.columns[1].distinct(), ["AS", "EU", "NA"], "unless the network knows it as a class");
}

#[test]
fn encodings_and_line_ends_are_found() {
    let text = "a,größe\n1,2 €\n3,5 €\n";
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let bare: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let windows = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let returns = text.replace('\n', "\r").into_bytes();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    for bytes in [text.as_bytes().to_vec(), utf16, bare, windows, returns, gzip.finish().unwrap()] {
        let table = Table::parse(bytes, &Options::default()).unwrap();
        assert_eq!((table.names().as_str(), numbers(&table, 1)), ("a, größe", vec![Some(2.0), Some(5.0)]));
    }
}

#[test]
fn what_is_no_table_is_refused_in_one_sentence() {
    for (bytes, expected) in [
        (&b""[..], "there is nothing in it"),
        (b"\n \n", "there is nothing in it"),
        (b"?,NA\n,\n", "there is nothing in it"),
        (b"%PDF-1.7", "this is a PDF document"),
        (b"\n<!DOCTYPE html><p>404", "this is an HTML page"),
        (b"\x89PNG\r\n", "this is a PNG image"),
        (b"\x08\x08\x12\x07pytorch", "this is a network in the format ONNX (`backprop import` reads it)"),
        (b"\x40\x02\0\0\0\0\0\0{\"0.dense.kernel\"", "this is a file of weights (safetensors)"),
        (b"age-encryption.org/v1\n", "this is an encrypted file (`backprop decrypt` opens it)"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "this is a WAV audio file"),
        (b"\0\0\0\x18ftypisom", "this is an MP4 or QuickTime video"),
        (b"\x04\x22\x4D\x18d@\xa7", "this is a file compressed with lz4"),
        (b"a\0b\0\0\0,\0", "this is not a table of text"),
        (
            b"a,b\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2,3\n",
            "line 14 has 3 cells, and the first row has 2",
        ),
    ] {
        let problem = Table::parse(bytes.to_vec(), &Options::default()).err().unwrap().to_string();
        assert!(problem.contains(expected), "{problem}");
    }
    assert_eq!(parse("a,b\n1\n2,3").notes, ["1 row ends early, such as line 2; their last cells count as missing"]);
}

/// The same numbers and words, written in a convention.
fn written(separator: &str, convention: Convention, quoted: bool, header: bool, end: &str) -> String {
    let number = |number: f64| {
        let (whole, fraction) = (number.abs().trunc() as u64, (number.abs().fract() * 100.0).round() as u64);
        let digits = whole.to_string();
        let grouped = match convention.thousands {
            None => digits,
            Some(mark) => {
                let groups: Vec<String> = digits
                    .as_bytes()
                    .rchunks(3)
                    .rev()
                    .map(|group| String::from_utf8_lossy(group).into_owned())
                    .collect();
                groups.join(&mark.to_string())
            }
        };
        let sign = if number < 0.0 { "-" } else { "" };
        format!("{sign}{grouped}{}{fraction:02}", convention.decimal)
    };
    let cell = |text: String| if quoted || text.contains(separator) { format!("\"{text}\"") } else { text };
    let mut lines = Vec::new();
    if header {
        lines.push(["length", "width", "kind"].map(|name| cell(name.to_owned())).join(separator));
    }
    for at in 0..40u32 {
        let row = [
            number(f64::from(at) * 731.25 - 900.0),
            number(f64::from(at % 7) + 0.5),
            ["alba", "rosea"][at as usize % 2].to_owned(),
        ];
        lines.push(row.map(cell).join(separator));
    }
    lines.join(end) + end
}

#[test]
fn a_table_that_is_written_in_any_convention_reads_back_equal() {
    let expected: Vec<_> = (0..40u32).map(|at| Some(f64::from(at) * 731.25 - 900.0)).collect();
    for separator in [",", ";", "\t", "|"] {
        for decimal in ['.', ','] {
            for thousands in [None, Some(if decimal == '.' { ',' } else { '.' }), Some('\''), Some('_'), Some(' ')] {
                let convention = Convention { decimal, thousands };
                // No program writes 1_000,5.
                if decimal == ',' && thousands == Some('_') {
                    continue;
                }
                for (quoted, header, end) in
                    [(false, true, "\n"), (true, true, "\r\n"), (false, false, "\r"), (true, false, "\n")]
                {
                    let text = written(separator, convention, quoted, header, end);
                    let table = Table::parse(text.clone().into_bytes(), &Options::default());
                    let table = table.unwrap_or_else(|error| panic!("{convention:?} {separator:?}: {error}\n{text}"));
                    assert_eq!((table.rows, has_header(&table)), (40, header), "{convention:?}\n{text}");
                    assert_eq!(numbers(&table, 0), expected, "{convention:?} {separator:?}\n{text}");
                    assert_eq!(table.columns[2].distinct(), ["alba", "rosea"]);
                }
            }
        }
    }
}

#[test]
fn a_file_with_any_bytes_changed_is_read_or_refused_and_never_panics() {
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let sources = [
        written(",", Convention::PLAIN, false, true, "\n"),
        written(";", Convention { decimal: ',', thousands: Some('.') }, true, true, "\r\n"),
        "# x\nsep=;\na;b;c\n29%;$3.50;None\n8,623;(5);-999\n".repeat(9),
    ];
    for round in 0..3000 {
        let mut bytes = sources[round % 3].clone().into_bytes();
        for _ in 0..=random(8) {
            if bytes.is_empty() {
                break;
            }
            let at = random(bytes.len());
            match random(4) {
                0 => bytes[at] = random(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\"\n\r,;#\0\xFF"[random(8)]),
                _ => bytes.truncate(at + 1),
            }
        }
        if let Ok(table) = Table::parse(bytes, &Options::default()) {
            assert!(table.columns.iter().all(|column| column.cells.len() == table.rows));
        }
    }
}

const TREES: &str = "when,length,count,is new,kind\n2024-01-01,0,16777217,true,oak\n";

fn fixture(name: &str, options: &Options) -> Result<Table, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
    Table::read(&folder.join(name), options).map_err(|error| error.to_string())
}

fn cell<'a>(table: &'a Table, name: &str, row: usize) -> Option<&'a str> {
    table.columns[table.named(name).unwrap()].cells[row].as_deref()
}

#[test]
fn workbooks_of_three_programs_hold_the_same_table() {
    let text = parse(TREES);
    for name in ["trees.xlsx", "trees.xls", "trees.ods"] {
        let table = fixture(name, &Options::default()).unwrap();
        assert_eq!((table.names(), table.rows, has_header(&table)), (text.names(), 8, true), "{name}");
        for column in ["length", "count", "is new", "kind"] {
            assert_eq!(
                cell(&table, column, 0).map(str::to_lowercase).as_deref(),
                cell(&text, column, 0),
                "{name} {column}"
            );
        }
        assert!(cell(&table, "when", 2).is_some_and(|when| when.starts_with("2024-01-03")), "{name}");
        assert_eq!(table.columns[2].number(7), Some(16_777_224.0), "{name}");
    }
}

#[test]
fn the_sheet_is_told_and_can_be_chosen_and_errors_are_missing() {
    let table = fixture("trees.xlsx", &Options::default()).unwrap();
    let has = |note: &str| table.notes.iter().any(|found| found.contains(note));
    assert!(has("The sheet \"trees\" of 3 (empty, trees, shrubs) was read"), "{:?}", table.notes);
    assert!(has("1 cell with an error, such as #N/A, taken for missing"), "{:?}", table.notes);
    assert!(has("\"Trees of the park\", skipped"), "{:?}", table.notes);
    assert_eq!(cell(&table, "length", 3), None);
    let other = Options { sheet: Some("shrubs".to_owned()), ..Options::default() };
    assert_eq!(fixture("trees.xlsx", &other).unwrap().names(), "x, y");
    let third = Options { sheet: Some("3".to_owned()), ..Options::default() };
    assert_eq!(fixture("trees.xlsx", &third).unwrap().names(), "x, y");
    let none = Options { sheet: Some("herbs".to_owned()), ..Options::default() };
    assert!(fixture("trees.xlsx", &none).unwrap_err().contains("its sheets are empty, trees, shrubs"));
    let far = fixture("far.xlsx", &Options::default()).unwrap_err();
    assert!(far.contains("row 1048576") && far.contains("far from the others"), "{far}");
    let zip = Table::parse(b"PK\x03\x04 and more".to_vec(), &Options::default()).unwrap_err().to_string();
    assert!(zip.contains("no workbook"), "{zip}");
}

#[test]
fn objects_of_json_are_rows_whatever_their_order() {
    let lines = "{\"z\": 1, \"a\": {\"b\": 2.5}, \"kind\": \"oak\"}\n{\"kind\": \"ash\", \"z\": null, \"new\": true}\n";
    let list = format!("[{}]", lines.trim_end().replace('\n', ","));
    for text in [lines, &list] {
        let table = parse(text);
        assert_eq!(table.names(), "z, a.b, kind, new");
        let cells = |name| [cell(&table, name, 0), cell(&table, name, 1)];
        assert_eq!(cells("z"), [Some("1"), None]);
        assert_eq!(cells("a.b"), [Some("2.5"), None]);
        assert_eq!(cells("kind"), [Some("oak"), Some("ash")]);
        assert_eq!(cells("new"), [None, Some("true")]);
    }
    let broken = Table::parse(b"{\"a\": 1}\n{\"a\": 2\n".to_vec(), &Options::default()).unwrap_err().to_string();
    assert!(broken.starts_with("line 3 is not the JSON of an object") || broken.starts_with("line 2"), "{broken}");
    let lists = parse("{\"a\": [1, 2], \"b\": 1}\n{\"a\": [3], \"b\": 2}\n");
    assert!(lists.notes.iter().any(|note| note.contains("a holds lists")), "{:?}", lists.notes);
}

#[test]
fn arff_is_read_with_its_types_and_sparse_rows() {
    let text = "% made by hand\n@RELATION trees\n\n@attribute 'petal length' NUMERIC\n@attribute code {1,2,'3 or 4'}\n\
                @attribute note string\n@attribute class {no,yes}\n@data\n1.5,2,'it\\'s, so',yes\n?, 1, \"b\", no\n% half\n2,'3 or 4',?,yes\n";
    let table = parse(text);
    assert_eq!((table.names().as_str(), table.rows), ("petal length, code, note, class", 3));
    assert_eq!((cell(&table, "petal length", 1), cell(&table, "code", 2)), (None, Some("3 or 4")));
    assert_eq!((cell(&table, "note", 0), cell(&table, "note", 2)), (Some("it's, so"), None));
    assert!(table.columns[1].holds_words() && !table.columns[0].holds_words());
    let sparse = parse("@relation r\n@attribute a real\n@attribute b {x,y}\n@data\n{0 2.5, 1 y}\n{}\n");
    assert_eq!((cell(&sparse, "a", 0), cell(&sparse, "b", 0)), (Some("2.5"), Some("y")));
    assert_eq!((cell(&sparse, "a", 1), cell(&sparse, "b", 1)), (Some("0"), Some("x")));
    let numbers = parse("@relation r\n@attribute a real\n@attribute kind {0,1}\n@data\n1,0\n2,1\n");
    assert!(numbers.columns[1].holds_words(), "a nominal attribute is no number");
    let short = "@relation r\n@attribute a real\n@attribute b real\n@data\n1\n";
    let refused = Table::parse(short.as_bytes().to_vec(), &Options::default()).unwrap_err().to_string();
    assert!(refused.starts_with("line 5 has 1 cells, and 2 attributes"), "{refused}");
}

#[test]
fn a_workbook_whose_sectors_go_round_in_a_circle_is_refused() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables/trees.xls");
    let sound = std::fs::read(path).unwrap();
    let number = |at: usize| u32::from_le_bytes(sound[at..at + 4].try_into().unwrap()) as usize;
    let table = 512 * (number(76) + 1);
    for sector in (0..128).filter(|sector| number(table + 4 * sector) < 128) {
        let mut bytes = sound.clone();
        bytes[table + 4 * sector] = sector as u8;
        assert!(Table::parse(bytes, &Options::default()).is_err(), "sector {sector}");
    }
}

#[test]
fn changed_bytes_of_every_format_are_read_or_refused_and_never_panic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables");
    let mut seeds: Vec<Vec<u8>> =
        ["trees.xlsx", "trees.xls", "trees.ods"].iter().map(|name| std::fs::read(folder.join(name)).unwrap()).collect();
    seeds.push(b"{\"a\": 1, \"b\": {\"c\": [2]}}\n{\"a\": \"x\"}\n".to_vec());
    seeds.push(b"@relation r\n@attribute 'a b' {x,'y z'}\n@attribute c real\n@data\n'y z',1\n{1 2}\n".to_vec());
    let mut state = 7u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for seed in &seeds {
        for _ in 0..120 {
            let mut bytes = seed.clone();
            for _ in 0..=random(4) {
                let at = random(bytes.len());
                match random(3) {
                    0 => bytes[at] = random(256) as u8,
                    1 => bytes.truncate(at.max(1)),
                    _ => bytes.insert(at, b"\"'{},\n@"[random(7)]),
                }
            }
            let _ = Table::parse(bytes, &Options::default());
        }
    }
}
