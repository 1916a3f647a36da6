//! Recheck: rows of a written table computed anew, to the last digit.

use std::fmt;

use crate::attack::ATTACKS;
use crate::chance::Chance;
use crate::model::MODELS;
use crate::run::Checking;
use crate::table::{self, COLUMNS, STEERED};
use crate::tournament::Plan;

/// A row that does not repeat itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What the table says.
    pub written: String,
    /// What comes out now.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "written {}\nfound   {}", self.written, self.found)
    }
}

/// A table that cannot be computed anew.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unreadable {
    /// Its columns are not those of this build.
    Columns,
    /// A row names what this build does not know, or lacks something.
    Row(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Columns => f.write_str("the table has other columns"),
            Self::Row(row) => write!(f, "cannot compute this row anew: {row}"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Returns `count` rows of a table by lot, those of more than `peers_max` peers left out.
pub fn draw(text: &str, count: usize, peers_max: usize, lot: u64) -> Result<Vec<&str>, Unreadable> {
    let mut lines = text.lines();
    if lines.next() != Some(COLUMNS) {
        return Err(Unreadable::Columns);
    }
    let mut rows = Vec::new();
    for row in lines {
        let peers = row.split(',').next().and_then(|it| it.parse().ok());
        let peers: usize = peers.ok_or_else(|| Unreadable::Row(row.to_owned()))?;
        if peers <= peers_max {
            rows.push(row);
        }
    }
    let mut chance = Chance::new(&[lot]);
    let mut drawn = Vec::new();
    while drawn.len() < count && !rows.is_empty() {
        drawn.push(rows.swap_remove(chance.below(rows.len())));
    }
    Ok(drawn)
}

/// Computes `row` anew. Returns how it differs, if it does.
///
/// Where the row has more than `seeds_max` seeds, only so many are played, and only what each of
/// them came to is compared.
pub fn recheck(
    row: &str,
    seeds_max: u64,
    threads: usize,
) -> Result<Option<Difference>, Unreadable> {
    let mut plan = read(row).ok_or_else(|| Unreadable::Row(row.to_owned()))?;
    let is_whole = plan.seeds <= seeds_max;
    plan.seeds = plan.seeds.min(seeds_max).max(1);
    let rows = table::rows(&plan, &plan.play(threads, &|_| {}));
    let text = table::csv(&rows);
    let found = text.lines().nth(1).unwrap_or_default();
    let differs = if is_whole {
        found != row
    } else {
        !seeds(row).starts_with(seeds(found))
    };
    Ok(differs.then(|| Difference {
        written: row.to_owned(),
        found: found.to_owned(),
    }))
}

/// Returns the last column of a row.
fn seeds(row: &str) -> &str {
    row.rsplit(',').next().unwrap_or_default()
}

/// Reads what was played to get `row`.
fn read(row: &str) -> Option<Plan> {
    let values: Vec<_> = row.split(',').collect();
    let value = |name: &str| {
        let place = COLUMNS.split(',').position(|it| it == name)?;
        values.get(place).copied()
    };
    let (attack, model) = (value("attack")?, value("model")?);
    Some(Plan {
        peers: vec![value("peers")?.parse().ok()?],
        hostile: vec![value("hostile")?.parse().ok()?],
        attacks: vec![*ATTACKS.iter().find(|it| it.name == attack)?],
        models: vec![*MODELS.iter().find(|it| it.name == model)?],
        first_seed: 1,
        seeds: value("seeds")?.split(' ').count() as u64,
        targets: value("targets")?.parse().ok()?,
        checking: Checking {
            share: value("verify")?.parse().ok()?,
            is_steered: value("checks")? == STEERED,
        },
    })
}

#[cfg(test)]
mod tests;
