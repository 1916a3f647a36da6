//! Starting: maps first, then the program onto them, then every link over to it.
//!
//! Maps that fit are used again as they are. Where size or layout differ, new ones are filled
//! beside the old, and take their names only when every link runs the new program.

use std::io;

use aegis_abi::{ABI_VERSION, BlockEntry, Config, config_flag, maps};
use aegis_core::Timestamp;

use super::{
    KernelEnforcer,
    attach::{attach, remove_stale_links},
    blocks::{Blocks, all_entries},
    clock::TickClock,
    exempt::{Exemptions, all_exemptions},
    pins::{NEXT, Pins, is_bpffs},
    program::Programs,
    set_flag,
    sweep::Cursors,
    tables::{Tables, fit},
    write_syn_flood,
};
use crate::{EnforceConfig, EnforceError, ModeRequest, sys::pin_over};

impl KernelEnforcer {
    /// Loads or takes over everything of the instance and attaches to its interfaces.
    pub(crate) fn start(config: &EnforceConfig, now: Timestamp) -> Result<Self, EnforceError> {
        let pins = Pins::new(&config.bpffs, &config.instance);
        check_bpffs(config)?;
        pins.make_folder()?;
        let lock = pins.lock()?;
        for name in pins.names()?.iter().filter(|it| it.starts_with(NEXT)) {
            pins.remove(name)?; // of a start that was cut short
        }
        let is_reuse = fit(&pins, config.capacity);
        let prefix = if is_reuse { "" } else { NEXT };
        let object = config.object.as_deref();
        let mut programs = Programs::load(object, &pins, prefix, config.capacity)?;
        let tables = Tables::open(&pins, prefix).map_err(|it| pins.error(it))?;
        let clock = open_clock(&programs)?;
        let mut enforcer = Self::assemble(tables, clock, pins.clone(), lock)?;
        enforcer.configure(config)?;
        let older = if is_reuse {
            None
        } else {
            enforcer.carry_over(&pins)?
        };
        let mut interfaces = Vec::new();
        for interface in &config.interfaces {
            interfaces.push(attach(&mut programs, &pins, interface, config.mode)?);
        }
        remove_stale_links(&pins, &interfaces)?;
        if let Some(older) = older {
            // What the old program's detector blocked while the links moved.
            enforcer.copy_blocks(&older)?;
        }
        if !is_reuse {
            for name in maps::PINNED {
                pins.promote(name)?;
            }
        }
        pin_programs(&programs, &pins)?;
        enforcer.interfaces = interfaces;
        enforcer.offset_millis = enforcer.clock.read(now)?.offset_millis();
        enforcer.programs = Some(programs);
        enforcer.mode = config.mode;
        Ok(enforcer)
    }

    fn assemble(
        tables: Tables,
        clock: TickClock,
        pins: Pins,
        lock: std::fs::File,
    ) -> Result<Self, EnforceError> {
        let failed = || EnforceError::kernel("read the pinned tables");
        let blocks = Blocks::open(&tables).map_err(failed())?;
        let exemptions = Exemptions::open(&tables).map_err(failed())?;
        let config = tables.config.get::<u32, Config>(&0).map_err(failed())?;
        Ok(Self {
            config: config.unwrap_or_default(),
            tables,
            clock,
            blocks,
            exemptions,
            interfaces: Vec::new(),
            offset_millis: 0,
            cursors: Cursors::default(),
            swept_at: 0,
            pins,
            _lock: lock,
            programs: None,
            mode: ModeRequest::Auto,
        })
    }

    fn configure(&mut self, config: &EnforceConfig) -> Result<(), EnforceError> {
        self.config.abi_version = ABI_VERSION;
        set_flag(&mut self.config.flags, config_flag::OBSERVE, config.observe);
        write_syn_flood(&mut self.config, config.syn_flood, self.clock.hz());
        self.blocks.write_flags(&mut self.config.flags);
        self.exemptions.write_flags(&mut self.config.flags);
        self.write_config()
    }

    /// Copies the entries of maps that do not fit into ours; returns those maps where there are
    /// any that can be read.
    fn carry_over(&mut self, pins: &Pins) -> Result<Option<Tables>, EnforceError> {
        let Ok(older) = Tables::open(pins, "") else {
            return Ok(None); // nothing there, or only a part
        };
        if older.block_v4.shape()[2] != size_of::<BlockEntry>() as u32 {
            tracing::warn!("Pinned tables have another layout, their entries come from the store");
            return Ok(None);
        }
        let failed = EnforceError::kernel("read the older tables");
        for (indicator, exemption) in all_exemptions(&older).map_err(failed)? {
            self.exemptions.add(&self.tables, indicator, exemption)?;
        }
        self.copy_blocks(&older)?;
        Ok(Some(older))
    }

    fn copy_blocks(&mut self, older: &Tables) -> Result<(), EnforceError> {
        let entries = all_entries(older).map_err(EnforceError::kernel("read the older tables"))?;
        for (place, entry) in entries {
            let is_here = self.blocks.find(&self.tables, place);
            let is_here = is_here
                .map_err(EnforceError::kernel("read a block"))?
                .is_some();
            if !is_here {
                self.blocks.write_entry(&self.tables, place, entry)?;
            }
        }
        self.update_flags()
    }
}

fn check_bpffs(config: &EnforceConfig) -> Result<(), EnforceError> {
    if is_bpffs(&config.bpffs) {
        return Ok(());
    }
    Err(EnforceError::Bpffs {
        path: config.bpffs.clone(),
        source: io::Error::other("no BPF file system is mounted there"),
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

fn pin_programs(programs: &Programs, pins: &Pins) -> Result<(), EnforceError> {
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
