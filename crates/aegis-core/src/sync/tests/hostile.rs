//! Ends that lie: bounded work, and the right name for it.

use proptest::{collection::vec, prelude::*};

use super::*;

/// Feeds what a liar answers until the session is over; returns how it ended and how much it
/// asked.
fn against(
    node: &mut Node,
    opening: Opening,
    mut liar: impl FnMut(&Request<Arc<Alert>>) -> Answer<Arc<Alert>>,
) -> (Next, Tally) {
    let (mut session, mut asks) = Session::begin(&node.live, opening);
    loop {
        let heard = session.handle_answer(&node.live, node.find(), liar(&asks));
        heard.alerts.into_iter().for_each(|it| node.hear(it));
        match heard.next {
            Next::Ask(request) => asks = request,
            end @ (Next::Done | Next::Busy | Next::Misbehaved(_)) => return (end, session.tally()),
        }
    }
}

fn misbehaved(end: &Next) -> Option<Misbehaviour> {
    match end {
        Next::Misbehaved(misbehaviour) => Some(*misbehaviour),
        Next::Ask(_) | Next::Done | Next::Busy => None,
    }
}

#[test]
fn cells_that_never_decode_lead_to_ranges_after_few_tries() {
    let mut node = Node::new(1, 0..5_000);
    let other = Node::new(2, 0..5_000);
    let mut asked_cells = 0;
    let (end, tally) = against(&mut node, Opening::Cells(256), |request| match request {
        Request::Cells { count, .. } => {
            asked_cells += count;
            Answer::Cells {
                salt: SALT,
                size: 5_000,
                cells: (0..*count as u64)
                    .map(|it| Cell {
                        ids: u128::from(it) << 90,
                        checks: it,
                        count: if it == 0 {
                            5_000
                        } else {
                            10_000 / (it as i32 + 2)
                        },
                    })
                    .collect(),
            }
        }
        request @ (Request::Exchange { .. } | Request::Range { .. } | Request::Give(_)) => {
            other.answer(request)
        }
    });
    assert_eq!(end, Next::Done);
    assert!(tally.by_ranges && asked_cells <= 3 * CELLS_MAX, "{tally:?}");
    assert!(tally.requests <= 5, "{tally:?}");
}

#[test]
fn cells_of_ids_that_nobody_has_are_a_broken_promise() {
    let mut node = Node::new(1, 0..1_000);
    let other = Node::new(2, 0..1_100);
    let (end, _) = against(&mut node, Opening::Cells(256), |request| match request {
        Request::Exchange { wanted, offered } => Answer::Exchange {
            considered: wanted.len(),
            alerts: Vec::new(),
            wanted: vec![false; offered.len()],
        },
        request @ (Request::Cells { .. } | Request::Range { .. } | Request::Give(_)) => {
            other.answer(request)
        }
    });
    assert_eq!(misbehaved(&end), Some(Misbehaviour::BrokenPromise));
}

#[test]
fn cells_that_hold_what_this_node_would_have_to_have_are_forged() {
    let mut node = Node::new(1, 0..100);
    let (end, _) = against(&mut node, Opening::Cells(64), |_| {
        let mut sketch = Sketch::new(SALT, 64);
        node_ids(100).iter().for_each(|it| sketch.insert(it));
        sketch.remove(&id(7_000_000)); // as if this node had it alone
        Answer::Cells {
            salt: SALT,
            size: 99,
            cells: sketch.cells().to_vec(),
        }
    });
    assert_eq!(misbehaved(&end), Some(Misbehaviour::Forged));
}

fn node_ids(count: u64) -> Vec<AlertId> {
    (0..count).map(|it| alert(it).id()).collect()
}

#[test]
fn what_was_not_asked_for_is_not_heard() {
    let stray = vec![alert(1_000_000)];
    let exchange = |alerts: &Vec<Arc<Alert>>| Answer::Exchange {
        considered: 0,
        alerts: alerts.clone(),
        wanted: Vec::new(),
    };
    let mut node = Node::new(1, 0..100);
    let before = node.ids();
    for opening in [Opening::Cells(32), Opening::Ranges] {
        let (end, _) = against(&mut node, opening, |_| exchange(&stray));
        assert_eq!(misbehaved(&end), Some(Misbehaviour::Unasked));
        let (end, _) = against(&mut node, opening, |_| Answer::Taken);
        assert_eq!(misbehaved(&end), Some(Misbehaviour::Unasked));
    }
    let other = Node::new(2, 0..110);
    let (end, _) = against(&mut node, Opening::Cells(64), |request| match request {
        Request::Exchange { .. } => exchange(&stray),
        request @ (Request::Cells { .. } | Request::Range { .. } | Request::Give(_)) => {
            other.answer(request)
        }
    });
    assert_eq!(misbehaved(&end), Some(Misbehaviour::Unasked));
    let (end, _) = against(&mut node, Opening::Ranges, |request| match request {
        Request::Range { last, held, .. } => Answer::Range {
            reached: *last,
            alerts: vec![alert(5)], // held already
            wanted: vec![false; held.len()],
        },
        request @ (Request::Cells { .. } | Request::Exchange { .. } | Request::Give(_)) => {
            other.answer(request)
        }
    });
    assert_eq!(misbehaved(&end), Some(Misbehaviour::Unasked));
    assert_eq!(node.ids(), before, "nothing of all that was heard");
}

#[test]
fn whoever_dribbles_is_not_waited_for() {
    let other = Node::new(2, 0..5_000);
    let mut node = Node::new(1, 0..0);
    let mut reached = 0;
    let (end, tally) = against(&mut node, Opening::Ranges, |request| match request {
        Request::Range { .. } => {
            reached += 1;
            Answer::Range {
                reached: Prefix::new(reached),
                alerts: Vec::new(),
                wanted: Vec::new(),
            }
        }
        request @ (Request::Cells { .. } | Request::Exchange { .. } | Request::Give(_)) => {
            other.answer(request)
        }
    });
    assert_eq!(misbehaved(&end), Some(Misbehaviour::Dribbled));
    assert_eq!(tally.requests, 1);
}

#[test]
fn a_liar_that_wants_everything_gets_so_much_and_no_more() {
    let mut node = Node::new(1, 0..60_000);
    let mut given = 0;
    let (end, tally) = against(&mut node, Opening::Ranges, |request| match request {
        Request::Range { last, held, .. } => Answer::Range {
            reached: *last,
            alerts: Vec::new(),
            wanted: vec![true; held.len()],
        },
        Request::Give(alerts) => {
            given += alerts.iter().map(|it| it.wire().len()).sum::<usize>();
            Answer::Taken
        }
        Request::Cells { .. } | Request::Exchange { .. } => Answer::Busy,
    });
    assert_eq!(end, Next::Done);
    assert!(tally.is_cut);
    assert!((16 << 20..17 << 20).contains(&given), "{given}");
}

/// Changes an answer in a way that a liar might.
fn twist(mut answer: Answer<Arc<Alert>>, (kind, number): (u8, u64)) -> Answer<Arc<Alert>> {
    match (&mut answer, kind) {
        (_, 0) => return Answer::Same,
        (_, 1) => return Answer::Taken,
        (Answer::Cells { cells, .. }, 2) => {
            let place = number as usize % cells.len();
            cells[place].ids ^= u128::from(number);
            cells[place].count ^= (number >> 60) as i32;
        }
        (Answer::Cells { size, .. }, 3) => *size = number as usize % (1 << 24),
        (Answer::Range { alerts, .. }, 2) => alerts.push(alert(number)),
        (Answer::Range { reached, .. }, 3) => *reached = Prefix::new(number),
        (Answer::Range { wanted, .. }, 4) => wanted.iter_mut().for_each(|it| *it = !*it),
        (Answer::Exchange { alerts, .. }, 2) => drop(alerts.pop()),
        (Answer::Exchange { considered, .. }, 3) => *considered = 0,
        (_, _) => {}
    }
    answer
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever a liar makes of true answers: the session ends, soon, and what this node then
    /// holds is what it held and what the other really has.
    #[test]
    fn no_liar_makes_a_session_endless_or_a_node_hold_what_it_was_not_given(
        ours in 0u64..800,
        theirs in 0u64..800,
        opening in 0usize..300,
        twists in vec((0u8..12, any::<u64>()), 1..20),
    ) {
        let mut node = Node::new(1, 0..ours);
        let other = Node::new(2, 400..400 + theirs);
        let mut lies = twists.iter().cycle();
        let opening = match opening {
            0..50 => Opening::Ranges,
            count => Opening::Cells(count),
        };
        let before = node.ids();
        let (_, tally) = against(&mut node, opening, |request| {
            twist(other.answer(request), *lies.next().unwrap())
        });
        prop_assert!(tally.requests <= 60, "{:?}", tally);
        prop_assert!(node.ids().is_superset(&before));
    }

    /// Whatever is asked, the answer fits into a message and is true.
    #[test]
    fn any_request_is_answered_within_bounds(
        size in 0u64..1_500,
        prefixes in vec(any::<u64>(), 0..100),
        known in vec(0u64..2_000, 0..100),
        kind in 0u8..4,
    ) {
        let node = Node::new(1, 0..size);
        let mut all: Vec<_> = prefixes.into_iter().map(Prefix::new).collect();
        all.extend(known.iter().map(|it| Prefix::of(&alert(*it).id())));
        let request = match kind {
            0 => Request::Exchange { wanted: all.clone(), offered: all.clone() },
            1 => Request::Cells { digest: None, count: all.len() + 1 },
            2 => Request::Give(vec![alert(3)]),
            _ => {
                all.sort();
                Request::Range { first: Prefix::MIN, last: Prefix::MAX, held: all.clone() }
            }
        };
        let answer = node.answer(&request);
        let (_, read) = back_over_the_wire(answer.clone());
        prop_assert_eq!(&read, &answer);
        if let Answer::Exchange { considered, alerts, wanted } = answer {
            prop_assert_eq!(wanted.len(), all.len());
            prop_assert!(considered == all.len() || !alerts.is_empty());
        }
    }
}
