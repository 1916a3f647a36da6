//! Whether a batch is passed on as it is.

use super::*;

#[track_caller]
fn check((heard, known, ignored, rejected): (usize, usize, usize, usize), expected: bool) {
    let message: Arc<[u8]> = Arc::from(b"{}".as_slice());
    let tally = Tally {
        heard: vec![message; heard],
        known,
        ignored,
        rejected,
    };
    assert_eq!(tally.is_passed_on(), expected, "{tally:?}");
}

#[test]
fn what_is_news_is_passed_on_in_company_and_what_is_to_be_left_aside_is_not() {
    check((200, 0, 0, 0), true);
    check((200, 0, 1, 0), false);
    check((200, 0, 0, 1), false);
}

/// Else one new alert would have hundreds of old ones passed on again, in ever other company.
#[test]
fn most_of_a_batch_is_news() {
    check((3, 1, 0, 0), true);
    check((3, 2, 0, 0), false);
    check((1, 255, 0, 0), false);
    check((0, 10, 0, 0), false);
}

#[test]
fn by_gossip_others_are_not_blamed_and_by_hand_the_reply_says_what_became_of_each() {
    let message: Arc<[u8]> = Arc::from(b"{}".as_slice());
    let verdicts = [
        Verdict::Heard,
        Verdict::Known,
        Verdict::Ignored,
        Verdict::Theirs,
        Verdict::Rejected,
    ];
    let mut origin = Origin::Gossip {
        id: MessageId::new(b"id"),
        forwarder: PeerId::random(),
        tally: Tally::default(),
    };
    origin.count(&vec![message; 5], &verdicts);
    let Origin::Gossip { tally, .. } = origin else {
        panic!("it came by gossip");
    };
    let counts = (
        tally.heard.len(),
        tally.known,
        tally.ignored,
        tally.rejected,
    );
    assert_eq!(counts, (1, 1, 2, 1));
}
