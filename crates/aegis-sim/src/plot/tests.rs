//! Plots show every model, each once, within the axes.

use super::{Series, draw, plots};
use crate::run::Checking;
use crate::table::rows;
use crate::tournament::Plan;
use crate::{attack, model};

#[test]
fn lines_lie_within_the_axes() {
    let series = Series {
        name: "aegis".to_owned(),
        points: vec![(0.0, 1.0), (50.0, 0.5), (100.0, 0.0)],
    };
    let svg = draw("title", ("axis", 100.0), &[series]);
    assert!(
        svg.contains("points=\"60.0,40.0 325.0,195.0 590.0,350.0 \""),
        "{svg}"
    );
    for expected in [">title<", ">axis<", ">aegis<", ">100<", "</svg>"] {
        assert!(svg.contains(expected), "{expected}");
    }
}

#[test]
fn every_model_has_a_line_in_every_plot() {
    let attacks = attack::ATTACKS.iter();
    let plan = Plan {
        peers: vec![10, 20],
        hostile: vec![0.0, 0.5],
        attacks: attacks
            .filter(|it| ["always-lie", "betray"].contains(&it.name))
            .copied()
            .collect(),
        models: model::BASELINES.to_vec(),
        first_seed: 1,
        seeds: 1,
        targets: 60,
        checking: Checking {
            share: 0.05,
            is_steered: true,
        },
    };
    let plots = plots(&rows(&plan, &plan.play(1, &|_| {})));
    let files: Vec<_> = plots.iter().map(|it| it.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "share-10.svg",
            "time-betray-10.svg",
            "share-20.svg",
            "time-betray-20.svg"
        ]
    );
    for plot in plots {
        for model in ["none", "oracle"] {
            assert_eq!(
                plot.svg.matches(&format!(">{model}<")).count(),
                1,
                "{}",
                plot.file
            );
        }
    }
}
