//! The register: which organisations this node follows, who their members are, what is revoked.
//!
//! Bounded throughout. Only organisations that the operator trusts, founded or joined are followed,
//! so strangers cannot fill it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    Confidence, KeyRing, MemberRole, Membership, NodeId, OrganisationId, OrganisationName,
    RevocationList, Timestamp,
    organisation::{
        Revocation,
        grant::{SERIAL_MAX, VALIDITY_MAX},
        revocation::follow,
    },
    refusal::OrganisationRefusal,
};

/// Organisations followed at most: an operator names them by hand.
pub const ORGANISATIONS_MAX: usize = 64;

/// Organisations that this node is a member of at most: each is proved to every peer.
pub const OWN_MEMBERSHIPS_MAX: usize = 8;

/// Members of one organisation that are known at most, and that a founder can admit.
pub const ISSUED_MAX: usize = 512;

/// Members of all organisations together that are known at most.
pub const PROVEN_MAX: usize = 8_192;

/// An organisation whose members are trusted in advance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrustedOrganisation {
    /// Which.
    pub id: OrganisationId,
    /// How far its members are trusted in advance.
    pub weight: Confidence,
    /// Since when.
    pub trusted_at: Timestamp,
}

/// An organisation whose key this node holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FoundedOrganisation {
    /// Which.
    pub id: OrganisationId,
    /// What people here call it.
    pub name: Option<OrganisationName>,
    /// Since when.
    pub founded_at: Timestamp,
    /// The greatest serial that it has signed; 0 for none.
    pub serial: u64,
}

/// What a node is to an organisation that is followed here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affiliation {
    /// The organisation.
    pub organisation: OrganisationId,
    /// What the member may do.
    pub role: MemberRole,
    /// How far members are trusted in advance; `None` where the organisation is not trusted.
    pub weight: Option<Confidence>,
    /// Until when the membership holds.
    pub not_after: Timestamp,
}

/// One change of what is known of organisations, for the store.
#[derive(Clone, Debug, PartialEq)]
pub enum OrganisationRecord {
    /// An organisation is trusted, or otherwise than before.
    Trusted(TrustedOrganisation),
    /// An organisation is trusted no more.
    Distrusted(OrganisationId),
    /// An organisation was founded here, or has signed something.
    Founded(FoundedOrganisation),
    /// A membership is known, in place of an earlier one of the same member.
    MembershipKept(Arc<Membership>),
    /// A membership is over, revoked, or of no interest any more.
    MembershipGone {
        organisation: OrganisationId,
        member: NodeId,
    },
    /// A list of revocations is the newest one.
    RevocationsKept(Arc<RevocationList>),
    /// What an organisation revoked is of no interest any more.
    RevocationsGone(OrganisationId),
    /// A ring of keys is the newest one.
    KeysKept(Arc<KeyRing>),
    /// An organisation's keys are of no use here any more.
    KeysGone(OrganisationId),
}

/// What this node knows of organisations.
#[derive(Clone, Debug)]
pub struct Organisations {
    node: NodeId,
    trusted: BTreeMap<OrganisationId, TrustedOrganisation>,
    founded: BTreeMap<OrganisationId, FoundedOrganisation>,
    members: BTreeMap<(OrganisationId, NodeId), Arc<Membership>>,
    ends: BTreeSet<(Timestamp, OrganisationId, NodeId)>, // one for each of `members`
    joined: BTreeSet<OrganisationId>,                    // those of `members` that are this node
    revocations: BTreeMap<OrganisationId, Arc<RevocationList>>,
    keys: BTreeMap<OrganisationId, Arc<KeyRing>>, // of those founded or joined
}

type Done<T> = Result<T, OrganisationRefusal>;

impl Organisations {
    /// Returns the register of a node that knows of none.
    pub const fn new(node: NodeId) -> Self {
        Self {
            node,
            trusted: BTreeMap::new(),
            founded: BTreeMap::new(),
            members: BTreeMap::new(),
            ends: BTreeSet::new(),
            joined: BTreeSet::new(),
            revocations: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Returns the organisations that are trusted here.
    pub fn trusted(&self) -> impl Iterator<Item = &TrustedOrganisation> {
        self.trusted.values()
    }

    /// Returns the organisations that were founded here.
    pub fn founded(&self) -> impl Iterator<Item = &FoundedOrganisation> {
        self.founded.values()
    }

    /// Returns this node's own memberships that hold at `now`.
    pub fn own(&self, now: Timestamp) -> impl Iterator<Item = &Arc<Membership>> {
        let own = self.joined.iter();
        own.filter_map(move |it| self.membership(now, &self.node, it))
    }

    /// Returns the members of an organisation whose membership holds at `now`.
    pub fn members(
        &self,
        now: Timestamp,
        organisation: OrganisationId,
    ) -> impl Iterator<Item = &Arc<Membership>> {
        let (first, last) = ([0; 32], [0xff; 32]);
        let range = (organisation, NodeId::from_public_key(first))
            ..=(organisation, NodeId::from_public_key(last));
        let members = self.members.range(range).map(|(_, it)| it);
        members.filter(move |it| self.holds(now, it))
    }

    /// Returns every organisation that is trusted, founded or joined here, in order.
    pub fn followed(&self, now: Timestamp) -> BTreeSet<OrganisationId> {
        let own = self.own(now).map(|it| it.grant().organisation());
        let named = self.trusted.keys().chain(self.founded.keys()).copied();
        named.chain(own).collect()
    }

    /// Returns the newest list of revocations that is known.
    pub fn revocations(&self, organisation: &OrganisationId) -> Option<&Arc<RevocationList>> {
        self.revocations.get(organisation)
    }

    /// Returns the newest ring of keys that is known.
    pub fn keys(&self, organisation: &OrganisationId) -> Option<&Arc<KeyRing>> {
        self.keys.get(organisation)
    }

    /// Returns all rings of keys.
    pub fn all_keys(&self) -> impl Iterator<Item = &Arc<KeyRing>> {
        self.keys.values()
    }

    /// Returns whether this node's members' affairs are its own: it founded the organisation, or is a
    /// member.
    pub fn is_inside(&self, now: Timestamp, organisation: &OrganisationId) -> bool {
        self.founded.contains_key(organisation)
            || self.membership(now, &self.node, organisation).is_some()
    }

    /// Returns the membership that makes `node` a member of `organisation` at `now`: in time, and not
    /// revoked as far as is known here.
    pub fn membership(
        &self,
        now: Timestamp,
        node: &NodeId,
        organisation: &OrganisationId,
    ) -> Option<&Arc<Membership>> {
        let membership = self.members.get(&(*organisation, *node))?;
        self.holds(now, membership).then_some(membership)
    }

    /// Returns what `node` is to the organisations that are followed here.
    pub fn affiliations(&self, now: Timestamp, node: &NodeId) -> Vec<Affiliation> {
        let followed = self.followed(now).into_iter();
        let found = followed.filter_map(|organisation| {
            let grant = self.membership(now, node, &organisation)?.grant();
            Some(Affiliation {
                organisation,
                role: grant.role(),
                weight: self.trusted.get(&organisation).map(|it| it.weight),
                not_after: grant.not_after(),
            })
        });
        found.collect()
    }

    /// Returns a serial for the next thing that a founded organisation signs: the time in
    /// milliseconds, so that a register which was lost and came back does not use one twice.
    pub fn next_serial(&self, now: Timestamp, organisation: &OrganisationId) -> u64 {
        let last = self.founded.get(organisation).map_or(0, |it| it.serial);
        now.as_millis().max(last + 1).clamp(1, SERIAL_MAX)
    }

    /// Returns the entries of the list with which a founded organisation also expels `member`.
    pub fn expelling(
        &self,
        now: Timestamp,
        (organisation, member): (OrganisationId, NodeId),
    ) -> Done<Vec<Revocation>> {
        let serial = self.next_serial(now, &organisation);
        let known = self.members.get(&(organisation, member));
        let longest = (now + VALIDITY_MAX).floor_to_secs();
        let added = Revocation {
            member,
            serial,
            until: known.map_or(longest, |it| it.grant().not_after()),
        };
        let entries = match self.revocations.get(&organisation) {
            Some(list) => list.revocations().followed_by(now, added),
            None => follow(&[], now, added),
        };
        entries.ok_or(OrganisationRefusal::Full)
    }

    /// Returns when something here ends next.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.ends.first().map(|(due, ..)| *due)
    }

    /// Removes the memberships that are over at `now`.
    pub(crate) fn remove_due(&mut self, now: Timestamp) -> Vec<Arc<Membership>> {
        let mut ended = Vec::new();
        while let Some((due, organisation, member)) = self.ends.first().copied() {
            if now < due {
                break;
            }
            ended.extend(self.remove(organisation, member));
        }
        ended
    }

    pub(crate) fn trust(&mut self, it: TrustedOrganisation) -> Done<()> {
        if !self.trusted.contains_key(&it.id) && self.trusted.len() >= ORGANISATIONS_MAX {
            return Err(OrganisationRefusal::Full);
        }
        self.trusted.insert(it.id, it);
        Ok(())
    }

    pub(crate) fn distrust(&mut self, id: &OrganisationId) -> bool {
        self.trusted.remove(id).is_some()
    }

    pub(crate) fn found(&mut self, it: FoundedOrganisation) -> Done<()> {
        if !self.founded.contains_key(&it.id) && self.founded.len() >= ORGANISATIONS_MAX {
            return Err(OrganisationRefusal::Full);
        }
        self.founded.insert(it.id, it);
        Ok(())
    }

    /// Notes that a founded organisation has signed something with this serial.
    pub(crate) fn signed(
        &mut self,
        organisation: &OrganisationId,
        serial: u64,
    ) -> Option<FoundedOrganisation> {
        let founded = self.founded.get_mut(organisation)?;
        founded.serial = founded.serial.max(serial);
        Some(founded.clone())
    }

    /// Takes a membership of this node or of a member that this node admitted, if it holds.
    pub(crate) fn take(&mut self, now: Timestamp, membership: &Arc<Membership>) -> Done<()> {
        let grant = membership.grant();
        let (organisation, member) = (grant.organisation(), grant.member());
        if now < grant.not_before() {
            return Err(OrganisationRefusal::NotYet);
        }
        if !grant.is_valid_at(now) {
            return Err(OrganisationRefusal::Over);
        }
        if self.is_revoked(membership) {
            return Err(OrganisationRefusal::Revoked);
        }
        let known = self.members.get(&(organisation, member));
        if known.is_some_and(|it| it.grant().serial() > grant.serial()) {
            return Err(OrganisationRefusal::Older);
        }
        let is_own = member == self.node;
        let has_room = if is_own {
            self.own(now).count() < OWN_MEMBERSHIPS_MAX
        } else {
            self.members.len() < PROVEN_MAX && self.members(now, organisation).count() < ISSUED_MAX
        };
        if known.is_none() && !has_room {
            return Err(OrganisationRefusal::Full);
        }
        self.insert(Arc::clone(membership));
        Ok(())
    }

    /// Removes this node's own membership; returns it if there was one.
    pub(crate) fn leave(&mut self, organisation: &OrganisationId) -> Option<Arc<Membership>> {
        self.remove(*organisation, self.node)
    }

    /// Takes a membership that a peer showed; returns whether it is news that counts here.
    pub(crate) fn hear(&mut self, now: Timestamp, membership: &Arc<Membership>) -> bool {
        let grant = membership.grant();
        let (organisation, member) = (grant.organisation(), grant.member());
        // What this node joins is for its operator to say.
        if member == self.node || !self.followed(now).contains(&organisation) {
            return false;
        }
        let known = self.members.get(&(organisation, member));
        let is_news = known.is_none_or(|it| it.grant().serial() < grant.serial());
        is_news && self.take(now, membership).is_ok()
    }

    /// Takes a list of revocations, if it is newer than what is known; returns the memberships that
    /// are over by it, or `None` where it is no news.
    pub(crate) fn revoke(
        &mut self,
        now: Timestamp,
        list: &Arc<RevocationList>,
    ) -> Option<Vec<Arc<Membership>>> {
        let (organisation, serial) = {
            let it = list.revocations();
            (it.organisation(), it.serial())
        };
        let known = self.revocations.get(&organisation);
        let is_news = known.is_none_or(|it| it.revocations().serial() < serial);
        if !is_news || !self.followed(now).contains(&organisation) {
            return None;
        }
        self.revocations.insert(organisation, Arc::clone(list));
        let revoked = self.members.values().filter(|it| self.is_revoked(it));
        let revoked: Vec<NodeId> = revoked
            .filter(|it| it.grant().organisation() == organisation)
            .map(|it| it.grant().member())
            .collect();
        let ended = revoked.into_iter();
        Some(
            ended
                .filter_map(|it| self.remove(organisation, it))
                .collect(),
        )
    }

    /// Takes a ring of keys, if it is newer than what is known; returns whether it was.
    pub(crate) fn take_keys(&mut self, now: Timestamp, ring: &Arc<KeyRing>) -> bool {
        let organisation = ring.organisation();
        let known = self.keys.get(&organisation);
        let is_news = known.is_none_or(|it| it.serial() < ring.serial());
        if !is_news || !self.is_inside(now, &organisation) {
            return false;
        }
        self.keys.insert(organisation, Arc::clone(ring));
        true
    }

    /// Forgets what is known of organisations that nobody follows any more.
    pub(crate) fn forget_unfollowed(&mut self, now: Timestamp) -> Vec<OrganisationRecord> {
        let followed = self.followed(now);
        let is_gone = |it: &OrganisationId| !followed.contains(it);
        let members = self.members.keys().filter(|it| is_gone(&it.0));
        let members: Vec<_> = members.copied().collect();
        let lists = self.revocations.keys().filter(|it| is_gone(it));
        let lists: Vec<_> = lists.copied().collect();
        let rings = self.keys.keys().filter(|it| !self.is_inside(now, it));
        let rings: Vec<_> = rings.copied().collect();
        let mut records = Vec::new();
        for (organisation, member) in members {
            self.remove(organisation, member);
            records.push(OrganisationRecord::MembershipGone {
                organisation,
                member,
            });
        }
        for organisation in lists {
            self.revocations.remove(&organisation);
            records.push(OrganisationRecord::RevocationsGone(organisation));
        }
        for organisation in rings {
            self.keys.remove(&organisation);
            records.push(OrganisationRecord::KeysGone(organisation));
        }
        records
    }

    fn holds(&self, now: Timestamp, membership: &Membership) -> bool {
        membership.grant().is_valid_at(now) && !self.is_revoked(membership)
    }

    fn is_revoked(&self, membership: &Membership) -> bool {
        let grant = membership.grant();
        let list = self.revocations.get(&grant.organisation());
        list.is_some_and(|it| it.revocations().revokes(&grant.member(), grant.serial()))
    }

    fn insert(&mut self, membership: Arc<Membership>) {
        let grant = *membership.grant();
        let (organisation, member) = (grant.organisation(), grant.member());
        self.remove(organisation, member);
        if member == self.node {
            self.joined.insert(organisation);
        }
        self.ends.insert((grant.not_after(), organisation, member));
        self.members.insert((organisation, member), membership);
    }

    fn remove(&mut self, organisation: OrganisationId, member: NodeId) -> Option<Arc<Membership>> {
        let membership = self.members.remove(&(organisation, member))?;
        let end = membership.grant().not_after();
        self.ends.remove(&(end, organisation, member));
        if member == self.node {
            self.joined.remove(&organisation);
        }
        Some(membership)
    }
}
