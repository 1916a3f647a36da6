//! How long until the first paint, with a hundred thousand decisions and a thousand peers. The figures
//! are printed; what is asserted is only that it is not another order of magnitude.

use crate::{browser, node::Script, server::Server};

const FIRST_PAINT: &str = "new Promise(done => new PerformanceObserver(list => { \
    const it = list.getEntriesByName('first-contentful-paint')[0]; if (it) done(it.startTime); \
    }).observe({ type: 'paint', buffered: true }))";

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
            let paint = |browser: &mut browser::Browser| {
                browser.go(&server.url(page));
                browser.evaluate(FIRST_PAINT).as_f64().expect("a time")
            };
            let (first, second) = (paint(&mut browser), paint(&mut browser));
            eprintln!("first paint of {page}: {first:.0} ms, then {second:.0} ms");
            assert!(first < 10_000.0 && second < 10_000.0, "{page}");
        }
    });
}
