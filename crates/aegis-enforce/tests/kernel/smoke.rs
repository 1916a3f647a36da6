//! smoke

use aegis_core::Timestamp;
use aegis_enforce::*;
use std::time::Duration;

#[test]
fn loads() {
    mount_bpffs_if_missing(DEFAULT_BPFFS.as_ref()).unwrap();
    let config = EnforceConfig {
        instance: "smoke".parse().unwrap(),
        interfaces: vec![],
        mode: ModeRequest::Auto,
        observe: false,
        object: None,
        bpffs: DEFAULT_BPFFS.into(),
        capacity: Capacity::default(),
        syn_flood: SynFlood::default(),
    };
    let now = Timestamp::from_secs(1_800_000_000);
    let r = Enforcer::start(&config, now);
    let mut e = match r {
        Ok(e) => e,
        Err(e) => {
            let mut s: &dyn std::error::Error = &e;
            let mut t = s.to_string();
            while let Some(n) = s.source() {
                t += "\n";
                t += &n.to_string();
                s = n;
            }
            panic!("{}", &t[t.len().saturating_sub(6000)..].to_string());
        }
    };
    for ip in [
        "203.0.113.7",
        "203.0.113.0/24",
        "2001:db8::1",
        "2001:db8::/64",
        "2001:db8::/48",
    ] {
        let ip: aegis_core::Indicator = ip.parse().unwrap();
        e.blocklist_ip(now, ip, Duration::from_secs(100)).unwrap();
        assert!(e.is_blocklisted(now, ip).unwrap());
    }
    eprintln!("{:?}", e.get_blocklist(now));
    eprintln!("{:?}", e.counters());
    eprintln!("{:?}", e.map_ids());
    drop(e);
    let e = Enforcer::start(&config, now).unwrap();
    assert_eq!(e.get_blocklist(now).unwrap().len(), 5);
    drop(e);
    eprintln!("{:?}", detach(&config.instance, &config.bpffs));
}
