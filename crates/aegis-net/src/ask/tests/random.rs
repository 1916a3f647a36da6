//! The spelling of questions and answers under random input.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

fn any_indicator() -> impl Strategy<Value = Indicator> {
    (any::<IpAddr>(), 0..=128_u8).prop_map(|(address, prefix_len)| {
        Indicator::prefix(address, prefix_len).unwrap_or_else(|| Indicator::host(address))
    })
}

prop_compose! {
    fn any_opinion()(
        score in -1.0..=1.0,
        confidence in 0.0..=1.0,
        sightings in any::<u32>(),
        age_secs in any::<u64>(),
    ) -> Opinion {
        Opinion {
            score: Score::new(score).unwrap(),
            confidence: Confidence::new(confidence).unwrap(),
            sightings,
            age: Duration::from_secs(age_secs),
        }
    }
}

prop_compose! {
    fn any_content()(
        topic in 0..Topic::ALL.len(),
        opinion in proptest::option::of(any_opinion()),
    ) -> (Topic, Option<Opinion>) {
        (Topic::ALL[topic], opinion)
    }
}

proptest! {
    // Signatures are slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_signed_is_what_is_read(
        indicator in any_indicator(),
        content in any_content(),
        millis in any::<u64>(),
        secret in any::<[u8; 32]>(),
    ) {
        let identity = Identity::from_secret(secret);
        let now = Timestamp::from_millis(millis);
        let said = sign(now, indicator, content, &identity);
        prop_assert_eq!(&verify(&said.signed).unwrap(), &said);
        // Said again, it is the same.
        let again = sign(said.stated_at, said.indicator, (said.topic, said.opinion), &identity);
        prop_assert_eq!(again, said);
    }

    #[test]
    fn a_number_s_rounding_is_small(opinion in any_opinion()) {
        let said = sign(NOW, IpAddr::from([192, 0, 2, 1]).into(), (Topic::Other, Some(opinion)), &identity(1));
        let rounded = said.opinion.unwrap();
        prop_assert!((rounded.score.value() - opinion.score.value()).abs() <= 0.000_051);
        prop_assert!((rounded.confidence.value() - opinion.confidence.value()).abs() <= 0.000_051);
    }

    #[test]
    fn one_flipped_bit_of_a_testimony_is_noticed(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut bytes = testimony(1, "2001:db8::/32").signed.to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(verify(&bytes).is_err());
    }
}

proptest! {
    #[test]
    fn what_is_asked_is_what_is_read(
        indicators in proptest::collection::btree_set(any_indicator(), 1..=32),
        hops in 0..=QUESTION_HOPS_MAX,
        millis in 1..=10_000_u64,
    ) {
        let asked = Question {
            indicators: indicators.into_iter().collect(),
            hops,
            wait: Duration::from_millis(millis),
        };
        let bytes = encode_question(&asked).unwrap();
        prop_assert!(bytes.len() <= QUESTION_BYTES_MAX);
        prop_assert_eq!(decode_question(&bytes), Ok(asked));
    }

    /// Whatever is read has no other spelling; and nothing makes the reading panic.
    #[test]
    fn no_bytes_have_two_meanings_or_two_spellings(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
        shape in 0..4_u8,
    ) {
        // Random bytes rarely begin like anything.
        match shape {
            0 => bytes.splice(..bytes.len().min(4), [1, 0, 9, 2]).for_each(drop),
            1 => bytes.splice(..bytes.len().min(3), [0, 1, 7]).for_each(drop),
            2 => bytes.splice(..bytes.len().min(1), [1]).for_each(drop),
            _ => {}
        }
        if let Ok(read) = decode_question(&bytes) {
            prop_assert_eq!(encode_question(&read).unwrap(), bytes.clone());
        }
        if let Ok((subject, wait)) = decode_question_about(&bytes) {
            prop_assert_eq!(encode_question_about(subject, wait), bytes.clone());
        }
        if let Ok(read) = decode_recommendation(&bytes) {
            prop_assert_eq!(encode_recommendation(read.as_ref()), bytes.clone());
        }
        if let Ok(read) = decode_answer(&bytes) {
            let signed = read.iter().flat_map(|it| it.signed().to_vec());
            prop_assert_eq!(signed.collect::<Vec<u8>>(), bytes[2..].to_vec());
            for testimony in read {
                prop_assert_eq!(testimony.verify(), Err(AskError::Signature));
            }
        }
    }
}
