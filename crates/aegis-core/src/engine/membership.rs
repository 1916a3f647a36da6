//! Members in the Engine: what peers show of organisations, what is shown to them, and what a
//! membership is worth.

use std::sync::Arc;

use crate::{
    Allowance, Confidence, KeyRing, MemberRole, Membership, NodeId, OrganisationId,
    OrganisationRecord, PeerClass, RevocationList, Timestamp,
    engine::{Engine, OrganisationRestore, OrganisationWord, Output},
    trust::model::Introduction,
};

/// The most that a membership alone can be worth: an organisation vouches for who somebody is, and
/// nobody but the operator vouches for everything that it will say.
const MEMBER_PRETRUST_MAX: Confidence = Confidence::HIGH;

impl Engine {
    /// Takes what a peer showed of organisations; one that shows nothing asks to be shown.
    pub(super) fn handle_words(
        &mut self,
        now: Timestamp,
        from: NodeId,
        words: Vec<OrganisationWord>,
    ) {
        if words.is_empty() {
            return self.show_what_is_known(now, from);
        }
        for word in words {
            match word {
                OrganisationWord::Membership(it) => {
                    if self.organisations.hear(now, &it) {
                        self.take_up(now, &it);
                    }
                }
                OrganisationWord::Revocations(it) => {
                    self.take_list(now, &it);
                }
                OrganisationWord::Keys(it) => self.take_ring(now, &it),
            }
        }
    }

    /// Ends the memberships that are over at `now`.
    pub(super) fn end_memberships(&mut self, now: Timestamp) {
        for membership in self.organisations.remove_due(now) {
            self.let_go(now, &membership);
        }
    }

    /// Becomes what it was as to organisations: what still holds at `now`.
    pub(super) fn restore_organisations(&mut self, now: Timestamp, restore: OrganisationRestore) {
        for it in restore.trusted {
            let _ = self.organisations.trust(it); // the store holds no more than there is room for
        }
        for it in restore.founded {
            let _ = self.organisations.found(it);
        }
        let (own, others): (Vec<_>, Vec<_>) = restore
            .memberships
            .into_iter()
            .partition(|it| it.grant().member() == self.node);
        for it in own {
            let _ = self.organisations.take(now, &it); // over or revoked meanwhile: left out
        }
        for it in restore.revocations {
            self.organisations.revoke(now, &it);
        }
        for it in others {
            self.organisations.hear(now, &it);
        }
        for it in restore.keys {
            self.organisations.take_keys(now, &it);
        }
    }

    /// Returns what `peer` starts from: what was said of it by name, or else the most of what its
    /// class and its organisations are worth.
    pub(super) fn introduction_of(&self, now: Timestamp, peer: &NodeId) -> Introduction {
        let base = self.trust.introduction(peer, self.class_of(peer));
        if self.trust.pretrust_of(peer).is_some() {
            return base;
        }
        let weight = self.weight_of_membership(now, peer);
        let weight = weight.unwrap_or(Confidence::NONE).value();
        let most = weight
            .min(MEMBER_PRETRUST_MAX.value())
            .max(base.pretrust.value());
        Introduction {
            pretrust: Confidence::clamped(most),
            ..base
        }
    }

    /// Returns what an author may do here: what it earned, or what its organisation vouches for.
    pub(super) fn allowance_of(&self, now: Timestamp, author: &NodeId) -> Allowance {
        let class = self.class_of(author);
        let trust = self.trust_in(now, author);
        let earned = Allowance::earned(class, &trust);
        match self.trusted_role(now, author) {
            Some(MemberRole::Publisher) => Allowance::PUBLISHER,
            Some(MemberRole::Member) => {
                Allowance::earned(class.max(PeerClass::Lan), &trust).at_least(earned)
            }
            None => earned,
        }
    }

    /// Returns as what a node is a member of an organisation that is trusted here to some degree.
    pub fn trusted_role(&self, now: Timestamp, node: &NodeId) -> Option<MemberRole> {
        let affiliations = self.organisations.affiliations(now, node).into_iter();
        let trusted = affiliations.filter(|it| it.weight.is_some_and(|it| it > Confidence::NONE));
        trusted.map(|it| it.role).max()
    }

    fn weight_of_membership(&self, now: Timestamp, node: &NodeId) -> Option<Confidence> {
        let affiliations = self.organisations.affiliations(now, node).into_iter();
        let weights = affiliations.filter_map(|it| it.weight);
        weights.max_by(|a, b| a.value().total_cmp(&b.value()))
    }

    /// Takes a list of revocations and spreads it; returns whether it was news.
    pub(super) fn take_list(&mut self, now: Timestamp, list: &Arc<RevocationList>) -> bool {
        let Some(ended) = self.organisations.revoke(now, list) else {
            return false;
        };
        self.keep(OrganisationRecord::RevocationsKept(Arc::clone(list)));
        for membership in &ended {
            self.let_go(now, membership);
        }
        let word = OrganisationWord::Revocations(Arc::clone(list));
        self.show_all(now, &word);
        for membership in ended {
            self.part_from(membership.grant().member());
        }
        true
    }

    /// Takes a ring of keys, and spreads it among members.
    pub(super) fn take_ring(&mut self, now: Timestamp, ring: &Arc<KeyRing>) {
        if !self.organisations.take_keys(now, ring) {
            return;
        }
        self.keep(OrganisationRecord::KeysKept(Arc::clone(ring)));
        self.push(Output::Unlock(Arc::clone(ring)));
        self.show_all(now, &OrganisationWord::Keys(Arc::clone(ring)));
    }

    /// Does what follows when a membership begins to count here.
    pub(super) fn take_up(&mut self, now: Timestamp, membership: &Arc<Membership>) {
        self.keep(OrganisationRecord::MembershipKept(Arc::clone(membership)));
        let grant = *membership.grant();
        let (organisation, member) = (grant.organisation(), grant.member());
        let word = OrganisationWord::Membership(Arc::clone(membership));
        self.show_all(now, &word);
        if member == self.node {
            self.follow(now);
            return self.introduce_members(now, organisation);
        }
        self.introduce_member(now, member);
        if self.peers.get(&member).is_some_and(|it| it.is_connected) {
            self.show_what_is_known(now, member); // now that it may know more
            self.push_own_alerts(now, member);
        }
    }

    /// Ends whatever is under way with a peer that was expelled. It may come back as the stranger that it
    /// is now.
    fn part_from(&mut self, peer: NodeId) {
        if self.peers.get(&peer).is_some_and(|it| it.is_connected) {
            self.push(Output::Part(peer));
        }
    }

    /// Does what follows when a membership counts no more.
    pub(super) fn let_go(&mut self, now: Timestamp, membership: &Membership) {
        let (organisation, member) = {
            let grant = membership.grant();
            (grant.organisation(), grant.member())
        };
        self.keep(OrganisationRecord::MembershipGone {
            organisation,
            member,
        });
        if member == self.node {
            for record in self.organisations.forget_unfollowed(now) {
                self.keep(record);
            }
            self.follow(now);
        } else {
            self.introduce_member(now, member);
        }
    }

    /// Shows a peer just met, or just known to be a member, what concerns it: this node's own
    /// memberships, what is revoked, and who else speaks for its organisations; to a member, who
    /// else is one.
    pub(super) fn show_what_is_known(&mut self, now: Timestamp, peer: NodeId) {
        let mut words = Vec::new();
        let own: Vec<Arc<Membership>> = self.organisations.own(now).cloned().collect();
        words.extend(own.iter().cloned().map(OrganisationWord::Membership));
        let founded = self.organisations.founded().map(|it| it.id);
        let mut mine: Vec<OrganisationId> =
            own.iter().map(|it| it.grant().organisation()).collect();
        mine.extend(founded);
        mine.sort();
        mine.dedup();
        for organisation in &mine {
            if self.member_role(now, &peer, organisation).is_some() {
                let keys = self.organisations.keys(organisation).cloned();
                words.extend(keys.map(OrganisationWord::Keys));
            }
        }
        for organisation in self.organisations.followed(now) {
            let list = self.organisations.revocations(&organisation).cloned();
            words.extend(list.map(OrganisationWord::Revocations));
        }
        for organisation in mine {
            let members = self.organisations.members(now, organisation);
            let shown = members.filter(|it| self.is_shown(now, &peer, it)).cloned();
            words.extend(shown.map(OrganisationWord::Membership));
        }
        if !words.is_empty() {
            self.push(Output::Show { peer, words });
        }
    }

    /// Asks all connected peers to show what they are: what they showed before this node followed an
    /// organisation did not count.
    pub(super) fn ask_to_be_shown(&mut self) {
        let connected = self.peers.values().filter(|it| it.is_connected);
        let peers: Vec<NodeId> = connected.map(|it| it.peer).collect();
        for peer in peers {
            let words = Vec::new();
            self.push(Output::Show { peer, words });
        }
    }

    /// Passes a word on to every connected peer that it concerns.
    fn show_all(&mut self, now: Timestamp, word: &OrganisationWord) {
        let connected = self.peers.values().filter(|it| it.is_connected);
        let peers: Vec<NodeId> = connected.map(|it| it.peer).collect();
        for peer in peers {
            let is_shown = match word {
                OrganisationWord::Revocations(_) => true,
                OrganisationWord::Keys(it) => {
                    self.member_role(now, &peer, &it.organisation()).is_some()
                }
                OrganisationWord::Membership(it) => {
                    it.grant().member() == self.node || self.is_shown(now, &peer, it)
                }
            };
            if is_shown {
                let words = vec![word.clone()];
                self.push(Output::Show { peer, words });
            }
        }
    }

    /// Returns whether `peer` is told of another's membership: who speaks for an organisation is for
    /// everybody to know, who else belongs to it for its members.
    fn is_shown(&self, now: Timestamp, peer: &NodeId, membership: &Membership) -> bool {
        let grant = membership.grant();
        let is_others = grant.member() != self.node && grant.member() != *peer;
        let is_for_all = grant.role() == MemberRole::Publisher;
        let organisation = grant.organisation();
        is_others && (is_for_all || self.member_role(now, peer, &organisation).is_some())
    }

    /// Tells the network all that it must know of organisations, as after a start.
    pub fn announce_organisations(&mut self, now: Timestamp) {
        self.follow(now);
        let rings: Vec<Arc<KeyRing>> = self.organisations.all_keys().cloned().collect();
        for ring in rings {
            self.push(Output::Unlock(ring));
        }
        for organisation in self.organisations.followed(now) {
            for node in self.members_of(now, organisation) {
                let role = self.trusted_role(now, &node);
                self.push(Output::Rank { node, role });
            }
        }
    }

    /// Tells the network of which organisations this node is a member.
    pub(super) fn follow(&mut self, now: Timestamp) {
        let own = self.organisations.own(now);
        let joined = own.map(|it| it.grant().organisation()).collect();
        let trusted = self.organisations.trusted().map(|it| it.id).collect();
        self.push(Output::Follow { joined, trusted });
    }

    pub(super) fn introduce_members(&mut self, now: Timestamp, organisation: OrganisationId) {
        for member in self.members_of(now, organisation) {
            self.introduce_member(now, member);
        }
        self.follow(now);
    }

    pub(super) fn members_of(&self, now: Timestamp, organisation: OrganisationId) -> Vec<NodeId> {
        let members = self.organisations.members(now, organisation);
        members.map(|it| it.grant().member()).collect()
    }

    /// Tells the trust model and the network what a member is worth now.
    pub(super) fn introduce_member(&mut self, now: Timestamp, member: NodeId) {
        if member == self.node {
            return;
        }
        self.introduce(now, member);
        let role = self.trusted_role(now, &member);
        if role.is_some() {
            self.hear_again(now, &member);
        }
        self.push(Output::Rank { node: member, role });
    }
}
