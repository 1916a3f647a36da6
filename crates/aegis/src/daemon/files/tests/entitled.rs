//! Files for an organisation: its members get them, and nobody else anything, whatever they ask.

use std::collections::BTreeMap;

use aegis_core::{
    AskPolicy, Engine, EngineConfig, Grant, MemberRole, OrganisationRestore, Policy, Preset,
    Restore, Revocation, Revocations, TrustedOrganisation, trust::aegis::AegisModel,
};
use aegis_net::organisation::{OrganisationKey, sign_membership, sign_revocations};

use super::*;

/// Returns what a node knows of an organisation that it trusts: its members, and who of them is
/// revoked.
pub(super) fn register(
    node: NodeId,
    key: &OrganisationKey,
    (members, revoked): (&[NodeId], &[NodeId]),
) -> Organisations {
    let now = Clock.now().floor_to_secs();
    let (start, end) = (
        now - Duration::from_secs(60),
        now + Duration::from_secs(3600),
    );
    let membership = |member: &NodeId| {
        let grant = Grant::new((key.id(), *member), MemberRole::Member, (start, end), 1);
        Arc::new(sign_membership(&grant.unwrap(), key).unwrap())
    };
    let mut entries: Vec<Revocation> = revoked
        .iter()
        .map(|member| Revocation {
            member: *member,
            serial: 1,
            until: end,
        })
        .collect();
    entries.sort_by_key(|it| it.member);
    let list = Revocations::new(key.id(), (1, start), entries).unwrap();
    let trusted = TrustedOrganisation {
        id: key.id(),
        weight: aegis_core::Confidence::HALF,
        trusted_at: start,
    };
    let mut engine = Engine::new(EngineConfig {
        node,
        policy: Policy::default(),
        ask: AskPolicy::default(),
        model: Box::new(AegisModel::default()),
        preset: Preset::default(),
        pretrust: BTreeMap::new(),
        seed: 1,
        configured_addresses: Vec::new(),
        blocks_max: 10,
    });
    let organisations = OrganisationRestore {
        trusted: vec![trusted],
        founded: Vec::new(),
        memberships: members.iter().map(membership).collect(),
        revocations: vec![Arc::new(sign_revocations(&list, key).unwrap())],
        keys: Vec::new(),
    };
    let restore = Restore {
        organisations,
        ..Restore::default()
    };
    engine.restore(now, restore);
    engine.organisations().clone()
}

/// Somebody who asks whatever there is to ask.
struct Asker {
    net: NetHandle,
    asked: u64,
    announced: usize,
}

impl Asker {
    async fn connect(identity: &Identity, to: &TestNode) -> Self {
        let (mut net, _) = network(identity, &[&to.address]).await;
        while !matches!(
            net.file_events_rx.recv().await,
            Some(FileEvent::PeerConnected { .. })
        ) {}
        let (asked, announced) = (0, 0);
        Self {
            net,
            asked,
            announced,
        }
    }

    async fn ask(&mut self, peer: NodeId, query: FileQuery) -> Option<FileReply> {
        self.asked += 1;
        let id = FileAskId(self.asked);
        let asked = id;
        let command = NetCommand::File(FileCommand::Ask { id, peer, query });
        self.net.commands_tx.send(command).await.unwrap();
        loop {
            let event = tokio::time::timeout(DEADLINE, self.net.file_events_rx.recv()).await;
            match event.unwrap().unwrap() {
                FileEvent::Replied { id, reply, .. } if id == asked => return Some(reply),
                FileEvent::Failed { id, .. } if id == asked => return None,
                FileEvent::Asked { request, query, .. } => {
                    self.announced += usize::from(matches!(query, FileQuery::Announce(_)));
                    let reply = FileReply::NotAvailable;
                    let command = NetCommand::File(FileCommand::Reply { request, reply });
                    self.net.commands_tx.send(command).await.unwrap();
                }
                FileEvent::PeerConnected { .. }
                | FileEvent::PeerLeft { .. }
                | FileEvent::Replied { .. }
                | FileEvent::Failed { .. } => {}
            }
        }
    }

    /// Asks everything that can be asked about a file; returns what was replied.
    async fn ask_all(&mut self, peer: NodeId, file: FileId) -> Vec<Option<FileReply>> {
        let mut replies = Vec::new();
        for query in [
            FileQuery::List(None),
            FileQuery::List(Some((FileId::from_bytes([0; 32]), peer))),
            FileQuery::Manifest(file),
            FileQuery::Have(file),
            FileQuery::Chunk(file, 0),
            FileQuery::Chunk(file, 8191),
        ] {
            replies.push(self.ask(peer, query).await);
        }
        replies
    }
}

fn nothing() -> Vec<Option<FileReply>> {
    let empty = || FileReply::Announcements(Vec::new(), false);
    let not_available = [const { FileReply::NotAvailable }; 4];
    let replies = [empty(), empty()].into_iter().chain(not_available);
    replies.map(Some).collect()
}

#[tokio::test]
async fn whoever_is_no_member_gets_nothing_whatever_it_asks() {
    let [dir] = dirs();
    let author = TestNode::start(dir.path(), &[]).await;
    let a = author.identity.node_id();
    let [member, revoked, stranger] = [(); 3].map(|()| Identity::generate());
    let key = OrganisationKey::generate();
    let (m, r) = (member.node_id(), revoked.node_id());
    let known = register(a, &key, (&[a, m, r], &[r]));
    author.organisations_tx.send_replace(known.into());
    let mut askers = Vec::new();
    for identity in [&member, &revoked, &stranger] {
        askers.push(Asker::connect(identity, &author).await);
    }
    let mut limited = request(FileSeverity::Critical, 600);
    limited.organisations = vec![key.id()];
    let content = std::io::Cursor::new(b"for members".to_vec());
    let shared = author.client.share_file(&limited, content).await.unwrap();
    assert_eq!(shared.organisations, [key.id()]);
    let unknown = FileId::from_bytes([9; 32]);
    for outsider in &mut askers[1..] {
        assert_eq!(outsider.ask_all(a, shared.file).await, nothing());
        // No difference to what is not there.
        assert_eq!(outsider.ask_all(a, unknown).await, nothing());
        assert_eq!(outsider.announced, 0);
    }
    let replies = askers[0].ask_all(a, shared.file).await;
    assert!(matches!(&replies[0], Some(FileReply::Announcements(it, false)) if it.len() == 1));
    assert!(matches!(&replies[4], Some(FileReply::Chunk(it)) if it == b"for members"));
    assert_eq!(askers[0].announced, 1);
    // Whoever is revoked reads nothing from then on.
    let known = register(a, &key, (&[a, m, r], &[r, m]));
    author.organisations_tx.send_replace(known.into());
    assert_eq!(askers[0].ask_all(a, shared.file).await, nothing());
    for asker in askers {
        asker.net.stop(DEADLINE).await.unwrap();
    }
    author.stop().await;
}

#[tokio::test]
async fn a_file_for_members_goes_from_member_to_member() {
    let [a_dir, b_dir, c_dir] = dirs();
    let a = TestNode::start(a_dir.path(), &[]).await;
    let b = TestNode::start(b_dir.path(), &[&a.address]).await;
    let c = TestNode::start(c_dir.path(), &[&a.address, &b.address]).await;
    let key = OrganisationKey::generate();
    let ids = [&a, &b].map(|it| it.identity.node_id());
    for (node, id) in [(&a, ids[0]), (&b, ids[1])] {
        let known = register(id, &key, (&ids, &[]));
        node.organisations_tx.send_replace(known.into());
    }
    let mut limited = request(FileSeverity::Critical, 600);
    limited.organisations = vec![key.id()];
    let bytes = content(3 * CHUNK_BYTES, 5);
    let body = std::io::Cursor::new(bytes.clone());
    let file = a.client.share_file(&limited, body).await.unwrap().file;
    b.until("b has heard of it", |it| it.len() == 1).await;
    b.client.fetch_file(file).await.unwrap();
    b.until_kept(file).await;
    assert_eq!(b.content(file).await, bytes);
    // A file for everybody has come after it, and this one has not.
    let open = a.share(b"open", FileSeverity::Critical, 600).await.file;
    c.until("c has heard of the other", |it| {
        it.iter().any(|it| it.file == open)
    })
    .await;
    c.until("c knows of nothing else", |it| it.len() == 1).await;
    for node in [a, b, c] {
        node.stop().await;
    }
}
