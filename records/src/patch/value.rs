//! The value of a FHIRPath operation: of a type that has a name (`valueDate`, `valueHumanName`), or of one that has none and
//! is written part by part (`Patient.contact`).

use super::elements::{self, Element};
use super::fault::PatchCause;
use crate::bounds::JSON_DEPTH_MAX;
use crate::error::quote;
use crate::json::{Json, Object};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// The type as it stands behind `value`, and the value.
    Typed(String, Json<'a>),
    Parts(Vec<(String, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// Reads what stands in a part beside its name.
    pub(super) fn read(part: Object<'a>) -> Result<Self, PatchCause> {
        Self::read_at(part, 0)
    }

    fn read_at(part: Object<'a>, depth: usize) -> Result<Self, PatchCause> {
        const NO_VALUE: PatchCause = PatchCause::Part("value");
        let mut members = part.into_members();
        // One member: beside it a second value, or an extension of the value, would say something else.
        let (Some((name, value)), None) = (members.next(), members.next()) else { return Err(NO_VALUE) };
        if name != "part" {
            let of = name.strip_prefix("value").filter(|of| !of.is_empty()).ok_or(NO_VALUE)?;
            return Ok(Self::Typed(of.to_owned(), value));
        }
        let Json::List(list) = value else { return Err(NO_VALUE) };
        if depth == JSON_DEPTH_MAX {
            return Err(PatchCause::Depth);
        }
        let mut parts = Vec::with_capacity(list.len());
        for item in list {
            let Json::Object(mut item) = item else { return Err(NO_VALUE) };
            let Some(Json::Text(name)) = item.remove("name") else { return Err(NO_VALUE) };
            parts.push((name.into_owned(), Self::read_at(item, depth + 1)?));
        }
        Ok(Self::Parts(parts))
    }

    /// The member that this value makes of the element, and what stands in it. Of a repeating element one item.
    pub(super) fn fit(&self, element: &'static Element) -> Result<(&'static str, Json<'a>), PatchCause> {
        let wrong = |given: &str| PatchCause::Type { given: quote(given), element: element.name.to_owned() };
        match self {
            Self::Typed(given, value) => {
                let member = element.members.iter().find(|(_, of)| elements::capital(of) == *given);
                let (member, of) = member.ok_or_else(|| wrong(given))?;
                let fits = match value {
                    Json::Text(_) | Json::Number(_) | Json::Bool(_) => elements::is_primitive(of),
                    Json::Object(object) => !elements::is_primitive(of) && !object.is_empty(),
                    Json::Null | Json::List(_) => false,
                };
                if fits { Ok((member, value.clone())) } else { Err(wrong(given)) }
            }
            Self::Parts(parts) => {
                let [(member, of)] = element.members.as_slice() else { return Err(wrong("part")) };
                Ok((member, Json::Object(build(of, parts)?)))
            }
        }
    }
}

fn build<'a>(of: &str, parts: &[(String, Value<'a>)]) -> Result<Object<'a>, PatchCause> {
    let mut object = Object::default();
    for (name, value) in parts {
        let element = elements::element(of, name);
        let element = element.ok_or_else(|| PatchCause::NoElement(format!("{of}.{}", quote(name))))?;
        let (member, value) = value.fit(element)?;
        let there = element.members.iter().any(|(member, _)| object.get(member).is_some());
        match object.get_mut(member).and_then(Json::list_mut) {
            Some(list) if element.repeats => list.push(value),
            _ if there => return Err(PatchCause::ThereAlready(quote(name))),
            _ => {
                object.set(member, if element.repeats { Json::List(vec![value]) } else { value });
            }
        }
    }
    if object.is_empty() { Err(PatchCause::Part("value")) } else { Ok(object) }
}
