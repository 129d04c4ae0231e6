//! Pages that are made here, beside a naive model: a store that keeps its own order and pages as it is asked, and a reader who
//! may not see P-1's labelled records.

use proptest::prelude::*;

use super::{Request, opened};
use crate::bounds::{GATHERED_COUNT, GATHERED_PAGES_MAX};
use crate::{
    Forward, ForwardBody, Gatekeeper, Gathering, Misbehaviour, Pages, Released, ResourceAttributes, Searchset, Touches,
};

const JSON: Option<&str> = Some("application/fhir+json");

/// What stands in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum One {
    Seen,
    /// Labelled, and P-1's.
    Hidden,
    /// Labelled, and P-2's: it may be seen.
    OfP2,
    /// Somebody's who was not asked about.
    Foreign,
}

struct Reader;

impl Gatekeeper for Reader {
    fn may_see(&mut self, attributes: &ResourceAttributes<'_>) -> bool {
        !(attributes.sensitive && attributes.person.as_str() == "P-1")
    }

    fn seal_page(&mut self, ticket: &[u8]) -> Option<String> {
        Some(ticket.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The query of what the store is asked.
fn query(forward: &Forward) -> Vec<(String, String)> {
    let text = match &forward.body {
        ForwardBody::Built(form) => String::from_utf8(form.clone()).unwrap(),
        _ => forward.target.split_once('?').unwrap().1.to_owned(),
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.replace("%2C", ","))).collect()
}

/// A store: pages by place or by token, as it is asked for them.
struct Store<'s> {
    all: &'s [One],
    by_token: bool,
    asked: Vec<String>,
}

impl Store<'_> {
    fn answer(&mut self, forward: &Forward) -> String {
        self.asked.push(forward.target.clone());
        let query = query(forward);
        let given = |name: &str| query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let number = |name: &str| given(name).and_then(|text| text.parse::<usize>().ok());
        let count = number("_count").unwrap();
        let from = number("_getpagesoffset").or_else(|| number("_offset")).unwrap_or(0);
        let behind = (from + count).min(self.all.len());
        let mut entries: Vec<String> = Vec::new();
        match given("_id") {
            None => entries.extend((from..behind).map(|at| self.entry(at))),
            Some(ids) => {
                let at: Vec<usize> = ids.split(',').map(|id| id.trim_start_matches("o-").parse().unwrap()).collect();
                entries.extend(at.iter().map(|at| self.entry(*at)));
                entries.extend(at.iter().map(|at| self.encounter(*at)));
            }
        }
        let next = match (behind < self.all.len() && given("_id").is_none(), self.by_token) {
            (false, _) => String::new(),
            (true, false) => {
                let base = forward.target.split("&_offset").next().unwrap();
                format!(r#"{{"relation":"next","url":"http://store:1{base}&_offset={behind}"}}"#)
            }
            (true, true) => {
                let token = format!("_getpages=5a&_getpagesoffset={behind}&_count={count}");
                format!(r#"{{"relation":"next","url":"http://store:1/fhir?{token}"}}"#)
            }
        };
        let total = self.all.len();
        format!(
            r#"{{"resourceType":"Bundle","type":"searchset","total":{total},"link":[{next}],"entry":[{}]}}"#,
            entries.join(",")
        )
    }

    fn entry(&self, at: usize) -> String {
        let (person, code) = match self.all[at] {
            One::Seen => ("P-1", "N"),
            One::Hidden => ("P-1", "R"),
            One::OfP2 => ("P-2", "V"),
            One::Foreign => ("P-3", "N"),
        };
        let system = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"o-{at}","subject":{{"reference":"Patient/{person}"}},"meta":{{"security":[{{"system":"{system}","code":"{code}"}}]}},"encounter":{{"reference":"Encounter/e-{at}"}}}},"search":{{"mode":"match"}}}}"#
        )
    }

    fn encounter(&self, at: usize) -> String {
        let person = if self.all[at] == One::OfP2 { "P-2" } else { "P-1" };
        format!(
            r#"{{"resource":{{"resourceType":"Encounter","id":"e-{at}","subject":{{"reference":"Patient/{person}"}}}},"search":{{"mode":"include"}}}}"#
        )
    }
}

fn asked(target: &str) -> Touches {
    Request::get(target).touches().in_pages(Pages::Ours).unwrap()
}

/// One page, the store's answers in pieces of this size.
fn page(store: &mut Store<'_>, touches: &Touches, piece: usize) -> Result<Released, Misbehaviour> {
    let mut gathering = Gathering::of(touches)?;
    let (mut released, mut next) = (Released::default(), Some(touches.forward.clone()));
    while let Some(forward) = next {
        let answer = store.answer(&forward);
        gathering.answered(JSON)?;
        for piece in answer.as_bytes().chunks(piece) {
            if gathering.is_served() {
                break;
            }
            released.append(gathering.read(piece, &mut Reader)?);
        }
        next = gathering.turn()?;
    }
    released.append(gathering.end(&mut Reader)?);
    Ok(released)
}

/// `relation` and address.
fn links(body: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let links = body["link"].as_array().unwrap().iter();
    links.map(|link| (text(&link["relation"]), text(&link["url"]))).collect()
}

/// All pages: what is on each, which links it has, which number; and how often the store was asked for the whole.
fn pages(all: &[One], by_token: bool, along: bool, count: usize, piece: usize) -> (Vec<serde_json::Value>, usize) {
    let mut store = Store { all, by_token, asked: Vec::new() };
    let include = if along { "&_include=Observation:encounter" } else { "" };
    let mut next = Some(format!("/fhir/Observation?patient=P-1,P-2{include}&_count={count}"));
    let mut pages = Vec::new();
    while let Some(target) = next {
        let released = page(&mut store, &asked(&target), piece).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&released.body).unwrap();
        next = links(&body).into_iter().find_map(|(relation, url)| (relation == "next").then_some(url));
        assert_eq!(released.records.len(), body["entry"].as_array().map_or(0, Vec::len), "all of it is named");
        pages.push(body);
    }
    (pages, store.asked.len())
}

fn layout() -> impl Strategy<Value = Vec<One>> {
    let one = prop_oneof![4 => Just(One::Seen), 4 => Just(One::Hidden), 2 => Just(One::OfP2), 1 => Just(One::Foreign)];
    let run = (one, prop_oneof![3 => 1..4usize, 1 => 90..130usize]).prop_map(|(one, times)| vec![one; times]);
    proptest::collection::vec(run, 0..8).prop_map(|runs| runs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever lies hidden where: what is on each page, whether another follows and the number are those of a store that had
    /// nothing else, and so is the length of every link.
    #[test]
    fn a_page_is_what_it_would_be_without_what_is_hidden(
        all in layout(), by_token: bool, along: bool, count in prop_oneof![Just(1usize), 2..9usize, Just(100), Just(200)], piece in 1..20_000usize,
    ) {
        prop_assume!(all.len() < 60 || count > 8);
        let visible: Vec<usize> = (0..all.len()).filter(|at| matches!(all[*at], One::Seen | One::OfP2)).collect();
        let (pages, _) = pages(&all, by_token, along, count, piece.max(64));
        let mut expected: Vec<&[usize]> = visible.chunks(count).collect();
        if expected.is_empty() {
            expected.push(&[]);
        }
        prop_assert_eq!(pages.len(), expected.len());
        let mut lengths = std::collections::BTreeSet::new();
        for (number, (page, expected)) in pages.iter().zip(&expected).enumerate() {
            let named = |kind: &'static str| expected.iter().map(move |at| format!("{kind}-{at}"));
            let mut on_it: Vec<String> = named("o").collect();
            if along {
                on_it.extend(named("e"));
            }
            let entries = page["entry"].as_array().cloned().unwrap_or_default();
            let got: Vec<&str> = entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap()).collect();
            prop_assert_eq!(got, on_it);
            let links = links(page);
            let relations: Vec<&str> = links.iter().map(|(relation, _)| relation.as_str()).collect();
            let last = number + 1 == pages.len();
            let wanted: &[&str] = match (number, last) {
                (0, true) => &["self"],
                (0, false) => &["self", "next"],
                (_, true) => &["self", "first"],
                (_, false) => &["self", "first", "next"],
            };
            prop_assert_eq!(relations, wanted);
            lengths.extend(links.iter().filter(|(_, url)| url.contains("_page=")).map(|(_, url)| url.len()));
            let total = if pages.len() == 1 { serde_json::json!(visible.len()) } else { serde_json::Value::Null };
            prop_assert_eq!(&page["total"], &total);
        }
        prop_assert!(lengths.len() <= 1, "{:?}", lengths);
    }
}

/// How often the store is asked follows what is hidden a whole page of it at a time, and there is a last time.
#[test]
fn the_store_is_asked_in_steps_and_not_for_ever() {
    let asked_for = |hidden: usize| {
        let all = [vec![One::Hidden; hidden], vec![One::Seen]].concat();
        pages(&all, true, false, 1, usize::MAX).1
    };
    let step = usize::try_from(GATHERED_COUNT).unwrap();
    assert_eq!([0, 1, 17, step - 1].map(asked_for), [1, 1, 1, 1]);
    assert_eq!([step, step + 1, 2 * step - 1].map(asked_for), [2, 2, 2]);

    // Beyond the last time the page ends before it is full, and who turns it goes on from there.
    let most = step * usize::try_from(GATHERED_PAGES_MAX).unwrap();
    let all = [vec![One::Hidden; most + 3], vec![One::Seen]].concat();
    let (pages, times) = pages(&all, false, false, 5, usize::MAX);
    let found: Vec<usize> = pages.iter().map(|page| page["entry"].as_array().map_or(0, Vec::len)).collect();
    assert_eq!((found, times), (vec![0, 1], most / step + 1));
    assert!(pages.iter().all(|page| page["total"].is_null()));
}

/// What a store does wrong: it is told of, and nothing is made of it.
#[test]
fn a_store_that_misleads_is_not_followed() {
    let touches = asked("/fhir/Observation?patient=P-1&_include=Observation:encounter&_count=1");
    let begin = |answer: &str| {
        let mut gathering = Gathering::of(&touches).unwrap();
        gathering.answered(JSON).unwrap();
        gathering.read(answer.as_bytes(), &mut Reader).map(|released| (gathering, released))
    };
    let bundle = |links: &str, entries: &str| {
        format!(r#"{{"resourceType":"Bundle","type":"searchset","link":[{links}],"entry":[{entries}]}}"#)
    };
    // It breaks off; it is something else; nobody asked.
    let (mut broken, _) = begin(&bundle("", "")[..40]).unwrap();
    assert!(broken.turn().is_err());
    assert!(begin(r#"{"resourceType":"Bundle","type":"history","entry":[{}]}"#).is_err());
    let mut unasked = Gathering::of(&touches).unwrap();
    assert!(unasked.read(b"{}", &mut Reader).is_err());
    assert!(unasked.turn().is_err());
    assert!(unasked.end(&mut Reader).is_err(), "nothing was read");
    assert!(begin(&bundle("", "")).unwrap().0.end(&mut Reader).is_err(), "not read to its end");
    // The next page is this one, another search's, or two.
    let first = &touches.forward.target;
    let next = |url: &str| format!(r#"{{"relation":"next","url":"http://store:1{url}"}}"#);
    let links = [
        next(&format!("{first}&_offset=0")),
        next(&first.replace("P-1", "P-3")),
        [next(&format!("{first}&_offset=100")), next(&format!("{first}&_offset=200"))].join(","),
    ];
    for link in links {
        let (mut gathering, _) = begin(&bundle(&link, "")).unwrap();
        assert_eq!(gathering.turn(), Ok(None), "{link}");
        let end = gathering.end(&mut Reader).unwrap();
        assert_eq!(
            (end.dropped, end.why[0].record.as_str()),
            (1, "the next page"),
            "the officer does not hear of {link}"
        );
        let end = String::from_utf8(end.body).unwrap();
        assert!(!end.contains("next") && !end.contains("total"), "{end}");
    }
    // From one to another and back.
    let (mut gathering, _) = begin(&bundle(&next(&format!("{first}&_offset=100")), "")).unwrap();
    for (offset, goes_on) in [(200, true), (100, false)] {
        assert!(gathering.turn().unwrap().is_some());
        gathering.answered(JSON).unwrap();
        let link = next(&format!("{first}&_offset={offset}"));
        let _ = gathering.read(bundle(&link, "").as_bytes(), &mut Reader).unwrap();
        if !goes_on {
            assert_eq!(gathering.turn(), Ok(None), "it is followed in a circle");
        }
    }
    assert_eq!(gathering.end(&mut Reader).unwrap().dropped, 1);
    // What comes along before it was asked for, and a match that was not.
    let store = Store { all: &[One::Seen, One::Seen, One::Foreign], by_token: false, asked: Vec::new() };
    let (mut gathering, released) = begin(&bundle("", &[store.encounter(0), store.entry(0)].join(","))).unwrap();
    assert_eq!((released.records.len(), released.dropped), (1, 1), "{:?}", released.why);
    assert!(gathering.turn().unwrap().is_some());
    gathering.answered(JSON).unwrap();
    let entries = [store.entry(0), store.entry(1), store.encounter(0), store.entry(2)].join(",");
    let released = gathering.read(bundle("", &entries).as_bytes(), &mut Reader).unwrap();
    assert_eq!((released.records.len(), released.dropped), (1, 2), "{:?}", released.why);
}

/// A page of one kind is none of the other, and what is on a link says so to nobody.
#[test]
fn a_page_is_of_one_kind() {
    let (made, _) = pages(&[One::Seen; 3], false, false, 2, usize::MAX);
    let next = links(&made[0]).pop().unwrap().1;
    let ours = Request::get(&next).touches();
    assert!(ours.clone().in_pages(Pages::Ours).is_ok());
    assert_eq!(ours.in_pages(Pages::Stores), Err(crate::Unreadable::PageOver));
    let ticket = String::from_utf8(opened(next.split_once("_page=").unwrap().1).unwrap()).unwrap();
    assert!(ticket.lines().nth(3).unwrap().starts_with("ours 2 offset 0 "), "{ticket}");
    let stores = Request::get(&super::page("/fhir/Observation", "1 / /fhir/Observation?patient=P-1 / - / offset 50"));
    assert!(stores.touches().in_pages(Pages::Stores).is_ok());
    assert_eq!(stores.touches().in_pages(Pages::Ours), Err(crate::Unreadable::PageOver));
    // A number has no pages.
    let counted = Request::get("/fhir/Observation?patient=P-1&_summary=count").touches();
    assert_eq!(counted.may_be_found().count(), 0);
    let searched = Request::get("/fhir/Observation?patient=P-1,P-2&_include=Observation:encounter").touches();
    assert_eq!(searched.may_be_found().count(), 2, "what comes along is not counted into pages");
}

/// The store's own page goes out only where somebody has said that it may: by default nothing does.
#[test]
fn a_page_of_the_store_is_not_taken_for_one_of_ours() {
    let answer = br#"{"resourceType":"Bundle","type":"searchset","entry":[]}"#;
    let release = |touches: &Touches| crate::release(&touches.answer, touches, 200, JSON, answer, &mut Reader);
    let unsaid = Request::get("/fhir/Observation?patient=P-1").touches();
    assert!(release(&unsaid).is_err() && Searchset::of(&unsaid, JSON).is_err(), "nobody was asked");
    let ours = unsaid.clone().in_pages(Pages::Ours).unwrap();
    assert!(release(&ours).is_err() && Searchset::of(&ours, JSON).is_err());
    assert!(release(&unsaid.in_pages(Pages::Stores).unwrap()).is_ok());
}
