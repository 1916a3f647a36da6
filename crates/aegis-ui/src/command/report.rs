//! Commands for programs on the host that saw an attack, and for whoever speaks for them.

use aegis_api::{
    BlockDuration, Description, Indicator, ReportRequest, ReportSource, ReportWithdrawRequest,
    ReportsRequest, Severity, ThreatType,
};
use clap::Args;

use super::{EvidenceArg, parse};

/// The source of a report that names none: somebody at a shell.
const DEFAULT_SOURCE: &str = "cli";

/// What `report` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct ReportArgs {
    /// Address or prefix
    pub ip: Indicator,
    /// Kind of attack: brute_force, credential_stuffing, sql_injection, path_traversal …
    #[arg(value_name = "TYPE")]
    pub threat_type: ThreatType,
    /// How bad, 1 to 10; by the kind of attack if not given
    #[arg(long, value_parser = parse::severity)]
    pub severity: Option<Severity>,
    /// How long to block: seconds, or 90s, 15m, 2h, 1d, at most 24 hours; by the policy if not given,
    /// longer each time
    #[arg(long, value_name = "DURATION", value_parser = parse::report_duration,
          allow_negative_numbers = true)]
    pub ttl: Option<BlockDuration>,
    /// Who reports
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SOURCE)]
    pub source: ReportSource,
    /// Which part of the source, as of fail2ban: the name becomes SOURCE/JAIL
    #[arg(long, value_name = "NAME")]
    pub jail: Option<ReportSource>,
    /// How many events made the report
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub failures: u32,
    /// Words for this host's operator, at most 512 bytes; they never leave it
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<Description>,
    /// Whether the source address is proven [default: verified]
    #[arg(long, value_name = "KIND")]
    pub evidence: Option<EvidenceArg>,
    /// Do not tell the other nodes, whatever `auto_publish` says
    #[arg(long)]
    pub no_share: bool,
    /// Show the exact bytes that would be sent to other nodes, and do nothing
    #[arg(long)]
    pub preview: bool,
    /// It was reported before: no further violation, and no news for anybody
    #[arg(long)]
    pub restored: bool,
}

/// What `withdraw` takes.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct WithdrawArgs {
    /// Address or prefix
    #[arg(long)]
    pub ip: Indicator,
    /// Who had reported it
    #[arg(long, value_name = "NAME", default_value = DEFAULT_SOURCE)]
    pub source: ReportSource,
    /// Which part of the source, as of fail2ban: the name becomes SOURCE/JAIL
    #[arg(long, value_name = "NAME")]
    pub jail: Option<ReportSource>,
}

/// Returns the whole name of a source; too long a one is cut.
fn whole(source: ReportSource, jail: Option<ReportSource>) -> ReportSource {
    let Some(jail) = jail else { return source };
    let mut name = format!("{source}/{jail}");
    name.truncate(ReportSource::CHARS_MAX); // a name is ASCII
    name.parse().unwrap_or(source)
}

impl From<ReportArgs> for ReportsRequest {
    fn from(args: ReportArgs) -> Self {
        let report = ReportRequest {
            indicator: args.ip,
            threat_type: args.threat_type,
            severity: args.severity,
            duration_secs: args.ttl,
            evidence: args.evidence.map(Into::into),
            source: whole(args.source, args.jail),
            events: args.failures,
            reason: args.reason,
            share: !args.no_share,
            restored: args.restored,
        };
        Self {
            reports: vec![report],
        }
    }
}

impl From<WithdrawArgs> for ReportWithdrawRequest {
    fn from(args: WithdrawArgs) -> Self {
        Self {
            indicator: args.ip,
            source: whole(args.source, args.jail),
        }
    }
}
