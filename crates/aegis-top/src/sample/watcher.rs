//! Somebody who presses keys and looks at the screen.

use std::time::Duration;

use aegis_api::{Event, EventKind};
use ratatui::{Terminal, backend::TestBackend, layout::Size, style::Modifier};

use super::{NOW, Script};
use crate::{
    ask::Ask,
    key::Key,
    model::{Effect, Message, Model, Settings},
    view::view,
};

/// Somebody who watches.
pub(crate) struct Watcher {
    pub(crate) model: Model,
    pub(crate) node: Script,
    pub(crate) asked: Vec<Ask>,
    pub(crate) others: Vec<Effect>,
}

impl Watcher {
    pub(crate) fn new(width: u16, height: u16, node: Script) -> Self {
        let settings = Settings {
            interval: Duration::from_secs(1),
            colour: true,
            unicode: true,
        };
        let model = Model::new(settings, Size { width, height }, NOW);
        let mut watcher = Self {
            model,
            node,
            asked: Vec::new(),
            others: Vec::new(),
        };
        watcher.tell(Message::Now(NOW));
        watcher
    }

    /// Tells the model something, and does what it wants until it wants no more.
    pub(crate) fn tell(&mut self, message: Message) {
        let mut effects = self.model.update(message);
        while let Some(effect) = effects.pop() {
            let Effect::Ask(ask) = effect else {
                self.others.push(effect);
                continue;
            };
            let answer = self.node.answer(&ask);
            self.asked.push(ask.clone());
            effects.extend(self.model.update(Message::Answered {
                ask: Box::new(ask),
                took: Duration::from_millis(1),
                answer,
            }));
        }
    }

    /// Presses a key for each character.
    pub(crate) fn press(&mut self, characters: &str) {
        for it in characters.chars() {
            self.key(Key::Char(it));
        }
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.tell(Message::Key(key));
    }

    /// Lets so many seconds go by, one after the other.
    pub(crate) fn pass(&mut self, secs: u64) {
        for _ in 0..secs {
            self.node.packets += 12_000 + self.model.now.as_secs() % 7 * 3_000;
            self.tell(Message::Now(self.model.now + Duration::from_secs(1)));
        }
    }

    pub(crate) fn happens(&mut self, seq: u64, kind: EventKind) {
        let event = Event {
            seq,
            at: NOW + Duration::from_secs(seq),
            kind,
        };
        self.tell(Message::Event(Box::new(event)));
    }

    fn draw(&self) -> Terminal<TestBackend> {
        let Size { width, height } = self.model.size;
        let backend = TestBackend::new(width, height);
        let mut terminal = Terminal::new(backend).expect("a screen in memory");
        terminal
            .draw(|frame| view(&self.model, frame))
            .expect("a screen in memory");
        terminal
    }

    /// Returns the screen as text; a line that is selected begins with `>`.
    pub(crate) fn screen(&self) -> String {
        let terminal = self.draw();
        let buffer = terminal.backend().buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let (mut line, mut skip) = (String::new(), 0);
            for x in 0..buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = crate::text::width(symbol).max(1);
                }
                skip -= 1;
            }
            let is_selected = buffer
                .cell((0, y))
                .is_some_and(|it| it.modifier.contains(Modifier::REVERSED));
            let mark = if is_selected { '>' } else { ' ' };
            text.push_str(format!("{mark}{line}").trim_end());
            text.push('\n');
        }
        text
    }

    /// Returns whether anything on the screen has a colour.
    pub(crate) fn has_colour(&self) -> bool {
        let terminal = self.draw();
        let cells = &terminal.backend().buffer().content;
        let reset = ratatui::style::Color::Reset;
        cells.iter().any(|it| it.fg != reset || it.bg != reset)
    }
}
