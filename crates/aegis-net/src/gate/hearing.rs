//! What is believed of the answers to one question: that it was asked, is fresh, and is said by
//! whom it names.
//!
//! Pure: time is given in. Cheap checks come first; a signature costs more than all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aegis_core::{
    Indicator, LATE_MAX, NodeId, Question, SKEW_MAX, TESTIMONY_AGE_MAX, Testimony, Timestamp,
};

use super::Misbehaviour;
use crate::ask::{AskError, Unverified};

/// Everything that was said in answer to one question so far.
#[derive(Debug)]
pub struct Hearing {
    asker: NodeId,
    question: Question,
    said: BTreeMap<(NodeId, Indicator), Arc<Testimony>>,
    blamed: BTreeSet<NodeId>, // authors, for what others brought
}

/// Who is at fault for a testimony that is not heard, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Who brought it, or its author where the bringer did right as far as it could know.
    pub culprit: NodeId,
    /// What it did.
    pub misbehaviour: Misbehaviour,
}

impl Hearing {
    /// Returns the hearing of a question that nobody has answered yet.
    pub fn new(asker: NodeId, question: Question) -> Self {
        Self {
            asker,
            question,
            said: BTreeMap::new(),
            blamed: BTreeSet::new(),
        }
    }

    /// Returns how many indicators the question is about.
    pub fn asked_about(&self) -> usize {
        self.question.indicators.len()
    }

    /// Hears one testimony that `from` brings; `None` for one that is left aside by nobody's fault,
    /// or by that of an author who was found at fault before.
    ///
    /// What one peer brings so costs another author one fault of a question, however many it
    /// collects: it must not be able to have that author banned.
    pub fn hear(
        &mut self,
        now: Timestamp,
        from: NodeId,
        testimony: Unverified,
    ) -> Result<Option<Arc<Testimony>>, Fault> {
        let heard = self.examine(now, from, testimony);
        match heard {
            Err(fault) if fault.culprit != from && !self.blamed.insert(fault.culprit) => Ok(None),
            Ok(_) | Err(_) => heard,
        }
    }

    fn examine(
        &mut self,
        now: Timestamp,
        from: NodeId,
        testimony: Unverified,
    ) -> Result<Option<Arc<Testimony>>, Fault> {
        let author = testimony.author();
        let fault = |culprit, misbehaviour| Fault {
            culprit,
            misbehaviour,
        };
        let is_passed_on = author != from;
        if !self.question.indicators.contains(&testimony.indicator())
            || (is_passed_on && self.question.hops == 0)
        {
            return Err(fault(from, Misbehaviour::Unasked));
        }
        // What this node said to others, it knows.
        if author == self.asker {
            return Ok(None);
        }
        let age = now.since(testimony.stated_at());
        // As of alerts: only a replay is so old.
        if age > LATE_MAX {
            return Err(fault(from, Misbehaviour::ImpossibleTime));
        }
        let ahead = testimony.stated_at().since(now);
        // Clocks differ: to whoever passed it on it may have been fresh.
        let is_strange = is_passed_on && (SKEW_MAX < ahead && ahead <= 2 * SKEW_MAX);
        if age > TESTIMONY_AGE_MAX || is_strange {
            return Ok(None);
        }
        let key = (author, testimony.indicator());
        let earlier = self.said.get(&key);
        if let Some(earlier) = earlier.filter(|it| it.signed == *testimony.signed()) {
            return Ok(Some(Arc::clone(earlier)));
        }
        let testimony = match testimony.verify() {
            Ok(it) => Arc::new(it),
            Err(AskError::Signature) => return Err(fault(from, Misbehaviour::Forged)),
            // Whoever passes it on has seen it, too.
            Err(_) => return Err(fault(from, Misbehaviour::OutOfRange)),
        };
        // To an honest bringer it would have been too far ahead, too.
        if ahead > SKEW_MAX {
            return Err(fault(from, Misbehaviour::ImpossibleTime));
        }
        if earlier.is_some_and(|it| contradict(it, &testimony)) {
            return Err(fault(author, Misbehaviour::Contradictory));
        }
        self.said.insert(key, Arc::clone(&testimony));
        Ok(Some(testimony))
    }
}

/// Returns whether two testimonies of one author about one indicator cannot both be honest.
fn contradict(one: &Testimony, other: &Testimony) -> bool {
    let content = |it: &Testimony| (it.topic, it.opinion);
    one.stated_at == other.stated_at && content(one) != content(other)
}

#[cfg(test)]
mod tests;
