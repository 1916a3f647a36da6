//! Restarts, other programs, other layouts, other generations.

use std::{
    fs,
    ops::Range,
    os::fd::{FromRawFd as _, OwnedFd},
    path::Path,
};

use aegis_abi::{ABI_VERSION, Config, maps};
use aegis_core::{Change, Indicator, Ruleset};
use aegis_enforce::{Enforcer, ModeRequest, SourceDetector};
use aya::{
    maps::{Array, Map, MapData},
    programs::Xdp,
};

use super::scene::{Scene, others, wanted};
use crate::{
    packet::{SYN, tcp},
    support::{Action, HOUR, Instance, T0, clock, unwrap},
};

const ROUNDS: usize = 10;
/// Blocks that make another generation by themselves.
const BULK: u32 = 8192;

#[test]
fn restarts_under_a_flood_let_nothing_through() {
    for mode in [ModeRequest::Native, ModeRequest::Generic] {
        let Some(mut scene) = Scene::new(mode) else {
            return;
        };
        drop(scene.start());
        scene.hold(&format!("{ROUNDS} restarts, {mode:?}"), |scene| {
            for _ in 0..ROUNDS {
                drop(scene.start());
            }
        });
        let enforcer = scene.start();
        scene.finish(enforcer);
    }
}

#[test]
fn upgrades_to_another_program_under_a_flood_let_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.o");
    fs::write(&other, other_object()).unwrap();
    drop(scene.start());
    let first = tag(&scene.instance);
    scene.hold(&format!("{ROUNDS} upgrades, another program"), |scene| {
        for round in 0..ROUNDS {
            let is_other = round % 2 == 0;
            scene.instance.config.object = is_other.then(|| other.clone());
            drop(scene.start());
            assert_eq!(tag(&scene.instance) != first, is_other, "round {round}");
        }
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

#[test]
fn upgrades_from_another_layout_under_a_flood_let_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    drop(scene.start());
    scene.hold(&format!("{ROUNDS} upgrades, another layout"), |scene| {
        for _ in 0..ROUNDS {
            pretend_other_layout(&scene.instance);
            let before = map_id(&scene.instance, maps::HOSTS_V4);
            drop(scene.start());
            assert_ne!(map_id(&scene.instance, maps::HOSTS_V4), before);
            assert_eq!(layout(&scene.instance), ABI_VERSION);
        }
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

#[test]
fn upgrades_from_another_shape_of_map_under_a_flood_let_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    drop(scene.start());
    scene.hold(&format!("{ROUNDS} upgrades, another shape"), |scene| {
        for _ in 0..ROUNDS {
            let path = scene.instance.pin(maps::GATES);
            pin_array_of_another_size(&path);
            let before = map_id(&scene.instance, maps::COUNTERS);
            drop(scene.start());
            assert_ne!(map_id(&scene.instance, maps::COUNTERS), before);
        }
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

#[test]
fn changing_the_mode_under_a_flood_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    drop(scene.start());
    scene.hold_behind_the_tap("every change of mode", |scene| {
        use ModeRequest::{Generic, Native, Tc, TcFilter};
        let modes = [
            Generic, Native, Tc, Generic, Tc, Native, TcFilter, Generic, TcFilter, Tc, TcFilter,
            Native,
        ];
        for mode in modes {
            scene.instance.config.mode = mode;
            drop(scene.start());
        }
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

/// The other tests would be worth nothing if a gap could be overlooked.
#[test]
fn a_gap_is_seen_to_the_last_packet() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    drop(scene.start());
    scene.leak(|scene| {
        scene.detach();
        drop(scene.start());
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

#[test]
fn replacing_the_set_under_a_flood_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    let mut enforcer = scene.start();
    let mut took = Vec::new();
    scene.hold(&format!("{ROUNDS} sets of {BULK} replaced"), |scene| {
        for round in 0..ROUNDS as u32 {
            let before = map_id(&scene.instance, maps::HOSTS_V4);
            let mut changes: Vec<Change> = others(round * BULK, BULK);
            if let Some(earlier) = round.checked_sub(1) {
                let indicators = others(earlier * BULK, BULK);
                changes.extend(indicators.iter().map(|it| Change::Unblock(indicator(it))));
            }
            let start = clock();
            unwrap(enforcer.apply(T0, &changes));
            took.push(start.elapsed());
            assert_ne!(map_id(&scene.instance, maps::HOSTS_V4), before);
        }
    });
    eprintln!("each replacement took {took:?}");
    scene.finish(enforcer);
}

#[test]
fn growing_under_a_flood_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Native) else {
        return;
    };
    let mut enforcer = scene.start();
    let mut generations = 0;
    scene.hold("growth by 1000 blocks", |scene| {
        for round in 0..20 {
            let before = map_id(&scene.instance, maps::HOSTS_V4);
            unwrap(enforcer.apply(T0, &others(round * 1000, 1000)));
            generations += u32::from(map_id(&scene.instance, maps::HOSTS_V4) != before);
        }
    });
    assert!(generations >= 2, "{generations}");
    scene.finish(enforcer);
}

/// A switch-over is not one step: its pins are renamed one after the other, and its owner may be
/// killed after any of them.
#[test]
fn a_switch_over_cut_short_is_finished_by_the_next_start() {
    for cut in 0..=maps::GENERATION.len() {
        let Some(mut instance) = Instance::new() else {
            return;
        };
        instance.config.capacity.hosts_v4 = BULK;
        let mut enforcer = instance.start();
        let before: Vec<MapData> = maps::GENERATION
            .iter()
            .map(|it| map(&instance, it))
            .collect();
        unwrap(enforcer.apply(T0, &others(0, BULK)));
        drop(enforcer);
        // As a killed owner leaves it: the program in force reads the new maps, and only the first
        // few of them have their names.
        for (name, older) in maps::GENERATION.iter().zip(&before).skip(cut) {
            let next = instance.pin(&format!("next_{name}"));
            fs::rename(instance.pin(name), next).unwrap();
            older.pin(instance.pin(name)).unwrap();
        }
        let first = map(&instance, maps::COUNTERS);
        first.pin(instance.pin("switched")).unwrap();
        let enforcer = instance.start();
        assert_eq!(
            unwrap(enforcer.get_blocklist(T0)).len(),
            BULK as usize,
            "cut at {cut}"
        );
        for source in ["100.64.0.0", "100.64.31.255"] {
            let packet = tcp(source, SYN).bytes();
            assert_eq!(
                instance.run(&packet),
                Action::Drop,
                "{source}, cut at {cut}"
            );
        }
        let names = fs::read_dir(instance.pin("")).unwrap();
        let mut names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
        assert!(!names.any(|it| it.starts_with("next_") || it == "switched"));
    }
}

/// Killed when the program in force reads the new maps already, and nothing says so yet: what is to
/// be listed is what the store says, and no part of it is missing at any time.
#[test]
fn a_switch_over_cut_short_before_its_first_pin_is_made_anew() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = BULK;
    let mut enforcer = instance.start();
    let older: Vec<MapData> = maps::GENERATION
        .iter()
        .map(|it| map(&instance, it))
        .collect();
    let wanted = others(0, BULK);
    unwrap(enforcer.apply(T0, &wanted));
    drop(enforcer);
    for (name, older) in maps::GENERATION.iter().zip(&older) {
        let next = instance.pin(&format!("next_{name}"));
        fs::rename(instance.pin(name), next).unwrap();
        older.pin(instance.pin(name)).unwrap();
    }
    let sources = ["100.64.0.0", "100.64.31.255"];
    let are_dropped = || {
        sources.iter().all(|source| {
            let packet = tcp(source, SYN).bytes();
            instance.run(&packet) == Action::Drop
        })
    };
    assert!(are_dropped(), "nobody is alive");
    let mut ruleset = Ruleset::default();
    for change in &wanted {
        ruleset.apply(*change);
    }
    let enforcer = unwrap(Enforcer::start_with(&instance.config, T0, &ruleset));
    assert!(are_dropped());
    assert_eq!(
        unwrap(enforcer.get_blocklist(T0)).len(),
        wanted.len(),
        "all of them, and each once"
    );
    let names = fs::read_dir(instance.pin("")).unwrap();
    let mut names = names.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(!names.any(|it| it.starts_with("next_") || it == "switched"));
}

#[test]
fn maps_left_by_a_change_that_failed_are_not_taken_for_new_ones() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = BULK;
    let mut enforcer = instance.start();
    let small = map(&instance, maps::HOSTS_V4);
    let next = instance.pin(&format!("next_{}", maps::HOSTS_V4));
    small.pin(next).unwrap();
    unwrap(enforcer.apply(T0, &others(0, BULK)));
    let id = small.info().unwrap().id();
    assert_ne!(map_id(&instance, maps::HOSTS_V4), id);
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), BULK as usize);
}

#[test]
fn what_the_kernel_blocked_itself_stays_blocked_when_the_layout_changes() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.detectors.syn_flood = SourceDetector {
        enabled: true,
        threshold: 3,
        window: HOUR,
        block_for: HOUR,
    };
    drop(instance.start());
    for source in ["198.51.100.9", "2001:db8:9::1"] {
        for _ in 0..4 {
            instance.run(&tcp(source, SYN).bytes());
        }
    }
    instance.config.detectors.syn_flood.enabled = false;
    for round in 0..5 {
        pretend_other_layout(&instance);
        drop(unwrap(Enforcer::start_with(
            &instance.config,
            T0,
            &wanted(),
        )));
        for source in ["198.51.100.9", "2001:db8:9::1"] {
            let packet = tcp(source, SYN).bytes();
            assert_eq!(
                instance.run(&packet),
                Action::Drop,
                "{source}, round {round}"
            );
        }
        assert_eq!(instance.run(&tcp("192.0.2.9", SYN).bytes()), Action::Pass);
    }
}

fn indicator(change: &Change) -> Indicator {
    match *change {
        Change::Block { indicator, .. }
        | Change::Unblock(indicator)
        | Change::Exempt { indicator, .. }
        | Change::Unexempt(indicator) => indicator,
    }
}

fn map(instance: &Instance, name: &str) -> MapData {
    MapData::from_pin(instance.pin(name)).unwrap()
}

fn map_id(instance: &Instance, name: &str) -> u32 {
    map(instance, name).info().unwrap().id()
}

/// Returns what the kernel makes of the instructions of the pinned program.
fn tag(instance: &Instance) -> u64 {
    let kind = aya_obj::programs::XdpAttachType::Interface;
    let program = Xdp::from_pin(instance.pin("prog_xdp"), kind).unwrap();
    program.info().unwrap().tag()
}

/// Returns the object with other instructions that do the same: actions are set by 32-bit moves,
/// which clear the upper half, instead of 64-bit ones.
fn other_object() -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/aegis.bpf.o");
    let mut object = fs::read(path).unwrap();
    for code in code_of(&object) {
        for instruction in object[code].chunks_exact_mut(8) {
            if matches!(instruction, [0xb7, 0, 0, 0, 1 | 2, 0, 0, 0]) {
                instruction[0] = 0xb4;
            }
        }
    }
    object
}

/// Returns where the instructions lie in an object of 64 bits (ELF-64, little-endian).
fn code_of(object: &[u8]) -> Vec<Range<usize>> {
    const EXECUTABLE: usize = 4;
    let word = |at: usize, bytes: usize| {
        let bytes = object[at..at + bytes].iter().rev();
        bytes.fold(0, |word, it| word << 8 | usize::from(*it))
    };
    let (table, entry_bytes, entries) = (word(0x28, 8), word(0x3a, 2), word(0x3c, 2));
    let sections = (0..entries).map(|it| table + it * entry_bytes);
    let code = sections.filter(|it| word(it + 8, 8) & EXECUTABLE != 0);
    let ranges = code.map(|it| {
        let (first, bytes) = (word(it + 24, 8), word(it + 32, 8));
        first..first + bytes
    });
    ranges.collect()
}

type Settings = Array<MapData, [u8; size_of::<Config>()]>;

fn settings(instance: &Instance) -> Settings {
    Map::Array(map(instance, maps::CONFIG)).try_into().unwrap()
}

/// Returns the layout that the pinned lists say they have.
fn layout(instance: &Instance) -> u32 {
    let bytes = settings(instance).get(&0, 0).unwrap();
    u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Makes the pinned lists look as if a build of another layout had made them.
pub(super) fn pretend_other_layout(instance: &Instance) {
    let mut settings = settings(instance);
    let mut bytes = settings.get(&0, 0).unwrap();
    bytes[..4].copy_from_slice(&(ABI_VERSION + 1).to_ne_bytes());
    settings.set(0, bytes, 0).unwrap();
}

/// Puts a map in the place of the one pinned at `path`, which the program in force keeps using.
#[expect(unsafe_code, reason = "makes a map by system call")]
fn pin_array_of_another_size(path: &Path) {
    let mut attributes = [0_u32; 32]; // type, sizes of key and value, entries, and nothing else
    attributes[..4].copy_from_slice(&[2, 4, 4, 64]);
    // SAFETY: BPF_MAP_CREATE with a live block of arguments of the size that is named.
    let map = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            0,
            attributes.as_mut_ptr(),
            size_of_val(&attributes),
        )
    };
    assert!(map >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: the kernel just gave this descriptor to us alone.
    let map = unsafe { OwnedFd::from_raw_fd(map as i32) };
    fs::remove_file(path).unwrap();
    MapData::from_fd(map).unwrap().pin(path).unwrap();
}
