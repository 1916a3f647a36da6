//! The page as a browser has it: a scripted node behind the real server, and a real Chromium.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a script answers what it knows"
)]

mod browser;
mod hostile;
mod keyboard;
mod live;
mod node;
mod screens;
mod served;
mod server;
mod speed;
