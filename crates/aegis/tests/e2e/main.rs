//! The whole program on a real kernel and a real network: daemons, consoles, attackers and bad
//! peers as processes of their own, in network namespaces that each test makes for itself.
//!
//! Without root every test says loudly that it is skipped; `AEGIS_REQUIRE_KERNEL=1` makes that a
//! failure.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]
#![expect(
    clippy::print_stderr,
    reason = "a test says why it is skipped, and what it measured"
)]
#![expect(
    clippy::print_stdout,
    reason = "a bad peer says to its test what it saw"
)]

mod agreement;
mod alone;
mod cookies;
mod direct;
mod export;
mod fail2ban;
mod feed;
mod files;
mod hostile;
mod ids;
mod interface;
mod kill;
mod lab;
mod lockout;
mod log_latency;
mod logs;
mod mode;
mod monitored;
mod names;
mod newcomer;
mod nft;
mod notified;
mod notify;
mod order_latency;
mod organisation;
mod place;
mod privileges;
mod reached;
mod refusal;
mod replay;
mod restart;
mod routers;
mod sealed;
mod share;
mod subscription;
mod summary;
mod support;
mod suricata_attacks;
mod suricata_lists;
mod sync;
mod terminals;
mod ticket;
mod top;
mod traffic;
mod trust;
