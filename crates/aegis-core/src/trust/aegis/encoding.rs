//! What a restart must not lose, as bytes: a version, then little-endian numbers.

use super::{
    AegisConfig,
    coin::Coins,
    governor::Governor,
    history::{Critical, History},
    misdeed::Misdeeds,
    row::{Column, Row},
};
use crate::{
    Timestamp, Topic, Truth,
    trust::memory::{Reader, Writer},
};

/// First byte of what is saved of a peer.
const PEER_VERSION: u8 = 4;
/// The same while it was remembered of each peer alone whether it turned, and half as many columns.
const PEER_VERSION_TURNING: u8 = 3;
/// The same before misdeeds were kept.
const PEER_VERSION_MILD: u8 = 2;
/// The most that was remembered of a peer's turning, in nats.
const TURN_MAX: f64 = 12.0;
/// How many columns were remembered then.
const SHORT_COLUMNS: u64 = 256;
/// First byte of what is saved of all together.
const SHARED_VERSION: u8 = 0x82;
/// The same before there was a governor.
const SHARED_VERSION_UNGOVERNED: u8 = 0x81;
/// No count fades to more than this, whatever the half-life in the configuration.
const COUNT_MAX: f64 = 1e6;
/// No node ever closes so many cases.
const COLUMN_MAX: u64 = 1 << 60;

/// Returns a peer's history as bytes; its introduction is told anew at every start.
pub(super) fn write_peer(history: &History, column: Column) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.put_u8(PEER_VERSION);
    for coins in history.horizons.iter().chain(&history.topics) {
        write_coins(&mut writer, coins);
    }
    for critical in &history.critical {
        writer.put_f64(critical.right);
        writer.put_f64(critical.wrong);
    }
    writer.put_f64(history.earned);
    writer.put_f64(history.hearsay);
    writer.put_u64(history.right);
    writer.put_u64(history.wrong);
    writer.put_u64(history.heard_at.as_millis());
    writer.put_u64(column.0);
    for word in history.row.spoke.iter().chain(&history.row.malicious) {
        writer.put_u64(*word);
    }
    let (marks, at, count) = history.misdeeds.parts();
    writer.put_f64(marks);
    writer.put_u64(at.as_millis());
    writer.put_u64(count);
    writer.into_bytes()
}

/// Reads a peer's history and the column it was saved at, or `None` where it is anything else.
pub(super) fn read_peer(bytes: &[u8], config: &AegisConfig) -> Option<(History, Column)> {
    let mut reader = Reader::new(bytes);
    let version = reader.take_u8()?;
    if !(PEER_VERSION_MILD..=PEER_VERSION).contains(&version) {
        return None;
    }
    let mut history = History::default();
    for coins in history.horizons.iter_mut().chain(&mut history.topics) {
        *coins = read_coins(&mut reader)?;
    }
    for critical in &mut history.critical {
        *critical = Critical {
            right: read_number(&mut reader, 0.0, COUNT_MAX)?,
            wrong: read_number(&mut reader, 0.0, COUNT_MAX)?,
        };
    }
    history.earned = read_number(
        &mut reader,
        -config.vouched_budget,
        config.budget_max.max(config.vouched_budget),
    )?;
    history.hearsay = read_number(&mut reader, -1.0, 1.0)?;
    if version <= PEER_VERSION_TURNING {
        read_number(&mut reader, 0.0, TURN_MAX)?;
    }
    history.right = reader.take_u64()?;
    history.wrong = reader.take_u64()?;
    history.heard_at = Timestamp::from_millis(reader.take_u64()?);
    let column = read_column(&mut reader)?;
    history.row = if version > PEER_VERSION_TURNING {
        read_row(&mut reader)?
    } else {
        read_short_row(&mut reader, column)?
    };
    if version > PEER_VERSION_MILD {
        history.misdeeds = read_misdeeds(&mut reader)?;
    }
    reader.is_at_end().then_some((history, column))
}

/// Returns what belongs to no peer as bytes.
pub(super) fn write_shared(local: &Coins, column: Column, governor: &Governor) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.put_u8(SHARED_VERSION);
    write_coins(&mut writer, local);
    writer.put_u64(column.0);
    writer.put_f64(governor.credit);
    writer.into_bytes()
}

/// Reads what belongs to no peer, or `None` where it is anything else.
pub(super) fn read_shared(bytes: &[u8], config: &AegisConfig) -> Option<(Coins, Column, Governor)> {
    let mut reader = Reader::new(bytes);
    let version = reader.take_u8()?;
    if ![SHARED_VERSION, SHARED_VERSION_UNGOVERNED].contains(&version) {
        return None;
    }
    let local = read_coins(&mut reader)?;
    let column = read_column(&mut reader)?;
    let mut governor = Governor::new(config);
    if version == SHARED_VERSION {
        governor.credit = read_number(&mut reader, config.credit_min, config.credit_max)?;
    }
    reader.is_at_end().then_some((local, column, governor))
}

fn write_coins(writer: &mut Writer, coins: &Coins) {
    writer.put_f64(coins.malicious_right);
    writer.put_f64(coins.malicious_wrong);
    writer.put_f64(coins.benign_right);
    writer.put_f64(coins.benign_wrong);
}

/// Reads a number within bounds.
fn read_number(reader: &mut Reader<'_>, min: f64, max: f64) -> Option<f64> {
    let number = reader.take_f64(max.max(-min))?;
    (min..=max).contains(&number).then_some(number)
}

fn read_column(reader: &mut Reader<'_>) -> Option<Column> {
    let column = reader.take_u64()?;
    (column < COLUMN_MAX).then_some(Column(column))
}

fn read_coins(reader: &mut Reader<'_>) -> Option<Coins> {
    Some(Coins {
        malicious_right: read_number(reader, 0.0, COUNT_MAX)?,
        malicious_wrong: read_number(reader, 0.0, COUNT_MAX)?,
        benign_right: read_number(reader, 0.0, COUNT_MAX)?,
        benign_wrong: read_number(reader, 0.0, COUNT_MAX)?,
    })
}

fn read_misdeeds(reader: &mut Reader<'_>) -> Option<Misdeeds> {
    let marks = reader.take_f64(COUNT_MAX)?;
    let at = Timestamp::from_millis(reader.take_u64()?);
    Misdeeds::new(marks, at, reader.take_u64()?)
}

fn read_row(reader: &mut Reader<'_>) -> Option<Row> {
    let mut row = Row::default();
    read_words(reader, &mut row.spoke, &mut row.malicious)?;
    Some(row)
}

/// Reads a row of fewer columns, each of which lay at another place, as it stood at `column`.
fn read_short_row(reader: &mut Reader<'_>, column: Column) -> Option<Row> {
    const WORDS: usize = SHORT_COLUMNS as usize / 64;
    let (mut spoke, mut malicious) = ([0; WORDS], [0; WORDS]);
    read_words(reader, &mut spoke, &mut malicious)?;
    let mut row = Row::default();
    for column in (0..SHORT_COLUMNS).filter_map(|age| column.0.checked_sub(age)) {
        let place = (column % SHORT_COLUMNS) as usize;
        let is_in = |words: &[u64]| words[place / 64] >> (place % 64) & 1 == 1;
        if is_in(&spoke) {
            let said = if is_in(&malicious) {
                Truth::Malicious
            } else {
                Truth::Benign
            };
            row.write(Column(column), said);
        }
    }
    Some(row)
}

/// Reads who spoke and who said malicious; whoever did not speak did not say malicious.
fn read_words(reader: &mut Reader<'_>, spoke: &mut [u64], malicious: &mut [u64]) -> Option<()> {
    for word in spoke.iter_mut().chain(&mut *malicious) {
        *word = reader.take_u64()?;
    }
    let is_sound = spoke
        .iter()
        .zip(malicious)
        .all(|(spoke, said)| *said & !*spoke == 0);
    is_sound.then_some(())
}

const _: () = assert!(
    Topic::ALL.len() == 6,
    "another count of topics is another version"
);
