//! What keys do.

use super::{
    BLOCK_FORM, Effect, Model, Popup, Tab,
    cursor::scroll,
    popup::{lines, popup_size},
};
use crate::{
    ask::Ask,
    help,
    key::{Key, Step},
};

/// The longest line that is typed, in characters.
const LINE_CHARS_MAX: usize = 64;

/// A filter while it is typed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Typing {
    pub(crate) line: String,
}

impl Model {
    /// Does what a key means where somebody is.
    pub(super) fn press(&mut self, key: Key) -> Option<Effect> {
        match key {
            Key::Interrupt => return Some(Effect::Quit),
            Key::Suspend => return Some(Effect::Suspend),
            Key::Repaint => return Some(Effect::Repaint),
            Key::Char(_)
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
            | Key::NextView
            | Key::PreviousView
            | Key::Enter
            | Key::Escape
            | Key::Backspace
            | Key::ClearLine
            | Key::Pasted(_) => {}
        }
        if let Some(popup) = self.popup.take() {
            return self.press_in(popup, &key);
        }
        if let Some(typing) = self.typing.take() {
            self.press_typing(typing, &key);
            return None;
        }
        if let Some(step) = key.step() {
            self.go(step);
            return None;
        }
        match key {
            Key::Char(it) => self.press_char(it),
            Key::Enter => self.explain(),
            Key::NextView => self.turn(1),
            Key::PreviousView => self.turn(Tab::ALL.len() - 1),
            Key::Escape => {
                self.notice = None;
                self.filter("");
                None
            }
            Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
            | Key::Interrupt
            | Key::Suspend
            | Key::Repaint => None, // dealt with above
            Key::Backspace | Key::ClearLine | Key::Pasted(_) => None, // for lines that are typed
        }
    }

    fn press_char(&mut self, it: char) -> Option<Effect> {
        match it {
            'q' => return Some(Effect::Quit),
            '?' | 'h' => self.popup = Some(Popup::text("Keys", help::TEXT)),
            '/' => {
                self.typing = Some(Typing {
                    line: self.filter_text(),
                });
            }
            's' => self.sort_next(),
            'S' | 'R' => self.reverse(),
            'p' => self.pause(),
            'w' => return self.explain(),
            'u' => self.want_unblocked(),
            'a' => self.want_allowed(),
            'r' => return self.refresh(),
            'b' => {
                self.popup = Some(Popup::Form {
                    line: String::new(),
                    problem: None,
                });
            }
            it => {
                let number = it.to_digit(10).and_then(|it| usize::try_from(it).ok());
                let tab = number.and_then(|it| Tab::ALL.get(it.checked_sub(1)?));
                match tab {
                    Some(tab) => self.turn_to(*tab),
                    None => self.say("no such key here: ? shows them"),
                }
            }
        }
        None
    }

    fn press_in(&mut self, popup: Popup, key: &Key) -> Option<Effect> {
        match popup {
            Popup::Text { title, text, first } => {
                self.read(&title, text, first, key);
                None
            }
            Popup::Confirm { question, ask } => {
                if matches!(key, Key::Char('y' | 'Y')) {
                    return Some(Effect::Ask(*ask));
                }
                if matches!(key, Key::Char('n' | 'N' | 'q') | Key::Escape) {
                    self.say("nothing was done");
                } else {
                    self.popup = Some(Popup::Confirm { question, ask });
                }
                None
            }
            Popup::Form { mut line, .. } => {
                if *key == Key::Escape {
                    self.say("nothing was done");
                    return None;
                }
                if *key == Key::Enter {
                    return self.fill_in(line);
                }
                edit(&mut line, key);
                let problem = None;
                self.popup = Some(Popup::Form { line, problem });
                None
            }
        }
    }

    /// Scrolls a text; any key that does not closes it.
    fn read(&mut self, title: &str, text: String, first: usize, key: &Key) {
        let Some(step) = key.step() else { return };
        let height = popup_size(self.size).height.into();
        let first = scroll(first, step, lines(&text, self.size), height);
        self.popup = Some(Popup::Text {
            title: title.to_owned(),
            text,
            first,
        });
    }

    fn press_typing(&mut self, mut typing: Typing, key: &Key) {
        if *key == Key::Enter {
            self.filter(&typing.line);
        } else if *key != Key::Escape {
            edit(&mut typing.line, key);
            self.typing = Some(typing);
        }
    }

    fn fill_in(&mut self, line: String) -> Option<Effect> {
        match super::act::block_request(&line) {
            Ok(request) => {
                self.say(format!("blocking {} …", request.indicator));
                Some(Effect::Ask(Ask::Block(request)))
            }
            Err(problem) => {
                let problem = match line.trim() {
                    "" => format!("type {BLOCK_FORM}, or Esc"),
                    _ => problem,
                };
                let problem = Some(problem);
                self.popup = Some(Popup::Form { line, problem });
                None
            }
        }
    }

    fn go(&mut self, step: Step) {
        let height = self.height();
        match self.tab {
            Tab::Overview => {}
            Tab::Blocks => self.blocks.go(step, height),
            Tab::Peers => self.peers.go(step, height),
            Tab::Evidence => {
                let len = self.evidence.len();
                self.evidence.cursor.go(step, len, height);
            }
            Tab::Feeds => {
                let len = self.feeds.shown().count();
                self.feeds.cursor.go(step, len, height);
            }
            Tab::Log => {
                let len = self.log.shown().count();
                self.log.cursor.go(step, len, height);
                self.log.follows = self.log.cursor.selected + 1 >= len;
            }
        }
        if let Some(topic) = self.tab.topic() {
            self.fetch(topic);
        }
    }

    fn turn(&mut self, by: usize) -> Option<Effect> {
        let at = Tab::ALL.iter().position(|it| *it == self.tab);
        let next = at.map_or(0, |it| (it + by) % Tab::ALL.len());
        self.turn_to(Tab::ALL[next]);
        None
    }

    fn turn_to(&mut self, tab: Tab) {
        self.tab = tab;
        if let Some(topic) = tab.topic() {
            self.polls.hasten(topic);
        }
    }

    fn pause(&mut self) {
        self.is_paused = !self.is_paused;
        if !self.is_paused {
            self.log.held = 0;
            let height = self.height();
            self.log.keep_within(height);
            self.traffic.interrupt();
            self.polls.hasten_all();
        }
    }

    fn sort_next(&mut self) {
        match self.tab {
            Tab::Blocks => self.blocks.sort_next(),
            Tab::Peers => self.peers.sort_next(),
            Tab::Evidence => self.evidence.next_by(),
            Tab::Overview | Tab::Feeds | Tab::Log => return self.say("this view has one order"),
        }
        self.look_anew();
    }

    fn reverse(&mut self) {
        match self.tab {
            Tab::Blocks => self.blocks.reverse(),
            Tab::Peers => self.peers.reverse(),
            Tab::Overview | Tab::Evidence | Tab::Feeds | Tab::Log => {
                return self.say("this view has one order");
            }
        }
        self.look_anew();
    }

    /// Returns what the view is filtered by.
    pub(crate) fn filter_text(&self) -> String {
        match self.tab {
            Tab::Overview => String::new(),
            Tab::Blocks => words(self.blocks.text.as_ref()),
            Tab::Peers => words(self.peers.text.as_ref()),
            Tab::Evidence => self.evidence.text.clone(),
            Tab::Feeds => self.feeds.text.clone(),
            Tab::Log => self.log.text.clone(),
        }
    }

    /// Shows only what has the text; without one, everything.
    fn filter(&mut self, text: &str) {
        let text = text.trim();
        if text == self.filter_text() {
            return;
        }
        let height = self.height();
        match self.tab {
            Tab::Overview => return self.say("nothing to filter here: 2 shows the blocks"),
            Tab::Blocks => self.blocks.filter(text.parse().ok()),
            Tab::Peers => self.peers.filter(text.parse().ok()),
            Tab::Evidence => self.evidence.filter(text.to_owned()),
            Tab::Feeds => self.feeds.filter(text.to_owned()),
            Tab::Log => self.log.filter(text.to_owned(), height),
        }
        self.look_anew();
    }

    fn look_anew(&mut self) {
        if let Some(topic) = self.tab.topic() {
            self.polls.hasten(topic);
        }
    }
}

fn words(text: Option<&aegis_api::ViewText>) -> String {
    text.map(|it| it.as_str().to_owned()).unwrap_or_default()
}

/// Changes a line as a key says.
fn edit(line: &mut String, key: &Key) {
    match key {
        Key::Char(it) => append(line, std::iter::once(*it)),
        Key::Pasted(text) => append(line, text.lines().next().unwrap_or_default().chars()),
        Key::Backspace => {
            line.pop();
        }
        Key::ClearLine => line.clear(),
        Key::Up
        | Key::Down
        | Key::PageUp
        | Key::PageDown
        | Key::Home
        | Key::End
        | Key::NextView
        | Key::PreviousView
        | Key::Enter
        | Key::Escape
        | Key::Interrupt
        | Key::Suspend
        | Key::Repaint => {}
    }
}

fn append(line: &mut String, characters: impl Iterator<Item = char>) {
    let room = LINE_CHARS_MAX.saturating_sub(line.chars().count());
    line.extend(characters.filter(|it| !it.is_control()).take(room));
}
