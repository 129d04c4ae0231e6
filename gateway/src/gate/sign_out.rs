//! Sign-out: the session is ended as a fact of the registry, so that its cookie opens nothing on any node.

use http::header::SET_COOKIE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{Author, Office};
use registry::Command;

use super::html;
use crate::pages;
use crate::pipeline::authenticate::Subject;
use crate::pipeline::extract::whole;
use crate::pipeline::trace::Trace;
use crate::refusal::Refusal;
use crate::store::pool::Body;
use crate::worker::Worker;

/// Signs out.
///
/// # Errors
/// The end of the session could not be recorded: it goes on.
pub async fn serve(
    worker: &Worker,
    subject: &Subject,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (shared, now) = (worker.share(), worker.now());
    let author = Author::new(Office::User, subject.user_id().as_str());
    let command = Command::EndSession { session: subject.session().clone(), over_at: subject.session_over() };
    let executed = tokio::task::spawn_blocking(move || shared.registry.execute(command, author, now)).await;
    if !matches!(executed, Ok(Ok(_))) {
        tracing::error!("a session could not be ended");
        return Err(Refusal::RegistryStale);
    }
    let mut response = if *request.method() == Method::DELETE {
        let mut response = Response::new(whole(bytes::Bytes::new()));
        *response.status_mut() = StatusCode::NO_CONTENT;
        crate::answer::page_headers(response.headers_mut());
        response
    } else {
        html(StatusCode::OK, pages::signed_out(&worker.frame(trace)))
    };
    let gone = HeaderValue::from_static("__Host-sekisho=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    response.headers_mut().append(SET_COOKIE, gone);
    Ok(response)
}
