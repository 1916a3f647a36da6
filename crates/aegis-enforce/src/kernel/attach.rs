//! Putting the program on interfaces, and saying how and why.
//!
//! Fastest first: XDP in the driver, XDP in the stack, traffic control. A pinned link of an
//! earlier run is moved over to the new program, so no packet passes in between. Nobody else's
//! program is ever touched: where XDP is taken, we go to traffic control.

#![expect(unsafe_code, reason = "asks the kernel about interfaces by ioctl")]

use std::{
    ffi::{CStr, CString},
    io, mem,
    os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
};

use aegis_abi::maps;
use aya::programs::{
    TcAttachType,
    tc::{self, NlOptions, SchedClassifierLink, TcAttachOptions, TcHandle},
};

use super::{
    pins::{LinkPin, Pins},
    program::Programs,
};
use crate::{
    EnforceError, InterfaceState, Mode, ModeRequest,
    sys::{LinkKind, create_link, link_ends, link_ifindex, open_pin, pin, update_link},
};

/// Priority of our filter where traffic control has no links: early, but not the first.
const FILTER_PRIORITY: u16 = 10;

/// Attaches the program to `interface`, or moves the link of an earlier run over to it.
pub(super) fn attach(
    programs: &mut Programs,
    pins: &Pins,
    interface: &str,
    request: ModeRequest,
) -> Result<InterfaceState, EnforceError> {
    let refuse = |reasons: String| EnforceError::Attach {
        interface: interface.to_owned(),
        reasons,
    };
    let index = interface_index(interface).map_err(|it| refuse(it.to_string()))?;
    check_hardware(interface).map_err(refuse)?;
    let state = |mode, reason: String| InterfaceState {
        name: interface.to_owned(),
        index,
        mode,
        reason,
    };
    let candidates = candidates(interface, request);
    let (kept, others) = keep_links(programs, pins, index, candidates)?;
    if let Some(mode) = kept {
        return Ok(state(
            mode,
            format!("{mode} link of an earlier run taken over"),
        ));
    }
    // An old link in another mode gives way, and traffic control holds the line meanwhile: two
    // XDP programs cannot sit on one interface at once.
    let mut bridge = bridge_over(programs, index, &others);
    for link in others.iter().filter(|it| it.mode.is_xdp()) {
        pins.remove_link(link)?;
    }
    let mut reasons = Vec::new();
    for &mode in candidates {
        match attach_in_mode(programs, pins, (interface, index, mode), &mut bridge) {
            Ok(()) => {
                for link in others.iter().filter(|it| !it.mode.is_xdp()) {
                    pins.remove_link(link)?;
                }
                if mode != Mode::TcFilter {
                    remove_filter(interface, pins.instance()); // of an earlier run, if any
                }
                return Ok(state(mode, chosen(interface, request, mode, &reasons)));
            }
            Err(error) => reasons.push(format!("{mode}: {}", explain(mode, &error))),
        }
    }
    Err(refuse(reasons.join("; ")))
}

/// Moves every link over to the new program: a packet meets the old one or the new one.
pub(super) fn move_over(
    programs: &mut Programs,
    pins: &Pins,
    interfaces: &[InterfaceState],
) -> Result<(), EnforceError> {
    for state in interfaces {
        let path = pins.link_path(state.index, state.mode);
        let result = match state.mode {
            Mode::TcFilter => interface_name(state.index)
                .and_then(|it| attach_filter(programs, &it, pins.instance())),
            Mode::Native | Mode::Generic | Mode::Tcx => move_link(
                programs,
                &LinkPin {
                    ifindex: state.index,
                    mode: state.mode,
                    path,
                },
            ),
            Mode::Nft | Mode::NftPrerouting => continue, // no program is involved
        };
        match result {
            // An interface that is gone comes back by `attach`, onto the new program.
            Err(error) if interface_name(state.index).is_ok() => {
                return Err(EnforceError::Attach {
                    interface: state.name.clone(),
                    reasons: error.to_string(),
                });
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Removes pinned links of interfaces that nobody wants defended any more.
pub(super) fn remove_stale_links(
    pins: &Pins,
    wanted: &[InterfaceState],
) -> Result<(), EnforceError> {
    for link in pins.links()? {
        let is_wanted = |it: &InterfaceState| it.index == link.ifindex && it.mode == link.mode;
        if !wanted.iter().any(is_wanted) {
            tracing::info!(ifindex = link.ifindex, mode = %link.mode, "Removed a stale link");
            pins.remove_link(&link)?;
        }
    }
    Ok(())
}

/// Returns the present name of the interface that one of the programs `ours` sits on as `state`
/// says, `None` where none sits there any more. What an interface is called does not matter to a
/// link. Of a filter, which has no link, only the interface is known.
pub(super) fn attached_name(pins: &Pins, state: &InterfaceState, ours: &[u32]) -> Option<String> {
    let link = open_pin(&pins.link_path(state.index, state.mode));
    let is_linked = link
        .and_then(link_ends)
        .is_ok_and(|(ifindex, program)| ifindex == state.index && ours.contains(&program));
    let name = interface_name(state.index).ok()?;
    (is_linked || state.mode == Mode::TcFilter).then_some(name)
}

/// Returns whether there is an interface of this name.
pub(super) fn is_there(interface: &str) -> bool {
    interface_index(interface).is_ok()
}

/// Returns the name of a network interface in this namespace.
fn interface_name(index: u32) -> io::Result<String> {
    let mut name = [0_u8; libc::IF_NAMESIZE];
    // SAFETY: the buffer has the size that the call asks for.
    let result = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if result.is_null() {
        return Err(io::Error::last_os_error());
    }
    let name = CStr::from_bytes_until_nul(&name).map_err(io::Error::other)?;
    Ok(name.to_string_lossy().into_owned())
}

/// Returns the index of a network interface in this namespace.
pub(crate) fn interface_index(interface: &str) -> io::Result<u32> {
    let name = CString::new(interface).map_err(io::Error::from)?;
    // SAFETY: a live C string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

/// Removes the filter of `instance` from an interface without tcx; returns whether it was there.
pub(crate) fn remove_filter(interface: &str, instance: &str) -> bool {
    let link = SchedClassifierLink::attached(
        interface,
        TcAttachType::Ingress,
        FILTER_PRIORITY,
        filter_handle(instance),
        None,
    );
    link.is_ok_and(|it| aya::programs::links::Link::detach(it).is_ok())
}

fn candidates(interface: &str, request: ModeRequest) -> &'static [Mode] {
    match request {
        // No driver is behind the loopback device, and asking it fails.
        ModeRequest::Auto if interface == "lo" => &[Mode::Generic, Mode::Tcx, Mode::TcFilter],
        ModeRequest::Auto => &[Mode::Native, Mode::Generic, Mode::Tcx, Mode::TcFilter],
        ModeRequest::Native => &[Mode::Native],
        ModeRequest::Generic => &[Mode::Generic],
        ModeRequest::Tc => &[Mode::Tcx, Mode::TcFilter],
        ModeRequest::TcFilter => &[Mode::TcFilter],
        ModeRequest::Nft | ModeRequest::NftPrerouting => &[], // without a program
    }
}

/// Moves a pinned link of one of `candidates` over to the new program; returns its mode, and the
/// pinned links of this interface that are of no use.
fn keep_links(
    programs: &Programs,
    pins: &Pins,
    index: u32,
    candidates: &[Mode],
) -> Result<(Option<Mode>, Vec<LinkPin>), EnforceError> {
    let mut kept = None;
    let mut others = Vec::new();
    for link in pins.links()?.into_iter().filter(|it| it.ifindex == index) {
        let is_wanted = kept.is_none() && candidates.contains(&link.mode);
        if is_wanted && move_link(programs, &link).is_ok() {
            kept = Some(link.mode);
        } else {
            others.push(link);
        }
    }
    if kept.is_some() {
        for link in others.drain(..) {
            pins.remove_link(&link)?;
        }
    }
    Ok((kept, others))
}

fn move_link(programs: &Programs, pin: &LinkPin) -> io::Result<()> {
    let link = open_pin(&pin.path)?;
    if link_ifindex(&link)? != pin.ifindex {
        return Err(io::Error::from(io::ErrorKind::NotFound)); // its interface went away
    }
    let mut result = Err(io::Error::from(io::ErrorKind::Unsupported));
    for program in programs_of(programs, pin.mode) {
        result = update_link(&link, program);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Attaches by traffic control for the moment in which an XDP link is replaced.
fn bridge_over(programs: &Programs, index: u32, others: &[LinkPin]) -> Option<OwnedFd> {
    let is_needed = !others.is_empty() && others.iter().all(|it| it.mode.is_xdp());
    let program = programs.fd(maps::PROGRAM_TC).filter(|_| is_needed)?;
    create_link(program, index, LinkKind::Tcx).ok()
}

fn programs_of(programs: &Programs, mode: Mode) -> Vec<BorrowedFd<'_>> {
    match mode {
        Mode::Native | Mode::Generic => programs.xdp(),
        Mode::Tcx | Mode::TcFilter => programs.fd(maps::PROGRAM_TC).into_iter().collect(),
        Mode::Nft | Mode::NftPrerouting => Vec::new(),
    }
}

fn attach_in_mode(
    programs: &mut Programs,
    pins: &Pins,
    (interface, index, mode): (&str, u32, Mode),
    bridge: &mut Option<OwnedFd>,
) -> io::Result<()> {
    let kind = match mode {
        Mode::Native => LinkKind::Native,
        Mode::Generic => LinkKind::Generic,
        Mode::Tcx => LinkKind::Tcx,
        Mode::TcFilter => return attach_filter(programs, interface, pins.instance()),
        Mode::Nft | Mode::NftPrerouting => {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        }
    };
    if let Some(link) = bridge.take_if(|_| kind == LinkKind::Tcx) {
        return pin(link, &pins.link_path(index, mode)); // the same program cannot come twice
    }
    let mut result = Err(io::Error::from(io::ErrorKind::Unsupported));
    for program in programs_of(programs, mode) {
        result = create_link(program, index, kind);
        if result.is_ok() {
            break;
        }
    }
    pin(result?, &pins.link_path(index, mode))
}

/// Attaches by filter, for kernels without tcx. The filter holds the program by itself.
fn attach_filter(programs: &mut Programs, interface: &str, instance: &str) -> io::Result<()> {
    let program = programs
        .classifier()
        .ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))?;
    // Fails where the queueing discipline is there already, which is as well.
    let _ = tc::qdisc_add_clsact(interface);
    let handle = filter_handle(instance);
    let options = NlOptions {
        priority: FILTER_PRIORITY,
        handle,
        classid: None,
    };
    let ingress = TcAttachType::Ingress;
    let attached =
        program.attach_with_options(interface, ingress, TcAttachOptions::Netlink(options));
    let id = match attached {
        Ok(id) => id,
        Err(_) => {
            let link =
                SchedClassifierLink::attached(interface, ingress, FILTER_PRIORITY, handle, None)?;
            program.attach_to_link(link).map_err(io::Error::other)?
        }
    };
    let link = program.take_link(id).map_err(io::Error::other)?;
    mem::forget(link); // dropping it would take the filter away
    Ok(())
}

/// Returns the handle of an instance's filter: the same after a restart, another for another.
fn filter_handle(instance: &str) -> TcHandle {
    let hash = instance.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    TcHandle::from(hash | 1)
}

/// Returns why `mode` was chosen.
fn chosen(interface: &str, request: ModeRequest, mode: Mode, failed: &[String]) -> String {
    if !failed.is_empty() {
        return failed.join("; ");
    }
    match request {
        ModeRequest::Auto if interface == "lo" => "the loopback device has no driver".into(),
        ModeRequest::Auto => "the driver takes it".into(),
        ModeRequest::Native
        | ModeRequest::Generic
        | ModeRequest::Tc
        | ModeRequest::TcFilter
        | ModeRequest::Nft
        | ModeRequest::NftPrerouting => {
            format!("{mode} was asked for")
        }
    }
}

/// Returns what a refusal means.
fn explain(mode: Mode, error: &io::Error) -> String {
    let meaning = match (error.raw_os_error(), mode) {
        (Some(libc::EBUSY), Mode::Native | Mode::Generic) => "another program holds XDP",
        (Some(libc::EEXIST), Mode::Native | Mode::Generic) => "XDP is taken in another mode",
        (Some(libc::EOPNOTSUPP), Mode::Native) => "the driver has no XDP",
        (Some(libc::EINVAL), Mode::Tcx) => "the kernel has no tcx",
        (Some(libc::ERANGE | libc::E2BIG), Mode::Native) => "the MTU is too large for the driver",
        (Some(libc::EPERM), _) => "not permitted (CAP_NET_ADMIN and CAP_BPF)",
        _ => return error.to_string(),
    };
    format!("{meaning} ({error})")
}

/// Fails on devices whose frames do not begin with an Ethernet header: the program would read
/// garbage there and let everything through.
fn check_hardware(interface: &str) -> Result<(), String> {
    match hardware_type(interface) {
        Ok(libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK) => Ok(()),
        Ok(other) => Err(format!(
            "its frames have no Ethernet header (device type {other})"
        )),
        Err(error) => Err(format!("its type cannot be read: {error}")),
    }
}

/// Returns the ARPHRD number of an interface, in the namespace of this thread.
pub(crate) fn hardware_type(interface: &str) -> io::Result<u16> {
    // SAFETY: plain arguments; the result is checked.
    let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just gave this descriptor to us alone.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    if interface.len() >= request.ifr_name.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    for (to, from) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    // SAFETY: a live socket and a live request with a terminated name.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCGIFHWADDR as _,
            &raw mut request,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: SIOCGIFHWADDR fills this member of the union.
    Ok(unsafe { request.ifr_ifru.ifru_hwaddr.sa_family })
}
