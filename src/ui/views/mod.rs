//! THE LIST of views. A new one is a file here and a line in [`all`].

use view::View;

pub mod cx;
pub mod data;
pub mod dialogs;
pub mod draw;
pub mod inside;
pub mod landmarks;
pub mod learn;
pub mod lesson;
pub mod lesson_editor;
pub mod metrics;
pub mod mistakes;
pub mod network;
pub mod parts;
pub mod runs;
pub mod top_bar;
pub mod training;
pub mod transport;
pub mod view;

/// Every view, those of a place in the order of their tabs.
pub fn all() -> Vec<Box<dyn View>> {
    vec![
        Box::<top_bar::TopBar>::default(),
        Box::<transport::Transport>::default(),
        Box::<lesson::LessonView>::default(),
        Box::<lesson_editor::LessonEditorView>::default(),
        Box::<network::Network>::default(),
        Box::<training::TrainingView>::default(),
        Box::<learn::Learn>::default(),
        Box::<draw::Draw>::default(),
        Box::<data::DataView>::default(),
        Box::<inside::InsideView>::default(),
        Box::<mistakes::Mistakes>::default(),
        Box::<metrics::MetricsView>::default(),
        Box::<runs::Runs>::default(),
    ]
}
