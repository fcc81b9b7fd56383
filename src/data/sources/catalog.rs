//! Data sets that everybody knows, by their names: `mnist`, `fashion-mnist`, `kmnist`, EMNIST. They are looked for among the
//! data that are at hand, then in the user's cache folder, and only then downloaded, where their checksums are known here.

use std::path::{Path, PathBuf};

use super::idx;
use crate::data::cache;
use crate::data::dataset::{Dataset, Task, numbered_classes};
use crate::data::download::{Download, fetch};
use crate::data::error::{DATA_FOLDER, DataError, Missing};
use crate::data::source::{Argument, Request, Source};

/// The source `mnist`: MNIST, handwritten digits, downloaded on first use.
pub const MNIST: Source = Source {
    name: "mnist",
    usage: "mnist",
    argument: Argument::Nothing,
    options: &[],
    reading: &[],
    help: "70,000 digits written by hand, the classic of 1998; downloaded once, 12 MB, unless it is at hand.",
    load: |request| load(request, &MNIST_FILES),
};

/// The source `fashion-mnist`: Fashion-MNIST, images of clothes, downloaded on first use.
pub const FASHION_MNIST: Source = Source {
    name: "fashion-mnist",
    usage: "fashion-mnist",
    argument: Argument::Nothing,
    options: &[],
    reading: &[],
    help: "70,000 images of clothes in the form of MNIST, and harder; downloaded once, 31 MB, unless it is at hand.",
    load: |request| load(request, &FASHION_MNIST_FILES),
};

/// The source `kmnist`: Kuzushiji-MNIST, cursive Japanese characters.
pub const KMNIST: Source = Source {
    name: "kmnist",
    usage: "kmnist",
    argument: Argument::Nothing,
    options: &[],
    reading: &[],
    help: "70,000 characters of cursive Japanese in the form of MNIST, from a folder kmnist that you have downloaded.",
    load: |request| at_hand(request, &KMNIST_FILES),
};

/// The source `emnist-letters`: the letters of EMNIST.
pub const EMNIST_LETTERS: Source = Source {
    name: "emnist-letters",
    usage: "emnist-letters",
    argument: Argument::Nothing,
    options: &[idx::TRANSPOSE, idx::FIRST],
    reading: &[],
    help: "Handwritten letters, 26 classes, from a folder emnist that you have downloaded.",
    load: |request| at_hand(request, &LETTERS_FILES),
};

/// The source `emnist-balanced`: digits and letters of EMNIST.
pub const EMNIST_BALANCED: Source = Source {
    name: "emnist-balanced",
    usage: "emnist-balanced",
    argument: Argument::Nothing,
    options: &[idx::TRANSPOSE, idx::FIRST],
    reading: &[],
    help: "Handwritten digits and letters, 47 classes of the same size, from a folder emnist that you have downloaded.",
    load: |request| at_hand(request, &BALANCED_FILES),
};

/// A set that is not downloaded, from a folder of this name.
struct AtHand {
    folder: &'static str,
    /// What its files begin with, where the folder holds several sets.
    set: Option<&'static str>,
    from: &'static str,
    files: &'static str,
}

const KMNIST_FILES: AtHand = AtHand {
    folder: "kmnist",
    set: None,
    from: "http://codh.rois.ac.jp/kmnist",
    files: "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz",
};

const EMNIST: &str = "https://www.nist.gov/itl/products-and-services/emnist-dataset";

const LETTERS_FILES: AtHand = AtHand {
    folder: "emnist",
    set: Some("emnist-letters"),
    from: EMNIST,
    files: "emnist-letters-train-images-idx3-ubyte.gz, emnist-letters-train-labels-idx1-ubyte.gz and the same with test",
};

const BALANCED_FILES: AtHand = AtHand {
    folder: "emnist",
    set: Some("emnist-balanced"),
    from: EMNIST,
    files: "emnist-balanced-train-images-idx3-ubyte.gz, emnist-balanced-train-labels-idx1-ubyte.gz and the same with test",
};

/// The characters of KMNIST, in the order of their labels.
const HIRAGANA: [&str; 10] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"];

fn at_hand(request: &Request<'_>, wanted: &AtHand) -> Result<Dataset, DataError> {
    let AtHand { folder, set, from, files } = *wanted;
    let complete = request.find_where(folder.as_ref(), |folder| idx::is_complete(folder, set));
    // A folder in which a file is missing says which.
    let Some(found) = complete.or_else(|| request.find_where(folder.as_ref(), Path::is_dir)) else {
        let advice =
            format!("download {files} from {from}, and put them into a folder {folder} here or in {DATA_FOLDER}");
        let missing = Missing { kind: "folder", hint: format!("It is from {from}, and takes {files}.") };
        return Err(DataError::Missing { path: folder.into(), missing, advice });
    };
    let read = idx::read_folder(&found, &idx::Options::of(request, set.map(str::to_owned))?)?;
    match folder {
        "kmnist" if read.task.outputs() == HIRAGANA.len() => {
            let classes = HIRAGANA.iter().map(ToString::to_string).collect();
            Ok(Dataset { task: Task::Classification { classes }, ..read })
        }
        _ => Ok(read),
    }
}

/// A set in the form of MNIST, four files of which each is named, sized and told apart by its SHA-256.
struct Listed {
    name: &'static str,
    /// The names of the classes; empty where they are digits.
    classes: &'static [&'static str],
    /// Addresses of folders that hold the files, tried in this order.
    mirrors: &'static [&'static str],
    files: [(&'static str, u64, &'static str); 4],
}

const MNIST_FILES: Listed = Listed {
    name: "mnist",
    classes: &[],
    mirrors: &["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
    files: [
        ("train-images-idx3-ubyte.gz", 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1-ubyte.gz", 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3-ubyte.gz", 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1-ubyte.gz", 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ],
};

const FASHION_MNIST_FILES: Listed = Listed {
    name: "fashion-mnist",
    classes: &[
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ],
    mirrors: &[
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    files: [
        ("train-images-idx3-ubyte.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("train-labels-idx1-ubyte.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("t10k-images-idx3-ubyte.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("t10k-labels-idx1-ubyte.gz", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ],
};

fn load(request: &Request<'_>, set: &Listed) -> Result<Dataset, DataError> {
    let folder = match request.find_where(set.name.as_ref(), |folder| idx::is_complete(folder, None)) {
        Some(folder) => folder,
        // A folder in which a file is missing says which.
        None => match request.find_where(set.name.as_ref(), idx::is_begun) {
            Some(folder) => folder,
            None => in_cache(request, set)?,
        },
    };
    let classes = match set.classes {
        [] => numbered_classes(10),
        classes => classes.iter().map(|class| (*class).to_owned()).collect(),
    };
    let read = idx::read_folder(&folder, &idx::Options::default())?;
    Ok(Dataset { name: set.name.to_owned(), task: Task::Classification { classes }, ..read })
}

/// The folder of the set in the cache, after what was missing there has been downloaded.
fn in_cache(request: &Request<'_>, set: &Listed) -> Result<PathBuf, DataError> {
    let Some(cache) = cache::folder() else {
        let what = format!(
            "is not at hand, and there is no folder to download it to; write idx:DIR with the folder that has it, or set HOME to yours; it is from {}",
            set.mirrors[0]
        );
        return Err(request.wrong(what));
    };
    let folder = cache.join(set.name);
    for (name, bytes, sha256) in set.files {
        fetch(&Download { name, bytes, sha256, progress: request.lookup.progress }, set.mirrors, &folder)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data::Lookup;

    fn load(source: &str, folder: &Path) -> Result<Dataset, String> {
        let lookup = Lookup { folder: Some(folder), ..Lookup::default() };
        Dataset::load(&source.parse().unwrap(), &lookup).map_err(|error| error.to_string())
    }

    /// The four files of a set of two images of two pixels each.
    fn write(folder: &Path, prefix: &str, test: &str) {
        fs::create_dir_all(folder).unwrap();
        for part in ["train", test] {
            let images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4];
            fs::write(folder.join(format!("{prefix}{part}-images-idx3-ubyte")), images).unwrap();
            fs::write(folder.join(format!("{prefix}{part}-labels-idx1-ubyte")), [0, 0, 8, 1, 0, 0, 0, 2, 1, 2])
                .unwrap();
        }
    }

    #[test]
    fn the_options_that_the_notes_name_are_those_of_the_set() {
        let place = tempfile::tempdir().unwrap();
        write(&place.path().join("emnist"), "emnist-letters-", "test");
        let read = load("emnist-letters", place.path()).unwrap();
        let said: Vec<&str> =
            read.notes.iter().map(|note| note.split(';').nth(1).unwrap().split_whitespace().next().unwrap()).collect();
        assert_eq!(said, ["transpose=false", "first=0"]);
        let kept = load(&format!("emnist-letters?{}", said.join("&")), place.path()).unwrap();
        assert_eq!((read.shape.to_string(), read.task.outputs()), ("2×1×1".to_owned(), 2));
        assert_eq!((kept.shape.to_string(), kept.task.outputs(), kept.notes.len()), ("1×2×1".to_owned(), 3, 0));
        assert!(load("kmnist?transpose=true", place.path()).unwrap_err().contains("transpose"));
    }

    #[test]
    fn a_file_that_is_missing_is_named() {
        let place = tempfile::tempdir().unwrap();
        let none = load("kmnist", place.path()).unwrap_err();
        assert!(none.contains("no such folder") && none.contains("train-labels-idx1-ubyte.gz"), "{none}");
        for (source, folder, prefix, test) in [
            ("kmnist", "kmnist", "", "t10k"),
            ("mnist", "mnist", "", "t10k"),
            ("emnist-balanced", "emnist", "emnist-balanced-", "test"),
        ] {
            // One that is complete elsewhere is read from there.
            if source == "mnist" && std::env::var_os(DATA_FOLDER).is_some() {
                continue;
            }
            let folder = place.path().join(folder);
            write(&folder, prefix, test);
            let files = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", &format!("{test}-labels-idx1-ubyte")]
                .map(|file| format!("{prefix}{file}"));
            for file in files {
                let bytes = fs::read(folder.join(&file)).unwrap();
                fs::remove_file(folder.join(&file)).unwrap();
                let told = load(source, place.path()).unwrap_err();
                assert!(told.contains(&format!("expected {file} in it")), "{told}");
                fs::write(folder.join(&file), bytes).unwrap();
            }
            assert!(load(source, place.path()).is_ok());
        }
    }
}
