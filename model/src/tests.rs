//! Tests of the nouns.

use proptest::prelude::*;

use crate::revocation::{Reach, reach, tables, who_may};
use crate::{
    Action, Article, Authorship, Category, Cause, DutyKind, Office, PersonId, Profession, ReasonCode, RecordName,
    SerialDraw, SerialNumber, Target, TeamRole, Timestamp,
};

/// The reviewed text file equals the tables. Run with `UPDATE_TEXTS=1` to write it anew, then review the diff.
#[test]
fn lifecycles_are_as_reviewed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/lifecycles.txt");
    let now = crate::lifecycle::all().to_string();
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), now, "a lifecycle changed: review model/lifecycles.txt");
}

/// The reviewed tables of revocation, likewise.
#[test]
fn revocations_are_as_reviewed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/revocations.txt");
    let now = tables();
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), now, "who may revoke changed: review model/revocations.txt");
}

/// Art. 38-2, 38-3, 29 and 39 in their own words.
#[test]
fn a_lost_terminal_is_reported_by_whoever_is_nearest() {
    for cause in [Cause::Stolen, Cause::Lost] {
        for office in [Office::FacilityAdministrator, Office::CityClerk, Office::CityOfficer, Office::Contractor] {
            assert!(reach(office, cause).is_some(), "{office} {cause}");
        }
        assert_eq!(reach(Office::User, cause), Some(Reach::Own));
        assert!(cause.loses_the_key() && cause.is_to_be_confirmed());
    }
    // Whoever acts in the city's place does so in urgency only, and never because something is worn out.
    for office in [Office::Contractor, Office::System] {
        for cause in Cause::ALL {
            assert!(matches!(reach(office, *cause), None | Some(Reach::Urgent | Reach::Key)), "{office} {cause}");
        }
    }
    assert!(Cause::ALL.iter().all(|cause| reach(Office::Contractor, *cause) != Some(Reach::Key)));
    for cause in Cause::ALL {
        assert!(cause.article().stands(), "{cause}");
        assert_eq!(who_may(*cause).is_empty(), matches!(cause, Cause::Closed | Cause::Renewed), "{cause}");
    }
}

#[test]
fn art_7_has_ten_categories_in_its_order() {
    assert_eq!(Profession::ALL.len(), 10);
    for (index, profession) in Profession::ALL.iter().enumerate() {
        assert_eq!(usize::from(profession.item()), index + 1);
    }
}

#[test]
fn every_word_reads_back() {
    macro_rules! check { ($($kind:ident),+) => { $( for word in $kind::ALL { assert_eq!($kind::parse(word.as_str()), Ok(*word)); } )+ } }
    check!(Action, Authorship, Category, Cause, DutyKind, Office, Profession, ReasonCode, TeamRole);
    assert_eq!(
        Profession::parse("nurze").unwrap_err().to_string().split(';').next(),
        Some("unknown profession `nurze`")
    );
}

#[test]
fn ids_have_one_grammar() {
    assert!(PersonId::new("P-0001").is_ok());
    for bad in ["", "a/b", "a.b", "a b", "é", "a\n", &"x".repeat(65), "%2e", "P_1"] {
        assert!(PersonId::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_record_has_a_kind_and_an_id() {
    for good in ["Observation/o-1", "notes/12", "Binary/a.b"] {
        assert_eq!(RecordName::new(good).unwrap().as_str(), good);
    }
    let long = format!("Observation/{}", "x".repeat(65));
    for bad in [
        "",
        "/",
        "Observation",
        "Observation/",
        "/o-1",
        "a/b/c",
        "a/..",
        "../a",
        "a/b c",
        "a/b\n",
        "é/a",
        "a/%2e",
        &long,
    ] {
        assert!(RecordName::new(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn articles_read_and_write() {
    for text in ["7", "29-1", "39-1-10"] {
        assert_eq!(Article::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Article::parse("39-1-10").unwrap().to_japanese(), "第39条第1項第10号");
    for bad in ["", "0", "42", "29-", "29-0", "1-2-3-4", "x", "+7", "-7"] {
        assert!(Article::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn what_the_regulation_has_is_known() {
    for there in ["1", "41", "10-6", "17-3", "26-3", "29-1", "38-4", "7-1-10", "39-1-12", "5-4-4", "41-2"] {
        assert!(Article::parse(there).unwrap().stands(), "{there}");
    }
    for nowhere in ["29-4", "29-99", "1-2", "10-7", "7-1-11", "39-1-13", "39-2-1", "29-1-1", "12-2"] {
        assert!(!Article::parse(nowhere).unwrap().stands(), "{nowhere}");
    }
}

#[test]
fn times_are_shown_in_japan() {
    let at = Timestamp::parse("2026-11-23T14:05:00.250+09:00").unwrap();
    assert_eq!(at.to_string(), "2026-11-23T05:05:00.250Z");
    assert_eq!(at.to_jst(), "2026-11-23T14:05:00.250+09:00");
    assert_eq!(at.to_jst_minutes(), "2026-11-23 14:05");
    assert_eq!(Timestamp::from_millis(-1).as_seconds(), -1);
    assert!(Timestamp::MIN.to_string().starts_with("0001-01-01"));
    assert!(Timestamp::MAX.to_string().starts_with("9998-12-31"));
    assert!(!Timestamp::MAX.to_jst().is_empty());
}

#[test]
fn serial_numbers_are_those_of_rfc_5280() {
    assert_eq!(SerialNumber::parse("0A:ff").unwrap().octets(), [0x0a, 0xff]);
    assert_eq!(SerialNumber::parse("aff").unwrap().to_string(), "0aff");
    assert!(SerialNumber::from_octets(&[]).is_err());
    assert!(SerialNumber::from_octets(&[0, 0]).is_err());
    assert!(SerialNumber::from_octets(&[0x7f; 20]).is_ok());
    assert!(SerialNumber::from_octets(&[0x80; 20]).is_err());
    assert!(SerialNumber::from_octets(&[1; 21]).is_err());
    assert!(SerialNumber::parse("xyz").is_err());
}

proptest! {
    #[test]
    fn serials_read_back(octets in proptest::collection::vec(any::<u8>(), 1..20)) {
        if let Ok(serial) = SerialNumber::from_octets(&octets) {
            prop_assert_eq!(SerialNumber::parse(&serial.to_string()).unwrap(), serial);
        }
    }

    /// What was drawn and what was sealed come out as they went in, and the number is one of RFC 5280, whatever it is made of.
    #[test]
    fn numbered_serials_come_apart_as_they_were_put_together(epoch: u8, random: [u8; 10], sealed: [u8; 6]) {
        let draw = SerialDraw::new(epoch, random);
        let serial = draw.numbered(sealed);
        prop_assert_eq!(serial.octets().len(), 17);
        prop_assert_eq!(SerialNumber::from_octets(serial.octets()).unwrap(), serial);
        let parts = serial.numbered_parts().unwrap();
        prop_assert_eq!((parts.draw, parts.sealed), (draw, sealed));
        prop_assert!((1..=127).contains(&draw.epoch()));
        // A number of another length, such as those before there were indexes, has no such parts.
        let octets = serial.octets();
        for other in [&octets[..16], &octets[1..], &[&[1], octets].concat()] {
            prop_assert!(SerialNumber::from_octets(other).is_ok_and(|other| other.numbered_parts().is_none()) || other[0] == 0);
        }
    }

    #[test]
    fn times_read_back(millis in Timestamp::MIN.as_millis()..Timestamp::MAX.as_millis()) {
        let at = Timestamp::from_millis(millis);
        prop_assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
    }

    #[test]
    fn targets_read_back(kind in 0_usize..5, id in "[A-Za-z0-9-]{1,64}") {
        let text = format!("{}:{id}", ["user-id", "user", "device", "facility", "person"][kind]);
        prop_assert_eq!(Target::parse(&text).unwrap().to_string(), text);
    }
}
