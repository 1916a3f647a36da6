//! Waiting until something is written to a log.

use std::{collections::BTreeSet, os::fd::AsFd as _, path::PathBuf, time::Duration};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::inotify::{AddWatchFlags, InitFlags, Inotify},
};

/// Directories that are watched at most.
const DIRS_MAX: usize = 512;

/// Where nothing tells of changes, they are looked for so often.
const BLIND_WAIT: Duration = Duration::from_millis(100);

/// What tells of changes in directories.
#[derive(Debug)]
pub(super) struct Watch {
    inotify: Option<Inotify>,
    dirs: BTreeSet<PathBuf>,
}

impl Watch {
    pub(super) fn new() -> Self {
        let flags = InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC;
        Self {
            inotify: Inotify::init(flags).ok(),
            dirs: BTreeSet::new(),
        }
    }

    /// Watches a directory from now on, if it is there.
    pub(super) fn add(&mut self, dir: PathBuf) {
        let Some(inotify) = &self.inotify else { return };
        let flags = AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_ONLYDIR;
        let is_new = self.dirs.len() < DIRS_MAX && !self.dirs.contains(&dir);
        if is_new && inotify.add_watch(&dir, flags).is_ok() {
            self.dirs.insert(dir);
        }
    }

    /// Waits until something changed, at most for so long.
    pub(super) fn wait(&self, at_most: Duration) {
        let Some(inotify) = &self.inotify else {
            std::thread::sleep(at_most.min(BLIND_WAIT));
            return;
        };
        let millis = u16::try_from(at_most.as_millis()).unwrap_or(u16::MAX);
        let mut waits_for = [PollFd::new(inotify.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut waits_for, PollTimeout::from(millis)); // an error is as good as an end
        while inotify.read_events().is_ok_and(|it| !it.is_empty()) {} // all is looked at anyway
    }
}
