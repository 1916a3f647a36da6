//! What one CPU may do within a jiffy and within a second.
//!
//! Answers are bounded so that nobody makes a reflector of this host, checks so that cookies
//! cannot be guessed in numbers, reports so that user space is not kept busy.

use aegis_abi::cookie::{CookieBudget, CookieConfig};

use super::table::COOKIE_BUDGET;

/// The account of the CPU we run on.
#[derive(Clone, Copy)]
pub(super) struct Budget(*mut CookieBudget);

impl Budget {
    #[inline(always)]
    pub(super) fn here() -> Option<Self> {
        COOKIE_BUDGET.get_ptr_mut(0).map(Self)
    }

    #[inline(always)]
    pub(super) fn may_answer(self, config: &CookieConfig, now: u64) -> bool {
        self.begin_tick(now);
        // SAFETY: the account is this CPU's own, and no other program runs on it meanwhile.
        take(unsafe { &mut (*self.0).answers }, config.answers_max)
    }

    #[inline(always)]
    pub(super) fn may_check(self, config: &CookieConfig, now: u64) -> bool {
        self.begin_tick(now);
        // SAFETY: as above.
        take(unsafe { &mut (*self.0).checks }, config.checks_max)
    }

    #[inline(always)]
    pub(super) fn may_report(self, config: &CookieConfig, now: u64) -> bool {
        // SAFETY: as above.
        let account = unsafe { &mut *self.0 };
        if now.wrapping_sub(account.second) >= config.second {
            account.second = now;
            account.reports = 0;
        }
        take(&mut account.reports, config.reports_max)
    }

    #[inline(always)]
    fn begin_tick(self, now: u64) {
        // SAFETY: as above.
        let account = unsafe { &mut *self.0 };
        if account.tick != now {
            account.tick = now;
            account.answers = 0;
            account.checks = 0;
        }
    }
}

#[inline(always)]
fn take(taken: &mut u32, max: u32) -> bool {
    let is_left = *taken < max;
    if is_left {
        *taken += 1;
    }
    is_left
}
