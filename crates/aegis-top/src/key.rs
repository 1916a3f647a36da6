//! Keys, as far as the views know them.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key, or what was pasted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
    NextView,
    PreviousView,
    Enter,
    Escape,
    Backspace,
    ClearLine,
    Interrupt,
    Suspend,
    Repaint,
    Pasted(String),
}

/// A move in a list or a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

impl Key {
    /// Returns the key that an event of the terminal is, if the views know it.
    pub(crate) fn of(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
            return None;
        }
        if let (KeyCode::Char(it), true) = (event.code, has_control(event)) {
            return match it {
                'c' => Some(Self::Interrupt),
                'z' => Some(Self::Suspend),
                'l' => Some(Self::Repaint),
                'u' => Some(Self::ClearLine),
                _ => None,
            };
        }
        by_code(event.code)
    }

    /// Returns the move that the key means.
    pub(crate) fn step(&self) -> Option<Step> {
        Some(match self {
            Self::Up | Self::Char('k') => Step::Up,
            Self::Down | Self::Char('j') => Step::Down,
            Self::PageUp => Step::PageUp,
            Self::PageDown | Self::Char(' ') => Step::PageDown,
            Self::Home | Self::Char('g') => Step::Home,
            Self::End | Self::Char('G') => Step::End,
            Self::Char(_)
            | Self::NextView
            | Self::PreviousView
            | Self::Enter
            | Self::Escape
            | Self::Backspace
            | Self::ClearLine
            | Self::Interrupt
            | Self::Suspend
            | Self::Repaint
            | Self::Pasted(_) => return None,
        })
    }
}

fn has_control(event: KeyEvent) -> bool {
    event.modifiers.contains(KeyModifiers::CONTROL)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a terminal knows dozens of keys that mean nothing here"
)]
fn by_code(code: KeyCode) -> Option<Key> {
    Some(match code {
        KeyCode::Char(it) => Key::Char(it),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Tab | KeyCode::Right => Key::NextView,
        KeyCode::BackTab | KeyCode::Left => Key::PreviousView,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}
