//! The kinds of commands: how the journal names them, which offices may give them, which article each carries out.

use model::{Article, Office, words};

use crate::command::Command;

words! {
    /// The kinds of commands, as the journal names them.
    pub enum CommandKind ("command") {
        /// [`crate::Command::RegisterFacility`].
        RegisterFacility = "register-facility",
        /// [`crate::Command::ApproveFacility`].
        ApproveFacility = "approve-facility",
        /// [`crate::Command::RefuseFacility`].
        RefuseFacility = "refuse-facility",
        /// [`crate::Command::ReapplyFacility`].
        ReapplyFacility = "reapply-facility",
        /// [`crate::Command::ChangeFacility`].
        ChangeFacility = "change-facility",
        /// [`crate::Command::SetAdministrator`].
        SetAdministrator = "set-administrator",
        /// [`crate::Command::CloseFacility`].
        CloseFacility = "close-facility",
        /// [`crate::Command::RegisterUser`].
        RegisterUser = "register-user",
        /// [`crate::Command::GrantUserId`].
        GrantUserId = "grant-user-id",
        /// [`crate::Command::ReplaceUserId`].
        ReplaceUserId = "replace-user-id",
        /// [`crate::Command::EndUserId`].
        EndUserId = "end-user-id",
        /// [`crate::Command::ChangePassword`].
        ChangePassword = "change-password",
        /// [`crate::Command::RegisterDevice`].
        RegisterDevice = "register-device",
        /// [`crate::Command::ReturnDevice`].
        ReturnDevice = "return-device",
        /// [`crate::Command::ReserveCertificate`].
        ReserveCertificate = "reserve-certificate",
        /// [`crate::Command::RecordIssued`].
        RecordIssued = "record-issued",
        /// [`crate::Command::RevokeCertificate`].
        RevokeCertificate = "revoke-certificate",
        /// [`crate::Command::ConfirmRevocation`].
        ConfirmRevocation = "confirm-revocation",
        /// [`crate::Command::AbandonCertificate`].
        AbandonCertificate = "abandon-certificate",
        /// [`crate::Command::RegisterPerson`].
        RegisterPerson = "register-person",
        /// [`crate::Command::ChangePerson`].
        ChangePerson = "change-person",
        /// [`crate::Command::EndEligibility`].
        EndEligibility = "end-eligibility",
        /// [`crate::Command::RenewEligibility`].
        RenewEligibility = "renew-eligibility",
        /// [`crate::Command::GiveConsent`].
        GiveConsent = "give-consent",
        /// [`crate::Command::WithdrawConsent`].
        WithdrawConsent = "withdraw-consent",
        /// [`crate::Command::JoinTeam`].
        JoinTeam = "join-team",
        /// [`crate::Command::LeaveTeam`].
        LeaveTeam = "leave-team",
        /// [`crate::Command::Suspend`].
        Suspend = "suspend",
        /// [`crate::Command::Lift`].
        Lift = "lift",
        /// [`crate::Command::StopService`].
        StopService = "stop-service",
        /// [`crate::Command::ResumeService`].
        ResumeService = "resume-service",
        /// [`crate::Command::DeclareDisaster`].
        DeclareDisaster = "declare-disaster",
        /// [`crate::Command::EndDisaster`].
        EndDisaster = "end-disaster",
        /// [`crate::Command::EndSession`].
        EndSession = "end-session",
        /// [`crate::Command::EndSessions`].
        EndSessions = "end-sessions",
        /// [`crate::Command::AcknowledgeReport`].
        AcknowledgeReport = "acknowledge-report",
        /// [`crate::Command::ProposeRules`].
        ProposeRules = "propose-rules",
        /// [`crate::Command::ApproveRules`].
        ApproveRules = "approve-rules",
        /// [`crate::Command::RollBackRules`].
        RollBackRules = "roll-back-rules",
        /// [`crate::Command::Tick`].
        Tick = "tick",
        /// [`crate::Command::EnterDuty`].
        EnterDuty = "enter-duty",
        /// [`crate::Command::EndDuty`].
        EndDuty = "end-duty",
        /// [`crate::Command::EnterContract`].
        EnterContract = "enter-contract",
        /// [`crate::Command::EndContract`].
        EndContract = "end-contract",
        /// [`crate::Command::OrderDeletion`].
        OrderDeletion = "order-deletion",
        /// [`crate::Command::ApproveDeletion`].
        ApproveDeletion = "approve-deletion",
        /// [`crate::Command::CancelDeletion`].
        CancelDeletion = "cancel-deletion",
        /// [`crate::Command::MarkDeleted`].
        MarkDeleted = "mark-deleted",
        /// [`crate::Command::ProposeBreakGlass`].
        ProposeBreakGlass = "propose-break-glass",
        /// [`crate::Command::IssueBreakGlass`].
        IssueBreakGlass = "issue-break-glass",
        /// [`crate::Command::WithdrawBreakGlass`].
        WithdrawBreakGlass = "withdraw-break-glass",
        /// [`crate::Command::DeclareEmergency`].
        DeclareEmergency = "declare-emergency",
        /// [`crate::Command::EndEmergency`].
        EndEmergency = "end-emergency",
        /// [`crate::Command::ConfirmDisaster`].
        ConfirmDisaster = "confirm-disaster",
        /// [`crate::Command::OfferEnrolment`].
        OfferEnrolment = "offer-enrolment",
        /// [`crate::Command::WithdrawEnrolment`].
        WithdrawEnrolment = "withdraw-enrolment",
        /// [`crate::Command::CountWrongCode`].
        CountWrongCode = "count-wrong-code",
        /// [`crate::Command::ReserveByCode`].
        ReserveByCode = "reserve-by-code",
        /// [`crate::Command::ReserveSuccessor`].
        ReserveSuccessor = "reserve-successor",
        /// [`crate::Command::RevokeDevice`].
        RevokeDevice = "revoke-device",
        /// [`crate::Command::RecordEffects`].
        RecordEffects = "record-effects",
        /// [`crate::Command::RecordListed`].
        RecordListed = "record-listed",
        /// [`crate::Command::ProposeFacilityRevocation`].
        ProposeFacilityRevocation = "propose-facility-revocation",
        /// [`crate::Command::ApproveFacilityRevocation`].
        ApproveFacilityRevocation = "approve-facility-revocation",
        /// [`crate::Command::WithdrawFacilityRevocation`].
        WithdrawFacilityRevocation = "withdraw-facility-revocation",
        /// [`crate::Command::RegisterCertificate`].
        RegisterCertificate = "register-certificate",
        /// [`crate::Command::NumberLists`].
        NumberLists = "number-lists",
        /// [`crate::Command::ReserveResponder`].
        ReserveResponder = "reserve-responder",
        /// [`crate::Command::NameHardware`].
        NameHardware = "name-hardware",
        /// [`crate::Command::BeginNumbering`].
        BeginNumbering = "begin-numbering",
    }
}

impl CommandKind {
    /// Which offices may give it. Beyond that a facility administrator acts for his own facility only, and a user for
    /// himself. The contractor may stop things and never open them, and only inside a contract (art. 4-3, 29-2, 39-3); the
    /// machine may renew certificates besides.
    #[must_use]
    pub const fn offices(self) -> &'static [Office] {
        use Office::{CityClerk, CityOfficer, Contractor, FacilityAdministrator, System, User};
        match self {
            Self::RegisterFacility | Self::ReapplyFacility => &[CityOfficer, CityClerk, FacilityAdministrator],
            Self::ApproveFacility
            | Self::RefuseFacility
            | Self::ChangeFacility
            | Self::SetAdministrator
            | Self::CloseFacility
            | Self::RegisterUser
            | Self::GrantUserId
            | Self::ReplaceUserId
            | Self::EndUserId
            | Self::RegisterDevice
            | Self::OfferEnrolment
            | Self::WithdrawEnrolment
            | Self::RegisterCertificate
            | Self::NameHardware
            | Self::RegisterPerson
            | Self::ChangePerson
            | Self::EndEligibility
            | Self::RenewEligibility
            | Self::GiveConsent
            | Self::WithdrawConsent
            | Self::JoinTeam
            | Self::LeaveTeam
            | Self::Lift
            | Self::StopService
            | Self::ResumeService
            | Self::AcknowledgeReport => &[CityOfficer, CityClerk],
            Self::ReserveCertificate | Self::RecordIssued | Self::AbandonCertificate => {
                &[CityOfficer, CityClerk, System]
            }
            // Day and night, by whoever is nearest (art. 38-2); for which cause, and how far, says `model::revocation`.
            Self::RevokeCertificate | Self::RevokeDevice | Self::ReturnDevice => {
                &[CityOfficer, CityClerk, Contractor, FacilityAdministrator, User, System]
            }
            Self::ConfirmRevocation => &[FacilityAdministrator],
            Self::Suspend => &[CityOfficer, CityClerk, Contractor, FacilityAdministrator, System],
            Self::DeclareDisaster
            | Self::ConfirmDisaster
            | Self::EndDisaster
            | Self::EnterContract
            | Self::EndContract
            | Self::OrderDeletion
            | Self::ApproveDeletion
            | Self::CancelDeletion
            | Self::ProposeBreakGlass
            | Self::IssueBreakGlass
            | Self::WithdrawBreakGlass
            | Self::ProposeFacilityRevocation
            | Self::ApproveFacilityRevocation
            | Self::WithdrawFacilityRevocation
            | Self::ProposeRules
            | Self::ApproveRules
            | Self::RollBackRules => &[CityOfficer],
            // A roster is made where the work is; nobody rings the city at night to say who stands in.
            Self::EnterDuty | Self::EndDuty => &[CityOfficer, CityClerk, FacilityAdministrator],
            Self::ChangePassword | Self::EndSession | Self::DeclareEmergency | Self::EndEmergency => &[User],
            Self::EndSessions => &[CityOfficer, CityClerk, Contractor, System, User],
            Self::Tick
            | Self::MarkDeleted
            | Self::CountWrongCode
            | Self::ReserveByCode
            | Self::ReserveSuccessor
            | Self::RecordEffects
            | Self::RecordListed
            | Self::NumberLists
            | Self::ReserveResponder
            | Self::BeginNumbering => &[System],
        }
    }

    /// The article that the command carries out.
    #[must_use]
    pub const fn article(self) -> Article {
        match self {
            Self::RegisterFacility | Self::ReapplyFacility => Article::new(8),
            Self::ApproveFacility | Self::RefuseFacility => Article::new(9),
            Self::ChangeFacility | Self::SetAdministrator | Self::EndUserId => Article::new(12),
            Self::CloseFacility => Article::new(13),
            Self::RegisterUser => Article::new(7),
            Self::GrantUserId => Article::paragraph(10, 1),
            Self::ReplaceUserId => Article::paragraph(10, 6),
            Self::ChangePassword | Self::EndSession | Self::EndSessions => Article::paragraph(10, 3),
            Self::RegisterDevice => Article::new(37),
            Self::ReserveCertificate
            | Self::RecordIssued
            | Self::AbandonCertificate
            | Self::OfferEnrolment
            | Self::WithdrawEnrolment
            | Self::CountWrongCode
            | Self::ReserveByCode
            | Self::NameHardware
            | Self::BeginNumbering
            | Self::RegisterCertificate
            | Self::ReserveSuccessor => Article::paragraph(38, 1),
            Self::ReturnDevice
            | Self::RevokeCertificate
            | Self::RevokeDevice
            | Self::ProposeFacilityRevocation
            | Self::ApproveFacilityRevocation
            | Self::WithdrawFacilityRevocation
            | Self::NumberLists
            | Self::ReserveResponder => Article::paragraph(38, 2),
            Self::ConfirmRevocation | Self::RecordEffects | Self::RecordListed => Article::paragraph(38, 3),
            Self::RegisterPerson | Self::ChangePerson | Self::EndEligibility | Self::RenewEligibility => {
                Article::new(3)
            }
            Self::GiveConsent => Article::paragraph(17, 1),
            Self::WithdrawConsent => Article::paragraph(17, 2),
            Self::JoinTeam | Self::LeaveTeam | Self::EnterDuty | Self::EndDuty => Article::new(18),
            Self::EnterContract | Self::EndContract => Article::paragraph(4, 2),
            Self::OrderDeletion | Self::ApproveDeletion | Self::CancelDeletion | Self::MarkDeleted => {
                Article::paragraph(19, 2)
            }
            Self::ProposeBreakGlass
            | Self::IssueBreakGlass
            | Self::WithdrawBreakGlass
            | Self::DeclareEmergency
            | Self::EndEmergency => Article::paragraph(41, 1),
            Self::Suspend | Self::Lift | Self::Tick => Article::paragraph(29, 1),
            Self::AcknowledgeReport => Article::paragraph(29, 2),
            Self::StopService | Self::ResumeService => Article::paragraph(26, 1),
            Self::DeclareDisaster | Self::ConfirmDisaster | Self::EndDisaster => Article::paragraph(21, 1),
            Self::ProposeRules | Self::ApproveRules | Self::RollBackRules => Article::new(41),
        }
    }
}
impl Command {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::RegisterFacility { .. } => CommandKind::RegisterFacility,
            Self::ApproveFacility { .. } => CommandKind::ApproveFacility,
            Self::RefuseFacility { .. } => CommandKind::RefuseFacility,
            Self::ReapplyFacility { .. } => CommandKind::ReapplyFacility,
            Self::ChangeFacility { .. } => CommandKind::ChangeFacility,
            Self::SetAdministrator { .. } => CommandKind::SetAdministrator,
            Self::CloseFacility { .. } => CommandKind::CloseFacility,
            Self::RegisterUser { .. } => CommandKind::RegisterUser,
            Self::GrantUserId { .. } => CommandKind::GrantUserId,
            Self::ReplaceUserId { .. } => CommandKind::ReplaceUserId,
            Self::EndUserId { .. } => CommandKind::EndUserId,
            Self::ChangePassword { .. } => CommandKind::ChangePassword,
            Self::RegisterDevice { .. } => CommandKind::RegisterDevice,
            Self::ReturnDevice { .. } => CommandKind::ReturnDevice,
            Self::ReserveCertificate { .. } => CommandKind::ReserveCertificate,
            Self::RecordIssued { .. } => CommandKind::RecordIssued,
            Self::RevokeCertificate { .. } => CommandKind::RevokeCertificate,
            Self::ConfirmRevocation { .. } => CommandKind::ConfirmRevocation,
            Self::AbandonCertificate { .. } => CommandKind::AbandonCertificate,
            Self::RegisterPerson { .. } => CommandKind::RegisterPerson,
            Self::ChangePerson { .. } => CommandKind::ChangePerson,
            Self::EndEligibility { .. } => CommandKind::EndEligibility,
            Self::RenewEligibility { .. } => CommandKind::RenewEligibility,
            Self::GiveConsent { .. } => CommandKind::GiveConsent,
            Self::WithdrawConsent { .. } => CommandKind::WithdrawConsent,
            Self::JoinTeam { .. } => CommandKind::JoinTeam,
            Self::LeaveTeam { .. } => CommandKind::LeaveTeam,
            Self::Suspend { .. } => CommandKind::Suspend,
            Self::Lift { .. } => CommandKind::Lift,
            Self::StopService { .. } => CommandKind::StopService,
            Self::ResumeService => CommandKind::ResumeService,
            Self::DeclareDisaster { .. } => CommandKind::DeclareDisaster,
            Self::ConfirmDisaster => CommandKind::ConfirmDisaster,
            Self::EndDisaster { .. } => CommandKind::EndDisaster,
            Self::EndSession { .. } => CommandKind::EndSession,
            Self::EndSessions { .. } => CommandKind::EndSessions,
            Self::AcknowledgeReport { .. } => CommandKind::AcknowledgeReport,
            Self::ProposeRules { .. } => CommandKind::ProposeRules,
            Self::ApproveRules { .. } => CommandKind::ApproveRules,
            Self::RollBackRules { .. } => CommandKind::RollBackRules,
            Self::Tick => CommandKind::Tick,
            Self::EnterDuty { .. } => CommandKind::EnterDuty,
            Self::EndDuty { .. } => CommandKind::EndDuty,
            Self::EnterContract { .. } => CommandKind::EnterContract,
            Self::EndContract { .. } => CommandKind::EndContract,
            Self::OrderDeletion { .. } => CommandKind::OrderDeletion,
            Self::ApproveDeletion { .. } => CommandKind::ApproveDeletion,
            Self::CancelDeletion { .. } => CommandKind::CancelDeletion,
            Self::MarkDeleted { .. } => CommandKind::MarkDeleted,
            Self::ProposeBreakGlass { .. } => CommandKind::ProposeBreakGlass,
            Self::IssueBreakGlass => CommandKind::IssueBreakGlass,
            Self::WithdrawBreakGlass { .. } => CommandKind::WithdrawBreakGlass,
            Self::DeclareEmergency { .. } => CommandKind::DeclareEmergency,
            Self::EndEmergency { .. } => CommandKind::EndEmergency,
            Self::OfferEnrolment { .. } => CommandKind::OfferEnrolment,
            Self::WithdrawEnrolment { .. } => CommandKind::WithdrawEnrolment,
            Self::CountWrongCode { .. } => CommandKind::CountWrongCode,
            Self::RevokeDevice { .. } => CommandKind::RevokeDevice,
            Self::RecordEffects { .. } => CommandKind::RecordEffects,
            Self::RecordListed { .. } => CommandKind::RecordListed,
            Self::ProposeFacilityRevocation { .. } => CommandKind::ProposeFacilityRevocation,
            Self::ApproveFacilityRevocation { .. } => CommandKind::ApproveFacilityRevocation,
            Self::WithdrawFacilityRevocation { .. } => CommandKind::WithdrawFacilityRevocation,
            Self::ReserveByCode { .. } => CommandKind::ReserveByCode,
            Self::ReserveSuccessor { .. } => CommandKind::ReserveSuccessor,
            Self::RegisterCertificate { .. } => CommandKind::RegisterCertificate,
            Self::NumberLists { .. } => CommandKind::NumberLists,
            Self::ReserveResponder { .. } => CommandKind::ReserveResponder,
            Self::NameHardware { .. } => CommandKind::NameHardware,
            Self::BeginNumbering { .. } => CommandKind::BeginNumbering,
        }
    }
}
