//! Why a decision is as it is, and what would have to be otherwise: for the officer (`sekisho explain`), never for the
//! subject, since it speaks of the person (promise P4).

use std::fmt;
use std::sync::Arc;

use cedar_policy::PolicySet;
use model::Profession;

use crate::decision::{Decision, Rule};
use crate::facts::{Facts, Request};
use crate::point::DecisionPoint;
use crate::what_if::WhatIf;

/// A decision, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision itself.
    pub decision: Decision,
    /// Every forbid that holds.
    pub forbids: Vec<Arc<Rule>>,
    /// Every permit that holds, though a forbid may overrule it.
    pub permits: Vec<Arc<Rule>>,
    /// For a denial, what would make it a permit: every single fact that alone would; or, where no single one does, one
    /// least set of facts (none of them can be left out). Empty: nothing would.
    pub ways: Vec<Vec<WhatIf>>,
    /// For a denial where no permit holds: each permit that could, with what it misses, the nearest first.
    pub near: Vec<NearPermit>,
}

/// A permit that does not hold, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearPermit {
    /// The permit.
    pub rule: Arc<Rule>,
    /// Facts that would have to be otherwise, none of which can be left out.
    pub missing: Vec<WhatIf>,
    /// Professions of which the user would have to be; empty when his own will do.
    pub professions: Vec<Profession>,
}

impl DecisionPoint {
    /// Takes a decision apart. Costs some hundred decisions: for people who ask, not for requests.
    #[must_use]
    pub fn explain(&self, request: &Request, facts: &Facts) -> Explanation {
        let decision = self.decide(request, facts);
        let forbids = self.ask_forbids(request, facts).basis().rules.clone();
        let permits = self.ask_permits(request, facts).basis().rules.clone();
        let (mut ways, mut near) = (Vec::new(), Vec::new());
        if !decision.is_permit() {
            ways = ways_to_permit(request, facts, &|request, facts| self.decide(request, facts).is_permit());
            if permits.is_empty() {
                near = self.near_permits(request, facts);
            }
        }
        Explanation { decision, forbids, permits, ways, near }
    }

    fn near_permits(&self, request: &Request, facts: &Facts) -> Vec<NearPermit> {
        let mut near: Vec<NearPermit> =
            self.each_permit().filter_map(|(rule, set)| self.near_permit(request, facts, rule, set)).collect();
        near.sort_by_key(|permit| (!permit.professions.is_empty(), permit.missing.len()));
        near
    }

    /// None when nothing would make this permit hold: another action, another category.
    fn near_permit(&self, request: &Request, facts: &Facts, rule: &Arc<Rule>, set: &PolicySet) -> Option<NearPermit> {
        let holds = |request: &Request, facts: &Facts| self.judge(self.slice(request, facts), set).is_permit();
        if let Some(missing) = least(request, facts, &holds) {
            return Some(NearPermit { rule: rule.clone(), missing, professions: Vec::new() });
        }
        let mut missing = None;
        let mut professions = Vec::new();
        for profession in Profession::ALL {
            let (request, other) = WhatIf::Profession(*profession).applied(request, facts);
            if let Some(needed) = least(&request, &other, &holds) {
                professions.push(*profession);
                missing.get_or_insert(needed);
            }
        }
        missing.map(|missing| NearPermit { rule: rule.clone(), missing, professions })
    }
}

/// Whether a request on these facts is permitted.
type Opens<'a> = &'a dyn Fn(&Request, &Facts) -> bool;

/// Every single fact that opens; else one least set.
fn ways_to_permit(request: &Request, facts: &Facts, permits: Opens<'_>) -> Vec<Vec<WhatIf>> {
    let professions = Profession::ALL.iter().map(|profession| WhatIf::Profession(*profession));
    let single: Vec<Vec<WhatIf>> = WhatIf::ALL
        .into_iter()
        .chain(professions.clone())
        .filter(|what_if| turned(request, facts, &[*what_if], permits))
        .map(|what_if| vec![what_if])
        .collect();
    if !single.is_empty() {
        return single;
    }
    if let Some(set) = least(request, facts, permits) {
        return vec![set];
    }
    // With another profession: the same set serves them all, so the first is an example of each.
    professions
        .filter_map(|what_if| {
            let (request, facts) = what_if.applied(request, facts);
            let mut set = least(&request, &facts, permits)?;
            set.push(what_if);
            Some(set)
        })
        .collect()
}

/// Whether it opens with these facts turned.
fn turned(request: &Request, facts: &Facts, set: &[WhatIf], opens: Opens<'_>) -> bool {
    let begin = (*request, facts.clone());
    let (request, facts) = set.iter().fold(begin, |(request, facts), what_if| what_if.applied(&request, &facts));
    opens(&request, &facts)
}

/// One least set of facts that opens: all of them are turned, then each is turned back that can be, the unlikely ones
/// first. None when even all together do not open.
fn least(request: &Request, facts: &Facts, opens: Opens<'_>) -> Option<Vec<WhatIf>> {
    let all = |set: &[WhatIf]| turned(request, facts, set, opens);
    let mut set: Vec<WhatIf> = WhatIf::ALL.to_vec();
    if !all(&set) {
        // Being on the team or on duty stands in the way of what is for others (disaster use, a manager's reading).
        set.retain(|what_if| !matches!(what_if, WhatIf::OnTeam | WhatIf::OnDuty));
        if !all(&set) {
            return None;
        }
    }
    // Until none is left that can be turned back: one that could not be (being on the team, while it alone made up for
    // something) may be once another is.
    loop {
        let before = set.len();
        for what_if in WhatIf::ALL.into_iter().rev() {
            let without: Vec<WhatIf> = set.iter().copied().filter(|other| *other != what_if).collect();
            if all(&without) {
                set = without;
            }
        }
        if set.len() == before {
            return Some(set);
        }
    }
}

impl Explanation {
    /// For an officer, in Japanese.
    #[must_use]
    pub fn to_japanese(&self) -> String {
        let mut lines = vec![if self.decision.is_permit() { "許可".to_owned() } else { "拒否".to_owned() }];
        let rule = |rule: &Arc<Rule>| {
            let articles: Vec<String> = rule.articles.iter().map(|article| article.to_japanese()).collect();
            format!("{}（{}）{}", rule.text_ja, articles.join("、"), rule.id)
        };
        lines.extend(self.forbids.iter().map(|forbid| format!("  禁止：{}", rule(forbid))));
        lines.extend(self.permits.iter().map(|permit| format!("  許可：{}", rule(permit))));
        lines.extend(self.decision.basis().errors.iter().map(|error| format!("  評価エラー：{error}")));
        let all = |set: &[WhatIf]| set.iter().map(|w| w.to_japanese()).collect::<Vec<_>>().join("、かつ");
        lines.extend(self.ways.iter().map(|way| format!("  {}ならば許可されます。", all(way))));
        for near in &self.near {
            let mut missing: Vec<String> = near.missing.iter().map(|w| w.to_japanese()).collect();
            if !near.professions.is_empty() {
                let items: Vec<String> = near.professions.iter().map(|p| format!("第{}号", p.item())).collect();
                missing.push(format!("職種が第7条{}", items.join("・")));
            }
            lines.push(format!("  近い規則：{}　不足：{}", rule(&near.rule), missing.join("、")));
        }
        lines.join("\n")
    }
}

impl fmt::Display for Explanation {
    /// For an officer, in English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = |rule: &Arc<Rule>| {
            let articles: Vec<String> = rule.articles.iter().map(ToString::to_string).collect();
            format!("{} (art. {}) {}", rule.text_en, articles.join(", "), rule.id)
        };
        f.write_str(if self.decision.is_permit() { "permitted" } else { "denied" })?;
        for forbid in &self.forbids {
            write!(f, "\n  forbidden: {}", rule(forbid))?;
        }
        for permit in &self.permits {
            write!(f, "\n  permitted: {}", rule(permit))?;
        }
        for error in &self.decision.basis().errors {
            write!(f, "\n  evaluation error: {error}")?;
        }
        for way in &self.ways {
            let conditions: Vec<String> = way.iter().map(ToString::to_string).collect();
            write!(f, "\n  would be permitted if {}", conditions.join(" and "))?;
        }
        for near in &self.near {
            let mut missing: Vec<String> = near.missing.iter().map(ToString::to_string).collect();
            if !near.professions.is_empty() {
                let names: Vec<&str> = near.professions.iter().map(|p| p.as_str()).collect();
                missing.push(format!("the user's profession were one of {}", names.join(", ")));
            }
            write!(f, "\n  nearest rule: {}; it would hold if {}", rule(&near.rule), missing.join(" and "))?;
        }
        Ok(())
    }
}
