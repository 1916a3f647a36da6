//! The original models' own numbers, each of them computed anew.
//!
//! `vectors/*.json` holds what the Python and Go originals answered to given inputs, and names the
//! function that did. Here that function's counterpart computes the answer, and both are compared
//! number for number, to one part in 10¹².

mod close;
mod dovecot;
mod experiment;
mod fides;
mod flow;

use std::collections::BTreeSet;

use aegis_core::NodeId;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

const FIDES: &str = include_str!("../../vectors/fides.json");
const DOVECOT: &str = include_str!("../../vectors/dovecot.json");

/// One question to an original, and its answer.
#[derive(Debug, serde::Deserialize)]
struct Vector {
    id: String,
    function: String,
    inputs: Value,
    outputs: Value,
}

#[test]
fn fides_answers_as_the_original_does() -> Result<()> {
    check_all(FIDES, fides::compute, 38)
}

#[test]
fn dovecot_answers_as_the_original_does() -> Result<()> {
    check_all(DOVECOT, dovecot::compute, 30)
}

#[test]
fn no_number_of_a_vector_is_overlooked() -> Result<()> {
    for vector in load(FIDES)?.into_iter().chain(load(DOVECOT)?) {
        for wrong in close::variants(&vector.outputs) {
            let difference = close::difference(&vector.outputs, &wrong);
            assert!(difference.is_some(), "{}: {wrong}", vector.id);
        }
    }
    Ok(())
}

#[test]
fn an_unknown_function_is_no_success() {
    let vector = Vector {
        id: "none".to_owned(),
        function: "none".to_owned(),
        inputs: Value::Null,
        outputs: Value::Null,
    };
    assert!(fides::compute(&vector).is_err());
    assert!(dovecot::compute(&vector).is_err());
}

/// Computes every vector of a file, of which there are at least `count_min`.
fn check_all(json: &str, compute: fn(&Vector) -> Result<Value>, count_min: usize) -> Result<()> {
    let vectors = load(json)?;
    let mut checked = BTreeSet::new();
    for vector in &vectors {
        let id = &vector.id;
        let computed = compute(vector).with_context(|| format!("compute {id}"))?;
        if let Some(difference) = close::difference(&vector.outputs, &computed) {
            bail!("{id}: {difference}");
        }
        checked.insert(id);
    }
    ensure!(checked.len() == vectors.len(), "two vectors share an id");
    ensure!(checked.len() >= count_min, "{} vectors", checked.len());
    Ok(())
}

fn load(json: &str) -> Result<Vec<Vector>> {
    let mut file: Value = serde_json::from_str(json).context("read the vectors")?;
    serde_json::from_value(file["vectors"].take()).context("read the vectors")
}

fn number(value: &Value) -> Result<f64> {
    value
        .as_f64()
        .with_context(|| format!("find a number in {value}"))
}

fn text(value: &Value) -> Result<&str> {
    value
        .as_str()
        .with_context(|| format!("find a text in {value}"))
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value
        .as_array()
        .with_context(|| format!("find a list in {value}"))
}

fn fields(value: &Value) -> Result<&serde_json::Map<String, Value>> {
    value
        .as_object()
        .with_context(|| format!("find fields in {value}"))
}

/// Reads a list of `COUNT` numbers.
fn numbers<const COUNT: usize>(value: &Value) -> Result<[f64; COUNT]> {
    let values = list(value)?;
    ensure!(values.len() == COUNT, "want {COUNT} numbers: {value}");
    let mut numbers = [0.0; COUNT];
    for (number, value) in numbers.iter_mut().zip(values) {
        *number = self::number(value)?;
    }
    Ok(numbers)
}

/// Returns a node for a place in an order; nodes are ordered as their places are.
fn node(place: usize) -> NodeId {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&(place as u64).to_be_bytes());
    NodeId::from_public_key(key)
}
