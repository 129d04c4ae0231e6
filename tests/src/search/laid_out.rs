//! Records laid out at the store past the gateway, some of them hidden from a care manager, and the pages that come of them.

use serde_json::{Value, json};

use super::{Nurse, link};
use crate::world::relay::Relay;
use crate::world::{Plan, World};

pub(super) const FHIR: &str = "application/fhir+json";

/// A city in which records can be put into the store past the gateway.
pub(super) async fn city() -> World {
    World::planned(Plan { trusting_store: true, ..Plan::default() }).await
}

/// The same, with something between gateway and store.
pub(super) async fn behind_a_relay() -> (World, Relay) {
    let relay = Relay::start().await;
    let world = World::planned(Plan { trusting_store: true, store: Some(relay.address), ..Plan::default() }).await;
    relay.lead_to(world.store.address());
    (world, relay)
}

/// A care manager, who may not see labelled records; he is on P-0001's team.
pub(super) async fn care_manager(world: &World) -> Nurse {
    let (terminal, cookie) = world.signed_in("U-kato", "D-kato").await;
    Nurse { terminal, cookie }
}

/// Somebody at the store itself, on one connection.
pub(super) struct Clerk(hyper::client::conn::http1::SendRequest<http_body_util::Full<bytes::Bytes>>);

impl Clerk {
    pub(super) async fn of(world: &World) -> Self {
        let stream = tokio::net::TcpStream::connect(world.store.address()).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        Self(sender)
    }

    pub(super) async fn put(&mut self, resource: &Value) {
        use http_body_util::BodyExt as _;
        let part = |name: &str| resource[name].as_str().unwrap();
        let target = format!("/fhir/{}/{}", part("resourceType"), part("id"));
        let request = http::Request::put(&target).header("host", "store").header("content-type", FHIR);
        let body = http_body_util::Full::new(bytes::Bytes::from(resource.to_string()));
        self.0.ready().await.unwrap();
        let answer = self.0.send_request(request.body(body).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{target}: {}", answer.status());
        answer.into_body().collect().await.unwrap();
    }

    /// Observations of this person under a code of their own: one that is seen for each `v`, one that is hidden for each `h`.
    /// Gives the addresses of those that are seen.
    pub(super) async fn laid_out(&mut self, person: &str, code: &str, layout: &str) -> Vec<String> {
        self.laid_out_long(person, code, layout, 0).await
    }

    /// The same, with a text of so many octets in each.
    pub(super) async fn laid_out_long(&mut self, person: &str, code: &str, layout: &str, octets: usize) -> Vec<String> {
        let mut seen = Vec::new();
        for (number, what) in layout.chars().enumerate() {
            let id = format!("{code}-{number:03}");
            let mut one = observation(person, code, &id, what == 'h');
            if octets > 0 {
                one["note"] = json!([{ "text": "n".repeat(octets) }]);
            }
            self.put(&one).await;
            seen.extend((what == 'v').then(|| format!("Observation/{id}")));
        }
        seen
    }
}

pub(super) fn observation(person: &str, code: &str, id: &str, labelled: bool) -> Value {
    let mut resource = json!({
        "resourceType": "Observation", "id": id, "status": "final", "code": { "coding": [{ "code": code }] },
        "subject": { "reference": format!("Patient/{person}") },
    });
    if labelled {
        let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        resource["meta"] = json!({ "security": [{ "system": system, "code": "R" }] });
    }
    resource
}

/// All pages of a search, as they come.
pub(super) async fn pages(nurse: &Nurse, target: &str) -> Vec<Value> {
    let (mut pages, mut next) = (Vec::new(), Some(target.to_owned()));
    while let Some(target) = next {
        assert!(pages.len() < 400, "no end");
        let page = nurse.found(&target).await;
        next = link(&page, "next");
        pages.push(page);
    }
    pages
}

/// What can be told of pages beside what is on them: how many entries, links and which, how long these are, which number.
pub(super) fn outline(pages: &[Value]) -> Vec<String> {
    let links = |page: &Value| -> Vec<String> {
        let links = page["link"].as_array().unwrap().iter();
        links.map(|link| format!("{} {}", link["relation"], link["url"].as_str().unwrap().len())).collect()
    };
    let entries = |page: &Value| page["entry"].as_array().map_or(0, Vec::len);
    pages.iter().map(|page| format!("{} {:?} {}", entries(page), links(page), page["total"])).collect()
}
