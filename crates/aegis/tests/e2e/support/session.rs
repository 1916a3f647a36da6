//! A session of the operator, over one connection that outlives everything a test does.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, ChildStdout, Stdio},
};

use super::{host::Running, world::World};

/// A connection of the operator that lies open and is spoken on now and then.
pub(crate) struct Session {
    said: ChildStdin,
    heard: BufReader<ChildStdout>,
    _client: Running,
}

/// Says every line over one connection, and what comes back.
const CLIENT: &str = r#"exec 3<>/dev/tcp/10.77.0.11/8080
while read -r it; do echo "$it" >&3; read -r -t 10 back <&3 || exit 1; echo "$back"; done"#;

impl Session {
    /// Opens one from the host `admin`, where a door is open on the node's.
    pub(crate) fn open(world: &World) -> Self {
        let mut command = world.host("admin").command("bash");
        command.args(["-c", CLIENT]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = Running(command.spawn().unwrap());
        Self {
            said: client.0.stdin.take().unwrap(),
            heard: BufReader::new(client.0.stdout.take().unwrap()),
            _client: client,
        }
    }

    /// Says something and hears it again, on the same connection as ever.
    #[track_caller]
    pub(crate) fn speak(&mut self) {
        writeln!(self.said, "still here").unwrap();
        let mut heard = String::new();
        self.heard.read_line(&mut heard).unwrap();
        assert_eq!(heard, "still here\n", "the session is cut off");
    }
}
