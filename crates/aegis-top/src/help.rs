//! What `?` shows.

/// Every key, and what the words on the screen mean.
pub(crate) const TEXT: &str = "\
Views
  1 … 9, Tab, → ←     go to another view
  ↑ ↓ j k             move up and down
  PgUp PgDn Space     move by a page
  Home End g G        go to the beginning, to the end

Look closer
  Enter, w            why an address is blocked, or how a peer is trusted
  /                   show only what has a text: an address, who, what, why
  Esc                 show everything again
  s                   sort by the next column; in Evidence, count instead
  S                   sort the other way round
  p                   pause, and go on

Do something, after you are asked
  u                   unblock what is selected
  a                   never block what is selected
  b                   block an address, here and on the other nodes
  r                   in Feeds, fetch the selected one now

  ?                   this page
  q, Ctrl-C           quit
  Ctrl-Z              back to the shell for a while; `fg` comes back
  Ctrl-L              draw the screen anew

In the kernel: how many blocks the kernel holds, of how many it is to hold.
Trust: how much a peer's word weighs, 0 to 100. Right and wrong: in how many
cases it was, of those whose truth became known.
";
