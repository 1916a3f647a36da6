//! Messages about filters as the kernel writes them, and as nobody should.

use super::super::State;
use super::super::tests::is_whole;
use super::*;

#[test]
fn reads_a_filter() {
    let options = [
        attribute(TCA_BPF_NAME, b"cil_from_netdev\0"),
        attribute(TCA_BPF_ID, &word(77)),
    ];
    let message = message(
        1,
        &[
            attribute(TCA_KIND, b"bpf\0"),
            attribute(2, &options.concat()),
        ],
    );
    let expected = Filter {
        kind: "bpf".into(),
        priority: 10,
        name: Some("cil_from_netdev".into()),
        id: Some(77),
    };
    assert_eq!(filter(&message), Some(expected));
}

#[test]
fn heads_of_lists_are_no_filters() {
    assert_eq!(filter(&message(0, &[attribute(TCA_KIND, b"bpf\0")])), None);
}

#[test]
fn a_message_cut_anywhere_breaks_nothing() {
    let options = [
        attribute(TCA_BPF_NAME, b"name\0"),
        attribute(TCA_BPF_ID, &word(7)),
    ];
    let whole = message(
        1,
        &[
            attribute(TCA_KIND, b"bpf\0"),
            attribute(2, &options.concat()),
        ],
    );
    for end in 0..whole.len() {
        let cut = filter(&whole[..end]);
        assert_eq!(cut.is_none(), end < HEADER_BYTES, "{end}: {cut:?}");
    }
    let lying = [&message(1, &[])[..], &[255, 255, 1, 0, 1]].concat();
    assert_eq!(filter(&lying).map(|it| it.kind), Some(String::new()));
    let short = message(1, &[attribute(2, &attribute(TCA_BPF_ID, &[1, 2]))]);
    assert_eq!(filter(&short).and_then(|it| it.id), None);
}

#[test]
fn tells_of_others_and_not_of_ours() {
    let ours = Neighbour::Tcx {
        id: 1,
        name: Some("aegis_tc".into()),
    };
    let nameless = Neighbour::Tcx { id: 2, name: None };
    let flower = Neighbour::Filter(Filter {
        kind: "flower".into(),
        priority: 49152,
        ..Filter::default()
    });
    check(&[], &[(State::Ok, "eth0: nobody else there")]);
    check(
        std::slice::from_ref(&ours),
        &[(State::Ok, "eth0: nobody else there")],
    );
    check(
        &[ours, nameless, flower],
        &[
            (State::Note, "eth0: tcx program of unknown name (id 2)"),
            (State::Note, "eth0: tc filter flower (priority 49152)"),
        ],
    );
}

#[test]
fn a_thousand_filters_make_a_short_list() {
    let many = vec![Neighbour::Filter(Filter::default()); 1000];
    let checks = judge("eth0", &many);
    assert_eq!(checks.len(), FILTERS_MAX + 1);
    assert_eq!(checks[FILTERS_MAX].detail, "eth0: 992 more");
}

#[track_caller]
fn check(neighbours: &[Neighbour], expected: &[(State, &str)]) {
    let checks = judge("eth0", neighbours);
    checks.iter().for_each(is_whole);
    let found: Vec<_> = checks
        .iter()
        .map(|it| (it.state, it.detail.as_str()))
        .collect();
    assert_eq!(found, expected);
}

/// Writes a message about a filter of priority 10.
fn message(handle: u32, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [
        word(0),
        word(3),
        word(handle),
        word(INGRESS),
        word(10 << 16 | 3),
    ]
    .concat();
    bytes.extend(attributes.concat());
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn word(value: u32) -> Vec<u8> {
    value.to_ne_bytes().to_vec()
}
