//! `person` and `consent`: who is supported, and what may be done with the records (art. 3, 17, 21-2).

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

/// `person …`.
#[derive(Debug, Subcommand)]
pub enum Person {
    /// Register a supported person; the ID is that of the Patient in the store
    Add(PersonAdd),
    /// List the persons with consent and team size
    List,
}

/// `person add`.
#[derive(Debug, Args)]
pub struct PersonAdd {
    /// ID of the person, equal to the Patient's in the store
    #[arg(long, value_name = "PERSON")]
    pub id: String,
    /// Name
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// District of residence, as disaster use names districts
    #[arg(long, value_name = "AREA", default_value = "", hide_default_value = true)]
    pub area: String,
    /// Municipality that insures the person (art. 3)
    #[arg(long, value_name = "TEXT")]
    pub municipality: String,
    /// On which ground the person is eligible (art. 3): insured or address-exception
    #[arg(long, value_name = "KIND", default_value = "insured")]
    pub eligibility: String,
    /// Eligible from this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Eligible until this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `consent …`.
#[derive(Debug, Subcommand)]
pub enum Consent {
    /// A form was received, or a new one with other scopes (art. 17-1)
    Give(ConsentGive),
    /// Withdrawn on request: support stopped, nobody reads or writes (art. 17-2, 17-3)
    Withdraw(ConsentWithdraw),
}

/// `consent give`.
#[derive(Debug, Args)]
pub struct ConsentGive {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// Who signed: person, family or relative
    #[arg(long, value_name = "WHO", default_value = "person")]
    pub given_by: String,
    /// Why family or a relative signed
    #[arg(long, value_name = "TEXT")]
    pub because: Option<String>,
    /// The form does not allow storing
    #[arg(long)]
    pub no_store: bool,
    /// The form does not allow sharing
    #[arg(long)]
    pub no_share: bool,
    /// The form allows disaster use (art. 21-2)
    #[arg(long)]
    pub disaster: bool,
    /// Date on the form (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub form_date: Option<Timestamp>,
    /// SHA-256 of the scanned form, in hexadecimal
    #[arg(long, value_name = "HEX")]
    pub form_hash: Option<String>,
}

/// `consent withdraw`.
#[derive(Debug, Args)]
pub struct ConsentWithdraw {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// What was asked for
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}
