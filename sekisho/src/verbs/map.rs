//! `map`: what a route map demands, what is wrong with it, and how much of what clients ask for it knows.

use std::path::Path;

use records::{Coverage, RouteMap, Unmatched};
use serde_json::json;

use crate::cli::map::MapCheck;
use crate::cli::{Common, Map as Verb};
use crate::error::{Error, with_causes};
use crate::maps;
use crate::output::{self, Output, listed};

/// What a line of a log has to hold.
const REQUEST_LINE: &str =
    "a line holds a method and an address, such as GET /notes/people/P-1, alone or as in a web server's log";

/// The verb. True: the map is in order. A request that it does not know is no fault: it is refused, as it should be.
pub(crate) fn run(common: &Common, verb: &Verb) -> Result<bool, Error> {
    let Verb::Check(MapCheck { file, requests }) = verb;
    let output = Output::new(common.json);
    let map = match maps::read(file) {
        Ok(map) => map,
        Err(fault @ Error::Map { .. }) => {
            let what = with_causes(&fault);
            output.say(format_args!("fault: {what}"), &json!({ "level": "fault", "what": what }))?;
            return Ok(false);
        }
        Err(other) => return Err(other),
    };
    let demands = map.demands();
    output.say(
        format_args!("ok: `{}` serves /{} by {} routes", map.name(), map.prefix(), demands.len()),
        &json!({ "level": "ok", "map": map.name(), "prefix": map.prefix(), "routes": demands.len() }),
    )?;
    for demand in demands {
        output.say(format_args!("route: {demand}"), &json!({ "route": demand }))?;
    }
    for warning in map.warnings() {
        output.say(format_args!("warning: {warning}"), &json!({ "level": "warning", "what": warning }))?;
    }
    if let Some(log) = requests {
        coverage(&map, log, output)?;
    }
    Ok(true)
}

fn coverage(map: &RouteMap, path: &Path, output: Output) -> Result<(), Error> {
    // A log may hold anything that somebody sent, also what is no UTF-8.
    let log = std::fs::read(path).map_err(Error::file("reading", path))?;
    let log = String::from_utf8_lossy(&log);
    let coverage = map.coverage(log.lines());
    for (route, count) in &coverage.routes {
        output.say(format_args!("{count} by `{route}`"), &json!({ "route": route, "requests": count }))?;
    }
    for Unmatched { request, count, why } in &coverage.unmatched {
        output.say(
            format_args!("{count} by no route: {request}; {why}"),
            &json!({ "unmatched": request, "requests": count, "why": why }),
        )?;
    }
    let (matched, requests) = (coverage.matched(), coverage.requests());
    let Coverage { unmatched_count, unreadable, unreadable_lines, .. } = &coverage;
    if *unreadable > 0 {
        let further = if unreadable_lines.len() < usize::try_from(*unreadable).unwrap_or(usize::MAX) {
            " and further ones"
        } else {
            ""
        };
        output.say(
            format_args!("no request in lines {}{further}; {REQUEST_LINE}", listed(unreadable_lines)),
            &json!({ "unreadable_lines": unreadable_lines }),
        )?;
    }
    if requests == 0 {
        output::nothing(format_args!("no request in `{}`; {REQUEST_LINE}", path.display()));
    }
    let share = coverage.per_mille().map_or("-".to_owned(), |share| format!("{}.{} %", share / 10, share % 10));
    output.say(
        format_args!(
            "coverage: {share}; {matched} of {requests} requests have a route, {unmatched_count} have none, {unreadable} \
             lines hold no request"
        ),
        &json!({
            "requests": requests, "matched": matched, "unmatched": unmatched_count, "unreadable": unreadable,
            "per_mille": coverage.per_mille(),
        }),
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn check(file: PathBuf, requests: Option<PathBuf>) -> Result<bool, Error> {
        let common = Common { settings: None, data: None, json: false, author: None };
        run(&common, &Verb::Check(MapCheck { file, requests }))
    }

    /// The worked example is in order, and a fault in a map is an answer, not an error.
    #[test]
    fn a_map_is_in_order_or_it_is_not() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/maps/notes.toml");
        assert!(check(example.clone(), None).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        std::fs::write(place("log"), b"GET /notes\n\xff\nGET /other\n").unwrap();
        assert!(check(example.clone(), Some(place("log"))).unwrap(), "what has no route is no fault of the map");
        let text = std::fs::read_to_string(&example).unwrap().replace("person = [\"path\"]", "");
        std::fs::write(place("wrong.toml"), text).unwrap();
        assert!(!check(place("wrong.toml"), None).unwrap());
        assert!(matches!(check(place("none.toml"), None), Err(Error::File { .. })));
        assert!(matches!(check(example, Some(place("none"))), Err(Error::File { .. })));
        assert!(maps::reader(&[place("wrong.toml")]).is_err(), "a server does not start on it");
    }
}
