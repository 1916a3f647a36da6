//! What JSON of others needs: fields that are a number here and a text there, and objects of which
//! one may be broken without the rest being so.
//!
//! A document is as long as its sender likes, and in memory it would be many times that. So what it is
//! made of stays the text that it is, and is read one piece after the other.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::InvalidListing;

/// An array that is not read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Array<'a>(&'a RawValue); // begins with `[`

/// A text, as it stands in the document where nothing in it is escaped.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A number, a truth or a text that spells one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loose {
    number: Option<u64>,
    is_true: bool,
}

/// Reads a whole document.
pub(super) fn document<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, InvalidListing> {
    serde_json::from_slice(bytes).map_err(not_the_format)
}

/// Reads a document that is an object, and hands over its members one by one: the name, and what is
/// there unless it is not as it should be.
pub(super) fn members<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    take: impl FnMut(Text<'a>, Option<T>),
) -> Result<(), InvalidListing> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = deserializer.deserialize_map(Members(take, PhantomData::<T>));
    read.and_then(|()| deserializer.end())
        .map_err(not_the_format)
}

fn not_the_format(error: serde_json::Error) -> InvalidListing {
    InvalidListing::NotTheFormat { line: error.line() }
}

impl<'a> Array<'a> {
    /// Returns whether nothing is in it.
    pub(super) fn is_empty(self) -> bool {
        self.0.get()[1..].trim_start().starts_with(']')
    }

    /// Hands over its elements one by one, from the first one on, each unless it is not as it should be.
    pub(super) fn each<T: Deserialize<'a>>(
        self,
        mut take: impl FnMut(Option<T>) -> Result<(), InvalidListing>,
    ) -> Result<(), InvalidListing> {
        let mut result = Ok(());
        let take = |element| {
            result = take(element);
            result.is_ok()
        };
        let mut deserializer = serde_json::Deserializer::from_str(self.0.get());
        let read = deserializer.deserialize_seq(Elements(take, PhantomData::<T>));
        result.and_then(|()| read.map_err(not_the_format))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Array<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        match raw.get().starts_with('[') {
            true => Ok(Self(raw)),
            false => Err(D::Error::custom("no array")),
        }
    }
}

struct Elements<F, T>(F, PhantomData<T>);

impl<'de, F, T> Visitor<'de> for Elements<F, T>
where
    F: FnMut(Option<T>) -> bool,
    T: Deserialize<'de>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(raw) = elements.next_element::<&RawValue>()? {
            if !(self.0)(serde_json::from_str(raw.get()).ok()) {
                return Err(A::Error::custom("whoever takes them has enough"));
            }
        }
        Ok(())
    }
}

struct Members<F, T>(F, PhantomData<T>);

impl<'de, F, T> Visitor<'de> for Members<F, T>
where
    F: FnMut(Text<'de>, Option<T>),
    T: Deserialize<'de>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some((name, raw)) = members.next_entry::<Text<'de>, &RawValue>()? {
            (self.0)(name, serde_json::from_str(raw.get()).ok());
        }
        Ok(())
    }
}

impl Loose {
    pub(super) const fn number(self) -> Option<u64> {
        self.number
    }

    pub(super) const fn is_true(self) -> bool {
        self.is_true
    }
}

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E: Error>(self, is_true: bool) -> Result<Loose, E> {
        Ok(Loose {
            number: None,
            is_true,
        })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose {
            number: Some(number),
            is_true: number == 1,
        })
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Loose, E> {
        Ok(Loose::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Loose, E> {
        Ok(Loose::default())
    }

    fn visit_unit<E: Error>(self) -> Result<Loose, E> {
        Ok(Loose::default())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Loose, E> {
        let text = text.trim();
        Ok(Loose {
            number: text.parse().ok(),
            is_true: matches!(text, "1" | "true" | "True"),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Loose, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Loose, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose::default())
    }
}
