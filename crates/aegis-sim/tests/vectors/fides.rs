//! Fides' functions by their original names.

use std::num::{NonZeroU8, NonZeroU32};

use aegis_core::Confidence;
use aegis_core::trust::fides::aggregation::{self, Aggregation, Answer, FidesOpinion};
use aegis_core::trust::fides::evaluation::{self, Baseline, Evaluation};
use aegis_core::trust::fides::service::{self, Beliefs, Interaction};
use aegis_core::trust::fides::{
    FidesConfig, FidesDefects, FidesPeer, Pretrusted, recommendation, selection,
};
use aegis_core::trust::model::SortRecord;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::{Vector, fields, flow, list, number, numbers, text};

/// Computes a vector's answer.
pub(crate) fn compute(vector: &Vector) -> Result<Value> {
    let Vector {
        function, inputs, ..
    } = vector;
    // What stands behind the name in brackets, or a number of calls, says how it was run.
    let (name, _) = function.split_once(" ").unwrap_or((function, ""));
    match name {
        "fides.evaluation.service.peer_update.update_service_data_for_peer" => update(inputs),
        "fides.evaluation.service.process.process_service_interaction" => interact(inputs),
        "fides.evaluation.ti_aggregation.{Average,WeightedAverage,StdevFromScore}*.assemble_peer_opinion" => {
            aggregate(inputs)
        }
        "fides.evaluation.ti_evaluation.*.evaluate" => evaluate(inputs),
        "fides.evaluation.recommendation.process.process_new_recommendations" => recommend(inputs),
        "fides.evaluation.recommendation.selection.select_trustworthy_peers_for_recommendations" => {
            select(inputs)
        }
        "fides.protocols.initial_trusl.InitialTrustProtocol.determine_and_store_initial_trust" => {
            meet(inputs)
        }
        "fides.protocols.alert.AlertProtocol.handle_alert" => flow::alerts(inputs),
        "fides.protocols.threat_intelligence.ThreatIntelligenceProtocol.handle_intelligence_request" => {
            flow::laundering(inputs)
        }
        "fides.protocols.threat_intelligence.ThreatIntelligenceProtocol.handle_intelligence_response" => {
            flow::rounds(inputs, &vector.outputs)
        }
        "fides.protocols.recommendation.RecommendationProtocol.handle_recommendation_response" => {
            flow::recommendations(inputs)
        }
        _ => bail!("nothing here computes {function}"),
    }
}

fn update(inputs: &Value) -> Result<Value> {
    let mut peer = FidesPeer {
        reputation: number(&inputs["reputation"])?,
        interactions: history(&inputs["history"])?,
        ..FidesPeer::default()
    };
    let newest = peer.interactions.pop().context("find an interaction")?;
    peer.interact(&config(inputs)?, newest);
    Ok(json!({
        "competence_belief": peer.beliefs.competence,
        "integrity_belief": peer.beliefs.integrity,
        "service_trust": peer.service_trust,
    }))
}

fn interact(inputs: &Value) -> Result<Value> {
    let is_fixed = inputs["has_fixed_trust"].as_bool().unwrap_or(false);
    // Whose trust is enforced is believed in advance.
    let belief = f64::from(u8::from(is_fixed));
    let mut peer = FidesPeer {
        service_trust: inputs["service_trust"].as_f64().unwrap_or(0.0),
        reputation: number(&inputs["reputation"])?,
        beliefs: Beliefs {
            competence: belief,
            integrity: belief,
        },
        is_fixed,
        interactions: history(&inputs["history"])?,
        ..FidesPeer::default()
    };
    let newest = Interaction {
        satisfaction: number(&inputs["new"]["satisfaction"])?,
        weight: weight(text(&inputs["new"]["weight"])?)?,
    };
    peer.interact(&config(inputs)?, newest);
    Ok(described(&peer))
}

fn aggregate(inputs: &Value) -> Result<Value> {
    let mut answers = Vec::new();
    for row in list(&inputs["reports_score_conf_trust"])? {
        let [score, confidence, trust] = numbers(row)?;
        answers.push(Answer {
            opinion: FidesOpinion { score, confidence },
            trust,
        });
    }
    let answer = |aggregation| match aggregation::aggregate(aggregation, &answers) {
        Some(FidesOpinion { score, confidence }) => {
            json!({"score": score, "confidence": confidence})
        }
        None => json!("ZeroDivisionError"),
    };
    Ok(json!({
        "average": answer(Aggregation::Average),
        "weightedAverage": answer(Aggregation::WeightedAverage),
        "stdevFromScore": answer(Aggregation::DeviationFromScore),
    }))
}

fn evaluate(inputs: &Value) -> Result<Value> {
    let local = &inputs["local"];
    let baseline = Baseline {
        network: opinion(&inputs["aggregated"])?,
        local: if local.is_null() {
            None
        } else {
            Some(opinion(local)?)
        },
        even: 1.0,
    };
    let evaluations = [
        ("even", Evaluation::Even),
        ("distance", Evaluation::Distance),
        ("localDistance", Evaluation::LocalDistance),
        ("threshold_0.7_even_distance", threshold(0.7)?),
        ("threshold_0.5_even_distance", threshold(0.5)?),
        ("maxConfidence", Evaluation::MaxConfidence),
        ("weighedDistance_0.4", weighed(0.4)?),
    ];
    let mut answers = Map::new();
    for (name, evaluation) in evaluations {
        let mut satisfactions = Map::new();
        for (peer, answer) in fields(&inputs["responses"])? {
            let satisfaction = evaluation::satisfaction(evaluation, &baseline, opinion(answer)?);
            satisfactions.insert(peer.clone(), json!(satisfaction));
        }
        answers.insert(name.to_owned(), Value::Object(satisfactions));
    }
    Ok(Value::Object(answers))
}

fn recommend(inputs: &Value) -> Result<Value> {
    let config = config(inputs)?;
    let mut subject = FidesPeer {
        service_trust: number(&inputs["subject"]["st"])?,
        reputation: number(&inputs["subject"]["r"])?,
        ..FidesPeer::default()
    };
    let mut names = Vec::new();
    let mut answers = Vec::new();
    for (name, answer) in fields(&inputs["recommendations_cb_ib_sh_r_eta"])? {
        let recommender = &inputs["recommenders"][name];
        let history = &recommender["rh"];
        let peer = FidesPeer {
            reputation: number(&recommender["r"])?,
            recommendation_trust: number(&recommender["rt"])?,
            recommendations: if history.is_null() {
                Vec::new()
            } else {
                self::history(history)?
            },
            ..FidesPeer::default()
        };
        names.push(name);
        answers.push((peer, record(answer)?));
    }
    recommendation::process(&config, &mut subject, &mut answers);
    let mut outputs = Map::new();
    outputs.insert("j".to_owned(), recommended(&subject));
    for (name, (peer, _)) in names.into_iter().zip(&answers) {
        outputs.insert(name.clone(), recommended(peer));
    }
    Ok(Value::Object(outputs))
}

fn select(inputs: &Value) -> Result<Value> {
    let mut trusts = Vec::new();
    for (name, trust) in fields(&inputs["data"])? {
        trusts.push((name.as_str(), number(trust)?));
    }
    let peers_max = inputs["max_peers"].as_u64().context("find a bound")?;
    let selected = selection::by_deviation(&trusts, usize::try_from(peers_max)?);
    Ok(json!({ "selected": selected }))
}

/// Meets a peer under the sample configuration that Fides is shipped with.
fn meet(inputs: &Value) -> Result<Value> {
    let config = FidesConfig {
        initial_reputation: confidence(&inputs["initialReputation"])?,
        ..as_deployed()
    };
    let itself = pretrusted(text(&inputs["peer"])?);
    let organisations = list(&inputs["organisations"])?;
    let organisations = organisations.iter().filter_map(Value::as_str);
    let organisations: Vec<_> = organisations.filter_map(pretrusted).collect();
    Ok(described(&FidesPeer::met(&config, itself, &organisations)))
}

/// Returns a trusted peer or organisation of the sample configuration.
pub(crate) fn pretrusted(name: &str) -> Option<Pretrusted> {
    match name {
        "org1" | "peer1" => Some(Pretrusted {
            trust: 0.1,
            is_enforced: true,
        }),
        "org2" | "peer2" => Some(Pretrusted {
            trust: 0.9,
            is_enforced: false,
        }),
        _ => None,
    }
}

pub(crate) fn as_deployed() -> FidesConfig {
    FidesConfig {
        defects: FidesDefects::AS_DEPLOYED,
        ..FidesConfig::default()
    }
}

/// Returns the configuration that inputs name parts of.
fn config(inputs: &Value) -> Result<FidesConfig> {
    let mut config = as_deployed();
    let bound = |name: &str| inputs[name].as_u64();
    if let Some(history_max) = bound("sh_max") {
        config.service_history_max = NonZeroU8::try_from(u8::try_from(history_max)?)?;
    }
    if let Some(history_max) = bound("rh_max") {
        config.recommendation_history_max = NonZeroU8::try_from(u8::try_from(history_max)?)?;
    }
    if let Some(recommenders_max) = bound("eta_max") {
        config.recommenders_max = NonZeroU32::try_from(u32::try_from(recommenders_max)?)?;
    }
    Ok(config)
}

pub(crate) fn threshold(at: f64) -> Result<Evaluation> {
    let at = Confidence::new(at).context("find a threshold")?;
    Ok(Evaluation::Threshold { at })
}

pub(crate) fn weighed(local_weight: f64) -> Result<Evaluation> {
    let local_weight = Confidence::new(local_weight).context("find a weight")?;
    Ok(Evaluation::WeighedDistance { local_weight })
}

pub(crate) fn confidence(value: &Value) -> Result<Confidence> {
    Confidence::new(number(value)?).with_context(|| format!("find a confidence in {value}"))
}

pub(crate) fn record(answer: &Value) -> Result<SortRecord> {
    let [_, _, interactions, _, recommenders] = numbers(answer)?;
    Ok(SortRecord {
        competence: confidence(&answer[0])?,
        integrity: confidence(&answer[1])?,
        interactions: interactions as u32,
        reputation: confidence(&answer[3])?,
        recommenders: recommenders as u32,
    })
}

/// Returns a peer as the originals' functions return it.
pub(crate) fn described(peer: &FidesPeer) -> Value {
    json!({
        "service_trust": peer.service_trust,
        "reputation": peer.reputation,
        "recommendation_trust": peer.recommendation_trust,
        "competence_belief": peer.beliefs.competence,
        "integrity_belief": peer.beliefs.integrity,
        "eta": peer.recommenders,
        "sh": peer.interactions.len(),
        "rh": peer.recommendations.len(),
        "has_fixed_trust": peer.is_fixed,
    })
}

/// Returns a peer as the vectors of recommendations show it.
fn recommended(peer: &FidesPeer) -> Value {
    let history = peer
        .recommendations
        .iter()
        .map(|it| json!([it.satisfaction, it.weight]));
    json!({
        "service_trust": peer.service_trust,
        "reputation": peer.reputation,
        "recommendation_trust": peer.recommendation_trust,
        "eta": peer.recommenders,
        "rh": history.collect::<Vec<_>>(),
    })
}

fn history(value: &Value) -> Result<Vec<Interaction>> {
    let rows = list(value)?.iter();
    rows.map(|row| {
        let [satisfaction, weight] = numbers(row)?;
        Ok(Interaction {
            satisfaction,
            weight,
        })
    })
    .collect()
}

fn opinion(value: &Value) -> Result<FidesOpinion> {
    let [score, confidence] = numbers(value)?;
    Ok(FidesOpinion { score, confidence })
}

fn weight(name: &str) -> Result<f64> {
    match name {
        "FIRST_ENCOUNTER" => Ok(service::FIRST_ENCOUNTER_WEIGHT),
        "INTELLIGENCE_REQUEST" => Ok(service::REQUEST_WEIGHT),
        "ALERT" => Ok(service::ALERT_WEIGHT),
        "INTELLIGENCE_DATA_REPORT" => Ok(service::ANSWER_WEIGHT),
        "RECOMMENDATION_RESPONSE" => Ok(service::RECOMMENDATION_WEIGHT),
        _ => bail!("no interaction is called {name}"),
    }
}
