//! Pictures of the pages, for whoever looks whether they look right. With `AEGIS_BLESS` set they are
//! those of the documentation.

use std::{fs, path::PathBuf};

use crate::{browser, node::Script, server::Server};

/// Those that the documentation shows.
const SHOWN: [&str; 9] = [
    "overview",
    "overview-dark",
    "overview-phone",
    "attacks",
    "decisions",
    "decisions-phone",
    "why",
    "peers",
    "feeds",
];

/// No picture of the documentation is larger.
const BYTES_MAX: usize = 200_000;

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_the_pages_are_made() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    let fresh = Server::start_open(Script::fresh()).await;
    let ill = Script {
        is_enforcing: false,
        problems: &["something took the kernel program off eth0, it is attached again"],
        ..Script::busy()
    };
    let ill = Server::start_open(ill).await;
    tokio::task::block_in_place(|| {
        browser.go(&server.url("/"));
        take(&mut browser, "sign-in", (900, 640), "light");
        browser.enter(&server.link());
        for (name, path, size, scheme) in [
            ("overview", "/", (1280, 1000), "light"),
            ("overview-dark", "/", (1280, 1000), "dark"),
            ("attacks", "/attacks?span=7d", (1280, 1180), "light"),
            ("attacks-dark", "/attacks", (1280, 1180), "dark"),
            ("decisions", "/decisions", (1280, 800), "light"),
            ("why", "/why?ip=23.0.0.7", (1280, 860), "light"),
            ("peers", "/peers", (1280, 560), "light"),
            (
                "peer",
                &format!("/peer?id={}", crate::node::node_id(3)),
                (1280, 640),
                "dark",
            ),
            ("allowed", "/allowed", (1280, 560), "light"),
            ("feeds", "/feeds", (1280, 700), "light"),
            ("overview-phone", "/", (360, 780), "light"),
            ("attacks-phone", "/attacks", (360, 1300), "light"),
            ("decisions-phone", "/decisions", (360, 780), "dark"),
        ] {
            browser.go(&server.url(path));
            take(&mut browser, name, size, scheme);
        }
        browser.go(&fresh.url("/"));
        take(&mut browser, "overview-fresh", (1280, 900), "light");
        browser.go(&ill.url("/"));
        take(&mut browser, "overview-ill", (1280, 900), "light");
    });
}

fn take(browser: &mut browser::Browser, name: &str, (width, height): (u32, u32), scheme: &str) {
    browser.colour(scheme);
    browser.resize(width, height, if width < 500 { 2.0 } else { 1.0 });
    browser.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 200)))");
    let picture = browser.picture();
    assert!(picture.starts_with(b"\x89PNG"), "{name}");
    let is_blessed = SHOWN.contains(&name) && std::env::var_os("AEGIS_BLESS").is_some();
    let folder = if is_blessed {
        assert!(picture.len() < BYTES_MAX, "{name}: {} bytes", picture.len());
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/page")
    } else {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("page")
    };
    fs::create_dir_all(&folder).expect("a directory can be made");
    fs::write(folder.join(format!("{name}.png")), picture).expect("it is written");
}
