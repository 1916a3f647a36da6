//! The door to the kernel: one type with the same methods, with a program or without.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use aegis_core::{Change, Indicator, Ruleset, Timestamp};

use crate::{
    Blocked, Counters, Detectors, EnforceConfig, EnforceError, Enforcement, EventStream,
    InstanceName, InterfaceState, Reconciled, SynCookies, VerifiedStream,
    detach::detach_program,
    kernel::KernelEnforcer,
    nft::{NftEnforcer, remove_tables},
    twin::Twin,
};

/// What keeps this node's blocks: the kernel program, sets of nftables, or the observe-only twin.
#[derive(Debug)]
pub struct Enforcer {
    kind: Kind,
    /// Where an earlier run of this instance may have left the other kind of enforcement.
    leftover: Option<(InstanceName, PathBuf)>,
}

#[derive(Debug)]
enum Kind {
    Kernel(Box<KernelEnforcer>),
    Nft(Box<NftEnforcer>),
    Twin(Twin),
}

impl Enforcer {
    /// Loads or takes over the instance's program and tables and attaches to its interfaces.
    ///
    /// What was pinned keeps standing until the new program is in its place. On an error nothing
    /// is taken away; what was newly attached stays, and the next start takes it over.
    pub fn start(config: &EnforceConfig, now: Timestamp) -> Result<Self, EnforceError> {
        Self::start_with(config, now, &Ruleset::default())
    }

    /// The same, with every block and exemption of `ruleset` in force from the first packet on:
    /// also where what was pinned is of another layout and cannot be used.
    pub fn start_with(
        config: &EnforceConfig,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Self, EnforceError> {
        if config.mode.is_nft() {
            return Self::start_nft(config, now, "nftables was asked for");
        }
        let kernel = KernelEnforcer::start(config, now, ruleset)?;
        Ok(Self::of(config, Kind::Kernel(Box::new(kernel))))
    }

    /// Takes over or makes the instance's table of nftables and hooks it to its interfaces: for
    /// hosts where no kernel program can be loaded, which is what `why` tells.
    pub fn start_nft(
        config: &EnforceConfig,
        now: Timestamp,
        why: &str,
    ) -> Result<Self, EnforceError> {
        let nft = NftEnforcer::start(config, now, why)?;
        Ok(Self::of(config, Kind::Nft(Box::new(nft))))
    }

    fn of(config: &EnforceConfig, kind: Kind) -> Self {
        Self {
            kind,
            leftover: Some((config.instance.clone(), config.bpffs.clone())),
        }
    }

    /// Returns the twin that needs no privilege and drops nothing; `reason` is told in reports.
    pub fn observe_only(reason: String) -> Self {
        Self {
            kind: Kind::Twin(Twin::new(reason)),
            leftover: None,
        }
    }

    /// Returns why nothing here reaches the kernel; `None` where something does.
    pub fn missing_kernel(&self) -> Option<&str> {
        match &self.kind {
            Kind::Kernel(_) | Kind::Nft(_) => None,
            Kind::Twin(twin) => Some(twin.reason()),
        }
    }

    /// Returns why there is no kernel program, and with it no detector, where nftables or the
    /// twin stands in for it.
    pub fn missing_program(&self) -> Option<&str> {
        match &self.kind {
            Kind::Kernel(_) => None,
            Kind::Nft(nft) => Some(nft.why()),
            Kind::Twin(twin) => Some(twin.reason()),
        }
    }

    /// Returns whether nothing is dropped, be it by wish or for want of a kernel program.
    pub fn is_observing(&self) -> bool {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.is_observing(),
            Kind::Nft(nft) => nft.is_observing(),
            Kind::Twin(_) => true,
        }
    }

    /// Blocks an address or prefix for `duration` from `now`, replacing an earlier deadline.
    pub fn blocklist_ip(
        &mut self,
        now: Timestamp,
        indicator: impl Into<Indicator>,
        duration: Duration,
    ) -> Result<(), EnforceError> {
        let indicator = indicator.into();
        let expires_at = now + duration;
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.block(now, indicator, expires_at),
            Kind::Nft(nft) => nft.block(now, indicator, expires_at),
            Kind::Twin(twin) => {
                let change = Change::Block {
                    indicator,
                    expires_at,
                };
                twin.apply(now, &[change]);
                Ok(())
            }
        }
    }

    /// Blocks an address or prefix no more; returns whether it was blocked by itself.
    pub fn remove_from_blocklist(
        &mut self,
        now: Timestamp,
        indicator: impl Into<Indicator>,
    ) -> Result<bool, EnforceError> {
        let indicator = indicator.into();
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.unblock(now, indicator),
            Kind::Nft(nft) => nft.unblock(now, indicator),
            Kind::Twin(twin) => Ok(twin.unblock(now, indicator)),
        }
    }

    /// Returns whether packets from the address, or from every address of the prefix, are
    /// dropped: some live entry covers it and no exemption does. Asks the kernel, not our memory.
    pub fn is_blocklisted(
        &self,
        now: Timestamp,
        indicator: impl Into<Indicator>,
    ) -> Result<bool, EnforceError> {
        let indicator = indicator.into();
        match &self.kind {
            Kind::Kernel(kernel) => kernel.is_blocked(now, indicator),
            Kind::Nft(nft) => nft.is_blocked(now, indicator),
            Kind::Twin(twin) => Ok(twin.is_blocked(now, indicator)),
        }
    }

    /// Returns every live block with its counters, in order, as read from the kernel.
    pub fn get_blocklist(&self, now: Timestamp) -> Result<Vec<Blocked>, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.blocklist(now),
            Kind::Nft(nft) => nft.blocklist(now),
            Kind::Twin(twin) => Ok(twin.blocklist(now)),
        }
    }

    /// Returns the live blocks of exactly these indicators with their counters, as read from the
    /// kernel: what a page of a list needs, without reading the whole.
    pub fn entries(
        &self,
        now: Timestamp,
        indicators: &[Indicator],
    ) -> Result<Vec<Blocked>, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.entries(now, indicators),
            Kind::Nft(nft) => nft.entries(now, indicators),
            Kind::Twin(twin) => Ok(twin.entries(now, indicators)),
        }
    }

    /// Prepares for `count` more blocks that come soon, in however many parts, of kinds like those of
    /// `sample`; returns at once. Nothing depends on their coming.
    pub fn expect(&mut self, sample: &[Indicator], count: usize) {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.expect(sample, count),
            Kind::Nft(_) | Kind::Twin(_) => {} // their sets grow by themselves
        }
    }

    /// Applies every change in order. A full table refuses single blocks, which is told at the
    /// end; everything else is done.
    pub fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<(), EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.apply(now, changes),
            Kind::Nft(nft) => nft.apply(now, changes),
            Kind::Twin(twin) => {
                twin.apply(now, changes);
                Ok(())
            }
        }
    }

    /// Makes the tables equal to `ruleset` after a restart: adds before it removes, keeps
    /// counters, and leaves live blocks of the kernel's own detector alone.
    pub fn reconcile(
        &mut self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Reconciled, EnforceError> {
        let reconciled = match &mut self.kind {
            Kind::Kernel(kernel) => kernel.reconcile(now, ruleset),
            Kind::Nft(nft) => nft.reconcile(now, ruleset),
            Kind::Twin(twin) => Ok(twin.reconcile(now, ruleset)),
        }?;
        self.retire_other();
        Ok(reconciled)
    }

    /// Compares what is in force with `ruleset`: every block and its end, exemptions, and whether
    /// our program sits on its interfaces. For nftables this is what was read back last.
    pub fn enforcement(
        &self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Enforcement, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.enforcement(now, ruleset),
            Kind::Nft(nft) => nft.enforcement(now, ruleset),
            Kind::Twin(twin) => Ok(twin.enforcement(now, ruleset)),
        }
    }

    /// Makes what is in force equal to `ruleset` where [`enforcement`](Self::enforcement) found it
    /// to differ. The tables of a program are made anew and put in place at once; nftables is
    /// mended by its sweep.
    pub fn restore(&mut self, now: Timestamp, ruleset: &Ruleset) -> Result<(), EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.restore(now, ruleset),
            Kind::Nft(nft) => nft.sweep(now).map(drop),
            Kind::Twin(twin) => {
                twin.reconcile(now, ruleset);
                Ok(())
            }
        }
    }

    /// Returns the interfaces that are where they were while our program does not sit on them:
    /// somebody took it off, and [`reattach`](Self::reattach) puts it back.
    pub fn taken_off(&self) -> Vec<String> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.taken_off(),
            Kind::Nft(_) | Kind::Twin(_) => Vec::new(),
        }
    }

    /// Takes away what an earlier run left of the other kind, now that this one stands: its blocks
    /// would outlive an unblock that it never hears of.
    fn retire_other(&mut self) {
        let Some((instance, bpffs)) = self.leftover.take() else {
            return;
        };
        let result = match &self.kind {
            Kind::Kernel(_) => remove_tables(&instance).map(|it| it.len()),
            Kind::Nft(_) => detach_program(&instance, &bpffs).map(|it| it.links.len()),
            Kind::Twin(_) => Ok(0),
        };
        match result {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Took away what an earlier run enforced with"),
            Err(error) => {
                tracing::warn!(%error, "What an earlier run enforced with still stands");
            }
        }
    }

    /// Removes entries that are over, and mends deadlines after the host slept; returns how many
    /// were removed. Blocks end without it; every ten seconds is often enough.
    pub fn sweep(&mut self, now: Timestamp) -> Result<usize, EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.sweep(now),
            Kind::Nft(nft) => nft.sweep(now),
            Kind::Twin(twin) => Ok(twin.sweep(now)),
        }
    }

    /// Returns the program's counters, summed over the CPUs.
    pub fn counters(&self) -> Result<Counters, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.counters(),
            Kind::Nft(nft) => nft.counters(),
            Kind::Twin(_) => Ok(Counters::default()),
        }
    }

    /// Returns the defended interfaces, each with its mode and the reason for it.
    pub fn interfaces(&self) -> &[InterfaceState] {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.interfaces(),
            Kind::Nft(nft) => nft.interfaces(),
            Kind::Twin(_) => &[],
        }
    }

    /// Attaches to each interface that went away and came back under its name, or from which
    /// somebody took our program; returns whether there was any. To be called when the interfaces of this namespace have changed.
    pub fn reattach(&mut self) -> Result<bool, EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.reattach(),
            Kind::Nft(nft) => nft.reattach(),
            Kind::Twin(_) => Ok(false),
        }
    }

    /// Returns the kernel's number of each pinned map, by name.
    pub fn map_ids(&self) -> Vec<(&'static str, u32)> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.map_ids(),
            Kind::Nft(_) | Kind::Twin(_) => Vec::new(),
        }
    }

    /// Returns the stream of the kernel's events. One reader at a time; needs a tokio runtime.
    pub fn events(&self) -> Result<EventStream, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.events(),
            Kind::Nft(_) | Kind::Twin(_) => Ok(EventStream::silent()),
        }
    }

    /// Changes the detectors; the next packet knows. What they counted so far is forgotten.
    pub fn set_detectors(&mut self, detectors: &Detectors) -> Result<(), EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.set_detectors(detectors),
            Kind::Nft(_) | Kind::Twin(_) => Ok(()),
        }
    }

    /// Switches between dropping and observing; the next packet knows.
    pub fn set_observe(&mut self, is_observing: bool) -> Result<(), EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.set_observe(is_observing),
            Kind::Nft(nft) => nft.set_observe(is_observing),
            Kind::Twin(_) => Ok(()),
        }
    }

    /// Drops until `until` and observes from then on; returns whether the kernel sees to that by
    /// itself. Where it does not, whoever calls must [`set_observe`](Self::set_observe) in time.
    pub fn enforce_until(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.enforce_until(now, until).map(|()| true),
            Kind::Nft(nft) => nft.set_observe(false).map(|()| false),
            Kind::Twin(_) => Ok(false),
        }
    }

    /// Returns why no connection request can be answered with a SYN cookie; `None` where one can.
    pub fn missing_cookies(&self) -> Option<String> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.missing_cookies(),
            Kind::Nft(_) | Kind::Twin(_) => Some("there is no kernel program".to_owned()),
        }
    }

    /// Changes when connection requests are answered; the next packet knows. The host must take
    /// the cookies: [`crate::cookie::CookieSwitch`] sees to both.
    pub fn set_syn_cookies(&mut self, cookies: SynCookies) -> Result<(), EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.set_syn_cookies(cookies),
            Kind::Nft(_) | Kind::Twin(_) => Ok(()),
        }
    }

    /// Makes `addresses` those for which connection requests are answered: this host's own.
    pub fn set_own_addresses(&mut self, addresses: &[IpAddr]) -> Result<(), EnforceError> {
        match &mut self.kind {
            Kind::Kernel(kernel) => kernel.set_own_addresses(addresses),
            Kind::Nft(_) | Kind::Twin(_) => Ok(()),
        }
    }

    /// Returns whether an address completed a handshake by cookie, and that still counts.
    pub fn is_verified(&self, address: IpAddr) -> Result<bool, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.is_verified(address),
            Kind::Nft(_) | Kind::Twin(_) => Ok(false),
        }
    }

    /// Returns the stream of sources that proved themselves. One reader at a time; needs a tokio
    /// runtime.
    pub fn verified(&self) -> Result<VerifiedStream, EnforceError> {
        match &self.kind {
            Kind::Kernel(kernel) => kernel.verified(),
            Kind::Nft(_) | Kind::Twin(_) => Ok(VerifiedStream::silent()),
        }
    }
}
