//! The keys about feeds, shared files and the HTTP API.

use super::{Key, key, optional};

pub(super) const KEYS: &[Key] = &[
    key(
        "feeds.warninglists",
        "Files of MISP's warninglists, as absolute paths: whatever they list is never taken from a feed.\n\
         Public resolvers and a large content network never are. To which feeds the node subscribes\n\
         is said while it runs: aegis feed add (docs/feeds.md).",
    ),
    optional(
        "feeds.ca_file",
        "\"/etc/aegis/ca.pem\"",
        "Certificates in PEM of authorities that are believed beside the system's.",
    ),
    key(
        "feeds.timeout_secs",
        "How long a server of a feed may be silent, 1…600; a document may take ten times that.",
    ),
    key(
        "files.enabled",
        "Share files with other nodes: hear of them, fetch, keep and serve them.",
    ),
    key(
        "files.file_mib_max",
        "The largest file that is shared or fetched in MiB, 1…2048.",
    ),
    key("files.files_max", "Files that are kept at a time, 1…4096."),
    key(
        "files.disk_mib_max",
        "What they may have together in MiB, 1…16777216.",
    ),
    key(
        "api.enabled",
        "Serve the HTTP API over TCP to whoever shows a key (`aegis key create`). Off unless it is\n\
         asked for: every program of this host could reach it.",
    ),
    key(
        "api.listen",
        "Where: an IP address and a port. Other than loopback addresses need tls_cert and tls_key.",
    ),
    optional(
        "api.tls_cert",
        "\"/etc/aegis/api.crt\"",
        "For TLS: a file with the chain of certificates in PEM, the server's own first.",
    ),
    optional(
        "api.tls_key",
        "\"/etc/aegis/api.key\"",
        "For TLS: a file with the key of the first of them in PEM.",
    ),
    key(
        "api.allow_plain",
        "Listen elsewhere than on loopback without TLS: only where something else encrypts.",
    ),
];
