//! Pins, links, programs and what the kernel says of them.

use std::{
    ffi::CString,
    fs, io,
    os::{
        fd::{AsFd, AsRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
    time::Duration,
};

use super::call::{self, Command, Info, Link, TestRun, bpf, bpf_fd};

/// The shape of a map, as the kernel tells it.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct MapInfo {
    pub(super) map_type: u32,
    pub(super) id: u32,
    pub(super) key_size: u32,
    pub(super) value_size: u32,
    pub(super) max_entries: u32,
    pub(super) flags: u32,
}

/// The head of what the kernel tells of a link; XDP and tcx have the interface at one place.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
struct LinkInfo {
    link_type: u32,
    id: u32,
    program: u32,
    padding: u32,
    ifindex: u32,
    attach_type: u32,
    room: [u64; 8],
}

/// Where a link goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkKind {
    /// XDP in the driver.
    Native,
    /// XDP in the stack.
    Generic,
    /// The tcx ingress hook.
    Tcx,
}

const ATTACH_XDP: u32 = 37;
const ATTACH_TCX_INGRESS: u32 = 46;
/// The kernel has no more at one hook.
const TCX_PROGRAMS_MAX: usize = 64;
const XDP_FLAGS_SKB_MODE: u32 = 1 << 1;
const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;

/// Opens the object pinned at `path`.
pub(crate) fn open_pin(path: &Path) -> io::Result<OwnedFd> {
    let path = c_path(path)?;
    let mut arguments = call::Path {
        path: path.as_ptr() as u64,
        ..call::Path::default()
    };
    bpf_fd(Command::Open, &mut arguments)
}

/// Pins an object at `path`, where nothing may be yet.
pub(crate) fn pin(object: impl AsFd, path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    let mut arguments = call::Path {
        path: path.as_ptr() as u64,
        object: number(&object),
        flags: 0,
    };
    bpf(Command::Pin, &mut arguments).map(drop)
}

/// Pins an object at `path` in the place of what is there, without a moment of nothing.
pub(crate) fn pin_over(object: impl AsFd, path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let next = path.with_file_name(format!("next_{name}"));
    match fs::remove_file(&next) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    pin(object, &next)?;
    fs::rename(&next, path)
}

/// Attaches a program to an interface by a link of its own.
pub(crate) fn create_link(program: impl AsFd, ifindex: u32, kind: LinkKind) -> io::Result<OwnedFd> {
    let (attach_type, flags) = match kind {
        LinkKind::Native => (ATTACH_XDP, XDP_FLAGS_DRV_MODE),
        LinkKind::Generic => (ATTACH_XDP, XDP_FLAGS_SKB_MODE),
        LinkKind::Tcx => (ATTACH_TCX_INGRESS, 0),
    };
    let mut arguments = Link {
        program_or_link: number(&program),
        target_or_program: ifindex,
        attach_type_or_flags: attach_type,
        flags_or_old_program: flags,
        ..Link::default()
    };
    bpf_fd(Command::LinkCreate, &mut arguments)
}

/// Puts another program behind a link, atomically.
pub(crate) fn update_link(link: impl AsFd, program: impl AsFd) -> io::Result<()> {
    let mut arguments = Link {
        program_or_link: number(&link),
        target_or_program: number(&program),
        ..Link::default()
    };
    bpf(Command::LinkUpdate, &mut arguments).map(drop)
}

/// Takes a link off its interface now; merely letting go of it does so some time later.
pub(crate) fn detach_link(link: impl AsFd) -> io::Result<()> {
    let mut arguments = Link {
        program_or_link: number(&link),
        ..Link::default()
    };
    bpf(Command::LinkDetach, &mut arguments).map(drop)
}

/// Returns the numbers of the programs at an interface's tcx ingress hook, in their order.
pub(crate) fn tcx_programs(ifindex: u32) -> io::Result<Vec<u32>> {
    let mut ids = [0_u32; TCX_PROGRAMS_MAX];
    let mut arguments = call::Query {
        ifindex,
        attach_type: ATTACH_TCX_INGRESS,
        ids: ids.as_mut_ptr() as u64,
        count: TCX_PROGRAMS_MAX as u32,
        ..call::Query::default()
    };
    bpf(Command::Query, &mut arguments)?;
    let count = TCX_PROGRAMS_MAX.min(arguments.count as usize);
    Ok(ids[..count].to_vec())
}

/// Returns the interface of an XDP or tcx link, zero where the interface is gone.
pub(crate) fn link_ifindex(link: impl AsFd) -> io::Result<u32> {
    read_info::<LinkInfo>(&link).map(|it| it.ifindex)
}

/// Returns the interface and the program of an XDP or tcx link, by their numbers.
pub(crate) fn link_ends(link: impl AsFd) -> io::Result<(u32, u32)> {
    read_info::<LinkInfo>(&link).map(|it| (it.ifindex, it.program))
}

/// Returns the kernel's number of a map.
pub(crate) fn map_id(map: impl AsFd) -> io::Result<u32> {
    read_info::<MapInfo>(&map).map(|it| it.id)
}

/// Returns the shape of a map.
pub(super) fn map_info(map: &OwnedFd) -> io::Result<MapInfo> {
    read_info(map)
}

/// Runs a program `repeat` times over a copy of `packet`; returns its action and the mean time.
pub(crate) fn run_program(
    program: impl AsFd,
    packet: &[u8],
    repeat: u32,
) -> io::Result<(u32, Duration)> {
    let mut arguments = TestRun {
        program: number(&program),
        bytes_in: packet.len() as u32,
        data_in: packet.as_ptr() as u64,
        repeat,
        ..TestRun::default()
    };
    bpf(Command::TestRun, &mut arguments)?;
    let duration = Duration::from_nanos(u64::from(arguments.duration));
    Ok((arguments.action, duration))
}

fn read_info<T: Default>(object: &impl AsFd) -> io::Result<T> {
    let mut info = T::default();
    let mut arguments = Info {
        object: number(object),
        bytes: size_of::<T>() as u32,
        into: (&raw mut info) as u64,
    };
    bpf(Command::Info, &mut arguments)?;
    Ok(info)
}

fn number(object: &impl AsFd) -> u32 {
    object.as_fd().as_raw_fd() as u32
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from)
}
