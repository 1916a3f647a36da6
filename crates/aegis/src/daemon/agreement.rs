//! Whether the kernel does what the node wants: looked at, told once, put right, and told again.

use aegis_api::EventKind;
use aegis_enforce::{EnforceError, Enforcement};

use super::{Node, dispatch::chain};

impl Node {
    /// Asks the kernel what is in force beside what is to be. What differs is told, and put right
    /// at the next look after the tables, within a second.
    pub(super) fn look_back(&mut self) -> Result<Enforcement, EnforceError> {
        let found = self
            .enforcer
            .enforcement(self.clock.now(), self.engine.ruleset())?;
        if found.is_in_agreement() {
            self.agrees();
        } else {
            self.differs(&found.to_string());
        }
        Ok(found)
    }

    /// Compares the kernel's tables with the ruleset, and makes them anew where they differ. What
    /// that does not mend is tried again with the next sweep, and not before.
    pub(super) fn keep_in_agreement(&mut self) {
        self.restore_if_different();
        self.is_in_doubt = false;
    }

    fn restore_if_different(&mut self) {
        match self.look_back() {
            Ok(found) if found.is_in_agreement() => return,
            Ok(_) => {}
            Err(error) => {
                let error = chain(&error);
                return self.unprotected(format!("the kernel's tables cannot be read: {error}"));
            }
        }
        self.read_back = None;
        let restored = self
            .enforcer
            .restore(self.clock.now(), self.engine.ruleset());
        if let Err(error) = restored {
            let error = chain(&error);
            self.unprotected(format!("the kernel's tables cannot be put right: {error}"));
        }
        match self.look_back() {
            Ok(found) if found.is_in_agreement() => {}
            Ok(found) => self.alarm(&format!(
                "the kernel does not hold what it is to, and putting it right did not help ({found})"
            )),
            Err(error) => {
                let error = chain(&error);
                self.unprotected(format!("the kernel's tables cannot be read: {error}"));
            }
        }
    }

    /// Keeps a problem for `status`, and has somebody told of it at once.
    pub(super) fn unprotected(&mut self, message: String) {
        self.alarm(&message);
        self.degraded(message);
    }

    /// Tells that what stood wrong stands right again.
    pub(super) fn mended(&mut self, message: String) {
        tracing::warn!(mended = message, "Mended");
        let at = self.now();
        self.hub.publish(at, EventKind::Mended { message });
    }

    /// Keeps what differs for `status`, and tells of it when it begins.
    fn differs(&mut self, found: &str) {
        let message = format!("the kernel does not hold what it is to ({found})");
        match self.difference.replace(message.clone()) {
            None => {
                self.is_in_doubt = true;
                self.degraded(message);
            }
            Some(before) => {
                let told = self.problems.iter_mut().find(|it| **it == before);
                told.into_iter().for_each(|it| it.clone_from(&message));
            }
        }
    }

    fn agrees(&mut self) {
        let Some(before) = self.difference.take() else {
            return;
        };
        self.problems.retain(|it| *it != before);
        self.mended("the kernel holds what it is to again".to_owned());
    }
}
