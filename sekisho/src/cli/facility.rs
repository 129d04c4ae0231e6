//! `facility`: apply, approve, refuse, close (art. 6, 8, 9, 13).

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
