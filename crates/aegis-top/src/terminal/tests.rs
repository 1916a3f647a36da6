//! A panic while the terminal is taken, in a process and a terminal of its own.

use std::{
    fs::File,
    io::Read as _,
    process::{Command, Stdio},
    thread,
};

use nix::{
    pty::openpty,
    sys::termios::{LocalFlags, tcgetattr},
};

use super::Screen;

/// Says in the environment that this is the process that is to panic.
const IS_TO_PANIC: &str = "AEGIS_TOP_TEST_PANIC";

#[test]
fn a_panic_gives_the_terminal_back_before_it_says_what_happened() {
    if std::env::var_os(IS_TO_PANIC).is_some() {
        let _screen = Screen::start().expect("a terminal");
        panic!("what happened");
    }
    let pty = openpty(None, None).expect("there are terminals");
    let slave = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
    let own = std::env::current_exe().expect("has a path");
    let name = "terminal::tests::a_panic_gives_the_terminal_back_before_it_says_what_happened";
    let mut child = {
        let mut command = Command::new("setsid"); // dropped here, and its side of the terminal with it
        command.args(["--ctty", "--wait"]).arg(own);
        command.args(["--exact", name, "--nocapture"]);
        command.env(IS_TO_PANIC, "1").env("TERM", "xterm");
        command.stdin(slave()).stdout(slave()).stderr(slave());
        command.spawn().expect("the test starts")
    };
    let mut master = File::from(pty.master);
    let reader = thread::spawn(move || {
        let (mut said, mut bytes) = (Vec::new(), [0; 4096]);
        // Ends with an error when nobody has the terminal open any more.
        while let Ok(count @ 1..) = master.read(&mut bytes) {
            said.extend_from_slice(&bytes[..count]);
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    assert!(!child.wait().expect("a child of ours").success());
    let flags = tcgetattr(&pty.slave).expect("a terminal").local_flags;
    assert!(flags.contains(LocalFlags::ICANON | LocalFlags::ECHO));
    drop(pty.slave);
    let said = reader.join().expect("no panic");
    let at = |what: &str| {
        said.find(what)
            .unwrap_or_else(|| panic!("no {what:?} in {said:?}"))
    };
    let (taken, given_back) = (at("\u{1b}[?1049h"), at("\u{1b}[?1049l"));
    assert!(
        taken < given_back && given_back < at("what happened"),
        "{said:?}"
    );
}
