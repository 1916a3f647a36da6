//! Other programs and filters at an interface's traffic-control ingress hook.

use rtnetlink::packet_core::NlasIterator;
use rtnetlink::sys::protocols::NETLINK_ROUTE;

use super::link::program_name;
use super::{Check, shell};
use crate::host::netlink::{Request, dump_now};
use crate::sys::tcx_programs;

#[cfg(test)]
mod tests;

/// Names that our own programs begin with, as the kernel shows them.
pub(super) const OWN_PREFIX: &str = "aegis";

/// Filters of one hook that are told of.
const FILTERS_MAX: usize = 8;

/// Something at the hook.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Neighbour {
    /// A program by tcx link.
    Tcx { id: u32, name: Option<String> },
    /// A filter of the queueing discipline.
    Filter(Filter),
}

/// A traffic-control filter.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Filter {
    kind: String,
    priority: u32,
    /// Of a program: the name that whoever attached it gave it.
    name: Option<String>,
    id: Option<u32>,
}

const RTM_NEWTFILTER: u16 = 44;
const RTM_GETTFILTER: u16 = 46;
const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_BPF_NAME: u16 = 7;
const TCA_BPF_ID: u16 = 11;

/// Bytes of `struct tcmsg`: family, interface, handle, parent, info.
const HEADER_BYTES: usize = 20;

/// Where filters on what comes in hang.
const INGRESS: u32 = 0xffff_fff2;

/// Reads who is at the ingress hook of an interface, as far as this process may know.
pub(super) fn read(ifindex: u32) -> Vec<Neighbour> {
    // Refused without CAP_NET_ADMIN, and before Linux 6.6.
    let tcx = tcx_programs(ifindex).unwrap_or_default();
    let tcx = tcx.into_iter().map(|id| Neighbour::Tcx {
        id,
        name: program_name(id),
    });
    let mut header = [0; HEADER_BYTES];
    header[4..8].copy_from_slice(&ifindex.to_ne_bytes());
    header[12..16].copy_from_slice(&INGRESS.to_ne_bytes());
    let request = Request {
        kind: RTM_GETTFILTER,
        body: &header,
    };
    let mut filters = Vec::new();
    // Fails where there is no queueing discipline for it: then there are no filters.
    let _ = dump_now(NETLINK_ROUTE, request, |kind, payload| {
        if kind == RTM_NEWTFILTER {
            filters.extend(filter(payload));
        }
    });
    tcx.chain(filters.into_iter().map(Neighbour::Filter))
        .collect()
}

/// Reads one filter; `None` for the heads of lists, which filter nothing.
fn filter(payload: &[u8]) -> Option<Filter> {
    let word = |at: usize| {
        payload
            .get(at..)?
            .first_chunk()
            .map(|it| u32::from_ne_bytes(*it))
    };
    let (handle, info) = (word(8)?, word(16)?);
    if handle == 0 {
        return None;
    }
    let mut filter = Filter {
        priority: info >> 16,
        ..Filter::default()
    };
    for attribute in NlasIterator::new(payload.get(HEADER_BYTES..)?).flatten() {
        match attribute.kind() {
            TCA_KIND => filter.kind = text(attribute.value()),
            TCA_OPTIONS => take_options(&mut filter, attribute.value()),
            _ => {}
        }
    }
    Some(filter)
}

fn take_options(filter: &mut Filter, options: &[u8]) {
    for option in NlasIterator::new(options).flatten() {
        match option.kind() {
            TCA_BPF_NAME => filter.name = Some(text(option.value())),
            TCA_BPF_ID => {
                let bytes = option.value().first_chunk();
                filter.id = bytes.map(|it| u32::from_ne_bytes(*it));
            }
            _ => {}
        }
    }
}

/// Reads a text up to its end; whoever attached a filter chose it freely.
fn text(bytes: &[u8]) -> String {
    let text = bytes.split(|it| *it == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// Tells of those at the hook of an interface that are not ours.
pub(super) fn judge(name: &str, neighbours: &[Neighbour]) -> Vec<Check> {
    const NAME: &str = "tc hook";
    let others: Vec<&Neighbour> = neighbours.iter().filter(|it| !it.is_own()).collect();
    if others.is_empty() {
        return vec![Check::ok(NAME, format!("{name}: nobody else there"))];
    }
    let why = "it runs after XDP and so sees nothing that AEGIS drops; where AEGIS has to attach by \
               traffic control it stands in one row with it, and what lets a packet through before \
               AEGIS's turn lets it past AEGIS";
    let checks = others.iter().take(FILTERS_MAX).map(|it| {
        let word = shell(name);
        let fix = match it {
            Neighbour::Tcx { id, .. } => format!("sudo bpftool prog show id {id}   # whose it is"),
            Neighbour::Filter(Filter { id: Some(id), .. }) => format!(
                "sudo bpftool prog show id {id}; tc filter show dev {word} ingress   # whose it is"
            ),
            Neighbour::Filter(_) => format!("tc filter show dev {word} ingress   # whose it is"),
        };
        Check::note(NAME, format!("{name}: {}", it.title()), why).with_fix(fix)
    });
    let mut checks: Vec<Check> = checks.collect();
    if others.len() > FILTERS_MAX {
        let detail = format!("{name}: {} more", others.len() - FILTERS_MAX);
        checks.push(Check::note(NAME, detail, why));
    }
    checks
}

impl Neighbour {
    fn is_own(&self) -> bool {
        let name = match self {
            Self::Tcx { name, .. } | Self::Filter(Filter { name, .. }) => name,
        };
        name.as_deref().is_some_and(|it| it.starts_with(OWN_PREFIX))
    }

    fn title(&self) -> String {
        match self {
            Self::Tcx { id, name } => {
                let name = name.as_deref().unwrap_or("of unknown name");
                format!("tcx program {name} (id {id})")
            }
            Self::Filter(filter) => {
                let name = filter.name.as_deref().map(|it| format!(" {it}"));
                let name = name.unwrap_or_default();
                let id = filter.id.map(|it| format!(", id {it}")).unwrap_or_default();
                format!(
                    "tc filter {}{name} (priority {}{id})",
                    filter.kind, filter.priority
                )
            }
        }
    }
}
