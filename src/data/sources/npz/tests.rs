use ndarray::{Array1, Array2, Array3, Array4};
use ndarray_npy::NpzWriter;

use super::*;
use crate::data::Modality;

/// A file with what `write` puts into it, read with some options.
fn read(write: impl FnOnce(&mut NpzWriter<File>), options: &str) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays.npz");
    let mut writer = NpzWriter::new_compressed(File::create(&path).unwrap());
    write(&mut writer);
    writer.finish().unwrap();
    Dataset::read(&format!("npz:{}{options}", path.display())).map_err(|error| error.to_string())
}

/// The arrays of Keras' `mnist.npz`, smaller.
fn keras(writer: &mut NpzWriter<File>) {
    for (part, count) in [("train", 6), ("test", 2)] {
        let pixels = Array3::from_shape_fn((count, 2, 3), |(sample, y, x)| (sample * 10 + y * 3 + x) as u8);
        writer.add_array(format!("x_{part}"), &pixels).unwrap();
        writer.add_array(format!("y_{part}"), &Array1::from_shape_fn(count, |sample| (sample % 4) as u8)).unwrap();
    }
}

#[test]
fn the_channels_of_images_may_come_first() {
    let pytorch = |writer: &mut NpzWriter<File>| {
        let pixels = Array4::from_shape_fn((6, 3, 4, 5), |(_, channel, y, x)| (channel * 100 + y * 10 + x) as u8);
        writer.add_array("x", &pixels).unwrap();
        writer.add_array("y", &Array1::from_shape_fn(6, |sample| (sample % 2) as u8)).unwrap();
    };
    let dataset = read(pytorch, "?test=0").unwrap();
    assert_eq!(
        (dataset.shape, &dataset.train.pixels_of(0)[..6]),
        (Shape::image(4, 5, 3), &[0, 100, 200, 1, 101, 201][..])
    );
    assert!(dataset.notes.iter().any(|note| note.to_string().contains("as PyTorch has them")), "{:?}", dataset.notes);
    assert_eq!(read(pytorch, "?test=0&channels=last").unwrap().shape, Shape::image(3, 4, 5));
}

#[test]
fn the_arrays_of_keras_are_images_with_classes() {
    let dataset = read(keras, "").unwrap();
    assert_eq!((dataset.shape, dataset.modality()), (Shape::image(2, 3, 1), Modality::Images));
    assert_eq!((dataset.train.len(), dataset.test.len(), dataset.task.outputs()), (6, 2, 4));
    assert_eq!(dataset.train.pixels_of(1), [10, 11, 12, 13, 14, 15]);
    assert_eq!(dataset.test.classes(), [0, 1]);
    assert!(dataset.notes[0].contains("\"x_train\"") && dataset.notes[0].contains("\"y_train\""));
    assert!(dataset.notes[1].contains("\"x_test\""), "{:?}", dataset.notes);
}

#[test]
fn numbers_are_a_table_or_series_and_targets_are_what_their_type_says() {
    let from = |inputs: &str, targets: &str, options: &str| {
        read(
            |writer| {
                writer
                    .add_array("a", &Array2::from_shape_fn((10, 3), |(row, column)| (row * 3 + column) as f64))
                    .unwrap();
                writer.add_array("whole", &Array1::from_shape_fn(10, |row| (row % 3) as i64)).unwrap();
                writer.add_array("real", &Array1::from_shape_fn(10, |row| row as f32 / 2.0)).unwrap();
                let one_hot = Array2::from_shape_fn((10, 4), |(row, column)| f32::from(u8::from(row % 4 == column)));
                writer.add_array("one_hot", &one_hot).unwrap();
                writer.add_array("steps", &Array3::<f32>::zeros((10, 5, 2))).unwrap();
            },
            &format!("?inputs={inputs}&targets={targets}&test=0.2{options}"),
        )
    };
    let table = |targets: &str, options: &str| from("a", targets, options);
    let whole = table("whole", "").unwrap();
    assert_eq!((whole.modality(), whole.task.outputs()), (Modality::Table, 3));
    assert_eq!((whole.train.len() + whole.test.len(), whole.features[2].column.as_str()), (10, "a[2]"));
    assert_eq!(table("one_hot", "").unwrap().task.outputs(), 4);
    assert_eq!(table("one_hot", "&task=regression").unwrap().task.outputs(), 4);
    assert!(matches!(table("one_hot", "&task=regression").unwrap().task, Task::Regression { .. }));
    assert_eq!(table("real", "").unwrap().task, Task::numbers(vec!["real".to_owned()]));
    assert!(table("real", "&task=classification").unwrap_err().contains("0.5, which is no class"));
    let series = from("steps", "whole", "").unwrap();
    assert_eq!((series.modality(), series.shape, series.features.len()), (Modality::Series, Shape::steps(5, 2), 2));
    assert!(table("none", "").unwrap_err().contains("there is no array \"none\"; there is a, whole, real"));
}

#[test]
fn what_fits_nothing_is_refused_in_one_sentence() {
    let lonely = |writer: &mut NpzWriter<File>| writer.add_array("x_train", &Array2::<f32>::zeros((4, 2))).unwrap();
    let error = read(lonely, "").unwrap_err();
    assert!(error.contains("which array holds the targets cannot be told from the names x_train"), "{error}");
    let floats = |writer: &mut NpzWriter<File>| {
        writer.add_array("x", &Array4::<f32>::zeros((4, 2, 2, 1))).unwrap();
        writer.add_array("y", &Array1::<u8>::zeros(4)).unwrap();
    };
    assert!(read(floats, "").unwrap_err().contains("save images as uint8"));
    let short = |writer: &mut NpzWriter<File>| {
        writer.add_array("x", &Array2::<f32>::zeros((4, 2))).unwrap();
        writer.add_array("y", &Array1::<u8>::zeros(3)).unwrap();
    };
    assert!(read(short, "").unwrap_err().contains("\"x\" holds 4 samples, and \"y\" has the shape [3]"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("foreign.npz");
    std::fs::write(&path, "no arrays").unwrap();
    let error = Dataset::read(&format!("npz:{}", path.display())).unwrap_err().to_string();
    assert!(error.contains("is no file of NumPy arrays") && !error.contains('\n'), "{error}");
}
