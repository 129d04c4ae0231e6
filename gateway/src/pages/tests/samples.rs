//! Sample values and every page made from them.

use std::sync::{Arc, LazyLock};

use model::{
    Action, Assurance, Category, Cause, DeviceId, Office, PersonId, SerialNumber, TeamRole, Timestamp, UserId,
};
use policy::{DecisionPoint, Rule};

use crate::pages::{
    ChangePassword, ChangeProblem, ChangeReason, CheckedCertificate, ConnectionCheck, DeclareEmergency, Desk,
    EmergencyProblem, Ended, ExpiringTerminal, ExpiringTerminals, FacilityListing, Frame, History, HistoryPerson,
    HistoryRow, Home, Language, LocalPath, Outline, Page as _, Phone, Place, PreviousSignIn, RecordsApp, Renewal,
    ReportTerminal, Revocations, Revoked, Seen, Shared, Shown, SignIn, SignInNotice, SignInProblem, StandingEmergency,
    Stop, TeamPerson, Terminal, Terminals, explained, help, not_found, refused, refused::CODES, signed_out,
};
use crate::refusal::{CertificateProblem, MessageProblem, Refusal, SignInReason};
use crate::tls::negotiated::Negotiated;

/// What others enter or send, one value for each place it can reach a page.
pub(super) struct Words {
    pub(super) name: String,
    pub(super) device: String,
    pub(super) facility: String,
    pub(super) address: String,
    pub(super) phone: String,
    pub(super) announcement: String,
    pub(super) desk: String,
    pub(super) typed: String,
    pub(super) incident: String,
    pub(super) cause: String,
}

impl Words {
    pub(super) fn friendly(language: Language) -> Self {
        let pick = |ja: &str, en: &str| match language {
            Language::Ja => ja.to_owned(),
            Language::En => en.to_owned(),
        };
        Self {
            name: pick("佐藤 花子", "Hanako Sato"),
            device: pick("訪問看護3号機", "Visiting nurse 3"),
            facility: "水海道訪問看護ステーション".to_owned(),
            address: "常総市水海道諏訪町3222番地3".to_owned(),
            phone: "0297-23-2111".to_owned(),
            announcement: "停電のため、システムの維持ができなくなりました。".to_owned(),
            desk: pick("常総市 幸せ長寿課", "Joso City, Division for the Elderly"),
            typed: "100234".to_owned(),
            incident: INCIDENT.to_owned(),
            cause: "more than one Host field".to_owned(),
        }
    }

    /// The same text everywhere.
    pub(super) fn all(text: &str) -> Self {
        let text = || text.to_owned();
        Self {
            name: text(),
            device: text(),
            facility: text(),
            address: text(),
            phone: "0297-23-2111".to_owned(),
            announcement: text(),
            desk: text(),
            typed: text(),
            incident: text(),
            cause: text(),
        }
    }
}

pub(super) const INCIDENT: &str = "0123456789abcdef0123456789abcdef";

/// Rules as the city writes them.
pub(super) fn rules() -> &'static [Arc<Rule>] {
    static RULES: LazyLock<Vec<Arc<Rule>>> =
        LazyLock::new(|| DecisionPoint::builtin().expect("the rules in the tree load").rules().cloned().collect());
    &RULES
}

/// Monday, a holiday: 令和8年11月23日(月) 14:05.
pub(super) fn holiday_afternoon() -> Timestamp {
    Timestamp::parse("2026-11-23T14:05:00+09:00").unwrap()
}

/// At least one refusal of each variant. [`ordinal`] does not compile when a variant is added; add a sample here too.
pub(super) fn refusals(words: &Words) -> Vec<Refusal> {
    let mut refusals = vec![
        Refusal::Unreadable(words.cause.clone().into()),
        Refusal::BodyTooLarge(4096),
        Refusal::Misdirected,
        Refusal::NoSuchPage,
        Refusal::MethodNotAllowed("GET, HEAD"),
        Refusal::WrongCredentials,
        Refusal::PasswordUnfit(ChangeProblem::Known),
        Refusal::PasswordChangeRequired,
        Refusal::ForeignForm,
        Refusal::NotAvailable,
        Refusal::TooMany { limit: "user", retry_after_seconds: 1 },
        Refusal::TooMany { limit: "user", retry_after_seconds: 30 },
        Refusal::Busy,
        Refusal::AuditUnavailable,
        Refusal::Fault,
        Refusal::RegistryStale,
        Refusal::StoreUnreachable,
        Refusal::StoreTimeout,
        Refusal::StoreBusy,
        Refusal::StoreResting { retry_after_seconds: 4 },
        Refusal::StoreMisbehaves,
        Refusal::Stale,
        Refusal::Several,
        Refusal::DoesNotFit("operation 1 (`test`) expects another value at `/status`".to_owned()),
        Refusal::Cut,
    ];
    refusals.extend(MESSAGES.map(Refusal::Message));
    refusals.extend(PROBLEMS.map(Refusal::Certificate));
    refusals.extend(REASONS.map(Refusal::SignInRequired));
    for rule in rules() {
        refusals.push(Refusal::Told(Arc::clone(rule)));
        refusals.push(Refusal::Stopped(Arc::clone(rule)));
    }
    refusals
}

pub(super) const fn ordinal(refusal: &Refusal) -> usize {
    match refusal {
        Refusal::Unreadable(_) => 0,
        Refusal::BodyTooLarge(_) => 1,
        Refusal::NoSuchPage => 2,
        Refusal::MethodNotAllowed(_) => 3,
        Refusal::Certificate(_) => 4,
        Refusal::SignInRequired(_) => 5,
        Refusal::WrongCredentials => 6,
        Refusal::PasswordUnfit(_) => 7,
        Refusal::PasswordChangeRequired => 8,
        Refusal::ForeignForm => 9,
        Refusal::Told(_) => 10,
        Refusal::NotAvailable => 11,
        Refusal::Stopped(_) => 12,
        Refusal::TooMany { .. } => 13,
        Refusal::AuditUnavailable => 14,
        Refusal::RegistryStale => 15,
        Refusal::StoreUnreachable => 16,
        Refusal::StoreTimeout => 17,
        Refusal::StoreMisbehaves => 18,
        Refusal::Stale => 19,
        Refusal::Cut => 20,
        Refusal::Fault => 21,
        Refusal::Misdirected => 22,
        Refusal::Several => 23,
        Refusal::DoesNotFit(_) => 24,
        Refusal::Message(_) => 25,
        Refusal::StoreBusy => 26,
        Refusal::StoreResting { .. } => 27,
        Refusal::Busy => 28,
    }
}

/// One more than the last of [`ordinal`].
pub(super) const ORDINALS: usize = 29;

pub(super) const PROBLEMS: [CertificateProblem; 5] = [
    CertificateProblem::Missing,
    CertificateProblem::Expired,
    CertificateProblem::NotYetValid,
    CertificateProblem::Revoked,
    CertificateProblem::Unknown,
];
const MESSAGES: [MessageProblem; 5] = [
    MessageProblem::UnknownMethod,
    MessageProblem::Version,
    MessageProblem::TargetTooLong,
    MessageProblem::FieldsTooLarge,
    MessageProblem::Expectation,
];
const REASONS: [SignInReason; 4] =
    [SignInReason::NoSession, SignInReason::Idle, SignInReason::Over, SignInReason::Ended];

/// Every page in every state, each with a name for failures and screenshots.
pub(super) fn every_page(language: Language, words: &Words) -> Vec<(String, String)> {
    let desk = Desk {
        name_ja: words.desk.clone(),
        name_en: words.desk.clone(),
        phone: Phone(words.phone.clone()),
        loss_phone: Phone("0120-000-000".to_owned()),
    };
    let at = |path: &str, place| Frame {
        language,
        place,
        here: LocalPath::new(path).unwrap(),
        desk: &desk,
        now: holiday_afternoon(),
    };
    let care = |path: &str| at(path, Place::Care);
    let user_id = UserId::new("100234").unwrap();
    let mut pages: Vec<(String, String)> = Vec::new();

    let next = LocalPath::new("/fhir/Observation?patient=204&_count=20").unwrap();
    let frame = care("/.sekisho/sign-in?next=%2Ffhir%2FPatient%2F204");
    let problems =
        [SignInProblem::Wrong, SignInProblem::Throttled(1), SignInProblem::Throttled(40), SignInProblem::FormTooOld];
    let notices = REASONS.map(SignInNotice::Because).into_iter().chain([SignInNotice::PasswordChanged]);
    let states = notices
        .map(|notice| (notice, None))
        .chain(problems.map(|problem| (SignInNotice::Because(SignInReason::NoSession), Some(problem))));
    for (number, (notice, problem)) in states.enumerate() {
        let page = SignIn {
            frame: &frame,
            device: Shown(&words.device),
            next: &next,
            form_token: "c2VhbGVk-_",
            notice,
            problem,
            user_id: Shown(if problem.is_some() { &words.typed } else { "" }),
        };
        pages.push((format!("sign-in-{number}"), page.html()));
    }

    let frame = care("/.sekisho/password");
    let problems = [
        ChangeProblem::CurrentWrong,
        ChangeProblem::TooShort,
        ChangeProblem::TooLong(256),
        ChangeProblem::LikeUserId,
        ChangeProblem::Known,
        ChangeProblem::Same,
        ChangeProblem::NotRepeated,
        ChangeProblem::Throttled(9),
        ChangeProblem::FormTooOld,
    ];
    let states = [(ChangeReason::FirstUse, None), (ChangeReason::Voluntary, None)]
        .into_iter()
        .chain(problems.map(|problem| (ChangeReason::Voluntary, Some(problem))));
    for (number, (reason, problem)) in states.enumerate() {
        let page = ChangePassword { frame: &frame, user_id: &user_id, form_token: "c2VhbGVk", reason, problem };
        pages.push((format!("change-password-{number}"), page.html()));
    }

    let frame = care("/");
    let ids: Vec<PersonId> = (201..209).map(|id: u32| PersonId::new(&id.to_string()).unwrap()).collect();
    let roles = TeamRole::ALL.iter().cycle();
    let persons: Vec<TeamPerson<'_>> = ids
        .iter()
        .zip(roles)
        .enumerate()
        .map(|(number, (id, role))| TeamPerson { id, name: (number != 5).then_some(Shown(&words.name)), role: *role })
        .collect();
    let previous = PreviousSignIn { at: holiday_afternoon().plus_seconds(-86_400), device: Shown(&words.device) };
    let app = RecordsApp::new("https://karte.example/{person}").unwrap();
    for (name, previous, persons, records_app) in [
        ("home", Some(previous), persons.as_slice(), Some(&app)),
        ("home-without-app", Some(previous), persons.as_slice(), None),
        ("home-empty", None, &[], None),
    ] {
        let page = Home {
            frame: &frame,
            form_token: "c2VhbGVk",
            name: Shown(&words.name),
            user_id: &user_id,
            device: Shown(&words.device),
            previous,
            persons,
            records_app,
            emergencies: &[],
            revocations: None,
            expiring: None,
            ending: None,
            may_declare: false,
        };
        pages.push((name.to_owned(), page.html()));
        let until = holiday_afternoon().plus_seconds(1800);
        let standing = ids.iter().take(2).map(|person| StandingEmergency { number: 7, person, until });
        let emergencies: Vec<_> = standing.collect();
        let page = Home {
            emergencies: &emergencies,
            revocations: Some(emergencies.len()),
            expiring: Some(emergencies.len()),
            ending: Some(until),
            may_declare: true,
            ..page
        };
        pages.push((format!("{name}-in-emergency"), page.html()));
    }

    let frame = care("/.sekisho/emergency");
    let problems = [
        EmergencyProblem::PersonUnreadable,
        EmergencyProblem::ReasonMissing,
        EmergencyProblem::ReasonTooLong,
        EmergencyProblem::NotConfirmed,
        EmergencyProblem::Full,
        EmergencyProblem::CityFull,
        EmergencyProblem::FormTooOld,
    ];
    for (number, problem) in [None].into_iter().chain(problems.map(Some)).enumerate() {
        let (person, reason) = match problem {
            None | Some(EmergencyProblem::PersonUnreadable) => ("", ""),
            Some(EmergencyProblem::ReasonMissing) => ("201", ""),
            Some(_) => ("201", words.announcement.as_str()),
        };
        let (person, reason) = (Shown(person), Shown(reason));
        let page = DeclareEmergency { frame: &frame, form_token: "c2VhbGVk", person, reason, problem };
        pages.push((format!("emergency-{number}"), page.html()));
    }

    pages.extend(of_terminals(words, &care));
    pages.extend(of_connections(words, &care));

    let frame = care("/.sekisho/history?skip=50");
    let rows = history_rows(words, &ids);
    let page_at = |skip: u32| LocalPath::new(&format!("/.sekisho/history?skip={skip}"));
    let page = History { frame: &frame, rows: &rows, older: page_at(100), more_on_request: true, newer: page_at(0) };
    pages.push(("history".to_owned(), page.html()));
    pages.push((
        "history-empty".to_owned(),
        History { frame: &frame, rows: &[], older: None, more_on_request: false, newer: None }.html(),
    ));

    pages.push(("signed-out".to_owned(), signed_out(&care("/.sekisho/sign-out"))));
    pages.push(("not-found".to_owned(), not_found(&care("/.sekisho/nowhere"))));
    let office_hours = Frame { now: holiday_afternoon().plus_seconds(2 * 86_400), ..care("/") };
    pages.push(("not-found-in-office-hours".to_owned(), not_found(&office_hours)));
    for (number, problem) in PROBLEMS.into_iter().enumerate() {
        pages.push((format!("help-{number}"), help(&care("/"), problem, &words.incident, None)));
    }
    for (number, refusal) in refusals(words).iter().enumerate() {
        for place in [Place::Care, Place::Public] {
            let frame = at("/fhir/Observation?patient=204&lang=en&_count=20", place);
            let name = format!("refused-{number}-{}-{place:?}", refusal.code());
            pages.push((name, refused(&frame, refusal, &words.incident)));
        }
    }
    for code in CODES {
        pages.push((format!("explained-{code}"), explained(&care("/"), code).unwrap()));
    }

    let phone = Phone(words.phone.clone());
    let listing = FacilityListing { name: Shown(&words.facility), address: Shown(&words.address), phone: &phone };
    let since = holiday_afternoon();
    let open = at("/", Place::Public);
    let outlines = [
        (vec![], None),
        (vec![listing], None),
        (vec![listing, listing, listing], Some(Stop { since, words: Some(Shown(&words.announcement)) })),
        (vec![], Some(Stop { since, words: None })),
    ];
    for (number, (facilities, stop)) in outlines.into_iter().enumerate() {
        let page = Outline { frame: &open, facilities: &facilities, stop };
        pages.push((format!("outline-{number}"), page.html()));
    }
    pages
}

fn of_terminals<'a>(words: &Words, care: &dyn Fn(&str) -> Frame<'a>) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let id = DeviceId::new("D-1").unwrap();
    let (label, holder) = (Shown(&words.device), Shown(&words.name));
    let terminal = Terminal { id: &id, label, holder, here: true, stands: true };
    let revoked = Terminal { here: false, stands: false, ..terminal };
    let frame = care("/.sekisho/terminals");
    for (number, facility) in [&[terminal, revoked][..], &[]].into_iter().enumerate() {
        let page = Terminals { frame: &frame, mine: facility, facility };
        pages.push((format!("terminals-{number}"), page.html()));
    }
    let frame = care("/.sekisho/terminals/report?device=D-1");
    for (number, too_old) in [false, true].into_iter().enumerate() {
        let terminal = Terminal { here: !too_old, ..terminal };
        let page = ReportTerminal { frame: &frame, form_token: "c2VhbGVk", terminal, too_old };
        pages.push((format!("report-{number}"), page.html()));
    }
    let at = holiday_afternoon();
    let cut = Ended::Cut { connections: 3, exchanges: 7, last_octet_at: at };
    let rows: Vec<Revoked<'_>> = Cause::ALL
        .iter()
        .enumerate()
        .map(|(number, because)| Revoked {
            serial: "0a".to_owned(),
            device: &id,
            label,
            holder,
            because: *because,
            office: Office::ALL[number % Office::ALL.len()],
            by: Shown(&words.name),
            reported_at: at,
            ended: [Ended::NotYetKnown, Ended::ByTime, Ended::Nothing, cut][number % 4],
            listed: (number % 2 == 0).then_some(1),
            late: number > 3,
            overdue: number > 6,
            confirmed_at: None,
        })
        .collect();
    let done: Vec<Revoked<'_>> = rows.iter().map(|one| Revoked { confirmed_at: Some(at), ..one.clone() }).collect();
    let frame = care("/.sekisho/revocations");
    for (number, (open, confirmed)) in [(&rows[..], &done[..]), (&[], &[])].into_iter().enumerate() {
        let page = Revocations { frame: &frame, form_token: "c2VhbGVk", open, confirmed, too_old: number > 0 };
        pages.push((format!("revocations-{number}"), page.html()));
    }
    pages
}

fn of_connections<'a>(words: &Words, care: &dyn Fn(&str) -> Frame<'a>) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let id = DeviceId::new("D-1").unwrap();
    let (label, at) = (Shown(&words.device), holiday_afternoon());
    let terminals: Vec<_> = [None, Some(0), Some(1), Some(30)]
        .into_iter()
        .enumerate()
        .map(|(number, days_left)| ExpiringTerminal {
            id: &id,
            label,
            holder: Shown(&words.name),
            until: at,
            days_left,
            code_until: (number == 0).then_some(at),
            begun: number == 1,
        })
        .collect();
    let frame = care("/.sekisho/terminals/expiring");
    for (number, terminals) in [&terminals[..], &[]].into_iter().enumerate() {
        let page = ExpiringTerminals { frame: &frame, terminals };
        pages.push((format!("expiring-{number}"), page.html()));
    }
    let serial = SerialNumber::parse("0abc").unwrap();
    let mut tls = Negotiated {
        version: "TLS 1.3",
        suite: "TLS_AES_256_GCM_SHA384".to_owned(),
        group: Some("X25519MLKEM768".to_owned()),
        http: "HTTP/2",
        resumed: false,
    };
    let frame = care("/.sekisho/connection");
    let renewals = [Renewal::NotYet, Renewal::Due, Renewal::Newer].into_iter().cycle();
    for (number, (assurance, renewal)) in Assurance::ALL.iter().zip(renewals).enumerate() {
        let (until, days_left) = (at, i64::try_from(number).ok());
        let certificate = CheckedCertificate { serial, until, days_left, assurance: *assurance, renewal };
        let page = ConnectionCheck { frame: &frame, device: &id, label, certificate, tls: &tls };
        pages.push((format!("connection-{number}"), page.html()));
        (tls.resumed, tls.group) = (true, None);
    }
    let seen = Seen { serial: &serial, tls: &tls };
    pages.push(("help-seen".to_owned(), help(&care("/"), CertificateProblem::Revoked, &words.incident, Some(seen))));
    pages
}

fn history_rows<'a>(words: &'a Words, ids: &'a [PersonId]) -> Vec<HistoryRow<'a>> {
    let shared = [Shared::Done, Shared::Refused, Shared::BrokenOff];
    let mut rows = Vec::new();
    for (number, category) in Category::ALL.iter().enumerate() {
        rows.push(HistoryRow {
            at: holiday_afternoon().plus_seconds(-1000 * i64::try_from(number).unwrap()),
            person: match number {
                7 => HistoryPerson::Several(12),
                8 => HistoryPerson::Nobody,
                9 => HistoryPerson::NotTold,
                _ => HistoryPerson::Person { id: &ids[number], name: Some(Shown(&words.name)) },
            },
            action: (number != 9).then(|| Action::ALL[number % Action::ALL.len()]),
            category: (number != 9).then_some(*category),
            shared: shared[number % shared.len()],
            device: Shown(&words.device),
        });
    }
    rows
}
