//! WebSockets about a person: `/talk` says again whatever is said, `/listen` says something now and then; `/events` says the same as
//! an event stream. The head of the answer says whose they are (`x-person`), as of a file.
//!
//! A text `close CODE REASON` is answered by closing so, `ping` by a ping. Naive as the rest of the store: nobody is asked whether
//! he may.

use std::convert::Infallible;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;

use super::{Answered, PERSON, Wrong, is_known};
use crate::app::App;
use crate::fhir::put;
use crate::server::begun;

/// The longest message that is said again.
const MESSAGE_BYTES_MAX: usize = 128 * 1024 * 1024;
/// What it is called.
const PROTOCOL: &str = "notes.v1";

/// `GET /notes/people/{person}/talk`
pub(super) async fn talk(State(app): State<App>, Path(person): Path<String>, upgrade: WebSocketUpgrade) -> Answered {
    if !is_known(&app, &person).await? {
        return Err(Wrong::nowhere());
    }
    let upgrade = upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX).protocols([PROTOCOL]);
    Ok(of(&person, upgrade.on_upgrade(echo)))
}

/// `GET /notes/people/{person}/listen`
pub(super) async fn listen(State(app): State<App>, Path(person): Path<String>, upgrade: WebSocketUpgrade) -> Answered {
    if !is_known(&app, &person).await? {
        return Err(Wrong::nowhere());
    }
    let told = person.clone();
    Ok(of(&person, upgrade.on_upgrade(move |socket| tell(socket, app, told))))
}

/// `GET /notes/people/{person}/events`
pub(super) async fn events(State(app): State<App>, Path(person): Path<String>) -> Answered {
    if !is_known(&app, &person).await? {
        return Err(Wrong::nowhere());
    }
    let told = stream::unfold((app, person.clone(), true), |(app, person, first)| async move {
        if !first {
            let mut draining = app.draining.clone();
            tokio::select! {
                () = tokio::time::sleep(app.heartbeat) => {}
                () = begun(&mut draining) => return None,
            }
        }
        let event = Event::default().id("1").data(format!("{person} is well"));
        Some((Ok::<_, Infallible>(event), (app, person, false)))
    });
    Ok(of(&person, Sse::new(told).into_response()))
}

fn of(person: &str, mut response: Response) -> Response {
    put(response.headers_mut(), PERSON, person);
    response
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answer = match &message {
            Message::Text(text) => match text.split(' ').collect::<Vec<_>>().as_slice() {
                ["close", code, reason] => {
                    let frame = CloseFrame { code: code.parse().unwrap_or(1000), reason: (*reason).into() };
                    Message::Close(Some(frame))
                }
                ["ping"] => Message::Ping(Bytes::from_static(b"are you there")),
                _ => message,
            },
            Message::Binary(_) => message,
            // Pings and closes are answered below us.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => continue,
        };
        if socket.send(answer).await.is_err() {
            return;
        }
    }
}

async fn tell(mut socket: WebSocket, app: App, person: String) {
    let mut draining = app.draining.clone();
    loop {
        let said = Message::Text(Utf8Bytes::from(format!("{person} is well")));
        if socket.send(said).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(app.heartbeat) => {}
            () = begun(&mut draining) => return,
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}
