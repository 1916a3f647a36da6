//! The AEGIS node: configuration, the daemon that owns the Engine, the command line, the lab.

pub mod cli;
pub mod config;
pub mod daemon;
pub mod foreground;
pub mod import;
pub mod lab;
pub mod orgsig;
mod private_file;
mod tickets;
