//! What Dovecot can be told.

/// Whose scale and bounds hold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Edition {
    /// The thesis' of 2020: -1 malicious … +1 benign, without bounds on what comes out.
    #[default]
    Thesis,
    /// That of Slips since 2025: threat levels from 0 to 1, and what comes out is brought into 0…1.
    ///
    /// It cannot call anything benign.
    ThreatLevel,
}

/// Defects of the original's code, each mended unless it is asked for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DovecotDefects {
    /// A peer's first published reliability counts for ever.
    pub reads_oldest_reliability: bool,
    /// Each voice counts, however often one peer repeats itself.
    pub counts_every_voice: bool,
    /// One voice of a peer of which no reliability was published makes every question fail.
    pub fails_without_reliability: bool,
    /// A peer that attacks is trusted more: since scores became threat levels, the sign of what
    /// this node thinks of its address is wrong. Only in [`Edition::ThreatLevel`].
    pub trusts_attackers: bool,
}

impl DovecotDefects {
    /// Everything as the original does it.
    pub const AS_DEPLOYED: Self = Self {
        reads_oldest_reliability: true,
        counts_every_voice: true,
        fails_without_reliability: true,
        trusts_attackers: true,
    };
}

/// What Dovecot can be told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DovecotConfig {
    /// Whose scale and bounds hold.
    pub edition: Edition,
    /// Which of the original's defects are kept.
    pub defects: DovecotDefects,
}
