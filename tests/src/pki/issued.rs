//! What our authority writes has the form that the gateway asks for, whatever key a terminal brings.

use gateway::tls::profile::{Origin, Usage, check, check_authority, check_for};
use model::{DeviceId, Timestamp};

use crate::world::Authority;

#[test]
fn what_the_authority_writes_is_in_form_and_for_clients_only() {
    let authority = Authority::new(Timestamp::parse("2026-04-01T00:00:00Z").unwrap());
    let (issued, _) =
        authority.sign(&DeviceId::new("D-1").unwrap(), Timestamp::parse("2026-05-01T00:00:00Z").unwrap(), 180);
    check(issued.der(), Origin::Ours).unwrap();
    // By the book too; as a server's it passes only because ours are never asked what for.
    check(issued.der(), Origin::External).unwrap();
    check_for(issued.der(), Origin::External, Usage::Server).unwrap_err();
    check_authority(issued.der()).unwrap_err();
    check_authority(&authority.devices_der()).unwrap();
    check(&authority.devices_der(), Origin::Ours).unwrap_err();
}

#[test]
fn no_octet_of_it_can_be_cut_off() {
    let authority = Authority::new(Timestamp::parse("2026-04-01T00:00:00Z").unwrap());
    let (issued, _) =
        authority.sign(&DeviceId::new("D-1").unwrap(), Timestamp::parse("2026-05-01T00:00:00Z").unwrap(), 180);
    let whole = issued.der();
    for end in 0..whole.len() {
        check(&whole[..end], Origin::Ours).unwrap_err();
    }
    let longer = [whole, &[0]].concat();
    check(&longer, Origin::Ours).unwrap_err();
}
