//! `explain` of a user who is new: what is missing, and what the office does next.

use serde_json::Value;

use crate::support::City;

/// A facility with a nurse who has a user ID and nothing else, and a person without a form.
fn with_a_newcomer() -> City {
    let city = City::new();
    city.json(
        "facility add --id F-1 --name Station --kind nursing-station --administrator K-9 --administrator-name Ono",
    );
    city.json("facility approve F-1 --reason complete");
    city.json("--as city-officer:Kudo contract enter Works --until 2099-04-01T00:00:00+09:00");
    city.json("user add --id K-1 --name Sato --facility F-1 --profession nurse --user-id U-1");
    city.json("person add --id P-1 --name Saito --municipality Test --area honcho");
    city
}

/// What is to be done, in English.
fn next(answer: &Value) -> Vec<&str> {
    answer["next"].as_array().unwrap().iter().map(|step| step["text_en"].as_str().unwrap()).collect()
}

/// One after the other: each step that is done is asked for no longer.
#[test]
fn what_is_missing_is_named_with_the_line_that_does_it() {
    let city = with_a_newcomer();
    let ask = "explain --user U-1 --person P-1 --category note";
    let said = city.say(ask);
    for word in ["拒否", "貸与端末がありません", "次に：", "denied", "the user holds no device", "next: "]
    {
        assert!(said.contains(word), "{word}: {said}");
    }
    let answer = city.json(ask).remove(0);
    assert_eq!((answer["permitted"].as_bool(), answer["device"].is_null()), (Some(false), true));
    let wanted = [
        "sekisho device add --facility F-1 --holder K-1",
        "changes the first password (art. 10-3), which nobody else can do",
        "sekisho consent give P-1",
        "sekisho team join P-1 K-1 --facility F-1",
    ];
    let steps = next(&answer);
    assert_eq!(steps.len(), wanted.len(), "{steps:#?}");
    assert!(steps.iter().zip(wanted).all(|(step, wanted)| step.contains(wanted)), "{steps:#?}");
    assert!(steps[3].contains("sekisho duty enter K-1 --facility F-1 --until TIME"), "{steps:#?}");
    // By the key of the user, about all that is a person's, and about nobody.
    assert!(city.say("explain --user K-1 --person P-1").contains("U-1, read records of P-1"));
    assert_eq!(next(&city.json("explain --user U-1")[0]).len(), 2, "the directory takes no team and no form");

    let out = city.path(".").display().to_string();
    city.json(&format!("device add --id D-1 --facility F-1 --holder K-1 --label Tablet --out {out}"));
    assert!(city.refused(&format!("{ask} --device D-9")).contains("no device `D-9`"));
    let answer = city.json(ask).remove(0);
    assert_eq!(answer["device"], "D-1");
    let steps = next(&answer);
    assert!(steps.len() == 3 && steps[0].contains("first password"), "{steps:#?}");
    city.json("consent give P-1");
    assert_eq!(next(&city.json(ask)[0]).len(), 2);
    city.json("team join P-1 K-1 --facility F-1");
    let said = city.say(ask);
    assert!(said.contains("sekisho user replace-id U-1") && !said.contains("team join"), "{said}");
    // Of every category at once it stands once, below the last.
    let said = city.say("explain --user U-1 --person P-1");
    assert_eq!((said.matches("next: ").count(), said.matches("次に：").count()), (1, 1), "{said}");
    assert!(said.lines().last().unwrap().contains("next: the user signs in"), "{said}");
}

/// Who has all of it hears of nothing to do; who has left hears what would be.
#[test]
fn a_user_in_use_has_nothing_to_do() {
    let city = City::in_use();
    let ask = "explain --user U-1 --person P-1 --category note";
    assert_eq!(next(&city.json(ask)[0]), Vec::<&str>::new());
    // No step makes a nurse's deletion right: that takes an order.
    assert_eq!(next(&city.json(&ask.replace("note", "note --action delete"))[0]), Vec::<&str>::new());
    // Nobody is told to ask again for a consent that was withdrawn.
    city.json("consent withdraw P-1 --reason asked");
    let answer = city.json(ask).remove(0);
    assert_eq!((answer["permitted"].as_bool(), next(&answer)), (Some(false), Vec::new()));
    assert!(city.say("device return D-1 --because returned").contains("device D-1 is back"));
    let answer = city.json(ask).remove(0);
    assert!(next(&answer)[0].contains("sekisho device add"), "it was given back: {answer}");
    city.json("user end-id U-1 --reason left");
    let answer = city.json(ask).remove(0);
    let steps = next(&answer).join("\n");
    assert!(steps.contains("sekisho user grant K-1 --facility F-1 --profession nurse"), "{answer}");
}
