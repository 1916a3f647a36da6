//! Prefixes without what is protected in them.

use aegis_core::Indicator;

/// Returns the prefixes without what is protected: a country is not spared because this host lies in
/// it, and this host is.
pub(super) fn around(prefixes: &[Indicator], protected: &[Indicator]) -> Vec<Indicator> {
    let mut pieces = Vec::with_capacity(prefixes.len());
    let mut left = Vec::new(); // as deep as an address has bits
    for prefix in prefixes {
        left.push(*prefix);
        while let Some(piece) = left.pop() {
            if !protected.iter().any(|it| it.overlaps(&piece)) {
                pieces.push(piece);
            } else if !protected.iter().any(|it| it.contains(&piece)) {
                left.extend(halves(&piece));
            }
        }
    }
    pieces
}

fn halves(prefix: &Indicator) -> impl Iterator<Item = Indicator> {
    let length = prefix.prefix_len() + 1;
    let ends = [prefix.address(), prefix.last_host().address()];
    ends.into_iter()
        .filter_map(move |it| Indicator::prefix(it, length))
}
