//! The watch on this machine's own network, with files of the test's own.

use std::fs;

use futures::FutureExt;
use tokio::time::timeout;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn knows_the_loopback_address_from_the_start() {
    let root = tempfile::tempdir().unwrap();
    let (_watch, facts) = HostWatch::start_with(Sources::under(root.path()))
        .await
        .unwrap();
    assert!(
        facts.own.contains(&IpAddr::from([127, 0, 0, 1])),
        "{facts:?}"
    );
    assert!(
        facts.resolvers.is_empty() && facts.sessions.is_empty(),
        "{facts:?}"
    );
}

#[tokio::test]
async fn tells_a_changed_file_though_the_wait_is_cancelled_again_and_again() {
    let root = tempfile::tempdir().unwrap();
    let sources = Sources::under(root.path());
    let (mut watch, _) = HostWatch::start_with(sources.clone()).await.unwrap();
    fs::create_dir_all(sources.resolv_conf.parent().unwrap()).unwrap();
    fs::write(&sources.resolv_conf, "nameserver 192.0.2.53\n").unwrap();
    let expected = BTreeSet::from([IpAddr::from([192, 0, 2, 53])]);
    let told = timeout(DEADLINE, async {
        loop {
            watch.is_stale = true; // so that a dump is what gets cancelled
            if let Ok(facts) = timeout(Duration::from_micros(10), watch.changed()).await
                && facts.resolvers == expected
            {
                return facts;
            }
        }
    });
    let facts = told.await.unwrap();
    assert!(
        facts.own.contains(&IpAddr::from([127, 0, 0, 1])),
        "{facts:?}"
    );
    assert_eq!(watch.told, facts);
}

#[tokio::test]
async fn a_cancelled_dump_goes_on_where_it_stood() {
    let root = tempfile::tempdir().unwrap();
    let (mut watch, facts) = HostWatch::start_with(Sources::under(root.path()))
        .await
        .unwrap();
    for _ in 0..100 {
        drop(watch.survey().now_or_never()); // polled once, then cancelled
        tokio::task::yield_now().await;
    }
    let network = timeout(DEADLINE, watch.survey()).await.unwrap().unwrap();
    assert!(network.own.is_superset(&facts.own), "{network:?}");
}
