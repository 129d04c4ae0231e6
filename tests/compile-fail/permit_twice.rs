//! A permit is spent once.
use gateway::connection::Client;
use gateway::pipeline::{admit, authenticate, decide, extract, forward, observe, record, release, route, trace::Trace, turns::Weight};
use gateway::refusal::Refusal;
use gateway::worker::Worker;

pub async fn steps(worker: &Worker, client: &Client, request: route::RecordRequest, trace: &mut Trace) -> Result<(), Refusal> {
    let (device, slot) = admit::admit(worker, request.device(worker, client)?, Some(Weight::of(&request)))?;
    let subject = authenticate::authenticate(worker, device, &request, trace)?;
    let slot = slot.for_subject(worker, &subject)?;
    let extracted = extract::extract(worker, &subject, request, trace).await?;
    let permit = decide::decide(worker, client, subject, extracted, trace)?;
    let recorded = record::record(worker, permit, trace).await?;
    let again = record::record(worker, permit, trace).await?;
    let answer = forward::forward(worker, recorded, slot).await?;
    let released = release::release(worker, answer).await?;
    drop(observe::observe(released));
    Ok(())
}
