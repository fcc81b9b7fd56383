//! The tab with the samples: where they come from, how they are divided, what they look like.

pub mod paint;
mod series;
mod source_options;
pub mod table;
mod text;

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use eframe::egui::{self, Align2, RichText, Sense, Stroke, Ui, pos2, vec2};

use crate::data::augment::blend_pairs;
use crate::data::batches::Augmenter;
use crate::data::note::{Note, Otherwise, more_classes};
use crate::data::{Augment, Dataset, Modality, SOURCES};
use crate::language::tr;
use crate::ui::state::class_counts::{ClassCounts, Parts};
use crate::ui::state::session::DataState;
use crate::ui::state::subject::{Subject, identity};
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::parts::data_problem::data_problem_ui;
use crate::ui::views::parts::images::{copy, not_images, scale};
use crate::ui::views::parts::rows::label;
use crate::ui::views::parts::source_menu::source_menu_ui;
use crate::ui::views::view::{NARROW, View};
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::cut_text::cut_text;
use crate::ui::widgets::field::setting_ui;
use crate::ui::widgets::guard::{guarded_ui, within};
use crate::ui::widgets::image_grid::{Caption, ImageGrid, Images};
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::scroll::scroll_ui;
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};
use backprop_nn::field::Settings as _;
use backprop_nn::init::{mix, stream};
use source_options::SourceOptions;
use table::TableView;

/// The id of this view.
pub const ID: &str = "data";

/// The tab that shows the data set and its augmentation.
#[derive(Default)]
pub struct DataView {
    typed_source: String,
    /// What was chosen; until then, what there is to see of the augmentation.
    set: Option<Set>,
    samples: ImageGrid,
    preview: ImageGrid,
    /// How often other versions of the preview were asked for.
    again: u64,
    options: SourceOptions,
    table: TableView,
}

/// Which samples the grid shows. The test samples are not shown, so that nobody chooses by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Set {
    Training,
    Augmented,
}

/// Width of a column of counts.
const COUNT: f32 = 76.0;

/// Samples of the preview, each in a row of its own.
const PREVIEW_ROWS: usize = 12;

impl View for DataView {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Data"
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::DATA
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        if rect.width() < NARROW {
            scroll_ui(ui, |ui| {
                self.settings_ui(ui, cx);
                ui.add_space(4.0 * GRID);
                let (samples, _) = ui.allocate_exact_size(vec2(ui.available_width(), 420.0), Sense::hover());
                // The bar of a table that is out of view would lie over the settings.
                if ui.is_rect_visible(samples) {
                    cell_ui(ui, "samples", samples, |ui| self.samples_ui(ui, cx));
                }
            });
            return;
        }
        ui.advance_cursor_after_rect(rect);
        let left = (rect.width() * 0.42).clamp(280.0, 400.0);
        let (settings, samples) = rect.split_left_right_at_x(rect.left() + left);
        cell_ui(ui, "settings", settings, |ui| {
            scroll_ui(ui, |ui| self.settings_ui(ui, cx));
        });
        let samples = samples.with_min_x(samples.left() + 3.0 * GRID);
        cell_ui(ui, "samples", samples, |ui| self.samples_ui(ui, cx));
    }
}

impl DataView {
    fn settings_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.source_ui(ui, cx);
        ui.add_space(2.0 * GRID);
        augment_ui(ui, cx);
    }

    fn source_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        heading_ui(ui, "Source", |_| {});
        guarded_ui(ui, "data.source", |ui| source_menu_ui(ui, ui.available_width(), &mut self.typed_source, cx));
        // What was decided comes before what may be decided.
        if let Some(dataset) = cx.session.dataset().cloned() {
            guarded_ui(ui, "data.source", |ui| dataset.notes.iter().for_each(|note| note_ui(ui, note, cx)));
        }
        guarded_ui(ui, "data.source", |ui| self.options.ui(ui, cx));
        let data = &mut cx.project.data;
        // A text is not reconstructed.
        let is_text = cx.session.dataset().is_some_and(|dataset| dataset.modality() == Modality::Text);
        for field in data.describe().into_iter().filter(|field| field.key == "reconstruct" && !is_text) {
            within(ui, "data", |ui| setting_ui(ui, data, field));
        }
        ui.add_space(GRID);
        match &cx.session.data {
            DataState::Loading { .. } => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    caption_ui(ui, "The samples are being read. You can go on working.");
                });
            }
            DataState::Failed { .. } => data_problem_ui(ui, cx),
            DataState::Ready { dataset, counts, .. } => counts_ui(ui, dataset, counts, cx.project.held_back()),
        }
    }

    fn samples_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.playground.painting.is_some()
            || cx.session.dataset().is_some_and(|dataset| dataset.modality() == Modality::Table)
        {
            return self.table.ui(ui, cx);
        }
        if let Some(dataset) = cx.session.dataset().filter(|dataset| dataset.modality() == Modality::Series) {
            heading_ui(ui, "Samples", |_| {});
            if !series::series_ui(ui, dataset) {
                placeholder_ui(ui, &not_images(dataset));
            }
            return;
        }
        if let Some(dataset) = cx.session.dataset().filter(|dataset| dataset.modality() == Modality::Text) {
            return text::texts_ui(ui, dataset);
        }
        let fitting = if cx.project.data.augment.is_off() { Set::Training } else { Set::Augmented };
        let mut set = self.set.unwrap_or(fitting);
        let has_versions = set == Set::Augmented && !cx.project.data.augment.is_off();
        heading_ui(ui, "Samples", |ui| {
            if has_versions
                && ui.button(tr("Again")).on_hover_text(tr("Draws other random changes of the same samples")).clicked()
            {
                self.again += 1;
            }
            segmented_ui(
                ui,
                &mut set,
                &[
                    (Set::Training, "As they are", "The training samples, from which the validation set is split"),
                    (Set::Augmented, "Augmented", "The same samples with random changes, as training sees them"),
                ],
            );
        });
        if set != self.set.unwrap_or(fitting) {
            self.set = Some(set);
        }
        let Some(dataset) = cx.session.dataset() else {
            return placeholder_ui(ui, "The samples appear here when they have been read.");
        };
        match set {
            Set::Training => training_ui(ui, &mut self.samples, dataset),
            Set::Augmented => {
                let seed = mix(cx.project.training.seed, self.again);
                preview_ui(ui, &mut self.preview, dataset, &cx.project.data.augment, seed);
            }
        }
    }
}

/// Samples by class and set, and what each set is for.
fn counts_ui(ui: &mut Ui, dataset: &Dataset, counts: &ClassCounts, share: f32) {
    let palette = Palette::of(ui);
    let text = |part: usize| thousands(part as f64);
    let line = |ui: &mut Ui, name: &str, cells: [String; 3], color: egui::Color32, is_strong: bool| {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
        let words = format!("{name}: {}", cells.join(", "));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, tr(&words)));
        let font = if is_strong { theme::strong_font(theme::BODY) } else { theme::body_font() };
        let mut name_place = rect;
        for (column, cell) in cells.into_iter().enumerate().rev() {
            let right = pos2(rect.right() - (2 - column) as f32 * COUNT, rect.center().y);
            let cell = ui.painter().text(right, Align2::RIGHT_CENTER, tr(cell), font.clone(), color);
            name_place.max.x = cell.left() - 2.0 * GRID;
        }
        cut_text(ui, name_place, Align2::LEFT_CENTER, name, font, color);
        rect
    };
    ui.spacing_mut().item_spacing.y = 0.0;
    let head = ["training", "validation", "test"].map(str::to_owned);
    let heading = if dataset.task.is_classification() { "class" } else { "samples" };
    let rect = line(ui, heading, head, palette.muted, false);
    ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, palette.faint));
    let cells = |parts: Parts| [parts.train, parts.validation, parts.test].map(text);
    let most_classes = 12;
    let classes = dataset.task.classes();
    for (name, parts) in classes.iter().zip(counts.parts(share)).take(most_classes) {
        line(ui, name, cells(parts), palette.text, false);
    }
    if classes.len() > most_classes {
        caption_ui(ui, &format!("and {}", more_classes(classes.len() - most_classes)));
    }
    let rect = line(ui, "all", cells(counts.total(share)), palette.text, true);
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, palette.faint));
    ui.add_space(GRID);
    let help = "Training samples change the weights. Validation samples compare settings while you choose them. \
                Test samples are used once, when a run has finished, and nothing is chosen by them.";
    ui.add(egui::Label::new(RichText::new(tr(help)).color(palette.muted)).wrap());
}

/// What was decided while the file was read; a click decides otherwise.
fn note_ui(ui: &mut Ui, note: &Note, cx: &mut Cx<'_>) {
    let text = RichText::new(tr(&**note)).color(Palette::of(ui).muted);
    let Some(otherwise) = note.otherwise() else {
        ui.add(egui::Label::new(text).wrap());
        return;
    };
    ui.horizontal_wrapped(|ui| {
        ui.add(egui::Label::new(text).wrap());
        let source = &mut cx.project.data.source;
        match otherwise {
            Otherwise::Option(key, value) => {
                let button =
                    ui.button(tr(format!("{key}={value}"))).on_hover_text(tr("Read the file again with this option"));
                if let (true, Some(part)) = (button.clicked(), source.single_mut()) {
                    part.overrule(key, value);
                }
            }
            Otherwise::Source(name) => {
                let button =
                    ui.button(tr(format!("Read as {name}"))).on_hover_text(tr("Read the file again in this way"));
                if let (true, Some(other)) = (button.clicked(), SOURCES.iter().find(|source| source.name == *name)) {
                    *source = source.read_as(other);
                }
            }
        }
    });
}

fn augment_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    // Numbers of tokens are not blended.
    if cx.session.dataset().is_some_and(|dataset| dataset.modality() == Modality::Text) {
        return;
    }
    heading_ui(ui, "Augmentation", |ui| {
        let augment = &mut cx.project.data.augment;
        if !augment.is_off() && ui.button(tr("All off")).clicked() {
            *augment = Augment::default();
        }
    });
    let (shape, _) = cx.session.shape(cx.project);
    for field in Augment::fields_for(shape) {
        within(ui, "data.augment", |ui| setting_ui(ui, &mut cx.project.data.augment, field));
    }
}

fn training_ui(ui: &mut Ui, grid: &mut ImageGrid, dataset: &Arc<Dataset>) {
    let samples = &dataset.train;
    let pixels = |index: usize, out: &mut [u8]| copy(samples, index, out);
    let caption = |index: usize| Caption { truth: label(dataset, index), ..Caption::default() };
    show(ui, grid, dataset, samples.len(), identity(dataset), &pixels, &caption);
}

/// Makes versions of samples as training makes them.
struct Preview<'a> {
    dataset: &'a Dataset,
    augmenter: Option<Augmenter>,
    mix_up: f32,
    pair: Vec<f32>,
}

impl<'a> Preview<'a> {
    fn new(augment: &Augment, dataset: &'a Dataset) -> Self {
        let augmenter = Augmenter::new(augment, dataset.shape);
        Self { dataset, augmenter, mix_up: augment.mix_up, pair: vec![0.0; 2 * dataset.shape.len()] }
    }

    /// A changed sample, with mix-up blended with a changed other one that the key decides.
    fn version(&mut self, sample: usize, key: u64, out: &mut [u8]) {
        if self.mix_up == 0.0 {
            return self.change(sample, key, out);
        }
        let other = (key % self.dataset.train.len().max(1) as u64) as usize;
        for (at, (sample, key)) in [(sample, key), (other, mix(key, 1))].into_iter().enumerate() {
            self.change(sample, key, out);
            let place = &mut self.pair[at * out.len()..][..out.len()];
            place.iter_mut().zip(&*out).for_each(|(number, byte)| *number = f32::from(*byte));
        }
        blend_pairs(self.mix_up, &mut self.pair, &mut [0.0; 2], &mut stream(key, 2));
        out.iter_mut().zip(&self.pair).for_each(|(byte, number)| *byte = (number + 0.5) as u8);
    }

    fn change(&mut self, sample: usize, key: u64, out: &mut [u8]) {
        match &mut self.augmenter {
            Some(augmenter) => out.copy_from_slice(augmenter.change(self.dataset.train.pixels_of(sample), key)),
            None => copy(&self.dataset.train, sample, out),
        }
    }
}

/// Each row is one sample: as it is, and as it may come to the network.
fn preview_ui(ui: &mut Ui, grid: &mut ImageGrid, dataset: &Arc<Dataset>, augment: &Augment, seed: u64) {
    let Some([_, width, _]) = dataset.shape.as_image() else { return };
    let palette = Palette::of(ui);
    let text = match augment.is_off() {
        true => "No augmentation is on. Move a slider at the left, and each row shows one sample in several versions.",
        false => "Each row shows one sample, then augmented versions of it.",
    };
    ui.add(egui::Label::new(RichText::new(tr(text)).color(palette.muted)).wrap());
    let tile = (width as f32 * scale(width, ui.available_width())).max(40.0) + 2.0 * GRID;
    let columns = (((ui.available_width() - 2.0 * GRID) / tile) as usize).max(1);
    let preview = RefCell::new(Preview::new(augment, dataset));
    let pixels = |index: usize, out: &mut [u8]| match (index / columns, index % columns) {
        (sample, 0) => copy(&dataset.train, sample, out),
        (sample, version) => preview.borrow_mut().version(sample, mix(mix(seed, version as u64), sample as u64), out),
    };
    let caption = |index: usize| {
        let is_original = index.is_multiple_of(columns);
        Caption {
            truth: if is_original { label(dataset, index / columns) } else { String::new() },
            ..Caption::default()
        }
    };
    let mut hasher = DefaultHasher::new();
    // Its text names every number there is, those that are yet to come too.
    (format!("{augment:?}"), identity(dataset), columns, seed).hash(&mut hasher);
    let count = PREVIEW_ROWS.min(dataset.train.len()) * columns;
    show(ui, grid, dataset, count, hasher.finish(), &pixels, &caption);
}

fn show(
    ui: &mut Ui,
    grid: &mut ImageGrid,
    dataset: &Dataset,
    count: usize,
    version: u64,
    pixels: &dyn Fn(usize, &mut [u8]),
    caption: &dyn Fn(usize) -> Caption,
) {
    let Some([height, width, channels]) = dataset.shape.as_image() else { return };
    let scale = scale(width, ui.available_width());
    grid.ui(ui, &Images { count, height, width, channels, version, pixels, caption, caption_rows: 1 }, scale);
}
