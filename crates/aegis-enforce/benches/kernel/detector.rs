//! What the detectors cost: the same packets with all of them on and with all of them off.

use aegis_enforce::Enforcer;
use anyhow::{Context as _, Result};

use super::{
    Options,
    figure::{Report, Spread},
    instance::{Instance, all_detectors, no_detector, room_for},
    list::AEGIS,
    packet::{Draw, Family, Payload, Traffic},
    stage::{Caches, Candidate, Duty, Origin, Room, Stage},
};

/// A figure here is the small difference of two, and where the kernel puts the program is chance: so
/// many times it is loaded anew.
const PLACES: usize = 5;

const DETECTORS: &str = "All detectors on, ns a SYN above all of them off";
const COLUMNS: [(Draw, &str); 2] = [(Draw::MissFew, "256 sources"), (Draw::Miss, "2^31 sources")];

/// Returns what a SYN costs with few and with very many sources, if it was measured.
pub(crate) fn few_and_many(report: &Report, family: Family) -> Option<[f64; 2]> {
    let [(_, few), (_, many)] = COLUMNS;
    let row = row(family);
    let find = |column| report.value(DETECTORS, &row, column);
    Some([find(few)?, find(many)?])
}

/// Measures connection requests of both families; nothing is listed.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for family in Family::BOTH {
        for _ in 0..options.effort.places(PLACES) {
            let mut stage = Stage::load(&options.object, Room::default())?;
            let instance = Instance::new(room_for(family, 0), &[])?;
            let mut enforcer = instance.start()?;
            let candidate = Candidate {
                name: AEGIS,
                duty: Duty::Filter,
                program: Origin::Pinned(instance.program()),
            };
            for (draw, column) in COLUMNS {
                let traffic = Traffic::new(family, Payload::Syn, draw, 0);
                let run = (&mut stage, &candidate, &traffic);
                let spread = on_above_off(options, &mut enforcer, run)?;
                report.add(DETECTORS, &row(family), column, spread);
            }
        }
    }
    Ok(())
}

/// Returns what a packet costs more where all detectors are on, each round in turn.
fn on_above_off(
    options: &Options,
    enforcer: &mut Enforcer,
    (stage, candidate, traffic): (&mut Stage, &Candidate, &Traffic),
) -> Result<Spread> {
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..options.effort.rounds {
        let settings = [no_detector(), all_detectors()];
        for (setting, samples) in settings.into_iter().zip(&mut samples) {
            enforcer
                .set_detectors(&setting)
                .context("switch the detectors")?;
            stage.check(candidate, traffic)?;
            let packets = options.effort.packets;
            let (_, [_, slices]) = stage.sample(candidate, traffic, Caches::Warm, packets)?;
            samples.push(slices);
        }
    }
    let [off, on] = samples;
    Spread::above(&off, &on).context("take a sample")
}

fn row(family: Family) -> String {
    format!("{AEGIS}, {}", family.name())
}
