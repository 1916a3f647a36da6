//! Opinions and trust, through the client and as bytes.

use super::{
    contract::{get, post, refused},
    node::{Node, ip, node_id, opinion, trust},
};
use crate::{Confidence, NodeId, TrustRequest};

/// What is said of a trust outside its limits.
const OUT_OF_BOUNDS: &str = "trust: must be a number from 0 to 1";

#[tokio::test]
async fn opinions_and_trust_have_their_routes() {
    let node = Node::start();
    let client = &node.client;
    let asked = client.ask(ip("192.0.2.7")).await.expect("answers");
    assert_eq!(asked, opinion(ip("192.0.2.7")));
    let why = client.why(ip("192.0.2.8")).await.expect("answers");
    assert_eq!(why.opinion, Some(opinion(ip("192.0.2.8"))));
    assert_eq!(client.trust(node_id()).await.expect("answers"), trust());
    let stranger = NodeId::from_public_key([9; 32]);
    let request = TrustRequest {
        peer: stranger,
        trust: Confidence::new(0.25).expect("within bounds"),
        fixed: true,
    };
    let set = client.set_trust(&request).await.expect("answers");
    assert_eq!((set.peer, set.pretrust_percent), (stranger, 25));
    assert!(set.fixed && set.named);
    for (peer, was_known) in [(node_id(), true), (stranger, false)] {
        let forgotten = client.forget_trust(peer).await.expect("answers");
        assert_eq!((forgotten.peer, forgotten.was_known), (peer, was_known));
    }
}

#[tokio::test]
async fn what_cannot_be_asked_or_trusted_is_refused_with_the_field_and_the_limit() {
    let node = Node::start();
    for (request, says) in [
        (post("/v1/ask", "{}"), "missing field `indicator`"),
        (
            post("/v1/ask", r#"{"indicator":"1.2.3"}"#),
            "indicator: not an IPv4 or IPv6",
        ),
        (
            post("/v1/ask", r#"{"indicator":"1.2.3.4","hops":9}"#),
            "unknown field `hops`",
        ),
        (get("/v1/trust"), "missing field `peer`"),
        (get("/v1/trust?peer=x"), "peer: not the peer ID"),
        (delete("/v1/trust?peer="), "peer: not the peer ID"),
        (get("/v1/trust?peer=x&x=1"), "unknown field `x`"),
        (post("/v1/trust", &trust_order("1.01")), OUT_OF_BOUNDS),
        (post("/v1/trust", &trust_order("-0.01")), OUT_OF_BOUNDS),
        (post("/v1/trust", &trust_order("1e999")), "JSON"),
        (
            post("/v1/trust", &trust_order("null")),
            "trust: invalid type",
        ),
        (
            post("/v1/trust", r#"{"peer":"12D3","trust":1}"#),
            "peer: not the peer ID",
        ),
    ] {
        refused(&node, &request, says).await;
    }
}

#[tokio::test]
async fn an_opinion_in_json_has_numbers_and_words() {
    let node = Node::start();
    let answer = node
        .raw(&post("/v1/ask", r#"{"indicator":"192.0.2.7"}"#))
        .await;
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let expected = concat!(
        r#"{"indicator":"192.0.2.7","score":0.75,"confidence":0.5,"probability":0.875,"#,
        r#""stance":"malicious","independent_voices":1.5,"#,
        r#""local":{"score":-1.0,"confidence":0.5,"sightings":1,"age_secs":60},"#,
        r#""asked":4,"answered":3,"waited_ms":12,"#,
        r#""voices":[{"peer":"12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt","#,
        r#""score":1.0,"confidence":1.0,"sightings":2,"age_secs":5,"evidence":"verified","#,
        r#""weight_percent":90}],"voices_total":1,"check_value":0.25,"#,
        r#""hint":"aegis block 192.0.2.7 300 --local"}"#
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn trust_in_json_has_numbers_and_words() {
    let node = Node::start();
    let answer = node.raw(&post("/v1/trust", &trust_order("1"))).await;
    let body = answer.split("\r\n\r\n").nth(1).expect("a body");
    let expected = concat!(
        r#"{"peer":"12D3KooWAHoEkEqnKzM5PXFygh2movVBCSX3k8tDsT2cneU68Gyt","model":"aegis","#,
        r#""known":true,"class":"dht","connected":true,"trust_percent":80,"right":3,"wrong":1,"#,
        r#""influence":1.5,"budget":4.0,"misdeeds":0,"penalty_percent":0,"pretrust_percent":100,"#,
        r#""fixed":false,"named":true,"#,
        r#""open":2,"judged":[{"indicator":"192.0.2.7","said":1.0,"truth":"benign","#,
        r#""at":"2026-11-20T12:00:00.250Z"}],"#,
        r#""trend":[{"at":"2026-11-20T12:00:00.250Z","percent":80}],"#,
        r#""addresses":["/ip4/192.0.2.9/tcp/9001"],"#,
        r#""first_seen_at":"2026-11-20T12:00:00.250Z","last_seen_at":null}"#
    );
    assert_eq!(body, expected);
}

fn delete(path: &str) -> String {
    get(path).replacen("GET", "DELETE", 1)
}

fn trust_order(trust: &str) -> String {
    format!(r#"{{"peer":"{}","trust":{trust}}}"#, node_id())
}
