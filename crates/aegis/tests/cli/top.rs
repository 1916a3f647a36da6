//! `aegis top` in a terminal: keys in, a screen out, and the terminal back.

use std::process::Command;

use crate::{sandbox::Sandbox, terminal::Terminal, wait::until};

const ALONE: [&str; 1] = ["--no-p2p"];

#[track_caller]
fn shows(terminal: &Terminal, text: &str) {
    let shown = || terminal.text().contains(text).then_some(());
    until(&format!("the screen shows {text:?}"), shown);
}

#[track_caller]
fn ends(terminal: &mut Terminal, code: i32) {
    let ended = until("the program ends", || terminal.ended());
    assert_eq!(ended.code(), Some(code), "{}", terminal.text());
    until("the terminal is given back", || {
        terminal.is_given_back().then_some(())
    });
}

fn top(sandbox: &Sandbox) -> Terminal {
    let mut command = sandbox.aegis();
    command.arg("top");
    Terminal::run(&command)
}

#[test]
fn an_address_is_unblocked_by_keys() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&ALONE);
    assert_eq!(sandbox.run("block 203.0.113.7 1h --local").code, Some(0));
    let mut terminal = top(&sandbox);
    shows(&terminal, "OBSERVE");
    assert!(!terminal.is_given_back());
    terminal.press("2");
    shows(&terminal, "203.0.113.7");
    terminal.press("w");
    shows(&terminal, "203.0.113.7 is BLOCKLISTED");
    terminal.press("x"); // any key
    let is_closed = || (!terminal.text().contains("BLOCKLISTED")).then_some(());
    until("the pop-up is closed", is_closed);
    terminal.press("u");
    shows(&terminal, "Unblock 203.0.113.7?");
    terminal.press("y");
    shows(&terminal, "Unblocked 203.0.113.7");
    shows(&terminal, "nothing is blocked");
    assert_eq!(sandbox.run("check 203.0.113.7").code, Some(1));
    terminal.press("b203.0.113.9 5m port_scan\r");
    shows(&terminal, "Blocked 203.0.113.9 for 300s");
    assert_eq!(sandbox.run("check 203.0.113.9").code, Some(0));
    terminal.press("q");
    ends(&mut terminal, 0);
    sandbox.stop(daemon);
}

#[test]
fn a_daemon_that_starts_again_is_found_again() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&ALONE);
    let mut terminal = top(&sandbox);
    shows(&terminal, "OBSERVE");
    sandbox.stop(daemon);
    shows(&terminal, "not running since");
    let daemon = sandbox.start(&ALONE);
    let is_back = || (!terminal.text().contains("not running")).then_some(());
    until("the node is found again", is_back);
    terminal.press("6");
    shows(&terminal, "Service is running!");
    terminal.press("\u{3}");
    ends(&mut terminal, 0);
    sandbox.stop(daemon);
}

#[test]
fn whatever_ends_it_the_terminal_is_given_back() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&ALONE);
    for signal in ["TERM", "INT", "HUP"] {
        let mut command = Command::new("sh");
        // The shell tells the test which process it becomes.
        command.args(["-c", "echo $$ > \"$0\"; exec \"$@\""]);
        let pid = sandbox.path().join("pid");
        command.arg(&pid).arg(env!("CARGO_BIN_EXE_aegis"));
        command.arg("--socket").arg(sandbox.socket()).arg("top");
        let mut terminal = Terminal::run(&command);
        shows(&terminal, "OBSERVE");
        let pid = std::fs::read_to_string(pid).expect("the shell wrote it");
        let kill = Command::new("sh")
            .args(["-c", "kill -s $0 $1", signal, pid.trim()])
            .status();
        assert!(kill.expect("there is a shell").success());
        ends(&mut terminal, 0);
    }
    sandbox.stop(daemon);
}

#[test]
fn it_is_stopped_and_continued_as_any_program() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&ALONE);
    let mut command = Command::new("bash");
    let script = "set -m; \"$0\" --socket \"$1\" top; echo STOPPED; read; fg; echo ENDED $?";
    command.args(["--norc", "-c", script]);
    command
        .arg(env!("CARGO_BIN_EXE_aegis"))
        .arg(sandbox.socket());
    let mut terminal = Terminal::run(&command);
    shows(&terminal, "OBSERVE");
    terminal.press("\u{1a}");
    shows(&terminal, "STOPPED");
    until("the terminal is given back", || {
        terminal.is_given_back().then_some(())
    });
    terminal.press("\r");
    shows(&terminal, "1 Overview");
    terminal.press("2");
    shows(&terminal, "nothing is blocked");
    terminal.press("q");
    shows(&terminal, "ENDED 0");
    ends(&mut terminal, 0);
    sandbox.stop(daemon);
}

#[test]
fn another_size_is_another_screen() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&ALONE);
    let mut terminal = top(&sandbox);
    shows(&terminal, "OBSERVE");
    terminal.resize(8, 30);
    shows(&terminal, "this is 30x8");
    terminal.resize(24, 80);
    shows(&terminal, "OBSERVE");
    terminal.press("\u{c}2"); // Ctrl-L draws all of it anew
    shows(&terminal, "nothing is blocked");
    terminal.press("q");
    ends(&mut terminal, 0);
    sandbox.stop(daemon);
}

#[test]
fn without_a_terminal_or_a_node_it_says_so() {
    let sandbox = Sandbox::new();
    let answer = sandbox.run("top");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.talk.contains("top needs a terminal"), "{answer:?}");
    let answer = sandbox.run("--json top");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.talk.contains("top is for people"), "{answer:?}");
    let mut terminal = top(&sandbox);
    ends(&mut terminal, 3);
    assert!(
        terminal.text().contains("no node answers"),
        "{}",
        terminal.text()
    );
}
