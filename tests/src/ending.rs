//! Certificates that end soon: who is told of it, and the connection check, which says it to whoever holds the terminal.

use http::StatusCode;
use model::{DeviceId, SerialNumber};

use crate::world::{Ask, Http, Keys, Plan, Terminal, Tls, World};

const EXPIRING: &str = "/.sekisho/terminals/expiring";
const CONNECTION: &str = "/.sekisho/connection";

/// A certificate of a device that lasts so many days from now.
fn lasting(world: &World, device: &str, days: u16) -> (Keys, SerialNumber) {
    let id = DeviceId::new(device).unwrap();
    let (issued, keys) = world.authority.sign(&id, world.now(), days);
    world.record(&id, &issued);
    (keys, issued.serial())
}

async fn page(terminal: &Terminal, cookie: &str, target: &str) -> (StatusCode, String) {
    let ask = Ask::get(target).with("accept", "text/html").with("accept-language", "en");
    let ask = if cookie.is_empty() { ask } else { ask.as_(cookie) };
    let reply = terminal.ask(ask).await.unwrap();
    (reply.status, reply.text())
}

#[tokio::test]
async fn the_administrator_and_whoever_uses_the_terminal_are_reminded() {
    const ENDS: &str = "The certificate of this terminal ends soon";
    let world = World::start().await;
    let (satos_keys, _) = lasting(&world, "D-sato", 20);
    let sato = world.terminal_with(&satos_keys);
    let satos = world.cookie(&sato, "U-sato").await;
    let (ono, onos) = world.signed_in("U-ono", "D-ono").await;
    let (nakamura, nakamuras) = world.signed_in("U-nakamura", "D-nakamura").await;
    // His terminal says it; that it is another's nobody sees but the administrator of the facility.
    let (_, home) = page(&sato, &satos, "/").await;
    assert!(home.contains(ENDS) && home.contains("sekisho enrol --renew") && !home.contains(EXPIRING), "{home}");
    let (_, home) = page(&ono, &onos, "/").await;
    assert!(
        home.contains(EXPIRING)
            && home.contains("The certificate of one terminal of the facility ends soon")
            && !home.contains(ENDS),
        "{home}"
    );
    let (status, listed) = page(&ono, &onos, EXPIRING).await;
    assert_eq!(status, StatusCode::OK);
    assert!(listed.contains("D-sato") && listed.contains("19 days left") && !listed.contains("D-ono"), "{listed}");
    assert_eq!(page(&sato, &satos, EXPIRING).await.0, StatusCode::NOT_FOUND);
    // The administrator of another facility sees his own.
    let (status, listed) = page(&nakamura, &nakamuras, EXPIRING).await;
    assert!(status == StatusCode::OK && !listed.contains("D-sato"), "{listed}");
    // Without a session it leads to the sign-in page.
    assert_eq!(page(&ono, "", EXPIRING).await.0, StatusCode::SEE_OTHER);

    // A code for it stands there; renewed, it is gone, and nobody is reminded.
    let until = world.now().plus_seconds(3600);
    let kind = registry::EnrolmentKind::Csr;
    let device: DeviceId = "D-sato".parse().unwrap();
    world.clerk(registry::Command::OfferEnrolment { device, kind, digest: [7; 32], until });
    assert!(page(&ono, &onos, EXPIRING).await.1.contains("A code waits until"));
    lasting(&world, "D-sato", 180);
    let (_, listed) = page(&ono, &onos, EXPIRING).await;
    assert!(listed.contains("There is no such terminal") && !listed.contains("D-sato"), "{listed}");
    assert!(!page(&sato, &satos, "/").await.1.contains(ENDS));
}

#[tokio::test]
async fn the_connection_check_says_what_the_gateway_saw_and_nothing_of_persons() {
    let world = World::planned(Plan { tls: gateway::TlsProfile::Compatibility, ..Plan::default() }).await;
    let (keys, serial) = lasting(&world, "D-sato", 90);
    let check = async |http, tls| {
        let terminal = world.terminal_speaking(&keys, http, tls);
        let (status, text) = page(&terminal, "", CONNECTION).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        let mut again = terminal.connect().await.unwrap();
        let ask = Ask::get(CONNECTION).with("accept", "text/html").with("accept-language", "en");
        (text, again.resumed, again.ask(ask).await.unwrap().text())
    };
    let (text, resumed, again) = check(Http::Two, Tls::V13).await;
    for seen in ["TLS 1.3", "HTTP/2", "TLS_AES", "X25519", ">New<", "D-sato", "89 days left", &serial.to_string()] {
        assert!(text.contains(seen), "{seen}: {text}");
    }
    assert!(text.contains("Not needed yet") && text.contains("On the terminal"), "{text}");
    assert!(text.contains("<time datetime=\"20"), "the time, to compare a clock with: {text}");
    assert!(resumed && again.contains(">Resumed<"), "{again}");
    let (text, resumed, again) = check(Http::One, Tls::V12).await;
    assert!(text.contains("TLS 1.2") && text.contains("HTTP/1.1") && text.contains("ECDHE_ECDSA"), "{text}");
    assert!(resumed && again.contains(">Resumed<") && again.contains("That of the connection before"), "{again}");
    // Whose terminal it is, is nobody's business at the door; and nobody else is asked about it.
    let holder = world.registry.snapshot();
    let holder = &holder.user(&"K-sato".parse().unwrap()).unwrap().name;
    assert!(!text.contains(holder.as_str()) && !text.contains("K-sato"), "{text}");
    assert!(world.store.requests().is_empty());
    // It is looked at only.
    let terminal = world.terminal_with(&keys);
    let posted = terminal.ask(Ask::post(CONNECTION, "text/plain", "x")).await.unwrap();
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED, "{}", posted.text());

    world.shift_clock(60 * 86_400);
    let (_, text) = page(&terminal, "", CONNECTION).await;
    assert!(text.contains("It is time to renew"), "{text}");
    lasting(&world, "D-sato", 180);
    let (_, text) = page(&terminal, "", CONNECTION).await;
    assert!(text.contains("This terminal has a newer certificate"), "{text}");
    // Revoked, the one page that is left says what was seen too.
    world.officer(registry::Command::RevokeCertificate { serial, because: model::Cause::Stolen });
    let (status, text) = page(&terminal, "", CONNECTION).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(text.contains("TLS 1.3") && text.contains(&serial.to_string()) && !text.contains("D-sato"), "{text}");
}
