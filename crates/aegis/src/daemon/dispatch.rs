//! Carrying out what the Engine wants, in order: records first, then everything that relies on them.

use std::collections::VecDeque;

use aegis_core::{Input, NodeId, OrganisationId, Output, Purpose, Record, Statement};
use aegis_enforce::EnforceError;
use aegis_net::{NetCommand, QuestionId, RequestId, wire};

use super::{Node, files::FileRecords};

impl Node {
    /// Feeds one input and carries out everything that follows from it.
    pub(super) fn handle(&mut self, input: Input) {
        self.take_up();
        self.engine.handle_input(self.clock.now(), input);
        self.drain();
    }

    /// Notes that something is taken up of which a block may come.
    pub(super) fn take_up(&mut self) {
        let now = self.clock.instant();
        self.measures.taken_up_at.get_or_insert(now);
    }

    /// Carries out every queued effect. What is to be signed is signed first, so that one write to
    /// the store covers all that comes of one event, or of a burst of them.
    pub(super) fn drain(&mut self) {
        let mut outputs = VecDeque::new();
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Sign {
                    statement,
                    audience,
                    purpose,
                } => self.sign(&statement, audience, purpose),
                Output::Persist(_)
                | Output::Enforce(_)
                | Output::Publish(_)
                | Output::Push { .. }
                | Output::Ask { .. }
                | Output::AskAbout { .. }
                | Output::Testify { .. }
                | Output::Recommend { .. }
                | Output::Show { .. }
                | Output::Follow { .. }
                | Output::Rank { .. }
                | Output::Unlock(_)
                | Output::Part(_)
                | Output::SyncAsk { .. }
                | Output::SyncAnswer { .. }
                | Output::SyncMisbehaved { .. }
                | Output::Answer { .. }
                | Output::Notify(_) => outputs.push_back(output),
            }
        }
        self.persist(&mut outputs);
        self.enforce_many(&mut outputs);
        for output in outputs {
            self.carry_out(output);
        }
        self.flush_changes();
        self.measures.taken_up_at = None;
    }

    fn sign(&mut self, statement: &Statement, audience: Option<OrganisationId>, purpose: Purpose) {
        let alert = wire::sign_to(statement, audience, &self.identity).into();
        self.engine
            .handle_input(self.clock.now(), Input::Signed { alert, purpose });
    }

    /// Takes the records out of `outputs` and writes them in one transaction.
    fn persist(&mut self, outputs: &mut VecDeque<Output>) {
        let mut records: Vec<Record> = Vec::new();
        outputs.retain_mut(|output| match output {
            Output::Persist(record) => {
                records.push(record.clone());
                false
            }
            Output::Enforce(_)
            | Output::Sign { .. }
            | Output::Publish(_)
            | Output::Push { .. }
            | Output::Ask { .. }
            | Output::AskAbout { .. }
            | Output::Testify { .. }
            | Output::Recommend { .. }
            | Output::Show { .. }
            | Output::Follow { .. }
            | Output::Rank { .. }
            | Output::Unlock(_)
            | Output::Part(_)
            | Output::SyncAsk { .. }
            | Output::SyncAnswer { .. }
            | Output::SyncMisbehaved { .. }
            | Output::Answer { .. }
            | Output::Notify(_) => true,
        });
        if records.is_empty() {
            return;
        }
        for record in &records {
            super::tell::audit(record);
        }
        if records
            .iter()
            .any(|it| matches!(it, Record::Organisation(_)))
        {
            let organisations = self.engine.organisations().clone();
            self.organisations_tx.send_replace(organisations.into());
        }
        // A host under attack is defended also when its disk is full: told, not refused.
        if let Err(error) = self.store.apply_unsynced(&records) {
            self.degraded(format!(
                "the store does not take changes: {}",
                chain(&error)
            ));
        }
        self.disk.wrote();
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Enforce(change) => self.changes.push(change),
            Output::Publish(alert) => self.send(NetCommand::Publish(alert)),
            Output::Push { peer, alerts } => self.send(NetCommand::Push { peer, alerts }),
            Output::Ask {
                id,
                peers,
                question,
            } => self.send(NetCommand::Ask {
                id: QuestionId(id),
                peers,
                question,
            }),
            Output::AskAbout {
                id,
                peers,
                subject,
                wait,
            } => self.send(NetCommand::AskAbout {
                id: QuestionId(id),
                peers,
                subject,
                wait,
            }),
            Output::Testify {
                request,
                own,
                passed_on,
            } => self.send(NetCommand::Answer {
                request: RequestId(request),
                own,
                passed_on,
            }),
            Output::Recommend {
                request,
                recommendation,
            } => self.send(NetCommand::Recommend {
                request: RequestId(request),
                recommendation,
            }),
            Output::Show { peer, words } => self.send(NetCommand::Show { peer, words }),
            Output::Follow { joined, trusted } => {
                self.send(NetCommand::Follow { joined, trusted });
            }
            Output::Unlock(ring) => self.send(NetCommand::Unlock(ring)),
            Output::Part(peer) => self.send(NetCommand::Part(peer)),
            Output::Rank { node, role } => self.send(NetCommand::Rank { node, role }),
            Output::SyncAsk { id, peer, asks } => self.send(NetCommand::SyncAsk {
                id: QuestionId(id),
                peer,
                asks,
            }),
            Output::SyncAnswer { request, answer } => self.send(NetCommand::SyncAnswer {
                request: RequestId(request),
                answer,
            }),
            Output::SyncMisbehaved { peer, misbehaviour } => {
                self.blame_for_sync(peer, misbehaviour)
            }
            Output::Answer { ticket, reply } => {
                self.flush_changes(); // an answer says what is, not what will be
                self.answer_when_synced(ticket, reply);
            }
            Output::Notify(notice) => {
                self.flush_changes();
                self.notice(notice);
            }
            Output::Persist(_) | Output::Sign { .. } => {} // taken out before
        }
    }

    /// Makes the kernel agree with the changes gathered so far.
    pub(super) fn flush_changes(&mut self) {
        if self.changes.is_empty() {
            return;
        }
        let changes = std::mem::take(&mut self.changes);
        self.mirror.tell(&changes);
        self.show_changes(&changes);
        if let Err(error) = self.enforcer.apply(self.clock.now(), &changes) {
            self.is_in_doubt |= !matches!(error, EnforceError::TableFull { .. });
            self.degraded(format!(
                "the kernel does not take changes: {}",
                chain(&error)
            ));
        }
        let is_block = |it: &&aegis_core::Change| matches!(it, aegis_core::Change::Block { .. });
        let blocks = changes.iter().filter(is_block).count();
        self.measures.enforced(blocks, self.clock.instant());
        // A long list is not read again for every change of it.
        self.read_back.take_if(|it| it.is_small());
    }

    pub(super) fn send(&mut self, command: NetCommand) {
        let Some(commands_tx) = &self.net.commands_tx else {
            return;
        };
        // A full queue means that the network is stuck: alerts live on in the store and are pushed
        // to the next peer met, so losing the news here loses nothing for good.
        if commands_tx.try_send(command).is_err() {
            self.degraded("the network does not keep up: alerts were not sent as news".to_owned());
        }
    }

    /// Writes what is to be known of files after a restart. Who waits is told when it is on the disk.
    pub(super) fn handle_file_records(&mut self, it: FileRecords) {
        it.records.iter().for_each(super::tell::audit);
        let written = match it.done_tx {
            Some(_) => self.store.apply(&it.records),
            None => self.store.apply_unsynced(&it.records),
        };
        let is_done = written.is_ok();
        if let Err(error) = written {
            let error = chain(&error);
            self.degraded(format!("the store does not take changes: {error}"));
        }
        if let Some(done_tx) = it.done_tx {
            let _ = done_tx.send(is_done); // whoever went away meanwhile has lost nothing
        }
    }

    /// Returns where a peer was reached last.
    pub(super) fn known_address(&self, peer: NodeId) -> Option<String> {
        let known = self.engine.peers().find(|it| it.peer == peer)?;
        Some(known.address.clone()).filter(|it| !it.is_empty())
    }

    /// Takes in that a connected peer is of another class than it seemed.
    pub(super) fn class_changed(&mut self, peer: NodeId, class: aegis_core::PeerClass) {
        let address = self.known_address(peer).unwrap_or_default();
        self.handle(Input::PeerConnected {
            peer,
            class,
            address: (address, None),
        });
    }
}

/// Returns an error with all its sources, for a person.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(it) = source {
        text.push_str(": ");
        text.push_str(&it.to_string());
        source = it.source();
    }
    text
}
