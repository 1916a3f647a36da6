//! A node that blocks whatever it is asked to, loopback excepted, and a door to its Local API.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aegis_core::{AccessKey, AccessScope, Indicator, Timestamp};
use axum::{body::Body, http::Request as HttpRequest};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::watch;

use super::super::{DecisionBoard, LapiConfig, LapiSetup, Naming, routes::Lapi};
use crate::{
    AllowEntry, ApiError, Blocked, Caller, Control, ErrorCode, EventHub, ImportRefusal,
    ImportRequest, Imported, KeyRing, Page, Reply, ReportOutcomes, ReportRefused, Reported,
    Request, Unblocked, secret, secret_hash,
};

/// What the clock shows at first.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

/// Where requests come from unless something else is said.
pub(super) const HERE: &str = "192.0.2.1";

/// The door of a node with three keys: `edge` reads, `web1` decides, `boss` does everything.
pub(super) struct Door {
    lapi: Lapi<Script>,
    pub(super) board: DecisionBoard,
    pub(super) script: Script,
    pub(super) keys_tx: watch::Sender<Arc<[AccessKey]>>,
    now_secs: Arc<AtomicU64>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A request that is being put together.
pub(super) struct Ask<'a> {
    door: &'a Door,
    request: axum::http::request::Builder,
    from: IpAddr,
}

#[derive(Clone)]
pub(super) struct Script {
    hub: EventHub,
    board: DecisionBoard,
    pub(super) asked: Arc<Mutex<Vec<Request>>>,
}

impl Door {
    pub(super) fn new() -> Self {
        let key = |name: &str, scope, byte| AccessKey {
            name: name.parse().expect("a name"),
            scope,
            secret_hash: secret_hash(&secret(&[byte; 32])),
            created_at: NOW,
        };
        let keys: Arc<[AccessKey]> = Arc::new([
            key("edge", AccessScope::Read, 1),
            key("web1", AccessScope::Decide, 2),
            key("boss", AccessScope::Admin, 3),
        ]);
        let (keys_tx, keys_rx) = watch::channel(keys);
        let board = DecisionBoard::default();
        let script = Script {
            hub: EventHub::new(),
            board: board.clone(),
            asked: Arc::default(),
        };
        let now_secs = Arc::new(AtomicU64::new(NOW.as_secs()));
        let clock = Arc::clone(&now_secs);
        let lapi = Lapi::new(LapiSetup {
            control: script.clone(),
            keys: KeyRing::new(keys_rx),
            board: board.clone(),
            config: config(),
            clock: Arc::new(move || Timestamp::from_secs(clock.load(Ordering::Relaxed))),
        });
        Self {
            lapi,
            board,
            script,
            keys_tx,
            now_secs,
        }
    }

    pub(super) fn lapi(&self) -> Lapi<Script> {
        self.lapi.clone()
    }

    pub(super) fn wait(&self, secs: u64) {
        self.now_secs.fetch_add(secs, Ordering::Relaxed);
    }

    pub(super) fn post(&self, text: &str) {
        block(&self.board, indicator(text), 3_600);
    }

    /// Begins a request: `GET /v1/…`.
    pub(super) fn ask(&self, line: &str) -> Ask<'_> {
        let (method, path) = line.split_once(' ').expect("a method and a path");
        Ask {
            door: self,
            request: HttpRequest::builder().method(method).uri(path),
            from: HERE.parse().expect("an address"),
        }
    }

    /// Logs in as a machine; returns the token.
    pub(super) async fn token(&self, name: &str, byte: u8) -> String {
        let body = serde_json::json!({
            "machine_id": name, "password": secret(&[byte; 32]), "scenarios": null,
        });
        let said = self
            .ask("POST /v1/watchers/login")
            .send(body.to_string())
            .await;
        assert_eq!(said.status, 200, "{said:?}");
        let said = said.json();
        assert_eq!(said["code"], 200);
        let expires_at = Timestamp::from_secs(self.now_secs.load(Ordering::Relaxed) + 3_600);
        assert_eq!(said["expire"], expires_at.to_string());
        said["token"].as_str().expect("a token").to_owned()
    }

    /// Returns the requests that the node was asked since the last time.
    pub(super) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut *self.script.asked.lock().expect("not poisoned"))
    }
}

impl Ask<'_> {
    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Shows the bouncer's key.
    pub(super) fn bouncer(self) -> Self {
        self.header("X-Api-Key", &secret(&[1; 32]))
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(super) fn from(mut self, from: &str) -> Self {
        self.from = from.parse().expect("an address");
        self
    }

    pub(super) async fn send(self, body: impl Into<Body>) -> Said {
        let request = self.request.body(body.into()).expect("a request");
        let response = self.door.lapi().handle(self.from, request).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes().to_vec();
        Said {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
        }
    }

    pub(super) async fn done(self) -> Said {
        self.send(Body::empty()).await
    }
}

impl Said {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Returns the values of a list of decisions in it.
    pub(super) fn values(&self, list: &str) -> Vec<String> {
        let said = self.json();
        let list = said[list].as_array().expect("a list").iter();
        list.map(|it| it["value"].as_str().expect("a text").to_owned())
            .collect()
    }
}

impl Control for Script {
    async fn call(&self, caller: Caller, request: Request) -> Result<Reply, ApiError> {
        caller.require(request.scope())?;
        self.asked
            .lock()
            .expect("not poisoned")
            .push(request.clone());
        if let Request::Report(reports) = request {
            let reports = reports.into_iter().map(|it| self.report(it)).collect();
            return Ok(Reply::Reported(ReportOutcomes { reports }));
        }
        if let Request::Block(it) = request {
            if is_protected(&it.indicator) {
                return Err(protected());
            }
            let secs = it.duration_secs.as_secs();
            block(&self.board, it.indicator, secs);
            return Ok(Reply::Blocked(Blocked {
                indicator: it.indicator,
                expires_at: NOW,
                ttl_secs: secs,
                alert_id: None,
            }));
        }
        if let Request::Import(it) = request {
            return Ok(Reply::Imported(self.import(&it)));
        }
        if let Request::Unblock(it) = request {
            let was_blocked = self.board.exactly(&it.indicator).is_some();
            self.board.end(&it.indicator);
            return Ok(Reply::Unblocked(Unblocked {
                indicator: it.indicator,
                was_blocked,
                covered_by: None,
                withdrawn: 0,
                feeds: vec![],
            }));
        }
        let Request::AllowEntries(_) = request else {
            return Err(ApiError::new(ErrorCode::Internal, "not in the script"));
        };
        Ok(Reply::AllowEntries(Page {
            items: vec![AllowEntry {
                indicator: indicator("203.0.113.0/24"),
                added_at: NOW,
                expires_at: None,
                ttl_secs: None,
                comment: "the office".parse().ok(),
            }],
            next: None,
        }))
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}

impl Script {
    fn import(&self, request: &ImportRequest) -> Imported {
        let mut imported = Imported::default();
        for it in &request.entries {
            if is_protected(&it.indicator) {
                imported.refused.push(ImportRefusal {
                    indicator: it.indicator,
                    code: protected().code,
                    message: protected().message,
                });
            } else {
                block(&self.board, it.indicator, it.duration_secs.get().into());
                imported.blocked += 1;
            }
        }
        imported
    }

    fn report(&self, it: crate::ReportRequest) -> Reported {
        let refused = is_protected(&it.indicator).then(|| ReportRefused {
            code: protected().code,
            message: protected().message,
        });
        let secs = it.duration_secs.map_or(60, |it| it.as_secs());
        if refused.is_none() {
            block(&self.board, it.indicator, secs);
        }
        Reported {
            indicator: it.indicator,
            source: it.source,
            expires_at: None,
            ttl_secs: None,
            is_new: true,
            refused,
        }
    }
}

pub(super) fn config() -> LapiConfig {
    LapiConfig {
        listen: "127.0.0.1:0".parse().expect("an address"),
        block_for: std::time::Duration::from_secs(14_400),
        decisions_per_hour_max: 10,
        expand_hosts_max: 4,
    }
}

fn is_protected(indicator: &Indicator) -> bool {
    indicator.address().is_loopback()
}

fn protected() -> ApiError {
    ApiError::new(ErrorCode::Protected, "it is loopback")
}

fn block(board: &DecisionBoard, indicator: Indicator, secs: u64) {
    let naming = Naming {
        origin: "detector",
        scenario: "aegis/syn_flood".into(),
    };
    let expires_at = NOW + std::time::Duration::from_secs(secs);
    board.post(indicator, naming, (NOW, expires_at));
}

pub(super) fn indicator(text: &str) -> Indicator {
    text.parse().expect("an indicator")
}
