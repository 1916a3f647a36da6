//! Plain lists: one address or prefix a line; `#` and `;` begin comments, whole lines or the rest of one.

use super::{
    InvalidListing,
    gather::{Gathered, Said},
};

/// Reads a list.
pub(super) fn read(bytes: &[u8], gathered: &mut Gathered) -> Result<(), InvalidListing> {
    gathered.each_line(bytes, |gathered, number, line| {
        let (said, _comment) = line.split_once(['#', ';']).unwrap_or((line, ""));
        let Some(word) = said.split_ascii_whitespace().next() else {
            return Ok(());
        };
        let word = word.trim_end_matches(',').trim_matches('"');
        gathered.add_text(number, word, Said::default())
    })
}
