//! What may stand in `[store]`, and what is said of what may not.

use std::path::Path;
use std::time::Duration;

use gateway::{Address, StoreProtocol};

use crate::settings::{SAMPLE, Settings, SettingsError, StoreTls};

/// The sample with this in the place of the store's address; what begins with a table stands at the end of `[store]`.
fn with(lines: &str) -> Result<Settings, SettingsError> {
    let (plain, tables) = lines.split_at(lines.find("[[").unwrap_or(lines.len()));
    let text = SAMPLE.replacen("address = \"127.0.0.1:8446\"\n", &format!("{plain}\n"), 1);
    let text = text.replacen("[journal]\n", &format!("{tables}\n[journal]\n"), 1);
    Settings::parse(&text, Path::new("/etc/sekisho/sekisho.toml"))
}

fn refused(lines: &str) -> String {
    with(lines).unwrap_err().to_string()
}

#[test]
fn the_old_form_is_one_server_over_plain_http() {
    for written in ["127.0.0.1:8446", "http://127.0.0.1:8446"] {
        let store = with(&format!("address = \"{written}\"")).unwrap().store;
        assert_eq!(store.servers[0].name, "http://127.0.0.1:8446");
        assert_eq!(store.servers[0].address, Address::Ip("127.0.0.1:8446".parse().unwrap()));
        assert_eq!(store.plain(), Some("127.0.0.1:8446".parse().unwrap()));
        assert_eq!((store.protocol, store.timeouts), (StoreProtocol::Http1, gateway::Timeouts::default()));
    }
}

#[test]
fn a_store_over_tls_is_known_by_its_anchors() {
    let store = with("address = \"https://store.example.jp:8443\"\nanchors = \"keys/store.pem\"").unwrap().store;
    let named = Address::Named { host: "store.example.jp".to_owned(), port: 8443 };
    assert_eq!((&store.servers[0].address, store.plain()), (&named, None));
    let at = |name: &str| Path::new("/etc/sekisho/keys").join(name);
    let tls = StoreTls { anchors: at("store.pem"), server_name: "store.example.jp".to_owned(), identity: None };
    assert_eq!(store.servers[0].tls, Some(tls));
    let store = with(
        "address = \"https://203.0.113.7:443\"\nanchors = \"keys/store.pem\"\nserver_name = \"store\"\n\
         certificate = \"keys/us.pem\"\nkey = \"keys/us.key.pem\"\nprotocol = \"http2\"",
    );
    let store = store.unwrap().store;
    let identity = Some((at("us.pem"), at("us.key.pem")));
    let tls = StoreTls { anchors: at("store.pem"), server_name: "store".to_owned(), identity };
    assert_eq!((store.servers[0].tls.clone(), store.protocol), (Some(tls), StoreProtocol::Http2));
    let store = with("address = \"https://[2001:db8::1]:443\"\nanchors = \"a.pem\"").unwrap().store;
    assert_eq!(store.servers[0].tls.as_ref().unwrap().server_name, "2001:db8::1");
}

#[test]
fn several_servers_have_a_table_each() {
    let store = with(
        "at_once = 64\nqueue_wait_ms = 20\ntimeouts = { read = { head_ms = 500 } }\nhealth = { path = \"/healthz\" }\n\
         [[store.servers]]\naddress = \"unix:/run/store.sock\"\n[[store.servers]]\naddress = \"10.0.0.20:8080\"",
    );
    let store = store.unwrap().store;
    let names: Vec<_> = store.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["unix:/run/store.sock", "http://10.0.0.20:8080"]);
    assert_eq!(store.servers[0].address, Address::Unix("/run/store.sock".into()));
    assert_eq!((store.at_once, store.queue_wait), (64, Duration::from_millis(20)));
    assert_eq!(store.timeouts.read.head, Duration::from_millis(500));
    assert_eq!(store.timeouts.search, gateway::Timeouts::default().search);
    assert_eq!(store.health.unwrap().path, "/healthz");
}

#[test]
fn what_is_wrong_is_named_with_what_to_write() {
    for (lines, said) in [
        ("", "store.address: where the store is, such as http://127.0.0.1:8446"),
        ("address = \"store\"", "`store` is no address of a store; write http://127.0.0.1:8446, https://"),
        ("address = \"http://store.example.jp:80\"", "is no address of a store"),
        ("address = \"https://store.example.jp\"", "is no address of a store"),
        ("address = \"https://store.example.jp:8443/fhir\"", "has a path; leave it out"),
        ("address = \"http://127.0.0.1:8446/\"", "has a path; leave it out"),
        ("address = \"http://203.0.113.1:80\"", "can be reached by strangers; a loopback or private address is needed"),
        ("address = \"https://10.0.0.1:443\"", "store.anchors: `https://10.0.0.1:443` needs it"),
        ("address = \"10.0.0.1:443\"\nanchors = \"a.pem\"", "are for https; this is `10.0.0.1:443`"),
        (
            "address = \"https://a.example:443\"\nanchors = \"a.pem\"\nkey = \"k\"",
            "`certificate` and `key` are given together",
        ),
        ("address = \"unix:\"", "the path of a socket has 1 to 107 octets"),
        ("address = \"127.0.0.1:1\"\nprotocol = \"http3\"", "unknown protocol `http3`; one of: http1, http2"),
        ("address = \"127.0.0.1:1\"\nat_once = 3", "store.at_once: 3 is out of bounds; 4 to 16384"),
        ("address = \"127.0.0.1:1\"\nhealth = { path = \"x\" }", "store.health.path: `x` is no path"),
        ("address = \"127.0.0.1:1\"\ntimeouts = { read = { head_ms = 0 } }", "store.timeouts.read.head_ms: 0"),
        ("address = \"127.0.0.1:1\"\ntimeouts = { reading = 1 }", "unknown field `reading`"),
        ("address = \"127.0.0.1:1\"\n[[store.servers]]\naddress = \"127.0.0.1:2\"", "either this or [[store.servers]]"),
        ("anchors = \"a.pem\"\n[[store.servers]]\naddress = \"127.0.0.1:2\"", "belong to each of [[store.servers]]"),
        (
            "[[store.servers]]\naddress = \"127.0.0.1:2\"\n[[store.servers]]\naddress = \"http://127.0.0.1:2\"",
            "store.servers: an address is there twice",
        ),
    ] {
        let error = refused(lines);
        assert!(error.contains(said), "`{lines}`: {error}");
    }
    let many: String = (1..=17).map(|port| format!("[[store.servers]]\naddress = \"127.0.0.1:{port}\"\n")).collect();
    assert!(refused(&many).contains("store.servers: at most 16"));
}
