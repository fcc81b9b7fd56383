//! The tab that looks inside a network.

use backprop_nn::{Inspection, Shape};
use backprop_studio::explain::connections::Wiring;
use backprop_studio::explain::layer_statistics::Quantity;
use backprop_studio::train::evaluate::read_rows;
use backprop_studio::ui::jobs::derived::Latest;
use backprop_studio::ui::jobs::inside::{Connected, Inside, InsideQuery, Part, SURFACE};
use backprop_studio::ui::jobs::layer_statistics::Layers;
use backprop_studio::ui::jobs::plane;
use backprop_studio::ui::widgets::numbers::{percent, steady};
use backprop_studio::ui::{Request, Studio};
use eframe::egui::{Key, Role, vec2};
use egui_kittest::kittest::{By, Queryable as _};

use crate::ink::faults;
use crate::studio::{act, click, step_until, type_into};
use crate::support::project;
use crate::views::{open, train, wait_for};

fn inside(studio: &Studio) -> Option<(&Latest<InsideQuery>, &Inside)> {
    let latest = studio.derived().inside.current()?;
    Some((latest, latest.answer.as_ref()?))
}

#[test]
fn every_layer_is_seen_for_the_drawing_and_for_a_sample_and_what_matters_adds_up() {
    let mut harness = open(project("cnn-small", &[("data.source", "digits?count=200"), ("training.epochs", "1")]));
    act(&mut harness, Request::Show("inside"));
    // The digit classifier that comes with the program reads the drawing before anything is trained.
    step_until(&mut harness, "the drawing is looked into", |studio| inside(studio).is_some());
    let (latest, first) = inside(harness.state()).unwrap();
    assert_eq!(first.explained, 7, "the drawing is a seven");
    assert_eq!(first.places.len(), first.values.len());
    assert_eq!((first.places[0].label, first.places[0].shape), ("Input", Shape::image(28, 28, 1)));
    assert_eq!(&*first.values[0], latest.query.sample.as_slice());
    assert!((first.outputs.iter().sum::<f32>() - 1.0).abs() < 1e-4, "probabilities");
    harness.get_by_label_contains("What matters for 7");
    // Integrated gradients add up to the difference from an empty image.
    let (trained, model) = (latest.query.network.trained(), &latest.query.model);
    let mut inspection = Inspection::new(model, trained.network.input(), 10).unwrap();
    let mut output_of = |sample: &[f32]| {
        inspection.forward(trained.weights, sample);
        inspection.outputs()[7]
    };
    let difference = output_of(&latest.query.sample) - output_of(&[0.0; 784]);
    let sum: f32 = first.relevance.as_ref().unwrap().iter().sum();
    assert!((sum - difference).abs() < 0.05 * difference.abs(), "{sum} {difference}");

    train(&mut harness);
    click(&mut harness, "Sample");
    step_until(&mut harness, "a sample is looked into", |studio| {
        inside(studio).is_some_and(|(latest, inside)| {
            inside.places.iter().any(|place| place.label == "Conv2d")
                && latest.query.network.trained().task.classes().len() == 10
                && latest.query.sample.len() == 784
        })
    });
    let before = inside(harness.state()).unwrap().1.values[0].clone();
    click(&mut harness, "›");
    step_until(&mut harness, "the next sample is looked into", |studio| {
        inside(studio).is_some_and(|(_, inside)| inside.values[0] != before)
    });
}

#[test]
fn validation_samples_lie_in_the_space_of_a_layer() {
    let mut harness = open(project("mlp", &[("data.source", "digits?count=400"), ("training.epochs", "8")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Hidden space");
    click(&mut harness, "Hidden space");
    let space = |studio: &Studio| studio.derived().hidden_space.current().is_some_and(|it| it.answer.is_some());
    step_until(&mut harness, "the samples are projected", space);
    let latest = harness.state().derived().hidden_space.current().unwrap();
    let found = latest.answer.as_ref().unwrap();
    assert_eq!(found.space.places[found.space.at].label, "Dense", "the last layer before the outputs");
    let projection = found.projection.as_ref().unwrap();
    let job = harness.state().session().job.as_ref().unwrap();
    assert_eq!((projection.points.len(), &found.space.samples), (job.split.validation.len(), &job.split.validation));
    assert!(projection.explained[0] >= projection.explained[1] && projection.explained.iter().sum::<f64>() <= 1.0);
    wait_for(&mut harness, "numbers each");
}

fn layers(studio: &Studio) -> Option<&Layers> {
    studio.derived().layer_statistics.current()?.answer.as_ref()
}

/// The difference of the weights of a layer at two moments that were kept.
fn moved(studio: &Studio, layer: usize, from: u64, to: u64) -> (f64, f64) {
    let range = layers(studio).unwrap().layers[layer].place.weights.clone();
    let at = |step: u64| {
        let snapshot = studio.session().timeline.snapshot(step).unwrap();
        assert_eq!(snapshot.step, step, "of a short run each moment is kept");
        &snapshot.weights.values()[range.clone()]
    };
    let squares = |pairs: &mut dyn Iterator<Item = f32>| pairs.map(|it| f64::from(it).powi(2)).sum::<f64>().sqrt();
    let update = squares(&mut at(to).iter().zip(at(from)).map(|(after, before)| after - before));
    (update, squares(&mut at(from).iter().copied()))
}

#[test]
fn panes_are_chosen_from_a_list_where_their_buttons_would_leave_little_room() {
    let mut harness = open(project("iris", &[("training.epochs", "2")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    harness.set_size(vec2(1024.0, 700.0));
    wait_for(&mut harness, "Pane");
    assert!(harness.query_by_label("Neighbors").is_none());
    harness.get_by_role_and_label(Role::ComboBox, "Pane").click();
    harness.run_ok();
    click(&mut harness, "Neighbors");
    let found = faults(&harness);
    assert!(found.is_empty(), "{found:#?}");
    harness.set_size(vec2(1920.0, 1080.0));
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Button, "Neighbors");
}

#[test]
fn the_layers_tell_how_their_numbers_are_distributed_and_how_far_steps_move_them() {
    let mut harness = open(project("mlp", &[("data.source", "digits?count=400"), ("training.epochs", "4")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Hidden space");
    click(&mut harness, "Layers");
    step_until(&mut harness, "the layers are looked at", |studio| layers(studio).is_some());
    wait_for(&mut harness, "Activations of ");
    let found = layers(harness.state()).unwrap();
    assert_eq!((found.samples, found.steps), (64, Some(1)));
    let at = found.layers.iter().position(|layer| layer.place.label == "Dense").unwrap();
    let layer = found.layers[at].clone();
    let (number, name) = (layer.place.path[0] + 1, layer.place.label);
    let activations = layer.of(Quantity::Activations).unwrap();
    let (mean, std) = (steady(activations.mean), steady(activations.std));
    let (zeros, dead) = (percent(activations.zeros), percent(layer.dead.unwrap()));
    harness.get_by_label(&format!("Activations of {number} {name}: mean {mean}, std {std}, zero {zeros}, dead {dead}"));

    // The last step, as the weights before and after it have it.
    click(&mut harness, "Updates");
    wait_for(&mut harness, "Updates of ");
    let last = harness.state().session().progress.step;
    let (update, _) = moved(harness.state(), at, last - 1, last);
    let told = layer.of(Quantity::Updates).unwrap().norm;
    assert!((told / update - 1.0).abs() < 1e-6, "{told} {update}");
    click(&mut harness, "Gradients");
    wait_for(&mut harness, "Gradients of ");
    assert!(layer.of(Quantity::Gradients).unwrap().norm > 0.0);

    // The first step is measured in every run.
    let curves = harness.state().session().curves.layers();
    assert_eq!(
        curves.len(),
        layers(harness.state()).unwrap().layers.iter().filter(|it| !it.place.weights.is_empty()).count()
    );
    let first = curves[0].buckets()[0];
    let (update, weights) = moved(harness.state(), at, 0, 1);
    assert!(first.x == 1.0 && (f64::from(first.mean) - (update / weights).log10()).abs() < 1e-4, "{first:?}");
    harness.get_by_label_contains(&format!("Update/weight ratio plot: {number} {name} -"));

    click(&mut harness, "Over the run");
    step_until(&mut harness, "the moments of the run are looked at", |studio| {
        layers(studio).is_some_and(|layers| layers.missing == 0 && layers.moments.len() as u64 > last / 2)
    });
    let moments = &layers(harness.state()).unwrap().moments;
    assert_eq!((moments[0].0, moments[moments.len() - 1].0), (0, last));
    assert!(moments.windows(2).all(|pair| pair[0].0 < pair[1].0));
    // An earlier moment is looked at.
    act(&mut harness, Request::LookAt(1));
    step_until(&mut harness, "the first step is looked at", |studio| {
        layers(studio).is_some_and(|layers| {
            layers.moments.iter().any(|(step, layers_then)| *step == 1 && layers_then == &layers.layers)
        })
    });
}

#[test]
fn rows_of_a_table_are_looked_into_as_well() {
    let mut harness = open(project("iris", &[("training.epochs", "3")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    step_until(&mut harness, "a row is looked into", |studio| inside(studio).is_some());
    let (_, inside) = inside(harness.state()).unwrap();
    assert_eq!(inside.values[0].len(), inside.relevance.as_ref().unwrap().len(), "a number for each feature");
    assert_eq!(inside.outputs.len(), 3);
    harness.get_by_label_contains("What each number adds to this output");
}

#[test]
fn the_network_is_a_diagram_whose_units_tell_their_sums_and_whose_weights_can_be_changed() {
    let mut harness = open(project("iris", &[("training.epochs", "3")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    fn connected(studio: &Studio) -> Option<(&Inside, &Connected)> {
        let (_, inside) = inside(studio)?;
        Some((inside, inside.connected.as_ref()?))
    }
    step_until(&mut harness, "the network is drawn", |studio| connected(studio).is_some());
    let (_, found) = connected(harness.state()).unwrap();
    let is_units =
        |wiring: &Option<Wiring>| matches!(wiring, Some(Wiring::Units(connections)) if !connections.is_empty());
    assert!(found.wirings[1..].iter().all(is_units), "every layer is dense");
    // The arrow keys walk from unit to unit, beginning at the outputs.
    let diagram = || By::new().label_contains("Network diagram");
    harness.get(diagram()).focus();
    harness.run_ok();
    harness.key_press(Key::ArrowDown);
    step_until(&mut harness, "a unit is looked at", |studio| connected(studio).is_some_and(|(_, it)| it.sum.is_some()));
    let (inside, found) = connected(harness.state()).unwrap();
    let sum = found.sum.as_ref().unwrap();
    assert_eq!(sum.value, inside.values.last().unwrap()[1], "the second output");
    let products: f32 = sum.terms.iter().map(|term| term.product()).sum();
    assert!((products + sum.bias.1 - sum.value).abs() < 1e-4, "a linear layer");
    let before = inside.outputs.clone();
    harness.get_by_label_contains("products add up to");
    // A look into its field is no change.
    click(&mut harness, "Bias");
    harness.get(diagram()).focus();
    harness.run_ok();
    assert!(harness.query_by_label("Undo the change").is_none());
    // A bias that is changed by hand changes the answer, and the run keeps its own.
    type_into(&mut harness, "Bias", "50");
    step_until(&mut harness, "the answer changes", |studio| {
        connected(studio).is_some_and(|(inside, _)| inside.outputs[1] > 0.99)
    });
    assert_eq!(connected(harness.state()).unwrap().1.unedited.as_ref(), Some(&before));
    wait_for(&mut harness, "Undo the change");
    click(&mut harness, "Undo the change");
    step_until(&mut harness, "it is as before", |studio| {
        connected(studio).is_some_and(|(inside, _)| inside.outputs == before)
    });
}

#[test]
fn of_points_every_unit_is_a_picture_of_the_plane() {
    let mut harness = open(project("spiral", &[("training.epochs", "5")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    let surfaces = |studio: &Studio| inside(studio)?.1.connected.as_ref()?.surfaces.clone();
    step_until(&mut harness, "the plane is drawn", |studio| surfaces(studio).is_some());
    let drawn = surfaces(harness.state()).unwrap();
    let (latest, inside) = inside(harness.state()).unwrap();
    let Part::Diagram { plane: Some(ranges), .. } = &latest.query.part else { panic!("{:?}", latest.query.part) };
    let sizes: Vec<usize> = drawn.iter().map(Vec::len).collect();
    let wanted: Vec<usize> = inside.places.iter().map(|place| place.shape.len() * SURFACE * SURFACE).collect();
    assert_eq!(sizes, wanted);
    // The output that is higher is the class that is predicted there.
    let predicted = read_rows(latest.query.network.trained(), &plane::places(ranges, SURFACE));
    for (logits, probabilities) in drawn.last().unwrap().chunks(2).zip(predicted.chunks(2)) {
        assert_eq!(logits[1] > logits[0], probabilities[1] > probabilities[0]);
    }
}
