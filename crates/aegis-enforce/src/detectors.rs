//! The kernel's detectors: what each is told, and how that becomes numbers for the kernel.

use std::time::Duration;

use aegis_abi::{DETECTORS, DetectConfig, Detector, Limit, config_flag, sketch::BATCH_MAX};

use crate::kernel::jiffies_in;

/// Everything that the kernel's detectors are told. It may change at any time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Detectors {
    /// TCP connection requests of one source.
    pub syn_flood: SourceDetector,
    /// The same of a source that completes next to none of the connections: fewer than one packet
    /// within a connection for every eight requests of the threshold.
    pub syn_imbalance: SourceDetector,
    /// UDP packets of one source.
    pub udp_flood: SourceDetector,
    /// ICMP packets of one source.
    pub icmp_flood: SourceDetector,
    /// Different ports that one source tries: an estimate, and so about the threshold, which is
    /// brought into 2…[`PORTS_MAX`].
    pub port_scan: SourceDetector,
    /// TCP connection requests towards one destination from many sources.
    pub syn_flood_destination: DestinationDetector,
    /// Blocks that all of them together make a second at most, so that nothing can fill the table
    /// at once.
    pub blocks_per_second_max: u32,
}

/// The most ports that 64 classes can tell apart from still more.
pub const PORTS_MAX: u32 = 200;
/// The most sources of which the same holds.
pub const SOURCES_MAX: u32 = 200;

/// A detector that blocks sources.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SourceDetector {
    /// Whether it runs.
    pub enabled: bool,
    /// What of one window makes the source an offender, at least one.
    pub threshold: u32,
    /// The length of a window.
    pub window: Duration,
    /// How long the kernel blocks by itself.
    pub block_for: Duration,
}

/// The detector that tells when a destination is under attack. It blocks nobody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DestinationDetector {
    /// Whether it runs.
    pub enabled: bool,
    /// Connection requests of one window, at least one.
    pub threshold: u32,
    /// From how many sources they come at least: an estimate, brought into 1…[`SOURCES_MAX`].
    pub sources_min: u32,
    /// The length of a window.
    pub window: Duration,
    /// How long it counts as under attack after the last window of at least half the threshold.
    pub hold_for: Duration,
}

impl Default for Detectors {
    /// What `docs/kernel.md` gives the reasons for: on is what no honest source reaches.
    fn default() -> Self {
        let detector = |enabled, threshold, window_secs| SourceDetector {
            enabled,
            threshold,
            window: Duration::from_secs(window_secs),
            block_for: Duration::from_secs(60),
        };
        Self {
            syn_flood: detector(true, 100, 1),
            syn_imbalance: detector(false, 64, 10),
            udp_flood: detector(false, 100_000, 1),
            icmp_flood: detector(true, 1_000, 1),
            port_scan: detector(true, 128, 5),
            syn_flood_destination: DestinationDetector {
                enabled: true,
                threshold: 2_000,
                sources_min: 100,
                window: Duration::from_secs(1),
                hold_for: Duration::from_secs(30),
            },
            blocks_per_second_max: 1_000,
        }
    }
}

impl Detectors {
    /// Returns the same with every detector off.
    #[must_use]
    pub fn disabled(mut self) -> Self {
        self.syn_flood.enabled = false;
        self.syn_imbalance.enabled = false;
        self.udp_flood.enabled = false;
        self.icmp_flood.enabled = false;
        self.port_scan.enabled = false;
        self.syn_flood_destination.enabled = false;
        self
    }

    /// Returns which flags of the program's configuration are set: what nobody counts is not read.
    pub(crate) fn flags(&self) -> [(u32, bool); 4] {
        let is_udp = self.udp_flood.enabled || self.port_scan.enabled;
        [
            (config_flag::DETECT, *self != self.disabled()),
            (config_flag::DETECT_ACK, self.syn_imbalance.enabled),
            (config_flag::DETECT_UDP, is_udp),
            (config_flag::DETECT_ICMP, self.icmp_flood.enabled),
        ]
    }

    /// Returns what the kernel is told on a host of this tick rate and so many CPUs, after what
    /// `before` told it: the epoch grows.
    pub(crate) fn to_kernel(self, before: &DetectConfig, hz: u64, cpus: usize) -> DetectConfig {
        let jiffies = |it: Duration| jiffies_in(it, hz).max(1);
        let limit = |it: SourceDetector, threshold: u32| Limit {
            threshold: if it.enabled { threshold.max(1) } else { 0 },
            batch: batch(threshold, cpus),
            window: jiffies(it.window),
            block: jiffies(it.block_for),
            ..Limit::default()
        };
        let mut limits = [Limit::default(); DETECTORS];
        for (detector, it) in [
            (Detector::SynFlood, self.syn_flood),
            (Detector::UdpFlood, self.udp_flood),
            (Detector::IcmpFlood, self.icmp_flood),
        ] {
            limits[detector as usize] = limit(it, it.threshold);
        }
        let it = self.syn_imbalance;
        limits[Detector::SynImbalance as usize] = Limit {
            other: (it.threshold / 8).max(1),
            ..limit(it, it.threshold)
        };
        let it = self.port_scan;
        let ports = it.threshold.clamp(2, PORTS_MAX);
        limits[Detector::PortScan as usize] = limit(it, classes(ports));
        let it = self.syn_flood_destination;
        limits[Detector::SynFloodDestination as usize] = Limit {
            threshold: if it.enabled { it.threshold.max(1) } else { 0 },
            batch: batch(it.threshold, cpus),
            window: jiffies(it.window),
            // The window that comes after the last one has to have the time to cross as well.
            block: jiffies(it.window).saturating_add(jiffies(it.hold_for)),
            other: classes(it.sources_min.clamp(1, SOURCES_MAX)),
            reserved: 0,
        };
        DetectConfig {
            second: hz,
            blocks_per_second_max: self.blocks_per_second_max,
            epoch: before.epoch.wrapping_add(1),
            limits,
        }
    }
}

/// Returns how many packets one CPU counts by itself: few enough that a source spread over all of
/// them is caught within twice the threshold.
fn batch(threshold: u32, cpus: usize) -> u32 {
    let others = u32::try_from(cpus.saturating_sub(1)).unwrap_or(u32::MAX);
    let late = threshold.checked_div(others).unwrap_or(BATCH_MAX);
    (threshold / 16)
        .min(late.saturating_add(1))
        .clamp(1, BATCH_MAX)
}

/// Returns how many of 64 classes `count` different things fall into on average.
fn classes(count: u32) -> u32 {
    let classes = 64.0 * (1.0 - (-f64::from(count) / 64.0).exp());
    (classes.round() as u32).max(1)
}

#[cfg(test)]
mod tests;
