//! What something computes and what it is good for: a formula, and below it a sentence.

use eframe::egui::text::LayoutJob;
use eframe::egui::{
    Align, Color32, FontId, Label, RectAlign, Response, RichText, Role, TextFormat, Tooltip, Ui, WidgetInfo,
};

use crate::ui::theme::{self, Palette};
use backprop_nn::knob::About;

/// An equation up to this length is kept on one line.
const SHORT: usize = 36;

/// Size of what stands above or below the line.
const SMALL: f32 = 9.0;

/// Formula and sentence in the width there is.
pub fn about_ui(ui: &mut Ui, about: About) -> Response {
    let help = RichText::new(about.help).color(Palette::of(ui).muted);
    formula_ui(ui, about.formula) | ui.add(Label::new(help).wrap())
}

/// Shows something beside what the pointer rests on, where it covers none of the entries above and below.
pub fn hover_beside_ui(response: &Response, contents: impl FnOnce(&mut Ui)) {
    let mut tooltip = Tooltip::for_enabled(response);
    let sides = &[RectAlign::LEFT_START, RectAlign::RIGHT_START];
    tooltip.popup = tooltip.popup.align(RectAlign::RIGHT_START).align_alternatives(sides);
    tooltip.show(contents);
}

pub fn formula_ui(ui: &mut Ui, formula: &str) -> Response {
    let response = ui.add(Label::new(typeset(formula, Palette::of(ui).text)).wrap());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, formula));
    response
}

/// The letters of formulas that stand above or below the line, which no font has all of, as the letters that they are.
const RAISED: (&str, &str) = ("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ˣᵏᵖᵗ", "0123456789+-xkpt");
const LOWERED: (&str, &str) = ("₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₚₜ", "0123456789+-ijkpt");

/// The formula with indices and powers as small letters.
fn typeset(formula: &str, color: Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    for letter in unbroken(formula).chars() {
        let plain = |(from, to): (&str, &str)| to.chars().nth(from.chars().position(|other| other == letter)?);
        let (letter, size, valign) = match (plain(RAISED), plain(LOWERED)) {
            (Some(power), _) => (power, SMALL, Align::TOP),
            (_, Some(index)) => (index, SMALL, Align::BOTTOM),
            _ => (letter, theme::BODY, Align::Center),
        };
        let format = TextFormat { font_id: FontId::proportional(size), color, valign, ..TextFormat::default() };
        job.append(letter.encode_utf8(&mut [0; 4]), 0.0, format);
    }
    job
}

/// Lines break between equations and not within one.
fn unbroken(formula: &str) -> String {
    let equations = formula.split_inclusive([',', ';']);
    let glued = equations.map(|equation| match equation.trim() {
        short if short.chars().count() <= SHORT => short.replace(' ', "\u{a0}"),
        long => long.to_owned(),
    });
    glued.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use eframe::egui::Context;

    use super::*;
    use backprop_nn::knob::{Choice, Value};
    use backprop_nn::optim::Schedule;
    use backprop_nn::{LayerSpec, Loss, OptimizerSpec};

    fn abouts(choice: &dyn Choice) -> Vec<About> {
        (0..choice.options().len()).filter_map(|option| choice.about(option)).collect()
    }

    #[test]
    fn every_formula_can_be_written_with_the_fonts_of_the_window() {
        let mut all = Vec::new();
        for choice in [&Loss::default() as &dyn Choice, &OptimizerSpec::default(), &Schedule::default()] {
            let abouts = abouts(choice);
            assert_eq!(abouts.len(), choice.options().len());
            all.extend(abouts);
        }
        for mut layer in LayerSpec::all() {
            all.push(About { formula: layer.as_spec().formula(), help: layer.as_spec().help() });
            for knob in layer.as_spec_mut().knobs() {
                if let Value::Choice(choice) = knob.value {
                    all.extend(abouts(choice));
                }
            }
        }
        let ctx = Context::default();
        theme::install(&ctx);
        let _ = ctx.run_ui(Default::default(), |_| {});
        let missing: BTreeSet<char> = all
            .iter()
            .flat_map(|About { formula, help }| {
                (typeset(formula, Color32::BLACK).text + help).chars().collect::<Vec<_>>()
            })
            .filter(|letter| !ctx.fonts_mut(|fonts| fonts.has_glyph(&theme::body_font(), *letter)))
            .collect();
        assert!(missing.is_empty(), "no glyphs for {missing:?}");
    }

    #[test]
    fn lines_break_between_equations() {
        assert_eq!(unbroken("v ← μ v + g, w ← w - η v").matches(' ').count(), 1);
    }
}
