mod text;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use image::{DynamicImage, GenericImage as _, GrayImage, RgbImage};

use super::terminal::grouped;
use super::{CliError, say};
use crate::data::Feature;
use crate::project::{Project, RunFolder};
use crate::train::generate;
use crate::train::heads::Results;
use backprop_nn::Shape;

/// Write samples that a run of a generator makes, or text that a language model writes
#[derive(Debug, Args)]
pub struct Generate {
    /// The run folder of a generator or a language model, or the name of its run in `runs`
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    /// How many samples; texts are one unless more are wanted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: Option<u32>,
    /// Folder for the samples of a generator: images as 0001.png, … and the first of them together in grid.png, others in
    /// points.csv
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Decides the noise that they are made of, or the tokens that are drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    writing: text::Writing,
}

/// The most rows and columns of the image that shows many samples.
const GRID: usize = 20;

impl Generate {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        if run.head().results() == Results::Text {
            if self.out.is_some() {
                let what = "writes text to the standard output; leave out --out";
                return Err(CliError::Usage(format!("{}: {what}", self.run)));
            }
            return self.writing.run(&run, self.count.unwrap_or(1), self.seed);
        }
        let RunFolder { project, data, network, weights } = run;
        if project.head(None).results() != Results::Samples {
            let what =
                "is neither a generator nor a language model; train one as the presets gan-digits and tiny-gpt do";
            return Err(CliError::Usage(format!("{}: {what}", self.run)));
        }
        if let Some(option) = self.writing.given() {
            return Err(CliError::Usage(format!("{} is for language models, and {} is a generator", option, self.run)));
        }
        let (Some(count), Some(out)) = (self.count, &self.out) else {
            return Err(CliError::Usage(format!("{} is a generator: say --count N and --out DIR", self.run)));
        };
        let samples = generate(&network, &data.scaling, &weights, self.seed, count as usize);
        let fail = |error: std::io::Error| CliError::Failed(format!("{}: {error}", out.display()));
        fs::create_dir_all(out).map_err(fail)?;
        match pictures(&samples, network.last_input()) {
            Some(pictures) => write_pictures(out, &pictures)?,
            None => {
                fs::write(out.join("points.csv"), table(&samples, network.last_input(), &data.features))
                    .map_err(fail)?;
            }
        }
        say(format_args!("{} samples are in {}", grouped(count as usize), out.display()))
    }
}

/// Says that a command that reads samples has been given a generator.
pub fn refuse_generator(project: &Project, name: &str, remedy: &str) -> Result<(), CliError> {
    match project.head(None).is_evaluated() {
        true => Ok(()),
        false => Err(CliError::Usage(format!("{name} is a generator and reads no samples; {remedy}"))),
    }
}

/// The samples as images, if they are images.
fn pictures(samples: &[f32], shape: Shape) -> Option<Vec<DynamicImage>> {
    let [height, width, channels] = shape.as_image()?;
    let size = (width as u32, height as u32);
    let picture = |sample: &[f32]| {
        let pixels = sample.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        match channels {
            1 => GrayImage::from_raw(size.0, size.1, pixels).map(DynamicImage::from),
            3 => RgbImage::from_raw(size.0, size.1, pixels).map(DynamicImage::from),
            _ => None,
        }
    };
    samples.chunks_exact(shape.len()).map(picture).collect()
}

fn write_pictures(folder: &Path, pictures: &[DynamicImage]) -> Result<(), CliError> {
    let save = |picture: &DynamicImage, name: String| {
        let path = folder.join(name);
        picture.save(&path).map_err(|error| CliError::Failed(format!("{}: {error}", path.display())))
    };
    for (number, picture) in (1..).zip(pictures) {
        save(picture, format!("{number:04}.png"))?;
    }
    match grid(pictures) {
        Some(grid) => save(&grid, "grid.png".to_owned()),
        None => Ok(()),
    }
}

/// The first images side by side, with a pixel between them, in about as many rows as columns.
fn grid(pictures: &[DynamicImage]) -> Option<DynamicImage> {
    let first = pictures.first()?;
    let columns = (1..=GRID).find(|columns| columns * columns >= pictures.len()).unwrap_or(GRID);
    let shown = &pictures[..pictures.len().min(columns * GRID)];
    let (width, height) = (first.width() + 1, first.height() + 1);
    let (wide, high) = (columns as u32 * width - 1, shown.len().div_ceil(columns) as u32 * height - 1);
    let mut grid = DynamicImage::new(wide, high, first.color());
    for (at, picture) in shown.iter().enumerate() {
        let (row, column) = ((at / columns) as u32, (at % columns) as u32);
        grid.copy_from(picture, column * width, row * height).ok()?;
    }
    Some(grid)
}

/// The samples as a table, a line each; a column for every number, by the name of its feature and, in a sequence, of its step.
fn table(samples: &[f32], shape: Shape, features: &[Feature]) -> String {
    let name = |at: usize| {
        let (step, feature) = (at / shape.channels(), at % shape.channels());
        let name = features.get(feature).map_or_else(|| feature.to_string(), ToString::to_string);
        let name = if shape.is_flat() { name } else { format!("{name} {}", step + 1) };
        if name.contains([',', '"', '\n']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name }
    };
    let line = |cells: Vec<String>| cells.join(",") + "\n";
    let rows = samples.chunks_exact(shape.len().max(1));
    let rows = rows.map(|row| line(row.iter().map(ToString::to_string).collect()));
    std::iter::once(line((0..shape.len()).map(name).collect())).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_a_line_with_a_column_for_every_step() {
        let features = ["a,b", "c"].map(Feature::number);
        let told = table(&[1.0, 2.5, -3.0, 4.0], Shape::steps(2, 2), &features);
        assert_eq!(told, "\"a,b 1\",c 1,\"a,b 2\",c 2\n1,2.5,-3,4\n");
    }

    #[test]
    fn a_grid_is_about_square_and_no_larger_than_it_may() {
        for (count, columns, rows) in [(1, 1, 1), (5, 3, 2), (9, 3, 3), (1000, 20, 20)] {
            let pictures = pictures(&vec![1.0; count * 12], Shape::image(4, 3, 1)).unwrap();
            let grid = grid(&pictures).unwrap();
            assert_eq!((grid.width(), grid.height()), (columns * 4 - 1, rows * 5 - 1), "{count}");
            assert_eq!(grid.to_luma8().get_pixel(0, 0).0, [255]);
        }
    }
}
