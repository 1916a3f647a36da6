//! How the domain's checked values are written in JSON: texts, numbers, RFC 3339 times.
//!
//! Each module is for `#[serde(with = "…")]`. Reading one is the check: a value that its type
//! refuses never comes into being.

pub(crate) mod rfc3339;

pub(crate) mod text {
    //! Values with a `Display` that their `FromStr` reads back.

    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}

pub(crate) mod text_option {
    //! As [`super::text`], or null.

    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<T, S>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error>
    where
        T: Display,
        S: Serializer,
    {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        let text = Option::<std::borrow::Cow<'_, str>>::deserialize(from)?;
        let parse = |it: std::borrow::Cow<'_, str>| it.parse().map_err(de::Error::custom);
        text.map(parse).transpose()
    }
}

pub(crate) mod description {
    //! A description, or null. It has no `Display` on purpose: nobody shows one unescaped.

    use aegis_core::Description;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Description>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Description::as_str).serialize(to)
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Option<Description>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = Option::<std::borrow::Cow<'_, str>>::deserialize(from)?;
        let parse = |it: std::borrow::Cow<'_, str>| it.parse().map_err(de::Error::custom);
        text.map(parse).transpose()
    }
}

pub(crate) mod severity {
    //! A severity as a number.

    use aegis_core::Severity;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Severity, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(value.value())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Severity, D::Error> {
        let number = i64::deserialize(from)?;
        let severity = u8::try_from(number).ok().and_then(Severity::new);
        severity.ok_or_else(|| de::Error::custom("severity must be 1 to 10"))
    }
}

pub(crate) mod severity_option {
    //! As [`super::severity`], or null.

    use aegis_core::Severity;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Severity>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Severity::value).serialize(to)
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Option<Severity>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let parse = |it: i64| {
            let severity = u8::try_from(it).ok().and_then(Severity::new);
            severity.ok_or_else(|| de::Error::custom("severity must be 1 to 10"))
        };
        Option::<i64>::deserialize(from)?.map(parse).transpose()
    }
}

pub(crate) mod score {
    //! A score as a number.

    use aegis_core::Score;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Score, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.value())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Score, D::Error> {
        let score = Score::new(f64::deserialize(from)?);
        score.ok_or_else(|| de::Error::custom("must be a number from -1 to 1"))
    }
}

pub(crate) mod confidence {
    //! A confidence, and whatever else is 0…1, as a number.

    use aegis_core::Confidence;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &Confidence, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(value.value())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Confidence, D::Error> {
        let confidence = Confidence::new(f64::deserialize(from)?);
        confidence.ok_or_else(|| de::Error::custom("must be a number from 0 to 1"))
    }
}

pub(crate) mod number {
    //! A number of any size. JSON has none without end: what has none is the greatest there is,
    //! and what is no number is 0, so that a reader always gets one. 0 has no sign.

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        let number = if value.is_nan() { 0.0 } else { *value };
        to.serialize_f64(number.clamp(f64::MIN, f64::MAX) + 0.0) // -0 + 0 is 0
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        f64::deserialize(from)
    }
}

pub(crate) mod duration_secs {
    //! A block duration as a number of seconds.

    use aegis_core::BlockDuration;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        value: &BlockDuration,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_u64(value.as_secs())
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<BlockDuration, D::Error>
    where
        D: Deserializer<'de>,
    {
        let number = i64::deserialize(from)?;
        let duration = u64::try_from(number)
            .ok()
            .and_then(BlockDuration::from_secs);
        duration.ok_or_else(|| de::Error::custom("duration must be 1 to 86400 seconds"))
    }
}

pub(crate) mod duration_secs_option {
    //! As [`super::duration_secs`], or null.

    use aegis_core::BlockDuration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<BlockDuration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(BlockDuration::as_secs).serialize(to)
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Option<BlockDuration>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let parse = |it: i64| {
            let duration = u64::try_from(it).ok().and_then(BlockDuration::from_secs);
            duration.ok_or_else(|| de::Error::custom("duration must be 1 to 86400 seconds"))
        };
        Option::<i64>::deserialize(from)?.map(parse).transpose()
    }
}

pub(crate) mod time {
    //! A point in time as RFC 3339 in UTC with milliseconds.

    use aegis_core::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::rfc3339;

    pub(crate) fn serialize<S: Serializer>(value: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&rfc3339::Millis(*value))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        rfc3339::parse(&text).ok_or_else(|| de::Error::custom(rfc3339::EXPECTED))
    }
}

pub(crate) mod time_option {
    //! As [`super::time`], or null.

    use aegis_core::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::rfc3339;

    pub(crate) fn serialize<S: Serializer>(
        value: &Option<Timestamp>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(&rfc3339::Millis(*value)),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<Option<Timestamp>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let text = Option::<std::borrow::Cow<'_, str>>::deserialize(from)?;
        let parse = |it: std::borrow::Cow<'_, str>| {
            rfc3339::parse(&it).ok_or_else(|| de::Error::custom(rfc3339::EXPECTED))
        };
        text.map(parse).transpose()
    }
}

#[cfg(test)]
mod tests;
