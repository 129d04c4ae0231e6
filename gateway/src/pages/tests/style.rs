//! The style sheet: loads nothing, knows the classes of the templates and no others, keeps contrast.

use std::collections::{BTreeMap, BTreeSet};

use crate::pages::STYLE;

#[test]
fn nothing_is_loaded() {
    for word in ["url(", "@import", "@font-face", "expression("] {
        assert!(!STYLE.contains(word), "{word}");
    }
}

#[test]
fn classes_of_templates_and_style_agree() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut used: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for piece in text.split("class=\"").skip(1) {
            used.extend(piece.split('"').next().unwrap().split_whitespace().map(str::to_owned));
        }
    }
    let mut styled: BTreeSet<String> = BTreeSet::new();
    let rules = STYLE.split_once("*/").unwrap().1;
    for piece in rules.split('.').skip(1) {
        let name: String = piece.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        if !name.is_empty() {
            styled.insert(name);
        }
    }
    let unstyled: Vec<_> = used.difference(&styled).collect();
    assert!(unstyled.is_empty(), "{unstyled:?}");
    let idle: Vec<_> = styled.difference(&used).collect();
    assert!(idle.is_empty(), "{idle:?}");
}

/// WCAG 2.2, 1.4.3: at least 4.5 to 1 for text.
#[test]
fn text_stands_out_from_its_ground() {
    let tokens: BTreeMap<&str, [f64; 3]> = STYLE
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--color-")?.split_once(": #"))
        .map(|(name, hex)| {
            let hex = u32::from_str_radix(hex.trim_end_matches(';'), 16).unwrap();
            (name, [16, 8, 0].map(|shift| f64::from((hex >> shift) & 0xff) / 255.0))
        })
        .collect();
    let light = |name: &str| {
        let [red, green, blue] =
            tokens[name].map(|part| if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    for (text, ground) in [
        ("neutral-solid-gray-900", "neutral-white"),
        ("neutral-solid-gray-900", "neutral-solid-gray-50"),
        ("neutral-solid-gray-900", "primitive-yellow-50"),
        ("neutral-solid-gray-900", "primitive-blue-50"),
        ("neutral-solid-gray-900", "primitive-green-50"),
        ("neutral-solid-gray-700", "neutral-white"),
        ("neutral-solid-gray-700", "neutral-solid-gray-50"),
        ("neutral-solid-gray-700", "primitive-yellow-50"),
        ("primitive-blue-900", "neutral-white"),
        ("primitive-blue-900", "neutral-solid-gray-50"),
        ("primitive-blue-1000", "primitive-blue-50"),
        ("primitive-magenta-900", "neutral-white"),
        ("primitive-red-900", "primitive-red-50"),
        ("primitive-green-900", "neutral-solid-gray-50"),
        ("neutral-white", "primitive-blue-900"),
        ("neutral-white", "primitive-blue-1000"),
        ("neutral-white", "primitive-blue-1200"),
    ] {
        let (a, b) = (light(text), light(ground));
        let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
        assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
    }
}
