//! All color of the program, as roles, and the measure and type of its window.
//!
//! Nothing else in the program names a color. A widget asks for a role, `Palette::of(ui).muted`, and is right in dark and
//! in light. Series and classes use hues after Okabe and Ito, which people with any kind of color vision tell apart;
//! even so no meaning rests on color alone.

use std::borrow::Cow;
use std::sync::Arc;

use eframe::egui::{
    self, Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, RichText, Shadow,
    Stroke, Style, TextStyle, Theme, Ui, Visuals, style::ScrollAnimation, style::WidgetVisuals, vec2,
};

use crate::language::tr;

/// Text that is read: labels, values, sentences.
pub const BODY: f32 = 13.0;
/// The name of a panel or a plot.
pub const HEADING: f32 = 16.0;
/// A number that matters, readable from the back of a classroom.
pub const NUMBER: f32 = 24.0;

/// Height of one line of controls or of a table.
pub const ROW: f32 = 24.0;
/// Corner radius of everything that has corners.
pub const RADIUS: u8 = 4;
/// Space inside a group of things that belong together; twice this between them, four times around groups.
pub const GRID: f32 = 4.0;

/// Seconds in which something fades in.
const ANIMATION: f32 = 0.08;

const STRONG: &str = "strong";

/// The colors of one theme, by what they are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Palette {
    /// The window.
    pub surface: Color32,
    /// What lies below the surface: the ground of a canvas, a track, a field that is typed into.
    pub sunken: Color32,
    /// What lies on the surface: a card, a button, a menu.
    pub raised: Color32,
    /// Something raised under the pointer.
    pub hovered: Color32,
    /// Labels, values and sentences.
    pub text: Color32,
    /// Text that is not needed every time: units, ticks, help.
    pub muted: Color32,
    /// Lines that carry meaning: axes, the outline of a control.
    pub line: Color32,
    /// Lines that only order: grid lines, separators.
    pub faint: Color32,
    /// The one color for what can be pressed, is chosen, or has the focus.
    pub accent: Color32,
    /// Text on `accent`.
    pub on_accent: Color32,
    /// Training curves.
    pub train: Color32,
    /// Validation curves.
    pub validation: Color32,
    /// Test curves and test results.
    pub test: Color32,
    /// A success.
    pub good: Color32,
    /// A problem that does not stop the work.
    pub warning: Color32,
    /// An error or a misclassified sample.
    pub bad: Color32,
    /// Classes and runs. The eighth and later are no hue of Okabe and Ito's, who name seven that show on both themes.
    pub classes: [Color32; 10],
    /// The paper of a drawing.
    pub paper: Color32,
    /// The ink of a drawing.
    pub ink: Color32,
    /// Ends and middle of the scale for what may be negative.
    negative: Color32,
    zero: Color32,
    positive: Color32,
    shadow: Color32,
}

impl Palette {
    /// The palette of the theme that `ui` is drawn in.
    pub fn of(ui: &Ui) -> &'static Self {
        let visuals = ui.visuals();
        match visuals.panel_fill == CONTRAST.surface {
            true => &CONTRAST,
            false => Self::for_mode(visuals.dark_mode),
        }
    }

    /// The palette of the dark theme, or of the light one.
    pub fn for_mode(dark: bool) -> &'static Self {
        if dark { &DARK } else { &LIGHT }
    }

    /// White on black: at least 7:1 for text and 4.5:1 for lines.
    pub fn high_contrast() -> &'static Self {
        &CONTRAST
    }

    /// The color of class or run number `index`; they repeat after ten.
    pub fn class(&self, index: usize) -> Color32 {
        self.classes[index % self.classes.len()]
    }
}

/// The color for the amount `t` from 0 to 1: one hue, from the ground to the accent.
pub fn amount(palette: &Palette, t: f32) -> Color32 {
    let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
    palette.sunken.lerp_to_gamma(palette.accent, t)
}

/// The color for `t` from -1 to 1: blue below zero, white at zero, orange above.
pub fn diverging(palette: &Palette, t: f32) -> Color32 {
    let t = if t.is_finite() { t.clamp(-1.0, 1.0) } else { 0.0 };
    let end = if t < 0.0 { palette.negative } else { palette.positive };
    palette.zero.lerp_to_gamma(end, t.abs())
}

/// The color for what a unit gives, as a share of the greatest: as [`diverging`], and from the ground on where none is below zero.
pub fn activation(palette: &Palette, share: f32, is_signed: bool) -> Color32 {
    match is_signed {
        true => diverging(palette, share),
        false => {
            palette.sunken.lerp_to_gamma(diverging(palette, 1.0), if share.is_finite() { share.max(0.0) } else { 0.0 })
        }
    }
}

/// Text that can be read on any `ground`: in the middle between black and white only these two have contrast enough.
pub fn text_on(ground: Color32) -> Color32 {
    let [light, dark] = [Color32::WHITE, Color32::BLACK];
    if contrast(light, ground) >= contrast(dark, ground) { light } else { dark }
}

/// Contrast of two opaque colors after WCAG 2: from 1 to 21.
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(color: Color32) -> f32 {
    let linear = egui::Rgba::from(color);
    0.2126 * linear.r() + 0.7152 * linear.g() + 0.0722 * linear.b()
}

/// Body text that has weight: names of panels, the winner.
pub fn strong<'a>(text: impl Into<Cow<'a, str>>) -> RichText {
    RichText::new(tr(text)).font(strong_font(BODY))
}

/// The name of a panel or a plot.
pub fn heading<'a>(text: impl Into<Cow<'a, str>>) -> RichText {
    RichText::new(tr(text)).text_style(TextStyle::Heading)
}

/// A number that matters.
pub fn number<'a>(text: impl Into<Cow<'a, str>>) -> RichText {
    RichText::new(tr(text)).text_style(number_style())
}

/// The text style of a number that matters.
pub fn number_style() -> TextStyle {
    TextStyle::Name("number".into())
}

/// The font of body text.
pub fn body_font() -> FontId {
    FontId::proportional(BODY)
}

/// The semi-bold font, `size` points high.
pub fn strong_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// Fonts, both themes' colors, and the measure of everything. To be called once, before the first frame.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    // The window has sizes of text of its own, which it remembers.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    egui_material_icons::initialize(ctx);
    for theme in [Theme::Dark, Theme::Light] {
        ctx.style_mut_of(theme, |style| restyle(style, Palette::for_mode(theme == Theme::Dark)));
    }
}

/// Shows everything in these colors from now on, as a theme of egui's; without motion nothing fades, slides or scrolls by itself.
pub fn show(ctx: &Context, palette: &Palette, has_motion: bool) {
    let theme = if luminance(palette.surface) < luminance(palette.text) { Theme::Dark } else { Theme::Light };
    if ctx.theme() != theme {
        ctx.set_theme(theme);
    }
    let animation_time = if has_motion { ANIMATION } else { 0.0 };
    let style = ctx.style_of(theme);
    if style.visuals.panel_fill != palette.surface || style.animation_time != animation_time {
        ctx.style_mut_of(theme, |style| {
            style.visuals = visuals(palette, theme == Theme::Dark);
            style.animation_time = animation_time;
            style.scroll_animation = if has_motion { Default::default() } else { ScrollAnimation::none() };
        });
    }
}

/// IBM Plex Sans: its digits all have the same width, so that numbers stand still while they change.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let regular: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-Regular.ttf");
    let semibold: &[u8] = include_bytes!("../../assets/fonts/IBMPlexSans-SemiBold.ttf");
    // 3,787 characters: those of GB 2312's first level and of the program's own sentences. The system's fonts have the others.
    let chinese: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf");
    for (name, bytes) in [("plex", regular), ("plex-semibold", semibold), ("noto-sc", chinese)] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    // For the signs of formulas that no text font has, like ⌊.
    proportional.push("Hack".to_owned());
    proportional.push("noto-sc".to_owned());
    let mut strong = proportional.clone();
    proportional.insert(0, "plex".to_owned());
    strong.insert(0, "plex-semibold".to_owned());
    // The icons' font joins the proportional family only, and an icon may stand in a heading.
    strong.push(egui_material_icons::FONT_FAMILY.to_owned());
    fonts
        .font_data
        .insert(egui_material_icons::FONT_FAMILY.to_owned(), Arc::new(egui_material_icons::font_insert().data));
    fonts.families.insert(FontFamily::Name(STRONG.into()), strong);
    fonts
}

fn restyle(style: &mut Style, palette: &Palette) {
    style.text_styles = [
        (TextStyle::Small, body_font()),
        (TextStyle::Body, body_font()),
        (TextStyle::Button, body_font()),
        (TextStyle::Monospace, FontId::monospace(BODY)),
        (TextStyle::Heading, strong_font(HEADING)),
        (number_style(), strong_font(NUMBER)),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Body;
    style.animation_time = ANIMATION;
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    measure(&mut style.spacing);
    style.visuals = visuals(palette, style.visuals.dark_mode);
}

fn measure(spacing: &mut egui::style::Spacing) {
    spacing.item_spacing = vec2(2.0 * GRID, GRID);
    spacing.button_padding = vec2(2.0 * GRID, 3.0);
    spacing.interact_size = vec2(ROW, ROW);
    spacing.window_margin = Margin::same(12);
    spacing.menu_margin = Margin::same(8);
    spacing.indent = 16.0;
    spacing.icon_width = 16.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 2.0 * GRID;
    spacing.slider_rail_height = GRID;
    spacing.combo_width = 96.0;
    spacing.tooltip_width = 320.0;
    spacing.scroll = egui::style::ScrollStyle::floating();
    spacing.scroll.bar_width = 8.0;
    spacing.scroll.floating_allocated_width = 0.0;
}

fn visuals(palette: &Palette, dark: bool) -> Visuals {
    let corner_radius = CornerRadius::same(RADIUS);
    let state = |fill, outline: Stroke, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: outline,
        corner_radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let mut visuals = if dark { Visuals::dark() } else { Visuals::light() };
    visuals.widgets.noninteractive = state(palette.surface, Stroke::new(1.0, palette.faint), palette.text);
    visuals.widgets.inactive = state(palette.raised, Stroke::new(1.0, palette.faint), palette.text);
    visuals.widgets.hovered = state(palette.hovered, Stroke::new(1.0, palette.line), palette.text);
    // A widget with the keyboard's focus is drawn as active: this outline is the focus ring.
    visuals.widgets.active = state(palette.hovered, Stroke::new(1.5, palette.accent), palette.text);
    visuals.widgets.open = state(palette.hovered, Stroke::new(1.0, palette.line), palette.text);
    visuals.selection.bg_fill = palette.surface.lerp_to_gamma(palette.accent, 0.3);
    visuals.selection.stroke = Stroke::new(1.0, palette.text);
    visuals.weak_text_color = Some(palette.muted);
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.bad;
    visuals.faint_bg_color = palette.surface.lerp_to_gamma(palette.raised, 0.5);
    visuals.extreme_bg_color = palette.sunken;
    visuals.code_bg_color = palette.sunken;
    visuals.panel_fill = palette.surface;
    visuals.window_fill = palette.raised;
    visuals.window_stroke = Stroke::new(1.0, palette.faint);
    visuals.window_corner_radius = corner_radius;
    visuals.menu_corner_radius = corner_radius;
    visuals.popup_shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: palette.shadow };
    visuals.window_shadow = Shadow { offset: [0, 8], blur: 32, spread: 0, color: palette.shadow };
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = egui::style::HandleShape::Circle;
    visuals.indent_has_left_vline = false;
    visuals.disabled_alpha = 0.45;
    visuals
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

static DARK: Palette = Palette {
    surface: rgb(0x17191e),
    sunken: rgb(0x0f1115),
    raised: rgb(0x23262d),
    hovered: rgb(0x2d313a),
    text: rgb(0xe6e8eb),
    muted: rgb(0x9aa1ac),
    line: rgb(0x6b7380),
    faint: rgb(0x2c3038),
    accent: rgb(0x56b4e9),
    on_accent: rgb(0x0a161f),
    train: rgb(0x56b4e9),
    validation: rgb(0xe69f00),
    test: rgb(0x008f5c),
    good: rgb(0x3cc497),
    warning: rgb(0xf0b83c),
    bad: rgb(0xff7d5c),
    classes: [
        rgb(0x56b4e9),
        rgb(0xe69f00),
        rgb(0x009e73),
        rgb(0xf0e442),
        rgb(0xcc79a7),
        rgb(0xe06a1c),
        rgb(0x3f86d9),
        rgb(0xdaced6),
        rgb(0x47fbaf),
        rgb(0xbd5728),
    ],
    paper: rgb(0x0b0c0f),
    ink: rgb(0xf4f5f7),
    negative: rgb(0x0072b2),
    zero: rgb(0xf2f3f5),
    positive: rgb(0xd55e00),
    shadow: Color32::from_black_alpha(96),
};

static LIGHT: Palette = Palette {
    surface: rgb(0xf7f8fa),
    sunken: rgb(0xffffff),
    raised: rgb(0xeceef2),
    hovered: rgb(0xe0e4ea),
    text: rgb(0x1b1f26),
    muted: rgb(0x5a626e),
    line: rgb(0x838b97),
    faint: rgb(0xdde1e7),
    accent: rgb(0x006aa6),
    on_accent: rgb(0xffffff),
    train: rgb(0x0072b2),
    validation: rgb(0xc75700),
    test: rgb(0x486040),
    good: rgb(0x007354),
    warning: rgb(0x8a6400),
    bad: rgb(0xa8002f),
    classes: [
        rgb(0x2a8fcc),
        rgb(0x9a4505),
        rgb(0x1c5b39),
        rgb(0x8f9162),
        rgb(0xfc038d),
        rgb(0xd27103),
        rgb(0x1b2d6b),
        rgb(0x463335),
        rgb(0x3a8171),
        rgb(0x710c00),
    ],
    paper: rgb(0xffffff),
    ink: rgb(0x14171c),
    negative: rgb(0x0072b2),
    zero: rgb(0xffffff),
    positive: rgb(0xd55e00),
    shadow: Color32::from_black_alpha(36),
};

static CONTRAST: Palette = Palette {
    surface: rgb(0x000000),
    sunken: rgb(0x000000),
    raised: rgb(0x1a1a1a),
    hovered: rgb(0x333333),
    text: rgb(0xffffff),
    muted: rgb(0xe0e0e0),
    line: rgb(0xffffff),
    faint: rgb(0x8c8c8c),
    accent: rgb(0x5fd0ff),
    on_accent: rgb(0x000000),
    train: rgb(0x5fd0ff),
    validation: rgb(0xffb000),
    test: rgb(0x00a070),
    good: rgb(0x4dffb8),
    warning: rgb(0xffd400),
    bad: rgb(0xff9b80),
    classes: [
        rgb(0x5fd0ff),
        rgb(0xffb000),
        rgb(0x1fc592),
        rgb(0xfff34d),
        rgb(0xf09acb),
        rgb(0xff8433),
        rgb(0x7ab2ff),
        rgb(0xf2f1f8),
        rgb(0x5bfba5),
        rgb(0xc5955b),
    ],
    paper: rgb(0x000000),
    ink: rgb(0xffffff),
    negative: rgb(0x2f9be0),
    zero: rgb(0xffffff),
    positive: rgb(0xf07000),
    shadow: Color32::from_black_alpha(0),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn check(palette: &Palette, name: &str) {
        let grounds = [palette.surface, palette.sunken, palette.raised];
        for ground in grounds {
            for (role, text) in [
                ("text", palette.text),
                ("muted", palette.muted),
                ("good", palette.good),
                ("warning", palette.warning),
                ("bad", palette.bad),
            ] {
                let contrast = contrast(text, ground);
                assert!(contrast >= 4.5, "{name}: {role} on {ground:?} has only {contrast:.2}");
            }
        }
        assert!(contrast(palette.text, palette.hovered) >= 4.5, "{name}: text on hovered");
        assert!(contrast(palette.on_accent, palette.accent) >= 4.5, "{name}: text on accent");
        assert!(contrast(palette.ink, palette.paper) >= 7.0, "{name}: ink on paper");
        for ground in [palette.surface, palette.sunken] {
            let lines = [palette.line, palette.accent, palette.train, palette.validation, palette.test];
            for (index, line) in lines.into_iter().chain(palette.classes).enumerate() {
                let contrast = contrast(line, ground);
                assert!(contrast >= 3.0, "{name}: line {index} on {ground:?} has only {contrast:.2}");
            }
        }
    }

    #[test]
    fn text_and_lines_have_contrast_in_both_themes() {
        check(&DARK, "dark");
        check(&LIGHT, "light");
        check(&CONTRAST, "high contrast");
        for ground in [CONTRAST.surface, CONTRAST.raised] {
            for text in [CONTRAST.text, CONTRAST.muted, CONTRAST.good, CONTRAST.warning, CONTRAST.bad] {
                assert!(contrast(text, ground) >= 7.0, "{text:?} on {ground:?}");
            }
        }
        assert!(CONTRAST.classes.iter().all(|class| contrast(*class, CONTRAST.surface) >= 4.5));
    }

    #[test]
    fn text_can_be_read_on_every_amount() {
        for palette in [&DARK, &LIGHT, &CONTRAST] {
            for step in 0..=100 {
                let ground = amount(palette, step as f32 / 100.0);
                let contrast = contrast(text_on(ground), ground);
                assert!(contrast >= 4.5, "{contrast:.2} at {step} %");
            }
        }
    }

    #[test]
    fn scales_run_from_end_to_end_and_survive_nan() {
        for palette in [&DARK, &LIGHT] {
            assert_eq!(amount(palette, 0.0), palette.sunken);
            assert_eq!(amount(palette, 2.0), palette.accent);
            assert_eq!(diverging(palette, -1.0), palette.negative);
            assert_eq!(diverging(palette, f32::NAN), palette.zero);
            assert_eq!(diverging(palette, 1.0), palette.positive);
        }
    }
}
