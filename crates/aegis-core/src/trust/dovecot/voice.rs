//! Which opinions about an address count, and with what.

use std::collections::BTreeMap;

use super::DovecotDefects;
use super::opinion::{self, DovecotOpinion};

/// What a peer says about an address.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spoken<K> {
    /// Which peer.
    pub speaker: K,
    /// What it says.
    pub opinion: DovecotOpinion,
    /// Whether it speaks about its own address.
    pub is_about_itself: bool,
}

/// What is known of a speaker.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Speaker {
    /// How well it keeps up the connection: 0…1; `None` where nothing was published yet.
    pub reliability: Option<f64>,
    /// What this node thinks of its address; `None` where it thinks nothing or knows no address.
    pub of_address: Option<DovecotOpinion>,
}

/// An opinion that counts, with what it counts by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<K> {
    /// Which peer.
    pub speaker: K,
    /// What it says.
    pub opinion: DovecotOpinion,
    /// How well it keeps up the connection: 0…1.
    pub reliability: f64,
    /// What this node thinks of its address.
    pub of_address: DovecotOpinion,
}

impl<K> Row<K> {
    /// Returns how far its author is trusted.
    pub fn trust(&self) -> f64 {
        opinion::peer_trust(self.reliability, self.of_address)
    }
}

/// Returns the voices that count, in their order: nobody's about itself, and each peer's newest
/// only. `None` where the original fails instead.
pub fn rows<K: Copy + Ord>(
    defects: &DovecotDefects,
    voices: &[Spoken<K>],
    speakers: impl Fn(&K) -> Option<Speaker>,
) -> Option<Vec<Row<K>>> {
    let newest: BTreeMap<K, usize> = (0..).zip(voices).map(|(at, it)| (it.speaker, at)).collect();
    let mut rows = Vec::new();
    for (at, spoken) in voices.iter().enumerate() {
        let is_newest = newest.get(&spoken.speaker) == Some(&at);
        if spoken.is_about_itself || !(is_newest || defects.counts_every_voice) {
            continue;
        }
        let Some(speaker) = speakers(&spoken.speaker) else {
            continue;
        };
        let Some(of_address) = speaker.of_address else {
            continue;
        };
        match speaker.reliability {
            Some(reliability) => rows.push(Row {
                speaker: spoken.speaker,
                opinion: spoken.opinion,
                reliability,
                of_address,
            }),
            None if defects.fails_without_reliability => return None,
            None => {}
        }
    }
    Some(rows)
}
