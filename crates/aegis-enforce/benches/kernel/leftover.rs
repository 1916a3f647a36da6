//! What a run that was killed could not take away: the next one does.

use std::{fs, path::Path, process::Command};

use aegis_enforce::{DEFAULT_BPFFS, detach};

/// What names begin with before the number of the process that made them.
const XDP_FILTER: &str = "aegis-bench-xf-";
const INSTANCE: &str = "aegis-bench-";
const NAMESPACE: &str = "aegis-b";

/// Removes pins, instances and namespaces of benchmarks that no longer run.
pub(crate) fn clear() {
    let bpffs = Path::new(DEFAULT_BPFFS);
    for name in of_the_dead(bpffs, XDP_FILTER) {
        let _ = fs::remove_dir_all(bpffs.join(name));
    }
    for name in of_the_dead(&bpffs.join("aegis"), INSTANCE) {
        if let Ok(instance) = name.parse() {
            let _ = detach(&instance, bpffs);
        }
    }
    for name in of_the_dead(Path::new("/run/netns"), NAMESPACE) {
        let _ = Command::new("ip").args(["netns", "del", &name]).status();
    }
}

/// Returns the names in a folder that bear the number of a process that is gone.
fn of_the_dead(folder: &Path, prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new(); // nobody made anything there yet
    };
    let names = entries.flatten().map(|it| it.file_name());
    let names = names.filter_map(|it| it.into_string().ok());
    names.filter(|it| is_of_the_dead(it, prefix)).collect()
}

/// Returns whether a name is `<prefix><process>-<anything>`, and the process is gone.
pub(crate) fn is_of_the_dead(name: &str, prefix: &str) -> bool {
    let rest = name.strip_prefix(prefix).and_then(|it| it.split_once('-'));
    let process = rest.and_then(|(process, _)| process.parse::<u32>().ok());
    process.is_some_and(|it| !Path::new("/proc").join(it.to_string()).exists())
}
