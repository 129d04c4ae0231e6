//! Suspensions (art. 29, 39-2) and the reports they oblige to (art. 29-2, 39-3).

use model::lifecycle::{facility, user_id};
use model::{Article, Office, Target, Timestamp};

use super::Draft;
use crate::bounds::SUSPENSIONS_PER_TARGET_MAX;
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Report, ReportId, ReportSubject, Suspension, SuspensionEnd, SuspensionId};

pub(super) fn suspend(
    d: &mut Draft,
    target: &Target,
    reason: &str,
    article: Article,
    until: Option<Timestamp>,
) -> Result<(), Refused> {
    d.reason(reason)?;
    d.require(until.is_none_or(|until| d.at() < until), || Why::Time("the suspension is over already"))?;
    d.require(article.stands(), || Why::Condition(format!("the regulation has no article {article}")))?;
    // Every automatic act has an end (promise P11).
    let endless = d.act.by.office == Office::System && until.is_none();
    d.require(!endless, || Why::Time("the machine must say when its suspension ends"))?;
    may_be_suspended(d, target)?;
    let (what, max) = ("suspensions of this target", SUSPENSIONS_PER_TARGET_MAX);
    d.require(d.next.suspensions_of(target).count() < max, || Why::Full { what, max })?;
    let suspension = Suspension {
        id: SuspensionId::new(d.number()),
        target: target.clone(),
        reason: reason.to_owned(),
        article,
        author: d.act.by.clone(),
        since: d.at(),
        until,
    };
    d.push(Change::Suspended { suspension })?;
    move_along(d, target)?;
    let owing = [Office::Contractor, Office::System, Office::FacilityAdministrator];
    report(d, ReportSubject::Suspension(target.clone()), &owing)
}

/// The target is there and has not ended; a facility administrator suspends user IDs and devices of his own facility.
fn may_be_suspended(d: &Draft, target: &Target) -> Result<(), Refused> {
    let ended = |what: &str| d.refused(Why::Condition(format!("{what} has ended")));
    let facility = match target {
        Target::UserId(id) => {
            let known = d.next.user_id(id).ok_or_else(|| d.not_known("user ID", id))?;
            Some((&known.facility, known.is_live()))
        }
        Target::Device(id) => {
            let known = d.next.device(id).ok_or_else(|| d.not_known("device", id))?;
            Some((&known.facility, known.returned_at.is_none()))
        }
        Target::User(key) => d.next.user(key).map(|_| None).ok_or_else(|| d.not_known("user", key))?,
        Target::Person(id) => d.next.person(id).map(|_| None).ok_or_else(|| d.not_known("person", id))?,
        // Whether it may be is its lifecycle's to say.
        Target::Facility(id) => d.next.facility(id).map(|_| None).ok_or_else(|| d.not_known("facility", id))?,
    };
    match facility {
        Some((_, false)) => Err(ended(&format!("`{target}`"))),
        Some((facility, true)) => d.own_facility(facility),
        None if d.act.by.office == Office::FacilityAdministrator => Err(d.not_theirs(format!("`{target}`"))),
        None => Ok(()),
    }
}

/// The lifecycle of a user ID or facility goes along with its first suspension.
fn move_along(d: &mut Draft, target: &Target) -> Result<(), Refused> {
    match target {
        Target::UserId(id) => {
            let state = d.next.user_id(id).map(|known| known.state);
            if matches!(state, Some(user_id::State::Suspended | user_id::State::GrantedSuspended)) {
                return Ok(());
            }
            d.push(Change::UserIdMoved { user_id: id.clone(), event: user_id::Event::Suspend, reason: None })
        }
        Target::Facility(id) => {
            if d.next.facility(id).is_some_and(|known| known.state == facility::State::Suspended) {
                return Ok(());
            }
            d.push(Change::FacilityMoved { facility: id.clone(), event: facility::Event::Suspend, reason: None })
        }
        Target::User(_) | Target::Device(_) | Target::Person(_) => Ok(()),
    }
}

pub(super) fn lift(d: &mut Draft, target: &Target, which: Option<SuspensionId>, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    let chosen = d.next.suspensions_of(target).filter(|one| which.is_none_or(|which| one.id == which));
    let ids: Vec<_> = chosen.map(|suspension| suspension.id).collect();
    d.require(!ids.is_empty(), || Why::Condition(format!("`{target}` is not suspended so")))?;
    for suspension in ids {
        let (end, reason) = (SuspensionEnd::Lifted, Some(reason.to_owned()));
        d.push(Change::SuspensionEnded { suspension, target: target.clone(), end, reason })?;
    }
    settle(d, target)
}

/// Ends the suspensions of a target whose time is over, and lets it go on when none is left.
pub(super) fn settle(d: &mut Draft, target: &Target) -> Result<(), Refused> {
    let at = d.at();
    let over = d.next.suspensions_of(target).filter(|suspension| !suspension.holds_at(at));
    let ids: Vec<_> = over.map(|suspension| suspension.id).collect();
    for suspension in ids {
        let (target, end) = (target.clone(), SuspensionEnd::Expired);
        d.push(Change::SuspensionEnded { suspension, target, end, reason: None })?;
    }
    if d.next.suspensions_of(target).next().is_some() {
        return Ok(());
    }
    match target {
        Target::UserId(id) => {
            let state = d.next.user_id(id).map(|known| known.state);
            if !matches!(state, Some(user_id::State::Suspended | user_id::State::GrantedSuspended)) {
                return Ok(());
            }
            d.push(Change::UserIdMoved { user_id: id.clone(), event: user_id::Event::Resume, reason: None })
        }
        Target::Facility(id) => {
            if d.next.facility(id).is_none_or(|known| known.state != facility::State::Suspended) {
                return Ok(());
            }
            d.push(Change::FacilityMoved { facility: id.clone(), event: facility::Event::Resume, reason: None })
        }
        Target::User(_) | Target::Device(_) | Target::Person(_) => Ok(()),
    }
}

/// Whoever acts in the city's place owes it a report, in the same entry as the act (art. 10-5, 29-2, 39-3).
pub(super) fn report(d: &mut Draft, about: ReportSubject, owing: &[Office]) -> Result<(), Refused> {
    if !owing.contains(&d.act.by.office) {
        return Ok(());
    }
    let article = match (&about, d.act.by.office) {
        (_, Office::FacilityAdministrator) => Article::paragraph(10, 5),
        (ReportSubject::Suspension(Target::User(_)), _) => Article::paragraph(39, 3),
        _ => Article::paragraph(29, 2),
    };
    report_under(d, about, article)
}

/// The same, under this article.
pub(super) fn report_under(d: &mut Draft, about: ReportSubject, article: Article) -> Result<(), Refused> {
    let id = ReportId::new(d.number());
    let report = Report { id, about, article, author: d.act.by.clone(), since: d.at() };
    d.push(Change::ReportDue { report })
}
