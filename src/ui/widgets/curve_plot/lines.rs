//! How a curve becomes shapes: at most one column a pixel, whatever the number of points behind it.

use eframe::egui::{Color32, Mesh, Painter, Pos2, Rect, Shape, Stroke, epaint::PathShape, pos2, vec2};
use egui_plot::PlotTransform;

use crate::train::curve::Curve;

/// A curve with its moving average, both in the plot's units.
pub struct Prepared<'a> {
    pub curve: &'a Curve,
    pub smoothed: Vec<[f64; 2]>,
}

/// How a series is drawn.
#[derive(Clone, Copy)]
pub struct Pen {
    pub color: Color32,
    pub ground: Color32,
    pub width: f32,
    pub is_dashed: bool,
    /// A marker at every point.
    pub has_markers: bool,
    /// Draw the points faintly under the moving average.
    pub has_raw: bool,
}

/// What falls on one column of pixels.
struct Column {
    x: f32,
    top: f32,
    bottom: f32,
    mean: f32,
    smoothed: f32,
    n_points: f32,
    is_gap: bool,
}

pub fn paint(
    painter: &Painter,
    transform: &PlotTransform,
    prepared: &Prepared<'_>,
    pen: Pen,
    y_from: impl Fn(f64) -> f64,
) {
    let columns = columns(transform, prepared, &y_from);
    for run in columns.chunk_by(|_, next| !next.is_gap) {
        if pen.has_raw {
            painter.add(band(run, pen.color.gamma_multiply(0.16)));
            let raw = run.iter().map(|column| pos2(column.x, column.mean)).collect();
            painter.add(PathShape::line(raw, Stroke::new(1.0, pen.color.gamma_multiply(0.35))));
            paint_spikes(painter, run, transform.frame(), pen);
        }
        let line: Vec<Pos2> = run.iter().map(|column| pos2(column.x, column.smoothed)).collect();
        paint_line(painter, line, pen);
    }
}

/// A line, or a dot where there is only one point.
fn paint_line(painter: &Painter, line: Vec<Pos2>, pen: Pen) {
    let stroke = Stroke::new(pen.width, pen.color);
    if let [dot] = line[..] {
        painter.circle_filled(dot, pen.width + 0.5, pen.color);
    } else if pen.is_dashed {
        painter.extend(Shape::dashed_line(&line, stroke, 7.0, 4.0));
    }
    if pen.has_markers {
        paint_markers(painter, &line, pen);
    }
    if !pen.is_dashed && line.len() > 1 {
        painter.add(PathShape::line(line, stroke));
    }
}

/// Ringed points, left out where they would touch.
fn paint_markers(painter: &Painter, line: &[Pos2], pen: Pen) {
    let mut previous: Option<Pos2> = None;
    for point in line {
        if previous.is_none_or(|previous| point.x - previous.x >= 10.0) {
            painter.circle(*point, 3.5, pen.ground, Stroke::new(2.0, pen.color));
            previous = Some(*point);
        }
    }
}

/// What stands out by far would be one faint pixel wide in the band; what leaves the plot gets an arrow at its edge.
fn paint_spikes(painter: &Painter, run: &[Column], frame: &Rect, pen: Pen) {
    let least = frame.height() * 0.12;
    let mut last_arrow = f32::NEG_INFINITY;
    for index in 0..run.len() {
        let column = &run[index];
        let around = || {
            let (left, right) = (index.saturating_sub(2)..index, index + 1..(index + 3).min(run.len()));
            run[left].iter().chain(&run[right])
        };
        let next_top = around().map(|column| column.top).fold(f32::INFINITY, f32::min);
        let next_bottom = around().map(|column| column.bottom).fold(f32::NEG_INFINITY, f32::max);
        // Wide apart, every point shows by itself, and what is within the usual noise is no spike.
        let nearest = around().map(|next| (next.x - column.x).abs()).fold(f32::INFINITY, f32::min);
        let least = if nearest < 2.5 { least.max(2.0 * (next_bottom - next_top)) } else { f32::INFINITY };
        let stroke = Stroke::new(1.5, pen.color.gamma_multiply(0.7));
        if next_top.is_finite() && next_top - column.top > least {
            painter.vline(column.x, column.top..=next_top, stroke);
        }
        if next_bottom.is_finite() && column.bottom - next_bottom > least {
            painter.vline(column.x, next_bottom..=column.bottom, stroke);
        }
        if column.top < frame.top() - 1.0 && column.x - last_arrow > 12.0 {
            last_arrow = column.x;
            let tip = pos2(column.x, frame.top() + 1.0);
            let arrow = vec![tip, tip + vec2(4.0, 6.0), tip + vec2(-4.0, 6.0)];
            painter.add(PathShape::convex_polygon(arrow, pen.color, Stroke::NONE));
        }
    }
}

/// The area between the extremes, a pixel wide where they meet.
fn band(columns: &[Column], color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(columns.len() * 2);
    mesh.reserve_triangles(columns.len() * 2);
    for (index, column) in columns.iter().enumerate() {
        mesh.colored_vertex(pos2(column.x, column.top), color);
        mesh.colored_vertex(pos2(column.x, column.bottom), color);
        if let Some(left) = (2 * index as u32).checked_sub(2) {
            mesh.add_triangle(left, left + 1, left + 2);
            mesh.add_triangle(left + 1, left + 2, left + 3);
        }
    }
    mesh
}

fn columns(transform: &PlotTransform, prepared: &Prepared<'_>, y_from: impl Fn(f64) -> f64) -> Vec<Column> {
    let buckets = prepared.curve.buckets();
    let (min, max) = (transform.bounds().min()[0], transform.bounds().max()[0]);
    // One bucket beyond each end, so that the line leaves the plot.
    let first = buckets.partition_point(|bucket| bucket.x < min).saturating_sub(1);
    let last = (buckets.partition_point(|bucket| bucket.x <= max) + 1).min(buckets.len());
    let screen_y = |y: f64| transform.position_from_point_y(y_from(y)).clamp(-1e5, 1e5);
    let mut columns: Vec<Column> = Vec::with_capacity((last - first).min(4096));
    for (bucket, [_, smoothed]) in buckets[first..last].iter().zip(&prepared.smoothed[first..last]) {
        let x = transform.position_from_point_x(bucket.x);
        let next = Column {
            x,
            top: screen_y(bucket.max.into()),
            bottom: screen_y(bucket.min.into()),
            mean: screen_y(bucket.mean.into()),
            smoothed: screen_y(*smoothed),
            n_points: 1.0,
            is_gap: bucket.is_gap,
        };
        match columns.last_mut() {
            Some(column) if !next.is_gap && x.floor() == column.x.floor() => column.absorb(&next),
            _ => columns.push(next),
        }
    }
    columns
}

impl Column {
    fn absorb(&mut self, next: &Self) {
        self.top = self.top.min(next.top);
        self.bottom = self.bottom.max(next.bottom);
        self.mean = (self.mean * self.n_points + next.mean) / (self.n_points + 1.0);
        self.smoothed = (self.smoothed * self.n_points + next.smoothed) / (self.n_points + 1.0);
        self.n_points += 1.0;
    }
}
