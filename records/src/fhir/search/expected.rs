//! What may come back of a search, and how it is shown.

use super::include::Way;
use super::ours::Ours;
use super::page::{self, Page, Place, Ticket};
use super::view::View;
use crate::bounds::OFFSET_MAX;
use crate::fhir::types::FhirType;
use crate::json::{Json, Object};
use crate::need::Need;
use crate::release::in_origin_form;
use crate::target::Target;
use crate::touches::Forward;

/// Whether the client wants to know how many there are (FHIR R4 search.html#total).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Total {
    /// Where it costs nothing.
    #[default]
    Unsaid,
    /// No.
    None,
    /// Yes, and exactly.
    Accurate,
}

impl Total {
    /// Reads `_total`. An estimate is not served: it would be the store's over what may be seen by nobody knows whom.
    pub(super) fn read(value: &str) -> Option<Self> {
        match value {
            "none" => Some(Self::None),
            "accurate" => Some(Self::Accurate),
            _ => None,
        }
    }

    pub(super) const fn written(self) -> Option<&'static str> {
        match self {
            Self::Unsaid => None,
            Self::None => Some("none"),
            Self::Accurate => Some("accurate"),
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The type under which its pages are turned.
    pub(super) pages_at: FhirType,
    /// Types that were searched for.
    pub(super) matches: Vec<FhirType>,
    /// Types that may come along.
    pub(super) includes: Vec<FhirType>,
    /// Along which links they come.
    pub(super) ways: Vec<Way>,
    /// They come along because of a match, and not as matches by another name.
    pub(super) by_a_match: bool,
    pub(super) view: View,
    pub(super) total: Total,
    /// What the store is asked for the first page.
    pub(super) first: Forward,
    /// The same, where pages are made here.
    pub(super) ours: Ours,
    /// Which page this is.
    pub(super) here: Page,
    /// The search as the client asked for it, in its one form.
    pub(super) asked: String,
    /// What the gateway narrowed it to.
    pub(super) narrowed_to: Option<String>,
}

impl Expected {
    /// The search as the client asked for it, in its one form.
    pub(crate) fn asked(&self) -> &str {
        &self.asked
    }

    /// Types that were searched for.
    pub(crate) fn matches(&self) -> &[FhirType] {
        &self.matches
    }

    /// Which page is asked for.
    pub(crate) const fn here(&self) -> &Page {
        &self.here
    }

    /// What the store is asked where pages are made here.
    pub(crate) const fn ours(&self) -> &Ours {
        &self.ours
    }

    /// The same for matches alone: what comes along with them is asked for afterwards.
    pub(crate) fn of_matches(&self) -> Self {
        let includes = if self.by_a_match { Vec::new() } else { self.includes.clone() };
        Self { includes, ..self.clone() }
    }

    /// As what an entry comes along; the error is for the officer.
    pub(crate) fn mode(&self, fhir_type: FhirType, mode: Option<&str>) -> Result<&'static str, &'static str> {
        match mode {
            _ if self.view == View::Count => Err("an entry where only a number was asked for"),
            Some("include") if self.includes.contains(&fhir_type) => Ok("include"),
            Some("include") => Err("included, though nobody asked for that"),
            Some("match") | None if self.matches.contains(&fhir_type) => Ok("match"),
            Some("match") | None => Err("another type than was searched for"),
            Some(_) => Err("an entry of unknown mode"),
        }
    }

    /// Whether anything comes along because of what was found.
    pub(crate) fn brings_along(&self) -> bool {
        self.by_a_match && !self.includes.is_empty()
    }

    /// Along which links.
    pub(crate) fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// A resource as it is shown. None: as it is.
    pub(crate) fn show<'a>(&self, resource: &Object<'a>, fhir_type: FhirType) -> Option<Object<'a>> {
        self.view.show(resource, fhir_type)
    }

    /// The number that goes out. `matches` are those on this page, which is `whole` if it holds all there is; `dropped` says
    /// that something was left out, so that the store's number cannot be true.
    pub(crate) fn total(&self, given: Option<&Json<'_>>, matches: usize, whole: bool, dropped: bool) -> Option<usize> {
        let given = || match given? {
            Json::Number(number) if number.len() <= 9 => number.parse::<usize>().ok(),
            _ => None,
        };
        match (&self.view, self.total) {
            (View::Count, _) => given().filter(|_| !dropped),
            (_, Total::None) => None,
            // All there is stands on this page, so this is the number of what may be seen.
            _ if whole => Some(matches),
            // The search was narrowed to persons of whom all may be searched for, labelled or not.
            (_, Total::Accurate) => given().filter(|total| !dropped && *total >= matches),
            (_, Total::Unsaid) => None,
        }
    }

    /// Only a number was asked for.
    pub(crate) fn counts_only(&self) -> bool {
        self.view == View::Count
    }

    /// The links of the answer: our own to this page, and to those that the store says there are. The first flag says that
    /// this page holds all there is, the second that another follows and nobody can tell where.
    pub(crate) fn links(
        &self,
        given: &[Json<'_>],
        seal: &mut dyn FnMut(&[u8]) -> Option<String>,
    ) -> (Vec<(&'static str, String)>, bool, bool) {
        let mut links: Vec<(&'static str, String)> =
            self.address(&self.here, seal).map(|own| ("self", own)).into_iter().collect();
        let (mut whole, mut strayed) = (self.here == Page::FIRST, false);
        for (relation, others) in RELATIONS {
            let place = match self.linked(given, others, &self.first) {
                Linked::Nowhere => continue,
                Linked::Elsewhere => None,
                Linked::To(place) => Some(place),
            };
            let neighbour = matches!(relation, "next" | "previous");
            whole &= !neighbour;
            let page = place.map(Page::Stores).filter(|page| !neighbour || *page != self.here);
            strayed |= relation == "next" && page.is_none();
            // The first page is the search itself, whatever the store calls it.
            let page = page.map(|page| if relation == "first" { Page::FIRST } else { page });
            links.extend(page.and_then(|page| self.address(&page, seal)).map(|url| (relation, url)));
        }
        (links, whole, strayed)
    }

    /// The links of a page that is made here; `next` says where the next one begins, if there is one. None leads backwards:
    /// where the page before began is not known any more.
    pub(crate) fn links_of_ours(
        &self,
        next: Option<&Page>,
        seal: &mut dyn FnMut(&[u8]) -> Option<String>,
    ) -> Vec<(&'static str, String)> {
        let first = (self.here != Page::FIRST).then_some(&Page::FIRST);
        let pages = [("self", Some(&self.here)), ("first", first), ("next", next)];
        let given = pages.into_iter().filter_map(|(relation, page)| Some((relation, page?)));
        given.filter_map(|(relation, page)| Some((relation, self.address(page, seal)?))).collect()
    }

    /// The address of a page. None if it cannot be sealed: it is not offered.
    fn address(&self, page: &Page, seal: &mut dyn FnMut(&[u8]) -> Option<String>) -> Option<String> {
        // The first page is the search itself.
        if *page == Page::FIRST {
            return Some(self.asked.clone());
        }
        let (asked, narrowed_to) = (self.asked.clone(), self.narrowed_to.clone());
        let token = seal(&Ticket { asked, narrowed_to, page: page.clone() }.write()?)?;
        Some(format!("/fhir/{}?_page={token}", self.pages_at))
    }

    /// Where the page behind one of the store's is, by the links that came with it.
    pub(crate) fn next_at_store(&self, given: &[Json<'_>]) -> Linked {
        self.linked(given, &["next"], &self.ours.first())
    }

    /// Where the store's link of this relation leads; `sent` is what it was asked for the first page.
    fn linked(&self, given: &[Json<'_>], relations: &[&str], sent: &Forward) -> Linked {
        let is_one = |link: &&Object<'_>| link.text("relation").is_some_and(|name| relations.contains(&name));
        let mut urls = given.iter().filter_map(Json::object).filter(is_one);
        let Some(first) = urls.next() else { return Linked::Nowhere };
        let url = first.text("url").filter(|_| urls.next().is_none());
        let place = url.and_then(|url| page::place_of(url, sent).or_else(|| self.in_other_words(url, sent)));
        place.map_or(Linked::Elsewhere, Linked::To)
    }
}

/// Where a link of the store leads.
#[derive(Debug)]
pub(crate) enum Linked {
    /// There is none.
    Nowhere,
    /// To what is no page of this search, or nobody can tell.
    Elsewhere,
    /// To a page of it.
    To(Place),
}

impl Expected {
    /// The place of a link that says the same search in other words than ours: another order, another name of the person.
    fn in_other_words(&self, url: &str, sent: &Forward) -> Option<Place> {
        let mut target = Target::read(in_origin_form(url)).ok()?;
        let at = target.query.0.iter().position(|(name, _)| *name == "_offset")?;
        let (_, offset) = target.query.0.remove(at);
        let offset = offset.parse::<u32>().ok().filter(|offset| *offset <= OFFSET_MAX)?;
        let (["fhir", name], [own]) = (target.segments.as_slice(), self.matches.as_slice()) else { return None };
        if *name != own.as_str() {
            return None;
        }
        let Ok(Need::Done(same)) = super::read(*own, &target.query) else { return None };
        (same.forward == *sent).then_some(Place::Offset(offset))
    }
}

/// Relations of links between pages (RFC 8288), and how stores call them.
const RELATIONS: [(&str, &[&str]); 4] =
    [("first", &["first"]), ("previous", &["previous", "prev"]), ("next", &["next"]), ("last", &["last"])];
