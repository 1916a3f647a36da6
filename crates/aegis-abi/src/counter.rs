//! What the kernel program counts, one slot a CPU each.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One thing the kernel program counts. The number is the slot in [`crate::Counters`].
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u32)]
        pub enum Counter {
            $($(#[$doc])* $name,)*
        }

        impl Counter {
            /// Every counter, in slot order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Returns the name that metrics and reports use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

counters! {
    /// Packets seen. The program itself counts each packet once, by what became of it; user space
    /// makes the totals of that. The slot is [`Counter::CLEAN_SYNS`] for the program.
    Packets = "packets",
    /// Bytes seen. The program itself counts here those that it did not drop.
    Bytes = "bytes",
    /// Packets passed about which nothing else is counted.
    Clean = "clean",
    /// Packets passed on to the stack. Not counted by the program, but a sum of others.
    Passed = "passed",
    /// Packets dropped, whatever the reason; zero in observe mode. A sum of others as well.
    Dropped = "dropped",
    /// Bytes dropped.
    DroppedBytes = "dropped_bytes",
    /// Packets dropped before anything behind the IP header was read: all but the detectors'. A sum
    /// of others as well.
    EarlyDrops = "early_drops",
    /// Packets dropped on a detector's word.
    DetectorDrops = "detector_drops",
    /// Packets that would have been dropped, were this not observe mode.
    WouldHaveDropped = "would_have_dropped",
    /// Packets whose source is a blocked IPv4 address.
    MatchedHostV4 = "matched_host_v4",
    /// Packets whose source is a blocked IPv6 address.
    MatchedHostV6 = "matched_host_v6",
    /// Packets whose source lies in a blocked IPv4 prefix.
    MatchedPrefixV4 = "matched_prefix_v4",
    /// Packets whose source lies in a blocked IPv6 prefix, a /64 included.
    MatchedPrefixV6 = "matched_prefix_v6",
    /// Packets that a detector dropped itself: the crossing one, and those above the threshold where
    /// the block was refused.
    MatchedDetector = "matched_detector",
    /// Packets passed because their source is on the allowlist.
    Allowlisted = "allowlisted",
    /// Packets passed because their source is protected.
    Protected = "protected",
    /// Packets passed that are neither IPv4 nor IPv6.
    NotIp = "not_ip",
    /// Packets passed that end before their headers do.
    Truncated = "truncated",
    /// Packets passed whose header contradicts itself.
    BadHeader = "bad_header",
    /// Packets passed with more VLAN tags than are looked through.
    TooManyTags = "too_many_tags",
    /// Packets passed with more IPv6 extension headers than are looked through.
    TooManyHeaders = "too_many_headers",
    /// Packets passed whose IPv6 source is an IPv4-mapped address, which is never legal on a wire.
    MappedSource = "mapped_source",
    /// Fragments without a transport header, which detectors leave alone.
    Fragments = "fragments",
    /// TCP connection requests that the detector looked at.
    Syns = "syns",
    /// Sources that crossed the SYN-flood threshold, once for each crossing.
    SynFloods = "syn_floods",
    /// The same for connection requests without connections.
    SynImbalances = "syn_imbalances",
    /// The same for UDP packets.
    UdpFloods = "udp_floods",
    /// The same for ICMP packets.
    IcmpFloods = "icmp_floods",
    /// The same for different ports.
    PortScans = "port_scans",
    /// Windows in which a destination was under a SYN flood from many sources.
    DestinationFloods = "destination_floods",
    /// Blocks by the kernel's own detectors that did not fit into the table or were too many at
    /// once.
    BlocksRefused = "blocks_refused",
    /// Events that user space did not get because the ring buffer was full.
    EventsLost = "events_lost",
    /// Connection requests answered with a SYN cookie; they are neither passed nor dropped.
    CookiesSent = "cookies_sent",
    /// Connection requests dropped because more were answered than one CPU may in a tick.
    CookiesLimited = "cookies_limited",
    /// Acknowledgements that bore a valid cookie: their sources are proven.
    CookiesValid = "cookies_valid",
    /// Acknowledgements looked at that bore none, most of them of standing connections.
    CookiesOther = "cookies_other",
}

impl Counter {
    /// Where the program counts connection requests that are passed and about which nothing else is
    /// counted: [`Counter::Clean`] and [`Counter::Syns`] in one.
    pub const CLEAN_SYNS: Self = Self::Packets;
    /// Returns how many counters there are.
    pub const COUNT: usize = Self::ALL.len();
    /// Returns for how many there is room with each CPU: whole cache lines of 64 bytes, and the last
    /// seven stay free. The kernel does not say where in a line a variable of a program begins, and
    /// so no line holds counters of two CPUs wherever that is.
    pub const SLOTS: usize = (Self::COUNT + 7).next_multiple_of(8);
}
