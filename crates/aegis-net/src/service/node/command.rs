//! What the daemon tells the service to do.

use aegis_core::{NodeId, PeerClass};

use super::{Node, ask::Inquiry};
use crate::{NetCommand, Via};

impl Node {
    /// Does what the daemon says.
    pub(super) fn handle_command(&mut self, command: NetCommand) {
        match command {
            NetCommand::Publish(alert) => self.publish(alert),
            NetCommand::Push { peer, alerts } => self.push(peer, &alerts),
            NetCommand::Dial(at) => {
                let now = self.now();
                self.learn(now, at.peer(), at.address().clone(), Via::Known);
                self.dial_due();
            }
            NetCommand::Reconnect => self.reconnect(),
            NetCommand::Ban { peer, until } => self.ban(peer, until),
            NetCommand::Unban(peer) => self.unban(peer),
            NetCommand::Part(peer) => self.hang_up(peer),
            NetCommand::SetClass { peer, class } => self.set_class(peer, class),
            NetCommand::Ask {
                id,
                peers,
                question,
            } => self.ask(id, peers, Inquiry::Indicators(question)),
            NetCommand::AskAbout {
                id,
                peers,
                subject,
                wait,
            } => self.ask(id, peers, Inquiry::Node(subject, wait)),
            NetCommand::Answer {
                request,
                own,
                passed_on,
            } => self.answer(request, own, &passed_on),
            NetCommand::Recommend {
                request,
                recommendation,
            } => self.recommend(request, recommendation.as_ref()),
            NetCommand::Join(command) => self.handle_join_command(command),
            NetCommand::File(command) => self.handle_file_command(command),
            NetCommand::Show { peer, words } => self.show(peer, &words),
            NetCommand::Follow { joined, trusted } => self.follow(joined, trusted),
            NetCommand::Unlock(ring) => self.unlock(&ring),
            NetCommand::Rank { node, role } => self.rank(node, role),
            NetCommand::SyncAsk { id, peer, asks } => self.sync_ask(id, peer, asks),
            NetCommand::SyncAnswer { request, answer } => self.sync_answer(request, answer),
            NetCommand::Weigh(worths) => self.weigh(worths),
            NetCommand::Blame { peer, misbehaviour } => self.blame(peer, misbehaviour),
            NetCommand::Shutdown => {}
        }
    }

    /// Gives a node the quota of a class, whatever it would have otherwise.
    pub(super) fn set_class(&mut self, peer: NodeId, class: PeerClass) {
        self.peers.give_class(peer, class);
        self.gate.set_class(peer, class);
        self.reclassify(peer);
    }
}
