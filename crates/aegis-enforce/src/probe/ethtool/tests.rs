//! Answers as drivers give them, and as they should not.

use super::*;

#[test]
fn puts_names_and_bits_together() {
    let names = names(&["rx-lro", "rx-gro-hw", "", "rx-vlan-hw-parse"]);
    // Changeable: 0, 1 and 3; on: 1, 2 and 3; never to be changed: 3.
    let features = features(&names, &[0b1011, 0, 0b1110, 0b1000]);
    let feature = |is_on, is_changeable| Feature {
        is_on,
        is_changeable,
    };
    let expected = [
        ("rx-gro-hw", feature(true, true)),
        ("rx-lro", feature(false, true)),
        ("rx-vlan-hw-parse", feature(true, false)),
    ];
    let expected = expected.map(|(name, it)| (name.to_owned(), it));
    assert_eq!(
        features,
        BTreeMap::from(expected),
        "the nameless one is left out"
    );
}

#[test]
fn the_second_block_is_for_the_thirty_third_offload() {
    let all: Vec<String> = (0..34).map(|it| format!("f{it}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let features = features(&names(&all), &[0, 0, 0, 0, 0, 0, 0b10, 0]);
    let on: Vec<&String> = features
        .iter()
        .filter(|it| it.1.is_on)
        .map(|it| it.0)
        .collect();
    assert_eq!(on, ["f33"]);
}

#[test]
fn answers_that_are_cut_short_tell_less_and_break_nothing() {
    let names = names(&["rx-lro", "rx-gro-hw"]);
    assert!(features(&names, &[]).is_empty());
    assert!(features(&names, &[1, 2, 3]).is_empty());
    assert_eq!(features(&names[..40], &[0; 4]).len(), 1);
    assert!(features(&[0xff; 64], &[0; 4]).is_empty(), "not a text");
    assert_eq!(
        features(&[b'x'; 32], &[0; 4]).len(),
        1,
        "a name without its end"
    );
    assert!(features(&[], &[u32::MAX; 4000]).is_empty());
}

#[test]
fn reads_queues_that_do_both() {
    let words = [GCHANNELS, 1, 2, 3, 8, 5, 6, 7, 4];
    let expected = Queues {
        combined: 4,
        combined_max: 8,
    };
    assert_eq!(queues(&words), Some(expected));
    assert_eq!(queues(&[GCHANNELS, 4, 4, 0, 0, 2, 2, 0, 0]), None);
    assert_eq!(queues(&words[..8]), None);
}

#[test]
fn reads_texts_up_to_their_end() {
    assert_eq!(text(b"veth\0rest"), Some("veth".to_owned()));
    assert_eq!(text(b"\0veth"), None);
    assert_eq!(text(b""), None);
    assert_eq!(text(&[0xc3, 0x28, 0]), None);
}

#[test]
fn an_interface_that_is_not_there_tells_nothing() {
    assert_eq!(read("aegis-none"), Hardware::default());
    assert_eq!(read("a-name-longer-than-names-are"), Hardware::default());
}

#[test]
fn loopback_tells_its_offloads() {
    let loopback = read("lo");
    assert!(loopback.features.contains_key("rx-gro"), "{loopback:?}");
    let lro = loopback.features["rx-lro"];
    assert!(!lro.is_on, "{loopback:?}");
}

fn names(names: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for name in names {
        bytes.extend(name.bytes());
        bytes.resize(bytes.len().next_multiple_of(NAME_BYTES).max(NAME_BYTES), 0);
        if name.is_empty() {
            bytes.resize(bytes.len() + NAME_BYTES, 0);
        }
    }
    bytes
}
