//! NumPy arrays, `npz:FILE`: what `numpy.savez` writes, such as Keras' `mnist.npz`.
//!
//! The first axis counts the samples. Bytes with two or three more axes are images, numbers with one more axis a table, and
//! with two more axes series, `[samples, steps, features]`.

use std::fs::File;
use std::path::Path;

use ndarray::{ArrayD, IxDyn, OwnedRepr};
use ndarray_npy::{NpzReader, ReadNpzError, ReadableElement};

use crate::data::dataset::{Dataset, Feature, Task, numbered_classes};
use crate::data::error::DataError;
use crate::data::note::Note;
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Request, Source};
use crate::data::split::{Order, Split, TEST_SHARES};
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

/// The source `npz`: NumPy arrays in an `.npz` file.
pub const SOURCE: Source = Source {
    name: "npz",
    usage: "npz:FILE[?inputs=NAME&targets=NAME]",
    argument: Argument::File,
    options: &[
        Field::of(
            "inputs",
            "Inputs",
            Kind::Text,
            "The array with the training inputs; x_train, x or inputs by default.",
        ),
        Field::of(
            "targets",
            "Targets",
            Kind::Text,
            "The array with the training targets; y_train, y, labels or targets by default.",
        ),
        Field::of(
            "test_inputs",
            "Test inputs",
            Kind::Text,
            "The array with the test inputs; x_test by default, if there is one.",
        ),
        Field::of(
            "test_targets",
            "Test targets",
            Kind::Text,
            "The array with the test targets; y_test by default, if there is one.",
        ),
        Field::of(
            "task",
            "Task",
            Kind::Word(&["classification", "regression"]),
            "Whether the targets are classes or numbers; decided from their type by default: whole numbers are classes.",
        ),
        Field::of(
            "channels",
            "Channels",
            Kind::Word(&["first", "last"]),
            "Which axis of images holds their channels; found by default: PyTorch has them first, Keras last.",
        ),
        Field::real(
            "test",
            "Test split",
            TEST_SHARES,
            TEST_SHARE,
            "Share of the samples that is held out for the test, where there are no test arrays.",
        ),
    ],
    reading: &[],
    help: "NumPy arrays in one file, as numpy.savez writes them: Keras' mnist.npz, or your own inputs and targets.",
    load,
};

/// Share of the samples that is set apart for the test.
const TEST_SHARE: f32 = 0.2;
const TEST_SEED: u64 = 0x7E57;

/// More numbers than this in one array are a mistake, or a trap.
const MAX_NUMBERS: usize = 1 << 30;

/// Targets with more classes than this are numbers.
const MAX_CLASSES: f64 = 1000.0;

const INPUTS: &[&str] = &["x_train", "x", "X", "inputs", "images", "data", "arr_0"];
const TARGETS: &[&str] = &["y_train", "y", "labels", "targets", "target", "arr_1"];

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    if request.argument().is_empty() {
        return Err(request.wrong(format!("write {}", SOURCE.usage)));
    }
    let Some(path) = request.find().filter(|path| path.is_file()) else {
        let what = "there is no such file; write npz:FILE with the path of a file of NumPy arrays";
        return Err(DataError::file(Path::new(request.argument()), what));
    };
    let test_share = request.real("test")?;
    read(&path, request, test_share).map_err(|what| DataError::file(&path, what))
}

fn read(path: &Path, request: &Request<'_>, test_share: f32) -> Result<Dataset, String> {
    let mut file = Arrays::open(path)?;
    let inputs = file.find(request, "inputs", INPUTS)?.ok_or_else(|| file.missing("inputs"))?;
    let targets = file.find(request, "targets", TARGETS)?.ok_or_else(|| file.missing("targets"))?;
    let tested = (file.find(request, "test_inputs", &["x_test"])?, file.find(request, "test_targets", &["y_test"])?);
    let mut notes = vec![Note::from(format!("inputs are the array {inputs:?}, targets the array {targets:?}"))];
    let array = file.read(&inputs)?;
    file.layout = request.text("channels").map(|said| said == "first");
    if file.layout.is_none() && has_channels_first(&array) {
        let what = format!(
            "{inputs:?} has the shape {:?}, and its first axis is taken for the channels, as PyTorch has them",
            &array.dims()[1..]
        );
        notes.push(Note::or(what, "channels", "last", "takes the last axis for them"));
        file.layout = Some(true);
    }
    let shape = shape_of(&inputs, &file.in_layout(array))?;
    // An autoencoder that is evaluated needs no targets, and takes whatever there are.
    let known =
        request.lookup.known.map(|known| known.task).filter(|task| !matches!(task, Task::Reconstruction { .. }));
    let asked = request.text("task");
    let (mut task, mut train) = file.samples(&inputs, &targets, shape, asked.as_deref(), known, &mut notes)?;
    if train.is_empty() {
        return Err("there is no sample in it".to_owned());
    }
    let test = match tested {
        (Some(inputs), Some(targets)) if !request.has("test") => {
            notes.push(format!("test samples are the arrays {inputs:?} and {targets:?}").into());
            let (test_task, test) = file.samples(&inputs, &targets, shape, None, Some(&task), &mut notes)?;
            if test_task.outputs() > task.outputs() {
                task = test_task;
            }
            test
        }
        (Some(name), None) | (None, Some(name)) if !request.has("test") => {
            return Err(format!(
                "there is {name:?}, and no array that belongs to it; name both test_inputs and test_targets"
            ));
        }
        _ => Samples::default(),
    };
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let features = match train.inputs {
        Inputs::Bytes(_) | Inputs::Mapped(_) | Inputs::Tokens(_) => Vec::new(),
        Inputs::Numbers(_) => (0..shape.channels()).map(|at| Feature::number(format!("{inputs}[{at}]"))).collect(),
    };
    let order = Order::Free;
    let mut dataset =
        Dataset { name, shape, task, target: None, features, train: Samples::default(), test, notes, order };
    if dataset.test.is_empty() && test_share > 0.0 {
        let held_out = Split::new(&train, test_share, TEST_SEED);
        dataset.test = train.select(&held_out.validation, shape);
        train = train.select(&held_out.train, shape);
        dataset
            .notes
            .push(format!("{} of the samples are held out for the test, drawn by chance", dataset.test.len()).into());
    }
    dataset.train = train;
    Ok(dataset)
}

/// The shape of a sample.
fn shape_of(name: &str, array: &Array) -> Result<Shape, String> {
    let dims = array.dims();
    match (array, dims.get(1..).unwrap_or_default()) {
        (_, rest) if rest.contains(&0) || rest.is_empty() => Err(format!(
            "{name:?} has the shape {dims:?}; the first axis counts the samples, and another holds their numbers"
        )),
        (Array::Bytes(_), [height, width]) => Ok(Shape::image(*height, *width, 1)),
        (Array::Bytes(_), [height, width, channels]) => Ok(Shape::image(*height, *width, *channels)),
        (_, [features]) => Ok(Shape::flat(*features)),
        (Array::Numbers(_) | Array::Whole(_), [steps, features]) => Ok(Shape::steps(*steps, *features)),
        (Array::Numbers(_) | Array::Whole(_), _) => Err(format!(
            "{name:?} has the shape {dims:?} and holds no bytes; save images as uint8, 0 to 255, and other samples with up to three axes"
        )),
        _ => Err(format!(
            "{name:?} has the shape {dims:?}; images are [samples, height, width] or [samples, height, width, channels]"
        )),
    }
}

/// An array of any type that is read.
enum Array {
    Bytes(ArrayD<u8>),
    Whole(ArrayD<i64>),
    Numbers(ArrayD<f64>),
}

impl Array {
    fn dims(&self) -> &[usize] {
        match self {
            Self::Bytes(array) => array.shape(),
            Self::Whole(array) => array.shape(),
            Self::Numbers(array) => array.shape(),
        }
    }

    fn numbers(&self) -> Vec<f64> {
        match self {
            Self::Bytes(array) => array.iter().map(|byte| f64::from(*byte)).collect(),
            Self::Whole(array) => array.iter().map(|whole| *whole as f64).collect(),
            Self::Numbers(array) => array.iter().copied().collect(),
        }
    }
}

struct Arrays {
    reader: NpzReader<File>,
    names: Vec<String>,
    /// Whether images have their channels first, where that was asked for or found.
    layout: Option<bool>,
}

/// Whether an array holds images with their channels before rows and columns.
fn has_channels_first(array: &Array) -> bool {
    let is_color = |len: usize| len == 1 || len == 3;
    matches!((array, array.dims()), (Array::Bytes(_), [_, first, _, last]) if is_color(*first) && !is_color(*last))
}

impl Arrays {
    fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let mut reader =
            NpzReader::new(file).map_err(|_| "is no file of NumPy arrays, as numpy.savez writes it".to_owned())?;
        let names = reader.names().map_err(|error| error.to_string())?;
        let names = names.into_iter().map(|name| name.trim_end_matches(".npy").to_owned()).collect();
        Ok(Self { reader, names, layout: None })
    }

    /// Images with their channels last.
    fn in_layout(&self, array: Array) -> Array {
        match array {
            Array::Bytes(array) if self.layout == Some(true) && array.ndim() == 4 => {
                Array::Bytes(array.permuted_axes(vec![0, 2, 3, 1]))
            }
            array => array,
        }
    }

    /// The array that an option names, or the first of the usual names that is there.
    fn find(&self, request: &Request<'_>, option: &str, usual: &[&str]) -> Result<Option<String>, String> {
        match request.text(option) {
            Some(name) if self.names.contains(&name) => Ok(Some(name)),
            Some(name) => Err(format!("there is no array {name:?}; there is {}", self.names.join(", "))),
            None => Ok(usual
                .iter()
                .find(|name| self.names.iter().any(|known| known == *name))
                .map(|name| (*name).to_owned())),
        }
    }

    fn missing(&self, option: &str) -> String {
        format!(
            "which array holds the {option} cannot be told from the names {}; choose it with {option}=NAME",
            self.names.join(", ")
        )
    }

    fn read(&mut self, name: &str) -> Result<Array, String> {
        if let Some(array) = self.read_as::<u8>(name)? {
            return Ok(Array::Bytes(array));
        }
        if let Some(array) = self.read_as::<f32>(name)? {
            return Ok(Array::Numbers(array.mapv(f64::from)));
        }
        if let Some(array) = self.read_as::<f64>(name)? {
            return Ok(Array::Numbers(array));
        }
        let whole = |array| Ok(Array::Whole(array));
        if let Some(array) = self.read_as::<i64>(name)? {
            return whole(array);
        }
        if let Some(array) = self.read_as::<i32>(name)? {
            return whole(array.mapv(i64::from));
        }
        if let Some(array) = self.read_as::<i16>(name)? {
            return whole(array.mapv(i64::from));
        }
        if let Some(array) = self.read_as::<i8>(name)? {
            return whole(array.mapv(i64::from));
        }
        if let Some(array) = self.read_as::<u16>(name)? {
            return whole(array.mapv(i64::from));
        }
        if let Some(array) = self.read_as::<u32>(name)? {
            return whole(array.mapv(i64::from));
        }
        if let Some(array) = self.read_as::<u64>(name)? {
            return whole(array.mapv(|number| i64::try_from(number).unwrap_or(i64::MAX)));
        }
        if let Some(array) = self.read_as::<bool>(name)? {
            return whole(array.mapv(i64::from));
        }
        Err(format!("{name:?} holds neither whole numbers nor floats of 32 or 64 bits; convert it with astype"))
    }

    /// Nothing if the array has another type.
    fn read_as<T: ReadableElement>(&mut self, name: &str) -> Result<Option<ArrayD<T>>, String> {
        match self.reader.by_name::<OwnedRepr<T>, IxDyn>(&format!("{name}.npy")) {
            Ok(array) if array.len() > MAX_NUMBERS => Err(format!("{name:?} holds more than {MAX_NUMBERS} numbers")),
            Ok(array) => Ok(Some(array)),
            Err(ReadNpzError::Npy(ndarray_npy::ReadNpyError::WrongDescriptor(_))) => Ok(None),
            Err(error) => Err(format!("{name:?} cannot be read: {error}")),
        }
    }

    /// Inputs with their targets, which are read as `known` has them, where that is given.
    fn samples(
        &mut self,
        inputs: &str,
        targets: &str,
        shape: Shape,
        task: Option<&str>,
        known: Option<&Task>,
        notes: &mut Vec<Note>,
    ) -> Result<(Task, Samples), String> {
        let array = self.read(inputs)?;
        let array = self.in_layout(array);
        let count = array.dims().first().copied().unwrap_or(0);
        if shape_of(inputs, &array)? != shape {
            return Err(format!(
                "{inputs:?} has the shape {:?}, and the training samples are {}",
                array.dims(),
                shape.described()
            ));
        }
        let values = match array {
            Array::Bytes(array) if shape.as_image().is_some() => Inputs::Bytes(array.iter().copied().collect()),
            array => Inputs::Numbers(finite(inputs, array.numbers(), notes)),
        };
        let array = self.read(targets)?;
        if array.dims().first() != Some(&count) {
            return Err(format!("{inputs:?} holds {count} samples, and {targets:?} has the shape {:?}", array.dims()));
        }
        let (task, targets) = read_targets(targets, &array, task, known, notes)?;
        Ok((task, Samples { inputs: values, targets }))
    }
}

/// Classes, from whole numbers or from one-hot rows, or numbers.
fn read_targets(
    name: &str,
    array: &Array,
    task: Option<&str>,
    known: Option<&Task>,
    notes: &mut Vec<Note>,
) -> Result<(Task, TargetData), String> {
    let (dims, numbers) = (array.dims(), array.numbers());
    let width: usize = dims.get(1..).unwrap_or_default().iter().product::<usize>().max(1);
    if dims.len() > 2 {
        return Err(format!("{name:?} has the shape {dims:?}; targets are [samples] or [samples, targets]"));
    }
    let is_one_hot = width > 1 && numbers.chunks_exact(width).all(is_one_hot);
    let is_whole = width == 1 && !matches!(array, Array::Numbers(_));
    let has_classes = match (known, task) {
        (Some(known), _) => matches!(known, Task::Classification { .. }),
        (None, Some("regression")) => false,
        (None, Some(_)) => true,
        (None, None) => is_whole || is_one_hot,
    };
    if !has_classes {
        if let Some(odd) = numbers.iter().find(|number| !number.is_finite()) {
            return Err(format!("{name:?} holds {odd}, which no network can learn; leave such samples out"));
        }
        let targets = match width {
            1 => vec![name.to_owned()],
            _ => (0..width).map(|at| format!("{name}[{at}]")).collect(),
        };
        return Ok((Task::numbers(targets), TargetData::Numbers { width, values: numbers }));
    }
    let classes: Vec<f64> = match is_one_hot {
        true => numbers.chunks_exact(width).map(position_of_one).collect(),
        false if width > 1 => {
            return Err(format!(
                "{name:?} has {width} numbers a sample, and they are not one-hot; choose task=regression"
            ));
        }
        false => numbers.clone(),
    };
    if let Some(odd) = classes.iter().find(|class| class.fract() != 0.0 || !(0.0..MAX_CLASSES).contains(*class)) {
        return Err(format!(
            "{name:?} holds {odd}, which is no class from 0 to {}; choose task=regression",
            MAX_CLASSES - 1.0
        ));
    }
    if is_one_hot && known.is_none() {
        notes.push(
            format!("the rows of {name:?} are one-hot and are read as classes; task=regression reads them as numbers")
                .into(),
        );
    }
    let largest = classes.iter().copied().fold(1.0, f64::max) as usize;
    let count = known.map_or(0, Task::outputs).max(largest + 1).max(if is_one_hot { width } else { 0 });
    let targets = TargetData::Classes(classes.into_iter().map(|class| class as u16).collect());
    Ok((Task::Classification { classes: numbered_classes(count) }, targets))
}

/// The numbers with what is infinite as missing as what is not a number, and a note that says so.
fn finite(name: &str, mut numbers: Vec<f64>, notes: &mut Vec<Note>) -> Vec<f64> {
    let missing = numbers.iter().filter(|number| !number.is_finite()).count();
    if missing > 0 {
        notes.push(format!("{missing} numbers of {name:?} are infinite or NaN and count as missing").into());
        numbers.iter_mut().filter(|number| number.is_infinite()).for_each(|number| *number = f64::NAN);
    }
    numbers
}

fn is_one_hot(row: &[f64]) -> bool {
    row.iter().all(|value| *value == 0.0 || *value == 1.0) && row.iter().sum::<f64>() == 1.0
}

fn position_of_one(row: &[f64]) -> f64 {
    row.iter().position(|value| *value == 1.0).unwrap_or(0) as f64
}

#[cfg(test)]
mod tests;
