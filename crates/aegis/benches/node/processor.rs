//! Processor time of a process, as the kernel charged it.

use anyhow::Context as _;

/// Clock ticks a second in `/proc`: fixed for user space on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Returns how many milliseconds a process has used, user and system, in steps of ten.
pub(crate) fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .context("read what the process used")?;
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th after.
    let (_, behind_name) = stat.rsplit_once(')').context("find the process's name")?;
    let fields = behind_name.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = fields.filter_map(|it| it.parse().ok()).collect();
    anyhow::ensure!(ticks.len() == 2, "find what the process used");
    Ok(ticks.iter().sum::<f64>() * 1e3 / TICKS_PER_SECOND)
}
