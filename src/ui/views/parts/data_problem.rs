//! Why there are no samples, and beside it what would help.

use eframe::egui::{CollapsingHeader, Label, RichText, Ui};

use crate::data::source::Argument;
use crate::data::sources::source_of;
use crate::language::tr;
use crate::ui::commands::{Command, PathFor, Request};
use crate::ui::state::session::DataState;
use crate::ui::theme::Palette;
use crate::ui::views::cx::Cx;
use crate::ui::widgets::text::warning_ui;

/// The reader of the folders in which data sets of the catalog lie.
const CATALOG: &str = "idx";

/// The error, a button for each option that would help, and the details folded away; nothing if the data is there.
pub fn data_problem_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let DataState::Failed { problem, .. } = &cx.session.data else { return };
    warning_ui(ui, &problem.text);
    ui.horizontal_wrapped(|ui| {
        let source = cx.project.data.source.single().and_then(source_of);
        let field_of = |key: &&'static str| source.and_then(|source| source.fields().find(|field| field.key == *key));
        for field in problem.options.iter().filter_map(field_of) {
            if ui.button(tr(format!("Change {}", field.label.to_lowercase()))).on_hover_text(tr(field.help)).clicked() {
                cx.act(Request::EditOption(field.label));
            }
        }
        if problem.wants_path {
            let (text, wanted) = match source {
                Some(source) if source.argument == Argument::File => ("Choose a file…", PathFor::DataFile(source.name)),
                Some(source) if source.argument == Argument::Folder => {
                    ("Choose a folder…", PathFor::DataFolder(source.name))
                }
                _ => ("Choose a folder…", PathFor::DataFolder(CATALOG)),
            };
            if ui.button(tr(text)).clicked() {
                cx.act(Request::ChoosePath(wanted));
            }
        }
        if ui.button(tr("Try again")).clicked() {
            cx.act(Command::ReloadData);
        }
    });
    if !problem.details.is_empty() {
        CollapsingHeader::new(tr("Details")).id_salt("problem").show_unindented(ui, |ui| {
            ui.add(Label::new(RichText::new(tr(&problem.details)).color(Palette::of(ui).muted)).wrap());
        });
    }
}
