//! Schisms: when some peers begin to oppose the rest, and nobody knows yet who of them turned.
//!
//! A betrayer that errs as independently as honest peers do shows no unison, but whoever stays
//! honest seems to turn against the crowd from that moment on, and together with others. It says
//! that somebody turned and not who: until a check decides, the sides cancel out.

use super::{
    AegisConfig, AegisModel,
    history::{History, logistic},
    weigh::{Heard, Weighed, side},
};
use crate::{NodeId, Truth};

/// What the sides of a schism say, in nats: above 0 malicious, below benign.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Schism {
    /// Those who went on as before.
    pub(super) rest: f64,
    /// Those who oppose them of late.
    pub(super) turned: f64,
}

impl Schism {
    /// Returns the schism that shows in a case, if one does.
    pub(super) fn of(config: &AegisConfig, heard: &[Heard<'_>]) -> Option<Self> {
        let mut sides = Self::default();
        let mut evidence = [0.0; 2];
        let mut strongest = [0.0_f64; 2];
        let mut voices = 0.0;
        // Whose trust the operator fixed belongs to neither side: it counts, whoever turned.
        let free = |it: &&Heard<'_>| it.weight > 0.0 && !it.history.introduction.is_fixed;
        for voice in heard.iter().filter(free) {
            let turned = voice.history.turned(config);
            sides.rest += (1.0 - turned) * signed(voice.said, voice.counted);
            sides.turned += turned * signed(voice.said, voice.counted);
            let sure = (voice.history.turn - config.turn_prior).max(0.0) * (1.0 - voice.unison);
            evidence[side(voice.said)] += sure;
            strongest[side(voice.said)] = strongest[side(voice.said)].max(sure);
            voices += 1.0;
        }
        // A schism needs company: it must show without its strongest voice, or whoever is trusted
        // could bring it about alone.
        let turned = usize::from(sides.turned < 0.0);
        let evidence = evidence[turned] - strongest[turned];
        let needed = config.schism_prior + f64::ln(voices);
        let is_opposed = sides.rest * sides.turned < 0.0;
        // Where those who turned outweigh the rest, as the honest do a block in unison, the case
        // goes by weight as any other.
        let is_outweighed = sides.turned.abs() < sides.rest.abs();
        let is_one = is_opposed
            && is_outweighed
            && evidence > needed
            && sides.turned.abs() >= config.schism_min;
        is_one.then_some(sides)
    }

    /// Returns how surely the side that `voice` is on turned, now that `truth` is known: 0…1.
    pub(super) fn guilt(&self, config: &AegisConfig, history: &History, truth: Truth) -> f64 {
        let turned = history.turned(config);
        let (loser, belongs) = if signed(truth, self.rest) > 0.0 {
            (self.turned, turned)
        } else {
            (self.rest, 1.0 - turned)
        };
        belongs * (1.0 - (-loser.abs()).exp())
    }
}

impl AegisModel {
    /// Returns by how much each voice moves towards opposition, in nats: cumulative sums (Page,
    /// 1954) of how much likelier its word is if it now errs as often as it was right before.
    pub(super) fn turns(&self, weighed: &Weighed<'_>) -> Vec<(NodeId, f64)> {
        let all: f64 = weighed.own + weighed.sides[0] - weighed.sides[1];
        let heard = weighed.heard.iter().filter(|it| it.worth > 0.0);
        heard
            .map(|it| {
                let others = all - signed(it.said, it.counted);
                let (sure, right) = (logistic(others.abs()), logistic(it.worth));
                let agrees = sure * right + (1.0 - sure) * (1.0 - right);
                let evidence = (agrees / (1.0 - agrees)).ln() * it.strength;
                let is_along = signed(it.said, others) > 0.0;
                (it.peer, if is_along { -evidence } else { evidence })
            })
            .collect()
    }
}

/// Returns `nats` with the sign of what is said.
pub(super) fn signed(said: Truth, nats: f64) -> f64 {
    match said {
        Truth::Malicious => nats,
        Truth::Benign => -nats,
    }
}
