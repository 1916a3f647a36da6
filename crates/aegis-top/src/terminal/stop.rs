//! Stopped from the keyboard, as any program of a shell: `Ctrl-Z`, and `fg` to come back.
#![expect(unsafe_code, reason = "what a signal does is set by sigaction")]

use nix::{
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, raise, sigaction},
    unistd::Pid,
};

/// Has the shell's whole job stopped, this program included, as the terminal would have.
pub(crate) fn stop_all() -> nix::Result<()> {
    kill(Pid::from_raw(0), Signal::SIGTSTP)
}

/// Stops this program until somebody continues it; returns then. Where no shell is there that could,
/// the kernel does not stop it.
pub(crate) fn stop_here() -> nix::Result<()> {
    let by_kernel = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the kernel's own way with the signal runs no code of ours.
    let ours = unsafe { sigaction(Signal::SIGTSTP, &by_kernel) }?;
    let stopped = raise(Signal::SIGTSTP);
    // SAFETY: puts back the handler that was there, which is as good as it was before.
    unsafe { sigaction(Signal::SIGTSTP, &ours) }?;
    stopped
}
