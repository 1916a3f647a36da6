//! In which keys two configurations differ, whatever keys there are.

use std::collections::BTreeMap;

use toml::Value;

use super::RawConfig;

/// A key with its section, and what the two say; `None` where one says nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    pub key: String,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// Returns the keys whose values differ, in order.
pub fn differences(from: &RawConfig, to: &RawConfig) -> Vec<Difference> {
    let (from, mut to) = (flat(from), flat(to));
    let mut found: Vec<_> = from
        .into_iter()
        .map(|(key, from)| {
            let to = to.remove(&key);
            Difference {
                key,
                from: Some(from),
                to,
            }
        })
        .collect();
    found.extend(to.into_iter().map(|(key, to)| Difference {
        key,
        from: None,
        to: Some(to),
    }));
    found.retain(|it| it.from != it.to);
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

/// Returns every key with its section, and its value as TOML writes it.
fn flat(raw: &RawConfig) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    // What cannot be written as TOML could not have been read.
    let value = Value::try_from(raw).unwrap_or(Value::Boolean(false));
    let mut waiting = vec![(String::new(), value)];
    while let Some((path, value)) = waiting.pop() {
        let Value::Table(table) = value else {
            flat.insert(path, value.to_string());
            continue;
        };
        waiting.extend(table.into_iter().map(|(name, value)| match path.as_str() {
            "" => (name, value),
            section => (format!("{section}.{name}"), value),
        }));
    }
    flat
}

#[cfg(test)]
mod tests;
