//! What the model remembers of one peer, and how much its word is worth because of it.

use std::time::Duration;

use super::{
    AegisConfig,
    coin::{Coins, Reliability},
    misdeed::Misdeeds,
    row::Row,
    weigh::side,
};
use crate::{Timestamp, Topic, Truth, trust::model::Introduction};

/// How long a silent peer's word keeps its worth; then it halves every [`ABSENCE_HALF_LIFE`].
const ABSENCE_FREE: Duration = Duration::from_secs(7 * 86_400);
/// How fast the word of a departed peer loses its worth.
const ABSENCE_HALF_LIFE: Duration = Duration::from_secs(60 * 86_400);

/// What one kind of statement came to in critical cases: such as were disputed, or went wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Critical {
    pub(super) right: f64,
    pub(super) wrong: f64,
}

/// What is remembered of one peer.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct History {
    pub(super) introduction: Introduction,
    /// The short horizon and the long one, over all topics.
    pub(super) horizons: [Coins; 2],
    /// The long horizon for each topic.
    pub(super) topics: [Coins; Topic::ALL.len()],
    /// Critical cases by what it said: malicious, benign.
    pub(super) critical: [Critical; 2],
    /// Nats of log score it has earned and not lost.
    pub(super) earned: f64,
    /// What others recommend, in pseudo-counts: -1…1.
    pub(super) hearsay: f64,
    /// Verified cases in which it was right, ever.
    pub(super) right: u64,
    /// Verified cases in which it was wrong, ever.
    pub(super) wrong: u64,
    /// What it did against the protocol.
    pub(super) misdeeds: Misdeeds,
    pub(super) heard_at: Timestamp,
    /// What it said of late, whether verified or not.
    pub(super) row: Row,
}

/// Returns the log-odds of a share in 0…1 exclusive, in nats.
pub(super) fn logit(share: f64) -> f64 {
    (share / (1.0 - share)).ln()
}

/// Returns the share that has these log-odds.
pub(super) fn logistic(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl History {
    /// Returns how far the word `said` on `topic` moves the log-odds, before budget and block:
    /// 0…`voice_max` nats.
    ///
    /// The weakest of all estimates counts, and a liar's word is worth nothing rather than its
    /// opposite: else an honest phase would be a weapon.
    pub(super) fn worth(&self, config: &AegisConfig, topic: Topic, said: Truth) -> f64 {
        if self.introduction.is_fixed {
            return self.pretrust_worth(config);
        }
        let [short, long] = self.horizons.map(|it| self.reliability(config, &it));
        let shrinkage = config.topic_shrinkage + self.vouched(config);
        let on_topic = self.topics[topic.index()].shrunk(long, shrinkage);
        let usual = [short, long, on_topic]
            .map(|it| it.likelihood_ratio(said))
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        usual
            .min(self.critical_ratio(config, said, usual))
            .ln()
            .clamp(0.0, config.voice_max)
    }

    /// Returns the most that it may move a verdict now, in nats.
    pub(super) fn limit(&self, config: &AegisConfig) -> f64 {
        if self.introduction.is_fixed {
            return config.voice_max;
        }
        (config.leverage * self.budget(config)).min(config.voice_max)
    }

    /// Returns its budget in nats: what it earned, and what it was given.
    pub(super) fn budget(&self, config: &AegisConfig) -> f64 {
        (self.earned + self.given(config)).clamp(0.0, self.budget_cap(config))
    }

    /// Returns how much of its worth is left at `now`, since it was last heard, and after what it
    /// did against the protocol: 0…1.
    pub(super) fn presence(&self, now: Timestamp) -> f64 {
        let absent = now.since(self.heard_at).saturating_sub(ABSENCE_FREE);
        let kept = (-absent.as_secs_f64() / ABSENCE_HALF_LIFE.as_secs_f64()).exp2();
        kept * self.conduct(now)
    }

    /// Returns how much of its worth what it did against the protocol leaves it: 1/16…1.
    pub(super) fn conduct(&self, now: Timestamp) -> f64 {
        match self.introduction.is_fixed {
            true => 1.0,
            false => self.misdeeds.share(now),
        }
    }

    /// Returns whether what was verified of it speaks against it.
    pub(super) fn is_liar(&self) -> bool {
        self.horizons[1].wrong() > self.horizons[1].right()
    }

    /// Returns how far it alone can move a verdict at `now`, in nats: the better of both words.
    pub(super) fn influence(&self, config: &AegisConfig, now: Timestamp) -> f64 {
        let worth = Topic::ALL
            .iter()
            .flat_map(|topic| {
                [Truth::Malicious, Truth::Benign].map(|said| self.worth(config, *topic, said))
            })
            .fold(0.0, f64::max);
        worth.min(self.limit(config)) * self.presence(now)
    }

    /// Counts a verified case with `weight` (0…1).
    pub(super) fn count(
        &mut self,
        config: &AegisConfig,
        topic: Topic,
        (said, truth): (Truth, Truth),
        weight: f64,
    ) {
        let [short, long] = &mut self.horizons;
        short.count(said, truth, weight, config.half_life_short);
        long.count(said, truth, weight, config.half_life_long);
        self.topics[topic.index()].count(said, truth, weight, config.half_life_long);
        if said == truth {
            self.right = self.right.saturating_add(1);
        } else {
            self.wrong = self.wrong.saturating_add(1);
        }
    }

    /// Counts a critical case with `weight`.
    pub(super) fn count_critical(&mut self, (said, truth): (Truth, Truth), weight: f64) {
        let critical = &mut self.critical[side(said)];
        if said == truth {
            critical.right += weight;
        } else {
            critical.wrong += weight;
        }
    }

    /// Takes what it earned because those that turned with it were found out, as surely as `guilt`.
    pub(super) fn condemn(&mut self, config: &AegisConfig, guilt: f64) {
        self.earned *= 1.0 - guilt;
        for critical in &mut self.critical {
            critical.right *= 1.0 - guilt;
            critical.wrong += config.critical_weight_max * guilt;
        }
    }

    /// Books `nats` of log score, earned or lost; what it was given in advance can be lost, too.
    pub(super) fn earn(&mut self, config: &AegisConfig, nats: f64) {
        let given = self.given(config);
        self.earned = (self.earned + nats).clamp(-given, self.budget_cap(config) - given);
    }

    fn given(&self, config: &AegisConfig) -> f64 {
        let given = config.vouched_budget * self.introduction.pretrust.value();
        given.max(config.stranger_budget)
    }

    /// Returns the most budget it can hold: what anybody can, or what it was given.
    fn budget_cap(&self, config: &AegisConfig) -> f64 {
        config.budget_max.max(self.given(config))
    }

    fn pretrust_worth(&self, config: &AegisConfig) -> f64 {
        let share = pretrust_share(config, self.introduction.pretrust.value());
        logit(share).clamp(0.0, config.voice_max)
    }

    /// Returns the reliability that one horizon shows: overall first, then per truth.
    fn reliability(&self, config: &AegisConfig, coins: &Coins) -> Reliability {
        let share = pretrust_share(config, self.introduction.pretrust.value());
        let cases = 2.0 * config.prior_count + self.vouched(config);
        let right = share * cases + self.hearsay.max(0.0) + coins.right();
        let wrong = (1.0 - share) * cases + (-self.hearsay).max(0.0) + coins.wrong();
        let overall = Reliability::even(right / (right + wrong));
        coins.shrunk(overall, config.class_shrinkage + self.vouched(config))
    }

    /// Returns how many verified cases stand behind what is trusted in advance: none for a
    /// stranger, so that a single mistake of a peer somebody vouches for does not outweigh that.
    fn vouched(&self, config: &AegisConfig) -> f64 {
        config.vouched_cases * self.introduction.pretrust.value()
    }

    /// Returns the likelihood ratio of a word in critical cases, drawn towards its `usual` one.
    fn critical_ratio(&self, config: &AegisConfig, said: Truth, usual: f64) -> f64 {
        let [own, other] = match said {
            Truth::Malicious => self.critical,
            Truth::Benign => [self.critical[1], self.critical[0]],
        };
        let right = own.right + config.critical_spill * other.right;
        let wrong = own.wrong + config.critical_spill * other.wrong;
        let share = usual / (1.0 + usual);
        let shrinkage = config.critical_shrinkage + self.vouched(config);
        (shrinkage * share + right) / (shrinkage * (1.0 - share) + wrong)
    }
}

/// Returns the reliability that pre-trust stands for: one half for none, and for full trust what
/// moves a verdict by `voice_max`.
fn pretrust_share(config: &AegisConfig, pretrust: f64) -> f64 {
    0.5 + (logistic(config.voice_max) - 0.5) * pretrust
}
