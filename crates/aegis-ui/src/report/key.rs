//! Keys: what is said of one that is given out, listed, taken back.

use aegis_api::{KeyCreated, KeyList, KeyRevoked};

use super::table::Table;

/// Tells what a key does; the secret itself is for another place.
pub(crate) fn key_created(it: &KeyCreated) -> String {
    format!(
        "Gave out the key {} with the scope {}\n  Its secret is shown this once. Whoever has it can use it.\n",
        it.name, it.scope
    )
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
