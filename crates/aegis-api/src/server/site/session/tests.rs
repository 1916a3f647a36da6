//! Sessions begin with a key or a link, and end in time, with the key, or when somebody leaves.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aegis_core::{AccessKey, AccessScope, Timestamp};
use tokio::sync::watch;

use super::{Known, LINKS_MAX, SESSION_FOR, SESSION_IDLE, SESSIONS_MAX, SessionCookie, Sessions};
use crate::{Caller, KeyRing, PAGE_LINK_FOR, SignedIn, secret, secret_hash};

/// A clock of the test's own: plain functions hold no state, so each test has a static.
macro_rules! clock {
    () => {{
        static MILLIS: AtomicU64 = AtomicU64::new(1_795_176_000_000);
        fn clock() -> Timestamp {
            Timestamp::from_millis(MILLIS.load(Ordering::Relaxed))
        }
        (&MILLIS, clock as fn() -> Timestamp)
    }};
}

const LOCAL: Caller = Caller::Local { uid: 0, pid: None };

#[test]
fn a_link_lets_in_once() {
    let door = Door::new(clock!());
    let word = door.sessions.link(LOCAL).expect("random bytes");
    let cookie = door.sessions.enter_by_link(&word).expect("it is valid");
    assert_eq!(door.who(&cookie), Some(LOCAL));
    assert_eq!(door.sessions.enter_by_link(&word), None, "it was used");
    assert_eq!(door.sessions.enter_by_link("0"), None);
}

#[test]
fn a_link_is_over_soon() {
    let door = Door::new(clock!());
    let word = door.sessions.link(LOCAL).expect("random bytes");
    door.wait(PAGE_LINK_FOR);
    assert_eq!(door.sessions.enter_by_link(&word), None);
}

#[test]
fn no_more_links_wait_than_there_may_be() {
    let door = Door::new(clock!());
    let link = |_| door.sessions.link(LOCAL).expect("random bytes");
    let words: Vec<String> = (0..=LINKS_MAX).map(link).collect();
    assert_eq!(door.sessions.enter_by_link(&words[0]), None);
    assert!(door.sessions.enter_by_link(&words[1]).is_some());
}

#[test]
fn a_key_lets_in_until_it_is_taken_back() {
    let door = Door::new(clock!());
    assert_eq!(door.sessions.enter_by_key("aegis_0"), None);
    let cookie = door.sessions.enter_by_key(&secret(&[1; 32]));
    let cookie = cookie.expect("the key is given out");
    assert!(matches!(door.who(&cookie), Some(Caller::Key(_))));
    door.keys_tx.send_replace(Arc::new([]));
    assert_eq!(door.who(&cookie), None);
}

#[test]
fn a_session_ends_after_a_day_and_where_nobody_uses_it() {
    let door = Door::new(clock!());
    let begin = || {
        door.sessions
            .enter_by_key(&secret(&[1; 32]))
            .expect("a key")
    };
    let idle = begin();
    door.wait(SESSION_IDLE);
    assert_eq!(door.who(&idle), None);
    let used = begin();
    let steps = SESSION_FOR.as_secs() / 3600 - 1;
    for _ in 0..steps {
        door.wait(std::time::Duration::from_secs(3600));
        assert!(door.who(&used).is_some());
    }
    door.wait(std::time::Duration::from_secs(3600));
    assert_eq!(door.who(&used), None);
}

#[test]
fn a_clock_that_is_set_back_lets_nobody_in_for_longer() {
    let door = Door::new(clock!());
    let word = door.sessions.link(LOCAL).expect("random bytes");
    let cookie = door
        .sessions
        .enter_by_key(&secret(&[1; 32]))
        .expect("a key");
    door.set_back(SESSION_IDLE);
    assert_eq!(door.sessions.enter_by_link(&word), None);
    assert_eq!(door.who(&cookie), None);
}

#[test]
fn who_leaves_is_nobody() {
    let door = Door::new(clock!());
    let cookie = door
        .sessions
        .enter_by_key(&secret(&[1; 32]))
        .expect("a key");
    let signed_in = door.signed_in(&cookie).expect("a session");
    let gone = door.sessions.leave(&signed_in);
    assert_eq!(door.who(&cookie), None);
    assert_eq!(
        gone.header("aegis-1", true),
        "aegis-1=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"
    );
}

#[test]
fn no_more_sessions_are_open_than_there_may_be() {
    let door = Door::new(clock!());
    let begin = |_| {
        door.sessions
            .enter_by_key(&secret(&[1; 32]))
            .expect("a key")
    };
    let first = begin(0);
    door.wait(std::time::Duration::from_secs(1));
    let others: Vec<SessionCookie> = (0..SESSIONS_MAX).map(begin).collect();
    assert_eq!(door.who(&first), None, "it was used longest ago");
    assert!(others.iter().all(|it| door.who(it).is_some()));
}

#[test]
fn forms_of_two_sessions_differ() {
    let door = Door::new(clock!());
    let begin = || {
        door.sessions
            .enter_by_key(&secret(&[1; 32]))
            .expect("a key")
    };
    let proof = |it: &SessionCookie| door.signed_in(it).expect("a session").proof;
    assert_ne!(proof(&begin()), proof(&begin()));
}

struct Door {
    sessions: Sessions,
    keys_tx: watch::Sender<Arc<[AccessKey]>>,
    millis: &'static AtomicU64,
}

impl Door {
    fn new((millis, clock): (&'static AtomicU64, fn() -> Timestamp)) -> Self {
        let key = AccessKey {
            name: "reader".parse().expect("a name"),
            scope: AccessScope::Read,
            secret_hash: secret_hash(&secret(&[1; 32])),
            created_at: Timestamp::from_millis(0),
        };
        let (keys_tx, keys_rx) = watch::channel::<Arc<[AccessKey]>>(Arc::new([key]));
        Self {
            sessions: Sessions::new(KeyRing::new(keys_rx), clock),
            keys_tx,
            millis,
        }
    }

    fn wait(&self, time: std::time::Duration) {
        let millis = u64::try_from(time.as_millis()).expect("short");
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }

    fn set_back(&self, time: std::time::Duration) {
        let millis = u64::try_from(time.as_millis()).expect("short");
        self.millis.fetch_sub(millis, Ordering::Relaxed);
    }

    fn known(&self, cookie: &SessionCookie) -> Known {
        let word = cookie.0.as_ref().expect("it is to be remembered");
        self.sessions.known(word)
    }

    fn who(&self, cookie: &SessionCookie) -> Option<Caller> {
        match self.known(cookie) {
            Known::Somebody(caller, _) => Some(caller),
            Known::Nobody | Known::Hasty => None,
        }
    }

    fn signed_in(&self, cookie: &SessionCookie) -> Option<SignedIn> {
        match self.known(cookie) {
            Known::Somebody(_, it) => Some(it),
            Known::Nobody | Known::Hasty => None,
        }
    }
}
