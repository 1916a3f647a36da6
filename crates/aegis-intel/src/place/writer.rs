//! Writes databases in MaxMind's format (its specification, version 2.0), for tests.

use std::net::IpAddr;

use aegis_core::Indicator;

/// What the data section ends with.
const MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// Zeros between the tree and the data.
const SEPARATOR_BYTES: usize = 16;

/// Where a bit leads.
#[derive(Clone, Copy)]
enum Slot {
    Nothing,
    Node(usize),
    Entry(usize),
}

/// One value of the data section.
pub enum Value<'a> {
    /// Keys and values.
    Map(Vec<(&'a str, Self)>),
    /// A text.
    Text(&'a str),
    /// A small number.
    Short(u16),
    /// A number.
    Number(u32),
    /// A large number.
    Long(u64),
    /// Values in order.
    List(Vec<Self>),
}

/// A database that is being written.
pub struct Writer {
    nodes: Vec<[Slot; 2]>,
    data: Vec<u8>,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            nodes: vec![[Slot::Nothing; 2]],
            data: Vec::new(),
        }
    }
}

impl Writer {
    /// Adds a record, for `insert`.
    pub fn record(&mut self, value: &Value<'_>) -> usize {
        let offset = self.data.len();
        value.write(&mut self.data);
        offset
    }

    /// Adds what a database of countries has for one.
    pub fn country(&mut self, continent: &str, country: &str) -> usize {
        self.record(&Value::Map(vec![
            (
                "continent",
                Value::Map(vec![("code", Value::Text(continent))]),
            ),
            (
                "country",
                Value::Map(vec![("iso_code", Value::Text(country))]),
            ),
        ]))
    }

    /// Adds what a database of autonomous systems has for one.
    pub fn asn(&mut self, number: u32, name: &str) -> usize {
        self.record(&Value::Map(vec![
            ("autonomous_system_number", Value::Number(number)),
            ("autonomous_system_organization", Value::Text(name)),
        ]))
    }

    /// Says that a prefix, of which no part was said before, has this record.
    pub fn insert(&mut self, prefix: Indicator, record: usize) {
        let (bits, length) = match prefix.address() {
            IpAddr::V4(it) => (
                u128::from(u32::from(it)),
                96 + u32::from(prefix.prefix_len()),
            ),
            IpAddr::V6(it) => (u128::from(it), u32::from(prefix.prefix_len())),
        };
        let mut node = 0;
        for index in 0..length {
            let bit = (bits >> (127 - index)) as usize & 1;
            if index + 1 == length {
                self.nodes[node][bit] = Slot::Entry(record);
                return;
            }
            node = match self.nodes[node][bit] {
                Slot::Node(next) => next,
                Slot::Nothing | Slot::Entry(_) => {
                    self.nodes.push([Slot::Nothing; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][bit] = Slot::Node(next);
                    next
                }
            };
        }
    }

    /// Has both bits of so many nodes more lead to the next, from the root on: no tree, and as many ways
    /// through it as two to that power.
    pub fn share_nodes(&mut self, count: usize) {
        for _ in 0..count {
            let next = self.nodes.len();
            if let Some(last) = self.nodes.last_mut() {
                *last = [Slot::Node(next); 2];
            }
            self.nodes.push([Slot::Nothing; 2]);
        }
    }

    /// Returns the bytes of the file.
    pub fn finish(self) -> Vec<u8> {
        let count = self.nodes.len();
        let pointer = |slot: Slot| match slot {
            Slot::Nothing => count,
            Slot::Node(next) => next,
            Slot::Entry(offset) => count + SEPARATOR_BYTES + offset,
        };
        let mut bytes = Vec::new();
        for slot in self.nodes.iter().flatten() {
            bytes.extend((pointer(*slot) as u32).to_be_bytes());
        }
        bytes.extend([0; SEPARATOR_BYTES]);
        bytes.extend(&self.data);
        bytes.extend(MARK);
        let metadata = Value::Map(vec![
            ("binary_format_major_version", Value::Short(2)),
            ("binary_format_minor_version", Value::Short(0)),
            ("build_epoch", Value::Long(1_795_176_000)),
            ("database_type", Value::Text("AEGIS-Test")),
            (
                "description",
                Value::Map(vec![("en", Value::Text("of a test"))]),
            ),
            ("ip_version", Value::Short(6)),
            ("languages", Value::List(vec![Value::Text("en")])),
            ("node_count", Value::Number(count as u32)),
            ("record_size", Value::Short(32)),
        ]);
        metadata.write(&mut bytes);
        bytes
    }
}

impl Value<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Map(pairs) => {
                control(out, 7, pairs.len());
                for (key, value) in pairs {
                    Value::Text(key).write(out);
                    value.write(out);
                }
            }
            Self::Text(text) => {
                control(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            Self::Short(number) => whole(out, 5, &number.to_be_bytes()),
            Self::Number(number) => whole(out, 6, &number.to_be_bytes()),
            Self::Long(number) => whole(out, 9, &number.to_be_bytes()),
            Self::List(values) => {
                control(out, 11, values.len());
                values.iter().for_each(|it| it.write(out));
            }
        }
    }
}

/// Writes a number in as few bytes as it takes.
fn whole(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    let zeros = bytes.iter().take_while(|it| **it == 0).count();
    control(out, kind, bytes.len() - zeros);
    out.extend(&bytes[zeros..]);
}

/// Writes what comes and how much of it: less than 285, as no test has more.
fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (short, more) = match u8::try_from(size) {
        Ok(short) if short < 29 => (short, None),
        _ => (29, Some((size - 29) as u8)),
    };
    if kind < 8 {
        out.push(kind << 5 | short);
    } else {
        out.extend([short, kind - 7]);
    }
    out.extend(more);
}
