//! The console on a terminal of its own: this test program, started once more behind one.

use std::{
    env,
    fs::File,
    io::{Read, Write},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use aegis_api::{Client, EventKind};
use nix::{
    pty::openpty,
    sys::termios::{LocalFlags, tcgetattr},
};
use tokio::time::timeout;

use crate::{
    Console, ConsoleEnd, Input,
    sample::{
        NOW, ip,
        node::{DEADLINE, Node},
    },
};

/// Tells the program behind the terminal which node to talk to.
const SOCKET: &str = "AEGIS_TEST_SOCKET";

/// A console behind a terminal.
struct Behind {
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
    child: Child,
}

/// Is the console where another test starts it, and nothing otherwise.
#[tokio::test]
async fn behind_a_terminal() {
    let Some(socket) = env::var_os(SOCKET) else {
        return;
    };
    let console = Console {
        with_backlog: true,
        history: env::var_os("AEGIS_TEST_HISTORY").map(Into::into),
        ..Console::default()
    };
    let client = Client::new(std::path::PathBuf::from(socket));
    let end = console.run(&client, Input::standard(), Box::new(std::io::sink()));
    let end = end.await.expect("a node");
    print!("ended: {end:?}.");
}

#[tokio::test]
async fn lines_typed_ahead_are_all_answered_and_words_are_completed() {
    let node = Node::start(1);
    let history = node.path.with_file_name("history");
    let mut behind = Behind::start(&node, Some(&history));
    behind.wait_for("aegis> ").await;
    behind
        .keys
        .write_all(b"blo\t192.168.1.100 300\rlist\rquit\r")
        .expect("typed");
    behind
        .wait_for(&format!("ended: {:?}.", ConsoleEnd::Quit))
        .await;
    let shown = behind.text();
    for text in [
        "Service is running!\r\n",
        "aegis> block ",
        "Blocked 192.168.1.100 for 300s, published as ",
        "Blocklisted 192.168.1.100 for 300s\r\n",
        "=== Blocklisted IPs ===\r\n10.0.0.0 ",
    ] {
        assert!(plain(&shown).contains(text), "{text:?}\n{shown:?}");
    }
    assert!(behind.exit().success());
    let history = std::fs::read_to_string(&history).expect("history is kept");
    assert!(
        history.contains("block 192.168.1.100 300\nlist\n"),
        "{history}"
    );
}

#[tokio::test]
async fn an_event_tears_no_line_and_the_terminal_is_left_as_it_was() {
    let node = Node::start(0);
    let mut behind = Behind::start(&node, None);
    behind.wait_for("aegis> ").await;
    assert!(!behind.is_cooked(), "the prompt reads keys, not lines");
    behind.keys.write_all(b"che").expect("typed");
    behind.wait_for("che").await;
    let indicator = ip("192.0.2.99");
    node.hub.publish(NOW, EventKind::Allowed { indicator });
    behind.wait_for("Allowlisted 192.0.2.99\r\n").await;
    behind.keys.write_all(b"ck 192.168.1.100\r").expect("typed");
    behind.wait_for("192.168.1.100 is BLOCKLISTED\r\n").await;
    behind.keys.write_all(b"unfinished").expect("typed");
    behind.wait_for("unfinished").await;
    node.stop().await;
    behind.wait_for("The node has stopped").await;
    behind
        .wait_for(&format!("ended: {:?}.", ConsoleEnd::NodeGone))
        .await;
    assert!(behind.is_cooked(), "the terminal takes lines again");
    assert!(behind.exit().success());
}

impl Behind {
    fn start(node: &Node, history: Option<&std::path::Path>) -> Self {
        let pty = openpty(None, None).expect("a terminal");
        let end = || Stdio::from(pty.slave.try_clone().expect("a copy"));
        let mut program = Command::new(env::current_exe().expect("this program"));
        program
            .args([
                "--exact",
                "console::input::terminal::tests::behind_a_terminal",
            ])
            .arg("--nocapture")
            .env(SOCKET, &node.path)
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(Stdio::null());
        if let Some(history) = history {
            program.env("AEGIS_TEST_HISTORY", history);
        }
        let child = program.spawn().expect("starts");
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let mut screen = File::from(pty.master.try_clone().expect("a copy"));
        let page = Arc::clone(&shown);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                page.lock()
                    .expect("no panic")
                    .extend_from_slice(&bytes[..count]);
            }
        });
        Self {
            keys: File::from(pty.master),
            shown,
            child,
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().expect("no panic")).into_owned()
    }

    async fn wait_for(&self, text: &str) {
        let waiting = async {
            while !plain(&self.text()).contains(text) {
                tokio::task::yield_now().await;
            }
        };
        let shown = timeout(DEADLINE, waiting).await;
        assert!(shown.is_ok(), "{text:?} is not shown:\n{:?}", self.text());
    }

    fn is_cooked(&self) -> bool {
        let termios = tcgetattr(&self.keys).expect("a terminal");
        termios
            .local_flags
            .contains(LocalFlags::ICANON | LocalFlags::ECHO)
    }

    fn exit(&mut self) -> ExitStatus {
        self.child.wait().expect("ends")
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// Returns what was shown without the sequences that place it.
fn plain(shown: &str) -> String {
    let mut plain = String::new();
    let mut characters = shown.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            let _ = characters.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(character);
        }
    }
    plain
}
