//! What a list takes: memory, and the time until it is in force, in bulk and entry by entry.

use aegis_core::{Change, Ruleset};
use aegis_enforce::Enforcer;
use anyhow::{Context as _, Result};

use super::{
    Options,
    cable::{Host, RECEIVER_LINK},
    column,
    figure::{Report, Spread},
    fits,
    instance::{Instance, blocks, clock, own_bytes, room_for},
    list::{AEGIS, Kind, PLAIN_HASH, TRIE, fill},
    packet::{Draw, Family, Payload, Traffic},
    stage::{Candidate, Duty, Origin, Room, Stage},
    xdp_filter::{XDP_FILTER, XdpFilter},
};

const MEMORY: &str = "Memory of the kernel's maps, bytes an entry";
const OWN_MEMORY: &str = "Memory of the process beside it, bytes an entry";
const TIMES: &str = "Changes of the list";
const BYTES_PER_ENTRY: u64 = 600;
/// A bulk change adds one entry to so many that are there, and at least a thousand.
const BULK_PART: u32 = 10;
const BULK_LEAST: u32 = 1000;

/// A time or rate of [`TIMES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Time {
    Load,
    Swap,
    Switch,
    SingleAdd,
    SingleAddSlow,
    BulkAdd,
    BulkRemoval,
}

impl Time {
    fn row(self, family: Family) -> String {
        let what = match self {
            Self::Load => "load, from changes in hand to in force, s",
            Self::Swap => "making it another list of the same size, ms",
            Self::Switch => "the switch alone, one program update, ms",
            Self::SingleAdd => "one more address, median, µs",
            Self::SingleAddSlow => "one more address, slowest of a hundred, µs",
            Self::BulkAdd => "bulk addition, entries a second",
            Self::BulkRemoval => "bulk removal, entries a second",
        };
        format!("{}: {what}", family.name())
    }
}

/// Returns a time of a list, if it was measured.
pub(crate) fn time(report: &Report, time: Time, family: Family, entries: u32) -> Option<f64> {
    report.value(TIMES, &time.row(family), &column(entries))
}

/// Returns the bytes of an entry in kernel and process together, if they were measured.
pub(crate) fn bytes(report: &Report, family: Family, entries: u32) -> Option<f64> {
    let (row, column) = (row(AEGIS, family), column(entries));
    let kernel = report.value(MEMORY, &row, &column)?;
    Some(kernel + report.value(OWN_MEMORY, &row, &column)?)
}

/// Measures every list size of both families.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for family in Family::BOTH {
        for entries in &options.entries {
            if fits(report, *entries, BYTES_PER_ENTRY)? {
                load(options, report, family, *entries)?;
                change(options, report, family, *entries)?;
                switch(options, report, family, *entries)?;
                rivals(options, report, family, *entries)?;
            }
        }
    }
    Ok(())
}

/// Loads a list into tables made for it.
fn load(options: &Options, report: &mut Report, family: Family, entries: u32) -> Result<()> {
    let empty = {
        let instance = Instance::new(room_for(family, 0), &[])?;
        let enforcer = instance.start()?;
        instance.map_bytes(&enforcer)?
    };
    let changes = blocks(family, 0..entries);
    let own_before = own_bytes()?;
    let instance = Instance::new(room_for(family, entries), &[])?;
    let mut enforcer = instance.start()?;
    let start = clock();
    let result = enforcer.apply(instance.now(), &changes);
    let seconds = start.elapsed().as_secs_f64();
    result.context("load the list")?;
    let own = own_bytes()?.saturating_sub(own_before);
    let kernel = instance.map_bytes(&enforcer)?.saturating_sub(empty);
    let mut proof = Proof::new(options, &instance)?;
    proof.expect(family, 0..entries, true)?;
    proof.expect(family, entries..entries + 1, false)?;

    let per_entry = |bytes: u64| Spread::single(bytes as f64 / f64::from(entries));
    let (row, column) = (row(AEGIS, family), column(entries));
    report.add(MEMORY, &row, &column, per_entry(kernel));
    report.add(OWN_MEMORY, &row, &column, per_entry(own));
    report.add(
        TIMES,
        &Time::Load.row(family),
        &column,
        Spread::single(seconds),
    );
    Ok(())
}

/// Changes a list that has room for twice as much.
fn change(options: &Options, report: &mut Report, family: Family, entries: u32) -> Result<()> {
    let singles = options.effort.singles;
    let bulk = (entries / BULK_PART).max(BULK_LEAST);
    let room = entries.saturating_mul(2) + singles + bulk;
    let instance = Instance::new(room_for(family, room), &[])?;
    let mut enforcer = instance.start()?;
    enforcer
        .apply(instance.now(), &blocks(family, 0..entries))
        .context("load the list")?;
    let mut proof = Proof::new(options, &instance)?;
    let mut add = |time: Time, spread| {
        report.add(TIMES, &time.row(family), &column(entries), spread);
    };

    let mut micros = Vec::new();
    for number in entries..entries + singles {
        let change = blocks(family, number..number + 1);
        let seconds = timed(&mut enforcer, &instance, &change)?;
        proof.expect(family, number..number + 1, true)?;
        micros.push(seconds * 1e6);
    }
    micros.sort_by(f64::total_cmp);
    let slow = micros[micros.len() * 99 / 100];
    add(Time::SingleAddSlow, Spread::single(slow));
    let median = Spread::of(micros).context("take a sample")?;
    add(Time::SingleAdd, Spread::single(median.value));

    let numbers = entries + singles..entries + singles + bulk;
    let [added, removed] = bulk_rates(options, family, numbers, (&mut enforcer, &instance))?;
    add(Time::BulkAdd, added);
    add(Time::BulkRemoval, removed);

    let other = entries..entries * 2;
    let mut ruleset = Ruleset::default();
    for change in blocks(family, other.clone()) {
        ruleset.apply(change);
    }
    let start = clock();
    let result = enforcer.reconcile(instance.now(), &ruleset);
    let seconds = start.elapsed().as_secs_f64();
    result.context("swap the list")?;
    add(Time::Swap, Spread::single(seconds * 1e3));
    proof.expect(family, other, true)?;
    proof.expect(family, 0..entries, false)
}

/// Adds many entries and takes them out again, some times, each time others: each is a matter of
/// milliseconds. The lists are swept in between, as a node does every ten seconds.
fn bulk_rates(
    options: &Options,
    family: Family,
    numbers: std::ops::Range<u32>,
    (enforcer, instance): (&mut Enforcer, &Instance),
) -> Result<[Spread; 2]> {
    let mut proof = Proof::new(options, instance)?;
    let unblock = |number: u32| Change::Unblock(family.indicator(u64::from(number)));
    let bulk = numbers.len() as u32;
    let rate = |seconds: f64| f64::from(bulk) / seconds;
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for round in 0..options.effort.rounds as u32 {
        let first = numbers.start + round * bulk;
        let numbers = first..first + bulk;
        let blocks = blocks(family, numbers.clone());
        let unblocks: Vec<_> = numbers.clone().map(unblock).collect();
        added.push(rate(timed(enforcer, instance, &blocks)?));
        proof.expect(family, numbers.clone(), true)?;
        removed.push(rate(timed(enforcer, instance, &unblocks)?));
        proof.expect(family, numbers, false)?;
        enforcer
            .sweep(instance.now())
            .context("sweep the lists between two additions")?;
    }
    let [added, removed] = [added, removed].map(Spread::of);
    Ok([
        added.context("take a sample")?,
        removed.context("take a sample")?,
    ])
}

/// Puts the program of a list behind the link of an interface, in the place of another one, as the
/// last step of a change that makes another generation does.
fn switch(options: &Options, report: &mut Report, family: Family, entries: u32) -> Result<()> {
    let (sender, receiver) = (Host::new("switch-a")?, Host::new("switch-b")?);
    receiver.plug(&sender, "switch0")?;
    let instance = Instance::new(room_for(family, entries), &[RECEIVER_LINK])?;
    let mut enforcer = receiver.enter(|| instance.start())?;
    enforcer
        .apply(instance.now(), &blocks(family, 0..entries))
        .context("load the list")?;
    let mut stage = Stage::load(&options.object, Room::default())?;
    let mut millis = Vec::new();
    for _ in 0..options.effort.rounds {
        let other = stage.program_mut("empty_frags")?;
        let id = other
            .attach_to_link(instance.link()?)
            .context("put another program there")?;
        // Only this handle of it is let go: the link is pinned.
        drop(other.take_link(id));
        let (mut program, link) = (instance.open_program()?, instance.link()?);
        let start = clock();
        let result = program.attach_to_link(link);
        let seconds = start.elapsed().as_secs_f64();
        result.context("switch the program")?;
        millis.push(seconds * 1e3);
    }
    let spread = Spread::of(millis).context("take a sample")?;
    report.add(TIMES, &Time::Switch.row(family), &column(entries), spread);
    Ok(())
}

fn timed(enforcer: &mut Enforcer, instance: &Instance, changes: &[Change]) -> Result<f64> {
    let now = instance.now();
    let start = clock();
    let result = enforcer.apply(now, changes);
    let seconds = start.elapsed().as_secs_f64();
    result.context("change the list")?;
    Ok(seconds)
}

/// What the same list takes in rivals' maps.
fn rivals(options: &Options, report: &mut Report, family: Family, entries: u32) -> Result<()> {
    let stage = Stage::load(&options.object, Room::of(family, entries))?;
    let mut found = vec![
        (PLAIN_HASH, fill(&stage, Kind::Hash, family, entries)?),
        (TRIE, fill(&stage, Kind::Trie, family, entries)?),
    ];
    if let Some(filter) = XdpFilter::load(family, entries)? {
        found.push((XDP_FILTER, filter.list(family, entries)?));
    }
    for (name, bytes) in found {
        let bytes = Spread::single(bytes as f64 / f64::from(entries));
        report.add(MEMORY, &row(name, family), &column(entries), bytes);
    }
    Ok(())
}

fn row(name: &str, family: Family) -> String {
    format!("{name}, {}", family.name())
}

/// Test packets, which say whether a change is in force.
struct Proof {
    stage: Stage,
    aegis: Candidate,
}

impl Proof {
    fn new(options: &Options, instance: &Instance) -> Result<Self> {
        let aegis = Candidate {
            name: AEGIS,
            duty: Duty::Filter,
            program: Origin::Pinned(instance.program()),
        };
        let stage = Stage::load(&options.object, Room::default())?;
        Ok(Self { stage, aegis })
    }

    /// Fails unless packets from these sources are dropped, or passed.
    fn expect(
        &mut self,
        family: Family,
        numbers: std::ops::Range<u32>,
        is_hit: bool,
    ) -> Result<()> {
        let mut traffic = Traffic::new(family, Payload::Udp, Draw::Hit, 1);
        traffic.plan.first = u64::from(numbers.start);
        traffic.plan.count = u64::from(numbers.end - numbers.start);
        traffic.is_hit = is_hit;
        self.stage.check(&self.aegis, &traffic)
    }
}
