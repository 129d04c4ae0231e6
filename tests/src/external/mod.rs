//! Terminals with certificates of other authorities: only those that are registered, while their authority's lists say nothing
//! against them.

mod elsewhere;

use std::time::Duration;

use futures_util::StreamExt as _;
use gateway::{ExternalAuthority, ExternalSettings, Externals};
use http::StatusCode;
use model::{DeviceId, SerialDraw, SerialNumber};
use registry::{Command, External, RegistryError};
use tokio_tungstenite::tungstenite;

use self::elsewhere::Elsewhere;
use crate::world::{Ask, Http, Keys, Plan, Tls, World, streams};

const RECORD: &str = "/fhir/Patient/P-0001";

async fn city(authorities: &[&Elsewhere]) -> World {
    let external = authorities.iter().map(|one| one.settings()).collect();
    World::planned(Plan { external, trusting_store: true, ..Plan::default() }).await
}

/// Has the office register a certificate for a device, as its command does. Gives our number for it.
fn register(world: &World, authority: &Elsewhere, keys: &Keys, device: &str) -> SerialNumber {
    try_register(world, authority.settings(), keys, device).unwrap()
}

fn try_register(
    world: &World,
    settings: ExternalSettings,
    keys: &Keys,
    device: &str,
) -> Result<SerialNumber, RegistryError> {
    let now = u64::try_from(world.now().as_seconds()).unwrap();
    let authority = ExternalAuthority::new(settings, &[]).unwrap();
    assert!(authority.refresh(now).unwrap());
    let found = Externals::new(vec![authority]).identify(&keys.chain, now).unwrap();
    let external = External { authority: found.authority, issuer: found.issuer, number: found.number };
    let (not_before, not_after) = (world.now().plus_seconds(-3600), world.now().plus_seconds(20 * 86_400));
    let (device, fingerprint): (DeviceId, _) = (device.parse().unwrap(), found.fingerprint);
    let command = move |serial| Command::RegisterCertificate {
        serial,
        device: device.clone(),
        external: external.clone(),
        fingerprint,
        not_before,
        not_after,
    };
    let clerk = model::Author::new(model::Office::CityClerk, "Suzuki");
    let registered = world.registry.execute_numbered(SerialDraw::new(1, [7; 10]), command, clerk, world.now());
    registered.map(|(serial, _)| serial)
}

/// Waits until the city has looked at all lists as they are now: `beacon` revokes one certificate and then another. The look that
/// sees the second began after the one that saw the first, and that was after this was called.
async fn looked(world: &World, beacon: &Elsewhere) {
    for number in [71, 72] {
        let number = format!("{number}{:02}", world.registry.snapshot().certificates().count());
        let serial = register(world, beacon, &beacon.sign(&number), "D-ono");
        beacon.revoke(&number);
        beacon.publish();
        let revoked =
            |world: &World| world.registry.snapshot().certificate(&serial).is_some_and(|one| one.revocation.is_some());
        world.until("the look that sees the beacon", revoked).await;
    }
}

async fn code(world: &World, keys: &Keys) -> String {
    world.terminal_with(keys).ask(Ask::get("/")).await.unwrap().code()
}

/// The terminal's connection does not come about at all.
async fn shut_out(world: &World, keys: &Keys) {
    let refused = world.terminal_with(keys).ask(Ask::get("/")).await;
    assert!(refused.is_err(), "{refused:?}");
}

#[tokio::test]
async fn a_registered_certificate_of_another_authority_opens_and_no_other() {
    let hospital = Elsewhere::new("hospital", "/O=Hospital/CN=Hospital terminals");
    // The same name in its certificate, and another key: an impostor.
    let impostor = Elsewhere::new("impostor", "/O=Hospital/CN=Hospital terminals");
    let city = city(&[&hospital]).await;
    let (known, unknown) = (hospital.sign("1001"), hospital.sign("1002"));
    shut_out(&city, &known).await;
    let serial = register(&city, &hospital, &known, "D-sato");
    let terminal = city.terminal_with(&known);
    let cookie = city.cookie(&terminal, "U-sato").await;
    let served = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
    assert_eq!(served.status, StatusCode::OK, "{}", served.text());
    shut_out(&city, &unknown).await;
    shut_out(&city, &impostor.sign("1001")).await;
    // Registered once, and for one device.
    let twice = try_register(&city, hospital.settings(), &known, "D-kato");
    assert!(matches!(twice, Err(RegistryError::Refused(_))), "{twice:?}");

    // By our own act, as any other: over what is open, and for good.
    let mut open = terminal.connect().await.unwrap();
    assert_eq!(open.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    city.clerk(Command::RevokeCertificate { serial, because: model::Cause::Stolen });
    assert!(open.ask(Ask::get(RECORD).as_(&cookie)).await.is_err(), "the open connection is cut");
    assert_eq!(code(&city, &known).await, "certificate-revoked");
}

/// One number at two authorities is two certificates, and what one of them revokes is none of the other's.
#[tokio::test]
async fn the_same_number_of_two_authorities_is_two_certificates() {
    let hospital = Elsewhere::new("hospital", "/CN=Hospital");
    let union = Elsewhere::new("union", "/CN=Union");
    let city = city(&[&hospital, &union]).await;
    let (ours, theirs) = (hospital.sign("4711"), union.sign("4711"));
    register(&city, &hospital, &ours, "D-sato");
    assert_eq!(code(&city, &ours).await, "sign-in-required");
    shut_out(&city, &theirs).await;
    register(&city, &union, &theirs, "D-kato");
    union.revoke("4711");
    union.publish();
    city.until("the revocation by its authority", |city| {
        city.registry.snapshot().certificates().any(|one| one.external.is_some() && one.revocation.is_some())
    })
    .await;
    shut_out(&city, &theirs).await;
    assert_eq!(code(&city, &ours).await, "sign-in-required", "the other one's list has the number");
}

#[tokio::test]
async fn what_a_newer_list_revokes_is_cut_and_the_neighbour_is_not() {
    let hospital = Elsewhere::new("hospital", "/CN=Hospital");
    let beacon = Elsewhere::new("beacon", "/CN=Beacon");
    let city = city(&[&hospital, &beacon]).await;
    let (stolen, neighbour) = (hospital.sign("21"), hospital.sign("22"));
    let serial = register(&city, &hospital, &stolen, "D-sato");
    register(&city, &hospital, &neighbour, "D-kato");
    let terminal = city.terminal_with(&stolen);
    let cookie = city.cookie(&terminal, "U-sato").await;
    let mut open = terminal.connect().await.unwrap();
    assert_eq!(open.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    let mut beside = city.terminal_with(&neighbour).connect().await.unwrap();
    assert_eq!(beside.ask(Ask::get("/")).await.unwrap().code(), "sign-in-required");

    // A broken file changes nothing: who is in stays in, who is out stays out.
    let good = std::fs::read(hospital.list()).unwrap();
    std::fs::write(hospital.list(), &good[..good.len() / 2]).unwrap();
    looked(&city, &beacon).await;
    assert_eq!(open.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);

    hospital.revoke("21");
    hospital.publish();
    city.until("the revocation", |city| city.registry.snapshot().certificate(&serial).unwrap().revocation.is_some())
        .await;
    let revoked = city.registry.snapshot().certificate(&serial).unwrap().revocation.clone().unwrap();
    assert_eq!(
        (revoked.reason, revoked.by.to_string().as_str()),
        (model::ReasonCode::KeyCompromise, "system:list of hospital")
    );
    assert!(open.ask(Ask::get(RECORD).as_(&cookie)).await.is_err(), "the open connection is cut");
    shut_out(&city, &stolen).await;
    assert_eq!(beside.ask(Ask::get("/")).await.unwrap().code(), "sign-in-required", "the neighbour is not");

    // Whoever puts the old list back brings nothing to life.
    std::fs::write(hospital.list(), &good).unwrap();
    looked(&city, &beacon).await;
    shut_out(&city, &stolen).await;
}

#[tokio::test]
async fn a_stale_list_shuts_everybody_of_its_authority_out_until_there_is_a_newer_one() {
    let hospital = Elsewhere::new("hospital", "/CN=Hospital");
    let union = Elsewhere::new("union", "/CN=Union");
    std::fs::remove_file(union.list()).unwrap();
    let city = city(&[&hospital, &union]).await;
    let keys = hospital.sign("31");
    register(&city, &hospital, &keys, "D-sato");
    let terminal = city.terminal_with(&keys);
    let mut open = terminal.connect().await.unwrap();
    assert_eq!(open.ask(Ask::get("/")).await.unwrap().code(), "sign-in-required");
    // A list that was never read is as good as none.
    shut_out(&city, &union.sign("31")).await;

    city.shift_clock(86_400 + 60);
    // The handshake has the machine's own time, and may come about; nothing is served over it.
    for mut connection in [open, terminal.connect().await.unwrap(), city.terminal_with(&keys).connect().await.unwrap()]
    {
        let refused = connection.ask(Ask::get("/")).await;
        assert!(refused.as_ref().map_or(true, |reply| reply.code() == "registry-stale"), "{refused:?}");
    }
    // What only the clock ends is found by the sweep.
    city.until("the end of what is alive", |city| city.living().0 == 0).await;
    hospital.publish_for(72);
    union.publish_for(72);
    let opens = async {
        let again = || city.terminal_with(&keys);
        while !again().ask(Ask::get("/")).await.is_ok_and(|reply| reply.code() == "sign-in-required") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), opens).await.expect("the newer list opens nothing");
    shut_out(&city, &union.sign("32")).await;
}

/// What a terminal shows on the way to a trusted certificate may end before its own, and before anything that is configured.
#[tokio::test]
async fn what_a_terminal_showed_beside_its_certificate_ends_its_connection_too() {
    const BRANCH: &str = "/CN=Branch";
    let (root, branch) = (Elsewhere::new("root", "/CN=Root"), Elsewhere::new("branch", BRANCH));
    root.publish_for(24 * 10);
    branch.publish_for(24 * 10);
    // The branch's own word for itself: by it its list is believed, and no chain ends at it.
    let settings = ExternalSettings {
        name: "branch".to_owned(),
        anchors: root.settings().anchors,
        intermediates: branch.settings().anchors,
        lists: vec![root.list(), branch.list()],
    };
    let city = World::planned(Plan { external: vec![settings.clone()], trusting_store: true, ..Plan::default() }).await;
    let (short, long) = (root.certify(&branch, BRANCH, 1), root.certify(&branch, BRANCH, 9));
    let (mut brief, mut lasting, mut lone) = (branch.sign("51"), branch.sign("52"), branch.sign("53"));
    brief.chain = vec![brief.chain[0].clone(), short.clone()];
    lasting.chain = vec![lasting.chain[0].clone(), short, long];
    try_register(&city, settings.clone(), &brief, "D-sato").unwrap();
    try_register(&city, settings, &lasting, "D-sato").unwrap();
    lone.chain.truncate(1);
    shut_out(&city, &lone).await;

    // Five minutes before the end, and each opens what it can.
    city.shift_clock(86_400 - 300);
    let mut open = Vec::new();
    for keys in [&brief, &lasting] {
        let terminal = city.terminal_speaking(keys, Http::One, Tls::V13);
        let cookie = city.cookie(&terminal, "U-sato").await;
        let mut connection = terminal.connect().await.unwrap();
        assert_eq!(connection.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
        open.push((connection, terminal.connect().await.unwrap(), streams::socket(&terminal, &cookie).await, cookie));
    }
    let (mut second, mut first) = (open.pop().unwrap(), open.pop().unwrap());
    // Of each: two connections, the last exchange of the one, and the WebSocket, whose connection counts no more.
    city.until("nothing but these", |city| (city.living().0, city.living().1) == (4, 4)).await;
    city.shift_clock(600);
    let refused = first.0.ask(Ask::get(RECORD).as_(&first.3)).await;
    assert!(refused.as_ref().map_or(true, |reply| reply.status != StatusCode::OK), "{refused:?}");
    // What nobody asks anything over is found by the sweep: a connection that is idle, and a WebSocket.
    let left = |city: &World| (city.living().0, city.living().1) == (2, 2);
    city.until("the end of all that rests on it", left).await;
    assert!(first.1.ask(Ask::get("/")).await.is_err(), "the idle connection");
    let told = tokio::time::timeout(Duration::from_secs(2), first.2.next()).await.expect("it ended");
    assert!(!matches!(told, Some(Ok(tungstenite::Message::Text(_)))), "{told:?}");
    // There is another way from the other certificate to the root.
    assert_eq!(second.0.ask(Ask::get(RECORD).as_(&second.3)).await.unwrap().status, StatusCode::OK);
    second.2.close(None).await.expect("the other one's WebSocket is open");
    // The handshake has the machine's own time, and comes about; a resumed one asks for no chain at all.
    let again = city.terminal_with(&brief).ask(Ask::get("/")).await;
    assert!(again.as_ref().map_or(true, |reply| reply.code() != "sign-in-required"), "{again:?}");
}

#[tokio::test]
async fn an_authority_without_a_list_or_with_our_name_is_not_set_up() {
    let hospital = Elsewhere::new("hospital", "/CN=Hospital");
    let mut settings = hospital.settings();
    settings.lists.clear();
    let fault = ExternalAuthority::new(settings, &[]).unwrap_err();
    assert_eq!(fault.to_string(), "it has no revocation list");
    let ours = hospital.settings().anchors;
    let fault = ExternalAuthority::new(hospital.settings(), &ours).unwrap_err();
    assert!(fault.to_string().contains("the name of an issuing certificate of ours"), "{fault}");
    // An authority of terminals only: its form is held to, too.
    let mut leaf = hospital.settings();
    leaf.anchors = hospital.sign("41").chain.into_iter().take(1).collect();
    assert!(ExternalAuthority::new(leaf, &[]).is_err());
}
