//! Which tier a test belongs to: told from the names of its binary and of itself.

/// The tiers of `STYLE.md`, quick ones first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Tier {
    /// Inside a library or a program, `foo/tests.rs`.
    Unit,
    /// `crates/*/tests/it` and the like: one crate through its public door.
    Component,
    /// The real binary through a shell or a pipe.
    CommandLine,
    /// Kernel programs and network namespaces.
    Kernel,
    /// Several daemons together.
    EndToEnd,
    /// Examples in the documentation.
    Docs,
}

impl Tier {
    /// Every tier, in the order in which they are told.
    pub(super) const ALL: [Self; 6] = [
        Self::Unit,
        Self::Component,
        Self::CommandLine,
        Self::Kernel,
        Self::EndToEnd,
        Self::Docs,
    ];

    /// Returns the name that a person reads.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Component => "component",
            Self::CommandLine => "command line",
            Self::Kernel => "kernel",
            Self::EndToEnd => "end to end",
            Self::Docs => "documentation",
        }
    }

    /// Returns the tier of a test; `binary` is `None` for a library's or a program's own.
    pub(super) fn of(binary: Option<&str>, test: &str) -> Self {
        match binary {
            Some("e2e" | "lab") => Self::EndToEnd,
            Some("kernel" | "host" | "nft") => Self::Kernel,
            _ if is_netns(test) => Self::Kernel,
            Some("cli" | "console" | "transcript") => Self::CommandLine,
            Some(_) => Self::Component,
            None => Self::Unit,
        }
    }
}

/// Returns whether a test must have the machine to itself; `.config/nextest.toml` agrees.
pub(super) fn is_alone(binary: Option<&str>, test: &str) -> bool {
    matches!(Tier::of(binary, test), Tier::Kernel | Tier::EndToEnd)
}

fn is_netns(test: &str) -> bool {
    test.split("::").any(|part| part.starts_with("netns_"))
}

#[cfg(test)]
mod tests;
