//! Trying a network on a table: the plane of two features, and a form for a row.

use std::sync::Arc;

use eframe::egui::Ui;

use crate::data::Dataset;
use crate::ui::state::subject::is_plane;
use crate::ui::theme::GRID;
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::plane::PlaneView;
use crate::ui::views::parts::row_form::RowForm;
use crate::ui::widgets::cell::cell_ui;

/// From this width on the prediction has room beside the fields.
const LEAST_WIDTH: f32 = 260.0;

/// The plane and the form that the Learn and Draw tabs use.
#[derive(Default)]
pub struct TryPanel {
    plane: PlaneView,
    form: RowForm,
}

impl TryPanel {
    /// The samples over the predictions of the network of the run.
    pub fn plane_ui(&mut self, ui: &mut Ui, dataset: &Arc<Dataset>, mark: Option<[f32; 2]>, cx: &mut Cx<'_>) {
        let is_its_data = cx.session.job.as_ref().is_none_or(|job| Arc::ptr_eq(&job.dataset, dataset));
        let network = cx.network().filter(|_| is_its_data);
        self.plane.ui(ui, dataset, network, mark, cx);
    }

    /// The fields of a row, and the prediction beside them, or below where it is narrow.
    pub fn row_ui(&mut self, ui: &mut Ui, dataset: &Arc<Dataset>, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        let (form, answer) = match rect.width() < LEAST_WIDTH {
            true => rect.split_top_bottom_at_fraction(0.5),
            false => {
                let (form, answer) = rect.split_left_right_at_fraction(0.62);
                (form, answer.with_min_x(answer.left() + 4.0 * GRID))
            }
        };
        cell_ui(ui, "form", form, |ui| self.form.fields_ui(ui, dataset, cx));
        cell_ui(ui, "prediction", answer, |ui| self.form.answer_ui(ui, dataset, cx));
    }

    /// The same, larger, with the row's place in the plane where there is one.
    pub fn view_ui(&mut self, ui: &mut Ui, dataset: &Arc<Dataset>, cx: &mut Cx<'_>) {
        if !is_plane(dataset) {
            return self.row_ui(ui, dataset, cx);
        }
        let rect = ui.available_rect_before_wrap();
        let (plane, row) = rect.split_left_right_at_x(rect.right() - (rect.width() * 0.36).clamp(220.0, 360.0));
        cell_ui(ui, "plane", plane, |ui| {
            let mark =
                <[f64; 2]>::try_from(cx.playground.row.values.as_slice()).ok().map(|at| at.map(|number| number as f32));
            self.plane_ui(ui, dataset, mark, cx);
        });
        let (form, answer) = row.with_min_x(row.left() + 4.0 * GRID).split_top_bottom_at_y(row.top() + 120.0);
        cell_ui(ui, "form", form, |ui| self.form.fields_ui(ui, dataset, cx));
        cell_ui(ui, "prediction", answer, |ui| self.form.answer_ui(ui, dataset, cx));
    }
}
