//! FHIRPath Patch (<https://hl7.org/fhir/R4/fhirpatch.html>): add, insert, delete, replace, move, written as `Parameters`.

use super::KEPT;
use super::elements::{self, Element};
use super::fault::{PatchCause, PatchFault};
use super::path::{Node, Path};
use super::place::{self, Changing, Step};
use super::value::Value;
use crate::bounds::PATCH_OPERATIONS_MAX;
use crate::error::quote;
use crate::fhir::types::FhirType;
use crate::json::{self, Json, Object};

/// A FHIRPath Patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FhirpathPatch<'a> {
    operations: Vec<Operation<'a>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Operation<'a> {
    path: Path,
    kind: Kind<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Add(String, Value<'a>),
    Insert(usize, Value<'a>),
    Delete,
    Replace(Value<'a>),
    Move { source: usize, destination: usize },
}

impl Kind<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Add(..) => "add",
            Self::Insert(..) => "insert",
            Self::Delete => "delete",
            Self::Replace(_) => "replace",
            Self::Move { .. } => "move",
        }
    }
}

impl<'a> FhirpathPatch<'a> {
    pub(super) fn read(body: &'a [u8]) -> Result<Self, PatchFault> {
        let Json::Object(mut parameters) = json::parse(body)? else {
            return Err(PatchFault::Shape("is no Parameters resource"));
        };
        let known = |name: &str| matches!(name, "resourceType" | "id" | "meta" | "parameter");
        if parameters.text("resourceType") != Some("Parameters") || !parameters.members().all(|(name, _)| known(name)) {
            return Err(PatchFault::Shape("is no Parameters resource"));
        }
        let Some(Json::List(list)) = parameters.remove("parameter").filter(|list| *list != Json::List(Vec::new()))
        else {
            return Err(PatchFault::Shape("holds no operation"));
        };
        if list.len() > PATCH_OPERATIONS_MAX {
            return Err(PatchFault::TooManyOperations);
        }
        let mut operations = Vec::with_capacity(list.len());
        for (index, parameter) in list.into_iter().enumerate() {
            let mut parts = Parts::read(parameter).ok_or(PatchFault::Shape("holds what is no operation"))?;
            let name = parts.text("type", "valueCode").unwrap_or_else(|_| "?".to_owned());
            let operation = read_operation(&name, &mut parts).map_err(|cause| PatchFault::Operation {
                number: index + 1,
                name: quote(&name),
                cause,
            })?;
            operations.push(operation);
        }
        Ok(Self { operations })
    }

    pub(super) fn apply(&'a self, resource: &Object<'a>) -> Result<Object<'a>, PatchFault> {
        let root = resource.text("resourceType").and_then(|name| FhirType::parse(name).ok());
        let root = root.ok_or(PatchFault::Shape("is for a type that is not served"))?.as_str();
        let mut changing = Changing::of(resource);
        for (index, operation) in self.operations.iter().enumerate() {
            let name = operation.kind.name().to_owned();
            let done = operation.apply(root, &mut changing);
            done.map_err(|cause| PatchFault::Operation { number: index + 1, name, cause })?;
        }
        changing.done().ok_or(PatchFault::Shape("leaves no resource"))
    }
}

/// The parts of an operation, each taken once.
struct Parts<'a>(Vec<(String, Object<'a>)>);

impl<'a> Parts<'a> {
    fn read(parameter: Json<'a>) -> Option<Self> {
        let Json::Object(mut parameter) = parameter else { return None };
        let Some(Json::List(list)) = parameter.remove("part") else { return None };
        if parameter.text("name") != Some("operation") || parameter.members().count() != 1 {
            return None;
        }
        let named = |part: Json<'a>| match part {
            Json::Object(mut part) => match part.remove("name") {
                Some(Json::Text(name)) => Some((name.into_owned(), part)),
                _ => None,
            },
            _ => None,
        };
        list.into_iter().map(named).collect::<Option<Vec<_>>>().map(Self)
    }

    /// The one part of that name.
    fn take(&mut self, name: &'static str) -> Result<Object<'a>, PatchCause> {
        let at = self.0.iter().position(|(own, _)| own == name).ok_or(PatchCause::Part(name))?;
        Ok(self.0.remove(at).1)
    }

    fn value(&mut self, name: &'static str, member: &'static str) -> Result<Json<'a>, PatchCause> {
        let mut part = self.take(name)?;
        let value = part.remove(member).filter(|_| part.is_empty());
        value.ok_or(PatchCause::Part(name))
    }

    fn text(&mut self, name: &'static str, member: &'static str) -> Result<String, PatchCause> {
        match self.value(name, member)? {
            Json::Text(text) => Ok(text.into_owned()),
            _ => Err(PatchCause::Part(name)),
        }
    }

    fn index(&mut self, name: &'static str) -> Result<usize, PatchCause> {
        match self.value(name, "valueInteger")? {
            Json::Number(number) if number.len() <= 6 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                number.parse().map_err(|_| PatchCause::Part(name))
            }
            _ => Err(PatchCause::Part(name)),
        }
    }
}

fn read_operation<'a>(name: &str, parts: &mut Parts<'a>) -> Result<Operation<'a>, PatchCause> {
    let path = Path::read(&parts.text("path", "valueString")?)?;
    let kind = match name {
        "add" => {
            let name = parts.text("name", "valueString")?;
            Kind::Add(name, Value::read(parts.take("value")?)?)
        }
        "insert" => Kind::Insert(parts.index("index")?, Value::read(parts.take("value")?)?),
        "delete" => Kind::Delete,
        "replace" => Kind::Replace(Value::read(parts.take("value")?)?),
        "move" => Kind::Move { source: parts.index("source")?, destination: parts.index("destination")? },
        _ => return Err(PatchCause::Unknown),
    };
    if let Some((more, _)) = parts.0.first() {
        return Err(PatchCause::MorePart(quote(more)));
    }
    match (path.first(), &kind) {
        (Some(first), _) if KEPT.contains(&first) => Err(PatchCause::Kept(quote(first))),
        (None, Kind::Add(name, _)) if KEPT.contains(&name.as_str()) => Err(PatchCause::Kept(quote(name))),
        (None, Kind::Delete | Kind::Replace(_)) => Err(PatchCause::Kept("the whole record".to_owned())),
        _ => Ok(Operation { path, kind }),
    }
}

impl<'a> Operation<'a> {
    fn apply(&'a self, root: &'static str, changing: &mut Changing<'a>) -> Result<(), PatchCause> {
        if self.path.root != root {
            let why = "is for another type of record";
            return Err(PatchCause::Path { path: quote(&self.path.text), why });
        }
        match &self.kind {
            Kind::Add(name, value) => self.add(root, name, value, changing),
            Kind::Insert(index, value) => self.insert(root, *index, value, changing),
            Kind::Delete => self.delete(root, changing),
            Kind::Replace(value) => self.replace(root, value, changing),
            Kind::Move { source, destination } => {
                let list = self.list(root, changing)?;
                let item = changing.take(&list.item(*source))?;
                changing.put(&list.item(*destination), item)
            }
        }
    }

    /// A repeating element gets one more at its end; another must not be there yet.
    fn add(
        &'a self,
        root: &'static str,
        name: &str,
        value: &Value<'a>,
        changing: &mut Changing<'a>,
    ) -> Result<(), PatchCause> {
        let parent = self.path.one(&self.path.invocations, root, changing.tree())?;
        let unknown = || PatchCause::NoElement(format!("{}.{}", parent.of, quote(name)));
        let element = elements::element(parent.of, name).ok_or_else(unknown)?;
        let (member, value) = value.fit(element)?;
        let steps = step_to(&parent, member);
        if element.repeats {
            return List { steps, element }.append(value, changing);
        }
        let object = changing.find(&parent.steps).and_then(Json::object).ok_or_else(unknown)?;
        let there = |name: &str| object.get(name).is_some() || object.get(&format!("_{name}")).is_some();
        if element.members.iter().any(|(member, _)| there(member)) {
            return Err(PatchCause::ThereAlready(quote(name)));
        }
        changing.put(&steps, value)
    }

    fn insert(
        &'a self,
        root: &'static str,
        index: usize,
        value: &Value<'a>,
        changing: &mut Changing<'a>,
    ) -> Result<(), PatchCause> {
        let list = self.list(root, changing)?;
        let (_, value) = value.fit(list.element)?;
        if index == 0 && changing.find(&list.steps).is_none() {
            return list.append(value, changing);
        }
        changing.put(&list.item(index), value)
    }

    fn delete(&'a self, root: &'static str, changing: &mut Changing<'a>) -> Result<(), PatchCause> {
        let found = self.path.find(&self.path.invocations, root, changing.tree())?;
        let found = match found.as_slice() {
            // What is to be gone is gone already.
            [] => return Ok(()),
            [one] => one,
            _ => return Err(PatchCause::Several(quote(&self.path.text))),
        };
        let beside = beside(&found.steps, changing.tree());
        match (found.steps.last(), beside) {
            (Some(Step::Index(_)), Some(_)) => return Err(PatchCause::Extended(place::shown(&found.steps))),
            (_, Some(above)) => {
                if let Some(object) = changing.find_mut(above).and_then(Json::object_mut)
                    && let Some(Step::Name(name)) = found.steps.last()
                {
                    object.remove(&format!("_{name}"));
                }
            }
            _ => {}
        }
        changing.take(&found.steps)?;
        // FHIR knows no empty lists and objects (FHIR R4 json.html).
        let mut above = found.steps.as_slice();
        while let Some((_, rest)) = above.split_last() {
            above = rest;
            let empty = changing.find(above).is_some_and(is_empty);
            if above.is_empty() || !empty {
                break;
            }
            changing.take(above)?;
        }
        Ok(())
    }

    fn replace(&'a self, root: &'static str, value: &Value<'a>, changing: &mut Changing<'a>) -> Result<(), PatchCause> {
        let found = self.path.one(&self.path.invocations, root, changing.tree())?;
        let element = found.element.ok_or_else(|| PatchCause::Nothing(quote(&self.path.text)))?;
        if beside(&found.steps, changing.tree()).is_some() {
            return Err(PatchCause::Extended(place::shown(&found.steps)));
        }
        let (member, value) = value.fit(element)?;
        match found.steps.split_last() {
            // Another type of a choice is another member.
            Some((Step::Name(own), above)) if *own != member => {
                changing.take(&found.steps)?;
                let steps: Vec<Step<'a>> = above.iter().copied().chain([Step::Name(member)]).collect();
                changing.put(&steps, value)
            }
            _ => changing.replace(&found.steps, value),
        }
    }

    /// The list that the path names as such.
    fn list(&'a self, root: &'static str, changing: &Changing<'a>) -> Result<List<'a>, PatchCause> {
        let why = "does not end in the name of a list";
        let fault = || PatchCause::Path { path: quote(&self.path.text), why };
        let (above, name) = self.path.list().ok_or_else(fault)?;
        let parent = self.path.one(above, root, changing.tree())?;
        let unknown = || PatchCause::NoElement(format!("{}.{}", parent.of, quote(name)));
        let element = elements::element(parent.of, name).ok_or_else(unknown)?;
        let (member, _) = element.members.first().filter(|_| element.repeats).ok_or_else(fault)?;
        let steps = step_to(&parent, member);
        if beside(&steps, changing.tree()).is_some() {
            return Err(PatchCause::Extended(place::shown(&steps)));
        }
        Ok(List { steps, element })
    }
}

/// A repeating element, there or not.
struct List<'a> {
    steps: Vec<Step<'a>>,
    element: &'static Element,
}

impl<'a> List<'a> {
    fn item(&self, index: usize) -> Vec<Step<'a>> {
        self.steps.iter().copied().chain([Step::Index(index)]).collect()
    }

    fn append(&self, value: Json<'a>, changing: &mut Changing<'a>) -> Result<(), PatchCause> {
        if beside(&self.steps, changing.tree()).is_some() {
            return Err(PatchCause::Extended(place::shown(&self.steps)));
        }
        match changing.find(&self.steps) {
            None => changing.put(&self.steps, Json::List(vec![value])),
            Some(Json::List(list)) => {
                let end = self.item(list.len());
                changing.put(&end, value)
            }
            Some(_) => Err(PatchCause::NoPlace(place::shown(&self.steps))),
        }
    }
}

fn step_to<'a>(parent: &Node<'a>, member: &'static str) -> Vec<Step<'a>> {
    parent.steps.iter().copied().chain([Step::Name(member)]).collect()
}

/// The object above an element, if it holds extensions of that element's primitive value in a member of their own
/// (`_birthDate`, FHIR R4 json.html#primitive). In a list the two go in parallel, item by item.
fn beside<'s, 'a>(steps: &'s [Step<'a>], tree: &Json<'_>) -> Option<&'s [Step<'a>]> {
    let named = match steps {
        [above @ .., Step::Index(_)] => above,
        steps => steps,
    };
    let (last, above) = named.split_last()?;
    let Step::Name(name) = last else { return None };
    let object = place::find(tree, above)?.object()?;
    object.get(&format!("_{name}")).map(|_| above)
}

fn is_empty(value: &Json<'_>) -> bool {
    match value {
        Json::List(list) => list.is_empty(),
        Json::Object(object) => object.is_empty(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => false,
    }
}
