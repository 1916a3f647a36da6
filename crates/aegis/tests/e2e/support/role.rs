//! Peers that are no nodes: this test binary, started again on a host of the test's network, says
//! by the network service whatever its role has it say.
//!
//! The test that needs one starts itself with its role in the environment.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, Stdio},
    sync::mpsc::{Receiver, sync_channel},
};

use aegis::lab::testbed::Host;
use aegis_api::NodeId;
use aegis_net::{Identity, NetCommand};
use serde::{Deserialize, Serialize};
use tokio::{io::AsyncReadExt as _, time::timeout};

use super::{
    DEADLINE,
    bad_peer::{self, Flood, Flooded, Flooder},
    corrupter::Corrupter,
    host::Running,
    indicator,
    liar::{self, Lie},
    outsider::{self, Outsider},
    until_in,
};

/// Says in the environment which role to play.
const ROLE: &str = "AEGIS_E2E_ROLE";

/// Marks what a role says among what the test harness says.
const MARK: &str = "ROLE ";

/// What a role has said and nobody has listened to.
const SAID_MAX: usize = 16;

/// What to play.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Role {
    /// The only byte of the secret key, so that the test knows who it is.
    pub(crate) key: u8,
    /// Whom to speak to.
    pub(crate) to: String,
    pub(crate) play: Play,
}

/// What a role does.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Play {
    /// Publishes a properly signed alert of each, whatever it is about, and stays.
    Publish(Vec<String>),
    /// Sends what no honest node sends.
    Flood(Flood),
    /// Answers questions with lies of this kind, and stays.
    Answer(Lie),
    /// Serves the file at this path with every chunk corrupted, as the member that the second says if
    /// there is one, and stays.
    Corrupt(String, Option<String>),
    /// Tries to get a file that is not for it.
    Pry(Outsider),
}

impl Role {
    /// Returns the role of this process, if it was started for one.
    pub(crate) fn assigned() -> Option<Self> {
        let role = std::env::var(ROLE).ok()?;
        Some(serde_json::from_str(&role).unwrap())
    }

    /// Returns who plays it.
    pub(crate) fn node_id(&self) -> NodeId {
        self.identity().node_id()
    }

    fn identity(&self) -> Identity {
        Identity::from_secret([self.key; 32])
    }

    /// Starts `test`, which calls [`Role::play`], in this role on `host`.
    pub(crate) fn start(&self, host: &Host, test: &str) -> Running {
        let mut command = host.command(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(ROLE, serde_json::to_string(self).unwrap());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// Plays the role to its end.
    pub(crate) async fn play(self) {
        let identity = self.identity();
        let to: NodeId = self.to.parse().unwrap();
        match self.play {
            Play::Publish(texts) => {
                let handle = bad_peer::join(&identity, to).await.unwrap();
                for text in texts {
                    let alert = bad_peer::signed(&identity, indicator(&text));
                    let command = NetCommand::Publish(alert);
                    handle.commands_tx.send(command).await.unwrap();
                }
                let mut rest = Vec::new();
                tokio::io::stdin().read_to_end(&mut rest).await.unwrap();
            }
            Play::Answer(lie) => {
                let mut handle = bad_peer::join(&identity, to).await.unwrap();
                if lie == Lie::Slander {
                    let alert = bad_peer::signed(&identity, indicator(liar::SLANDERED));
                    let command = NetCommand::Publish(alert);
                    handle.commands_tx.send(command).await.unwrap();
                }
                liar::answer(&mut handle, lie).await;
            }
            Play::Corrupt(path, membership) => {
                let corrupter = Corrupter::of(&path);
                let mut handle = bad_peer::join(&identity, to).await.unwrap();
                corrupter.serve(&mut handle, membership.as_deref()).await;
            }
            Play::Pry(it) => {
                let handle = bad_peer::join(&identity, to).await.unwrap();
                outsider::play(handle, &identity, it).await;
            }
            Play::Flood(flood) => {
                let flooder = Flooder::join(flood, &identity, to).await.unwrap();
                let flooded = flooder.send().await.unwrap();
                say(&flooded);
            }
        }
    }
}

/// Says something to the test that started this process.
pub(crate) fn say(what: &impl Serialize) {
    println!("\n{MARK}{}", serde_json::to_string(what).unwrap());
}

/// A role that a test talks with while it plays.
pub(crate) struct Talking {
    said_rx: Receiver<String>,
    stdin: Option<ChildStdin>,
    _running: Running,
}

impl Talking {
    /// Starts `test`, which calls [`Role::play`], in a role on `host`.
    pub(crate) fn start(role: &Role, host: &Host, test: &str) -> Self {
        let mut running = role.start(host, test);
        let stdout = BufReader::new(running.0.stdout.take().unwrap());
        let (said_tx, said_rx) = sync_channel(SAID_MAX);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                match line.strip_prefix(MARK) {
                    Some(said) if said_tx.send(said.to_owned()).is_err() => return,
                    Some(_) | None => {}
                }
            }
        });
        Self {
            said_rx,
            stdin: running.0.stdin.take(),
            _running: running,
        }
    }

    /// Waits for what it says next, which may take a while: it has much to try before.
    pub(crate) async fn says<T: for<'a> Deserialize<'a>>(&self) -> T {
        let next = async || self.said_rx.try_recv().ok();
        let said = until_in(DEADLINE * 9, "a role says something", next).await;
        serde_json::from_str(&said).unwrap()
    }

    /// Tells it to go on.
    pub(crate) fn go_on(&mut self) {
        self.stdin.as_mut().unwrap().write_all(b"go on\n").unwrap();
    }

    /// Tells it to come to an end.
    pub(crate) fn end(&mut self) {
        self.stdin = None;
    }
}

/// Waits until a flooder has ended; returns what it saw.
pub(crate) async fn flooded(mut running: Running) -> Flooded {
    let stdout = running.0.stdout.take().unwrap();
    let read = tokio::task::spawn_blocking(move || std::io::read_to_string(stdout).unwrap());
    let said = timeout(DEADLINE * 2, read).await.unwrap().unwrap();
    let line = said.lines().find_map(|it| it.strip_prefix(MARK));
    serde_json::from_str(line.unwrap_or_else(|| panic!("the flooder failed: {said}"))).unwrap()
}
