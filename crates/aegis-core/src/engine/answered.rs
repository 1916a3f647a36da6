//! What comes back: answers become voices, and a question ends with what has come in.

use std::sync::Arc;

use crate::{
    Evidence, NodeId, Opinion, Testimony, Timestamp,
    casebook::{ANSWER_FOR, Heard},
    engine::{Engine, NetworkOpinion, Output, Reply, question::Why},
    trust::model::{Deed, Recommendation, Voice},
};

/// From this confidence on an answer says that the source was proven; see `testify`.
const PROVEN_FROM: f64 = 0.75;

/// Returns whether an author says that the source was proven to it: nobody is as sure otherwise.
fn evidence_of(opinion: &Opinion) -> Evidence {
    if opinion.confidence.value() >= PROVEN_FROM {
        Evidence::Verified
    } else {
        Evidence::Spoofable
    }
}

impl Engine {
    /// Takes in a peer's answer.
    pub(super) fn handle_answered(
        &mut self,
        now: Timestamp,
        id: u64,
        from: NodeId,
        testimonies: Vec<Arc<Testimony>>,
    ) {
        let Some(asking) = self.questions.open.get_mut(&id) else {
            return; // too late
        };
        if !asking.waiting.remove(&from) {
            return;
        }
        asking.heard += 1;
        let is_over = asking.waiting.is_empty();
        let asked_about = asking.indicators.clone();
        let is_passed_on = matches!(asking.why, Why::PassedOn { .. });
        let own = self.node;
        let is_wanted =
            |it: &Arc<Testimony>| asked_about.contains(&it.indicator) && it.author != own;
        let wanted: Vec<Arc<Testimony>> = testimonies.into_iter().filter(is_wanted).collect();
        if is_passed_on {
            asking.testimonies.extend(wanted);
        } else {
            // Nothing is kept of whoever this node never met: its word weighs nothing.
            for it in wanted {
                if self.peers.contains_key(&it.author) {
                    self.hear_testimony(now, &it);
                }
            }
        }
        self.book(now, from, Deed::Answered);
        if is_over {
            self.close(now, id);
        }
    }

    fn hear_testimony(&mut self, now: Timestamp, it: &Testimony) {
        let Some(opinion) = it.opinion else {
            return;
        };
        if self.is_about_itself(&it.author, &it.indicator) {
            return;
        }
        let heard = Heard {
            voice: Voice {
                peer: it.author,
                opinion,
                evidence: evidence_of(&opinion),
            },
            topic: it.topic,
            alert: None,
            heard_at: now,
            counts_until: now + ANSWER_FOR,
            influence: self.trust_in(now, &it.author).influence,
        };
        self.report(now, it.indicator, &heard.voice);
        self.note_answer(it.indicator, &heard);
        let gone = self.casebook.hear(it.indicator, heard);
        self.end_cases(now, &gone);
    }

    /// Takes in that a peer does not answer.
    pub(super) fn handle_unanswered(&mut self, now: Timestamp, id: u64, peer: NodeId) {
        let Some(asking) = self.questions.open.get_mut(&id) else {
            return;
        };
        asking.waiting.remove(&peer);
        if asking.waiting.is_empty() {
            self.close(now, id);
        }
    }

    /// Takes in what a peer says of another.
    pub(super) fn handle_recommended(
        &mut self,
        now: Timestamp,
        id: u64,
        from: NodeId,
        recommendation: Option<Recommendation>,
    ) {
        let Some(asking) = self.questions.open.get_mut(&id) else {
            return;
        };
        if asking.waiting.remove(&from) {
            asking.heard += 1;
            asking
                .recommendations
                .extend(recommendation.map(|it| (from, it)));
        }
        if asking.waiting.is_empty() {
            self.close(now, id);
        }
    }

    /// Ends a question with what has come in.
    pub(super) fn close(&mut self, now: Timestamp, id: u64) {
        let Some(asking) = self.questions.open.remove(&id) else {
            return;
        };
        let own = asking.indicators.iter();
        let own = own.filter(|_| !matches!(asking.why, Why::PassedOn { .. }));
        let opinions: Vec<NetworkOpinion> = own.map(|it| self.network_opinion(now, *it)).collect();
        for it in &opinions {
            self.conclude_question(now, it, asking.heard > 0);
            self.end_disbelieved(now, &it.indicator);
        }
        match asking.why {
            Why::Automatic => {}
            Why::Ordered { ticket } => {
                let opinion = opinions.into_iter().next().map(|mut opinion| {
                    opinion.asked = asking.asked;
                    opinion.answered = asking.heard;
                    opinion.waited = now.since(asking.asked_at);
                    opinion
                });
                if let Some(opinion) = opinion {
                    let reply = Ok(Reply::Opinion(Box::new(opinion)));
                    self.push(Output::Answer { ticket, reply });
                }
            }
            Why::PassedOn { request, own, .. } => self.push(Output::Testify {
                request,
                own,
                passed_on: asking.testimonies,
            }),
            Why::About { subject } => {
                let recommendations: Vec<(NodeId, Recommendation)> =
                    asking.recommendations.into_iter().collect();
                if !recommendations.is_empty() {
                    self.trust.model.consider(now, subject, &recommendations);
                    self.trust.change(now, subject);
                }
            }
        }
    }
}
