//! Why a request has no route: the route that comes nearest, and what keeps the request from being meant for it. For whoever
//! writes a map, at a desk; a client is told less (`super::unmatched`).

use std::collections::BTreeSet;

use super::body::Body;
use super::{Route, RouteMap};
use crate::target::Target;

impl RouteMap {
    /// Why no route is meant for this request line; it must have none.
    pub(super) fn why_none(&self, method: &str, target: &str) -> String {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let segments = match Target::read(path) {
            Ok(read) => read.segments,
            Err(fault) => return fault.to_string(),
        };
        if segments.first() != Some(&self.prefix()) {
            return format!("it is not below /{}", self.prefix);
        }
        // The path is one of ours: it is the method, or the query.
        if let Ok((_, route, _)) = self.matched(method, &segments, |_: &Body| true)
            && let Err(fault) = route.read_query(query)
        {
            return format!("nearest is {}: {fault}", named(route));
        }
        let here: Vec<&Route> = self.routes.iter().filter(|route| route.path.read(&segments).is_some()).collect();
        if let Some(route) = here.first() {
            // Two routes of one address may differ by their bodies alone.
            let methods: BTreeSet<&str> = here.iter().map(|route| route.method).collect();
            let methods: Vec<&str> = methods.into_iter().collect();
            return format!("nearest is {}: the address is served with {} only", named(route), methods.join(", "));
        }
        self.by_path(method, &segments)
    }

    /// The route with the fewest segments that differ, of the same method if there is one; else the next longer or shorter one.
    fn by_path(&self, method: &str, segments: &[&str]) -> String {
        let alike = self.routes.iter().filter_map(|route| Some((route, route.path.differs(segments)?)));
        if let Some((route, differs)) = alike.min_by_key(|(route, differs)| (differs.len(), route.method != method)) {
            return format!("nearest is {}: {}", named(route), differs.join(", "));
        }
        let count = segments.len();
        match self.routes.iter().min_by_key(|route| route.path.len().abs_diff(count)) {
            Some(route) => format!("nearest is {}: it has {} segments, not {count}", named(route), route.path.len()),
            None => "the map has no route".to_owned(),
        }
    }
}

fn named(route: &Route) -> String {
    format!("`{}` ({} {})", route.name, route.method, route.path)
}
