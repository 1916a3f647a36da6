//! The page as a browser has it: a scripted node behind the real server, and a real Chromium.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod browser;
mod hostile;
mod keyboard;
mod node;
mod screens;
mod served;
mod server;
mod speed;
