//! Machines: how they log in, and that they do not register themselves.

use aegis_core::Timestamp;
use axum::{body::Body, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

use super::{Head, Lapi};
use crate::{
    Control, KeyGrant, Scope,
    lapi::reply::{Failure, empty, json},
};

/// What who wants to register is told.
const NOBODY_REGISTERS: &str = "machines do not register themselves here: the operator makes their \
    key (aegis key create NAME --for machine), and NAME and its secret are machine_id and password";

/// Who says to be a machine. Other fields, as the scenarios it has, mean nothing here.
#[derive(Deserialize)]
struct Credentials {
    machine_id: String,
    password: String,
    #[serde(default)]
    registration_token: Option<String>,
}

#[derive(Serialize)]
struct LoggedIn {
    code: u16,
    expire: String,
    token: String,
}

impl<C: Control> Lapi<C> {
    /// Gives a machine a token for its name and secret.
    pub(super) async fn login(&self, head: &Head, body: Body) -> Result<Response, Failure> {
        let it: Credentials = self.read_json(head, body).await?;
        let grant = self.known(&it).ok_or_else(Failure::forbidden)?;
        self.open_session(grant)
    }

    /// Takes a registration of who is registered already, and of nobody else.
    pub(super) async fn register(&self, head: &Head, body: Body) -> Result<Response, Failure> {
        let it: Credentials = self.read_json(head, body).await?;
        match (self.known(&it), it.registration_token) {
            (Some(_), None) => Ok(empty(StatusCode::CREATED)),
            (Some(_), Some(_)) => Ok(empty(StatusCode::ACCEPTED)),
            (None, _) => Err(Failure::new(StatusCode::FORBIDDEN, NOBODY_REGISTERS)),
        }
    }

    /// Gives a machine that has a token another one.
    pub(super) fn refresh(&self, head: &Head) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        self.open_session(grant)
    }

    /// Ends a machine's sessions. Its key stays: that is the operator's.
    pub(super) fn log_out(&self, head: &Head) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        self.state().sessions.close(&grant);
        Ok(empty(StatusCode::NO_CONTENT))
    }

    fn known(&self, it: &Credentials) -> Option<KeyGrant> {
        let grant = self
            .setup()
            .keys
            .verify_named(&it.machine_id, &it.password)?;
        (grant.scope >= Scope::Decide).then_some(grant)
    }

    fn open_session(&self, grant: KeyGrant) -> Result<Response, Failure> {
        let opened = self.state().sessions.open(self.now(), grant);
        let (token, expires_at): (String, Timestamp) = opened.map_err(|error| {
            tracing::warn!(%error, "Cannot make a token");
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "no token can be made")
        })?;
        let code = StatusCode::OK;
        let logged_in = LoggedIn {
            code: code.as_u16(),
            expire: expires_at.to_string(),
            token,
        };
        Ok(json(code, &logged_in))
    }
}
