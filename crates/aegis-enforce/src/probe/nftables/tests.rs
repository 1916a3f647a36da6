//! Tests of what the doctor says about nftables.

use super::*;
use crate::probe::State;

fn check(found: io::Result<&str>, answer: io::Result<()>, state: State, says: &str) {
    let check = judge(found.map(str::to_owned), answer);
    assert_eq!(check.state, state, "{check:?}");
    assert!(check.detail.contains(says), "{check:?}");
    assert!(check.state == State::Ok || check.fix.is_some(), "{check:?}");
}

#[test]
fn what_stands_in_is_told_with_its_cost() {
    let found = || Ok("nftables v1.0.6 at /usr/sbin/nft");
    check(found(), Ok(()), State::Ok, "7 to 9 times the native cost");
    let denied = io::Error::from(io::ErrorKind::PermissionDenied);
    check(found(), Err(denied), State::Warn, "permission denied");
    let other = io::Error::other("nft: Protocol not supported");
    check(found(), Err(other), State::Warn, "Protocol not supported");
    let missing = io::Error::from(io::ErrorKind::NotFound);
    check(Err(missing), Ok(()), State::Warn, "nothing stands in");
}
