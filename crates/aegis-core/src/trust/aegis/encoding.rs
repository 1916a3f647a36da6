//! What a restart must not lose, as bytes: a version, then little-endian numbers.

use super::{
    AegisConfig,
    coin::Coins,
    history::{Critical, History},
    row::{Column, Row},
};
use crate::{Timestamp, Topic};

/// First byte of what is saved of a peer.
const PEER_VERSION: u8 = 1;
/// First byte of what is saved of all together.
const SHARED_VERSION: u8 = 0x81;
/// No count fades to more than this, whatever the half-life in the configuration.
const COUNT_MAX: f64 = 1e6;
/// No node ever closes so many cases.
const COLUMN_MAX: u64 = 1 << 60;

/// Returns a peer's history as bytes; its introduction is told anew at every start.
pub(super) fn write_peer(history: &History, column: Column) -> Vec<u8> {
    let mut bytes = vec![PEER_VERSION];
    for coins in history.horizons.iter().chain(&history.topics) {
        write_coins(&mut bytes, coins);
    }
    for critical in &history.critical {
        write_f64(&mut bytes, critical.right);
        write_f64(&mut bytes, critical.wrong);
    }
    write_f64(&mut bytes, history.earned);
    write_f64(&mut bytes, history.hearsay);
    write_u64(&mut bytes, history.right);
    write_u64(&mut bytes, history.wrong);
    write_u64(&mut bytes, history.heard_at.as_millis());
    write_u64(&mut bytes, column.0);
    for word in history.row.spoke.iter().chain(&history.row.malicious) {
        write_u64(&mut bytes, *word);
    }
    bytes
}

/// Reads a peer's history and the column it was saved at, or `None` where it is anything else.
pub(super) fn read_peer(bytes: &[u8], config: &AegisConfig) -> Option<(History, Column)> {
    let mut reader = Reader(bytes.strip_prefix(&[PEER_VERSION])?);
    let mut history = History::default();
    for coins in history.horizons.iter_mut().chain(&mut history.topics) {
        *coins = reader.coins()?;
    }
    for critical in &mut history.critical {
        *critical = Critical {
            right: reader.number(0.0, COUNT_MAX)?,
            wrong: reader.number(0.0, COUNT_MAX)?,
        };
    }
    history.earned = reader.number(
        -config.vouched_budget,
        config.budget_max.max(config.vouched_budget),
    )?;
    history.hearsay = reader.number(-1.0, 1.0)?;
    history.right = reader.u64()?;
    history.wrong = reader.u64()?;
    history.heard_at = Timestamp::from_millis(reader.u64()?);
    let column = reader.column()?;
    history.row = reader.row()?;
    reader.0.is_empty().then_some((history, column))
}

/// Returns what belongs to no peer as bytes.
pub(super) fn write_shared(local: &Coins, column: Column) -> Vec<u8> {
    let mut bytes = vec![SHARED_VERSION];
    write_coins(&mut bytes, local);
    write_u64(&mut bytes, column.0);
    bytes
}

/// Reads what belongs to no peer, or `None` where it is anything else.
pub(super) fn read_shared(bytes: &[u8]) -> Option<(Coins, Column)> {
    let mut reader = Reader(bytes.strip_prefix(&[SHARED_VERSION])?);
    let local = reader.coins()?;
    let column = reader.column()?;
    reader.0.is_empty().then_some((local, column))
}

fn write_coins(bytes: &mut Vec<u8>, coins: &Coins) {
    write_f64(bytes, coins.malicious_right);
    write_f64(bytes, coins.malicious_wrong);
    write_f64(bytes, coins.benign_right);
    write_f64(bytes, coins.benign_wrong);
}

fn write_f64(bytes: &mut Vec<u8>, number: f64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

fn write_u64(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend_from_slice(&number.to_le_bytes());
}

/// The bytes not read yet.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u64(&mut self) -> Option<u64> {
        let (word, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*word))
    }

    /// Reads a number within bounds; one that is not a number is outside all of them.
    fn number(&mut self, min: f64, max: f64) -> Option<f64> {
        let number = f64::from_bits(self.u64()?);
        (min..=max).contains(&number).then_some(number)
    }

    fn column(&mut self) -> Option<Column> {
        let column = self.u64()?;
        (column < COLUMN_MAX).then_some(Column(column))
    }

    fn coins(&mut self) -> Option<Coins> {
        Some(Coins {
            malicious_right: self.number(0.0, COUNT_MAX)?,
            malicious_wrong: self.number(0.0, COUNT_MAX)?,
            benign_right: self.number(0.0, COUNT_MAX)?,
            benign_wrong: self.number(0.0, COUNT_MAX)?,
        })
    }

    fn row(&mut self) -> Option<Row> {
        let mut row = Row::default();
        for word in row.spoke.iter_mut().chain(&mut row.malicious) {
            *word = self.u64()?;
        }
        // Whoever did not speak did not say malicious.
        let is_sound = row
            .spoke
            .iter()
            .zip(&row.malicious)
            .all(|(spoke, said)| said & !spoke == 0);
        is_sound.then_some(row)
    }
}

const _: () = assert!(
    Topic::ALL.len() == 6,
    "another count of topics is another version"
);
