//! What a scripted node answers to an import: nothing of 10.0.0.0/8 is blocked.

use aegis_api::{ErrorCode, ImportRefusal, ImportRequest, Imported, Reply};

/// Answers as a node on a private network.
pub(crate) fn import_reply(request: &ImportRequest) -> Reply {
    let is_private = |text: &str| text.starts_with("10.");
    let texts = request
        .entries
        .iter()
        .map(|it| (it.indicator, it.indicator.to_string()));
    let refused = texts.filter(|(_, text)| is_private(text));
    let refused: Vec<_> = refused
        .map(|(indicator, _)| ImportRefusal {
            indicator,
            code: ErrorCode::PrivateRange,
            message: "private ranges are not blocked".into(),
        })
        .collect();
    Reply::Imported(Imported {
        blocked: (request.entries.len() - refused.len()) as u64,
        refused,
    })
}
