//! Organisations in the Engine: what the operator says of them.

use std::sync::Arc;

use crate::{
    Action, Affiliation, AuditEntry, Confidence, FoundedOrganisation, KeyRing, MemberRole,
    Membership, NodeId, Operator, OrganisationId, OrganisationRecord, OrganisationRefusal,
    Organisations, Record, Refusal, RevocationList, Timestamp, TrustedOrganisation,
    engine::{Engine, Reply},
};

/// What an operator can want of organisations. What is signed was signed by a key on this host.
#[derive(Clone, Debug)]
pub enum OrganisationCommand {
    /// Keep an organisation whose key was just made here.
    Found(FoundedOrganisation),
    /// Keep a membership that a founded organisation just signed, and the keys for all members.
    Admit {
        membership: Arc<Membership>,
        keys: Arc<KeyRing>,
    },
    /// Be the member that this says.
    Join(Arc<Membership>),
    /// Be a member of it no more.
    Leave(OrganisationId),
    /// Trust the members of an organisation in advance, so far.
    Trust {
        id: OrganisationId,
        weight: Confidence,
    },
    /// Trust the members of an organisation no more than others.
    Distrust(OrganisationId),
    /// Keep and spread a list that a founded organisation just signed, in which it expels `member`,
    /// and keys that `member` does not get.
    Expel {
        list: Arc<RevocationList>,
        member: NodeId,
        keys: Arc<KeyRing>,
    },
    /// Keep and spread the keys that a founded organisation just made.
    Rotate(Arc<KeyRing>),
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OrganisationReply {
    /// It is kept.
    Founded,
    /// The member is known here.
    Admitted,
    /// This node is a member.
    Joined,
    /// This node is no member any more, or was none.
    Left { was_member: bool },
    /// It is trusted.
    Trusted,
    /// It is not trusted any more, or was not.
    Distrusted { was_trusted: bool },
    /// The node is no member any more, or was none that is known here.
    Expelled { was_member: bool },
    /// The keys are those.
    Rotated,
}

/// Something signed by an organisation, as nodes show it to each other.
#[derive(Clone, Debug, PartialEq)]
pub enum OrganisationWord {
    /// A node is a member.
    Membership(Arc<Membership>),
    /// Some are members no more.
    Revocations(Arc<RevocationList>),
    /// Members read and write with these keys.
    Keys(Arc<KeyRing>),
}

/// What was kept of organisations, verified again.
#[derive(Clone, Debug, Default)]
pub struct OrganisationRestore {
    /// Whom the operator trusts.
    pub trusted: Vec<TrustedOrganisation>,
    /// Whose keys this node holds.
    pub founded: Vec<FoundedOrganisation>,
    /// Memberships.
    pub memberships: Vec<Arc<Membership>>,
    /// Lists of revocations.
    pub revocations: Vec<Arc<RevocationList>>,
    /// Rings of keys.
    pub keys: Vec<Arc<KeyRing>>,
}

type Done<T> = Result<T, OrganisationRefusal>;

impl Engine {
    /// Returns what is known of organisations.
    pub fn organisations(&self) -> &Organisations {
        &self.organisations
    }

    /// Returns as what `node` is a member of `organisation` at `now`; `None` where it is none that is
    /// known here, or is one no more.
    pub fn member_role(
        &self,
        now: Timestamp,
        node: &NodeId,
        organisation: &OrganisationId,
    ) -> Option<MemberRole> {
        let membership = self.organisations.membership(now, node, organisation)?;
        Some(membership.grant().role())
    }

    /// Returns what a node is to the organisations that are followed here.
    pub fn affiliations(&self, now: Timestamp, node: &NodeId) -> Vec<Affiliation> {
        self.organisations.affiliations(now, node)
    }

    pub(super) fn order_organisation(
        &mut self,
        now: Timestamp,
        user: Operator,
        command: OrganisationCommand,
    ) -> Result<Reply, Refusal> {
        let done = match command {
            OrganisationCommand::Found(it) => self.order_found(now, user, it),
            OrganisationCommand::Admit { membership, keys } => {
                self.order_admit(now, user, (&membership, &keys))
            }
            OrganisationCommand::Join(it) => self.order_join(now, user, &it),
            OrganisationCommand::Leave(id) => Ok(self.order_leave(now, user, &id)),
            OrganisationCommand::Trust { id, weight } => {
                self.order_trust_organisation(now, user, id, weight)
            }
            OrganisationCommand::Distrust(id) => Ok(self.order_distrust(now, user, &id)),
            OrganisationCommand::Expel { list, member, keys } => {
                self.order_expel(now, user, (&list, &keys), member)
            }
            OrganisationCommand::Rotate(keys) => self.order_rotate(now, &keys),
        };
        done.map(Reply::Organisation).map_err(Refusal::Organisation)
    }

    fn order_found(
        &mut self,
        now: Timestamp,
        user: Operator,
        it: FoundedOrganisation,
    ) -> Done<OrganisationReply> {
        self.organisations.found(it.clone())?;
        self.audit_organisation(now, user, format!("founded {}", it.id));
        self.keep(OrganisationRecord::Founded(it));
        Ok(OrganisationReply::Founded)
    }

    fn order_admit(
        &mut self,
        now: Timestamp,
        user: Operator,
        (membership, keys): (&Arc<Membership>, &Arc<KeyRing>),
    ) -> Done<OrganisationReply> {
        let grant = *membership.grant();
        self.note_signed(grant.organisation(), grant.serial())?;
        self.organisations.take(now, membership)?;
        let (organisation, member, role) =
            (grant.organisation(), grant.member(), grant.role().as_str());
        self.audit_organisation(now, user, format!("{organisation} admits {member}, {role}"));
        self.take_up(now, membership);
        self.take_ring(now, keys);
        Ok(OrganisationReply::Admitted)
    }

    fn order_join(
        &mut self,
        now: Timestamp,
        user: Operator,
        membership: &Arc<Membership>,
    ) -> Done<OrganisationReply> {
        let grant = *membership.grant();
        if grant.member() != self.node {
            return Err(OrganisationRefusal::NotOurs);
        }
        self.organisations.take(now, membership)?;
        self.audit_organisation(now, user, format!("joined {}", grant.organisation()));
        self.take_up(now, membership);
        self.ask_to_be_shown();
        Ok(OrganisationReply::Joined)
    }

    fn order_leave(
        &mut self,
        now: Timestamp,
        user: Operator,
        id: &OrganisationId,
    ) -> OrganisationReply {
        let left = self.organisations.leave(id);
        if let Some(membership) = &left {
            self.audit_organisation(now, user, format!("left {id}"));
            self.let_go(now, membership);
        }
        OrganisationReply::Left {
            was_member: left.is_some(),
        }
    }

    fn order_trust_organisation(
        &mut self,
        now: Timestamp,
        user: Operator,
        id: OrganisationId,
        weight: Confidence,
    ) -> Done<OrganisationReply> {
        let trusted = TrustedOrganisation {
            id,
            weight,
            trusted_at: now,
        };
        self.organisations.trust(trusted)?;
        let percent = weight.percent();
        self.audit_organisation(now, user, format!("trusts {id} {percent} %"));
        self.keep(OrganisationRecord::Trusted(trusted));
        self.introduce_members(now, id);
        self.ask_to_be_shown();
        Ok(OrganisationReply::Trusted)
    }

    fn order_distrust(
        &mut self,
        now: Timestamp,
        user: Operator,
        id: &OrganisationId,
    ) -> OrganisationReply {
        let was_trusted = self.organisations.distrust(id);
        if was_trusted {
            let members = self.members_of(now, *id);
            self.audit_organisation(now, user, format!("does not trust {id} any more"));
            self.keep(OrganisationRecord::Distrusted(*id));
            for record in self.organisations.forget_unfollowed(now) {
                self.keep(record);
            }
            for member in members {
                self.introduce_member(now, member);
            }
        }
        OrganisationReply::Distrusted { was_trusted }
    }

    fn order_expel(
        &mut self,
        now: Timestamp,
        user: Operator,
        (list, keys): (&Arc<RevocationList>, &Arc<KeyRing>),
        member: NodeId,
    ) -> Done<OrganisationReply> {
        let it = list.revocations();
        let (organisation, serial) = (it.organisation(), it.serial());
        self.note_signed(organisation, serial)?;
        let was_member = self.organisations.membership(now, &member, &organisation);
        let was_member = was_member.is_some();
        if !self.take_list(now, list) {
            return Err(OrganisationRefusal::OldList);
        }
        self.take_ring(now, keys);
        self.audit_organisation(now, user, format!("{organisation} expels {member}"));
        Ok(OrganisationReply::Expelled { was_member })
    }

    fn order_rotate(&mut self, now: Timestamp, keys: &Arc<KeyRing>) -> Done<OrganisationReply> {
        self.note_signed(keys.organisation(), keys.serial())?;
        self.take_ring(now, keys);
        Ok(OrganisationReply::Rotated)
    }

    fn note_signed(&mut self, organisation: OrganisationId, serial: u64) -> Done<()> {
        let founded = self.organisations.signed(&organisation, serial);
        let founded = founded.ok_or(OrganisationRefusal::NotFounded)?;
        self.keep(OrganisationRecord::Founded(founded));
        Ok(())
    }

    pub(super) fn keep(&mut self, record: OrganisationRecord) {
        self.persist(Record::Organisation(record));
    }

    fn audit_organisation(&mut self, at: Timestamp, user: Operator, detail: String) {
        let entry = AuditEntry {
            at,
            actor: user.into(),
            action: Action::Organisation,
            indicator: None,
            detail,
        };
        self.persist(Record::Audit(entry));
    }
}
