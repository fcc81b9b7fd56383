//! The text of a lesson's card: paragraphs, lists, tables, formulas and pictures in the width there is.

use eframe::egui::text::{LayoutJob, TextFormat, TextWrapping};
use eframe::egui::{
    Align, FontId, Frame, Grid, Image, Label, Margin, Response, RichText, Sense, Stroke, TextureHandle, Ui, vec2,
};

use crate::lesson::formula::Script;
use crate::lesson::markdown::{Block, Span, plain};
use crate::ui::theme::{self, BODY, GRID, Palette, RADIUS};
use crate::ui::widgets::button::fair_share;
use crate::ui::widgets::term::mark_word;

/// An index is this much smaller.
const SMALL: f32 = 0.75;

/// Room after letters that lean.
const LEAN: f32 = 2.0;

/// How far an item of a list stands in, and each list within it.
const INDENT: f32 = 16.0;

/// Draws the blocks one below the other; `picture` gives those that are there.
pub fn card_text_ui(ui: &mut Ui, blocks: &[Block], picture: &mut dyn FnMut(&Ui, &str) -> Option<TextureHandle>) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 1.5 * GRID;
        for (at, block) in blocks.iter().enumerate() {
            ui.push_id(at, |ui| block_ui(ui, block, picture));
        }
    });
}

fn block_ui(ui: &mut Ui, block: &Block, picture: &mut dyn FnMut(&Ui, &str) -> Option<TextureHandle>) {
    let palette = Palette::of(ui);
    match block {
        Block::Text(spans) => drop(spans_ui(ui, spans, Sense::hover())),
        Block::Heading(spans) => drop(ui.label(theme::strong(plain(spans)))),
        Block::Item { depth, mark, spans } => {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                ui.add_space(*depth as f32 * INDENT);
                let width = INDENT.max(mark.len() as f32 * 8.0);
                let size = vec2(width, ui.text_style_height(&eframe::egui::TextStyle::Body));
                let layout = eframe::egui::Layout::left_to_right(Align::Min);
                ui.allocate_ui_with_layout(size, layout, |ui| {
                    ui.set_width(width);
                    ui.label(RichText::new(mark).color(palette.muted));
                });
                ui.vertical(|ui| spans_ui(ui, spans, Sense::hover()));
            });
        }
        Block::Quote(spans) => {
            let frame = Frame::new().inner_margin(Margin { left: 10, right: 0, top: 2, bottom: 2 });
            let shown = frame.show(ui, |ui| spans_ui(ui, spans, Sense::hover()));
            let line = shown.response.rect;
            ui.painter().vline(line.left() + 2.0, line.y_range(), Stroke::new(2.0, palette.accent));
        }
        Block::Code(code) => {
            let frame = Frame::new().fill(palette.sunken).corner_radius(RADIUS).inner_margin(Margin::same(8));
            frame.show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.add(Label::new(RichText::new(code).monospace()).wrap());
            });
        }
        Block::Formula(spans) => {
            ui.vertical_centered(|ui| spans_ui(ui, spans, Sense::hover()));
        }
        Block::Table(rows) => {
            table_ui(ui, rows);
            ui.add_space(GRID);
        }
        Block::Picture { name, alt } => match picture(ui, name) {
            Some(texture) => {
                let size = texture.size_vec2();
                let width = ui.available_width().min(size.x);
                let image =
                    Image::from_texture((texture.id(), size)).fit_to_exact_size(size * (width / size.x.max(1.0)));
                ui.add(image.alt_text(alt.as_str())).on_hover_text(alt);
            }
            None => drop(ui.label(RichText::new(alt).color(palette.muted))),
        },
        Block::Rule => drop(ui.separator()),
    }
}

/// Each column is as wide as it needs to be; where there is no room for all, the widest ones are narrower.
fn table_ui(ui: &mut Ui, rows: &[Vec<Vec<Span>>]) {
    let strong = |span: &Span| Span { is_strong: true, ..span.clone() };
    let cell = |at: usize, spans: &[Span]| match at {
        0 => spans.iter().map(strong).collect(),
        _ => spans.to_vec(),
    };
    let rows: Vec<Vec<Vec<Span>>> =
        rows.iter().enumerate().map(|(at, row)| row.iter().map(|spans| cell(at, spans)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let natural = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column)).map(|spans| {
            let mut job = layout(ui, spans);
            job.wrap.max_width = f32::INFINITY;
            ui.painter().layout_job(job).size().x + 1.0
        });
        widths.fold(0.0, f32::max)
    };
    let natural: Vec<f32> = (0..columns).map(natural).collect();
    let gap = 3.0 * GRID;
    let most = fair_share(natural.clone(), ui.available_width() - gap * columns.saturating_sub(1) as f32);
    let grid = Grid::new("table").striped(true).num_columns(columns).spacing(vec2(gap, GRID)).min_col_width(0.0);
    grid.show(ui, |ui| {
        for row in &rows {
            for (spans, width) in row.iter().zip(&natural) {
                ui.vertical(|ui| {
                    ui.set_width(width.min(most));
                    spans_ui(ui, spans, Sense::hover());
                });
            }
            ui.end_row();
        }
    });
}

/// A text in as many lines as it needs; what it leads to stands below it.
pub fn spans_ui(ui: &mut Ui, spans: &[Span], sense: Sense) -> Response {
    let job = layout(ui, spans);
    let response = ui.add(Label::new(job.clone()).wrap().sense(sense));
    if response.hovered() {
        let wrap = TextWrapping { max_width: response.rect.width() + 1.0, ..job.wrap };
        mark_word(&response, &ui.painter().layout_job(LayoutJob { wrap, ..job }));
    }
    for span in spans.iter().filter(|span| span.link.is_some()) {
        if let Some(link) = &span.link {
            ui.hyperlink_to(&span.text, link);
        }
    }
    match spans.iter().any(|span| span.script != Script::Normal) {
        true => response.accessible_name(plain(spans)),
        false => response,
    }
}

fn layout(ui: &Ui, spans: &[Span]) -> LayoutJob {
    let palette = Palette::of(ui);
    let mut job = LayoutJob::default();
    let mut was_italic = false;
    for span in spans {
        let scale = if span.script == Script::Normal { 1.0 } else { SMALL };
        let font_id = match (span.is_code, span.is_strong) {
            (true, _) => FontId::monospace(BODY * scale),
            (false, true) => theme::strong_font(BODY * scale),
            (false, false) => FontId::proportional(BODY * scale),
        };
        let format = TextFormat {
            font_id,
            color: if span.link.is_some() { palette.accent } else { palette.text },
            italics: span.is_italic,
            background: if span.is_code { palette.sunken } else { Default::default() },
            valign: if span.script == Script::Above { Align::TOP } else { Align::BOTTOM },
            ..TextFormat::default()
        };
        // A letter that leans reaches into what follows it.
        let lead = if was_italic && !span.is_italic { LEAN } else { 0.0 };
        job.append(&span.text, lead, format);
        was_italic = span.is_italic;
    }
    job
}
