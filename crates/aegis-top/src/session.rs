//! A session: keys, answers, events, signals and the time go into the model, and what it wants is
//! carried out.

use std::{future, io, time::Duration};

use aegis_api::{Client, ClientError, Event, EventStream};
use nix::sys::signal::Signal as Number;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep},
};

use crate::{
    ask::{Fault, ask},
    clock::{Clock, instant},
    model::{Effect, Message, Model, RETRY_EVERY, Settings},
    terminal::{Input, Screen, give_back, read_keys, stop_all, stop_here},
};

/// The least time between two drawings, however much happens.
const FRAME: Duration = Duration::from_millis(200);

/// What was waited for.
enum Done {
    Answered(Message),
    Listening(Result<EventStream, ClientError>),
}

/// What happened.
enum Happened {
    Input(Option<Input>),
    Done(Box<Done>),
    Event(Result<Option<Event>, ClientError>),
    Ticked,
    Stop,
    Continued,
    End,
}

struct Session<'a> {
    client: &'a Client,
    screen: Screen,
    model: Model,
    keys_rx: mpsc::Receiver<Input>,
    under_way: JoinSet<Done>,
    events: Option<EventStream>,
    signals: Signals,
    clock: Clock,
    tick: Interval,
    drawn_at: Option<Instant>,
}

/// The signals that mean something.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    stop: Signal,
    go_on: Signal,
}

/// Shows the node until somebody quits.
pub(crate) async fn run(client: &Client, settings: Settings) -> io::Result<()> {
    let signals = Signals::listen()?; // before the terminal is taken, so that none of them leaves it so
    let screen = Screen::start()?;
    let mut clock = Clock::new();
    let model = Model::new(settings, screen.size()?, clock.now());
    let mut tick = interval(settings.interval.min(RETRY_EVERY));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let session = Session {
        client,
        screen,
        model,
        keys_rx: read_keys()?,
        under_way: JoinSet::new(),
        events: None,
        signals,
        clock,
        tick,
        drawn_at: None,
    };
    session.run().await
}

impl Session<'_> {
    async fn run(mut self) -> io::Result<()> {
        loop {
            self.draw()?;
            let effects = match self.next().await {
                Happened::Input(Some(Input::Key(key))) => self.model.update(Message::Key(key)),
                Happened::Input(Some(Input::Resized(size))) => {
                    self.model.update(Message::Resized(size))
                }
                Happened::Input(None) | Happened::End => return Ok(()),
                Happened::Done(done) => self.take(*done),
                Happened::Event(event) => self.hear(event),
                Happened::Ticked => self.model.update(Message::Now(self.clock.now())),
                Happened::Stop => self.stop()?,
                Happened::Continued => self.resume()?,
            };
            for effect in effects {
                if effect == Effect::Quit {
                    return Ok(());
                }
                self.carry_out(effect)?;
            }
        }
    }

    /// Draws what was not drawn yet, unless that was just done.
    fn draw(&mut self) -> io::Result<()> {
        if self.model.is_stale && self.rest().is_zero() {
            self.screen.draw(&self.model)?;
            self.model.is_stale = false;
            self.drawn_at = Some(instant());
        }
        Ok(())
    }

    /// Returns how long it is until something may be drawn again.
    fn rest(&self) -> Duration {
        self.drawn_at
            .map_or(Duration::ZERO, |it| FRAME.saturating_sub(it.elapsed()))
    }

    async fn next(&mut self) -> Happened {
        let (is_stale, rest) = (self.model.is_stale, self.rest());
        loop {
            return tokio::select! {
                input = self.keys_rx.recv() => Happened::Input(input),
                Some(done) = self.under_way.join_next() => match done {
                    Ok(done) => Happened::Done(Box::new(done)),
                    Err(_) => continue, // it was given up
                },
                event = next(self.events.as_mut()) => Happened::Event(event),
                _ = self.tick.tick() => Happened::Ticked,
                () = sleep(rest), if is_stale => Happened::Ticked,
                _ = self.signals.stop.recv() => Happened::Stop,
                _ = self.signals.go_on.recv() => Happened::Continued,
                _ = self.signals.terminate.recv() => Happened::End,
                _ = self.signals.interrupt.recv() => Happened::End,
                _ = self.signals.hang_up.recv() => Happened::End,
            };
        }
    }

    fn take(&mut self, done: Done) -> Vec<Effect> {
        match done {
            Done::Answered(message) => self.model.update(message),
            Done::Listening(Ok(events)) => {
                self.events = Some(events);
                self.model.update(Message::Listening)
            }
            Done::Listening(Err(error)) => self.model.update(Message::Deaf(Fault::of(&error))),
        }
    }

    fn hear(&mut self, event: Result<Option<Event>, ClientError>) -> Vec<Effect> {
        let fault = match event {
            Ok(Some(event)) => return self.model.update(Message::Event(Box::new(event))),
            Ok(None) => Fault::Gone("the node ended the stream of events".into()),
            Err(error) => Fault::of(&error),
        };
        self.events = None;
        self.model.update(Message::Deaf(fault))
    }

    fn carry_out(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Ask(it) => {
                let client = self.client.clone();
                self.under_way.spawn(async move {
                    let asked_at = instant();
                    let answer = ask(&client, &it).await;
                    Done::Answered(Message::Answered {
                        ask: Box::new(it),
                        took: asked_at.elapsed(),
                        answer,
                    })
                });
            }
            Effect::Listen => {
                let client = self.client.clone();
                self.events = None;
                self.under_way
                    .spawn(async move { Done::Listening(client.events(true).await) });
            }
            Effect::Repaint => self.screen.repaint()?,
            Effect::Suspend => {
                give_back();
                stop_all()?; // comes back as a signal
            }
            Effect::Quit => {}
        }
        Ok(())
    }

    /// Stops as the shell wants it, without the terminal; comes back with it.
    fn stop(&mut self) -> io::Result<Vec<Effect>> {
        give_back();
        stop_here()?;
        self.resume()
    }

    fn resume(&mut self) -> io::Result<Vec<Effect>> {
        self.screen.resume()?;
        let size = self.screen.size()?;
        let mut effects = self.model.update(Message::Now(self.clock.now()));
        effects.extend(self.model.update(Message::Resized(size)));
        Ok(effects)
    }
}

impl Signals {
    fn listen() -> io::Result<Self> {
        let of = |number: Number| signal(SignalKind::from_raw(number as i32));
        Ok(Self {
            terminate: of(Number::SIGTERM)?,
            interrupt: of(Number::SIGINT)?,
            hang_up: of(Number::SIGHUP)?,
            stop: of(Number::SIGTSTP)?,
            go_on: of(Number::SIGCONT)?,
        })
    }
}

/// Returns the next event; where none are told, never.
async fn next(events: Option<&mut EventStream>) -> Result<Option<Event>, ClientError> {
    match events {
        Some(events) => events.next().await,
        None => future::pending().await,
    }
}
