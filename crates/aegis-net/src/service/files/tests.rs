//! What waits for an answer, and what is answered too late.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_790_000_000);

fn node(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

fn empty() -> Files {
    Files::new(mpsc::channel(1).0)
}

#[test]
fn a_peer_is_read_then_put_off_and_then_a_flooder() {
    check(PeerClass::Lan, TRUSTED);
    check(PeerClass::Configured, TRUSTED);
    check(PeerClass::Dht, MET);
}

#[track_caller]
fn check(class: PeerClass, quota: Quota) {
    let mut files = empty();
    let burst = quota.burst as usize;
    let said: Vec<Welcome> = (0..burst * 4 + 1)
        .map(|_| files.admit(T0, node(1), class))
        .collect();
    assert!(said[..burst].iter().all(|it| *it == Welcome::Read));
    assert!(
        said[burst..burst * 4]
            .iter()
            .all(|it| *it == Welcome::PutOff)
    );
    assert_eq!(said[burst * 4], Welcome::Flood);
    // Nobody else pays for it, and a second later there is room again.
    assert_eq!(files.admit(T0, node(2), class), Welcome::Read);
    let later = T0 + Duration::from_secs(1);
    assert_eq!(files.admit(later, node(1), class), Welcome::Read);
}

#[test]
fn strangers_share_what_there_is_for_them() {
    let mut files = empty();
    let said = (0..=255u8).flat_map(|number| [number; 8]);
    let read = said.filter(|it| files.admit(T0, node(*it), PeerClass::Dht) == Welcome::Read);
    assert_eq!(read.count(), ALL_MET.burst as usize);
    assert_eq!(files.admit(T0, node(0), PeerClass::Lan), Welcome::Read);
}
