//! Chance that comes in: a seeded generator, so that equal seeds give equal nodes.

/// A SplitMix64 generator (Steele, Lea and Flood, OOPSLA 2014): good enough to choose by, and not
/// for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number of [0, 1), each of 2^53 equally likely.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Chooses at most `count` of `items` without repetition, each as likely as its weight says
    /// (Efraimidis and Spirakis, 2006: the largest of u^(1/w)). Weights of zero are not chosen.
    pub(crate) fn choose<T: Copy>(&mut self, items: &[(T, f64)], count: usize) -> Vec<T> {
        let mut keyed: Vec<(f64, usize)> = Vec::with_capacity(items.len());
        for (place, (_, weight)) in items.iter().enumerate() {
            let key = -(1.0 - self.unit()).ln() / weight; // smallest first: the same order
            if *weight > 0.0 && key.is_finite() {
                keyed.push((key, place));
            }
        }
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let chosen = keyed.into_iter().take(count);
        chosen
            .filter_map(|(_, place)| items.get(place))
            .map(|(item, _)| *item)
            .collect()
    }
}

#[cfg(test)]
mod tests;
