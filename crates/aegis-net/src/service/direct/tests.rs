//! What frames look like, and which connection they go by.

use super::*;

fn peer() -> PeerId {
    PeerId::random()
}

fn connection(number: usize) -> ConnectionId {
    ConnectionId::new_unchecked(number)
}

#[test]
fn a_frame_is_read_as_it_was_said() {
    let nodes: Vec<NodeId> = (0..NEIGHBOURS_MAX as u8)
        .map(|it| NodeId::from_public_key([it; 32]))
        .collect();
    for frame in [
        Frame::Neighbours(None),
        Frame::Neighbours(Some(Vec::new())),
        Frame::Neighbours(Some(nodes)),
        Frame::Alert(vec![1, 2, 3]),
        Frame::Heard(AlertId::of(b"alert")),
    ] {
        let bytes = frame.to_bytes();
        assert!(bytes.len() <= FRAME_BYTES_MAX);
        assert_eq!(Frame::from_bytes(&bytes), Some(frame));
    }
}

#[test]
fn what_is_no_frame_is_refused() {
    for bytes in [&b""[..], &[0, 0], &[1; 32], &[3; 16], &[3; 18], &[9, 9]] {
        assert_eq!(Frame::from_bytes(bytes), None, "{bytes:?}");
    }
}

#[test]
fn a_second_connection_takes_over_when_the_first_ends() {
    let mut direct = Direct::default();
    let peer = peer();
    let heard_on = |direct: &mut Direct| {
        direct.todo.clear();
        direct.say(peer, &Frame::Neighbours(None));
        let said = direct.todo.pop_front()?;
        let ToSwarm::NotifyHandler {
            handler: NotifyHandler::One(connection),
            ..
        } = said
        else {
            panic!("{said:?}");
        };
        Some(connection)
    };
    assert_eq!(heard_on(&mut direct), None);
    direct.opened(peer, connection(1));
    direct.opened(peer, connection(2));
    assert_eq!(heard_on(&mut direct), Some(connection(1)));
    direct.closed(peer, connection(1));
    assert!(matches!(
        direct.todo.make_contiguous(),
        [
            ToSwarm::GenerateEvent(Event::Closed(_)),
            ToSwarm::GenerateEvent(Event::Opened(_))
        ]
    ));
    assert_eq!(heard_on(&mut direct), Some(connection(2)));
    direct.closed(peer, connection(2));
    assert_eq!(heard_on(&mut direct), None);
}
