//! `GET /fhir/metadata` (FHIR R4 http.html#capabilities): what the store says it can do, as far as it is served here. Made
//! from our own lists, less what the store has not; nothing of the store's words goes out but its date.
//!
//! Nobody's record; open to whoever may use the service.

use std::borrow::Cow;

use model::Category;

use super::date;
use super::search::{self, include};
use super::types::FhirType;
use crate::error::Misbehaviour;
use crate::json::{Json, Object};
use crate::touches::{AnswerKind, Claim, Forward, Touches};

/// What is asked for.
pub(crate) fn asked() -> Touches {
    let claim = Claim::read(Category::Directory, Vec::new(), false);
    Touches::new(claim, Vec::new(), Forward::get("/fhir/metadata".to_owned()), AnswerKind::Capabilities)
}

/// The interactions with a type that are served, by FHIR's codes. A test holds this to what is understood.
pub(crate) fn interactions(fhir_type: FhirType) -> Vec<&'static str> {
    let mut codes = vec!["read", "vread", "history-instance"];
    if !search::served(fhir_type).is_empty() {
        codes.push("search-type");
    }
    if !fhir_type.is_directory() {
        codes.extend(["update", "delete"]);
        // Bytes have no parts.
        if fhir_type != FhirType::Binary {
            codes.push("patch");
        }
        // A person is entered by the city's clerk.
        if fhir_type.category() != Category::Demographics {
            codes.push("create");
        }
    }
    codes
}

/// The statement as it goes out.
pub(crate) fn reduced(statement: &Object<'_>) -> Result<Vec<u8>, Misbehaviour> {
    if statement.text("resourceType") != Some("CapabilityStatement") {
        return Err(Misbehaviour::Shape("is no capability statement"));
    }
    let version = statement.text("fhirVersion").filter(|version| version.starts_with("4.0."));
    let version = version.ok_or(Misbehaviour::Shape("is a statement of another version than R4"))?;
    let date = statement.text("date").filter(|date| date::check(date).is_some());
    let date = date.ok_or(Misbehaviour::Shape("is a statement without a date"))?;
    let rest = objects(statement, "rest").find(|rest| rest.text("mode") == Some("server"));
    let rest = rest.ok_or(Misbehaviour::Shape("is not the statement of a server"))?;
    let everywhere: Vec<&str> = objects(rest, "searchParam").filter_map(|one| one.text("name")).collect();
    let mut resources = Vec::new();
    for theirs in objects(rest, "resource") {
        let fhir_type = theirs.text("type").and_then(|name| FhirType::parse(name).ok());
        resources.extend(fhir_type.map(|fhir_type| resource(fhir_type, theirs, &everywhere)));
    }
    let server = object(vec![("mode", text("server")), ("resource", Json::List(resources))]);
    let about = "The records behind this gateway. What is listed is served to whoever is permitted, and nothing else.";
    let whole = Object::of(vec![
        ("resourceType", text("CapabilityStatement")),
        ("status", text("active")),
        ("date", text(date.to_owned())),
        ("kind", text("instance")),
        ("implementation", object(vec![("description", text(about))])),
        ("fhirVersion", text(version.to_owned())),
        ("format", Json::List(vec![text("json")])),
        ("rest", Json::List(vec![server])),
    ]);
    Ok(whole.to_bytes())
}

/// One type: what both of us can do.
fn resource<'a>(fhir_type: FhirType, theirs: &Object<'_>, everywhere: &[&str]) -> Json<'a> {
    let coded = |name: &str, wanted: &str, key: &str| objects(theirs, name).any(|one| one.text(key) == Some(wanted));
    let codes = interactions(fhir_type).into_iter().filter(|code| coded("interaction", code, "code"));
    let codes: Vec<Json<'a>> = codes.map(|code| object(vec![("code", text(code))])).collect();
    let parameters = search::served(fhir_type)
        .into_iter()
        .filter(|(name, _)| everywhere.contains(name) || coded("searchParam", name, "name"))
        .map(|(name, kind)| object(vec![("name", text(name)), ("type", text(kind))]))
        .collect();
    let mut members = vec![("type", text(fhir_type.as_str())), ("interaction", Json::List(codes))];
    let lists = [
        ("searchInclude", include::links_from(fhir_type).into_iter().map(text).collect()),
        ("searchRevInclude", include::links_to(fhir_type).into_iter().map(text).collect()),
        ("searchParam", parameters),
    ];
    if !search::served(fhir_type).is_empty() {
        // FHIR knows no empty lists.
        members.extend(
            lists
                .into_iter()
                .filter(|(_, list): &(_, Vec<_>)| !list.is_empty())
                .map(|(name, list)| (name, Json::List(list))),
        );
    }
    if fhir_type == FhirType::Patient && coded("operation", "everything", "name") {
        let definition = "http://hl7.org/fhir/OperationDefinition/Patient-everything";
        let everything = object(vec![("name", text("everything")), ("definition", text(definition))]);
        members.push(("operation", Json::List(vec![everything])));
    }
    object(members)
}

fn objects<'t, 'a>(object: &'t Object<'a>, name: &str) -> impl Iterator<Item = &'t Object<'a>> {
    object.get(name).and_then(Json::list).unwrap_or_default().iter().filter_map(Json::object)
}

fn object<'a>(members: Vec<(&'a str, Json<'a>)>) -> Json<'a> {
    Json::Object(Object::of(members))
}

fn text<'a>(text: impl Into<Cow<'a, str>>) -> Json<'a> {
    Json::own(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, Unreadable, read_head};

    /// What is listed is understood, and what is understood is listed.
    #[test]
    fn the_interactions_listed_are_those_served() {
        let headers: &[(&str, &[u8])] = &[("content-type", b"application/fhir+json")];
        let mut wrong = Vec::new();
        for fhir_type in FhirType::ALL {
            let listed = interactions(*fhir_type);
            for (code, method, target) in [
                ("read", "GET", format!("/fhir/{fhir_type}/x")),
                ("vread", "GET", format!("/fhir/{fhir_type}/x/_history/1")),
                ("history-instance", "GET", format!("/fhir/{fhir_type}/x/_history")),
                ("history-type", "GET", format!("/fhir/{fhir_type}/_history")),
                ("search-type", "GET", format!("/fhir/{fhir_type}")),
                ("create", "POST", format!("/fhir/{fhir_type}")),
                ("update", "PUT", format!("/fhir/{fhir_type}/x")),
                ("patch", "PATCH", format!("/fhir/{fhir_type}/x")),
                ("delete", "DELETE", format!("/fhir/{fhir_type}/x")),
            ] {
                let read = read_head(&Head { method, target: &target, headers });
                let served = !matches!(read, Err(Unreadable::Interaction(_) | Unreadable::Method(_)));
                if served != listed.contains(&code) {
                    wrong.push(format!("{method} {target} is {}served", if served { "" } else { "not " }));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    /// Each parameter listed is understood by its name.
    #[test]
    fn the_parameters_listed_are_on_the_lists() {
        for fhir_type in FhirType::ALL {
            for (name, kind) in search::served(*fhir_type) {
                let value = match kind {
                    "date" => "2024",
                    "reference" if ["patient", "subject", "beneficiary"].contains(&name) => "P-1",
                    "reference" => "Practitioner/x",
                    _ => "x",
                };
                let target = format!("/fhir/{fhir_type}?{name}={value}");
                let read = read_head(&Head { method: "GET", target: &target, headers: &[] });
                assert!(read.is_ok(), "{target}: {read:?}");
            }
        }
    }
}
