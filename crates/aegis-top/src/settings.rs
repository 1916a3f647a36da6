//! What the environment says of the terminal.

use std::{ffi::OsString, time::Duration};

use crate::model::Settings;

impl Settings {
    /// Returns what suits a terminal, by its environment: colours unless `NO_COLOR` is set, more than
    /// ASCII where the locale is UTF-8.
    pub fn of(interval: Duration, environment: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_set = |name: &str| environment(name).filter(|it| !it.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(is_set);
        let locale = locale.unwrap_or_default().to_string_lossy().to_lowercase();
        Self {
            interval,
            colour: is_set("NO_COLOR").is_none(),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }
}

#[cfg(test)]
mod tests;
