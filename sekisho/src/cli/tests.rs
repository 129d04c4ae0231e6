//! Help texts as files, and arguments that are refused.

use std::path::PathBuf;

use clap::{Command, CommandFactory};
use registry::CommandKind;

use super::*;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/help"))
}

/// Every command with its words, the root first.
fn walk(command: &mut Command, words: Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
    let text = command.render_long_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    found.push((words.clone(), lines.join("\n") + "\n"));
    for inner in command.get_subcommands_mut() {
        let mut words = words.clone();
        words.push(inner.get_name().to_owned());
        walk(inner, words, found);
    }
}

/// `UPDATE_TEXTS=1` rewrites them.
#[test]
fn help_texts_are_as_reviewed() {
    let mut command = Cli::command();
    command.build();
    let mut found = Vec::new();
    walk(&mut command, vec!["sekisho".to_owned()], &mut found);
    assert!(found.len() > 30, "{}", found.len());
    let update = std::env::var_os("UPDATE_TEXTS").is_some();
    let mut names = Vec::new();
    for (words, text) in found {
        let name = format!("{}.txt", words.join("-"));
        assert!(!text.contains("promise P"), "help/{name}: a promise is said in words");
        let path = folder().join(&name);
        if update {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "help/{name}; UPDATE_TEXTS=1 rewrites it");
        names.push(name);
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "help/{name} is of no command");
    }
}

/// The verb that gives a command, or why there is none. A new command does not compile before it has its line here.
fn asked_by(kind: CommandKind) -> Result<&'static str, &'static str> {
    use CommandKind as Kind;
    match kind {
        Kind::RegisterFacility => Ok("facility-add"),
        Kind::ApproveFacility => Ok("facility-approve"),
        Kind::RefuseFacility => Ok("facility-refuse"),
        Kind::ReapplyFacility => Ok("facility-reapply"),
        Kind::ChangeFacility => Ok("facility-change"),
        Kind::SetAdministrator => Ok("facility-set-administrator"),
        Kind::CloseFacility => Ok("facility-close"),
        Kind::RegisterUser => Ok("user-add"),
        Kind::GrantUserId => Ok("user-grant"),
        Kind::ReplaceUserId => Ok("user-replace-id"),
        Kind::EndUserId => Ok("user-end-id"),
        Kind::EndSessions => Ok("user-end-sessions"),
        Kind::RegisterDevice => Ok("device-add"),
        Kind::ReturnDevice => Ok("device-return"),
        Kind::ReserveCertificate | Kind::RecordIssued => Ok("device-certificate"),
        Kind::AbandonCertificate => Ok("certificate-abandon"),
        Kind::RevokeCertificate | Kind::RevokeDevice => Ok("revoke"),
        Kind::ProposeFacilityRevocation => Ok("revocation-propose"),
        Kind::ApproveFacilityRevocation => Ok("revocation-approve"),
        Kind::WithdrawFacilityRevocation => Ok("revocation-withdraw"),
        Kind::RecordEffects => Err("the gateway's, behind the cut"),
        Kind::RecordListed => Err("the office's door's, behind the revocation list"),
        Kind::ConfirmRevocation => Ok("confirm"),
        Kind::RegisterPerson => Ok("person-add"),
        Kind::ChangePerson => Ok("person-change"),
        Kind::EndEligibility => Ok("person-end-eligibility"),
        Kind::RenewEligibility => Ok("person-renew-eligibility"),
        Kind::GiveConsent => Ok("consent-give"),
        Kind::WithdrawConsent => Ok("consent-withdraw"),
        Kind::JoinTeam => Ok("team-join"),
        Kind::LeaveTeam => Ok("team-leave"),
        Kind::Suspend => Ok("suspend"),
        Kind::Lift => Ok("resume"),
        Kind::AcknowledgeReport => Ok("report-acknowledge"),
        Kind::StopService => Ok("service-stop"),
        Kind::ResumeService => Ok("service-resume"),
        Kind::DeclareDisaster => Ok("disaster-declare"),
        Kind::ConfirmDisaster => Ok("disaster-confirm"),
        Kind::EndDisaster => Ok("disaster-end"),
        Kind::EnterDuty => Ok("duty-enter"),
        Kind::EndDuty => Ok("duty-end"),
        Kind::EnterContract => Ok("contract-enter"),
        Kind::EndContract => Ok("contract-end"),
        Kind::OrderDeletion => Ok("deletion-order"),
        Kind::ApproveDeletion => Ok("deletion-approve"),
        Kind::CancelDeletion => Ok("deletion-cancel"),
        Kind::ProposeBreakGlass => Ok("break-glass-propose"),
        Kind::IssueBreakGlass => Ok("break-glass-issue"),
        Kind::WithdrawBreakGlass => Ok("break-glass-withdraw"),
        Kind::ProposeRules => Ok("policy-propose"),
        Kind::ApproveRules => Ok("policy-approve"),
        Kind::RollBackRules => Ok("policy-rollback"),
        Kind::ChangePassword => Err("the user's own, on a page of the gateway (art. 10-3)"),
        Kind::EndSession => Err("the user's own: signing out"),
        Kind::DeclareEmergency | Kind::EndEmergency => Err("the user's own, on a page of the gateway (art. 41-1)"),
        Kind::OfferEnrolment | Kind::WithdrawEnrolment => Ok("device-code"),
        Kind::RegisterCertificate => Ok("device-register-certificate"),
        Kind::NameHardware => Ok("device-hardware"),
        Kind::BeginNumbering => Err("the machine's, before it takes the first number (art. 38-1)"),
        Kind::CountWrongCode | Kind::ReserveByCode | Kind::ReserveSuccessor => {
            Err("the office's door's, for whoever has a code or a certificate (art. 38-1)")
        }
        Kind::NumberLists | Kind::ReserveResponder => {
            Err("the office's door's, before it signs what certificates stand")
        }
        Kind::MarkDeleted => Err("the gateway's, behind the deletion"),
        Kind::Tick => Err("the clock's, while a server runs"),
    }
}

#[test]
fn every_command_of_the_registry_can_be_asked() {
    for kind in CommandKind::ALL {
        let offices = kind.offices();
        match asked_by(*kind) {
            Ok(verb) => {
                let help = folder().join(format!("sekisho-{verb}.txt"));
                assert!(help.exists(), "`{kind}` is asked by `{verb}`, which is no verb");
            }
            Err(why) => {
                let nobody_here = |office: &Office| matches!(office, Office::User | Office::System);
                assert!(offices.iter().all(nobody_here), "`{kind}`: {why}, but {offices:?} may");
            }
        }
    }
}

#[test]
fn arguments_are_read_strictly() {
    Cli::command().debug_assert();
    for wrong in [
        "",
        "revoke --because replaced",
        "revoke --device D-1 --serial 01 --because replaced",
        "suspend user-id:U-1 --reason x",
        "disaster declare --area x --reason y --until tomorrow --second-officer b",
        "team list",
        "audit",
        "serve --role both",
        "frobnicate",
    ] {
        let words = ["sekisho"].into_iter().chain(wrong.split(' ').filter(|word| !word.is_empty()));
        assert!(Cli::try_parse_from(words).is_err(), "`{wrong}` is taken");
    }
}

#[test]
fn a_login_that_says_nothing_names_nobody() {
    assert_eq!(author_by_login(Some("sato")).unwrap().to_string(), "city-clerk:sato");
    for nobody in [None, Some(""), Some(" ")] {
        assert_eq!(author_by_login(nobody), None, "{nobody:?}");
    }
}

#[test]
fn authors_hold_an_office_that_acts_here() {
    assert_eq!(parse_author("city-officer:佐藤").unwrap().to_string(), "city-officer:佐藤");
    for wrong in ["佐藤", "city-officer:", "city-officer: ", "mayor:X", "system:sekisho", "user:U-1"] {
        assert!(parse_author(wrong).is_err(), "{wrong}");
    }
}
