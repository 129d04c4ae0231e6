//! SCEP (RFC 8894 4): operations in the address, messages in the body or, in base64, in the address too.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use enrolment::{CAPABILITIES, Turned};
use serde::Deserialize;

use super::EnrolmentDoor;
use super::sources::Source;
use crate::problem::{Problem, too_many};

#[derive(Deserialize)]
pub(super) struct Asked {
    operation: String,
    #[serde(default)]
    message: String,
}

pub(super) async fn get(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Query(asked): Query<Asked>,
) -> Response {
    let (scep, now) = (Arc::clone(&door.scep), (door.clock)());
    match asked.operation.as_str() {
        "GetCACaps" => typed("text/plain", CAPABILITIES.as_bytes().to_vec()),
        "GetCACert" => {
            // The first one waits for an RSA key to be made.
            let made = tokio::task::spawn_blocking(move || scep.authorities(now)).await;
            match made.unwrap_or_else(|error| Err(Turned::Fault(Box::new(error)))) {
                Ok(chain) => typed("application/x-x509-ca-ra-cert", chain),
                Err(turned) => not_now(&turned),
            }
        }
        // A plus sign comes as a blank out of an address.
        "PKIOperation" => match STANDARD.decode(asked.message.replace(' ', "+")) {
            Ok(message) => operate(&door, source, message).await,
            Err(_) => StatusCode::BAD_REQUEST.into_response(),
        },
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

pub(super) async fn post(
    State(door): State<EnrolmentDoor>,
    Extension(source): Extension<Source>,
    Query(asked): Query<Asked>,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match (asked.operation.as_str(), body) {
        ("PKIOperation", Ok(body)) => operate(&door, source, body.to_vec()).await,
        ("PKIOperation", Err(_)) => Problem::TooLarge.into_response(),
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn operate(door: &EnrolmentDoor, source: Source, message: Vec<u8>) -> Response {
    let (scep, now) = (Arc::clone(&door.scep), (door.clock)());
    let tried = match door.sources.begin(source, None, now).await {
        Ok(tried) => tried,
        Err(held) => return too_many(held),
    };
    let answered = tokio::task::spawn_blocking(move || {
        let answered = scep.answer(&message, now);
        // Here, so that who hangs up before the answer comes has tried all the same.
        if matches!(&answered, Ok(Some(replied)) if replied.wrong_code) {
            tried.wrong();
        }
        answered
    })
    .await;
    match answered.unwrap_or_else(|error| Err(Turned::Fault(Box::new(error)))) {
        Ok(Some(replied)) => {
            if replied.wrong_code {
                tracing::info!("a code that does not open was turned away");
                tokio::time::sleep(door.bounds.wrong_pause).await;
            }
            typed("application/x-pki-message", replied.message)
        }
        Ok(None) => StatusCode::BAD_REQUEST.into_response(),
        Err(turned) => not_now(&turned),
    }
}

fn not_now(turned: &Turned) -> Response {
    let error: &dyn std::error::Error = turned;
    tracing::error!(error, "an answer of SCEP failed");
    Problem::NotNow.into_response()
}

fn typed(content_type: &'static str, body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
