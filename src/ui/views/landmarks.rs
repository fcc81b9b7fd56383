//! What "What do I see here?" says of each view. The places are the names of cells, and the ids of views.

use crate::ui::widgets::landmark::Landmark;

const fn landmark(place: &'static str, name: &'static str, text: &'static str) -> Landmark {
    Landmark { place, name, text }
}

/// What stands around every tab.
pub const AROUND: &[Landmark] = &[
    landmark(
        "network",
        "Network",
        "The layers, from the input at the top to the output at the bottom. Each has its output shape and its number of parameters.",
    ),
    landmark("training", "Training", "The settings of the run. The learning rate may change while the network trains."),
    landmark(
        "transport",
        "Run",
        "Train, pause, or go one batch at a time. Afterwards the time line shows every tab as it was at an earlier step.",
    ),
];

/// The tab Learn.
pub const LEARN: &[Landmark] = &[
    landmark(
        "loss",
        "Loss",
        "How far the predictions are from the targets, at every step; training makes it fall. Where the dashed curve of the validation \
         set rises again while the solid one falls, the network overfits.",
    ),
    landmark(
        "accuracy",
        "Metric",
        "The same run in a measure that is easier to read: the share of right answers, or the error in the unit of the target.",
    ),
    landmark(
        "confusion",
        "Results",
        "What the network says of the validation samples, beside what is true. Of classes, each row is a true class and each column a \
         predicted one: a press on a cell shows its samples.",
    ),
    landmark(
        "draw",
        "Try it",
        "Draw or type something. The network answers with the weights that it has at this moment.",
    ),
    landmark(
        "generated",
        "Samples",
        "What the generator makes of noise, beside real samples. They should become alike and stay varied.",
    ),
    landmark("written", "Text", "What the language model writes at this moment, each token colored by its surprisal."),
];

/// The tab Draw.
pub const DRAW: &[Landmark] = &[
    landmark(
        "canvas",
        "Canvas",
        "Draw here with the mouse, a pen or the keyboard. The right button takes strokes away.",
    ),
    landmark("form", "Values", "The columns of a sample. Change one and watch the prediction follow."),
    landmark(
        "plane",
        "Plane",
        "The samples over what the network predicts at every place: dots are trained on, rings are the validation set.",
    ),
    landmark(
        "answer",
        "Answer",
        "The probability of every class. They sum to 1, so that an unknown thing gets probabilities as well.",
    ),
    landmark("prediction", "Prediction", "What the network says of these values."),
];

/// The tab Data.
pub const DATA: &[Landmark] = &[
    landmark(
        "settings",
        "Source and split",
        "Where the samples come from, how the file was read, and how they are divided: trained on, validated on, and tested on once.",
    ),
    landmark(
        "samples",
        "Samples",
        "What the network sees, with its class or its target. Look here first when a network does not learn.",
    ),
];

/// The tab Inside.
pub const INSIDE: &[Landmark] = &[
    landmark("sample", "Sample", "What goes through the network: the drawing, or a sample of the data."),
    landmark(
        "layers",
        "Layers",
        "What every layer gives for it, from the input to the output. The list above has other views of the inside.",
    ),
];

/// The tab Mistakes.
pub const MISTAKES: &[Landmark] = &[landmark(
    "mistakes",
    "Mistakes",
    "The validation samples on which the network is most wrong, the worst first. Often they are labeled wrongly, unusual, or of a class \
     that is rare in the data.",
)];

/// The tab Metrics.
pub const METRICS: &[Landmark] = &[landmark(
    "metrics",
    "Metrics",
    "Every measure of the run over its steps, of the training and of the validation set. A press on a step shows every tab as it was then.",
)];

/// The tab Runs.
pub const RUNS: &[Landmark] = &[landmark(
    "runs",
    "Runs",
    "Every run is kept here, with its result. Select two to compare them; a run that was interrupted goes on from here.",
)];
