//! Paths with stars: a star stands for any characters but a slash.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt as _,
    path::{Component, Path, PathBuf},
};

/// Files that a path may stand for: more logs than a server has.
const MATCHES_MAX: usize = 256;

/// Returns the paths that exist and that `path` stands for, in order.
pub(super) fn expand(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![PathBuf::new()];
    for component in path.components() {
        found = match component {
            Component::Normal(name) if name.as_bytes().contains(&b'*') => found
                .iter()
                .flat_map(|it| entries(it, name))
                .take(MATCHES_MAX)
                .collect(),
            Component::Normal(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir
            | Component::Prefix(_) => found.iter().map(|it| it.join(component)).collect(),
        };
    }
    found.retain(|it| it.exists());
    found.sort();
    found
}

fn entries(dir: &Path, pattern: &OsStr) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let names = entries.flatten().map(|it| it.file_name());
    let matching = names.filter(|it| matches(pattern.as_bytes(), it.as_bytes()));
    matching.take(MATCHES_MAX).map(|it| dir.join(it)).collect()
}

/// Returns whether a name is one that `pattern` stands for: what stands between stars is found from
/// the left, which is enough where a star stands for anything.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let mut parts = pattern.split(|it| *it == b'*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty(); // there is no star
    };
    for part in parts {
        let at = match part.len() {
            0 => Some(0),
            length => rest.windows(length).position(|it| it == part),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
