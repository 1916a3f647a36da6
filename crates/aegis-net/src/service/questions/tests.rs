//! How questions wait, and how many.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);
const SECOND: Duration = Duration::from_secs(1);

fn node(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

fn questions() -> Questions {
    Questions::new(Identity::from_secret([1; 32]))
}

fn ours(wait: Duration, peers: &[u8]) -> Ours {
    Ours {
        about: About::Indicators,
        bytes: Vec::new(),
        span: Span::new(NOW, wait),
        hearing: None,
        waiting: peers
            .iter()
            .map(|it| (node(*it), Waiting::ForAnswer))
            .collect(),
    }
}

#[test]
fn a_question_ends_at_its_deadline_and_not_a_tick_before() {
    let mut questions = questions();
    let tick = Duration::from_millis(1);
    questions.ask(QuestionId(1), ours(2 * SECOND, &[1, 2]));
    questions.ask(QuestionId(2), ours(SECOND, &[1]));
    assert_eq!(questions.pause(NOW), Some(SECOND));
    assert_eq!(questions.take_due(NOW + SECOND - tick), []);
    assert_eq!(questions.take_due(NOW + SECOND), [(QuestionId(2), node(1))]);
    assert!(questions.close(QuestionId(2), node(1)));
    assert!(!questions.close(QuestionId(2), node(1)));
    assert_eq!(questions.pause(NOW + SECOND), Some(SECOND));
    assert!(questions.close(QuestionId(1), node(1)));
    let rest = [(QuestionId(1), node(2))];
    assert_eq!(questions.take_due(NOW + 2 * SECOND), rest);
    assert!(questions.close(QuestionId(1), node(2)));
    questions.take_due(NOW + 2 * SECOND);
    assert_eq!(questions.pause(NOW + 2 * SECOND), None);
}

#[test]
fn a_clock_that_is_put_back_ends_questions() {
    let mut questions = questions();
    questions.ask(QuestionId(1), ours(SECOND, &[1]));
    let due = questions.take_due(NOW - SECOND);
    assert_eq!(due, [(QuestionId(1), node(1))]);
}

#[test]
fn a_question_that_waits_for_nobody_is_not_kept() {
    let mut questions = questions();
    questions.ask(QuestionId(1), ours(SECOND, &[]));
    assert!(questions.ours.is_empty() && questions.pause(NOW).is_none());
}

#[test]
fn who_has_not_answered_is_known() {
    let mut questions = questions();
    questions.ask(QuestionId(1), ours(SECOND, &[1, 2]));
    questions.ask(QuestionId(2), ours(SECOND, &[2]));
    assert_eq!(questions.unanswered_by(node(2)), [1, 2].map(QuestionId));
    let checking = Waiting::Checking {
        left: Vec::new().into_iter(),
        heard: Vec::new(),
    };
    let first = questions.ours.get_mut(&QuestionId(1)).unwrap();
    first.waiting.insert(node(2), checking);
    assert_eq!(questions.unanswered_by(node(2)), [QuestionId(2)]);
    assert!(questions.is_waited_for(QuestionId(1), &node(2)));
    assert!(!questions.is_waited_for(QuestionId(1), &node(3)));
}

#[test]
fn within_a_second_one_thing_is_said() {
    let mut questions = questions();
    let indicator = Indicator::host([192, 0, 2, 1].into());
    let mut testify = |now, topic| questions.testify(now, indicator, (topic, None)).unwrap();
    let first = testify(NOW, Topic::Scan);
    let second = testify(NOW + SECOND / 2, Topic::Spam);
    assert!(Arc::ptr_eq(&first, &second));
    let later = testify(NOW + SECOND, Topic::Spam);
    assert_eq!((later.topic, later.stated_at), (Topic::Spam, NOW + SECOND));
}

/// Returns the address of a number.
fn host(n: u32) -> Indicator {
    Indicator::host(std::net::IpAddr::from(n.to_be_bytes()))
}

/// Others who ask about much cannot make it forget what it said.
#[test]
fn of_more_than_it_remembers_it_says_nothing_until_the_second_is_over() {
    let mut questions = questions();
    let many = SIGNED_MAX as u32;
    for n in 0..many {
        assert!(
            questions
                .testify(NOW, host(n), (Topic::Scan, None))
                .is_some()
        );
    }
    assert_eq!(
        questions.testify(NOW, host(many), (Topic::Scan, None)),
        None
    );
    let again = questions.testify(NOW, host(0), (Topic::Spam, None));
    assert_eq!(again.unwrap().topic, Topic::Scan);
    let later = questions.testify(NOW + SECOND, host(many), (Topic::Spam, None));
    assert_eq!(later.unwrap().topic, Topic::Spam);
}

#[test]
fn a_clock_that_is_put_back_makes_it_say_nothing_else() {
    let mut questions = questions();
    let mut testify = |now, n, topic| questions.testify(now, host(n), (topic, None));
    let first = testify(NOW, 1, Topic::Scan).unwrap();
    let again = testify(NOW - 10 * SECOND, 1, Topic::Spam).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    let other = testify(NOW - 10 * SECOND, 2, Topic::Spam).unwrap();
    assert_eq!(other.stated_at, NOW);
    // Nobody would believe it.
    assert_eq!(testify(NOW - SKEW_MAX - SECOND, 1, Topic::Scan), None);
    let later = testify(NOW + SECOND, 1, Topic::Spam).unwrap();
    assert_eq!((later.topic, later.stated_at), (Topic::Spam, NOW + SECOND));
}
