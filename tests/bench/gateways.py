"""What is measured: nginx, HAProxy and Envoy as a careful administrator sets them up, and ours.

*Bare* forwards: mutual TLS 1.3, a pool of connections to the store, no log. *Full job* is, for the peers, a revocation list of 1,000
entries, a decision on each request by user and record (200 users, 50 records), a limit of requests per user, and a line of JSON in a log.
nginx and Envoy ask an authoriser for the decision, the cheapest that could be built (an nginx with a hash table); it runs beside the
proxy on the same core, and its time and memory count as theirs. HAProxy looks into a map of its own.
"""

import json
import re

from city import CARE, PEOPLE, RECORDS
from install import programs, version
from machine import PROXY_CORE, start, wait, wait_port
from store import DOCUMENT, UPLOAD, nginx

# All that the load asks for, and records that nobody asks for.
ASKED = RECORDS + ["/fhir/Observation", DOCUMENT, UPLOAD]
USERS, PATHS = 200, 50


def policy():
    """Who may see what, as pairs of user and path."""
    paths = ASKED + [f"/fhir/Observation/o-{number:04}" for number in range(PATHS - len(ASKED))]
    return [(f"u-{user:03}", path) for user in range(USERS) for path in paths]


class Peer:
    """A proxy with certificates of the peers' authority. `processes` is all that works for it."""

    def __init__(self, bench, port):
        self.port, self.folder = port, bench.folder
        self.pki, self.store_port = bench.pki, bench.store.port
        self.program = bench.programs[self.needs]
        self.processes = []
        self.begin(bench)
        wait_port(port)

    def root(self):
        return self.pki.place / "ca.pem"

    def terminals(self):
        """Who the load is: certificate and cookie."""
        return [(self.pki.terminal(number), f"user=u-{number:03}") for number in range(len(PEOPLE))]


class NginxBare(Peer):
    name, title, needs, full = "nginx-bare", "nginx, bare", "nginx", False

    def begin(self, bench):
        self.processes.append(nginx(self.folder, self.name, PROXY_CORE, self.config()))

    def config(self, http="access_log off;", server="", location=""):
        place = self.pki.place
        return f"""
  {http}
  upstream store {{ server 127.0.0.1:{self.store_port}; keepalive 64; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{self.port} ssl http2 backlog=4096;
    server_name {CARE};
    ssl_protocols TLSv1.3;
    ssl_certificate {place}/server.pem;
    ssl_certificate_key {place}/server.key.pem;
    ssl_client_certificate {place}/ca.pem;
    ssl_verify_client on;
    ssl_session_cache shared:{self.name}:16m;
    http2_max_concurrent_streams 128;
    client_max_body_size 0;
    {server}
    location / {{
      {location}
      proxy_pass http://store;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header Client-Serial $ssl_client_serial;
    }}
  }}"""


class NginxFull(NginxBare):
    name, title, full = "nginx-full", "nginx, full job", True

    def begin(self, bench):
        asked = authoriser(self.folder, self.name, self.port + 1, "$http_x_user|$http_x_path")
        self.processes.append(asked)
        http = f"""
  log_format json escape=json '{{"at":"$time_iso8601","user":"$cookie_user","serial":"$ssl_client_serial",'
    '"method":"$request_method","path":"$request_uri","status":$status,"octets":$body_bytes_sent,"seconds":$request_time}}';
  access_log {self.folder}/{self.name}.log json;
  map $request_uri $asked {{ "~^(?<path>[^?]*)" $path; }}
  limit_req_zone $cookie_user zone=users:1m rate=100000r/s;
  upstream authoriser {{ server 127.0.0.1:{self.port + 1}; keepalive 64; keepalive_requests 100000000; }}"""
        server = f"""
    ssl_crl {self.pki.place}/crl.pem;
    location = /.authorise {{
      internal;
      proxy_pass http://authoriser/;
      proxy_http_version 1.1;
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Connection "";
      proxy_set_header X-User $cookie_user;
      proxy_set_header X-Path $asked;
      proxy_set_header Content-Length "";
    }}"""
        location = "limit_req zone=users burst=100000 nodelay; auth_request /.authorise;"
        self.processes.append(nginx(self.folder, self.name, PROXY_CORE, self.config(http, server, location)))


def authoriser(folder, name, port, key):
    """The decision: a look into a hash table."""
    lines = "\n".join(f'    "{user}|{path}" 1;' for user, path in policy())
    process = nginx(
        folder,
        f"{name}-authoriser",
        PROXY_CORE,
        f"""
  access_log off;
  map_hash_max_size 65536;
  map_hash_bucket_size 128;
  map "{key}" $permitted {{
    default 0;
{lines}
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ if ($permitted = 0) {{ return 403; }} return 200; }}
  }}""",
    )
    wait_port(port)
    return process


class HaproxyFull(Peer):
    name, title, needs, full = "haproxy-full", "HAProxy, full job", "haproxy", True

    def begin(self, bench):
        place = self.folder / self.name
        place.mkdir()
        (place / "policy.map").write_text("".join(f"{user}|{path} 1\n" for user, path in policy()))
        (place / "haproxy.cfg").write_text(self.config(place))
        command = [self.program, "-db", "-f", place / "haproxy.cfg"]
        # Its log is its standard output, a file here.
        self.processes.append(start(PROXY_CORE, command, place / "access.log"))

    def config(self, place):
        pki = self.pki.place
        tls = f"ssl crt {pki}/server.both.pem ca-file {pki}/ca.pem verify required crl-file {pki}/crl.pem"
        line = (
            '{\\"at\\":\\"%trl\\",\\"user\\":\\"%[var(txn.user)]\\",\\"method\\":\\"%HM\\",\\"path\\":\\"%HP\\",'
            '\\"status\\":%ST,\\"octets\\":%B,\\"ms\\":%Ta}'
        )
        return f"""
global
  nbthread 1
  maxconn 9000
  log stdout len 2048 format raw local0
  tune.ssl.cachesize 20000
defaults
  mode http
  log global
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-request 30s
  timeout http-keep-alive 300s
frontend care
  bind 127.0.0.1:{self.port} {tls} ssl-min-ver TLSv1.3 alpn h2,http/1.1 backlog 4096
  http-request set-var(txn.user) req.cook(user)
  http-request set-var(txn.path) path
  http-request set-var(txn.key) var(txn.user),concat(|,txn.path)
  http-request deny deny_status 403 unless {{ var(txn.key),map_str({place}/policy.map) -m found }}
  stick-table type string len 32 size 100k expire 10m store http_req_rate(10s)
  http-request track-sc0 var(txn.user)
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt 10000000 }}
  http-request set-header Client-Serial %[ssl_c_serial,hex]
  log-format "{line}"
  default_backend store
backend store
  http-reuse always
  server store 127.0.0.1:{self.store_port} pool-max-conn 64
"""


class EnvoyBare(Peer):
    name, title, needs, full = "envoy-bare", "Envoy, bare", "envoy", False

    def begin(self, bench):
        place = self.folder / self.name
        place.mkdir()
        (place / "envoy.json").write_text(json.dumps(self.config(place)))
        command = [self.program, "-c", place / "envoy.json", "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
        self.processes.append(start(PROXY_CORE, command, place / "out.log"))

    def config(self, place):
        clusters = [cluster("store", self.store_port)]
        filters, extra = [], {}
        if self.full:
            clusters.append(cluster("authoriser", self.port + 1))
            filters = [limit(), authorise(self.port + 1)]
            extra = {"access_log": [log(place / "access.log")]}
        router = {"@type": f"{TYPE}.filters.http.router.v3.Router"}
        filters.append({"name": "envoy.filters.http.router", "typed_config": router})
        manager = {
            "@type": f"{TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "care",
            "generate_request_id": False,
            "http2_protocol_options": {"max_concurrent_streams": 128},
            "route_config": {
                "virtual_hosts": [
                    {"name": "care", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "store", "timeout": "0s"}}]}
                ]
            },
            "http_filters": filters,
            **extra,
        }
        return {
            "static_resources": {
                "listeners": [
                    {
                        "name": "care",
                        "address": address(self.port),
                        "filter_chains": [
                            {
                                "transport_socket": self.tls(),
                                "filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}],
                            }
                        ],
                    }
                ],
                "clusters": clusters,
            }
        }

    def tls(self):
        place = self.pki.place
        validation = {"trusted_ca": {"filename": f"{place}/ca.pem"}}
        if self.full:
            validation["crl"] = {"filename": f"{place}/crl.pem"}
        key = {"certificate_chain": {"filename": f"{place}/server.pem"}, "private_key": {"filename": f"{place}/server.key.pem"}}
        context = {
            "@type": f"{TYPE}.transport_sockets.tls.v3.DownstreamTlsContext",
            "require_client_certificate": True,
            "common_tls_context": {
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_3"},
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [key],
                "validation_context": validation,
            },
        }
        return {"name": "envoy.transport_sockets.tls", "typed_config": context}


class EnvoyFull(EnvoyBare):
    name, title, full = "envoy-full", "Envoy, full job", True

    def begin(self, bench):
        self.processes.append(authoriser(self.folder, self.name, self.port + 1, "$cookie_user|$uri"))
        super().begin(bench)


TYPE = "type.googleapis.com/envoy.extensions"


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def cluster(name, port):
    endpoint = {"lb_endpoints": [{"endpoint": {"address": address(port)}}]}
    most = {"max_connections": 10000, "max_pending_requests": 10000, "max_requests": 10000}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "2s",
        "circuit_breakers": {"thresholds": [most]},
        "load_assignment": {"cluster_name": name, "endpoints": [endpoint]},
    }


def limit():
    full = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": {
            "@type": f"{TYPE}.filters.http.local_ratelimit.v3.LocalRateLimit",
            "stat_prefix": "care",
            "token_bucket": {"max_tokens": 10000000, "tokens_per_fill": 10000000, "fill_interval": "1s"},
            "filter_enabled": full,
            "filter_enforced": full,
        },
    }


def authorise(port):
    return {
        "name": "envoy.filters.http.ext_authz",
        "typed_config": {
            "@type": f"{TYPE}.filters.http.ext_authz.v3.ExtAuthz",
            "http_service": {"server_uri": {"uri": f"http://127.0.0.1:{port}", "cluster": "authoriser", "timeout": "2s"}},
            "allowed_headers": {"patterns": [{"exact": "cookie"}]},
        },
    }


def log(path):
    fields = {
        "at": "%START_TIME%",
        "user": "%REQ(cookie)%",
        "serial": "%DOWNSTREAM_PEER_SERIAL%",
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(:PATH)%",
        "status": "%RESPONSE_CODE%",
        "octets": "%BYTES_SENT%",
        "ms": "%DURATION%",
    }
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{TYPE}.access_loggers.file.v3.FileAccessLog",
            "path": str(path),
            "log_format": {"json_format": fields},
        },
    }


class Bare:
    """Ours, forwarding only: `tests/examples/bare.rs`."""

    name, title, needs, full = "bare", "Sekisho, bare forwarding", None, False

    def __init__(self, bench, port):
        self.city, self.port = bench.city, port
        keys = self.city.data / "keys"
        words = [bench.bare(), f"127.0.0.1:{port}", f"127.0.0.1:{bench.store.port}", CARE]
        words += [keys / "issuing.pem", keys / "server.pem", keys / "server.key.pem"]
        self.processes = [start(PROXY_CORE, words, bench.folder / "bare.log")]
        wait_port(port)

    def root(self):
        return self.city.root()

    def terminals(self):
        return [(self.city.terminal(person), "user=nobody") for person in PEOPLE]


class Full:
    """Ours, with its whole job: certificate known to the registry, session, limits, decision, an audit entry durable before
    the answer is released, the answer read and checked, a signed identity for the store."""

    name, title, needs, full = "full", "Sekisho, full job", None, True
    role, more = "edge", ()

    def __init__(self, bench, city, name):
        self.city, self.port = city, city.port
        self.name, self.title = name, "Sekisho, full job" if name == "full" else f"Sekisho, full job ({name})"
        city.point_at(bench.store.port)
        command = [city.program, "--data", city.data, "serve", "--role", self.role, *self.more]
        self.processes = [start(PROXY_CORE, command, bench.folder / f"{name}.log")]
        wait_port(self.port)

    def root(self):
        return self.city.root()

    def terminals(self):
        """Signed in anew: sessions end when they are not used. Who was halted has to hear from its registry first."""
        wait(self.signs_in, f"{self.title} lets somebody sign in")
        return [(self.city.terminal(person), self.city.sign_in(person)) for person in PEOPLE]

    def signs_in(self):
        try:
            return bool(self.city.sign_in(PEOPLE[0]))
        except (AssertionError, OSError):
            return False


PEERS = [NginxBare, NginxFull, HaproxyFull, EnvoyBare, EnvoyFull]
NAMES = [peer.name for peer in PEERS] + ["bare", "full"]


def found(wanted):
    """The programs that the wanted gateways need, and what they say of themselves."""
    needed = {peer.needs for peer in PEERS if peer.name in wanted}
    # The store is an nginx whoever is measured.
    there = programs(sorted(needed | {"nginx"}))
    return there, {name: version(name, program) for name, program in there.items()}


def crates(root):
    """Versions of what ours is made of, for the record."""
    lock = (root / "Cargo.lock").read_text()
    wanted = ["hyper", "rustls", "tokio", "aws-lc-rs", "h2"]
    return {name: re.search(rf'name = "{name}"\nversion = "([^"]+)"', lock).group(1) for name in wanted}
