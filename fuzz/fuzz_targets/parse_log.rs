//! Lines of logs: any bytes are read or are nothing, and no address comes of a line that the line does
//! not have.

#![no_main]

use aegis_core::Timestamp;
use aegis_intel::log::{AccessFormat, AccessLine, Detector, Line, SshEvent, SyslogLine, Verdict};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000);

fuzz_target!(|bytes: &[u8]| {
    let mut detector = Detector::default();
    for line in bytes.split(|it| *it == b'\n') {
        let text = String::from_utf8_lossy(line);
        if let Some(event) = SshEvent::parse(line) {
            // However it is written, it is the last address of the line but for what follows the port.
            assert!(text.contains(' ') && event.address.to_string().len() > 1);
        }
        let _ = SyslogLine::parse(line);
        for format in [
            AccessFormat::Auto,
            AccessFormat::Combined,
            AccessFormat::VirtualHost,
        ] {
            if let Some(found) = AccessLine::parse(line, format) {
                let first = text
                    .split(' ')
                    .take(2)
                    .find_map(|it| it.parse::<std::net::IpAddr>().ok());
                assert!(first.is_some(), "the client is one of the first two words");
                assert!(found.status < 1_000);
            }
            let verdicts = detector.take(NOW, Line::Access(line, format));
            assert!(!verdicts.is_empty());
        }
        let verdicts = detector.take(NOW, Line::Sshd(NOW, line));
        assert!(!verdicts.contains(&Verdict::Nothing) == SshEvent::parse(line).is_some());
        assert_eq!(detector.take(NOW, Line::Syslog(line, 3_600)).len(), 1);
    }
});
