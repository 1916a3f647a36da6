//! Taking in what an operator shares: its bytes to the shelf, its id from them, its announcement to
//! the others.

use std::{io, sync::Arc, time::Duration};

use aegis_api::{ApiError, Caller, ErrorCode, FileBody, FileForgotten, Reply, ShareRequest};
use aegis_core::{
    Action, AuditEntry, OrganisationId, Record, Timestamp,
    file::{
        Announcement, Audience, CHUNK_BYTES, ChunkHash, FILE_BYTES_MAX, FileId, FileSize, Manifest,
        Members as _, ORGANISATIONS_MAX, Offer, Validity,
    },
};
use aegis_net::file::sign;
use tokio::sync::oneshot;

use super::{Done, FileRecords, Files, IMPORTS_MAX, ReplyTx, shelf::Shelf};

/// What came in, or why not, and for whom.
pub(super) struct Import {
    caller: Caller,
    share: ShareRequest,
    result: Result<Manifest, ApiError>,
    reply_tx: ReplyTx,
}

/// An announcement that is on record now, or is not, and who waits for that.
pub(super) struct Recorded {
    announcement: Arc<Announcement>,
    was_here: bool,
    is_done: bool,
    reply_tx: ReplyTx,
}

impl Files {
    /// Begins to take in a file.
    pub(super) fn share(
        &mut self,
        caller: Caller,
        (share, body): (ShareRequest, FileBody),
        reply_tx: ReplyTx,
    ) {
        if let Err(error) = self.may_share(&share, &body) {
            self.jobs.spawn(async move {
                drain(body).await;
                let _ = reply_tx.send(Err(error)); // whoever went away meanwhile has lost nothing
                Done::Nothing
            });
            return;
        }
        self.imports += 1;
        let shelf = Arc::clone(&self.shelf);
        let bytes_max = self.room().min(self.config.file_bytes_max);
        self.jobs.spawn(async move {
            let result = take_in(shelf, body, bytes_max).await;
            Done::Imported(Box::new(Import {
                caller,
                share,
                result,
                reply_tx,
            }))
        });
    }

    fn may_share(&self, share: &ShareRequest, body: &FileBody) -> Result<(), ApiError> {
        // Never silently for everybody.
        self.audience(self.now(), share)?;
        validity(self.now(), share)?;
        if self.imports >= IMPORTS_MAX {
            let message = format!("{IMPORTS_MAX} files are being taken in already");
            return Err(ApiError::new(ErrorCode::Busy, message));
        }
        self.may_hold(body.bytes_max().unwrap_or_default())
    }

    /// Returns whether one more file of so many bytes may be held, or why not.
    pub(super) fn may_hold(&self, bytes: u64) -> Result<(), ApiError> {
        let (_, files) = self.held();
        let full = |message| Err(ApiError::new(ErrorCode::TableFull, message));
        if bytes > self.config.file_bytes_max {
            let most = self.config.file_bytes_max;
            let message = format!("a file may have at most {most} bytes (files.file_mib_max)");
            return Err(ApiError::new(ErrorCode::TooLarge, message));
        }
        if files + self.imports >= self.config.files_max {
            let most = self.config.files_max;
            return full(format!("{most} files are held already (files.files_max)"));
        }
        if bytes > self.room() {
            let most = self.config.disk_bytes_max;
            return full(format!(
                "files may have at most {most} bytes together (files.disk_mib_max)"
            ));
        }
        Ok(())
    }

    fn room(&self) -> u64 {
        self.config.disk_bytes_max.saturating_sub(self.held().0)
    }

    /// Announces what came in, once that is on record.
    pub(super) fn handle_imported(&mut self, import: Import) {
        self.imports -= 1;
        let Import {
            caller,
            share,
            result,
            reply_tx,
        } = import;
        let now = self.now();
        let announced = result.and_then(|manifest| {
            let announcement = self.announce(now, &share, &manifest)?;
            Ok((manifest, announcement))
        });
        let (manifest, announcement) = match announced {
            Ok(it) => it,
            Err(error) => {
                let _ = reply_tx.send(Err(error));
                return;
            }
        };
        let file = manifest.id();
        self.fetches.remove(&file);
        self.kept.insert(file, Arc::new(manifest));
        self.catalogue.pin(file);
        self.take_in(now, Arc::clone(&announcement));
        let detail = format!(
            "file {file} until {}",
            announcement.offer().validity.expires_at()
        );
        let records = vec![
            Record::FileAnnounced(Arc::clone(&announcement)),
            audit(now, caller, Action::Share, detail),
        ];
        self.record_for(records, (announcement, true), reply_tx);
    }

    fn announce(
        &self,
        now: Timestamp,
        share: &ShareRequest,
        manifest: &Manifest,
    ) -> Result<Arc<Announcement>, ApiError> {
        let offer = Offer {
            author: self.node,
            file: manifest.id(),
            size: manifest.size(),
            severity: share.severity,
            audience: self.audience(now, share)?,
            validity: validity(self.after_own(now, manifest.id()), share)?,
            is_withdrawn: false,
            name: share.name.clone(),
            description: share.description.clone(),
        };
        Ok(Arc::new(sign(offer, &self.identity)))
    }

    /// Returns for whom a file is to be. For an organisation that this node does not belong to it is
    /// for nobody: it is not shared at all.
    fn audience(&self, now: Timestamp, share: &ShareRequest) -> Result<Audience, ApiError> {
        let asked = &share.organisations;
        if asked.is_empty() {
            return Ok(Audience::Everybody);
        }
        let organisations = self.organisations();
        let is_foreign = |it: &&OrganisationId| !organisations.is_member(now, &self.node, it);
        if let Some(foreign) = asked.iter().find(is_foreign) {
            let message = format!("this node is not a member of {foreign}; nothing was shared");
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        Audience::of(asked.iter().copied().collect()).ok_or_else(|| {
            let message = format!("a file is for at most {ORGANISATIONS_MAX} organisations");
            ApiError::new(ErrorCode::InvalidRequest, message)
        })
    }

    /// Returns the time for this node's next word about a file: later than its last.
    pub(super) fn after_own(&self, now: Timestamp, file: FileId) -> Timestamp {
        let last = self.catalogue.own(file);
        let next = last.map(|it| it.offer().validity.issued_at() + Duration::from_secs(1));
        next.unwrap_or_default().max(now)
    }

    /// Has records written, and answers when they are on the disk.
    pub(super) fn record_for(
        &mut self,
        records: Vec<Record>,
        (announcement, was_here): (Arc<Announcement>, bool),
        reply_tx: ReplyTx,
    ) {
        let (done_tx, done_rx) = oneshot::channel();
        let records_tx = self.records_tx.clone();
        self.jobs.spawn(async move {
            let done_tx = Some(done_tx);
            let sent = records_tx.send(FileRecords { records, done_tx }).await;
            let is_done = sent.is_ok() && done_rx.await.unwrap_or(false);
            Done::Recorded(Box::new(Recorded {
                announcement,
                was_here,
                is_done,
                reply_tx,
            }))
        });
    }

    /// Tells the others, and whoever waits, what is on record now.
    pub(super) fn handle_recorded(&mut self, recorded: Recorded) {
        let Recorded {
            announcement,
            was_here,
            is_done,
            reply_tx,
        } = recorded;
        let now = self.now();
        self.spread(now, &announcement, None);
        let (file, is_withdrawn) = (announcement.offer().file, announcement.offer().is_withdrawn);
        let reply = if !is_done {
            let message = "the store does not take it";
            Err(ApiError::new(ErrorCode::Internal, message))
        } else if is_withdrawn {
            Ok(Reply::FileForgotten(FileForgotten {
                file,
                was_here,
                was_withdrawn: true,
            }))
        } else {
            self.line(now, file).map(|it| Reply::File(Box::new(it)))
        };
        let _ = reply_tx.send(reply);
    }
}

/// Returns a line for the audit log.
pub(super) fn audit(now: Timestamp, caller: Caller, action: Action, detail: String) -> Record {
    Record::Audit(AuditEntry {
        at: now,
        actor: caller.operator().into(),
        action,
        indicator: None,
        detail,
    })
}

fn validity(now: Timestamp, share: &ShareRequest) -> Result<Validity, ApiError> {
    let lasts = Duration::from_secs(share.expires_in_secs.get().into());
    let invalid = |it: aegis_core::file::InvalidValidity| {
        ApiError::new(ErrorCode::InvalidRequest, it.to_string())
    };
    Validity::new(now, now + lasts).map_err(invalid)
}

/// Writes what comes to the shelf, and hashes it on the way.
async fn take_in(
    shelf: Arc<Shelf>,
    mut body: FileBody,
    bytes_max: u64,
) -> Result<Manifest, ApiError> {
    let opened = Arc::clone(&shelf);
    let mut incoming = in_thread(move || opened.incoming()).await?;
    let (mut hashes, mut size, mut pending) = (Vec::new(), 0_u64, Vec::new());
    loop {
        let piece = match body.next().await {
            Ok(piece) => piece,
            Err(error) => {
                incoming.discard();
                return Err(error);
            }
        };
        let is_last = piece.is_none();
        pending.extend_from_slice(&piece.unwrap_or_default());
        while pending.len() as u64 >= CHUNK_BYTES || (is_last && !pending.is_empty()) {
            let rest = pending.split_off(pending.len().min(CHUNK_BYTES as usize));
            let chunk = std::mem::replace(&mut pending, rest);
            size += chunk.len() as u64;
            if size > bytes_max {
                incoming.discard();
                drain(body).await;
                let message = format!("the file has more than the {bytes_max} bytes it may have");
                return Err(ApiError::new(ErrorCode::TooLarge, message));
            }
            let place = hashes.len() as u32;
            let (it, hash) = in_thread(move || {
                let written = incoming.write(place, &chunk);
                written.map(|()| (incoming, ChunkHash::of(&chunk)))
            })
            .await?;
            incoming = it;
            hashes.push(hash);
        }
        if is_last {
            break;
        }
    }
    let manifest = FileSize::new(size).and_then(|it| Manifest::new(it, hashes));
    let Some(manifest) = manifest else {
        incoming.discard();
        let message = "an empty file cannot be shared";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    };
    in_thread(move || shelf.put(incoming, &manifest).map(|()| manifest)).await
}

/// Takes in what is not wanted, so that whoever sends it hears why.
async fn drain(mut body: FileBody) {
    let mut left = FILE_BYTES_MAX;
    while let Ok(Some(piece)) = body.next().await {
        left = left.saturating_sub(piece.len() as u64);
        if left == 0 {
            return; // nobody sends so much in earnest
        }
    }
}

async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ApiError> {
    let failed = |it: String| {
        ApiError::new(
            ErrorCode::Internal,
            format!("the disk does not take it: {it}"),
        )
    };
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|it| failed(it.to_string()))?;
    done.map_err(|it| failed(it.to_string()))
}
