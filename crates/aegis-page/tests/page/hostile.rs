//! Whatever others write, a browser makes text of it, asks nobody else, and has nothing to complain of.

use crate::{browser, node::Script, server::Server};

/// Every page, with something to see on it.
pub(crate) const PAGES: [&str; 11] = [
    "/",
    "/attacks",
    "/attacks?span=7d",
    "/decisions",
    "/decisions?threat=syn_flood&order=busiest&page=1",
    "/allowed",
    "/peers",
    "/peer?id=",
    "/why?ip=23.0.0.7",
    "/feeds",
    "/nothing",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_is_text_and_nothing_else() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let script = Script {
        is_hostile: true,
        problems: &["<script>window.pwned=4</script>", "javascript:alert(1)"],
        ..Script::busy()
    };
    let server = Server::start(script).await;
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        for page in pages() {
            browser.go(&server.url(&page));
            browser.until("document.querySelector('h1') !== null");
            let pwned = browser.evaluate("typeof window.pwned");
            assert_eq!(pwned, "undefined", "{page}");
            let made = browser.evaluate(
                "document.querySelectorAll('img, iframe, object, embed, base, main b, main i, \
                 script:not([src^=\"/asset/\"]), [onerror], [onload], [style], \
                 a[href^=\"javascript\"]').length",
            );
            assert_eq!(made, 0, "{page}");
        }
        browser.go(&server.url("/why?ip=23.0.0.7"));
        let words = browser.evaluate("document.querySelector('.words').textContent");
        assert_eq!(words, "<script>window.pwned=3</script>\u{201c}<b>");
        let outside: Vec<String> = browser
            .requests()
            .into_iter()
            .filter(|it| !it.starts_with(&server.url("/")))
            .filter(|it| it != "about:blank")
            .collect();
        assert_eq!(outside, Vec::<String>::new());
        // Of the page that is not there the browser says that it is not.
        let complaints: Vec<String> = browser
            .complaints()
            .into_iter()
            .filter(|it| !it.contains("/nothing"))
            .collect();
        assert_eq!(complaints, Vec::<String>::new());
    });
}

/// Returns the paths, with a peer where one is asked for.
pub(crate) fn pages() -> Vec<String> {
    let peer = crate::node::node_id(3);
    let pages = PAGES.iter().map(|it| match *it {
        "/peer?id=" => format!("/peer?id={peer}"),
        it => it.to_owned(),
    });
    pages.collect()
}
