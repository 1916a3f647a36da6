//! What Dovecot keeps of one peer.

use super::DovecotDefects;
use super::opinion::DovecotOpinion;
use super::reliability::{Published, Ratings};
use super::voice::Speaker;
use crate::trust::memory::{Reader, Writer};
use crate::trust::roster::Remember;
use crate::{Confidence, Score};

/// What Dovecot keeps of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DovecotPeer {
    /// How its pings went.
    pub ratings: Ratings,
    /// What was published of that.
    pub published: Option<Published>,
    /// What this node's own detectors think of its address, on this house's scale.
    pub observed: Option<(Score, Confidence)>,
}

impl DovecotPeer {
    /// Takes in how one more ping went.
    pub fn rate(&mut self, is_good: bool) {
        self.ratings.rate(is_good);
        if let Some(mean) = self.ratings.mean() {
            self.published = Some(Published::with(self.published, mean));
        }
    }

    /// Returns it as a speaker; `of_address` is what its address counts as.
    pub(super) fn speaker(&self, defects: &DovecotDefects, of_address: DovecotOpinion) -> Speaker {
        Speaker {
            reliability: self.published.map(|it| it.read(defects)),
            of_address: Some(of_address),
        }
    }
}

impl Remember for DovecotPeer {
    fn experience(&self) -> u64 {
        // The greeting is nothing that it has been through.
        self.ratings.total.saturating_sub(1)
    }

    fn write(&self, writer: &mut Writer) {
        writer.put_u64(self.ratings.good);
        writer.put_u64(self.ratings.total);
        writer.put_bool(self.published.is_some());
        if let Some(published) = self.published {
            writer.put_f64(published.oldest);
            writer.put_f64(published.newest);
        }
        writer.put_bool(self.observed.is_some());
        if let Some((score, confidence)) = self.observed {
            writer.put_f64(score.value());
            writer.put_f64(confidence.value());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let good = reader.take_u64()?;
        let total = reader.take_u64()?;
        if good > total {
            return None;
        }
        let mut peer = Self {
            ratings: Ratings { good, total },
            ..Self::default()
        };
        if reader.take_bool()? {
            peer.published = Some(Published {
                oldest: reader.take_confidence()?.value(),
                newest: reader.take_confidence()?.value(),
            });
        }
        if reader.take_bool()? {
            let score = Score::new(reader.take_f64(1.0)?)?;
            peer.observed = Some((score, reader.take_confidence()?));
        }
        Some(peer)
    }
}
