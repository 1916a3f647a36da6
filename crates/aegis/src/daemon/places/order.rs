//! What operators order by place.

use std::time::Duration;

use aegis_api::{ApiError, Caller, ErrorCode, RegionRequest, RegionUnblocked};
use aegis_core::Region;

use super::{Asked, REGION_SECS_MAX, REGIONS_MAX, ReplyTx};
use crate::daemon::Node;

impl Node {
    /// Has a region looked up and blocked; whoever asked waits for that.
    pub(in crate::daemon) fn block_region(
        &mut self,
        caller: Caller,
        request: RegionRequest,
        reply_tx: ReplyTx,
    ) {
        let unavailable = |why: String| Err(ApiError::new(ErrorCode::Unavailable, why));
        let secs = request.duration_secs.get();
        let is_known = self.places.regions.contains_key(&request.region);
        let refused = if self.places.places.is_empty() {
            let known = self.places.problem.clone();
            let why = known.unwrap_or_else(|| "no database is configured: place.databases".into());
            unavailable(format!("it is not known where addresses are: {why}"))
        } else if secs > REGION_SECS_MAX {
            let message = "duration_secs: must be 1 second to 366 days";
            Err(ApiError::new(ErrorCode::InvalidRequest, message))
        } else if !is_known && self.places.regions.len() >= REGIONS_MAX {
            unavailable(format!("{REGIONS_MAX} regions are blocked already"))
        } else {
            Ok(())
        };
        if let Err(error) = refused {
            let _ = reply_tx.send(Err(error)); // whoever went away meanwhile has lost nothing
            return;
        }
        let asked = Asked {
            caller,
            expires_at: self.now() + Duration::from_secs(secs.into()),
            reply_tx,
        };
        self.places
            .expand(request.region, self.protected_hosts(), Some(asked));
    }

    /// Blocks a region no more.
    pub(in crate::daemon) fn unblock_region(
        &mut self,
        region: Region,
    ) -> Result<RegionUnblocked, ApiError> {
        let held = self.places.regions.get(&region);
        if held.is_some_and(|it| it.expires_at.is_none()) {
            let message = format!("{region} is blocked by the configuration: [policy]");
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        let was_blocked = self.end_region(region);
        Ok(RegionUnblocked {
            region,
            was_blocked,
            at: self.now(),
        })
    }
}
