//! Frames that no ordinary socket sends: VLAN tags, and devices without an Ethernet header.

#![expect(unsafe_code, reason = "sends raw frames")]

use std::{
    io, mem,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use aegis_enforce::{Counter, Mode};

use crate::support::{
    HOUR, Instance, apply, block, count,
    namespace::{Cable, INTERFACE, Namespace},
};

/// A UDP datagram from 192.0.2.7, which no route leads back to.
const DATAGRAM: [u8; 28] = [
    0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 7, 10, 77, 0, 1, 0, 7, 0, 7, 0, 8, 0, 0,
];

/// Sends a frame of these tags and the datagram.
fn send(namespace: &Namespace, tags: &[u8]) {
    let mut frame = vec![0xff; 6]; // to everybody
    frame.extend([2, 0, 0, 0, 0, 1]);
    frame.extend(tags);
    frame.extend([0x08, 0x00]);
    frame.extend(DATAGRAM);
    namespace.enter(|| send_raw(&frame));
}

fn send_raw(frame: &[u8]) {
    // SAFETY: plain numbers; the result is checked.
    let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    assert!(socket >= 0, "{}", io::Error::last_os_error());
    // SAFETY: the kernel just gave this descriptor to us alone.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let name = std::ffi::CString::new(INTERFACE).unwrap();
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut to: libc::sockaddr_ll = unsafe { mem::zeroed() };
    to.sll_family = libc::AF_PACKET as u16;
    // SAFETY: a live C string.
    to.sll_ifindex = unsafe { libc::if_nametoindex(name.as_ptr()) } as i32;
    // SAFETY: live buffers of the sizes that are told.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            0,
            (&raw const to).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    assert_eq!(sent, frame.len() as isize, "{}", io::Error::last_os_error());
}

#[test]
fn one_vlan_tag_is_looked_through_and_two_are_passed() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    apply(&mut enforcer, defender, &[block("192.0.2.7", HOUR)]);
    let seen = |least| count(&enforcer, defender, (Counter::Packets, least));
    let dropped = |least| count(&enforcer, defender, (Counter::Dropped, least));
    send(&cable.attacker, &[]);
    assert_eq!(dropped(1), 1);
    send(&cable.attacker, &[0x81, 0, 0, 5]);
    assert_eq!(dropped(2), 2);
    let before = seen(2);
    send(&cable.attacker, &[0x88, 0xa8, 0, 5, 0x81, 0, 0, 6]);
    seen(before + 1);
    assert_eq!(dropped(2), 2, "what cannot be read is passed");
}

#[test]
fn a_device_without_an_ethernet_header_is_hooked() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let namespace = Namespace::new();
    namespace.ip("tuntap add aegistun mode tun");
    namespace.ip("link set aegistun up");
    instance.config.interfaces = vec!["aegistun".into(), "lo".into()];
    let enforcer = instance.start(&namespace);
    let modes: Vec<Mode> = enforcer.interfaces().iter().map(|it| it.mode).collect();
    assert_eq!(modes, [Mode::Nft, Mode::Nft]);
}
