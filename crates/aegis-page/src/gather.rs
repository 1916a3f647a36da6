//! What is counted over more than one answer of the node: gathered in a task of its own, in pages,
//! and kept for some seconds. However many look, the node is asked once.

mod almanac;
mod register;

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use aegis_api::{Caller, Control};

use crate::desk::Desk;

use almanac::refresh_almanac;
pub(crate) use almanac::{Almanac, HOUR, Hour, Place, number};
pub(crate) use register::{Filter, Order, Register, Row, refresh_register};

/// How old the almanac may be.
const ALMANAC_AGE_MAX: Duration = Duration::from_secs(4);

/// How long a view waits for something to be gathered anew before it shows what was there before.
const WAIT_MAX: Duration = Duration::from_millis(400);

/// Something that takes a while to gather.
pub(crate) struct Cached<T> {
    kept: watch::Sender<Kept<T>>,
    is_gathering: AtomicBool,
}

#[derive(Debug)]
struct Kept<T> {
    value: Arc<T>,
    gathered_at: Option<Instant>,
}

/// What was gathered, and whether that is all as it is now.
pub(crate) struct Gathered<T> {
    pub(crate) value: Arc<T>,
    pub(crate) is_whole: bool,
}

impl<T: Default> Default for Cached<T> {
    fn default() -> Self {
        let kept = Kept {
            value: Arc::default(),
            gathered_at: None,
        };
        Self {
            kept: watch::Sender::new(kept),
            is_gathering: AtomicBool::new(false),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how old an answer is concerns nothing but the page; what gathers ends with its answer"
)]
impl<T: Send + Sync + 'static> Cached<T> {
    /// Returns what was gathered within `age_max`, gathered anew from what was there where it is older.
    /// Who would wait long is given what was there.
    pub(crate) async fn value<F>(
        self: &Arc<Self>,
        age_max: Duration,
        gather: impl FnOnce(Arc<T>) -> F,
    ) -> Gathered<T>
    where
        F: Future<Output = Option<T>> + Send + 'static,
    {
        let mut kept_rx = self.kept.subscribe();
        if !is_fresh(&kept_rx.borrow(), age_max) && !self.is_gathering.swap(true, Ordering::AcqRel)
        {
            let gathered = gather(Arc::clone(&kept_rx.borrow().value));
            let cached = Gathering(Arc::clone(self));
            tokio::spawn(async move {
                if let Some(value) = gathered.await {
                    let kept = Kept {
                        value: Arc::new(value),
                        gathered_at: Some(Instant::now()),
                    };
                    cached.0.kept.send_replace(kept);
                }
            });
        }
        let fresh = kept_rx.wait_for(|it| is_fresh(it, age_max));
        let is_whole = matches!(timeout(WAIT_MAX, fresh).await, Ok(Ok(_)));
        let value = Arc::clone(&kept_rx.borrow().value);
        Gathered { value, is_whole }
    }

    /// Has it gathered anew when somebody looks next.
    pub(crate) fn forget_age(&self) {
        self.kept.send_modify(|it| it.gathered_at = None);
    }
}

/// Returns what happened hour by hour, as it was some seconds ago at most.
pub(crate) async fn almanac<C: Control>(desk: &Desk<C>, caller: Caller) -> Gathered<Almanac> {
    let (control, now) = (desk.control.clone(), desk.now());
    let gather =
        |known: Arc<Almanac>| refresh_almanac((control, caller), now, Almanac::clone(&known));
    desk.almanac.value(ALMANAC_AGE_MAX, gather).await
}

fn is_fresh<T>(kept: &Kept<T>, age_max: Duration) -> bool {
    kept.gathered_at.is_some_and(|at| at.elapsed() < age_max)
}

/// Something is being gathered; that is over when this is dropped, however that comes.
struct Gathering<T>(Arc<Cached<T>>);

impl<T> Drop for Gathering<T> {
    fn drop(&mut self) {
        self.0.is_gathering.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests;
