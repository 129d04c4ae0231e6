//! The page for people who make a request with a program of their own and have no EST: number, code and request in, the
//! certificate as a file out. Needs no script.

use askama::Template;
use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use enrolment::Turned;
use serde::Deserialize;

use super::EnrolmentDoor;
use super::routes::blocking;

/// Only our own style; a form to ourselves; nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page says, in one language.
struct Text {
    code: &'static str,
    other: &'static str,
    other_name: &'static str,
    language: &'static str,
    title: &'static str,
    what: &'static str,
    device: &'static str,
    for_code: &'static str,
    about_code: &'static str,
    request: &'static str,
    about_request: &'static str,
    send: &'static str,
    not_allowed: &'static str,
    unusable: &'static str,
    refused: &'static str,
    fault: &'static str,
}

const JAPANESE: Text = Text {
    code: "ja",
    other: "en",
    other_name: "English",
    language: "言語",
    title: "端末の証明書を受け取る",
    what: "市の窓口で受け取った票を見て入力してください。証明書がファイルで保存されます。",
    device: "端末番号",
    for_code: "登録コード",
    about_code: "20文字です。大文字・小文字、ハイフンの有無は問いません。1回だけ使えます。",
    request: "証明書の申請(CSR)",
    about_request: "端末で作ったCSRのファイルをメモ帳などで開き、「-----BEGIN」から「-----END」の行までをすべて貼り付けてください。\
                    秘密鍵は送らないでください。",
    send: "証明書を受け取る",
    not_allowed: "端末番号か登録コードが正しくないか、コードがもう使えません。入力を確かめ、それでもできなければ窓口で新しいコードを\
                  受け取ってください。",
    unusable: "貼り付けた申請(CSR)を使えません。コードはまだ使えます。",
    refused: "この端末には今、証明書を発行できません。窓口にお問い合わせください。",
    fault: "ただいま発行できません。窓口にお問い合わせください。",
};

const ENGLISH: Text = Text {
    code: "en",
    other: "ja",
    other_name: "日本語",
    language: "Language",
    title: "Get the certificate of this terminal",
    what: "Type what stands on the slip from the city's desk. The certificate is saved as a file.",
    device: "Number of the terminal",
    for_code: "Code",
    about_code: "20 characters, capitals or not, with or without hyphens. It can be used once.",
    request: "Certification request (CSR)",
    about_request: "Open the CSR that was made on the terminal with a text editor and paste all of it, from the line \
                    “-----BEGIN” to the line “-----END”. Never send the private key.",
    send: "Get the certificate",
    not_allowed: "The terminal's number or its code is wrong, or the code cannot be used any more. Look again what was typed; \
                  if it still fails, ask the desk for a new code.",
    unusable: "The request (CSR) that was pasted cannot be used. The code has not been used up.",
    refused: "No certificate can be issued for this terminal at present. Ask the desk.",
    fault: "Nothing can be issued at the moment. Ask the desk.",
};

#[derive(Template)]
#[template(path = "enrol.html")]
struct Page<'a> {
    text: &'static Text,
    trouble: Option<&'static str>,
    device: &'a str,
    code: &'a str,
}

/// What stands in the address, as the picture on the slip has it.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    code: String,
}

impl Asked {
    fn text(&self) -> &'static Text {
        if self.lang == "en" { &ENGLISH } else { &JAPANESE }
    }
}

#[derive(Deserialize)]
pub(super) struct Filled {
    device: String,
    code: String,
    request: String,
}

pub(super) async fn show(Query(asked): Query<Asked>) -> Response {
    page(StatusCode::OK, asked.text(), None, &asked.device, &asked.code)
}

pub(super) async fn style() -> Response {
    let style = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (style, include_str!("../../templates/enrol.css")).into_response()
}

pub(super) async fn send(
    State(door): State<EnrolmentDoor>,
    Query(asked): Query<Asked>,
    filled: Result<Form<Filled>, FormRejection>,
) -> Response {
    let text = asked.text();
    let Ok(Form(Filled { device, code, request })) = filled else {
        return page(StatusCode::BAD_REQUEST, text, Some(text.unusable), "", "");
    };
    let by = (device.clone(), code.clone());
    let given = blocking(&door, move |desk, now| desk.by_code(&by.0, &by.1, request.as_bytes(), now)).await;
    let turned = match given {
        Ok(issued) => return file(&device, &format!("{}{}", issued.pem(), door.desk.issuing().pem())),
        Err(turned) => turned,
    };
    let error: &dyn std::error::Error = &turned;
    let (status, trouble) = match turned {
        Turned::Request(_) => (StatusCode::BAD_REQUEST, text.unusable),
        Turned::NotAllowed => {
            tokio::time::sleep(door.bounds.wrong_pause).await;
            (StatusCode::FORBIDDEN, text.not_allowed)
        }
        Turned::Refused(_) => {
            tracing::warn!(error, "the registry refuses an enrolment");
            (StatusCode::FORBIDDEN, text.refused)
        }
        Turned::Fault(_) => {
            tracing::error!(error, "an enrolment failed");
            (StatusCode::SERVICE_UNAVAILABLE, text.fault)
        }
    };
    page(status, text, Some(trouble), &device, &code)
}

fn page(status: StatusCode, text: &'static Text, trouble: Option<&'static str>, device: &str, code: &str) -> Response {
    let Ok(body) = (Page { text, trouble, device, code }).render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let fields = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, fields, body).into_response()
}

/// A file to be saved. Its name is the terminal's number, which has passed as one.
fn file(device: &str, pem: &str) -> Response {
    let mut response = pem.to_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/pem-certificate-chain"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(named) = HeaderValue::from_str(&format!("attachment; filename=\"{device}-certificate.pem\"")) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    response
}
