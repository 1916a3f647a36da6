//! A daemon that runs until the test ends, however that ends.

use std::{
    fs::{self, File},
    process::{Child, Command, ExitStatus},
};

use crate::{sandbox::Sandbox, wait::until};

/// A running program; dropping it kills it.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &id])
            .status();
        assert!(sent.expect("there is a shell").success(), "SIG{name}");
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        until("the program ends", || {
            self.0.try_wait().expect("a child of ours")
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Sandbox {
    /// Starts the daemon with more flags and waits until it answers and listens.
    #[track_caller]
    pub(crate) fn start(&self, flags: &[&str]) -> Running {
        let log = self.path().join("log");
        let mut command = self.node(env!("CARGO_BIN_EXE_aegis"), &["run"]);
        command
            .args(flags)
            .stderr(File::create(&log).expect("a file can be made"));
        let mut daemon = Running(command.spawn().expect("the program starts"));
        until("the daemon listens", || {
            let ended = daemon.0.try_wait().expect("a child of ours");
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "the daemon ended: {ended:?}\n{}", said());
            let is_alone = flags.contains(&"--no-p2p");
            let status = self.run("status");
            let listens = is_alone || status.out.contains("Listening");
            (status.code == Some(0) && listens).then_some(())
        });
        daemon
    }

    /// Starts the daemon, stops it again as an operator does, and waits for its end.
    #[track_caller]
    pub(crate) fn stop(&self, mut daemon: Running) {
        daemon.signal("TERM");
        let ended = daemon.ended();
        assert_eq!(ended.code(), Some(0), "{ended:?}");
    }
}
