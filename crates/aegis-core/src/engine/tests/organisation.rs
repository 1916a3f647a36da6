//! Members of trusted organisations: believed, within bounds, until they are members no more.

use super::*;
use crate::{
    Allowance, Confidence, FoundedOrganisation, Grant, KeyRing, MemberRole, Membership,
    OrganisationId, OrganisationRecord, OrganisationRefusal, Revocation, RevocationList,
    Revocations, TrustedOrganisation, trust::model::Introduction,
};

const DAY: Duration = Duration::from_secs(86_400);
pub(super) const MEMBER: NodeId = NodeId::from_public_key([4; 32]);
pub(super) const OTHER: NodeId = NodeId::from_public_key([5; 32]);
pub(super) const ORGANISATION: OrganisationId = OrganisationId::from_public_key([200; 32]);

#[test]
fn a_members_word_blocks_and_a_strangers_does_not() {
    let mut engine = engine();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    trust_fully(&mut engine);
    hear(&mut engine, MEMBER, statement("203.0.113.1"));
    assert!(!is_blocked(&engine, "203.0.113.1"), "it has proved nothing");
    show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    hear(&mut engine, MEMBER, statement("203.0.113.2"));
    assert!(is_blocked(&engine, "203.0.113.2"));
    hear(&mut engine, OTHER, statement("203.0.113.3"));
    assert!(!is_blocked(&engine, "203.0.113.3"));
}

#[test]
fn what_a_membership_is_worth_is_bounded_on_both_sides() {
    for (weight, expected) in [(0.0, 0.0), (0.5, 0.5), (0.9, 0.9), (1.0, 0.9)] {
        let mut engine = engine();
        connect(&mut engine, MEMBER, PeerClass::Dht);
        show(
            &mut engine,
            MEMBER,
            vec![member(MEMBER, MemberRole::Member, 1)],
        );
        trust(&mut engine, weight);
        show(
            &mut engine,
            MEMBER,
            vec![member(MEMBER, MemberRole::Member, 1)],
        );
        let found = engine.peer_trust(NOW, &MEMBER).introduction.pretrust;
        assert_eq!(found.value(), expected, "weight {weight}");
    }
    // Never less than how it was met is worth.
    let mut engine = engine();
    trust(&mut engine, 0.1);
    show(
        &mut engine,
        LAN_PEER,
        vec![member(LAN_PEER, MemberRole::Member, 1)],
    );
    let found = engine.peer_trust(NOW, &LAN_PEER).introduction.pretrust;
    assert_eq!(found, Confidence::FULL);
}

#[test]
fn the_operators_word_about_a_peer_overrules_its_organisation() {
    let mut engine = engine();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    trust_fully(&mut engine);
    show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    let introduction = Introduction {
        pretrust: Confidence::NONE,
        is_fixed: true,
    };
    let peer = MEMBER;
    let command = Command::Trust { peer, introduction };
    order(&mut engine, NOW, command).0.unwrap();
    hear(&mut engine, MEMBER, statement(ATTACKER));
    assert!(!is_blocked(&engine, ATTACKER));
}

#[test]
fn a_publisher_has_the_budget_of_one_only_where_it_is_trusted() {
    let mut engine = engine();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    trust_fully(&mut engine);
    let before = engine.allowance_of(NOW, &MEMBER);
    assert_eq!(before, Allowance::of(PeerClass::Dht));
    show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    let as_member = engine.allowance_of(NOW, &MEMBER);
    assert_eq!(as_member, Allowance::of(PeerClass::Lan));
    let promoted = member(MEMBER, MemberRole::Publisher, 2);
    let outputs = show(&mut engine, MEMBER, vec![promoted]);
    assert_eq!(engine.allowance_of(NOW, &MEMBER), Allowance::PUBLISHER);
    let ranked = Output::Rank {
        node: MEMBER,
        role: Some(MemberRole::Publisher),
    };
    assert!(outputs.contains(&ranked), "{outputs:?}");
    trust(&mut engine, 0.0);
    assert_eq!(engine.allowance_of(NOW, &MEMBER), before);
}

#[test]
fn a_membership_counts_until_it_is_over_or_revoked() {
    let mut engine = engine();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    connect(&mut engine, OTHER, PeerClass::Dht);
    trust_fully(&mut engine);
    let words = vec![member(MEMBER, MemberRole::Member, 1)];
    show(&mut engine, MEMBER, words.clone());
    show(
        &mut engine,
        OTHER,
        vec![member(OTHER, MemberRole::Member, 1)],
    );
    let role = |engine: &Engine, node| engine.member_role(NOW, node, &ORGANISATION);
    assert_eq!(role(&engine, &MEMBER), Some(MemberRole::Member));
    // Any peer may bring the list.
    let outputs = show(
        &mut engine,
        OTHER,
        vec![OrganisationWord::Revocations(list(1, MEMBER))],
    );
    assert_eq!(role(&engine, &MEMBER), None);
    assert_eq!(role(&engine, &OTHER), Some(MemberRole::Member));
    let shown = outputs
        .iter()
        .filter(|it| matches!(it, Output::Show { .. }));
    assert_eq!(
        shown.count(),
        3,
        "every connected peer hears of it: {outputs:?}"
    );
    let at = |wanted: fn(&Output) -> bool| outputs.iter().position(wanted);
    let parted = at(|it| matches!(it, Output::Part(it) if *it == MEMBER));
    let told = at(|it| matches!(it, Output::Show { peer, .. } if *peer == MEMBER));
    assert!(told < parted, "it is told before: {outputs:?}");
    let others = outputs.iter().filter(|it| matches!(it, Output::Part(_)));
    assert_eq!(others.count(), 1, "{outputs:?}");
    show(&mut engine, MEMBER, words);
    assert_eq!(role(&engine, &MEMBER), None, "it stays revoked");
    hear(&mut engine, MEMBER, statement("203.0.113.1"));
    assert!(!is_blocked(&engine, "203.0.113.1"));
    hear(&mut engine, OTHER, statement("203.0.113.2"));
    assert!(is_blocked(&engine, "203.0.113.2"));
    assert!(engine.poll_timeout().is_some_and(|it| it <= NOW + DAY));
    pass(&mut engine, NOW + DAY);
    let later = engine.member_role(NOW + DAY, &OTHER, &ORGANISATION);
    assert_eq!(later, None);
    let found = engine.peer_trust(NOW + DAY, &OTHER).introduction.pretrust;
    assert_eq!(found, Confidence::NONE);
}

#[test]
fn a_member_shows_itself_and_tells_members_of_members() {
    let mut engine = engine();
    join(&mut engine);
    let to = |outputs: &[Output], to: NodeId| -> Vec<NodeId> {
        let words = outputs.iter().filter_map(|it| {
            let Output::Show { peer, words } = it else {
                return None;
            };
            (*peer == to).then_some(words)
        });
        let members = words.flatten().filter_map(|it| match it {
            OrganisationWord::Membership(it) => Some(it.grant().member()),
            OrganisationWord::Revocations(_) | OrganisationWord::Keys(_) => None,
        });
        members.collect()
    };
    let outputs = connect(&mut engine, STRANGER, PeerClass::Dht);
    assert_eq!(to(&outputs, STRANGER), [NODE]);
    let outputs = connect(&mut engine, MEMBER, PeerClass::Dht);
    assert_eq!(to(&outputs, MEMBER), [NODE]);
    let outputs = show(
        &mut engine,
        MEMBER,
        vec![member(MEMBER, MemberRole::Member, 1)],
    );
    assert_eq!(
        to(&outputs, STRANGER),
        [],
        "who belongs to it is not a stranger's business"
    );
    connect(&mut engine, OTHER, PeerClass::Dht);
    let outputs = show(
        &mut engine,
        OTHER,
        vec![member(OTHER, MemberRole::Publisher, 1)],
    );
    assert_eq!(to(&outputs, MEMBER), [OTHER], "a member hears of another");
    assert_eq!(
        to(&outputs, STRANGER),
        [OTHER],
        "who speaks for it is for all to know"
    );
    let known = to(&outputs, OTHER);
    assert!(
        known.contains(&NODE) && known.contains(&MEMBER),
        "{known:?}"
    );
}

#[test]
fn who_begins_to_follow_asks_those_who_are_there() {
    let mut engine = engine();
    connect(&mut engine, MEMBER, PeerClass::Dht);
    let words = vec![member(MEMBER, MemberRole::Member, 1)];
    show(&mut engine, MEMBER, words.clone());
    let role = |engine: &Engine| engine.member_role(NOW, &MEMBER, &ORGANISATION);
    assert_eq!(role(&engine), None, "it followed nobody then");
    let command = OrganisationCommand::Trust {
        id: ORGANISATION,
        weight: Confidence::FULL,
    };
    let (_, outputs) = organisation(&mut engine, command);
    let asked = Output::Show {
        peer: MEMBER,
        words: Vec::new(),
    };
    assert!(outputs.contains(&asked), "{outputs:?}");
    show(&mut engine, MEMBER, words);
    assert_eq!(role(&engine), Some(MemberRole::Member));
    let outputs = join(&mut engine);
    assert!(outputs.contains(&asked), "{outputs:?}");
    // And who is asked shows what it has.
    let outputs = show(&mut engine, STRANGER, Vec::new());
    let shown = Output::Show {
        peer: STRANGER,
        words: vec![member(NODE, MemberRole::Member, 1)],
    };
    assert!(outputs.contains(&shown), "{outputs:?}");
}

#[test]
fn a_node_joins_only_as_itself_and_says_so() {
    let mut engine = engine();
    let foreign = Arc::new(signed(MEMBER, MemberRole::Member, 1));
    let refused = organisation(&mut engine, OrganisationCommand::Join(foreign)).0;
    assert_eq!(
        refused,
        Err(Refusal::Organisation(OrganisationRefusal::NotOurs))
    );
    let outputs = join(&mut engine);
    let is_followed =
        |it: &Output| matches!(it, Output::Follow { joined, .. } if joined == &[ORGANISATION]);
    let followed = outputs.iter().any(is_followed);
    assert!(followed, "{outputs:?}");
    let shown = Output::Show {
        peer: LAN_PEER,
        words: vec![member(NODE, MemberRole::Member, 1)],
    };
    assert!(outputs.contains(&shown), "{outputs:?}");
}

#[test]
fn who_leaves_is_a_stranger_and_forgets_what_members_know() {
    let mut engine = engine();
    let left = |was_member| Ok(Reply::Organisation(OrganisationReply::Left { was_member }));
    let leave = OrganisationCommand::Leave(ORGANISATION);
    assert_eq!(organisation(&mut engine, leave.clone()).0, left(false));
    join(&mut engine);
    let keys = vec![OrganisationWord::Keys(ring(1))];
    let members = vec![member(MEMBER, MemberRole::Member, 1)];
    connect(&mut engine, MEMBER, PeerClass::Dht);
    show(&mut engine, MEMBER, [members, keys].concat());
    let (reply, outputs) = organisation(&mut engine, leave);
    assert_eq!(reply, left(true));
    let register = engine.organisations();
    assert_eq!(register.own(NOW).count(), 0);
    assert_eq!(register.members(NOW, ORGANISATION).count(), 0);
    assert_eq!(register.all_keys().count(), 0);
    let follows_none =
        |it: &Output| matches!(it, Output::Follow { joined, .. } if joined.is_empty());
    assert!(outputs.iter().any(follows_none), "{outputs:?}");
    let is_gone = |it: &&Output| {
        let Output::Persist(Record::Organisation(it)) = it else {
            return false;
        };
        matches!(
            it,
            OrganisationRecord::MembershipGone { .. } | OrganisationRecord::KeysGone(_)
        )
    };
    assert_eq!(outputs.iter().filter(is_gone).count(), 3, "{outputs:?}");
    // And it may join again.
    join(&mut engine);
}

#[test]
fn only_a_founder_admits_and_expels() {
    let mut engine = engine();
    let admit = |member, serial| OrganisationCommand::Admit {
        membership: Arc::new(signed(member, MemberRole::Member, serial)),
        keys: ring(serial),
    };
    let refused = organisation(&mut engine, admit(MEMBER, 1)).0;
    let not_founded = Err(Refusal::Organisation(OrganisationRefusal::NotFounded));
    assert_eq!(refused, not_founded);
    let expel = |serial| OrganisationCommand::Expel {
        list: list(serial, MEMBER),
        member: MEMBER,
        keys: ring(serial),
    };
    assert_eq!(organisation(&mut engine, expel(5)).0, not_founded);
    let founded = FoundedOrganisation {
        id: ORGANISATION,
        name: None,
        founded_at: NOW,
        serial: 0,
    };
    organisation(&mut engine, OrganisationCommand::Found(founded))
        .0
        .unwrap();
    organisation(&mut engine, admit(MEMBER, 1)).0.unwrap();
    assert!(engine.member_role(NOW, &MEMBER, &ORGANISATION).is_some());
    let expelled = organisation(&mut engine, expel(5)).0.unwrap();
    let was_member = Reply::Organisation(OrganisationReply::Expelled { was_member: true });
    assert_eq!(expelled, was_member);
    assert_eq!(engine.member_role(NOW, &MEMBER, &ORGANISATION), None);
    let stale = organisation(&mut engine, expel(5)).0;
    assert_eq!(
        stale,
        Err(Refusal::Organisation(OrganisationRefusal::OldList))
    );
}

#[test]
fn all_of_it_comes_back_after_a_restart() {
    let mut after = engine();
    let restore = Restore {
        organisations: OrganisationRestore {
            trusted: vec![TrustedOrganisation {
                id: ORGANISATION,
                weight: Confidence::HALF,
                trusted_at: NOW,
            }],
            founded: Vec::new(),
            memberships: [NODE, MEMBER, OTHER]
                .map(|it| Arc::new(signed(it, MemberRole::Member, 1)))
                .into(),
            revocations: vec![list(3, OTHER)],
            keys: vec![ring(3)],
        },
        ..Restore::default()
    };
    after.restore(NOW, restore);
    let role = |node: NodeId| after.member_role(NOW, &node, &ORGANISATION);
    assert_eq!(role(NODE), Some(MemberRole::Member));
    assert_eq!(role(MEMBER), Some(MemberRole::Member));
    assert_eq!(role(OTHER), None, "it was revoked");
    after.announce_organisations(NOW);
    let outputs = drain(&mut after, NOW);
    assert!(matches!(&outputs[0], Output::Follow { joined, .. } if joined == &[ORGANISATION]));
    assert!(outputs.contains(&Output::Unlock(ring(3))), "{outputs:?}");
    let found = after.affiliations(NOW, &MEMBER);
    assert_eq!(found[0].weight, Some(Confidence::HALF));
}

fn trust_fully(engine: &mut Engine) {
    trust(engine, 1.0);
}

pub(super) fn trust(engine: &mut Engine, weight: f64) {
    let command = OrganisationCommand::Trust {
        id: ORGANISATION,
        weight: Confidence::new(weight).unwrap(),
    };
    organisation(engine, command).0.unwrap();
}

pub(super) fn join(engine: &mut Engine) -> Vec<Output> {
    let membership = Arc::new(signed(NODE, MemberRole::Member, 1));
    let (reply, outputs) = organisation(engine, OrganisationCommand::Join(membership));
    assert_eq!(reply, Ok(Reply::Organisation(OrganisationReply::Joined)));
    outputs
}

pub(super) fn organisation(
    engine: &mut Engine,
    command: OrganisationCommand,
) -> (Result<Reply, Refusal>, Vec<Output>) {
    order(engine, NOW, Command::Organisation(command))
}

pub(super) fn show(engine: &mut Engine, from: NodeId, words: Vec<OrganisationWord>) -> Vec<Output> {
    run(engine, NOW, Input::Shown { from, words })
}

pub(super) fn member(node: NodeId, role: MemberRole, serial: u64) -> OrganisationWord {
    OrganisationWord::Membership(Arc::new(signed(node, role, serial)))
}

pub(super) fn signed(node: NodeId, role: MemberRole, serial: u64) -> Membership {
    let grant = Grant::new((ORGANISATION, node), role, (NOW, NOW + DAY), serial).unwrap();
    Membership::from_verified(grant, serial.to_be_bytes().to_vec().into())
}

fn ring(serial: u64) -> Arc<KeyRing> {
    Arc::new(KeyRing::from_verified(
        ORGANISATION,
        (1, serial, NOW),
        [].into(),
    ))
}

fn list(serial: u64, member: NodeId) -> Arc<RevocationList> {
    let entry = Revocation {
        member,
        serial: 1,
        until: NOW + DAY,
    };
    let it = Revocations::new(ORGANISATION, (serial, NOW), vec![entry]).unwrap();
    Arc::new(RevocationList::from_verified(it, [].into()))
}
