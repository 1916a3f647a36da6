//! Starting: maps first, then the program onto them, then every link over to it.
//!
//! Maps that fit are used again as they are. Where size or layout differ, new ones are filled
//! beside the old, and take their names only when every link runs the new program.

use std::{fs::File, io};

use aegis_abi::{ABI_VERSION, Config, DetectConfig, config_flag, maps, table::HashKey};
use aegis_core::{Ruleset, Timestamp};

use super::{
    KernelEnforcer, Options,
    account::Account,
    attach::{attach, remove_stale_links},
    clock::{TickClock, Ticks},
    cookie::forget_cookies,
    exempt::{Exemptions, all_exemptions},
    generation::{self, Base, Generation},
    lists::{Demand, Lists},
    own::Own,
    pins::{NEXT, PROGRAM_PIN, Pins, is_bpffs},
    program::Programs,
    set_flag, spread,
    tables::{Tables, fit},
};
use crate::{CookieMode, EnforceConfig, EnforceError, privileges, sys::pin_over};

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
        pins.settle()?;
        forget_cookies(&pins, config)?;
        let stage = Stage::set(config, &pins, ruleset)?;
        let Generation { programs, lists } = stage.generation;
        let mut enforcer = Self::assemble(config, (&programs, lists), (pins, lock), stage.shared)?;
        let ticks = enforcer.clock.read(now)?;
        enforcer.offset_millis = ticks.offset_millis();
        enforcer.renewed_at = now;
        if enforcer.lists.are_void(ticks) {
            // The program drops nothing by them. As soon as they are looked after again it would.
            let cleared = enforcer.lists.clear();
            cleared.map_err(EnforceError::kernel("clear the blocklist"))?;
        }
        enforcer.configure(config, ticks)?;
        enforcer.open_cookies(&programs)?;
        if stage.shared == NEXT {
            enforcer.carry_shared()?;
        }
        enforcer.fill(ticks, stage.older.as_ref(), ruleset)?;
        enforcer.take_place(config, programs)?;
        // What the program before blocked by itself up to the last moment.
        enforcer.update_flags(ticks)?;
        enforcer.pins.promote_all(stage.fresh.into_iter())?;
        Ok(enforcer)
    }

    fn assemble(
        config: &EnforceConfig,
        (programs, lists): (&Programs, Lists),
        (pins, lock): (Pins, File),
        shared: &str,
    ) -> Result<Self, EnforceError> {
        let failed = || EnforceError::kernel("read the pinned tables");
        let tables = Tables::open(&pins, shared).map_err(|it| pins.error(it))?;
        let kept = tables.counters.try_clone().map_err(failed())?;
        let own = Own::open(&tables, hash_key(&lists.config)).map_err(failed())?;
        Ok(Self {
            exemptions: Exemptions::open(&tables, lists.config.hash_multiply).map_err(failed())?,
            clock: open_clock(programs)?,
            detect: (DetectConfig::default(), programs.detect()?),
            account: Account::open(&pins, kept)?,
            tables,
            lists,
            ahead: None,
            own,
            interfaces: Vec::new(),
            offset_millis: 0,
            renewed_at: Timestamp::from_millis(0),
            dropped: [0; 2],
            pins,
            _lock: lock,
            programs: None,
            options: Options::of(config),
            cookies: None,
        })
    }

    /// Puts the program on its interfaces, in the place of an earlier one.
    fn take_place(
        &mut self,
        config: &EnforceConfig,
        mut programs: Programs,
    ) -> Result<(), EnforceError> {
        self.account.begin(programs.counted()?)?;
        for interface in &config.interfaces {
            let state = attach(&mut programs, &self.pins, interface, config.mode)?;
            self.interfaces.push(state);
        }
        remove_stale_links(&self.pins, &self.interfaces)?;
        self.note_place()?;
        pin_programs(&programs, &self.pins)?;
        self.programs = Some(programs);
        Ok(())
    }

    fn configure(&mut self, config: &EnforceConfig, ticks: Ticks) -> Result<(), EnforceError> {
        let told = &mut self.lists.config;
        told.enforce_until = 0; // whoever wants a trial to go on says so again
        set_flag(&mut told.flags, config_flag::OBSERVE, config.observe);
        self.set_detectors(&config.detectors)?;
        self.update_flags(ticks)
    }

    /// Copies the exemptions of maps that are replaced, so that nobody is locked out meanwhile, and
    /// the sums of what was counted.
    fn carry_shared(&mut self) -> Result<(), EnforceError> {
        let Ok(older) = Tables::open(&self.pins, "") else {
            return Ok(()); // nothing there, or only a part
        };
        let failed = || EnforceError::kernel("read the older tables");
        self.account.carry(&older.counters).map_err(failed())?;
        for (indicator, exemption) in all_exemptions(&older).map_err(failed())? {
            self.exemptions
                .add(&self.tables, self.lists.gate(), indicator, exemption)?;
        }
        Ok(())
    }

    /// Fills the lists with what an older generation holds and what is wanted.
    fn fill(
        &mut self,
        ticks: Ticks,
        older: Option<&Lists>,
        ruleset: &Ruleset,
    ) -> Result<(), EnforceError> {
        if let Some(older) = older.filter(|it| !it.are_void(ticks)) {
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

/// What a start begins with: programs on maps that are not in force yet, and what they replace.
struct Stage {
    generation: Generation,
    /// What the pins of the shared maps begin with.
    shared: &'static str,
    /// Lists that are to be copied, where they are of our layout.
    older: Option<Lists>,
    /// The maps that are new, and take their names once they are in force.
    fresh: Vec<&'static str>,
}

impl Stage {
    /// Takes over the pinned maps where they fit, or makes others beside them.
    fn set(config: &EnforceConfig, pins: &Pins, ruleset: &Ruleset) -> Result<Self, EnforceError> {
        let has_shared = fit(pins);
        let shared = if has_shared { "" } else { NEXT };
        let older = Lists::open(pins, "").ok();
        let demand = Demand::of(ruleset.blocks().keys());
        let held = older.as_ref().map(Lists::demand).unwrap_or_default();
        config.capacity.check(held)?;
        config.capacity.check(demand)?;
        let base = Base {
            pins,
            object: config.object.as_deref(),
            shared,
            is_answering: config.syn_cookies.mode != CookieMode::Off,
        };
        let older = match older {
            Some(older) if has_shared && older.has_room_for(demand) => {
                return Ok(Self {
                    generation: base.take_over(older)?,
                    shared,
                    older: None,
                    fresh: Vec::new(),
                });
            }
            other => other,
        };
        let replaced = maps::SHARED.into_iter().filter(|_| !has_shared);
        Ok(Self {
            generation: base.make(first_config(older.as_ref()), demand + held)?,
            shared,
            older,
            fresh: replaced.chain(maps::GENERATION).collect(),
        })
    }
}

/// Returns what the program of a new generation is told first.
fn first_config(older: Option<&Lists>) -> Config {
    let key = older.map_or_else(spread::random_key, |it| hash_key(&it.config));
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
        (PROGRAM_PIN, xdp),
        ("prog_tc", programs.fd(maps::PROGRAM_TC)),
    ] {
        if let Some(program) = program {
            pin_over(program, &pins.path(name)).map_err(|it| pins.error(it))?;
        }
    }
    Ok(())
}
