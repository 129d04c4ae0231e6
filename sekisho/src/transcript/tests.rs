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
    assert_eq!(Transcript::read(&path).unwrap().count(), 4);
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
    let read = Transcript::read(&path).unwrap();
    assert_eq!((read.count(), read.head()), (1, None));
    add(&path, "a new one").unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(check(&text).unwrap().is_some());
    assert_eq!(check(&text.replace("old", "other")), Err(2));
}

#[test]
fn copies_are_beginnings_and_a_fork_shows() {
    let (_one, path) = written(&["one", "two", "three"]);
    let whole = Transcript::read(&path).unwrap();
    let lines: Vec<&str> = whole.text().lines().collect();
    let at = tempfile::tempdir().unwrap();
    let copy = |name: &str, lines: &[&str], more: Option<&str>| {
        let path = at.path().join(name);
        drop(folder::lock(&path).unwrap());
        lines.iter().for_each(|line| folder::add_line(&path, line).unwrap());
        more.iter().for_each(|words| add(&path, words).unwrap());
        Transcript::read(&path).unwrap()
    };
    let behind = copy("behind", &lines[..2], None);
    assert_eq!((whole.continues(&behind).unwrap(), whole.continues(&whole).unwrap()), (1, 0));
    assert!(behind.continues(&whole).unwrap_err().to_string().contains("has 1 lines that are not in"));
    let fork = copy("fork", &lines[..2], Some("another third"));
    for pair in [(&whole, &fork), (&fork, &whole)] {
        assert!(pair.0.continues(pair.1).unwrap_err().to_string().contains("part after line 2"));
    }
    // What a witness wrote down a year ago is found, and what was cut off is not.
    assert_eq!((whole.after(behind.head().unwrap()), whole.after(whole.head().unwrap())), (Some(1), Some(0)));
    assert_eq!((behind.after(whole.head().unwrap()), whole.after(fork.head().unwrap())), (None, None));
    assert_eq!(whole.lines().collect::<Vec<_>>(), ["one", "two", "three"]);
    let nothing = copy("nothing", &[], None);
    assert!(Transcript::read_begun(&nothing.path).unwrap_err().to_string().contains("is empty"));
}
