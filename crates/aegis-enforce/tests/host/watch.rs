//! The host's facts follow its network.

use std::net::IpAddr;
use std::time::Duration;

use aegis_enforce::host::{HostFacts, HostWatch, default_interfaces};
use tokio::time::timeout;

use crate::namespace::Namespace;

/// Well below the five seconds after which files are read again: netlink must have told.
const DEADLINE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn loopback_is_among_the_own_addresses() {
    let (_watch, facts) = HostWatch::start().await.unwrap();
    assert!(facts.own.contains(&ip("127.0.0.1")), "{facts:?}");
}

#[test]
fn a_new_address_is_told_and_so_is_its_end() {
    let Some(namespace) = Namespace::make("own") else {
        return;
    };
    namespace.run(async || {
        let (mut watch, facts) = HostWatch::start().await.unwrap();
        assert!(!facts.own.contains(&ip("192.0.2.77")), "{facts:?}");
        namespace.ip("addr add 192.0.2.77/24 dev aegis0");
        until(&mut watch, |facts| facts.own.contains(&ip("192.0.2.77"))).await;
        namespace.ip("addr add 2001:db8:7::7/64 dev aegis0 nodad");
        until(&mut watch, |facts| facts.own.contains(&ip("2001:db8:7::7"))).await;
        namespace.ip("addr del 192.0.2.77/24 dev aegis0");
        until(&mut watch, |facts| !facts.own.contains(&ip("192.0.2.77"))).await;
        namespace.ip("addr add 192.0.2.78 peer 192.0.2.79 dev aegis1");
        let facts = until(&mut watch, |facts| facts.own.contains(&ip("192.0.2.78"))).await;
        assert!(
            !facts.own.contains(&ip("192.0.2.79")),
            "the far end is not ours: {facts:?}"
        );
    });
}

#[test]
fn gateways_of_every_kind_are_told() {
    let Some(namespace) = Namespace::make("gateway") else {
        return;
    };
    namespace.ip("addr add 198.51.100.1/24 dev aegis0");
    namespace.ip("addr add 203.0.113.1/24 dev aegis1");
    namespace.ip("addr add 2001:db8:7::1/64 dev aegis0 nodad");
    namespace.run(async || {
        let (mut watch, facts) = HostWatch::start().await.unwrap();
        assert!(facts.gateways.is_empty(), "{facts:?}");
        for (route, gateways) in [
            ("route add default via 198.51.100.2", &["198.51.100.2"][..]),
            (
                "route add default via 198.51.100.3 table 100",
                &["198.51.100.3"],
            ),
            (
                "-6 route add default via 2001:db8:7::fe",
                &["2001:db8:7::fe"],
            ),
            (
                "route add default via inet6 fe80::9 dev aegis0 metric 50",
                &["fe80::9"],
            ),
            (
                "route add default metric 60 nexthop via 198.51.100.4 nexthop via 203.0.113.4",
                &["198.51.100.4", "203.0.113.4"],
            ),
        ] {
            namespace.ip(route);
            until(&mut watch, |facts| {
                gateways.iter().all(|it| facts.gateways.contains(&ip(it)))
            })
            .await;
        }
        namespace.ip("nexthop add id 7 via 198.51.100.5 dev aegis0");
        namespace.ip("route add default metric 70 nhid 7");
        until(&mut watch, |facts| {
            facts.gateways.contains(&ip("198.51.100.5"))
        })
        .await;
        namespace.ip("nexthop replace id 7 via 198.51.100.6 dev aegis0");
        until(&mut watch, |facts| {
            facts.gateways.contains(&ip("198.51.100.6"))
        })
        .await;
        // An interface that goes down takes its routes with it, and the kernel names none.
        namespace.ip("link set aegis0 down");
        until(&mut watch, |facts| {
            !facts.gateways.contains(&ip("198.51.100.2"))
        })
        .await;
    });
}

#[test]
fn interfaces_with_a_default_route_come_by_metric() {
    let Some(namespace) = Namespace::make("default") else {
        return;
    };
    namespace.ip("addr add 198.51.100.1/24 dev aegis0");
    namespace.ip("addr add 203.0.113.1/24 dev aegis1");
    namespace.run(async || {
        assert_eq!(default_interfaces().unwrap(), [""; 0]);
        namespace.ip("route add default via 198.51.100.2 metric 600");
        assert_eq!(default_interfaces().unwrap(), ["aegis0"]);
        namespace.ip("route add default via 203.0.113.2 metric 100");
        assert_eq!(default_interfaces().unwrap(), ["aegis1", "aegis0"]);
    });
}

async fn until(watch: &mut HostWatch, is_there: impl Fn(&HostFacts) -> bool) -> HostFacts {
    let told = timeout(DEADLINE, async {
        loop {
            let facts = watch.changed().await;
            if is_there(&facts) {
                return facts;
            }
        }
    });
    told.await.expect("the change was not told in time")
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}
