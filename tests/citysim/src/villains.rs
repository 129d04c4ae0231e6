//! Those who carry out attacks, at the sink.

use model::Timestamp;

use crate::attack::Move;
use crate::deed::{Act, Answer, Outcome, Sink};
use crate::run::{Call, Run};

impl<S: Sink> Run<'_, S> {
    /// One of them goes on.
    pub(crate) fn attack(&mut self, number: usize, at: Timestamp) {
        if let Some(until) = self.outage(at) {
            return self.say(until.plus_millis(60_000), Call::Culprit(number));
        }
        let Some(culprit) = self.culprits.get_mut(number) else { return };
        let Some(instance) = self.instances.get_mut(culprit.instance) else { return };
        let Some(kind) = self.mix.attack.get(instance.kind) else { return };
        if culprit.means.is_none() && !culprit.over {
            culprit.begin(kind, &mut self.city, at);
            instance.begun.get_or_insert(at);
            instance.devices.extend(culprit.means.map(|means| means.device));
            instance.users.extend(culprit.scene.user);
            if crate::attack::by_insiders(kind) {
                self.insiders.extend(culprit.scene.user);
            }
        }
        match culprit.next(kind, &self.city, &self.calendar, at) {
            Move::Over => self.leaves(number, at),
            Move::Wait(until) => self.say(until, Call::Culprit(number)),
            Move::Now(act) => {
                for first in culprit.arrive(kind, self.mix, &mut self.city, at) {
                    self.carry_out(number, &first, at);
                }
                let outcome = self.carry_out(number, &act, at);
                let Some(culprit) = self.culprits.get_mut(number) else { return };
                let next = culprit.take(act, outcome, kind, &self.calendar, at);
                if culprit.over { self.leaves(number, at) } else { self.say(next, Call::Culprit(number)) }
            }
        }
    }

    /// One act of an attack, and what it came to.
    fn carry_out(&mut self, number: usize, act: &Act, at: Timestamp) -> Outcome {
        let Some(culprit) = self.culprits.get(number) else { return Outcome::Refused };
        let (Some(hand), of) = (culprit.hand(), culprit.instance) else { return Outcome::Refused };
        let Some(kind) = self.instances.get(of).and_then(|instance| self.kind(instance)) else {
            return Outcome::Refused;
        };
        let counts = culprit.counts(kind);
        if let (Act::SignIn { owner: Some(owner), right, .. }, Some(instance)) = (act, self.instances.get_mut(of)) {
            if !*right {
                instance.victims.insert(*owner);
            } else if !instance.users.contains(owner) {
                instance.users.push(*owner);
            }
        }
        if counts && let Some(instance) = self.instances.get_mut(of) {
            instance.counts_from.get_or_insert(at);
        }
        let before = self.culprits.get(number).and_then(|culprit| culprit.stopped).is_some();
        let answer = self.deed(at, hand, act);
        self.score.villain(act, answer.outcome);
        if counts {
            self.count(number, act, &answer, before);
        }
        answer.outcome
    }

    /// What belongs to the time before he was held: also the act that betrayed him.
    fn count(&mut self, number: usize, act: &Act, answer: &Answer, held: bool) {
        let Some(culprit) = self.culprits.get_mut(number) else { return };
        let loot = &mut culprit.loot;
        loot.acts += 1;
        loot.records_in_all += answer.records;
        if held {
            return;
        }
        loot.records += answer.records;
        loot.strange.extend(&answer.strange);
        loot.refused += u32::from(answer.outcome == Outcome::Refused);
        loot.edits += u32::from(matches!(act, Act::Write { .. }) && answer.outcome == Outcome::Done);
    }

    /// One of them acts no more; with the last the attack has ended.
    pub(crate) fn leaves(&mut self, number: usize, at: Timestamp) {
        let Some(culprit) = self.culprits.get_mut(number) else { return };
        culprit.over = true;
        let of = culprit.instance;
        let Some(instance) = self.instances.get_mut(of) else { return };
        let all_over =
            instance.culprits.iter().all(|other| self.culprits.get(*other).is_none_or(|culprit| culprit.over));
        if all_over {
            instance.ended.get_or_insert(at);
        }
    }
}
