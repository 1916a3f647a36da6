//! Answering calls about files.

use std::sync::Arc;

use aegis_api::{
    ApiError, Caller, ErrorCode, FileContent, FileForgotten, FileLine, FileRequest, FileState,
    Reply, ttl_secs,
};
use aegis_core::{
    Action, Description, Timestamp,
    file::{Announcement, FileId, Offer, Validity},
};
use aegis_net::file::sign;
use tokio::sync::{mpsc, oneshot};

use super::{Done, FileCall, Files, ReplyTx, fetch::Stage, import::audit};

/// Pieces of a file that wait for a slow reader.
const PIECES_MAX: usize = 2;

impl Files {
    pub(super) fn handle_call(&mut self, call: FileCall) {
        match call {
            FileCall::Ask(caller, FileRequest::Forget(file), reply_tx) => {
                self.forget(caller, file, reply_tx);
            }
            FileCall::Ask(caller, FileRequest::Apply(apply), reply_tx) => {
                self.apply(caller, apply, reply_tx);
            }
            FileCall::Ask(_, request, reply_tx) => {
                let reply = self.answer(&request);
                let _ = reply_tx.send(reply); // whoever went away meanwhile has lost nothing
            }
            FileCall::Share(caller, share, body, reply_tx) => {
                self.share(caller, (share, body), reply_tx);
            }
            FileCall::Content(file, reply_tx) => self.content(file, reply_tx),
        }
    }

    fn answer(&mut self, request: &FileRequest) -> Result<Reply, ApiError> {
        let now = self.now();
        match request {
            FileRequest::List(page) => {
                let after = page.cursor().copied();
                let mut files: Vec<FileId> = Vec::new();
                for announcement in self.catalogue.behind(None) {
                    let file = announcement.offer().file;
                    let is_new = files.last() != Some(&file);
                    if is_new && after.is_none_or(|it| file > it) {
                        files.push(file);
                    }
                }
                let lines = files.into_iter().filter_map(|file| {
                    let line = self.line(now, file).ok()?;
                    Some((file, line))
                });
                Ok(Reply::Files(page.collect(lines)))
            }
            FileRequest::Show(file) => Ok(Reply::File(Box::new(self.line(now, *file)?))),
            FileRequest::Fetch(file) => {
                let line = self.line(now, *file)?;
                if !self.kept.contains_key(file) {
                    self.begin(now, *file)?;
                }
                let line = self.line(now, *file).unwrap_or(line);
                Ok(Reply::File(Box::new(line)))
            }
            FileRequest::Forget(_) | FileRequest::Apply(_) => Err(ApiError::new(
                ErrorCode::Internal,
                "an order was taken for a question",
            )),
        }
    }

    /// Begins to fetch a file that is not being fetched, or could not be.
    fn begin(&mut self, now: Timestamp, file: FileId) -> Result<(), ApiError> {
        let size = self.offer_of(now, file).map(|it| it.offer().size);
        let size = size.ok_or_else(|| unknown(file))?;
        let stage = self.fetches.get(&file).map(|it| &it.stage);
        match stage {
            Some(Stage::Manifest(..) | Stage::Opening(_) | Stage::Chunks(_)) => return Ok(()),
            Some(Stage::Failed) => drop(self.fetches.remove(&file)),
            None => {}
        }
        self.may_hold(size.bytes())?;
        self.fetch(file, size);
        Ok(())
    }

    /// Returns what there is to say of a file that somebody offers to this node.
    pub(super) fn line(&self, now: Timestamp, file: FileId) -> Result<FileLine, ApiError> {
        let announcement = self.offer_of(now, file).ok_or_else(|| unknown(file))?;
        let Offer {
            author,
            size,
            severity,
            audience,
            validity,
            name,
            description,
            ..
        } = announcement.offer();
        let fetch = self.fetches.get(&file);
        let (state, (chunks_here, holders)) = match fetch {
            _ if self.kept.contains_key(&file) => (FileState::Kept, (size.chunks(), 0)),
            Some(fetch) => (FileState::Fetching, fetch.progress()),
            None => (FileState::Offered, (0, 0)),
        };
        Ok(FileLine {
            file,
            name: name.as_str().to_owned(),
            size: size.bytes(),
            severity: *severity,
            author: *author,
            own: *author == self.node,
            organisations: audience.organisations().copied().collect(),
            description: description
                .as_ref()
                .map(Description::as_str)
                .map(str::to_owned),
            issued_at: validity.issued_at(),
            expires_at: validity.expires_at(),
            ttl_secs: ttl_secs(now, validity.expires_at()),
            state,
            chunks: size.chunks(),
            chunks_here,
            holders,
            problem: fetch.and_then(|it| it.problem.clone()),
        })
    }

    /// Removes what is here of a file, and takes back this node's own word that it is there.
    fn forget(&mut self, caller: Caller, file: FileId, reply_tx: ReplyTx) {
        let now = self.now();
        let own = self.catalogue.own(file).filter(|it| it.is_live(now));
        let withdrawal = own.map(|it| self.withdrawal(now, it));
        let was_here = self.drop_body(file);
        let Some(withdrawal) = withdrawal else {
            let _ = reply_tx.send(Ok(Reply::FileForgotten(FileForgotten {
                file,
                was_here,
                was_withdrawn: false,
            })));
            return;
        };
        self.take_in(now, Arc::clone(&withdrawal));
        let records = vec![
            aegis_core::Record::FileAnnounced(Arc::clone(&withdrawal)),
            audit(now, caller, Action::Unshare, format!("file {file}")),
        ];
        self.record_for(records, (withdrawal, was_here), reply_tx);
    }

    fn withdrawal(&self, now: Timestamp, own: &Announcement) -> Arc<Announcement> {
        let mut offer = own.offer().clone();
        let issued_at = self.after_own(now, offer.file);
        // In its last second nothing is left to take back but that second.
        let expires_at = offer.validity.expires_at();
        offer.validity = Validity::new(issued_at, expires_at).unwrap_or(offer.validity);
        offer.is_withdrawn = true;
        Arc::new(sign(offer, &self.identity))
    }

    /// Has a thread read a file out, checked once more, as fast as it is taken.
    fn content(&mut self, file: FileId, reply_tx: oneshot::Sender<Result<FileContent, ApiError>>) {
        let Some(manifest) = self.kept.get(&file).map(Arc::clone) else {
            let message = format!("file {file} is not here: fetch it first");
            let _ = reply_tx.send(Err(ApiError::new(ErrorCode::NotFound, message)));
            return;
        };
        let (pieces_tx, pieces_rx) = mpsc::channel(PIECES_MAX);
        let content = FileContent {
            size: manifest.size().bytes(),
            pieces_rx,
        };
        if reply_tx.send(Ok(content)).is_err() {
            return;
        }
        let shelf = Arc::clone(&self.shelf);
        self.jobs.spawn_blocking(move || {
            for chunk in 0..manifest.size().chunks() {
                let piece = shelf.read(&manifest, chunk);
                let is_rotten = piece.is_none();
                let spoilt = || ApiError::new(ErrorCode::Internal, "the disk spoilt the file");
                if pieces_tx.blocking_send(piece.ok_or_else(spoilt)).is_err() {
                    return Done::Nothing; // whoever read it went away
                }
                if is_rotten {
                    return Done::Rotten(file, None);
                }
            }
            Done::Nothing
        });
    }
}

fn unknown(file: FileId) -> ApiError {
    let message = format!("nobody offers file {file} to this node");
    ApiError::new(ErrorCode::NotFound, message)
}
