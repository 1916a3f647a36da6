//! Tests of what is inside and what is out on the internet.

use std::net::TcpListener;

use super::*;
use crate::{
    connect::{Tls, stream},
    fetch::FetchError,
    target::Target,
};

#[test]
fn what_only_this_host_and_its_neighbours_reach_is_not_public() {
    for inside in [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "64:ff9b::7f00:1",
        "2002:a00:1::1",
    ] {
        assert!(!is_public(inside.parse().expect("an address")), "{inside}");
    }
    for outside in [
        "8.8.8.8",
        "100.128.0.1",
        "172.32.0.1",
        "::ffff:8.8.8.8",
        "2606:4700::1",
        "64:ff9b::808:808",
    ] {
        assert!(is_public(outside.parse().expect("an address")), "{outside}");
    }
}

#[tokio::test]
async fn a_server_out_on_the_internet_sends_nobody_to_what_is_inside() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("set");
    let port = listener.local_addr().expect("an address").port();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let to = Target::parse(&format!("http://{host}:{port}/")).expect("an address");
        let stream = stream(&to, &Tls::default(), Reach::Public).await;
        assert!(matches!(stream, Err(FetchError::Astray(_))), "{host}");
    }
    let asked = listener.accept();
    assert!(asked.is_err_and(|it| it.kind() == std::io::ErrorKind::WouldBlock));
}
