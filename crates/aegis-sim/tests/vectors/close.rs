//! Two answers compared: the same shape, the same words, and numbers as close as they can be.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// How far a number may be off, in shares of itself.
const TOLERANCE: f64 = 1e-12;

/// How far a number may be off that is 0 but for rounding of numbers near 1.
const ROUNDING: f64 = 2.0 * f64::EPSILON;

/// Returns where and how `actual` differs from `expected`, if it does.
pub(crate) fn difference(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
            let lacking = &json!("nothing");
            keys.into_iter().find_map(|key| {
                let (a, b) = (a.get(key).unwrap_or(lacking), b.get(key).unwrap_or(lacking));
                Some(format!("{key}: {}", difference(a, b)?))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => (0..)
            .zip(a.iter().zip(b))
            .find_map(|(at, (a, b))| Some(format!("{at}: {}", difference(a, b)?))),
        (Value::Number(a), Value::Number(b)) => {
            let is_close = are_close(a.as_f64()?, b.as_f64()?);
            (!is_close).then(|| format!("want {a}, have {b}"))
        }
        _ => (expected != actual).then(|| format!("want {expected}, have {actual}")),
    }
}

fn are_close(expected: f64, actual: f64) -> bool {
    (expected - actual).abs() <= TOLERANCE * expected.abs() + ROUNDING
}

/// Returns `value` with each of its numbers and words, in turn, a little wrong, and with each of
/// its fields and items, in turn, taken away.
pub(crate) fn variants(value: &Value) -> Vec<Value> {
    match value {
        Value::Object(fields) => {
            let keys = fields.keys();
            keys.flat_map(|key| {
                let mut lacking = fields.clone();
                lacking.remove(key);
                let mut all = vec![Value::Object(lacking)];
                all.extend(variants(&fields[key]).into_iter().map(|wrong| {
                    let mut fields = fields.clone();
                    fields.insert(key.clone(), wrong);
                    Value::Object(fields)
                }));
                all
            })
            .collect()
        }
        Value::Array(items) => (0..items.len())
            .flat_map(|at| {
                let mut lacking = items.clone();
                lacking.remove(at);
                let mut all = vec![Value::Array(lacking)];
                all.extend(variants(&items[at]).into_iter().map(|wrong| {
                    let mut items = items.clone();
                    items[at] = wrong;
                    Value::Array(items)
                }));
                all
            })
            .collect(),
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            vec![json!(number + 1e-11 * number.abs().max(1.0)), Value::Null]
        }
        Value::String(text) => vec![json!(format!("{text}?"))],
        Value::Bool(is) => vec![json!(!is)],
        Value::Null => vec![json!(0)],
    }
}
