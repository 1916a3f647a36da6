//! Imports: sent in parts that the node takes in some ten milliseconds each, and summed up.

use std::{collections::BTreeMap, io};

use aegis_api::{
    Client, ClientError, Description, IMPORT_ENTRIES_MAX, ImportEntry, ImportRequest, Imported,
};
use tokio::task::JoinSet;

use crate::{Format, Outcome, Screen, report, report::ImportSum};

/// Parts on their way at once: while the disk has one, the node takes in the next.
const PARTS_AT_ONCE: usize = 2;

/// What is to be imported, as it was read.
#[derive(Clone, Debug, Default)]
pub struct ImportPlan {
    /// From where, in words for the audit log.
    pub source: Option<Description>,
    /// What was blocked there.
    pub entries: Vec<ImportEntry>,
    /// What could not be read, or is nothing that can be blocked here, in words.
    pub skipped: Vec<String>,
}

/// Sends what was read to the node, and tells what became of it.
pub async fn import(plan: ImportPlan, client: &Client, screen: &mut Screen<'_>) -> Outcome {
    let told = match send(&plan, client, screen).await {
        Ok(sum) => {
            let outcome = Outcome::answer(sum.blocked > 0 || sum.read == 0);
            screen.show(&sum, report::imported).map(|()| outcome)
        }
        Err(Failure::Client(error)) => screen.complain(&error),
        Err(Failure::Output(error)) => Err(error),
    };
    // Where talk cannot be written either, the exit code alone must do.
    told.unwrap_or(Outcome::Negative)
}

enum Failure {
    Client(ClientError),
    Output(io::Error),
}

async fn send(
    plan: &ImportPlan,
    client: &Client,
    screen: &mut Screen<'_>,
) -> Result<ImportSum, Failure> {
    let mut sum = ImportSum {
        read: plan.entries.len() as u64,
        skipped: plan.skipped.len() as u64,
        skipped_lines: plan
            .skipped
            .iter()
            .take(report::IMPORT_LINES_MAX)
            .cloned()
            .collect(),
        ..ImportSum::default()
    };
    let mut parts = plan.entries.chunks(IMPORT_ENTRIES_MAX);
    let mut on_their_way = JoinSet::new();
    let (mut sent, mut done) = (0, 0);
    loop {
        while on_their_way.len() < PARTS_AT_ONCE
            && let Some(entries) = parts.next()
        {
            let client = client.clone();
            sent += entries.len();
            let request = ImportRequest {
                source: plan.source.clone(),
                entries: entries.to_vec(),
                follow: u32::try_from(plan.entries.len() - sent).unwrap_or(u32::MAX),
            };
            on_their_way.spawn(async move {
                let answer = client.import(&request).await;
                (request.entries.len(), answer)
            });
        }
        let Some(ended) = on_their_way.join_next().await else {
            break;
        };
        let broken = |it: tokio::task::JoinError| Failure::Output(io::Error::other(it));
        let (entries, answer) = ended.map_err(broken)?;
        add(&mut sum, answer.map_err(Failure::Client)?);
        done += entries;
        show_progress(done, plan.entries.len(), screen).map_err(Failure::Output)?;
    }
    Ok(sum)
}

fn add(sum: &mut ImportSum, part: Imported) {
    sum.blocked += part.blocked;
    sum.refused += part.refused.len() as u64;
    let by_code: &mut BTreeMap<_, _> = &mut sum.refused_by_code;
    for it in part.refused {
        *by_code.entry(it.code.as_str().to_owned()).or_default() += 1;
        if sum.refusals.len() < report::IMPORT_LINES_MAX {
            sum.refusals.push(it);
        }
    }
}

/// Shows a person how far a long import has come, on a line that changes.
fn show_progress(done: usize, all: usize, screen: &mut Screen<'_>) -> io::Result<()> {
    let is_long = all > 2 * IMPORT_ENTRIES_MAX;
    if screen.format != Format::Text || !screen.is_terminal || !is_long {
        return Ok(());
    }
    write!(screen.talk, "\r\u{1b}[K{done} of {all}")?;
    if done >= all {
        write!(screen.talk, "\r\u{1b}[K")?;
    }
    screen.talk.flush()
}
