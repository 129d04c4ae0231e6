//! Where others learn of the status of certificates: everything lies in one folder, beside the revocation list.

use crate::error::Refused;
use crate::name::check_list_url;
use crate::shard::Shard;

/// Addresses of what the office serves to those who check our certificates. They stand in the certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusPlaces {
    list: String,
    folder: String,
}

impl StatusPlaces {
    /// File name of the issuing certificate, in DER (RFC 2585 3).
    pub const ISSUER_FILE: &str = "issuing.cer";
    /// Name of the OCSP responder.
    pub const RESPONDER: &str = "ocsp";

    /// Beside the whole revocation list at `list_url`.
    ///
    /// # Errors
    /// `list_url` is not `http(s)://host[:port]/path`.
    pub fn beside(list_url: &str) -> Result<Self, Refused> {
        check_list_url(list_url)?;
        let folder = list_url.rsplit_once('/').map_or("", |(folder, _)| folder);
        Ok(Self { list: list_url.to_owned(), folder: folder.to_owned() })
    }

    /// The whole revocation list.
    #[must_use]
    pub fn list(&self) -> &str {
        &self.list
    }

    /// A shard of it. The same text must stand in the certificate and in the shard (RFC 5280 6.3.3 b 2).
    #[must_use]
    pub fn shard(&self, shard: Shard) -> String {
        format!("{}/{}", self.folder, shard.file_name())
    }

    /// The certificate of the authority that issues for terminals.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/{}", self.folder, Self::ISSUER_FILE)
    }

    /// The OCSP responder.
    #[must_use]
    pub fn responder(&self) -> String {
        format!("{}/{}", self.folder, Self::RESPONDER)
    }
}
