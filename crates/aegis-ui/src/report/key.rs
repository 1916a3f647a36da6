//! Keys: what is said of one that is given out, listed, taken back.

use aegis_api::{KeyCreated, KeyList, KeyRevoked};

use super::table::Table;
use crate::command::KeyUserArg;

/// Tells what a key does; the secret itself is for another place.
pub(crate) fn key_created(it: &KeyCreated) -> String {
    format!(
        "Gave out the key {} with the scope {}\n  Its secret is shown this once. Whoever has it can use it.\n",
        it.name, it.scope
    )
}

/// Returns the lines of the configuration that CrowdSec's programs read a key from.
pub(crate) fn key_lines(it: &KeyCreated, user: KeyUserArg, url: &str) -> String {
    let KeyCreated { name, secret, .. } = it;
    match user {
        KeyUserArg::Bouncer => format!("api_url: {url}\napi_key: {secret}\n"),
        KeyUserArg::Machine => format!("url: {url}\nlogin: {name}\npassword: {secret}\n"),
    }
}

/// Lists keys.
pub(crate) fn keys(list: &KeyList) -> String {
    let mut text = String::from("=== Keys ===\n");
    if list.keys.is_empty() {
        text.push_str("No key is given out.\n");
    }
    let mut table = Table::default();
    for it in &list.keys {
        table.row([
            it.name.to_string(),
            it.scope.to_string(),
            format!("since {}", it.created_at),
        ]);
    }
    text.push_str(&table.render(0));
    text
}

/// Tells that a key opens nothing any more.
pub(crate) fn key_revoked(it: &KeyRevoked) -> String {
    if it.was_there {
        format!("Revoked the key {}\n", it.name)
    } else {
        format!("There is no key {}\n", it.name)
    }
}
