//! Somebody new, without a word of documentation: adds a feed, sees it work on the page and in `top`, finds out
//! why an address is blocked, and undoes that. What is to be typed next is on the screen before.

use std::process::Command;

use aegis::lab::node::LabNode;

use crate::support::{
    AEGIS,
    browser::encoded,
    host::{ip, pings},
    publisher::Publisher,
    shell::Said,
    shows,
    subscribed::{make_due, until_applied},
    terminal::Terminal,
    until, until_blocked,
    web::{browser, key},
    world::{How, World, cli, stop},
};

const THIS: &str = "newcomer::netns_a_newcomer_adds_a_feed_sees_it_work_and_undoes_what_it_blocks";

/// The node's host, and four visitors whom the feed lists: three are freed in three ways, one stays.
const HOSTS: [(&str, u8); 5] = [("a", 11), ("b", 12), ("c", 13), ("d", 14), ("e", 15)];

const HOW: How<'static> = How {
    config: "[p2p]\nenabled = false\n",
    flags: &[],
    script: None,
};

/// A host with a node, and how far the feed has come.
struct Walk {
    publisher: Publisher,
    node: LabNode,
    /// Behind the node, which must end first: as long as it runs, its pins are its own.
    world: World,
    entries: u32,
}

#[tokio::test]
async fn netns_a_newcomer_adds_a_feed_sees_it_work_and_undoes_what_it_blocks() {
    if Publisher::serve_if_assigned() {
        return;
    }
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    for (host, number) in HOSTS {
        let address = format!("addr add {}/24 dev eth0", public(number));
        ip(world.host(host), &address);
    }
    let lists = world.dir().join("lists");
    let publisher = Publisher::start(world.host("a"), &lists, THIS).await;
    let walk = Walk {
        node: world.start("a", HOW).await,
        world,
        publisher,
        entries: 4,
    };
    for visitor in ["b", "c", "d", "e"] {
        assert!(
            walk.gets_through(visitor),
            "{visitor} before there is a feed"
        );
    }
    walk.subscribe().await;
    walk.look_at_the_page().await;
    walk.look_into_top().await;
    walk.ask_why();

    walk.unblock_in_the_shell().await;
    let walk = walk.fetch_again(&["b"]).await;
    walk.unblock_on_the_page().await;
    let walk = walk.fetch_again(&["b", "c"]).await;
    walk.unblock_in_top().await;
    let walk = walk.fetch_again(&["b", "c", "d"]).await;
    walk.remove().await;
}

/// Returns the address of a host that a feed may list: those of the test's network are private.
fn public(number: u8) -> String {
    format!("203.0.113.{number}")
}

/// Returns what one of the visitors is known by.
fn of(visitor: &str) -> String {
    let found = HOSTS.iter().find(|(name, _)| *name == visitor);
    public(found.unwrap().1)
}

/// Returns the list with so many entries: the visitors, and others to make it another one.
fn list(entries: u32) -> String {
    (12..12 + entries)
        .map(|it| format!("203.0.113.{it}\n"))
        .collect()
}

impl Walk {
    #[track_caller]
    fn says(&self, line: &str, parts: &[&str]) -> Said {
        let said = cli(&self.node, line);
        assert_eq!(said.code, Some(0), "{line}: {said:?}");
        for part in parts {
            assert!(said.out.contains(part), "{line}: {part}: {said:?}");
        }
        said
    }

    fn gets_through(&self, visitor: &str) -> bool {
        let answered = pings(
            self.world.host(visitor),
            public(11).parse::<std::net::IpAddr>().unwrap(),
            2,
        );
        assert!([0, 2].contains(&answered), "{visitor}: {answered} of 2");
        answered == 2
    }

    async fn until_free(&self, visitor: &str) {
        until_blocked(&self.node.client, &of(visitor), false).await;
        assert!(self.gets_through(visitor), "{visitor}");
    }

    async fn subscribe(&self) {
        let none = [
            "No feed is subscribed to",
            "aegis feed add spamhaus-drop",
            "aegis feed add <NAME> --url <URL>",
        ];
        self.says("feed list", &none);
        let url = self.publisher.publish("bad.txt", &list(self.entries));
        let added = format!("feed add office --url {url}");
        self.says(&added, &["Subscribed to office", "aegis feed show office"]);
        until_applied(&self.node, |it| it.blocked == 4).await;
        self.says(
            "feed show office",
            &["Health     ok", "4, 4 of them blocked"],
        );
        self.says("feed list", &["office"]);
        self.says("status", &["office: ok, 4 blocked"]);
        self.says("list", &["203.0.113.12", "by feed office"]);
        for visitor in ["b", "c", "d", "e"] {
            until_blocked(&self.node.client, &of(visitor), true).await;
            assert!(!self.gets_through(visitor), "{visitor} is listed");
        }
    }

    /// Looks without a key: all is seen, and where to go to have something done.
    async fn look_at_the_page(&self) {
        let mut browser = browser(self.world.host("a"), &self.node);
        let overview = browser.get("/");
        for part in [
            "href=\"/feeds\"",
            "href=\"/decisions\"",
            "href=\"/sign-in\"",
            "4 blocked",
        ] {
            assert!(overview.contains(part), "{part}: {overview}");
        }
        let feeds = browser.get("/feeds");
        for part in ["<h2>office ", ">ok<", "<dd>4 of 4</dd>"] {
            assert!(feeds.contains(part), "{part}: {feeds}");
        }
        let b = of("b");
        let found = format!("/decisions?ip={}&origin=&threat=&order=newest", encoded(&b));
        until("the page finds the address", async || {
            let found = browser.get(&found);
            let is_named = found.contains("<span class=\"tag\">feed office</span>");
            (is_named && found.contains(&format!("href=\"/why?ip={b}\""))).then_some(())
        })
        .await;
        let why = browser.get(&format!("/why?ip={b}"));
        for part in [
            "<h2>Blocked</h2>",
            "<td>feed office</td>",
            "aegis unblock 203.0.113.12",
        ] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert!(!why.contains("action=\"/unblock\""), "without a key: {why}");
        assert!(
            browser
                .get("/sign-in")
                .contains("aegis key create NAME --scope decide")
        );
    }

    fn top(&self) -> Terminal {
        let mut command = Command::new(AEGIS);
        command.arg("--socket").arg(&self.node.socket).arg("top");
        Terminal::run(&command)
    }

    async fn look_into_top(&self) {
        let mut top = self.top();
        shows(&top, "5 Feeds").await;
        top.press("5");
        shows(&top, "office").await;
        shows(&top, " ok").await;
        top.press("2");
        shows(&top, "203.0.113.14").await;
        shows(&top, "Enter why").await;
        top.press("/203.0.113.14\r");
        shows(&top, "1-1 of 1").await;
        top.press("w");
        shows(&top, "203.0.113.14 is BLOCKLISTED").await;
        shows(&top, "by feed office").await;
        shows(&top, "aegis unblock 203.0.113.14").await;
        leave(top).await;
    }

    fn ask_why(&self) {
        let parts = [
            "is BLOCKLISTED",
            "by feed office",
            "dropped",
            "Undo\n  aegis unblock 203.0.113.12\n",
        ];
        self.says("why 203.0.113.12", &parts);
    }

    async fn unblock_in_the_shell(&self) {
        let told =
            "the feed office lists it and will not block it again; a detector of this host may";
        self.says("unblock 203.0.113.12", &["Unblocked 203.0.113.12", told]);
        self.until_free("b").await;
    }

    async fn unblock_on_the_page(&self) {
        let mut browser = browser(self.world.host("a"), &self.node);
        let secret = key(&self.node, "newcomer", "decide");
        let entered = browser.submit(
            "/sign-in",
            ("/sign-in", ""),
            &format!("key={}", encoded(&secret)),
        );
        assert!(browser.follow(&entered).contains("key newcomer (decide)"));
        let done = browser.submit("/why?ip=203.0.113.13", ("/unblock", "203.0.113.13"), "");
        let told = browser.follow(&done);
        for part in [
            "neither other nodes",
            "feeds bring it back",
            "<h2>Unblocked</h2>",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        self.until_free("c").await;
    }

    async fn unblock_in_top(&self) {
        let mut top = self.top();
        shows(&top, "2 Blocks").await;
        top.press("2");
        shows(&top, "203.0.113.14").await;
        top.press("/203.0.113.14\r");
        shows(&top, "1-1 of 1").await;
        top.press("u");
        shows(&top, "Unblock 203.0.113.14?").await;
        shows(&top, "nor feeds bring it back").await;
        top.press("y");
        shows(&top, "Unblocked 203.0.113.14").await;
        leave(top).await;
        self.until_free("d").await;
    }

    /// Has the node start anew and fetch another list, which lists all of them still: who was freed is free.
    async fn fetch_again(self, free: &[&str]) -> Self {
        let Self {
            world,
            publisher,
            node,
            entries,
        } = self;
        let entries = entries + 1;
        publisher.publish("bad.txt", &list(entries));
        stop(node).await;
        make_due(&world.dir().join("a/state"));
        let node = world.start("a", HOW).await;
        let walk = Self {
            world,
            publisher,
            node,
            entries,
        };
        let blocked = u64::from(entries) - free.len() as u64;
        let is_so =
            |it: &aegis_api::FeedLast| (it.entries, it.blocked) == (entries.into(), blocked);
        let feed = until_applied(&walk.node, is_so).await;
        let left_out: Vec<_> = feed.last.unwrap().left_out.into_iter().collect();
        assert_eq!(
            left_out,
            [("unblocked by the operator".to_owned(), free.len() as u64)]
        );
        for visitor in ["b", "c", "d", "e"] {
            let is_free = free.contains(&visitor);
            until_blocked(&walk.node.client, &of(visitor), !is_free).await;
            assert_eq!(walk.gets_through(visitor), is_free, "{visitor}");
        }
        for visitor in free {
            let parts = ["is not blocklisted", "Unblocked: the operator unblocked"];
            walk.says(&format!("why {}", of(visitor)), &parts);
        }
        walk
    }

    async fn remove(&self) {
        self.says("feed remove office", &["what only it blocked is free"]);
        for visitor in ["b", "c", "d", "e"] {
            self.until_free(visitor).await;
        }
        self.says("feed list", &["No feed is subscribed to"]);
    }
}

async fn leave(mut top: Terminal) {
    top.press("xq"); // any key closes what is open
    let ended = until("top ends", async || top.ended()).await;
    assert!(ended.success());
    let is_given_back = async || top.is_given_back().then_some(());
    until("the terminal is given back", is_given_back).await;
}
