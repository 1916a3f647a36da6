//! What the network thinks of an indicator, and whose word that rests on.

use aegis_api::{LocalOpinion, NetworkOpinion, Stance, VoiceLine};

use crate::text::{amount, count, shown, signed, span};

/// Tells what the peers answered and what it comes to.
pub(crate) fn opinion(opinion: &NetworkOpinion) -> String {
    let mut text = format!("{} is {}\n", opinion.indicator, opinion.stance);
    text.push_str(&verdict(opinion));
    text.push_str(&answers(opinion));
    text.push_str(&local(opinion.local.as_ref()));
    text.push_str(&voices(opinion));
    text.push_str(&hint(opinion));
    text
}

/// Tells what all words come to, as a section of a report that tells more.
pub(super) fn opinion_section(opinion: &NetworkOpinion) -> String {
    let mut text = format!("Opinion of the network: {}\n", opinion.stance);
    text.push_str(&verdict(opinion));
    text.push_str(&voices(opinion));
    text.push_str(&hint(opinion));
    text
}

fn verdict(opinion: &NetworkOpinion) -> String {
    let mut text = format!(
        "  score {}, confidence {:.2}, {} % likely malicious\n",
        signed(opinion.score),
        opinion.confidence.value(),
        opinion.probability.percent()
    );
    text.push_str(&format!(
        "  independent voices: {}\n",
        amount(opinion.independent_voices)
    ));
    let is_silent = opinion.voices_total == 0 && opinion.local.is_none();
    match opinion.stance {
        Stance::Benign | Stance::Malicious => {}
        Stance::Unknown if is_silent => text.push_str("  nobody says anything of it\n"),
        Stance::Unknown => text.push_str("  too little is known to act on it\n"),
    }
    text
}

fn answers(opinion: &NetworkOpinion) -> String {
    if opinion.asked == 0 {
        return "  there was no peer to ask\n".into();
    }
    let asked = count(opinion.asked, "peer");
    let (answered, waited_ms) = (opinion.answered, opinion.waited_ms);
    format!("  {answered} of {asked} answered in {waited_ms} ms\n")
}

fn local(local: Option<&LocalOpinion>) -> String {
    let Some(local) = local else {
        return "This node: saw nothing\n".into();
    };
    format!(
        "This node\n  score {}, confidence {:.2}{}\n",
        signed(local.score),
        local.confidence.value(),
        seen(local.sightings, local.age_secs)
    )
}

fn voices(opinion: &NetworkOpinion) -> String {
    if opinion.voices.is_empty() {
        return "Voices: none\n".into();
    }
    let mut text = String::from("Voices\n");
    for voice in &opinion.voices {
        text.push_str(&voice_block(voice));
    }
    let more = opinion
        .voices_total
        .saturating_sub(opinion.voices.len() as u64);
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
    text
}

/// The id alone takes most of a line, so what the peer says has one of its own.
fn voice_block(voice: &VoiceLine) -> String {
    format!(
        "  {}  weight {} %\n    score {}, confidence {:.2}, {}{}\n",
        voice.peer,
        voice.weight_percent,
        signed(voice.score),
        voice.confidence.value(),
        voice.evidence,
        seen(voice.sightings, voice.age_secs)
    )
}

/// Returns what stands behind an opinion; nothing where the speaker does not say.
fn seen(sightings: u32, age_secs: u64) -> String {
    let age = span(age_secs);
    match sightings {
        0 => format!(", {age} ago"),
        1 => format!(", 1 sighting, {age} ago"),
        several => format!(", {several} sightings, {age} ago"),
    }
}

fn hint(opinion: &NetworkOpinion) -> String {
    let Some(hint) = &opinion.hint else {
        return String::new();
    };
    format!(
        "Your own word would help: {:.2} of 1\n  {}\n",
        opinion.check_value,
        shown(hint)
    )
}
