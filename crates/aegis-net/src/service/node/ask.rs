//! Asking peers: who is asked, what becomes of the answers, and whose silence is noticed when.

use std::{collections::BTreeMap, time::Duration};

use aegis_core::{NodeId, QUESTION_PEERS_MAX, Question};
use libp2p::request_response::{OutboundFailure, OutboundRequestId};
use tokio::time;

use super::{Node, peer_of};
use crate::{
    NetEvent, QuestionId, Silence, ask,
    ask::AskError,
    counters::Counted,
    gate::{Conduct, Fault, Hearing, Misbehaviour},
    service::{
        QUESTION_WAIT_MAX,
        inquire::{About, Inquire},
        questions::{Ours, Span, TESTIMONIES_PER_TURN, Waiting},
    },
};

/// A question of this node's, as the daemon puts it.
pub(super) enum Inquiry {
    /// About indicators.
    Indicators(Question),
    /// About a node, and how long to wait.
    Node(NodeId, Duration),
}

impl Node {
    /// Asks every one of `peers`; reports at once who cannot be asked.
    pub(super) fn ask(&mut self, id: QuestionId, mut peers: Vec<NodeId>, inquiry: Inquiry) {
        peers.sort_unstable();
        peers.dedup();
        // Asked twice under one name, a peer still answers once.
        peers.retain(|it| !self.questions.is_waited_for(id, it));
        let is_new = !self.questions.ours.contains_key(&id);
        let Some(mut ours) = self.prepare(inquiry).filter(|_| is_new) else {
            return self.report_unasked(id, peers);
        };
        let too_many = peers.split_off(peers.len().min(QUESTION_PEERS_MAX));
        self.report_unasked(id, too_many);
        for peer in peers {
            match self.ask_one(id, peer, &ours) {
                Ok(()) => drop(ours.waiting.insert(peer, Waiting::ForAnswer)),
                Err(why) => self.report_silence(id, peer, why),
            }
        }
        self.questions.ask(id, ours);
    }

    /// Returns a question that can be put; `None` for one about nothing or too much.
    fn prepare(&self, inquiry: Inquiry) -> Option<Ours> {
        let (about, bytes, wait, hearing) = match inquiry {
            Inquiry::Indicators(question) => (
                About::Indicators,
                ask::encode_question(&question)?,
                question.wait,
                Some(Hearing::new(self.id, question)),
            ),
            Inquiry::Node(subject, wait) => {
                let bytes = ask::encode_question_about(subject, wait);
                (About::Node, bytes, wait, None)
            }
        };
        Some(Ours {
            about,
            bytes,
            span: Span::new(self.now(), wait.min(QUESTION_WAIT_MAX)),
            hearing,
            waiting: BTreeMap::new(),
        })
    }

    fn ask_one(&mut self, id: QuestionId, peer: NodeId, ours: &Ours) -> Result<(), Silence> {
        // Unconnected, it would be dialled.
        if !self.peers.connected.contains_key(&peer) {
            return Err(Silence::Gone);
        }
        let now = self.now();
        let asked_about = ours.hearing.as_ref().map_or(1, Hearing::asked_about);
        if !self.questions.has_room() || !self.gate.may_ask(now, peer, asked_about) {
            return Err(Silence::NotAsked);
        }
        self.send_question(id, peer, ours.about, ours.bytes.clone());
        Ok(())
    }

    fn send_question(&mut self, id: QuestionId, peer: NodeId, about: About, bytes: Vec<u8>) {
        let stream = self.inquire(about).send_request(&peer_of(peer), bytes);
        self.questions.streams.insert((about, stream), (id, peer));
    }

    /// Takes what a peer answered; nothing where it is too late, and nobody's fault.
    pub(super) fn handle_answer(&mut self, about: About, stream: OutboundRequestId, bytes: &[u8]) {
        let Some((id, peer)) = self.questions.streams.remove(&(about, stream)) else {
            return;
        };
        if bytes.is_empty() {
            return self.end_in_silence(id, peer, Silence::Refused);
        }
        if self.gate.conduct(self.now(), peer) != Conduct::Good {
            return self.end_in_silence(id, peer, Silence::Misbehaved);
        }
        match about {
            About::Indicators => match ask::decode_answer(bytes) {
                Ok(testimonies) => {
                    let checking = Waiting::Checking {
                        left: testimonies.into_iter(),
                        heard: Vec::new(),
                    };
                    if let Some(ours) = self.questions.ours.get_mut(&id) {
                        ours.waiting.insert(peer, checking);
                        self.questions.checking.push_back((id, peer));
                    }
                }
                Err(error) => self.end_for_bytes(id, peer, error),
            },
            About::Node => match ask::decode_recommendation(bytes) {
                Ok(recommendation) => {
                    let from = peer;
                    self.end_in_answer(NetEvent::Recommended {
                        id,
                        from,
                        recommendation,
                    });
                }
                Err(error) => self.end_for_bytes(id, peer, error),
            },
        }
    }

    /// Checks some testimonies of the answer whose turn it is.
    pub(super) fn check_answer(&mut self) {
        let now = self.now();
        let Some((id, peer)) = self.questions.checking.pop_front() else {
            return;
        };
        let Some(Ours {
            hearing: Some(hearing),
            waiting,
            ..
        }) = self.questions.ours.get_mut(&id)
        else {
            return;
        };
        let Some(Waiting::Checking { left, heard }) = waiting.get_mut(&peer) else {
            return;
        };
        let mut faults = Vec::new();
        for testimony in left.by_ref().take(TESTIMONIES_PER_TURN) {
            match hearing.hear(now, peer, testimony) {
                Ok(testimony) => heard.extend(testimony),
                Err(fault) => faults.push(fault),
            }
            if faults.last().is_some_and(|it| it.culprit == peer) {
                break;
            }
        }
        if faults.last().is_some_and(|it| it.culprit == peer) {
            self.end_in_silence(id, peer, Silence::Misbehaved);
        } else if left.as_slice().is_empty() {
            let testimonies = std::mem::take(heard);
            let from = peer;
            self.end_in_answer(NetEvent::Answered {
                id,
                from,
                testimonies,
            });
        } else {
            self.questions.checking.push_back((id, peer));
        }
        for Fault {
            culprit,
            misbehaviour,
        } in faults
        {
            // Names that somebody makes up must not push out how real peers stand.
            let is_somebody =
                self.peers.connected.contains_key(&culprit) || self.gate.class(&culprit).is_some();
            if is_somebody {
                let blame = self.gate.charge(now, culprit, misbehaviour);
                self.handle_blame(blame);
            }
        }
    }

    /// Takes that no answer will come on a stream.
    pub(super) fn handle_unanswered(
        &mut self,
        about: About,
        stream: OutboundRequestId,
        error: &OutboundFailure,
    ) {
        let Some((id, peer)) = self.questions.streams.remove(&(about, stream)) else {
            return;
        };
        tracing::debug!(%peer, %error, "Peer does not answer");
        let is_there = self.peers.connected.contains_key(&peer);
        let why = match error {
            // One of two connections; the other is left.
            OutboundFailure::ConnectionClosed if is_there => {
                if let Some(ours) = self.questions.ours.get(&id) {
                    let bytes = ours.bytes.clone();
                    self.send_question(id, peer, about, bytes);
                }
                return;
            }
            OutboundFailure::ConnectionClosed | OutboundFailure::DialFailure => Silence::Gone,
            OutboundFailure::Timeout => Silence::TimedOut,
            OutboundFailure::UnsupportedProtocols => Silence::Unsupported,
            OutboundFailure::Io(_) => Silence::Refused,
        };
        self.end_in_silence(id, peer, why);
    }

    /// Ends everything between this node and a peer that has left.
    pub(super) fn end_questions_with(&mut self, peer: NodeId) {
        self.questions.theirs.retain(|_, it| it.peer != peer);
        for id in self.questions.unanswered_by(peer) {
            self.end_in_silence(id, peer, Silence::Gone);
        }
    }

    /// Ends when a question may be due, and never while there is none.
    pub(super) fn question_due(&self) -> impl Future<Output = ()> + use<> {
        let pause = self.questions.pause(self.now());
        async move {
            match pause {
                Some(Duration::ZERO) => {}
                Some(pause) => time::sleep(pause.min(QUESTION_WAIT_MAX)).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Ends the questions whose time is over.
    pub(super) fn end_due_questions(&mut self) {
        let now = self.now();
        for (id, peer) in self.questions.take_due(now) {
            self.end_in_silence(id, peer, Silence::TimedOut);
        }
    }

    fn end_for_bytes(&mut self, id: QuestionId, peer: NodeId, error: AskError) {
        let Some(misbehaviour) = Misbehaviour::of_bytes(error) else {
            return self.end_in_silence(id, peer, Silence::Refused);
        };
        tracing::debug!(%peer, %error, "Peer answered something broken");
        self.end_in_silence(id, peer, Silence::Misbehaved);
        let now = self.now();
        let blame = self.gate.charge(now, peer, misbehaviour);
        self.handle_blame(blame);
    }

    fn end_in_answer(&mut self, answer: NetEvent) {
        if let NetEvent::Answered { id, from, .. } | NetEvent::Recommended { id, from, .. } = answer
            && self.questions.close(id, from)
        {
            self.counters.count(Counted::Answer);
            self.emit(answer);
        }
    }

    fn end_in_silence(&mut self, id: QuestionId, peer: NodeId, why: Silence) {
        if self.questions.close(id, peer) {
            self.report_silence(id, peer, why);
        }
    }

    fn report_unasked(&self, id: QuestionId, peers: Vec<NodeId>) {
        for peer in peers {
            self.report_silence(id, peer, Silence::NotAsked);
        }
    }

    fn report_silence(&self, id: QuestionId, peer: NodeId, why: Silence) {
        self.counters.count(Counted::Silence);
        self.emit(NetEvent::Unanswered { id, peer, why });
    }

    pub(super) fn inquire(&mut self, about: About) -> &mut Inquire {
        let behaviour = self.swarm.behaviour_mut();
        match about {
            About::Indicators => &mut behaviour.ask,
            About::Node => &mut behaviour.recommend,
        }
    }
}

#[cfg(test)]
mod tests;
