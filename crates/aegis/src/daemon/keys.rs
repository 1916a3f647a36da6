//! Keys that let others use the node: given out, listed, taken back, and known by whoever listens.

use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::Arc,
};

use aegis_api::{
    ACCESS_KEYS_MAX, AccessKey, ApiError, Caller, ErrorCode, KeyCreateRequest, KeyCreated, KeyLine,
    KeyList, KeyName, KeyReply, KeyRequest, KeyRevoked, KeyRing, Reply,
};
use aegis_core::{AccessRecord, Action, AuditEntry, Record};
use anyhow::Context as _;
use tokio::sync::watch;

use super::{Node, dispatch::chain};

/// The keys that are given out. Whoever listens has a [`KeyRing`] that follows.
pub(super) struct Keys {
    keys_tx: watch::Sender<Arc<[AccessKey]>>,
    owner: u32, // whose the state directory is: the user that the node runs as
}

impl Keys {
    pub(super) fn new(kept: Vec<AccessKey>, state_dir: &Path) -> anyhow::Result<Self> {
        let owner = fs::metadata(state_dir)
            .context("look at the state directory")?
            .uid();
        Ok(Self {
            keys_tx: watch::Sender::new(kept.into()),
            owner,
        })
    }

    /// Returns what knows the keys for a listener.
    pub(super) fn ring(&self) -> KeyRing {
        KeyRing::new(self.keys_tx.subscribe())
    }
}

impl Node {
    /// Does what is asked about keys.
    pub(super) fn about_keys(
        &mut self,
        caller: Caller,
        request: &KeyRequest,
    ) -> Result<Reply, ApiError> {
        let reply = match request {
            KeyRequest::List => KeyReply::List(KeyList {
                keys: self.keys.keys_tx.borrow().iter().map(line).collect(),
            }),
            KeyRequest::Create(it) => {
                self.may_give_out(caller)?;
                KeyReply::Created(self.create_key(caller, it)?)
            }
            KeyRequest::Revoke(name) => {
                self.may_give_out(caller)?;
                KeyReply::Revoked(self.revoke_key(caller, *name)?)
            }
        };
        Ok(Reply::Key(Box::new(reply)))
    }

    /// Denies a caller who may use the control socket as a member of its group: who gives out a key
    /// lets others in for good, which is for the owner to do.
    fn may_give_out(&self, caller: Caller) -> Result<(), ApiError> {
        match caller {
            Caller::Key(_) => Ok(()), // of the scope `admin`, or it would not have come so far
            Caller::Local { uid, .. } if uid == 0 || uid == self.keys.owner => Ok(()),
            Caller::Local { .. } => {
                let message = "only root and the user that the node runs as may change keys";
                Err(ApiError::new(ErrorCode::Denied, message))
            }
        }
    }

    fn create_key(
        &mut self,
        caller: Caller,
        request: &KeyCreateRequest,
    ) -> Result<KeyCreated, ApiError> {
        let (name, scope) = (request.name, request.scope);
        let keys = Arc::clone(&self.keys.keys_tx.borrow());
        if keys.iter().any(|it| it.name == name) {
            let message = format!("there is a key `{name}` already; revoke it first");
            return Err(ApiError::new(ErrorCode::Taken, message));
        }
        if keys.len() >= ACCESS_KEYS_MAX {
            let message = format!("there are {ACCESS_KEYS_MAX} keys already; revoke one first");
            return Err(ApiError::new(ErrorCode::TableFull, message));
        }
        let secret = aegis_api::secret(&random()?);
        let key = AccessKey {
            name,
            scope: scope.into(),
            secret_hash: aegis_api::secret_hash(&secret),
            created_at: self.now(),
        };
        self.keep_keys(
            caller,
            AccessRecord::Granted(key),
            format!("gave out {name}, {scope}"),
        )?;
        let mut keys = keys.to_vec();
        keys.push(key);
        keys.sort_unstable_by_key(|it| it.name);
        self.keys.keys_tx.send_replace(keys.into());
        Ok(KeyCreated {
            name,
            scope,
            secret,
        })
    }

    fn revoke_key(&mut self, caller: Caller, name: KeyName) -> Result<KeyRevoked, ApiError> {
        let keys = Arc::clone(&self.keys.keys_tx.borrow());
        let was_there = keys.iter().any(|it| it.name == name);
        if was_there {
            self.keep_keys(
                caller,
                AccessRecord::Revoked(name),
                format!("revoked {name}"),
            )?;
            let left = keys.iter().filter(|it| it.name != name);
            self.keys.keys_tx.send_replace(left.copied().collect());
        }
        Ok(KeyRevoked { name, was_there })
    }

    /// Puts a change on the disk with its line in the audit log; what is not there did not happen.
    fn keep_keys(
        &mut self,
        caller: Caller,
        change: AccessRecord,
        detail: String,
    ) -> Result<(), ApiError> {
        let entry = AuditEntry {
            at: self.now(),
            actor: caller.operator().into(),
            action: Action::Key,
            indicator: None,
            detail,
        };
        let records = [Record::Access(change), Record::Audit(entry)];
        records.iter().for_each(super::tell::audit);
        self.store.apply(&records).map_err(|error| {
            let message = format!("the store does not take the change: {}", chain(&error));
            ApiError::new(ErrorCode::Internal, message)
        })
    }
}

fn line(key: &AccessKey) -> KeyLine {
    KeyLine {
        name: key.name,
        scope: key.scope.into(),
        created_at: key.created_at,
    }
}

fn random() -> Result<[u8; 32], ApiError> {
    let mut bytes = [0; 32];
    let read = File::open("/dev/urandom").and_then(|mut it| it.read_exact(&mut bytes));
    read.map(|()| bytes).map_err(|error| {
        ApiError::new(
            ErrorCode::Internal,
            format!("cannot read /dev/urandom: {error}"),
        )
    })
}
