//! What a page sends: fields of a form, typed or as files (RFC 7578), read whole and bounded by the body's limit.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use enrolment::BODY_OCTETS_MAX;

use crate::bounds::FORM_FIELDS_MAX;

/// The fields, by name.
pub(super) struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    /// Reads them. None: no form, broken off, or too much.
    pub(super) async fn read(request: Request) -> Option<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
        if kind.starts_with("multipart/form-data") {
            return Self::parts(Multipart::from_request(request, &()).await.ok()?).await;
        }
        let body = axum::body::to_bytes(request.into_body(), BODY_OCTETS_MAX).await.ok()?;
        let pairs: Vec<_> = form_urlencoded::parse(&body).take(FORM_FIELDS_MAX + 1).collect();
        let fields =
            pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned().into_bytes())).collect();
        Self::bounded(fields)
    }

    async fn parts(mut parts: Multipart) -> Option<Self> {
        let mut fields = Vec::new();
        while let Some(part) = parts.next_field().await.ok()? {
            let name = part.name()?.to_owned();
            fields.push((name, part.bytes().await.ok()?.to_vec()));
            if fields.len() > FORM_FIELDS_MAX {
                return None;
            }
        }
        Self::bounded(fields)
    }

    fn bounded(fields: Vec<(String, Vec<u8>)>) -> Option<Self> {
        (fields.len() <= FORM_FIELDS_MAX).then_some(Self(fields))
    }

    /// The octets of a field; empty where there is none.
    pub(super) fn octets(&self, name: &str) -> &[u8] {
        self.0.iter().find(|(known, _)| known == name).map_or(&[], |(_, value)| value)
    }

    /// The text of a field; empty where there is none, or no text.
    pub(super) fn text(&self, name: &str) -> String {
        std::str::from_utf8(self.octets(name)).unwrap_or_default().to_owned()
    }
}
