//! Debian's packages of CrowdSec.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{debian::Packages, needed, program::run};

const CROWDSEC: Packages = Packages {
    folder: "debian-crowdsec",
    names: &["crowdsec", "crowdsec-firewall-bouncer"],
    programs: &["crowdsec", "cscli", "crowdsec-firewall-bouncer"],
};

/// Returns the directory that the packages are unpacked in, or says why the test is skipped.
pub(crate) fn unpacked() -> Option<&'static Path> {
    static UNPACKED: OnceLock<Option<PathBuf>> = OnceLock::new();
    if run(Command::new("id").arg("-u")).out.trim() != "0" {
        let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
        assert!(!is_required, "root is needed for network namespaces");
        eprintln!("SKIPPED: root is needed for network namespaces");
        return None;
    }
    if !needed::runs(&mut Command::new("nft"), "nftables") {
        return None;
    }
    UNPACKED.get_or_init(|| CROWDSEC.unpacked()).as_deref()
}
