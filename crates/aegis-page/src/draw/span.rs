//! The time that a drawing shows, cut into columns.

use std::{collections::BTreeMap, time::Duration};

use aegis_api::{Timestamp, TrafficPoint};

use crate::{
    gather::{Almanac, HOUR, Hour, number},
    number::{clock, day, floor},
};

/// How much time a drawing shows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum DrawnSpan {
    /// The last 24 hours, hour by hour.
    #[default]
    Day,
    /// The last seven days, in steps of six hours.
    Week,
}

/// One column: what happened in a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Column {
    pub(crate) began_at: Option<Timestamp>,
    pub(crate) hour: Hour,
    pub(crate) dropped: u64,
    pub(crate) spared: u64,
}

impl DrawnSpan {
    /// Returns the span that a word in a query means.
    pub(crate) fn of(word: Option<&str>) -> Self {
        match word {
            Some("7d") => Self::Week,
            Some(_) | None => Self::Day,
        }
    }

    /// Returns that word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// Returns how long a column is.
    pub(crate) const fn step(self) -> Duration {
        match self {
            Self::Day => HOUR,
            Self::Week => Duration::from_secs(6 * 3600),
        }
    }

    /// Returns how many columns there are.
    pub(crate) const fn columns(self) -> usize {
        match self {
            Self::Day => 24,
            Self::Week => 28,
        }
    }

    /// Returns when the first column begins; the last is the one in which `now` lies.
    pub(crate) fn since(self, now: Timestamp) -> Timestamp {
        let before = u32::try_from(self.columns() - 1).unwrap_or(u32::MAX);
        floor(now, self.step()) - self.step() * before
    }

    /// Returns in which column a moment lies, if in any.
    fn column(self, since: Timestamp, at: Timestamp) -> Option<usize> {
        let passed = at.as_millis().checked_sub(since.as_millis())?;
        let step = u64::try_from(self.step().as_millis()).ok()?;
        let column = usize::try_from(passed / step).ok()?;
        (column < self.columns()).then_some(column)
    }

    /// Returns the columns, oldest first.
    pub(crate) fn cut(
        self,
        now: Timestamp,
        almanac: &Almanac,
        traffic: &[TrafficPoint],
    ) -> Vec<Column> {
        let since = self.since(now);
        let step = |at: usize| self.step() * u32::try_from(at).unwrap_or(u32::MAX);
        let mut columns: Vec<Column> = (0..self.columns())
            .map(|at| Column {
                began_at: Some(since + step(at)),
                ..Column::default()
            })
            .collect();
        for (hour, counted) in almanac.hours.range(number(since)..) {
            let at = Timestamp::from_secs(hour * HOUR.as_secs());
            if let Some(column) = self.column(since, at).and_then(|it| columns.get_mut(it)) {
                merge(&mut column.hour, counted);
            }
        }
        for point in traffic {
            // It ended then, so that what it counted was before.
            let at = point.at - Duration::from_millis(1);
            if let Some(column) = self.column(since, at).and_then(|it| columns.get_mut(it)) {
                column.dropped += point.dropped_packets;
                column.spared += point.spared_packets;
            }
        }
        columns
    }

    /// Returns how many columns there are to one that is named beside a drawing.
    pub(crate) const fn every(self) -> usize {
        match self {
            Self::Day => 6,
            Self::Week => 4,
        }
    }

    /// Returns what a column is called where there is little room.
    pub(crate) fn short_label(self, began_at: Timestamp) -> String {
        match self {
            Self::Day => clock(began_at),
            Self::Week => day(began_at),
        }
    }

    /// Returns what a column is called.
    pub(crate) fn label(self, began_at: Timestamp) -> String {
        match self {
            Self::Day => clock(began_at),
            Self::Week => format!("{} {}", day(began_at), clock(began_at)),
        }
    }
}

fn merge(sum: &mut Hour, hour: &Hour) {
    sum.detections += hour.detections;
    sum.alerts += hour.alerts;
    sum.blocks += hour.blocks;
    add(&mut sum.by_threat, &hour.by_threat);
    add(&mut sum.by_place, &hour.by_place);
    add(&mut sum.by_country, &hour.by_country);
}

fn add<K: Clone + Ord>(sum: &mut BTreeMap<K, u64>, counts: &BTreeMap<K, u64>) {
    for (key, count) in counts {
        *sum.entry(key.clone()).or_default() += count;
    }
}
