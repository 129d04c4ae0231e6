//! One entry: method, target, conditions and resource of a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Unreadable, quote};
use crate::head::Head;
use crate::json::{Json, Object};
use crate::need::Need;
use crate::release::in_origin_form;

/// A request within a batch or transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which one, from 1.
    pub number: usize,
    /// One of the methods that are known here.
    pub method: &'static str,
    /// In origin form; read like that of any request, and not believed before.
    pub target: String,
    /// Names in lower case; values are plain ASCII.
    pub headers: Vec<(&'static str, String)>,
    /// The resource, written anew, or the patch; empty where there is none.
    pub body: Vec<u8>,
    /// What other entries of a transaction call it.
    pub(super) name: Option<Name>,
}

/// `urn:uuid:` and a UUID, in lower case (RFC 4122 3), so that nobody takes two for one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name(pub(super) String);

/// Octets of a [`Name`].
pub(super) const NAME_BYTES: usize = "urn:uuid:01234567-89ab-cdef-0123-456789abcdef".len();
/// How a [`Name`] begins.
pub(super) const NAME_START: &str = "urn:uuid:";

impl Name {
    fn read(text: &str) -> Option<Self> {
        let uuid = text.strip_prefix(NAME_START)?;
        let fits = uuid.len() + NAME_START.len() == NAME_BYTES
            && uuid.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        fits.then(|| Self(text.to_owned()))
    }
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Reads an entry. The resource is given beside it, for those who must look into it.
pub(super) fn read<'t, 'a>(
    number: usize,
    entry: &'t Json<'a>,
    minimal: bool,
) -> Result<(Entry, Option<&'t Object<'a>>), Unreadable> {
    let entry = entry.object().ok_or(Unreadable::EntryForm("is no object"))?;
    if entry.members().any(|(name, _)| !matches!(name, "fullUrl" | "resource" | "request")) {
        // `response` and `search` belong to answers; `link` and extensions could change what is meant.
        return Err(Unreadable::EntryForm("has a member other than fullUrl, resource and request"));
    }
    let request = entry.get("request").and_then(Json::object).ok_or(Unreadable::EntryForm("has no request"))?;
    let (mut headers, mut method, mut url) = (vec![("accept", "application/fhir+json".to_owned())], None, None);
    for (name, value) in request.members() {
        let value = value.text().filter(|text| text.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        let value = value.ok_or(Unreadable::EntryForm("has a request that is no plain text"))?;
        match name {
            "method" => method = Some(value),
            "url" => url = Some(value),
            "ifMatch" => headers.push(("if-match", value.to_owned())),
            "ifNoneMatch" => headers.push(("if-none-match", value.to_owned())),
            "ifNoneExist" => headers.push(("if-none-exist", value.to_owned())),
            // What is not heeded is refused; whoever wrote it relies on it.
            _ => return Err(Unreadable::EntryForm("asks for what is not served in its request")),
        }
    }
    let given = method.ok_or(Unreadable::EntryForm("has no method"))?;
    let method = METHODS.into_iter().find(|method| *method == given).ok_or_else(|| Unreadable::Method(quote(given)))?;
    let url = url.ok_or(Unreadable::EntryForm("has no url"))?;
    if url.contains('#') {
        return Err(Unreadable::EntryForm("has a url with a fragment"));
    }
    if url.is_empty() {
        return Err(Unreadable::Interaction("a batch or transaction within another"));
    }
    let resource = match entry.get("resource") {
        None => None,
        Some(resource) => Some(resource.object().ok_or(Unreadable::EntryForm("holds no resource"))?),
    };
    if matches!(method, "GET" | "DELETE") == resource.is_some() {
        return Err(Unreadable::EntryForm("holds a resource where none belongs, or none where one does"));
    }
    let mut body = Vec::new();
    if let Some(resource) = resource {
        let content_type = match (method, resource.text("resourceType")) {
            (_, Some("Bundle")) => return Err(Unreadable::Interaction("a Bundle within a Bundle")),
            ("PATCH", Some("Binary")) => {
                body = json_patch(resource)?;
                JSON_PATCH
            }
            _ => {
                body = resource.to_bytes();
                "application/fhir+json"
            }
        };
        headers.push(("content-type", content_type.to_owned()));
    }
    if minimal {
        headers.push(("prefer", "return=minimal".to_owned()));
    }
    let name = match entry.get("fullUrl") {
        None => None,
        // A patch is no record, and whose it will make of one is not known yet.
        Some(given) => name(given, url, resource.is_some() && method != "PATCH")?,
    };
    Ok((Entry { number, method, target: format!("/fhir/{url}"), headers, body, name }, resource))
}

const JSON_PATCH: &str = "application/json-patch+json";

/// A JSON Patch, which is no resource and travels as the bytes of one (FHIR R4 http.html#jsonpatch).
fn json_patch(binary: &Object<'_>) -> Result<Vec<u8>, Unreadable> {
    let known = binary.members().all(|(name, _)| matches!(name, "resourceType" | "contentType" | "data"));
    let data = binary.text("data").filter(|_| known && binary.text("contentType") == Some(JSON_PATCH));
    data.and_then(|data| STANDARD.decode(data).ok()).ok_or(Unreadable::EntryForm("holds no JSON Patch in its Binary"))
}

/// What `fullUrl` calls an entry: a name of its own, or the address of the very record that the request names, which says
/// nothing new. Anything else lies about whose words follow (FHIR R4 bundle.html#references resolves them by it).
fn name(given: &Json<'_>, url: &str, holds_record: bool) -> Result<Option<Name>, Unreadable> {
    let given = given.text().ok_or(Unreadable::EntryForm("has a fullUrl that is no text"))?;
    if given.starts_with(NAME_START) {
        return match Name::read(given) {
            Some(name) if holds_record => Ok(Some(name)),
            Some(_) => Err(Unreadable::EntryForm("has a name, and holds nothing that could be called so")),
            None => Err(Unreadable::EntryForm("has a fullUrl that is no UUID in lower case")),
        };
    }
    let one = url.split('/').count() == 2 && !url.contains(['?', '#', '$']);
    let absolute = given.starts_with("http://") || given.starts_with("https://");
    if one && absolute && in_origin_form(given).strip_prefix("/fhir/") == Some(url) {
        return Ok(None);
    }
    Err(Unreadable::EntryForm("has a fullUrl that names something else than its request"))
}

impl Entry {
    /// Reads the head, as of any request.
    pub(super) fn read_head(&self) -> Result<Need, Unreadable> {
        let headers: Vec<(&str, &[u8])> = self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        crate::read_head(&Head { method: self.method, target: &self.target, headers: &headers })
    }

    /// The record that the target names, as `Type/ID`.
    pub(super) fn reference(&self) -> Option<&str> {
        self.target.strip_prefix("/fhir/").filter(|url| url.split('/').count() == 2 && !url.contains('?'))
    }

    /// Whether the target names one record.
    pub(super) fn names_a_record(&self) -> bool {
        self.reference().is_some()
    }

    /// Which record is meant is said by criteria.
    pub(super) fn is_conditional(&self) -> bool {
        self.method != "GET" && self.target.contains('?')
    }

    /// What is served alone, and not here: what has not changed would have no place in the answer.
    pub(super) fn within_a_transaction(&self) -> Result<(), Unreadable> {
        if self.headers.iter().any(|(name, _)| *name == "if-none-match") {
            return Err(Unreadable::Interaction("a conditional read within a transaction"));
        }
        Ok(())
    }
}
