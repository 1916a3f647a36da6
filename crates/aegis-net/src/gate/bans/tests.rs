//! Bans: how long, and when a whole prefix is meant.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn peer(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_third_time_within_an_hour_is_long() {
    let mut bans = BanList::new();
    let times = [NOW, NOW + 2 * MINUTE, NOW + 4 * MINUTE];
    let until = times.map(|it| bans.strike(it, peer(1), None).since(it));
    assert_eq!(until, [MINUTE, MINUTE, 12 * HOUR]);
    let mut bans = BanList::new();
    let times = [NOW, NOW + 2 * MINUTE, NOW + 2 * HOUR];
    let until = times.map(|it| bans.strike(it, peer(1), None).since(it));
    assert_eq!(until, [MINUTE; 3]);
}

#[test]
fn a_ban_ends() {
    let mut bans = BanList::new();
    let until = bans.cut_off(NOW, peer(1), None);
    assert_eq!(until, NOW + 12 * HOUR);
    assert!(bans.is_banned(until - Duration::from_millis(1), &peer(1)));
    assert!(!bans.is_banned(until, &peer(1)));
    assert_eq!(bans.expire(until), [peer(1)]);
    assert_eq!(bans.expire(until), []);
    assert!(!bans.is_banned(NOW, &peer(2)));
}

#[test]
fn a_node_can_be_let_in_again() {
    let mut bans = BanList::new();
    bans.ban(peer(1), NOW + HOUR);
    assert!(bans.unban(&peer(1)));
    assert!(!bans.unban(&peer(1)));
    assert!(!bans.is_banned(NOW, &peer(1)));
}

#[track_caller]
fn check_prefix(from: &str, other: &str, banned: bool) {
    let mut bans = BanList::new();
    for n in 0..PREFIX_BANS_MIN {
        assert!(!bans.is_prefix_banned(NOW, ip(other)), "{n} are not enough");
        bans.cut_off(NOW, peer(n as u8), Some(ip(from)));
        bans.cut_off(NOW, peer(n as u8), Some(ip(from)));
    }
    assert_eq!(
        bans.is_prefix_banned(NOW, ip(other)),
        banned,
        "{from} {other}"
    );
    assert!(!bans.is_prefix_banned(NOW + 12 * HOUR, ip(other)));
}

#[test]
fn five_banned_nodes_ban_their_prefix() {
    check_prefix("203.0.113.7", "203.0.113.200", true);
    check_prefix("203.0.113.7", "203.0.112.7", false);
    check_prefix("2001:db8:1::1", "2001:db8:1:ffff::1", true);
    check_prefix("2001:db8:1::1", "2001:db8:2::1", false);
    check_prefix("::ffff:203.0.113.7", "203.0.113.1", true);
}

#[test]
fn of_a_private_network_only_the_host_is_banned() {
    check_prefix("192.168.1.1", "192.168.1.1", true);
    check_prefix("fd00::1", "fd00::1", true);
    check_prefix("192.168.1.1", "192.168.1.2", false);
    check_prefix("127.0.0.1", "127.0.0.1", false);
    check_prefix("fd00::1", "fd00::2", false);
    check_prefix("169.254.1.1", "169.254.1.2", false);
}

#[test]
fn throttled_nodes_count_too() {
    let mut bans = BanList::new();
    for n in 0..5 {
        assert!(!bans.is_prefix_banned(NOW, ip("203.0.113.7")));
        bans.strike(NOW, peer(n), Some(ip("203.0.113.7")));
    }
    assert!(bans.is_prefix_banned(NOW + HOUR, ip("203.0.113.7")));
}

#[test]
fn a_prefix_ban_that_ended_counts_anew() {
    let mut bans = BanList::new();
    let later = NOW + 13 * HOUR;
    for n in 0..5 {
        bans.cut_off(NOW, peer(n), Some(ip("203.0.113.7")));
    }
    bans.cut_off(later, peer(9), Some(ip("203.0.113.7")));
    assert!(!bans.is_prefix_banned(later, ip("203.0.113.7")));
}
