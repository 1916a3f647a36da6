//! What a packet costs: hits and misses, warm and cold, beside rivals in the same run.

use anyhow::{Context as _, Result};

use super::{
    Options, column,
    figure::{Report, Spread},
    fits,
    instance::{Instance, room_for},
    list::{AEGIS, List},
    packet::{Draw, Family, Payload, Traffic},
    stage::{Caches, Candidate, Duty, Origin, Room, Stage, open_pin},
};

/// The kernel holds about as much for each entry while everybody lists it, all told.
const BYTES_PER_ENTRY: u64 = 600;
/// Where the kernel puts a program is chance, and moves so small a figure by half of it: so many
/// times all is loaded anew.
const PLACES: usize = 15;
/// So many times the program is loaded anew onto a list.
const PLACES_OF_LIST: usize = 5;
const NOTHING_LISTED: &str = "Miss with nothing listed, ns a packet above the empty program";
/// As a driver enters a program: this is what a host without a list pays, and what the goal is for.
const ENTERED: &str = "AEGIS, entered as by a driver";
/// Behind the jump by which the other tables here change packets.
const BEHIND_JUMP: &str = "AEGIS, behind a change of the source and a jump";

/// Of a flood until the node looks after its lists the next time, ten seconds later at most.
const AT_FIRST: &str = "AEGIS, until its first sweep in a flood";

/// Returns the table that holds a draw's figures.
pub(crate) fn table(family: Family, draw: Draw, caches: Caches) -> String {
    let caches = match caches {
        Caches::Warm => "",
        Caches::Cold => ", caches cold",
    };
    let (family, draw) = (family.name(), draw.name());
    format!("{family} {draw}{caches}, ns a packet above the empty program")
}

/// Returns what a miss costs where nothing is listed, if it was measured.
pub(crate) fn nothing_listed(report: &Report, family: Family) -> Option<f64> {
    report.value(NOTHING_LISTED, ENTERED, family.name())
}

/// Measures both families with nothing listed.
pub(crate) fn measure_empty(options: &Options, report: &mut Report) -> Result<()> {
    for family in Family::BOTH {
        empty_list(options, report, family)?;
    }
    Ok(())
}

/// Measures every list size of both families.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for family in Family::BOTH {
        for entries in &options.entries {
            if fits(report, *entries, BYTES_PER_ENTRY)? {
                one_list(options, report, family, *entries)?;
            }
        }
    }
    Ok(())
}

fn empty_list(options: &Options, report: &mut Report, family: Family) -> Result<()> {
    for _ in 0..options.effort.places(PLACES) {
        let spreads = empty_list_once(options, family)?;
        for (name, spread) in [BEHIND_JUMP, ENTERED].into_iter().zip(spreads) {
            report.add(NOTHING_LISTED, name, family.name(), spread);
        }
    }
    Ok(())
}

/// Returns what a packet costs where nothing is listed, behind the jump and entered as by a driver.
fn empty_list_once(options: &Options, family: Family) -> Result<[Spread; 2]> {
    let mut stage = Stage::load(&options.object, Room::default())?;
    let instance = Instance::new(room_for(family, 0), &[])?;
    let _enforcer = instance.start()?;
    let candidate = Candidate {
        name: AEGIS,
        duty: Duty::Filter,
        program: Origin::Pinned(instance.program()),
    };
    let mut traffic = Traffic::new(family, Payload::Udp, Draw::Miss, 0);
    let spreads = stage.compare(&[&candidate], &traffic, Caches::Warm, &options.effort)?;
    let behind_jump = *spreads.first().context("take a sample")?;
    // A source, where the mutator would have put one.
    let source = match family {
        Family::V4 => 26,
        Family::V6 => 22,
    };
    traffic.bytes[source..source + 4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    let program = open_pin(&instance.program())?;
    let entered = stage.compare_entered(&program, &traffic.bytes, &options.effort)?;
    Ok([behind_jump, entered])
}

fn one_list(options: &Options, report: &mut Report, family: Family, entries: u32) -> Result<()> {
    let mut list = List::new(options, report, family, entries)?;
    for place in 0..options.effort.places(PLACES_OF_LIST) {
        if place > 0 {
            list.load_anew()?;
        }
        for caches in [Caches::Warm, Caches::Cold] {
            for draw in Draw::ALL {
                let traffic = Traffic::new(family, Payload::Udp, draw, entries);
                let mut add = |name, spread| {
                    report.add(&table(family, draw, caches), name, &column(entries), spread);
                };
                if draw.is_hit() {
                    list.sweep()?;
                    let aegis = list.aegis()?.share()?;
                    let stage = &mut list.stage;
                    let spreads = stage.compare(&[&aegis], &traffic, caches, &options.effort)?;
                    add(AT_FIRST, *spreads.first().context("take a sample")?);
                }
                list.settle(&traffic, options.effort.packets)?;
                // To all others chance does next to nothing, beside what they cost.
                let is_again = |it: &&Candidate| place == 0 || it.name == AEGIS;
                let candidates: Vec<_> = list.candidates.iter().filter(is_again).collect();
                let stage = &mut list.stage;
                let spreads = stage.compare(&candidates, &traffic, caches, &options.effort)?;
                for (candidate, spread) in candidates.iter().zip(spreads) {
                    add(candidate.name, spread);
                }
            }
        }
    }
    Ok(())
}
