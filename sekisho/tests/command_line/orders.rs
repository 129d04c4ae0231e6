//! What officers order and enter: deletion orders (art. 17-2, 19-2), duties (art. 18), contracts (art. 4), break-glass (art.
//! 41).

use crate::support::City;

/// So far ahead, from the binary's own clock.
fn ahead(city: &City, seconds: i64) -> String {
    let asked = city.json("explain --user U-1 --person P-1 --category note");
    let now = model::Timestamp::parse(asked[0]["at"].as_str().unwrap()).unwrap();
    now.plus_seconds(seconds).to_string()
}

fn permitted(city: &City, words: &str) -> bool {
    city.json(&format!("explain --person P-1 {words}"))[0]["permitted"] == true
}

#[test]
fn two_officers_order_a_deletion_and_one_user_id_may_carry_it_out() {
    let city = City::in_use();
    let until = ahead(&city, 86_400);
    let order = format!(
        "--as city-officer:Ito deletion order P-1 --record Observation/o-1 --executor U-1 --until {until} --reason asked"
    );
    assert!(city.refused(&order.replace("city-officer:Ito", "city-clerk:Abe")).contains("(art. 19-2)"));
    assert!(city.refused(&order.replace("Observation/o-1", "Observation")).contains("names no record"));
    let number = city.json(&order)[0]["order"].as_u64().unwrap();
    let delete = |record: &str| {
        permitted(&city, &format!("--user U-1 --action delete --category observation --record {record}"))
    };
    assert!(!delete("Observation/o-1"));
    let approve = |who: &str| format!("--as city-officer:{who} deletion approve {number}");
    assert!(city.refused(&approve("ito")).contains("needs a second city officer"));
    assert!(city.say(&approve("Mori")).contains("approved by city-officer:Mori"));
    assert!(delete("Observation/o-1") && !delete("Observation/o-2"));
    let listed = &city.json("deletion list P-1")[0];
    assert_eq!((&listed["state"], &listed["in_force"]), (&"approved".into(), &true.into()));
    assert_eq!(
        (&listed["ordered_by"], &listed["approved_by"]),
        (&"city-officer:Ito".into(), &"city-officer:Mori".into())
    );
    assert!(city.say("deletion list").contains("Observation/o-1 of P-1  by U-1"));
    city.json(&format!("--as city-officer:Ito deletion cancel {number} --reason mistake"));
    assert!(!delete("Observation/o-1"));
    let said = city.say("registry log --person P-1 --limit 3");
    for act in ["cancel-deletion", "approve-deletion", "order-deletion"] {
        assert!(said.contains(act), "{said}");
    }
}

/// An order about what cannot be there would stand open until its end, and two officers would think it was given.
#[test]
fn a_deletion_is_ordered_of_what_can_be_there() {
    let city = City::in_use();
    let until = ahead(&city, 86_400);
    let order = |person: &str, record: &str| {
        format!(
            "--as city-officer:Ito deletion order {person} --record {record} --executor U-1 --until {until} --reason asked"
        )
    };
    for (record, says) in [
        (
            "Observatoin/o-1",
            "is no type of FHIR R4; allowed are the types of FHIR that are served, such as `Observation`",
        ),
        ("Practitioner/K-1", "directory"),
        ("Observation/o.1", "letters, digits and - are"),
        ("notes.entry/e-1", "no route map has a route that removes a `notes.entry`"),
        ("Patient/P-2", "another person than `P-1`"),
    ] {
        let said = city.refused(&order("P-1", record));
        assert!(said.contains(says), "{record}: {said}");
    }
    assert!(city.refused(&order("P-9", "Observation/o-1")).contains("no person `P-9`"));
    assert!(city.json("deletion list").is_empty());
    // Where a map names it.
    let map = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/maps/notes.toml");
    let settings = std::fs::read_to_string(city.path("sekisho.toml")).unwrap();
    let listed = format!("{settings}\n[[store.maps]]\nfile = {map:?}\n");
    std::fs::write(city.path("sekisho.toml"), listed).unwrap();
    assert!(city.refused(&order("P-1", "notes.entyr/e-1")).contains("and of the route maps `notes.entry`"));
    assert_eq!(city.json(&order("P-1", "notes.entry/e-0001-01")).len(), 1);
}

#[test]
fn a_roster_is_entered_by_the_facility_and_ends() {
    let city = City::in_use();
    city.json("user add --id K-2 --name Ono --facility F-1 --profession nurse --user-id U-2");
    let until = ahead(&city, 12 * 3600);
    let enter = format!("duty enter K-2 --facility F-1 --until {until}");
    assert!(city.refused(&format!("--as facility-administrator:K-8 {enter}")).contains("may not do this to facility"));
    let entered = &city.json(&format!("--as facility-administrator:K-9 {enter}"))[0];
    assert_eq!((&entered["kind"], &entered["now"]), (&"on-duty".into(), &true.into()));
    assert!(city.refused("duty enter K-2 --facility F-1").contains("31 days at most"));
    assert!(
        city.refused("--as facility-administrator:K-9 duty enter K-2 --facility F-1 --kind manager")
            .contains("the city")
    );
    assert_eq!(city.json("duty list --facility F-1").len(), 1);
    let why = city.say("explain --user U-2 --device D-1 --person P-1 --category note");
    assert!(why.contains("P01-team-reads"), "all that is missing is the first password: {why}");
    city.json(&format!("duty end {}", entered["duty"]));
    assert_eq!(city.json("duty list").len(), 0);
}

/// Art. 4-3: the contractor acts inside its contract, and outside it not even to stop something.
#[test]
fn the_contractor_acts_inside_its_contract_only() {
    let city = City::at_work();
    let suspend = "--as contractor:night suspend user-id:U-1 --reason leak --article 29-1";
    let contract = city.json("contract list")[0]["contract"].as_u64().unwrap();
    city.json(suspend);
    city.json(&format!("--as city-officer:Ito contract end {contract} --reason breach"));
    assert_eq!(city.json("contract list")[0]["in_force"], false);
    let refused = city.refused(suspend);
    assert!(refused.contains("no contract with a contractor is in force (art. 4-3)"), "{refused}");
    assert!(city.refused("contract enter Works --until 2099-04-01T00:00:00+09:00").contains("(art. 4-2)"));
}

/// Art. 41: off, and two officers or none.
#[test]
fn break_glass_is_off() {
    let city = City::new();
    assert_eq!(city.json("break-glass status")[0]["break_glass"], "off");
    assert!(city.refused("break-glass propose --rule X").contains("(art. 41-1)"), "a clerk");
    assert!(city.refused("--as city-officer:Ito break-glass issue").contains("no rule has been entered"));
    assert_eq!(city.json("--as city-officer:Ito break-glass propose --rule R-1")[0]["break_glass"], "proposed");
    assert!(city.refused("--as city-officer:ITO break-glass issue").contains("needs a second city officer"));
    assert_eq!(city.json("--as city-officer:Mori break-glass withdraw --reason no")[0]["break_glass"], "off");
    assert!(city.json("break-glass list").is_empty());
}

#[test]
fn explain_asks_whose_the_record_is_and_what_it_is_labelled() {
    let city = City::in_use();
    let update = |more: &str| permitted(&city, &format!("--user U-1 --action update --category note {more}"));
    assert!(!update("--author-is unknown") && !update("--author-is other") && update("--author-is own"));
    let said = city.say("explain --user U-1 --person P-1 --action update --category note");
    assert!(said.contains("would be permitted if the user had written the record himself"), "{said}");
    assert!(permitted(&city, "--user U-1 --category condition --sensitive"), "a nurse treats");
    assert!(city.refused("explain --user U-1 --person P-1 --author-is mine").contains("unknown authorship"));
}
