//! What a reader wants to see: the query of a request, and the decisions that it lets through.

use axum::{extract::Query, http::Uri};

use super::board::Posted;

/// Pairs of a query: none has more than a dozen.
const PAIRS_MAX: usize = 64;

/// The pairs of a query string. What is not asked for by name is ignored.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

/// Which decisions a reader wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Filter {
    hosts: bool,
    prefixes: bool,
    bans: bool,
    origins: Vec<String>,
    containing: Vec<String>,
    not_containing: Vec<String>,
}

impl Pairs {
    /// Reads the query of `uri`; one that is none, or just `?`, has no pairs.
    pub(crate) fn of(uri: &Uri) -> Self {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let mut pairs = pairs.map(|Query(it)| it).unwrap_or_default();
        pairs.truncate(PAIRS_MAX);
        Self(pairs)
    }

    /// Returns them as they came.
    pub(crate) fn into_inner(self) -> Vec<(String, String)> {
        self.0
    }

    /// Returns the value of `name`; an empty one is as good as none.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        Some(value.as_str()).filter(|it| !it.is_empty())
    }

    /// Returns whether `name` is there at all, with a value or without.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// Returns the values of `name`, in lower case.
    fn list(&self, names: &[&str]) -> Vec<String> {
        let values = names.iter().filter_map(|it| self.find(it));
        let values = values.flat_map(|it| it.split(','));
        let values = values.map(|it| it.trim().to_lowercase());
        values.filter(|it| !it.is_empty()).collect()
    }

    /// Returns whether `name` has this value.
    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.find(name)
            .is_some_and(|it| it.eq_ignore_ascii_case(value))
    }
}

impl Filter {
    /// Returns what the pairs ask for. Without scopes that is addresses and prefixes, and there is
    /// nothing else: a bouncer that cannot read a country loses all it got together with it.
    pub(super) fn of(pairs: &Pairs) -> Self {
        let scopes = pairs.list(&["scopes", "scope"]);
        let types = pairs.list(&["type", "decision_type", "supported_decisions_types"]);
        let wants = |scope: &str| scopes.is_empty() || scopes.iter().any(|it| it == scope);
        Self {
            hosts: wants("ip"),
            prefixes: wants("range"),
            bans: types.is_empty() || types.iter().any(|it| it == "ban"),
            origins: pairs.list(&["origins", "origin"]),
            containing: pairs.list(&["scenarios_containing", "scenario"]),
            not_containing: pairs.list(&["scenarios_not_containing"]),
        }
    }

    /// Returns whether the reader wants to see `posted`.
    pub(super) fn lets_through(&self, posted: &Posted) -> bool {
        let has_scope = match posted.indicator.is_host() {
            true => self.hosts,
            false => self.prefixes,
        };
        let origins = &self.origins;
        let has_origin = origins.is_empty() || origins.iter().any(|it| it == posted.naming.origin);
        if !(self.bans && has_scope && has_origin) {
            return false;
        }
        if self.containing.is_empty() && self.not_containing.is_empty() {
            return true;
        }
        let scenario = posted.naming.scenario.to_lowercase();
        let holds = |it: &String| scenario.contains(it.as_str());
        let is_wanted = self.containing.is_empty() || self.containing.iter().any(holds);
        is_wanted && !self.not_containing.iter().any(holds)
    }
}

#[cfg(test)]
mod tests;
