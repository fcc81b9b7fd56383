//! What each token looks at: the weights of every head, or of a network without attention its gates.

use eframe::egui::{Label, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use crate::language::tr;
use crate::ui::jobs::writing::Read;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::widgets::feature_maps::{FeatureMaps, Maps};
use crate::ui::widgets::text::caption_ui;

/// Width of the picture of a head, in points.
const SIDES: [f32; 2] = [36.0, 96.0];

/// The pictures of the heads, and which of them is looked at.
#[derive(Default)]
pub struct AttentionMaps {
    /// Of each layer and head, one after the other.
    maps: Vec<FeatureMaps>,
    /// The layer and the head that colors the text; the mean of all of the last layer if there is none.
    chosen: Option<(usize, usize)>,
}

impl AttentionMaps {
    /// How much the token at a place of the text looks at each, as a share of the most; nothing for those that are not seen, and
    /// nothing at all without attention.
    pub fn looked_at(&self, read: &Read, at: usize) -> Option<Vec<Option<f32>>> {
        let row = at.checked_sub(read.first).filter(|row| *row < read.seen)?;
        let heads: Vec<&Vec<f32>> =
            match self.chosen.and_then(|(layer, head)| read.attention.get(layer)?.heads.get(head)) {
                Some(head) => vec![head],
                None => read.attention.last()?.heads.iter().collect(),
            };
        let sum = |column: usize| -> f32 { heads.iter().map(|head| head[row * read.seen + column]).sum() };
        let weights: Vec<f32> = (0..read.seen).map(sum).collect();
        let most = weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        let shares = weights.into_iter().map(|weight| Some(weight / most));
        Some(std::iter::repeat_n(None, read.first).chain(shares).collect())
    }

    /// The pictures: a row of the picture is a token, and what is bright in it is what it looks at. The row of the token at a place
    /// of the text is marked.
    pub fn ui(&mut self, ui: &mut Ui, read: &Read, at: usize, version: u64) {
        if read.attention.is_empty() {
            return self.gates_ui(ui, read, version);
        }
        caption_ui(ui, "Attention by layer and head").on_hover_text(
            tr("A row is a token, a column what it attends to, orange how much. Press a head to color the text by it, and again for \
             the mean of the last layer"),
        );
        let heads = read.attention.iter().map(|layer| layer.heads.len()).max().unwrap_or(1);
        let count = read.attention.iter().map(|layer| layer.heads.len()).sum();
        self.maps.resize_with(count, FeatureMaps::default);
        let name = 48.0;
        let side = ((ui.available_width() - name - 2.0 * GRID) / heads as f32 - GRID).clamp(SIDES[0], SIDES[1]);
        let row = at.checked_sub(read.first).filter(|row| *row < read.seen);
        ScrollArea::vertical().id_salt("attention").auto_shrink([false, true]).show(ui, |ui| {
            let mut maps = self.maps.iter_mut();
            for (index, layer) in read.attention.iter().enumerate() {
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing = vec2(GRID, GRID);
                    let text = RichText::new(tr(format!("layer {}", layer.number))).color(Palette::of(ui).muted);
                    ui.add_sized(vec2(name, ROW), Label::new(text).truncate());
                    for (head, weights) in layer.heads.iter().enumerate() {
                        let Some(map) = maps.next() else { return };
                        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::click());
                        let label = format!("Layer {}, head {}", layer.number, head + 1);
                        let is_chosen = self.chosen == Some((index, head));
                        response.widget_info(|| {
                            WidgetInfo::selected(eframe::egui::Role::Button, true, is_chosen, tr(&label))
                        });
                        let version = version.wrapping_mul(64).wrapping_add(row.map_or(0, |row| row as u64));
                        let shown = Maps { name: &label, shape: [read.seen, read.seen, 1], values: weights, version };
                        map.paint(ui, ui.painter(), &shown, &[rect]);
                        mark(ui, rect, row, read.seen, is_chosen);
                        if response.on_hover_text(tr(&label)).clicked() {
                            self.chosen = if is_chosen { None } else { Some((index, head)) };
                        }
                    }
                });
            }
        });
    }

    /// The gates and states of recurrent layers over the text: a column is a token, a row a unit.
    fn gates_ui(&mut self, ui: &mut Ui, read: &Read, version: u64) {
        if read.gates.is_empty() {
            return;
        }
        caption_ui(ui, "Gates over the text").on_hover_text(tr("A column is a token, a row a unit of the layer"));
        self.maps.resize_with(read.gates.len(), FeatureMaps::default);
        ScrollArea::vertical().id_salt("gates").auto_shrink([false, true]).show(ui, |ui| {
            for (map, (layer, gate)) in self.maps.iter_mut().zip(&read.gates) {
                let label = format!("{layer}, {}", gate.name);
                let text = RichText::new(tr(&label)).color(Palette::of(ui).muted);
                ui.add(Label::new(text).truncate());
                let [steps, units] = gate.shape.as_steps().unwrap_or([1, gate.values.len()]);
                let turned: Vec<f32> = (0..units)
                    .flat_map(|unit| (0..steps).map(move |step| step * units + unit))
                    .map(|at| gate.values.get(at).copied().unwrap_or_default())
                    .collect();
                map.ui(ui, &Maps { name: &label, shape: [units, steps, 1], values: &turned, version });
            }
        });
    }
}

/// The frame of a head, and the row of the token that is looked at.
fn mark(ui: &Ui, rect: Rect, row: Option<usize>, seen: usize, is_chosen: bool) {
    let palette = Palette::of(ui);
    let (width, color) = if is_chosen { (2.0, palette.accent) } else { (1.0, palette.faint) };
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(width, color), StrokeKind::Outside);
    if let Some(row) = row {
        let height = rect.height() / seen.max(1) as f32;
        let y = rect.top() + row as f32 * height;
        let line =
            Rect::from_min_max(pos2(rect.left(), y), pos2(rect.right(), (y + height.max(1.0)).min(rect.bottom())));
        ui.painter().rect_stroke(line, 0.0, Stroke::new(1.0, palette.accent), StrokeKind::Outside);
    }
}
