//! Holdings are announced one by one and again, and what is kept for others has bounds.

use aegis_core::file::{ChunkHash, FileSize, Manifest};

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_790_000_000);
const TICK: Duration = Duration::from_millis(700);

fn file(number: u8) -> FileId {
    let size = FileSize::new(1).unwrap();
    Manifest::new(size, vec![ChunkHash::of(&[number])])
        .unwrap()
        .id()
}

fn everybody(number: u8) -> (FileId, Audience) {
    (file(number), Audience::Everybody)
}

/// A file has one key here, which changes with the epoch.
fn keys(epoch: u8) -> impl Fn(&FileId, &Audience) -> Vec<Key> {
    move |file, _| vec![[&[epoch], &file.as_bytes()[..]].concat()]
}

fn key(epoch: u8, number: u8) -> Key {
    keys(epoch)(&file(number), &Audience::Everybody).remove(0)
}

#[test]
fn files_are_announced_one_by_one_and_again_later() {
    let mut holdings = Holdings::default();
    assert_eq!(holdings.poll(T0, keys(1)), None);
    holdings.set(vec![everybody(1), everybody(2)]);
    let mut announced = BTreeSet::new();
    for _ in 0..2 {
        let Some(Task::Announce(key)) = holdings.poll(T0, keys(1)) else {
            panic!("two are to be announced");
        };
        announced.insert(key);
    }
    assert_eq!(announced, BTreeSet::from([key(1, 1), key(1, 2)]));
    assert_eq!(holdings.poll(T0 + AGAIN_SOON - TICK, keys(1)), None);
    for at in [T0 + AGAIN_SOON, T0 + AGAIN_SOON + AGAIN_EVERY] {
        for _ in 0..2 {
            let task = holdings.poll(at, keys(1));
            assert!(matches!(task, Some(Task::Announce(_))), "{task:?}");
        }
        assert_eq!(holdings.poll(at, keys(1)), None);
    }
}

#[test]
fn what_is_gone_or_has_another_key_is_announced_no_more() {
    let mut holdings = Holdings::default();
    holdings.set(vec![everybody(1)]);
    assert_eq!(holdings.poll(T0, keys(1)), Some(Task::Announce(key(1, 1))));
    assert_eq!(holdings.poll(T0, keys(2)), Some(Task::Stop(key(1, 1))));
    assert_eq!(holdings.poll(T0, keys(2)), Some(Task::Announce(key(2, 1))));
    holdings.set(Vec::new());
    assert_eq!(holdings.poll(T0, keys(2)), Some(Task::Stop(key(2, 1))));
    assert_eq!(holdings.poll(T0, keys(2)), None);
}

fn node(number: u16) -> NodeId {
    let mut bytes = [0; 32];
    bytes[..2].copy_from_slice(&number.to_be_bytes());
    NodeId::from_public_key(bytes)
}

fn nth(number: usize) -> Key {
    number.to_be_bytes().to_vec()
}

#[test]
fn one_node_is_kept_under_so_many_keys_and_one_key_keeps_so_many_nodes() {
    let (mut kept, mut gone) = (Kept::default(), Vec::new());
    for number in 0..KEYS_PER_NODE_MAX {
        assert!(kept.admit(T0, (&nth(number), node(1)), &mut gone));
    }
    assert!(!kept.admit(T0, (&nth(KEYS_PER_NODE_MAX), node(1)), &mut gone));
    assert!(kept.admit(T0, (&nth(0), node(1)), &mut gone), "once more");
    for number in 2..=NODES_PER_KEY_MAX as u16 {
        assert!(kept.admit(T0, (&nth(0), node(number)), &mut gone));
    }
    assert!(!kept.admit(T0, (&nth(0), node(999)), &mut gone));
    assert_eq!(gone, []);
}

#[test]
fn the_key_that_was_announced_longest_ago_makes_room() {
    let (mut kept, mut gone) = (Kept::default(), Vec::new());
    for number in 0..KEYS_MAX {
        let of = node((number / KEYS_PER_NODE_MAX) as u16);
        let at = T0 + TICK * number as u32;
        assert!(kept.admit(at, (&nth(number), of), &mut gone));
    }
    let end = T0 + TICK * KEYS_MAX as u32;
    kept.admit(end, (&nth(0), node(0)), &mut gone);
    assert_eq!(gone, []);
    assert!(kept.admit(end, (&nth(KEYS_MAX), node(500)), &mut gone));
    assert_eq!(gone, [(nth(1), node(0))]);
    assert!(
        kept.admit(end, (&nth(KEYS_MAX + 1), node(0)), &mut gone),
        "it has room again"
    );
}
