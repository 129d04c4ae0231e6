//! Every interaction of FHIR R4 (<https://hl7.org/fhir/R4/http.html>) has a verdict, and the verdict is tried: what is enforced
//! is served about one's own person and refused about anybody else's; what is refused is refused with its reason. What comes
//! of it is `docs/fhir.md`, which is compared (with `UPDATE_TEXTS` set: written anew).

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::house;
use crate::world::{Ask, Reply, Terminal, World};

const FHIR: &str = "application/fhir+json";
const JSON_PATCH: &str = "application/json-patch+json";
const FORM: &str = "application/x-www-form-urlencoded";

/// The persons of the stage: hers, and somebody she has nothing to do with.
const OWN: &str = "P-0001";
const FOREIGN: &str = "P-0008";

/// Who plays, and what there is to play with.
struct Stage {
    world: World,
    terminal: Terminal,
    cookie: String,
}

/// What is asked about a person, or about a record of that person's.
type Asked = fn(&About) -> Ask;

/// Whom a request is about.
struct About {
    person: &'static str,
    /// An Observation of the person's.
    record: String,
    /// A word that no other record has.
    mark: String,
}

enum Verdict {
    /// Served about one's own, refused about others.
    Enforced(Asked, &'static str),
    /// Answered entry by entry: of others' records nothing comes.
    EntryByEntry(Asked, &'static str),
    /// Nobody's record: served.
    Open(Asked, &'static str),
    /// Not served.
    Refused(Asked, &'static str),
}

struct Interaction {
    level: &'static str,
    name: &'static str,
    request: &'static str,
    verdict: Verdict,
}

const fn row(level: &'static str, name: &'static str, request: &'static str, verdict: Verdict) -> Interaction {
    Interaction { level, name, request, verdict }
}

fn observation(about: &About) -> Value {
    json!({
        "resourceType": "Observation",
        "status": "final",
        "code": { "text": "体温" },
        "identifier": [{ "system": "https://example.org/marks", "value": about.mark }],
        "subject": { "reference": format!("Patient/{}", about.person) },
        "performer": [{ "reference": "Practitioner/K-sato" }],
    })
}

fn with_id(mut resource: Value, id: &str) -> String {
    resource["id"] = json!(id);
    resource.to_string()
}

fn bundle(kind: &str, about: &About) -> String {
    let name = "urn:uuid:6a6c9f3c-0d5b-4f5e-9d0e-1f2a3b4c5d6e";
    let mut second = observation(about);
    second["derivedFrom"] = json!([{ "reference": name }]);
    let create = json!({ "method": "POST", "url": "Observation" });
    let read = json!({ "method": "GET", "url": format!("Observation/{}", about.record) });
    let mut entries = vec![json!({ "fullUrl": name, "resource": observation(about), "request": create })];
    if kind == "transaction" {
        entries.push(json!({ "resource": second, "request": create }));
    }
    entries.push(json!({ "request": read }));
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries }).to_string()
}

#[rustfmt::skip]
const INTERACTIONS: &[Interaction] = &[
    row("instance", "read", "GET [type]/[id]", Verdict::Enforced(
        |about| Ask::get(&format!("/fhir/Observation/{}", about.record)),
        "whose it is is looked up, or known, before the decision; what comes is resolved and judged again")),
    row("instance", "vread", "GET [type]/[id]/_history/[vid]", Verdict::Enforced(
        |about| Ask::get(&format!("/fhir/Observation/{}/_history/1", about.record)),
        "decided on the owner of that version")),
    row("instance", "update", "PUT [type]/[id]", Verdict::Enforced(
        |about| Ask::put(&format!("/fhir/Observation/{}", about.record), FHIR, with_id(observation(about), &about.record)),
        "decided on the body and on the stored version, whose tag is sent along: check and use are of the same one")),
    row("instance", "patch (JSON Patch)", "PATCH [type]/[id]", Verdict::Enforced(
        |about| Ask {
            method: http::Method::PATCH,
            ..Ask::post(&format!("/fhir/Observation/{}", about.record), JSON_PATCH,
                json!([{ "op": "replace", "path": "/status", "value": "amended" }]).to_string())
        },
        "applied here, decided on the result, sent on as an update")),
    row("instance", "patch (FHIRPath Patch)", "PATCH [type]/[id]", Verdict::Enforced(
        |about| Ask {
            method: http::Method::PATCH,
            ..Ask::post(&format!("/fhir/Observation/{}", about.record), FHIR,
                json!({ "resourceType": "Parameters", "parameter": [{ "name": "operation", "part": [
                    { "name": "type", "valueCode": "replace" },
                    { "name": "path", "valueString": "Observation.status" },
                    { "name": "value", "valueCode": "amended" },
                ] }] }).to_string())
        },
        "applied here, decided on the result, sent on as an update")),
    row("instance", "history", "GET [type]/[id]/_history", Verdict::Enforced(
        |about| Ask::get(&format!("/fhir/Observation/{}/_history", about.record)),
        "decided on the newest version; each version is released by its own owner")),
    row("instance", "delete", "DELETE [type]/[id]", Verdict::Enforced(
        |about| Ask { method: http::Method::DELETE, ..Ask::get(&format!("/fhir/Observation/{}", about.record)) },
        "only what an order of the city names, by whom it names; the version looked up is sent along")),
    row("type", "create", "POST [type]", Verdict::Enforced(
        |about| Ask::post("/fhir/Observation", FHIR, observation(about).to_string()),
        "exactly one person in the body, nobody else anywhere in it")),
    row("type", "create, conditional", "POST [type] with If-None-Exist", Verdict::Enforced(
        |about| Ask::post("/fhir/Observation", FHIR, observation(about).to_string())
            .with("if-none-exist", &format!("identifier=https://example.org/marks|{}-new", about.mark)),
        "the condition is narrowed to the person of the body; takes the right to search as well")),
    row("type", "update, conditional", "PUT [type]?[criteria]", Verdict::Enforced(
        |about| Ask::put(&format!("/fhir/Observation?identifier=https://example.org/marks|{}", about.mark), FHIR,
            observation(about).to_string()),
        "the condition is narrowed to the person of the body and resolved to one record here")),
    row("type", "patch, conditional", "PATCH [type]?[criteria]", Verdict::Enforced(
        |about| Ask {
            method: http::Method::PATCH,
            ..Ask::post(&format!("/fhir/Observation?patient={}&identifier=https://example.org/marks|{}", about.person, about.mark),
                JSON_PATCH, json!([{ "op": "replace", "path": "/status", "value": "amended" }]).to_string())
        },
        "the condition names the person, and is resolved to one record here")),
    row("type", "delete, conditional", "DELETE [type]?[criteria]", Verdict::Enforced(
        |about| Ask {
            method: http::Method::DELETE,
            ..Ask::get(&format!("/fhir/Observation?patient={}&identifier=https://example.org/marks|{}", about.person, about.mark))
        },
        "the condition names the person, and is resolved to one record here; else as delete")),
    row("type", "search (GET)", "GET [type]?[parameters]", Verdict::Enforced(
        |about| Ask::get(&format!("/fhir/Observation?patient={}", about.person)),
        "persons named are decided on; a search that names nobody is narrowed to those one cares for")),
    row("type", "search (POST)", "POST [type]/_search", Verdict::Enforced(
        |about| Ask::post("/fhir/Observation/_search", FORM, format!("patient={}", about.person)),
        "form and target are read as one")),
    row("compartment", "search", "GET Patient/[id]/[type]", Verdict::Enforced(
        |about| Ask::get(&format!("/fhir/Patient/{}/Observation", about.person)),
        "as the search about that person")),
    row("instance", "$everything", "GET Patient/[id]/$everything", Verdict::Enforced(
        |about| Ask::get(&format!("/fhir/Patient/{}/$everything", about.person)),
        "narrowed to the kinds of records that may be read")),
    row("system", "capabilities", "GET metadata", Verdict::Open(
        |_| Ask::get("/fhir/metadata"),
        "the store's statement, reduced to what is enforced here")),
    row("system", "batch", "POST [base]", Verdict::EntryByEntry(
        |about| Ask::post("/fhir", FHIR, bundle("batch", about)),
        "each entry is a request of its own")),
    row("system", "transaction", "POST [base]", Verdict::Enforced(
        |about| Ask::post("/fhir", FHIR, bundle("transaction", about)),
        "every entry is decided on, all or nothing; `urn:uuid` references and what conditions mean are resolved first")),
    row("system", "search", "GET [base]?[parameters]", Verdict::Refused(
        |about| Ask::get(&format!("/fhir?_type=Observation&patient={}", about.person)),
        "asks of every type at once; `$everything` and a search for each type give the same")),
    row("type", "history", "GET [type]/_history", Verdict::Refused(
        |_| Ask::get("/fhir/Observation/_history"),
        "everybody's; the audit log says who did what")),
    row("system", "history", "GET [base]/_history", Verdict::Refused(
        |_| Ask::get("/fhir/_history"),
        "everybody's; the audit log says who did what")),
];

/// Not interactions of R4's table, but ways into a store all the same.
#[rustfmt::skip]
const BESIDE: &[Interaction] = &[
    row("system", "GraphQL", "GET $graphql", Verdict::Refused(
        |_| Ask::get("/fhir/$graphql?query=x"), "a query language with its own way to every record")),
    row("system", "bulk export", "GET $export", Verdict::Refused(
        |_| Ask::get("/fhir/$export"), "everybody's records at once are the city's to ask for, not a terminal's")),
    row("system", "other operations", "POST $[name]", Verdict::Refused(
        |_| Ask::post("/fhir/$process-message", FHIR, "{}"), "what an operation touches is known of those on the list only")),
];

impl Stage {
    async fn set() -> Self {
        let world = World::start().await;
        let (terminal, cookie) = world.signed_in("U-sato", "D-sato").await;
        // Nobody removes anything by himself.
        world.order_deletion(OWN, None, "U-sato");
        Self { world, terminal, cookie }
    }

    /// A fresh record of her own person, or one of somebody else's.
    async fn about(&self, person: &'static str, number: usize) -> About {
        let mark = format!("mark-{number}");
        let mut about = About { person, record: "o-0008-001".to_owned(), mark };
        if person == OWN {
            let create = Ask::post("/fhir/Observation", FHIR, observation(&about).to_string());
            let created = self.ask(create).await;
            assert_eq!(created.status, 201, "{}", created.text());
            about.record = created.json()["id"].as_str().unwrap().to_owned();
        }
        about
    }

    async fn ask(&self, ask: Ask) -> Reply {
        self.terminal.ask(ask.as_(&self.cookie)).await.unwrap()
    }

    /// Tries a verdict; what does not hold.
    async fn tried(&self, number: usize, interaction: &Interaction) -> Result<(), String> {
        let served = |reply: &Reply| {
            reply.status.is_success().then_some(()).ok_or_else(|| format!("own: {} {}", reply.status, reply.text()))
        };
        let nothing = |reply: &Reply| {
            let saw = self.world.store_saw();
            let quiet = saw.iter().all(|line| !line.contains(FOREIGN) && !line.contains("-0008-"));
            (quiet && !reply.text().contains("o-0008"))
                .then_some(())
                .ok_or_else(|| format!("foreign: {saw:?} {}", reply.text()))
        };
        let (own, foreign) = (self.about(OWN, number).await, self.about(FOREIGN, number).await);
        match interaction.verdict {
            Verdict::Enforced(asked, _) => {
                served(&self.ask(asked(&own)).await)?;
                self.world.store.clear_requests();
                let reply = self.ask(asked(&foreign)).await;
                if !reply.status.is_client_error() {
                    return Err(format!("foreign: {} {}", reply.status, reply.text()));
                }
                nothing(&reply)
            }
            Verdict::EntryByEntry(asked, _) => {
                let reply = self.ask(asked(&own)).await;
                served(&reply)?;
                let statuses = |reply: &Reply| -> Vec<String> {
                    let body = reply.json();
                    let entries = body["entry"].as_array().cloned().unwrap_or_default();
                    entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap_or("?").to_owned()).collect()
                };
                let all = |reply: &Reply, first: char| {
                    let statuses = statuses(reply);
                    !statuses.is_empty() && statuses.iter().all(|status| status.starts_with(first))
                };
                if !all(&reply, '2') {
                    return Err(format!("own: {}", reply.text()));
                }
                self.world.store.clear_requests();
                let reply = self.ask(asked(&foreign)).await;
                if !all(&reply, '4') {
                    return Err(format!("foreign: {}", reply.text()));
                }
                nothing(&reply)
            }
            Verdict::Open(asked, _) => served(&self.ask(asked(&own)).await),
            Verdict::Refused(asked, _) => {
                self.world.store.clear_requests();
                let reply = self.ask(asked(&own)).await;
                let (refused, saw) = (reply.status == 400, self.world.store_saw());
                (refused && saw.is_empty())
                    .then_some(())
                    .ok_or_else(|| format!("{} {saw:?} {}", reply.status, reply.text()))
            }
        }
    }
}

impl Verdict {
    const fn said(&self) -> (&'static str, &'static str) {
        match self {
            Self::Enforced(_, how) | Self::EntryByEntry(_, how) => ("enforced", how),
            Self::Open(_, how) => ("open", how),
            Self::Refused(_, why) => ("refused", why),
        }
    }
}

#[tokio::test]
async fn every_interaction_of_r4_has_a_verdict_that_holds() {
    let stage = Stage::set().await;
    let mut faults = Vec::new();
    for (number, interaction) in INTERACTIONS.iter().chain(BESIDE).enumerate() {
        if let Err(fault) = stage.tried(number, interaction).await {
            faults.push(format!("{} {}: {fault}", interaction.level, interaction.name));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_is_in_the_documentation() {
    let enforced = INTERACTIONS.iter().filter(|one| one.verdict.said().0 != "refused").count();
    let share = enforced * 100 / INTERACTIONS.len();
    let mut text = format!(
        "# FHIR R4, interaction by interaction\n\n\
         Written by `tests/src/interactions.rs`, which tries every line against gateway and store: *enforced* is served about one's\n\
         own person and refused about anybody else's, *refused* is answered with 400 and its reason, and in neither case does the\n\
         store see anything of somebody else's. {} interactions, {enforced} of them enforced or open ({share} %); below them other ways\n\
         into a store, all of them refused.\n\n\
         | level | interaction | request | verdict | how, or why not |\n|---|---|---|---|---|\n",
        INTERACTIONS.len()
    );
    let mut lines = |rows: &[Interaction]| {
        for Interaction { level, name, request, verdict } in rows {
            let (verdict, how) = verdict.said();
            let _ = writeln!(text, "| {level} | {name} | `{request}` | {verdict} | {how} |");
        }
    };
    lines(INTERACTIONS);
    lines(BESIDE);
    assert!(share >= 80, "only {share} % are enforced");
    let file = house::root().join("docs/fhir.md");
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == text, "docs/fhir.md is not up to date; run with UPDATE_TEXTS=1 and look at the difference");
}
