//! The casebook: what peers said of each indicator, what that came to, and what proved true.
//!
//! Alerts and answers to questions are voices in the same case. A case outlives the alerts in it,
//! so that what turns out later is held against whoever said otherwise first, whatever it says now.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    AlertId, Evidence, Indicator, NodeId, Score, Timestamp, Topic, Truth,
    trust::model::{Verdict, Voice},
};

/// Cases remembered: a day of a busy node, at a few hundred bytes each.
const CASES_MAX: usize = 50_000;

/// Voices remembered in one case: more say nothing new, and a crowd of strangers costs memory.
/// Beyond, whoever has more influence is heard in the place of who has least.
const VOICES_MAX: usize = 256;

/// Voices remembered in all: some 40 MiB.
const VOICES_TOTAL_MAX: usize = 200_000;

/// How long a case is remembered after somebody spoke in it last: the longest an alert lives.
const CASE_FOR: Duration = Duration::from_secs(24 * 3600);

/// How long an answer counts, and how rarely a source is asked about: Slips' and Fides' hour.
pub(crate) const ANSWER_FOR: Duration = Duration::from_secs(3600);

/// A voice and its time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Heard {
    /// What is said.
    pub(crate) voice: Voice,
    /// About which behaviour.
    pub(crate) topic: Topic,
    /// The alert that says it; `None` for an answer.
    pub(crate) alert: Option<AlertId>,
    /// When it came in.
    pub(crate) heard_at: Timestamp,
    /// Until when it counts towards a verdict.
    pub(crate) counts_until: Timestamp,
    /// How far its peer could move a verdict then, in nats: who can move least makes room first.
    pub(crate) influence: f64,
}

impl Heard {
    /// Returns whether the truth about the indicator can say anything about whoever said this.
    ///
    /// Floods and scans can be forged: who was attacked in somebody's name is no liar, and who
    /// reports it earns nothing either, unless it says that the source was proven to it.
    fn can_be_judged(&self) -> bool {
        let is_forgeable = matches!(self.topic, Topic::Flood | Topic::Scan);
        !is_forgeable || self.voice.evidence == Evidence::Verified
    }

    fn sign(&self) -> Ordering {
        let score = self.voice.opinion.score;
        score
            .partial_cmp(&Score::UNKNOWN)
            .unwrap_or(Ordering::Equal)
    }
}

/// What a peer says in a case now, and what it will be held to.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Word {
    now: Heard,
    /// The first it said since it was judged last: who changes or withdraws its word afterwards is
    /// held to it all the same.
    pledged: Heard,
    is_judged: bool,
}

impl Word {
    /// Takes in what the peer says now. To say the same again in another way does not weaken it.
    fn hear(&mut self, heard: Heard) {
        let mut heard = heard;
        if heard.sign() == self.now.sign() {
            heard.counts_until = heard.counts_until.max(self.now.counts_until);
            heard.voice.evidence = heard.voice.evidence.max(self.now.voice.evidence);
            heard.alert = heard.alert.or(self.now.alert);
        }
        self.now = heard;
        if self.is_judged && heard.sign() != self.pledged.sign() {
            self.pledged = heard; // a new word, to be judged if the truth turns out new
        }
    }
}

/// A verified truth about an indicator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Known {
    /// What it is.
    pub(crate) truth: Truth,
    /// Since when this node knows.
    pub(crate) known_at: Timestamp,
    /// Whether nobody else can know that it knows, so that asking about it is a challenge.
    pub(crate) is_private: bool,
}

/// What is known of one indicator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CaseFile {
    /// The behaviour that whoever has most influence speaks of.
    pub(crate) topic: Topic,
    voices: BTreeMap<NodeId, Word>,
    /// What it proved to be.
    pub(crate) known: Option<Known>,
    /// When the network was asked about it last.
    pub(crate) asked_at: Option<Timestamp>,
    /// What the network's answers came to, and when.
    pub(crate) opinion: Option<(Verdict, Timestamp)>,
    /// Whether the model was told that the voices are complete.
    pub(crate) is_concluded: bool,
    forgotten_at: Timestamp,
}

impl CaseFile {
    fn new(forgotten_at: Timestamp) -> Self {
        Self {
            topic: Topic::Other,
            voices: BTreeMap::new(),
            known: None,
            asked_at: None,
            opinion: None,
            is_concluded: false,
            forgotten_at,
        }
    }

    /// Returns the voices that count at `now`, in order of peer.
    pub(crate) fn voices_at(&self, now: Timestamp) -> Vec<Voice> {
        let counting = self.voices().filter(|it| now < it.counts_until);
        counting.map(|it| it.voice).collect()
    }

    /// Returns every voice that was heard, in order of peer.
    pub(crate) fn voices(&self) -> impl Iterator<Item = &Heard> {
        self.voices.values().map(|it| &it.now)
    }

    /// Takes in what the indicator is. Returns the voices that this says something new about,
    /// which are judged by it from now on.
    ///
    /// What was said after others could know the truth is left out: anybody can repeat it.
    pub(crate) fn judge_by(&mut self, news: Known) -> Vec<Voice> {
        match &mut self.known {
            Some(known) if known.truth == news.truth => known.is_private &= news.is_private,
            Some(_) | None => {
                // Whoever knows better now is heard about everybody.
                self.voices.values_mut().for_each(|it| it.is_judged = false);
                self.known = Some(news);
            }
        }
        self.unjudged()
    }

    /// Returns the voices that what is known says something new about; judged from now on.
    pub(crate) fn unjudged(&mut self) -> Vec<Voice> {
        let Some(known) = self.known else {
            return Vec::new();
        };
        let mut fresh = Vec::new();
        for word in self.voices.values_mut() {
            let was_foreseen = known.is_private || word.pledged.heard_at < known.known_at;
            if was_foreseen && !word.is_judged && word.pledged.can_be_judged() {
                word.is_judged = true;
                fresh.push(word.pledged.voice);
            }
        }
        fresh
    }

    /// Returns what `peer` said, if it may be judged and was not yet; judged from now on.
    pub(crate) fn unjudged_of(&mut self, peer: &NodeId) -> Option<Voice> {
        let word = self.voices.get_mut(peer)?;
        let is_open = !word.is_judged && word.pledged.can_be_judged();
        word.is_judged = true;
        is_open.then_some(word.pledged.voice)
    }

    /// Takes it that what was said so far was judged before the last restart.
    pub(crate) fn restore_known(&mut self, known: Known) {
        self.known = Some(known);
        self.voices.values_mut().for_each(|it| it.is_judged = true);
    }

    /// Takes in a voice where there is room for it; returns who made room for whom.
    fn hear(&mut self, peer: NodeId, heard: Heard) -> Seating {
        let most = self.voices().map(|it| it.influence).fold(-1.0, f64::max);
        if heard.influence > most && (heard.topic != Topic::Other || self.voices.is_empty()) {
            self.topic = heard.topic;
        }
        self.is_concluded = false;
        if let Some(word) = self.voices.get_mut(&peer) {
            word.hear(heard);
            return Seating::default();
        }
        let word = Word {
            now: heard,
            pledged: heard,
            is_judged: false,
        };
        if self.voices.len() < VOICES_MAX {
            self.voices.insert(peer, word);
            return Seating {
                came: Some(peer),
                went: None,
            };
        }
        let least = self
            .voices
            .iter()
            .min_by(|a, b| a.1.now.influence.total_cmp(&b.1.now.influence));
        if let Some((least, it)) = least.map(|(peer, it)| (*peer, it.now))
            && it.influence < heard.influence
        {
            self.voices.remove(&least);
            self.voices.insert(peer, word);
            return Seating {
                came: Some(peer),
                went: Some(least),
            };
        }
        Seating::default()
    }

    fn is_kept(&self) -> bool {
        self.asked_at.is_some() || self.known.is_some()
    }
}

/// Who has a voice in a case that had none before, and whose voice made room for it.
#[derive(Clone, Copy, Debug, Default)]
struct Seating {
    came: Option<NodeId>,
    went: Option<NodeId>,
}

/// Cases by indicator, bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Casebook {
    files: BTreeMap<Indicator, CaseFile>,
    /// What others spoke of unasked, first to be forgotten first: it makes room first.
    spoken: BTreeSet<(Timestamp, Indicator)>,
    /// What this node asked about or knows the truth of.
    kept: BTreeSet<(Timestamp, Indicator)>,
    voices: usize,
    /// Where each peer has a voice: as many places as there are voices.
    spoke: BTreeMap<NodeId, BTreeSet<Indicator>>,
}

impl Casebook {
    /// Returns the case about exactly `indicator`.
    pub(crate) fn file(&self, indicator: &Indicator) -> Option<&CaseFile> {
        self.files.get(indicator)
    }

    /// Returns every case in which `peer` spoke, with what it said.
    pub(crate) fn of_peer<'a>(
        &'a self,
        peer: &'a NodeId,
    ) -> impl Iterator<Item = (&'a Indicator, &'a CaseFile, &'a Heard)> {
        let spoke = self.spoke.get(peer).into_iter().flatten();
        spoke.filter_map(|indicator| {
            let file = self.files.get(indicator)?;
            Some((indicator, file, &file.voices.get(peer)?.pledged))
        })
    }

    /// Returns what this node knows of for certain and nobody else can know that it does.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Indicator> {
        let kept = self.kept.iter().map(|(_, indicator)| *indicator);
        kept.filter(|it| {
            let known = self.files.get(it).and_then(|file| file.known);
            known.is_some_and(|it| it.is_private)
        })
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Hears a voice; returns the cases that had to make room.
    pub(crate) fn hear(
        &mut self,
        indicator: Indicator,
        heard: Heard,
    ) -> Vec<(Indicator, CaseFile)> {
        let mut evicted = self.make_room();
        let (peer, at) = (heard.voice.peer, heard.heard_at);
        let (seating, more) = self.change(indicator, at, |file| file.hear(peer, heard));
        if let Some(came) = seating.came {
            self.voices += 1;
            self.spoke.entry(came).or_default().insert(indicator);
        }
        if let Some(went) = seating.went {
            self.forget_voice(&went, &indicator);
        }
        evicted.extend(more);
        evicted
    }

    /// Changes the case about `indicator`, which is opened where there is none; returns also the
    /// cases that had to make room.
    pub(crate) fn change<T>(
        &mut self,
        indicator: Indicator,
        now: Timestamp,
        change: impl FnOnce(&mut CaseFile) -> T,
    ) -> (T, Vec<(Indicator, CaseFile)>) {
        let mut evicted = Vec::new();
        while !self.files.contains_key(&indicator) && self.files.len() >= CASES_MAX {
            let Some(gone) = self.evict() else { break };
            evicted.push(gone);
        }
        let forgotten_at = now + CASE_FOR;
        let file = self
            .files
            .entry(indicator)
            .or_insert_with(|| CaseFile::new(forgotten_at));
        let (spoken, kept) = (&mut self.spoken, &mut self.kept);
        let key = (file.forgotten_at, indicator);
        let _ = spoken.remove(&key) || kept.remove(&key); // neither holds a new case
        file.forgotten_at = file.forgotten_at.max(forgotten_at);
        let changed = change(file);
        let order = if file.is_kept() { kept } else { spoken };
        order.insert((file.forgotten_at, indicator));
        (changed, evicted)
    }

    /// Changes the case about `indicator`, if there is one, and leaves its end as it is.
    pub(crate) fn change_known<T>(
        &mut self,
        indicator: &Indicator,
        change: impl FnOnce(&mut CaseFile) -> T,
    ) -> Option<T> {
        let file = self.files.get_mut(indicator)?;
        let key = (file.forgotten_at, *indicator);
        let changed = change(file);
        let _ = self.spoken.remove(&key) || self.kept.remove(&key);
        let order = if file.is_kept() {
            &mut self.kept
        } else {
            &mut self.spoken
        };
        order.insert(key);
        Some(changed)
    }

    /// Takes back what `peer` said of `indicator` in `alert`: it counts no more from `now` on, and
    /// is not forgotten.
    pub(crate) fn take_back(
        &mut self,
        now: Timestamp,
        indicator: &Indicator,
        (peer, alert): (&NodeId, AlertId),
    ) {
        let file = self.files.get_mut(indicator);
        if let Some(word) = file.and_then(|it| it.voices.get_mut(peer))
            && word.now.alert == Some(alert)
        {
            word.now.counts_until = word.now.counts_until.min(now);
        }
    }

    /// Removes and returns the cases that are over at `now`.
    pub(crate) fn remove_due(&mut self, now: Timestamp) -> Vec<(Indicator, CaseFile)> {
        let mut ended = Vec::new();
        while let Some((_, indicator)) = self.first().filter(|(due, _)| *due <= now) {
            ended.extend(self.remove(&indicator));
        }
        ended
    }

    /// Returns when the next case is over.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.first().map(|(due, _)| due)
    }

    fn first(&self) -> Option<(Timestamp, Indicator)> {
        let firsts = [self.spoken.first(), self.kept.first()];
        firsts.into_iter().flatten().min().copied()
    }

    /// Makes room for one more voice.
    fn make_room(&mut self) -> Vec<(Indicator, CaseFile)> {
        let mut evicted = Vec::new();
        while self.voices >= VOICES_TOTAL_MAX {
            let Some(gone) = self.evict() else { break };
            evicted.push(gone);
        }
        evicted
    }

    fn evict(&mut self) -> Option<(Indicator, CaseFile)> {
        let oldest = self.spoken.first().or_else(|| self.kept.first());
        let (_, oldest) = *oldest?;
        self.remove(&oldest)
    }

    /// Takes it that `peer` has no voice in the case about `indicator` any more.
    fn forget_voice(&mut self, peer: &NodeId, indicator: &Indicator) {
        self.voices -= 1;
        if let Some(spoke) = self.spoke.get_mut(peer) {
            spoke.remove(indicator);
            if spoke.is_empty() {
                self.spoke.remove(peer);
            }
        }
    }

    fn remove(&mut self, indicator: &Indicator) -> Option<(Indicator, CaseFile)> {
        let file = self.files.remove(indicator)?;
        let key = (file.forgotten_at, *indicator);
        let _ = self.spoken.remove(&key) || self.kept.remove(&key);
        for peer in file.voices.keys() {
            self.forget_voice(peer, indicator);
        }
        Some((*indicator, file))
    }
}

#[cfg(test)]
mod tests;
