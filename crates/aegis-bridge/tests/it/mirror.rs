//! Others read what the node blocks, whatever happens to the server.

use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

use aegis_bridge::{MirrorCommand, MirrorConfig, MirrorHandle, PART_BLOCKS_MAX, start};
use aegis_core::{Indicator, Timestamp};

use crate::server::{Server, until};

const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_250);
const KEY: &str = "aegis:test:blocklist";
const WAIT: Duration = Duration::from_secs(10);

/// A node as far as a mirror knows it: a blocklist, changes of it, and the list where it is asked.
struct Node {
    blocks: BTreeMap<Indicator, Timestamp>,
    mirror: MirrorHandle,
    answered: u64,
}

impl Node {
    fn start(server: &Server) -> Self {
        let config = MirrorConfig::new(&server.url(), KEY).unwrap();
        Self {
            blocks: BTreeMap::new(),
            mirror: start(config, || NOW).unwrap(),
            answered: 0,
        }
    }

    fn block(&mut self, number: u32) {
        let indicator = indicator(number);
        let expires_at = NOW + Duration::from_secs(60 + u64::from(number));
        self.blocks.insert(indicator, expires_at);
        self.mirror.tell(MirrorCommand::Block {
            indicator,
            expires_at,
        });
    }

    fn unblock(&mut self, number: u32) {
        self.blocks.remove(&indicator(number));
        self.mirror.tell(MirrorCommand::Unblock(indicator(number)));
    }

    /// Hands the whole list over where it is asked for.
    fn answer(&mut self) {
        let request = *self.mirror.requests().borrow();
        if request == self.answered {
            return;
        }
        let blocks: Vec<_> = self.blocks.iter().map(|(it, end)| (*it, *end)).collect();
        let parts = blocks.chunks(PART_BLOCKS_MAX).map(<[_]>::to_vec);
        let mut parts: Vec<Vec<_>> = parts.collect();
        parts.push(Vec::new());
        for blocks in parts {
            let is_last = blocks.is_empty();
            let part = MirrorCommand::Part {
                request,
                blocks,
                is_last,
            };
            self.mirror.sender().blocking_send(part).unwrap();
        }
        self.answered = request;
    }

    /// Waits until others read what is blocked, and nothing else.
    #[track_caller]
    fn is_mirrored(&mut self, server: &Server) {
        until("the mirror is current", || {
            self.answer();
            let state = self.mirror.state();
            (state.is_current && shown(server) == self.expected()).then_some(())
        });
        assert_eq!(self.mirror.state().problem, None);
    }

    fn expected(&self) -> Vec<(String, u64)> {
        let blocks = self.blocks.iter();
        let mut expected: Vec<_> = blocks
            .map(|(it, end)| (it.to_string(), end.as_millis()))
            .collect();
        expected.sort();
        expected
    }
}

fn indicator(number: u32) -> Indicator {
    Indicator::host(Ipv4Addr::from_bits(0x0b00_0000 + number).into())
}

/// Returns what others read, with the ends in milliseconds.
fn shown(server: &Server) -> Vec<(String, u64)> {
    let members = server.members(KEY).into_iter();
    let mut shown: Vec<_> = members
        .map(|(it, score)| (it, (score * 1000.0).round() as u64))
        .collect();
    shown.sort();
    shown
}

#[test]
fn what_is_blocked_is_a_set_that_others_read() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut node = Node::start(&server);
    (0..5_000).for_each(|it| node.block(it));
    node.is_mirrored(&server);
    assert_eq!(node.mirror.state().entries, 5_000);
    (0..10).for_each(|it| node.unblock(it * 7));
    node.block(6_000);
    node.block(4_999);
    node.is_mirrored(&server);
    assert_eq!(server.keys(), [KEY], "nothing else is left there");
    (0..=6_000).for_each(|it| node.unblock(it));
    node.is_mirrored(&server);
    assert_eq!(server.keys(), [""; 0]);
}

#[test]
fn a_server_that_was_away_gets_the_whole_list() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let mut node = Node::start(&server);
    (0..100).for_each(|it| node.block(it));
    node.is_mirrored(&server);
    server.kill();
    node.block(200);
    let problem = until("it is told", || {
        let state = node.mirror.state();
        state.problem.filter(|_| !state.is_current)
    });
    assert!(problem.starts_with("Redis"), "{problem}");
    (0..50).for_each(|it| node.unblock(it));
    server.revive();
    node.is_mirrored(&server);
}

#[test]
fn what_a_full_queue_lost_comes_with_the_whole_list() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut node = Node::start(&server);
    node.block(1);
    node.is_mirrored(&server);
    server.signal("STOP");
    (0..20_000).for_each(|it| node.block(it));
    (0..20_000).step_by(2).for_each(|it| node.unblock(it));
    server.signal("CONT");
    node.is_mirrored(&server);
}

#[test]
fn what_somebody_else_left_there_is_replaced() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut node = Node::start(&server);
    node.block(1);
    node.is_mirrored(&server);
    drop(node);
    let mut next = Node::start(&server);
    next.block(2);
    next.is_mirrored(&server);
}

#[test]
fn it_is_taken_away_only_where_that_is_asked_for() {
    let Some(server) = Server::start() else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for (clears, left) in [(false, 1), (true, 0)] {
        let mut node = Node::start(&server);
        node.block(1);
        node.is_mirrored(&server);
        let stopped = runtime.block_on(node.mirror.stop(clears, WAIT));
        assert!(stopped, "in time");
        assert_eq!(shown(&server).len(), left);
    }
}
