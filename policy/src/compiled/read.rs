//! From Cedar's JSON form (<https://docs.cedarpolicy.com/policies/json-format.html>) to a [`Test`].

use cedar_policy::{ActionConstraint, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use model::Action;
use serde_json::Value;

use super::Kind;
use super::place::{Place, Time, WordOf};
use super::test::{Compare, Fault, Test};

/// A rule uses something that is not known here. Holds what, for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` cannot be compiled; Cedar decides")]
pub(crate) struct CannotCompile(pub(crate) String);

/// What an operand is.
enum Operand {
    Place(Place),
    /// An entity written out: type and id.
    Entity(String, String),
    /// The action of the request.
    Action,
    /// An attribute that this kind of resource has not.
    Fault(Fault),
}

/// Reads a policy for one action on one kind of resource: its scope and all its conditions.
pub(super) fn policy(policy: &Policy, action: Action, kind: Kind) -> Result<Test, CannotCompile> {
    if !scope_fits(policy, action, kind)? {
        return Ok(Test::Const(false));
    }
    let json = policy.to_json().map_err(|error| CannotCompile(error.to_string()))?;
    let conditions = json.get("conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let reading = Reading { action, kind };
    let mut all = Test::Const(true);
    for condition in conditions {
        let body = condition.get("body").ok_or_else(|| unknown(condition))?;
        let test = reading.test(body)?;
        all = all.and(match condition.get("kind").and_then(Value::as_str) {
            Some("when") => test,
            Some("unless") => test.not(),
            _ => return Err(unknown(condition)),
        });
    }
    Ok(all)
}

fn scope_fits(policy: &Policy, action: Action, kind: Kind) -> Result<bool, CannotCompile> {
    let who = match policy.principal_constraint() {
        PrincipalConstraint::Any => true,
        // Whoever else there is (a visitor) never asks for a record.
        PrincipalConstraint::Is(named) if named.to_string() != "User" => return Ok(false),
        PrincipalConstraint::Is(_) => true,
        other => return Err(CannotCompile(format!("{other:?}"))),
    };
    let named = |uid: &EntityUid| match Action::parse(uid.id().unescaped()) {
        Ok(one) if uid.type_name().to_string() == "Action" => Ok(one == action),
        // An action of visitors, or a group: what belongs to it is not known here.
        _ => Err(CannotCompile(uid.to_string())),
    };
    let what = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => named(&uid)?,
        ActionConstraint::In(uids) => uids.iter().try_fold(false, |any, uid| Ok(any | named(uid)?))?,
    };
    let whose = match policy.resource_constraint() {
        ResourceConstraint::Any => true,
        ResourceConstraint::Is(named) => named.to_string() == kind.as_str(),
        other => return Err(CannotCompile(format!("{other:?}"))),
    };
    Ok(who && what && whose)
}

/// One condition, for one action on one kind of resource.
#[derive(Clone, Copy)]
struct Reading {
    action: Action,
    kind: Kind,
}

impl Reading {
    fn test(self, expression: &Value) -> Result<Test, CannotCompile> {
        let (operator, body) = only(expression)?;
        let part = |name: &str| body.get(name).ok_or_else(|| unknown(expression));
        let both = || Ok::<_, CannotCompile>((part("left")?, part("right")?));
        match operator {
            "Value" => body.as_bool().map(Test::Const).ok_or_else(|| unknown(expression)),
            "." => match self.operand(expression)? {
                Operand::Place(Place::Flag(flag)) => Ok(Test::Flag(flag)),
                Operand::Fault(fault) => Ok(Test::Fault(fault)),
                _ => Err(unknown(expression)),
            },
            "!" => Ok(self.test(part("arg")?)?.not()),
            "&&" => both().and_then(|(left, right)| Ok(self.test(left)?.and(self.test(right)?))),
            "||" => both().and_then(|(left, right)| Ok(self.test(left)?.or(self.test(right)?))),
            "if-then-else" => {
                let condition = self.test(part("if")?)?;
                Ok(condition.if_then_else(self.test(part("then")?)?, self.test(part("else")?)?))
            }
            "==" => both().and_then(|(left, right)| self.equal(left, right)),
            "!=" => both().and_then(|(left, right)| Ok(self.equal(left, right)?.not())),
            "<" => both().and_then(|(left, right)| self.compare(left, Compare::Less, right)),
            "<=" => both().and_then(|(left, right)| self.compare(left, Compare::LessOrEqual, right)),
            ">" => both().and_then(|(left, right)| Ok(self.compare(left, Compare::LessOrEqual, right)?.not())),
            ">=" => both().and_then(|(left, right)| Ok(self.compare(left, Compare::Less, right)?.not())),
            "is" => self.is_of_type(part("left")?, part("entity_type")?),
            "has" => self.has(part("left")?, part("attr")?),
            "contains" => both().and_then(|(left, right)| self.contains(left, right)),
            _ => Err(unknown(expression)),
        }
    }

    fn operand(self, expression: &Value) -> Result<Operand, CannotCompile> {
        if let Some(entity) = expression.get("Value").and_then(|value| value.get("__entity")) {
            let text = |name| entity.get(name).and_then(Value::as_str).map(str::to_owned);
            let (Some(kind), Some(id)) = (text("type"), text("id")) else { return Err(unknown(expression)) };
            return Ok(Operand::Entity(kind, id));
        }
        let path = path(expression)?;
        if path == ["action"] {
            return Ok(Operand::Action);
        }
        match Place::of(&path, self.kind) {
            Ok(Some(place)) => Ok(Operand::Place(place)),
            Ok(None) => Err(unknown(expression)),
            Err(fault) => Ok(Operand::Fault(fault)),
        }
    }

    fn equal(self, left: &Value, right: &Value) -> Result<Test, CannotCompile> {
        Ok(match (self.operand(left)?, self.operand(right)?) {
            // The left one is asked first, and one that is not there is where Cedar stops.
            (Operand::Fault(fault), _) | (_, Operand::Fault(fault)) => Test::Fault(fault),
            (Operand::Place(Place::Word(place)), Operand::Entity(kind, id))
            | (Operand::Entity(kind, id), Operand::Place(Place::Word(place))) => self.word(place, &kind, &id)?,
            (Operand::Place(Place::OwnFacility), Operand::Place(Place::DeviceFacility))
            | (Operand::Place(Place::DeviceFacility), Operand::Place(Place::OwnFacility)) => Test::SameFacility,
            (Operand::Place(Place::Time(left)), Operand::Place(Place::Time(right))) => {
                Test::Compare(left, Compare::Equal, right)
            }
            (Operand::Action, Operand::Entity(kind, id)) | (Operand::Entity(kind, id), Operand::Action) => {
                Test::Const(kind == "Action" && id == self.action.as_str())
            }
            _ => return Err(unknown(left)),
        })
    }

    fn word(self, place: WordOf, kind: &str, id: &str) -> Result<Test, CannotCompile> {
        // Another type is never equal; the validator lets none through.
        let number = place.number(id).filter(|number| kind == place.entity_type() && *number < 32);
        number.map(|number| Test::word(place, number)).ok_or_else(|| CannotCompile(format!("{kind}::\"{id}\"")))
    }

    fn compare(self, left: &Value, compare: Compare, right: &Value) -> Result<Test, CannotCompile> {
        match (self.operand(left)?, self.operand(right)?) {
            (Operand::Place(Place::Time(one)), Operand::Place(Place::Time(other))) => {
                Ok(Test::Compare(one, compare, other))
            }
            _ => Err(unknown(left)),
        }
    }

    /// `principal is User`, `resource is Record`.
    fn is_of_type(self, left: &Value, named: &Value) -> Result<Test, CannotCompile> {
        let named = named.as_str().ok_or_else(|| unknown(named))?;
        match path(left)?.as_slice() {
            ["principal"] => Ok(Test::Const(named == "User")),
            ["resource"] => Ok(Test::Const(named == self.kind.as_str())),
            _ => Err(unknown(left)),
        }
    }

    /// The one attribute that may be missing.
    fn has(self, left: &Value, attribute: &Value) -> Result<Test, CannotCompile> {
        let mut path = path(left)?;
        path.push(attribute.as_str().ok_or_else(|| unknown(attribute))?);
        match Place::of(&path, self.kind) {
            Ok(Some(Place::Time(Time::DisasterUntil))) => Ok(Test::HasDisasterUntil),
            _ => Err(unknown(left)),
        }
    }

    /// `[A, B].contains(x)`: x is one of the words.
    fn contains(self, left: &Value, right: &Value) -> Result<Test, CannotCompile> {
        let words = left.get("Set").and_then(Value::as_array).ok_or_else(|| unknown(left))?;
        let mut any = Test::Const(false);
        for word in words {
            any = any.or(self.equal(right, word)?);
        }
        Ok(any)
    }
}

/// The path of an attribute: `principal.facility.state`.
fn path(expression: &Value) -> Result<Vec<&str>, CannotCompile> {
    let (operator, body) = only(expression)?;
    match operator {
        "Var" => body.as_str().map(|name| vec![name]).ok_or_else(|| unknown(expression)),
        "." => {
            let left = body.get("left").ok_or_else(|| unknown(expression))?;
            let mut path = path(left)?;
            path.push(body.get("attr").and_then(Value::as_str).ok_or_else(|| unknown(expression))?);
            Ok(path)
        }
        _ => Err(unknown(expression)),
    }
}

/// The operator of an expression and what stands under it.
fn only(expression: &Value) -> Result<(&str, &Value), CannotCompile> {
    let mut fields = expression.as_object().into_iter().flatten();
    match (fields.next(), fields.next()) {
        (Some((operator, body)), None) => Ok((operator, body)),
        _ => Err(unknown(expression)),
    }
}

fn unknown(expression: &Value) -> CannotCompile {
    CannotCompile(expression.to_string().chars().take(200).collect())
}
