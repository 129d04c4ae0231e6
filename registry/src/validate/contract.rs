//! Contracts, and that the contractor acts inside one only (art. 4-2, 4-3).

use model::{Article, Office, Timestamp};

use super::Draft;
use crate::bounds::CONTRACTS_MAX;
use crate::change::Change;
use crate::refused::{Refused, Why};
use crate::state::{Contract, ContractId};

/// Whoever acts as contractor does so under a contract that is in force now. Where none is on record, nobody does.
pub(super) fn covers_the_author(d: &Draft) -> Result<(), Refused> {
    let outside = d.act.by.office == Office::Contractor && !d.next.contracts().any(|one| one.holds_at(d.at()));
    if outside {
        let why = Why::Condition("no contract with a contractor is in force".to_owned());
        return Err(d.refused_by(Article::paragraph(4, 3), why));
    }
    Ok(())
}

pub(super) fn enter(d: &mut Draft, contractor: &str, from: Timestamp, until: Timestamp) -> Result<(), Refused> {
    d.name("the contractor's name", contractor)?;
    d.require(from < until, || Why::Time("the contract ends before it begins"))?;
    d.require(d.at() < until, || Why::Time("the contract is over already"))?;
    let (what, max) = ("contracts", CONTRACTS_MAX);
    d.require(d.next.contracts().count() < max, || Why::Full { what, max })?;
    let (id, contractor, entered_by) = (ContractId::new(d.number()), contractor.to_owned(), d.act.by.clone());
    d.push(Change::ContractEntered { contract: Contract { id, contractor, from, until, entered_by, ended: None } })
}

pub(super) fn end(d: &mut Draft, contract: ContractId, reason: &str) -> Result<(), Refused> {
    d.reason(reason)?;
    d.push(Change::ContractEnded { contract, reason: reason.to_owned() })
}
