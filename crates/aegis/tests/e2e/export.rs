//! What `export` writes is loaded by the programs that it is for: Debian's nft, ipset, nginx
//! and HAProxy.

use std::{fs, path::Path};

use aegis::lab::{node::LabNode, testbed::Host};

use crate::support::{
    block,
    debian::Packages,
    has_nft,
    shell::must,
    until_blocked,
    world::{How, World, cli},
};

const HOSTS: [(&str, u8); 1] = [("a", 11)];

const IPSET: Packages = Packages {
    folder: "debian-ipset",
    names: &["ipset", "libipset13", "libmnl0"],
    programs: &["ipset"],
};

const NGINX: Packages = Packages {
    folder: "debian-nginx",
    names: &["nginx", "nginx-common"],
    programs: &["nginx"],
};

const HAPROXY: Packages = Packages {
    folder: "debian-haproxy",
    names: &[
        "haproxy",
        "liblua5.3-0",
        "libopentracing-c-wrapper0",
        "libopentracing1",
    ],
    programs: &["haproxy"],
};

/// Blocks an address, a prefix with an address of it, and a prefix of IPv6.
async fn blocking(world: &World) -> LabNode {
    let how = How {
        flags: &["--observe"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    for what in [
        "203.0.113.7",
        "198.51.100.0/24",
        "198.51.100.9",
        "2001:db8::/64",
    ] {
        node.client.block(&block(what, 300)).await.unwrap();
        until_blocked(&node.client, what, true).await;
    }
    node
}

fn written(node: &LabNode, format: &str, file: &Path) {
    let said = cli(
        node,
        &format!("export {format} --output {}", file.display()),
    );
    assert_eq!(said.code, Some(0), "{said:?}");
}

/// Runs one of `root`'s programs in the host's namespace, with the libraries beside it.
fn unpacked(host: &Host, root: &Path, program: &str, arguments: &[&str]) -> String {
    let program = Packages::program(root, program).unwrap();
    let mut command = host.command(program.to_str().unwrap());
    let libraries = root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    must(command.args(arguments).env("LD_LIBRARY_PATH", libraries))
}

#[tokio::test]
async fn netns_nft_loads_sets_again_and_again() {
    if !has_nft() {
        return;
    }
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let node = blocking(&world).await;
    let (host, file) = (world.host("a"), world.dir().join("blocked.nft"));
    written(&node, "nft", &file);
    for _ in 0..2 {
        must(host.command("nft").arg("-f").arg(&file));
    }
    let v4 = must(
        host.command("nft")
            .args(["list", "set", "inet", "aegis_export", "blocked_v4"]),
    );
    assert!(v4.contains("203.0.113.7"), "{v4}");
    assert!(v4.contains("198.51.100.0/24"), "{v4}");
    let v6 = must(
        host.command("nft")
            .args(["list", "set", "inet", "aegis_export", "blocked_v6"]),
    );
    assert!(v6.contains("2001:db8::/64"), "{v6}");
    node.client
        .unblock(&aegis_api::UnblockRequest {
            indicator: "203.0.113.7".parse().unwrap(),
            withdraw: false,
        })
        .await
        .unwrap();
    written(&node, "nft", &file);
    must(host.command("nft").arg("-f").arg(&file));
    let v4 = must(
        host.command("nft")
            .args(["list", "set", "inet", "aegis_export", "blocked_v4"]),
    );
    assert!(!v4.contains("203.0.113.7"), "{v4}");
}

#[tokio::test]
async fn netns_ipset_restores_sets_again_and_again() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(root) = IPSET.unpacked() else {
        return;
    };
    let node = blocking(&world).await;
    let (host, file) = (world.host("a"), world.dir().join("blocked.ipset"));
    written(&node, "ipset", &file);
    let path = file.to_str().unwrap();
    for _ in 0..2 {
        unpacked(host, &root, "ipset", &["restore", "-file", path]);
    }
    let all = unpacked(host, &root, "ipset", &["list"]);
    for member in [
        "203.0.113.7 timeout",
        "198.51.100.0/24 timeout",
        "2001:db8::/64 timeout",
    ] {
        assert!(all.contains(member), "{member}: {all}");
    }
    assert!(!all.contains("-new"), "{all}");
}

#[tokio::test]
async fn netns_nginx_takes_what_it_is_to_deny() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(root) = NGINX.unpacked() else {
        return;
    };
    let node = blocking(&world).await;
    let (host, dir) = (world.host("a"), world.dir());
    written(&node, "nginx", &dir.join("blocked.conf"));
    let config = dir.join("nginx.conf");
    let text = format!(
        "pid {0}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n  access_log off;\n  \
         include {0}/blocked.conf;\n}}\n",
        dir.display()
    );
    fs::write(&config, text).unwrap();
    let config = config.to_str().unwrap();
    unpacked(host, &root, "nginx", &["-t", "-c", config]);
}

#[tokio::test]
async fn netns_haproxy_takes_the_map_of_whom_to_deny() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(root) = HAPROXY.unpacked() else {
        return;
    };
    let node = blocking(&world).await;
    let (host, dir) = (world.host("a"), world.dir());
    let map = dir.join("blocked.map");
    written(&node, "haproxy", &map);
    let lines = fs::read_to_string(&map).unwrap();
    assert_eq!(lines.lines().count(), 4, "{lines}");
    let config = dir.join("haproxy.cfg");
    let text = format!(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend web\n  bind 127.0.0.1:8099\n  \
         http-request deny if {{ src,map_ip({}) -m found }}\n",
        map.display()
    );
    fs::write(&config, text).unwrap();
    unpacked(
        host,
        &root,
        "haproxy",
        &["-c", "-f", config.to_str().unwrap()],
    );
}
