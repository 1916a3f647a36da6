//! Who is asked about a peer.

use super::FidesConfig;
use super::config::Selection;
use super::peer::FidesPeer;

/// Returns those of `peers` who are asked about a peer, which is not among them, best first.
///
/// The order of `peers` decides between equals.
pub fn recommenders<K: Copy + Eq>(config: &FidesConfig, peers: &[(K, &FidesPeer)]) -> Vec<K> {
    match config.selection {
        Selection::Threshold => by_threshold(config, peers),
        Selection::Deviation => {
            let trusts = peers
                .iter()
                .map(|(key, peer)| (*key, peer.recommendation_trust));
            by_deviation(
                &trusts.collect::<Vec<_>>(),
                config.recommenders_max.get() as usize,
            )
        }
    }
}

/// Returns whoever is trusted enough to recommend, and where these are not more than may be asked,
/// also whoever is trusted enough to serve; by service trust.
fn by_threshold<K: Copy + Eq>(config: &FidesConfig, peers: &[(K, &FidesPeer)]) -> Vec<K> {
    let recommenders_max = config.recommenders_max.get() as usize;
    let trust_min = config.recommender_trust_min.value();
    let (mut chosen, others): (Vec<_>, Vec<_>) = peers
        .iter()
        .partition(|(_, peer)| peer.recommendation_trust >= trust_min);
    if chosen.len() <= recommenders_max {
        chosen.extend(
            others
                .iter()
                .filter(|(_, peer)| peer.service_trust >= trust_min),
        );
    }
    if chosen.len() < config.recommenders_min {
        return Vec::new();
    }
    chosen.sort_by(|(_, a), (_, b)| b.service_trust.total_cmp(&a.service_trust));
    chosen.truncate(recommenders_max);
    chosen.into_iter().map(|(key, _)| key).collect()
}

/// Returns, best first, the `recommenders_max` most trusted of whoever is trusted no less than the
/// mean less the deviation.
///
/// The original does not divide the squares by how many they are, so its "deviation" is never less
/// than anybody's distance from the mean, and nobody is left out.
pub fn by_deviation<K: Copy>(trusts: &[(K, f64)], recommenders_max: usize) -> Vec<K> {
    if trusts.is_empty() {
        return Vec::new();
    }
    let mean = trusts.iter().map(|(_, trust)| trust).sum::<f64>() / trusts.len() as f64;
    let squares: f64 = trusts.iter().map(|(_, trust)| (trust - mean).powi(2)).sum();
    let trust_min = mean - squares.sqrt();
    let enough = trusts.iter().filter(|(_, trust)| *trust >= trust_min);
    let mut chosen: Vec<_> = enough.collect();
    chosen.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    chosen.truncate(recommenders_max);
    chosen.into_iter().map(|(key, _)| *key).collect()
}
