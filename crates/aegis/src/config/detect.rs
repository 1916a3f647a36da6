//! The detectors: what the file says of each, and what that means.

use std::time::Duration;

use aegis_enforce::{DestinationDetector, Detectors, PORTS_MAX, SOURCES_MAX, SourceDetector};
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    cookies::RawSynCookies,
    resolve::{block_for, duration, within, wrong},
};

/// Detectors.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawDetect {
    pub syn_flood: RawSynFlood,
    pub syn_imbalance: RawSynImbalance,
    pub udp_flood: RawUdpFlood,
    pub icmp_flood: RawIcmpFlood,
    pub port_scan: RawPortScan,
    pub syn_flood_destination: RawDestination,
    pub syn_cookies: RawSynCookies,
    pub blocks_per_second_max: u32,
    pub severity: Vec<RawSeverityStep>,
}

/// A detector that blocks sources. Each is a type of its own: it has defaults of its own.
macro_rules! raw_detector {
    ($name:ident, $field:ident) => {
        #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            pub enabled: bool,
            pub threshold: u32,
            pub window: String,
            pub block_for: String,
        }

        impl Default for $name {
            fn default() -> Self {
                let detector = Detectors::default().$field;
                Self {
                    enabled: detector.enabled,
                    threshold: detector.threshold,
                    window: written(detector.window),
                    block_for: written(detector.block_for),
                }
            }
        }

        impl $name {
            /// Returns what was meant, with a threshold within these limits.
            fn resolve(&self, min: u32, max: u32) -> Result<SourceDetector, ConfigError> {
                let field = |key| format!("detect.{}.{key}", stringify!($field));
                Ok(SourceDetector {
                    enabled: self.enabled,
                    threshold: within(&field("threshold"), self.threshold, min, max)?,
                    window: window(&field("window"), &self.window)?,
                    block_for: block_for(&field("block_for"), &self.block_for)?.into(),
                })
            }
        }
    };
}

raw_detector!(RawSynFlood, syn_flood);
raw_detector!(RawSynImbalance, syn_imbalance);
raw_detector!(RawUdpFlood, udp_flood);
raw_detector!(RawIcmpFlood, icmp_flood);
raw_detector!(RawPortScan, port_scan);

/// The detector that tells when a destination is under attack.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawDestination {
    pub enabled: bool,
    pub threshold: u32,
    pub sources_min: u32,
    pub window: String,
    pub hold_for: String,
}

/// From which rate on a detection has which severity, and how long that is blocked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RawSeverityStep {
    pub rate_min: u32,
    pub severity: u8,
    pub block_for: String,
}

impl Default for RawDetect {
    fn default() -> Self {
        let steps = [
            (0, 5, "5m"),
            (200, 6, "10m"),
            (1_000, 7, "30m"),
            (5_000, 8, "1h"),
            (20_000, 9, "3h"),
            (100_000, 10, "6h"),
        ];
        let severity = steps.map(|(rate_min, severity, block_for)| RawSeverityStep {
            rate_min,
            severity,
            block_for: block_for.to_owned(),
        });
        Self {
            syn_flood: RawSynFlood::default(),
            syn_imbalance: RawSynImbalance::default(),
            udp_flood: RawUdpFlood::default(),
            icmp_flood: RawIcmpFlood::default(),
            port_scan: RawPortScan::default(),
            syn_flood_destination: RawDestination::default(),
            syn_cookies: RawSynCookies::default(),
            blocks_per_second_max: Detectors::default().blocks_per_second_max,
            severity: severity.into(),
        }
    }
}

impl Default for RawDestination {
    fn default() -> Self {
        let detector = Detectors::default().syn_flood_destination;
        Self {
            enabled: detector.enabled,
            threshold: detector.threshold,
            sources_min: detector.sources_min,
            window: written(detector.window),
            hold_for: written(detector.hold_for),
        }
    }
}

pub(super) fn written(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// The highest threshold: as many packets as a window can hold.
const THRESHOLD_MAX: u32 = 10_000_000;

/// Returns what the detectors are told.
pub(super) fn detectors(raw: &RawDetect) -> Result<Detectors, ConfigError> {
    Ok(Detectors {
        syn_flood: raw.syn_flood.resolve(1, THRESHOLD_MAX)?,
        syn_imbalance: raw.syn_imbalance.resolve(1, THRESHOLD_MAX)?,
        udp_flood: raw.udp_flood.resolve(1, THRESHOLD_MAX)?,
        icmp_flood: raw.icmp_flood.resolve(1, THRESHOLD_MAX)?,
        port_scan: raw.port_scan.resolve(2, PORTS_MAX)?,
        syn_flood_destination: destination(&raw.syn_flood_destination)?,
        blocks_per_second_max: within(
            "detect.blocks_per_second_max",
            raw.blocks_per_second_max,
            1,
            1_000_000,
        )?,
    })
}

fn destination(raw: &RawDestination) -> Result<DestinationDetector, ConfigError> {
    let field = |key| format!("detect.syn_flood_destination.{key}");
    let sources_min = within(&field("sources_min"), raw.sources_min, 1, SOURCES_MAX)?;
    let hold_for = duration(&field("hold_for"), &raw.hold_for)?;
    if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&hold_for) {
        return Err(wrong(&field("hold_for"), "must be within 1s…1h"));
    }
    Ok(DestinationDetector {
        enabled: raw.enabled,
        threshold: within(&field("threshold"), raw.threshold, 1, THRESHOLD_MAX)?,
        sources_min,
        window: window(&field("window"), &raw.window)?,
        hold_for,
    })
}

fn window(field: &str, text: &str) -> Result<Duration, ConfigError> {
    let window = duration(field, text)?;
    if !(Duration::from_millis(100)..=Duration::from_secs(60)).contains(&window) {
        return Err(wrong(field, "must be within 100ms…60s"));
    }
    Ok(window)
}
