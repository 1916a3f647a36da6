//! The kernel object: embedded or from a path, loaded onto the pinned maps.

use std::{
    fs, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use aegis_abi::maps;
use aya::{
    Ebpf, EbpfLoader, include_bytes_aligned,
    programs::{Program, ProgramInfo},
};

use super::generation::Base;
use crate::{EnforceError, sys::KernelMap};

/// What `cargo xtask build-ebpf` makes of `crates/aegis-ebpf`.
static EMBEDDED: &[u8] = include_bytes_aligned!("../../bpf/aegis.bpf.o");

/// The loader's name for the variables of the programs, which are the configuration and no more.
const SETTINGS: &str = ".bss";

/// The loaded programs.
#[derive(Debug)]
pub(super) struct Programs {
    ebpf: Ebpf,
    /// Where the object came from, for errors.
    origin: String,
    /// Whether the kernel takes XDP programs that know packets in several buffers.
    has_frags: bool,
}

impl Programs {
    /// Opens the object: maps are opened at, or made at, their pins; no program is loaded yet.
    /// `prefix` is what the pins of a generation's maps begin with, `sizes` how large they are.
    pub(super) fn open(
        base: &Base<'_>,
        prefix: &str,
        sizes: &[(&'static str, u32)],
    ) -> Result<Self, EnforceError> {
        let origin = base.object.map_or_else(
            || "the embedded object".to_owned(),
            |it| it.display().to_string(),
        );
        let error = |source| load_error(&origin, source);
        let bytes = match base.object {
            Some(path) => &fs::read(path).map_err(|it| error(it.into()))?,
            None => EMBEDDED,
        };
        let mut loader = EbpfLoader::new();
        for name in maps::SHARED {
            let pin = format!("{}{name}", base.shared);
            loader.map_pin_path(name, base.pins.path(&pin));
        }
        for name in maps::GENERATION {
            loader.map_pin_path(name, base.pins.path(&format!("{prefix}{name}")));
        }
        for (name, entries) in sizes {
            loader.map_max_entries(name, *entries);
        }
        let cpus = aya::util::nr_cpus().map_err(|(_, it)| error(it.into()))?;
        loader.map_max_entries(maps::DETECT_CPU, u32::try_from(cpus).unwrap_or(u32::MAX));
        let ebpf = loader.load(bytes).map_err(|it| error(it.into()))?;
        Ok(Self {
            ebpf,
            origin,
            has_frags: false,
        })
    }

    /// Loads the programs onto the maps.
    pub(super) fn load(&mut self) -> Result<(), EnforceError> {
        for name in [maps::PROGRAM_XDP, maps::PROGRAM_TC, maps::PROGRAM_CLOCK] {
            let loaded = self.load_program(name);
            loaded.map_err(|it| load_error(&self.origin, it))?;
        }
        self.has_frags = self.load_program(maps::PROGRAM_XDP_FRAGS).is_ok();
        Ok(())
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

    /// Returns the kernel's numbers of those programs that read the map with the number `map`.
    pub(super) fn readers_of(&self, map: u32) -> Vec<u32> {
        let names = [maps::PROGRAM_XDP, maps::PROGRAM_XDP_FRAGS, maps::PROGRAM_TC];
        let infos = names.into_iter().filter_map(|name| {
            let program = self.ebpf.program(name)?;
            program.info().ok()
        });
        let reads = |it: &ProgramInfo| {
            let maps = it.map_ids().ok().flatten();
            maps.is_none_or(|maps| maps.contains(&map)) // none: too old a kernel to say
        };
        infos.filter(reads).map(|it| it.id()).collect()
    }

    /// Returns the traffic-control program for attaching it by filter.
    pub(super) fn classifier(&mut self) -> Option<&mut aya::programs::SchedClassifier> {
        let program = self.ebpf.program_mut(maps::PROGRAM_TC)?;
        program.try_into().ok()
    }

    /// Returns a descriptor of the clock program and its map.
    pub(super) fn clock(&self) -> io::Result<Option<(OwnedFd, KernelMap)>> {
        let (Some(program), Some(map)) = (self.fd(maps::PROGRAM_CLOCK), self.array(maps::CLOCK)?)
        else {
            return Ok(None);
        };
        Ok(Some((program.try_clone_to_owned()?, map)))
    }

    /// Returns where the programs read their configuration.
    pub(super) fn settings(&self) -> Result<KernelMap, EnforceError> {
        self.needed(SETTINGS)
    }

    /// Returns where the detectors read theirs.
    pub(super) fn detect(&self) -> Result<KernelMap, EnforceError> {
        self.needed(maps::DETECT)
    }

    fn needed(&self, name: &str) -> Result<KernelMap, EnforceError> {
        let map = self.array(name);
        map.and_then(|it| it.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)))
            .map_err(EnforceError::kernel("open the program's configuration"))
    }

    /// Returns the array behind `name`, which need not be pinned.
    fn array(&self, name: &str) -> io::Result<Option<KernelMap>> {
        let Some(aya::maps::Map::Array(map)) = self.ebpf.map(name) else {
            return Ok(None);
        };
        KernelMap::new(map.fd().as_fd().try_clone_to_owned()?).map(Some)
    }

    fn load_program(&mut self, name: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        match self.ebpf.program_mut(name) {
            Some(Program::Xdp(program)) => Ok(program.load()?),
            Some(Program::SchedClassifier(program)) => Ok(program.load()?),
            _ => Err(format!("it holds no program {name}").into()),
        }
    }
}

fn load_error(origin: &str, source: Box<dyn std::error::Error + Send + Sync>) -> EnforceError {
    EnforceError::Load {
        origin: origin.to_owned(),
        source,
    }
}
