//! The panes of the tab Inside that tell why a network answers as it does.

use std::fs;

use backprop_nn::Inspection;
use backprop_studio::train::evaluate::TrainedModel;
use backprop_studio::ui::{Request, Studio};
use eframe::egui::{Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::ink::faults;
use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{open, train, wait_for};

/// Opens a pane of the tab, whose name is that of a button.
pub fn open_pane(harness: &mut Harness<'static, Studio>, name: &str, text: &str) {
    harness.get_by_role_and_label(Role::Button, name).click();
    harness.run_ok();
    wait_for(harness, text);
}

/// No text is cut or covered in a small window and in a large one.
#[track_caller]
pub fn assert_whole(harness: &mut Harness<'static, Studio>) {
    for size in [vec2(1024.0, 700.0), vec2(1920.0, 1080.0), vec2(1280.0, 800.0)] {
        harness.set_size(size);
        harness.run_steps(10);
        let found = faults(harness);
        assert!(found.is_empty(), "{size}: {found:#?}");
    }
}

/// The probability of a class.
fn probability(trained: TrainedModel<'_>, inspection: &mut Inspection, sample: &[f32], class: u16) -> f32 {
    inspection.forward(trained.weights, sample);
    let mut outputs = inspection.outputs().to_vec();
    trained.loss.probabilities(&mut outputs);
    outputs[usize::from(class)]
}

#[test]
fn a_digit_is_shown_beside_its_neighbors_and_changed_into_another() {
    let mut harness = open(project("mlp", &[("data.source", "digits?count=400"), ("training.epochs", "8")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Neighbors");
    // The drawing has neighbors as well.
    open_pane(&mut harness, "Neighbors", "training samples");
    click(&mut harness, "Sample");
    step_until(&mut harness, "the neighbors are found", |studio| {
        let latest = studio.derived().neighbors.current();
        latest.is_some_and(|latest| latest.query.at == Some(0) && latest.answer.is_some())
    });
    let latest = harness.state().derived().neighbors.current().unwrap().clone();
    let found = latest.answer.as_ref().unwrap();
    let job = harness.state().session().job.clone().unwrap();
    assert_eq!((found.searched, found.of, found.place.label), (job.split.train.len(), job.split.train.len(), "Dense"));
    assert!(found.nearest.len() == 8 && found.nearest.is_sorted_by(|one, other| one.1 <= other.1));
    assert!(found.nearest.iter().all(|(sample, _)| *sample != 0 && job.split.train.contains(sample)));
    harness.get_by_label("Image 0, this one");
    assert_whole(&mut harness);
    let (nearest, _) = found.nearest[0];
    let place = harness.query_all_by_label_contains("Image 1, ").next().unwrap().rect().center();
    harness.drag_at(place);
    harness.run_ok();
    harness.drop_at(place);
    harness.run_ok();
    step_until(&mut harness, "the neighbor is looked at", |studio| {
        studio.derived().neighbors.current().is_some_and(|latest| latest.query.at == Some(nearest as usize))
    });

    open_pane(&mut harness, "What if", "steps the probability");
    let latest = harness.state().derived().counterfactual.current().unwrap().clone();
    let (query, found) = (&latest.query, latest.answer.as_ref().unwrap());
    assert!(found.is_reached && found.before < 0.5 && found.steps > 0, "{} steps", found.steps);
    assert!(found.sample.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
    let mut inspection = Inspection::new(&query.model, job.shape(), 10).unwrap();
    let after = probability(query.network.trained(), &mut inspection, &found.sample, query.class);
    assert!((after - found.after).abs() < 1e-5 && after > 0.5, "{after}");
    for name in ["before", "after"] {
        harness.get_by_role_and_label(Role::Image, name);
    }
    harness.get_by_label_contains("Difference, -");
    assert_whole(&mut harness);
    // Another class is chosen.
    harness.get_by_role_and_label(Role::ComboBox, "Wanted class").click();
    harness.run_ok();
    let wanted = if query.class == 3 { "8" } else { "3" };
    harness.query_all_by_role_and_label(Role::Button, wanted).last().unwrap().click();
    harness.run_ok();
    step_until(&mut harness, "the sample is changed into it", |studio| {
        let latest = studio.derived().counterfactual.current();
        latest.is_some_and(|latest| latest.query.class.to_string() == wanted)
    });
}

#[test]
fn columns_of_a_table_are_ranked_and_varied_and_a_row_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parcels.csv");
    let row = |at: usize| {
        let (weight, zone) = (at * 7 % 20, ["near", "far", "home"][at * 5 % 3]);
        let is_dear = weight + if zone == "far" { 8 } else { 0 } > 13;
        format!("{weight}.5,{zone},{},{}\n", at * 13 % 17, if is_dear { "dear" } else { "cheap" })
    };
    fs::write(&path, format!("weight kg,zone,noise,kind\n{}", (0..240).map(row).collect::<String>())).unwrap();
    let source = format!("csv:{}?target=kind", path.display());
    let mut parcels = project("iris", &[("data.source", &source), ("training.epochs", "60")]);
    parcels.model.layers.pop();
    parcels.model.layers.push(backprop_nn::layers::Dense::new(2, backprop_nn::layers::Function::Linear).into());
    let mut harness = open(parcels);
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Neighbors");

    open_pane(&mut harness, "Columns", "validation samples, less after 5 shuffles");
    let importance = harness.state().derived().importance.current().unwrap().clone();
    let found = importance.answer.as_ref().unwrap();
    let job = harness.state().session().job.clone().unwrap();
    assert_eq!((found.falls.len(), found.samples), (3, job.split.validation.len()));
    let accuracy = harness.state().session().validation().unwrap().accuracy().unwrap();
    assert!((found.score - f64::from(accuracy)).abs() < 1e-6, "the accuracy of the run");
    let [weight, zone, noise] = [0, 1, 2].map(|column| found.falls[column].mean);
    assert!(weight > zone && zone > noise && noise.abs() < 0.1, "{weight} {zone} {noise}");
    // The most important column is shown first, then the one that is clicked.
    wait_for(&mut harness, "Mean probability of");
    step_until(&mut harness, "the column is varied", |studio| studio.derived().dependence.current().is_some());
    let dependence = harness.state().derived().dependence.current().unwrap().clone();
    let curve = dependence.answer.as_ref().unwrap();
    assert!(dependence.query.column == 0 && curve.values.len() == curve.means.len() && curve.values.len() > 10);
    let dear = job.dataset.task.classes().iter().position(|class| class == "dear").unwrap();
    assert!(curve.means[curve.means.len() - 1][dear] > curve.means[0][dear] + 0.3, "heavy ones are dear");
    assert_whole(&mut harness);
    let name = harness.query_all_by_label_contains("zone, importance").next().unwrap();
    name.click();
    harness.run_ok();
    wait_for(&mut harness, "home, probability of");
    assert_whole(&mut harness);

    open_pane(&mut harness, "Neighbors", "training samples");
    wait_for(&mut harness, "sample this one, distance 0");
    assert_whole(&mut harness);

    open_pane(&mut harness, "What if", "categories and missing numbers stay");
    let latest = harness.state().derived().counterfactual.current().unwrap().clone();
    let found = latest.answer.as_ref().unwrap();
    // The class that the row is not taken for, and no other category.
    assert!(found.is_reached && found.before < 0.5, "{found:?}");
    assert_eq!(found.sample[1..4], latest.query.sample[1..4]);
    wait_for(&mut harness, ", before ");
    assert_whole(&mut harness);
}
