//! The kernel object: embedded or from a path, loaded onto the pinned maps.

use std::{
    fs,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use aegis_abi::maps;
use aya::{Ebpf, EbpfLoader, include_bytes_aligned, programs::Program};

use crate::{Capacity, EnforceError, kernel::pins::Pins, sys::KernelMap};

/// What `cargo xtask build-ebpf` makes of `crates/aegis-ebpf`.
static EMBEDDED: &[u8] = include_bytes_aligned!("../../bpf/aegis.bpf.o");

/// The loaded programs.
#[derive(Debug)]
pub(super) struct Programs {
    ebpf: Ebpf,
    /// Whether the kernel takes XDP programs that know packets in several buffers.
    has_frags: bool,
}

impl Programs {
    /// Loads the object; maps are opened at, or made at, `prefix` and their names.
    pub(super) fn load(
        object: Option<&Path>,
        pins: &Pins,
        prefix: &str,
        capacity: Capacity,
    ) -> Result<Self, EnforceError> {
        let origin = object.map_or_else(
            || "the embedded object".to_owned(),
            |it| it.display().to_string(),
        );
        let error = |source: Box<dyn std::error::Error + Send + Sync>| EnforceError::Load {
            origin: origin.clone(),
            source,
        };
        let bytes = match object {
            Some(path) => &fs::read(path).map_err(|it| error(it.into()))?,
            None => EMBEDDED,
        };
        let mut loader = EbpfLoader::new();
        for name in maps::PINNED {
            loader.map_pin_path(name, pins.path(&format!("{prefix}{name}")));
        }
        for (name, entries) in sizes(capacity) {
            loader.map_max_entries(name, entries);
        }
        let ebpf = loader.load(bytes).map_err(|it| error(it.into()))?;
        let mut programs = Self {
            ebpf,
            has_frags: false,
        };
        for name in [maps::PROGRAM_XDP, maps::PROGRAM_TC, maps::PROGRAM_CLOCK] {
            programs.load_program(name).map_err(&error)?;
        }
        programs.has_frags = programs.load_program(maps::PROGRAM_XDP_FRAGS).is_ok();
        Ok(programs)
    }

    /// Returns the XDP programs to try, best first.
    pub(super) fn xdp(&self) -> Vec<BorrowedFd<'_>> {
        let frags = self.has_frags.then_some(maps::PROGRAM_XDP_FRAGS);
        let names = frags.into_iter().chain([maps::PROGRAM_XDP]);
        names.filter_map(|it| self.fd(it)).collect()
    }

    /// Returns the program behind `name`.
    pub(super) fn fd(&self, name: &str) -> Option<BorrowedFd<'_>> {
        let program = self.ebpf.program(name)?;
        if let Program::Xdp(program) = program {
            return program.fd().ok().map(AsFd::as_fd);
        }
        let Program::SchedClassifier(program) = program else {
            return None; // the object holds no other kind
        };
        program.fd().ok().map(AsFd::as_fd)
    }

    /// Returns the traffic-control program for attaching it by filter.
    pub(super) fn classifier(&mut self) -> Option<&mut aya::programs::SchedClassifier> {
        let program = self.ebpf.program_mut(maps::PROGRAM_TC)?;
        program.try_into().ok()
    }

    /// Returns a descriptor of the clock program and its map.
    pub(super) fn clock(&self) -> std::io::Result<Option<(OwnedFd, KernelMap)>> {
        let (Some(program), Some(aya::maps::Map::Array(map))) =
            (self.fd(maps::PROGRAM_CLOCK), self.ebpf.map(maps::CLOCK))
        else {
            return Ok(None);
        };
        let map = KernelMap::new(map.fd().as_fd().try_clone_to_owned()?)?;
        Ok(Some((program.try_clone_to_owned()?, map)))
    }

    fn load_program(&mut self, name: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        match self.ebpf.program_mut(name) {
            Some(Program::Xdp(program)) => Ok(program.load()?),
            Some(Program::SchedClassifier(program)) => Ok(program.load()?),
            _ => Err(format!("it holds no program {name}").into()),
        }
    }
}

/// Returns how many entries the maps are to have whose size is not fixed.
pub(super) fn sizes(capacity: Capacity) -> [(&'static str, u32); 5] {
    [
        (maps::BLOCK_V4, capacity.hosts_v4),
        (maps::BLOCK_V6, capacity.hosts_v6),
        (maps::BLOCK_NET64, capacity.hosts_v6),
        (maps::BLOCK_PREFIX4, capacity.prefixes),
        (maps::BLOCK_PREFIX6, capacity.prefixes),
    ]
}
