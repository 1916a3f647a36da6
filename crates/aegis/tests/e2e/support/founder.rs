//! A node that founded an organisation, and whom it makes a member.

use aegis::lab::node::LabNode;
use aegis_api::{MemberRole, NodeId, OrganisationId};

use super::{until, world::cli};

/// Has a node found an organisation called ACME.
pub(crate) async fn found(founder: &LabNode) -> OrganisationId {
    let said = cli(founder, "org create ACME");
    assert_eq!(said.code, Some(0), "{said:?}");
    let list = founder.client.organisations().await.unwrap();
    list.organisations[0].organisation
}

/// Has the founder sign whoever it is; returns the word to join with.
pub(crate) fn sign(founder: &LabNode, member: NodeId, role: &str) -> String {
    let signed = cli(founder, &format!("org sign {member} --role {role}"));
    assert_eq!(signed.code, Some(0), "{signed:?}");
    signed.out.lines().last().unwrap().to_owned()
}

/// Has the founder sign a node, which joins with what was signed.
pub(crate) async fn admit(founder: &LabNode, node: &LabNode, role: &str) {
    let word = sign(founder, node_id(node).await, role);
    let joined = cli(node, &format!("org join {word}"));
    assert_eq!(joined.code, Some(0), "{joined:?}");
}

pub(crate) fn trust(node: &LabNode, organisation: OrganisationId) {
    let said = cli(node, &format!("org trust {organisation}"));
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// Waits until `node` knows that `peer` is this member.
pub(crate) async fn until_member(
    node: &LabNode,
    peer: NodeId,
    organisation: OrganisationId,
    role: MemberRole,
) {
    until(&format!("{peer} is known as {role}"), async || {
        let known = node.client.organisation_members(organisation).await.ok()?;
        let mut members = known.members.into_iter();
        members
            .any(|it| it.peer == peer && it.role == role)
            .then_some(())
    })
    .await;
}

/// Waits until `node` has heard that so many are expelled.
pub(crate) async fn until_expelled(node: &LabNode, count: u64) {
    until("it is told who is expelled", async || {
        let list = node.client.organisations().await.ok()?;
        (list.organisations[0].revoked == count).then_some(())
    })
    .await;
}

pub(crate) async fn node_id(node: &LabNode) -> NodeId {
    node.client.status().await.unwrap().node_id
}
