//! Proofs of the house, and wrong rules that are refuted.

use std::path::Path;
use std::time::Instant;

use cedar_policy::{Policy, PolicyId};

use super::{replaced, solver, with};
use crate::fences::{self, FENCES};
use crate::prove::{Claim, Proof, kinds, prove};
use crate::solver::compile_one;
use crate::{Bench, Language, Solver, Sources};

fn proofs(bench: &Bench) -> Vec<Proof> {
    let fences = fences::read(FENCES, bench.point().schema()).unwrap();
    prove(bench, &fences, &mut solver()).unwrap()
}

fn name(claim: &Claim) -> String {
    match claim {
        Claim::Fence(fence) => fence.id.clone(),
        Claim::NeverErrors(id) => format!("{id} never errors"),
        Claim::CanFire(id) => format!("{id} can fire"),
        Claim::CanDecide(id) => format!("{id} can decide"),
    }
}

/// What is refuted, with its example in English.
fn refuted(bench: &Bench) -> Vec<(String, String)> {
    let told = |proof: &Proof| {
        let example = proof.refuted.as_ref()?.example.as_ref();
        Some(example.map_or_else(String::new, |example| {
            example.situation.told(Language::English, &example.verdict.text(Language::English))
        }))
    };
    proofs(bench).iter().filter_map(|proof| Some((name(&proof.claim), told(proof)?))).collect()
}

#[test]
fn everything_is_proved_of_the_house() {
    let bench = Bench::new(&Sources::builtin()).unwrap();
    let start = Instant::now();
    let proofs = proofs(&bench);
    eprintln!("{} proofs in {:?}", proofs.len(), start.elapsed());
    let open: Vec<String> = proofs.iter().filter(|proof| proof.refuted.is_some()).map(|p| name(&p.claim)).collect();
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(proofs.len(), 24 + 3 * bench.point().rules().count());
}

#[track_caller]
fn check(bench: &Bench, expected: &[(&str, &str)]) {
    let refuted = refuted(bench);
    let found: Vec<(&str, &str)> = refuted.iter().map(|(what, told)| (what.as_str(), told.as_str())).collect();
    assert_eq!(found, expected);
}

/// Whoever writes such a rule believes it to be right: the example says what it does.
#[test]
fn a_permit_for_outsiders_is_refuted_in_words() {
    let extra = r#"@id("P90-doctors-everywhere") @article("18") @text_ja("医師") @text_en("Doctors.") @tell("subject")
        permit (principal is User, action in [Action::"read", Action::"create"], resource is Record)
        when { resource.relation == TeamRole::"none" && principal.profession == Profession::"doctor" };"#;
    let given = "given the user is a doctor\nand   the user is not on the care team\n";
    check(
        &with(extra),
        &[
            ("I09-outside-the-team", &format!("{given}when  the user reads a note\nthen  permitted by P90")),
            ("I10-nobody-outside-writes", &format!("{given}when  the user creates a note\nthen  permitted by P90")),
            (
                "I12-who-is-charged-with-it",
                &format!("{given}when  the user creates demographics\nthen  permitted by P90"),
            ),
            ("I13-registry-records", &format!("{given}when  the user creates demographics\nthen  permitted by P90")),
        ],
    );
}

#[test]
fn disaster_use_without_prior_consent_is_refuted_in_words() {
    check(
        &replaced("resource.person.consentDisaster &&\n", ""),
        &[(
            "I09-outside-the-team",
            "given the person is in the disaster area\n\
             and   the user is not on the care team\n\
             and   disaster use is declared\n\
             and   disaster use is in force for another hour\n\
             when  the user reads a note\n\
             then  permitted by P07",
        )],
    );
}

/// Break-glass is off: a rule that forgets to ask whether the city has issued one is refuted.
#[test]
fn break_glass_without_a_rule_of_the_city_is_refuted_in_words() {
    check(
        &replaced("context.service.breakGlassIssued &&\n", ""),
        &[(
            "I09-outside-the-team",
            "given the user is not on the care team\n\
             and   the user declares an emergency\n\
             when  the user reads demographics\n\
             then  permitted by P13",
        )],
    );
}

/// Every way in has its fence: manager, duty, deletion, somebody else's words, labels.
#[test]
fn a_way_in_that_opens_more_is_refuted_in_words() {
    let extra = r#"@id("P90-managers-see-all") @article("18") @text_ja("管理者") @text_en("Managers.") @tell("subject")
        permit (principal is User, action == Action::"read", resource is Record)
        when { resource.relation == TeamRole::"manager" && !resource.sensitive };
        @id("P91-duty-writes-all") @article("18") @text_ja("当番") @text_en("Duty.") @tell("subject")
        permit (principal is User, action == Action::"create", resource is Record)
        when {
          resource.relation == TeamRole::"duty" && resource.category == Category::"plan" &&
          principal.profession == Profession::"doctor"
        };
        @id("P92-doctors-delete") @article("18") @text_ja("削除") @text_en("Delete.") @tell("subject")
        permit (principal is User, action == Action::"delete", resource is Record)
        when { resource.relation == TeamRole::"member" && principal.profession == Profession::"doctor" };
        @id("P93-doctors-amend") @article("18") @text_ja("訂正") @text_en("Amend.") @tell("subject")
        permit (principal is User, action == Action::"update", resource is Record)
        when {
          resource.relation == TeamRole::"member" && resource.category == Category::"note" &&
          principal.profession == Profession::"doctor"
        };"#;
    check(
        &with(extra),
        &[
            (
                "I15-deletion-is-ordered",
                "given the user is a doctor\nwhen  the user deletes a note\nthen  permitted by P92",
            ),
            (
                "I16-manager",
                "given the user is the manager of a facility of the care team\n\
                 when  the user reads the consent\nthen  permitted by P90",
            ),
            (
                "I17-duty",
                "given the user is a doctor\nand   the user is on duty for a facility of the care team\n\
                 when  the user creates a care plan\nthen  permitted by P91",
            ),
            (
                "I18-own-words",
                "given the user is a doctor\nand   somebody else wrote the record\n\
                 when  the user updates a note\nthen  permitted by P93",
            ),
        ],
    );
}

/// The forbids about professions and labels hold for every way in; without them each permit opens too much.
#[test]
fn labels_and_professions_that_hear_less_are_refuted() {
    check(
        &replaced("resource.sensitive &&\n  !(", "resource.sensitive && context.breakGlass &&\n  !("),
        &[(
            "I19-sensitive",
            "given the user is a care manager\nand   the record is labelled as sensitive\n\
             when  the user reads a note\nthen  permitted by P01",
        )],
    );
    check(
        &replaced(
            "principal.profession == Profession::\"nurse\" ||\n        principal.profession == Profession::\"care-manager\"",
            "true",
        ),
        &[(
            "I20-need-of-the-profession",
            "given the user is a pharmacist\nwhen  the user reads the consent\nthen  permitted by P01",
        )],
    );
}

/// A forbid that is never heard alone is found too: what it says is said by another.
#[test]
fn a_forbid_that_hears_less_breaks_its_fence_and_decides_nothing() {
    check(
        &replaced(
            "!(resource is PublicPage) && principal.qualificationSuspended",
            "!(resource is PublicPage) && principal.qualificationSuspended && principal.userIdSuspended",
        ),
        &[
            (
                "I06-qualification",
                "given the user's qualification is suspended\nwhen  the user reads a note\nthen  permitted by P01",
            ),
            ("F06-qualification-suspended can decide", ""),
        ],
    );
}

/// Fences stand on both sides: care and public information cannot be closed by mistake either.
#[test]
fn forbids_that_close_too_much_are_refuted() {
    let extra = r#"@id("F90-past") @article("18") @text_ja("過去") @text_en("Past.") @tell("officer")
        forbid (principal, action, resource) when { resource is Record && context.at < 1767225600000 };
        @id("F91-public") @article("18") @text_ja("公開") @text_en("Public.") @tell("officer")
        forbid (principal, action, resource)
        when { resource is PublicPage && context.service.state == ServiceState::"ended" };"#;
    check(
        &with(extra),
        &[
            (
                "O01-public-information-stays-open",
                "given the service has ended\nwhen  somebody looks at public information\nthen  denied by F91",
            ),
            // No plausible example: this one is a second before 1970 in Japan, and said to be.
            (
                "O02-the-team-reads-on-an-ordinary-day",
                "given it is 1970-01-01T08:59:59.999+09:00\nwhen  the user reads a note\nthen  denied by F90",
            ),
            (
                "O03-ordered-deletion-is-carried-out",
                "given a deletion order names the user\nand   it is 1970-01-01T08:59:59.999+09:00\n\
                 when  the user deletes a note\nthen  denied by F90",
            ),
        ],
    );
}

#[test]
fn rules_that_do_nothing_are_dead() {
    let extra = r#"@id("F92-never") @article("18") @text_ja("無") @text_en("Never.") @tell("officer")
        forbid (principal, action, resource)
        when { resource is Record && resource.relation == TeamRole::"none" && resource.relation == TeamRole::"member" };
        @id("F93-idle") @article("18") @text_ja("空") @text_en("Idle.") @tell("officer")
        forbid (principal, action, resource)
        when { resource is Record && action == Action::"create" && resource.category == Category::"consent" };
        @id("P94-again") @article("18") @text_ja("再") @text_en("Again.") @tell("subject")
        permit (principal is User, action == Action::"read", resource is Record)
        when { resource.relation == TeamRole::"on-call" };"#;
    // F93 would speak of writing the consent, which nothing permits anyway; P94 says what P01 says.
    check(&with(extra), &[("F92-never can fire", ""), ("F93-idle can decide", ""), ("P94-again can decide", "")]);
}

/// Lint keeps such a rule out before it is proved; the proof would find it as well.
#[test]
fn a_rule_that_can_fail_is_found() {
    let bench = Bench::new(&Sources::builtin()).unwrap();
    let schema = bench.point().schema();
    let kind = kinds(&bench).into_iter().next().unwrap();
    let mut solver = solver();
    let mut never_errors = |condition: &str| {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let policy = Policy::parse(Some(PolicyId::new("F")), text).unwrap();
        solver.never_errors(&compile_one(&policy, &kind, schema).unwrap()).unwrap()
    };
    assert!(never_errors("context.at < 0"));
    assert!(!never_errors("context.at + 1 < 0"), "an overflow is an error");
}

#[test]
fn fences_that_say_less_than_they_seem_to_are_refused() {
    let bench = Bench::new(&Sources::builtin()).unwrap();
    let refused = |text: &str, because: &str| {
        let error = fences::read(text, bench.point().schema()).unwrap_err().to_string();
        assert!(error.contains(because), "{error}");
    };
    let good = r#"@id("I1") @article("18") @text_ja("試") @text_en("Test.") permit (principal, action, resource)
        when { !(resource is Record) || resource.person.eligible };"#;
    assert_eq!(fences::read(good, bench.point().schema()).unwrap().len(), 1);
    refused("", "are none");
    refused(&format!("{good}\n{good}"), "stands there twice");
    refused(&good.replace("@article(\"18\")", ""), "has no `@article`");
    refused(&good.replace("resource)", "resource is Record)"), "has a scope");
    refused(&good.replace("eligible", "elegible"), "elegible");
}

#[test]
fn without_a_solver_nothing_is_proved() {
    let missing = Solver::start(Path::new("/nowhere/cvc5")).unwrap_err().to_string();
    assert!(missing.contains("`/nowhere/cvc5`") && missing.contains("CVC5"), "{missing}");
    // Starts, and is no solver.
    let mut silent = Solver::start(Path::new("/bin/true")).unwrap();
    let bench = Bench::new(&Sources::builtin()).unwrap();
    let fences = fences::read(FENCES, bench.point().schema()).unwrap();
    prove(&bench, &fences, &mut silent).unwrap_err();
}

/// What a solver says as it fails is not kept from whoever has to mend it: its last lines, and no more of it.
#[test]
fn a_solver_that_fails_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("cvc5");
    let script = "#!/bin/sh\nfor line in 1 2 3 4 5 6; do echo \"remark $line\" >&2; done\necho 'no module named cvc5' >&2\nexit 1\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut failing = Solver::start(&program).unwrap();
    let bench = Bench::new(&Sources::builtin()).unwrap();
    let fences = fences::read(FENCES, bench.point().schema()).unwrap();
    let said = prove(&bench, &fences, &mut failing).unwrap_err().to_string();
    assert!(said.ends_with("\n  it says: remark 6\n  it says: no module named cvc5"), "{said}");
    assert!(!said.contains("remark 2") && said.contains("remark 3"), "{said}");
}
