//! A list with prefixes in it: nine addresses to every prefix, of all lengths, as lists of
//! countries and of hosters mix them.

use std::collections::BTreeSet;

use aegis_core::{Change, Indicator};
use aegis_enforce::Capacity;
use anyhow::{Context as _, Result};

use super::{
    Options, column,
    figure::{Report, Spread},
    fits,
    instance::{Instance, block, clock},
    list::{AEGIS, TRIE, trie_key_v4},
    packet::{Draw, Family, Payload, Traffic},
    source::address_v4,
    stage::{Caches, Candidate, Duty, Origin, Room, Stage},
};

const MISS: &str = "Miss, one entry in ten a prefix, ns a packet above the empty program";
const LOAD: &str = "Load, one entry in ten a prefix, seconds";
const BYTES_PER_ENTRY: u64 = 500;
/// This bit of an address says here that it is not listed. Every /16 that holds a prefix is asked
/// about it then, and no prefix answers: all of /17 and longer have the bit clear.
const UNLISTED_BIT: u32 = 0x8000;
/// Lengths of the prefixes that lie anywhere, as often as they come.
const LONG: [u8; 24] = [
    24, 24, 24, 24, 24, 24, 23, 23, 22, 22, 22, 21, 21, 20, 20, 19, 18, 17, 25, 26, 27, 28, 29, 30,
];
/// One prefix in so many is a short one, of /8 to /16.
const SHORT_EVERY: u32 = 32;
/// First bytes where those lie, and no other source.
const SHORT_FIRST: u32 = 209;
const SHORT_COUNT: u32 = 14;

/// Returns the miss of AEGIS and of the trie, if they were measured.
pub(crate) fn miss(report: &Report, entries: u32) -> Option<[f64; 2]> {
    let find = |row| report.value(MISS, row, &column(entries));
    Some([find(AEGIS)?, find(TRIE)?])
}

/// Returns how long loading the list took, if it was measured.
pub(crate) fn load_seconds(report: &Report, entries: u32) -> Option<f64> {
    report.value(LOAD, AEGIS, &column(entries))
}

/// Measures every list size.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    for entries in &options.entries {
        if fits(report, *entries, BYTES_PER_ENTRY)? {
            one_list(options, report, *entries)?;
        }
    }
    Ok(())
}

fn one_list(options: &Options, report: &mut Report, entries: u32) -> Result<()> {
    let list = list(entries);
    let changes = changes(&list)?;
    let capacity = Capacity {
        hosts_v4: entries,
        hosts_v6: 1024,
        prefixes: entries,
    };
    let instance = Instance::new(capacity, &[])?;
    let mut enforcer = instance.start()?;
    let start = clock();
    let result = enforcer.apply(instance.now(), &changes);
    let seconds = start.elapsed().as_secs_f64();
    result.context("load addresses and prefixes")?;
    report.add(LOAD, AEGIS, &column(entries), Spread::single(seconds));

    let mut stage = Stage::load(&options.object, Room::of(Family::V4, entries))?;
    let keys = list
        .iter()
        .map(|(address, len)| trie_key_v4(*address, *len));
    stage.fill("TRIE_V4", keys)?;
    let aegis = Candidate {
        name: AEGIS,
        duty: Duty::Filter,
        program: Origin::Pinned(instance.program()),
    };
    let trie = stage.candidate(TRIE, "trie_v4", Duty::Filter)?;
    for (address, _) in list.iter().take(options.effort.listed_checks) {
        let traffic = from_address(*address);
        stage.check(&aegis, &traffic)?;
        stage.check(&trie, &traffic)?;
    }
    let mut traffic = Traffic::new(Family::V4, Payload::Udp, Draw::Miss, entries);
    traffic.plan.bits_v4 = u64::from(UNLISTED_BIT);
    let candidates = [&aegis, &trie];
    let spreads = stage.compare(&candidates, &traffic, Caches::Warm, &options.effort)?;
    for (candidate, spread) in candidates.into_iter().zip(spreads) {
        report.add(MISS, candidate.name, &column(entries), spread);
    }
    Ok(())
}

/// Returns the list without what came twice.
fn list(entries: u32) -> BTreeSet<(u32, u8)> {
    let prefixes = entries / 10;
    let host = |number| (address_v4(u64::from(number)) & !UNLISTED_BIT, 32);
    let hosts = (0..entries - prefixes).map(host);
    let prefixes = (entries - prefixes..entries).map(prefix);
    hosts.chain(prefixes).collect()
}

fn prefix(number: u32) -> (u32, u8) {
    let address = address_v4(u64::from(number));
    if number.is_multiple_of(SHORT_EVERY) {
        let len = 8 + (number / SHORT_EVERY % 9) as u8;
        let first = SHORT_FIRST + (address >> 24) % SHORT_COUNT;
        return (((first << 24) | (address & 0x00ff_ffff)) & mask(len), len);
    }
    let len = LONG[number as usize % LONG.len()];
    (address & !UNLISTED_BIT & mask(len), len)
}

const fn mask(len: u8) -> u32 {
    u32::MAX << (32 - len)
}

fn changes(list: &BTreeSet<(u32, u8)>) -> Result<Vec<Change>> {
    let change = |(address, len): &(u32, u8)| {
        let address = std::net::Ipv4Addr::from(*address).into();
        Some(block(Indicator::prefix(address, *len)?))
    };
    let changes = list.iter().map(change).collect::<Option<_>>();
    changes.context("name the prefixes")
}

/// Packets that all come from one listed address.
fn from_address(address: u32) -> Traffic {
    let mut traffic = Traffic::new(Family::V4, Payload::Udp, Draw::Hit, 1);
    traffic.plan.first = 0;
    traffic.plan.fixed_v4 = u64::from(address);
    traffic
}
