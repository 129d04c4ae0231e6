//! HEAD is answered as GET is, without the body (RFC 9110 9.3.2), in either HTTP.

use http::{Method, StatusCode};

use crate::world::{Ask, CARE, Http, PUBLIC, Terminal, Tls, World};

fn head(target: &str) -> Ask {
    Ask { method: Method::HEAD, ..Ask::get(target) }
}

#[tokio::test]
async fn head_is_answered_without_a_body_in_either_http() {
    let world = World::start().await;
    for http in [Http::One, Http::Two] {
        let public = Terminal::speaking(world.address, PUBLIC, &world.authority.root_der(), None, http, Tls::V13);
        let care = world.terminal_speaking(&world.keys("D-tamura"), http, Tls::V13);
        assert_eq!(care.host, CARE);
        let cookie = world.cookie(&care, "U-tamura").await;
        for (terminal, target, wanted) in [
            (&public, "/", StatusCode::OK),
            (&public, "/.well-known/jwks.json", StatusCode::OK),
            (&public, "/nothing", StatusCode::NOT_FOUND),
            (&care, "/fhir/Patient/P-0001", StatusCode::METHOD_NOT_ALLOWED),
            (&care, "/fhir/Observation?patient=P-0001", StatusCode::METHOD_NOT_ALLOWED),
        ] {
            let mut connection = terminal.connect().await.unwrap();
            let reply = connection.ask(head(target).as_(&cookie)).await;
            let reply = reply.unwrap_or_else(|error| panic!("{http:?} {target}: {error}"));
            assert_eq!((reply.status, reply.body.len()), (wanted, 0), "{http:?} {target}");
            if wanted != StatusCode::METHOD_NOT_ALLOWED {
                let whole = connection.ask(Ask::get(target)).await.unwrap();
                assert_eq!(whole.status, wanted);
                let length = reply.headers["content-length"].to_str().unwrap();
                assert_eq!(length, whole.body.len().to_string(), "{http:?} {target}: as for GET");
            }
            // The connection is none the worse for it.
            assert!(connection.ask(head(target).as_(&cookie)).await.is_ok(), "{http:?} {target}");
        }
    }
}
