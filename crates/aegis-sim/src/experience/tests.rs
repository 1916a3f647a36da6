//! Honest peers recommend by what they found out; hostile ones by whose side somebody is on.

use aegis_core::QUESTION_PEERS_MAX;

use super::{Experience, Recommendation};
use crate::chance::Chance;
use crate::roster::{Member, Roster};
use crate::world::{Claim, PRETRUSTED, Setting, World};

fn world(peers: usize) -> World {
    World::new(Setting {
        peers,
        hostile: 0.5,
        seed: 1,
        targets: 100,
    })
}

const fn right(said: &Recommendation) -> u32 {
    said.malicious_right + said.benign_right
}

const fn wrong(said: &Recommendation) -> u32 {
    said.malicious_wrong + said.benign_wrong
}

#[test]
fn honest_peers_tell_what_happened_and_hostile_ones_the_opposite() {
    let world = world(10);
    let roster = Roster::new(&world, 5, 0);
    let mut experience = Experience::new(&world, 0.5);
    for (index, target) in world.targets.iter().enumerate() {
        // The honest are always right here and the hostile always wrong.
        let honest = [Some(Claim::of(target.truth)); 5];
        let hostile = [Some(Claim::against(target.truth)); 5];
        let (voices, _) = roster.voices(&honest, &hostile, &mut Chance::new(&[]));
        experience.hear(&world, index, &voices);
    }
    let member_of = |peer| {
        roster
            .members()
            .iter()
            .find(|it| it.0 == peer)
            .map(|it| it.1)
    };
    for (subject, said) in experience.round(&world, &roster, 99) {
        assert_eq!(said.len(), 9);
        let is_honest = matches!(member_of(subject), Some(Member::Honest(_)));
        for (recommender, said) in said {
            let by_honest = matches!(member_of(recommender), Some(Member::Honest(_)));
            if is_honest == by_honest {
                assert!(right(&said) > 20 && wrong(&said) == 0, "{said:?}");
            } else {
                assert!(wrong(&said) > 20 && right(&said) == 0, "{said:?}");
            }
        }
    }
}

#[test]
fn a_question_goes_to_no_more_peers_than_it_may_and_to_the_pretrusted_always() {
    let world = world(400);
    let roster = Roster::new(&world, 200, 0);
    let asked = super::recommenders(&world, &roster, 49);
    assert_eq!(asked.len(), QUESTION_PEERS_MAX);
    assert!(asked.windows(2).all(|it| it[0].0 < it[1].0));
    for place in 0..PRETRUSTED {
        assert!(asked.iter().any(|it| it.1 == Member::Honest(place)));
    }
}
