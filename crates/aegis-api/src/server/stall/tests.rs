//! A reader that stalls is given up, one that reads slowly is not.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{STALL_TIMEOUT, StallGuard};

const BUFFER_BYTES: usize = 16;

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_given_up() {
    let (near, _far) = tokio::io::duplex(BUFFER_BYTES);
    let mut guarded = StallGuard::new(near);
    let written = guarded.write_all(&[0; BUFFER_BYTES + 1]).await;
    assert_eq!(
        written.map_err(|it| it.kind()),
        Err(io::ErrorKind::TimedOut)
    );
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_a_byte_now_and_then_is_served() {
    let (near, mut far) = tokio::io::duplex(BUFFER_BYTES);
    let mut guarded = StallGuard::new(near);
    let write = guarded.write_all(&[0; BUFFER_BYTES + 3]);
    let read = async {
        for _ in 0..3 {
            tokio::time::advance(STALL_TIMEOUT * 9 / 10).await;
            far.read_u8().await.expect("a byte");
        }
    };
    let (written, ()) = tokio::join!(write, read);
    assert!(written.is_ok(), "{written:?}");
}
