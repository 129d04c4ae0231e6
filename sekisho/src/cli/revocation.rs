//! `revoke`, `confirm` and `revocation` (art. 38-2, 38-3).

use clap::{Args, Subcommand};

/// `revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// What is revoked.
    #[command(flatten)]
    pub what: RevokeWhat,
    /// Why.
    #[command(flatten)]
    pub because: Because,
}

/// Why something is revoked. Which office may say what stands in `model/revocations.txt`.
#[derive(Debug, Args)]
pub struct Because {
    /// stolen, lost, copied or compromised (the key is out of our hands); misuse; broken, retired, returned, left or
    /// replaced
    #[arg(long, value_name = "CAUSE")]
    pub because: String,
}

/// A device or a certificate.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct RevokeWhat {
    /// Every standing certificate of this device, in one act
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// The certificate with this serial number; where its key is out of our hands, those linked to it by renewal too
    #[arg(long, value_name = "HEX")]
    pub serial: Option<String>,
}

/// `confirm` and `revocation confirm`.
#[derive(Debug, Args)]
pub struct Confirm {
    /// Serial number of a revoked certificate; all that was revoked by the same act is confirmed
    #[arg(value_name = "SERIAL")]
    pub serial: String,
}

/// `revocation …`.
#[derive(Debug, Subcommand)]
pub enum Revocation {
    /// List the revocations that wait for their confirmation, oldest first, with what they ended
    List(RevocationList),
    /// Confirm a revocation, as administrator of the facility (art. 38-3); the same as `sekisho confirm`
    Confirm(Confirm),
    /// Show what revoking all of a facility would hit: devices, who holds them, whose care that touches today
    ///
    /// The registry knows no visits. Shown are the persons on whose teams a holder is today, through this facility, and
    /// when the device was last signed in with today.
    Preview(FacilityOnly),
    /// Propose to revoke all devices of a facility; another officer carries it out
    ///
    /// What cannot wait for the second officer is suspended: `sekisho suspend facility:F` cuts everything at once, by one
    /// act, and can be taken back. What is loaned after the proposal is not hit by it.
    Propose(FacilityPropose),
    /// List the proposals that wait for a second officer: which facility, who proposed it, why, until when
    Proposals,
    /// Carry it out, as second officer; open connections end at once
    ///
    /// Says first what was proposed, by whom and why. The facility administrator's terminals are gone then too: she confirms at the
    /// office, as the answer says.
    Approve(FacilityOnly),
    /// Take the proposal back
    Withdraw(FacilityWithdraw),
}

/// `revocation list`.
#[derive(Debug, Args)]
pub struct RevocationList {
    /// Only what has waited for a day or longer
    #[arg(long)]
    pub overdue: bool,
    /// Those that are confirmed too
    #[arg(long, conflicts_with = "overdue")]
    pub all: bool,
    /// Of this facility only
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<String>,
}

/// `revocation preview`, `approve`.
#[derive(Debug, Args)]
pub struct FacilityOnly {
    /// The facility
    #[arg(value_name = "FACILITY")]
    pub facility: String,
}

/// `revocation propose`.
#[derive(Debug, Args)]
pub struct FacilityPropose {
    /// The facility
    #[arg(value_name = "FACILITY")]
    pub facility: String,
    /// Why.
    #[command(flatten)]
    pub because: Because,
    /// In the officer's words
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `revocation withdraw`.
#[derive(Debug, Args)]
pub struct FacilityWithdraw {
    /// The facility
    #[arg(value_name = "FACILITY")]
    pub facility: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
