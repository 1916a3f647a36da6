//! The keys about what the node itself logs.

use super::{Key, key, optional};

pub(super) const KEYS: &[Key] = &[
    key(
        "log.filter",
        "What is logged: error, warn, info, debug, trace, or a filter by module.",
    ),
    key("log.json", "Log JSON lines."),
    key(
        "log.create_p2p_logfile",
        "Write p2p.log, too: pings, peers that come and go, what they do wrong. p2p_reports.log,\n\
         what peers report and how trust in them moves, is always written.",
    ),
    optional(
        "log.p2p_dir",
        "\"/var/lib/aegis/default/log\"",
        "Where these two are.",
    ),
    key(
        "log.p2p_keep_days",
        "Earlier days of them that are kept, 0…3650; each has a file of its own.",
    ),
];
