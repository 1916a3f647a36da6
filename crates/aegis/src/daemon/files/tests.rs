//! Nodes on loopback that share files: real network services, real disks, real control sockets.

use std::{net::Ipv4Addr, path::Path, time::Duration};

use aegis_api::{
    Client, ClientError, FileLine, FileState, Listener, PageQuery, ShareRequest, serve,
};
use aegis_core::file::{CHUNK_BYTES, ChunkHash, ChunkSet, FileSeverity, FileSize};
use aegis_net::{
    Address, NetEvent, NetHandle, P2pConfig, PeerAddress, file::FileReply, gate::Misbehaviour,
};
use tempfile::TempDir;

mod entitled;
mod told;

use super::*;
use crate::daemon::ControlHandle;

/// How long anything that must happen may take: far more than it does, for busy machines.
const DEADLINE: Duration = Duration::from_secs(60);

/// A node that shares files, and nothing else.
struct TestNode {
    identity: Identity,
    address: PeerAddress,
    client: Client,
    commands_tx: mpsc::Sender<NetCommand>,
    net_events_rx: mpsc::Receiver<NetEvent>,
    organisations_tx: watch::Sender<Arc<Organisations>>,
    stop_tx: watch::Sender<bool>,
    tasks: JoinSet<()>,
    net: NetHandle,
}

impl TestNode {
    async fn start(dir: &Path, peers: &[&PeerAddress]) -> Self {
        let key = dir.join("node.key");
        let identity = Identity::load_or_create(&key).unwrap();
        let (mut net, address) = network(&identity, peers).await;
        let hub = EventHub::new();
        let nobody = Organisations::new(identity.node_id());
        let organisations_tx = watch::Sender::new(Arc::new(nobody));
        let (_, closed_rx) = mpsc::channel(1);
        let setup = Setup {
            config: FilesConfig {
                file_bytes_max: 64 * CHUNK_BYTES,
                files_max: 3,
                disk_bytes_max: 100 * CHUNK_BYTES,
            },
            dir: dir.join("files"),
            identity: identity.clone(),
            hub: hub.clone(),
            organisations_rx: organisations_tx.subscribe(),
            announcements: announced(dir),
            commands_tx: Some(net.commands_tx.clone()),
            events_rx: Some(std::mem::replace(&mut net.file_events_rx, closed_rx)),
        };
        let (files, ends) = Files::open(setup).unwrap();
        let (control, _) = ControlHandle::new(hub);
        let control = control.with_files(Some(ends.calls_tx));
        let socket = dir.join("control.sock");
        let listener = Listener::bind(&socket).unwrap();
        let (stop_tx, stop_rx) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(files.run(stop_rx.clone()));
        tasks.spawn(record(ends.records_rx, dir.join("records")));
        tasks.spawn(async move {
            let mut stop_rx = stop_rx;
            let stopped = async { drop(stop_rx.wait_for(|it| *it).await) };
            serve(listener, control, stopped).await;
        });
        let (_, closed_rx) = mpsc::channel(1);
        Self {
            identity,
            address,
            client: Client::new(socket),
            commands_tx: net.commands_tx.clone(),
            net_events_rx: std::mem::replace(&mut net.events_rx, closed_rx),
            organisations_tx,
            stop_tx,
            tasks,
            net,
        }
    }

    async fn stop(mut self) {
        self.stop_tx.send(true).unwrap();
        while self.tasks.join_next().await.is_some() {}
        self.net.stop(DEADLINE).await.unwrap();
    }

    async fn share(&self, content: &[u8], severity: FileSeverity, secs: u32) -> FileLine {
        let request = request(severity, secs);
        let content = std::io::Cursor::new(content.to_vec());
        self.client.share_file(&request, content).await.unwrap()
    }

    /// Waits until the node offers, holds or lacks a file.
    async fn until(&self, what: &str, is_so: impl Fn(&[FileLine]) -> bool) {
        until(what, async || {
            let page = self.client.files(PageQuery::default()).await.unwrap();
            is_so(&page.items).then_some(())
        })
        .await;
    }

    async fn until_kept(&self, file: FileId) {
        self.until("the file is kept", |it| {
            it.iter()
                .any(|it| it.file == file && it.state == FileState::Kept)
        })
        .await;
    }

    async fn content(&self, file: FileId) -> Vec<u8> {
        let mut stream = self.client.file_content(file).await.unwrap();
        let mut content = Vec::new();
        while let Some(piece) = stream.next().await.unwrap() {
            content.extend(piece);
        }
        content
    }
}

fn request(severity: FileSeverity, secs: u32) -> ShareRequest {
    ShareRequest {
        name: "rules.yar".parse().unwrap(),
        severity,
        organisations: Vec::new(),
        expires_in_secs: secs.try_into().unwrap(),
        description: None,
    }
}

/// Starts a network service that knows only these peers.
async fn network(identity: &Identity, peers: &[&PeerAddress]) -> (NetHandle, PeerAddress) {
    let config = P2pConfig {
        listen: vec![Address::tcp(Ipv4Addr::LOCALHOST.into(), 0)],
        peers: peers.iter().map(|it| (*it).clone()).collect(),
        mdns: false,
        kad: false,
        memory_bytes_max: 8 << 30,
        ..P2pConfig::default()
    };
    let clock = Arc::new(|| Clock.now());
    let mut net = aegis_net::start(config, identity, clock).await.unwrap();
    loop {
        if let Some(NetEvent::Listening { address }) = net.events_rx.recv().await {
            let address = PeerAddress::new(identity.node_id(), &address);
            return (net, address);
        }
    }
}

/// Keeps records as a store would: here, the announcements alone, one file for each.
async fn record(mut records_rx: mpsc::Receiver<FileRecords>, dir: PathBuf) {
    std::fs::create_dir_all(&dir).unwrap();
    while let Some(FileRecords { records, done_tx }) = records_rx.recv().await {
        for record in records {
            let path = |file: FileId, author: NodeId| dir.join(format!("{file}-{author}"));
            if let Record::FileAnnounced(it) = &record {
                let path = path(it.offer().file, it.offer().author);
                std::fs::write(path, &it.wire()[..]).unwrap();
            } else if let Record::FileAnnouncementGone { file, author } = record {
                drop(std::fs::remove_file(path(file, author)));
            }
        }
        if let Some(done_tx) = done_tx {
            let _ = done_tx.send(true);
        }
    }
}

fn announced(dir: &Path) -> Vec<Arc<Announcement>> {
    let entries = std::fs::read_dir(dir.join("records"));
    let paths = entries.into_iter().flatten().map(|it| it.unwrap().path());
    let decode = |path| aegis_net::file::decode(&std::fs::read(path).unwrap()).unwrap();
    paths.map(|it| Arc::new(decode(it))).collect()
}

/// Looks until there is something to return; fails, naming `what`, where it takes too long.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let search = async {
        let mut looks = interval(Duration::from_millis(20));
        loop {
            looks.tick().await;
            if let Some(found) = look().await {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(DEADLINE, search).await;
    found.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

fn dirs<const N: usize>() -> [TempDir; N] {
    std::array::from_fn(|_| tempfile::tempdir().unwrap())
}

/// Returns bytes of which no two chunks are alike.
fn content(bytes: u64, seed: u8) -> Vec<u8> {
    let byte = |it: u64| (it ^ (it / CHUNK_BYTES) ^ u64::from(seed)) as u8;
    (0..bytes).map(byte).collect()
}

#[tokio::test]
async fn a_file_is_heard_of_fetched_and_given_out_as_it_was() {
    let [a_dir, b_dir] = dirs();
    let a = TestNode::start(a_dir.path(), &[]).await;
    let b = TestNode::start(b_dir.path(), &[&a.address]).await;
    let bytes = content(5 * CHUNK_BYTES + 17, 1);
    let shared = a.share(&bytes, FileSeverity::Critical, 600).await;
    assert!(shared.own && shared.state == FileState::Kept && shared.chunks == 6);
    b.until("b has heard of it", |it| it.len() == 1).await;
    let offered = b.client.file(shared.file).await.unwrap();
    assert_eq!(
        (offered.author, offered.state),
        (a.identity.node_id(), FileState::Offered)
    );
    assert!(matches!(
        b.client.file_content(shared.file).await,
        Err(ClientError::Refused(_))
    ));
    b.client.fetch_file(shared.file).await.unwrap();
    b.until_kept(shared.file).await;
    assert_eq!(b.content(shared.file).await, bytes);
    assert_eq!(a.content(shared.file).await, bytes);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn what_matters_little_is_told_at_meeting_by_its_author_alone() {
    let [a_dir, b_dir, c_dir] = dirs();
    let a = TestNode::start(a_dir.path(), &[]).await;
    let shared = a.share(b"little", FileSeverity::Minor, 600).await;
    let more = a.share(b"more", FileSeverity::Major, 600).await;
    let b = TestNode::start(b_dir.path(), &[&a.address]).await;
    b.until("b has met the author", |it| it.len() == 2).await;
    let c = TestNode::start(c_dir.path(), &[&b.address]).await;
    c.until("c has met b", |it| it.iter().any(|it| it.file == more.file))
        .await;
    // It came in one piece with what else b may tell.
    let page = c.client.files(PageQuery::default()).await.unwrap();
    assert!(page.items.iter().all(|it| it.file != shared.file));
    for node in [a, b, c] {
        node.stop().await;
    }
}

#[tokio::test]
async fn a_file_that_is_taken_back_or_over_is_gone_everywhere() {
    let [a_dir, b_dir] = dirs();
    let a = TestNode::start(a_dir.path(), &[]).await;
    let b = TestNode::start(b_dir.path(), &[&a.address]).await;
    let kept = a.share(b"kept", FileSeverity::Critical, 600).await.file;
    b.until("b has heard of it", |it| it.len() == 1).await;
    b.client.fetch_file(kept).await.unwrap();
    b.until_kept(kept).await;
    let forgotten = a.client.forget_file(kept).await.unwrap();
    assert!(forgotten.was_here && forgotten.was_withdrawn);
    b.until("b has let it go", |it| it.is_empty()).await;
    let brief = a.share(b"brief", FileSeverity::Critical, 2).await.file;
    b.client.fetch_file(brief).await.ok(); // where b has heard of it already
    for (node, dir) in [(&a, &a_dir), (&b, &b_dir)] {
        node.until("it is over", |it| it.is_empty()).await;
        until("its bytes are gone", async || {
            let left = std::fs::read_dir(dir.path().join("files")).unwrap();
            (left.count() == 0).then_some(())
        })
        .await;
    }
    // Shared anew it is news again.
    a.share(b"kept", FileSeverity::Critical, 600).await;
    b.until("b has heard of it anew", |it| it.len() == 1).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn limits_and_organisations_are_refused_and_nothing_is_shared() {
    let [dir] = dirs();
    let node = TestNode::start(dir.path(), &[]).await;
    let refused = async |request: &ShareRequest, bytes: u64| {
        let content = std::io::Cursor::new(content(bytes, 1));
        match node.client.share_file(request, content).await {
            Err(ClientError::Refused(error)) => error.code.as_str(),
            other => panic!("not refused: {other:?}"),
        }
    };
    let plain = request(FileSeverity::Minor, 600);
    let mut limited = plain.clone();
    limited.organisations = vec![node.identity.node_id().to_string().parse().unwrap()];
    assert_eq!(refused(&limited, 5).await, "unavailable");
    assert_eq!(refused(&plain, 64 * CHUNK_BYTES + 1).await, "too_large");
    assert_eq!(refused(&plain, 0).await, "invalid_request");
    let too_long = request(FileSeverity::Minor, 367 * 86_400);
    assert_eq!(refused(&too_long, 5).await, "invalid_request");
    for number in 0..3 {
        node.share(&[number], FileSeverity::Minor, 600).await;
    }
    assert_eq!(refused(&plain, 5).await, "table_full");
    node.until("three are shared", |it| it.len() == 3).await;
    until("nothing else is left", async || {
        let left = std::fs::read_dir(dir.path().join("files")).unwrap();
        (left.count() == 6).then_some(())
    })
    .await;
    node.stop().await;
}

/// A holder that says what it has of a file, and serves as `serve` says.
async fn holder(
    identity: Identity,
    to: PeerAddress,
    (manifest, has): (Arc<Manifest>, ChunkSet),
    serve: impl Fn(u32) -> FileReply + Send + 'static,
) {
    let (mut net, _) = network(&identity, &[&to]).await;
    while let Some(event) = net.file_events_rx.recv().await {
        let FileEvent::Asked { request, query, .. } = event else {
            continue;
        };
        let reply = match query {
            FileQuery::Announce(_) => FileReply::Heard,
            FileQuery::List(_) => FileReply::Announcements(Vec::new(), false),
            FileQuery::Manifest(_) => FileReply::Manifest(Arc::clone(&manifest)),
            FileQuery::Have(_) => FileReply::Have(has.clone()),
            FileQuery::Chunk(_, chunk) => serve(chunk),
        };
        let command = NetCommand::File(FileCommand::Reply { request, reply });
        net.commands_tx.send(command).await.unwrap();
    }
}

fn manifest_of(bytes: &[u8]) -> Arc<Manifest> {
    let size = FileSize::new(bytes.len() as u64).unwrap();
    let hashes = bytes.chunks(CHUNK_BYTES as usize).map(ChunkHash::of);
    Arc::new(Manifest::new(size, hashes.collect()).unwrap())
}

#[tokio::test]
async fn a_holder_that_serves_wrong_bytes_is_the_culprit_and_the_file_is_right() {
    let [a_dir, b_dir] = dirs();
    let a = TestNode::start(a_dir.path(), &[]).await;
    let mut b = TestNode::start(b_dir.path(), &[&a.address]).await;
    let bytes = content(20 * CHUNK_BYTES, 3);
    let liar = Identity::generate();
    let culprit = liar.node_id();
    let wrong = |_| FileReply::Chunk(vec![0; CHUNK_BYTES as usize]);
    let mut liars = JoinSet::new();
    let whole = (manifest_of(&bytes), ChunkSet::all(20));
    liars.spawn(holder(liar, b.address.clone(), whole, wrong));
    let joined = until("the liar is connected", async || {
        match b.net_events_rx.try_recv() {
            Ok(NetEvent::PeerConnected { peer, .. }) if peer == culprit => Some(()),
            _ => None,
        }
    });
    joined.await;
    let shared = a.share(&bytes, FileSeverity::Critical, 600).await;
    b.until("b has heard of it", |it| it.len() == 1).await;
    b.client.fetch_file(shared.file).await.unwrap();
    b.until_kept(shared.file).await;
    assert_eq!(b.content(shared.file).await, bytes);
    let blamed = until("somebody is blamed", async || {
        match b.net_events_rx.try_recv() {
            Ok(NetEvent::Misbehaved { peer, misbehaviour }) => Some((peer, misbehaviour)),
            _ => None,
        }
    });
    assert_eq!(blamed.await, (culprit, Misbehaviour::WrongBytes));
    liars.abort_all();
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_fetch_that_was_cut_off_goes_on_with_what_it_has() {
    let [a_dir, b_dir] = dirs();
    let a = TestNode::start(a_dir.path(), &[]).await;
    let bytes = content(40 * CHUNK_BYTES, 4);
    let manifest = manifest_of(&bytes);
    let shared = a.share(&bytes, FileSeverity::Critical, 600).await;
    let mut b = TestNode::start(b_dir.path(), &[&a.address]).await;
    b.until("b has heard of it", |it| it.len() == 1).await;
    // The author leaves; somebody is there who has the first ten chunks.
    a.stop().await;
    let half = bytes.clone();
    let serve = move |chunk: u32| {
        let chunk = half.chunks(CHUNK_BYTES as usize).nth(chunk as usize);
        FileReply::Chunk(chunk.unwrap().to_vec())
    };
    let mut first = ChunkSet::none(40);
    for chunk in 0..10 {
        first.insert(chunk);
    }
    let mut holders = JoinSet::new();
    let part = (manifest, first);
    holders.spawn(holder(Identity::generate(), b.address.clone(), part, serve));
    b.client.fetch_file(shared.file).await.unwrap();
    b.until("some of it is here", |it| {
        it.iter().any(|it| it.chunks_here == 10)
    })
    .await;
    holders.abort_all();
    // As by a crash: nothing is told to stop.
    b.tasks.abort_all();
    while b.tasks.join_next().await.is_some() {}
    b.net.stop(DEADLINE).await.unwrap();
    drop(std::fs::remove_file(b_dir.path().join("control.sock")));

    let b = TestNode::start(b_dir.path(), &[]).await;
    b.until("it remembers", |it| {
        it.iter()
            .any(|it| it.state == FileState::Fetching && it.chunks_here == 10)
    })
    .await;
    let a = TestNode::start(a_dir.path(), &[&b.address]).await;
    b.until_kept(shared.file).await;
    assert_eq!(b.content(shared.file).await, bytes);
    assert!(!b.commands_tx.is_closed());
    a.stop().await;
    b.stop().await;
}
