//! `orgsig`: makes organisation keys and signs peers the way Iris' tool of this name does.
//!
//! Flags, questions, what is printed and the exit codes are those that users of Iris and their
//! scripts know, with single dashes as Go writes them. Beyond those it can check a signature. Unlike
//! the original it lets nobody but their owner read the keys that it writes.

mod flags;

use std::{
    io::{self, BufRead as _, Write},
    path::Path,
    process::ExitCode,
};

use aegis_core::NodeId;
use aegis_net::organisation::{OrganisationKey, iris_sign, iris_verify};
use anyhow::{Context as _, anyhow, bail};

use flags::{Flags, Parsed, USAGE};

/// The version whose behaviour this is.
const VERSION: &str = "v0.0.1";

/// The longest line that is read as a peer ID.
const LINE_BYTES_MAX: u64 = 1024;

/// How it ended, and the exit code that says so.
#[derive(Clone, Copy)]
enum Failure {
    /// Neither a key is to be saved nor a peer to be signed.
    NothingToDo = 1,
    /// A new key would be lost. Flags that cannot be read end so as well, as in every Go program.
    NoPlaceForKey = 2,
    /// The key cannot be read.
    Key = 3,
    /// What is to be signed is no peer ID.
    Peer = 4,
    /// The key cannot be written, or the answer not printed.
    Output = 6,
    /// The signature is not the organisation's of this peer. The original has no such end.
    Signature = 7,
}

type Done<T> = Result<T, (Failure, anyhow::Error)>;

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    let mut out = io::stdout();
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words.map(|it| it.to_string_lossy().into_owned()).collect();
    match run(&words, &mut io::stdin().lock(), &mut out) {
        Ok(code) => code,
        Err((failure, error)) => {
            // Nothing better can be done where this cannot be written; the code tells as well.
            let _ = writeln!(out, "{error:#}");
            ExitCode::from(failure as u8)
        }
    }
}

fn run(words: &[String], input: &mut dyn io::BufRead, out: &mut dyn Write) -> Done<ExitCode> {
    let print = |out: &mut dyn Write, text: &str| {
        let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        printed.map_err(|it| (Failure::Output, it.into()))
    };
    print(out, &format!("Running {VERSION} orgsig\n\n"))?;
    let flags = match Flags::parse(words) {
        Parsed::Flags(flags) => flags,
        Parsed::Help => {
            // As in Go, help goes where complaints go.
            let _ = io::stderr().write_all(USAGE.as_bytes());
            return Ok(ExitCode::SUCCESS);
        }
        Parsed::Wrong(complaint) => {
            let _ = writeln!(io::stderr(), "{complaint}\n{}", USAGE.trim_end());
            return Ok(ExitCode::from(2));
        }
    };
    if let Some(signature) = &flags.verify_signature {
        verify(&flags, signature)?;
        print(out, "Signature is the organisation's\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let key = key(&flags)?;
    let mut answer = String::from("\n");
    if flags.sign_peer {
        let peer = match flags.peer_id.as_str() {
            "" => {
                print(out, "Peer ID to sign:\n> ")?;
                ask(input)?
            }
            text => text.to_owned(),
        };
        let peer = peer_id(&peer)?;
        let signature = iris_sign(&peer, &key);
        answer.push_str(&format!("Peer's signature:\n{signature}\n\n"));
    }
    if !flags.save_key_path.is_empty() {
        let path = &flags.save_key_path;
        let saved = key.save_over(Path::new(path));
        saved.map_err(|it| (Failure::Output, it.into()))?;
        answer.push_str(&format!(
            "Saved organisation private key to path:\n\t{path}\n"
        ));
    }
    let id = key.id();
    answer.push_str(&format!("Organisation's ID (public-key):\n\t{id}\n\n"));
    answer.push_str("Finished...\n");
    print(out, &answer)?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the organisation's key, or makes one.
fn key(flags: &Flags) -> Done<OrganisationKey> {
    let saves = !flags.save_key_path.is_empty();
    if !saves && !flags.sign_peer {
        let error = anyhow!(
            "Nothing to do. At least one of 'save-key-path' or 'sign-peer' flags must be set. \
             Run '--help' for more information"
        );
        return Err((Failure::NothingToDo, error));
    }
    if !flags.load_key_path.is_empty() {
        let key = OrganisationKey::load_as_iris(Path::new(&flags.load_key_path));
        return key.map_err(|it| (Failure::Key, it.into()));
    }
    if !saves {
        let error =
            anyhow!("--save-key-path must be set when generating new organisation private key");
        return Err((Failure::NoPlaceForKey, error));
    }
    Ok(OrganisationKey::generate())
}

fn verify(flags: &Flags, signature: &str) -> Done<()> {
    let organisation = flags.org_id.parse().context("organisation ID");
    let organisation = organisation.map_err(|it| (Failure::Peer, it))?;
    let peer = peer_id(&flags.peer_id)?;
    let verified = iris_verify(&organisation, &peer, signature);
    verified.map_err(|it| (Failure::Signature, it.into()))
}

fn peer_id(text: &str) -> Done<NodeId> {
    let peer = text.parse().with_context(|| format!("peer ID {text:?}"));
    peer.map_err(|it| (Failure::Peer, it))
}

fn ask(input: &mut dyn io::BufRead) -> Done<String> {
    let read = || -> anyhow::Result<String> {
        let mut line = String::new();
        io::Read::take(input, LINE_BYTES_MAX).read_line(&mut line)?;
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            bail!("no peer ID was given");
        }
        Ok(line.to_owned())
    };
    read().map_err(|it| (Failure::Peer, it))
}

#[cfg(test)]
mod tests;
