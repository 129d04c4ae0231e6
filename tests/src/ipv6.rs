//! IPv4 and IPv6 side by side: each is asked for by name, and both lead to the same gateway.

use std::net::SocketAddr;

use http::StatusCode;
use tokio::net::TcpStream;

use crate::world::{Ask, Http, PUBLIC, Plan, Tls, World};

const RECORD: &str = "/fhir/Patient/P-0001";

async fn city(listen: &[&str]) -> World {
    let listen = listen.iter().map(|address| address.parse().unwrap()).collect();
    World::planned(Plan { listen, ..Plan::default() }).await
}

#[tokio::test]
async fn both_families_lead_to_the_same_gateway() {
    let world = city(&["127.0.0.1:0", "[::1]:0"]).await;
    let addresses = world.addresses().to_vec();
    assert!(addresses[0].is_ipv4() && addresses[1].is_ipv6() && addresses.len() == 2, "{addresses:?}");
    let keys = world.keys("D-sato");
    let cookie = world.cookie(&world.terminal_with(&keys), "U-sato").await;
    for (address, source) in addresses.iter().zip(["127.0.0.1", "::1"]) {
        for http in [Http::One, Http::Two] {
            let mut terminal = world.terminal_speaking(&keys, http, Tls::V13);
            terminal.address = *address;
            let reply = terminal.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap();
            assert_eq!(reply.status, StatusCode::OK, "{address} {http:?}");
            assert_eq!(world.entries().pop().unwrap().source, source);
        }
    }
    // What is open over IPv6 ends like everything else.
    let mut terminal = world.terminal_with(&keys);
    terminal.address = addresses[1];
    let mut open = terminal.connect().await.unwrap();
    assert_eq!(open.ask(Ask::get(RECORD).as_(&cookie)).await.unwrap().status, StatusCode::OK);
    world.revoke("D-sato");
    assert!(open.ask(Ask::get(RECORD).as_(&cookie)).await.is_err(), "cut");
}

/// Whatever the system's own setting (net.ipv6.bindv6only) is.
#[tokio::test]
async fn every_ipv6_address_is_no_ipv4_address() {
    let world = city(&["[::]:0"]).await;
    let port = world.address.port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "IPv4 comes in disguise");
    let mut visitor = world.stranger(PUBLIC);
    visitor.address = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port));
    assert_eq!(visitor.ask(Ask::get("/")).await.unwrap().status, StatusCode::OK);
    // And the two can have one port, each with its own socket.
    let both = city(&["0.0.0.0:0"]).await;
    let same = SocketAddr::new("::".parse().unwrap(), both.address.port());
    let beside = World::planned(Plan { listen: vec![same], ..Plan::default() }).await;
    assert_eq!(beside.address.port(), both.address.port());
}
