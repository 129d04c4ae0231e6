#!/usr/bin/env python3
"""Makes advisories.tsv anew from a copy of the RustSec advisory database: make.py FOLDER DATE > advisories.tsv"""
import pathlib
import sys
import tomllib

folder, date = pathlib.Path(sys.argv[1]), sys.argv[2]
print(f"# RustSec advisory database as of {date}: what locked versions are held against. See README.md.")
print("# id\tpackage\tkind\tpatched\tunaffected")
rows = []
for path in folder.glob("crates/*/RUSTSEC-*.md"):
    head = path.read_text(encoding="utf-8").split("```toml", 1)[1].split("```", 1)[0]
    read = tomllib.loads(head)
    advisory, versions = read["advisory"], read.get("versions", {})
    if "withdrawn" in advisory:
        continue
    ranges = ["|".join(versions.get(which, [])) for which in ("patched", "unaffected")]
    rows.append((advisory["id"], advisory["package"], advisory.get("informational", "vulnerability").strip(), *ranges))
for row in sorted(rows):
    print("\t".join(row))
