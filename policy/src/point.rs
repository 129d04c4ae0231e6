//! The decision point: a set of rules, read once, asked for every request.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use aws_lc_rs::digest;
use cedar_policy::{
    ActionConstraint, Authorizer, Decision as CedarDecision, Effect, ParseErrors, Policy, PolicyId, PolicySet,
    ResourceConstraint, Schema,
};
use model::{Action, Category};

use crate::compiled::{CannotCompile, Compiled, Kind};
use crate::decision::{Basis, Decision, PolicyVersion, Rule};
use crate::error::PolicyError;
use crate::facts::{DisasterFacts, Facts, Request, Resource, Said, ServiceFacts};
use crate::lint::{self, Finding};
use crate::matrix;
use crate::place::Place;
use crate::slice::{Slice, SliceError};
use crate::vocabulary::{self, Vocabulary};

/// The schema of the house.
pub const SCHEMA: &str = include_str!("../cedar/schema.cedarschema");

/// The rules of the house, file by file, in the order in which reasons are given.
pub const RULES: [(&str, &str); 12] = [
    ("service.cedar", include_str!("../cedar/service.cedar")),
    ("subject.cedar", include_str!("../cedar/subject.cedar")),
    ("device.cedar", include_str!("../cedar/device.cedar")),
    ("person.cedar", include_str!("../cedar/person.cedar")),
    ("professions.cedar", include_str!("../cedar/professions.cedar")),
    ("authors.cedar", include_str!("../cedar/authors.cedar")),
    ("care.cedar", include_str!("../cedar/care.cedar")),
    ("duty.cedar", include_str!("../cedar/duty.cedar")),
    ("disaster.cedar", include_str!("../cedar/disaster.cedar")),
    ("break-glass.cedar", include_str!("../cedar/break-glass.cedar")),
    ("deletion.cedar", include_str!("../cedar/deletion.cedar")),
    ("public.cedar", include_str!("../cedar/public.cedar")),
];

/// Policies and schema: parsed, validated, linted. Immutable; a new set of rules is a new decision point.
pub struct DecisionPoint {
    schema: Schema,
    vocabulary: Vocabulary,
    authorizer: Authorizer,
    rules: Vec<Arc<Rule>>,
    /// Place of each policy in `rules`.
    places: HashMap<PolicyId, usize>,
    sets: Sets,
    compiled: Result<Compiled, CannotCompile>,
    version: PolicyVersion,
}

/// The rules cut to size, so that a decision walks through no rule that cannot speak to it.
struct Sets {
    /// For each action, on a record and on the directory: every forbid, and the permits whose scope can match.
    /// Leaving out a permit can only close.
    sliced: HashMap<(Action, Kind), PolicySet>,
    /// Everything: what is asked where `sliced` has no entry.
    all: PolicySet,
    permits: PolicySet,
    forbids: PolicySet,
    /// Every permit alone, with its place in `rules`.
    each_permit: Vec<(usize, PolicySet)>,
}

impl DecisionPoint {
    /// The rules of the house, built in.
    ///
    /// # Errors
    /// Never with the files as they are; a test sees to that.
    pub fn builtin() -> Result<Self, PolicyError> {
        Self::from_sources(SCHEMA, &RULES)
    }

    /// Rules from files: `(name, text)` each. Nothing is taken unless all of it is in order.
    ///
    /// # Errors
    /// See [`PolicyError`].
    pub fn from_sources(schema: &str, policies: &[(&str, &str)]) -> Result<Self, PolicyError> {
        let (point, findings) = Self::unlinted(schema, policies)?;
        if !findings.is_empty() {
            return Err(PolicyError::Lint(findings));
        }
        vocabulary::of_the_house(schema)?;
        Ok(point)
    }

    /// The point, and what lint found. Only tests use a point that lint found fault with, or one under another schema.
    pub(crate) fn unlinted(schema_text: &str, files: &[(&str, &str)]) -> Result<(Self, Vec<Finding>), PolicyError> {
        let (schema, warnings) =
            Schema::from_cedarschema_str(schema_text).map_err(|error| PolicyError::Schema(Box::new(error)))?;
        if let Some(warning) = warnings.map(|warning| warning.to_string()).next() {
            return Err(PolicyError::Misfit(warning));
        }
        let vocabulary = Vocabulary::new(schema_text)?;
        let mut findings = Vec::new();
        let (mut rules, mut policies, mut located) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (file, text) in files {
            for (place, policy) in parse(file, text, &mut findings)? {
                let (rule, found) = lint::read(&policy, &place, &schema);
                findings.extend(found);
                let Some(rule) = rule else { continue };
                let id = PolicyId::new(rule.id.as_str());
                let first = *located.entry(rule.id.to_string()).or_insert(place);
                if policies.iter().any(|known: &Policy| *known.id() == id) {
                    let what = format!("stands at {first} already");
                    findings.push(Finding { rule: rule.id.to_string(), place: place.to_string(), what });
                    continue;
                }
                policies.push(policy.new_id(id));
                rules.push(rule);
            }
        }
        let sets = Sets::new(&policies, &vocabulary)?;
        findings.extend(lint::set(&rules, &located, &sets.all, &schema));
        let places = policies.iter().enumerate().map(|(place, policy)| (policy.id().clone(), place)).collect();
        let authorizer = Authorizer::new();
        let version = version(schema_text, files);
        let compiled = fits(&schema, &vocabulary).and_then(|()| Compiled::new(&rules, &policies));
        Ok((Self { schema, vocabulary, authorizer, rules, places, sets, compiled, version }, findings))
    }

    /// Which rules these are: a digest of schema and files.
    #[must_use]
    pub const fn version(&self) -> &PolicyVersion {
        &self.version
    }

    /// All rules, in the order of their files.
    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }

    /// Decides. Infallible: whatever goes wrong is a [`Decision::Denial`] whose basis names the errors (promise P1).
    pub fn decide(&self, request: &Request, facts: &Facts) -> Decision {
        let compiled = self.compiled.as_ref().ok().and_then(|rules| rules.decide(request, facts, &self.version));
        compiled.unwrap_or_else(|| self.decide_by_cedar(request, facts))
    }

    /// Why the rules could not be compiled, so that Cedar decides every request itself: right, and slower.
    #[must_use]
    pub fn why_not_compiled(&self) -> Option<String> {
        self.compiled.as_ref().err().map(ToString::to_string)
    }

    /// Decides by Cedar itself: the yardstick of [`Self::decide`]. Decision, rules and whether there were errors are the same.
    pub fn decide_by_cedar(&self, request: &Request, facts: &Facts) -> Decision {
        let set = self.sets.for_request(request.action, Kind::of(&facts.resource));
        self.judge(self.slice(request, facts), set)
    }

    /// Decides on public information (art. 22). There is no subject, no device and no person to ask about.
    pub fn decide_public(&self, service: &ServiceFacts) -> Decision {
        self.judge(Slice::public(&self.vocabulary, &self.schema, service), &self.sets.all)
    }

    pub(crate) fn slice(&self, request: &Request, facts: &Facts) -> Result<Slice, SliceError> {
        Slice::new(&self.vocabulary, &self.schema, request, facts)
    }

    /// Asks all permits, no forbid: which would hold.
    pub(crate) fn ask_permits(&self, request: &Request, facts: &Facts) -> Decision {
        self.judge(self.slice(request, facts), &self.sets.permits)
    }

    /// Asks all forbids, no permit: always a denial, its rules the forbids that hold.
    pub(crate) fn ask_forbids(&self, request: &Request, facts: &Facts) -> Decision {
        self.judge(self.slice(request, facts), &self.sets.forbids)
    }

    /// Each permit alone.
    pub(crate) fn each_permit(&self) -> impl Iterator<Item = (&Arc<Rule>, &PolicySet)> {
        self.sets.each_permit.iter().filter_map(|(place, set)| Some((self.rules.get(*place)?, set)))
    }

    pub(crate) fn judge(&self, slice: Result<Slice, SliceError>, set: &PolicySet) -> Decision {
        match slice {
            Ok(slice) => self.judge_slice(&slice, set),
            Err(error) => Decision::Denial(self.basis(Vec::new(), vec![error.to_string()])),
        }
    }

    /// Cedar skips a rule that fails and goes on; here a rule that fails denies.
    pub(crate) fn judge_slice(&self, slice: &Slice, set: &PolicySet) -> Decision {
        let response = self.authorizer.is_authorized(slice.request(), set, slice.entities());
        let mut errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        errors.sort_unstable();
        let mut places = Vec::with_capacity(2);
        for id in response.diagnostics().reason() {
            match self.places.get(id) {
                Some(place) => places.push(*place),
                None => errors.push(format!("`{id}` decided and is no rule of ours")),
            }
        }
        places.sort_unstable();
        let rules: Vec<Arc<Rule>> = places.iter().filter_map(|place| self.rules.get(*place).cloned()).collect();
        match response.decision() {
            CedarDecision::Allow if errors.is_empty() && !rules.is_empty() => {
                Decision::Permit(self.basis(rules, errors))
            }
            // The reasons are permits: they are not why this is denied.
            CedarDecision::Allow => Decision::Denial(self.basis(Vec::new(), errors)),
            CedarDecision::Deny => {
                let only_forbidden = errors.is_empty() && !rules.is_empty() && self.some_permit_holds(slice);
                Decision::Denial(Basis { only_forbidden, ..self.basis(rules, errors) })
            }
        }
    }

    /// Cedar does not say which permits hold beside a forbid; so they are asked alone.
    fn some_permit_holds(&self, slice: &Slice) -> bool {
        let response = self.authorizer.is_authorized(slice.request(), &self.sets.permits, slice.entities());
        response.decision() == CedarDecision::Allow && response.diagnostics().errors().next().is_none()
    }

    pub(crate) fn basis(&self, rules: Vec<Arc<Rule>>, errors: Vec<String>) -> Basis {
        Basis { rules, version: self.version.clone(), errors, only_forbidden: false }
    }

    #[cfg(test)]
    pub(crate) fn judge_sliced(&self, request: &Request, facts: &Facts, slice: &Slice) -> Decision {
        self.judge_slice(slice, self.sets.for_request(request.action, Kind::of(&facts.resource)))
    }

    /// What is underneath.
    pub(crate) const fn parts(&self) -> (&Schema, &Vocabulary, &PolicySet) {
        (&self.schema, &self.vocabulary, &self.sets.all)
    }
}

impl std::fmt::Debug for DecisionPoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecisionPoint").field("version", &self.version).field("rules", &self.rules.len()).finish()
    }
}

impl Sets {
    fn new(policies: &[Policy], vocabulary: &Vocabulary) -> Result<Self, PolicyError> {
        let collect = |keep: &dyn Fn(&Policy) -> bool| {
            PolicySet::from_policies(policies.iter().filter(|policy| keep(policy)).cloned())
                .map_err(|error| PolicyError::Set(Box::new(error)))
        };
        let mut sliced = HashMap::new();
        for action in Action::ALL {
            for kind in Kind::ALL {
                let keep = |policy: &Policy| {
                    policy.effect() == Effect::Forbid || scope_may_match(policy, *action, kind, vocabulary)
                };
                sliced.insert((*action, kind), collect(&keep)?);
            }
        }
        let mut each_permit = Vec::new();
        for (place, policy) in policies.iter().enumerate().filter(|(_, policy)| policy.effect() == Effect::Permit) {
            each_permit.push((place, collect(&|other| other.id() == policy.id())?));
        }
        Ok(Self {
            sliced,
            all: collect(&|_| true)?,
            permits: collect(&|policy| policy.effect() == Effect::Permit)?,
            forbids: collect(&|policy| policy.effect() == Effect::Forbid)?,
            each_permit,
        })
    }

    fn for_request(&self, action: Action, kind: Kind) -> &PolicySet {
        self.sliced.get(&(action, kind)).unwrap_or(&self.all)
    }
}

/// Whether the schema takes every kind of request with the facts that we have: the compiled rules do not look at it again.
fn fits(schema: &Schema, vocabulary: &Vocabulary) -> Result<(), CannotCompile> {
    let misfit = |error: SliceError| CannotCompile(error.to_string());
    let mut record = matrix::ordinary();
    record.service.disaster = Some(DisasterFacts { until: matrix::now() });
    let directory = Facts { resource: Resource::Directory, ..matrix::ordinary() };
    for action in Action::ALL {
        for (facts, category) in
            [(&record, Category::Note), (&matrix::ordinary(), Category::Note), (&directory, Category::Directory)]
        {
            let request = Request::new(*action, category, matrix::now(), Said::NOTHING);
            Slice::new(vocabulary, schema, &request, facts).map_err(misfit)?;
        }
    }
    Slice::public(vocabulary, schema, &record.service).map(|_| ()).map_err(misfit)
}

/// Whether a permit's scope can match. Unsure is yes.
fn scope_may_match(policy: &Policy, action: Action, kind: Kind, vocabulary: &Vocabulary) -> bool {
    let asked = vocabulary.action(action);
    let action_matches = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(named) => asked.is_none_or(|asked| asked == named),
        ActionConstraint::In(named) => asked.is_none_or(|asked| named.contains(&asked)),
    };
    let resource_matches = match policy.resource_constraint() {
        ResourceConstraint::Is(named) => named.to_string() == kind.as_str(),
        _ => true,
    };
    action_matches && resource_matches
}

/// The policies of a file, each with its place, in the order of the file.
fn parse<'a>(
    file: &'a str,
    text: &'a str,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(Place<'a>, Policy)>, PolicyError> {
    let set: PolicySet = text.parse().map_err(|error: ParseErrors| PolicyError::Parse {
        place: Place::of(file, text, 0).of_fault(&error).to_string(),
        source: Box::new(error),
    })?;
    let in_file = |what: &str| Finding { rule: file.to_owned(), place: file.to_owned(), what: what.to_owned() };
    findings.extend(set.templates().map(|_| in_file("holds a template")));
    // Cedar numbers the policies of a text `policy0`, `policy1` and so on, and gives them back in no order.
    let number = |policy: &Policy| policy.id().to_string().trim_start_matches("policy").parse::<usize>().ok();
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    policies.sort_by_key(|policy| number(policy).unwrap_or(usize::MAX));
    let mut seen = HashSet::new();
    let in_order = policies.iter().all(|policy| number(policy).is_some_and(|n| seen.insert(n)));
    if !in_order {
        findings.push(in_file("has rules whose order is unclear"));
    }
    let mut after = 0;
    let mut placed = Vec::with_capacity(policies.len());
    for policy in policies {
        // Cedar keeps the text of a rule as it stands in the file; each begins where the one before has ended, or later.
        let own = policy.to_cedar().unwrap_or_default();
        let begin =
            text.get(after..).and_then(|rest| rest.find(&own)).map_or(after, |found| after.saturating_add(found));
        after = begin.saturating_add(own.len());
        placed.push((Place::of(file, text, begin), policy));
    }
    Ok(placed)
}

/// 12 hexadecimal digits of SHA-256 over schema and files. Lengths stand before texts, so that moving a line from the
/// end of one file to the start of the next is another version.
fn version(schema: &str, files: &[(&str, &str)]) -> PolicyVersion {
    let mut context = digest::Context::new(&digest::SHA256);
    for text in std::iter::once(schema).chain(files.iter().flat_map(|(name, text)| [*name, *text])) {
        context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(text.as_bytes());
    }
    let digits: String = context.finish().as_ref().iter().take(6).map(|octet| format!("{octet:02x}")).collect();
    PolicyVersion::new(&digits)
}
