//! A device certificate (電子証明書). Regulation art. 38-1: only on the loaned terminal; 38-2: revoked at once when the
//! terminal is lost or retired; 38-3: the facility administrator confirms it. Revoked is final (RFC 5280 5.3.1).

super::lifecycle! {
    "device certificate";
    /// Where a certificate stands. Expiry is not a state: it is the time of day.
    states {
        /// The serial number is taken and recorded; nothing is signed yet. A crash here wastes a number, no more.
        Reserved = "reserved",
        /// Signed and recorded: the only state in which a terminal is served.
        Active = "active",
        /// Revoked and effective; the facility administrator has yet to confirm it (失効済・確認待ち).
        Revoked = "revoked",
        /// Revoked, and confirmed by the facility administrator (確認済).
        Confirmed = "confirmed",
        /// Reserved and given up: never signed.
        Abandoned = "abandoned",
    }
    /// What happens to a certificate.
    events {
        /// The signed certificate is recorded.
        Issue = "issue",
        /// Revoked (art. 38-2).
        Revoke = "revoke",
        /// The revocation is confirmed (art. 38-3).
        Confirm = "confirm",
        /// The reservation is given up.
        Abandon = "abandon",
    }
    table {
        Reserved + Issue => Active,
        Reserved + Abandon => Abandoned,
        // A signature may exist though its record was lost in a crash: the number can be revoked all the same.
        Reserved + Revoke => Revoked,
        Active + Revoke => Revoked,
        Revoked + Confirm => Confirmed,
    }
}
