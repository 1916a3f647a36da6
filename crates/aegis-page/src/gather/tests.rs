//! What was gathered serves for a while, and is gathered once however many look.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use super::Cached;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn it_is_gathered_once_for_all_who_look() {
    let (cached, asked) = (
        Arc::new(Cached::<usize>::default()),
        Arc::new(AtomicUsize::new(0)),
    );
    for _ in 0..3 {
        let asked = Arc::clone(&asked);
        let gathered = cached.value(HOUR, |_| async move {
            Some(asked.fetch_add(1, Ordering::Relaxed) + 1)
        });
        let gathered = gathered.await;
        assert_eq!((*gathered.value, gathered.is_whole), (1, true));
    }
    cached.forget_age();
    let gathered = cached
        .value(HOUR, |was| async move { Some(*was + 1) })
        .await;
    assert_eq!((*gathered.value, gathered.is_whole), (2, true));
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_long_is_given_what_was_there() {
    let (cached, gate) = (
        Arc::new(Cached::<usize>::default()),
        Arc::new(Notify::new()),
    );
    let waiting = Arc::clone(&gate);
    let gathered = cached.value(HOUR, |_| async move {
        waiting.notified().await;
        Some(7)
    });
    assert!(!gathered.await.is_whole);
    gate.notify_one();
    let gathered = cached.value(HOUR, |_| async { None }).await;
    assert_eq!((*gathered.value, gathered.is_whole), (7, true));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_gathered_stays_what_it_was() {
    let cached = Arc::new(Cached::<usize>::default());
    let gathered = cached.value(HOUR, |_| async { None }).await;
    assert_eq!((*gathered.value, gathered.is_whole), (0, false));
    let gathered = cached.value(HOUR, |_| async { Some(1) }).await;
    assert_eq!((*gathered.value, gathered.is_whole), (1, true));
}
