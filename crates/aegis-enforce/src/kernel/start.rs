//! Starting: maps first, then the program onto them, then every link over to it.
//!
//! Maps that fit are used again as they are. Where size or layout differ, new ones are filled
//! beside the old, and take their names only when every link runs the new program.

use std::io;

use aegis_abi::{ABI_VERSION, Config, config_flag, maps, table::HashKey};
use aegis_core::{Ruleset, Timestamp};

use super::{
    KernelEnforcer,
    attach::{attach, remove_stale_links},
    clock::TickClock,
    exempt::{Exemptions, all_exemptions},
    generation::{self, Generation},
    lists::{Demand, Lists},
    own::Own,
    pins::{NEXT, Pins, is_bpffs},
    program::Programs,
    set_flag,
    tables::{Tables, fit},
    write_syn_flood,
};
use crate::{EnforceConfig, EnforceError, privileges, sys::pin_over};

impl KernelEnforcer {
    /// Loads or takes over everything of the instance, with at least the blocks and exemptions of
    /// `ruleset` in its lists, and attaches to its interfaces.
    pub(crate) fn start(
        config: &EnforceConfig,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Self, EnforceError> {
        let pins = Pins::new(&config.bpffs, &config.instance);
        check_host(config)?;
        pins.make_folder()?;
        let lock = pins.lock()?;
        for name in pins.names()?.iter().filter(|it| it.starts_with(NEXT)) {
            pins.remove(name)?; // of a start that was cut short
        }
        let has_shared = fit(&pins);
        let shared = if has_shared { "" } else { NEXT };
        let older = Lists::open(&pins, "").ok();
        let older = older.filter(|it| it.config.abi_version == ABI_VERSION);
        let demand = Demand::of(ruleset.blocks().keys());
        let is_reuse = has_shared && older.as_ref().is_some_and(|it| it.has_room_for(demand));
        let held = older.as_ref().map(Lists::demand).unwrap_or_default();
        config.capacity.check(held)?;
        config.capacity.check(demand)?;
        let base = generation::Base {
            pins: &pins,
            object: config.object.as_deref(),
            shared,
        };
        let Generation {
            mut programs,
            lists,
        } = match older {
            Some(older) if is_reuse => base.take_over(older)?,
            ref older => base.make(first_config(older.as_ref()), demand + held)?,
        };
        let older = Lists::open(&pins, "")
            .ok()
            .filter(|it| !is_reuse && it.config.abi_version == ABI_VERSION);
        let tables = Tables::open(&pins, shared).map_err(|it| pins.error(it))?;
        let clock = open_clock(&programs)?;
        let failed = || EnforceError::kernel("read the pinned tables");
        let own = Own::open(&tables, hash_key(&lists.config)).map_err(failed())?;
        let mut enforcer = Self {
            exemptions: Exemptions::open(&tables).map_err(failed())?,
            tables,
            clock,
            lists,
            own,
            interfaces: Vec::new(),
            offset_millis: 0,
            renewed_at: now,
            dropped: [0; 2],
            pins,
            _lock: lock,
            programs: None,
            options: super::Options::of(config),
        };
        let ticks = enforcer.clock.read(now)?;
        enforcer.offset_millis = ticks.offset_millis();
        enforcer.configure(config, ticks)?;
        if !has_shared {
            enforcer.carry_exemptions()?;
        }
        enforcer.fill(ticks, older.as_ref(), ruleset)?;
        let mut interfaces = Vec::new();
        for interface in &config.interfaces {
            interfaces.push(attach(
                &mut programs,
                &enforcer.pins,
                interface,
                config.mode,
            )?);
        }
        remove_stale_links(&enforcer.pins, &interfaces)?;
        let pins = &enforcer.pins;
        for name in maps::SHARED.into_iter().filter(|_| !has_shared) {
            pins.promote(name)?;
        }
        for name in maps::GENERATION.into_iter().filter(|_| !is_reuse) {
            pins.promote(name)?;
        }
        pin_programs(&programs, pins)?;
        enforcer.interfaces = interfaces;
        enforcer.programs = Some(programs);
        Ok(enforcer)
    }

    fn configure(
        &mut self,
        config: &EnforceConfig,
        ticks: super::clock::Ticks,
    ) -> Result<(), EnforceError> {
        let flags = &mut self.lists.config.flags;
        set_flag(flags, config_flag::OBSERVE, config.observe);
        let has_own = self.own.is_any(&self.tables);
        set_flag(flags, config_flag::OWN, has_own);
        write_syn_flood(&mut self.lists.config, config.syn_flood, self.clock.hz());
        self.exemptions.write_flags(&mut self.lists.config.flags);
        self.write_config(ticks)
    }

    /// Copies the exemptions of maps that are replaced, so that nobody is locked out meanwhile.
    fn carry_exemptions(&mut self) -> Result<(), EnforceError> {
        let Ok(older) = Tables::open(&self.pins, "") else {
            return Ok(()); // nothing there, or only a part
        };
        let failed = EnforceError::kernel("read the older tables");
        for (indicator, exemption) in all_exemptions(&older).map_err(failed)? {
            self.exemptions
                .add(&self.tables, self.lists.gate(), indicator, exemption)?;
        }
        Ok(())
    }

    /// Fills the lists with what an older generation holds and what is wanted.
    fn fill(
        &mut self,
        ticks: super::clock::Ticks,
        older: Option<&Lists>,
        ruleset: &Ruleset,
    ) -> Result<(), EnforceError> {
        if let Some(older) = older {
            generation::copy(older, &mut self.lists)?;
        }
        for (&indicator, &exemption) in ruleset.exemptions() {
            self.exemptions
                .add(&self.tables, self.lists.gate(), indicator, exemption)?;
        }
        self.exemptions
            .open_gates(&self.tables, self.lists.gate())
            .map_err(EnforceError::kernel("read the exemptions"))?;
        for (&indicator, &expires_at) in ruleset.blocks() {
            if expires_at > ticks.now {
                let set = self.lists.set(ticks, indicator, expires_at);
                set.map_err(EnforceError::kernel("write a block"))?;
            }
        }
        self.update_flags(ticks)
    }
}

/// Returns what the program of a new generation is told first.
fn first_config(older: Option<&Lists>) -> Config {
    let (add, multiply) = match older {
        Some(older) => (older.config.hash_add, older.config.hash_multiply),
        None => (generation::random(), generation::random()),
    };
    let key = HashKey::new(add, multiply);
    Config {
        abi_version: ABI_VERSION,
        hash_add: key.add,
        hash_multiply: key.multiply,
        expiry_shift: super::clock::expiry_shift(),
        ..Config::default()
    }
}

fn hash_key(config: &Config) -> HashKey {
    HashKey {
        add: config.hash_add,
        multiply: config.hash_multiply,
    }
}

/// Fails, saying what mends it, where this process cannot pin or load.
fn check_host(config: &EnforceConfig) -> Result<(), EnforceError> {
    if is_bpffs(&config.bpffs) {
        return privileges::require();
    }
    Err(EnforceError::Bpffs {
        path: config.bpffs.clone(),
        source: io::Error::other(format!(
            "no BPF file system is mounted there: sudo mount -t bpf bpf '{}'",
            config.bpffs.display()
        )),
    })
}

fn open_clock(programs: &Programs) -> Result<TickClock, EnforceError> {
    let clock = programs
        .clock()
        .map_err(EnforceError::kernel("open the clock program"))?;
    let Some((program, value)) = clock else {
        return Err(EnforceError::Kernel {
            action: "open the clock program",
            source: io::Error::from(io::ErrorKind::NotFound),
        });
    };
    Ok(TickClock::new(program, value))
}

pub(super) fn pin_programs(programs: &Programs, pins: &Pins) -> Result<(), EnforceError> {
    let xdp = programs.xdp().into_iter().next();
    for (name, program) in [
        ("prog_xdp", xdp),
        ("prog_tc", programs.fd(maps::PROGRAM_TC)),
    ] {
        if let Some(program) = program {
            pin_over(program, &pins.path(name)).map_err(|it| pins.error(it))?;
        }
    }
    Ok(())
}
