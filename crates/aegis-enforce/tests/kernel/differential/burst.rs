//! Many packets through the pinned program, one system call each, from several threads.

#![expect(
    unsafe_code,
    reason = "one system call a packet, without anything around it"
)]

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    thread,
};

use aegis_core::Indicator;
use aya::programs::Xdp;

use super::{
    chance::Chance,
    model::{Source, View},
};
use crate::{
    packet::{FRAGMENT, OPTIONS, Packet, QINQ, SYN, VLAN, tcp},
    support::Instance,
};

const THREADS: u64 = 2;
const BPF_PROG_TEST_RUN: libc::c_long = 10;
const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

/// What the kernel reads: the part of `union bpf_attr` for test runs.
#[derive(Default)]
#[repr(C)]
struct TestRun {
    program: u32,
    action: u32,
    bytes_in: u32,
    bytes_out: u32,
    data_in: u64,
    data_out: u64,
    repeat: u32,
    duration: u32,
    context: [u64; 3],
    rest: [u32; 4],
}

/// A frame of which only the source is missing.
struct Shape {
    name: &'static str,
    frame: Vec<u8>,
    source_at: usize,
    /// Whether the program can read its source.
    is_read: bool,
}

/// What a burst did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) packets: u64,
    pub(super) dropped: u64,
    /// Packets about which the model does not know.
    pub(super) unsure: u64,
    pub(super) differences: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.packets += other.packets;
        self.dropped += other.dropped;
        self.unsure += other.unsure;
        self.differences += other.differences;
    }
}

/// What packets are made of.
pub(super) struct Burst<'a> {
    pub(super) view: &'a View,
    pub(super) known: &'a [Indicator],
    /// So many of a hundred sources are anybody's.
    pub(super) strangers: usize,
    pub(super) packets: u64,
    pub(super) seed: u64,
}

impl Burst<'_> {
    /// Runs them and compares.
    pub(super) fn run(&self, instance: &Instance) -> Tally {
        let kind = aya_obj::programs::XdpAttachType::Interface;
        let program = Xdp::from_pin(instance.pin("prog_xdp"), kind).unwrap();
        let fd = program.fd().unwrap().as_fd().as_raw_fd() as u32;
        thread::scope(|scope| {
            let run = |number: u64| scope.spawn(move || self.run_some(fd, self.seed + number));
            let threads: Vec<_> = (0..THREADS).map(run).collect();
            let mut tally = Tally::default();
            for thread in threads {
                tally.add(thread.join().unwrap());
            }
            tally
        })
    }

    fn run_some(&self, program: u32, seed: u64) -> Tally {
        let mut chance = Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let mut families = shapes();
        let mut tally = Tally::default();
        for _ in 0..self.packets / THREADS {
            let source = chance.source(self.known, self.strangers);
            let shapes = &mut families[usize::from(source.is_v6)];
            let index = chance.below(shapes.len() * 2).saturating_sub(shapes.len());
            let shape = &mut shapes[index];
            shape.set_source(source);
            let is_dropped = run(program, &shape.frame).unwrap();
            tally.packets += 1;
            tally.dropped += u64::from(is_dropped);
            let expected = if shape.is_read {
                self.view.is_dropped(source)
            } else {
                Some(false)
            };
            match expected {
                None => tally.unsure += 1,
                Some(expected) if expected == is_dropped => {}
                Some(expected) => {
                    tally.differences += 1;
                    let address = source.address();
                    let name = shape.name;
                    eprintln!("{address} ({name}): dropped {is_dropped}, expected {expected}");
                    assert!(tally.differences < 10, "enough differences");
                }
            }
        }
        tally
    }
}

impl Shape {
    fn set_source(&mut self, source: Source) {
        let bytes = source.bits.to_be_bytes();
        let bytes = if source.is_v6 {
            &bytes[..]
        } else {
            &bytes[12..]
        };
        self.frame[self.source_at..self.source_at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Returns the shapes of either family, the plain one first.
fn shapes() -> [Vec<Shape>; 2] {
    let v4 = tcp("0.0.0.0", SYN);
    let v6 = tcp("::", SYN);
    let tagged = |packet: &Packet, tags: &[u16]| packet.clone().tags(tags);
    let four = [QINQ, VLAN, VLAN, VLAN];
    let five = [VLAN; 5];
    let of_v4 = [
        ("plain", 0, v4.clone()),
        ("tagged", 1, tagged(&v4, &[VLAN])),
        ("QinQ", 2, tagged(&v4, &[QINQ, VLAN])),
        ("four tags", 4, tagged(&v4, &four)),
        ("options", 0, v4.clone().options(10)),
        ("first fragment", 0, v4.clone().fragment(0x2000)),
        ("later fragment", 0, v4.clone().fragment(0x00b9)),
        ("no payload", 0, v4.clone().payload(255, &[])),
        ("five tags", 5, tagged(&v4, &five)),
    ];
    let of_v6 = [
        ("plain", 0, v6.clone()),
        ("tagged", 1, tagged(&v6, &[VLAN])),
        ("QinQ", 2, tagged(&v6, &[QINQ, VLAN])),
        ("four tags", 4, tagged(&v6, &four)),
        ("options", 0, v6.clone().extensions(&[0, OPTIONS])),
        ("fragment", 0, v6.clone().extensions(&[FRAGMENT])),
        ("no payload", 0, v6.clone().payload(59, &[])),
        ("five tags", 5, tagged(&v6, &five)),
    ];
    let shape = |source_at| {
        move |(name, tags, packet): (_, usize, Packet)| Shape {
            name,
            frame: packet.bytes(),
            source_at: 14 + tags * 4 + source_at,
            is_read: tags < 5,
        }
    };
    let mut shapes = [
        Vec::from(of_v4.map(shape(12))),
        Vec::from(of_v6.map(shape(8))),
    ];
    for (family, header) in shapes.iter_mut().zip([20, 40]) {
        family.push(Shape {
            name: "cut short",
            frame: family[0].frame[..14 + header - 1].to_vec(),
            source_at: family[0].source_at,
            is_read: false,
        });
        let mut frame = family[0].frame.clone();
        frame[14] ^= 0x30;
        family.push(Shape {
            name: "of another version",
            frame,
            source_at: family[0].source_at,
            is_read: false,
        });
    }
    shapes
}

/// Runs one packet; returns whether it was dropped.
fn run(program: u32, frame: &[u8]) -> io::Result<bool> {
    let mut arguments = TestRun {
        program,
        bytes_in: frame.len() as u32,
        data_in: frame.as_ptr() as u64,
        ..TestRun::default()
    };
    // SAFETY: the block is as long as we say, and points to a live frame that is only read.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_PROG_TEST_RUN,
            &raw mut arguments,
            size_of::<TestRun>(),
        )
    };
    match (result, arguments.action) {
        (..0, _) => Err(io::Error::last_os_error()),
        (_, XDP_DROP) => Ok(true),
        (_, XDP_PASS) => Ok(false),
        (_, other) => Err(io::Error::other(format!("XDP action {other}"))),
    }
}
