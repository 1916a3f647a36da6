//! What a request for a list, for the TAXII server or for the feed of MISP is answered with.

use std::sync::Arc;

use aegis_api::{
    ApiError, EXPORT_FORMATS, ErrorCode, ExportBody, ExportFilter, ExportRequest, ExportVersion,
    Exported, Naming, Posted,
};
use aegis_core::Timestamp;
use aegis_intel::export::{
    Format, Listed as _, Publication, Wants, Writing, misp,
    taxii::{self, Problem, Question},
};

/// Decisions of one piece.
const PIECE_DECISIONS: usize = 500;

const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// Answers what needs no list, or gives the request back.
pub(super) fn without_list(request: ExportRequest) -> Result<Exported, ExportRequest> {
    let ExportRequest::Taxii(asked) = &request else {
        return Err(request);
    };
    let accept = asked.accept.as_deref();
    if !accept.is_none_or(taxii::is_accepted) {
        return Ok(refused(&Problem::not_acceptable()));
    }
    if !asked.is_read {
        return Ok(refused(&Problem::read_only()));
    }
    match Question::parse(&asked.path, &asked.pairs) {
        Ok(_) => Err(request),
        Err(problem) => Ok(refused(&problem)),
    }
}

/// Answers from a list.
pub(super) fn with_list(
    request: ExportRequest,
    publication: Arc<Publication>,
    now: Timestamp,
) -> Result<Exported, ApiError> {
    let version = Some(ExportVersion {
        tag: publication.tag(),
        changed_at: publication.changed_at(),
        now,
    });
    let whole = |media_type, body| Exported {
        status: 200,
        media_type,
        headers: Vec::new(),
        version,
        body,
    };
    match request {
        ExportRequest::List { format, filter } => {
            let (format, media_type) = named(format)?;
            let writing = Writing::new(format, now, publication, &wants(filter));
            Ok(whole(media_type, ExportBody::Text(Box::new(writing))))
        }
        ExportRequest::Decisions => {
            let decisions = ExportBody::Decisions(Box::new(Decisions::of(publication)));
            Ok(whole("text/plain; charset=utf-8", decisions))
        }
        ExportRequest::Taxii(asked) => {
            let answer = Question::parse(&asked.path, &asked.pairs);
            let answer = answer.and_then(|it| it.answer(&publication));
            Ok(answer.map_or_else(|problem| refused(&problem), shown))
        }
        ExportRequest::Misp(file) => {
            let (media_type, body) = misp_file(&file, publication)?;
            Ok(whole(media_type, body))
        }
    }
}

fn named(name: &str) -> Result<(Format, &'static str), ApiError> {
    let format = Format::ALL.into_iter().find(|it| it.as_str() == name);
    let known = EXPORT_FORMATS.into_iter().find(|it| it.0 == name);
    let missing = || ApiError::new(ErrorCode::NotFound, "there is no such format");
    format
        .zip(known)
        .map(|(format, (_, media_type))| (format, media_type))
        .ok_or_else(missing)
}

fn wants(filter: ExportFilter) -> Wants {
    Wants {
        no_ipv4: filter.ipv6_only,
        no_ipv6: filter.ipv4_only,
        origin: filter.origin.map(aegis_api::Origin::as_str),
        severity_min: filter.min_severity.map(aegis_api::Severity::value),
    }
}

fn misp_file(
    name: &str,
    publication: Arc<Publication>,
) -> Result<(&'static str, ExportBody), ApiError> {
    let (event, changed_at) = (publication.event(), publication.changed_at());
    let (media_type, pieces): (_, Box<dyn Iterator<Item = String> + Send>) = match name {
        "manifest.json" => {
            let manifest = misp::manifest(event, changed_at);
            (JSON, Box::new(std::iter::once(manifest)))
        }
        "hashes.csv" => (CSV, Box::new(Writing::misp_hashes(publication, event))),
        _ if name.strip_suffix(".json") == Some(&event.to_string()) => {
            let writing = Writing::misp_event(publication, event, changed_at);
            (JSON, Box::new(writing))
        }
        _ => {
            let message = "the feed has no such file; manifest.json names its event";
            return Err(ApiError::new(ErrorCode::NotFound, message));
        }
    };
    Ok((media_type, ExportBody::Text(pieces)))
}

fn shown(answer: taxii::Answer) -> Exported {
    let headers = match answer.added {
        Some((first, last)) => vec![
            ("x-taxii-date-added-first", first),
            ("x-taxii-date-added-last", last),
        ],
        None => Vec::new(),
    };
    Exported {
        headers,
        ..in_taxii(200, answer.text)
    }
}

fn refused(problem: &Problem) -> Exported {
    in_taxii(problem.status, problem.text())
}

fn in_taxii(status: u16, text: String) -> Exported {
    Exported {
        status,
        media_type: taxii::MEDIA_TYPE,
        headers: Vec::new(),
        version: None,
        body: ExportBody::Text(Box::new(std::iter::once(text))),
    }
}

/// What is shown, as decisions in the words of bouncers.
struct Decisions {
    publication: Arc<Publication>,
    next: usize,
}

impl Decisions {
    fn of(publication: Arc<Publication>) -> Self {
        Self {
            publication,
            next: 0,
        }
    }

    fn posted(&self, index: usize) -> Posted {
        let entry = self.publication.entry(index);
        let origin = match entry.origin {
            "operator" => "local",
            "peers" => "p2p",
            other => other,
        };
        Posted {
            id: index as u64 + 1,
            indicator: entry.indicator,
            naming: Naming {
                origin,
                scenario: format!("aegis/{}", entry.threat_type).into(),
            },
            decided_at: entry.decided_at,
            expires_at: entry.expires_at,
        }
    }
}

impl Iterator for Decisions {
    type Item = Vec<Posted>;

    fn next(&mut self) -> Option<Vec<Posted>> {
        let end = (self.next + PIECE_DECISIONS).min(self.publication.count());
        let piece: Vec<Posted> = (self.next..end).map(|it| self.posted(it)).collect();
        self.next = end;
        (!piece.is_empty()).then_some(piece)
    }
}

#[cfg(test)]
mod tests;
