//! What must hold after any sequence of inputs.

use proptest::{collection::vec, prelude::*};

use super::*;

/// One random thing that happens, after a random wait.
#[derive(Clone, Debug)]
enum Step {
    Hear {
        author: u8,
        host: u8,
        secs: u64,
        evidence: Evidence,
    },
    Withdraw {
        author: u8,
        host: u8,
        secs: u64,
    },
    Detect {
        host: u8,
    },
    Block {
        host: u8,
        secs: u64,
        force: bool,
    },
    Unblock {
        host: u8,
    },
    Allow {
        host: u8,
        secs: u64,
    },
    Disallow {
        host: u8,
    },
    Gateway {
        host: u8,
    },
    /// Somebody deals with the host, or the operator wonders; whoever is asked says this.
    Ask {
        host: u8,
        is_ordered: bool,
        score: f64,
    },
    /// A peer asks, comes, leaves, or breaks the protocol.
    Peer {
        author: u8,
        host: u8,
        deed: u8,
    },
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_kernel_is_told_exactly_what_the_decisions_say(steps in vec((step(), 0u64..90), 1..60)) {
        let mut engine = engine();
        engine.blocks_max = 6;
        let mut kernel = engine.ruleset().clone();
        let mut now = NOW;
        for (step, wait) in steps {
            now = now + Duration::from_secs(wait);
            let mut outputs = pass(&mut engine, now);
            outputs.extend(take(&mut engine, now, &step));
            outputs.extend(converse(&mut engine, now, &outputs, &step));
            for change in changes(&outputs) {
                kernel.apply(change);
            }
            prop_assert_eq!(kernel.blocks(), engine.ruleset().blocks(), "{:?}", step);
            prop_assert_eq!(kernel.exemptions(), engine.ruleset().exemptions());
            invariant_blocks_are_decisions(&engine, now)?;
        }
        pass(&mut engine, now + Duration::from_secs(2 * 86_400));
        prop_assert_eq!(engine.ruleset().blocks().len(), 0);
        prop_assert_eq!(engine.alerts_live(), 0);
        prop_assert_eq!(engine.casebook.len(), 0, "no case outlives its day");
        prop_assert_eq!(engine.questions.next_due(), None, "no question is left open");
        prop_assert!(engine.budgets.is_idle(), "no budget is held by what has ended");
    }

    #[test]
    fn equal_inputs_give_equal_outputs(steps in vec((step(), 0u64..90), 1..40)) {
        let play = || {
            let (mut engine, mut now, mut outputs) = (engine(), NOW, Vec::new());
            for (step, wait) in &steps {
                now = now + Duration::from_secs(*wait);
                outputs.extend(pass(&mut engine, now));
                let taken = take(&mut engine, now, step);
                outputs.extend(converse(&mut engine, now, &taken, step));
                outputs.extend(taken);
            }
            outputs
        };
        prop_assert_eq!(play(), play());
    }
}

/// Every entry of the ruleset rests on an active decision, ends with the last of them, and is
/// neither protected nor allowed.
fn invariant_blocks_are_decisions(engine: &Engine, now: Timestamp) -> Result<(), TestCaseError> {
    let blocks = engine.ruleset().blocks();
    prop_assert_eq!(blocks.len(), engine.blocks().count());
    prop_assert!(blocks.len() <= engine.blocks_max);
    for (indicator, decisions) in engine.blocks() {
        let last = decisions.iter().map(|it| it.expires_at).max();
        prop_assert_eq!(blocks.get(indicator).copied(), last);
        prop_assert!(decisions.iter().all(|it| it.is_active(now)));
        prop_assert_eq!(engine.guards.untouchable(indicator), Ok(()));
    }
    Ok(())
}

fn take(engine: &mut Engine, now: Timestamp, step: &Step) -> Vec<Output> {
    let peer = |it: u8| NodeId::from_public_key([it + 2; 32]);
    let said = |host: u8, secs: u64, evidence| Statement {
        stated_at: NOW,
        block_for: BlockDuration::from_secs(secs).unwrap(),
        evidence,
        ..statement(&address(host))
    };
    let sync = |alert| Input::AlertReceived {
        alert,
        forwarder: LAN_PEER,
        channel: Channel::Sync,
    };
    let ordered = |command| {
        Input::Ordered(Order {
            ticket: 0,
            user: crate::Operator::User(0),
            command,
        })
    };
    let input = match *step {
        Step::Hear {
            author,
            host,
            secs,
            evidence,
        } => sync(sign(peer(author), said(host, secs, evidence))),
        Step::Withdraw { author, host, secs } => {
            let taken_back = sign(peer(author), said(host, secs, Evidence::Verified)).id();
            let statement = Statement {
                withdraws: Some(taken_back),
                ..said(host, secs, Evidence::Verified)
            };
            sync(sign(peer(author), statement))
        }
        Step::Detect { host } => return detect(engine, now, &address(host)),
        Step::Block { host, secs, force } => ordered(Command::Block {
            subject: subject(&address(host), secs),
            publish: secs % 2 == 0,
            force,
        }),
        Step::Unblock { host } => {
            let indicator = address(host).parse().unwrap();
            ordered(Command::Unblock {
                indicator,
                withdraw: host % 2 == 0,
            })
        }
        Step::Allow { host, secs } => ordered(Command::Allow {
            indicator: address(host).parse().unwrap(),
            allow_for: Some(Duration::from_secs(secs)),
            comment: None,
        }),
        Step::Ask {
            host, is_ordered, ..
        } if is_ordered => ordered(Command::Ask(address(host).parse().unwrap())),
        Step::Ask { host, .. } => Input::Established(vec![first_address(host)]),
        Step::Peer { author, host, deed } => from_peer(peer(author), host, deed),
        Step::Disallow { host } => ordered(Command::Disallow(address(host).parse().unwrap())),
        Step::Gateway { host } => {
            let gateways = [first_address(host)].into();
            Input::HostChanged(HostFacts {
                gateways,
                ..HostFacts::default()
            })
        }
    };
    run(engine, now, input)
}

fn from_peer(from: NodeId, host: u8, deed: u8) -> Input {
    let indicators = vec![address(host).parse().unwrap()];
    let question = crate::Question {
        indicators,
        hops: deed % 3,
        wait: Duration::from_secs(3),
    };
    match deed {
        0..=2 => Input::Asked {
            request: 1,
            from,
            question,
        },
        3 => Input::AskedAbout {
            request: 2,
            from,
            subject: LAN_PEER,
        },
        4 => Input::PeerLeft(from),
        5 => Input::Misbehaved(from),
        _ => Input::PeerConnected {
            peer: from,
            class: PeerClass::Dht,
            address: (String::new(), None),
        },
    }
}

/// Lets everybody who was asked answer as `step` says, or not at all.
fn converse(engine: &mut Engine, now: Timestamp, outputs: &[Output], step: &Step) -> Vec<Output> {
    let score = match *step {
        Step::Ask { score, .. } => score,
        Step::Hear { .. }
        | Step::Withdraw { .. }
        | Step::Detect { .. }
        | Step::Block { .. }
        | Step::Unblock { .. }
        | Step::Allow { .. }
        | Step::Disallow { .. }
        | Step::Gateway { .. }
        | Step::Peer { .. } => return Vec::new(),
    };
    let mut all = Vec::new();
    for output in outputs {
        let Output::Ask {
            id,
            peers,
            question,
        } = output
        else {
            continue;
        };
        for peer in peers {
            let testimonies = question.indicators.iter().map(|indicator| {
                let opinion = crate::Opinion {
                    score: crate::Score::clamped(score),
                    confidence: crate::Confidence::FULL,
                    sightings: 1,
                    age: Duration::ZERO,
                };
                Arc::new(crate::Testimony {
                    author: *peer,
                    indicator: *indicator,
                    topic: crate::Topic::Flood,
                    opinion: Some(opinion),
                    stated_at: now,
                    signed: Arc::new([]),
                })
            });
            let input = Input::Answered {
                id: *id,
                from: *peer,
                testimonies: testimonies.collect(),
            };
            all.extend(run(engine, now, input));
        }
    }
    all
}

fn step() -> impl Strategy<Value = Step> {
    let evidence = prop_oneof![Just(Evidence::Verified), Just(Evidence::Spoofable)];
    let (author, host, secs) = (0u8..3, 0u8..10, 1u64..600);
    prop_oneof![
        4 => (author.clone(), host.clone(), secs.clone(), evidence)
            .prop_map(|(author, host, secs, evidence)| Step::Hear { author, host, secs, evidence }),
        2 => (author, host.clone(), secs.clone())
            .prop_map(|(author, host, secs)| Step::Withdraw { author, host, secs }),
        2 => host.clone().prop_map(|host| Step::Detect { host }),
        2 => (host.clone(), secs.clone(), any::<bool>())
            .prop_map(|(host, secs, force)| Step::Block { host, secs, force }),
        2 => host.clone().prop_map(|host| Step::Unblock { host }),
        1 => (host.clone(), secs).prop_map(|(host, secs)| Step::Allow { host, secs }),
        1 => host.clone().prop_map(|host| Step::Disallow { host }),
        1 => host.clone().prop_map(|host| Step::Gateway { host }),
        3 => (host.clone(), any::<bool>(), -1.5f64..1.5)
            .prop_map(|(host, is_ordered, score)| Step::Ask { host, is_ordered, score }),
        2 => (0u8..3, host, 0u8..8)
            .prop_map(|(author, host, deed)| Step::Peer { author, host, deed }),
    ]
}

fn first_address(host: u8) -> IpAddr {
    address(host).parse::<Indicator>().unwrap().address()
}

/// Ten indicators of which some lie in others.
fn address(host: u8) -> String {
    match host {
        0..=5 => format!("203.0.113.{host}"),
        6 => "203.0.113.0/24".to_owned(),
        7 => "203.0.113.0/30".to_owned(),
        8 => "2001:db8::/48".to_owned(),
        _ => "2001:db8::1".to_owned(),
    }
}
