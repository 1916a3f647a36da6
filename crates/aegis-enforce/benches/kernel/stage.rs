//! Where candidates meet: one mutator, one jump, one packet.

use std::{
    fs::File,
    io::Read as _,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use aya::{
    Ebpf, EbpfLoader, TestRun as _, TestRunOptions,
    maps::{Array, MapError, ProgramArray},
    programs::{Program, ProgramFd, Xdp},
};

use super::{
    Effort, bpf,
    figure::Spread,
    packet::{Family, Traffic},
    source::{Plan, SLICE_PACKETS, SLICES_MAX},
};

/// XDP's verdicts.
pub(crate) const DROP: u32 = 1;
pub(crate) const PASS: u32 = 2;

/// Words of a plan.
const PLAN_WORDS: usize = size_of::<Plan>() / 8;
/// Packets whose verdicts are looked at before time is.
const CHECKS: u32 = 64;
/// Where fewer packets than this are a sample, none are run before it.
const WARM_UP_FROM: u32 = 100_000;
/// Runs of a round where nobody notes slices.
const ENTERED_RUNS: usize = 4;
/// Packets of a run over cold caches: few, so that most of what they read is read first by them.
const COLD_PACKETS: u32 = 64;
/// What is walked before such a run: sixteen times a second-level cache of 2 MiB.
const EVICTION_BYTES: usize = 32 << 20;

/// What a candidate does with listed and unlisted sources.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Duty {
    /// Drops what is listed and passes the rest.
    Filter,
    /// Passes everything.
    PassAll,
}

/// A program to measure.
pub(crate) struct Candidate {
    pub(crate) name: &'static str,
    pub(crate) duty: Duty,
    pub(crate) program: Origin,
}

impl Candidate {
    /// Returns the same candidate once more.
    pub(crate) fn share(&self) -> Result<Self> {
        let program = match &self.program {
            Origin::Loaded(program) => {
                Origin::Loaded(program.try_clone().context("share a program")?)
            }
            Origin::Pinned(path) => Origin::Pinned(path.clone()),
        };
        Ok(Self { program, ..*self })
    }
}

/// Where its program is.
pub(crate) enum Origin {
    Loaded(ProgramFd),
    /// Opened anew for every run: a change of the list may put another program there.
    Pinned(PathBuf),
}

impl Origin {
    pub(crate) fn open(&self) -> Result<ProgramFd> {
        match self {
            Self::Loaded(program) => program.try_clone().context("share a program"),
            Self::Pinned(path) => {
                let program = open_pin(path)?;
                let program = program.fd().context("open the pinned program")?;
                program.try_clone().context("share a program")
            }
        }
    }
}

/// Opens the program pinned at `path`.
pub(crate) fn open_pin(path: &Path) -> Result<Xdp> {
    let kind = aya_obj::programs::XdpAttachType::Interface;
    Xdp::from_pin(path, kind).context("open the pinned program")
}

/// Which of the two jumps a program takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lane {
    /// Packets in one buffer.
    Plain,
    /// Packets in several.
    Frags,
}

impl Lane {
    const fn names(self) -> [&'static str; 3] {
        match self {
            Self::Plain => ["JUMP", "mutate", "empty"],
            Self::Frags => ["JUMP_FRAGS", "mutate_frags", "empty_frags"],
        }
    }
}

/// How the caches are when packets come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Caches {
    Warm,
    /// Other memory was walked before each run of a few packets.
    Cold,
}

/// The benchmark's own kernel programs and maps.
pub(crate) struct Stage {
    ebpf: Ebpf,
    evicted: Vec<u64>,
    runs: u64,
}

/// What the kernel's maps of the benchmark are to hold.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    pub(crate) v4: u32,
    pub(crate) v6: u32,
}

impl Room {
    /// Room for one family only.
    pub(crate) const fn of(family: Family, entries: u32) -> Self {
        match family {
            Family::V4 => Self { v4: entries, v6: 0 },
            Family::V6 => Self { v4: 0, v6: entries },
        }
    }
}

impl Stage {
    pub(crate) fn load(object: &Path, room: Room) -> Result<Self> {
        let mut bytes = Vec::new();
        let mut file = File::open(object).context(
            "open the benchmark's kernel programs: `cargo xtask build-ebpf --bench` builds them",
        )?;
        file.read_to_end(&mut bytes).context("read them")?;
        let mut loader = EbpfLoader::new();
        for (name, entries) in [
            ("HASH_V4", room.v4),
            ("TRIE_V4", room.v4),
            ("HASH_V6", room.v6),
            ("TRIE_V6", room.v6),
        ] {
            loader.map_max_entries(name, entries.max(1));
        }
        let mut ebpf = loader.load(&bytes).context("load the kernel programs")?;
        for (name, program) in ebpf.programs_mut() {
            let Program::Xdp(program) = program else {
                bail!("{name} is no XDP program");
            };
            program.load().with_context(|| format!("load {name}"))?;
        }
        Ok(Self {
            ebpf,
            evicted: Vec::new(),
            runs: 0,
        })
    }

    pub(crate) fn map(&self, name: &str) -> Result<&aya::maps::Map> {
        self.ebpf.map(name).context("find a map of the benchmark")
    }

    pub(crate) fn program(&self, name: &str) -> Result<&Xdp> {
        match self.ebpf.program(name) {
            Some(Program::Xdp(program)) => Ok(program),
            _ => bail!("the benchmark has no program {name}"),
        }
    }

    pub(crate) fn program_mut(&mut self, name: &str) -> Result<&mut Xdp> {
        match self.ebpf.program_mut(name) {
            Some(Program::Xdp(program)) => Ok(program),
            _ => bail!("the benchmark has no program {name}"),
        }
    }

    /// Returns one of the benchmark's own programs as a candidate.
    pub(crate) fn candidate(
        &self,
        name: &'static str,
        program: &str,
        duty: Duty,
    ) -> Result<Candidate> {
        let fd = self.program(program)?.fd().context("share a program")?;
        let program = Origin::Loaded(fd.try_clone().context("share a program")?);
        Ok(Candidate {
            name,
            duty,
            program,
        })
    }

    pub(crate) fn set_plan(&mut self, plan: &Plan) -> Result<()> {
        let map = self.ebpf.map_mut("PLAN").context("find the plan")?;
        let mut map: Array<_, [u64; PLAN_WORDS]> = map.try_into().context("take the plan")?;
        map.set(0, words(plan), 0).context("set the plan")
    }

    /// Lets the next packets jump to a program.
    fn jump_to(&mut self, program: &ProgramFd) -> Result<Lane> {
        for lane in [Lane::Plain, Lane::Frags] {
            let [jump, ..] = lane.names();
            let map = self.ebpf.map_mut(jump).context("find the jump")?;
            let mut map: ProgramArray<_> = map.try_into().context("take the jump")?;
            match map.set(0, program, 0) {
                Ok(()) => return Ok(lane),
                // The kernel refuses a program of the other kind.
                Err(MapError::SyscallError(error))
                    if error.io_error.raw_os_error() == Some(libc::EINVAL) => {}
                Err(error) => return Err(error).context("set the jump"),
            }
        }
        bail!("the kernel takes the program behind neither jump")
    }

    /// Lets the next packets fall through to the empty program.
    fn jump_to_empty(&mut self, lane: Lane) -> Result<()> {
        let [.., empty] = lane.names();
        let program = self.program(empty)?.fd().context("share a program")?;
        let program = program.try_clone().context("share a program")?;
        ensure!(self.jump_to(&program)? == lane, "{empty} took another jump");
        Ok(())
    }

    /// Changes and runs packets, see [`run`].
    fn run(&self, lane: Lane, packet: &[u8], repeat: u32) -> Result<(u32, [f64; 2])> {
        let [_, mutate, _] = lane.names();
        run(self.program(mutate)?, packet, repeat)
    }

    /// Runs packets through a program.
    pub(crate) fn meet(
        &mut self,
        program: &ProgramFd,
        traffic: &Traffic,
        packets: u32,
    ) -> Result<()> {
        let lane = self.jump_to(program)?;
        let mut plan = traffic.plan;
        plan.counter = self.next_counter();
        self.set_plan(&plan)?;
        self.run(lane, &traffic.bytes, packets)?;
        Ok(())
    }

    /// Fails unless the candidate does with these packets what it is there for.
    pub(crate) fn check(&mut self, candidate: &Candidate, traffic: &Traffic) -> Result<()> {
        let lane = self.jump_to(&candidate.program.open()?)?;
        let wanted = match candidate.duty {
            Duty::Filter if traffic.is_hit => DROP,
            Duty::Filter | Duty::PassAll => PASS,
        };
        for number in 0..CHECKS {
            let mut plan = traffic.plan;
            plan.counter = u64::from(number) * 7919;
            self.set_plan(&plan)?;
            let (verdict, _) = self.run(lane, &traffic.bytes, 1)?;
            ensure!(
                verdict == wanted,
                "{}: verdict {verdict} where {wanted} is right, packet {number} ({traffic:?})",
                candidate.name
            );
        }
        Ok(())
    }

    /// Runs packets through a candidate and through the empty program behind the same jump; returns
    /// which that was, and nanoseconds a packet of each slice of the two runs, the empty program's
    /// first.
    pub(crate) fn sample(
        &mut self,
        candidate: &Candidate,
        traffic: &Traffic,
        caches: Caches,
        packets: u32,
    ) -> Result<(Lane, [Vec<f64>; 2])> {
        let lane = self.jump_to(&candidate.program.open()?)?;
        let full = self.slices(lane, traffic, caches, packets)?;
        self.jump_to_empty(lane)?;
        let empty = self.slices(lane, traffic, caches, packets)?;
        Ok((lane, [empty, full]))
    }

    /// Returns nanoseconds a packet of each slice of a run; over cold caches the run is one.
    fn slices(
        &mut self,
        lane: Lane,
        traffic: &Traffic,
        caches: Caches,
        packets: u32,
    ) -> Result<Vec<f64>> {
        // Each run draws sources of its own: a cold one must not meet those of the last.
        let mut plan = traffic.plan;
        plan.counter = self.next_counter();
        self.set_plan(&plan)?;
        match caches {
            Caches::Warm => {
                if packets >= WARM_UP_FROM {
                    self.run(lane, &traffic.bytes, packets / 8)?;
                    plan.counter = self.next_counter();
                    self.set_plan(&plan)?;
                }
                self.run(lane, &traffic.bytes, packets)?;
                self.slices_of(packets)
            }
            Caches::Cold => {
                self.evict();
                let (_, [_, nanos]) = self.run(lane, &traffic.bytes, COLD_PACKETS)?;
                Ok(vec![nanos])
            }
        }
    }

    /// Returns nanoseconds a packet of each slice of the last run, but for the first one, of which
    /// the beginning was not noted.
    fn slices_of(&self, packets: u32) -> Result<Vec<f64>> {
        let count = u64::from(packets) / SLICE_PACKETS;
        ensure!(
            (2..SLICES_MAX).contains(&count),
            "a run of {packets} packets has {count} slices"
        );
        let map: Array<_, u64> = self.map("SLICES")?.try_into().context("take the slices")?;
        let ended_at = |slice: u64| map.get(&(slice as u32), 0).context("read a slice");
        let mut before = ended_at(1)?;
        let mut slices = Vec::new();
        for slice in 2..=count {
            let now = ended_at(slice)?;
            slices.push(now.saturating_sub(before) as f64 / SLICE_PACKETS as f64);
            before = now;
        }
        Ok(slices)
    }

    /// Walks memory until nothing else is left in the caches near the processor.
    fn evict(&mut self) {
        self.evicted.resize(EVICTION_BYTES / 8, 0);
        for word in &mut self.evicted {
            *word = word.wrapping_add(1);
        }
        std::hint::black_box(&self.evicted);
    }

    /// Returns a number far from those of the packets before.
    pub(crate) fn next_counter(&mut self) -> u64 {
        self.runs += 1;
        self.runs << 32
    }

    /// Returns what each candidate costs above the empty program, by rounds in each of which the
    /// candidates come in another order. Behind either jump there is one empty program, so the slices
    /// that all candidates there met it with are its own.
    pub(crate) fn compare(
        &mut self,
        candidates: &[&Candidate],
        traffic: &Traffic,
        caches: Caches,
        effort: &Effort,
    ) -> Result<Vec<Spread>> {
        for candidate in candidates {
            self.check(candidate, traffic)?;
        }
        let mut lanes = vec![Lane::Plain; candidates.len()];
        let mut fulls = vec![vec![Vec::new(); effort.rounds]; candidates.len()];
        let mut floors = fulls.clone();
        for round in 0..effort.rounds {
            for index in shuffled(candidates.len(), round) {
                let sample = self.sample(candidates[index], traffic, caches, effort.packets)?;
                (lanes[index], [floors[index][round], fulls[index][round]]) = sample;
            }
        }
        let floor_of = |lane, round: usize| {
            let floors = lanes.iter().zip(&floors).filter(|(it, _)| **it == lane);
            floors.flat_map(|(_, it)| it[round].clone()).collect()
        };
        let spreads = (0..candidates.len()).map(|index| match caches {
            Caches::Warm => {
                let rounds = 0..effort.rounds;
                let floor: Vec<_> = rounds.map(|it| floor_of(lanes[index], it)).collect();
                Spread::above(&floor, &fulls[index])
            }
            Caches::Cold => {
                let pairs = fulls[index]
                    .concat()
                    .into_iter()
                    .zip(floors[index].concat());
                Spread::of(pairs.map(|(full, floor)| full - floor).collect())
            }
        });
        spreads.collect::<Option<_>>().context("take a sample")
    }

    /// Returns what a program costs above the empty one where each is entered as a driver enters
    /// it, without a mutator and its jump before it: every packet is the same, as is right where
    /// nothing is looked up of it. Nobody notes slices there, so short runs take their place.
    pub(crate) fn compare_entered(
        &self,
        program: &Xdp,
        packet: &[u8],
        effort: &Effort,
    ) -> Result<Spread> {
        let empty = self.program("empty_frags")?;
        let (mut fulls, mut floors) = (Vec::new(), Vec::new());
        for _ in 0..effort.rounds {
            let (mut full, mut floor) = (Vec::new(), Vec::new());
            for _ in 0..ENTERED_RUNS {
                let (verdict, [nanos, _]) = run(program, packet, effort.packets)?;
                ensure!(verdict == PASS, "verdict {verdict} where nothing is listed");
                full.push(nanos);
                let (_, [nanos, _]) = run(empty, packet, effort.packets)?;
                floor.push(nanos);
            }
            fulls.push(full);
            floors.push(floor);
        }
        Spread::above(&floors, &fulls).context("take a sample")
    }

    /// Fills one of the benchmark's maps with entries that end in the far future.
    pub(crate) fn fill<const K: usize>(
        &self,
        map: &str,
        keys: impl Iterator<Item = [u8; K]>,
    ) -> Result<u64> {
        let map = bpf::descriptor(self.map(map)?)?;
        bpf::fill(map.as_fd(), keys, &u64::MAX.to_ne_bytes())?;
        bpf::map_bytes(map)
    }
}

/// Runs packets; returns the last verdict, and nanoseconds a packet by two clocks: the thread's, and
/// the kernel's own round the loop.
fn run(program: &Xdp, packet: &[u8], repeat: u32) -> Result<(u32, [f64; 2])> {
    let before = bpf::thread_time();
    let result = program.test_run(TestRunOptions {
        data_in: Some(packet),
        repeat,
        ..TestRunOptions::default()
    });
    let result = result.context("run packets")?;
    let time = bpf::thread_time() - before;
    let nanos = time.as_nanos() as f64 / f64::from(repeat.max(1));
    let by_kernel = result.duration.as_nanos() as f64;
    Ok((result.return_value, [nanos, by_kernel]))
}

/// Returns the fields in the order of the plan's words.
fn words(plan: &Plan) -> [u64; PLAN_WORDS] {
    [
        plan.counter,
        plan.first,
        plan.count,
        plan.benign_mask,
        plan.benign_first,
        plan.family,
        plan.bits_v4,
        plan.fixed_v4,
        plan.head_v4,
        plan.sum_v4,
        plan.ifindex,
    ]
}

/// Returns the numbers below `count` in an order that differs from round to round.
pub(crate) fn shuffled(count: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = (round as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for last in (1..count).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        order.swap(last, (state % (last as u64 + 1)) as usize);
    }
    order
}
