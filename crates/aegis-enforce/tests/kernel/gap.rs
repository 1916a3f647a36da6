//! No gap: while a flood from blocked sources runs, none of its packets passes, whatever happens
//! to the owner, its program, its maps and the interface.
//!
//! A tap behind XDP counts every frame of the flood that got through, and so does the stack, by
//! its IPv4. Before the first block and after the last unblock both must see all of them, so that
//! they are known to see any. Where nothing but the program can drop, every frame is accounted
//! for: counted as dropped by the program, or lost in the cable before it.

mod interface;
mod killed;
mod scene;
mod upgrade;
