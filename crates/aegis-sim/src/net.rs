//! Networks of nodes on simulated time: whether they come to hold the same alerts, and how fast
//! one spreads.
//!
//! `world` drives real Engines through an event queue, `heal` plays partitions, loss, restarts,
//! skewed clocks and hostile nodes against them and says what must hold, `spread` models gossip
//! among thousands.

pub mod heal;
pub mod link;
mod node;
pub mod sets;
pub mod spread;
pub mod table;
mod world;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Does `count` jobs on `threads` threads; returns their results in order. `progress` hears how
/// many are done.
pub fn play<T: Send>(
    count: usize,
    threads: usize,
    job: &(dyn Fn(usize) -> T + Sync),
    progress: &(dyn Fn(usize) + Sync),
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(count));
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return;
            }
            let result = job(place);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, result));
            progress(done.len());
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests;
