//! Rows of comma-separated values, and lists that are nothing but such rows.

use aegis_core::Indicator;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said, indicator, with_port},
};

/// Columns of a row that are looked at; the rest of a longer one is one column.
const COLUMNS_MAX: usize = 64;

/// Words that head a column of addresses.
const ADDRESS_WORDS: [&str; 12] = [
    "ip",
    "ip_address",
    "ipaddress",
    "address",
    "src_ip",
    "dst_ip",
    "dstip",
    "srcip",
    "cidr",
    "network",
    "prefix",
    "indicator",
];

/// Splits a row. Blanks between a comma and a quote do not count; a doubled quote is one.
pub(super) fn columns(row: &str) -> Vec<String> {
    let mut columns = Vec::new();
    let mut rest = Some(row);
    while let Some(text) = rest {
        if columns.len() + 1 >= COLUMNS_MAX {
            columns.push(text.trim().to_owned());
            break;
        }
        let (column, after) = match text.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_column(quoted),
            None => bare_column(text),
        };
        columns.push(column);
        rest = after;
    }
    columns
}

fn bare_column(text: &str) -> (String, Option<&str>) {
    match text.split_once(',') {
        Some((column, rest)) => (column.trim().to_owned(), Some(rest)),
        None => (text.trim().to_owned(), None),
    }
}

/// Takes what stands before the closing quote; what stands between that and the comma is lost.
fn quoted_column(mut text: &str) -> (String, Option<&str>) {
    let mut column = String::new();
    loop {
        let Some((before, after)) = text.split_once('"') else {
            return (column + text, None);
        };
        column.push_str(before);
        match after.strip_prefix('"') {
            Some(rest) => {
                column.push('"');
                text = rest;
            }
            None => return (column, after.split_once(',').map(|(_, rest)| rest)),
        }
    }
}

/// Reads rows: the address is in the column whose heading says so, or else in the first that has one.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    let (mut is_first, mut place) = (true, None);
    gathered.each_line(bytes, |gathered, number, line| {
        if line.starts_with(['#', ';']) {
            return Ok(());
        }
        let row = columns(&line.replace([';', '\t'], ","));
        let first = row.iter().find_map(|it| address(it));
        if std::mem::replace(&mut is_first, false) && first.is_none() {
            place = row.iter().position(|it| is_heading(it));
            return Ok(()); // what the columns are called, whatever that is
        }
        let found = match place {
            None => first,
            Some(it) => match row.get::<usize>(it) {
                Some(column) => address(column),
                None => {
                    gathered.malformed(number, Why::TooFewColumns);
                    return Ok(());
                }
            },
        };
        match found {
            Some(it) => gathered.add(it, Said::default()),
            None => {
                gathered.malformed(number, Why::NoIndicator);
                Ok(())
            }
        }
    })
}

/// Reads an address or prefix, with a port or without.
fn address(column: &str) -> Option<Indicator> {
    indicator(column).or_else(|| with_port(column))
}

fn is_heading(column: &str) -> bool {
    let word = column.trim().to_ascii_lowercase();
    ADDRESS_WORDS.contains(&word.as_str())
}
