//! The kernel benchmark runs, with tiny numbers, and refuses wrong verdicts.
//!
//! Its kernel programs are built by `cargo xtask build-ebpf --bench`, which `cargo xtask test` does
//! where the pinned compiler is. Without them these tests are skipped: it is not the kernel that
//! lacks.

#[path = "../../benches/kernel/measure.rs"]
mod measure;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use measure::{
    Effort, Goal, Options, Outcome, Part, Report, leftover,
    packet::{Draw, Family, Payload, Traffic},
    source,
    stage::{Caches, Duty, Room, Stage},
};

use crate::support::Instance;

const ENTRIES: [u32; 2] = [64, 1000];

/// Returns what to measure; `None` where that cannot be.
fn options(part: Part) -> Option<Options> {
    Instance::new()?;
    let usual = || Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bpf/bench.bpf.o");
    let object = std::env::var_os("AEGIS_BENCH_OBJECT").map_or_else(usual, PathBuf::from);
    if !object.is_file() {
        let path = object.display();
        eprintln!("SKIPPED: no {path}: `cargo xtask build-ebpf --bench` builds it");
        return None;
    }
    Some(Options {
        entries: ENTRIES.to_vec(),
        parts: vec![part],
        object,
        effort: Effort::TINY,
    })
}

/// Measures one part, whose every table must be full.
#[track_caller]
fn check(part: Part, tables: std::ops::RangeInclusive<usize>) {
    let Some(options) = options(part) else { return };
    let report = measure::run(&options).unwrap_or_else(|error| panic!("{error:#}"));
    let text = report.to_string();
    let json = report.to_json();
    let figures = json["figures"].as_array().unwrap();
    let mut names: Vec<_> = figures.iter().map(|it| it["table"].to_string()).collect();
    names.dedup();
    names.sort();
    names.dedup();
    assert!(tables.contains(&names.len()), "{names:?}");
    assert!(figures.iter().all(|it| it["value"].is_f64()), "{text}");
    let headings = text.matches("### ").count();
    assert_eq!(headings, names.len() + notes(&json), "{text}");
    assert!(!measure::describe().to_json()["kernel"].is_null());
    check_goals(&report);
}

/// Returns how many headings there are for what was left out.
fn notes(json: &serde_json::Value) -> usize {
    usize::from(json["left_out"].as_array().is_some_and(|it| !it.is_empty()))
}

/// Goals speak of larger lists: none is met by having measured nothing.
#[track_caller]
fn check_goals(report: &Report) {
    let goals: Vec<Goal> = measure::goals(report);
    assert!(goals.len() >= 30);
    for goal in goals {
        let is_measured = goal.value.is_some();
        assert_eq!(
            goal.outcome() == Outcome::NotMeasured,
            !is_measured,
            "{}",
            goal.text
        );
        assert!(!goal.bound.to_string().is_empty());
        assert!(!measure::number(goal.value.unwrap_or(0.0)).is_empty());
    }
}

#[test]
fn every_candidate_drops_what_is_listed_and_passes_the_rest() {
    check(Part::Packet, 16..=16);
}

#[test]
fn a_packet_is_measured_where_nothing_is_listed() {
    check(Part::Empty, 1..=1);
}

#[test]
fn detectors_are_measured_on_and_off() {
    check(Part::Detector, 1..=1);
}

#[test]
fn a_list_with_prefixes_is_measured() {
    check(Part::Prefix, 2..=2);
}

#[test]
fn changes_are_in_force_when_their_time_is_taken() {
    check(Part::Table, 3..=3);
}

#[test]
fn floods_arrive_where_nothing_drops_them_and_leave_no_namespace() {
    // Multiples of XDP_DROP want that to cost more than nothing, which noise may deny.
    check(Part::Flood, 8..=9);
    let output = Command::new("ip").args(["netns", "list"]).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    let ours = format!("aegis-b{}-", std::process::id());
    assert!(!names.contains(&ours), "{names}");
}

#[test]
fn a_filter_with_wrong_verdicts_fails_the_run() {
    let Some(options) = options(Part::Packet) else {
        return;
    };
    let mut stage = Stage::load(&options.object, Room::default()).unwrap();
    for (program, draw, wrong) in [
        ("pass_all", Draw::Hit, "verdict 2 where 1 is right"),
        ("empty", Draw::Miss, "verdict 1 where 2 is right"),
        ("plain_hash_v4", Draw::Hit, "verdict 2 where 1 is right"),
    ] {
        let candidate = stage.candidate(program, program, Duty::Filter).unwrap();
        let traffic = Traffic::new(Family::V4, Payload::Udp, draw, 64);
        let error = stage
            .compare(&[&candidate], &traffic, Caches::Warm, &options.effort)
            .unwrap_err();
        assert!(error.to_string().contains(wrong), "{error:#}");
    }
}

#[test]
fn no_listed_source_has_the_address_of_another_or_of_an_unlisted_one() {
    let numbers = || (0..50_000).chain(1 << 30..(1 << 30) + 50_000);
    let far = (3 << 30) - 50_000..3 << 30;
    for family in Family::BOTH {
        let indicators = numbers().chain(far.clone()).map(|it| family.indicator(it));
        let found: std::collections::BTreeSet<_> = indicators.collect();
        assert_eq!(found.len(), 150_000, "{}", family.name());
    }
    for number in numbers().chain(far) {
        let first = source::address_v4(number) >> 24;
        assert!((16..=208).contains(&first) && first != 127, "{first}");
    }
}

#[test]
fn only_what_a_dead_run_left_is_removed() {
    let prefix = "aegis-bench-";
    let ours = format!("{prefix}{}-0", std::process::id());
    // No process has this number: the kernel's highest is 2^22.
    let dead = format!("{prefix}{}-0", u32::MAX);
    for (name, is_left) in [
        (dead.as_str(), true),
        (ours.as_str(), false),
        ("aegis-bench-xf-1-0", false),
        ("aegis-bench-4294967295", false),
        ("default", false),
    ] {
        assert_eq!(leftover::is_of_the_dead(name, prefix), is_left, "{name}");
    }
}

#[test]
fn every_part_has_a_name_of_its_own() {
    let mut names = Part::ALL.map(Part::name);
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    const { assert!(Effort::FULL.packets > Effort::TINY.packets) };
}
