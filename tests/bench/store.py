"""The store that all gateways stand in front of: an nginx that answers from memory (what is longer, from files that it keeps open)
and asks nobody who they are."""

import json
from pathlib import Path
from urllib.parse import quote

from city import FOUND, RECORDS
from machine import start, wait_port

SEARCH = "/fhir/Observation?patient=P-0001"
# Costs ours about as much as a hundred small requests: what overload is made of, since the load must not be what is overloaded.
MANY = 200
HEAVY = f"{SEARCH}&_count={MANY}"
DOCUMENT, DOCUMENT_OCTETS = "/fhir/Binary/big", 64 << 20
UPLOAD, UPLOAD_OCTETS = "/fhir/Binary", 64 << 20


def nginx(folder, name, core, body, workers=1):
    """An nginx of its own on a core, in the foreground."""
    place = folder / name
    place.mkdir()
    config = place / "nginx.conf"
    temporary = memory(folder) / name
    temporary.mkdir()
    config.write_text(
        f"""
worker_processes {workers};
user root;
pid {place}/nginx.pid;
error_log {place}/error.log error;
daemon off;
worker_rlimit_nofile 20000;
events {{ worker_connections 18000; }}
http {{
  {" ".join(f"{one}_temp_path {temporary}/{one};" for one in "client_body proxy fastcgi uwsgi scgi".split())}
  keepalive_requests 100000000;
  keepalive_timeout 3600s;
  tcp_nodelay on;
  sendfile on;
  {body}
}}
"""
    )
    return start(core, ["nginx", "-p", place, "-c", config], place / "out.log")


def memory(folder):
    """Where bodies lie that are longer than a buffer: in memory all the same, where there is such a place."""
    shared = Path("/dev/shm")
    place = shared / folder.name if shared.is_dir() else folder / "bodies"
    place.mkdir(exist_ok=True)
    return place


def text(value):
    """A string of nginx's configuration."""
    assert "$" not in value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Store:
    """A few records, a search that finds twenty, a document of 64 MiB to take and one to bring."""

    def __init__(self, folder, port, core, records):
        self.port = port
        document = folder / "document"
        document.write_bytes(b"\x5a" * DOCUMENT_OCTETS)
        for count in (FOUND, MANY):
            (folder / f"found-{count}.json").write_text(searchset(records, count))
        one = "\n".join(self.location(path, json_text) for path, json_text in records.items())
        self.process = nginx(
            folder,
            "store",
            core,
            f"""
  access_log off;
  types {{ }}
  default_type application/fhir+json;
  client_max_body_size 0;
  client_body_buffer_size 1m;
  etag off;
  map $arg__count $count {{ {MANY} {MANY}; default {FOUND}; }}
  open_file_cache max=10;
  open_file_cache_valid 3600s;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    {one}
    location = /fhir/Observation {{ alias {folder}/found-$count.json; }}
    location = {DOCUMENT} {{
      add_header ETag 'W/"1"' always;
      if ($http_accept ~ json) {{ return 200 {text(described())}; }}
      default_type image/jpeg;
      alias {document};
    }}
    # Taken whole before it is answered; the answer is made by a request without it.
    location = {UPLOAD} {{ proxy_pass http://127.0.0.1:{port}/taken; proxy_pass_request_body off; proxy_set_header Content-Length ""; }}
    location = /taken {{
      add_header ETag 'W/"1"' always;
      add_header Location 'Binary/new/_history/1' always;
      return 201;
    }}
  }}""",
        )
        wait_port(port)

    @staticmethod
    def location(path, json_text):
        return f"""location = {path} {{ add_header ETag 'W/"1"'; return 200 {text(json_text)}; }}"""


def described():
    """A document, as its description says whose it is."""
    meta = {"versionId": "1", "lastUpdated": "2026-04-01T09:00:00+09:00"}
    context = {"reference": "Patient/P-0001"}
    return json.dumps({"resourceType": "Binary", "id": "big", "meta": meta, "contentType": "image/jpeg", "securityContext": context})


def searchset(records, count):
    """What a search finds: the records, each again under other ids until there are enough."""
    resources = []
    for number in range(count):
        resource = json.loads(records[RECORDS[number % len(RECORDS)]])
        resource["id"] = f"f-{number:04}"
        resources.append(resource)
    link = [{"relation": "self", "url": "/fhir/Observation?" + quote("patient=P-0001", safe="=")}]
    entry = [
        {"fullUrl": f"http://care-record-store/fhir/Observation/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": len(entry), "link": link, "entry": entry}
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":"))
