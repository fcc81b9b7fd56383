//! The training of a project as PyTorch has it: the same loss, optimizer, learning rate and limits, in the same order.

use super::network::Class;
use crate::data::Augment;
use crate::export::model::{Model, Output};
use crate::export::numpy::{number, numbers};
use crate::project::Project;
use backprop_nn::layers::LayerSpec;
use backprop_nn::loss::ClassWeights;
use backprop_nn::optim::Regularization;
use backprop_nn::regularizer::Regularizer;
use backprop_nn::schedule::Plateau;
use backprop_nn::{LossSpec, OptimizerSpec, ScheduleSpec, Training};

const TRAIN: &str = include_str!("train.py");

/// The training in its parts.
pub struct Settings {
    /// Numbers that a person may change.
    pub constants: String,
    /// Further lines of imports.
    pub imports: &'static str,
    /// Classes and functions that have to stand before.
    pub used: Option<&'static str>,
    /// All functions of the training.
    pub code: String,
}

/// What of a training PyTorch has no words for, or does otherwise, a sentence each.
pub fn notes(model: &Model<'_>) -> Vec<String> {
    let project = model.project;
    if project.adversary.is_some() {
        return vec![
            "The training of the generator against its discriminator is not exported; the generator makes samples."
                .to_owned(),
        ];
    }
    let mut notes = Vec::new();
    notes.extend(unaugmented(&project.data.augment));
    notes.extend(unsaid(project).map(str::to_owned));
    if has_batch_norm(&project.model.layers) {
        notes.push(
            "With several processes on CPUs each normalizes its own share of a batch; on GPUs all normalize together."
                .to_owned(),
        );
    }
    let is_weighted = project.training.loss.class_weights().is_some_and(|weights| *weights != ClassWeights::Equal);
    if is_weighted && model.output == Output::NextToken {
        notes.push("All tokens weigh the same in the training.".to_owned());
    }
    if has_state(&project.model.layers) {
        notes.push(
            "Recurrent layers begin every sample at 0; the training does not read on from window to window.".to_owned(),
        );
    }
    notes.push(
        "The order of the samples, the split and all that is random are drawn by PyTorch, with other numbers from the same seed."
            .to_owned(),
    );
    notes
}

/// What the training does here and does not do elsewhere.
pub fn unsaid(project: &Project) -> impl Iterator<Item = &'static str> {
    let prunes = project.training.regularization.pruning > 0.0;
    let prunes = prunes.then_some("The training does not prune weights.");
    let learns = project.teacher.as_ref().map(|_| "The training learns from the classes alone, without the teacher.");
    prunes.into_iter().chain(learns)
}

/// What is said of samples that are changed at random here, if some are.
pub fn unaugmented(augment: &Augment) -> Option<String> {
    let changes = [
        ("shift", augment.shift),
        ("rotate", augment.rotate),
        ("scale", augment.scale),
        ("shear", augment.shear),
        ("elastic", augment.elastic),
        ("flip", augment.flip),
        ("thickness", augment.thickness),
        ("erase", augment.erase),
        ("noise", augment.noise),
        ("mix_up", augment.mix_up),
    ];
    let on = changes.iter().filter(|(_, value)| *value > 0.0);
    let on: Vec<String> = on.map(|(name, value)| format!("{name} {}", number(*value))).collect();
    (!on.is_empty()).then(|| format!("The training does not augment the samples ({}).", on.join(", ")))
}

/// Whether a layer keeps its state from one window to the next.
fn has_state(layers: &[LayerSpec]) -> bool {
    layers.iter().any(|layer| match layer {
        LayerSpec::Rnn(rnn) => rnn.stateful,
        LayerSpec::Lstm(lstm) => lstm.stateful,
        LayerSpec::Gru(gru) => gru.stateful,
        _ => layer.inside().is_some_and(has_state),
    })
}

fn has_batch_norm(layers: &[LayerSpec]) -> bool {
    layers.iter().any(|layer| matches!(layer, LayerSpec::BatchNorm(_)) || layer.inside().is_some_and(has_batch_norm))
}

impl Settings {
    /// The training of a model.
    pub fn of(model: &Model<'_>, class: &Class) -> Self {
        let training = &model.project.training;
        let weights = weights_of(model);
        let used = matches!(training.optimizer, OptimizerSpec::Lion(_)).then_some("lion");
        let code = [
            losses(model, class, weights.is_some()),
            schedule(training),
            optimizer(training, class),
            limits(training, class),
            train(model, class, weights),
        ];
        let code = code.into_iter().filter(|code| !code.is_empty()).collect::<Vec<_>>().join("\n\n");
        let imports = match training.regularization.average > 0.0 {
            true => "from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn\n",
            false => "",
        };
        Self { constants: constants(model), imports, used, code }
    }
}

/// The weights of the classes, where they differ. Those of tokens are not exported.
fn weights_of<'a>(model: &Model<'a>) -> Option<&'a ClassWeights> {
    let weights = model.project.training.loss.class_weights().filter(|weights| **weights != ClassWeights::Equal);
    weights.filter(|_| model.output != Output::NextToken)
}

/// The numbers of a training that a person may change.
pub fn constants(model: &Model<'_>) -> String {
    let training = &model.project.training;
    let mut lines = vec![
        format!("LEARNING_RATE = {}", number(training.learning_rate)),
        format!("BATCH = {}", training.batch),
        format!("EPOCHS = {}", training.epochs),
        format!("SHUFFLE = {}", if training.shuffle { "True" } else { "False" }),
        format!("SEED = {}", training.seed),
        format!("VALIDATION = {}  # the share of the samples that is held out", number(model.project.data.validation)),
    ];
    let stopping = &training.early_stopping;
    if !stopping.is_off() {
        lines.push(format!("PATIENCE = {}  # epochs without improvement before the training stops", stopping.patience));
        lines.push(format!("MIN_DELTA = {}", number(stopping.min_delta)));
    }
    lines.join("\n") + "\n"
}

/// The losses of texts from those of tokens.
const TOKEN_LOSSES: &str = "

def sample_losses(outputs, targets):
    \"\"\"The sum over the tokens of each text that are asked for, [n].\"\"\"
    losses = token_losses(outputs.flatten(0, 1), targets.clamp(min=0).flatten()).view_as(targets)
    return (losses * (targets >= 0)).sum(dim=1)";

fn losses(model: &Model<'_>, class: &Class, is_weighted: bool) -> String {
    let loss = &model.project.training.loss;
    let weights = if is_weighted { ", class_weights" } else { "" };
    let is_written = model.output == Output::NextToken;
    let name = if is_written { "token_losses" } else { "sample_losses" };
    let mut lines = vec![format!("def {name}(outputs, targets{weights}):")];
    let mut say = |line: String| lines.push(line);
    let terms = |name: &str, more: &str| {
        format!("    return F.{name}(outputs, targets{more}, reduction=\"none\").flatten(1).mean(1)")
    };
    let of = if is_written { "token" } else { "sample" };
    say(format!("    \"\"\"{} of each {of}, [n].\"\"\"", loss.about().label));
    if class.gives_members {
        say("    if outputs.dim() == 3:  # in training each member learns alone".to_owned());
        say("        members = outputs.shape[1]".to_owned());
        say(format!(
            "        each = sample_losses(outputs.flatten(0, 1), targets.repeat_interleave(members, 0){weights})"
        ));
        say("        return each.reshape(-1, members).mean(1)".to_owned());
    }
    match loss {
        LossSpec::SoftmaxCrossEntropy(loss) => {
            let weight = if is_weighted { ", weight=class_weights" } else { "" };
            let smoothing = match loss.label_smoothing > 0.0 {
                true => format!(", label_smoothing={}", number(loss.label_smoothing)),
                false => String::new(),
            };
            say(format!("    return F.cross_entropy(outputs, targets{weight}{smoothing}, reduction=\"none\")"));
        }
        LossSpec::Focal(loss) => {
            say("    log = F.log_softmax(outputs, 1).gather(1, targets[:, None])[:, 0]".to_owned());
            let weight = if is_weighted { "class_weights[targets] * " } else { "" };
            say(format!("    return -{weight}(1 - log.exp()) ** {} * log", number(loss.gamma)));
        }
        LossSpec::BinaryCrossEntropy(_) => say(terms("binary_cross_entropy_with_logits", "")),
        LossSpec::MeanSquaredError(_) => say(terms("mse_loss", "")),
        LossSpec::MeanAbsoluteError(_) => say(terms("l1_loss", "")),
        LossSpec::Huber(loss) => say(terms("huber_loss", &format!(", delta={}", number(loss.delta)))),
    }
    if is_written {
        lines.push(TOKEN_LOSSES.to_owned());
    }
    lines.join("\n") + "\n"
}

/// `lr_factor`.
pub fn schedule(training: &Training) -> String {
    let mut lines = vec![
        "def lr_factor(progress):".to_owned(),
        format!(
            "    \"\"\"The share of the learning rate at this share of the steps: {}.\"\"\"",
            training.schedule.about().label.to_lowercase()
        ),
    ];
    if training.warmup > 0.0 {
        let warmup = number(training.warmup);
        lines.push(format!("    if progress < {warmup}:  # the warm-up"));
        lines.push(format!("        return 0.01 + 0.99 * progress / {warmup}"));
        lines.push(format!("    progress = (progress - {warmup}) / (1 - {warmup})"));
    }
    let mut say = |line: String| lines.push(format!("    {line}"));
    let wave = |from: &str, to: &str, at: &str| match (from, to) {
        ("1.0", "0") => format!("(1 + np.cos(np.pi * {at})) / 2"),
        _ => format!("{to} + ({from} - {to}) * (1 + np.cos(np.pi * {at})) / 2"),
    };
    match &training.schedule {
        ScheduleSpec::Constant(_) | ScheduleSpec::Plateau(_) => say("return 1.0".to_owned()),
        ScheduleSpec::Step(step) => say(format!(
            "return {} ** min(int((progress + 1e-6) * {}), {})",
            number(step.factor),
            step.parts,
            step.parts.saturating_sub(1)
        )),
        ScheduleSpec::Exponential(exponential) => say(format!("return {} ** progress", number(exponential.end))),
        ScheduleSpec::Cosine(cosine) => say(format!("return {}", wave("1.0", &number(cosine.end), "progress"))),
        ScheduleSpec::CosineRestarts(restarts) => {
            say(format!("lengths = [{}**cycle for cycle in range({})]", restarts.growth, restarts.cycles));
            say("at = progress * sum(lengths)".to_owned());
            say("for length in lengths[:-1]:".to_owned());
            say("    if at < length * (1 - 1e-5):".to_owned());
            say("        break".to_owned());
            say("    at = max(at - length, 0.0)".to_owned());
            say("else:".to_owned());
            say("    length = lengths[-1]".to_owned());
            say(format!("return {}", wave("1.0", &number(restarts.end), "min(at / length, 1.0)")));
        }
        ScheduleSpec::Polynomial(polynomial) => {
            let end = number(polynomial.end);
            say(format!("return {end} + (1 - {end}) * (1 - progress) ** {}", number(polynomial.power)));
        }
        ScheduleSpec::OneCycle(cycle) => {
            let [rise, start, end] = [cycle.rise, cycle.start, cycle.end].map(number);
            say(format!("if progress < {rise}:"));
            say(format!("    return {}", wave(&start, "1.0", &format!("progress / {rise}"))));
            say(format!("return {}", wave("1.0", &end, &format!("(progress - {rise}) / (1 - {rise})"))));
        }
    }
    lines.join("\n") + "\n"
}

/// Whether the L2 penalty is what PyTorch calls weight decay, which it adds to the gradient.
fn is_weight_decay(training: &Training, class: &Class) -> bool {
    let Regularization { l1, l2, .. } = training.regularization;
    let is_decoupled = matches!(training.optimizer, OptimizerSpec::Adamw(_) | OptimizerSpec::Lion(_));
    l2 > 0.0 && l1 == 0.0 && class.penalties.is_empty() && !is_decoupled
}

fn optimizer(training: &Training, class: &Class) -> String {
    let decay = match is_weight_decay(training, class) {
        true => format!(", weight_decay={}", number(training.regularization.l2)),
        false => String::new(),
    };
    let made =
        |name: &str, options: String| format!("torch.optim.{name}(parameters, lr=LEARNING_RATE{options}{decay})");
    let adam =
        |beta1, beta2, epsilon| format!(", betas=({}, {}), eps={}", number(beta1), number(beta2), number(epsilon));
    let optimizer = match &training.optimizer {
        OptimizerSpec::Sgd(_) => made("SGD", String::new()),
        OptimizerSpec::Momentum(o) => made("SGD", format!(", momentum={}", number(o.momentum))),
        OptimizerSpec::Nesterov(o) => made("SGD", format!(", momentum={}, nesterov=True", number(o.momentum))),
        OptimizerSpec::Adagrad(o) => made("Adagrad", format!(", eps={}", number(o.epsilon))),
        OptimizerSpec::Rmsprop(o) => {
            let mut options = format!(", alpha={}, eps={}", number(o.rho), number(o.epsilon));
            if o.momentum > 0.0 {
                options.push_str(&format!(", momentum={}", number(o.momentum)));
            }
            if o.centered {
                options.push_str(", centered=True");
            }
            made("RMSprop", options)
        }
        OptimizerSpec::Adadelta(o) => made("Adadelta", format!(", rho={}, eps={}", number(o.rho), number(o.epsilon))),
        OptimizerSpec::Adam(o) => made("Adam", adam(o.beta1, o.beta2, o.epsilon)),
        OptimizerSpec::Amsgrad(o) => made("Adam", adam(o.beta1, o.beta2, o.epsilon) + ", amsgrad=True"),
        OptimizerSpec::Adamw(o) => {
            made("AdamW", format!("{}, weight_decay={}", adam(o.beta1, o.beta2, o.epsilon), number(o.weight_decay)))
        }
        OptimizerSpec::Nadam(o) => {
            made("NAdam", format!("{}, momentum_decay={}", adam(o.beta1, o.beta2, o.epsilon), number(o.momentum_decay)))
        }
        OptimizerSpec::Lion(o) => format!(
            "Lion(parameters, lr=LEARNING_RATE, betas=({}, {}), weight_decay={})",
            number(o.beta1),
            number(o.beta2),
            number(o.weight_decay)
        ),
    };
    format!(
        "def make_optimizer(network):\n    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]\n    return {optimizer}\n"
    )
}

/// Whether penalties are added to the gradients by hand.
fn has_penalties(training: &Training, class: &Class) -> bool {
    let Regularization { l1, l2, .. } = training.regularization;
    (l1 > 0.0 || l2 > 0.0 || !class.penalties.is_empty()) && !is_weight_decay(training, class)
}

/// Penalties and the largest norm, which PyTorch's optimizers do not have.
fn limits(training: &Training, class: &Class) -> String {
    let mut code = Vec::new();
    let Regularization { l1, l2, max_norm, .. } = training.regularization;
    if has_penalties(training, class) {
        let mut lines = vec![
            "@torch.no_grad()".to_owned(),
            "def add_penalties(network):".to_owned(),
            "    \"\"\"Adds the gradients of the penalties l1 · Σ|w| + l2 / 2 · Σw².\"\"\"".to_owned(),
        ];
        let terms = |weight: &str, Regularizer { l1, l2 }: Regularizer| {
            let l2 = (l2 > 0.0).then(|| format!("{} * {weight}", number(l2)));
            let l1 = (l1 > 0.0).then(|| format!("{} * {weight}.sign()", number(l1)));
            l2.into_iter().chain(l1).collect::<Vec<_>>().join(" + ")
        };
        if l1 > 0.0 || l2 > 0.0 {
            lines.push("    for parameter in network.parameters():".to_owned());
            lines.push("        if parameter.requires_grad:".to_owned());
            lines.push(format!("            parameter.grad += {}", terms("parameter", Regularizer { l1, l2 })));
        }
        for (name, penalty) in &class.penalties {
            lines.push(format!("    network.{name}.grad += {}", terms(&format!("network.{name}"), *penalty)));
        }
        code.push(lines.join("\n") + "\n");
    }
    if max_norm > 0.0 {
        let names: Vec<String> = class.kernels.iter().map(|name| format!("network.{name}")).collect();
        code.push(format!(
            "@torch.no_grad()\ndef limit_norms(network):\n    \"\"\"Shortens the incoming weights of every unit that are longer than {0}.\"\"\"\n    \
             for kernel in {1}:\n        kernel.copy_(torch.renorm(kernel, 2, 0, {0}))\n",
            number(max_norm),
            numbers(&names, "    ")
        ));
    }
    code.join("\n\n")
}

fn train(model: &Model<'_>, class: &Class, weights: Option<&ClassWeights>) -> String {
    let training = &model.project.training;
    let regularization = &training.regularization;
    let is_averaged = regularization.average > 0.0;
    let indented = |by: usize, lines: &[String]| -> String {
        lines.iter().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
    };
    let text = |line: &str| line.to_owned();
    let class_weights = match weights {
        Some(ClassWeights::Listed(list)) => {
            vec![format!("class_weights = torch.tensor({}, device=device)", numbers(list, "    "))]
        }
        Some(_) => {
            let classes = match &model.output {
                Output::Probabilities { classes, .. } => classes.len(),
                _ => 0,
            };
            vec![
                format!("counts = torch.bincount(targets[training], minlength={classes})"),
                text("# balanced: samples over classes over samples of the class, as in scikit-learn"),
                text("balanced = len(training) / ((counts > 0).sum() * counts)"),
                text("class_weights = torch.where(counts > 0, balanced, torch.ones_like(balanced))"),
            ]
        }
        None => Vec::new(),
    };
    let mut before = Vec::new();
    if regularization.clip_value > 0.0 {
        before.push(format!("nn.utils.clip_grad_value_(network.parameters(), {})", number(regularization.clip_value)));
    }
    if regularization.clip_norm > 0.0 {
        before.push(format!("nn.utils.clip_grad_norm_(network.parameters(), {})", number(regularization.clip_norm)));
    }
    if has_penalties(training, class) {
        before.push(text("add_penalties(network)"));
    }
    let mut after = Vec::new();
    if regularization.max_norm > 0.0 {
        after.push(text("limit_norms(network)"));
    }
    if is_averaged {
        after.push(text("averaged.update_parameters(network)"));
    }
    let average_new = match is_averaged {
        true => vec![format!(
            "averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn({}), use_buffers=True)",
            number(regularization.average)
        )],
        false => Vec::new(),
    };
    let shown = if is_averaged { "averaged.module" } else { "network" };
    let (watch_new, watch, watch_end) = watches(training, shown);
    let average_end = match is_averaged && training.early_stopping.is_off() {
        true => vec![text("network.load_state_dict(averaged.module.state_dict())")],
        false => Vec::new(),
    };
    let (least, why) = match class.has_flat_batch_norm {
        true => ("2 * world", "a last batch of one sample has no variance, and PyTorch refuses it"),
        false => ("world", "a last batch without a sample for every process"),
    };
    let weight_of = |all: &str| match weights {
        _ if model.output == Output::NextToken => format!("(targets{all} >= 0).sum()"),
        Some(_) => format!("class_weights[targets{all}].sum()"),
        None if all.is_empty() => text("len(targets)"),
        None => text("len(batch)"),
    };
    let pieces = [
        ("weights", if weights.is_some() { text(", class_weights") } else { String::new() }),
        ("weight_of_all", weight_of("")),
        ("weight_of_batch", weight_of("[batch]")),
        ("class_weights", indented(4, &class_weights)),
        ("average_new", indented(4, &average_new)),
        ("watch_new", indented(4, &watch_new)),
        ("before_step", indented(12, &before)),
        ("after_step", indented(12, &after)),
        ("watch", indented(8, &watch)),
        ("watch_end", indented(4, &watch_end)),
        ("average_end", indented(4, &average_end)),
        ("shown", text(shown)),
        ("least", text(least)),
        ("least_why", text(why)),
    ];
    let mut code = TRAIN.to_owned();
    for (name, piece) in pieces {
        code = code.replace(&format!("<<{name}>>"), &piece);
    }
    code
}

/// What the validation loss decides: before the first epoch, after each, and at the end.
fn watches(training: &Training, shown: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (mut new, mut each, mut end) = (Vec::new(), Vec::new(), Vec::new());
    let text = |line: &str| line.to_owned();
    if let ScheduleSpec::Plateau(Plateau { patience, factor }) = &training.schedule {
        new.push(text("lowest, waited = float(\"inf\"), 0"));
        each.extend([
            text("if held_out > 0:  # reduce the learning rate on a plateau"),
            text("    if validation_loss < lowest * (1 - 1e-4):"),
            text("        lowest, waited = validation_loss, 0"),
            text("    else:"),
            text("        waited += 1"),
            format!("    if waited > {patience}:"),
            format!("        reduced, waited = reduced * {}, 0", number(*factor)),
        ]);
    }
    if !training.early_stopping.is_off() {
        new.push(text("best, best_state = float(\"inf\"), None"));
        new.push(text("improved, without = float(\"inf\"), 0"));
        each.extend([
            text("if held_out > 0:  # early stopping"),
            text("    if validation_loss < best:"),
            format!("        best, best_state = validation_loss, copy.deepcopy({shown}.state_dict())"),
            text("    if validation_loss < improved - MIN_DELTA:"),
            text("        improved, without = validation_loss, 0"),
            text("    else:"),
            text("        without += 1"),
            text("    if without >= PATIENCE:"),
            text("        break"),
        ]);
        end.push(text("if best_state is not None:  # the weights with the lowest validation loss"));
        end.push(text("    network.load_state_dict(best_state)"));
        if shown != "network" {
            end.push(text("else:"));
            end.push(format!("    network.load_state_dict({shown}.state_dict())"));
        }
    }
    (new, each, end)
}
