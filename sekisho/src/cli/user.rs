//! `user`: users and their user IDs (art. 7, 10, 12).

use clap::{Args, Subcommand};

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
    /// End every session of a user ID, on all devices: its user signs in again (art. 10-3)
    EndSessions(UserEndSessions),
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

/// `user end-sessions`.
#[derive(Debug, Args)]
pub struct UserEndSessions {
    /// The user ID
    #[arg(value_name = "USER_ID")]
    pub user_id: String,
}
