//! How long until the first paint, with a hundred thousand decisions and a thousand peers. The figures
//! are printed; what is asserted is only that it is not another order of magnitude.

use crate::{browser, node::Script, server::Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_large_node_is_painted_soon() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let script = Script {
        blocks: 100_000,
        peers: 1_000,
        lines: 20_000,
        ..Script::busy()
    };
    let server = Server::start(script).await;
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        for page in [
            "/",
            "/attacks",
            "/decisions",
            "/decisions?origin=peers",
            "/peers",
        ] {
            let url = server.url(page);
            let (first, second) = (browser.first_paint(&url), browser.first_paint(&url));
            eprintln!("first paint of {page}: {first:.0} ms, then {second:.0} ms");
            assert!(first < 10_000.0 && second < 10_000.0, "{page}");
        }
    });
}
