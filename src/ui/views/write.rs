//! Text: what a language model writes after a prompt, how likely each token was, and what it looked at. A network that tells the
//! class of a text reads it here.

use std::sync::Arc;

use eframe::egui::{Label, Rect, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons::{ICON_CASINO, ICON_REFRESH};

use crate::data::sources::text::is_of_lines;
use crate::data::tokenizer::PADDING;
use crate::data::{Dataset, TargetData, Tokenizer};
use crate::train::heads::Results;
use crate::train::writer::Sampling;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::writing::{ReadingQuery, WritingQuery, tokenizer_of};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::attention::AttentionMaps;
use crate::ui::widgets::button::button_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::probability_bars::probability_bars_ui;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, placeholder_ui};
use crate::ui::widgets::token_text::{ShownToken, token_text_ui};
use backprop_nn::loss::MASKED;

/// Next tokens that are shown.
const MOST_LIKELY: usize = 12;

/// A token of this many bits is as surprising as the colors go.
const MOST_BITS: f32 = 8.0;

/// The Write tab.
pub struct Write {
    prompt: String,
    temperature: f64,
    top_k: f64,
    tokens: f64,
    seed: u64,
    /// The data whose first question is the prompt until somebody types.
    asked_of: Option<usize>,
    /// The next sample whose beginning is taken.
    sample: usize,
    /// The token that is looked at.
    chosen: Option<usize>,
    maps: AttentionMaps,
}

impl Default for Write {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            temperature: f64::from(Sampling::default().temperature),
            top_k: 0.0,
            tokens: 200.0,
            seed: 1,
            asked_of: None,
            sample: 0,
            chosen: None,
            maps: AttentionMaps::default(),
        }
    }
}

impl Write {
    /// The prompt and what follows on it at the left, what the network computes at the right.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let right = (rect.width() * 0.36).clamp(200.0, 420.0);
        let (text, looked) = rect.split_left_right_at_x(rect.right() - right);
        let text = Rect::from_min_max(text.min, text.max - vec2(4.0 * GRID, 0.0));
        self.take_first_question(cx);
        let network = cx.network().filter(|network| tokenizer_of(network).is_some());
        let is_class = cx.subject.results() == Results::Classes;
        let Some(network) = network else {
            cell_ui(ui, "text", text, |ui| {
                self.prompt_ui(ui, is_class, cx);
                ui.add_space(2.0 * GRID);
                placeholder_ui(
                    ui,
                    "This network has no weights yet. Press Train, and it reads and writes while it learns.",
                );
            });
            return;
        };
        let Some(tokenizer) = tokenizer_of(&network) else { return };
        match is_class {
            true => self.reading_ui(ui, [text, looked], &network, tokenizer, cx),
            false => self.writing_ui(ui, [text, looked], &network, tokenizer, cx),
        }
    }

    /// The prompt of new data is the question of its first sample, if it has questions.
    fn take_first_question(&mut self, cx: &Cx<'_>) {
        let Some(dataset) = cx.session.dataset() else { return };
        let of = Arc::as_ptr(dataset) as usize;
        if self.asked_of == Some(of) {
            return;
        }
        self.asked_of = Some(of);
        self.chosen = None;
        self.prompt = beginning(dataset, 0).unwrap_or_default();
    }

    fn prompt_ui(&mut self, ui: &mut Ui, is_class: bool, cx: &Cx<'_>) {
        caption_ui(ui, if is_class { "Text" } else { "Prompt" });
        let rows = if is_class { 4 } else { 2 };
        let field = TextEdit::multiline(&mut self.prompt).desired_rows(rows).desired_width(f32::INFINITY);
        let field = ui.add(field.hint_text("Type here")).on_hover_text("What the network reads");
        field.widget_info(|| {
            eframe::egui::WidgetInfo::labeled(
                eframe::egui::Role::MultilineTextInput,
                true,
                "Text that the network reads",
            )
        });
        if field.changed() {
            self.chosen = None;
        }
        ui.add_space(GRID);
        ui.horizontal_wrapped(|ui| {
            let has_data = cx.session.dataset().is_some();
            let sample = button_ui(ui, has_data, ICON_CASINO, "A sample", vec2(0.0, 28.0));
            if sample.on_hover_text("Take the beginning of a training sample").clicked()
                && let Some(dataset) = cx.session.dataset()
            {
                self.sample += 1;
                self.chosen = None;
                self.prompt = beginning(dataset, self.sample).unwrap_or_default();
            }
            if is_class {
                return;
            }
            let again = button_ui(ui, true, ICON_REFRESH, "Write anew", vec2(0.0, 28.0));
            if again.on_hover_text("Draw other tokens: the next seed").clicked() {
                self.seed += 1;
                self.chosen = None;
            }
        });
    }

    fn settings_ui(&mut self, ui: &mut Ui) {
        let rows: [(&str, &str, &mut f64, Slider<'_>); 3] = [
            (
                "Temperature",
                "Logits are divided by it: low and the likely becomes likelier, 0 always takes the most likely token",
                &mut self.temperature,
                Slider::new("Temperature", 0.0..=2.0, 0.8, Division::Linear),
            ),
            (
                "Top k",
                "Draw from so many of the most likely tokens; 0 draws from all",
                &mut self.top_k,
                Slider::new("Top k", 0.0..=50.0, 0.0, Division::Whole),
            ),
            (
                "Tokens",
                "How many tokens are written",
                &mut self.tokens,
                Slider::new("Tokens", 10.0..=1000.0, 200.0, Division::Whole),
            ),
        ];
        for (name, help, value, slider) in rows {
            ui.horizontal(|ui| {
                let label = Label::new(RichText::new(name).color(Palette::of(ui).muted)).truncate();
                ui.add_sized(vec2(88.0, ROW), label);
                slider.show(ui, (ui.available_width() - 48.0).clamp(48.0, 220.0), value).on_hover_text(help);
                ui.label(significant(*value));
            });
        }
    }

    fn writing_ui(
        &mut self,
        ui: &mut Ui,
        [text, looked]: [Rect; 2],
        network: &TrainedNetwork,
        tokenizer: &Tokenizer,
        cx: &mut Cx<'_>,
    ) {
        let source = cx.session.trained.as_ref().unwrap_or(cx.project).data.source.clone();
        let query = WritingQuery {
            network: network.clone(),
            prompt: self.prompt.clone(),
            sampling: Sampling { temperature: self.temperature as f32, top_k: self.top_k as usize, top_p: 1.0 },
            tokens: self.tokens as usize,
            ends_at_line: is_of_lines(&source),
            seed: self.seed,
        };
        let written = cx.derived.writing.ask(ui.ctx(), query);
        let written = written.as_ref().and_then(|latest| latest.answer.as_ref());
        let read = written.and_then(|written| self.read(ui, network, Arc::clone(&written.tokens), cx));
        let end = written.map_or(0, |written| written.tokens.len().saturating_sub(1));
        // What is chosen is a token that was there; a shorter text has not so many.
        let chosen = self.chosen.filter(|chosen| *chosen <= end);
        cell_ui(ui, "text", text, |ui| {
            self.prompt_ui(ui, false, cx);
            self.settings_ui(ui);
            ui.add_space(GRID);
            let Some(written) = written else { return placeholder_ui(ui, "It begins to write.") };
            let looks = read.as_ref().and_then(|read| read.answer.as_ref()).zip(chosen);
            let looks = looks.and_then(|(read, chosen)| self.maps.looked_at(read, chosen));
            let palette = Palette::of(ui);
            let (caption, help) = match &looks {
                Some(_) => (
                    "What it looked at",
                    "The brighter, the more the chosen token looked at it; press it again for surprise",
                ),
                None => (
                    "Text by surprise",
                    "The brighter, the less the network expected the token; press one to see what it looked at",
                ),
            };
            caption_ui(ui, caption).on_hover_text(help);
            let shown: Vec<ShownToken> = written
                .tokens
                .iter()
                .zip(&written.shares)
                .enumerate()
                .map(|(at, (token, share))| {
                    let amount = match &looks {
                        Some(looks) => looks.get(at).copied().flatten(),
                        None => share.map(|share| -share.max(f32::MIN_POSITIVE).log2() / MOST_BITS),
                    };
                    let ground = amount.filter(|amount| *amount > 0.02).map(|amount| theme::amount(palette, amount));
                    let drawn = if at < written.begun { "given" } else { "drawn" };
                    let help = match share {
                        Some(share) => format!(
                            "{drawn}: probability {}, {} bits",
                            percent(f64::from(*share)),
                            significant(-f64::from(share.max(f32::MIN_POSITIVE)).log2())
                        ),
                        None => "the beginning".to_owned(),
                    };
                    ShownToken { text: tokenizer.token(*token).to_owned(), ground, help }
                })
                .collect();
            ScrollArea::vertical().id_salt("written").auto_shrink(false).show(ui, |ui| {
                let (_, clicked) = token_text_ui(ui, "Written", &shown, chosen);
                if let Some(clicked) = clicked {
                    self.chosen = if chosen == Some(clicked) { None } else { Some(clicked) };
                }
            });
        });
        cell_ui(ui, "looked", looked, |ui| {
            let Some(read) = read else { return };
            let Some(found) = read.answer.as_ref() else { return };
            let at = chosen.unwrap_or(end);
            self.next_ui(ui, found, at, tokenizer, written.map(|written| written.tokens[at]));
            ui.add_space(2.0 * GRID);
            self.maps.ui(ui, found, at, read.version);
        });
    }

    /// The most likely tokens after the one at a place of the text.
    fn next_ui(
        &self,
        ui: &mut Ui,
        read: &crate::ui::jobs::writing::Read,
        at: usize,
        tokenizer: &Tokenizer,
        token: Option<u16>,
    ) {
        let width = tokenizer.len();
        let after = token.map_or_else(String::new, |token| visible(tokenizer.token(token)));
        caption_ui(ui, &format!("Next after {after}"));
        let row = at.checked_sub(read.first).and_then(|row| read.probabilities.get(row * width..(row + 1) * width));
        let Some(row) = row else {
            return placeholder_ui(ui, "This token stands further back than the network sees.");
        };
        let mut likely: Vec<(usize, f32)> = row.iter().copied().enumerate().collect();
        likely.sort_by(|a, b| b.1.total_cmp(&a.1));
        likely.truncate(MOST_LIKELY);
        let names: Vec<String> = likely.iter().map(|(token, _)| visible(tokenizer.token(*token as u16))).collect();
        let shares: Vec<f32> = likely.iter().map(|(_, share)| *share).collect();
        let height = (ui.available_height() * 0.45).max(96.0);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            ui.set_max_height(height);
            probability_bars_ui(ui, &names, Some(&shares));
        });
    }

    /// Asks what the network computes while it reads some tokens.
    fn read(
        &self,
        ui: &Ui,
        network: &TrainedNetwork,
        tokens: Arc<Vec<u16>>,
        cx: &mut Cx<'_>,
    ) -> Option<Arc<Latest<ReadingQuery>>> {
        let model = Arc::new(cx.model_of(network).clone());
        cx.derived.reading.ask(ui.ctx(), ReadingQuery { network: network.clone(), model, tokens })
    }

    /// The classes of a text.
    fn reading_ui(
        &mut self,
        ui: &mut Ui,
        [text, looked]: [Rect; 2],
        network: &TrainedNetwork,
        tokenizer: &Tokenizer,
        cx: &mut Cx<'_>,
    ) {
        let tokens = Arc::new(tokenizer.encoder().encode(&self.prompt));
        let read = self.read(ui, network, Arc::clone(&tokens), cx).filter(|_| !tokens.is_empty());
        cell_ui(ui, "text", text, |ui| {
            self.prompt_ui(ui, true, cx);
            ui.add_space(2.0 * GRID);
            caption_ui(ui, "As the network reads it");
            let shown: Vec<ShownToken> = tokens
                .iter()
                .map(|token| ShownToken { text: tokenizer.token(*token).to_owned(), ground: None, help: String::new() })
                .collect();
            ScrollArea::vertical().id_salt("read").auto_shrink(false).show(ui, |ui| {
                let (_, clicked) = token_text_ui(ui, "Read", &shown, self.chosen);
                self.chosen = clicked.or(self.chosen);
            });
        });
        cell_ui(ui, "looked", looked, |ui| {
            caption_ui(ui, "Class");
            let classes = network.trained().task.classes();
            let found = read.as_ref().and_then(|read| read.answer.as_ref());
            let height = (ui.available_height() * 0.45).max(96.0);
            ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
                ui.set_max_height(height);
                probability_bars_ui(ui, classes, found.map(|found| &*found.probabilities));
            });
            if let (Some(read), Some(found)) = (&read, found) {
                ui.add_space(2.0 * GRID);
                let at = self.chosen.unwrap_or(tokens.len().saturating_sub(1)).min(tokens.len().saturating_sub(1));
                self.maps.ui(ui, found, at, read.version);
            }
        });
    }
}

/// The beginning of a sample: its question, or the first third of a text; a text with a class is taken whole.
fn beginning(dataset: &Dataset, sample: usize) -> Option<String> {
    let tokenizer = dataset.tokenizer()?;
    let sample = sample % dataset.train.len().max(1);
    let tokens = dataset.train.tokens_of(sample);
    let end = match &dataset.train.targets {
        TargetData::Steps { steps, classes } => {
            let question =
                classes[sample * steps..(sample + 1) * steps].iter().take_while(|class| **class == MASKED).count();
            // A line without a question begins with nothing.
            match question {
                0 if dataset.order == crate::data::Order::Free => 1,
                0 => tokens.len() / 3,
                _ => question + 1,
            }
        }
        _ => tokens.len(),
    };
    let tokens: Vec<u16> = tokens[..end.min(tokens.len())].iter().copied().filter(|token| *token != PADDING).collect();
    Some(tokenizer.decode(&tokens).trim_start_matches('\n').to_owned())
}

/// A token that is seen though it is a space or a line end.
fn visible(token: &str) -> String {
    token.replace('\n', "⏎").replace(' ', "␣")
}
