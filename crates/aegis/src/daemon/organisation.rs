//! Organisations in the daemon: their keys, and what operators ask about them.
//!
//! The Engine knows no key. What is to be signed is signed here, and handed to it as signed.

use std::{
    collections::BTreeSet, os::unix::fs::DirBuilderExt as _, path::PathBuf, sync::Arc,
    time::Duration,
};

use aegis_api::{
    Affiliation, ApiError, ErrorCode, JoinRequest, MemberLine, MembershipRequest,
    MembershipRevoked, MembershipSigned, Organisation, OrganisationCreateRequest,
    OrganisationCreated, OrganisationDistrusted, OrganisationJoined, OrganisationLeft,
    OrganisationList, OrganisationMembers, OrganisationReply, OrganisationRequest,
    OrganisationTrusted, Reply, RevokeRequest,
};
use aegis_core::{
    Command, FoundedOrganisation, Grant, Input, InvalidGrant, KeyRing, MemberRole, Membership,
    NodeId, ORGANISATIONS_MAX, Order, OrganisationCommand, OrganisationId, OrganisationRefusal,
    OrganisationRestore, OrganisationSnapshot, Refusal, Revocations, SKEW_MAX,
};
use aegis_net::organisation::{
    OrganisationKey, make_keys, membership_from_text, membership_to_text, read_keys,
    read_membership, read_revocations, sign_membership, sign_revocations,
};

use super::{Node, dispatch::chain};

/// How long the members of an organisation use the same keys at most.
const KEYS_FOR: Duration = Duration::from_secs(7 * 86_400);

/// The ticket of an order that nobody waits for: those of callers begin with 1.
const NOBODYS_TICKET: u64 = 0;

type Done<T> = Result<T, ApiError>;

impl Node {
    /// Returns the order that a request is; `None` for a question.
    pub(super) fn organisation_command(
        &self,
        request: &OrganisationRequest,
    ) -> Done<Option<OrganisationCommand>> {
        Ok(Some(match request {
            OrganisationRequest::List | OrganisationRequest::Members(_) => return Ok(None),
            OrganisationRequest::Create(it) => self.create(it)?,
            OrganisationRequest::Sign(it) => self.admit(it)?,
            OrganisationRequest::Join(it) => OrganisationCommand::Join(Arc::new(joined(it)?)),
            OrganisationRequest::Leave(id) => OrganisationCommand::Leave(*id),
            OrganisationRequest::Trust(it) => OrganisationCommand::Trust {
                id: it.organisation,
                weight: it.weight,
            },
            OrganisationRequest::Distrust(id) => OrganisationCommand::Distrust(*id),
            OrganisationRequest::Revoke(it) => self.expel(it)?,
        }))
    }

    /// Returns the contract's words for what became of an order about organisations.
    pub(super) fn organisation_told(
        &self,
        request: &OrganisationRequest,
        reply: aegis_core::OrganisationReply,
    ) -> Done<Reply> {
        use aegis_core::OrganisationReply as Core;
        let reply = match (request, reply) {
            (OrganisationRequest::Create(it), Core::Founded) => {
                OrganisationReply::Created(self.created(it)?)
            }
            (OrganisationRequest::Sign(it), Core::Admitted) => {
                OrganisationReply::Signed(self.signed(it)?)
            }
            (OrganisationRequest::Join(it), Core::Joined) => {
                let membership = joined(it)?;
                let grant = membership.grant();
                OrganisationReply::Joined(OrganisationJoined {
                    organisation: grant.organisation(),
                    role: grant.role().into(),
                    not_after: grant.not_after(),
                })
            }
            (OrganisationRequest::Trust(it), Core::Trusted) => {
                OrganisationReply::Trusted(OrganisationTrusted {
                    organisation: it.organisation,
                    weight_percent: it.weight.percent(),
                    members: self.members(it.organisation),
                })
            }
            (OrganisationRequest::Leave(id), Core::Left { was_member }) => {
                OrganisationReply::Left(OrganisationLeft {
                    organisation: *id,
                    was_member,
                })
            }
            (OrganisationRequest::Distrust(id), Core::Distrusted { was_trusted }) => {
                OrganisationReply::Distrusted(OrganisationDistrusted {
                    organisation: *id,
                    was_trusted,
                })
            }
            (OrganisationRequest::Revoke(it), Core::Expelled { was_member }) => {
                OrganisationReply::Revoked(MembershipRevoked {
                    organisation: it.organisation,
                    peer: it.peer,
                    was_member,
                })
            }
            _ => return Err(internal("the answer does not fit the order")),
        };
        Ok(Reply::Organisation(Box::new(reply)))
    }

    /// Returns all organisations that are trusted, founded or joined here.
    pub(super) fn organisations(&self) -> OrganisationList {
        let followed = self.engine.organisations().followed(self.now());
        let organisations = followed.into_iter().map(|it| self.organisation(it));
        OrganisationList {
            organisations: organisations.collect(),
        }
    }

    /// Returns who is a member of an organisation, as far as is known here.
    pub(super) fn organisation_members(&self, organisation: OrganisationId) -> OrganisationMembers {
        let peers = self.engine.peers().filter(|it| it.is_connected);
        let connected: BTreeSet<NodeId> = peers.map(|it| it.peer).collect();
        let register = self.engine.organisations();
        let members = register.members(self.now(), organisation).map(|it| {
            let grant = it.grant();
            let peer = grant.member();
            MemberLine {
                peer,
                role: grant.role().into(),
                not_after: grant.not_after(),
                connected: connected.contains(&peer),
                own: peer == self.node_id(),
            }
        });
        OrganisationMembers {
            organisation,
            members: members.collect(),
        }
    }

    /// Returns each node that belongs to an organisation that is followed here, with that.
    pub(super) fn all_members(&self) -> Vec<(NodeId, OrganisationId)> {
        let now = self.now();
        let register = self.engine.organisations();
        let members = register.followed(now).into_iter().flat_map(|id| {
            let members = register.members(now, id);
            members
                .map(move |it| (it.grant().member(), id))
                .collect::<Vec<_>>()
        });
        members.collect()
    }

    /// Returns what a node is to the organisations that are followed here.
    pub(super) fn affiliations(&self, node: &NodeId) -> Vec<Affiliation> {
        let found = self.engine.affiliations(self.now(), node).into_iter();
        let found = found.map(|it| Affiliation {
            organisation: it.organisation,
            name: self
                .founded(&it.organisation)
                .and_then(|it| it.name.clone()),
            role: it.role.into(),
            trusted: it.weight.is_some(),
        });
        found.collect()
    }

    fn organisation(&self, id: OrganisationId) -> Organisation {
        let now = self.now();
        let register = self.engine.organisations();
        let founded = self.founded(&id);
        let own = register.membership(now, &self.node_id(), &id);
        let trusted = register.trusted().find(|it| it.id == id);
        let revoked = register.revocations(&id);
        Organisation {
            organisation: id,
            name: founded.and_then(|it| it.name.clone()),
            founded: founded.is_some(),
            weight_percent: trusted.map(|it| it.weight.percent()),
            role: own.map(|it| it.grant().role().into()),
            expires_at: own.map(|it| it.grant().not_after()),
            members: self.members(id),
            revoked: revoked.map_or(0, |it| it.revocations().entries().len() as u64),
        }
    }

    fn members(&self, id: OrganisationId) -> u64 {
        self.engine.organisations().members(self.now(), id).count() as u64
    }

    fn founded(&self, id: &OrganisationId) -> Option<&FoundedOrganisation> {
        let mut founded = self.engine.organisations().founded();
        founded.find(|it| it.id == *id)
    }

    /// Makes a key and its file. The file stays, whatever becomes of the order: a key is not thrown
    /// away.
    fn create(&self, request: &OrganisationCreateRequest) -> Done<OrganisationCommand> {
        if self.engine.organisations().founded().count() >= ORGANISATIONS_MAX {
            return Err(Refusal::Organisation(OrganisationRefusal::Full).into());
        }
        let key = OrganisationKey::generate();
        let path = self.key_file(&key.id());
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(self.key_dir());
        made.map_err(|it| internal(&format!("cannot make the directory of keys: {it}")))?;
        key.save(&path).map_err(|it| internal(&chain(&it)))?;
        Ok(OrganisationCommand::Found(FoundedOrganisation {
            id: key.id(),
            name: request.name.clone(),
            founded_at: self.now(),
            serial: 0,
        }))
    }

    /// Returns what was founded last under this name: the one that the request made.
    fn created(&self, request: &OrganisationCreateRequest) -> Done<OrganisationCreated> {
        let founded = self.engine.organisations().founded();
        let made = founded
            .filter(|it| it.name == request.name && it.serial == 0)
            .max_by_key(|it| it.founded_at);
        let made = made.ok_or_else(|| internal("the organisation is gone already"))?;
        Ok(OrganisationCreated {
            organisation: made.id,
            name: made.name.clone(),
            key_file: self.key_file(&made.id).display().to_string(),
        })
    }

    pub(super) fn admit(&self, request: &MembershipRequest) -> Done<OrganisationCommand> {
        let id = self.meant(request.organisation)?;
        let key = self.key(&id)?;
        let membership = self.sign_membership(request, &key)?;
        let mut members = self.members_of(id);
        members.push(request.peer);
        Ok(OrganisationCommand::Admit {
            keys: self.keys(&key, 0, &members)?,
            membership: Arc::new(membership),
        })
    }

    /// Makes keys for these members: those of the epoch that is, or of as many later.
    fn keys(&self, key: &OrganisationKey, later: u32, members: &[NodeId]) -> Done<Arc<KeyRing>> {
        let now = self.now();
        let register = self.engine.organisations();
        let epoch = register.keys(&key.id()).map_or(1, |it| it.epoch());
        let numbers = (
            epoch.saturating_add(later),
            register.next_serial(now, &key.id()),
            now.floor_to_secs(),
        );
        let keys = make_keys(key, numbers, members);
        let full = || ApiError::from(Refusal::Organisation(OrganisationRefusal::Full));
        keys.map(Arc::new).ok_or_else(full)
    }

    /// Gives the members of founded organisations new keys where theirs are old.
    pub(super) fn rotate_keys(&mut self) {
        let now = self.now();
        let register = self.engine.organisations();
        let rings = register.all_keys().filter(|it| {
            let is_old = now.since(it.issued_at()) >= KEYS_FOR;
            is_old && self.founded(&it.organisation()).is_some()
        });
        let old: Vec<OrganisationId> = rings.map(|it| it.organisation()).collect();
        for id in old {
            let members = self.members_of(id);
            let keys = self.key(&id).and_then(|it| self.keys(&it, 1, &members));
            match keys {
                Ok(keys) => {
                    let command = Command::Organisation(OrganisationCommand::Rotate(keys));
                    let order = Order {
                        ticket: NOBODYS_TICKET,
                        user: aegis_core::Operator::User(0),
                        command,
                    };
                    self.handle(Input::Ordered(order));
                }
                Err(error) => self.degraded(format!(
                    "the members of {id} cannot be given new keys: {}",
                    error.message
                )),
            }
        }
    }

    fn members_of(&self, id: OrganisationId) -> Vec<NodeId> {
        let members = self.engine.organisations().members(self.now(), id);
        members.map(|it| it.grant().member()).collect()
    }

    pub(super) fn sign_membership(
        &self,
        request: &MembershipRequest,
        key: &OrganisationKey,
    ) -> Done<Membership> {
        let id = key.id();
        let now = self.now();
        let valid = Duration::from_secs(request.valid_secs);
        // Whoever's clock is a little behind is to find it valid at once.
        let start = (now - SKEW_MAX).floor_to_secs();
        let end = (now + valid).floor_to_secs();
        let role: MemberRole = request.role.into();
        let serial = self.engine.organisations().next_serial(now, &id);
        let grant = Grant::new((id, request.peer), role, (start, end), serial);
        let grant = match grant {
            Ok(_) if end <= now => Err(InvalidGrant::Validity),
            other => other,
        };
        let grant = grant.map_err(|it| invalid(&format!("valid_secs: {it}")))?;
        sign_membership(&grant, key).ok_or_else(|| internal("the key is another's"))
    }

    fn signed(&self, request: &MembershipRequest) -> Done<MembershipSigned> {
        let id = self.meant(request.organisation)?;
        let register = self.engine.organisations();
        let membership = register.membership(self.now(), &request.peer, &id);
        let membership = membership.ok_or_else(|| internal("the membership is gone already"))?;
        let grant = membership.grant();
        Ok(MembershipSigned {
            organisation: id,
            peer: grant.member(),
            role: grant.role().into(),
            not_before: grant.not_before(),
            not_after: grant.not_after(),
            serial: grant.serial(),
            membership: membership_to_text(membership),
        })
    }

    fn expel(&self, request: &RevokeRequest) -> Done<OrganisationCommand> {
        let id = self.meant(Some(request.organisation))?;
        let key = self.key(&id)?;
        let now = self.now();
        let register = self.engine.organisations();
        let entries = register.expelling(now, (id, request.peer));
        let entries = entries.map_err(|it| ApiError::from(Refusal::Organisation(it)))?;
        let head = (register.next_serial(now, &id), now.floor_to_secs());
        let list = Revocations::new(id, head, entries).map_err(|it| internal(&it.to_string()))?;
        let list = sign_revocations(&list, &key);
        let list = list.ok_or_else(|| internal("the key is another's"))?;
        let mut members = self.members_of(id);
        members.retain(|it| *it != request.peer);
        Ok(OrganisationCommand::Expel {
            keys: self.keys(&key, 1, &members)?,
            list: Arc::new(list),
            member: request.peer,
        })
    }

    /// Returns the founded organisation that is meant: the only one where none is named.
    pub(super) fn meant(&self, named: Option<OrganisationId>) -> Done<OrganisationId> {
        let mut founded = self.engine.organisations().founded().map(|it| it.id);
        match named {
            Some(id) if founded.any(|it| it == id) => Ok(id),
            Some(_) => Err(Refusal::Organisation(OrganisationRefusal::NotFounded).into()),
            None => match (founded.next(), founded.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(unclear(
                    "this node has founded no organisation; `aegis org create` makes one",
                )),
                (Some(_), Some(_)) => Err(unclear(
                    "this node has founded several organisations; name one with --org",
                )),
            },
        }
    }

    pub(super) fn key(&self, id: &OrganisationId) -> Done<OrganisationKey> {
        let key = OrganisationKey::load(&self.key_file(id)).map_err(|it| internal(&chain(&it)))?;
        if key.id() == *id {
            Ok(key)
        } else {
            Err(internal("the organisation's key file holds another's key"))
        }
    }

    fn key_dir(&self) -> PathBuf {
        self.state_dir.join("organisations")
    }

    fn key_file(&self, id: &OrganisationId) -> PathBuf {
        self.key_dir().join(format!("{id}.key"))
    }
}

/// Verifies again what was signed: what lies on a disk is no more trusted than what a peer says.
pub(super) fn restored(snapshot: OrganisationSnapshot) -> OrganisationRestore {
    let warn = |error: &dyn std::error::Error| {
        let error = chain(error);
        tracing::warn!(error, "Stored word of an organisation left out");
    };
    let memberships = snapshot.memberships.iter().filter_map(|it| {
        let read = read_membership(it).inspect_err(|it| warn(it));
        read.ok().map(Arc::new)
    });
    let revocations = snapshot.revocations.iter().filter_map(|it| {
        let read = read_revocations(it).inspect_err(|it| warn(it));
        read.ok().map(Arc::new)
    });
    let keys = snapshot.keys.iter().filter_map(|it| {
        let read = read_keys(it).inspect_err(|it| warn(it));
        read.ok().map(Arc::new)
    });
    OrganisationRestore {
        keys: keys.collect(),
        memberships: memberships.collect(),
        revocations: revocations.collect(),
        trusted: snapshot.trusted,
        founded: snapshot.founded,
    }
}

fn joined(request: &JoinRequest) -> Done<Membership> {
    let read = membership_from_text(&request.membership);
    read.map_err(|it| invalid(&format!("membership: {}", chain(&it))))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}

/// Says that it is not clear which organisation is meant.
fn unclear(message: &str) -> ApiError {
    ApiError::new(ErrorCode::Organisation, message)
}

fn internal(message: &str) -> ApiError {
    ApiError::new(ErrorCode::Internal, message)
}
