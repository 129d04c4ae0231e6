//! How much of what clients ask for a map knows: its routes held against a log of request lines.

use super::RouteMap;
use super::body::Body;
use crate::target::Target;

/// What came of holding a map against a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// How many requests each route was meant for, in the order of the map. Where a log does not tell which of several
    /// bodies was sent, the first of the routes is counted.
    pub routes: Vec<(String, u64)>,
    /// Requests that no route is meant for, the most frequent first; at most [`Coverage::UNMATCHED_KEPT_MAX`].
    pub unmatched: Vec<Unmatched>,
    /// How many of them there are in all.
    pub unmatched_count: u64,
    /// Lines that hold no request line.
    pub unreadable: u64,
    /// The numbers of the first of them, from 1; at most [`Coverage::UNREADABLE_NAMED_MAX`].
    pub unreadable_lines: Vec<u64>,
}

/// A request that no route is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Method and path.
    pub request: String,
    /// How often it came, with whatever query.
    pub count: u64,
    /// The route that comes nearest, and what differs, as the request first came.
    pub why: String,
}

impl Coverage {
    /// Different requests without a route that are kept.
    pub const UNMATCHED_KEPT_MAX: usize = 50;
    /// Lines without a request that are named.
    pub const UNREADABLE_NAMED_MAX: usize = 10;

    /// Requests in all.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.matched().saturating_add(self.unmatched_count)
    }

    /// Requests that a route is meant for.
    #[must_use]
    pub fn matched(&self) -> u64 {
        self.routes.iter().map(|(_, count)| count).sum()
    }

    /// The share of requests that a route is meant for, in thousandths, rounded down; none without a request.
    #[must_use]
    pub fn per_mille(&self) -> Option<u64> {
        self.matched().saturating_mul(1000).checked_div(self.requests())
    }
}

impl RouteMap {
    /// Holds the map against a log: a request line each, `GET /notes/people/P-1`, alone or within quotation marks as in the
    /// access logs of web servers. Whether the query is in the grammar counts too; bodies are not in a log.
    #[must_use]
    pub fn coverage<'l>(&self, log: impl IntoIterator<Item = &'l str>) -> Coverage {
        let mut coverage = Coverage {
            routes: self.routes.iter().map(|route| (route.name.clone(), 0)).collect(),
            ..Coverage::default()
        };
        let mut unmatched: std::collections::BTreeMap<String, Unmatched> = std::collections::BTreeMap::new();
        for (number, line) in (1_u64..).zip(log).filter(|(_, line)| !line.trim().is_empty()) {
            let Some((method, target)) = request_line(line) else {
                coverage.unreadable = coverage.unreadable.saturating_add(1);
                if coverage.unreadable_lines.len() < Coverage::UNREADABLE_NAMED_MAX {
                    coverage.unreadable_lines.push(number);
                }
                continue;
            };
            match self.route_of(method, target).and_then(|number| coverage.routes.get_mut(number)) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => {
                    coverage.unmatched_count = coverage.unmatched_count.saturating_add(1);
                    // What differs by its query only is one gap of the map.
                    let path = target.split('?').next().unwrap_or_default();
                    let request = format!("{method} {path}");
                    let known = unmatched.entry(request.clone()).or_insert_with(|| {
                        let why = self.why_none(method, target);
                        Unmatched { request, count: 0, why }
                    });
                    known.count = known.count.saturating_add(1);
                }
            }
        }
        coverage.unmatched = unmatched.into_values().collect();
        coverage.unmatched.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.request.cmp(&b.request)));
        coverage.unmatched.truncate(Coverage::UNMATCHED_KEPT_MAX);
        coverage
    }

    /// The route that a request line is meant for, as far as it can be told without a body.
    fn route_of(&self, method: &str, target: &str) -> Option<usize> {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let segments = Target::read(path).ok()?.segments;
        let any = |_: &Body| true;
        let (number, route, _) = self.matched(method, &segments, any).ok()?;
        route.read_query(query).is_ok().then_some(number)
    }
}

/// Method and target of a line of a log.
fn request_line(line: &str) -> Option<(&str, &str)> {
    let line = match line.split_once('"') {
        Some((_, rest)) => rest.split('"').next()?,
        None => line,
    };
    let mut words = line.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let version = words.next().is_none_or(|version| version.starts_with("HTTP/"));
    let plain = method.bytes().all(|byte| byte.is_ascii_uppercase()) && target.starts_with('/');
    (version && plain && words.next().is_none()).then_some((method, target))
}
