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

pub fn others() {
    let _ = gateway::tls::device::VerifiedDevice {};
    let _ = gateway::pipeline::admit::DeviceSlot {};
    let _ = gateway::pipeline::authenticate::Subject {};
    let _ = gateway::pipeline::route::RecordRequest {};
    let _ = gateway::pipeline::forward::Answer {};
    let _ = gateway::pipeline::release::Released {};
}
