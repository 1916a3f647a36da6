//! Suricata's `eve.json`: one object a line, of which those of the type `alert` count.
//!
//! `src_ip` is the sender of the packet that a signature matched, which is as often the victim that
//! answers. Who began the connection is in `flow`, and where a rule has a `target`, its alert says
//! whom it attacked. Fields that a stranger fills (`http`, `payload`, the `xff` that a proxy or
//! anybody else sent) blame nobody.

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

use aegis_core::{BlockDuration, Evidence, Severity, Timestamp};
use serde::{Deserialize, de::IgnoredAny};

use super::{IdsAlert, IdsConfig, Ours, address, bounded, meaning};
use crate::log::{Rule, Stamp, Why};

/// How long somebody is blocked whose address may be forged: as on a peer's unproven word.
const UNPROVEN_SECS: u64 = 300;

/// What `prefix` of Suricata's output is for logs that go through syslog.
const COOKIE: &str = "@cee: ";

/// Ports below belong to services: the kernel gives none of them to a client by itself.
const CLIENT_PORT_MIN: u16 = 1_024;

/// An alert, as far as it is looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EveAlert<'a> {
    /// When the packet was seen.
    pub at: Timestamp,
    /// Who sent it, and to whom.
    pub packet: (IpAddr, IpAddr),
    /// Who began the connection, and with whom, where the alert says so.
    pub flow: Option<(IpAddr, IpAddr)>,
    /// Whether the packet goes to whoever was connected to, where the alert says so.
    pub is_to_server: Option<bool>,
    /// The attacker and the attacked, where the rule has a `target`.
    pub declared: Option<(IpAddr, Option<IpAddr>)>,
    /// The name of the signature.
    pub signature: Cow<'a, str>,
    /// Its generator and number.
    pub id: (u64, u64),
    /// What its category says in words.
    pub category: Cow<'a, str>,
    /// How bad it is: 1 is worst.
    pub severity: u64,
    facts: Facts,
}

/// What else decides who is to blame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Facts {
    is_tunnelled: bool,
    is_forwarded: bool,
    is_web: bool,
    /// Both ends of a TCP connection spoke, and what they said was understood.
    is_spoken: bool,
    /// It comes from a service's port to a client's, in a TCP connection that is not understood. Of one that was
    /// open when Suricata started it takes for the client whoever it sees send first.
    is_like_an_answer: bool,
    is_about_clients: bool,
    is_informational: bool,
    is_undone: bool,
}

/// An event, as it stands in the line.
#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    src_ip: Cow<'a, str>,
    #[serde(borrow)]
    dest_ip: Cow<'a, str>,
    #[serde(borrow, default)]
    proto: Cow<'a, str>,
    #[serde(default)]
    src_port: Option<u16>,
    #[serde(default)]
    dest_port: Option<u16>,
    #[serde(borrow, default)]
    direction: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    app_proto: Cow<'a, str>,
    #[serde(borrow)]
    alert: RawAlert<'a>,
    #[serde(borrow, default)]
    flow: Option<RawFlow<'a>>,
    #[serde(default)]
    tunnel: Option<IgnoredAny>,
    #[serde(default)]
    xff: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RawAlert<'a> {
    #[serde(borrow, default)]
    action: Option<Cow<'a, str>>,
    #[serde(default)]
    gid: u64,
    #[serde(default)]
    signature_id: u64,
    #[serde(borrow, default)]
    signature: Cow<'a, str>,
    #[serde(borrow, default)]
    category: Cow<'a, str>,
    #[serde(default)]
    severity: Option<u64>,
    #[serde(borrow, default)]
    source: Option<RawEnd<'a>>,
    #[serde(borrow, default)]
    target: Option<RawEnd<'a>>,
    #[serde(borrow, default)]
    metadata: BTreeMap<Cow<'a, str>, Words<'a>>,
    #[serde(default)]
    xff: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct RawEnd<'a> {
    #[serde(borrow)]
    ip: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawFlow<'a> {
    #[serde(borrow, default)]
    src_ip: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    dest_ip: Option<Cow<'a, str>>,
    #[serde(default)]
    pkts_toserver: u64,
    #[serde(default)]
    pkts_toclient: u64,
}

/// Metadata of a rule: several words for one key, and whatever rules may have else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Words<'a> {
    Several(#[serde(borrow)] Vec<Cow<'a, str>>),
    Other(IgnoredAny),
}

impl<'a> EveAlert<'a> {
    /// Reads a line; `None` for events of other types and for what lacks what an alert needs.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?;
        // Most events are not alerts, and no text within an object can hold these quotes.
        if !line.contains("\"alert\"") {
            return None;
        }
        let line = line.strip_prefix(COOKIE).unwrap_or(line);
        let raw: RawEvent<'a> = serde_json::from_str(line).ok()?;
        if raw.event_type != "alert" {
            return None;
        }
        let stamp = Stamp::rfc3339(&raw.timestamp)?;
        let flow = raw.flow.as_ref().and_then(RawFlow::ends);
        let declared = match &raw.alert.source {
            Some(source) => Some((address(&source.ip)?, raw.alert.target_address()?)),
            None => None,
        };
        Some(Self {
            at: stamp.resolve(Timestamp::EPOCH, 0), // it has its zone
            packet: (address(&raw.src_ip)?, address(&raw.dest_ip)?),
            flow,
            is_to_server: match raw.direction.as_deref() {
                Some("to_server") => Some(true),
                Some("to_client") => Some(false),
                Some(_) | None => None,
            },
            declared,
            facts: raw.facts(),
            id: (raw.alert.gid, raw.alert.signature_id),
            severity: raw.alert.severity.unwrap_or(3),
            signature: raw.alert.signature,
            category: raw.alert.category,
        })
    }

    /// Returns what it holds against whom, or why it holds nothing against anybody.
    pub(in crate::log) fn judge(&self, ours: &Ours, config: &IdsConfig) -> Result<IdsAlert, Why> {
        if self.facts.is_undone || self.facts.is_informational {
            return Err(Why::Harmless);
        }
        let (rule, severity) = match self.severity {
            1 => (Rule::Suricata1, 8),
            2 => (Rule::Suricata2, 6),
            3 => (Rule::Suricata3, 5),
            _ => return Err(Why::Harmless),
        };
        let threat_type = meaning(config, &self.category, threat_type)?;
        let source = self.source(ours)?;
        let evidence = if self.facts.is_spoken {
            Evidence::Verified
        } else {
            Evidence::Spoofable
        };
        Ok(IdsAlert {
            source,
            rule,
            threat_type,
            severity: Severity::new(severity),
            evidence,
            block_for: match evidence {
                Evidence::Verified => None,
                Evidence::Spoofable => BlockDuration::from_secs(UNPROVEN_SECS),
            },
            at: self.at,
            words: bounded(&format!("{}:{} {}", self.id.0, self.id.1, self.signature)),
        })
    }

    /// Returns who did it, if that can be told and may be held against him.
    fn source(&self, ours: &Ours) -> Result<IpAddr, Why> {
        if self.facts.is_forwarded {
            return Err(Why::Proxy); // who asked is somebody behind it
        }
        // What is inside of a tunnel, whoever sends it makes up, both directions of it.
        let ends = self.ends().filter(|_| !self.facts.is_tunnelled);
        let (sender, receiver) = ends.ok_or(Why::Unclear)?;
        if let Some((source, target)) = self.declared {
            let other = if source == sender { receiver } else { sender };
            let is_of_them = source == sender || source == receiver;
            if !is_of_them || target.is_some_and(|it| it != other) {
                return Err(Why::Unclear);
            }
            return ours.blame(source, Some(other));
        }
        // Whoever began it, if it is he who attacks: not where a rule is about what servers send.
        let (client, server) = self.connection().ok_or(Why::Unclear)?;
        let may_be_the_answer = match self.is_to_server {
            Some(true) => self.facts.is_like_an_answer,
            Some(false) | None => !is_of_success(&self.category),
        };
        let blamed = ours.blame(client, Some(server))?;
        if self.facts.is_about_clients || may_be_the_answer {
            return Err(Why::Unclear);
        }
        Ok(blamed)
    }

    /// Returns the packet's two ends, where nobody else put them there: with `xff: overwrite` one of
    /// them is what a header of the request said, and only the connection itself shows that.
    fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        let (sender, receiver) = self.packet;
        let is_whole = match self.flow {
            Some(flow) => flow == (sender, receiver) || flow == (receiver, sender),
            None => !self.facts.is_web,
        };
        (is_whole && sender != receiver).then_some((sender, receiver))
    }

    /// Returns who connected, and to whom; `None` where what the alert says does not fit together.
    fn connection(&self) -> Option<(IpAddr, IpAddr)> {
        let (sender, receiver) = self.packet;
        let by_direction = self.is_to_server.map(|it| match it {
            true => (sender, receiver),
            false => (receiver, sender),
        });
        match (self.flow, by_direction) {
            (Some(flow), Some(by_direction)) => (flow == by_direction).then_some(flow),
            (flow, by_direction) => flow.or(by_direction),
        }
    }
}

impl RawEvent<'_> {
    fn facts(&self) -> Facts {
        let flow = self.flow.as_ref();
        let has_both = flow.is_some_and(|it| it.pkts_toserver >= 2 && it.pkts_toclient >= 1);
        let is_tcp = self.proto == "TCP";
        let is_understood = !matches!(&*self.app_proto, "" | "failed");
        let alert = &self.alert;
        let is_client = |it: &str| it.contains("Client") && !it.contains("Server");
        let targets = alert.words("attack_target");
        let ratings = alert.words("signature_severity");
        Facts {
            is_tunnelled: self.tunnel.is_some(),
            is_forwarded: self.xff.is_some() || alert.xff.is_some(),
            is_web: self.app_proto.starts_with("http"),
            is_spoken: is_tcp && has_both && is_understood,
            is_like_an_answer: is_tcp
                && !is_understood
                && self.src_port.is_some_and(|it| it < CLIENT_PORT_MIN)
                && self.dest_port.is_some_and(|it| it >= CLIENT_PORT_MIN),
            is_about_clients: !targets.is_empty() && targets.iter().all(|it| is_client(it)),
            is_informational: ratings.iter().any(|it| it == "Informational"),
            is_undone: !matches!(alert.action.as_deref(), None | Some("allowed" | "blocked")),
        }
    }
}

impl RawAlert<'_> {
    fn words(&self, key: &str) -> &[Cow<'_, str>] {
        match self.metadata.get(key) {
            Some(Words::Several(words)) => words,
            Some(Words::Other(_)) | None => &[],
        }
    }

    /// Returns the target's address, if there is one; `None` where it cannot be read.
    fn target_address(&self) -> Option<Option<IpAddr>> {
        match &self.target {
            Some(target) => address(&target.ip).map(Some),
            None => Some(None),
        }
    }
}

impl RawFlow<'_> {
    fn ends(&self) -> Option<(IpAddr, IpAddr)> {
        Some((
            address(self.src_ip.as_deref()?)?,
            address(self.dest_ip.as_deref()?)?,
        ))
    }
}

/// Returns the kind of attack that a category stands for, after the `classification.config` that
/// Suricata ships; `None` for what is not an attack, or not surely its source's.
fn threat_type(category: &str) -> Option<&'static str> {
    Some(match category {
        "Attempted User Privilege Gain"
        | "Unsuccessful User Privilege Gain"
        | "Successful User Privilege Gain"
        | "Attempted Administrator Privilege Gain"
        | "Successful Administrator Privilege Gain"
        | "Executable code was detected"
        | "Exploit Kit Activity Detected"
        | "Targeted Malicious Activity was Detected" => "exploit",
        "Web Application Attack" => "web_attack",
        "access to a potentially vulnerable web application"
        | "Attempted Information Leak"
        | "Information Leak"
        | "Large Scale Information Leak" => "vulnerability_scan",
        "Detection of a Network Scan" => "port_scan",
        "Attempted Denial of Service"
        | "Denial of Service"
        | "Detection of a Denial of Service Attack" => "ddos",
        "An attempted login using a suspicious username was detected"
        | "Attempt to login by a default username and password" => "brute_force",
        "A Network Trojan was detected" | "Malware Command and Control Activity Detected" => {
            "malware_c2"
        }
        _ => return None,
    })
}

/// Returns whether a category tells that an attack came through: then it is the answer of the
/// attacked that its signatures match.
fn is_of_success(category: &str) -> bool {
    category.starts_with("Successful ")
}

#[cfg(test)]
mod tests;
