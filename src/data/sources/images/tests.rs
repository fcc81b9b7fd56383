use super::*;
use crate::data::note::Otherwise;
use crate::data::photo::read;
use crate::data::samples::Inputs;
use crate::data::split::Order;
use std::fs;

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};

fn write(folder: &Path, name: &str, picture: impl Into<DynamicImage>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    picture.into().save(path).unwrap();
}

fn even(color: [u8; 3]) -> RgbImage {
    RgbImage::from_pixel(20, 30, Rgb(color))
}

fn load_folder(folder: &Path, options: &str) -> Result<Dataset, String> {
    let place = format!("{}/", folder.display());
    let loaded = Dataset::read(&format!("images:{}{options}", folder.display()));
    loaded.map_err(|error| error.to_string().replace(&place, ""))
}

#[test]
fn folders_are_classes_whatever_their_pictures_are_like() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let formats = ["a.png", "b.bmp", "c.gif", "d.tiff", "e.webp"];
    formats.iter().for_each(|name| write(folder, &format!("red/{name}"), even([255, 0, 0])));
    (0..5).for_each(|at| write(folder, &format!("green/{at}.png"), even([0, 255, 0])));
    write(folder, "green/5.jpg", even([0, 255, 0]));
    // What a file holds counts, not what it is called.
    fs::rename(folder.join("red/b.bmp"), folder.join("red/b.jpg")).unwrap();
    fs::write(folder.join("red/notes.txt"), "no image").unwrap();
    fs::write(folder.join("readme.md"), "text").unwrap();

    let dataset = load_folder(folder, "?size=8&test=0.2").unwrap();
    assert_eq!((dataset.shape, dataset.task.classes().join(" ")), (Shape::image(8, 8, 3), "green red".to_owned()));
    assert_eq!((dataset.train.class_counts(2), dataset.test.class_counts(2)), (vec![5, 4], vec![1, 1]));
    let red = dataset.train.classes().iter().position(|class| *class == 1).unwrap();
    assert_eq!(dataset.train.pixels_of(red)[..6], [255, 0, 0, 255, 0, 0]);
    assert_eq!(dataset.notes.len(), 2, "{:?}", dataset.notes);
    assert!(dataset.notes[0].contains("readme.md is no folder of a class, left out"), "{:?}", dataset.notes);
    assert!(dataset.notes[1].contains("notes.txt cannot be read as an image"), "{:?}", dataset.notes);
    assert_eq!(dataset, load_folder(folder, "?size=8&test=0.2").unwrap());

    let grey = load_folder(folder, "?size=16&grey=true&test=0").unwrap();
    assert_eq!((grey.shape, grey.train.len(), grey.test.len()), (Shape::image(16, 16, 1), 11, 0));
    assert!(load_folder(folder, "?grey=perhaps").unwrap_err().contains("grey=true or grey=false"));
}

#[test]
fn masks_beside_the_photographs_are_told_and_left_out_by_a_click() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for name in ["a/deep/1", "a/2", "b/1", "b/2"] {
        write(folder, &format!("{name}.JPG"), even([9, 99, 200]));
        write(folder, &format!("{name}.png"), even([0, 0, 0]));
    }
    write(folder, "b/2_mask.png", even([0, 0, 0]));
    let dataset = load_folder(folder, "?size=8&test=0").unwrap();
    let told = |text: &str| dataset.notes.iter().find(|note| note.contains(text)).unwrap();
    let beside = told("4 files named as the JPEGs beside them, as masks are, but read as images");
    assert_eq!(beside.otherwise(), Some(&Otherwise::Option("except", "*.png".to_owned())));
    assert_eq!(told("1 file named as masks").otherwise(), Some(&Otherwise::Option("except", "*_mask.*".to_owned())));
    assert_eq!(load_folder(folder, "?size=8&test=0&except=*_mask.*").unwrap().train.len(), 8);
    let dataset = load_folder(folder, "?size=8&test=0&except=*.png,*_mask.*").unwrap();
    assert_eq!(dataset.train.len(), 4);
    assert!(dataset.notes.iter().all(|note| !note.contains("mask")), "{:?}", dataset.notes);
}

#[test]
fn folders_within_a_class_and_the_usual_names_of_splits_are_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for (name, color) in [
        ("Training/a/deep/1.png", 10),
        ("Training/a/2.png", 10),
        ("Training/b/1.png", 20),
        ("valid/b/2.png", 30),
        ("TEST/a/3.png", 40),
    ] {
        write(folder, name, even([color; 3]));
    }
    fs::create_dir_all(folder.join("Training/__MACOSX/a")).unwrap();
    fs::create_dir_all(folder.join("Training/empty")).unwrap();
    let dataset = load_folder(folder, "?size=8").unwrap();
    assert_eq!((dataset.train.class_counts(2), dataset.test.class_counts(2)), (vec![2, 2], vec![1, 0]));
    assert_eq!(dataset.split(0.5, 1).validation, [3], "the validation images are the validation set");
    assert!(dataset.notes.iter().any(|note| note.contains("empty has no image in it")), "{:?}", dataset.notes);
}

#[test]
fn files_are_chosen_by_name_and_classes_may_stand_in_a_table() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for at in 0..4 {
        write(folder, &format!("a/{at}.jpg"), even([10; 3]));
        write(folder, &format!("a/{at}_mask.png"), even([0; 3]));
        write(folder, &format!("b/{at}.jpg"), even([200; 3]));
    }
    let dataset = load_folder(folder, "?size=8&only=*.jpg&test=0").unwrap();
    assert_eq!(dataset.train.class_counts(2), [4, 4]);
    fs::write(
        folder.join("labels.csv"),
        "image,kind\n0_mask.png,mask\n1_mask.png,mask\nb/2.jpg,photo\nb/3.jpg,photo\nno.png,photo\n",
    )
    .unwrap();
    let dataset = load_folder(folder, "?size=8&labels=labels.csv&test=0").unwrap();
    assert_eq!(
        (dataset.task.classes().join(" "), dataset.train.class_counts(2)),
        ("mask photo".to_owned(), vec![2, 2])
    );
    assert!(dataset.notes[0].contains("no.png has a class and no image"), "{:?}", dataset.notes);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_ends() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), "a/1.png", even([1; 3]));
    std::os::unix::fs::symlink(place.path(), place.path().join("a/back")).unwrap();
    assert_eq!(files_of(place.path()).unwrap().len(), 1);
}

#[test]
fn a_picture_is_stretched_to_the_size() {
    let place = tempfile::tempdir().unwrap();
    let halves = GrayImage::from_fn(200, 40, |x, _| Luma([if x < 100 { 0 } else { 200 }]));
    write(place.path(), "wide.png", halves);
    let pixels = read(&place.path().join("wide.png"), Shape::image(10, 10, 1), Reading::default()).unwrap();
    for row in pixels.chunks(10) {
        assert!(row[..4].iter().all(|pixel| *pixel == 0) && row[6..].iter().all(|pixel| *pixel == 200), "{row:?}");
    }
}

#[test]
fn train_and_test_are_taken_as_they_are() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for (name, color) in [("train/a/1.png", 10), ("train/b/1.png", 20), ("train/b/2.png", 20), ("test/b/3.png", 30)] {
        write(folder, name, even([color; 3]));
    }
    let dataset = load_folder(folder, "?size=8").unwrap();
    assert_eq!((dataset.train.class_counts(2), dataset.test.class_counts(2)), (vec![1, 2], vec![0, 1]));
    assert_eq!(dataset.test.pixels_of(0)[0], 30);
    write(folder, "test/c/1.png", even([1; 3]));
    assert!(load_folder(folder, "").unwrap_err().contains("test/c: is a class that has no training images"));
}

#[test]
fn images_in_a_file_are_those_in_memory() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for at in 0..24 {
        write(folder, &format!("plain/{}/{at}.png", ["a", "b"][at % 2]), even([at as u8 * 10, 7, 3]));
    }
    for split in ["train", "val", "test"] {
        for class in ["a", "b"] {
            write(folder, &format!("divided/{split}/{class}/1.png"), even([split.len() as u8, class.len() as u8, 0]));
        }
    }
    for options in ["?size=8", "?size=8&grey=true"] {
        let [memory, file] = ["memory", "file"]
            .map(|place| load_folder(&folder.join("plain"), &format!("{options}&cache={place}")).unwrap());
        assert!(matches!(file.train.inputs, Inputs::Mapped(_)) && file.train.inputs.are_pixels());
        let pixels =
            |samples: &Samples| (0..samples.len()).map(|at| samples.pixels_of(at).to_vec()).collect::<Vec<_>>();
        assert_eq!(pixels(&file.train), pixels(&memory.train));
        assert_eq!((pixels(&file.test), &file.test.targets), (pixels(&memory.test), &memory.test.targets));
    }
    let divided = load_folder(&folder.join("divided"), "?size=8&cache=file").unwrap();
    assert_eq!((divided.train.len(), divided.order, divided.train.pixels_of(3)[0]), (4, Order::Held(2), 3));
    assert!(load_folder(&folder.join("plain"), "?cache=tape").unwrap_err().contains("there is memory, file"));
}

#[test]
fn classes_without_pictures_are_refused_in_one_sentence() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let error = || load_folder(folder, "").unwrap_err();
    assert!(error().contains("a folder for each of 2 to 1000 classes in it, and found 0"), "{}", error());
    write(folder, "a/1.png", even([1; 3]));
    fs::create_dir(folder.join("b")).unwrap();
    assert!(error().contains("found 1"), "{}", error());
    fs::write(folder.join("b/1.png"), b"\x89PNG\r\n\x1a\ncut").unwrap();
    assert!(error().starts_with("b: none of its files can be read as an image"), "{}", error());
    assert!(Dataset::read("images:no/such").unwrap_err().to_string().contains("no such folder"));
}

#[test]
#[cfg(unix)]
fn links_that_lead_back_add_no_image_and_are_told() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    (0..6).for_each(|at| write(folder, &format!("bar/{at}.png"), even([255, 0, 0])));
    (0..6).for_each(|at| write(folder, &format!("disc/{at}.png"), even([0, 255, 0])));
    std::os::unix::fs::symlink("..", folder.join("disc/up")).unwrap();
    std::os::unix::fs::symlink(folder, folder.join("bar/again")).unwrap();
    let dataset = load_folder(folder, "?size=8&test=0").unwrap();
    assert_eq!(dataset.train.class_counts(2), [6, 6]);
    let told = dataset.notes.iter().filter(|note| note.to_string().contains("is a link to a folder that it stands in"));
    assert_eq!(told.count(), 2, "{:?}", dataset.notes);
}

#[test]
fn an_image_that_a_table_names_twice_is_read_once_or_left_out() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    (0..8).for_each(|at| write(folder, &format!("{at}.png"), even([at * 30, 0, 0])));
    let table = "name,class\n0.png,a\n1.png,b\n2.png,a\n3.png,b\n4.png,a\n5.png,b\n0.png,a\n1.png,a\n";
    fs::write(folder.join("labels.csv"), table).unwrap();
    let dataset = load_folder(folder, "?size=8&test=0&labels=labels.csv").unwrap();
    assert_eq!(dataset.train.class_counts(2), [3, 2]);
    let notes: Vec<String> = dataset.notes.iter().map(ToString::to_string).collect();
    for note in [
        "1 image named once more with the same class",
        "1.png has two classes, left out",
        "2 images without a class in labels.csv",
    ] {
        assert!(notes.iter().any(|told| told.contains(note)), "{note}: {notes:?}");
    }
}

#[test]
fn a_folder_in_a_folder_is_read_in_its_place() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    (0..6).for_each(|at| write(folder, &format!("archive/train/a/{at}.png"), even([at * 30, 0, 0])));
    (0..6).for_each(|at| write(folder, &format!("archive/train/b/{at}.png"), even([0, at * 30, 0])));
    let dataset = load_folder(&folder.join("archive"), "?size=8&test=0").unwrap();
    assert_eq!((dataset.train.class_counts(2), dataset.name), (vec![6, 6], "train".to_owned()));
    assert!(dataset.notes[0].contains("holds one folder alone, train"), "{:?}", dataset.notes);
}

fn told(dataset: &Dataset) -> String {
    dataset.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn split_folders_within_the_classes_are_the_sets() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for (set, count) in [("Train", 4), ("val", 2), ("test", 3)] {
        for class in ["bar", "disc"] {
            (0..count).for_each(|at| write(folder, &format!("{class}/{set}/{at}.png"), even([count, at, 0])));
        }
    }
    write(folder, "disc/stray.png", even([9; 3]));
    let dataset = load_folder(folder, "?size=8").unwrap();
    assert_eq!(dataset.task.classes(), ["bar", "disc"]);
    assert_eq!((dataset.train.class_counts(2), dataset.test.class_counts(2)), (vec![6, 6], vec![3, 3]));
    assert_eq!((&dataset.order, dataset.test.pixels_of(0)[0]), (&Order::Held(4), 3));
    assert!(
        told(&dataset).contains("Each class has folders of training, validation and test images"),
        "{}",
        told(&dataset)
    );
    assert!(told(&dataset).contains("stray.png stands beside"), "{}", told(&dataset));
    write(folder, "tri/1.png", even([1; 3]));
    write(folder, "tri/2.png", even([2; 3]));
    let dataset = load_folder(folder, "?size=8").unwrap();
    assert_eq!((dataset.train.len() + dataset.test.len(), dataset.order.clone()), (21, Order::Free));
    assert!(
        told(&dataset).contains("bar has a folder of training images in it and tri has none"),
        "{}",
        told(&dataset)
    );
}

#[test]
fn a_test_set_that_is_not_there_is_told() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for at in 0..10 {
        write(folder, &format!("train/{}/{at}.png", ["a", "b"][at % 2]), even([at as u8, 1, 1]));
    }
    (0..2).for_each(|at| write(folder, &format!("val/{}/v.png", ["a", "b"][at]), even([90, 1, 1])));
    let dataset = load_folder(folder, "?size=8").unwrap();
    let none = dataset.notes.iter().find(|note| note.contains("no folder of test images, and so no test set")).unwrap();
    assert_eq!(none.otherwise(), Some(&Otherwise::Option("test", "0.2".to_owned())));
    let held = load_folder(folder, "?size=8&test=0.2").unwrap();
    assert_eq!((held.train.len(), held.test.class_counts(2), held.order), (10, vec![1, 1], Order::Held(2)));
    (0..2).for_each(|at| write(folder, &format!("test/{}/t.png", ["a", "b"][at]), even([91, 1, 1])));
    let dataset = load_folder(folder, "?size=8&test=0.4").unwrap();
    assert!(dataset.test.len() == 2 && told(&dataset).contains("test= is not used"), "{}", told(&dataset));
}

#[test]
fn numbers_as_labels_are_told_and_so_is_that_nothing_can_be_held_out() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    (0..9).for_each(|at| write(folder, &format!("{at}.png"), even([at * 20, 0, 0])));
    let table = |label: fn(usize) -> String| {
        let rows: String = (0..9).map(|at| format!("{at}.png,{}\n", label(at))).collect();
        fs::write(folder.join("labels.csv"), format!("file,age\n{rows}")).unwrap();
        told(&load_folder(folder, "?size=8&labels=labels.csv").unwrap())
    };
    let ages = table(|at| format!("{}", at as f64 * 1.37));
    assert!(ages.contains("age looks like a number to predict, with 9 values for 9 images"), "{ages}");
    assert!(ages.contains("There are no test samples, since no class has a second sample"), "{ages}");
    let digits = table(|at| format!("{}", at % 3));
    assert!(!digits.contains("looks like a number") && !digits.contains("no test samples"), "{digits}");
}

#[test]
fn names_in_a_table_are_found_by_the_end_of_their_paths_and_never_by_chance() {
    let place = tempfile::tempdir().unwrap();
    let folder = &place.path().join("photos");
    for at in 0..6 {
        write(folder, &format!("{at}.png"), even([at * 30, 0, 0]));
    }
    write(folder, "deep/0.png", even([200, 0, 0]));
    write(folder, "deep/only.png", even([210, 0, 0]));
    write(folder, "other/twice.png", even([220, 0, 0]));
    write(folder, "deep/twice.png", even([230, 0, 0]));
    fs::write(folder.join("notes.csv"), "a,b\n").unwrap();
    let load = |names: [&str; 6]| {
        let rows: String =
            names.iter().zip(["a", "b"].iter().cycle()).map(|(name, class)| format!("{name},{class}\n")).collect();
        fs::write(folder.join("labels.csv"), format!("file,class\n{rows}")).unwrap();
        load_folder(folder, "?size=8&test=0&labels=labels.csv")
    };
    let outside = load(["photos/0.png", "./1.png", "/data/photos/2.png", "../photos/3.png", "4", "only.png"]).unwrap();
    assert_eq!((outside.train.class_counts(2), outside.train.pixels_of(0)[0]), (vec![3, 3], 0));
    assert!(told(&outside).contains("4 images without a class"), "{}", told(&outside));
    let other = load(["0.png", "1.png", "2.png", "3.png", "elsewhere/only.png", "twice.png"]).unwrap();
    assert_eq!(other.train.len(), 4);
    assert!(told(&other).contains("elsewhere/only.png has a class and no image"), "{}", told(&other));
    assert!(told(&other).contains("twice.png is the name of several images"), "{}", told(&other));
    let none = load(["u.png", "v.png", "w.png", "x.png", "y.png", "z.png"]).unwrap_err();
    assert!(
        none.contains("the first name in its column file is \"u.png\", and the first of 10 images there \"0.png\""),
        "{none}"
    );
    fs::remove_dir_all(folder.join("deep")).unwrap();
    fs::remove_dir_all(folder.join("other")).unwrap();
    let unlabeled = load_folder(folder, "").unwrap_err();
    assert!(unlabeled.contains("found 0; 6 images beside them: labels=FILE"), "{unlabeled}");
}
