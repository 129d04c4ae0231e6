//! The user changes the password himself (art. 10-3). Every other session of the user ID ends with it.

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use model::{Author, Office};
use registry::{Change as Decided, Command, PasswordCheck, PasswordFault, Refused, RegistryError, Why};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::form::Form;
use super::guessing::{self, Checked};
use super::sign_in;
use crate::bounds::{FORM_BYTES_MAX, FORM_TOKEN_SECONDS_MAX};
use crate::pages::{ChangePassword, ChangeProblem, ChangeReason, Page as _, paths};
use crate::pipeline::authenticate::Subject;
use crate::pipeline::extract::{read_body, whole};
use crate::pipeline::trace::Trace;
use crate::refusal::{Refusal, fault};
use crate::store::pool::Body;
use crate::worker::Worker;

/// What a program sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    current: Zeroizing<String>,
    new: Zeroizing<String>,
}

/// The password page.
///
/// # Errors
/// The form cannot be sealed.
pub fn show(
    worker: &Worker,
    subject: &Subject,
    trace: &Trace,
    problem: Option<ChangeProblem>,
) -> Result<Response<Body>, Refusal> {
    let token = worker
        .sealer()
        .form_token(subject.device().serial(), worker.now())
        .map_err(fault("a form cannot be sealed"))?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let first = subject.must_change_password();
    let page = ChangePassword {
        frame: &worker.frame(trace),
        user_id: subject.user_id(),
        form_token: &token,
        reason: if first { ChangeReason::FirstUse } else { ChangeReason::Voluntary },
        problem,
    };
    Ok(super::html(status, page.html()))
}

/// Changes the password, by form or by JSON.
///
/// # Errors
/// The form is not ours; for programs also a wrong current password or one that does not fit the rules.
pub async fn change(
    worker: &Worker,
    subject: Subject,
    request: Request<Incoming>,
    trace: &Trace,
) -> Result<Response<Body>, Refusal> {
    let (parts, mut body) = request.into_parts();
    let body = Zeroizing::new(read_body(&mut body, FORM_BYTES_MAX).await?.to_vec());
    let by_program = sign_in::json_only(&parts.headers).is_ok();
    let change = if by_program {
        serde_json::from_slice::<Change>(&body)
            .map_err(|_| Refusal::Unreadable("expected {\"current\": \"…\", \"new\": \"…\"}".into()))?
    } else {
        let form = Form::read(&parts.headers, &body)?;
        let serial = subject.device().serial();
        if !worker.sealer().form_token_fits(form.field("form_token"), serial, worker.now(), FORM_TOKEN_SECONDS_MAX) {
            return show(worker, &subject, trace, Some(ChangeProblem::FormTooOld));
        }
        if form.field("new") != form.field("again") {
            return show(worker, &subject, trace, Some(ChangeProblem::NotRepeated));
        }
        Change {
            current: Zeroizing::new(form.field("current").to_owned()),
            new: Zeroizing::new(form.field("new").to_owned()),
        }
    };
    match apply(worker, &subject, change).await? {
        Ok(credential_epoch) => {
            let signed_in = sign_in::session_for(worker, subject.device(), subject.user_id(), credential_epoch, false)?;
            let mut response = if by_program {
                let mut response = Response::new(whole(bytes::Bytes::from_static(b"{\"changed\":true}")));
                crate::answer::page_headers(response.headers_mut());
                crate::answer::json(response.headers_mut());
                response
            } else {
                super::redirect(paths::HOME)
            };
            sign_in::cookie(response.headers_mut(), &signed_in)?;
            Ok(response)
        }
        Err(problem) if by_program => Err(match problem {
            ChangeProblem::CurrentWrong => Refusal::WrongCredentials,
            other => Refusal::PasswordUnfit(other),
        }),
        Err(problem) => show(worker, &subject, trace, Some(problem)),
    }
}

/// The new credential epoch, or what is wrong with the passwords.
async fn apply(worker: &Worker, subject: &Subject, change: Change) -> Result<Result<u32, ChangeProblem>, Refusal> {
    let user_id = subject.user_id().clone();
    // An open session must not be a way to guess the password at full speed.
    let guessing = &worker.shared().guessing;
    let pair = guessing::pair(subject.device().device(), user_id.as_str());
    if let Some(seconds) = guessing.wait(&pair, worker.now()) {
        return Ok(Err(ChangeProblem::Throttled(seconds)));
    }
    guessing.wrong(pair.clone(), worker.now());
    let checked = guessing::check(worker, Some(user_id.clone()), change.current).await;
    let Checked { check, place } = checked.inspect_err(|_| guessing.take_back(&pair))?;
    let PasswordCheck::Right { verified, .. } = check else {
        return Ok(Err(ChangeProblem::CurrentWrong));
    };
    guessing.right(&pair);
    let (shared, now) = (worker.share(), worker.now());
    let author = Author::new(Office::User, user_id.as_str());
    let command = Command::ChangePassword { current: verified, new: change.new };
    let executed = tokio::task::spawn_blocking(move || {
        // The new password is hashed in there: in the same place.
        let _place = place;
        shared.registry.execute(command, author, now)
    });
    match executed.await {
        Ok(Ok(executed)) => {
            // Of this change, not of one that may have come right behind it.
            let epoch = executed.changes.iter().find_map(|change| match change {
                Decided::PasswordChanged { epoch, .. } => Some(*epoch),
                _ => None,
            });
            epoch.map(Ok).ok_or(Refusal::Fault)
        }
        Ok(Err(error)) => match problem(&error) {
            Some(problem) => Ok(Err(problem)),
            None => {
                tracing::error!(%error, "a password could not be changed");
                Err(Refusal::RegistryStale)
            }
        },
        Err(error) => {
            tracing::error!(%error, "a password change ended early");
            Err(Refusal::RegistryStale)
        }
    }
}

/// What the user can do something about; none for a fault of ours.
fn problem(error: &RegistryError) -> Option<ChangeProblem> {
    let RegistryError::Refused(Refused { why: Why::Password(fault), .. }) = error else { return None };
    Some(match fault {
        PasswordFault::TooShort => ChangeProblem::TooShort,
        PasswordFault::TooLong => {
            ChangeProblem::TooLong(u32::try_from(registry::PASSWORD_CHARACTERS_MAX).unwrap_or(u32::MAX))
        }
        PasswordFault::Character | PasswordFault::Guessable => ChangeProblem::Known,
        PasswordFault::AboutUser => ChangeProblem::LikeUserId,
        PasswordFault::Same => ChangeProblem::Same,
        PasswordFault::WrongCurrent => ChangeProblem::CurrentWrong,
    })
}
