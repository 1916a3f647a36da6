//! Samples of files.

use std::time::Duration;

use aegis_api::{
    ApiError, ErrorCode, FileApplied, FileForgotten, FileId, FileLine, FileRequest, FileSeverity,
    FileState, Page, Reply,
};

use super::{HOSTILE, NOW, node_id};

/// A file of which a third is here, with words that deceive.
pub(crate) fn file(number: u8) -> FileLine {
    FileLine {
        file: id(number),
        name: format!("rules {HOSTILE}"),
        size: 786_433,
        severity: FileSeverity::Major,
        author: node_id(7),
        own: false,
        organisations: Vec::new(),
        description: Some(HOSTILE.to_owned()),
        issued_at: NOW,
        expires_at: NOW + Duration::from_secs(86_400),
        ttl_secs: 86_400,
        state: FileState::Fetching,
        chunks: 4,
        chunks_here: 1,
        holders: 2,
        problem: None,
    }
}

pub(crate) fn id(number: u8) -> FileId {
    FileId::from_bytes([number; 32])
}

/// Answers as a node that offers two files and keeps the first.
pub(super) fn answer(request: &FileRequest) -> Result<Reply, ApiError> {
    let line = |number| FileLine {
        state: if number == 1 {
            FileState::Kept
        } else {
            FileState::Offered
        },
        ..file(number)
    };
    let shown = |file: FileId| {
        let found = [1, 2].into_iter().find(|it| id(*it) == file);
        let unknown = || ApiError::new(ErrorCode::NotFound, "nobody offers it");
        found.map(line).ok_or_else(unknown)
    };
    Ok(match request {
        FileRequest::List(_) => Reply::Files(Page {
            items: vec![line(1), line(2)],
            next: None,
        }),
        FileRequest::Show(file) => Reply::File(Box::new(shown(*file)?)),
        FileRequest::Fetch(file) => Reply::File(Box::new(shown(*file)?)),
        FileRequest::Apply(it) => {
            shown(it.file)?;
            Reply::FileApplied(Box::new(FileApplied {
                file: it.file,
                dry_run: it.dry_run,
                expires_at: NOW,
                entries: 1_000,
                blocked: 990,
                new: 900,
                protected: 4,
                allowlisted: 3,
                too_wide: 2,
                private: 1,
                configured_peers: 0,
                unblocked: 0,
            }))
        }
        FileRequest::Forget(file) => Reply::FileForgotten(FileForgotten {
            file: *file,
            was_here: *file == id(1),
            was_withdrawn: false,
        }),
    })
}
