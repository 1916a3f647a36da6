//! Voices come in order, each peer once, and no more than a case can hold.

use aegis_core::trust::model::VOICES_MAX;

use super::{Roster, local_opinion};
use crate::chance::Chance;
use crate::world::{Claim, Setting, World};

fn world(peers: usize, hostile: f64) -> World {
    World::new(Setting {
        peers,
        hostile,
        seed: 1,
        targets: 10,
    })
}

#[test]
fn voices_are_in_order_of_peer_and_say_what_their_peers_say() {
    let world = world(20, 0.5);
    let roster = Roster::new(&world, 10, 0);
    let honest = [Some(Claim::Benign); 10];
    let mut hostile = [Some(Claim::Malicious); 10];
    hostile[4] = None;
    hostile[5] = Some(Claim::Nothing);
    let (voices, hostile_voices) = roster.voices(&honest, &hostile, &mut Chance::new(&[]));
    assert_eq!((voices.len(), hostile_voices), (19, 9));
    assert!(voices.windows(2).all(|it| it[0].peer < it[1].peer));
    let word_of = |peer| {
        let voice = voices.iter().find(|it| it.peer == peer)?;
        Some(voice.opinion.score.value() * voice.opinion.confidence.value())
    };
    assert_eq!(word_of(world.honest[0].0), Some(-0.81));
    assert_eq!(word_of(world.hostile_identity(0, 0)), Some(0.81));
    assert_eq!(word_of(world.hostile_identity(4, 0)), None);
    assert_eq!(word_of(world.hostile_identity(5, 0)), Some(0.0));
}

#[test]
fn a_flood_is_thinned_by_lot() {
    let world = world(1_000, 0.5);
    let roster = Roster::new(&world, 5_000, 0);
    let honest = vec![Some(Claim::Benign); 500];
    let hostile = vec![Some(Claim::Malicious); 5_000];
    let (voices, hostile_voices) = roster.voices(&honest, &hostile, &mut Chance::new(&[]));
    assert_eq!(voices.len(), VOICES_MAX);
    assert!(voices.windows(2).all(|it| it[0].peer < it[1].peer));
    let honest_voices = VOICES_MAX - hostile_voices;
    // One in eleven is honest: 182 of 2,000, give or take three standard deviations.
    assert!((145..=220).contains(&honest_voices), "{honest_voices}");
}

#[test]
fn own_detectors_are_as_sure_as_they_are_right() {
    let opinion = local_opinion(Claim::Malicious);
    let probability = f64::midpoint(1.0, opinion.score.value() * opinion.confidence.value());
    assert!((probability - crate::world::LOCAL_ACCURACY).abs() < 0.01);
}
