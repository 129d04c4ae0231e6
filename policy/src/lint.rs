//! What rules must look like before they are taken into use. Cedar's own validator checks words and types; this checks
//! what it does not: that every rule explains itself, and that no forbid can fail to be heard.
//!
//! A forbid is heard always when it is unscoped (no action group can slip past it: trap B) and cannot fail (trap A).
//! Expressions therefore use only what cannot fail on complete, schema-checked facts: comparisons, logic, membership of
//! a set, attributes. Arithmetic (which overflows), extension functions (which parse) and `in` (which asks a hierarchy
//! that is not there) are refused.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, PrincipalConstraint, ResourceConstraint, Schema,
    ValidationMode, Validator,
};
use miette::Diagnostic;
use model::Article;
use serde_json::Value;

use crate::decision::{Audience, Rule, RuleId};
use crate::place::Place;

/// Something that is not in order in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its `@id`, or its place where it has none.
    pub rule: String,
    /// Where it stands, or what is not in order in it: `file:line`, or the file.
    pub place: String,
    /// What is not in order, one phrase.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, place, what } = self;
        if rule == place { write!(f, "`{rule}` {what}") } else { write!(f, "`{rule}` ({place}) {what}") }
    }
}

const ANNOTATIONS: [&str; 5] = ["id", "article", "text_ja", "text_en", "tell"];

/// Operators that cannot fail once types and presence of attributes are validated.
const OPERATORS: [&str; 19] = [
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "!",
    ".",
    "has",
    "is",
    "contains",
    "containsAll",
    "containsAny",
    "isEmpty",
    "if-then-else",
    "Set",
    "Var",
];

/// Reads the annotations of a policy and checks its form. `place` names it while it has no id.
pub(crate) fn read(policy: &Policy, place: &Place<'_>, schema: &Schema) -> (Option<Arc<Rule>>, Vec<Finding>) {
    let place = place.to_string();
    let rule = policy.annotation("id").unwrap_or(&place).to_owned();
    let mut desk = Desk { rule, place, findings: Vec::new() };
    let rule = desk.annotations(policy);
    desk.scope(policy, schema);
    desk.conditions(policy);
    if policy.effect() == Effect::Forbid && policy.annotation("tell") == Some("subject") {
        desk.silence(policy);
    }
    (rule.map(Arc::new), desk.findings)
}

/// Checks that hold between rules: ids and their numbers once each, and the whole set valid in strict mode without even
/// a warning.
pub(crate) fn set(
    rules: &[Arc<Rule>],
    places: &BTreeMap<String, Place<'_>>,
    policies: &PolicySet,
    schema: &Schema,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let place = |id: &str, fault: Option<&dyn Diagnostic>| {
        let place = places.get(id).map(|place| fault.map_or(*place, |fault| place.of_fault(fault)));
        place.map_or_else(|| id.to_owned(), |place| place.to_string())
    };
    let mut numbers: BTreeMap<&str, &RuleId> = BTreeMap::new();
    for rule in rules {
        if let Some(other) = numbers.insert(rule.id.number(), &rule.id) {
            let (rule, what) = (rule.id.to_string(), format!("shares its number with `{other}`"));
            findings.push(Finding { place: place(&rule, None), rule, what });
        }
    }
    let result = Validator::new(schema.clone()).validate(policies, ValidationMode::Strict);
    let found = |id: &PolicyId, fault: &dyn Diagnostic| {
        let (rule, what) = (id.to_string(), fault.to_string());
        // The rule stands before it already.
        let what = what.strip_prefix(&format!("for policy `{rule}`, ")).unwrap_or(&what).to_owned();
        Finding { place: place(&rule, Some(fault)), rule, what }
    };
    findings.extend(result.validation_errors().map(|error| found(error.policy_id(), error)));
    findings.extend(result.validation_warnings().map(|warning| found(warning.policy_id(), warning)));
    findings
}

struct Desk {
    rule: String,
    place: String,
    findings: Vec<Finding>,
}

impl Desk {
    fn find(&mut self, what: impl Into<String>) {
        let (rule, place) = (self.rule.clone(), self.place.clone());
        self.findings.push(Finding { rule, place, what: what.into() });
    }

    /// The text of an annotation; a finding when it is missing or blank.
    fn text<'a>(&mut self, policy: &'a Policy, name: &str) -> Option<&'a str> {
        let text = policy.annotation(name).filter(|text| !text.trim().is_empty());
        if text.is_none() {
            self.find(format!("has no `@{name}`"));
        }
        text
    }

    fn annotations(&mut self, policy: &Policy) -> Option<Rule> {
        for (name, _) in policy.annotations().filter(|(name, _)| !ANNOTATIONS.contains(name)) {
            self.find(format!("has an annotation `@{name}` that nobody reads"));
        }
        let id = self.text(policy, "id");
        if let Some(id) = id.filter(|id| !well_formed(id, policy.effect())) {
            self.find(format!(
                "is no name for this rule: `{id}`; expected P or F, two digits and words, as P01-team-reads"
            ));
        }
        let articles: Vec<Article> = self
            .text(policy, "article")
            .map(|list| list.split(',').map(Article::parse).collect::<Result<_, _>>())
            .transpose()
            .unwrap_or_else(|error| {
                self.find(format!("cites no article: {error}"));
                None
            })
            .unwrap_or_default();
        let text_ja = self.text(policy, "text_ja");
        let text_en = self.text(policy, "text_en");
        let told = match self.text(policy, "tell") {
            None => Audience::Officer,
            Some(word) => Audience::ALL.into_iter().find(|one| one.as_str() == word).unwrap_or_else(|| {
                self.find(format!("tells `{word}`; expected subject, entitled or officer"));
                Audience::Officer
            }),
        };
        if told == Audience::Entitled && policy.effect() == Effect::Permit {
            self.find("is a permit, and nobody is refused by it: it cannot be told to the entitled");
        }
        Some(Rule { id: RuleId::new(id?), articles, text_ja: text_ja?.to_owned(), text_en: text_en?.to_owned(), told })
    }

    fn scope(&mut self, policy: &Policy, schema: &Schema) {
        let anybody = policy.principal_constraint() == PrincipalConstraint::Any;
        let any_action = policy.action_constraint() == ActionConstraint::Any;
        let anything = policy.resource_constraint() == ResourceConstraint::Any;
        match policy.effect() {
            Effect::Forbid if !(anybody && any_action && anything) => {
                self.find("is a forbid with a scope; conditions belong into `when`, where none can slip past");
            }
            Effect::Permit if anybody && any_action && anything => self.find("permits anybody anything"),
            Effect::Permit if any_action => self.find("permits any action; each is to be named"),
            Effect::Forbid | Effect::Permit => {}
        }
        // A group would widen the permit behind the reader's back when an action joins it.
        let named = match policy.action_constraint() {
            ActionConstraint::Any => Vec::new(),
            ActionConstraint::Eq(action) => vec![action],
            ActionConstraint::In(actions) => actions,
        };
        let groups: Vec<EntityUid> = schema.action_groups().cloned().collect();
        for group in named.iter().filter(|action| groups.contains(action)) {
            self.find(format!("names the group {group}; each action is to be named"));
        }
    }

    fn conditions(&mut self, policy: &Policy) {
        match policy.to_json() {
            Ok(json) => {
                let mut unsure = Vec::new();
                expressions(&json, &mut |operator, _| {
                    if !OPERATORS.contains(&operator) {
                        unsure.push(operator.to_owned());
                    }
                });
                for operator in unsure {
                    self.find(format!("uses `{operator}`, which may fail or needs a hierarchy"));
                }
            }
            Err(error) => self.find(format!("cannot be looked into: {error}")),
        }
    }

    /// A refusal that is told to the subject may not depend on the person or the record (promise P4): the resource may
    /// only be asked for its type.
    fn silence(&mut self, policy: &Policy) {
        let mut speaks = false;
        if let Ok(json) = policy.to_json() {
            expressions(&json, &mut |operator, body| {
                let operands = match operator {
                    "is" | "Var" => Vec::new(),
                    "Set" => body.as_array().map(|items| items.iter().collect()).unwrap_or_default(),
                    _ => body.as_object().map(|fields| fields.values().collect()).unwrap_or_default(),
                };
                speaks |= operands.iter().any(|operand| operand.get("Var").is_some_and(|name| name == "resource"));
            });
        }
        if speaks {
            self.find("is told to the subject and depends on the resource");
        }
    }
}

/// `P01-team-reads`: P for permit or F for forbid, two digits, words in lower case.
fn well_formed(id: &str, effect: Effect) -> bool {
    let letter = match effect {
        Effect::Permit => 'P',
        Effect::Forbid => 'F',
    };
    let Some((number, words)) = id.strip_prefix(letter).and_then(|rest| rest.split_once('-')) else { return false };
    number.len() == 2
        && number.bytes().all(|b| b.is_ascii_digit())
        && words.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// Walks the conditions of a policy in Cedar's JSON form and shows every operator with its operands.
/// <https://docs.cedarpolicy.com/policies/json-format.html>
fn expressions(policy: &Value, see: &mut dyn FnMut(&str, &Value)) {
    let conditions = policy.get("conditions").and_then(Value::as_array);
    for body in conditions.into_iter().flatten().filter_map(|condition| condition.get("body")) {
        walk(body, see);
    }
}

fn walk(expression: &Value, see: &mut dyn FnMut(&str, &Value)) {
    let Some(fields) = expression.as_object() else { return };
    for (operator, body) in fields {
        // A literal is no operator, and what stands in it is no expression.
        if operator == "Value" {
            continue;
        }
        see(operator, body);
        match body {
            Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
            Value::Object(operands) => operands.values().for_each(|operand| walk(operand, see)),
            _ => {}
        }
    }
}
