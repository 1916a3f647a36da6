//! The keys about logs.

use super::{Key, key, optional};

pub(super) const KEYS: &[Key] = &[
    key(
        "logs.enabled",
        "Read the host's logs and report who attacks (docs/detection.md). What is not there is not\n\
         read.",
    ),
    key(
        "logs.journal",
        "Directories with systemd's journal, in which the SSH server speaks.",
    ),
    key(
        "logs.auth",
        "Files of syslog's in which the SSH server speaks, read where there is no journal. Here and\n\
         below a star stands for any characters but a slash.",
    ),
    key(
        "logs.access",
        "Access logs of web servers, in the common or combined format.",
    ),
    key(
        "logs.access_format",
        "\"combined\": lines begin with the client's address; \"vhost\": with the virtual host, then\n\
         the client's address; \"auto\": whichever it is, if that is beyond doubt.",
    ),
    key(
        "logs.behind_proxy",
        "Addresses and prefixes of proxies whose clients these logs do not show: never reported.",
    ),
    key(
        "logs.suricata",
        "Where Suricata writes its events: of eve.json only alerts count.",
    ),
    key(
        "logs.zeek",
        "Where Zeek writes its notices, as TSV or JSON.",
    ),
    key(
        "logs.home_net",
        "What Suricata and Zeek watch over, as HOME_NET; this host's addresses always are. Who is in\n\
         here is never blamed, and only who attacked somebody in here is.",
    ),
    optional(
        "logs.ids_meanings",
        "{ \"Misc Attack\" = \"bot\", \"CVE_2021_44228::LOG4J_ATTEMPT_HEADER\" = \"exploit\" }",
        "What categories of Suricata's alerts and kinds of Zeek's notices stand for, where it is not\n\
         the default (docs/detection.md), or \"off\".",
    ),
    optional(
        "logs.thresholds",
        "{ ssh_brute_force = \"5 in 10m\", error_storm = \"off\" }",
        "How many events within how long are an attack, where it is not the default\n\
         (docs/detection.md has the rules).",
    ),
    key(
        "logs.protect_logins_for",
        "How long nothing blocks an address from which somebody was logged in over SSH, 0s…30d.",
    ),
];
