//! Completions know the words.

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use super::completions;
use crate::Command;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    _command: Words,
}

#[derive(Subcommand)]
enum Words {
    #[command(flatten)]
    _Command(Command),
    #[command(hide = true)]
    Inner,
}

#[test]
fn every_shell_learns_the_words_and_their_values() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut script = Vec::new();
        let command = <Cli as clap::CommandFactory>::command();
        completions(shell, &command, "aegis", &mut script).expect("writes to memory");
        let script = String::from_utf8(script).expect("text");
        assert!(!script.contains("inner"), "{shell}: what no help lists");
        for word in [
            "unblock",
            "withdraw",
            "spoofable",
            "trust",
            "forget",
            "fixed",
            "revoke",
            "describe",
            "publisher",
            "ticket",
            "uses",
        ] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
