//! The table `[store]`: where the stores are, how they are known, how much they are asked.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gateway::{Address, HealthSettings, StoreProtocol, Timeouts, Within};
use serde::Deserialize;

use super::file::{Faults, MapTable};
use super::{Store, StoreServer, StoreTls};

/// Longest path of a socket (`sockaddr_un`).
const SOCKET_PATH_OCTETS_MAX: usize = 107;
/// Longest that anything may take, in milliseconds: a day.
const MILLIS_MAX: u64 = 86_400_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreTable {
    address: Option<String>,
    server_name: Option<String>,
    anchors: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default)]
    servers: Vec<ServerTable>,
    protocol: Option<String>,
    connections: Option<u32>,
    at_once: Option<u16>,
    at_once_in_all: Option<u16>,
    queue: Option<usize>,
    queue_wait_ms: Option<u64>,
    #[serde(default)]
    timeouts: TimeoutsTable,
    health: Option<HealthTable>,
    #[serde(default)]
    pub(super) maps: Vec<MapTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerTable {
    address: String,
    server_name: Option<String>,
    anchors: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeoutsTable {
    connect_ms: Option<u64>,
    #[serde(default)]
    read: WithinTable,
    #[serde(default)]
    search: WithinTable,
    #[serde(default)]
    write: WithinTable,
    #[serde(default)]
    upload: WithinTable,
    #[serde(default)]
    stream: WithinTable,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithinTable {
    head_ms: Option<u64>,
    whole_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HealthTable {
    path: String,
    every_ms: Option<u64>,
    within_ms: Option<u64>,
    unwell_after: Option<u32>,
    well_after: Option<u32>,
}

impl StoreTable {
    /// What can be used, or none and the reasons in `faults`.
    pub(super) fn validate(self, folder: &Path, faults: &mut Faults) -> Option<Store> {
        let servers = self.servers(folder, faults);
        let known = [("http1", StoreProtocol::Http1), ("http2", StoreProtocol::Http2)];
        let wanted = self.protocol.as_deref().unwrap_or("http1");
        let protocol = known.into_iter().find(|(word, _)| *word == wanted).map(|(_, protocol)| protocol);
        if protocol.is_none() {
            faults.add("store.protocol", format_args!("unknown protocol `{wanted}`; one of: http1, http2"));
        }
        let usual = gateway::StoreSettings::of(Vec::new());
        let store = Store {
            servers: servers?,
            protocol: protocol?,
            connections: self.connections.unwrap_or(usual.connections_max),
            at_once: self.at_once.unwrap_or(usual.at_once),
            at_once_in_all: self.at_once_in_all,
            queue: self.queue.unwrap_or(usual.queue_max),
            queue_wait: millis(self.queue_wait_ms, usual.queue_wait),
            timeouts: self.timeouts.validate(faults),
            health: self.health.map(|health| health.validate(faults)),
        };
        let (least, most) = (gateway::store::lanes::PLACES_MIN, gateway::store::lanes::PLACES_MAX);
        faults.within("store.connections", store.connections, 1, 1_000_000);
        faults.within("store.at_once", store.at_once, least, most);
        if let Some(in_all) = store.at_once_in_all {
            faults.within("store.at_once_in_all", in_all, least, most);
        }
        faults.within("store.queue", store.queue, 0, 10_000);
        faults.within("store.queue_wait_ms", store.queue_wait.as_millis(), 0, 10_000);
        Some(store)
    }

    fn servers(&self, folder: &Path, faults: &mut Faults) -> Option<Vec<StoreServer>> {
        let loose = [&self.anchors, &self.certificate, &self.key].into_iter().any(Option::is_some);
        let servers: Vec<_> = match (&self.address, self.servers.as_slice()) {
            (Some(address), []) => {
                let [anchors, certificate, key] = [&self.anchors, &self.certificate, &self.key];
                let known = Known { server_name: self.server_name.as_deref(), anchors, certificate, key };
                vec![server("store", address, &known, folder, faults)]
            }
            (None, []) => {
                faults.add("store.address", "where the store is, such as http://127.0.0.1:8446; or [[store.servers]]");
                return None;
            }
            (Some(_), _) => {
                faults.add("store.address", "either this or [[store.servers]], which name an address each");
                return None;
            }
            (None, _) if loose || self.server_name.is_some() => {
                let what = "`server_name`, `anchors`, `certificate` and `key` belong to each of [[store.servers]]";
                faults.add("store", what);
                return None;
            }
            (None, several) => {
                let each = several.iter().map(|one| {
                    let ServerTable { address, server_name, anchors, certificate, key } = one;
                    let known = Known { server_name: server_name.as_deref(), anchors, certificate, key };
                    server("store.servers", address, &known, folder, faults)
                });
                each.collect()
            }
        };
        if servers.len() > gateway::bounds::STORES_MAX {
            faults.add("store.servers", format_args!("at most {}", gateway::bounds::STORES_MAX));
        }
        let servers: Vec<_> = servers.into_iter().collect::<Option<_>>()?;
        let mut names: Vec<_> = servers.iter().map(|server| &server.name).collect();
        names.sort_unstable();
        names.dedup();
        if names.len() < servers.len() {
            faults.add("store.servers", "an address is there twice");
        }
        Some(servers)
    }
}

/// How a store is known, as it is written.
struct Known<'t> {
    server_name: Option<&'t str>,
    anchors: &'t Option<PathBuf>,
    certificate: &'t Option<PathBuf>,
    key: &'t Option<PathBuf>,
}

fn server(key: &str, text: &str, known: &Known<'_>, folder: &Path, faults: &mut Faults) -> Option<StoreServer> {
    let at = format!("{key}.address");
    let address = place(&at, text, folder, faults)?;
    let name = if text.contains(':') && !text.contains("://") && !text.starts_with("unix:") {
        format!("http://{text}")
    } else {
        text.to_owned()
    };
    let tls = if let Some(host) = text.strip_prefix("https://").and_then(|rest| rest.rsplit_once(':')) {
        let Some(anchors) = known.anchors else {
            faults.add(&format!("{key}.anchors"), format_args!("`{text}` needs it: who signs the store's certificate"));
            return None;
        };
        let identity = match (known.certificate, known.key) {
            (Some(certificate), Some(key)) => Some((folder.join(certificate), folder.join(key))),
            (None, None) => None,
            _ => {
                faults.add(&format!("{key}.certificate"), "`certificate` and `key` are given together");
                return None;
            }
        };
        let server_name = known.server_name.unwrap_or(host.0.trim_matches(['[', ']'])).to_owned();
        Some(StoreTls { anchors: folder.join(anchors), server_name, identity })
    } else {
        let given = known.server_name.is_some()
            || [known.anchors, known.certificate, known.key].into_iter().any(Option::is_some);
        if given {
            let what = "`server_name`, `anchors`, `certificate` and `key` are for https";
            faults.add(key, format_args!("{what}; this is `{text}`"));
        }
        None
    };
    Some(StoreServer { name, address, tls })
}

/// Where a store is. Over TLS it is known by its certificate wherever that is; in clear it must be out of strangers' reach, and a
/// name could be pointed elsewhere.
fn place(key: &str, text: &str, folder: &Path, faults: &mut Faults) -> Option<Address> {
    let no_address = |faults: &mut Faults| {
        let behind = text.split_once("://").map_or(text, |(_, authority)| authority);
        if let Some((_, path)) = behind.split_once('/').filter(|_| text.starts_with("http")) {
            let what = "has a path; leave it out: requests go to the store with the path that they came with";
            faults.add(key, format_args!("`{text}` {what} (`/{path}`)"));
            return None;
        }
        let what = "is no address of a store; write http://127.0.0.1:8446, https://store.example.jp:8443 or \
                    unix:/run/store.sock";
        faults.add(key, format_args!("`{text}` {what}"));
        None
    };
    if let Some(path) = text.strip_prefix("unix:") {
        let path = folder.join(path);
        if path.as_os_str().len() > SOCKET_PATH_OCTETS_MAX || text.len() == "unix:".len() {
            faults.add(key, format_args!("`{text}`: the path of a socket has 1 to {SOCKET_PATH_OCTETS_MAX} octets"));
        }
        return Some(Address::Unix(path));
    }
    if let Some(authority) = text.strip_prefix("https://") {
        if let Ok(address) = authority.parse::<SocketAddr>() {
            return Some(Address::Ip(address));
        }
        let named = authority.rsplit_once(':').and_then(|(host, port)| Some((ca::Host::new(host).ok()?, port)));
        return match named.map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) => Some(Address::Named { host: host.as_str().to_owned(), port }),
            _ => no_address(faults),
        };
    }
    let Ok(address) = text.strip_prefix("http://").unwrap_or(text).parse::<SocketAddr>() else {
        return no_address(faults);
    };
    let inner = match address.ip() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    };
    if !inner {
        let what = "can be reached by strangers; a loopback or private address is needed, or https";
        faults.add(key, format_args!("`{text}` {what}"));
    }
    Some(Address::Ip(address))
}

impl TimeoutsTable {
    fn validate(self, faults: &mut Faults) -> Timeouts {
        let usual = Timeouts::default();
        let timeouts = Timeouts {
            connect: millis(self.connect_ms, usual.connect),
            read: self.read.or(usual.read, "read", faults),
            search: self.search.or(usual.search, "search", faults),
            write: self.write.or(usual.write, "write", faults),
            upload: self.upload.or(usual.upload, "upload", faults),
            stream: self.stream.or(usual.stream, "stream", faults),
        };
        within("store.timeouts.connect_ms", timeouts.connect, faults);
        timeouts
    }
}

impl WithinTable {
    fn or(self, usual: Within, name: &str, faults: &mut Faults) -> Within {
        let found = Within { head: millis(self.head_ms, usual.head), whole: millis(self.whole_ms, usual.whole) };
        within(&format!("store.timeouts.{name}.head_ms"), found.head, faults);
        within(&format!("store.timeouts.{name}.whole_ms"), found.whole, faults);
        found
    }
}

impl HealthTable {
    fn validate(self, faults: &mut Faults) -> HealthSettings {
        let usual = HealthSettings::default();
        let health = HealthSettings {
            path: self.path,
            every: millis(self.every_ms, usual.every),
            within: millis(self.within_ms, usual.within),
            unwell_after: self.unwell_after.unwrap_or(usual.unwell_after),
            well_after: self.well_after.unwrap_or(usual.well_after),
        };
        if !health.path.starts_with('/') || !health.path.bytes().all(|octet| octet.is_ascii_graphic()) {
            faults.add("store.health.path", format_args!("`{}` is no path, such as /healthz", health.path));
        }
        faults.within("store.health.every_ms", health.every.as_millis(), 100, MILLIS_MAX.into());
        within("store.health.within_ms", health.within, faults);
        faults.within("store.health.unwell_after", health.unwell_after, 1, 100);
        faults.within("store.health.well_after", health.well_after, 1, 100);
        health
    }
}

fn millis(given: Option<u64>, usual: Duration) -> Duration {
    given.map_or(usual, Duration::from_millis)
}

fn within(key: &str, time: Duration, faults: &mut Faults) {
    faults.within(key, time.as_millis(), 1, MILLIS_MAX.into());
}

#[cfg(test)]
mod tests;
