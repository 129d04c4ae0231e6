//! `facility`: apply, approve, refuse, change, close (art. 6, 8, 9, 12, 13).

use clap::{Args, Subcommand};

/// `facility …`.
#[derive(Debug, Subcommand)]
pub enum Facility {
    /// A facility applies (art. 8)
    Add(FacilityAdd),
    /// The city approves it (art. 9)
    Approve(FacilityDecision),
    /// The city refuses it (art. 9)
    Refuse(FacilityDecision),
    /// A refused facility applies again, with what has changed since (art. 8)
    Reapply(FacilityReapply),
    /// It gives notice of a change (art. 12), or leaves the public page (art. 23); what is not named stays as it is
    Change(FacilityChange),
    /// Somebody else answers for it from now on (art. 8, 12)
    SetAdministrator(FacilitySetAdministrator),
    /// It gives notice: its user IDs end, its certificates are revoked (art. 13)
    Close(FacilityDecision),
    /// List the facilities
    List,
}

/// `facility add`.
#[derive(Debug, Args)]
pub struct FacilityAdd {
    /// Its ID; drawn if not given
    #[arg(long, value_name = "FACILITY")]
    pub id: Option<String>,
    /// Its name
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// medical-institution, pharmacy, nursing-station, care-manager-office, care-provider, support-centre or other
    #[arg(long, value_name = "KIND")]
    pub kind: String,
    /// Its address
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub address: String,
    /// Its telephone number
    #[arg(long, value_name = "NUMBER", default_value = "", hide_default_value = true)]
    pub phone: String,
    /// Who applies for it, its facility administrator (art. 8): key as a human being, as in --as
    /// facility-administrator:USER
    #[arg(long, value_name = "USER")]
    pub administrator: String,
    /// Name of the facility administrator
    #[arg(long, value_name = "TEXT")]
    pub administrator_name: String,
    /// It agrees that its name, address and telephone number are public (art. 22)
    #[arg(long)]
    pub publish: bool,
}

/// `facility reapply`.
#[derive(Debug, Args)]
pub struct FacilityReapply {
    /// The facility
    #[arg(value_name = "FACILITY")]
    pub facility: String,
    /// What is different.
    #[command(flatten)]
    pub different: FacilityDifferences,
}

/// `facility change`.
#[derive(Debug, Args)]
pub struct FacilityChange {
    /// The facility
    #[arg(value_name = "FACILITY")]
    pub facility: String,
    /// What is different.
    #[command(flatten)]
    pub different: FacilityDifferences,
}

/// What of a facility is different now. What is not named stays as it is.
#[derive(Debug, Args)]
pub struct FacilityDifferences {
    /// Its name now
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// What it is now: medical-institution, pharmacy, nursing-station, care-manager-office, care-provider,
    /// support-centre or other
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Its address now
    #[arg(long, value_name = "TEXT")]
    pub address: Option<String>,
    /// Its telephone number now
    #[arg(long, value_name = "NUMBER")]
    pub phone: Option<String>,
    /// It agrees now that its name, address and telephone number are public (art. 22)
    #[arg(long, conflicts_with = "no_publish")]
    pub publish: bool,
    /// It is not named on the public page any more (art. 23)
    #[arg(long)]
    pub no_publish: bool,
}

/// `facility set-administrator`.
#[derive(Debug, Args)]
pub struct FacilitySetAdministrator {
    /// The facility; a closed one too, so that somebody can confirm its revocations (art. 38-3)
    #[arg(value_name = "FACILITY")]
    pub facility: String,
    /// The facility administrator from now on: key as a human being, as in --as facility-administrator:USER
    #[arg(long, value_name = "USER")]
    pub administrator: String,
    /// Name of the facility administrator
    #[arg(long, value_name = "TEXT")]
    pub administrator_name: String,
}

/// `facility approve`, `refuse`, `close`.
#[derive(Debug, Args)]
pub struct FacilityDecision {
    /// The facility
    #[arg(value_name = "FACILITY")]
    pub facility: String,
    /// Why; the facility is told
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
