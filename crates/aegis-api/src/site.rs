//! What a browser asks of a node and is shown: the contract between the server, which sees to who
//! asks and from where, and whoever draws what a person sees.

use std::future::Future;

use crate::{Caller, SessionCookie, Sessions};

/// How something is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VisitMethod {
    /// To see it; nothing changes by that.
    Get,
    /// To have something done. The server has made sure that the node's own page asks.
    Post,
}

/// What a browser asks for.
#[derive(Clone, Debug)]
pub struct Visit {
    /// How.
    pub method: VisitMethod,
    /// The path, with a slash in front and nothing decoded.
    pub path: String,
    /// What stands behind the question mark.
    pub query: Fields,
    /// What a form says; empty where nothing is to be done.
    pub form: Fields,
    /// Who asks; nobody where nobody is signed in and a key is needed to see anything.
    pub caller: Option<Caller>,
    /// Whoever is signed in: what their forms must carry.
    pub signed_in: Option<SignedIn>,
    /// Where whoever has a key or a link is let in.
    pub sessions: Sessions,
}

/// Somebody is signed in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedIn {
    /// The value of the field [`PROOF_FIELD`], without which no form of theirs is taken.
    pub proof: String,
    /// Which of the sessions it is, for whoever ends it.
    pub session: [u8; 32],
}

/// The field of a form that shows that the node's own page made it, for whoever is signed in.
pub const PROOF_FIELD: &str = "proof";

/// What is shown.
#[derive(Debug)]
pub struct Shown {
    /// What.
    pub what: ShownWhat,
    /// What the browser is to remember, or to forget.
    pub cookie: Option<SessionCookie>,
}

/// What can be shown.
#[derive(Debug, Eq, PartialEq)]
pub enum ShownWhat {
    /// A page, with its HTTP status. It holds for a moment and is kept by nobody.
    Html(u16, String),
    /// Something that is the same as long as its path is, with its media type.
    Asset(&'static str, &'static str),
    /// Nothing here: look there, at a path of the same site.
    Elsewhere(String),
}

impl Shown {
    /// Returns a page.
    pub const fn html(status: u16, text: String) -> Self {
        Self::of(ShownWhat::Html(status, text))
    }

    /// Returns the way to another path of the same site.
    pub const fn elsewhere(path: String) -> Self {
        Self::of(ShownWhat::Elsewhere(path))
    }

    /// Returns it with nothing to remember.
    pub const fn of(what: ShownWhat) -> Self {
        Self { what, cookie: None }
    }

    /// Returns the same, with something to remember or to forget.
    pub fn with(self, cookie: SessionCookie) -> Self {
        Self {
            cookie: Some(cookie),
            ..self
        }
    }
}

/// Whatever draws what a person sees.
pub trait Site: Clone + Send + Sync + 'static {
    /// Returns whether a path is one of the site's, where it shares a listener with the API.
    fn serves(&self, path: &str) -> bool;

    /// Shows what is asked for.
    fn show(&self, visit: Visit) -> impl Future<Output = Shown> + Send;
}

/// Names with their values, as a query or a form says them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fields(Vec<(String, String)>);

/// Fields that are read; no form of ours has half as many.
const FIELDS_MAX: usize = 64;

impl Fields {
    /// Reads what is written as browsers write forms. What is no UTF-8 is replaced, as they do.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|it| !it.is_empty());
        let fields = pairs.take(FIELDS_MAX).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        });
        Self(fields.collect())
    }

    /// Returns the first value of a name, without blanks around it; nothing where it is empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(it, _)| it == name);
        found.map(|(_, it)| it.trim()).filter(|it| !it.is_empty())
    }

    /// Returns whether a name is there at all, as of a box that is ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(it, _)| it == name)
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3);
        let hex = digits
            .and_then(|it| std::str::from_utf8(it).ok())
            .filter(|it| it.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|it| u8::from_str_radix(it, 16).ok());
        match (byte, hex) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 2;
            }
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests;
