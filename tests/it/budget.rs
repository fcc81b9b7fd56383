//! What each layer costs, below the cards of the network.

use backprop_studio::explain::budget::Budget;
use backprop_studio::ui::Studio;
use eframe::egui::{Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};

use crate::ink::faults;
use crate::studio::{click, step_until};
use crate::support::project;
use crate::views::open;

fn budget(studio: &Studio) -> Option<&Budget> {
    studio.derived().budget.current()?.answer.as_ref()
}

#[test]
fn the_layers_are_stacked_and_measured_while_building() {
    let mut harness = open(project("cnn-small", &[("data.source", "digits?count=200"), ("training.batch", "32")]));
    click(&mut harness, "What each layer costs");
    step_until(&mut harness, "the plan is known", |studio| budget(studio).is_some());
    harness.run_ok();
    let planned = budget(harness.state()).unwrap().clone();
    assert_eq!(planned.timing, None, "nothing is measured before somebody wants it");
    let conv = &planned.layers[0];
    let params: usize = planned.layers.iter().map(|layer| layer.params).sum();
    assert_eq!((conv.name.as_str(), conv.params > 0 && conv.multiply_adds > 0), ("1 Conv2d", true));
    fn bar(name: &str) -> By<'_> {
        By::new().role(Role::Image).label_contains(name)
    }
    let told = |harness: &Harness<'static, Studio>, name: &'static str| {
        harness.get(bar(name)).accesskit_node().label().unwrap()
    };
    assert!(told(&harness, "Parameters ").contains(&format!("{} {}: {}", conv.name, conv.detail, conv.params)));
    assert_eq!(params, {
        let job = project("cnn-small", &[]).job(harness.state().session().dataset().unwrap().clone(), 1).unwrap();
        job.network.param_count()
    });
    for size in [vec2(1024.0, 700.0), vec2(1280.0, 800.0)] {
        harness.set_size(size);
        harness.run_steps(6);
        let found = faults(&harness);
        assert!(found.is_empty(), "{size}: {found:#?}");
    }
    click(&mut harness, "Measure");
    step_until(&mut harness, "the layers are measured", |studio| budget(studio).is_some_and(|it| it.timing.is_some()));
    harness.run_ok();
    let measured = budget(harness.state()).unwrap().clone();
    assert!(measured.layers[0].time.is_some_and(|time| time.total() > 0.0));
    assert!(told(&harness, "Time of a step").contains("samples, loss and waiting: "));
    // The pointer reads a part.
    let place = harness.get(bar("Time of a step")).rect();
    harness.hover_at(place.left_center() + vec2(3.0, 0.0));
    harness.run_steps(30);
    harness.get(By::new().role(Role::Label).label_contains("of a step: forward"));
    click(&mut harness, "Fold what each layer costs");
    harness.get_by_label("What each layer costs");
}
