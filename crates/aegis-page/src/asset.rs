//! The files beside the pages: style, script and icon. Each has its content's hash in its path, so
//! that a browser keeps it for as long as it is the same.

use std::sync::LazyLock;

use aegis_api::ShownWhat;

/// A file with its path.
pub(crate) struct Asset {
    pub(crate) path: String,
    media_type: &'static str,
    text: &'static str,
}

/// How the pages look.
pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "style",
        "css",
        "text/css; charset=utf-8",
        include_str!("asset/page.css"),
    )
});

/// What looks again now and then.
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let media_type = "text/javascript; charset=utf-8";
    Asset::new("script", "js", media_type, include_str!("asset/page.js"))
});

/// What stands for the node among a browser's tabs.
pub(crate) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(
        "icon",
        "svg",
        "image/svg+xml",
        include_str!("asset/icon.svg"),
    )
});

/// Returns the file at a path.
pub(crate) fn find(path: &str) -> Option<ShownWhat> {
    let all = [&STYLE, &SCRIPT, &ICON];
    let found = all.into_iter().find(|it| it.path == path)?;
    Some(ShownWhat::Asset(found.media_type, found.text))
}

impl Asset {
    fn new(name: &str, end: &str, media_type: &'static str, text: &'static str) -> Self {
        let hash = fnv(text.as_bytes());
        Self {
            path: format!("/asset/{name}-{hash:016x}.{end}"),
            media_type,
            text,
        }
    }
}

/// Returns the FNV-1a hash of some bytes: it tells versions of a file apart, and keeps nothing safe.
fn fnv(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}
