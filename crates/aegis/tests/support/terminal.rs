//! A terminal of a test's own: a real one to the program in it, and a screen to the test.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use nix::{
    pty::{Winsize, openpty},
    sys::termios::{LocalFlags, tcgetattr},
    unistd::ttyname,
};

/// What a terminal has where nobody says otherwise.
const SMALL: Size = Size {
    rows: 24,
    columns: 80,
};

/// How large a terminal is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
}

/// A program in a terminal; dropping it kills the program.
pub(crate) struct Terminal {
    master: File,
    slave: OwnedFd,
    screen: Arc<Mutex<Screen>>,
    /// The program, which `setsid` has become.
    pub(crate) child: Child,
}

/// What a terminal shows of what is written to it, as far as programs here ask for it.
struct Screen {
    size: Size,
    rows: Vec<Vec<char>>,
    at: (usize, usize), // row and column
    is_alternate: bool,
    has_cursor: bool,
    rest: Vec<u8>, // an escape sequence or character that is not whole yet
}

impl Terminal {
    /// Runs a program in a terminal of 80 columns and 24 rows, as a shell would that was asked for
    /// nothing else.
    pub(crate) fn run(command: &Command) -> Self {
        Self::run_in(command, SMALL)
    }

    /// Runs a program in a terminal of a size.
    pub(crate) fn run_in(command: &Command, size: Size) -> Self {
        let window = Winsize {
            ws_row: size.rows,
            ws_col: size.columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(Some(&window), None).expect("there are terminals");
        let file = || Stdio::from(pty.slave.try_clone().expect("a descriptor"));
        let mut session = Command::new("setsid");
        session
            .args(["--ctty", "--wait"])
            .arg(command.get_program());
        session.args(command.get_args()).env_clear();
        if let Some(directory) = command.get_current_dir() {
            session.current_dir(directory);
        }
        for (name, value) in command.get_envs() {
            session.envs(value.map(|value| (name, value)));
        }
        session.envs(std::env::var_os("PATH").map(|it| ("PATH", it)));
        session.env("TERM", "xterm").env("LANG", "C.UTF-8");
        session.stdin(file()).stdout(file()).stderr(file());
        let child = session.spawn().expect("the program starts");
        let master = File::from(pty.master);
        let screen = Arc::new(Mutex::new(Screen::new(size)));
        let (mut output, shown) = (master.try_clone().expect("a descriptor"), screen.clone());
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Ends when nobody has the terminal open any more.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("no panic").write(&bytes[..count]);
            }
        });
        Self {
            master,
            slave: pty.slave,
            screen,
            child,
        }
    }

    /// Types keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.master
            .write_all(keys.as_bytes())
            .expect("the terminal is there");
    }

    /// Returns what is on the screen.
    pub(crate) fn text(&self) -> String {
        let screen = self.screen.lock().expect("no panic");
        let rows = screen.rows.iter().map(|it| it.iter().collect::<String>());
        let rows: Vec<_> = rows.map(|it| it.trim_end().to_owned()).collect();
        rows.join("\n")
    }

    /// Returns whether the terminal is as a shell wants it: lines, echo, a cursor, its own screen.
    pub(crate) fn is_given_back(&self) -> bool {
        let screen = self.screen.lock().expect("no panic");
        let flags = tcgetattr(&self.slave)
            .expect("the terminal is there")
            .local_flags;
        let is_cooked = flags.contains(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG);
        is_cooked && !screen.is_alternate && screen.has_cursor
    }

    /// Makes the terminal another size, as a person does with a window.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let path = ttyname(&self.slave).expect("the terminal has a name");
        let (rows, columns) = (rows.to_string(), columns.to_string());
        let mut stty = Command::new("stty");
        stty.arg("--file")
            .arg(path)
            .args(["rows", &rows, "cols", &columns]);
        assert!(stty.status().expect("there is an stty").success());
    }

    /// Returns how the program ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail only where it has ended already; what runs in the terminal hears that it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Size {
    fn blank(self) -> Vec<Vec<char>> {
        vec![vec![' '; self.columns.into()]; self.rows.into()]
    }
}

impl Screen {
    fn new(size: Size) -> Self {
        Self {
            size,
            rows: size.blank(),
            at: (0, 0),
            is_alternate: false,
            has_cursor: true,
            rest: Vec::new(),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.rest);
        let whole = match std::str::from_utf8(&bytes) {
            Ok(_) => bytes.len(),
            Err(error) => error.valid_up_to(),
        };
        let text = String::from_utf8_lossy(&bytes[..whole]).into_owned();
        let mut left = text.as_str();
        while let Some(it) = left.chars().next() {
            let Some(taken) = self.take(it, left) else {
                break;
            };
            left = &left[taken..];
        }
        self.rest = [left.as_bytes(), &bytes[whole..]].concat();
    }

    /// Takes a character or an escape sequence; returns its bytes, or `None` where it is not whole.
    fn take(&mut self, first: char, text: &str) -> Option<usize> {
        match first {
            '\u{1b}' => return self.escape(text),
            '\r' => self.at.1 = 0,
            '\n' => self.at.0 = (self.at.0 + 1).min(usize::from(self.size.rows) - 1),
            it => {
                let cell = self
                    .rows
                    .get_mut(self.at.0)
                    .and_then(|row| row.get_mut(self.at.1));
                if let Some(cell) = cell {
                    *cell = it;
                }
                self.at.1 += 1;
            }
        }
        Some(first.len_utf8())
    }

    fn escape(&mut self, text: &str) -> Option<usize> {
        let Some(sequence) = text.strip_prefix("\u{1b}[") else {
            return (text.len() > 1).then_some(2); // none that a screen shows
        };
        let end = sequence.find(|it: char| ('@'..='~').contains(&it))?;
        let (arguments, command) = (&sequence[..end], &sequence[end..=end]);
        let numbers: Vec<usize> = arguments
            .split(';')
            .filter_map(|it| it.parse().ok())
            .collect();
        let number = |at: usize| numbers.get(at).copied().unwrap_or(1).saturating_sub(1);
        match (command, arguments) {
            ("H", _) => self.at = (number(0), number(1)),
            ("J", _) => self.rows = self.size.blank(),
            ("h" | "l", "?1049") => self.is_alternate = command == "h",
            ("h" | "l", "?25") => self.has_cursor = command == "h",
            _ => {} // colours and the like
        }
        Some(2 + end + 1)
    }
}
