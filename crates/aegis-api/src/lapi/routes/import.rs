//! Imports: what `cscli decisions import` sends, brought along as the node's own imports are: many at a time,
//! each for as long as it says, none of them audited by itself.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use futures::{StreamExt as _, stream::FuturesUnordered};

use super::{
    Lapi,
    alerts::{Asked, Refusals, is_passing, scenario, unexpected},
};
use crate::{
    ApiError, Caller, Control, IMPORT_ENTRIES_MAX, ImportEntry, ImportRequest, Imported, KeyGrant,
    Reply, Request,
    lapi::{LapiSetup, alert::IncomingAlert, board::Naming, reply::Failure, scenario::threat_of},
};

/// Parts on their way at once: while the disk has one, the node takes in the next.
const PARTS_AT_ONCE: usize = 2;

impl<C: Control> Lapi<C> {
    /// Imports as the operator what the operator's own key brings.
    pub(super) async fn import(
        &self,
        grant: KeyGrant,
        alerts: &[IncomingAlert],
        asked: &[Asked<'_>],
        refusals: &mut [Refusals],
    ) -> Result<(), Failure> {
        let mut parts = asked.chunks(IMPORT_ENTRIES_MAX);
        let (mut calls, mut sent) = (FuturesUnordered::new(), 0);
        loop {
            while calls.len() < PARTS_AT_ONCE
                && let Some(part) = parts.next()
            {
                sent += part.len();
                let request = self.part(grant, alerts, part, asked.len() - sent);
                calls.push(async move { (part, self.import_part(grant, request).await) });
            }
            let Some((part, imported)) = calls.next().await else {
                return Ok(());
            };
            let imported = match imported {
                Ok(Some(imported)) => imported,
                Ok(None) => return Err(unexpected()),
                Err(error) if is_passing(error.code) => return Err(error.into()),
                Err(error) => {
                    for (index, indicator, _) in part {
                        refusals[*index].note_error(indicator, &error);
                    }
                    continue;
                }
            };
            note_refused(part, imported, refusals);
        }
    }

    /// Returns the request for one part, after which so many entries follow, and has the board expect them.
    fn part(
        &self,
        grant: KeyGrant,
        alerts: &[IncomingAlert],
        part: &[Asked<'_>],
        follow: usize,
    ) -> ImportRequest {
        let board = &self.setup().board;
        let entries = part.iter().map(|(index, indicator, wanted)| {
            let scenario = scenario(&alerts[*index], wanted);
            let naming = Naming {
                origin: wanted.origin,
                scenario: Arc::clone(scenario),
            };
            board.expect(*indicator, naming);
            let secs = self.block_for(indicator, wanted).as_secs();
            let secs = u32::try_from(secs).unwrap_or(u32::MAX);
            ImportEntry {
                indicator: *indicator,
                duration_secs: NonZeroU32::new(secs).unwrap_or(NonZeroU32::MIN),
                threat_type: threat_of(scenario).0,
            }
        });
        ImportRequest {
            source: format!("cscli by {}", grant.name).parse().ok(),
            entries: entries.collect(),
            follow: u32::try_from(follow).unwrap_or(u32::MAX),
        }
    }

    /// Returns what became of one part; `None` where the answer is no answer to that.
    async fn import_part(
        &self,
        grant: KeyGrant,
        request: ImportRequest,
    ) -> Result<Option<Imported>, ApiError> {
        let LapiSetup { board, control, .. } = self.setup();
        let expected: Vec<_> = request.entries.iter().map(|it| it.indicator).collect();
        let reply = control
            .call(Caller::Key(grant), Request::Import(request))
            .await;
        // Those that were blocked have taken their names.
        expected.iter().for_each(|it| board.unexpect(it));
        let Reply::Imported(imported) = reply? else {
            return Ok(None);
        };
        Ok(Some(imported))
    }
}

/// Notes which entries of a part were refused, by the alerts that brought them.
fn note_refused(part: &[Asked<'_>], imported: Imported, refusals: &mut [Refusals]) {
    if imported.refused.is_empty() {
        return;
    }
    let alert_of: BTreeMap<_, _> = part.iter().map(|(index, it, _)| (*it, *index)).collect();
    for it in imported.refused {
        if let Some(index) = alert_of.get(&it.indicator) {
            let error = ApiError::new(it.code, it.message);
            refusals[*index].note_error(&it.indicator, &error);
        }
    }
}
