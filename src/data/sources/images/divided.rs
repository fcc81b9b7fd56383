//! Images whose makers have divided them into training, validation and test set: folders of these names that hold the classes, or
//! classes that hold such folders.

use std::path::Path;

use super::classes::ClassFolders;
use super::folders::{entries, is_class_folder, name_of, split_folders};
use super::note_left_out;
use crate::data::dataset::Dataset;
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::samples::Samples;
use crate::data::split::Order;
use backprop_nn::Shape;

/// The folders of the classes in each set.
pub struct Divided {
    /// The training images.
    pub train: ClassFolders,
    /// The validation images, if they are set apart.
    pub validation: Option<ClassFolders>,
    /// The test images, if they are set apart.
    pub test: Option<ClassFolders>,
}

/// The sets in a folder; none where nobody has divided the images.
pub fn divided(folder: &Path, notes: &mut Vec<Note>) -> Result<Option<Divided>, DataError> {
    let [Some(train), validation, test] = split_folders(folder)? else { return within_classes(folder, notes) };
    if validation.is_none() && test.is_none() {
        return Ok(None);
    }
    let taken = [Some(&train), validation.as_ref(), test.as_ref()];
    let others = entries(folder)?.into_iter().filter(|path| !taken.contains(&Some(path)));
    note_left_out(others.map(|path| (path, "stands beside the folder of training images".to_owned())).collect(), notes);
    let mut of = |folder: &Path| ClassFolders::of(folder, notes);
    let train = of(&train)?;
    let validation = validation.as_deref().map(&mut of).transpose()?;
    let test = test.as_deref().map(&mut of).transpose()?;
    Ok(Some(Divided { train, validation, test }))
}

/// The sets of classes that hold folders of training, validation and test images each.
fn within_classes(folder: &Path, notes: &mut Vec<Note>) -> Result<Option<Divided>, DataError> {
    let classes: Vec<_> = entries(folder)?.into_iter().filter(|path| is_class_folder(path)).collect();
    let found = classes.iter().map(|class| split_folders(class)).collect::<Result<Vec<_>, _>>()?;
    let has = |set: usize| found.iter().filter(|sets| sets[set].is_some()).count();
    if has(0) == 0 || has(1) + has(2) == 0 {
        return Ok(None);
    }
    if let Some(at) = found.iter().position(|sets| sets[0].is_none()) {
        let with = found.iter().position(|sets| sets[0].is_some()).unwrap_or_default();
        let [with, without] = [with, at].map(|at| name_of(&classes[at]));
        notes.push(
            format!("{with} has a folder of training images in it and {without} has none, so that all are split anew")
                .into(),
        );
        return Ok(None);
    }
    for (class, sets) in classes.iter().zip(&found) {
        let others = entries(class)?.into_iter().filter(|path| !sets.iter().flatten().any(|set| set == path));
        let why = "stands beside the folder of training images of its class";
        note_left_out(others.map(|path| (path, why.to_owned())).collect(), notes);
    }
    let of = |set: usize| {
        let names = classes.iter().map(|class| name_of(class));
        let folders = names.zip(&found).filter_map(|(name, sets)| Some((name, sets[set].clone()?)));
        ClassFolders { place: folder.to_owned(), folders: folders.collect() }
    };
    let [validation, test] = [1, 2].map(|set| (has(set) > 0).then(|| of(set)));
    let sets = match (&validation, &test) {
        (Some(_), Some(_)) => "training, validation and test images",
        (Some(_), None) => "training and validation images",
        _ => "training and test images",
    };
    notes.push(format!("Each class has folders of {sets} in it, and these are the sets").into());
    Ok(Some(Divided { train: of(0), validation, test }))
}

/// The data set of samples that are divided.
pub fn dataset(
    classes: Vec<String>,
    mut samples: Samples,
    validation: Option<Samples>,
    test: Option<Samples>,
    shape: Shape,
    notes: &mut Vec<Note>,
) -> Dataset {
    let held = validation.as_ref().map_or(0, Samples::len);
    if let Some(validation) = validation {
        let images = counted(held, "image");
        let what = "from a folder of their own are the validation set, whatever the validation split is";
        notes.push(format!("{images} {what}").into());
        samples.append(validation);
    }
    let test = test.unwrap_or_else(|| samples.select(&[], shape));
    let order = if held > 0 { Order::Held(held) } else { Order::Free };
    Dataset { order, ..Dataset::images("", shape, classes, samples, test) }
}
