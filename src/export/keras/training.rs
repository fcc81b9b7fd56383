//! The training of a project as Keras has it.

use crate::export::model::{Model, Output};
use crate::export::numpy::{is_of_classes, number, numbers};
use crate::export::pytorch::training::{schedule, unaugmented, unsaid};
use backprop_nn::loss::ClassWeights;
use backprop_nn::{LossSpec, OptimizerSpec, ScheduleSpec};

const TRAIN: &str = include_str!("train.py");

/// What of a training Keras has no words for, or does otherwise, a sentence each.
pub fn notes(model: &Model<'_>) -> Vec<String> {
    let project = model.project;
    if project.adversary.is_some() {
        return vec![
            "The training of the generator against its discriminator is not exported; the generator makes samples."
                .to_owned(),
        ];
    }
    let (training, regularization) = (&project.training, &project.training.regularization);
    let mut notes: Vec<String> = unaugmented(&project.data.augment).into_iter().collect();
    let mut note = |is_so: bool, text: &str| {
        if is_so {
            notes.push(text.to_owned());
        }
    };
    let kinds: Vec<&str> = project.model.layers.iter().map(|layer| layer.about().key).collect();
    note(regularization.max_norm > 0.0, "The training does not limit the norm of the weights (max-norm).");
    unsaid(project).for_each(|text| note(true, text));
    note(
        regularization.clip_value > 0.0 && regularization.clip_norm > 0.0,
        "Gradients are clipped by their norm alone; Keras does not clip by value as well.",
    );
    note(
        regularization.l1 > 0.0 || regularization.l2 > 0.0,
        "The penalties L1 and L2 are on kernels alone, not on biases, and are part of the loss that is shown.",
    );
    note(kinds.contains(&"ensemble_mean"), "The members of the ensemble learn together, and not each alone.");
    note(kinds.contains(&"batch_norm"), "The moving variances follow the biased ones of the batches.");
    note(
        matches!(
            training.optimizer,
            OptimizerSpec::Adagrad(_) | OptimizerSpec::Rmsprop(_) | OptimizerSpec::Amsgrad(_) | OptimizerSpec::Nadam(_)
        ),
        "Keras defines this optimizer with slightly other steps.",
    );
    let weights = training.loss.class_weights().is_some_and(|weights| *weights != ClassWeights::Equal);
    note(weights, "The loss of a batch is divided by its samples, and not by what they weigh.");
    note(true, "The order of the samples, the split, initial weights and dropout are drawn by Keras.");
    notes
}

/// `lr_factor` and `train`.
pub fn code(model: &Model<'_>) -> String {
    let training = &model.project.training;
    let regularization = &training.regularization;
    let classes = match &model.output {
        Output::Probabilities { classes, .. } => classes.len(),
        _ => 0,
    };
    let mut options = String::new();
    if regularization.clip_norm > 0.0 {
        options.push_str(&format!(", global_clipnorm={}", number(regularization.clip_norm)));
    } else if regularization.clip_value > 0.0 {
        options.push_str(&format!(", clipvalue={}", number(regularization.clip_value)));
    }
    if regularization.average > 0.0 {
        options.push_str(&format!(", use_ema=True, ema_momentum={}", number(regularization.average)));
    }
    let mut callbacks = Vec::new();
    match &training.schedule {
        ScheduleSpec::Plateau(plateau) => callbacks.push(format!(
            "keras.callbacks.ReduceLROnPlateau(monitor=\"val_loss\", factor={}, patience={}, min_delta=0.0)",
            number(plateau.factor),
            plateau.patience + 1
        )),
        _ => callbacks.push("Schedule(steps_per_epoch * epochs)".to_owned()),
    }
    let stopping = &training.early_stopping;
    if !stopping.is_off() {
        callbacks.push(
            "keras.callbacks.EarlyStopping(\n            monitor=\"val_loss\", patience=PATIENCE, min_delta=MIN_DELTA, restore_best_weights=True\n        )"
                .to_owned(),
        );
    }
    let callbacks: String = callbacks.iter().map(|callback| format!("        {callback},\n")).collect();
    let (class_weights, weighted) = match training.loss.class_weights() {
        Some(ClassWeights::Listed(list)) => {
            (format!("    class_weight = dict(enumerate({}))\n", numbers(list, "    ")), ", class_weight=class_weight")
        }
        Some(ClassWeights::Balanced) => (
            format!(
                "    counts = np.bincount(np.asarray(y, np.int64), minlength={classes})\n    \
                 balanced = len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))\n    \
                 class_weight = dict(enumerate(balanced))\n"
            ),
            ", class_weight=class_weight",
        ),
        _ => (String::new(), ""),
    };
    let one_hot = match is_of_classes(&training.loss) {
        true => format!("    targets = np.eye({classes}, dtype=np.float32)[targets]\n"),
        false => String::new(),
    };
    let pieces = [
        ("schedule", schedule(training)),
        ("loss", loss(&training.loss)),
        ("optimizer", optimizer(&training.optimizer, &options)),
        ("callbacks", callbacks),
        ("class_weights", class_weights),
        ("weighted", weighted.to_owned()),
        ("one_hot", one_hot),
    ];
    let mut code = TRAIN.to_owned();
    for (name, piece) in pieces {
        code = code.replace(&format!("<<{name}>>"), &piece);
    }
    code
}

fn loss(loss: &LossSpec) -> String {
    match loss {
        LossSpec::SoftmaxCrossEntropy(loss) => {
            let smoothing = match loss.label_smoothing > 0.0 {
                true => format!(", label_smoothing={}", number(loss.label_smoothing)),
                false => String::new(),
            };
            format!("keras.losses.CategoricalCrossentropy(from_logits=True{smoothing})")
        }
        LossSpec::Focal(loss) => {
            let gamma = number(loss.gamma);
            format!("keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma={gamma}, from_logits=True)")
        }
        LossSpec::BinaryCrossEntropy(_) => "keras.losses.BinaryCrossentropy(from_logits=True)".to_owned(),
        LossSpec::MeanSquaredError(_) => "keras.losses.MeanSquaredError()".to_owned(),
        LossSpec::MeanAbsoluteError(_) => "keras.losses.MeanAbsoluteError()".to_owned(),
        LossSpec::Huber(loss) => format!("keras.losses.Huber(delta={})", number(loss.delta)),
    }
}

fn optimizer(optimizer: &OptimizerSpec, options: &str) -> String {
    let made = |name: &str, own: String| format!("keras.optimizers.{name}(LEARNING_RATE{own}{options})");
    let adam = |beta1, beta2, epsilon| {
        format!(", beta_1={}, beta_2={}, epsilon={}", number(beta1), number(beta2), number(epsilon))
    };
    match optimizer {
        OptimizerSpec::Sgd(_) => made("SGD", String::new()),
        OptimizerSpec::Momentum(o) => made("SGD", format!(", momentum={}", number(o.momentum))),
        OptimizerSpec::Nesterov(o) => made("SGD", format!(", momentum={}, nesterov=True", number(o.momentum))),
        OptimizerSpec::Adagrad(o) => {
            made("Adagrad", format!(", initial_accumulator_value=0.0, epsilon={}", number(o.epsilon)))
        }
        OptimizerSpec::Rmsprop(o) => {
            let centered = if o.centered { ", centered=True" } else { "" };
            let (rho, momentum, epsilon) = (number(o.rho), number(o.momentum), number(o.epsilon));
            made("RMSprop", format!(", rho={rho}, momentum={momentum}, epsilon={epsilon}{centered}"))
        }
        OptimizerSpec::Adadelta(o) => {
            made("Adadelta", format!(", rho={}, epsilon={}", number(o.rho), number(o.epsilon)))
        }
        OptimizerSpec::Adam(o) => made("Adam", adam(o.beta1, o.beta2, o.epsilon)),
        OptimizerSpec::Amsgrad(o) => made("Adam", adam(o.beta1, o.beta2, o.epsilon) + ", amsgrad=True"),
        OptimizerSpec::Adamw(o) => {
            let decay = number(o.weight_decay);
            made("AdamW", format!("{}, weight_decay={decay}", adam(o.beta1, o.beta2, o.epsilon)))
        }
        OptimizerSpec::Nadam(o) => made("Nadam", adam(o.beta1, o.beta2, o.epsilon)),
        OptimizerSpec::Lion(o) => {
            let (beta1, beta2, decay) = (number(o.beta1), number(o.beta2), number(o.weight_decay));
            made("Lion", format!(", beta_1={beta1}, beta_2={beta2}, weight_decay={decay}"))
        }
    }
}
