//! Where a script may run the page looks again by itself; where none may, everything is done all the same.

use aegis_api::{Caller, Control as _, Request, UnblockRequest};

use crate::{browser, node::Script, server::Server};

#[tokio::test(flavor = "multi_thread")]
async fn the_page_looks_again_and_leaves_alone_what_somebody_is_at() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        browser.go(&server.url("/decisions"));
        let blocked = browser.evaluate("document.querySelector('.state').textContent");
        let blocked = blocked.as_str().expect("a text");
        assert!(blocked.contains("1,284 blocked"), "{blocked}");
        browser.evaluate("document.querySelector('.act').open = true");
        browser.evaluate("document.querySelector('#b-ip').value = '192.0.2.'");
        browser.evaluate("document.querySelector('#b-ip').focus()");
    });
    let root = Caller::Local { uid: 0, pid: None };
    let unblock = UnblockRequest {
        indicator: "23.0.0.7".parse().expect("an indicator"),
        withdraw: false,
    };
    let unblocked = server.node.call(root, Request::Unblock(unblock)).await;
    assert!(unblocked.is_ok(), "{unblocked:?}");
    tokio::task::block_in_place(|| {
        browser.until("document.querySelector('.state').textContent.includes('1,283 blocked')");
        let typed = browser.evaluate("document.activeElement.value");
        assert_eq!(typed, "192.0.2.", "what was typed stays, and where");
        assert_eq!(browser.complaints(), Vec::<String>::new());
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_script_everything_is_there_and_a_block_is_made() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    tokio::task::block_in_place(|| {
        let off = serde_json::json!({ "value": true });
        browser.call("Emulation.setScriptExecutionDisabled", &off);
        browser.enter(&server.link());
        browser.go(&server.url("/decisions"));
        browser.until("document.querySelectorAll('.decisions tbody tr').length === 50");
        browser.evaluate("document.querySelector('.act').open = true");
        browser.evaluate("document.querySelector('#b-ip').focus()");
        browser.write("192.0.2.99");
        browser.press("Enter", 13, "\r");
        browser.until("document.querySelector('[role=status]') !== null");
    });
    assert!(server.node.is_blocked("192.0.2.99").await);
}
