//! A crowd of peers: network services as nodes have them, each with a key and an address of its
//! own, all in one process on one host.
//!
//! They come in waves, since a node keeps some dozens of connections; whom it met it knows from
//! then on, in its store too. The last wave stays. Three are on the node's own network, come first
//! and stay as well: what they say counts, and they say it when they are told to.

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use aegis::daemon::Clock;
use aegis_net::{
    Address, Identity, NetCommand, NetEvent, NetHandle, P2pConfig, PORT_DEFAULT, PeerAddress, start,
};
use anyhow::Context as _;
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines, Stdin, stdin},
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval, timeout},
};

use super::{
    super::{
        hostile::bad_peer,
        player::Player,
        stage::{self, DEADLINE, Stage},
        watch,
    },
    scene::{CROWD, NODE},
};

/// The network of those who are not on the node's own: private, so that no prefix has a share.
pub(super) const NETWORK: &str = "10.78.0.0/16";
const FIRST_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 78, 1, 0);

/// Those on the node's own network, whose word counts. Each may say twenty alerts a second.
pub(super) const SPEAKERS: u32 = 3;

/// Who comes at a time: with the speakers fewer than the node parts from.
const WAVE: u32 = 40;

/// Says in the environment whom this process is to meet.
const ROLE: &str = "AEGIS_BENCH_CROWD";

/// Marks what the crowd says among what else is on its standard output.
const DONE: &str = "CROWD ";

/// Orders to the crowd.
const COME: &str = "come";
const SPEAK: &str = "speak";
const HUSH: &str = "hush";

#[derive(Deserialize, Serialize)]
struct Role {
    node: String,
    host: Ipv4Addr,
}

/// The crowd as whoever measures has it.
pub(super) struct Crowd(Player);

impl Crowd {
    /// Has the node meet so many peers; returns once it knows them all.
    pub(super) async fn meet(stage: &Stage, peers: u32) -> anyhow::Result<Self> {
        let node = stage.nodes.first().context("find the node")?;
        let id = node.client.status().await?.node_id;
        let role = Role {
            node: format!("/ip4/{}/udp/{PORT_DEFAULT}/quic-v1/p2p/{id}", node.address),
            host: stage.host(CROWD)?.address,
        };
        let mut crowd = Self(Player::start(stage, CROWD, (ROLE, &role))?);
        let mut first = 0;
        while first < peers {
            let most = if first == 0 { SPEAKERS } else { WAVE };
            let end = peers.min(first + most);
            crowd.order(&format!("{COME} {first} {end}")).await?;
            let is_known = async || {
                let status = node.client.status().await;
                status.is_ok_and(|it| it.peers.known >= end.into())
            };
            stage::wait(&format!("{NODE} knows {end} peers"), is_known).await?;
            first = end;
        }
        Ok(crowd)
    }

    /// Has the speakers say so many alerts a second together, until they are told to be silent.
    pub(super) async fn speak(&mut self, per_second: u32) -> anyhow::Result<()> {
        self.order(&format!("{SPEAK} {per_second}")).await?;
        Ok(())
    }

    /// Has them be silent; returns how many alerts they said.
    pub(super) async fn hush(&mut self) -> anyhow::Result<u64> {
        let said = self.order(HUSH).await?;
        said.parse().context("read how much was said")
    }

    async fn order(&mut self, order: &str) -> anyhow::Result<String> {
        self.0.tell(order).await?;
        let done = timeout(DEADLINE, self.0.says(DONE)).await;
        done.with_context(|| format!("not in time: {order}"))?
    }
}

/// Plays the crowd that this process was started for; returns whether it was.
#[expect(clippy::print_stdout, reason = "whoever measures hears it there")]
pub(crate) fn play_crowd() -> anyhow::Result<bool> {
    let Ok(role) = std::env::var(ROLE) else {
        return Ok(false);
    };
    let Role { node, host } = serde_json::from_str(&role).context("read a role")?;
    let troupe = Troupe {
        node: node.parse().context("read whom to meet")?,
        host,
        speakers: Vec::new(),
        wave: Vec::new(),
        listening: JoinSet::new(),
        said: 0,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!(); // what the harness of tests writes ends with no line
    runtime.block_on(troupe.play(BufReader::new(stdin()).lines()))?;
    Ok(true)
}

/// Those of the crowd who are there.
struct Troupe {
    node: PeerAddress,
    host: Ipv4Addr,
    speakers: Vec<NetHandle>,
    wave: Vec<NetHandle>,
    listening: JoinSet<()>,
    said: u64,
}

impl Troupe {
    #[expect(clippy::print_stdout, reason = "whoever measures hears it there")]
    async fn play(mut self, mut orders: Lines<BufReader<Stdin>>) -> anyhow::Result<()> {
        while let Some(order) = orders.next_line().await.context("hear an order")? {
            let words: Vec<&str> = order.split(' ').collect();
            match words[..] {
                [COME, first, end] => self.come(first.parse()?, end.parse()?).await?,
                [SPEAK, per_second] => {
                    println!("{DONE}speaks");
                    self.speak(per_second.parse()?, &mut orders).await?;
                }
                _ => anyhow::bail!("no such order: {order}"),
            }
            println!("{DONE}{}", self.said);
        }
        Ok(())
    }

    /// Has the next ones come, and those leave who came before; speakers stay.
    async fn come(&mut self, first: u32, end: u32) -> anyhow::Result<()> {
        let leaving = self.wave.drain(..).map(|it| it.stop(DEADLINE));
        try_join_all(leaving).await?;
        let coming = try_join_all((first..end).map(|number| self.join(number))).await?;
        for mut member in coming {
            // What is said to them they hear, as nodes do, and keep nothing of it.
            let mut events_rx = std::mem::replace(&mut member.events_rx, mpsc::channel(1).1);
            let hear = async move { while events_rx.recv().await.is_some() {} };
            self.listening.spawn(hear);
            let is_speaker = self.speakers.len() < SPEAKERS as usize;
            if is_speaker {
                self.speakers.push(member);
            } else {
                self.wave.push(member);
            }
        }
        Ok(())
    }

    /// Starts the network service of one; returns once it is connected.
    async fn join(&self, number: u32) -> anyhow::Result<NetHandle> {
        let address = match number.checked_sub(SPEAKERS) {
            None => Address::quic(self.host.into(), PORT_DEFAULT + u16::try_from(number)?),
            Some(nth) => {
                let address = Ipv4Addr::from(u32::from(FIRST_ADDRESS) + nth);
                Address::quic(address.into(), PORT_DEFAULT)
            }
        };
        let config = P2pConfig {
            listen: vec![address],
            peers: vec![self.node.clone()],
            mdns: false,
            kad: false,
            ..P2pConfig::default()
        };
        let node = self.node.peer();
        let is_met =
            |it: &NetEvent| matches!(it, NetEvent::PeerConnected { peer, .. } if *peer == node);
        let mut member = start(config, &identity(number), Arc::new(|| Clock.now())).await?;
        let met = async {
            while let Some(event) = member.events_rx.recv().await {
                if is_met(&event) {
                    return Ok(());
                }
            }
            anyhow::bail!("a network service ended")
        };
        timeout(DEADLINE, met).await.context("connect in time")??;
        Ok(member)
    }

    /// Says alerts in turn, at fixed times, until something else is ordered.
    async fn speak(
        &mut self,
        per_second: u32,
        orders: &mut Lines<BufReader<Stdin>>,
    ) -> anyhow::Result<()> {
        let mut ticks = interval(Duration::from_secs(1) / per_second.max(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for number in 0.. {
            tokio::select! {
                _ = ticks.tick() => {}
                order = orders.next_line() => {
                    let order = order.context("hear an order")?;
                    anyhow::ensure!(order.as_deref() == Some(HUSH), "no such order now");
                    break;
                }
            }
            let turn = number % SPEAKERS;
            let speaker = self.speakers.get(turn as usize).context("find a speaker")?;
            let alert = bad_peer::signed(&identity(turn), watch::nobody(number));
            let command = NetCommand::Publish(alert);
            speaker.commands_tx.send(command).await.context("speak")?;
            self.said += 1;
        }
        Ok(())
    }
}

/// Returns the key of one, the same in every run.
fn identity(number: u32) -> Identity {
    let mut secret = [78; 32];
    secret[..4].copy_from_slice(&number.to_be_bytes());
    Identity::from_secret(secret)
}
