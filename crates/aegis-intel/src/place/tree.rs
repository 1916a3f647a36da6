//! How long it takes to walk the tree of a database: nodes that are shared can make it longer than anybody
//! waits, from a file of a few hundred bytes.

/// Steps at most for each node of a tree. One whose nodes are shared by nobody takes two for each node, and
/// one more; vendors share the nodes of IPv4 alone, and those are walked once.
pub(super) const STEPS_PER_NODE_MAX: u64 = 4;

/// Bits of an IPv6 address before the IPv4 address that it may hold.
const BITS_BEFORE_IPV4: u8 = 96;

/// A tree as the format lays it out (its specification, version 2.0): for each node two pointers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tree<'a> {
    /// The file; it begins with the tree.
    pub(super) bytes: &'a [u8],
    /// How many nodes there are.
    pub(super) node_count: u32,
    /// Bits of a pointer: 24, 28 or 32.
    pub(super) record_bits: u16,
    /// Whether addresses have 128 bits, not 32.
    pub(super) is_ipv6: bool,
}

/// Where a walk stands.
#[derive(Clone, Copy)]
struct Place {
    node: u32,
    depth: u8,
    /// Whether it led through zeros alone before the bits of IPv4.
    is_ipv4: bool,
}

impl Tree<'_> {
    /// Returns whether all of the tree can be walked in [`STEPS_PER_NODE_MAX`] steps for each node.
    ///
    /// It goes where the library goes that lists the networks, left out what that leaves out: what else
    /// leads to the nodes of IPv4.
    pub(super) fn is_walked_soon(self) -> bool {
        let bits = if self.is_ipv6 { 128 } else { 32 };
        let ipv4 = self.ipv4_node();
        let mut left = u64::from(self.node_count) * STEPS_PER_NODE_MAX;
        let mut places = vec![Place {
            node: 0,
            depth: 0,
            is_ipv4: true,
        }];
        while let Some(it) = places.pop() {
            let Some(fewer) = left.checked_sub(1) else {
                return false;
            };
            left = fewer;
            let is_alias = !it.is_ipv4 && ipv4 == Some(it.node);
            if it.node >= self.node_count || is_alias || it.depth >= bits {
                continue;
            }
            for bit in [1, 0] {
                places.push(Place {
                    node: self.next(it.node, bit),
                    depth: it.depth + 1,
                    is_ipv4: it.is_ipv4 && (bit == 0 || it.depth >= BITS_BEFORE_IPV4),
                });
            }
        }
        true
    }

    /// Returns the node where IPv4 addresses begin in a tree of IPv6.
    fn ipv4_node(self) -> Option<u32> {
        if !self.is_ipv6 {
            return None;
        }
        let mut node = 0;
        for _ in 0..BITS_BEFORE_IPV4 {
            if node >= self.node_count {
                break;
            }
            node = self.next(node, 0);
        }
        Some(node).filter(|it| (1..self.node_count).contains(it))
    }

    /// Returns where a bit leads from a node; to nothing where the file ends before that.
    pub(super) fn next(self, node: u32, bit: usize) -> u32 {
        let node_bytes = usize::from(self.record_bits) / 4;
        let start = node as usize * node_bytes;
        let node = self.bytes.get(start..start + node_bytes);
        let whole = |bytes: &[u8]| {
            let bytes = bytes.iter();
            bytes.fold(0_u32, |sum, it| sum << 8 | u32::from(*it))
        };
        match (node, bit) {
            (Some(&[a, b, c, middle, ..]), 0) if node_bytes == 7 => whole(&[middle >> 4, a, b, c]),
            (Some(&[_, _, _, middle, d, e, f]), _) => whole(&[middle & 0x0f, d, e, f]),
            (Some(node), bit) => {
                let (left, right) = node.split_at(node_bytes / 2);
                whole(if bit == 0 { left } else { right })
            }
            (None, _) => self.node_count,
        }
    }
}
