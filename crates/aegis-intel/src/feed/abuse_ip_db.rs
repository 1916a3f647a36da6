//! `AbuseIPDB`'s list: as an object with scores, or plain where that was asked for.

use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said},
    json::{Lenient, Loose, document},
    plain,
    time::utc,
};

#[derive(Deserialize)]
struct Answer {
    meta: Option<Meta>,
    data: Vec<Lenient<Reported>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    generated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported {
    ip_address: String,
    abuse_confidence_score: Option<Loose>,
}

/// Reads the list.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return plain::read(bytes, gathered);
    }
    let answer: Answer = document(bytes)?;
    let made_at = answer.meta.and_then(|it| it.generated_at);
    gathered.listing.made_at = made_at.as_deref().and_then(utc);
    for (index, it) in answer.data.into_iter().enumerate() {
        let Lenient::Whole(it) = it else {
            gathered.malformed(index + 1, Why::NoObject);
            continue;
        };
        let said = Said {
            confidence: it.abuse_confidence_score.and_then(|it| it.number()),
            ..Said::default()
        };
        gathered.add_text(index + 1, &it.ip_address, said)?;
    }
    Ok(())
}
