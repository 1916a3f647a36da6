//! Whole flows of Fides, through the model that the daemon runs.

use std::time::Duration;

use aegis_core::trust::fides::evaluation::Evaluation;
use aegis_core::trust::fides::{FidesConfig, FidesModel, aggregation::Aggregation};
use aegis_core::trust::model::{
    Case, Deed, Introduction, Recommendation, TrustModel, Verdict, Voice,
};
use aegis_core::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::fides::{as_deployed, confidence, described, pretrusted, record, threshold, weighed};
use crate::{fields, list, node, numbers, text};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// Hears alerts of a peer never seen, each of them surely malicious.
pub(crate) fn alerts(inputs: &Value) -> Result<Value> {
    let count = inputs["alerts"].as_u64().context("find how many alerts")?;
    let mut model = FidesModel::new(as_deployed());
    let author = node(1);
    let opinion = opinion(-1.0, 1.0);
    model.meet(NOW, author, Introduction::default());
    let mut last = Verdict::UNKNOWN;
    for _ in 0..count {
        last = model
            .judge_alert(&author, &opinion)
            .context("judge the alert of a peer")?;
        model.book(NOW, author, Deed::Alerted);
    }
    Ok(json!({"opinion": fides(&last), "sender": sender(&model, &author)?}))
}

/// Lies until the history holds nothing else, then asks questions.
pub(crate) fn laundering(inputs: &Value) -> Result<Value> {
    let requests = inputs["requests_sent"].as_u64().context("find how many")?;
    let config = FidesConfig {
        evaluation: Evaluation::Distance,
        ..as_deployed()
    };
    let mut model = FidesModel::new(config);
    let liar = node(1);
    model.meet(NOW, liar, Introduction::default());
    for row in list(&inputs["history_before"])? {
        let [satisfaction, weight] = numbers(row)?;
        conclude_with(&mut model, liar, satisfaction, weight)?;
    }
    let before = sender(&model, &liar)?;
    for _ in 0..requests {
        model.book(NOW, liar, Deed::Asked);
    }
    Ok(json!({"before": before, "after": sender(&model, &liar)?}))
}

/// Asks round after round, and tells what the network answered and what it is trusted afterwards.
pub(crate) fn rounds(inputs: &Value, outputs: &Value) -> Result<Value> {
    let config = FidesConfig {
        initial_reputation: confidence(&inputs["initialReputation"])?,
        aggregation: aggregation(text(&inputs["aggregation"])?)?,
        evaluation: evaluation(text(&inputs["evaluation"])?)?,
        ..FidesConfig::default()
    };
    let mut model = FidesModel::new(config);
    let names: Vec<_> = fields(&inputs["peers_orgs"])?.keys().collect();
    for (place, organisations) in fields(&inputs["peers_orgs"])?.values().enumerate() {
        model.meet(NOW, node(place), introduction(organisations)?);
    }
    let mut all = Vec::new();
    for (index, (target, reports)) in questions(&inputs["rounds"])?.into_iter().enumerate() {
        let verdict = ask(&mut model, &names, &reports)?;
        let trusts = names.iter().enumerate().map(|(place, name)| {
            let trust = model.trust_of(NOW, &node(place)).service_trust.value();
            ((*name).clone(), json!(trust))
        });
        all.push(json!({
            "index": index,
            "target": target,
            "opinion": fides(&verdict),
            "service_trust": trusts.collect::<Map<_, _>>(),
        }));
    }
    shown(all, outputs)
}

/// Hears a recommendation, in the flow that forgets at once what it learnt of the recommender.
pub(crate) fn recommendations(inputs: &Value) -> Result<Value> {
    let (_, organisation) = text(&inputs["recommender"])?
        .split_once(' ')
        .context("find the recommender's organisation")?;
    let organisation = organisation.trim_matches(['(', ')']);
    let mut model = FidesModel::new(as_deployed());
    let (recommender, subject) = (node(1), node(2));
    model.meet(NOW, recommender, introduction(&json!([organisation]))?);
    model.meet(NOW, subject, Introduction::default());
    let z_before = sender(&model, &recommender)?;
    let j_before = sender(&model, &subject)?;
    let answer = Recommendation {
        sort: record(&inputs["recommendation_cb_ib_sh_r_eta"])?,
        ..Recommendation::default()
    };
    model.consider(NOW, subject, &[(recommender, answer)]);
    Ok(json!({
        "z_before": z_before,
        "z_after": sender(&model, &recommender)?,
        "j_before": j_before,
        "j_after": sender(&model, &subject)?,
    }))
}

/// Asks one question; `reports` are answers by name, on Fides' scale.
fn ask(model: &mut FidesModel, names: &[&String], reports: &Value) -> Result<Verdict> {
    let mut voices = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let Some(report) = reports.get(name.as_str()) else {
            continue;
        };
        let [score, confidence] = numbers(report)?;
        voices.push(voice(node(place), opinion(score, confidence)));
    }
    let case = Case {
        topic: Topic::Other,
        voices: &voices,
        local: None,
    };
    let verdict = model.judge(NOW, &case);
    model.conclude(NOW, &case, &verdict);
    Ok(verdict)
}

/// Lets a peer answer so that it serves as well as `satisfaction` says.
fn conclude_with(
    model: &mut FidesModel,
    peer: NodeId,
    satisfaction: f64,
    weight: f64,
) -> Result<()> {
    if weight != 1.0 {
        bail!("an answer always weighs 1");
    }
    // Whoever agrees with a base line is as satisfying as that is sure.
    let voices = [voice(peer, opinion(1.0, 1.0))];
    let case = Case {
        topic: Topic::Other,
        voices: &voices,
        local: None,
    };
    let verdict = Verdict {
        score: Score::BENIGN,
        confidence: Confidence::new(satisfaction).context("find a satisfaction")?,
        ..Verdict::UNKNOWN
    };
    model.conclude(NOW, &case, &verdict);
    Ok(())
}

/// Returns the questions of a flow: each indicator with the answers about it.
fn questions(rounds: &Value) -> Result<Vec<(String, Value)>> {
    let Some(summary) = rounds.as_str() else {
        let rounds = list(rounds)?.iter();
        return rounds
            .map(|it| Ok((text(&it["target"])?.to_owned(), it["reports"].clone())))
            .collect();
    };
    // "150 x identical report {a,b,c}: [0.9,0.9] on targets t0..t149"
    let (count, rest) = summary
        .split_once(" x identical report {")
        .context("count")?;
    let (names, rest) = rest.split_once("}: ").context("find the peers")?;
    let (report, _) = rest
        .split_once(" on targets t0..")
        .context("find the report")?;
    let report: Value = serde_json::from_str(report)?;
    let reports = names
        .split(',')
        .map(|name| (name.to_owned(), report.clone()));
    let reports = Value::Object(reports.collect());
    let count: usize = count.parse()?;
    Ok((0..count)
        .map(|at| (format!("t{at}"), reports.clone()))
        .collect())
}

/// Returns those rounds that a vector shows, without their index where it does not show that.
fn shown(rounds: Vec<Value>, outputs: &Value) -> Result<Value> {
    let wanted = list(&outputs["rounds"])?;
    let shown = wanted.iter().enumerate().map(|(place, wanted)| {
        let index = match wanted["index"].as_u64() {
            Some(index) => usize::try_from(index)?,
            None => place,
        };
        let mut round = rounds.get(index).context("find a round")?.clone();
        if wanted.get("index").is_none() {
            round
                .as_object_mut()
                .and_then(|it| it.remove("index"))
                .context("find the index")?;
        }
        Ok(round)
    });
    Ok(json!({ "rounds": shown.collect::<Result<Vec<_>>>()? }))
}

fn introduction(organisations: &Value) -> Result<Introduction> {
    let mut names = list(organisations)?.iter().filter_map(Value::as_str);
    let Some(pretrusted) = names.next().and_then(pretrusted) else {
        return Ok(Introduction::default());
    };
    Ok(Introduction {
        pretrust: Confidence::new(pretrusted.trust).context("find a trust")?,
        is_fixed: pretrusted.is_enforced,
    })
}

fn aggregation(class: &str) -> Result<Aggregation> {
    match class {
        "AverageConfidenceTIAggregation" => Ok(Aggregation::Average),
        "WeightedAverageConfidenceTIAggregation" => Ok(Aggregation::WeightedAverage),
        "StdevFromScoreTIAggregation" => Ok(Aggregation::DeviationFromScore),
        _ => bail!("no aggregation is called {class}"),
    }
}

fn evaluation(class: &str) -> Result<Evaluation> {
    match class {
        "EvenTIEvaluation" => Ok(Evaluation::Even),
        "DistanceBasedTIEvaluation" => Ok(Evaluation::Distance),
        "LocalCompareTIEvaluation" => Ok(Evaluation::LocalDistance),
        "ThresholdTIEvaluation" => threshold(0.7),
        "MaxConfidenceTIEvaluation" => Ok(Evaluation::MaxConfidence),
        "WeighedDistanceToLocalTIEvaluation" => weighed(0.4),
        _ => bail!("no evaluation is called {class}"),
    }
}

/// Returns an opinion that Fides would write so.
fn opinion(score: f64, confidence: f64) -> Opinion {
    Opinion {
        score: Score::clamped(-score),
        confidence: Confidence::clamped(confidence),
        sightings: 0,
        age: Duration::ZERO,
    }
}

fn voice(peer: NodeId, opinion: Opinion) -> Voice {
    Voice {
        peer,
        opinion,
        evidence: Evidence::Verified,
    }
}

/// Writes a verdict as Fides would.
fn fides(verdict: &Verdict) -> Value {
    json!({"score": -verdict.score.value(), "confidence": verdict.confidence.value()})
}

fn sender(model: &FidesModel, peer: &NodeId) -> Result<Value> {
    Ok(described(model.peer(peer).context("find a peer")?))
}
