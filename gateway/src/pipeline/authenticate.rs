//! Session and device make a subject, against the snapshot of this very request.

use http::HeaderValue;
use model::lifecycle::user_id;
use model::{FacilityId, Profession, SerialNumber, SessionId, Timestamp, UserId, UserKey};
use policy::PolicyVersion;
use registry::Snapshot;

use super::route::RecordRequest;
use super::trace::Trace;
use crate::bounds::SESSION_TOUCH_SECONDS;
use crate::judge::Asker;
use crate::refusal::{Refusal, SignInReason};
use crate::session::{self, Session};
use crate::tls::device::VerifiedDevice;
use crate::worker::Worker;

/// Proof: somebody signed in, on a device that stands. What he may do is not said yet.
#[derive(Debug)]
pub struct Subject {
    device: VerifiedDevice,
    user_id: UserId,
    user: UserKey,
    profession: Profession,
    facility: FacilityId,
    session: SessionId,
    credential_epoch: u32,
    session_over: Timestamp,
    refreshed: Option<HeaderValue>,
    state: user_id::State,
}

/// Who turns the pages of a search. A page that was sealed for one opens for no other, nor under other rules.
pub struct PageTurner {
    user_id: UserId,
    serial: SerialNumber,
    session: SessionId,
}

impl PageTurner {
    /// What a page is sealed for.
    #[must_use]
    pub fn under(&self, rules: &PolicyVersion) -> String {
        format!("{} {} {} {rules}", self.user_id, self.serial, self.session)
    }
}

/// Authenticates a record request.
///
/// # Errors
/// No session, one that is over, or a first password that must be changed before anything else; a registry that has
/// been silent for too long.
pub fn authenticate(
    worker: &Worker,
    device: VerifiedDevice,
    request: &RecordRequest,
    trace: &mut Trace,
) -> Result<Subject, Refusal> {
    let subject = subject(worker, device, request.request().headers())?;
    trace.subject(&subject);
    if subject.must_change_password() {
        return Err(Refusal::PasswordChangeRequired);
    }
    Ok(subject)
}

/// The subject behind a session cookie, for the gateway's own pages: the first password may still have to be changed.
/// Not to be had outside this crate, where [`authenticate`] is the only way to a [`Subject`].
///
/// # Errors
/// See [`authenticate`].
pub(crate) fn subject(worker: &Worker, device: VerifiedDevice, headers: &http::HeaderMap) -> Result<Subject, Refusal> {
    worker.registry_is_fresh()?;
    let required = |reason| Refusal::SignInRequired(reason);
    let sealed = session::cookie(headers, session::COOKIE).ok_or(required(SignInReason::NoSession))?;
    let session = worker.sealer().open(sealed).ok_or(required(SignInReason::Ended))?;
    let now = worker.now();
    session.in_time(worker.session_limits(), now).map_err(required)?;
    if session.serial != *device.serial() {
        return Err(required(SignInReason::Ended));
    }
    let snapshot = worker.snapshot();
    if snapshot.session_ended(&session.id) {
        return Err(required(SignInReason::Ended));
    }
    let known = snapshot.user_id(&session.user_id).ok_or(required(SignInReason::Ended))?;
    if known.credential_epoch != session.credential_epoch || known.state == user_id::State::Ended {
        return Err(required(SignInReason::Ended));
    }
    Ok(Subject {
        user_id: session.user_id.clone(),
        user: known.user.clone(),
        profession: known.profession,
        facility: known.facility.clone(),
        session: session.id.clone(),
        credential_epoch: session.credential_epoch,
        session_over: session.over_at(worker.session_limits()),
        state: known.state,
        refreshed: refreshed(worker, session, now),
        device,
    })
}

/// The session's cookie written anew, when its last use is no longer fresh.
fn refreshed(worker: &Worker, mut session: Session, now: Timestamp) -> Option<HeaderValue> {
    if now.millis_since(session.last_used) < SESSION_TOUCH_SECONDS * 1000 {
        return None;
    }
    session.last_used = now;
    // Failing to refresh only makes the session idle earlier.
    worker.sealer().seal(&session).ok().and_then(|sealed| set_cookie(&sealed))
}

/// `Set-Cookie` for a sealed session.
#[must_use]
pub fn set_cookie(sealed: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{}={sealed}; Path=/; Secure; HttpOnly; SameSite=Strict", session::COOKIE)).ok()
}

impl Subject {
    /// Whose pages of a search are turned: this user ID's, on this terminal, in this session.
    #[must_use]
    pub fn turning_pages(&self) -> PageTurner {
        PageTurner { user_id: self.user_id.clone(), serial: *self.device.serial(), session: self.session.clone() }
    }

    /// As whoever asks the policy, at `at`.
    #[must_use]
    pub const fn asking(&self, at: Timestamp) -> Asker<'_> {
        Asker { user_id: &self.user_id, user: &self.user, serial: self.device.serial(), at }
    }

    /// The session and the credential again, in a newer snapshot: somebody may have signed out, or changed the password,
    /// while the request was still arriving.
    ///
    /// # Errors
    /// It does not hold any more.
    pub fn still_stands(&self, snapshot: &Snapshot, now: Timestamp) -> Result<(), Refusal> {
        let same_credential = snapshot
            .user_id(&self.user_id)
            .is_some_and(|known| known.credential_epoch == self.credential_epoch && known.is_live());
        if snapshot.session_ended(&self.session) || self.session_over <= now || !same_credential {
            return Err(Refusal::SignInRequired(SignInReason::Ended));
        }
        Ok(())
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> &VerifiedDevice {
        &self.device
    }

    /// The user ID.
    #[must_use]
    pub const fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// The human being.
    #[must_use]
    pub const fn user(&self) -> &UserKey {
        &self.user
    }

    /// Category of art. 7.
    #[must_use]
    pub const fn profession(&self) -> Profession {
        self.profession
    }

    /// The facility of the user ID.
    #[must_use]
    pub const fn facility(&self) -> &FacilityId {
        &self.facility
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> &SessionId {
        &self.session
    }

    /// Version of the credential signed in with.
    #[must_use]
    pub const fn credential_epoch(&self) -> u32 {
        self.credential_epoch
    }

    /// When the session is over in any case.
    #[must_use]
    pub const fn session_over(&self) -> Timestamp {
        self.session_over
    }

    /// Whether the first password must be changed before anything else (art. 10-3).
    #[must_use]
    pub const fn must_change_password(&self) -> bool {
        matches!(self.state, user_id::State::Granted | user_id::State::GrantedSuspended)
    }

    /// `Set-Cookie` for the answer, when the session was refreshed.
    #[must_use]
    pub const fn refreshed(&self) -> Option<&HeaderValue> {
        self.refreshed.as_ref()
    }
}
