//! `AbuseIPDB`'s list: as an object with scores, or plain where that was asked for.

use serde::Deserialize;

use super::{
    InvalidListing, Why,
    gather::{Gathered, Said},
    json::{Array, Loose, Text, document},
    plain,
    time::utc,
};

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    meta: Option<Meta<'a>>,
    data: Array<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    generated_at: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reported<'a> {
    #[serde(borrow)]
    ip_address: Text<'a>,
    abuse_confidence_score: Option<Loose>,
}

/// Reads the list.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return plain::read(bytes, gathered);
    }
    let answer: Answer<'_> = document(bytes)?;
    let made_at = answer.meta.and_then(|it| it.generated_at);
    gathered.listing.made_at = made_at.and_then(|it| utc(&it.0));
    let mut number = 0;
    answer.data.each(|it: Option<Reported<'_>>| {
        number += 1;
        let Some(it) = it else {
            gathered.malformed(number, Why::NoObject);
            return Ok(());
        };
        let said = Said {
            confidence: it.abuse_confidence_score.and_then(Loose::number),
            ..Said::default()
        };
        gathered.add_text(number, &it.ip_address.0, said)
    })
}
