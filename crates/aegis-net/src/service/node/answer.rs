//! Answering peers: what they ask goes to the daemon, and what it says goes back in time or not at
//! all.

use std::{collections::BTreeSet, sync::Arc};

use aegis_core::{
    Indicator, NodeId, Opinion, TESTIMONY_AGE_MAX, Testimony, Topic, trust::model::Recommendation,
};
use libp2p::request_response::ResponseChannel;

use super::Node;
use crate::{
    NetEvent, RequestId, ask,
    counters::Counted,
    gate::Misbehaviour,
    service::{
        inquire::{self, About, Heard, InquireEvent},
        node::ask::Inquiry,
        questions::{Span, Theirs},
    },
};

impl Node {
    pub(super) fn handle_inquire_event(&mut self, about: About, event: InquireEvent) {
        match inquire::heard(event) {
            Some(Heard::Asked(peer, question, channel)) => {
                self.handle_question(peer, (about, &question), channel);
            }
            Some(Heard::Answered(_, stream, answer)) => self.handle_answer(about, stream, &answer),
            Some(Heard::Unanswered(stream, error)) => self.handle_unanswered(about, stream, &error),
            None => {}
        }
    }

    /// Hands a peer's question to the daemon. Where the channel is dropped it is refused.
    fn handle_question(
        &mut self,
        peer: NodeId,
        (about, bytes): (About, &[u8]),
        channel: ResponseChannel<Vec<u8>>,
    ) {
        let now = self.now();
        // Before it is read, so that what cannot be read costs as much.
        let (is_welcome, blame) = self.gate.admit_question(now, peer);
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        if !is_welcome {
            return self.counters.count(Counted::Refusal);
        }
        let read = match about {
            About::Indicators => ask::decode_question(bytes).map(Inquiry::Indicators),
            About::Node => ask::decode_question_about(bytes)
                .map(|(subject, wait)| Inquiry::Node(subject, wait)),
        };
        let inquiry = match read {
            Ok(it) => it,
            Err(error) => {
                tracing::debug!(%peer, %error, "Peer asked something broken");
                if let Some(misbehaviour) = Misbehaviour::of_bytes(error) {
                    let blame = self.gate.charge(now, peer, misbehaviour);
                    self.handle_blame(blame);
                }
                return;
            }
        };
        let (asked_about, wait) = match &inquiry {
            Inquiry::Indicators(question) => (question.indicators.len(), question.wait),
            Inquiry::Node(_, wait) => (1, *wait),
        };
        let (is_welcome, blame) = self.gate.admit_asked_about(now, peer, asked_about);
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        let class = self.peers.connected.get(&peer).map(|it| it.class);
        let has_room = class.is_some_and(|it| self.questions.has_room_for(peer, it));
        if !(is_welcome && has_room && self.has_room()) {
            return self.counters.count(Counted::Refusal);
        }
        self.counters.count(Counted::Question);
        let mut theirs = Theirs {
            peer,
            about,
            question: None,
            span: Span::new(now, wait),
            channel,
        };
        let from = peer;
        let event = match inquiry {
            Inquiry::Indicators(question) => {
                theirs.question = Some(question.clone());
                let request = self.questions.open(theirs);
                NetEvent::Asked {
                    request,
                    from,
                    question,
                }
            }
            Inquiry::Node(subject, wait) => NetEvent::AskedAbout {
                request: self.questions.open(theirs),
                from,
                subject,
                wait,
            },
        };
        self.emit(event);
    }

    /// Answers a question about indicators, if it still waits.
    pub(super) fn answer(
        &mut self,
        request: RequestId,
        own: Vec<(Indicator, Topic, Option<Opinion>)>,
        passed_on: &[Arc<Testimony>],
    ) {
        let now = self.now();
        let Some(theirs) = self.questions.take(request, About::Indicators) else {
            return tracing::debug!(?request, "Answer comes too late");
        };
        let Some(question) = theirs.question else {
            return;
        };
        let mut unanswered: BTreeSet<Indicator> = question.indicators.iter().copied().collect();
        let mut testimonies = Vec::new();
        for (indicator, topic, opinion) in own {
            if unanswered.remove(&indicator) {
                testimonies.extend(self.questions.testify(now, indicator, (topic, opinion)));
            }
        }
        let is_for_asker = |it: &&Arc<Testimony>| {
            question.hops > 0
                && question.indicators.contains(&it.indicator)
                && it.author != theirs.peer
                && it.author != self.id
                && now.since(it.stated_at) <= TESTIMONY_AGE_MAX
        };
        testimonies.extend(passed_on.iter().filter(is_for_asker).cloned());
        let bytes = ask::encode_answer(&testimonies);
        self.reply_to(About::Indicators, theirs.channel, bytes);
    }

    /// Answers a question about a node, if it still waits.
    pub(super) fn recommend(
        &mut self,
        request: RequestId,
        recommendation: Option<&Recommendation>,
    ) {
        let Some(theirs) = self.questions.take(request, About::Node) else {
            return tracing::debug!(?request, "Recommendation comes too late");
        };
        let bytes = ask::encode_recommendation(recommendation);
        self.reply_to(About::Node, theirs.channel, bytes);
    }

    fn reply_to(&mut self, about: About, channel: ResponseChannel<Vec<u8>>, bytes: Vec<u8>) {
        // An error means that the peer is gone, and with it the wish to know.
        let _ = self.inquire(about).send_response(channel, bytes);
    }
}
