#!/usr/bin/env python3
"""Makes seed.ndjson and notes.ndjson (the store's side) and city.json (the registry's side).

    pip install clinosim==0.6.5
    ./generate.py                         the small set, into this folder
    ./generate.py --check                 makes it again elsewhere and compares every byte
    ./generate.py --persons 2000 --output DIR [--records-each 200]   a larger set

Measurements, medicines and documents come from clinosim (MIT licence), a simulator: nobody in them lives. They are mapped
to the types and ids that the store serves; facilities, teams, consents and notes are ours (city.py). Same arguments, same
bytes: the simulated year ends on a fixed day, and every choice below follows from the seed.
"""

import argparse
import base64
import hashlib
import json
import random
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import city

SEED = 42
POPULATION = 60
LAST_DAY = "2026-11-20"
HERE = Path(__file__).resolve().parent
SMALL_PERSONS = len(city.STORIES)
BROKEN = ["truncated", "foreign", "swapped", "json", "contenttype", "hang", "close", "500", "look-up", "outcome", "redirect",
          "content-location", "duplicate", "trailing", "deep", "huge", "history"]
JAPAN_CORE = "http://jpfhir.jp/fhir/core/StructureDefinition/"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", type=int, default=SMALL_PERSONS, help="how many persons, besides the test person")
    parser.add_argument("--records-each", type=int, default=40, help="observations of each person at most")
    parser.add_argument("--output", type=Path, default=HERE)
    parser.add_argument("--simulated", type=Path, help="output of an earlier run of clinosim, to save its time")
    parser.add_argument("--check", action="store_true", help="compare with what lies in this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        simulated = arguments.simulated or simulate(Path(scratch) / "out")
        made = generate(simulated, arguments.persons, arguments.records_each)
    if arguments.check:
        different = [name for name, text in made.items() if (HERE / name).read_bytes() != text.encode()]
        sys.exit(f"different: {', '.join(different)}" if different else 0)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (arguments.output / name).write_bytes(text.encode())
        print(f"{arguments.output / name}: {len(text.encode()):,} bytes")


def simulate(output):
    command = ["clinosim", "simulate", "--country", "JP", "--population", str(POPULATION), "--seed", str(SEED), "--end", LAST_DAY,
               "--output", str(output), "--format", "fhir-r4", "--allow-legacy"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return output


def generate(simulated, persons, records_each):
    source = Source(simulated)
    registry = registry_side(source, persons)
    resources = list(directory())
    for number, person in enumerate(registry["persons"]):
        resources += records_of(registry, person, source.of(number), records_each)
    resources += misbehaving()
    for number, person in enumerate(registry["persons"]):
        resources += further_records_of(registry, person, source.of(number)[1], resources)
    resources.append({"resourceType": "Questionnaire", "id": "zarit-8", "status": "active", "title": "介護負担尺度(8項目)"})
    ids = [(resource["resourceType"], resource["id"]) for resource in resources]
    assert len(ids) == len(set(ids)), "an id is used twice"
    seed = "".join(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n" for resource in resources)
    entries = [entry for person in registry["persons"] for entry in entries_of(registry, person)] + misbehaving_entries()
    notes = "".join(json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in entries)
    return {"seed.ndjson": seed, "notes.ndjson": notes, "city.json": json.dumps(registry, ensure_ascii=False, indent=1) + "\n"}


class Source:
    """What clinosim made, by patient: the older people, as home care has them."""

    def __init__(self, folder):
        folder = folder / "fhir_r4"
        read = lambda name: [json.loads(line) for line in (folder / f"{name}.ndjson").open(encoding="utf-8")]
        alive = [p for p in read("Patient") if p["birthDate"] < "1967" and "deceasedDateTime" not in p and len(p["name"]) > 1]
        self.patients = sorted(alive, key=lambda patient: patient["id"])
        self.records = {patient["id"]: {} for patient in self.patients}
        for name in ("Observation", "MedicationRequest", "DocumentReference", "Condition"):
            for resource in read(name):
                of = self.records.get(resource["subject"]["reference"].removeprefix("Patient/"))
                if of is not None:
                    of.setdefault(name, []).append(resource)

    def of(self, number):
        """Beyond the simulated patients, their records are used again for further persons."""
        patient = self.patients[number % len(self.patients)]
        return patient, self.records[patient["id"]]


# ---- the registry's side ------------------------------------------------------------------------------------------------


def registry_side(source, count):
    facilities, users, user_ids, devices = [], [], [], []
    for number, (ident, name, kind, area, publish, (key, admin), state) in enumerate(city.FACILITIES, 1):
        facilities.append({
            "id": ident, "name": name, "address": f"水花道市{city.AREAS[area]}{number}丁目{number + 2}-1", "phone": f"0000-20-{number:04}",
            "kind": kind, "publish_consent": publish, "administrator": {"key": key, "name": admin}, "state": state,
            "applied_at": applied_on(number), "decided_at": city.BEGAN})
    for key, name, kana, user_id, facility, profession, recognised_by, label in city.USERS:
        closed = next(f["state"] == "closed" for f in facilities if f["id"] == facility)
        users.append({"key": key, "name": name, "kana": kana})
        user_ids.append({"id": user_id, "user": key, "facility": facility, "profession": profession, "recognised_by": recognised_by,
                         "state": "ended" if closed else "active"})
        devices.append({"id": "D" + user_id[1:], "label": label, "facility": facility, "holder": key, "loaned_at": city.BEGAN,
                        "returned_at": city.ENDED if closed else None})
    registry = {
        "city": {"name": "水花道市", "municipality": "水花道市", "areas": [{"id": i, "name": n} for i, n in city.AREAS.items()]},
        "officers": city.OFFICERS, "facilities": facilities, "users": users, "user_ids": user_ids, "devices": devices,
        "persons": [], "consents": [], "memberships": [],
    }
    facility_of = {key: facility for key, _, _, _, facility, _, _, _ in city.USERS}
    for number in range(count):
        ident = f"P-{number + 1:04}" if number + 1 < 900 else f"P-{number + 1:05}"
        add_person(registry, ident, city.STORIES.get(ident) or further_story(number), source.of(number)[0], number, facility_of)
    add_person(registry, city.TEST_PERSON, city.TEST_STORY, None, count, facility_of)
    registry["stories"] = stories()
    return registry


def applied_on(number):
    return f"2025-03-{number:02}T09:00:00+09:00"


def further_story(number):
    """Persons beyond the twelve: teams of four to seven, nine in ten with consent, half of them for disaster use."""
    dice = random.Random(f"{SEED}/{number}")
    team = sorted(dice.sample([user[0] for user in city.USERS if user[4] != "F-closed"], dice.randint(4, 7)))
    given = city.consent(dice.random() < 0.5) if dice.random() < 0.9 else None
    return (dice.choice(list(city.AREAS)), None, given, team, "one of many")


def add_person(registry, ident, story, patient, number, facility_of):
    area, until, consent, team, text = story
    name, kana = names(patient, number) if patient else ("試験 太郎", "シケン タロウ")
    registry["persons"].append({
        "id": ident, "name": name, "kana": kana, "gender": patient["gender"] if patient else "male",
        "birth_date": patient["birthDate"] if patient else "1940-01-01", "area": area,
        "eligibility": {"kind": "address-exception" if number % 12 == 8 else "insured", "municipality": "水花道市",
                        "from": city.BEGAN, "until": until},
        "story": text})
    if consent:
        registry["consents"].append({
            "person": ident, **consent, "signed_at": city.SIGNED, "received_at": city.RECEIVED,
            "form_hash": hashlib.sha256(f"{ident}/form".encode()).hexdigest(),
            "withdrawal": "ご本人の申し出による" if consent["state"] == "support-stopped" else None})
    for member in team:
        user, role, since, to = (member, "member", city.BEGAN, None) if isinstance(member, str) else member
        registry["memberships"].append(
            {"person": ident, "user": user, "facility": facility_of[user], "role": role, "from": since, "until": to})


def names(patient, number):
    official, kana = patient["name"][0]["text"], patient["name"][1]["text"]
    again = number // 20
    return (official, kana) if again == 0 or number < SMALL_PERSONS else (f"{official}{again}", kana)


def stories():
    """Who may read whom, in short: for the demo's lines and the first tests."""
    read = lambda user, person, expected, because: {
        "user_id": f"U-{user}", "device": f"D-{user}", "person": person,
        "method": "GET", "target": f"/fhir/Observation?patient={person}", "expected": expected, "because": because}
    return [
        read("sato", "P-0001", "permit", "on the care team"),
        read("nakamura", "P-0001", "permit", "on the care team"),
        read("kobayashi", "P-0001", "permit", "on the care team"),
        read("kato", "P-0001", "permit", "on the care team"),
        read("yamamoto", "P-0001", "permit", "on the care team"),
        read("matsuda", "P-0001", "permit", "on the care team"),
        read("ishii", "P-0001", "permit", "on the care team"),
        read("tamura", "P-0001", "deny", "not on the care team"),
        read("sato", "P-0004", "deny", "no consent"),
        read("sato", "P-0005", "deny", "support stopped"),
        read("sato", "P-0006", "deny", "not on the care team; disaster use would open it"),
        read("sato", "P-0007", "deny", "not on the care team; disaster use would not open it"),
        read("sato", "P-0008", "deny", "not on the care team"),
        read("sato", "P-0010", "deny", "no longer on the care team"),
        read("sato", "P-0011", "deny", "no consent to sharing"),
        read("sato", "P-0012", "deny", "no longer eligible"),
        read("oda", "P-0002", "deny", "facility closed"),
    ]


# ---- the store's side ---------------------------------------------------------------------------------------------------


def directory():
    for ident, name, kind, area, _, _, state in city.FACILITIES:
        yield {"resourceType": "Organization", "id": ident, "active": state == "approved", "name": name,
               "type": [{"coding": [{"system": "urn:sekisho:facility-kind", "code": kind}]}],
               "address": [{"text": f"水花道市{city.AREAS[area]}", "city": "水花道市"}]}
    for key, name, kana, _, facility, profession, _, _ in city.USERS:
        yield {"resourceType": "Practitioner", "id": key, "active": facility != "F-closed", "name": human_name(name, kana),
               "qualification": [{"code": {"coding": [{"system": "urn:sekisho:profession", "code": profession}]}}]}


def human_name(name, kana):
    # One name in characters, one in kana, as JP Core has it.
    url = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
    return [{"extension": [{"url": url, "valueCode": code}], "use": "official", "text": text, "family": text.split(" ")[0],
             "given": text.split(" ")[1:]} for code, text in (("IDE", name), ("SYL", kana))]


def records_of(registry, person, simulated, records_each):
    """Everything the store has about one person."""
    patient, records = simulated
    ident = person["id"]
    number = ident.removeprefix("P-")
    subject = {"reference": f"Patient/{ident}"}
    team = [m for m in registry["memberships"] if m["person"] == ident]
    profession_of = {u["user"]: u["profession"] for u in registry["user_ids"]}
    name_of = {u["key"]: u["name"] for u in registry["users"]}
    by = lambda *wanted: next((m["user"] for w in wanted for m in team if profession_of[m["user"]] == w), team[0]["user"])
    who = lambda key: {"reference": f"Practitioner/{key}", "display": name_of[key]}
    nurse, doctor = by("nurse"), by("doctor")
    yield {"resourceType": "Patient", "id": ident, "meta": {"profile": [JAPAN_CORE + "JP_Patient"]}, "active": True,
           "identifier": [{"system": "urn:sekisho:insured-number", "value": f"99{int(number):08}"}],
           "name": human_name(person["name"], person["kana"]), "gender": person["gender"], "birthDate": person["birth_date"],
           "address": [{"use": "home", "text": f"水花道市{city.AREAS[person['area']]}{int(number) % 9 + 1}丁目{int(number) % 20 + 1}-{int(number) % 7 + 1}",
                        "city": "水花道市"}],
           "telecom": [{"system": "phone", "use": "home", "value": f"0000-{int(number) // 10000:02}-{int(number) % 10000:04}"}],
           "generalPractitioner": [who(doctor)], "managingOrganization": {"reference": "Organization/F-support"}}
    yield {"resourceType": "CareTeam", "id": f"team-{number}", "status": "active", "name": f"{person['name']}さんのケアチーム",
           "subject": subject, "period": {"start": city.BEGAN},
           "participant": [{"role": [{"coding": [{"system": "urn:sekisho:profession", "code": profession_of[m["user"]]}]}],
                            "member": who(m["user"]), "onBehalfOf": {"reference": f"Organization/{m['facility']}"},
                            "period": {"start": m["from"], **({"end": m["until"]} if m["until"] else {})}} for m in team]}
    for consent in [c for c in registry["consents"] if c["person"] == ident]:
        given = consent["state"] == "given"
        yield {"resourceType": "Consent", "id": f"consent-{number}", "status": "active" if given else "inactive",
               "scope": coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", "参加同意"),
               "category": [coding("http://loinc.org", "59284-0", "参加同意書")], "patient": subject,
               "dateTime": consent["signed_at"], "organization": [{"reference": "Organization/F-support"}],
               "policyRule": {"text": "在宅医療・介護連携ネットワーク利用規程 第17条"},
               "provision": {"type": "permit" if given else "deny", "purpose": [
                   {"system": "urn:sekisho:consent-scope", "code": scope} for scope in ("store", "share", "disaster") if consent[scope]]}}
    yield {"resourceType": "CarePlan", "id": f"plan-{number}", "status": "active", "intent": "plan", "title": "居宅サービス計画書",
           "category": [{"text": "居宅サービス計画"}], "subject": subject, "period": {"start": "2026-04-01", "end": "2027-03-31"},
           "created": "2026-03-20", "author": who(by("care-manager", "doctor")), "careTeam": [{"reference": f"CareTeam/team-{number}"}],
           "description": "住み慣れた自宅での暮らしを、無理なく続ける。",
           "activity": [{"detail": {"status": "in-progress", "description": text, "performer": [who(m["user"])]}}
                        for m in team for text in [PLAN.get(profession_of[m["user"]], "見守りと相談")]]}
    yield from observations(number, subject, records, records_each, who, nurse, doctor)
    yield from medications(number, subject, records, who, by("pharmacist", "doctor"))
    yield from documents(number, subject, records, who, nurse, doctor)
    yield from notes(number, subject, team, profession_of, who)


PLAN = {"nurse": "週2回の訪問看護(状態観察、服薬の確認)", "doctor": "月2回の訪問診療", "pharmacist": "月2回の訪問薬剤管理",
        "care-manager": "月1回の訪問と計画の見直し", "therapist": "週1回の訪問リハビリ", "care-recognised": "週3回の訪問介護(入浴、食事)",
        "support-centre": "月1回の見守り訪問", "dietitian": "月1回の栄養指導"}


def coding(system, code, text):
    return {"coding": [{"system": system, "code": code}], "text": text}


def observations(number, subject, records, most, who, nurse, doctor):
    found = sorted(records.get("Observation", []), key=lambda r: (r["effectiveDateTime"], r["id"]))
    for count, made in enumerate(found[-most:] if most else [], 1):
        category = made["category"][0]["coding"][0]["code"].lower()
        category = {"lab": "laboratory"}.get(category, category)
        by = doctor if category == "laboratory" else nurse
        keep = {key: value for key, value in made.items() if key.startswith("value") or key in ("referenceRange", "interpretation", "component")}
        yield {"resourceType": "Observation", "id": f"o-{number}-{count:03}", "meta": {"profile": [JAPAN_CORE + "JP_Observation_Common"]},
               "status": "final", "category": [coding("http://terminology.hl7.org/CodeSystem/observation-category", category, CATEGORIES[category])],
               "code": made["code"], "subject": subject, "effectiveDateTime": made["effectiveDateTime"], "performer": [who(by)], **keep}


CATEGORIES = {"vital-signs": "バイタルサイン", "laboratory": "検体検査", "social-history": "社会歴", "survey": "評価", "exam": "診察",
              "imaging": "画像検査", "procedure": "処置", "therapy": "治療", "activity": "活動"}


def medications(number, subject, records, who, pharmacist):
    newest = {}
    for made in sorted(records.get("MedicationRequest", []), key=lambda r: (r["authoredOn"], r["id"])):
        newest[made["medicationCodeableConcept"]["text"]] = made
    for count, made in enumerate(list(newest.values())[-8:], 1):
        dosage = [{"text": d["text"]} for d in made.get("dosageInstruction", []) if d.get("text")]
        yield {"resourceType": "MedicationStatement", "id": f"med-{number}-{count:02}", "status": "active",
               "medicationCodeableConcept": made["medicationCodeableConcept"], "subject": subject,
               "effectiveDateTime": made["authoredOn"], "informationSource": who(pharmacist), **({"dosage": dosage} if dosage else {})}


def documents(number, subject, records, who, nurse, doctor):
    found = sorted(records.get("DocumentReference", []), key=lambda r: (r["date"], r["id"]))[-3:]
    made = [(d["type"], d["date"], d.get("description", d["type"]["text"]), "text/plain; charset=utf-8",
             base64.b64decode(d["content"][0]["attachment"]["data"]), doctor) for d in found]
    if number == "0001":
        made.append((coding("http://loinc.org", "72170-4", "写真"), "2026-11-18T10:20:00+09:00", "仙骨部の写真", "image/png", picture(), nurse))
    for count, (kind, date, description, media_type, data, author) in enumerate(made, 1):
        binary = f"bin-{number}-{count:02}"
        yield {"resourceType": "Binary", "id": binary, "contentType": media_type, "securityContext": subject,
               "data": base64.b64encode(data).decode()}
        yield {"resourceType": "DocumentReference", "id": f"doc-{number}-{count:02}", "status": "current", "type": kind, "subject": subject,
               "category": [{"text": "診療文書"}], "date": date, "author": [who(author)], "custodian": {"reference": "Organization/F-clinic"},
               "description": description,
               "content": [{"attachment": {"contentType": media_type, "url": f"Binary/{binary}", "size": len(data), "title": description}}]}


def picture():
    """A small picture of nothing: a soft gradient. Stored, not deflated, so that every zlib gives the same bytes."""
    side = 48
    rows = b"".join(b"\0" + bytes(v for x in range(side) for v in (200 + x // 2, 150 + y, 140 + (x + y) // 2)) for y in range(side))
    part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", zlib.compress(rows, 0)) + part(b"IEND", b"")


def notes(number, subject, team, profession_of, who):
    dice = random.Random(f"{SEED}/notes/{number}")
    writers = [m["user"] for m in team if not m["until"]]
    for count in range(1, (18 if number == "0001" else 6) + 1):
        writer = writers[(count - 1) % len(writers)]
        text = dice.choice(city.NOTES[profession_of[writer]]).format(symptom=dice.choice(city.SYMPTOMS))
        sent = f"2026-11-{count + 1:02}T{dice.randint(9, 17):02}:{dice.randint(0, 59):02}:00+09:00"
        yield {"resourceType": "Communication", "id": f"note-{number}-{count:02}", "status": "completed",
               "category": [coding("urn:sekisho:note", "renrakucho", "連絡帳")], "subject": subject, "sent": sent, "sender": who(writer),
               "payload": [{"contentString": text}]}


# What only some may see: HL7's label for restricted records.
RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R", "display": "restricted"}]}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
ALLERGIES = ["ペニシリン", "そば", "卵", "造影剤", "えび"]
VACCINES = [("140", "インフルエンザ"), ("133", "肺炎球菌"), ("187", "帯状疱疹")]


def further_records_of(registry, person, records, resources):
    """Records of the other types of the patient compartment: a few of each, some of them labelled as restricted."""
    ident = person["id"]
    number = ident.removeprefix("P-")
    dice = random.Random(f"{SEED}/further/{number}")
    subject = {"reference": f"Patient/{ident}"}
    team = [m["user"] for m in registry["memberships"] if m["person"] == ident and not m["until"]]
    profession_of = {u["user"]: u["profession"] for u in registry["user_ids"]}
    names = {u["key"]: u["name"] for u in registry["users"]}
    who = lambda user: {"reference": f"Practitioner/{user}", "display": names[user]}
    by = lambda profession: who(next((user for user in team if profession_of[user] == profession), team[0]))
    doctor, nurse, manager = by("doctor"), by("nurse"), by("care-manager")
    visit = {"reference": f"Encounter/visit-{number}-01"}
    yield {"resourceType": "Encounter", "id": f"visit-{number}-01", "status": "finished", "subject": subject,
           "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH", "display": "home health"},
           "participant": [{"individual": nurse}], "serviceProvider": {"reference": "Organization/F-nursing"},
           "period": {"start": "2026-11-10T10:00:00+09:00", "end": "2026-11-10T10:45:00+09:00"}}
    diagnoses = {}
    for made in sorted(records.get("Condition", []), key=lambda r: r["id"]):
        diagnoses.setdefault(made["code"].get("text") or made["code"]["coding"][0]["code"], made["code"])
    codes = list(diagnoses.values())[:2] or [{"text": "高血圧症"}]
    for count, code in enumerate(codes, 1):
        yield {"resourceType": "Condition", "id": f"cond-{number}-{count:02}", "clinicalStatus": coding(CLINICAL, "active", "活動性"),
               "code": code, "subject": subject, "encounter": visit, "recordedDate": f"2026-04-{count:02}", "asserter": doctor}
    yield {"resourceType": "Condition", "id": f"cond-{number}-90", "meta": RESTRICTED, "clinicalStatus": coding(CLINICAL, "active", "活動性"),
           "code": coding("http://hl7.org/fhir/sid/icd-10", "F32.9", "うつ病エピソード"), "subject": subject, "recordedDate": "2026-05-12",
           "asserter": doctor}
    yield {"resourceType": "AllergyIntolerance", "id": f"allergy-{number}-01", "clinicalStatus": coding(ALLERGY_CLINICAL, "active", "活動性"),
           "code": {"text": dice.choice(ALLERGIES)}, "patient": subject, "recorder": nurse, "recordedDate": "2026-04-03"}
    yield {"resourceType": "ServiceRequest", "id": f"order-{number}-01", "status": "active", "intent": "order", "subject": subject,
           "code": {"text": "訪問看護指示"}, "authoredOn": "2026-11-01", "requester": doctor, "performer": [nurse],
           "reasonReference": [{"reference": f"Condition/cond-{number}-01"}]}
    yield {"resourceType": "MedicationRequest", "id": f"rx-{number}-01", "status": "active", "intent": "order", "subject": subject,
           "medicationCodeableConcept": {"text": "アムロジピン錠5mg"}, "authoredOn": "2026-11-05", "requester": doctor,
           "dosageInstruction": [{"text": "1日1回 朝食後"}]}
    yield {"resourceType": "Procedure", "id": f"proc-{number}-01", "status": "completed", "subject": subject, "encounter": visit,
           "code": {"text": "褥瘡処置"}, "performedDateTime": "2026-11-10T10:20:00+09:00", "performer": [{"actor": nurse}],
           "basedOn": [{"reference": f"ServiceRequest/order-{number}-01"}]}
    code, name = dice.choice(VACCINES)
    yield {"resourceType": "Immunization", "id": f"imm-{number}-01", "status": "completed", "patient": subject,
           "vaccineCode": coding("http://hl7.org/fhir/sid/cvx", code, name), "occurrenceDateTime": "2026-10-20", "performer": [{"actor": doctor}]}
    yield {"resourceType": "Goal", "id": f"goal-{number}-01", "lifecycleStatus": "active", "subject": subject, "startDate": "2026-04-01",
           "description": {"text": "室内を見守りで歩く"}, "addresses": [{"reference": f"Condition/cond-{number}-01"}], "expressedBy": manager}
    yield {"resourceType": "Appointment", "id": f"appt-{number}-01", "status": "booked", "description": "訪問看護",
           "start": "2026-12-01T10:00:00+09:00", "end": "2026-12-01T10:45:00+09:00",
           "participant": [{"actor": subject, "status": "accepted"}, {"actor": nurse, "status": "accepted"}]}
    results = [r["id"] for r in resources if r["resourceType"] == "Observation" and r["id"].startswith(f"o-{number}-")
               and r["category"][0]["coding"][0]["code"] == "laboratory"][:3]
    yield {"resourceType": "DiagnosticReport", "id": f"report-{number}-01", "status": "final", "subject": subject,
           "category": [coding("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", "検体検査")], "code": {"text": "血液検査"},
           "effectiveDateTime": "2026-11-06", "performer": [doctor], "result": [{"reference": f"Observation/{o}"} for o in results]}
    yield {"resourceType": "Composition", "id": f"summary-{number}-01", "status": "final", "subject": subject, "date": "2026-11-15",
           "type": coding("http://loinc.org", "60591-5", "患者サマリー"), "title": "在宅療養サマリー", "author": [doctor],
           "section": [{"title": "病名", "entry": [{"reference": f"Condition/cond-{number}-{n:02}"} for n in range(1, len(codes) + 1)]}]}
    yield {"resourceType": "QuestionnaireResponse", "id": f"answers-{number}-01", "meta": RESTRICTED, "status": "completed", "subject": subject,
           "questionnaire": "Questionnaire/zarit-8", "authored": "2026-11-12T14:00:00+09:00", "author": manager,
           "item": [{"linkId": "1", "text": "介護の負担", "answer": [{"valueInteger": dice.randint(0, 4)}]}]}


# ---- the web application that speaks no FHIR -----------------------------------------------------------------------------


def entries_of(registry, person):
    """Entries of /notes: three of each person, the first with a picture or a text beside it."""
    ident = person["id"]
    number = ident.removeprefix("P-")
    dice = random.Random(f"{SEED}/entries/{number}")
    team = [m["user"] for m in registry["memberships"] if m["person"] == ident and not m["until"]]
    profession_of = {u["user"]: u["profession"] for u in registry["user_ids"]}
    for count in range(1, 4):
        author = team[(count - 1) % len(team)]
        text = dice.choice(city.NOTES[profession_of[author]]).format(symptom=dice.choice(city.SYMPTOMS))
        yield {"entry": f"e-{number}-{count:02}", "person": ident, "author": author, "text": text,
               "written_at": f"2026-11-{count + 9:02}T{dice.randint(9, 17):02}:00:00+09:00"}
    media_type, data = ("image/png", picture()) if number == "0001" else ("text/plain; charset=utf-8", f"{person['name']}さんの連絡票".encode())
    yield {"attachment": f"a-{number}-01", "of": f"e-{number}-01", "media_type": media_type, "data": base64.b64encode(data).decode()}


def misbehaving_entries():
    """Entries of the test person that are answered wrongly (backend-stub/src/notes/mod.rs)."""
    return [{"entry": f"e-broken-{what}", "person": city.TEST_PERSON, "author": "K-sato", "text": "試験用の記録です。",
             "written_at": "2026-11-01T09:00:00+09:00"} for what in ("person", "page", "two-mains")]


def misbehaving():
    """Records of the test person that answer wrongly when read (backend-stub/src/broken.rs, binary.rs)."""
    subject = {"reference": f"Patient/{city.TEST_PERSON}"}
    for ident in [f"broken-{what}" for what in BROKEN] + ["slow-2s"]:
        yield {"resourceType": "Observation", "id": ident, "status": "final", "code": {"text": "試験"}, "subject": subject,
               "effectiveDateTime": "2026-11-01T09:00:00+09:00", "valueString": "試験用の記録です。" * 20}
    for ident in ("slow-100mb", "trickle", "broken-version"):
        yield {"resourceType": "Binary", "id": ident, "contentType": "application/octet-stream", "securityContext": subject}


if __name__ == "__main__":
    main()
