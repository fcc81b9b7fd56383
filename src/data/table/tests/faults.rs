//! Tables as they come from spreadsheets, reports and instruments.

use super::*;

/// Rows of two columns of numbers and one of words.
fn rows() -> String {
    (0..40).map(|at| format!("{}.5,{}.25,{}\n", at % 7, at * 7 % 11, ["x", "y"][at % 2])).collect()
}

fn told(table: &Table, note: &str) -> bool {
    table.notes.iter().chain(table.columns.iter().flat_map(|column| &column.notes)).any(|found| found.contains(note))
}

fn refused(text: &str) -> String {
    Table::parse(text.as_bytes().to_vec(), &Options::default()).unwrap_err().to_string()
}

#[test]
fn texts_with_as_many_words_in_every_row_are_no_columns() {
    for rows in ["good number 0,a\nbad number 1,b\n", "it was good,a\nit was bad,b\n", "so so,a\nall right,b\n"] {
        let table = parse(&format!("text,label\n{}", rows.repeat(6)));
        assert_eq!((table.names().as_str(), table.rows), ("text, label", 12), "{rows}");
    }
    let by_spaces = parse(&format!("name kind\n{}", "anna good\nberta bad\n".repeat(6)));
    assert_eq!(by_spaces.names(), "name, kind");
}

#[test]
fn titles_of_any_width_are_skipped_and_told() {
    for (titles, lines) in [
        ("Report,,\nby Smith,,\n", 2),
        ("Sales report, 2021\nPrepared by Smith, Jones, and Co, page 1, of 3\n", 2),
        ("Device,Alpha 7\nSerial,12345\nDate,2021-03-04\n", 3),
        ("Report, 2021, final\n", 1),
        ("All,All,mean\nAll,All,of\n", 2),
        ("A title\nReport, 2021, final\nDevice,7\n\n", 3),
    ] {
        for units in ["", "[cm],[g],\n", "cm,g,name\n"] {
            let table = parse(&format!("{titles}length,width,kind\n{units}{}", rows()));
            assert_eq!((table.names().as_str(), table.rows), ("length, width, kind", 40), "{titles}{units}");
            let count = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
            assert!(told(&table, &format!("{count} above the table")), "{titles}: {:?}", table.notes);
        }
    }
    let unclear = format!("Quarterly, results, plant\nchecked, by, QA\nlength,width,kind\n{}", rows());
    let refusal = refused(&unclear);
    assert!(refusal.contains("line 1 (Quarterly, results, plant) or line 2 (checked, by, QA) or line 3"), "{refusal}");
    assert!(refusal.contains("say skip=0 or skip=1 or skip=2"), "{refusal}");
    let skip = |text: &str, skip| {
        Table::parse(text.as_bytes().to_vec(), &Options { skip: Some(skip), ..Options::default() }).unwrap()
    };
    assert_eq!(skip(&unclear, 2).names(), "length, width, kind");
    assert_eq!(skip(&unclear, 0).names(), "Quarterly, results, plant");
    let sheet = fixture("trees.xlsx", &Options { skip: Some(1), ..Options::default() }).unwrap();
    assert_eq!((sheet.names(), sheet.rows), (fixture("trees.xlsx", &Options::default()).unwrap().names(), 8));
    let german: String = (0..9).map(|at| format!("1,{at};x;2,{at}\n")).collect();
    assert_eq!(parse(&format!("a;kind;b\n{german}")).names(), "a, kind, b");
    assert_eq!(parse("a;b;y\n1,234;1;2,468\n5,678;2;11,3\n").names(), "a, b, y");
    let rows_of = |first: fn(usize) -> usize| -> String {
        (0..12).map(|at| format!("{},{},Rome\n", first(at), ["Anna", "Bert"][at % 2])).collect()
    };
    let narrow = format!("name,city\n{}", rows_of(|at| at));
    assert_eq!(parse(&narrow).names(), "column 1, name, city", "a header that is one name short is no title");
    // A separator within the cells of every row gives them a cell more too.
    let refusal = refused(&format!("name,city\n{}", rows_of(|at| at % 3)));
    assert!(refusal.contains("2 names and the rows have 3 cells") && refusal.contains("names=NAME,NAME"), "{refusal}");
    let named = Options::named(["a", "name", "city"]);
    let read = Table::parse(format!("name,city\n{}", rows_of(|at| at % 3)).into_bytes(), &named).unwrap();
    assert_eq!((read.names().as_str(), read.rows), ("a, name, city", 12));
    assert_eq!(parse(&rows()).rows, 40);
    assert_eq!(parse(&format!(",,\n?,3,x\n,,y\n{}", rows())).rows, 42, "missing cells make no title");
}

/// The table with one column of these cells beside another.
fn column(cells: impl IntoIterator<Item = String>) -> String {
    let rows = cells.into_iter().enumerate().map(|(at, cell)| format!("\"{cell}\",{}.5\n", at % 9));
    "p,b\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn commas_beside_points_are_decimals_or_thousands_or_refused() {
    let value = |at: usize| format!("{}.{:03}", 2 + at % 7, at * 317 % 1000);
    for rare in [2, 20] {
        let cell = |at: usize| if at.is_multiple_of(rare) { value(at).replace('.', ",") } else { value(at) };
        let table = parse(&column((0..60).map(cell)));
        assert!((0..60).all(|at| table.columns[0].number(at) == value(at).parse().ok()), "{:?}", table.columns[0]);
        assert!(told(&table, "numbers with a decimal comma and") && told(&table, "decimal=."));
    }
    let table = parse(&column((0..60).map(|at| format!("{}{}{:02}", at % 9, [",", "."][at % 2], at))));
    assert_eq!((table.columns[0].number(10), table.columns[0].number(11)), (Some(1.10), Some(2.11)));
    let unclear =
        refused(&column((0..60).map(|at| if at % 2 == 0 { value(at).replace('.', ",") } else { "7.5".into() })));
    assert!(unclear.contains("\"2,000\" in p may be 2000 or 2, beside others such as \"7.5\""), "{unclear}");
    assert!(unclear.contains("decimal=."), "{unclear}");
    let prices = parse(&column((0..60).map(|at| ["1,250", "936.50", "12,400", "84.25"][at % 4].to_owned())));
    assert_eq!((prices.columns[0].number(0), prices.columns[0].number(1)), (Some(1250.0), Some(936.5)));
}

#[test]
fn letters_that_multiply_are_told_from_units() {
    let read = |cells: &[&str], options: Options| {
        let text = column((0..40).map(|at| cells[at % cells.len()].to_owned()));
        let table = Table::parse(text.into_bytes(), &options).unwrap();
        (0..cells.len()).map(|at| table.columns[0].number(at).unwrap_or(f64::NAN)).collect::<Vec<_>>()
    };
    for (cells, expected) in [
        (&["5.3K", "640", "20.8K"][..], [5300.0, 640.0, 20_800.0]),
        (&["5.3K", "2.5M", "1B"], [5300.0, 2.5e6, 1e9]),
        (&["$59k", "$48376", "$5.5k"], [59_000.0, 48_376.0, 5500.0]),
        (&["300 K", "310", "295 K"], [300.0, 310.0, 295.0]),
        (&["5.3K", "6.4K", "7K"], [5.3, 6.4, 7.0]),
    ] {
        assert_eq!(read(cells, Options::default()), expected, "{cells:?}");
    }
    let as_units = Options { keeps_suffixes: true, ..Options::default() };
    assert_eq!(read(&["5.3K", "640", "20.8K"], as_units), [5.3, 640.0, 20.8]);
    let table = parse(&column((0..40).map(|at| ["5.3K", "640"][at % 2].to_owned())));
    assert!(
        told(&table, "K, M or B multiplies 20 numbers of p: \"5.3K\" is 5300; suffixes=unit"),
        "{:?}",
        table.columns
    );
}

#[test]
fn signs_that_remark_on_a_number_are_taken_off_and_told() {
    for (sign, marked) in [("~61.5", 61.5), ("≈ 61.5", 61.5), ("54.38*", 54.38), ("0.53***", 0.53), ("7†", 7.0)] {
        let table = parse(&column((0..45).map(|at| if at % 9 == 0 { sign.to_owned() } else { format!("{at}.25") })));
        assert_eq!((table.columns[0].number(0), table.columns[0].number(1)), (Some(marked), Some(1.25)), "{sign}");
        assert!(
            told(&table, &format!("5 numbers of p with a remark such as {sign:?}")),
            "{:?}",
            table.columns[0].notes
        );
    }
    let words = parse(&column((0..40).map(|at| ["a*", "~b", "c", "*"][at % 4].to_owned())));
    assert_eq!(words.columns[0].distinct(), ["*", "a*", "c", "~b"]);
}

#[test]
fn quotes_comments_and_columns_of_numbers_are_found_or_said() {
    let body = |cell: &str| (0..30).map(|at| format!("{at}.5,{cell},{}\n", ["u", "v"][at % 2])).collect::<String>();
    for (cell, text) in [("'hello, world'", "hello, world"), (r#""he said \"hi, x\"""#, r#"he said "hi, x""#)] {
        let table = parse(&format!("a,txt,y\n{}", body(cell)));
        assert_eq!((table.names().as_str(), row(&table, 0)[1]), ("a, txt, y", Some(text)), "{cell}");
        assert!(told(&table, "quote=double"), "{:?}", table.notes);
    }
    let path = parse(&format!("a,path,y\n{}", body(r#""C:\data\""#)));
    assert_eq!(row(&path, 0)[1], Some(r"C:\data\"), "a backslash at the end of a cell is one of its letters");
    assert_eq!(row(&parse(&format!("a,b,y\n{}", body("5' pipe"))), 0)[1], Some("5' pipe"));
    let read = |text: &str, options: Options| Table::parse(text.as_bytes().to_vec(), &options).unwrap();
    let quotes = Options { quotes: Some(options::Quotes::None), ..Options::default() };
    assert_eq!(row(&read(&format!("a,txt,y\n{}", body("\"x\"")), quotes), 0)[1], Some("\"x\""));
    let comment = |mark: &str| Options { comment: Some(mark.to_owned()), ..Options::default() };
    let text = format!("a,txt,y\n{}%1,x,u\n", body("#7"));
    assert_eq!((read(&text, comment("%")).rows, read(&text, comment("none")).rows), (30, 31));
    let numbers = |name: &str| Options { numbers: vec![name.to_owned()], ..Options::default() };
    let text = column((0..40).map(|at| if at % 3 == 0 { format!("n{at}") } else { at.to_string() }));
    for name in ["p", "1"] {
        let table = read(&text, numbers(name));
        assert_eq!((table.columns[0].number(0), table.columns[0].number(1)), (None, Some(1.0)));
        assert!(table.columns[0].stray_note().is_some_and(|note| note.contains("14 cells of p not a number")));
    }
    let wrong = Table::parse(text.into_bytes(), &numbers("q")).unwrap_err().to_string();
    assert!(wrong.contains("there is no column \"q\"; there is p, b"), "{wrong}");
}

#[test]
fn the_decimal_mark_of_a_run_decides_what_its_other_files_leave_open() {
    use crate::data::Task;
    use crate::data::dataset::Feature;
    use crate::data::source::Known;
    let task = Task::numbers(vec!["y".to_owned()]);
    let read = |decimal, text: &str| {
        let features = [Feature { decimal, ..Feature::number("a") }, Feature::number("b")];
        let known = Known { task: &task, features: &features, target: None, source: None };
        let options = Options { trained: Some(trained::Trained::of(&known)), ..Options::default() };
        let table = Table::parse(text.as_bytes().to_vec(), &options).unwrap();
        let mark = if decimal == Some(',') { "decimal commas, as in training" } else { "as in training" };
        (numbers(&table, 0)[0], told(&table, mark))
    };
    let open = "a;b\n1,234;1\n5,678;2\n";
    assert_eq!(read(Some(','), open), (Some(1.234), true));
    assert_eq!(read(Some('.'), open), (Some(1234.0), true));
    assert_eq!(read(Some(','), "a;b\n1,234;1\n7;2\n"), (Some(1.234), true));
    assert_eq!(read(Some(','), "a;b\n1.5;1\n7.25;2\n"), (Some(1.5), false), "points alone are decimals");
    assert_eq!(read(Some(','), "a;b\n3.123;1\n4.567;2\n"), (Some(3123.0), false));
    assert_eq!(read(Some(','), "a,b\n3.123,1\n4.567,2\n"), (Some(3.123), false), "commas separate cells");
    assert_eq!(read(Some('.'), "a;b\n8,623;1\n4141;2\n"), (Some(8.623), false), "what the file shows holds");
}

#[test]
fn rows_that_sum_up_repeat_the_header_or_draw_a_line_are_no_samples() {
    let words: String = (0..40).map(|at| format!("{},{}.5,{}\n", ["Anna", "Bert"][at % 2], at % 7, at)).collect();
    let header = "name,a,b\n";
    for (text, rows) in [
        (format!("length,width,kind\n{}Total,300,\nSource: statistical office\n", rows()), 40),
        (format!("length,width,kind\n{}average,3.4,x\n", rows()), 40),
        (format!("length,width,kind\n{}LENGTH,Width,KIND\n{0}", rows()), 80),
        (format!("length,width,kind\n-----,-----,----\n{}-----,-----,----\nTotal: 40 rows\n", rows()), 40),
        (format!("{header}{words}Total,135.0,780\n"), 40),
        (format!("{header}{words}MEAN,3.375,19.5\nTotal,135.0,780\n"), 40),
        (format!("{header}{words}Total,3.5,12\n"), 41),
        (format!("{header}{words}Anna,135.0,780\n"), 41),
        (format!("day,a,b\n{}2021-04-01,,\n", words.replace("Anna", "2021-02-03").replace("Bert", "2021-02-04")), 41),
    ] {
        let table = parse(&text);
        assert_eq!(table.rows, rows, "{:?} {text}", table.notes);
        let is_told = told(&table, "left out as no sample") || told(&table, "The header comes again");
        assert_eq!(is_told, rows != 41, "{:?}", table.notes);
    }
    let all = Options { footer: Some(0), ..Options::default() };
    let text = format!("{header}{words}Total,135.0,780\n");
    assert_eq!(Table::parse(text.into_bytes(), &all).unwrap().rows, 41);
}

#[test]
fn rows_that_look_like_no_samples_are_read_where_the_user_says_so() {
    let text = format!("length,width,kind\ncm,mm,name\n---,---,---\n{}length,width,kind\n{0}", rows());
    let read = |options: Options| Table::parse(text.as_bytes().to_vec(), &options).unwrap();
    let table = read(Options::default());
    assert_eq!((table.rows, table.columns[0].unit.as_deref()), (80, Some("cm")));
    for note in [
        "1 row of nothing but lines (---), skipped; lines=all reads them",
        "The header comes again in 1 row, skipped; lines=all reads them",
        "The row under the header, cm, mm, name, names units and was skipped; lines=all reads it as a sample",
    ] {
        assert!(told(&table, note), "{note}: {:?}", table.notes);
    }
    let table = read(Options { keeps_lines: true, header: Some(true), ..Options::default() });
    assert_eq!((table.rows, row(&table, 0)[0]), (83, Some("cm")));
}

#[test]
fn formulas_without_results_and_merged_cells_are_told_and_a_refusal_names_the_other_sheets() {
    let read = |sheet: &str| fixture("notes.xlsx", &Options { sheet: Some(sheet.to_owned()), ..Options::default() });
    let table = read("Data").unwrap();
    let formulas = "8 cells, such as C2, with a formula whose result was never calculated, taken for missing";
    let merged = "2 areas of merged cells, such as B2:B5: the first cell of each has the value, the others are empty";
    assert!(told(&table, formulas) && told(&table, merged), "{:?}", table.notes);
    assert!(table.columns[2].cells.iter().all(Option::is_none), "{:?}", table.columns[2]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tables/notes.xlsx");
    let refused = crate::data::Dataset::read(&format!("csv:{}", path.display())).unwrap_err().to_string();
    assert!(refused.contains("read another sheet than \"Notes\", such as sheet=Data"), "{refused}");
    let refused = crate::data::Dataset::read(&format!("csv:{}?sheet=Data", path.display())).unwrap_err().to_string();
    assert!(refused.contains("the target double is empty; 8 cells, such as C2, with a formula"), "{refused}");
}
