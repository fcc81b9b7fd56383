//! Text: what a language model writes after a prompt, how likely each token was, and what it attended to. A network that tells the
//! class of a text reads it here.

use std::sync::Arc;

use eframe::egui::{Align, Label, Layout, Rect, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use egui_material_icons::icons::{ICON_CASINO, ICON_REFRESH};

use crate::data::sources::text::is_of_lines;
use crate::data::tokenizer::PADDING;
use crate::data::{Dataset, Order, TargetData, Task, Tokenizer};
use crate::language::tr;
use crate::train::heads::Results;
use crate::train::writer::Sampling;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::writing::{Read, ReadingQuery, WritingQuery, Written, WrittenText, tokenizer_of};
use crate::ui::state::subject::identity;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::attention::AttentionMaps;
use crate::ui::widgets::button::button_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::probability_bars::probability_bars_ui;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui, warning_ui};
use crate::ui::widgets::token_text::{ShownToken, token_text_ui};
use backprop_nn::MASKED;

/// Next tokens that are shown.
const MOST_LIKELY: usize = 12;

/// A token of this many bits is as surprising as the colors go.
const MOST_BITS: f32 = 8.0;

/// Letters of a vocabulary that are looked for in the fonts.
const LETTERS: usize = 300;

/// Lines that are written where a text ends with its line.
const LINES: usize = 10;

const NO_WEIGHTS: &str = "This network has no weights yet. Press Train, and it reads and writes while it learns.";

/// What is tried on a network that reads text.
pub struct Write {
    prompt: String,
    temperature: f64,
    top_k: f64,
    tokens: f64,
    seed: u64,
    /// The data of whose first sample the prompt is, until somebody types.
    asked_of: Option<u64>,
    /// The sample whose beginning is the prompt.
    sample: usize,
    /// The text and the token that are looked at.
    chosen: Option<(usize, usize)>,
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
    /// The text and its settings at the left, what the network computes at the right.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let right = (rect.width() * 0.36).clamp(200.0, 420.0);
        let (text, looked) = rect.split_left_right_at_x(rect.right() - right);
        let text = Rect::from_min_max(text.min, text.max - vec2(4.0 * GRID, 0.0));
        self.take_first_sample(cx);
        let is_class = cx.subject.results() == Results::Classes;
        let Some(network) = reading_network(cx) else {
            return cell_ui(ui, "text", text, |ui| {
                self.prompt_ui(ui, is_class, cx);
                ui.add_space(2.0 * GRID);
                placeholder_ui(ui, NO_WEIGHTS);
            });
        };
        match is_class {
            true => self.class_ui(ui, [text, looked], &network, cx),
            false => self.writing_ui(ui, [text, looked], &network, cx),
        }
    }

    /// What the network writes while it learns, or a text and its class; for the Learn tab.
    pub fn watched_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.take_first_sample(cx);
        let is_class = cx.subject.results() == Results::Classes;
        heading_ui(ui, if is_class { "Try" } else { "Write" }, |_| {});
        let network = reading_network(cx);
        if is_class {
            let field = TextEdit::multiline(&mut self.prompt).desired_rows(2).desired_width(f32::INFINITY);
            named_text_ui(ui, field);
            let tokens = network.as_ref().and_then(tokenizer_of).map(|known| known.encoder().encode(&self.prompt));
            let read = network.as_ref().zip(tokens).and_then(|(network, tokens)| self.read(ui, network, tokens, cx));
            let classes = cx.subject.dataset.as_ref().map_or_else(Vec::new, |dataset| dataset.task.classes().to_vec());
            let found = read.as_ref().and_then(|read| read.answer.as_ref());
            ui.add_space(GRID);
            probability_bars_ui(ui, &classes, found.map(|found| &*found.probabilities));
            return;
        }
        let Some(network) = network else { return placeholder_ui(ui, NO_WEIGHTS) };
        let written = self.ask(ui, &network, cx);
        match (written.as_ref().and_then(|written| written.answer.as_ref()), tokenizer_of(&network)) {
            (Some(written), Some(tokenizer)) => self.texts_ui(ui, &written.texts, written.read.as_ref(), tokenizer),
            _ => placeholder_ui(ui, "It begins to write."),
        }
    }

    /// The prompt of new data is the beginning of its first sample.
    fn take_first_sample(&mut self, cx: &Cx<'_>) {
        let Some(dataset) = cx.session.dataset() else { return };
        let of = identity(dataset);
        if self.asked_of != Some(of) {
            (self.asked_of, self.chosen, self.sample) = (Some(of), None, 0);
            self.prompt = beginning(dataset, 0).unwrap_or_default();
        }
    }

    fn prompt_ui(&mut self, ui: &mut Ui, is_class: bool, cx: &Cx<'_>) {
        caption_ui(ui, if is_class { "Text" } else { "Prompt" });
        let rows = if is_class { 4 } else { 2 };
        let field = TextEdit::multiline(&mut self.prompt).desired_rows(rows).desired_width(f32::INFINITY);
        if named_text_ui(ui, field.hint_text(tr("Type here"))) {
            self.chosen = None;
        }
        ui.add_space(GRID);
        ui.horizontal_wrapped(|ui| {
            let dataset = cx.session.dataset();
            let sample = button_ui(ui, dataset.is_some(), ICON_CASINO, "A sample", vec2(0.0, 28.0));
            if sample.on_hover_text(tr("Take the beginning of another training sample")).clicked()
                && let Some(dataset) = dataset
            {
                (self.sample, self.chosen) = (self.sample + 1, None);
                self.prompt = beginning(dataset, self.sample).unwrap_or_default();
            }
            if is_class {
                return;
            }
            let again = button_ui(ui, true, ICON_REFRESH, "Write anew", vec2(0.0, 28.0));
            if again.on_hover_text(tr("Draw other tokens: the next seed")).clicked() {
                (self.seed, self.chosen) = (self.seed + 1, None);
            }
        });
    }

    fn settings_ui(&mut self, ui: &mut Ui) {
        let rows: [(&str, &mut f64, Slider<'_>); 3] = [
            (
                "Logits are divided by it: low and the likely becomes likelier, 0 always takes the most likely token",
                &mut self.temperature,
                Slider::new("Temperature", 0.0..=2.0, 0.8, Division::Linear),
            ),
            (
                "Draw from so many of the most likely tokens; 0 draws from all",
                &mut self.top_k,
                Slider::new("Top k", 0.0..=50.0, 0.0, Division::Whole),
            ),
            (
                "How many tokens are written for a text at most",
                &mut self.tokens,
                Slider::new("Tokens", 10.0..=1000.0, 200.0, Division::Whole),
            ),
        ];
        for (help, value, slider) in rows {
            ui.horizontal(|ui| {
                ui.allocate_ui_with_layout(vec2(96.0, ROW), Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(96.0);
                    ui.add(Label::new(RichText::new(tr(slider.name())).color(Palette::of(ui).muted)).truncate());
                });
                slider.show(ui, (ui.available_width() - 48.0).clamp(48.0, 220.0), value).on_hover_text(tr(help));
                ui.label(significant(*value));
            });
        }
    }

    /// Asks for the texts.
    fn ask(&self, ui: &Ui, network: &TrainedNetwork, cx: &mut Cx<'_>) -> Option<Arc<Latest<WritingQuery>>> {
        let source = &cx.session.trained.as_ref().unwrap_or(cx.project).data.source;
        // An answer is one line.
        let is_answer = matches!(network.trained().task, Task::NextToken { answers: true, .. });
        let lines = is_of_lines(source).then_some(if is_answer { 1 } else { LINES });
        let query = WritingQuery {
            network: network.clone(),
            model: Arc::new(cx.model_of(network).clone()),
            prompt: self.prompt.clone(),
            sampling: Sampling { temperature: self.temperature as f32, top_k: self.top_k as usize, top_p: 1.0 },
            tokens: self.tokens as usize,
            lines,
            seed: self.seed,
            looked_at: self.chosen.map_or(0, |(text, _)| text),
        };
        cx.derived.writing.ask(ui.ctx(), query)
    }

    fn writing_ui(&mut self, ui: &mut Ui, [text, looked]: [Rect; 2], network: &TrainedNetwork, cx: &mut Cx<'_>) {
        let Some(tokenizer) = tokenizer_of(network) else { return };
        let latest = self.ask(ui, network, cx);
        let written = latest.as_ref().and_then(|latest| latest.answer.as_ref());
        let tokens = written.and_then(|written| self.earlier(written));
        let is_earlier = tokens.is_some();
        let earlier = tokens.and_then(|tokens| self.read(ui, network, tokens, cx));
        let read = match is_earlier {
            true => earlier.as_ref().and_then(|latest| latest.answer.as_ref()),
            false => written.and_then(|written| written.read.as_ref()),
        };
        cell_ui(ui, "text", text, |ui| {
            self.prompt_ui(ui, false, cx);
            self.settings_ui(ui);
            missing_letters_ui(ui, tokenizer);
            ui.add_space(GRID);
            match written {
                Some(written) => self.texts_ui(ui, &written.texts, read, tokenizer),
                None => placeholder_ui(ui, "It begins to write."),
            }
        });
        cell_ui(ui, "looked", looked, |ui| {
            let (Some(latest), Some(Written { texts, .. }), Some(read)) = (&latest, written, read) else { return };
            let (text, at) = self.chosen.unwrap_or((0, usize::MAX));
            let Some(text) = texts.get(text) else { return };
            let at = at.min(text.tokens.len().saturating_sub(1));
            next_ui(ui, read, at, tokenizer, &text.tokens);
            ui.add_space(2.0 * GRID);
            // Both count their answers.
            let version = earlier.as_ref().map_or(latest.version * 2, |earlier| earlier.version * 2 + 1);
            self.maps.ui(ui, read, at, version);
        });
    }

    /// The text up to the chosen token, if that stands before what the network sees at the end of the text: what it saw when it had
    /// written that one.
    fn earlier(&self, Written { texts, read }: &Written) -> Option<Vec<u16>> {
        let (text, at) = self.chosen?;
        let is_earlier = at < read.as_ref()?.first;
        Some(texts.get(text)?.tokens.get(..=at)?.to_vec()).filter(|_| is_earlier)
    }

    /// The texts, colored by surprisal, or by the attention of the chosen token.
    fn texts_ui(&mut self, ui: &mut Ui, texts: &[WrittenText], read: Option<&Read>, tokenizer: &Tokenizer) {
        let chosen = self.chosen.filter(|(text, at)| texts.get(*text).is_some_and(|text| *at < text.tokens.len()));
        let looks = chosen.zip(read).and_then(|((_, at), read)| self.maps.looked_at(read, at));
        let (caption, help) = match &looks {
            Some(_) => (
                "Attention of the chosen token",
                "The brighter, the more the chosen token attends to it; press that again for the surprisal",
            ),
            None => (
                "Surprisal of each token",
                "-log₂ of its probability: the brighter, the less the network expected it; press one for what it attends to",
            ),
        };
        caption_ui(ui, caption).on_hover_text(tr(help));
        ScrollArea::vertical().id_salt("written").auto_shrink(false).show(ui, |ui| {
            for (number, text) in texts.iter().enumerate() {
                // The line end before a line belongs to no text.
                let hidden = usize::from(
                    text.begun > 0 && text.tokens.first().is_some_and(|token| tokenizer.token(*token) == "\n"),
                );
                let looks = looks.as_ref().filter(|_| chosen.is_some_and(|(text, _)| text == number));
                let shown = shown(ui, text, tokenizer, looks.map(Vec::as_slice));
                let at = chosen.filter(|(text, _)| *text == number).and_then(|(_, at)| at.checked_sub(hidden));
                let name = if texts.len() > 1 { format!("Written {}", number + 1) } else { "Written".to_owned() };
                let (_, clicked) = token_text_ui(ui, &name, shown.get(hidden..).unwrap_or_default(), at);
                if let Some(clicked) = clicked.map(|clicked| (number, clicked + hidden)) {
                    self.chosen = if chosen == Some(clicked) { None } else { Some(clicked) };
                }
            }
        });
    }

    /// Asks what the network computes while it reads some tokens.
    fn read(
        &self,
        ui: &Ui,
        network: &TrainedNetwork,
        tokens: Vec<u16>,
        cx: &mut Cx<'_>,
    ) -> Option<Arc<Latest<ReadingQuery>>> {
        if tokens.is_empty() {
            return None;
        }
        let (network, model) = (network.clone(), Arc::new(cx.model_of(network).clone()));
        cx.derived.reading.ask(ui.ctx(), ReadingQuery { network, model, tokens: Arc::new(tokens) })
    }

    /// A text and its class.
    fn class_ui(&mut self, ui: &mut Ui, [text, looked]: [Rect; 2], network: &TrainedNetwork, cx: &mut Cx<'_>) {
        let Some(tokenizer) = tokenizer_of(network) else { return };
        let tokens = tokenizer.encoder().encode(&self.prompt);
        let read = self.read(ui, network, tokens.clone(), cx);
        let last = tokens.len().saturating_sub(1);
        cell_ui(ui, "text", text, |ui| {
            self.prompt_ui(ui, true, cx);
            ui.add_space(2.0 * GRID);
            caption_ui(ui, "As the network reads it")
                .on_hover_text(tr("Words that are not in its vocabulary are \u{fffd}"));
            let shown: Vec<ShownToken> = tokens
                .iter()
                .map(|token| ShownToken { text: tokenizer.token(*token).to_owned(), ground: None, help: String::new() })
                .collect();
            ScrollArea::vertical().id_salt("read").auto_shrink(false).show(ui, |ui| {
                let (_, clicked) = token_text_ui(ui, "Read", &shown, self.chosen.map(|(_, at)| at));
                self.chosen = clicked.map(|at| (0, at)).or(self.chosen);
            });
        });
        cell_ui(ui, "looked", looked, |ui| {
            caption_ui(ui, "Class");
            let found = read.as_ref().and_then(|read| read.answer.as_ref());
            part_ui(ui, |ui| {
                probability_bars_ui(ui, network.trained().task.classes(), found.map(|found| &*found.probabilities));
            });
            if let (Some(read), Some(found)) = (&read, found) {
                ui.add_space(2.0 * GRID);
                self.maps.ui(ui, found, self.chosen.map_or(last, |(_, at)| at.min(last)), read.version);
            }
        });
    }
}

/// The network of the run, or the one that was opened, if it reads text.
fn reading_network(cx: &Cx<'_>) -> Option<TrainedNetwork> {
    cx.network().filter(|network| tokenizer_of(network).is_some())
}

/// A field for text with a name for screen readers; whether it was changed.
fn named_text_ui(ui: &mut Ui, field: TextEdit<'_>) -> bool {
    let field = ui.add(field).on_hover_text(tr("What the network reads"));
    field.widget_info(|| WidgetInfo::labeled(Role::MultilineTextInput, true, tr("Text that the network reads")));
    field.changed()
}

/// Not quite the upper half of what is there.
fn part_ui(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let height = (ui.available_height() * 0.45).max(96.0);
    ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
        ui.set_max_height(height);
        contents(ui);
    });
}

/// The most likely tokens after the one at a place of the text.
fn next_ui(ui: &mut Ui, read: &Read, at: usize, tokenizer: &Tokenizer, tokens: &[u16]) {
    let width = tokenizer.len();
    let after = tokens.get(at).map_or_else(String::new, |token| visible(tokenizer.token(*token)));
    caption_ui(ui, &format!("Next after {after}"))
        .on_hover_text(tr("The most likely tokens, before temperature and top k"));
    let row = at.checked_sub(read.first).and_then(|row| read.probabilities.get(row * width..(row + 1) * width));
    let Some(row) = row else {
        ui.add(Label::new(tr("This token stands further back than the network sees.")).wrap());
        return;
    };
    let mut likely: Vec<(usize, f32)> = row.iter().copied().enumerate().collect();
    likely.sort_by(|a, b| b.1.total_cmp(&a.1));
    likely.truncate(MOST_LIKELY);
    let names: Vec<String> = likely.iter().map(|(token, _)| visible(tokenizer.token(*token as u16))).collect();
    let shares: Vec<f32> = likely.iter().map(|(_, share)| *share).collect();
    part_ui(ui, |ui| {
        probability_bars_ui(ui, &names, Some(&shares));
    });
}

/// The tokens of a text with their colors and what is said of them.
fn shown(ui: &Ui, text: &WrittenText, tokenizer: &Tokenizer, looks: Option<&[Option<f32>]>) -> Vec<ShownToken> {
    let palette = Palette::of(ui);
    let bits = |share: f32| -share.max(f32::MIN_POSITIVE).log2();
    let token = |(at, (token, share)): (usize, (&u16, &Option<f32>))| {
        let amount = match looks {
            Some(looks) => looks.get(at).copied().flatten(),
            None => share.map(|share| bits(share) / MOST_BITS),
        };
        let ground = amount.filter(|amount| *amount > 0.02).map(|amount| theme::amount(palette, amount));
        let origin = if at < text.begun { "given" } else { "drawn" };
        let help = match share {
            Some(share) => {
                let bits = significant(f64::from(bits(*share)));
                format!("{origin}: probability {}, {bits} bits", percent(f64::from(*share)))
            }
            None => "the beginning".to_owned(),
        };
        ShownToken { text: tokenizer.token(*token).to_owned(), ground, help }
    };
    text.tokens.iter().zip(&text.shares).enumerate().map(token).collect()
}

/// The beginning of a sample: its question, or the first third of a text; a text with a class is taken whole.
fn beginning(dataset: &Dataset, sample: usize) -> Option<String> {
    let tokenizer = dataset.tokenizer()?;
    let sample = sample % dataset.train.len().max(1);
    let tokens = dataset.train.tokens_of(sample);
    let end = match &dataset.train.targets {
        TargetData::Steps { steps, classes } => {
            let classes = &classes[sample * steps..(sample + 1) * steps];
            match classes.iter().take_while(|class| **class == MASKED).count() {
                // A line without a question begins with nothing.
                0 if dataset.order == Order::Free => 1,
                0 => tokens.len() / 3,
                question => question + 1,
            }
        }
        TargetData::Classes(_) | TargetData::Numbers { .. } | TargetData::Itself { .. } => tokens.len(),
    };
    let tokens: Vec<u16> = tokens.iter().take(end).copied().filter(|token| *token != PADDING).collect();
    Some(tokenizer.decode(&tokens).trim_start_matches('\n').to_owned())
}

/// Says that letters of a vocabulary are in no font of the machine, if some are not.
pub fn missing_letters_ui(ui: &mut Ui, tokenizer: &Tokenizer) {
    let letters = tokenizer.tokens.iter().skip(2).take(LETTERS).filter_map(|token| token.trim().chars().next());
    let font = theme::body_font();
    let missing: Vec<char> = letters.filter(|letter| !ui.fonts_mut(|fonts| fonts.has_glyph(&font, *letter))).collect();
    if missing.is_empty() {
        return;
    }
    let is_asian = missing.iter().any(|letter| ('\u{2e80}'..='\u{d7ff}').contains(letter));
    let package = if is_asian { " (on Debian and Ubuntu the package fonts-noto-cjk has them)" } else { "" };
    let count = missing.len();
    warning_ui(
        ui,
        &format!("{count} letters of this text are in no font of this machine and shown as boxes{package}."),
    );
}

/// A token that is seen though it is a space or a line end.
pub fn visible(token: &str) -> String {
    token.replace('\n', "¶").replace(' ', "·")
}
