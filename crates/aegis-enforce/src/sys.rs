//! The bpf(2) system call: maps, links and test runs by file descriptor.
//!
//! The loader library has no batch reads, hides descriptors, and falls back to attachments that
//! do not outlive us; these few calls are made directly instead.

#![expect(unsafe_code, reason = "system calls take pointers")]

mod call;
mod map;
mod memory;
mod object;

pub(crate) use map::KernelMap;
pub(crate) use memory::SharedMemory;
pub(crate) use object::{
    LinkKind, create_link, detach_link, link_ends, link_ifindex, map_id, open_pin, pin, pin_over,
    run_program, tcx_programs, update_link,
};
