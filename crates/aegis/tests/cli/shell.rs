//! What a shell does with the program: completions, and pipes that nobody reads any more.

use std::{io, process::Stdio};

use crate::sandbox::{Sandbox, finish};

#[test]
fn completions_know_every_command() {
    let sandbox = Sandbox::new();
    for (shell, is_theirs) in [
        ("bash", "complete -F _aegis"),
        ("zsh", "#compdef aegis"),
        ("fish", "complete -c aegis"),
    ] {
        let answer = sandbox.run(&format!("completions {shell}"));
        assert_eq!(
            (answer.code, answer.talk.as_str()),
            (Some(0), ""),
            "{shell}"
        );
        assert!(answer.out.contains(is_theirs), "{shell}:\n{}", answer.out);
        for word in [
            "run",
            "status",
            "stats",
            "list",
            "block",
            "unblock",
            "publish",
            "check",
            "why",
            "allow",
            "peers",
            "ask",
            "trust",
            "console",
            "detach",
            "doctor",
            "lab",
            "config",
            "--withdraw",
        ] {
            let word = word.trim_start_matches('-');
            assert!(answer.out.contains(word), "{shell}: {word}");
        }
        assert!(
            answer.out.contains("version") && !answer.out.contains("lab-agent"),
            "{shell}: the flags, and what help lists alone"
        );
        assert!(
            !answer.out.contains("AEGIS_SOCKET="),
            "{shell}: what a variable holds"
        );
    }
}

#[test]
fn whoever_closes_the_pipe_has_seen_enough() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    for line in [
        "status",
        "stats --json",
        "list",
        "why 192.0.2.1",
        "allow",
        "peers",
        "ask 192.0.2.1",
        "detach --bpffs /proc/none",
        "config default",
        "config show",
        "completions bash",
        "generate help",
        "--help",
    ] {
        let (reader, writer) = io::pipe().expect("a pipe can be made");
        drop(reader);
        let mut command = sandbox.aegis();
        command
            .args(line.split(' '))
            .stdout(writer)
            .stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        let output = child.wait_with_output().expect("a child of ours");
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), talk.as_str()),
            (Some(0), ""),
            "{line}"
        );
    }
}

#[test]
fn help_tells_variables_by_name_and_keeps_what_they_hold() {
    let sandbox = Sandbox::new();
    for line in ["run --help", "status --help", "config show -h"] {
        let mut command = sandbox.aegis();
        command
            .args(line.split(' '))
            .env("AEGIS_SOCKET", "/secret.sock");
        let answer = finish(&mut command);
        assert!(
            answer.out.contains("[env: AEGIS_SOCKET]"),
            "{line}: {answer:?}"
        );
        assert!(!answer.out.contains("/secret.sock"), "{line}: {answer:?}");
    }
}
