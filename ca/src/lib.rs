//! Certificates and revocation lists as values: prepare, lint, issue. Takes a signer, stores nothing.
