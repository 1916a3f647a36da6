//! How peers stand: points for what they did wrong, forgiven slowly.

use std::time::Duration;

use aegis_core::{NodeId, Timestamp};

use super::Table;

/// From so many points on nothing of a peer is looked at: two forgeries a minute apart.
pub const THROTTLE_POINTS: f64 = 45.0;

/// From so many points on a peer is disconnected and banned: four forgeries in quick succession.
pub const CUT_OFF_POINTS: f64 = 90.0;

/// After so long half of the points are forgiven.
const HALF_LIFE: Duration = Duration::from_secs(600);

/// What a peer's behaviour so far leads to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Conduct {
    /// It is heard.
    Good,
    /// Nothing of it is looked at until it is forgiven.
    Throttled,
    /// It is to be disconnected and banned.
    CutOff,
}

/// The standing of every peer that ever did something wrong.
#[derive(Debug)]
pub struct Standings(Table<NodeId, Standing>);

#[derive(Clone, Copy, Debug)]
struct Standing {
    points: f64, // as of `updated_at`; finite, at most twice CUT_OFF_POINTS
    updated_at: Timestamp,
}

impl Standings {
    /// Returns standings that remember at most `peers_max` peers, those charged last.
    pub fn new(peers_max: usize) -> Self {
        Self(Table::new(peers_max))
    }

    /// Charges `peer` so many points; returns what that leads to.
    pub fn charge(&mut self, now: Timestamp, peer: NodeId, points: f64) -> Conduct {
        let fresh = || Standing {
            points: 0.0,
            updated_at: now,
        };
        let standing = self.0.entry(peer, fresh);
        let total = standing.points_at(now) + points;
        *standing = Standing {
            points: total.min(2.0 * CUT_OFF_POINTS),
            updated_at: now,
        };
        conduct_of(standing.points)
    }

    /// Returns how `peer` stands at `now`.
    pub fn conduct(&self, now: Timestamp, peer: NodeId) -> Conduct {
        let points = self.0.peek(&peer).map_or(0.0, |it| it.points_at(now));
        conduct_of(points)
    }
}

impl Standing {
    fn points_at(&self, now: Timestamp) -> f64 {
        let half_lives = now.since(self.updated_at).div_duration_f64(HALF_LIFE);
        self.points * (-half_lives).exp2()
    }
}

fn conduct_of(points: f64) -> Conduct {
    if points >= CUT_OFF_POINTS {
        Conduct::CutOff
    } else if points >= THROTTLE_POINTS {
        Conduct::Throttled
    } else {
        Conduct::Good
    }
}

#[cfg(test)]
mod tests;
