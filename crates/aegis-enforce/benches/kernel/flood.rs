//! Floods from one namespace into another: what a host pays for a packet, end to end.
//!
//! A generator makes frames in the kernel and sends them into a cable; the receiving interface
//! polls on the same processor, in the same call. What is told is processor time of that call and
//! of the kernel's own thread there, above either of two floors. *Beyond sending* is above sending
//! the same frames into a cable whose other end is down: what the receiver's host pays, the ring of
//! its interface included, as it would with a sender elsewhere. *Beyond making* is above throwing
//! the same frames away unsent: what sender and receiver pay together.

use std::{fs, net::UdpSocket, path::PathBuf, process::Command, time::Duration};

use aegis_enforce::{Enforcer, Mode};
use anyhow::{Context as _, Result, ensure};
use aya::{
    TestRun as _, TestRunAttrs, TestRunOptions,
    programs::xdp::{XdpLinkId, XdpMode},
};

use super::{
    Effort, Options, bpf,
    cable::{Host, RECEIVER_LINK, ifindex},
    column,
    figure::{Report, Spread},
    fits,
    instance::{Instance, clock, listed, room_for},
    list::AEGIS,
    netfilter::Netfilter,
    packet::{Draw, Family, Payload, Traffic},
    stage::{Room, Stage, shuffled},
    xdp_filter::{XDP_FILTER, XdpFilter},
};

pub(crate) const DROP_ALL: &str = "XDP_DROP for all";
pub(crate) const NFT_NETDEV: &str = "nft set, netdev ingress";
const PASS_ALL: &str = "XDP_PASS for all";
const NO_FILTER: &str = "no filter";

const HIT: &str = "Over a cable, listed sources, ns a packet beyond sending it";
const HIT_MADE: &str = "Over a cable, listed sources, ns a packet beyond making it";
const SENDING: &str =
    "Over a cable, sending into one whose other end is down, ns a packet beyond making it";
const MULTIPLE: &str = "Over a cable, listed sources, multiples of XDP_DROP";
const RATE: &str = "Over a cable, listed sources, millions dropped a second and processor";
const MISS: &str = "Over a cable, unlisted sources, ns a packet beyond sending it";
const MISS_MADE: &str = "Over a cable, unlisted sources, ns a packet beyond making it";
const TAX: &str = "Over a cable, unlisted sources, ns above passing all";
const BENIGN: &str = "Over a cable, one packet in 16 benign, % of these delivered";
const BYTES_PER_ENTRY: u64 = 1500;
/// Frames that are sent before the receiver polls; a cable holds 256.
const BATCH: u32 = 64;
/// How long packets may be on their way.
const ARRIVED_WITHIN: Duration = Duration::from_secs(2);
/// One packet in so many is benign, where both kinds come together.
const BENIGN_EVERY: u64 = 16;

/// Returns what a listed packet costs the receiver, if it was measured.
pub(crate) fn hit(report: &Report, row: &str, entries: u32) -> Option<f64> {
    report.value(HIT, row, &column(entries))
}

/// Returns what an unlisted packet costs above passing all, if it was measured.
pub(crate) fn tax(report: &Report, row: &str, entries: u32) -> Option<f64> {
    report.value(TAX, row, &column(entries))
}

/// What stands before a receiver, and what its host takes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Duty {
    Filter,
    DropAll,
    PassAll,
}

/// A receiver with a filter of its own, at the end of a cable of its own.
struct Receiver {
    name: &'static str,
    duty: Duty,
    /// The sender's end.
    ifindex: u32,
    _socket: UdpSocket,
    // Each keeps its filter in place; the host goes last.
    enforcer: Option<(Enforcer, Instance)>,
    _filter: Option<(XdpFilter, XdpLinkId)>,
    host: Host,
}

/// The sender, its generator, and everybody it sends to.
struct Field {
    stage: Stage,
    receivers: Vec<Receiver>,
    /// One whose end of the cable is down.
    absent: Receiver,
    /// Where the kernel tells how long its thread for interrupts ran on our processor.
    softirq: PathBuf,
    _sender: Host,
}

/// Measures every list size, on a thread that lives in the sender's namespace.
pub(crate) fn measure(options: &Options, report: &mut Report) -> Result<()> {
    if has_separate_interrupt_time() {
        report.note("floods: this kernel keeps interrupts' time apart from the thread's");
        return Ok(());
    }
    report.note(
        "floods: how much of its traffic a listener keeps when the processor is overloaded. On a \
         cable inside one machine sender and receiver share the processor, and the faster filter \
         sleeps more and loses more: that needs a network card",
    );
    for entries in &options.entries {
        if fits(report, *entries, BYTES_PER_ENTRY)? {
            let sender = Host::new("send")?;
            let entries = *entries;
            std::thread::scope(|scope| {
                let report = &mut *report;
                let work = move || one_list(options, report, entries, sender);
                let thread = scope.spawn(work);
                thread
                    .join()
                    .map_err(|_| anyhow::anyhow!("the sender panicked"))?
            })?;
        }
    }
    Ok(())
}

fn one_list(options: &Options, report: &mut Report, entries: u32, sender: Host) -> Result<()> {
    sender.move_here()?;
    let mut field = Field::new(options, report, entries, sender)?;
    field.check(entries)?;
    let column = column(entries);
    for (draw, tables) in [
        (Draw::Hit, [HIT, HIT_MADE]),
        (Draw::Miss, [MISS, MISS_MADE]),
    ] {
        let traffic = Traffic::new(Family::V4, Payload::Udp, draw, entries);
        let (sending, samples) = field.compare(&traffic, &options.effort)?;
        report.add(SENDING, draw.name(), &column, sending);
        for (receiver, samples) in field.receivers.iter().zip(samples) {
            let is_told = match receiver.duty {
                Duty::Filter => true,
                Duty::DropAll => draw.is_hit(),
                Duty::PassAll => !draw.is_hit(),
            };
            for (table, samples) in tables.into_iter().zip(samples) {
                if is_told {
                    let spread = Spread::of(samples).context("take a sample")?;
                    report.add(table, receiver.name, &column, spread);
                }
            }
        }
    }
    derive(report, &column);
    field.benign(report, entries, options.effort.flood_packets)
}

/// Adds what follows from the figures: multiples, rates, and what passing costs more.
fn derive(report: &mut Report, column: &str) {
    let rows: Vec<_> = [HIT, MISS]
        .into_iter()
        .flat_map(|table| {
            let figures = report.figures().iter();
            let here = figures.filter(move |it| it.table == table && it.column == column);
            here.filter_map(move |it| Some((table, it.row.clone(), it.spread()?.value)))
        })
        .collect();
    let value = |table, row| report.value(table, row, column);
    let (floor, plain, pass) = (
        value(HIT, DROP_ALL),
        value(MISS, NO_FILTER),
        value(MISS, PASS_ALL),
    );
    for (table, row, nanos) in rows {
        if table == HIT {
            if let Some(floor) = floor.filter(|it| *it > 0.0) {
                report.add(MULTIPLE, &row, column, Spread::single(nanos / floor));
            }
            report.add(RATE, &row, column, Spread::single(1e3 / nanos.max(0.1)));
            continue;
        }
        let is_netfilter = Netfilter::ALL.iter().any(|it| it.name() == row);
        let base = if is_netfilter { plain } else { pass };
        if let Some(base) = base.filter(|_| row != PASS_ALL && row != NO_FILTER) {
            report.add(TAX, &row, column, Spread::single(nanos - base));
        }
    }
}

impl Field {
    fn new(options: &Options, report: &mut Report, entries: u32, sender: Host) -> Result<Self> {
        let cpu = bpf::stay_on_one_cpu().context("stay on one processor")?;
        let mut stage = Stage::load(&options.object, Room::default())?;
        let mut receivers = vec![
            with_program(&mut stage, &sender, DROP_ALL, Duty::DropAll)?,
            with_program(&mut stage, &sender, PASS_ALL, Duty::PassAll)?,
            with_aegis(&sender, report, entries)?,
        ];
        receivers.extend(with_xdp_filter(&sender, report, entries)?);
        receivers.push(without_program(&sender, NO_FILTER, Duty::PassAll, "plain")?);
        for (number, set) in Netfilter::ALL.into_iter().enumerate() {
            let role = format!("set{number}");
            let receiver = without_program(&sender, set.name(), Duty::Filter, &role)?;
            match set.list(&receiver.host, entries) {
                Ok(()) => receivers.push(receiver),
                Err(error) => {
                    let name = set.name();
                    report.note(format!("{name}, {}: {error:#}", column(entries)));
                }
            }
        }
        let absent = with_program(&mut stage, &sender, "nobody", Duty::DropAll)?;
        absent.host.unplug()?;
        Ok(Self {
            stage,
            receivers,
            absent,
            softirq: softirq(cpu)?,
            _sender: sender,
        })
    }

    /// Fails unless every receiver's host takes in what it is to take in, and nothing else.
    fn check(&mut self, entries: u32) -> Result<()> {
        const PACKETS: u32 = 1024;
        const AT_ONCE: u32 = 2 * BATCH; // of what a cable holds the half
        for draw in [Draw::Hit, Draw::Miss] {
            let traffic = Traffic::new(Family::V4, Payload::Udp, draw, entries);
            for number in 0..self.receivers.len() {
                let receiver = &self.receivers[number];
                let (name, ifindex) = (receiver.name, receiver.ifindex);
                let before = receiver.host.delivered()?;
                let wanted = match receiver.duty {
                    Duty::PassAll => PACKETS,
                    Duty::Filter if !draw.is_hit() => PACKETS,
                    Duty::Filter | Duty::DropAll => 0,
                };
                let mut delivered = 0;
                for sent in 1..=PACKETS / AT_ONCE {
                    self.send(&traffic, ifindex, AT_ONCE)?;
                    let wanted = u64::from(wanted / (PACKETS / AT_ONCE) * sent);
                    delivered = self.arrived(number, before, wanted)?;
                }
                ensure!(
                    delivered == u64::from(wanted),
                    "{name}, {}: {delivered} packets arrived where {wanted} were to",
                    draw.name()
                );
            }
        }
        Ok(())
    }

    /// Returns how many packets a receiver's host took in since it had taken in `before`, as soon as it
    /// is as many as are wanted: where others keep the processor busy, the kernel leaves them to a
    /// thread of its own, and more than a cable holds would be lost on the way.
    fn arrived(&self, number: usize, before: u64, wanted: u64) -> Result<u64> {
        let start = clock();
        loop {
            let arrived = self.receivers[number].host.delivered()? - before;
            if arrived >= wanted || start.elapsed() > ARRIVED_WITHIN {
                return Ok(arrived);
            }
            std::thread::yield_now();
        }
    }

    /// Lets AEGIS meet the traffic and then look after its lists, as a node does every ten seconds:
    /// whether most packets are dropped decides whether the filter in front is asked. Once before, so
    /// that it is asked of this traffic and not of what was before it.
    fn settle(&mut self, traffic: &Traffic, packets: u32) -> Result<()> {
        for number in 0..self.receivers.len() {
            if let Some((enforcer, instance)) = &mut self.receivers[number].enforcer {
                enforcer.sweep(instance.now()).context("sweep the lists")?;
            } else {
                continue;
            }
            self.send(traffic, self.receivers[number].ifindex, packets)?;
            if let Some((enforcer, instance)) = &mut self.receivers[number].enforcer {
                enforcer.sweep(instance.now()).context("sweep the lists")?;
            }
        }
        Ok(())
    }

    /// Returns what sending costs beyond making, and what a packet costs each receiver beyond
    /// sending and beyond making, in an order that changes from round to round.
    fn compare(
        &mut self,
        traffic: &Traffic,
        effort: &Effort,
    ) -> Result<(Spread, Vec<[Vec<f64>; 2]>)> {
        let packets = effort.flood_packets;
        self.settle(traffic, packets)?;
        let mut sending = Vec::new();
        let mut samples = vec![[Vec::new(), Vec::new()]; self.receivers.len()];
        for round in 0..effort.rounds {
            let made = self.generate("make", traffic, 0, packets)?;
            let sent = self.send(traffic, self.absent.ifindex, packets)?;
            sending.push(sent - made);
            for index in shuffled(self.receivers.len(), round) {
                let ifindex = self.receivers[index].ifindex;
                let nanos = self.send(traffic, ifindex, packets)?;
                for (samples, floor) in samples[index].iter_mut().zip([sent, made]) {
                    samples.push(nanos - floor);
                }
            }
        }
        let sending = Spread::of(sending).context("take a sample")?;
        Ok((sending, samples))
    }

    /// Sends listed and benign packets together, and tells how many of the latter arrived.
    fn benign(&mut self, report: &mut Report, entries: u32, packets: u32) -> Result<()> {
        let mut traffic = Traffic::new(Family::V4, Payload::Udp, Draw::Hit, entries);
        traffic.plan.benign_mask = BENIGN_EVERY - 1;
        let packets = packets / BENIGN_EVERY as u32 * BENIGN_EVERY as u32;
        for number in 0..self.receivers.len() {
            let receiver = &self.receivers[number];
            if receiver.duty != Duty::Filter {
                continue;
            }
            let (name, ifindex) = (receiver.name, receiver.ifindex);
            let before = receiver.host.delivered()?;
            self.send(&traffic, ifindex, packets)?;
            let delivered = self.receivers[number].host.delivered()? - before;
            let sent = f64::from(packets) / BENIGN_EVERY as f64;
            let share = Spread::single(delivered as f64 * 100.0 / sent);
            report.add(BENIGN, name, &column(entries), share);
        }
        Ok(())
    }

    /// Sends packets; returns nanoseconds of processor time for each.
    fn send(&mut self, traffic: &Traffic, ifindex: u32, packets: u32) -> Result<f64> {
        self.generate("generate", traffic, ifindex, packets)
    }

    /// Makes packets with one of the generators; returns nanoseconds of processor time for each.
    fn generate(
        &mut self,
        generator: &str,
        traffic: &Traffic,
        ifindex: u32,
        packets: u32,
    ) -> Result<f64> {
        let mut plan = traffic.plan;
        plan.ifindex = u64::from(ifindex);
        plan.counter = self.stage.next_counter();
        self.stage.set_plan(&plan)?;
        let softirq = self.softirq_nanos()?;
        let own = bpf::thread_time();
        let generator = self.stage.program(generator)?;
        let result = generator.test_run(TestRunOptions {
            data_in: Some(&traffic.bytes),
            repeat: packets,
            attrs: TestRunAttrs::new().xdp_live_frames(BATCH),
            ..TestRunOptions::default()
        });
        let own = bpf::thread_time() - own;
        let softirq = self.softirq_nanos()? - softirq;
        result.context("send packets")?;
        Ok((own.as_nanos() as f64 + softirq) / f64::from(packets.max(1)))
    }

    /// Returns how long the kernel's thread for interrupts has run on our processor.
    fn softirq_nanos(&self) -> Result<f64> {
        let text = fs::read_to_string(&self.softirq).context("read the time of interrupts")?;
        let nanos = text.split(' ').next().unwrap_or_default();
        nanos.parse().context("read the time of interrupts")
    }
}

fn receiver(sender: &Host, name: &'static str, duty: Duty, role: &str) -> Result<Receiver> {
    let host = Host::new(role)?;
    let link = format!("{role}0");
    host.plug(sender, &link)?;
    let socket = host.listen()?;
    Ok(Receiver {
        name,
        duty,
        ifindex: ifindex(&link)?,
        _socket: socket,
        enforcer: None,
        _filter: None,
        host,
    })
}

fn without_program(sender: &Host, name: &'static str, duty: Duty, role: &str) -> Result<Receiver> {
    let receiver = receiver(sender, name, duty, role)?;
    receiver.host.poll_without_program()?;
    Ok(receiver)
}

fn with_program(
    stage: &mut Stage,
    sender: &Host,
    name: &'static str,
    duty: Duty,
) -> Result<Receiver> {
    let (role, program) = match duty {
        Duty::DropAll if name == DROP_ALL => ("drop", "empty"),
        Duty::DropAll => ("absent", "empty"),
        Duty::PassAll | Duty::Filter => ("pass", "pass_all"),
    };
    let receiver = receiver(sender, name, duty, role)?;
    let program = stage.program_mut(program)?;
    // The link lives as long as the stage.
    receiver
        .host
        .enter(|| Ok(program.attach(RECEIVER_LINK, XdpMode::Driver)?))
        .context("attach a program of the benchmark")?;
    Ok(receiver)
}

fn with_aegis(sender: &Host, report: &mut Report, entries: u32) -> Result<Receiver> {
    let mut receiver = receiver(sender, AEGIS, Duty::Filter, "aegis")?;
    let instance = Instance::new(room_for(Family::V4, entries), &[RECEIVER_LINK])?;
    let mut enforcer = receiver.host.enter(|| instance.start())?;
    enforcer
        .apply(instance.now(), &listed(Family::V4, entries))
        .context("list the sources")?;
    if enforcer
        .interfaces()
        .iter()
        .any(|it| it.mode != Mode::Native)
    {
        report.note("floods: AEGIS in native mode; it is in another one here");
    }
    receiver.enforcer = Some((enforcer, instance));
    Ok(receiver)
}

fn with_xdp_filter(sender: &Host, report: &mut Report, entries: u32) -> Result<Option<Receiver>> {
    let Some(mut filter) = XdpFilter::load(Family::V4, entries)? else {
        report.note("xdp-filter: not installed (Debian has it in xdp-tools)");
        return Ok(None);
    };
    filter.list(Family::V4, entries)?;
    let mut receiver = receiver(sender, XDP_FILTER, Duty::Filter, "xf")?;
    let program = filter.ip_program()?;
    let link = receiver
        .host
        .enter(|| Ok(program.attach(RECEIVER_LINK, XdpMode::Driver)?))
        .context("attach xdp-filter")?;
    receiver._filter = Some((filter, link));
    Ok(Some(receiver))
}

/// Returns whether a thread's time leaves out what interrupts did meanwhile.
fn has_separate_interrupt_time() -> bool {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let boot = fs::read_to_string(format!("/boot/config-{}", release.trim())).unwrap_or_default();
    let running = Command::new("zcat").arg("/proc/config.gz").output();
    let running = running.map(|it| it.stdout).unwrap_or_default();
    let texts = [boot, String::from_utf8_lossy(&running).into_owned()];
    texts
        .iter()
        .any(|it| it.contains("CONFIG_IRQ_TIME_ACCOUNTING=y"))
}

/// Returns where the kernel tells of its thread for interrupts on a processor.
fn softirq(cpu: usize) -> Result<PathBuf> {
    let name = format!("ksoftirqd/{cpu}\n");
    for entry in fs::read_dir("/proc").context("list processes")? {
        let path = entry.context("list processes")?.path();
        if fs::read_to_string(path.join("comm")).is_ok_and(|it| it == name) {
            return Ok(path.join("schedstat"));
        }
    }
    anyhow::bail!("there is no ksoftirqd/{cpu}")
}
