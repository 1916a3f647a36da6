//! What people write is read as they mean it, and what they cannot mean is refused by name.

use aegis_api::{BlockDuration, BlockRequest, Confidence, Evidence, NodeId, PublishRequest};
use clap::{CommandFactory, Parser, error::ErrorKind};

use super::{ClientArgs, Command, PeerArg, TrustArgs, TrustCommand, parse_duration_secs};
use crate::Format;

#[derive(Debug, Parser)]
#[command(name = "aegis", term_width = 80)]
struct Cli {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: Command,
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn block_takes_what_its_lineage_took() {
    let request = block("block 192.168.1.100 300 syn_flood 9");
    assert_eq!(request.indicator.to_string(), "192.168.1.100");
    assert_eq!(request.duration_secs.as_secs(), 300);
    assert_eq!(request.threat_type.as_str(), "syn_flood");
    assert_eq!(request.severity.value(), 9);
    assert_eq!((request.publish, request.force), (true, false));
    assert_eq!((request.evidence, request.description), (None, None));
}

#[test]
fn type_and_severity_have_defaults() {
    let request = block("block 2001:db8::/48 15m");
    assert_eq!(request.duration_secs.as_secs(), 900);
    assert_eq!(request.threat_type.as_str(), "brute_force");
    assert_eq!(request.severity.value(), 7);
}

#[test]
fn flags_say_what_they_say() {
    let request = block("block 1.2.3.4 1d spam 1 --local --force --evidence spoofable");
    assert_eq!((request.publish, request.force), (false, true));
    assert_eq!(request.evidence, Some(Evidence::Spoofable));
    let Command::Publish(args) = parse("publish 1.2.3.4 60 --evidence verified").command else {
        panic!("not a publish");
    };
    let request = PublishRequest::from(args);
    assert_eq!(request.evidence, Some(Evidence::Verified));
}

#[test]
fn trust_is_shown_set_and_forgotten() {
    let id = NodeId::from_public_key([7; 32]);
    let set = |trust, fixed| TrustCommand::Set {
        peer: PeerArg::Id(id),
        trust: Confidence::new(trust).expect("within bounds"),
        fixed,
    };
    for (line, expected) in [
        ("trust".to_owned(), TrustArgs::List),
        (format!("trust {id}"), TrustArgs::Show(PeerArg::Id(id))),
        (
            "trust 68Gyt".to_owned(),
            TrustArgs::Show(PeerArg::Part("68Gyt".into())),
        ),
        (
            format!("trust set {id} 0"),
            TrustArgs::Change(set(0.0, false)),
        ),
        (
            format!("trust set {id} 0.5"),
            TrustArgs::Change(set(0.5, false)),
        ),
        (
            format!("--json trust set --fixed {id} 1 --socket a/b"),
            TrustArgs::Change(set(1.0, true)),
        ),
        (
            format!("trust --json set {id} 1e-2"),
            TrustArgs::Change(set(0.01, false)),
        ),
        (
            format!("trust forget {id}"),
            TrustArgs::Change(TrustCommand::Forget {
                peer: PeerArg::Id(id),
            }),
        ),
    ] {
        assert_eq!(parse(&line).command, Command::Trust(expected), "{line}");
    }
}

#[test]
fn a_trust_or_a_peer_that_cannot_be_is_refused_by_name() {
    let value = ErrorKind::ValueValidation;
    for trust in ["-0.01", "1.01", "nan", "inf", "half", "50%", "0,5"] {
        refused(
            &format!("trust set 68Gyt {trust}"),
            value,
            "'<0..1>': must be a number from 0 to 1",
        );
    }
    let long = "z".repeat(53);
    for peer in ["Gyt", "12D0", "12DI", "12Dl", "12DO", "12D_", "1é23", &long] {
        for line in ["trust", "trust forget"] {
            refused(
                &format!("{line} {peer}"),
                value,
                "must be a peer ID, or at least 4 characters of its start or end",
            );
        }
    }
    refused(
        "trust set 68Gyt",
        ErrorKind::MissingRequiredArgument,
        "<0..1>",
    );
    refused("trust set", ErrorKind::MissingRequiredArgument, "<PEER>");
    refused("trust 68Gyt 0.5", ErrorKind::UnknownArgument, "0.5");
    refused(
        "trust 68Gyt forget 68Gyt",
        ErrorKind::ArgumentConflict,
        "the peer comes behind `set` or `forget`",
    );
    refused("ask", ErrorKind::MissingRequiredArgument, "<IP>");
    refused("ask 256.0.0.1", value, "'<IP>': not an IPv4 or IPv6");
}

#[test]
fn durations_have_units() {
    for (text, secs) in [
        ("0", Some(0)),
        ("300", Some(300)),
        ("90s", Some(90)),
        ("15m", Some(900)),
        ("2h", Some(7200)),
        ("1d", Some(86_400)),
        ("", None),
        ("s", None),
        ("-1", None),
        ("+1", None),
        ("1.5h", None),
        ("1w", None),
        ("1 h", None),
        ("1H", None),
        ("1é", None),
        ("1hh", None),
        ("99999999999999999999", None),
        ("300000000000000d", None),
    ] {
        assert_eq!(parse_duration_secs(text), secs, "{text}");
    }
}

#[test]
fn the_edges_of_every_limit() {
    assert_eq!(block("block 1.2.3.4").duration_secs.as_secs(), 3600);
    assert_eq!(block("block 1.2.3.4 1 a 1").duration_secs.as_secs(), 1);
    assert_eq!(
        block("block 1.2.3.4 86400 a 10").duration_secs,
        BlockDuration::MAX
    );
    let value = ErrorKind::ValueValidation;
    refused(
        "block 1.2.3.4 0",
        value,
        "'[DURATION]': must be 1 second to 24 hours",
    );
    refused(
        "block 1.2.3.4 86401",
        value,
        "must be 1 second to 24 hours (86400 s)",
    );
    refused("block 1.2.3.4 25h", value, "must be 1 second to 24 hours");
    refused("block 1.2.3.4 soon", value, "must be seconds, or like 90s");
    refused(
        "block 256.0.0.1 300",
        value,
        "'256.0.0.1' for '<IP>': not an IPv4 or IPv6",
    );
    refused(
        "block 1.2.3.0/33 300",
        value,
        "'<IP>': not an IPv4 or IPv6 address or prefix",
    );
    refused(
        "block 1.2.3.4 300 SYN",
        value,
        "'[TYPE]': threat type must be 1 to 64",
    );
    refused(
        "block 1.2.3.4 300 a 0",
        value,
        "'[SEVERITY]': must be 1 to 10",
    );
    refused(
        "block 1.2.3.4 300 a 11",
        value,
        "'[SEVERITY]': must be 1 to 10",
    );
    refused(
        "block 1.2.3.4 300 a 9.5",
        value,
        "'[SEVERITY]': must be 1 to 10",
    );
    refused(
        "allow 1.2.3.4 --for 0",
        value,
        "'--for <DURATION>': must be 1 second",
    );
    refused(
        "allow 1.2.3.4 --for 49711d",
        value,
        "must be 1 second to 49710 days",
    );
    let long = format!("block 1.2.3.4 300 --description {}", "x".repeat(513));
    refused(
        &long,
        value,
        "'--description <TEXT>': description must have at most 512 bytes",
    );
}

#[test]
fn what_is_missing_or_contradicts_is_refused() {
    refused("block", ErrorKind::MissingRequiredArgument, "<IP>");
    refused("check", ErrorKind::MissingRequiredArgument, "<IP>");
    refused("list 1.2.3.4", ErrorKind::UnknownArgument, "1.2.3.4");
    refused(
        "allow --remove",
        ErrorKind::MissingRequiredArgument,
        "<IP|NAME>",
    );
    refused(
        "allow --for 1d",
        ErrorKind::MissingRequiredArgument,
        "<IP|NAME>",
    );
    refused(
        "allow 1.2.3.4 --remove --for 1d",
        ErrorKind::ArgumentConflict,
        "--remove",
    );
    refused(
        "publish 1.2.3.4 60 --local",
        ErrorKind::UnknownArgument,
        "--local",
    );
    refused("blok 1.2.3.4 60", ErrorKind::InvalidSubcommand, "'block'");
    refused(
        "block 1.2.3.4 60 --evidence maybe",
        ErrorKind::InvalidValue,
        "spoofable, verified",
    );
}

#[test]
fn what_every_command_takes_may_stand_anywhere() {
    for line in ["--json --socket a/b list", "list --socket a/b --json"] {
        let cli = parse(line);
        assert_eq!(cli.client.format(), Format::Json);
        let client = cli.client.client("c/d".as_ref());
        assert_eq!(client.path(), std::path::Path::new("a/b"), "{line}");
    }
    let client = ClientArgs::default().client("c/d".as_ref());
    assert_eq!(client.path(), std::path::Path::new("c/d"));
}

#[test]
fn help_fits_eighty_columns() {
    let mut command = Cli::command();
    let mut help = command.render_help().to_string();
    for names in ["block", "allow", "trust", "trust set"] {
        let mut command = &mut command;
        for name in names.split(' ') {
            command = command.find_subcommand_mut(name).expect("a command");
        }
        let text = command.clone().term_width(80).render_help().to_string();
        help.push_str(&format!("\n----- {names}\n{text}"));
    }
    assert!(help.lines().all(|it| it.chars().count() <= 80), "{help}");
    insta::assert_snapshot!(help);
}

#[track_caller]
fn parse(line: &str) -> Cli {
    Cli::try_parse_from(words(line)).expect("can be understood")
}

#[track_caller]
fn block(line: &str) -> BlockRequest {
    let Command::Block(args) = parse(line).command else {
        panic!("not a block: {line}");
    };
    args.into()
}

#[track_caller]
fn refused(line: &str, kind: ErrorKind, says: &str) {
    let error = Cli::try_parse_from(words(line)).expect_err(line);
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.exit_code(), 2, "usage");
    assert!(error.to_string().contains(says), "{says}\n{error}");
}

fn words(line: &str) -> impl Iterator<Item = String> {
    std::iter::once("aegis")
        .chain(line.split(' '))
        .map(str::to_owned)
}
