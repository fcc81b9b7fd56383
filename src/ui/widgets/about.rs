//! What something computes and what it is good for: a formula, and below it a sentence.

use eframe::egui::text::LayoutJob;
use eframe::egui::{
    Align, Color32, FontId, Label, RectAlign, Response, RichText, Role, TextFormat, Tooltip, Ui, WidgetInfo,
};

use crate::language::tr;
use crate::ui::theme::{self, Palette};
use backprop_nn::field::About;

/// An equation up to this length is kept on one line.
const SHORT: usize = 36;

/// Size of what stands above or below the line.
const SMALL: f32 = 9.0;

/// Formula and sentence in the width there is.
pub fn about_ui(ui: &mut Ui, about: &About) -> Response {
    let help = RichText::new(tr(about.help)).color(Palette::of(ui).muted);
    formula_ui(ui, about.formula) | ui.add(Label::new(help).wrap())
}

/// Shows something beside what the pointer rests on, where it covers none of the entries above and below.
pub fn hover_beside_ui(response: &Response, contents: impl FnOnce(&mut Ui)) {
    let mut tooltip = Tooltip::for_enabled(response);
    let sides = &[RectAlign::LEFT_START, RectAlign::RIGHT_START];
    tooltip.popup = tooltip.popup.align(RectAlign::RIGHT_START).align_alternatives(sides);
    tooltip.show(contents);
}

/// A formula, typeset with superscripts and subscripts, that wraps at the width of `ui`.
pub fn formula_ui(ui: &mut Ui, formula: &str) -> Response {
    let response = ui.add(Label::new(typeset(formula, Palette::of(ui).text)).wrap());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, tr(formula)));
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
    use crate::project::Project;
    use backprop_nn::field::{Field, Kind};
    use backprop_nn::{LayerSpec, LossSpec, OptimizerSpec, ScheduleSpec};

    fn of_fields(fields: Vec<&'static Field>) -> Vec<About> {
        let options = fields.into_iter().flat_map(|field| match &field.kind {
            Kind::Choice { options, .. } => options().to_vec(),
            _ => vec![About { key: field.key, label: field.label, group: "", formula: "", help: field.help }],
        });
        options.collect()
    }

    #[test]
    fn every_formula_and_help_can_be_written_with_the_fonts_of_the_window() {
        let mut all = Vec::new();
        macro_rules! add {
            ($($list:ty),+) => {$(for entry in <$list>::ENTRIES {
                all.push(entry.about);
                all.extend(of_fields((entry.fields)()));
            })+};
        }
        add!(LayerSpec, LossSpec, OptimizerSpec, ScheduleSpec);
        for (_, settings) in Project::find("gan-digits").unwrap().settings() {
            all.extend(of_fields(settings.describe()));
        }
        let ctx = Context::default();
        theme::install(&ctx);
        let _ = ctx.run_ui(Default::default(), |_| {});
        let missing: BTreeSet<char> = all
            .iter()
            .flat_map(|About { label, formula, help, .. }| {
                (typeset(formula, Color32::BLACK).text + label + help).chars().collect::<Vec<_>>()
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
