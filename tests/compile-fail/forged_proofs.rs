//! Proofs cannot be made by hand.
use gateway::pipeline::admit::Slot;
use gateway::pipeline::decide::Permit;
use gateway::pipeline::extract::Extracted;
use gateway::pipeline::record::Recorded;

pub fn permit(extracted: Extracted) -> Permit {
    Permit { touches: extracted.touches, request: extracted.request }
}

pub fn recorded(permit: Permit) -> Recorded<Permit> {
    Recorded { permit }
}

pub fn slot() -> Slot {
    Slot {}
}
