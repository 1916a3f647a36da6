//! Organisations in the daemon: their keys, and what operators ask about them.
//!
//! The Engine knows no key. What is to be signed is signed here, and handed to it as signed.

use std::{os::unix::fs::DirBuilderExt as _, path::PathBuf, sync::Arc, time::Duration};

use aegis_api::{
    Affiliation, ApiError, ErrorCode, JoinRequest, MembershipRequest, MembershipRevoked,
    MembershipSigned, Organisation, OrganisationCreateRequest, OrganisationCreated,
    OrganisationDistrusted, OrganisationJoined, OrganisationList, OrganisationReply,
    OrganisationRequest, OrganisationTrusted, Reply, RevokeRequest,
};
use aegis_core::{
    FoundedOrganisation, Grant, InvalidGrant, MemberRole, Membership, NodeId, ORGANISATIONS_MAX,
    OrganisationCommand, OrganisationId, OrganisationRefusal, OrganisationRestore,
    OrganisationSnapshot, Refusal, Revocations, SKEW_MAX,
};
use aegis_net::organisation::{
    OrganisationKey, membership_from_text, membership_to_text, read_membership, read_revocations,
    sign_membership, sign_revocations,
};

use super::{Node, dispatch::chain};

type Done<T> = Result<T, ApiError>;

impl Node {
    /// Returns the order that a request is; `None` for a question.
    pub(super) fn organisation_command(
        &self,
        request: &OrganisationRequest,
    ) -> Done<Option<OrganisationCommand>> {
        Ok(Some(match request {
            OrganisationRequest::List => return Ok(None),
            OrganisationRequest::Create(it) => self.create(it)?,
            OrganisationRequest::Sign(it) => {
                OrganisationCommand::Admit(Arc::new(self.sign_membership(it)?))
            }
            OrganisationRequest::Join(it) => OrganisationCommand::Join(Arc::new(joined(it)?)),
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

    fn sign_membership(&self, request: &MembershipRequest) -> Done<Membership> {
        let id = self.meant(request.organisation)?;
        let key = self.key(&id)?;
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
        sign_membership(&grant, &key).ok_or_else(|| internal("the key is another's"))
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
        Ok(OrganisationCommand::Expel {
            list: Arc::new(list),
            member: request.peer,
        })
    }

    /// Returns the founded organisation that is meant: the only one where none is named.
    fn meant(&self, named: Option<OrganisationId>) -> Done<OrganisationId> {
        let mut founded = self.engine.organisations().founded().map(|it| it.id);
        match named {
            Some(id) if founded.any(|it| it == id) => Ok(id),
            Some(_) => Err(Refusal::Organisation(OrganisationRefusal::NotFounded).into()),
            None => match (founded.next(), founded.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(invalid(
                    "organisation: this node has founded none; `aegis org create` makes one",
                )),
                (Some(_), Some(_)) => Err(invalid(
                    "organisation: this node has founded several; name one with --org",
                )),
            },
        }
    }

    fn key(&self, id: &OrganisationId) -> Done<OrganisationKey> {
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
    OrganisationRestore {
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

fn internal(message: &str) -> ApiError {
    ApiError::new(ErrorCode::Internal, message)
}
