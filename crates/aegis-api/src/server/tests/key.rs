//! Keys over the control socket: what is asked arrives, what is answered comes back.

use aegis_core::KeyName;

use super::node::{NOW, Node};
use crate::{
    ApiError, ClientError, ErrorCode, KeyCreateRequest, KeyCreated, KeyLine, KeyList, KeyReply,
    KeyRequest, KeyRevoked, Reply, Scope,
};

/// What a scripted node says.
pub(super) fn script(request: KeyRequest) -> Result<Reply, ApiError> {
    let reply = match request {
        KeyRequest::Create(it) if it.name == name("taken") => {
            return Err(ApiError::new(
                ErrorCode::Taken,
                "there is a key `taken` already",
            ));
        }
        KeyRequest::Create(it) => KeyReply::Created(KeyCreated {
            name: it.name,
            scope: it.scope,
            secret: crate::secret(&[7; 32]),
        }),
        KeyRequest::List => KeyReply::List(KeyList { keys: vec![line()] }),
        KeyRequest::Revoke(name) => KeyReply::Revoked(KeyRevoked {
            name,
            was_there: true,
        }),
    };
    Ok(Reply::Key(Box::new(reply)))
}

#[tokio::test]
async fn keys_are_given_out_listed_and_taken_back() {
    let node = Node::start();
    let request = KeyCreateRequest {
        name: name("web"),
        scope: Scope::Decide,
    };
    let created = node.client.create_key(&request).await.expect("a key");
    assert_eq!((created.name, created.scope), (name("web"), Scope::Decide));
    assert_eq!(created.secret.len(), crate::SECRET_BYTES);
    assert!(
        !format!("{created:?}").contains("0707"),
        "the secret is not logged"
    );
    assert_eq!(node.client.keys().await.expect("a list").keys, [line()]);
    let revoked = node
        .client
        .revoke_key(name("web"))
        .await
        .expect("an answer");
    assert_eq!(
        revoked,
        KeyRevoked {
            name: name("web"),
            was_there: true
        }
    );
    node.stop().await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_and_one_that_cannot_be_is_too() {
    let node = Node::start();
    let request = KeyCreateRequest {
        name: name("taken"),
        scope: Scope::Read,
    };
    let error = node.client.create_key(&request).await.expect_err("taken");
    assert!(matches!(error, ClientError::Refused(it) if it.code == ErrorCode::Taken));
    let answer = node
        .raw("DELETE /v1/keys?name=a%20b HTTP/1.1\r\nhost: aegis\r\nconnection: close\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("name: must be 1 to 64 letters"), "{answer}");
    node.stop().await;
}

fn name(text: &str) -> KeyName {
    text.parse().expect("a name")
}

fn line() -> KeyLine {
    KeyLine {
        name: name("agent"),
        scope: Scope::Read,
        created_at: NOW,
    }
}
