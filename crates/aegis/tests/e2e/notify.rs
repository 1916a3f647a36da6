//! Whoever is to be told is told that the kernel does not do what it should.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{
    until,
    world::{How, World},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("b", 12)];

#[tokio::test]
async fn netns_a_program_that_is_taken_off_and_a_trial_that_ends_are_told_by_mail() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let (letters, sendmail) = (world.dir().join("letters"), world.dir().join("sendmail"));
    fs::create_dir(&letters).unwrap();
    let into = letters.display();
    let script = format!("#!/bin/sh\ncat > {into}/.new && mv {into}/.new {into}/$(date +%s%N)\n");
    fs::write(&sendmail, script).unwrap();
    fs::set_permissions(&sendmail, fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "observe = true\n[logs]\nenabled = false\n[notify]\nwindow = \"1s\"\nmail_from = \"aegis\"\nmail_to = [\"root\"]\n\
         sendmail = {sendmail:?}\n"
    );
    let how = How {
        config: &config,
        ..How::default()
    };
    let node = world.start("a", how).await;
    for entry in fs::read_dir(world.pins("a")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("link_")
        {
            fs::remove_file(path).unwrap();
        }
    }
    told(
        &letters,
        "something took the kernel program off eth0, it is attached again",
    )
    .await;
    let trial = crate::support::world::cli(&node, "enforce --confirm 1s");
    assert_eq!(trial.code, Some(0), "{trial:?}");
    told(
        &letters,
        "enforcing was not confirmed in time: observing again",
    )
    .await;
}

/// Waits until a letter has these words.
async fn told(letters: &Path, words: &str) {
    until(words, async || {
        let letters = fs::read_dir(letters).ok()?.flatten();
        let mut texts = letters.filter_map(|it| fs::read_to_string(it.path()).ok());
        texts.any(|it| body(&it).contains(words)).then_some(())
    })
    .await;
}

fn body(letter: &str) -> String {
    let Some((head, body)) = letter.split_once("\n\n") else {
        return String::new();
    };
    assert!(
        head.starts_with("From: aegis\nTo: root\nSubject: "),
        "{head}"
    );
    let mut command = Command::new("base64");
    command
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(body.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
