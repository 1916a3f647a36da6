//! The kernel object: embedded or from a path, loaded onto the pinned maps.

use std::{
    collections::HashMap,
    fs, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    thread,
};

use aegis_abi::{cookie, maps};
use aya::{
    Ebpf, EbpfLoader, include_bytes_aligned,
    maps::Map,
    programs::{Program, ProgramInfo, SchedClassifier},
};

use super::{generation::Base, tables};
use crate::{EnforceError, sys::KernelMap};

/// What `cargo xtask build-ebpf` makes of `crates/aegis-ebpf`.
static EMBEDDED: &[u8] = include_bytes_aligned!("../../bpf/aegis.bpf.o");

/// The loader's name for the variables of the programs that have no section of their own: the
/// configuration and no more.
const SETTINGS: &str = ".bss";

/// Why a program is not loaded.
type ProgramError = Box<dyn std::error::Error + Send + Sync>;

/// The loaded programs.
#[derive(Debug)]
pub(super) struct Programs {
    ebpf: Ebpf,
    /// Where the object came from, for errors.
    origin: String,
    /// Whether the XDP program for packets in several buffers is loaded that does not answer.
    has_frags: bool,
    /// Whether programs are wanted that answer with SYN cookies.
    is_answering: bool,
    /// The XDP programs that answer with SYN cookies, best first, or why there are none.
    cookies: Result<Vec<&'static str>, String>,
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
        for name in cookie::PINNED.iter().filter(|_| base.is_answering) {
            loader.map_pin_path(name, base.pins.path(name));
        }
        for name in [cookie::VERIFIED_V4, cookie::VERIFIED_V6] {
            let entries = if base.is_answering {
                cookie::VERIFIED_MAX
            } else {
                1
            };
            loader.map_max_entries(name, entries);
        }
        let cpus = tables::cpus().map_err(|it| error(it.into()))?;
        loader.map_max_entries(maps::DETECT_CPU, cpus);
        let ebpf = loader.load(bytes).map_err(|it| error(it.into()))?;
        Ok(Self {
            ebpf,
            origin,
            has_frags: false,
            is_answering: base.is_answering,
            cookies: Err("they are off".to_owned()),
        })
    }

    /// Loads the programs onto the maps; in the place of one that answers, none that does not.
    pub(super) fn load(&mut self) -> Result<(), EnforceError> {
        if self.is_answering {
            self.cookies = self.load_cookies();
        }
        let is_loaded = |it| self.cookies.iter().flatten().any(|name| *name == it);
        let (has_plain, has_frags) = (
            is_loaded(cookie::PROGRAM_XDP_COOKIE),
            is_loaded(cookie::PROGRAM_XDP_FRAGS_COOKIE),
        );
        let plain = (!has_plain).then_some(maps::PROGRAM_XDP);
        let frags = (!has_frags).then_some(maps::PROGRAM_XDP_FRAGS);
        let others = [maps::PROGRAM_TC, maps::PROGRAM_CLOCK];
        let wanted: Vec<_> = plain.into_iter().chain(frags).chain(others).collect();
        for (name, loaded) in wanted.iter().zip(self.load_each(&wanted)) {
            match loaded {
                Ok(()) => self.has_frags |= *name == maps::PROGRAM_XDP_FRAGS,
                Err(_) if *name == maps::PROGRAM_XDP_FRAGS => {} // an older kernel than it wants
                Err(error) => return Err(load_error(&self.origin, error)),
            }
        }
        Ok(())
    }

    /// Loads programs, each in a thread of its own, since the kernel takes tens of milliseconds to
    /// check one of them; returns what became of each.
    fn load_each(&mut self, names: &[&'static str]) -> Vec<Result<(), ProgramError>> {
        let mut programs: HashMap<&str, &mut Program> = self.ebpf.programs_mut().collect();
        thread::scope(|scope| {
            let mut begin = |name: &&str| -> Result<_, ProgramError> {
                let program = programs.remove(*name).ok_or_else(|| no_program(name))?;
                let thread = thread::Builder::new().name("aegis-load".to_owned());
                Ok(thread.spawn_scoped(scope, || load(program))?)
            };
            let begun: Vec<_> = names.iter().map(&mut begin).collect();
            let end = |thread: Result<thread::ScopedJoinHandle<'_, _>, _>| match thread?.join() {
                Ok(loaded) => loaded,
                Err(_) => Err("loading it panicked".into()), // which said why
            };
            begun.into_iter().map(end).collect()
        })
    }

    /// Returns why no loaded program answers with SYN cookies; `None` where one does.
    pub(super) fn missing_cookies(&self) -> Option<&str> {
        self.cookies.as_ref().err().map(String::as_str)
    }

    /// Returns a descriptor of a map.
    pub(super) fn map(&self, name: &str) -> io::Result<OwnedFd> {
        let Some(
            Map::Array(data) | Map::HashMap(data) | Map::LruHashMap(data) | Map::RingBuf(data),
        ) = self.ebpf.map(name)
        else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        data.fd().as_fd().try_clone_to_owned()
    }

    /// Returns the XDP programs to try, best first.
    pub(super) fn xdp(&self) -> Vec<BorrowedFd<'_>> {
        let cookies = self.cookies.iter().flatten().copied();
        let frags = self.has_frags.then_some(maps::PROGRAM_XDP_FRAGS);
        let names = cookies.chain(frags).chain([maps::PROGRAM_XDP]);
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
        let names = [
            maps::PROGRAM_XDP,
            maps::PROGRAM_XDP_FRAGS,
            cookie::PROGRAM_XDP_COOKIE,
            cookie::PROGRAM_XDP_FRAGS_COOKIE,
            maps::PROGRAM_TC,
        ];
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
    pub(super) fn classifier(&mut self) -> Option<&mut SchedClassifier> {
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

    /// Returns where the programs count.
    pub(super) fn counted(&self) -> Result<KernelMap, EnforceError> {
        self.needed(maps::COUNTED)
    }

    fn needed(&self, name: &str) -> Result<KernelMap, EnforceError> {
        let map = self.array(name);
        map.and_then(|it| it.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)))
            .map_err(EnforceError::kernel("open the program's own maps"))
    }

    /// Returns the array behind `name`, which need not be pinned.
    fn array(&self, name: &str) -> io::Result<Option<KernelMap>> {
        let Some(Map::Array(map)) = self.ebpf.map(name) else {
            return Ok(None);
        };
        KernelMap::new(map.fd().as_fd().try_clone_to_owned()?).map(Some)
    }

    /// Loads the programs that answer; kernels before 5.18 have no functions for it, and then the
    /// others do all the rest.
    fn load_cookies(&mut self) -> Result<Vec<&'static str>, String> {
        let mut names = Vec::new();
        if self.load_program(cookie::PROGRAM_XDP_FRAGS_COOKIE).is_ok() {
            names.push(cookie::PROGRAM_XDP_FRAGS_COOKIE);
        }
        match self.load_program(cookie::PROGRAM_XDP_COOKIE) {
            Ok(()) => names.push(cookie::PROGRAM_XDP_COOKIE),
            Err(error) if names.is_empty() => {
                tracing::debug!(%error, "The program with SYN cookies was refused");
                return Err(
                    "the kernel refuses the program (it takes 5.18 and SYN cookies)".into(),
                );
            }
            Err(_) => {}
        }
        Ok(names)
    }

    fn load_program(&mut self, name: &str) -> Result<(), ProgramError> {
        load(
            self.ebpf
                .program_mut(name)
                .ok_or_else(|| no_program(name))?,
        )
    }
}

fn load(program: &mut Program) -> Result<(), ProgramError> {
    if let Program::Xdp(program) = program {
        return Ok(program.load()?);
    }
    let program: &mut SchedClassifier = program.try_into()?; // the object holds no third kind
    Ok(program.load()?)
}

fn no_program(name: &str) -> ProgramError {
    format!("it holds no program {name}").into()
}

fn load_error(origin: &str, source: ProgramError) -> EnforceError {
    EnforceError::Load {
        origin: origin.to_owned(),
        source,
    }
}
