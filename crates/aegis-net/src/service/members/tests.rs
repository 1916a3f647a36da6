//! The handshake over a pipe: who has the secret gets through, and nobody else, whatever is heard.

use std::{io, pin::Pin};

use libp2p::futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, join, ready};
use tokio::io::{AsyncRead as _, AsyncWrite as _, DuplexStream, ReadBuf, duplex};

use super::{
    handshake::{Handshake, Side},
    *,
};

type Ended = (Result<(), Stranger>, Result<(), Stranger>);

/// An end of a pipe, as libp2p reads and writes it.
struct Pipe(DuplexStream);

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut read = ReadBuf::new(bytes);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut read))?;
        Poll::Ready(Ok(read.filled().len()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

fn secret(number: u8) -> NetworkSecret {
    NetworkSecret::from_bytes([number; 32])
}

/// Has a dialer and a listener shake hands; returns what each thinks of the other.
async fn shake(dialer: &Handshake, listener: &Handshake) -> Ended {
    let (a, b) = duplex(1024);
    let (mut a, mut b) = (Pipe(a), Pipe(b));
    let dial = async {
        let proof = dialer.dial(&mut a).await;
        let done = match proof {
            Ok(proof) => Handshake::prove(&mut a, proof).await,
            Err(why) => Err(why),
        };
        drop(a);
        done
    };
    let listen = async {
        let done = listener.listen(&mut b).await;
        if done.is_ok() {
            Handshake::welcome(&mut b).await.unwrap();
        }
        drop(b);
        done
    };
    join!(dial, listen)
}

#[tokio::test]
async fn two_with_the_same_secret_get_through_and_others_do_not() {
    let (a, b, c) = (PeerId::random(), PeerId::random(), PeerId::random());
    let dialer = |number, to| Handshake::new(&secret(number), Side::Dialer, a, to);
    let listener = |number, from| Handshake::new(&secret(number), Side::Listener, b, from);
    assert_eq!(
        shake(&dialer(1, b), &listener(1, a)).await,
        (Ok(()), Ok(()))
    );
    let (other, silent) = (Err(Stranger::OtherSecret), Err(Stranger::Silent));
    assert_eq!(shake(&dialer(1, b), &listener(2, a)).await, (other, silent));
    // The same secret, but not the nodes that the connection proves: somebody in between.
    assert_eq!(shake(&dialer(1, c), &listener(1, a)).await, (other, silent));
    assert_eq!(shake(&dialer(1, b), &listener(1, c)).await, (other, silent));
}

#[tokio::test]
async fn what_a_third_heard_is_of_no_use_to_it() {
    let (a, b) = (PeerId::random(), PeerId::random());
    let dialer = Handshake::new(&secret(1), Side::Dialer, a, b);
    let listener = Handshake::new(&secret(1), Side::Listener, b, a);
    let heard = overhear(&dialer, &listener).await;
    // Said again to the same listener, in the dialer's name even.
    let (third, own) = duplex(1024);
    let (mut third, mut own) = (Pipe(third), Pipe(own));
    let replay = async {
        third.write_all(&heard.of_dialer).await.unwrap();
        let mut answer = Vec::new();
        third.read_to_end(&mut answer).await.unwrap();
        answer.len()
    };
    let listen = async {
        let done = listener.listen(&mut own).await;
        drop(own);
        done
    };
    let (answered, done) = join!(replay, listen);
    assert_eq!(
        (answered, done),
        (64, Err(Stranger::OtherSecret)),
        "and is not welcomed"
    );
    // Said again to the same dialer.
    let (third, own) = duplex(1024);
    let (mut third, mut own) = (Pipe(third), Pipe(own));
    let replay = async { third.write_all(&heard.of_listener).await.unwrap() };
    let (dialled, ()) = join!(dialer.dial(&mut own), replay);
    assert_eq!(dialled.err(), Some(Stranger::OtherSecret));
    // A listener's own proof, sent back to it as if it were the dialer's.
    let (third, own) = duplex(1024);
    let (mut third, mut own) = (Pipe(third), Pipe(own));
    let reflect = async {
        third.write_all(&[7; 32]).await.unwrap();
        let mut answer = [0; 64];
        third.read_exact(&mut answer).await.unwrap();
        third.write_all(&answer[32..]).await.unwrap();
    };
    let (done, ()) = join!(listener.listen(&mut own), reflect);
    assert_eq!(done, Err(Stranger::OtherSecret));
}

/// What both ends of a handshake said.
struct Heard {
    of_dialer: Vec<u8>,
    of_listener: Vec<u8>,
}

/// Has two shake hands through somebody who passes everything on and keeps it.
async fn overhear(dialer: &Handshake, listener: &Handshake) -> Heard {
    let ((a, third_a), (b, third_b)) = (duplex(1024), duplex(1024));
    let (mut a, mut b) = (Pipe(a), Pipe(b));
    let (mut third_a, mut third_b) = (Pipe(third_a), Pipe(third_b));
    let pass_on = async {
        let mut heard = Heard {
            of_dialer: vec![0; 64],
            of_listener: vec![0; 65],
        };
        third_a
            .read_exact(&mut heard.of_dialer[..32])
            .await
            .unwrap();
        third_b.write_all(&heard.of_dialer[..32]).await.unwrap();
        third_b
            .read_exact(&mut heard.of_listener[..64])
            .await
            .unwrap();
        third_a.write_all(&heard.of_listener[..64]).await.unwrap();
        third_a
            .read_exact(&mut heard.of_dialer[32..])
            .await
            .unwrap();
        third_b.write_all(&heard.of_dialer[32..]).await.unwrap();
        third_b
            .read_exact(&mut heard.of_listener[64..])
            .await
            .unwrap();
        third_a.write_all(&heard.of_listener[64..]).await.unwrap();
        heard
    };
    let dial = async {
        let proof = dialer.dial(&mut a).await.unwrap();
        Handshake::prove(&mut a, proof).await.unwrap();
    };
    let listen = async {
        listener.listen(&mut b).await.unwrap();
        Handshake::welcome(&mut b).await.unwrap();
    };
    let ((), (), heard) = join!(dial, listen, pass_on);
    heard
}
