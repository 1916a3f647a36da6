//! Dovecot's functions by their original names.

use aegis_core::trust::dovecot::opinion::{self, DovecotOpinion};
use aegis_core::trust::dovecot::reliability::{Published, Ratings};
use aegis_core::trust::dovecot::voice::{self, Speaker, Spoken};
use aegis_core::trust::dovecot::{DovecotDefects, DovecotPeer};
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::{Vector, experiment, list, number, numbers, text};

/// Computes a vector's answer.
pub(crate) fn compute(vector: &Vector) -> Result<Value> {
    let Vector {
        function, inputs, ..
    } = vector;
    match function.as_str() {
        "modules.p2p_trust.trust.base_model.BaseModel.compute_peer_trust" => peer_trust(inputs),
        "modules.p2p_trust.trust.base_model.BaseModel.normalize_peer_reputations" => {
            weights(inputs)
        }
        "modules.p2p_trust.trust.base_model.BaseModel.assemble_peer_opinion" => combine(inputs),
        "modules.p2p_trust.trust.trustdb.TrustDB.get_reporter_reliability" => reliability(inputs),
        "modules.p2p_trust.trust.trustdb.TrustDB.get_opinion_on_ip" => rows(inputs),
        "p2p4slips/peer/reliability.go ComputeReliability (run with go1.19)" => ratings(inputs),
        "p2p4slips-experiments sampler.Sampler.basic_update_score" => experiment::sampler(inputs),
        replay if replay.starts_with("replay of setups.run_") => {
            experiment::replay(text(&inputs["experiment"])?)
        }
        "p2p4slips-experiments evaluator.compute_prediction" => prediction(inputs),
        _ => bail!("nothing here computes {function}"),
    }
}

fn peer_trust(inputs: &Value) -> Result<Value> {
    let of_address = DovecotOpinion {
        score: number(&inputs["score"])?,
        confidence: number(&inputs["confidence"])?,
    };
    let reliability = number(&inputs["reliability"])?;
    Ok(json!(opinion::peer_trust(reliability, of_address)))
}

fn weights(inputs: &Value) -> Result<Value> {
    let trusts: Vec<_> = list(inputs)?.iter().map(number).collect::<Result<_>>()?;
    Ok(json!(opinion::weights(&trusts).context("weigh them")?))
}

fn combine(inputs: &Value) -> Result<Value> {
    let rows = &inputs["reports_score_conf_reliability_reporterscore_reporterconf"];
    let mut voices = Vec::new();
    for row in list(rows)? {
        let [score, confidence, reliability, own_score, own_confidence] = numbers(row)?;
        let of_address = DovecotOpinion {
            score: own_score,
            confidence: own_confidence,
        };
        let trust = opinion::peer_trust(reliability, of_address);
        voices.push((DovecotOpinion { score, confidence }, trust));
    }
    let combined = opinion::combine(&voices).context("combine them")?;
    let trusts: Vec<_> = voices.iter().map(|(_, trust)| trust).collect();
    Ok(json!({
        "slips_2026_clamped": written(opinion::within_levels(combined)),
        "thesis_2020_unclamped": written(combined),
        "peer_trust": trusts,
    }))
}

fn written(opinion: DovecotOpinion) -> Value {
    json!({"score": opinion.score, "confidence": opinion.confidence})
}

fn reliability(inputs: &Value) -> Result<Value> {
    let mut published = None;
    for row in list(&inputs["rows"])? {
        let [_published_at, value] = numbers(row)?;
        published = Some(Published::with(published, value));
    }
    let published = published.context("find a row")?;
    Ok(json!(published.read(&DovecotDefects::AS_DEPLOYED)))
}

/// Returns the rows for an address about which one peer speaks, itself at 1.1.1.1 unless said
/// otherwise, of reliability 1, and of whom this node thinks (0.5, 0.5).
fn rows(inputs: &Value) -> Result<Value> {
    let peer = text(&inputs["peer"])?;
    // "q at 9.9.9.9 reports 9.9.9.9"
    let spoken = peer
        .split_once(" at ")
        .and_then(|(_, rest)| rest.split_once(" reports "));
    let (address, is_about_itself) = match spoken {
        Some((own, reported)) => (own, own == reported),
        None => ("1.1.1.1", false),
    };
    let scores = match inputs.get("reports") {
        Some(scores) => list(scores)?.iter().map(number).collect::<Result<_>>()?,
        None => vec![1.0],
    };
    let voices = scores.into_iter().map(|score| Spoken {
        speaker: peer,
        opinion: DovecotOpinion {
            score,
            confidence: 1.0,
        },
        is_about_itself,
    });
    let speaker = Speaker {
        reliability: Some(1.0),
        of_address: Some(DovecotOpinion {
            score: 0.5,
            confidence: 0.5,
        }),
    };
    let defects = DovecotDefects::AS_DEPLOYED;
    let voices: Vec<_> = voices.collect();
    let Some(rows) = voice::rows(&defects, &voices, |_| Some(speaker)) else {
        return Ok(json!("TypeError"));
    };
    let rows = rows.iter().map(|row| {
        let (opinion, of_address) = (row.opinion, row.of_address);
        let said = [opinion.score, opinion.confidence, row.reliability];
        json!([
            said[0],
            said[1],
            said[2],
            of_address.score,
            of_address.confidence,
            address
        ])
    });
    Ok(rows.collect())
}

fn ratings(inputs: &Value) -> Result<Value> {
    let mut ratings = Ratings::default();
    let mut peer = DovecotPeer::default();
    for rating in list(inputs)? {
        let is_good = match number(rating)? {
            0.0 => false,
            1.0 => true,
            other => bail!("no rating is {other}"),
        };
        ratings.rate(is_good);
        peer.rate(is_good);
    }
    let mean = ratings.mean();
    let published = peer.published.map(|it| it.newest);
    if mean != published {
        bail!("{published:?} is published of {mean:?}");
    }
    Ok(mean.map_or_else(|| json!("NaN"), |mean| json!(mean)))
}

fn prediction(inputs: &Value) -> Result<Value> {
    let network = DovecotOpinion {
        score: number(&inputs["nscore"])?,
        confidence: number(&inputs["nconfidence"])?,
    };
    let own = DovecotOpinion {
        score: number(&inputs["score"])?,
        confidence: number(&inputs["confidence"])?,
    };
    let own_weight = number(&inputs["weight_ips"])?;
    Ok(json!(opinion::prediction(network, own, own_weight)))
}
