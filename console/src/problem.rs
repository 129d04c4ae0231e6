//! Refusals as problem documents (RFC 9457), in Japanese and English. They repeat nothing of the request.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::enrol::Held;

/// What these doors refuse with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// No such address.
    NotFound,
    /// Not by this method.
    MethodNotAllowed,
    /// Here questions are put.
    OnlyPost,
    /// Not by this method; the answer's `Allow` says by which.
    OtherMethod,
    /// No current revocation list.
    NoList,
    /// Cannot do its work just now.
    NotReady,
    /// No terminal's code, or one that does not open.
    NotEnrolled,
    /// No certificate that can be renewed.
    NotRenewed,
    /// A certification request that cannot be used.
    Unusable,
    /// A body that is too large.
    TooLarge,
    /// Too many wrong codes from one place.
    TooMany,
    /// The registry has something against it.
    RefusedByRegistry,
    /// Something failed.
    NotNow,
}

impl Problem {
    fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "Not Found", "この場所には何もありません。 / There is nothing at this address.")
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
                "この場所は読み取り(GET)だけができます。 / This address can only be read (GET).",
            ),
            Self::OnlyPost => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
                "この場所では証明書の状態の照会(POST)だけができます。 / This address only takes questions about certificates \
                 (POST).",
            ),
            Self::OtherMethod => (
                StatusCode::METHOD_NOT_ALLOWED,
                "Method Not Allowed",
                "この場所では、この方法(HTTPメソッド)は使えません。 / This address is asked by another method.",
            ),
            Self::NoList => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "有効な失効リストがまだありません。 / There is no current revocation list yet.",
            ),
            Self::NotReady => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "ただいま準備中です。 / Not ready at the moment.",
            ),
            Self::NotEnrolled => (
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "端末番号か登録コードが正しくないか、コードがもう使えません。窓口で新しいコードを受け取ってください。 / \
                 The terminal's number or its code is wrong, or the code cannot be used any more. Ask the desk for a new one.",
            ),
            Self::NotRenewed => (
                StatusCode::FORBIDDEN,
                "Forbidden",
                "更新できる証明書が示されていません。窓口で登録コードを受け取ってください。 / \
                 No certificate was shown that can be renewed. Ask the desk for a code.",
            ),
            Self::Unusable => (
                StatusCode::BAD_REQUEST,
                "Bad Request",
                "証明書の申請(CSR)を使えません。 / The certification request cannot be used.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Content Too Large",
                "申請が大きすぎるか、途中で切れました。 / The request is too large, or broke off.",
            ),
            Self::TooMany => (
                StatusCode::TOO_MANY_REQUESTS,
                "Too Many Requests",
                "この接続元から誤ったコードが続きました。しばらくは受け付けません(Retry-After の秒数)。別の接続元からはできます。 / \
                 There were too many wrong codes from this address. It is heard no more for a while (seconds in Retry-After); \
                 another address is.",
            ),
            Self::RefusedByRegistry => (
                StatusCode::FORBIDDEN,
                "Forbidden",
                "この端末には今、証明書を発行できません。窓口にお問い合わせください。 / \
                 No certificate can be issued for this terminal at present. Ask the desk.",
            ),
            Self::NotNow => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Service Unavailable",
                "ただいま発行できません。窓口にお問い合わせください。 / Nothing can be issued at the moment. Ask the desk.",
            ),
        }
    }

    /// With `obstacles`: what stands in the way, for who runs the service.
    pub(crate) fn with(self, obstacles: &[String]) -> Response {
        let (status, title, detail) = self.parts();
        let mut document = serde_json::json!({
            "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail,
        });
        if let (Some(fields), false) = (document.as_object_mut(), obstacles.is_empty()) {
            fields.insert("obstacles".to_owned(), obstacles.into());
        }
        let mut response = (status, document.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::MethodNotAllowed => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            Self::OnlyPost => {
                headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
            }
            Self::NoList | Self::NotReady => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::NotEnrolled => {
                let wanted = HeaderValue::from_static("Basic realm=\"Sekisho enrolment\", charset=\"UTF-8\"");
                headers.insert(header::WWW_AUTHENTICATE, wanted);
            }
            Self::NotFound
            | Self::OtherMethod
            | Self::NotRenewed
            | Self::Unusable
            | Self::TooLarge
            | Self::TooMany
            | Self::RefusedByRegistry
            | Self::NotNow => {}
        }
        response
    }
}

/// Too many wrong codes, and when more is heard.
pub(crate) fn too_many(held: Held) -> Response {
    let mut response = Problem::TooMany.into_response();
    response.headers_mut().insert(header::RETRY_AFTER, held.seconds.into());
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.with(&[])
    }
}
