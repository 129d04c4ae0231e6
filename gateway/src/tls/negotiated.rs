//! What a handshake came to, in the words of its RFCs: for people who look for what is wrong with a connection.

use rustls::{HandshakeKind, ProtocolVersion, ServerConnection};

/// See the module. Says nothing of who it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// `TLS 1.3`, say.
    pub version: &'static str,
    /// The cipher suite, by its name in RFC 8446 B.4 or RFC 5289.
    pub suite: String,
    /// The group of the key exchange; none where a session of TLS 1.2 was resumed, which exchanges no key.
    pub group: Option<String>,
    /// The version of HTTP that was agreed on (RFC 7301).
    pub http: &'static str,
    /// The session is an earlier one's.
    pub resumed: bool,
}

impl Negotiated {
    /// Of a handshake that is over.
    pub(crate) fn of(session: &ServerConnection) -> Self {
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
            Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
            // None other is offered.
            _ => "TLS",
        };
        let suite = session.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite())).unwrap_or_default();
        Self {
            version,
            // rustls tells suites of TLS 1.3 apart by a name of its own.
            suite: suite.replacen("TLS13_", "TLS_", 1),
            group: session.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name())),
            http: if session.alpn_protocol() == Some(b"h2") { "HTTP/2" } else { "HTTP/1.1" },
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
        }
    }
}
