//! Looking after the stores: each is asked for a page, without any identity, so that no record can be in the answer.
//!
//! - One that rests is looked at when it has rested long enough: whether it is back must not depend on what people ask for.
//! - One that has left a long request unanswered is looked at, too. Only if it answers nobody is it left out: otherwise whoever knows
//!   of a search that takes a minute could have a store left alone that is well.
//! - Where the settings say so, each is looked at now and then. One that is not well several times in a row is left out where
//!   others are there; once it is well again, it is back.
//!
//! On a thread of its own, over connections of its own: a store that accepts no new ones is unwell, however well those serve
//! that it has.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, join_all};
use http::header::HOST;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::circuit::Failure;
use super::dial::Line;
use super::pool::{Body, STORE_HOST, StoreError, fails};
use super::settings::{HealthSettings, Protocol};
use super::station::Station;
use super::stores::Stores;
use super::streams;
use super::way::Dice;
use crate::bounds::{STORE_PROBE_EVERY, STORE_PROBE_MAX};
use crate::pipeline::extract::whole;

/// Looks after all stores until the drain begins.
pub(crate) async fn look_after(stores: Arc<Stores>, mut draining: watch::Receiver<bool>) {
    let path = stores.health().map_or("/", |health| health.path.as_str());
    let restless = stores.stations.iter().map(|station| restless(&stores, station, path));
    let now_and_then = async {
        if let Some(health) = stores.health() {
            join_all(stores.stations.iter().map(|station| one(&stores, station, health))).await;
        }
    };
    tokio::select! {
        _ = draining.wait_for(|begun| *begun) => {}
        _ = join(join_all(restless), now_and_then) => {}
    }
}

/// Looks at a store while it rests, or is suspected.
async fn restless(stores: &Stores, station: &Arc<Station>, path: &str) {
    loop {
        station.restless().await;
        while station.is_restless() {
            sleep(STORE_PROBE_EVERY).await;
            if station.is_looked_at() {
                let asked = station.ask();
                let looked = timeout(STORE_PROBE_MAX, look(station, stores.protocol(), path)).await;
                // Any answer is one, but those of a gateway in front of a store that is not there.
                let found = match &looked {
                    Ok(Ok(status)) if !fails(*status) => Ok(()),
                    Ok(Ok(_) | Err(StoreError::Broken(_))) => Err(Failure::Answer),
                    Ok(Err(_)) | Err(_) if asked.others_were_answered() => Err(Failure::Answer),
                    Ok(Err(_)) | Err(_) => Err(Failure::Silence),
                };
                tracing::debug!(store = %station.name, ?looked, ?found, "looked at a store");
                if station.was_looked_at(found) {
                    stores.reckon();
                }
            }
        }
    }
}

async fn one(stores: &Stores, station: &Arc<Station>, health: &HealthSettings) {
    let dice = Dice::new();
    let mut row = Row::default();
    loop {
        sleep(dice.about(health.every)).await;
        let looked = timeout(health.within, look(station, stores.protocol(), &health.path)).await;
        let well = match &looked {
            Ok(Ok(status)) => !status.is_server_error(),
            Ok(Err(_)) | Err(_) => false,
        };
        tracing::debug!(store = %station.name, ?looked, well, "looked after a store");
        if let Some(well) = row.seen(well, health)
            && station.found(well)
        {
            stores.reckon();
        }
    }
}

/// How often in a row it was found so.
#[derive(Debug, Default)]
struct Row {
    well: bool,
    times: u32,
}

impl Row {
    /// What is to be said of it by now; nothing yet where it has not been so often enough.
    fn seen(&mut self, well: bool, health: &HealthSettings) -> Option<bool> {
        self.times = if self.well == well { self.times.saturating_add(1) } else { 1 };
        self.well = well;
        let enough = if well { health.well_after } else { health.unwell_after };
        (self.times >= enough).then_some(well)
    }
}

/// Asks once.
async fn look(station: &Arc<Station>, protocol: Protocol, path: &str) -> Result<StatusCode, StoreError> {
    let refused = |error| StoreError::Connect(io::Error::other(error));
    let connected = station.connects().ok_or(StoreError::Busy)?;
    let request = Request::get(path).header(HOST, STORE_HOST).body(whole(Bytes::new()));
    let mut request: Request<Body> = request.map_err(refused)?;
    let answer: Response<Incoming> = match station.dial.connect(protocol, connected).await? {
        Line::Http1(mut sender) => sender.send_request(request).await.map_err(StoreError::Broken)?,
        Line::Http2(mut sender) => {
            streams::address(&mut request, station.dial.scheme());
            sender.send_request(request).await.map_err(StoreError::Broken)?
        }
    };
    // What it says beyond that is not read; letting go of it closes the connection.
    Ok(answer.status())
}

impl Dice {
    /// This long, give or take a fifth: many gateways do not knock at the same moment.
    fn about(&self, every: Duration) -> Duration {
        let fifth = every / 5;
        let fifths = u32::try_from(self.next() % 1000).unwrap_or_default();
        every.saturating_sub(fifth).saturating_add(fifth.saturating_mul(fifths) / 500)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_look_is_none() {
        let health = HealthSettings { unwell_after: 3, well_after: 2, ..HealthSettings::default() };
        let mut row = Row::default();
        let mut said = Vec::new();
        for well in [false, false, true, false, false, false, false, true, true] {
            said.push(row.seen(well, &health));
        }
        let (unwell, well) = (Some(false), Some(true));
        assert_eq!(said, [None, None, None, None, None, unwell, unwell, None, well]);
    }

    #[test]
    fn looks_are_spread() {
        let dice = Dice::new();
        let every = Duration::from_secs(5);
        let drawn: Vec<_> = (0..1000).map(|_| dice.about(every)).collect();
        assert!(drawn.iter().all(|drawn| (Duration::from_secs(4)..=Duration::from_secs(6)).contains(drawn)));
        assert!(drawn.iter().any(|drawn| *drawn > every) && drawn.iter().any(|drawn| *drawn < every));
    }
}
