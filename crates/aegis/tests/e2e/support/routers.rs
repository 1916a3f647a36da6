//! A public network with two routers on it that translate addresses, and a host behind each.
//!
//! The addresses are of a network for documentation, so that the nodes take them for public.

use super::{host::ip, shell::must, world::World};

/// The host on the public network, its address, and the routers with a host behind each.
pub(crate) const HOSTS: [(&str, u8); 5] = [("r", 11), ("na", 12), ("nb", 13), ("a", 14), ("b", 15)];

/// Where the public host is.
pub(crate) const PUBLIC: &str = "198.51.1.1";

/// How a router chooses the port that stands for a host's.
#[derive(Clone, Copy)]
pub(crate) enum Ports {
    /// The same where that is free: whoever the host speaks to sees the same.
    Kept,
    /// Another for each whom the host speaks to.
    Random,
}

/// Makes the network; `None` where the test is skipped.
pub(crate) fn behind_routers(ports: Ports) -> Option<World> {
    let world = World::new(&HOSTS)?;
    readdress(&world, "r", &format!("{PUBLIC}/16"));
    for (router, inside, public, port) in [
        ("na", "a", "198.51.2.1", "p14"),
        ("nb", "b", "198.51.3.1", "p15"),
    ] {
        readdress(&world, router, &format!("{public}/16"));
        let switch = world.host("r").namespace.trim_end_matches("-r").to_owned() + "-switch";
        let router = world.host(router);
        // The end of the inner host's cable is pulled out of the switch and put into the router.
        let cable = [
            "-n",
            &switch,
            "link",
            "set",
            port,
            "netns",
            &router.namespace,
        ];
        must(std::process::Command::new("ip").args(cable));
        ip(router, &format!("link set {port} name lan up"));
        ip(router, "addr add 192.168.1.1/24 dev lan");
        let host = world.host(inside);
        readdress(&world, inside, "192.168.1.2/24");
        ip(host, "route add default via 192.168.1.1");
        let mut forward = router.command("sh");
        must(forward.args(["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]));
        must(router.command("nft").arg(rules(ports)));
    }
    Some(world)
}

fn readdress(world: &World, host: &str, address: &str) {
    let host = world.host(host);
    ip(host, "addr flush dev eth0");
    ip(host, &format!("addr add {address} dev eth0"));
}

/// Returns what a router does that is sold as one: it lets out, and in what answers. What comes
/// unasked is dropped and leaves no trace.
fn rules(ports: Ports) -> String {
    let how = match ports {
        Ports::Kept => "",
        Ports::Random => "fully-random",
    };
    format!(
        "table ip router {{
            chain out {{
                type nat hook postrouting priority 100;
                oifname eth0 masquerade {how}
            }}
            chain through {{
                type filter hook forward priority 0; policy drop;
                iifname lan accept
                ct state established,related accept
            }}
            chain own {{
                type filter hook input priority 0; policy drop;
                iifname lan accept
                ct state established,related accept
            }}
        }}"
    )
}
