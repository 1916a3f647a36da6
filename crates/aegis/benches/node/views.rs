//! What somebody who watches a large node waits for and costs: a hundred thousand blocks in its
//! kernel, a thousand peers that it met.
//!
//! `aegis top` runs in a real terminal and shows each view in turn; the page is asked for as
//! programs and browsers ask for it. Both are of the same build as the node.

mod crowd;
mod page;
mod scene;
mod top;

#[expect(
    clippy::expect_used,
    reason = "a browser that fails ends the benchmark"
)]
#[expect(
    clippy::print_stderr,
    reason = "where there is no browser, that is said"
)]
#[expect(
    dead_code,
    reason = "the page's tests, whose browser this is, use all of it"
)]
#[path = "../../../aegis-page/tests/page/browser.rs"]
mod browser;
#[expect(dead_code, reason = "the tests whose terminal this is use all of it")]
#[path = "../../tests/support/terminal.rs"]
mod terminal;

pub(crate) use crowd::play_crowd;

pub(super) use page::run as page;
pub(super) use top::{live, run as top};
