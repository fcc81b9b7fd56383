//! What egui has painted, as an SVG document. Textures are left out: a chart has none but under the dots of a plane.

use std::fmt::Write as _;

use eframe::egui::epaint::{ClippedShape, Mesh, TextShape};
use eframe::egui::{Color32, Pos2, Rect, Shape, Stroke, Vec2};

/// The shapes that lie in a part of the window.
pub fn document<'a>(place: Rect, ground: Color32, shapes: impl Iterator<Item = &'a ClippedShape>) -> String {
    let mut svg = Svg { text: String::new(), origin: place.min, clips: 0 };
    let Vec2 { x: width, y: height } = place.size();
    svg.line(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.1} {height:.1}" font-family="Atkinson Hyperlegible, sans-serif">"#
    ));
    svg.line(&format!(r#"<rect width="100%" height="100%"{}/>"#, paint("fill", ground)));
    for ClippedShape { clip_rect, shape, .. } in shapes {
        let clip = clip_rect.intersect(place);
        if !clip.is_positive() || !shape.visual_bounding_rect().intersects(clip) {
            continue;
        }
        let is_inside = clip.contains_rect(shape.visual_bounding_rect());
        if !is_inside {
            svg.clip(clip);
        }
        svg.shape(shape);
        if !is_inside {
            svg.line("</g>");
        }
    }
    svg.line("</svg>");
    svg.text
}

struct Svg {
    text: String,
    origin: Pos2,
    clips: usize,
}

impl Svg {
    fn line(&mut self, line: &str) {
        self.text += line;
        self.text.push('\n');
    }

    fn at(&self, point: Pos2) -> String {
        let point = point - self.origin;
        format!("{:.1},{:.1}", point.x, point.y)
    }

    fn rect(&self, rect: Rect) -> String {
        let (min, size) = (rect.min - self.origin, rect.size());
        format!(r#"x="{:.1}" y="{:.1}" width="{:.1}" height="{:.1}""#, min.x, min.y, size.x, size.y)
    }

    fn clip(&mut self, clip: Rect) {
        self.clips += 1;
        let (id, rect) = (self.clips, self.rect(clip));
        self.line(&format!(r#"<clipPath id="c{id}"><rect {rect}/></clipPath><g clip-path="url(#c{id})">"#));
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Circle(circle) => {
                let center = circle.center - self.origin;
                let style = paint("fill", circle.fill) + &outline(circle.stroke);
                self.line(&format!(
                    r#"<circle cx="{:.1}" cy="{:.1}" r="{:.1}"{style}/>"#,
                    center.x, center.y, circle.radius
                ));
            }
            Shape::LineSegment { points, stroke } => self.path(points, false, Color32::TRANSPARENT, *stroke),
            Shape::Path(path) => {
                let color = match path.stroke.color {
                    eframe::egui::epaint::ColorMode::Solid(color) => color,
                    eframe::egui::epaint::ColorMode::UV(_) => Color32::GRAY,
                };
                self.path(&path.points, path.closed, path.fill, Stroke::new(path.stroke.width, color));
            }
            Shape::Rect(rect) => {
                let style = paint("fill", rect.fill) + &outline(rect.stroke);
                let (place, radius) = (self.rect(rect.rect), rect.corner_radius.nw);
                self.line(&format!(r#"<rect {place} rx="{radius}"{style}/>"#));
            }
            Shape::Text(text) => self.words(text),
            Shape::Mesh(mesh) => self.triangles(mesh),
            // Charts draw none of these.
            Shape::Noop
            | Shape::Ellipse(_)
            | Shape::Band(_)
            | Shape::QuadraticBezier(_)
            | Shape::CubicBezier(_)
            | Shape::Callback(_) => {}
        }
    }

    fn path(&mut self, points: &[Pos2], is_closed: bool, fill: Color32, stroke: Stroke) {
        if points.is_empty() {
            return;
        }
        let places: Vec<String> = points.iter().map(|point| self.at(*point)).collect();
        let kind = if is_closed { "polygon" } else { "polyline" };
        let style = paint("fill", fill) + &outline(stroke);
        self.line(&format!(r#"<{kind} points="{}"{style}/>"#, places.join(" ")));
    }

    /// Each row of a text, as wide as it is on the screen, whatever font there is.
    fn words(&mut self, text: &TextShape) {
        let section = text.galley.job.sections.first();
        let color = text.override_text_color.or(section.map(|section| section.format.color)).unwrap_or_default();
        let color = if color == Color32::PLACEHOLDER { text.fallback_color } else { color };
        let size = section.map_or(13.0, |section| section.format.font_id.size);
        for row in &text.galley.rows {
            let Some(words) = Some(row.text()).filter(|words| !words.trim().is_empty()) else { continue };
            // The baseline lies about a fifth of the size above the lower edge of the row.
            let baseline = row.rect().max.y - 0.24 * row.rect().height();
            let place = text.pos + Vec2::new(row.rect().min.x, baseline) - self.origin;
            self.line(&format!(
                r#"<text x="{:.1}" y="{:.1}" font-size="{size:.1}" textLength="{:.1}"{}>{}</text>"#,
                place.x,
                place.y,
                row.rect().width(),
                paint("fill", color),
                escaped(&words)
            ));
        }
    }

    /// A mesh without a texture, as the cells of a matrix are.
    fn triangles(&mut self, mesh: &Mesh) {
        if mesh.texture_id != eframe::egui::TextureId::default() {
            return;
        }
        for corners in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|at| mesh.vertices[corners[at] as usize]);
            self.path(&corners.map(|corner| corner.pos), true, corners[0].color, Stroke::NONE);
        }
    }
}

/// A color as an attribute, with its opacity.
fn paint(what: &str, color: Color32) -> String {
    let [r, g, b, alpha] = color.to_srgba_unmultiplied();
    let mut text = String::new();
    let _ = match alpha {
        0 => write!(text, r#" {what}="none""#),
        255 => write!(text, r##" {what}="#{r:02x}{g:02x}{b:02x}""##),
        _ => write!(text, r##" {what}="#{r:02x}{g:02x}{b:02x}" {what}-opacity="{:.3}""##, f32::from(alpha) / 255.0),
    };
    text
}

fn outline(stroke: Stroke) -> String {
    if stroke.is_empty() {
        return String::new();
    }
    format!(r#"{} stroke-width="{:.1}""#, paint("stroke", stroke.color), stroke.width)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
