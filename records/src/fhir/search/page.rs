//! Pages of a search. The links that a client is given are ours: a sealed ticket, with which nothing can be done but to turn
//! to that page. Turning is a new search, read from the ticket's own words and decided on anew; what the ticket adds is
//! where the store has the page.
//!
//! A store says that in one of two ways: by the search itself and a place in it (`_offset`), or by a token of a search that
//! it keeps (HAPI FHIR: `?_getpages=...`), which does not show what it leads to. Either way every record on the page is
//! resolved and judged like on the first one.
//!
//! Where pages are made here (`ours.rs`), a page begins in the middle of one of the store's. Then all that follows from where it
//! begins is of one length, so that the length of a link tells nothing of what was passed over.

use crate::bounds::{OFFSET_MAX, PAGE_LINK_BYTES_MAX, PAGE_PAIRS_MAX, PAGE_TICKET_BYTES_MAX, STORE_LINK_BYTES_MAX};
use crate::release::in_origin_form;
use crate::touches::{Forward, ForwardBody};

/// First line of a ticket: how it is written.
const FORM: &str = "1";
/// Parameters by which stores name a search that they keep: HAPI FHIR; Google; Microsoft.
const TOKENS: [&str; 3] = ["_getpages", "_page_token", "ct"];

/// A page of ours as it is written: a link, and what stands before it.
const OURS_BYTES: usize = PAGE_LINK_BYTES_MAX + 24;

/// Where a page begins at the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// After so many matches.
    Offset(u32),
    /// Behind this path and query.
    Link(String),
}

/// A page of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// One of the store's, at this place.
    Stores(Place),
    /// One that is made here: it begins in the store's page at this place, behind so many of its entries.
    Ours(Place, u32),
}

impl Page {
    /// Where every search begins.
    pub(crate) const FIRST: Self = Self::Stores(Place::Offset(0));
}

/// What a page of a search stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    /// The search as the client asked for it, in its one form.
    pub(crate) asked: String,
    /// What the gateway narrowed it to, if it did: the search is over when that changes.
    pub(crate) narrowed_to: Option<String>,
    /// Which page.
    pub(crate) page: Page,
}

impl Place {
    fn write(&self) -> String {
        match self {
            Self::Offset(offset) => format!("offset {offset}"),
            Self::Link(link) => format!("link {link}"),
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once(' ')? {
            ("offset", offset) => Some(Self::Offset(offset.parse().ok()?)),
            ("link", link) => Some(Self::Link(link.to_owned())),
            _ => None,
        }
    }
}

impl Page {
    fn write(&self) -> String {
        match self {
            Self::Stores(place) => place.write(),
            Self::Ours(place, passed) => format!("{:<OURS_BYTES$}", format!("ours {passed} {}", place.write())),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let Some(ours) = text.strip_prefix("ours ") else { return Place::read(text).map(Self::Stores) };
        // A link holds no spaces.
        let (passed, place) = ours.trim_end_matches(' ').split_once(' ')?;
        Some(Self::Ours(Place::read(place)?, passed.parse().ok()?))
    }
}

impl Ticket {
    /// The ticket as it is sealed. None where it would be longer than a link may be: such a page is not offered.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let page = self.page.write();
        let narrowed_to = self.narrowed_to.as_deref().map_or_else(|| "-".to_owned(), |to| format!("to {to}"));
        // None of these can hold a line's end.
        let text = [FORM, &self.asked, &narrowed_to, &page].join("\n");
        (text.len() <= PAGE_TICKET_BYTES_MAX && text.lines().count() == 4).then(|| text.into_bytes())
    }

    /// Reads what was sealed. None if it is of another form: of an older version.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.split('\n');
        let (Some(FORM), Some(asked), Some(narrowed_to), Some(page), None) =
            (lines.next(), lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return None;
        };
        let narrowed_to = match narrowed_to {
            "-" => None,
            to => Some(to.strip_prefix("to ")?.to_owned()),
        };
        Some(Self { asked: asked.to_owned(), narrowed_to, page: Page::read(page)? })
    }
}

/// Where a link of the store leads, if that is another page of the search that was sent. A link to another search is none.
pub(crate) fn place_of(url: &str, sent: &Forward) -> Option<Place> {
    if url.len() > STORE_LINK_BYTES_MAX {
        return None;
    }
    let link = in_origin_form(url);
    let (path, query) = link.split_once('?')?;
    let (own_path, own_query) = asked_of_store(sent)?;
    let same_path = path == own_path || path.strip_suffix("/_search") == Some(own_path);
    let given = pairs(query)?;
    let (places, others): (Vec<_>, Vec<_>) = given.into_iter().partition(|(name, _)| name == "_offset");
    if same_path && others == without_place(pairs(own_query)?) {
        let [(_, offset)] = places.as_slice() else { return None };
        let offset = offset.parse::<u32>().ok()?;
        return (offset <= OFFSET_MAX).then_some(Place::Offset(offset));
    }
    let kept = others.iter().any(|(name, _)| TOKENS.contains(&name.as_str()));
    // Nothing that a reader could take for the end of an address, or of a line.
    let plain = link.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\^`{}#".contains(&byte));
    (kept && plain && (path == "/fhir" || same_path) && link.len() <= PAGE_LINK_BYTES_MAX)
        .then(|| Place::Link(link.to_owned()))
}

/// Path and query of a search, whether sent as a target or as a form.
fn asked_of_store(sent: &Forward) -> Option<(&str, &str)> {
    match &sent.body {
        ForwardBody::None => Some(sent.target.split_once('?').unwrap_or((sent.target.as_str(), ""))),
        ForwardBody::Built(form) => Some((sent.target.strip_suffix("/_search")?, std::str::from_utf8(form).ok()?)),
        ForwardBody::Stream => None,
    }
}

fn without_place(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.retain(|(name, _)| name != "_offset");
    pairs
}

/// The pairs of a query, decoded and in one order. Only ever compared: it is our own words that are sent on.
fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == PAGE_PAIRS_MAX {
            return None;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decoded(name)?, decoded(value)?));
    }
    pairs.sort();
    Some(pairs)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
