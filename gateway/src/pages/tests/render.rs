//! What every page must be, whatever is in it.

use std::collections::HashSet;

use super::html::Html;
use super::samples::{self, Words, every_page};
use crate::pages::{Frame, Language, LocalPath, Place, Shown, refused};
use crate::refusal::Refusal;

#[test]
fn every_page_is_well_formed_and_labelled() {
    for language in Language::ALL {
        for (name, page) in every_page(language, &Words::friendly(language)) {
            let html = Html::read(&page);
            let root = &html.elements[0];
            assert_eq!((root.name.as_str(), root.get("lang")), ("html", Some(language.code())), "{name}");
            let titles: Vec<_> = html.all("title").collect();
            assert!(titles.len() == 1 && titles[0].text.split('|').all(|part| !part.trim().is_empty()), "{name}");
            assert_eq!(html.all("h1").count(), 1, "{name}");
            assert!(!html.all("h1").next().unwrap().text.trim().is_empty(), "{name}");
            for landmark in ["header", "nav", "main", "footer"] {
                assert!(html.all(landmark).count() >= 1, "{name}: {landmark}");
            }
            headings_skip_no_level(&name, &html);
            inputs_are_labelled(&name, &html);
            links_lead_somewhere(&name, &html);
        }
    }
}

fn headings_skip_no_level(name: &str, html: &Html) {
    let levels: Vec<u8> =
        html.elements.iter().filter_map(|element| element.name.strip_prefix('h')?.parse().ok()).collect();
    assert_eq!(levels.first(), Some(&1), "{name}");
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{name}: {levels:?}");
}

fn inputs_are_labelled(name: &str, html: &Html) {
    let ids: Vec<&str> = html.elements.iter().filter_map(|element| element.get("id")).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{name}: an id twice");
    for input in html.all("input").filter(|input| input.get("type") != Some("hidden")) {
        let id = input.get("id").unwrap_or_else(|| panic!("{name}: an input without id"));
        let labels: Vec<_> = html.all("label").filter(|label| label.get("for") == Some(id)).collect();
        assert!(labels.len() == 1 && !labels[0].text.trim().is_empty(), "{name}: {id}");
        for described in input.get("aria-describedby").unwrap_or_default().split_whitespace() {
            assert!(ids.contains(&described), "{name}: {id} is described by nothing");
        }
    }
    for form in html.all("form") {
        assert_eq!(form.get("method"), Some("post"), "{name}");
        assert!(html.all("input").any(|input| input.get("name") == Some("form_token")), "{name}");
    }
}

fn links_lead_somewhere(name: &str, html: &Html) {
    for link in html.all("a") {
        let href = link.get("href").unwrap_or_default();
        let inside = href.starts_with('#') && html.elements.iter().any(|element| element.get("id") == href.get(1..));
        assert!(
            inside
                || href.starts_with("tel:")
                || href.starts_with("https://karte.example/2")
                || LocalPath::new(href).is_some(),
            "{name}: {href}"
        );
        assert!(!link.text.trim().is_empty(), "{name}: {href}");
    }
}

#[test]
fn nothing_needs_what_the_content_security_policy_forbids() {
    for (name, page) in every_page(Language::Ja, &Words::friendly(Language::Ja)) {
        let html = Html::read(&page);
        for element in &html.elements {
            assert!(!["script", "style", "img", "iframe", "object", "base"].contains(&element.name.as_str()), "{name}");
            for (attribute, _) in &element.attributes {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}");
            }
        }
    }
}

#[test]
fn japanese_pages_speak_japanese_and_english_pages_english() {
    let names = ["ID", "Sekisho"];
    for (name, page) in every_page(Language::Ja, &Words::friendly(Language::Ja)) {
        for (_, words) in Html::read(&page).words.iter().filter(|(language, _)| language == "ja") {
            let latin = words.split(|c: char| !c.is_ascii_alphabetic()).filter(|run| run.len() >= 2);
            let leaked: Vec<&str> = latin.filter(|run| !names.contains(run)).collect();
            assert!(leaked.is_empty() || words == samples::INCIDENT, "{name}: {words}");
        }
    }
    let is_japanese =
        |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    for (name, page) in every_page(Language::En, &Words::friendly(Language::En)) {
        for (_, words) in Html::read(&page).words.iter().filter(|(language, _)| language == "en") {
            assert!(!words.contains(is_japanese), "{name}: {words}");
        }
    }
}

#[test]
fn no_placeholder_is_left_open() {
    for language in Language::ALL {
        for (name, page) in every_page(language, &Words::friendly(language)) {
            assert!(!page.contains(['{', '}']), "{name}");
        }
    }
}

#[test]
fn hostile_values_are_text_and_nothing_else() {
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></main><h1>",
        "&lt;b&gt; &amp; &#60;",
        "{{ frame.desk }} {$count} {% raw %}",
        "\u{202e}evil\u{202c} \u{2066}a\u{2069} \u{200f}",
        "زينب",
        "a\u{200b}b\u{200d}c\u{feff}d\u{ad}e\u{e0041}",
        "line\nbreak\r\ttab\0nul\u{85}\u{2028}",
    ];
    for language in Language::ALL {
        let friendly: Vec<_> = every_page(language, &Words::friendly(language))
            .into_iter()
            .map(|(_, page)| Html::read(&page).skeleton())
            .collect();
        for text in hostile {
            for ((name, page), skeleton) in every_page(language, &Words::all(text)).into_iter().zip(&friendly) {
                assert_eq!(&Html::read(&page).skeleton(), skeleton, "{name} with {text:?}");
                let hidden = page.chars().find(|c| {
                    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                        || matches!(c, '\u{feff}' | '\u{ad}' | '\u{2028}' | '\u{e0041}' | '\0' | '\r' | '\t' | '\u{85}')
                });
                assert_eq!(hidden, None, "{name} with {text:?}");
            }
        }
    }
}

#[test]
fn values_are_shown_as_they_were_entered() {
    let words = Words::all("<b>\"佐藤\" & 'サトウ'</b>");
    let pages = every_page(Language::Ja, &words);
    for wanted in ["sign-in-0", "home", "history", "outline-2"] {
        let (_, page) = pages.iter().find(|(name, _)| name == wanted).unwrap();
        assert!(Html::read(page).words.iter().any(|(_, text)| *text == words.name), "{wanted}");
    }
}

#[test]
fn invisible_characters_are_written_out_and_variants_of_names_kept() {
    assert_eq!(Shown("a\u{202e}b").to_string(), "a[U+202E]b");
    assert_eq!(Shown("\u{200b}\n").to_string(), "[U+200B][U+000A]");
    assert_eq!(Shown("葛\u{e0100}城").to_string(), "葛\u{e0100}城");
    assert_eq!(Shown(&"あ".repeat(200)).to_string(), "あ".repeat(200));
    assert_eq!(Shown(&"あ".repeat(201)).to_string(), format!("{}…", "あ".repeat(200)));
}

#[test]
fn a_refused_request_never_shows_a_name_in_the_history() {
    use model::{Action, Category, PersonId};

    use crate::pages::{History, HistoryPerson, HistoryRow, Page as _, Shared};

    let desk = desk();
    let frame = frame(&desk, "/.sekisho/history");
    let id = PersonId::new("204").unwrap();
    let page = |shared| {
        let row = HistoryRow {
            at: samples::holiday_afternoon(),
            person: HistoryPerson::Person { id: &id, name: Some(Shown("山田 太郎")) },
            action: Some(Action::Read),
            category: Some(Category::Note),
            shared,
            device: Shown("訪問看護3号機"),
        };
        History { frame: &frame, rows: &[row], older: None, more_on_request: false, newer: None }.html()
    };
    assert!(page(Shared::Done).contains("山田 太郎"));
    assert!(!page(Shared::Refused).contains("山田") && page(Shared::Refused).contains("204"));
    assert!(!page(Shared::BrokenOff).contains("山田"));
}

#[test]
fn refusals_name_rule_and_articles() {
    let desk = desk();
    let frame = frame(&desk, "/fhir/Patient/204");
    let rule = samples::rules().iter().find(|rule| rule.told != policy::Audience::Officer).unwrap();
    let page = refused(&frame, &Refusal::Told(std::sync::Arc::clone(rule)), samples::INCIDENT);
    assert!(page.contains(&rule.text_ja) && page.contains(&format!("規約{}", rule.articles[0].to_japanese())));
    assert!(page.contains(samples::INCIDENT));
}

/// What a rule says about the reader holds on the next page too: a button would lead in a circle.
#[test]
fn whoever_is_suspended_is_led_to_the_telephone_and_nowhere_else() {
    let desk = desk();
    for rule in samples::rules().iter().filter(|rule| rule.told != policy::Audience::Officer) {
        let told = Refusal::Told(std::sync::Arc::clone(rule));
        let page = refused(&frame(&desk, "/.sekisho/sign-in"), &told, samples::INCIDENT);
        let (_, content) = page.split_once("<main").unwrap();
        let (content, _) = content.split_once("</main>").unwrap();
        assert!(content.contains("href=\"tel:0297232111\"") && !content.contains("href=\"/"), "{content}");
    }
}

/// Short enough for the telephone, and whole for copying.
#[test]
fn every_number_to_ask_by_is_shown_twice() {
    for (name, page) in every_page(Language::Ja, &Words::friendly(Language::Ja)) {
        let asked = name.starts_with("refused-") || name.starts_with("help-");
        let html = Html::read(&page);
        let codes: Vec<&str> = html.all("code").map(|code| code.text.as_str()).collect();
        assert_eq!(codes, if asked { vec!["0123 4567", samples::INCIDENT] } else { vec![] }, "{name}");
    }
}

/// The cursor stands where the next thing is to be typed, and nowhere else.
#[test]
fn every_form_to_be_filled_in_has_the_cursor_in_its_first_empty_field() {
    for (name, page) in every_page(Language::Ja, &Words::friendly(Language::Ja)) {
        let html = Html::read(&page);
        let typed: Vec<_> = html
            .all("input")
            .filter(|input| input.get("type") != Some("hidden") && input.get("readonly").is_none())
            .collect();
        let first = typed.iter().position(|input| input.get("value").unwrap_or_default().is_empty());
        let focused: Vec<_> = typed.iter().map(|input| input.get("autofocus").is_some()).collect();
        let wanted: Vec<_> = (0..typed.len()).map(|place| Some(place) == first).collect();
        assert_eq!(focused, wanted, "{name}");
    }
}

#[test]
fn names_lead_to_records_only_where_there_is_an_application_for_them() {
    let pages = every_page(Language::Ja, &Words::friendly(Language::Ja));
    let names = |wanted: &str| {
        let (_, page) = pages.iter().find(|(name, _)| name == wanted).unwrap();
        let html = Html::read(page);
        let persons = html.elements.iter().filter(|element| element.get("class") == Some("person"));
        persons
            .map(|name| (name.name.clone(), name.get("href").map(str::to_owned), name.text.clone()))
            .collect::<Vec<_>>()
    };
    let (with, without) = (names("home"), names("home-without-app"));
    assert_eq!((with.len(), without.len()), (8, 8));
    assert_eq!(with[0], ("a".to_owned(), Some("https://karte.example/201".to_owned()), "佐藤 花子".to_owned()));
    assert_eq!(without[0], ("span".to_owned(), None, "佐藤 花子".to_owned()));
}

#[test]
fn articles_are_cited_as_the_city_does() {
    use model::Article;

    let desk = desk();
    let ja = frame(&desk, "/");
    let en = Frame { language: Language::En, ..ja.clone() };
    let two = [Article::paragraph(29, 1), Article::new(39)];
    assert_eq!(ja.articles(&two), "規約第29条第1項、第39条");
    assert_eq!(en.articles(&two), "Articles 29-1, 39 of the regulation");
    assert_eq!(en.articles(&two[..1]), "Article 29-1 of the regulation");
    assert_eq!((ja.articles(&[]), en.articles(&[])), (String::new(), String::new()));
}

#[test]
fn signing_in_comes_back_to_where_one_was() {
    let desk = desk();
    let frame = frame(&desk, "/fhir/Observation?patient=204&_count=20");
    let refusal = Refusal::SignInRequired(crate::refusal::SignInReason::Idle);
    let page = Html::read(&refused(&frame, &refusal, samples::INCIDENT));
    let wanted = "/.sekisho/sign-in?next=%2Ffhir%2FObservation%3Fpatient%3D204%26_count%3D20";
    assert!(page.all("a").any(|link| link.get("href") == Some(wanted)));
}

#[test]
fn the_desk_says_whether_somebody_answers() {
    let pages = every_page(Language::Ja, &Words::friendly(Language::Ja));
    let (_, closed) = pages.iter().find(|(name, _)| name == "not-found").unwrap();
    assert!(closed.contains("ただいま受付時間外です。") && closed.contains("令和8年11月24日(火) 9:00"));
    let (_, open) = pages.iter().find(|(name, _)| name == "not-found-in-office-hours").unwrap();
    assert!(open.contains("ただいま受付中です。") && !open.contains("受付時間外"));
}

fn desk() -> crate::pages::Desk {
    let phone = |text: &str| crate::pages::Phone(text.to_owned());
    crate::pages::Desk {
        name_ja: "常総市 幸せ長寿課".to_owned(),
        name_en: "Joso City".to_owned(),
        phone: phone("0297-23-2111"),
        loss_phone: phone("0120-000-000"),
    }
}

fn frame<'a>(desk: &'a crate::pages::Desk, path: &str) -> Frame<'a> {
    Frame {
        language: Language::Ja,
        place: Place::Care,
        here: LocalPath::new(path).unwrap(),
        desk,
        now: samples::holiday_afternoon(),
    }
}

/// Writes every page to a folder for looking at: `SEKISHO_PAGES_TO=folder cargo test -p gateway -- --ignored write_pages`.
#[test]
#[ignore = "writes files for people to look at"]
fn write_pages() {
    let folder = std::path::PathBuf::from(std::env::var("SEKISHO_PAGES_TO").expect("SEKISHO_PAGES_TO names a folder"));
    for language in Language::ALL {
        for (name, page) in every_page(language, &Words::friendly(language)) {
            let linked = page.replace("/.sekisho/style.css", "style.css").replace("\"/style.css\"", "\"style.css\"");
            std::fs::write(folder.join(format!("{name}.{}.html", language.code())), linked).unwrap();
        }
    }
    std::fs::write(folder.join("style.css"), crate::pages::STYLE).unwrap();
}
