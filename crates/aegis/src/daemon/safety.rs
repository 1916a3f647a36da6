//! Answers about safety: the mode, and whom nobody can have blocked.

use std::{collections::BTreeSet, net::IpAddr};

use aegis_api::{
    ApiError, Caller, ErrorCode, PROTECTED_LINES_MAX, ProtectedLine, ProtectedList, SafetyReply,
    SafetyRequest,
};
use aegis_core::Protection;

use super::Node;

impl Node {
    /// Does what is asked about safety, or says why not.
    pub(super) fn safety(
        &mut self,
        caller: Caller,
        request: &SafetyRequest,
    ) -> Result<SafetyReply, ApiError> {
        match request {
            SafetyRequest::Enforce(it) => self.enforce(caller, *it).map(SafetyReply::Mode),
            SafetyRequest::Confirm => self.confirm(caller).map(SafetyReply::Mode),
            SafetyRequest::Observe => self.observe(caller).map(SafetyReply::Mode),
            SafetyRequest::Protected => Ok(SafetyReply::Protected(self.protected())),
            SafetyRequest::DisallowName(it) => {
                Ok(SafetyReply::NameDisallowed(self.disallow_name(caller, it)))
            }
            SafetyRequest::AllowNames => Ok(SafetyReply::Names(self.allow_names())),
            SafetyRequest::UnblockRegion(it) => {
                self.unblock_region(*it).map(SafetyReply::RegionUnblocked)
            }
            SafetyRequest::Regions => Ok(SafetyReply::Regions(self.region_list())),
            SafetyRequest::Summary(_)
            | SafetyRequest::AllowName(_)
            | SafetyRequest::BlockRegion(_) => Err(ApiError::new(
                ErrorCode::Internal,
                "it was asked of the wrong task", // those who have to wait for it answer
            )),
        }
    }

    /// Returns the addresses of the host that are protected for this reason.
    pub(super) fn protected_addresses(&self, reason: Protection) -> BTreeSet<IpAddr> {
        let protected = self.engine.protected();
        let for_it = protected.filter(|(_, protection)| *protection == reason);
        for_it.map(|(indicator, _)| indicator.address()).collect()
    }

    fn protected(&self) -> ProtectedList {
        let protected = self
            .engine
            .protected()
            .map(|(indicator, it)| ProtectedLine {
                indicator,
                kind: it.code().to_owned(),
                reason: it.as_str().to_owned(),
            });
        let configured = self.engine.configured().map(|indicator| ProtectedLine {
            indicator,
            kind: "configured_peer".to_owned(),
            reason: "a configured peer: not on another's word, and by the operator with --force"
                .to_owned(),
        });
        let mut lines: Vec<ProtectedLine> = protected.chain(configured).collect();
        lines.sort_by_key(|it| it.indicator);
        lines.truncate(PROTECTED_LINES_MAX);
        ProtectedList { protected: lines }
    }
}
