//! The verbs about facilities and people.

use clap::{Args, Subcommand};
use model::Timestamp;

use super::time;

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

/// `user …`.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Register a user, grant a user ID at a facility, and print the first password once
    Add(UserAdd),
    /// Grant a known user a user ID at a further facility
    Grant(UserGrant),
    /// End a lost or shared user ID and grant a new one (art. 10-6); care teams stay as they are
    ReplaceId(UserReplaceId),
    /// End a user ID: its user left the facility (art. 12)
    EndId(UserEndId),
    /// List users and their user IDs
    List,
}

/// `user add`.
#[derive(Debug, Args)]
pub struct UserAdd {
    /// Key of the user as a human being; drawn if not given
    #[arg(long, value_name = "USER")]
    pub id: Option<String>,
    /// Name
    #[arg(long, value_name = "TEXT")]
    pub name: String,
    /// The user ID and its place.
    #[command(flatten)]
    pub place: UserPlace,
}

/// `user grant`.
#[derive(Debug, Args)]
pub struct UserGrant {
    /// The user
    #[arg(value_name = "USER")]
    pub user: String,
    /// The user ID and its place.
    #[command(flatten)]
    pub place: UserPlace,
}

/// A user ID and its place.
#[derive(Debug, Args)]
pub struct UserPlace {
    /// The user ID; the next free number if not given
    #[arg(long, value_name = "USER_ID")]
    pub user_id: Option<String>,
    /// At this facility
    #[arg(long, value_name = "FACILITY")]
    pub facility: String,
    /// support-centre, doctor, pharmacist, dietitian, nurse, therapist, care-manager, medical-recognised,
    /// care-recognised or city-recognised (art. 7)
    #[arg(long, value_name = "PROFESSION")]
    pub profession: String,
    /// Who recognised the user, for the last three professions (art. 7-8 to 7-10)
    #[arg(long, value_name = "NAME")]
    pub recognised_by: Option<String>,
}

/// `user replace-id`.
#[derive(Debug, Args)]
pub struct UserReplaceId {
    /// The user ID that ends
    #[arg(value_name = "USER_ID")]
    pub user_id: String,
    /// The new user ID; the next free number if not given
    #[arg(long, value_name = "USER_ID")]
    pub new: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `user end-id`.
#[derive(Debug, Args)]
pub struct UserEndId {
    /// The user ID that ends
    #[arg(value_name = "USER_ID")]
    pub user_id: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

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

/// `team …`.
#[derive(Debug, Subcommand)]
pub enum Team {
    /// A user joins a person's care team
    Join(TeamJoin),
    /// A user leaves it
    Leave(TeamLeave),
    /// List a person's care team, or the persons of a user
    List(TeamList),
}

/// `team join`.
#[derive(Debug, Args)]
pub struct TeamJoin {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// The user (not the user ID)
    #[arg(value_name = "USER")]
    pub user: String,
    /// Through this facility: only user IDs of it see the person. Needed where the user has several
    #[arg(long, value_name = "FACILITY")]
    pub facility: Option<String>,
    /// member, substitute or on-call
    #[arg(long, value_name = "ROLE", default_value = "member")]
    pub role: String,
    /// From this time on (RFC 3339) [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Until this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
}

/// `team leave`.
#[derive(Debug, Args)]
pub struct TeamLeave {
    /// The person
    #[arg(value_name = "PERSON")]
    pub person: String,
    /// The user (not the user ID)
    #[arg(value_name = "USER")]
    pub user: String,
}

/// `team list`.
#[derive(Debug, Args)]
pub struct TeamList {
    /// The person
    #[arg(value_name = "PERSON", required_unless_present = "user")]
    pub person: Option<String>,
    /// Instead: the persons of this user
    #[arg(long, value_name = "USER", conflicts_with = "person")]
    pub user: Option<String>,
}
