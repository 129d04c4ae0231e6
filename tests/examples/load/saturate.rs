//! As fast as it is answered.

use std::time::Instant;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::figures::{Answer, Figures};
use crate::plan::Plan;
use crate::{goes_on, lean};

/// Over HTTP/1.1, one request at a time on each connection.
pub(crate) async fn one(plan: &Plan) -> Figures {
    let all = (0..plan.count).map(|number| one_connection(plan, number));
    joined(futures_util::future::join_all(all).await)
}

async fn one_connection(plan: &Plan, number: usize) -> Figures {
    let mut figures = Figures::default();
    let requests: Vec<_> = (0..plan.paths.len()).map(|turn| plan.request(number, turn)).collect();
    let mut connection = match lean::Connection::open(plan, number).await {
        Ok(connection) => connection,
        Err(error) => {
            figures.note(Instant::now(), Err(error));
            return figures;
        }
    };
    for turn in 0.. {
        if !goes_on(&figures, plan.time) {
            break;
        }
        let begun = Instant::now();
        let request = &requests[turn % requests.len()];
        let answer = connection.ask(request).await;
        let over = answer.is_err();
        figures.note(begun, answer);
        if over {
            break;
        }
        figures.sent(request.body as u64);
    }
    figures
}

/// Over HTTP/2, so many streams at a time on each connection.
pub(crate) async fn two(plan: &Plan, streams: usize) -> Figures {
    let mut all = Figures::default();
    let mut connections = Vec::new();
    for number in 0..plan.count {
        match open_two(plan, number).await {
            Ok(connection) => connections.push((number, connection)),
            Err(error) => all.note(Instant::now(), Err(error)),
        }
    }
    let streams = connections.iter().flat_map(|(number, connection)| {
        (0..streams).map(move |stream| one_stream(plan, *number, stream, connection.clone()))
    });
    all.join(joined(futures_util::future::join_all(streams).await));
    all
}

async fn one_stream(plan: &Plan, number: usize, stream: usize, mut connection: SendRequest<Empty<Bytes>>) -> Figures {
    let mut figures = Figures::default();
    for turn in stream.. {
        if !goes_on(&figures, plan.time) {
            break;
        }
        let begun = Instant::now();
        let answer = ask_two(plan, number, turn, &mut connection).await;
        let over = answer.is_err();
        figures.note(begun, answer);
        if over {
            break;
        }
    }
    figures
}

/// An HTTP/2 connection, served by a task of its own.
pub(crate) async fn open_two(plan: &Plan, number: usize) -> Result<SendRequest<Empty<Bytes>>, String> {
    let tls = plan.terminal(number).connect(plan.to, plan.source(number)).await?;
    let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await;
    let (sender, connection) = opened.map_err(|error| error.to_string())?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

/// One request over HTTP/2, and its answer read to the end.
pub(crate) async fn ask_two(
    plan: &Plan,
    number: usize,
    turn: usize,
    connection: &mut SendRequest<Empty<Bytes>>,
) -> Result<Answer, String> {
    connection.ready().await.map_err(|error| error.to_string())?;
    let request = Request::get(format!("https://{}{}", plan.host, plan.path(number, turn)))
        .header("cookie", &plan.terminal(number).cookie)
        .header("accept", "application/fhir+json")
        .body(Empty::new())
        .unwrap();
    let answer = connection.send_request(request).await.map_err(|error| error.to_string())?;
    let (status, again) = (answer.status().as_u16(), answer.headers().contains_key("retry-after"));
    let mut body = answer.into_body();
    let mut octets = 0;
    while let Some(frame) = body.frame().await {
        octets += frame.map_err(|error| error.to_string())?.data_ref().map_or(0, Bytes::len) as u64;
    }
    Ok(Answer { status, octets, again })
}

/// All of them as one.
pub(crate) fn joined(all: Vec<Figures>) -> Figures {
    let mut joined = Figures::default();
    for one in all {
        joined.join(one);
    }
    joined
}
