//! Samples of keys, and what a scripted node answers about them.

use aegis_api::{
    KeyCreated, KeyLine, KeyList, KeyName, KeyReply, KeyRequest, KeyRevoked, Reply, Scope,
};

use super::NOW;

/// Answers as a node that gave out the keys `agent` and `web`.
pub(crate) fn key_reply(request: KeyRequest) -> Reply {
    Reply::Key(Box::new(match request {
        KeyRequest::Create(it) => KeyReply::Created(KeyCreated {
            name: it.name,
            scope: it.scope,
            secret: aegis_api::secret(&[7; 32]),
        }),
        KeyRequest::List => KeyReply::List(KeyList {
            keys: vec![line("agent", Scope::Decide), line("web", Scope::Read)],
        }),
        KeyRequest::Revoke(name) => KeyReply::Revoked(KeyRevoked {
            name,
            was_there: name.as_str() == "web",
        }),
    }))
}

fn line(text: &str, scope: Scope) -> KeyLine {
    KeyLine {
        name: name(text),
        scope,
        created_at: NOW,
    }
}

fn name(text: &str) -> KeyName {
    text.parse().expect("a name")
}
