//! Who looks, and what they may have done.

use aegis_api::{Caller, PROOF_FIELD, Scope, SignedIn, Visit};

use crate::markup::{Markup, html};

/// Who looks at a page: somebody who may see what is on it.
#[derive(Clone, Copy)]
pub(crate) struct Looker<'a> {
    pub(crate) caller: Caller,
    pub(crate) signed_in: Option<&'a SignedIn>,
}

impl<'a> Looker<'a> {
    /// Returns who visits; nobody where nobody may see anything.
    pub(crate) fn of(visit: &'a Visit) -> Option<Self> {
        Some(Self {
            caller: visit.caller?,
            signed_in: visit.signed_in.as_ref(),
        })
    }

    /// Returns whether they may have done what needs a scope: only who is signed in may have anything done.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.signed_in.is_some() && self.caller.scope() >= scope
    }

    /// Returns who they are, in a word or two.
    pub(crate) fn name(&self) -> String {
        match (&self.caller, self.signed_in) {
            (_, None) => "nobody, reading only".to_owned(),
            (Caller::Local { uid: 0, .. }, _) => "root".to_owned(),
            (Caller::Local { uid, .. }, _) => format!("user {uid}"),
            (Caller::Key(grant), _) => format!("key {} ({})", grant.name, grant.scope),
        }
    }

    /// Opens a form that asks for `action`, with what shows that it is of this page.
    pub(crate) fn form(&self, action: &'static str, class: &'static str) -> Markup {
        let mut out = Markup::default();
        html!(
            out,
            "<form method=\"post\" action=\"",
            action,
            "\" class=\"",
            class,
            "\">"
        );
        if let Some(it) = self.signed_in {
            html!(
                out,
                "<input type=\"hidden\" name=\"",
                PROOF_FIELD,
                "\" value=\"",
                it.proof,
                "\">",
            );
        }
        out
    }
}
