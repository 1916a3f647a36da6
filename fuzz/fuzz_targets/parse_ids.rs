//! Logs of Suricata's and Zeek's: any bytes are read or are nothing, and nobody is blamed whom the line
//! does not name, nor anybody at home.

#![no_main]

use aegis_core::{Indicator, Timestamp};
use aegis_intel::log::{Detector, DetectorConfig, IdsConfig, Line, Verdict, ZeekLog};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_secs(1_795_738_809);

fuzz_target!(|bytes: &[u8]| {
    let Some(home) = Indicator::prefix([192, 0, 2, 0].into(), 24) else {
        return;
    };
    let mut detector = Detector::new(DetectorConfig {
        ids: IdsConfig {
            home: vec![home],
            ..IdsConfig::default()
        },
        ..DetectorConfig::default()
    });
    let mut zeek = ZeekLog::default();
    for line in bytes.split(|it| *it == b'\n') {
        let mut verdicts = detector.take(NOW, Line::Suricata(line));
        if let Some(notice) = zeek.take(line) {
            verdicts.extend(detector.take(NOW, Line::Zeek(&notice)));
        }
        for verdict in verdicts {
            if let Verdict::Alerted {
                indicator, alert, ..
            } = verdict
            {
                assert!(!home.contains(&indicator));
                assert!(alert.words.parse::<aegis_core::Description>().is_ok());
            }
        }
    }
});
