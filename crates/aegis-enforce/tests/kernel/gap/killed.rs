//! Owners that are killed, at rest and while they replace everything.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use aegis_core::Change;
use aegis_enforce::{Enforcer, ModeRequest};

use super::{
    scene::{Scene, others, wanted},
    upgrade::pretend_other_layout,
};
use crate::support::{Instance, T0, namespace::INTERFACE, parse, unwrap};

/// Tells the test binary, run as a process of its own, whose owner it is to be.
const OWNER_OF: &str = "AEGIS_TEST_GAP_OWNER";
/// Tells it to replace its set over and over.
const IS_BUSY: &str = "AEGIS_TEST_GAP_BUSY";
const READY: &str = "ready to be killed";
/// So often a busy owner replaces its set at most, should nobody kill it.
const REPLACEMENTS_MAX: u32 = 200;

/// A process that owns an instance; it does not outlive the test.
struct Owner(Child);

impl Owner {
    /// Starts it and waits until it drops.
    fn spawn(scene: &Scene, is_busy: bool) -> Self {
        let mut owner = Self::spawn_only(scene, is_busy);
        let mut lines = BufReader::new(owner.0.stdout.take().unwrap()).lines();
        assert!(
            lines.any(|it| it.unwrap().contains(READY)),
            "the owner died"
        );
        owner
    }

    fn spawn_only(scene: &Scene, is_busy: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "gap::killed::owner_to_be_killed", "--nocapture"])
            .env(OWNER_OF, scene.instance.name().as_str())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if is_busy {
            command.env(IS_BUSY, "");
        }
        Self(scene.cable.defender.enter(|| command.spawn().unwrap()))
    }

    /// Kills it as `kill -9` does.
    fn kill(mut self) {
        self.0.kill().unwrap();
        assert!(!self.0.wait().unwrap().success(), "it ended by itself");
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Run by the next tests as a process of its own, which is killed.
#[test]
fn owner_to_be_killed() {
    let Some(name) = std::env::var_os(OWNER_OF) else {
        return;
    };
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.instance = name.to_str().unwrap().parse().unwrap();
    instance.config.interfaces = vec![INTERFACE.into()];
    instance.config.capacity.hosts_v4 = 100_000;
    let mut enforcer = unwrap(Enforcer::start_with(&instance.config, T0, &wanted()));
    println!("{READY}");
    if std::env::var_os(IS_BUSY).is_some() {
        for round in 0..REPLACEMENTS_MAX {
            let mut changes = others(0, 8192);
            if round % 2 == 0 {
                // What takes something out as well makes another generation, and the rest is
                // written in place.
                changes.push(Change::Unblock(parse("192.0.2.9")));
            }
            unwrap(enforcer.apply(T0, &changes));
        }
    }
    // Ends with whoever started it, should that one not kill it.
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn killing_the_owner_under_a_flood_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Auto) else {
        return;
    };
    let owner = Owner::spawn(&scene, false);
    scene.hold("kill -9 of the owner", |scene| {
        owner.kill();
        drop(scene.start());
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

#[test]
fn killing_an_owner_that_replaces_its_set_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Auto) else {
        return;
    };
    drop(Owner::spawn(&scene, true));
    scene.hold("kill -9 of an owner at work", |scene| {
        for round in 0..6 {
            let owner = Owner::spawn(scene, true);
            thread::park_timeout(Duration::from_millis(20 + 17 * round));
            owner.kill();
        }
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}

#[test]
fn killing_an_owner_that_upgrades_lets_nothing_through() {
    let Some(mut scene) = Scene::new(ModeRequest::Auto) else {
        return;
    };
    drop(scene.start());
    scene.hold("kill -9 of an owner that starts", |scene| {
        for round in 0..12 {
            pretend_other_layout(&scene.instance);
            let owner = Owner::spawn_only(scene, false);
            thread::park_timeout(Duration::from_millis(10 + 25 * round));
            owner.kill();
        }
    });
    let enforcer = scene.start();
    scene.finish(enforcer);
}
