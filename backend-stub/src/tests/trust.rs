//! Nobody is answered who does not come with the gateway's word.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Signer, World, ask, claims};
use crate::fhir::date::now;
use crate::{IDENTITY_HEADER, Options, StubError, Trust, run};

fn changed(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

#[tokio::test]
async fn only_a_whole_and_running_token_of_the_gateway_opens() {
    let world = World::new().await;
    let at = now() / 1_000;
    let signer = &world.signer;
    let check = async |why: &str, tokens: &[String], status: u16| {
        let headers: Vec<_> = tokens.iter().map(|token| (IDENTITY_HEADER, token.as_str())).collect();
        for target in ["/fhir/Patient/P-0001", "/fhir/metadata", "/feeds/notes?patient=nobody", "/broken/json", "/none"]
        {
            let told = ask(world.store.address(), "GET", target, &headers, "").await;
            assert_eq!(told.status == 401, status == 401, "{why}: {target}: {told:?}");
        }
    };
    let times = |iat: i64, exp: i64| {
        let mut claims = changed("iat", json!(iat));
        claims["exp"] = json!(exp);
        signer.sign(&claims)
    };
    check("good", &[signer.token()], 200).await;
    check("good, again", &[signer.token()], 200).await;
    check("clock 20 s behind", &[times(at + 20, at + 80)], 200).await;
    check("ended within the leeway", &[times(at - 70, at - 10)], 200).await;
    check("audience in a list", &[signer.sign(&changed("aud", json!(["care-record-store"])))], 200).await;

    check("none", &[], 401).await;
    check("two", &[signer.token(), signer.token()], 401).await;
    check("ended", &[times(at - 120, at - 60)], 401).await;
    check("lives too long", &[times(at, at + 3_600)], 401).await;
    check("of tomorrow", &[times(at + 86_400, at + 86_460)], 401).await;
    check("other audience", &[signer.sign(&changed("aud", json!("elsewhere")))], 401).await;
    check("no audience", &[signer.sign(&changed("aud", Value::Null))], 401).await;
    check("other issuer", &[signer.sign(&changed("iss", json!("somebody")))], 401).await;
    for claim in ["sub", "user", "device", "facility", "profession", "iat", "exp", "iss"] {
        check(claim, &[signer.sign(&changed(claim, Value::Null))], 401).await;
    }
    check("empty user ID", &[signer.sign(&changed("sub", json!("")))], 401).await;
    check("other key, same name", &[Signer::new("key-1").token()], 401).await;
    check("unknown key", &[Signer::new("key-2").token()], 401).await;
    check("garbage", &["x.y.z".to_owned()][..], 401).await;
    let good = signer.token();
    let (head, rest) = good.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "kid": "key-1" }).to_string());
    check("alg none", &[format!("{none}.{}.", rest.split_once('.').unwrap().0)], 401).await;
    let (body, signature) = rest.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(changed("sub", json!("U-tamura")).to_string());
    assert_ne!(body, other);
    check("body exchanged", &[format!("{head}.{other}.{signature}")], 401).await;
    let header = Header { kid: Some("key-1".to_owned()), ..Header::new(Algorithm::HS256) };
    let key_set = signer.key_set();
    let symmetric = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(key_set.as_bytes())).unwrap();
    check("public key as secret", &[symmetric], 401).await;
}

#[tokio::test]
async fn a_token_that_was_good_ends_in_time() {
    let signer = Signer::new("key-1");
    let gatekeeper = crate::trust::Gatekeeper::new(&Trust::Keys(signer.key_set())).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert(IDENTITY_HEADER, signer.token().parse().unwrap());
    let at = now() / 1_000;
    let good = async |later: i64| gatekeeper.check(&headers, at + later).await.is_ok();
    assert!(good(0).await && good(89).await);
    assert!(!good(91).await, "remembered as good beyond its end");
}

#[tokio::test]
async fn keys_are_fetched_when_needed_and_not_more_than_once_a_second() {
    let (first, second) = (Signer::new("first"), Signer::new("second"));
    let fetches = Arc::new(AtomicUsize::new(0));
    let sets = [first.key_set(), json!({ "keys": [first.jwk(), second.jwk()] }).to_string()];
    let counted = Arc::clone(&fetches);
    let door = Router::new().route(
        "/.well-known/jwks.json",
        get(move || {
            let at = counted.fetch_add(1, Ordering::SeqCst);
            let set = sets[at.min(1)].clone();
            async move { set }
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, door).await });
    let store = run(Options::new(Trust::Url(url))).await.unwrap();
    let status = async |signer: &Signer| {
        let token = signer.token();
        ask(store.address(), "GET", "/fhir/Patient/P-0001", &[(IDENTITY_HEADER, &token)], "").await.status
    };
    assert_eq!(status(&first).await, 200);
    for _ in 0..20 {
        assert_eq!(status(&second).await, 401, "fetched again within the second");
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    assert_eq!((status(&second).await, status(&first).await), (200, 200));
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn without_identities_the_store_stays_at_home() {
    let open = |trust: Trust| Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::new(trust) };
    assert!(matches!(run(open(Trust::Anyone)).await, Err(StubError::OpenToAll(_))));
    let tests = Options { admin_listen: "0.0.0.0:0".parse().unwrap(), ..Options::new(Trust::Anyone) };
    assert!(matches!(run(tests).await, Err(StubError::OpenToAll(_))));
    let store = run(Options::new(Trust::Anyone)).await.unwrap();
    assert_eq!(ask(store.address(), "GET", "/fhir/Patient/P-0001", &[], "").await.status, 200);
    for key_set in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"EC"}]}"#] {
        assert!(
            matches!(run(Options::new(Trust::Keys(key_set.to_owned()))).await, Err(StubError::KeySet(_))),
            "{key_set}"
        );
    }
}
