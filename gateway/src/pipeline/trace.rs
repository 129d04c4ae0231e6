//! What is known about a request so far, for the audit entry and the answer. Every refusal of a record request after
//! somebody is signed in leaves an entry; so does every permit.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use audit::{Audit, Ended, Entry, EntryId, Outcome, Verdict};
use http::Request;
use hyper::body::Incoming;
use model::{Action, Category, DeviceId, FacilityId, PersonId, SerialNumber, Timestamp, UserId, UserKey};
use records::Touches;
use tokio::time::Instant;

use super::authenticate::Subject;
use super::call;
use crate::Clock;
use crate::connection::Client;
use crate::cut::live::Switch;
use crate::cut::socket::Scissors;
use crate::judge::DecisionBasis;
use crate::pages::{Language, LocalPath};
use crate::refusal::Refusal;
use crate::tls::hosts::Host;
use crate::worker::Worker;

/// What is known so far.
pub struct Trace {
    id: EntryId,
    at: Timestamp,
    arrived: Instant,
    method: String,
    target: String,
    source: IpAddr,
    /// The host the connection was opened for.
    pub host: Host,
    /// Address of the page, for its links.
    pub here: LocalPath,
    /// Language for pages and texts.
    pub language: Language,
    /// The client prefers a page over a problem document.
    pub wants_page: bool,
    /// It is a call of gRPC, and so is a refusal.
    pub is_call: bool,
    about_records: bool,
    recorded: bool,
    /// The entry of the permit did not become durable.
    lost: Arc<AtomicBool>,
    subject: Option<TracedSubject>,
    touches: Option<TracedTouches>,
    basis: Option<Arc<DecisionBasis>>,
    scissors: Scissors,
    /// Serial number of the certificate presented, for the log.
    certificate: Option<SerialNumber>,
    owed: Option<Owed>,
    /// It ends with something else that was cut.
    cut_short: bool,
    /// Which bound of ours makes a record not available, if one does: for the officer, and never told.
    beyond: Option<&'static str>,
}

/// A permit is on record, and what came of it is not.
struct Owed {
    audit: Audit,
    clock: Clock,
    switch: Arc<Switch>,
}

#[derive(Clone)]
struct TracedSubject {
    user_id: UserId,
    user: UserKey,
    device: DeviceId,
    serial: SerialNumber,
    facility: FacilityId,
}

struct TracedTouches {
    persons: Vec<PersonId>,
    records: Vec<String>,
    action: Action,
    category: Category,
}

/// How much of a page's seal goes on record: enough to tell two pages apart, not enough to turn to one.
const PAGE_CHARACTERS_ON_RECORD: usize = 16;

impl Trace {
    /// A trace of a request that has just arrived.
    #[must_use]
    pub fn new(worker: &Worker, client: &Client, request: &Request<Incoming>) -> Self {
        let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        let target = request.uri().path_and_query().map(http::uri::PathAndQuery::as_str);
        let accept = text(http::header::ACCEPT).unwrap_or_default();
        let language_cookie = crate::session::cookie(request.headers(), crate::gate::LANGUAGE_COOKIE);
        Self {
            id: worker.fresh_entry_id(),
            at: worker.now(),
            arrived: Instant::now(),
            method: request.method().as_str().to_owned(),
            target: target.unwrap_or_default().to_owned(),
            source: client.peer.ip(),
            host: client.host,
            here: target.and_then(LocalPath::new).unwrap_or_else(LocalPath::home),
            language: Language::choose(language_cookie, text(http::header::ACCEPT_LANGUAGE)),
            wants_page: accept.contains("text/html"),
            is_call: client.multiplexed && call::is_call(request.headers().get(http::header::CONTENT_TYPE)),
            about_records: false,
            recorded: false,
            lost: Arc::default(),
            subject: None,
            touches: None,
            basis: None,
            scissors: client.scissors.clone(),
            certificate: client.presented().map(|shown| *shown.number()),
            owed: None,
            cut_short: false,
            beyond: None,
        }
    }

    /// A trace of an entry of this batch, which has a number of its own, and this one's subject.
    #[must_use]
    pub fn of_entry(&self, worker: &Worker, number: usize, entry: Option<&records::Entry>) -> Self {
        Self {
            id: self.id.of_entry(u16::try_from(number).unwrap_or(u16::MAX)),
            at: worker.now(),
            method: entry.map(|entry| entry.method.to_owned()).unwrap_or_default(),
            target: entry.map(|entry| entry.target.clone()).unwrap_or_default(),
            source: self.source,
            host: self.host,
            here: self.here.clone(),
            language: self.language,
            wants_page: false,
            is_call: false,
            about_records: true,
            recorded: false,
            lost: Arc::default(),
            subject: self.subject.clone(),
            touches: None,
            basis: None,
            scissors: self.scissors.clone(),
            certificate: self.certificate,
            arrived: Instant::now(),
            owed: None,
            cut_short: false,
            beyond: None,
        }
    }

    /// The number under which the request can be asked about.
    #[must_use]
    pub const fn id(&self) -> &EntryId {
        &self.id
    }

    /// When the request arrived.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Where it came from.
    #[must_use]
    pub const fn source(&self) -> IpAddr {
        self.source
    }

    /// The request asks for records.
    pub const fn about_records(&mut self) {
        self.about_records = true;
    }

    /// Who asks.
    pub fn subject(&mut self, subject: &Subject) {
        self.subject = Some(TracedSubject {
            user_id: subject.user_id().clone(),
            user: subject.user().clone(),
            device: subject.device().device().clone(),
            serial: *subject.device().serial(),
            facility: subject.facility().clone(),
        });
    }

    /// What it touches.
    pub fn touches(&mut self, touches: &Touches) {
        let main = touches.main();
        // A page's own target says nothing: what it is a page of goes on record.
        if let Some((asked, (_, page))) = touches.asked().zip(self.target.split_once("?_page=")) {
            let begin: String = page.chars().take(PAGE_CHARACTERS_ON_RECORD).collect();
            self.target = format!("{asked}&_page={begin}...");
        }
        self.touches = Some(TracedTouches {
            persons: touches.persons(),
            records: touches.records.iter().map(ToString::to_string).collect(),
            action: touches.action(),
            category: main.category,
        });
    }

    /// Records that are looked up: all that is known if one of them is not there or cannot be read; and of whom the request
    /// spoke.
    pub fn looked_up(&mut self, needed: &records::StoredNeeded) {
        let (action, category) = (needed.action(), needed.record().category());
        let nothing = || TracedTouches { persons: Vec::new(), records: Vec::new(), action, category };
        let TracedTouches { persons, records, .. } = self.touches.get_or_insert_with(nothing);
        if let Some(person) = needed.person().filter(|person| !persons.contains(person)) {
            persons.push(person.clone());
        }
        let looked_up = needed.look_ups().iter().map(records::LookUp::record);
        for record in std::iter::once(needed.record()).chain(looked_up).map(ToString::to_string) {
            if !records.contains(&record) {
                records.push(record);
            }
        }
    }

    /// A record is not available because of a bound of ours. The first of them counts.
    pub(super) fn beyond(&mut self, why: &'static str) {
        self.beyond.get_or_insert(why);
    }

    /// What the officer sees of the cause of a refusal.
    fn cause(&self, refusal: &Refusal) -> String {
        match self.beyond {
            Some(why) if *refusal == Refusal::NotAvailable => why.to_owned(),
            _ => refusal.cause_on_record(),
        }
    }

    /// What the decision rested on.
    pub fn decided(&mut self, basis: Arc<DecisionBasis>) {
        self.basis = Some(basis);
    }

    /// The audit entry: a permit without a refusal, a refusal with one. None while nobody is signed in.
    pub fn entry(&mut self, refusal: Option<&Refusal>) -> Option<Entry> {
        let subject = self.subject.as_ref()?;
        let basis = self.basis.as_deref().cloned().unwrap_or_default();
        let touches = self.touches.as_ref();
        self.recorded = true;
        Some(Entry {
            id: self.id.clone(),
            at: self.at,
            user_id: subject.user_id.clone(),
            user: subject.user.clone(),
            device: subject.device.clone(),
            serial: subject.serial,
            facility: subject.facility.clone(),
            persons: touches.map(|touches| touches.persons.clone()).unwrap_or_default(),
            records: touches.map(|touches| touches.records.clone()).unwrap_or_default(),
            action: touches.map(|touches| touches.action),
            category: touches.map(|touches| touches.category),
            verdict: if refusal.is_some() { Verdict::Refused } else { Verdict::Permitted },
            reason: refusal.map(|refusal| refusal.code().to_owned()).unwrap_or_default(),
            cause: refusal.map(|refusal| self.cause(refusal)).unwrap_or_default(),
            rules: basis.rules,
            articles: if basis.articles.is_empty() { told(refusal) } else { basis.articles },
            policy_version: basis.policy_version,
            generation: basis.generation,
            facts: basis.facts,
            disaster: basis.disaster,
            break_glass: basis.break_glass,
            source: self.source.to_string(),
            method: self.method.clone(),
            target: self.target.clone(),
        })
    }

    /// A permit is on record: from here on an outcome is owed, whatever becomes of the request.
    pub(super) fn owes_outcome(&mut self, worker: &Worker, switch: &Arc<Switch>) {
        self.owed = Some(Owed { audit: worker.audit().clone(), clock: worker.clock(), switch: Arc::clone(switch) });
    }

    /// Where it is said that the entry of the permit did not become durable.
    pub(super) fn lost(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.lost)
    }

    /// The outcome is on record, or somebody else sees to it.
    pub(super) fn settled(&mut self) {
        self.owed = None;
    }

    /// It is not gone on with: what stands beside it was cut.
    pub(super) const fn cut_short(&mut self) {
        self.cut_short = true;
    }

    /// Why an exchange ended before its answer: it was cut, or its client let go.
    fn broken_off(&self) -> Ended {
        let cut =
            self.cut_short || self.scissors.is_cut() || self.owed.as_ref().is_some_and(|owed| owed.switch.is_cut());
        if cut { Ended::Cut } else { Ended::ClientLeft }
    }

    /// When the request arrived.
    #[must_use]
    pub const fn arrived(&self) -> Instant {
        self.arrived
    }

    fn log(&self, refusal: &Refusal) {
        let certificate = self.certificate.map_or_else(|| "none".to_owned(), |serial| serial.to_string());
        tracing::info!(incident = %self.id, code = refusal.code(), source = %self.source, certificate, "refused");
    }

    /// Notes a refusal: an entry when there is none yet, else the outcome of the one there is. Waits until the entry is
    /// durable, so that a flood of refusals is held to what the log can take; a failure changes nothing, since nothing
    /// is released.
    pub async fn refused(&mut self, worker: &Worker, refusal: &Refusal) {
        if !self.about_records {
            // Whoever calls with the number on the page is found in the log; nothing else is known about the request.
            if refusal.is_asked_about() {
                self.log(refusal);
            }
            return;
        }
        if self.recorded && !self.lost.load(Ordering::Relaxed) {
            let ended = match refusal {
                Refusal::StoreUnreachable
                | Refusal::StoreTimeout
                | Refusal::StoreMisbehaves
                | Refusal::StoreBusy
                | Refusal::StoreResting { .. } => Ended::StoreFailed,
                Refusal::Cut => self.broken_off(),
                _ => Ended::Refused,
            };
            self.settled();
            worker.audit().outcome(&Outcome {
                id: self.id.clone(),
                at: worker.now(),
                status: refusal.status(),
                bytes: 0,
                ended,
                cause: self.cause(refusal),
            });
            return;
        }
        self.settled();
        // Whoever is told to come again later is told so as often as he asks.
        if !matches!(refusal, Refusal::TooMany { .. } | Refusal::Busy) {
            self.log(refusal);
        }
        if let Some(entry) = self.entry(Some(refusal)) {
            refusal_on_record(worker, entry.within_bounds()).await;
        }
    }
}

/// Puts a refusal on record; failing that once more with less, and failing that too in the program's log, with all that says
/// who it was and what about. It is refused in any case.
async fn refusal_on_record(worker: &Worker, entry: Entry) {
    let Err(first) = worker.record(&entry).await else { return };
    // The facts are what is large, and what the entry can be found without.
    let entry = Entry { facts: audit::FactsText::default(), ..entry };
    let Err(error) = worker.record(&entry).await else { return };
    let Entry { id, user_id, user, device, serial, facility, persons, records, reason, cause, rules, .. } = entry;
    tracing::error!(
        %first, %error, incident = %id, %user_id, %user, %device, %serial, %facility, ?persons, ?records, reason, cause, rules,
        "a refusal could not be recorded"
    );
}

/// The articles of a refusal that no rule made.
fn told(refusal: Option<&Refusal>) -> String {
    let articles = refusal.map(Refusal::articles).unwrap_or_default();
    articles.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

impl Drop for Trace {
    /// A request whose connection ends is dropped in the middle of a step, and nobody is left to say what became of it.
    fn drop(&mut self) {
        let ended = self.broken_off();
        let Some(owed) = self.owed.take() else { return };
        // After a panic nobody knows; a missing outcome is shown as such.
        if !std::thread::panicking() {
            owed.audit.outcome(&Outcome {
                id: self.id.clone(),
                at: (owed.clock)(),
                // No answer was begun.
                status: 0,
                bytes: 0,
                ended,
                cause: String::new(),
            });
        }
    }
}
