//! Telling: whoever asked what is announced hears of what is news afterwards, whichever of the two
//! noticed first that they had met.

use aegis_core::file::{Offer, Validity};
use aegis_net::{FileRequestId, file::sign, organisation::OrganisationKey};

use super::{entitled::register, *};

/// The files of a node whose network is this test.
struct Alone {
    files: Files,
    identity: Identity,
    commands_rx: mpsc::Receiver<NetCommand>,
    organisations_tx: watch::Sender<Arc<Organisations>>,
    _ends: Ends,
}

impl Alone {
    fn open(dir: &TempDir) -> Self {
        let identity = Identity::generate();
        let nobody = Organisations::new(identity.node_id());
        let organisations_tx = watch::Sender::new(Arc::new(nobody));
        let (commands_tx, commands_rx) = mpsc::channel(64);
        let setup = Setup {
            config: FilesConfig {
                file_bytes_max: 64 * CHUNK_BYTES,
                files_max: 3,
                disk_bytes_max: 100 * CHUNK_BYTES,
            },
            dir: dir.path().join("files"),
            identity: identity.clone(),
            hub: EventHub::new(),
            organisations_rx: organisations_tx.subscribe(),
            announcements: Vec::new(),
            commands_tx: Some(commands_tx),
            events_rx: None,
        };
        let (files, ends) = Files::open(setup).unwrap();
        Self {
            files,
            identity,
            commands_rx,
            organisations_tx,
            _ends: ends,
        }
    }

    /// Announces something as its author does once it is on record.
    fn announce(&mut self, audience: Audience) -> Arc<Announcement> {
        let now = Clock.now();
        let manifest = manifest_of(b"rules");
        let offer = Offer {
            author: self.identity.node_id(),
            file: manifest.id(),
            size: manifest.size(),
            severity: FileSeverity::Major,
            audience,
            validity: Validity::new(now, now + Duration::from_secs(600)).unwrap(),
            is_withdrawn: false,
            name: "rules.yar".parse().unwrap(),
            description: None,
        };
        let announcement = Arc::new(sign(offer, &self.identity));
        assert!(self.files.take_in(now, Arc::clone(&announcement)));
        self.files.spread(now, &announcement, None);
        announcement
    }

    /// Takes in what happens; returns what is said because of it.
    fn handle(&mut self, event: FileEvent) -> Vec<FileCommand> {
        self.files.handle_event(event);
        self.says()
    }

    /// Returns what is said next.
    fn says(&mut self) -> Vec<FileCommand> {
        self.files.ask_peers();
        let mut said = Vec::new();
        while let Ok(NetCommand::File(command)) = self.commands_rx.try_recv() {
            said.push(command);
        }
        said
    }
}

/// Returns whether a peer is told of an announcement.
fn tells(said: &[FileCommand], peer: NodeId, announcement: &Announcement) -> bool {
    said.iter().any(|it| {
        let FileCommand::Ask {
            peer: to,
            query: FileQuery::Announce(it),
            ..
        } = it
        else {
            return false;
        };
        (*to, &**it) == (peer, announcement)
    })
}

#[tokio::test]
async fn what_is_announced_between_its_question_and_our_meeting_reaches_a_peer() {
    let [dir] = dirs();
    let mut author = Alone::open(&dir);
    let peer = Identity::generate().node_id();
    // It has met us, which we do not know yet.
    let asked = author.handle(FileEvent::Asked {
        request: FileRequestId(1),
        from: peer,
        query: FileQuery::List(None),
    });
    let nothing = FileReply::Announcements(Vec::new(), false);
    assert!(
        matches!(&asked[..], [FileCommand::Reply { reply, .. }] if *reply == nothing),
        "{asked:?}"
    );
    let announcement = author.announce(Audience::Everybody);
    let said = author.handle(FileEvent::PeerConnected { peer });
    assert!(
        tells(&said, peer, &announcement),
        "it asks again in a minute only: {said:?}"
    );
}

#[tokio::test]
async fn whoever_turns_out_to_be_a_member_is_told_of_what_is_for_members() {
    let [dir] = dirs();
    let mut author = Alone::open(&dir);
    let (node, peer) = (author.files.node, Identity::generate().node_id());
    let key = OrganisationKey::generate();
    let known = |members: &[NodeId]| Arc::new(register(node, &key, (members, &[])));
    author.organisations_tx.send_replace(known(&[node]));
    author.files.handle_members_changed();
    author.handle(FileEvent::PeerConnected { peer });
    let audience = Audience::of([key.id()].into()).unwrap();
    let announcement = author.announce(audience);
    assert!(!tells(&author.says(), peer, &announcement));
    author.organisations_tx.send_replace(known(&[node, peer]));
    author.files.handle_members_changed();
    assert!(tells(&author.says(), peer, &announcement));
    // Once is enough.
    author.files.handle_members_changed();
    assert!(!tells(&author.says(), peer, &announcement));
}
