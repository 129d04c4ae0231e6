//! A town in a running city: persons, forms and teams in the registry, records in the store, users at their terminals.

use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use journal::testing::Dice;
use model::{Article, Target, TeamRole};
use registry::{Command, ConsentForm, Eligibility, EligibilityKind, GivenBy};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::kinds::{Version, body};
use super::questions::FHIR;
use super::town::{Bond, PROFESSIONALS, Person, Town};
use crate::world::{Ask, Connection, Plan, Reply, Terminal, World, city};

pub(super) struct Stage {
    pub(super) world: World,
    pub(super) town: Town,
    store: hyper::client::conn::http1::SendRequest<Full<bytes::Bytes>>,
    desks: Vec<Desk>,
    /// How each user is told that something is not there: status and words, but for the incident's number.
    nothing: Vec<Option<(http::StatusCode, String)>>,
}

/// A user's session, on a connection that stays open.
struct Desk {
    terminal: Terminal,
    cookie: String,
    connection: Connection,
}

impl Stage {
    pub(super) async fn set(dice: &mut Dice) -> Self {
        let plan = Plan { trusting_store: true, records: backend_stub::Seed::Empty, ..Plan::default() };
        let world = World::planned(plan).await;
        let town = Town::random(dice);
        let stream = TcpStream::connect(world.store.address()).await.unwrap();
        let (store, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut stage = Self { world, town, store, desks: Vec::new(), nothing: vec![None; 3] };
        stage.enter();
        for (_, key, ..) in PROFESSIONALS {
            let name = json!([{ "text": key, "family": key }]);
            stage.at_the_store(json!({ "resourceType": "Practitioner", "id": key, "name": name })).await;
        }
        for record in 0..stage.town.records.len() {
            for version in stage.town.records[record].versions.clone() {
                stage.put(record, &version).await;
            }
        }
        // What was to be over is, before anybody signs in.
        stage.world.shift_clock(2 * 3600);
        for user in &stage.town.users {
            let (terminal, cookie) = stage.world.signed_in(user.user_id, user.device).await;
            let connection = terminal.connect().await.unwrap();
            stage.desks.push(Desk { terminal, cookie, connection });
        }
        stage
    }

    fn enter(&self) {
        let now = self.world.now();
        for user in &self.town.users {
            // The city's own persons have no records here, and no place in the model.
            for membership in city::city()["memberships"].as_array().unwrap() {
                if membership["user"] == user.key {
                    let person = membership["person"].as_str().unwrap().parse().unwrap();
                    let leave = Command::LeaveTeam { person, user: user.key.parse().unwrap() };
                    // Some memberships have ended already.
                    let _ = self.world.registry.execute(leave, city::clerk(), now);
                }
            }
        }
        for person in &self.town.persons {
            let id: model::PersonId = person.id.parse().unwrap();
            self.world.clerk(Command::RegisterPerson {
                person: id.clone(),
                name: "町 花子".to_owned(),
                area: String::new(),
                eligibility: Eligibility {
                    kind: EligibilityKind::ALL[0],
                    municipality: "水花道市".to_owned(),
                    from: now.plus_seconds(-86_400),
                    until: None,
                },
            });
            if !person.eligible {
                self.world.clerk(Command::EndEligibility { person: id.clone(), until: now.plus_seconds(-3600) });
            }
            self.enter_form(person);
            if person.stopped {
                self.world.clerk(Command::WithdrawConsent { person: id.clone(), reason: "本人の申出".to_owned() });
            }
            if person.suspended {
                self.suspend(person);
            }
        }
        for user in &self.town.users {
            for (person, bond) in &user.bonds {
                self.join(user.key, &self.town.persons[*person], *bond);
            }
        }
    }

    fn enter_form(&self, person: &Person) {
        let Some((store, share)) = person.form else { return };
        let now = self.world.now();
        let form = ConsentForm {
            store,
            share,
            disaster: false,
            given_by: GivenBy::Person,
            reason: None,
            signed_at: now,
            received_at: now,
            form_hash: None,
        };
        self.world.clerk(Command::GiveConsent { person: person.id.parse().unwrap(), form });
    }

    fn suspend(&self, person: &Person) {
        let (target, article) = (Target::Person(person.id.parse().unwrap()), Article::new(18));
        self.world.officer(Command::Suspend { target, reason: "確認中".to_owned(), article, until: None });
    }

    fn join(&self, user: &str, person: &Person, bond: Bond) {
        let now = self.world.now();
        let (role, from, until) = match bond {
            Bond::Now(role) => (role, now, None),
            Bond::Over => (TeamRole::Member, now, Some(now.plus_seconds(3600))),
            Bond::Later => (TeamRole::Member, now.plus_seconds(86_400), None),
        };
        let (person, user) = (person.id.parse().unwrap(), user.parse().unwrap());
        self.world.clerk(Command::JoinTeam { person, user, role, facility: None, from, until });
    }

    /// A change in the town, while everybody is signed in: a form, a place on a team, a suspension, a label.
    pub(super) async fn change(&mut self, dice: &mut Dice) -> &'static str {
        // What is closed is opened again sooner than others are closed, or nothing would be left to ask about.
        let closed = |at: &usize| self.town.persons[*at].stopped || self.town.persons[*at].suspended;
        let closed: Vec<usize> = (0..self.town.persons.len()).filter(closed).collect();
        let at = if closed.len() > 2 { *dice.one_of(&closed) } else { dice.below(self.town.persons.len()) };
        let person = &self.town.persons[at];
        let id: model::PersonId = person.id.parse().unwrap();
        match dice.below(8) {
            0 if person.form.is_some() && !person.stopped && !person.suspended => {
                self.world.clerk(Command::WithdrawConsent { person: id, reason: "本人の申出".to_owned() });
                self.town.persons[at].stopped = true;
                "consent withdrawn"
            }
            0..=2 => {
                let form = Some(*dice.one_of(&[(true, true), (true, true), (false, true), (true, false)]));
                self.town.persons[at] = Person { form, stopped: false, ..person.clone() };
                self.enter_form(&self.town.persons[at]);
                "a new form"
            }
            3 | 4 if person.suspended => {
                let target = Target::Person(id);
                self.world.officer(Command::Lift { target, suspension: None, reason: "確認済".to_owned() });
                self.town.persons[at].suspended = false;
                "suspension lifted"
            }
            3 => {
                self.suspend(person);
                self.town.persons[at].suspended = true;
                "suspended"
            }
            4 | 5 => {
                let user = dice.below(self.town.users.len());
                let key = self.town.users[user].key;
                if self.town.users[user].bonds.remove(&at).is_some_and(|bond| bond != Bond::Over) {
                    self.world.clerk(Command::LeaveTeam { person: id, user: key.parse().unwrap() });
                    "left a team"
                } else {
                    let bond = Bond::Now(TeamRole::Member);
                    self.join(key, &self.town.persons[at], bond);
                    self.town.users[user].bonds.insert(at, bond);
                    "joined a team"
                }
            }
            _ => {
                // Somebody at the store, past the gateway: no index there hears of it.
                let record = dice.below(self.town.records.len());
                let newest = self.town.records[record].newest().clone();
                let version = Version { labelled: !newest.labelled, word: dice.word("w"), ..newest };
                self.put(record, &version).await;
                self.town.records[record].versions.push(version);
                "a label"
            }
        }
    }

    /// A further version of a record, at the store.
    async fn put(&mut self, record: usize, version: &Version) {
        let record = &self.town.records[record];
        let mut body = body(record.kind, version, &self.town.persons[version.person].id);
        body["id"] = json!(record.id);
        self.at_the_store(body).await;
    }

    /// As somebody who works at the store itself.
    async fn at_the_store(&mut self, resource: Value) {
        let part = |name: &str| resource[name].as_str().unwrap();
        let target = format!("/fhir/{}/{}", part("resourceType"), part("id"));
        let request = http::Request::put(&target).header("host", "store").header("content-type", FHIR);
        let request = request.body(Full::new(bytes::Bytes::from(resource.to_string()))).unwrap();
        self.store.ready().await.unwrap();
        let answer = self.store.send_request(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{target}: {status} {}", String::from_utf8_lossy(&body));
    }

    /// A user asks.
    pub(super) async fn ask(&mut self, user: usize, ask: Ask) -> Reply {
        let desk = &mut self.desks[user];
        let ask = ask.as_(&desk.cookie);
        if let Ok(reply) = desk.connection.ask(ask.clone()).await {
            return reply;
        }
        // What a change cuts off is asked for again.
        desk.connection = desk.terminal.connect().await.unwrap();
        desk.connection.ask(ask).await.unwrap()
    }

    /// How a user is told that something is not there.
    pub(super) async fn nothing(&mut self, user: usize) -> (http::StatusCode, String) {
        if self.nothing[user].is_none() {
            let reply = self.ask(user, Ask::get("/fhir/Observation/nobodys")).await;
            self.nothing[user] = Some(without_incident(&reply));
        }
        self.nothing[user].clone().unwrap()
    }
}

/// Status and words of an answer, but for the number that each has to itself.
pub(super) fn without_incident(reply: &Reply) -> (http::StatusCode, String) {
    let incident = reply.headers.get("sekisho-incident").map_or("?", |value| value.to_str().unwrap());
    (reply.status, reply.text().replace(incident, "*"))
}
