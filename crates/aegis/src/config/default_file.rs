//! The configuration file as it is before anybody edits it: every key, its default, its meaning.

mod files;
mod logs;
mod own_log;
mod page;

use toml::Value;

use crate::config::{RawConfig, lapi, notify};

/// A key with its section, what it means, and an example where there is no default to show.
pub(super) struct Key {
    path: &'static str,
    example: Option<&'static str>,
    meaning: &'static str,
}

pub(super) const fn key(path: &'static str, meaning: &'static str) -> Key {
    Key {
        path,
        example: None,
        meaning,
    }
}

pub(super) const fn optional(
    path: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Key {
    Key {
        path,
        example: Some(example),
        meaning,
    }
}

const HEAD: &str = "\
# AEGIS configuration. Every key is optional; what stands here commented out is the default.
# Flags win over the environment (AEGIS_…), that over this file.
# `aegis config check` says whether a file is right, `aegis config show` what it means.
";

const WINDOW: &str = "Length of the window, 100ms…60s.";
const BLOCK_FOR: &str = "How long the kernel blocks by itself until the daemon decides, 1s…24h.";

/// Every key in the order of the file. A test holds this against what the program reads.
const KEYS: &[Key] = &[
    key(
        "interface",
        "Network interface to defend, or a list of them.\n\
         \"auto\" takes those that carry a default route.",
    ),
    key(
        "mode",
        "How to attach: \"auto\" takes the fastest each interface has of \"native\" (XDP in the\n\
         driver), \"generic\" (XDP in the stack) and \"tc\", and where no kernel program can be had\n\
         \"nft\" (sets of nftables, without detectors). `aegis status` says which and why.",
    ),
    key(
        "observe",
        "Count and report what would be dropped, but drop nothing. Needs no root.",
    ),
    key(
        "auto_publish",
        "Share what this host's own detectors find, without being asked.",
    ),
    key(
        "min_severity",
        "Severity 1…10 from which alerts of peers block here and detections are shared.",
    ),
    key(
        "clear_on_exit",
        "End all blocks when the daemon stops. By default they stay and expire by themselves.",
    ),
    key(
        "nice",
        "How the daemon shares the processors, from -20 (it goes first) to 19 (it goes last), so\n\
         that whoever floods this host cannot hold it up. Takes root or CAP_SYS_NICE, else it is as\n\
         it was started.",
    ),
    optional(
        "instance",
        "\"default\"",
        "Name that tells several nodes on one host apart: 1 to 32 of a-z, 0-9, '_' and '-'.",
    ),
    optional(
        "state_dir",
        "\"/var/lib/aegis/default\"",
        "Where the node's key and its store are.",
    ),
    optional(
        "runtime_dir",
        "\"/run/aegis\"",
        "Where the control socket is, and where nodes of this host find each other.",
    ),
    optional(
        "ebpf_program_path",
        "\"/usr/lib/aegis/aegis.bpf.o\"",
        "A kernel object to load instead of the one inside the program.",
    ),
    optional(
        "bpffs",
        "\"/sys/fs/bpf\"",
        "Where the BPF file system is mounted.",
    ),
    key(
        "p2p.enabled",
        "Talk to other nodes. Without, the node detects and drops alone.",
    ),
    key("p2p.port", "Port to listen on, TCP and UDP (QUIC)."),
    key(
        "p2p.listen",
        "Multiaddrs to listen on instead of the port on every IPv4 interface, such as\n\
         [\"/ip4/192.0.2.1/tcp/9001\", \"/ip6/::/udp/9001/quic-v1\"].",
    ),
    key(
        "p2p.peers",
        "Peers you know, as multiaddrs that end with /p2p/ and their peer ID. They are dialled\n\
         for ever, believed from the start, and never blocked on another's word.",
    ),
    key(
        "p2p.bootstrap",
        "Where to enter the global network: multiaddrs, /dnsaddr/ names too.",
    ),
    optional(
        "p2p.secret_file",
        "\"/etc/aegis/network.secret\"",
        "A file of mode 0600 that holds what the nodes of a closed network share: 64 hexadecimal\n\
         digits, as `openssl rand -hex 32` prints them. Nodes without them are disconnected and\n\
         learn nothing; without a secret the node is in the open network (docs/protocol.md).",
    ),
    optional(
        "p2p.secret",
        "\"<64 hexadecimal digits>\"",
        "The same in this file. Unlike that of secret_file, nobody checks this one's mode: see to it\n\
         that only its owner can read it. One of both.",
    ),
    key(
        "p2p.mdns",
        "Find nodes of the local network and be found by them.",
    ),
    key(
        "p2p.kad",
        "Take part in the DHT of the global network (used once a bootstrap node is set).",
    ),
    key("p2p.connections_max", "Connections at a time, 2…10000."),
    optional(
        "p2p.connections_low",
        "12",
        "Below so many peers the node looks for more; at most connections_target.",
    ),
    optional(
        "p2p.connections_target",
        "50",
        "Strangers are dialled up to so many peers, and so many are left after parting from some;\n\
         half of connections_max unless set.",
    ),
    optional(
        "p2p.connections_high",
        "80",
        "Above so many peers the node parts from the least useful; configured peers and members\n\
         of trusted organisations stay. Four fifths of connections_max unless set.",
    ),
    key(
        "p2p.memory_mib_max",
        "Memory of the process in MiB above which no new peer is let in, 64…65536.",
    ),
    key(
        "p2p.peer_exchange",
        "Who is told of this node's peers: \"all\" who ask, \"known\" (configured peers, peers of the\n\
         local network, members of trusted organisations), or \"off\", which asks nobody either.",
    ),
    key(
        "p2p.relay.enabled",
        "Where others cannot reach this node, be reached over peers that relay, and have such\n\
         connections made direct where the routers between allow it.",
    ),
    key(
        "p2p.relay.serve",
        "Relay for others, where they can reach this node. What is relayed is encrypted from end\n\
         to end.",
    ),
    key(
        "p2p.relay.reservations_max",
        "Nodes that may be reached over this one, 1…1024.",
    ),
    key(
        "p2p.relay.circuits_max",
        "Connections relayed at a time, 1…1024.",
    ),
    key(
        "p2p.relay.circuit_kib_max",
        "The most KiB that one relayed connection may carry each way, 1…1048576.",
    ),
    key(
        "p2p.relay.circuit_secs_max",
        "The longest that one relayed connection may last, in seconds, 1…86400.",
    ),
    key(
        "trust.preset",
        "Whose alerts count from the start: \"lan\" those of configured peers and of peers found\n\
         on the local network or this host, \"fleet\" and \"open\" those of configured peers.",
    ),
    key(
        "trust.model",
        "Which mathematics weighs what peers say: \"aegis\", or as Slips' users know them \"fides\"\n\
         and \"dovecot\". docs/trust-model.md has all three, and what each withstands.",
    ),
    key(
        "trust.min_confidence",
        "How likely an indicator must be malicious, by all that was said, for alerts of peers to\n\
         block it, 0…1.",
    ),
    key(
        "trust.peers",
        "How far single peers are trusted in advance, in place of what the preset says, as in\n\
         [{ peer = \"12D3KooW…\", trust = 0.9, fixed = false }]. What is fixed stays whatever the\n\
         peer does: a fixed 0 mutes it. `aegis trust set` says the same while the node runs.",
    ),
    optional(
        "policy.quorum",
        "{ organisation = \"12D3KooW…\", publishers = 2, min_severity = 9 }",
        "Blocks on other nodes' word that are this bad need so many publishers of an organisation\n\
         (docs/organisations.md), each with an alert of its own. Own detectors need nobody.",
    ),
    key(
        "policy.block_countries",
        "Countries of which everything is blocked, by their two letters, as far as place.databases\n\
         know it (docs/place.md). What is protected or allowed is not.",
    ),
    key(
        "policy.block_asns",
        "Autonomous systems of which everything is blocked, by their numbers.",
    ),
    key(
        "place.databases",
        "Databases of where addresses are, in MaxMind's format, as absolute paths; those asked first\n\
         first. A file that is replaced is read anew.",
    ),
    key(
        "ask.automatic",
        "Ask other nodes about new sources that hold a working connection here, each at most once\n\
         an hour, many in one question.",
    ),
    key(
        "ask.peers_max",
        "Peers that one such question goes to, 1…64, chosen by trust.",
    ),
    key("ask.deadline", "How long answers are waited for, 100ms…8s."),
    key(
        "ask.hops",
        "How often other nodes may pass a question of this node on to theirs, 0…2.",
    ),
    key(
        "ask.notice_above",
        "From above which score, -1…1, the network's opinion of a source is told.",
    ),
    key(
        "ask.answer",
        "Whose questions are answered with more than \"no data\": \"everybody\", \"trusted\" (the\n\
         local network's, configured peers', and of those that earned trust) or \"nobody\".",
    ),
    key(
        "ask.disclose",
        "What answers say: \"malicious\" who attacked this host, \"all\" also which addresses hold\n\
         working connections here without having attacked. Never a log line or a name.",
    ),
    key(
        "ask.challenge_every",
        "How often, about, peers are asked what this node knows for certain, to see who tells the\n\
         truth; 0s for never.",
    ),
    key(
        "detect.syn_flood.enabled",
        "Block sources of too many TCP connection requests. Here and below the kernel detects, and\n\
         docs/kernel.md says how, what it cannot see, and why these are the defaults.",
    ),
    key(
        "detect.syn_flood.threshold",
        "Requests of one source within the window that make a flood, 1…10000000.",
    ),
    key(
        "detect.syn_flood.window",
        "Length of the window, 100ms…60s.",
    ),
    key(
        "detect.syn_flood.block_for",
        "How long the kernel blocks by itself until the daemon decides, 1s…24h.",
    ),
    key(
        "detect.syn_imbalance.enabled",
        "Block sources that open connections and complete next to none. Off: while a service is\n\
         down, its clients look just the same.",
    ),
    key(
        "detect.syn_imbalance.threshold",
        "Requests of one source within the window, 1…10000000, during which it sends fewer than\n\
         one packet within a connection for every eight of them.",
    ),
    key("detect.syn_imbalance.window", WINDOW),
    key("detect.syn_imbalance.block_for", BLOCK_FOR),
    key(
        "detect.udp_flood.enabled",
        "Block sources of too many UDP packets. Off: a tunnel or a QUIC client may send as many.",
    ),
    key(
        "detect.udp_flood.threshold",
        "Packets of one source within the window that make a flood, 1…10000000.",
    ),
    key("detect.udp_flood.window", WINDOW),
    key("detect.udp_flood.block_for", BLOCK_FOR),
    key(
        "detect.icmp_flood.enabled",
        "Block sources of too many ICMP packets.",
    ),
    key(
        "detect.icmp_flood.threshold",
        "Packets of one source within the window that make a flood, 1…10000000.",
    ),
    key("detect.icmp_flood.window", WINDOW),
    key("detect.icmp_flood.block_for", BLOCK_FOR),
    key(
        "detect.port_scan.enabled",
        "Block sources that try many ports, by TCP connection requests, or by UDP below port 1024.",
    ),
    key(
        "detect.port_scan.threshold",
        "About how many different ports of one source within the window make a scan, 2…200.",
    ),
    key("detect.port_scan.window", WINDOW),
    key("detect.port_scan.block_for", BLOCK_FOR),
    key(
        "detect.syn_flood_destination.enabled",
        "Tell when an address of this host is under a flood of connection requests from many\n\
         sources. Blocks nobody.",
    ),
    key(
        "detect.syn_flood_destination.threshold",
        "Requests towards one address within the window that make a flood, 1…10000000. Half of\n\
         it keeps one going.",
    ),
    key(
        "detect.syn_flood_destination.sources_min",
        "From about how many sources they come at least, 1…200.",
    ),
    key("detect.syn_flood_destination.window", WINDOW),
    key(
        "detect.syn_flood_destination.hold_for",
        "How long after the last such window the attack is taken to be over, 1s…1h.",
    ),
    key(
        "detect.syn_cookies.mode",
        "Answer TCP connection requests with SYN cookies, in XDP, so that a forged flood never\n\
         reaches the listener: \"off\", \"auto\" while syn_flood_destination sees an address under\n\
         attack, or \"always\". Sets net.ipv4.tcp_syncookies to 2 while it is not off. Read\n\
         docs/kernel.md first: ports that are forwarded to containers or guests stop working\n\
         while it answers.",
    ),
    key(
        "detect.syn_cookies.verified_for",
        "How long a source that completed a handshake is let straight through, 1s…24h.",
    ),
    key(
        "detect.syn_cookies.answers_per_second",
        "Requests that one CPU answers in a second, 1…100000000; what is more is dropped.",
    ),
    key(
        "detect.blocks_per_second_max",
        "Blocks that the detectors make a second at most, all together, 1…1000000. What is above\n\
         it is held back for its window, and told.",
    ),
    key(
        "detect.severity",
        "From which rate (events per second) on a detection has which severity, and how long\n\
         its source is blocked. Each repetition within a day doubles the time, up to 24h.",
    ),
    key("limits.blocks_max", "Blocks the node keeps, 1…10000000."),
    key(
        "limits.kernel_ipv4_max",
        "IPv4 addresses the kernel's table holds, 16…16777216.",
    ),
    key(
        "limits.kernel_ipv6_max",
        "IPv6 addresses the kernel's table holds, 16…16777216.",
    ),
    key(
        "limits.kernel_prefixes_max",
        "Prefixes of each family the kernel's tables hold, 16…16777216.",
    ),
    key(
        "history.days",
        "How long history is kept: `aegis history`, 1…3650 days.",
    ),
    key(
        "history.entries_max",
        "Entries kept at most, 1000…100000000; the oldest go first, peers' before others once\n\
         they fill more than half.",
    ),
    key(
        "history.mib_max",
        "MiB they take at most, 1…1048576; the usual entry takes about 250 bytes.",
    ),
    optional(
        "metrics.listen",
        "\"127.0.0.1:9464\"",
        "Where Prometheus scrapes GET /metrics: an address of the loopback, without a key. The control\n\
         socket has the same in any case.",
    ),
    key(
        "metrics.crowdsec_names",
        "Tell the names that users of CrowdSec look for as well: fw_bouncer_…, cs_active_decisions.",
    ),
    optional(
        "mirror.redis",
        "\"redis://127.0.0.1:6379/0\"",
        "A Redis or DragonflyDB server that shows what is blocked as a sorted set for others to\n\
         read; off unless this is set. Also redis+unix:///run/redis.sock; with a password\n\
         redis://user:password@…, which is never shown.",
    ),
    key(
        "mirror.key_prefix",
        "What the name of the set begins with: <prefix>:<instance>:blocklist.",
    ),
];

/// Returns the documented default configuration file.
pub fn default_file() -> String {
    let defaults = Value::try_from(RawConfig::default()).unwrap_or(Value::Boolean(false));
    let mut text = HEAD.to_owned();
    let mut section = "";
    let parts = [
        KEYS,
        files::KEYS,
        own_log::KEYS,
        lapi::KEYS,
        logs::KEYS,
        page::KEYS,
        notify::KEYS,
    ];
    for key in parts.into_iter().flatten() {
        let (here, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        if here != section {
            section = here;
            text.push_str(&format!("\n[{section}]\n"));
        }
        text.push('\n');
        for line in key.meaning.lines() {
            text.push_str(&format!("# {line}\n"));
        }
        let value = match key.example {
            Some(example) => example.to_owned(),
            None => lookup(&defaults, key.path).map(written).unwrap_or_default(),
        };
        for line in format!("{name} = {value}").lines() {
            text.push_str(&format!("#{line}\n"));
        }
    }
    text
}

fn lookup<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(value, |it, name| it.get(name))
}

/// Returns a value as TOML writes it inline, lists of tables one table a line.
fn written(value: &Value) -> String {
    let is_list_of_tables = value
        .as_array()
        .is_some_and(|it| it.iter().any(Value::is_table));
    let Some(items) = value.as_array().filter(|_| is_list_of_tables) else {
        return value.to_string();
    };
    let lines = items.iter().filter_map(Value::as_table).map(|table| {
        let fields = table
            .iter()
            .map(|(name, value)| format!("{name} = {value}"));
        format!("{{ {} }},\n", fields.collect::<Vec<_>>().join(", "))
    });
    format!("[\n{}]", lines.collect::<String>())
}
