//! The constants of AEGIS's own trust model, each with its unit and what it trades.

/// What the model's formulas leave open. The defaults are tuned in the arena; see
/// `docs/trust-model.md` for what each of them does to which attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AegisConfig {
    /// How likely an indicator is malicious before anybody said anything: 0…1, exclusive.
    pub prior: f64,
    /// At or above this probability a verdict is to block: 0…1.
    pub malicious_from: f64,
    /// At or below this probability a verdict is to let pass: 0…1.
    pub benign_to: f64,
    /// Pseudo-counts on either side of a peer's overall reliability; symmetric, so that a peer
    /// without history says nothing.
    pub prior_count: f64,
    /// How many verified cases a peer's overall reliability counts for in each of its two coins.
    pub class_shrinkage: f64,
    /// How many verified cases a peer's reliability counts for in each topic.
    pub topic_shrinkage: f64,
    /// How many verified cases a peer's reliability counts for among critical ones.
    pub critical_shrinkage: f64,
    /// How much a critical case in one direction says about the other: 0…1.
    pub critical_spill: f64,
    /// The most one critical case counts for.
    pub critical_weight_max: f64,
    /// How many verified cases full pre-trust stands for: a few mistakes do not undo it, half a
    /// dozen do, unless right words lie between.
    pub vouched_cases: f64,
    /// The budget that full pre-trust gives, in nats.
    pub vouched_budget: f64,
    /// Half-life of the short horizon, in verified cases of a peer's own.
    pub half_life_short: f64,
    /// Half-life of the long horizon, in verified cases of a peer's own.
    pub half_life_long: f64,
    /// The most that one voice moves a verdict, in nats.
    pub voice_max: f64,
    /// Strength (score × confidence) from which on a voice counts in full: 0…1.
    pub full_strength: f64,
    /// Strength below which a voice says nothing: 0…1.
    pub silent_strength: f64,
    /// How far a peer may move a verdict for each nat of budget.
    pub leverage: f64,
    /// The most budget that a peer can hold, in nats.
    pub budget_max: f64,
    /// The budget of a peer nobody vouches for: e^-λ of the influence limiter, in nats. At 0,
    /// as shipped, an identity without verified history moves nothing.
    pub stranger_budget: f64,
    /// How often those who speak in unison dissent all the same: 0…1, exclusive.
    pub unison_dissent: f64,
    /// How often independent voices on one side dissented from each other before: 0…1, exclusive.
    pub free_dissent: f64,
    /// Columns that tell who strayed in among a block.
    pub recent: u64,
    /// How much evidence of unison it takes to believe it, in nats.
    pub unison_prior: f64,
    /// How much evidence it takes to believe that one voice repeats another, in nats.
    pub copy_prior: f64,
    /// How many columns of plain dispersion are taken for granted.
    pub dispersion_prior: f64,
    /// How often independent voices are taken to err where a division is looked for: 0…1, exclusive.
    pub division_dissent: f64,
    /// How often those of a single mind dissent in a division: 0…1, exclusive.
    pub united_dissent: f64,
    /// How many columns are expected to be divided like the case: 0…1, exclusive.
    pub division_share: f64,
    /// How much evidence of a repeated division it takes to believe it, in nats.
    pub division_prior: f64,
    /// How many words of a voice the usual dissent of all of them counts for.
    pub dissent_prior: f64,
    /// Weight from which on a voice counts in full where it is asked who turned, in nats.
    pub dissent_weight: f64,
    /// How much evidence it takes to believe that some voices turned, in nats.
    pub schism_prior: f64,
    /// What those who turned must come to at least, in nats.
    pub schism_min: f64,
    /// How much more one side must say than the other, as a share of what that says beyond
    /// `even_free`: 0…1.
    pub even_share: f64,
    /// What either side may say without that, in nats.
    pub even_free: f64,
    /// The most credit that the network as a whole can have, in right answers.
    pub credit_max: f64,
    /// The least that it is left with: at most -1, the most that one case costs.
    pub credit_min: f64,
    /// How much of a gain counts while the network is not followed: 0…1.
    pub shadow_credit: f64,
    /// Right share that this node's own detectors are believed to have before it is known: 0…1.
    pub local_reliability: f64,
    /// How many verified cases that belief counts for.
    pub local_shrinkage: f64,
    /// How many verified cases of others make a recommendation of full weight.
    pub hearsay_full: f64,
    /// How many peers are remembered at most.
    pub peers_max: usize,
}

impl Default for AegisConfig {
    fn default() -> Self {
        Self {
            prior: 0.3,
            malicious_from: 0.5,
            benign_to: 0.2,
            prior_count: 1.0,
            class_shrinkage: 4.0,
            topic_shrinkage: 8.0,
            critical_shrinkage: 1.5,
            critical_spill: 0.5,
            critical_weight_max: 3.0,
            vouched_cases: 40.0,
            vouched_budget: 2.75,
            half_life_short: 60.0,
            half_life_long: 600.0,
            voice_max: 2.2,
            full_strength: 0.5,
            silent_strength: 0.05,
            leverage: 4.0,
            budget_max: 1.65,
            stranger_budget: 0.0,
            unison_dissent: 0.01,
            free_dissent: 0.1,
            recent: 16,
            unison_prior: 5.0,
            copy_prior: 3.0,
            dispersion_prior: 10.0,
            division_dissent: 0.15,
            united_dissent: 0.03,
            division_share: 0.03,
            division_prior: 3.0,
            dissent_prior: 10.0,
            dissent_weight: 1.0,
            schism_prior: 6.0,
            schism_min: 1.0,
            even_share: 0.3,
            even_free: 1.0,
            credit_max: 5.0,
            credit_min: -1.0,
            shadow_credit: 0.5,
            local_reliability: 0.75,
            local_shrinkage: 40.0,
            hearsay_full: 20.0,
            peers_max: 2_000,
        }
    }
}
