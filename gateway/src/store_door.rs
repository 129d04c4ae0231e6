//! The door on the store's side: our public keys, and whether we live. Plain HTTP on an internal address; no record and
//! no personal data passes here.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::bounds::{HEADER_READ_MAX, STORE_DOOR_CONNECTIONS_MAX};

/// Serves until the drain.
pub async fn serve(listener: std::net::TcpListener, key_set: String, mut draining: watch::Receiver<bool>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the store's door cannot be opened");
            return;
        }
    };
    let key_set = Bytes::from(key_set);
    let places = Arc::new(Semaphore::new(STORE_DOOR_CONNECTIONS_MAX));
    loop {
        // More have to wait in the kernel's queue: this door must not take the descriptors that clients need.
        let place = tokio::select! {
            _ = draining.wait_for(|begun| *begun) => return,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { return };
        let accepted = tokio::select! {
            _ = draining.wait_for(|begun| *begun) => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let key_set = key_set.clone();
        tokio::spawn(async move {
            let _place = place;
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer(&request, &key_set);
                async move { Ok::<_, Infallible>(answer) }
            });
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_READ_MAX)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(request: &Request<Incoming>, key_set: &Bytes) -> Response<Full<Bytes>> {
    let (status, content_type, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/.well-known/jwks.json") => (StatusCode::OK, "application/jwk-set+json", key_set.clone()),
        (&Method::GET, "/healthz") => (StatusCode::OK, "text/plain", Bytes::from_static(b"ok\n")),
        _ => (StatusCode::NOT_FOUND, "text/plain", Bytes::from_static(b"not found\n")),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, http::HeaderValue::from_static("max-age=60"));
    response
}
