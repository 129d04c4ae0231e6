//! News of one person: as an event stream (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) and by
//! WebSocket (RFC 6455). References only, never contents.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, stream};
use serde_json::json;
use tokio::sync::{broadcast, watch};

use crate::app::App;
use crate::fhir::interaction::Written;
use crate::fhir::outcome::Fault;
use crate::fhir::types::Kind;
use crate::fhir::{query, refuse};
use crate::server::begun;
use crate::store::newest;

/// News that a slow listener may be behind; beyond it, the oldest are lost to that listener.
const BEHIND_MAX: usize = 1_024;

/// One piece of news.
#[derive(Debug)]
struct News {
    person: String,
    data: String,
}

/// Passes news on to whoever listens.
#[derive(Clone, Debug)]
pub(crate) struct Hub(broadcast::Sender<Arc<News>>);

impl Hub {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BEHIND_MAX).0)
    }

    /// Tells of new records.
    pub(crate) fn publish(&self, written: &[Written]) {
        for record in written {
            if let Some(person) = &record.news_for {
                let data = json!({ "resourceType": record.kind.name(), "id": record.id, "person": person });
                self.tell(person, &data.to_string());
            }
        }
    }

    /// Tells anything, in the words given; a test may lie.
    pub(crate) fn tell(&self, person: &str, data: &str) {
        // Nobody listening is no fault.
        let _ = self.0.send(Arc::new(News { person: person.to_owned(), data: data.to_owned() }));
    }
}

/// One listener.
struct Listener {
    news: broadcast::Receiver<Arc<News>>,
    person: String,
    draining: watch::Receiver<bool>,
}

impl Listener {
    /// The next news of this person; none when the store stops.
    async fn next(&mut self) -> Option<Arc<News>> {
        loop {
            let received = tokio::select! {
                () = begun(&mut self.draining) => return None,
                received = self.news.recv() => received,
            };
            match received {
                Ok(news) if news.person == self.person => return Some(news),
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }
}

async fn listen(app: &App, query: Option<String>) -> Result<Listener, Fault> {
    let pairs = query::pairs(query.as_deref().unwrap_or_default());
    let person = pairs.into_iter().find(|(name, _)| name == "patient").map(|(_, value)| value);
    let person = person.ok_or_else(|| Fault::invalid("patient is missing"))?;
    let person = person.strip_prefix("Patient/").unwrap_or(&person).to_owned();
    let news = app.hub.0.subscribe();
    let wanted = person.clone();
    let known = app
        .store
        .run(move |store| {
            let kind = Kind::named("Patient");
            Ok(kind.map(|kind| newest(&store.reader(), kind, &wanted)).transpose()?.flatten())
        })
        .await?;
    if known.is_none_or(|version| version.deleted) {
        return Err(Fault::not_found("Patient", &person));
    }
    Ok(Listener { news, person, draining: app.draining.clone() })
}

/// `GET /feeds/notes?patient=ID`
pub(crate) async fn events(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    match listen(&app, query).await {
        Ok(listener) => {
            let mut response = Sse::new(event_stream(listener))
                .keep_alive(KeepAlive::new().interval(app.heartbeat).text("alive"))
                .into_response();
            response.headers_mut().insert("cache-control", http::HeaderValue::from_static("no-store"));
            response
        }
        Err(fault) => refuse(&fault),
    }
}

fn event_stream(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((listener, false), |(mut listener, begun)| async move {
        if !begun {
            // The client learns at once that it is heard.
            return Some((Ok(Event::default().comment("listening")), (listener, true)));
        }
        let news = listener.next().await?;
        Some((Ok(Event::default().event("note").data(&news.data)), (listener, true)))
    })
}

/// `GET /feeds/notes/socket?patient=ID`
pub(crate) async fn socket(State(app): State<App>, RawQuery(query): RawQuery, upgrade: WebSocketUpgrade) -> Response {
    match listen(&app, query).await {
        Ok(listener) => {
            let heartbeat = app.heartbeat;
            upgrade.max_message_size(4_096).on_upgrade(move |socket| talk(socket, listener, heartbeat))
        }
        Err(fault) => refuse(&fault),
    }
}

async fn talk(mut socket: WebSocket, mut listener: Listener, heartbeat: Duration) {
    loop {
        let message = tokio::select! {
            news = listener.next() => match news {
                Some(news) => Message::Text(news.data.as_str().into()),
                None => {
                    let _ = socket.send(Message::Close(None)).await;
                    return;
                }
            },
            // Pings are answered below us; whatever else the client says is of no interest.
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            () = tokio::time::sleep(heartbeat) => Message::Ping(bytes::Bytes::new()),
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
}
