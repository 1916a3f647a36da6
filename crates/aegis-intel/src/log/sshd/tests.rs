//! Messages of real servers, and those that somebody wishes were.

use proptest::prelude::*;

use super::*;
use SshKind::{Accepted, Failed, GaveUp, InvalidUser, Probe};

const ATTACKER: &str = "203.0.113.7";

/// Messages of somebody at 203.0.113.7, and what they say.
const SAID: [(&str, SshKind); 18] = [
    (
        "Failed password for root from 203.0.113.7 port 51234 ssh2",
        Failed,
    ),
    (
        "Failed password for invalid user admin from 203.0.113.7 port 1 ssh2",
        Failed,
    ),
    (
        "Failed keyboard-interactive/pam for root from 203.0.113.7 port 1 ssh2",
        Failed,
    ),
    (
        "error: maximum authentication attempts exceeded for root from 203.0.113.7 port 1 \
             ssh2 [preauth]",
        Failed,
    ),
    (
        "User root from 203.0.113.7 not allowed because not listed in AllowUsers",
        Failed,
    ),
    (
        "Invalid user admin from 203.0.113.7 port 51234",
        InvalidUser,
    ),
    ("Invalid user  from 203.0.113.7 port 51234", InvalidUser),
    ("Invalid user admin from 203.0.113.7", InvalidUser),
    (
        "Connection closed by authenticating user root 203.0.113.7 port 1 [preauth]",
        GaveUp,
    ),
    (
        "Connection closed by invalid user  203.0.113.7 port 1 [preauth]",
        GaveUp,
    ),
    (
        "Connection reset by invalid user a b c 203.0.113.7 port 1 [preauth]",
        GaveUp,
    ),
    (
        "Disconnecting authenticating user root 203.0.113.7 port 1: Too many authentication \
             failures [preauth]",
        GaveUp,
    ),
    ("Connection closed by 203.0.113.7 port 1 [preauth]", Probe),
    (
        "Did not receive identification string from 203.0.113.7 port 1",
        Probe,
    ),
    (
        "Unable to negotiate with 203.0.113.7 port 1: no matching host key type found. Their \
             offer: ssh-dss [preauth]",
        Probe,
    ),
    (
        "banner exchange: Connection from 203.0.113.7 port 1: invalid format",
        Probe,
    ),
    (
        "Accepted password for root from 203.0.113.7 port 1 ssh2",
        Accepted,
    ),
    (
        "Accepted publickey for root from 203.0.113.7 port 1 ssh2: ED25519 SHA256:abc/def+1",
        Accepted,
    ),
];

#[test]
fn what_servers_say_is_read() {
    for (message, kind) in SAID {
        let event = SshEvent::parse(message.as_bytes()).unwrap_or_else(|| panic!("{message}"));
        assert_eq!(
            (event.kind, event.address.to_string().as_str()),
            (kind, ATTACKER),
            "{message}"
        );
    }
    let v6 = SshEvent::parse(b"Failed password for root from 2001:db8::7 port 22 ssh2").unwrap();
    assert_eq!(v6.address, "2001:db8::7".parse::<IpAddr>().unwrap());
}

#[test]
fn what_is_no_attack_is_nothing() {
    for message in [
        "Connection closed by 203.0.113.7 port 1",
        "Disconnected from user root 203.0.113.7 port 1",
        "Received disconnect from 203.0.113.7 port 1:11: disconnected by user",
        "Failed publickey for root from 203.0.113.7 port 1 ssh2: RSA SHA256:abc",
        "Failed none for root from 203.0.113.7 port 1 ssh2",
        "pam_unix(sshd:auth): authentication failure; rhost=203.0.113.7 user=root",
        "pam_unix(sshd:session): session opened for user root(uid=0) by (uid=0)",
        "Server listening on 0.0.0.0 port 22.",
        "Failed password for root from localhost port 1 ssh2",
        "Failed password for root from 203.0.113.7 port 99999 ssh2",
        "Failed password for root from 203.0.113.7 port 1",
        "",
    ] {
        assert_eq!(SshEvent::parse(message.as_bytes()), None, "{message}");
    }
    assert_eq!(
        SshEvent::parse(b"Failed password for \xff from 203.0.113.7 port 1 ssh2"),
        None
    );
}

#[test]
fn a_message_that_the_server_may_have_cut_counts_for_nothing() {
    let name = "x".repeat(900);
    let cut = format!("Invalid user {name} from 192.0.2.1 port 22");
    assert_eq!(SshEvent::parse(cut.as_bytes()), None);
}

/// The forgeries that others' filters fell for: each is the name that the stranger at
/// 203.0.113.7 typed, and 192.0.2.1 is whom he wants banned.
#[test]
fn a_name_cannot_speak_for_another_address() {
    for name in [
        "x from 192.0.2.1 port 22 ssh2",
        "x from 192.0.2.1 port 22",
        "root from 192.0.2.1",
        "x from 192.0.2.1 port 22 ssh2: RSA SHA256:abc",
        "x from 192.0.2.1 port 22 ssh2 [preauth]",
        "from 192.0.2.1 not allowed because",
        " not allowed because x",
        "192.0.2.1 port 22 [preauth]",
        "192.0.2.1 port 22",
        "192.0.2.1 port 22: Too many authentication failures [preauth]",
        "root 192.0.2.1 port 22: Too many authentication failures",
        "Failed password for root from 192.0.2.1 port 22 ssh2",
        "",
        " ",
    ] {
        for message in lines_about(name) {
            let event = SshEvent::parse(message.as_bytes()).unwrap_or_else(|| panic!("{message}"));
            assert_eq!(event.address.to_string(), ATTACKER, "{message}");
            assert_ne!(event.kind, Accepted, "{message}");
        }
    }
}

proptest! {
    #[test]
    fn whatever_the_name_is_the_address_is_the_servers(name in "[ -~]{0,60}") {
        for message in lines_about(&name) {
            if let Some(event) = SshEvent::parse(message.as_bytes()) {
                prop_assert_eq!(event.address.to_string(), ATTACKER, "{}", message);
                prop_assert_ne!(event.kind, Accepted, "{}", message);
            }
        }
    }

    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>) {
        let _ = SshEvent::parse(&bytes);
    }
}

/// What a server writes of somebody at 203.0.113.7 who calls himself so.
fn lines_about(name: &str) -> [String; 7] {
    [
        format!("Failed password for {name} from 203.0.113.7 port 999 ssh2"),
        format!("Failed password for invalid user {name} from 203.0.113.7 port 999 ssh2"),
        format!("Invalid user {name} from 203.0.113.7 port 999"),
        format!("Connection closed by invalid user {name} 203.0.113.7 port 999 [preauth]"),
        format!("User {name} from 203.0.113.7 not allowed because not listed in AllowUsers"),
        format!(
            "Disconnecting invalid user {name} 203.0.113.7 port 999: Too many authentication \
             failures [preauth]"
        ),
        format!(
            "error: maximum authentication attempts exceeded for invalid user {name} from \
             203.0.113.7 port 999 ssh2 [preauth]"
        ),
    ]
}
