//! The terminal: taken, drawn on, and given back however the program ends.

mod stop;

use std::{
    io::{self, BufWriter, IsTerminal as _, Stdout, Write as _},
    panic,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{self, DisableBracketedPaste, EnableBracketedPaste, Event},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
    layout::{Position, Rect, Size},
};
use tokio::sync::mpsc;

pub(crate) use self::stop::{stop_all, stop_here};
use crate::{TopError, key::Key, model::Model, view::view};

/// Keys that wait: more than anybody types while a screen is drawn.
const KEYS_MAX: usize = 256;

/// How often the reading thread looks whether anybody still wants keys.
const READ_FOR: Duration = Duration::from_millis(500);

/// Bytes that are gathered before they are written: a screen.
const SCREEN_BYTES: usize = 64 * 1024;

/// Whether the terminal is ours, for whoever has to give it back in a hurry.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// What comes from the terminal.
#[derive(Debug)]
pub(crate) enum Input {
    Key(Key),
    Resized(Size),
}

/// The terminal while it is ours.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
}

/// Says why there is no terminal to draw on, if there is none.
pub(crate) fn check() -> Result<(), TopError> {
    if !io::stdin().is_terminal() {
        return Err(TopError::NoTerminal("standard input is none"));
    }
    if !io::stdout().is_terminal() {
        return Err(TopError::NoTerminal("standard output is none"));
    }
    match std::env::var("TERM").as_deref() {
        Err(_) | Ok("" | "dumb") => Err(TopError::NoTerminal("this one cannot move its cursor")),
        Ok(_) => Ok(()),
    }
}

impl Screen {
    /// Takes the terminal; a panic gives it back before it says what happened.
    pub(crate) fn start() -> io::Result<Self> {
        let say = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            give_back();
            say(info);
        }));
        take()?;
        let out = BufWriter::with_capacity(SCREEN_BYTES, io::stdout());
        let terminal = Terminal::new(CrosstermBackend::new(out));
        terminal
            .map(|terminal| Self { terminal })
            .inspect_err(|_| give_back())
    }

    pub(crate) fn size(&self) -> io::Result<Size> {
        self.terminal.size()
    }

    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.terminal.draw(|frame| view(model, frame)).map(drop)
    }

    /// Has everything drawn anew: somebody else wrote on the screen.
    pub(crate) fn repaint(&mut self) -> io::Result<()> {
        // Not `clear`, which asks the terminal where its cursor is: the answer would come among the keys.
        let size = self.terminal.size()?;
        self.terminal.resize(Rect::from((Position::ORIGIN, size)))
    }

    /// Takes the terminal again after it was given back.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        take()?;
        self.repaint()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    IS_TAKEN.store(true, Ordering::SeqCst);
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        Hide
    )
    .inspect_err(|_| give_back())
}

/// Gives the terminal back, once for each time it was taken.
pub(crate) fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // Nothing better can be done where the terminal is gone.
    let _ = execute!(
        io::stdout(),
        DisableBracketedPaste,
        Show,
        LeaveAlternateScreen
    );
    let _ = disable_raw_mode();
    let _ = io::stdout().flush();
}

/// Reads keys in a thread of its own, until nobody wants them or the terminal is gone.
pub(crate) fn read_keys() -> io::Result<mpsc::Receiver<Input>> {
    let (keys_tx, keys_rx) = mpsc::channel(KEYS_MAX);
    let read = move || {
        while !keys_tx.is_closed() {
            let event = match event::poll(READ_FOR) {
                Ok(false) => continue,
                Ok(true) => event::read(),
                Err(error) => Err(error),
            };
            let Ok(event) = event else { return };
            let input = input(event);
            if input.is_some_and(|it| keys_tx.blocking_send(it).is_err()) {
                return;
            }
        }
    };
    thread::Builder::new().name("keys".into()).spawn(read)?;
    Ok(keys_rx)
}

fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(it) => Key::of(it).map(Input::Key),
        Event::Paste(text) => Some(Input::Key(Key::Pasted(text))),
        Event::Resize(width, height) => Some(Input::Resized(Size { width, height })),
        Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

#[cfg(test)]
mod tests;
