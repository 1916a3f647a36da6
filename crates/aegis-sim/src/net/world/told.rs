//! What a network tells of itself, and what a replayer tells it.

use aegis_core::Channel;

use super::{Event, REPLAY_EVERY, REPLAYED, Role, World};

impl World {
    /// A replayer says some of what it ever saw to whom it reaches, as gossip and handed over.
    pub(super) fn replay(&mut self, place: usize) {
        if self.nodes[place].role != Role::Replayer {
            return; // it fell silent
        }
        self.schedule(REPLAY_EVERY, Event::Replay(place));
        let all = self.nodes[place].hoarded();
        for to in self.nodes[place].peers.clone() {
            for _ in 0..REPLAYED.min(all.len()) {
                let alert = all[self.chance.below(all.len())].clone();
                let channel = match self.chance.happens(0.5) {
                    true => Channel::Gossip,
                    false => Channel::Sync,
                };
                self.send(Event::Alert {
                    to,
                    from: place,
                    alert,
                    channel,
                });
            }
        }
    }

    /// Adds what happens to the history and, where it is wanted, to the trace.
    pub(super) fn note(&mut self, event: &Event) {
        let (kind, place, number) = match event {
            Event::Alert { to, alert, .. } => ("alert", *to, u64::from(alert.id().as_bytes()[0])),
            Event::Asked { to, bytes, .. } => ("asked", *to, bytes.len() as u64),
            Event::Answered { to, bytes, .. } => ("answered", *to, bytes.len() as u64),
            Event::Unanswered { by, id, .. } => ("unanswered", *by, *id),
            Event::Wake(place) => ("wake", *place, 0),
            Event::Replay(place) => ("replay", *place, 0),
            Event::Streamed { event, .. } => return self.note(event),
            Event::Lost { place, peer } => ("lost a peer", *place, *peer as u64),
            Event::Found { one, other } => ("met again", *one, *other as u64),
        };
        for part in [self.at, place as u64, number, kind.len() as u64] {
            self.history = (self.history ^ part)
                .wrapping_mul(0x0100_0000_01b3)
                .rotate_left(7);
        }
        if let Some(trace) = &mut self.trace {
            let live = self.nodes[place].engine.live_set().len();
            trace.push(format!(
                "{:>9} ms  node {place:>2}  {kind:<10} {number:>6}  holds {live}",
                self.at
            ));
        }
    }
}
