//! One list, held by AEGIS and by everything that it is compared with.

use aegis_enforce::Enforcer;
use anyhow::{Context as _, Result};

use super::{
    Options,
    figure::Report,
    instance::{Instance, listed, room_for},
    packet::{Family, Traffic},
    source::{address_v4, net_v6},
    stage::{Candidate, Duty, Origin, Room, Stage},
    xdp_filter::XdpFilter,
};

/// Names of rows.
pub(crate) const AEGIS: &str = "AEGIS";
pub(crate) const PLAIN_HASH: &str = "BPF hash, expiry by jiffies";
pub(crate) const TRIE: &str = "LPM trie";
pub(crate) const PARSE_ONLY: &str = "parse and pass";

/// Everything that holds the list; dropped together.
pub(crate) struct List {
    pub(crate) stage: Stage,
    pub(crate) candidates: Vec<Candidate>,
    /// There but while it is started anew.
    enforcer: Option<Enforcer>,
    instance: Instance,
    _filter: Option<XdpFilter>,
}

impl List {
    /// Has everybody list the sources 0…`entries`.
    pub(crate) fn new(
        options: &Options,
        report: &mut Report,
        family: Family,
        entries: u32,
    ) -> Result<Self> {
        let stage = Stage::load(&options.object, Room::of(family, entries))?;
        let mut candidates = vec![stage.candidate(PARSE_ONLY, "parse_only", Duty::PassAll)?];
        let instance = Instance::new(room_for(family, entries), &[])?;
        let mut enforcer = instance.start()?;
        enforcer
            .apply(instance.now(), &listed(family, entries))
            .context("list the sources")?;
        candidates.push(Candidate {
            name: AEGIS,
            duty: Duty::Filter,
            program: Origin::Pinned(instance.program()),
        });
        let mut filter = XdpFilter::load(family, entries)?;
        match &mut filter {
            Some(filter) => {
                filter.list(family, entries)?;
                candidates.extend(filter.candidates()?);
            }
            None => report.note("xdp-filter: not installed (Debian has it in xdp-tools)"),
        }
        fill(&stage, Kind::Hash, family, entries)?;
        fill(&stage, Kind::Trie, family, entries)?;
        let [hash, trie] = match family {
            Family::V4 => ["plain_hash_v4", "trie_v4"],
            Family::V6 => ["plain_hash_v6", "trie_v6"],
        };
        candidates.push(stage.candidate(PLAIN_HASH, hash, Duty::Filter)?);
        candidates.push(stage.candidate(TRIE, trie, Duty::Filter)?);
        Ok(Self {
            stage,
            candidates,
            enforcer: Some(enforcer),
            instance,
            _filter: filter,
        })
    }
}

impl List {
    /// Returns AEGIS among the candidates.
    pub(crate) fn aegis(&self) -> Result<&Candidate> {
        let mut candidates = self.candidates.iter();
        candidates
            .find(|it| it.name == AEGIS)
            .context("find AEGIS among the candidates")
    }

    /// Lets AEGIS meet the traffic and then look after its lists, as a node does every ten seconds:
    /// whether most packets are dropped decides whether the filter in front is asked. Once before, so
    /// that it is asked of this traffic and not of what was before it.
    pub(crate) fn settle(&mut self, traffic: &Traffic, packets: u32) -> Result<()> {
        self.sweep()?;
        let program = self.aegis()?.program.open()?;
        self.stage.meet(&program, traffic, packets)?;
        self.sweep()
    }

    /// Has AEGIS look after its lists: where nothing came since it did, it asks its filter.
    pub(crate) fn sweep(&mut self) -> Result<()> {
        let now = self.instance.now();
        let enforcer = self.enforcer.as_mut().context("find the enforcer")?;
        enforcer.sweep(now).context("sweep the lists")?;
        Ok(())
    }

    /// Starts AEGIS anew: the kernel puts its program elsewhere, and its lists stay.
    pub(crate) fn load_anew(&mut self) -> Result<()> {
        self.enforcer = None;
        self.enforcer = Some(self.instance.start()?);
        Ok(())
    }
}

/// A map of the benchmark's own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Hash,
    Trie,
}

/// Lists the sources in a map of the benchmark's; returns what the kernel says that it takes.
pub(crate) fn fill(stage: &Stage, kind: Kind, family: Family, entries: u32) -> Result<u64> {
    let numbers = 0..u64::from(entries);
    let address = |it| address_v4(it).to_be_bytes();
    let net = |it| net_v6(it).to_be_bytes();
    match (family, kind) {
        (Family::V4, Kind::Hash) => stage.fill("HASH_V4", numbers.map(address)),
        (Family::V6, Kind::Hash) => stage.fill("HASH_V6", numbers.map(net)),
        (Family::V4, Kind::Trie) => {
            stage.fill("TRIE_V4", numbers.map(|it| trie_key_v4(address_v4(it), 32)))
        }
        (Family::V6, Kind::Trie) => {
            stage.fill("TRIE_V6", numbers.map(|it| trie_key_v6(net_v6(it))))
        }
    }
}

/// Returns a prefix as the trie knows it.
pub(crate) fn trie_key_v4(address: u32, prefix_len: u8) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&u32::from(prefix_len).to_ne_bytes());
    key[4..].copy_from_slice(&address.to_be_bytes());
    key
}

fn trie_key_v6(net: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&64u32.to_ne_bytes());
    key[4..].copy_from_slice(&net.to_be_bytes());
    key
}
