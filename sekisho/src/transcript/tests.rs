use super::*;

fn written(lines: &[&str]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ceremony.txt");
    drop(folder::lock(&path).unwrap());
    for line in lines {
        add(&path, line).unwrap();
    }
    (folder, path)
}

#[test]
fn every_change_of_a_transcript_shows() {
    let (_folder, path) = written(&["one", "two #2", "three", "four"]);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(head(&path).unwrap().0, 4);
    let lines: Vec<&str> = text.lines().collect();
    let with = |changed: Vec<String>| check(&(changed.join("\n") + "\n"));
    let own = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    // A word, an order, a line that is gone from the middle, one that was put in, a last line that is torn.
    assert_eq!(check(&text.replace("three", "three!")), Err(3));
    assert_eq!(with(own(&[lines[0], lines[2], lines[1], lines[3]])), Err(2));
    assert_eq!(with(own(&[lines[0], lines[1], lines[3]])), Err(3));
    assert_eq!(with(own(&[lines[0], lines[1], "put in", lines[2], lines[3]])), Err(3));
    assert_eq!(with(own(&[lines[1], lines[2], lines[3]])), Err(1));
    assert_eq!(check(&text[..text.len() - 1]), Err(4));
    // What was cut off at the end shows only to whoever knows the last hash.
    let cut = with(own(&lines[..3])).unwrap();
    assert_ne!(cut, check(&text).unwrap());
    std::fs::write(&path, text.replace("three", "drei")).unwrap();
    assert!(add(&path, "five").unwrap_err().to_string().contains("line 3"));
}

#[test]
fn lines_of_before_there_were_hashes_are_covered_by_the_first() {
    let (_folder, path) = written(&[]);
    folder::add_line(&path, "2026-11-01 an old line").unwrap();
    assert_eq!(head(&path).unwrap(), (1, None));
    add(&path, "a new one").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(check(&text).unwrap().is_some());
    assert_eq!(check(&text.replace("old", "other")), Err(2));
}
