//! Trust and questions between nodes: what the file says of them, and what that means.

use std::{collections::BTreeMap, time::Duration};

use aegis_core::{
    AskPolicy, Audience, Confidence, Disclosure, NodeId, Preset, QUESTION_HOPS_MAX,
    QUESTION_PEERS_MAX, Score,
    trust::model::{Introduction, ModelKind},
};
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    detect::written,
    resolve::{duration, within, wrong},
};

/// Peers whose trust the file names at most.
const PEERS_MAX: usize = 1_000;

/// The longest that answers may be waited for: less than callers wait for the node.
const DEADLINE_MAX: Duration = Duration::from_secs(8);

/// Trust.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawTrust {
    pub preset: RawPreset,
    pub model: RawModel,
    pub min_confidence: MinConfidence,
    pub peers: Vec<RawPretrust>,
}

/// How peers start.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPreset {
    #[default]
    Lan,
    Fleet,
    Open,
}

/// Which mathematics weighs what peers say.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawModel {
    #[default]
    Aegis,
    Fides,
    Dovecot,
}

/// A confidence as written; checked when the configuration is resolved.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct MinConfidence(pub f64);

impl Default for MinConfidence {
    fn default() -> Self {
        Self(0.5)
    }
}

/// How far one peer is trusted in advance.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RawPretrust {
    pub peer: String,
    pub trust: f64,
    #[serde(default)]
    pub fixed: bool,
}

/// Questions to other nodes, and theirs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawAsk {
    pub automatic: bool,
    pub peers_max: u32,
    pub deadline: String,
    pub hops: u32,
    pub notice_above: f64,
    pub answer: RawAudience,
    pub disclose: RawDisclosure,
    pub challenge_every: String,
}

/// Who is answered.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawAudience {
    Nobody,
    Trusted,
    #[default]
    Everybody,
}

/// What is answered.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawDisclosure {
    #[default]
    Malicious,
    All,
}

impl Default for RawAsk {
    fn default() -> Self {
        let policy = AskPolicy::default();
        Self {
            automatic: policy.automatic,
            peers_max: policy.peers_max as u32,
            deadline: written(policy.deadline),
            hops: policy.hops.into(),
            notice_above: policy.notice_above.value(),
            answer: RawAudience::default(),
            disclose: RawDisclosure::default(),
            challenge_every: written(policy.challenge_every.unwrap_or_default()),
        }
    }
}

/// What peers start from, and which model weighs them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trust {
    /// The model.
    pub model: ModelKind,
    /// What peers start from of whom nothing else is said.
    pub preset: Preset,
    /// What single peers start from.
    pub pretrust: BTreeMap<NodeId, Introduction>,
}

pub(super) fn trust(raw: &RawTrust) -> Result<Trust, ConfigError> {
    if raw.peers.len() > PEERS_MAX {
        let problem = format!("must have at most {PEERS_MAX} entries");
        return Err(wrong("trust.peers", problem));
    }
    let pretrust = raw.peers.iter().map(|it| {
        let peer: NodeId = it
            .peer
            .parse()
            .map_err(|error| wrong("trust.peers.peer", format!("{:?}: {error}", it.peer)))?;
        let pretrust = Confidence::new(it.trust)
            .ok_or_else(|| wrong("trust.peers.trust", "must be within 0…1"))?;
        let is_fixed = it.fixed;
        Ok((peer, Introduction { pretrust, is_fixed }))
    });
    Ok(Trust {
        model: match raw.model {
            RawModel::Aegis => ModelKind::Aegis,
            RawModel::Fides => ModelKind::Fides,
            RawModel::Dovecot => ModelKind::Dovecot,
        },
        preset: match raw.preset {
            RawPreset::Lan => Preset::Lan,
            RawPreset::Fleet => Preset::Fleet,
            RawPreset::Open => Preset::Open,
        },
        pretrust: pretrust.collect::<Result<_, ConfigError>>()?,
    })
}

pub(super) fn ask(raw: &RawAsk) -> Result<AskPolicy, ConfigError> {
    let deadline = duration("ask.deadline", &raw.deadline)?;
    if !(Duration::from_millis(100)..=DEADLINE_MAX).contains(&deadline) {
        return Err(wrong("ask.deadline", "must be within 100ms…8s"));
    }
    let every = duration("ask.challenge_every", &raw.challenge_every)?;
    let is_sane = (Duration::from_secs(10)..=Duration::from_secs(7 * 86_400)).contains(&every);
    if !every.is_zero() && !is_sane {
        return Err(wrong("ask.challenge_every", "must be 0s or within 10s…7d"));
    }
    let peers_max = within("ask.peers_max", raw.peers_max, 1, QUESTION_PEERS_MAX as u32)?;
    let hops = within("ask.hops", raw.hops, 0, QUESTION_HOPS_MAX.into())?;
    Ok(AskPolicy {
        automatic: raw.automatic,
        peers_max: peers_max as usize,
        deadline,
        hops: u8::try_from(hops).unwrap_or(QUESTION_HOPS_MAX),
        notice_above: Score::new(raw.notice_above)
            .ok_or_else(|| wrong("ask.notice_above", "must be within -1…1"))?,
        audience: match raw.answer {
            RawAudience::Nobody => Audience::Nobody,
            RawAudience::Trusted => Audience::Trusted,
            RawAudience::Everybody => Audience::Everybody,
        },
        disclosure: match raw.disclose {
            RawDisclosure::Malicious => Disclosure::Malicious,
            RawDisclosure::All => Disclosure::All,
        },
        challenge_every: (!every.is_zero()).then_some(every),
    })
}
