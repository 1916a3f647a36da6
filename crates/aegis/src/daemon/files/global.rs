//! The global network: being found as a holder of what is here, and finding holders of what is not.

use std::time::Duration;

use aegis_core::{
    Timestamp,
    file::{Audience, FileId},
};
use aegis_net::{FileCommand, NetCommand};

use super::Files;

/// How long the peers that are there have to say what they have before others are looked for.
pub(super) const SEEK_AFTER: Duration = Duration::from_secs(2);

/// How often holders are looked for while there are none.
const SEEK_EVERY: Duration = Duration::from_secs(30);

/// Files that holders are looked for at a time.
const SEEKS_MAX: usize = 4;

impl Files {
    /// Says which files are here wholly, where that is news.
    pub(super) fn tell_holdings(&mut self, now: Timestamp) {
        let kept = self.kept.keys();
        let held: Vec<(FileId, Audience)> = kept
            .filter_map(|file| Some((*file, self.offer_of(now, *file)?.offer().audience.clone())))
            .collect();
        let Some(commands_tx) = self.commands_tx.as_ref().filter(|_| held != self.told) else {
            return;
        };
        let command = NetCommand::File(FileCommand::Hold(held.clone()));
        // A full queue: it is said at the next beat.
        if commands_tx.try_send(command).is_ok() {
            self.told = held;
        }
    }

    /// Looks for holders of files that no peer has anything of.
    pub(super) fn seek_holders(&mut self, now: Timestamp) {
        let mut sought = Vec::new();
        for (file, fetch) in &mut self.fetches {
            if sought.len() < SEEKS_MAX && fetch.is_short_of_holders() && fetch.seek_at <= now {
                fetch.seek_at = now + SEEK_EVERY;
                sought.push(*file);
            }
        }
        for file in sought {
            let offer = self.offer_of(now, file);
            let audience = offer.map(|it| it.offer().audience.clone());
            if let Some(audience) = audience {
                self.command(FileCommand::Seek { file, audience });
            }
        }
    }
}
