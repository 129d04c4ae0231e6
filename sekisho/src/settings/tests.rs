//! The sample parses; everything wrong is refused, and named.

use super::*;

fn parse(text: &str) -> Result<Settings, SettingsError> {
    Settings::parse(text, Path::new("/etc/sekisho/sekisho.toml"))
}

/// The sample with one line replaced.
fn with(line: &str, instead: &str) -> String {
    assert_eq!(SAMPLE.lines().filter(|found| *found == line).count(), 1, "the sample has one line `{line}`");
    let lines: Vec<&str> = SAMPLE.lines().map(|found| if found == line { instead } else { found }).collect();
    lines.join("\n")
}

#[test]
fn the_sample_parses() {
    let settings = parse(SAMPLE).unwrap();
    assert_eq!(settings.hosts.care, "care.sekisho.localhost");
    assert_eq!(settings.tls.key, Path::new("/etc/sekisho/keys/server.key.pem"));
    assert_eq!(settings.journal, JournalPlace::Sqlite(PathBuf::from("/etc/sekisho/data")));
    assert_eq!(settings.session, Session { idle_seconds: 900, absolute_seconds: 43_200 });
    assert_eq!(settings.limits.per_user, Rate { count: 300, seconds: 10, burst: 300 });
}

/// An edge has no [ca], and needs the root's certificate all the same.
#[test]
fn the_roots_list_is_checked_by_the_root() {
    let place = |root: &str| {
        let at = |name: &str| Path::new("/etc/sekisho/keys").join(name);
        Some(RootListPlace { list: at("root.crl"), root: at(root) })
    };
    let named = SAMPLE.replace("# root_list = ", "root_list = ");
    let settings = parse(&named).unwrap();
    assert_eq!(settings.tls.root_list, place("root.pem"));
    assert_eq!(settings.ca.unwrap().root_list.unwrap(), Path::new("/etc/sekisho/keys/root.crl"));
    let (head, rest) = named.split_once("[ca]\n").unwrap();
    let edge = format!("{head}[{}", rest.split_once("\n[").unwrap().1);
    assert!(parse(&edge).unwrap_err().to_string().contains("tls.root_list: without [ca] it needs `tls.root`"));
    let edge = edge.replace("# root = \"keys/root.pem\"", "root = \"keys/other.pem\"");
    assert_eq!(parse(&edge).unwrap().tls.root_list, place("other.pem"));
}

/// Each key stands under a comment that says what breaks and what an attacker gains.
#[test]
fn the_sample_documents_every_key() {
    let mut comment = String::new();
    let mut documented = 0;
    for line in SAMPLE.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment.push_str(text);
        } else if line.contains(" = ") {
            if !comment.is_empty()
                && !matches!(line.split(' ').next(), Some("folder" | "per_user" | "name_en" | "phone" | "loss_phone"))
            {
                assert!(comment.contains("Breaks:") && comment.contains("Attacker:"), "`{line}`: {comment}");
                documented += 1;
            }
            comment.clear();
        } else if line.is_empty() {
            comment.clear();
        }
    }
    assert!(documented >= 23, "{documented}");
}

/// Whoever reads it has no list of promises beside him.
#[test]
fn the_sample_speaks_for_itself() {
    assert!(!SAMPLE.contains("promise P"), "a promise is said in words");
}

#[test]
fn clients_may_have_several_addresses_and_balancers_in_front() {
    let clients = "clients = [\"0.0.0.0:443\", \"[::]:443\"]";
    let text = with("clients = \"127.0.0.1:8443\"", clients).replace("# proxy_from", "proxy_from");
    let listen = parse(&text).unwrap().listen;
    let all: Vec<String> = listen.clients.all().map(|address| address.to_string()).collect();
    assert_eq!(all, ["0.0.0.0:443", "[::]:443"]);
    assert!(listen.balancers.hold([10, 0, 0, 6].into()) && !listen.balancers.hold([10, 0, 0, 7].into()));
}

#[test]
fn an_acme_server_is_named_in_full() {
    assert!(parse(SAMPLE).unwrap().acme.is_none());
    let keys =
        ["acme]", "directory", "terms_agreed", "folder = \"acme", "root = \"keys/acme", "contact", "external_account"];
    let text = keys.iter().fold(SAMPLE.to_owned(), |text, key| {
        let (commented, plain) = (
            format!("\n# {}{key}", if *key == "acme]" { "[" } else { "" }),
            if *key == "acme]" { "\n[" } else { "\n" },
        );
        assert_eq!(text.matches(&commented).count(), 1, "{key}");
        text.replace(&commented, &format!("{plain}{key}"))
    });
    let acme = parse(&text).unwrap().acme.unwrap();
    assert_eq!((acme.folder.as_path(), acme.contact.len()), (Path::new("/etc/sekisho/acme"), 1));
    for (from, to, named) in [
        ("https://ca.example.jp", "http://ca.example.jp", "acme.directory: `http://ca.example.jp"),
        ("https://ca.example.jp/acme/directory", "https:///directory", "acme.directory"),
        ("terms_agreed = true", "terms_agreed = false", "acme.terms_agreed"),
        ("mailto:desk@example.jp", "desk@example.jp", "acme.contact"),
        ("terms_agreed = true", "", "missing field `terms_agreed`"),
    ] {
        let error = parse(&text.replace(from, to)).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn route_maps_are_files_beside_the_settings() {
    assert!(parse(SAMPLE).unwrap().maps.is_empty());
    let text = SAMPLE.replace("# [[store.maps]]\n# file", "[[store.maps]]\nfile");
    assert_eq!(parse(&text).unwrap().maps, [Path::new("/etc/sekisho/maps/notes.toml")]);
    let wrong = text.replace("[[store.maps]]", "[[store.maps]]\nprefix = \"notes\"");
    assert!(matches!(parse(&wrong), Err(SettingsError::Form { why, .. }) if why.contains("prefix")));
}

#[test]
fn postgres_is_an_engine_too() {
    let text =
        with("engine = \"sqlite\"", "engine = \"postgres\"").replace("folder = \"data\"", "url = \"postgresql:///x\"");
    let settings = parse(&text).unwrap();
    assert_eq!(settings.journal, JournalPlace::Postgres("postgresql:///x".to_owned()));
    assert!(!format!("{settings:?}").contains("postgresql:///x"), "a connection string is not shown");
    let journal::Place::Postgres { name, .. } = settings.journal.audit() else { panic!("not PostgreSQL") };
    assert_eq!(name, "sekisho_audit");
}

#[test]
fn an_edge_needs_no_authority() {
    let (before, rest) = SAMPLE.split_once("[ca]").unwrap();
    let (_, after) = rest.split_once("[desk]").unwrap();
    assert_eq!(parse(&format!("{before}[desk]{after}")).unwrap().ca, None);
}

/// Shown in the sample, and off until somebody has an address to write there.
#[test]
fn names_lead_to_records_where_there_is_an_application() {
    assert_eq!(parse(SAMPLE).unwrap().records_app, None);
    let line = "# records_app = \"https://karte.example/persons/{person}\"";
    let settings = parse(&with(line, line.trim_start_matches("# "))).unwrap();
    let person = model::PersonId::new("P-0001").unwrap();
    assert_eq!(settings.records_app.unwrap().of(&person), "https://karte.example/persons/P-0001");
}

#[test]
fn wrong_values_are_refused_by_name() {
    for (line, instead, named) in [
        (
            "workers = 2",
            "workers = 2\nrecords_app = \"http://x/{person}\"",
            "records_app: `http://x/{person}` is neither",
        ),
        ("workers = 2", "workers = 2\nrecords_app = \"/app/\"", "records_app: `/app/` must have {person} once"),
        ("workers = 2", "workers = 0", "workers: 0 is out of bounds; 1 to 64"),
        ("workers = 2", "workers = 65", "workers: 65"),
        ("workers = 2", "workers = -1", "invalid value"),
        ("workers = 2", "", "missing field `workers`"),
        ("workers = 2", "workers = 2\nworker = 3", "unknown field `worker`"),
        ("care = \"care.sekisho.localhost\"", "care = \"Care Host\"", "hosts.care: `Care Host` is no host name"),
        ("care = \"care.sekisho.localhost\"", "care = \"www.sekisho.localhost\"", "hosts: care host and public host"),
        ("clients = \"127.0.0.1:8443\"", "clients = \"8443\"", "listen.clients: `8443` is no address"),
        ("clients = \"127.0.0.1:8443\"", "clients = []", "listen.clients: 1 to 8 addresses are needed"),
        ("clients = \"127.0.0.1:8443\"", "clients = 8443", "a text, or a list of texts"),
        ("clients = \"127.0.0.1:8443\"", "clients = [\"[::1]:1\", \"x\"]", "listen.clients: `x` is no address"),
        ("clients = \"127.0.0.1:8443\"", "clients = [\"[::1]:8443\", \"[::1]:8443\"]", "listen: each door"),
        ("clients = \"127.0.0.1:8443\"", "clients = [\"[::1]:1\", \"127.0.0.1:8445\"]", "listen: each door"),
        ("[listen]", "[listen]\nproxy_from = [\"10.0.0.5/8\"]", "listen.proxy_from: `10.0.0.5/8` has bits set"),
        ("[listen]", "[listen]\nproxy_from = [\"::/0\"]", "listen.proxy_from: `::/0` names everybody"),
        (
            "store_door = \"127.0.0.1:8444\"",
            "store_door = \"0.0.0.0:8444\"",
            "listen.store_door: `0.0.0.0:8444` can be",
        ),
        (
            "office = \"127.0.0.1:8445\"",
            "office = \"203.0.113.1:80\"",
            "listen.office: `203.0.113.1:80` can be reached",
        ),
        ("office = \"127.0.0.1:8445\"", "office = \"127.0.0.1:8443\"", "listen: each door"),
        ("address = \"127.0.0.1:8446\"", "address = \"store\"", "store.address: `store`"),
        (
            "address = \"127.0.0.1:8446\"",
            "address = \"203.0.113.1:8446\"",
            "store.address: `203.0.113.1:8446` can be reached by strangers",
        ),
        (
            "address = \"127.0.0.1:8446\"",
            "address = \"[2001:db8::1]:8446\"",
            "store.address: `[2001:db8::1]:8446` can be",
        ),
        ("engine = \"sqlite\"", "engine = \"redis\"", "journal.engine: unknown engine `redis`"),
        ("engine = \"sqlite\"", "engine = \"postgres\"", "journal: engine `postgres` needs `url`"),
        ("folder = \"data\"", "url = \"x\"", "journal: engine `sqlite` needs `folder`"),
        ("device_issuers = [\"keys/issuing.pem\"]", "device_issuers = []", "tls.device_issuers: at least one"),
        ("profile = \"standard\"", "profile = \"tls11\"", "tls.profile: unknown TLS profile `tls11`; one of: standard"),
        ("without_certificate = \"explain\"", "without_certificate = \"\"", "tls.without_certificate: unknown"),
        ("phone = \"0000-00-0000\"", "phone = \"\"", "desk.phone: must have 1 to 100 characters"),
        ("idle_minutes = 15", "idle_minutes = 61", "session.idle_minutes: 61"),
        ("absolute_hours = 12", "absolute_hours = 0", "session.absolute_hours: 0"),
        (
            "per_user = { count = 300, seconds = 10, burst = 300 }",
            "per_user = { count = 0, seconds = 0, burst = 0 }",
            "limits.per_user.burst: 0",
        ),
        (
            "list_url = \"http://127.0.0.1:8445/crl/devices.crl\"",
            "list_url = \"ftp://x/y\"",
            "ca.list_url: `ftp://x/y` is no address of a revocation list",
        ),
    ] {
        let error = parse(&with(line, instead)).unwrap_err().to_string();
        assert!(error.contains(named), "`{instead}`: {error}");
    }
}

#[test]
fn all_faults_are_named_at_once() {
    let text = with("workers = 2", "workers = 0").replace("127.0.0.1:8446", "store").replace("\"standard\"", "\"old\"");
    let Err(SettingsError::Values { faults, .. }) = parse(&text) else { panic!("accepted") };
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn a_missing_file_is_named() {
    let error = Settings::load(Path::new("/nowhere/sekisho.toml")).unwrap_err();
    assert_eq!(error.to_string(), "the settings `/nowhere/sekisho.toml` cannot be read");
}
