//! What monitoring asks of the Engine: counts that are kept as they change, never counted anew.

use crate::{AskPolicy, Origin, Policy, engine::Engine};

impl Engine {
    /// Returns how many decisions of each origin hold.
    pub fn decisions_by_origin(&self) -> [(Origin, usize); 4] {
        self.blocklist.by_origin()
    }

    /// Returns how many blocked indicators there are of each family and prefix length:
    /// `((is IPv4, length), count)`.
    pub fn blocks_by_length(&self) -> impl Iterator<Item = ((bool, u8), usize)> {
        self.blocklist.by_length()
    }

    /// Decides from now on as these say; what was decided stands.
    pub fn set_policy(&mut self, policy: Policy, ask: AskPolicy) {
        self.policy = policy;
        self.questions.policy = ask;
    }
}
