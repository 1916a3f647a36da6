//! Everything is reached with the keyboard alone, on a telephone as well, and the page says what it
//! is to who does not see it.

use aegis_api::Scope;

use crate::{browser, hostile::pages, node::Script, server::Server};

const TAB: u8 = 9;

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_and_is_held_nowhere() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        browser.go(&server.url("/decisions"));
        browser.press("Tab", TAB, "");
        let first = browser.evaluate("document.activeElement.textContent");
        assert_eq!(first, "Skip to the content");
        let is_seen = "document.activeElement.getBoundingClientRect().left >= 0";
        assert_eq!(
            browser.evaluate(is_seen),
            true,
            "the way past the head is seen"
        );
        browser.press("Enter", 13, "\r");
        browser.until("location.hash === '#main'");
        // From the content on to its end and past it: as many steps as there is to be reached.
        let all = browser.evaluate(
            "window.left = new Set([...document.querySelectorAll('main a, main button, main input, \
             main select, main summary')].filter(it => it.checkVisibility() && it.type !== 'hidden')); \
             left.size",
        );
        let all = all.as_u64().expect("a number");
        assert!(all > 100, "{all}");
        for _ in 0..=all {
            browser.press("Tab", TAB, "");
            let outline = browser.evaluate(
                "(() => { const it = document.activeElement; left.delete(it); \
                 return it === document.body ? 'none' : getComputedStyle(it).outlineStyle; })()",
            );
            assert!(outline == "solid" || outline == "none", "{outline}");
        }
        assert_eq!(browser.evaluate("left.size"), 0, "{all} in all");
        assert_eq!(
            browser.evaluate("document.querySelector('main').contains(document.activeElement)"),
            false
        );
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_keyboard_a_block_is_undone() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    assert!(server.node.is_blocked("23.0.0.7").await);
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        browser.go(&server.url("/why?ip=23.0.0.7"));
        let button = "document.querySelector('[aria-label=\"Unblock 23.0.0.7\"]')";
        browser.evaluate(&format!("{button}.focus()"));
        browser.press("Enter", 13, "\r");
        browser.until("location.search.includes('done=unblocked')");
        browser.until("document.querySelector('[role=status]') !== null");
        let told = browser.evaluate("document.querySelector('[role=status]').textContent");
        let told = told.as_str().expect("a text");
        assert!(told.starts_with("23.0.0.7 is blocked no more"), "{told}");
    });
    assert!(!server.node.is_blocked("23.0.0.7").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_telephone_shows_every_page_without_scrolling_sideways() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    tokio::task::block_in_place(|| {
        browser.resize(360, 740, 2.0);
        browser.enter(&server.link());
        for page in pages() {
            browser.go(&server.url(&page));
            let wide = browser.evaluate(
                "[...document.querySelectorAll('body *')].filter(it => it.checkVisibility() && \
                 !it.closest('.skip, .unseen, svg, .heat th') && \
                 it.getBoundingClientRect().right > innerWidth + 1) \
                 .map(it => it.outerHTML.slice(0, 80)).slice(0, 3).join('\\n')",
            );
            assert_eq!(wide, "", "{page}");
            let width = browser.evaluate("document.documentElement.scrollWidth");
            assert_eq!(width, 360, "{page}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_what_it_is_to_who_does_not_see_it() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        for page in pages() {
            browser.go(&server.url(&page));
            for (what, wrong) in [
                (
                    "no single heading",
                    "document.querySelectorAll('h1').length !== 1",
                ),
                ("no language", "!document.documentElement.lang"),
                (
                    "no main part",
                    "document.querySelectorAll('main').length !== 1",
                ),
                (
                    "fields without a name",
                    "[...document.querySelectorAll('input:not([type=hidden]), select')] \
                     .some(it => !it.labels.length)",
                ),
                (
                    "buttons without a name",
                    "[...document.querySelectorAll('button, a')].some(it => \
                     !(it.textContent.trim() || it.ariaLabel))",
                ),
                (
                    "cells without a head",
                    "[...document.querySelectorAll('table')].some(it => !it.querySelector('th[scope]'))",
                ),
                (
                    "the same id twice",
                    "new Set([...document.querySelectorAll('[id]')].map(it => it.id)).size !== \
                     document.querySelectorAll('[id]').length",
                ),
            ] {
                assert_eq!(browser.evaluate(wrong), false, "{page}: {what}");
            }
        }
    });
}

/// Returns how far a text stands out from what is behind it (WCAG 2.2, 1.4.3), of the least legible one.
const LEAST_CONTRAST: &str = r#"(() => {
  const channel = it => { it /= 255; return it <= .04045 ? it / 12.92 : ((it + .055) / 1.055) ** 2.4; };
  const parse = it => it.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const behind = it => {
    for (; it; it = it.parentElement) {
      const colour = parse(getComputedStyle(it).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  let least = [99, ""];
  for (const it of document.querySelectorAll("body *")) {
    const has = [...it.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!has || !it.checkVisibility() || it.closest("svg, .unseen, .skip, option")) continue;
    const [a, b] = [light(parse(getComputedStyle(it).color)), light(behind(it))];
    const contrast = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (contrast < least[0]) least = [contrast, it.outerHTML.slice(0, 120)];
  }
  return least;
})()"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_text_is_legible_in_the_light_and_in_the_dark() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let script = Script {
        problems: &["the log of sshd cannot be read"],
        ..Script::busy()
    };
    let server = Server::start(script).await;
    tokio::task::block_in_place(|| {
        browser.enter(&server.link());
        for scheme in ["light", "dark"] {
            browser.colour(scheme);
            for page in pages() {
                browser.go(&server.url(&page));
                let least = browser.evaluate(LEAST_CONTRAST);
                let contrast = least[0].as_f64().expect("a number");
                assert!(contrast >= 4.5, "{page} {scheme}: {least}");
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_for_who_wants_nothing_to_move() {
    let Some(mut browser) = browser::start() else {
        return;
    };
    let server = Server::start(Script::busy()).await;
    let cookie = server.sign_in(Scope::Read).await;
    assert!(server.get("/", &cookie).await.starts_with("HTTP/1.1 200 "));
    tokio::task::block_in_place(|| {
        let features = serde_json::json!([{ "name": "prefers-reduced-motion", "value": "reduce" }]);
        let media = serde_json::json!({ "features": features });
        browser.call("Emulation.setEmulatedMedia", &media);
        browser.enter(&server.link());
        let moving = browser.evaluate(
            "[...document.querySelectorAll('*')].filter(it => { const s = getComputedStyle(it); \
             return s.animationName !== 'none' || s.transitionDuration !== '0s'; }).length",
        );
        assert_eq!(moving, 0);
    });
}
