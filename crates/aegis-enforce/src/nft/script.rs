//! The transactions, as `nft` reads them. Pure text: nothing here runs anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    time::Duration,
};

use aegis_abi::Counter;
use aegis_core::Indicator;
use serde::Deserialize;

use super::key::{Purpose, SetKey};

/// What the names of our tables start with; the instance follows.
pub(super) const TABLE_PREFIX: &str = "aegis_";
/// The chain with the rules. A table of such a name without it is somebody else's.
pub(super) const FILTER: &str = "aegis_filter";

/// The chain at prerouting, where that is hooked to.
const PREROUTING: &str = "prerouting_all";

/// Elements in one command. All commands of a script are one transaction.
const ELEMENTS_PER_COMMAND: usize = 1000;

/// Before everybody else's ingress chains, which the manual advises to put at -500 and above.
const INGRESS_PRIORITY: i32 = -600;
/// Before `raw` (-300), and after fragments are put together (-400).
const PREROUTING_PRIORITY: i32 = -350;

/// The kernel counts in ticks and rounds a timeout down: two ticks of the slowest kernels more,
/// so that no block ends early.
const TICKS: Duration = Duration::from_millis(20);
/// Longer than any host runs; the kernel refuses what its clock cannot hold.
const TIMEOUT_MAX: Duration = Duration::from_secs(3650 * 86_400);

/// The table's address family, which says where its chains hang.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Family {
    /// The ingress hook of each interface.
    Netdev,
    /// Prerouting, for kernels without that hook.
    Inet,
}

impl Family {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Netdev => "netdev",
            Self::Inet => "inet",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Netdev, Self::Inet]
            .into_iter()
            .find(|it| it.as_str() == text)
    }
}

/// Packets and their bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub(super) struct Tally {
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// What the rules count, by the name that everybody else uses for it.
pub(super) const COUNTERS: [Counter; 9] = [
    Counter::Packets,
    Counter::Dropped,
    Counter::WouldHaveDropped,
    Counter::MatchedHostV4,
    Counter::MatchedHostV6,
    Counter::MatchedPrefixV4,
    Counter::MatchedPrefixV6,
    Counter::Allowlisted,
    Counter::Protected,
];

/// Returns a counter's name in the table: `packets` alone is a word of the language.
pub(super) fn counter_name(counter: Counter) -> String {
    format!("n_{}", counter.as_str())
}

/// How the table is built: everything about it but its elements.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Shape {
    pub(super) family: Family,
    /// Its name, which is one word.
    pub(super) name: String,
    /// The interfaces that are there, by name and index.
    pub(super) hooks: Vec<(String, u32)>,
    pub(super) is_observing: bool,
    /// Whether elements count packets; kernels before 5.10 cannot.
    pub(super) has_tallies: bool,
}

/// One element as it is to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Put {
    /// How long from now; `None` for an exemption, which has no end.
    pub(super) remaining: Option<Duration>,
    pub(super) tally: Tally,
}

/// Elements by set: `None` for one that is to go.
pub(super) type Elements = BTreeMap<SetKey, BTreeMap<Indicator, Option<Put>>>;

impl Shape {
    /// Returns the table as every command names it.
    pub(super) fn table(&self) -> String {
        format!("{} {}", self.family.as_str(), self.name)
    }

    /// Returns commands that put a new table in place of whatever is there, all at once.
    pub(super) fn replace(
        &self,
        keys: &BTreeSet<SetKey>,
        counters: &BTreeMap<String, Tally>,
        gone: &[Family],
    ) -> String {
        let table = self.table();
        let mut script = String::new();
        for it in gone
            .iter()
            .map(|it| format!("{} {}", it.as_str(), self.name))
        {
            line(&mut script, format_args!("add table {it}"));
            line(&mut script, format_args!("delete table {it}"));
        }
        // Deleting what is not there would fail, so it is made sure that it is.
        line(&mut script, format_args!("add table {table}"));
        line(&mut script, format_args!("delete table {table}"));
        line(&mut script, format_args!("add table {table}"));
        for counter in COUNTERS {
            let name = counter_name(counter);
            let Tally { packets, bytes } = counters.get(&name).copied().unwrap_or_default();
            line(
                &mut script,
                format_args!("add counter {table} {name} {{ packets {packets} bytes {bytes} }}"),
            );
        }
        self.add_sets(&mut script, keys.iter().copied());
        line(&mut script, format_args!("add chain {table} {FILTER}"));
        self.add_rules(&mut script, keys);
        self.add_hooks(&mut script);
        script
    }

    /// Returns commands that change the sets and rules from those of `before` to those of `after`.
    /// The elements are to be given between the two parts.
    pub(super) fn reshape(
        &self,
        before: &BTreeSet<SetKey>,
        after: &BTreeSet<SetKey>,
    ) -> (String, String) {
        let (mut first, mut last) = (String::new(), String::new());
        if before == after {
            return (first, last);
        }
        let table = self.table();
        self.add_sets(&mut first, after.difference(before).copied());
        self.write_rules(&mut first, after);
        for key in before.difference(after) {
            line(&mut last, format_args!("delete set {table} {}", key.name()));
        }
        (first, last)
    }

    /// Appends commands that replace the rules.
    pub(super) fn write_rules(&self, script: &mut String, keys: &BTreeSet<SetKey>) {
        let table = self.table();
        line(script, format_args!("flush chain {table} {FILTER}"));
        self.add_rules(script, keys);
    }

    /// Appends commands that add `elements` to sets that have none of them.
    pub(super) fn add_new(&self, script: &mut String, elements: &Elements) {
        for (key, elements) in elements {
            let puts = elements.iter().filter_map(|(it, put)| Some((it, (*put)?)));
            let texts = puts.map(|(it, put)| self.element(*it, put));
            self.on_elements(script, "add", *key, texts);
        }
    }

    /// Appends commands after which each element is as it is to be, whatever it is now.
    ///
    /// An element that is there keeps its old deadline when it is added once more, and deleting
    /// one that has just ended fails: so each is first made to be there, then deleted, then made.
    pub(super) fn set(&self, script: &mut String, elements: &Elements) {
        for (key, elements) in elements {
            let names = || elements.keys().map(|it| it.address().to_string());
            self.on_elements(script, "add", *key, names());
            self.on_elements(script, "delete", *key, names());
        }
        self.add_new(script, elements);
    }

    /// Appends commands that the kernel would carry out only if it holds exactly what `elements`
    /// say of each: to be tried out, not to be carried out.
    pub(super) fn expect(&self, script: &mut String, elements: &Elements) {
        for (key, elements) in elements {
            let of = |is_there: bool| {
                let meant = elements.iter().filter(move |it| it.1.is_some() == is_there);
                meant.map(|(it, _)| it.address().to_string())
            };
            self.on_elements(script, "delete", *key, of(true));
            self.on_elements(script, "create", *key, of(false));
        }
    }

    /// Appends commands that the kernel would carry out only if it holds these rules.
    pub(super) fn expect_rules(&self, script: &mut String, rules: &[(String, u64)]) {
        let table = self.table();
        for (chain, handle) in rules {
            line(
                script,
                format_args!("delete rule {table} {chain} handle {handle}"),
            );
        }
    }

    /// Returns the names of the table's chains.
    pub(super) fn chains(&self) -> BTreeSet<String> {
        let hooks = self.hooks.iter();
        let mut chains: BTreeSet<String> = match self.family {
            Family::Netdev => hooks.map(|(it, index)| hook_chain(it, *index)).collect(),
            Family::Inet => [PREROUTING.to_owned()].into(),
        };
        chains.insert(FILTER.to_owned());
        chains
    }

    /// Returns how many rules the table has with these sets.
    pub(super) fn rules(&self, keys: &BTreeSet<SetKey>) -> usize {
        keys.len() + 1 + self.hooks.len()
    }

    pub(super) fn add_sets(&self, script: &mut String, keys: impl Iterator<Item = SetKey>) {
        let table = self.table();
        for key in keys {
            let features = match key.purpose {
                Purpose::Protected | Purpose::Allowlisted => "",
                Purpose::Blocked if self.has_tallies => " flags timeout; counter;",
                Purpose::Blocked => " flags timeout;",
            };
            line(
                script,
                format_args!(
                    "add set {table} {} {{ type {};{features} }}",
                    key.name(),
                    key.element_type()
                ),
            );
        }
    }

    fn add_rules(&self, script: &mut String, keys: &BTreeSet<SetKey>) {
        let table = self.table();
        let count = |it| format!("counter name {}", counter_name(it));
        let seen = count(Counter::Packets);
        line(script, format_args!("add rule {table} {FILTER} {seen}"));
        for key in keys {
            let action = match key.purpose {
                Purpose::Protected => format!("{} accept", count(Counter::Protected)),
                Purpose::Allowlisted => format!("{} accept", count(Counter::Allowlisted)),
                Purpose::Blocked => {
                    let matched = count(matched(*key));
                    if self.is_observing {
                        format!("{matched} {} accept", count(Counter::WouldHaveDropped))
                    } else {
                        format!("{matched} {} drop", count(Counter::Dropped))
                    }
                }
            };
            let (source, name) = (key.source(), key.name());
            line(
                script,
                format_args!("add rule {table} {FILTER} {source} @{name} {action}"),
            );
        }
    }

    fn add_hooks(&self, script: &mut String) {
        let table = self.table();
        match self.family {
            Family::Netdev => {
                for (interface, index) in &self.hooks {
                    let chain = hook_chain(interface, *index);
                    line(
                        script,
                        format_args!(
                            "add chain {table} {chain} {{ type filter hook ingress device \
                             \"{interface}\" priority {INGRESS_PRIORITY}; policy accept; }}"
                        ),
                    );
                    line(
                        script,
                        format_args!("add rule {table} {chain} jump {FILTER}"),
                    );
                }
            }
            Family::Inet => {
                let chain = PREROUTING;
                line(
                    script,
                    format_args!(
                        "add chain {table} {chain} {{ type filter hook prerouting priority \
                         {PREROUTING_PRIORITY}; policy accept; }}"
                    ),
                );
                for (interface, _) in &self.hooks {
                    line(
                        script,
                        format_args!(
                            "add rule {table} {chain} iifname \"{interface}\" jump {FILTER}"
                        ),
                    );
                }
            }
        }
    }

    fn element(&self, indicator: Indicator, put: Put) -> String {
        let mut text = indicator.address().to_string();
        let Put { remaining, tally } = put;
        let Some(remaining) = remaining else {
            return text;
        };
        if self.has_tallies && tally != Tally::default() {
            let Tally { packets, bytes } = tally;
            // Writing into a string cannot fail.
            let _ = write!(text, " counter packets {packets} bytes {bytes}");
        }
        let timeout = remaining.saturating_add(TICKS).min(TIMEOUT_MAX);
        let (days, secs) = (timeout.as_secs() / 86_400, timeout.as_secs() % 86_400);
        let millis = timeout.subsec_millis();
        // No single number may be larger than 32 bits of milliseconds.
        let _ = write!(text, " timeout {days}d{secs}s{millis}ms");
        text
    }

    fn on_elements(
        &self,
        script: &mut String,
        verb: &str,
        key: SetKey,
        elements: impl Iterator<Item = String>,
    ) {
        let (table, name) = (self.table(), key.name());
        let mut elements = elements.peekable();
        while elements.peek().is_some() {
            let some: Vec<String> = elements.by_ref().take(ELEMENTS_PER_COMMAND).collect();
            let some = some.join(", ");
            line(
                script,
                format_args!("{verb} element {table} {name} {{ {some} }}"),
            );
        }
    }
}

/// Returns the name of an interface's chain. One that comes back has another index.
fn hook_chain(interface: &str, index: u32) -> String {
    format!("in_{index}_{interface}")
}

/// Returns what a packet that meets this set of blocks counts as.
fn matched(key: SetKey) -> Counter {
    match (key.is_ipv6, key.is_host()) {
        (false, true) => Counter::MatchedHostV4,
        (true, true) => Counter::MatchedHostV6,
        (false, false) => Counter::MatchedPrefixV4,
        (true, false) => Counter::MatchedPrefixV6,
    }
}

fn line(script: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into a string cannot fail.
    let _ = writeln!(script, "{arguments}");
}

#[cfg(test)]
mod tests;
