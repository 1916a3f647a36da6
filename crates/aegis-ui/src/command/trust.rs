//! What `trust` takes: a peer, or what to change of the trust in one.

use aegis_api::{Confidence, NodeId};
use clap::{ArgMatches, Args, Error, FromArgMatches, Subcommand, error::ErrorKind};

use super::parse;

/// What `trust` takes.
#[derive(Clone, Debug, PartialEq)]
pub enum TrustArgs {
    /// Nothing: all peers are listed.
    List,
    /// A peer to tell about.
    Show(PeerArg),
    /// A change.
    Change(TrustCommand),
}

/// What can be changed of the trust in a peer.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum TrustCommand {
    /// Say how far a peer is trusted in advance, in place of what the preset says
    Set {
        /// Peer: its ID, or 4 or more characters that only this ID starts or ends with
        #[arg(value_parser = parse::peer)]
        peer: PeerArg,
        /// How far: 0 not at all, 1 wholly
        #[arg(value_name = "0..1", value_parser = parse::trust, allow_negative_numbers = true)]
        trust: Confidence,
        /// Let it stay so, whatever the peer does
        #[arg(long)]
        fixed: bool,
    },
    /// Forget what a peer did and what was said of its trust; it starts anew
    Forget {
        /// Peer: its ID, or 4 or more characters that only this ID starts or ends with
        #[arg(value_parser = parse::peer)]
        peer: PeerArg,
    },
}

/// A peer as people name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PeerArg {
    /// By its ID.
    Id(NodeId),
    /// By what its ID starts or ends with: letters and digits of such IDs, nothing else.
    Part(String),
}

/// What was written, before it is known to make sense together.
///
/// clap could refuse arguments beside a subcommand by itself, but would count `--json` as one.
#[derive(Args)]
struct RawTrustArgs {
    /// Peer: its ID, or 4 or more characters that only this ID starts or ends with; leave it out
    /// to list all
    #[arg(value_parser = parse::peer)]
    peer: Option<PeerArg>,
    #[command(subcommand)]
    change: Option<TrustCommand>,
}

impl Args for TrustArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        RawTrustArgs::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        RawTrustArgs::augment_args_for_update(command)
    }
}

impl FromArgMatches for TrustArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let RawTrustArgs { peer, change } = RawTrustArgs::from_arg_matches(matches)?;
        match (peer, change) {
            (None, None) => Ok(Self::List),
            (Some(peer), None) => Ok(Self::Show(peer)),
            (None, Some(change)) => Ok(Self::Change(change)),
            (Some(_), Some(_)) => Err(Error::raw(
                ErrorKind::ArgumentConflict,
                "the peer comes behind `set` or `forget`, and nothing before",
            )),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
