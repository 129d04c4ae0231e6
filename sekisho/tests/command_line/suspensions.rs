//! Suspensions one by one, and the reports that acts in the city's place oblige to (art. 29, 39).

use crate::support::City;

#[test]
fn one_suspension_is_lifted_and_the_other_stays() {
    let city = City::in_use();
    let permitted = || city.json("explain --user U-1 --person P-1 --category observation")[0]["permitted"] == true;
    let suspend = |reason: &str| {
        let said = city.json(&format!("suspend user-id:U-1 --reason {reason} --article 29-1"));
        said[0]["suspension"].as_u64().unwrap()
    };
    let (one, other) = (suspend("lost"), suspend("misuse"));
    city.json("suspend device:D-1 --reason lost --article 29-1");
    assert_eq!(city.json("suspension list").len(), 3);
    let listed = city.json("suspension list user-id:U-1");
    assert_eq!(listed.iter().map(|line| line["suspension"].as_u64().unwrap()).collect::<Vec<_>>(), [one, other]);
    assert_eq!((&listed[0]["reason"], &listed[0]["by"]), (&"lost".into(), &"city-clerk:clerk".into()));
    city.json("resume device:D-1 --reason found");

    let said = city.say(&format!("resume --suspension {one} --reason found"));
    assert!(said.contains(&format!("suspension {other} stays, until lifted")), "{said}");
    assert!(!permitted());
    assert_eq!(city.json(&format!("resume --suspension {other} --reason heard"))[0]["suspended"], false);
    assert!(permitted());
    assert_eq!(city.json("suspension list").len(), 0);

    assert!(city.refused(&format!("resume --suspension {one} --reason x")).contains("there is no suspension"));
    assert!(city.refused("resume --reason x").contains("required"));
    assert!(city.refused(&format!("resume user-id:U-1 --suspension {one} --reason x")).contains("cannot be used with"));
    assert!(city.refused("suspension list nurse:U-1").contains("names no target"));
}

#[test]
fn the_city_acknowledges_what_was_done_in_its_place() {
    let city = City::at_work();
    assert_eq!(city.json("report list").len(), 0);
    city.json("--as contractor:night suspend user:K-1 --reason misuse --article 39-2");
    city.json("--as contractor:night suspend user-id:U-1 --reason leak --article 29-1");
    city.json("--as contractor:night device return D-1 --because stolen");
    city.json("suspend facility:F-1 --reason review --article 39-2");
    let due = city.json("report list");
    let shown = |line: &serde_json::Value| {
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        format!("{} of {} by {}, art. {}", text("about"), text("of"), text("by"), text("article"))
    };
    assert_eq!(
        due.iter().map(shown).collect::<Vec<_>>(),
        [
            "suspension of user:K-1 by contractor:night, art. 39-3",
            "suspension of user-id:U-1 by contractor:night, art. 29-2",
            "return of device:D-1 by contractor:night, art. 29-2",
        ],
        "the city owes itself none"
    );
    assert!(city.say("check").contains("warning: reports: 3 are due"), "and check says so");

    let first = due[0]["report"].as_u64().unwrap();
    assert!(city.refused(&format!("--as contractor:night report acknowledge {first}")).contains("(art. 29-2)"));
    city.json(&format!("report acknowledge {first}"));
    assert_eq!(city.json("report list").len(), 2);
    assert!(city.refused(&format!("report acknowledge {first}")).contains(&format!("there is no report `{first}`")));
}
