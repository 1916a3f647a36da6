//! The keys of the page that browsers see.

use super::{Key, key, optional};

pub(super) const KEYS: &[Key] = &[
    key(
        "page.enabled",
        "Show a page to browsers on this host. To have something done there takes a key, or a link\n\
         that `aegis page` prints.",
    ),
    optional(
        "page.listen",
        "\"127.0.0.1:9004\"",
        "Where: an address of the loopback. Unless this is set, another port is taken where 9004 is not\n\
         free; `aegis status` says which. Over the network it is seen where the HTTP API is ([api]).",
    ),
    key(
        "page.hosts",
        "Names beside localhost under which browsers may ask for it, as behind a proxy.",
    ),
    key(
        "page.read_without_key",
        "Show everything to whoever reaches page.listen: every user and program of this host, to read\n\
         and no more. Off, nobody without a key or a link sees anything. Over the network a key is\n\
         needed in any case.",
    ),
];
