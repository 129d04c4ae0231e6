//! `policy show`: a set of rules to read, or as files to begin a proposal with.

use std::path::Path;

use policy::DecisionPoint;
use serde_json::json;
use workbench::{SCHEMA_FILE, Sources};

use super::activate::{sources_of, unknown};
use super::is_builtin;
use crate::cli::Common;
use crate::cli::policy::PolicyShow;
use crate::error::Error;
use crate::output::Output;
use crate::verbs::Desk;

/// Those built in need no registry: they are read before there is one.
pub(super) fn run(common: &Common, output: Output, verb: &PolicyShow) -> Result<(), Error> {
    let builtin = || DecisionPoint::builtin().map_err(Error::usage).map(|point| point.version().to_string());
    if is_builtin(Path::new(&verb.version)) {
        return show(output, verb, &builtin()?, &Sources::builtin());
    }
    let snapshot = Desk::open(common)?.snapshot();
    match snapshot.rule_set(&verb.version) {
        Some(set) => show(output, verb, &set.version, &sources_of(set)),
        // `policy list` names them by their version too.
        None if builtin()? == verb.version => show(output, verb, &verb.version, &Sources::builtin()),
        None => Err(unknown(&verb.version)),
    }
}

fn show(output: Output, verb: &PolicyShow, version: &str, sources: &Sources) -> Result<(), Error> {
    let schema = (SCHEMA_FILE, sources.schema.as_str());
    let files = sources.files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    if let Some(folder) = &verb.out {
        write(folder, std::iter::once(schema).chain(files))?;
        return output.say(
            format_args!("version {version} lies in {}", folder.display()),
            &json!({ "version": version, "folder": folder.display().to_string() }),
        );
    }
    for (name, text) in std::iter::once(schema).chain(files) {
        output.say(format_args!("// ==== {name}\n{text}"), &json!({ "file": name, "text": text }))?;
    }
    Ok(())
}

/// Into a folder that is made for it: nothing is written over.
fn write<'a>(folder: &Path, files: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), Error> {
    std::fs::create_dir(folder).map_err(Error::file("making", folder))?;
    for (name, text) in files {
        // A name in the registry is somebody's text: it names a file in this folder, and nothing else.
        let plain = Path::new(name).file_name().is_some_and(|file| file == name);
        if !plain {
            return Err(Error::usage(format_args!("`{name}` is no name of a file")));
        }
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(Error::file("writing", &path))?;
    }
    Ok(())
}
