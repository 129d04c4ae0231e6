//! A small driver of Chromium over the DevTools protocol: open, type, click, read, photograph. What a person at a terminal
//! does is done with real key strokes and clicks; nothing is put into a page behind the browser's back.
//!
//! Every wait is for a condition, and long, because a browser on a busy machine is slow.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::world::{CARE, CONTAINER_PASSWORD, PUBLIC, World};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);
const PROGRAM: &str = "chromium";

/// A browser with a profile, a home and a certificate store of its own, all thrown away with it.
pub(crate) struct Browser {
    process: tokio::process::Child,
    line: Arc<Line>,
    _home: tempfile::TempDir,
}

/// One page of it.
pub(crate) struct Tab {
    line: Arc<Line>,
    session: String,
}

/// The connection to the browser: calls with their answers, and what it tells unasked.
struct Line {
    out: tokio::sync::Mutex<SplitSink<WebSocketStream<MaybeTlsStream<TcpStream>>, Message>>,
    waiting: Mutex<(u64, HashMap<u64, oneshot::Sender<Value>>)>,
    told: Mutex<Vec<Value>>,
}

/// Whether there is a browser to test with. Where there is none the test fails, unless `SEKISHO_WITHOUT_BROWSER=1` leaves it
/// out, aloud.
pub(crate) fn is_here() -> bool {
    let missing: Vec<&str> = [PROGRAM, "certutil", "pk12util"].into_iter().filter(|name| !installed(name)).collect();
    if missing.is_empty() {
        return true;
    }
    let left_out = std::env::var_os("SEKISHO_WITHOUT_BROWSER").is_some();
    eprintln!("not tested with a browser: {} not installed (Debian: chromium, libnss3-tools)", missing.join(", "));
    assert!(left_out, "install them, or set SEKISHO_WITHOUT_BROWSER=1 to go without");
    false
}

fn installed(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until something is there.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Browser {
    /// A browser that trusts the city's root, on a terminal with this certificate (PKCS#12), or without any.
    pub(crate) async fn start(world: &World, container: Option<&[u8]>) -> Self {
        let home = tempfile::tempdir().unwrap();
        keep_certificates(home.path(), world, container);
        choose_certificate(&home.path().join("profile"));
        let maps = format!("MAP {CARE} 127.0.0.1, MAP {PUBLIC} 127.0.0.1, MAP * ~NOTFOUND");
        let mut process = tokio::process::Command::new(PROGRAM)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--password-store=basic", "--lang=ja", "--accept-lang=ja"])
            .args(["--remote-debugging-port=0", "--window-size=1280,900", "about:blank"])
            .arg(format!("--host-resolver-rules={maps}"))
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            .env("HOME", home.path())
            .env_remove("XDG_DATA_HOME")
            .env("TMPDIR", home.path())
            .env_remove("XDG_CONFIG_HOME")
            .env("LANGUAGE", "ja")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut words = BufReader::new(process.stderr.take().unwrap()).lines();
        let address = tokio::time::timeout(PATIENCE, async {
            let mut said = String::new();
            while let Some(line) = words.next_line().await.unwrap() {
                if let Some(address) = line.strip_prefix("DevTools listening on ") {
                    return address.to_owned();
                }
                said.push_str(&line);
                said.push('\n');
            }
            panic!("the browser ended: {said}");
        });
        let address = address.await.expect("a browser");
        // Read to the end, so that it never waits for us.
        tokio::spawn(async move { while let Ok(Some(_)) = words.next_line().await {} });
        Self { process, line: Line::open(&address).await, _home: home }
    }

    /// A new, empty page.
    pub(crate) async fn tab(&self) -> Tab {
        let made = self.line.call(None, "Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": made["targetId"], "flatten": true });
        let attached = self.line.call(None, "Target.attachToTarget", attach).await;
        let tab = Tab { line: Arc::clone(&self.line), session: attached["sessionId"].as_str().unwrap().to_owned() };
        for domain in ["Page", "Runtime", "Log", "Audits", "Network"] {
            tab.call(&format!("{domain}.enable"), json!({})).await;
        }
        // As if it were the window in front: a browser in the background slows its pages down.
        tab.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })).await;
        tab
    }

    /// Ends it and waits until it has ended.
    pub(crate) async fn close(mut self) {
        let closing = self.line.call(None, "Browser.close", json!({}));
        let _ = tokio::time::timeout(Duration::from_secs(10), closing).await;
        if tokio::time::timeout(Duration::from_secs(10), self.process.wait()).await.is_err() {
            let _ = self.process.kill().await;
        }
    }
}

impl Line {
    async fn open(address: &str) -> Arc<Self> {
        let (socket, _) = tokio_tungstenite::connect_async(address).await.unwrap();
        let (out, mut told) = socket.split();
        let line = Arc::new(Self { out: out.into(), waiting: Mutex::default(), told: Mutex::default() });
        let reading = Arc::downgrade(&line);
        tokio::spawn(async move {
            while let Some(Ok(message)) = told.next().await {
                let (Message::Text(text), Some(line)) = (message, reading.upgrade()) else { continue };
                let value: Value = serde_json::from_str(&text).unwrap();
                match value["id"].as_u64() {
                    Some(id) => {
                        let asked = line.waiting.lock().unwrap().1.remove(&id);
                        if let Some(asked) = asked {
                            let _ = asked.send(value);
                        }
                    }
                    None => line.told.lock().unwrap().push(value),
                }
            }
        });
        line
    }

    async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        let (answer, answered) = oneshot::channel();
        let id = {
            let mut waiting = self.waiting.lock().unwrap();
            waiting.0 += 1;
            let id = waiting.0;
            waiting.1.insert(id, answer);
            id
        };
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.out.lock().await.send(Message::text(message.to_string())).await.unwrap();
        let answered = tokio::time::timeout(PATIENCE, answered).await;
        let mut answer = answered.unwrap_or_else(|_| panic!("no answer to {method}")).unwrap();
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }
}

impl Tab {
    async fn call(&self, method: &str, params: Value) -> Value {
        self.line.call(Some(&self.session), method, params).await
    }

    /// What was told about this page, of one kind.
    fn told(&self, method: &str) -> Vec<Value> {
        let told = self.line.told.lock().unwrap();
        told.iter()
            .filter(|value| value["method"] == method && value["sessionId"] == self.session.as_str())
            .map(|value| value["params"].clone())
            .collect()
    }

    /// Does something, and waits until it has led to another page and that is loaded.
    async fn led_on(&self, what: &str, act: impl Future<Output = ()>) {
        let before = self.told("Page.loadEventFired").len();
        act.await;
        until(what, async || (self.told("Page.loadEventFired").len() > before).then_some(())).await;
    }

    /// Opens an address; gives the status of the answer.
    pub(crate) async fn open(&self, address: &str) -> u16 {
        self.led_on(address, async {
            let led = self.call("Page.navigate", json!({ "url": address })).await;
            assert!(led["errorText"].is_null(), "{address}: {}", led["errorText"]);
        })
        .await;
        self.status()
    }

    /// Loads the page anew.
    pub(crate) async fn reload(&self) -> u16 {
        self.led_on("reload", async {
            self.call("Page.reload", json!({})).await;
        })
        .await;
        self.status()
    }

    /// The status of the page that was answered last.
    pub(crate) fn status(&self) -> u16 {
        let answers = self.told("Network.responseReceived");
        let page = answers.iter().rfind(|answer| answer["type"] == "Document");
        page.map_or(0, |page| u16::try_from(page["response"]["status"].as_u64().unwrap()).unwrap())
    }

    /// The protocols that answers came over.
    pub(crate) fn protocols(&self) -> Vec<String> {
        let answers = self.told("Network.responseReceived");
        answers.iter().map(|answer| answer["response"]["protocol"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The value of an expression on the page.
    pub(crate) async fn ask(&self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", asked).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    async fn ask_text(&self, expression: &str) -> String {
        self.ask(expression).await.as_str().unwrap_or_default().to_owned()
    }

    /// The page's heading.
    pub(crate) async fn heading(&self) -> String {
        self.ask_text("document.querySelector('h1')?.innerText ?? ''").await
    }

    /// All that can be read on it.
    pub(crate) async fn text(&self) -> String {
        self.ask_text("document.body.innerText").await
    }

    /// Where it is, without scheme, host and port.
    pub(crate) async fn path(&self) -> String {
        self.ask_text("location.pathname + location.search").await
    }

    /// Name of the field that has the focus.
    pub(crate) async fn focus(&self) -> String {
        self.ask_text("document.activeElement?.name ?? ''").await
    }

    /// The style sheet is there and in force.
    pub(crate) async fn is_styled(&self) -> bool {
        let border = self.ask_text("getComputedStyle(document.querySelector('.top')).borderTopWidth").await;
        border == "4px"
    }

    /// Types into the field that has the focus, after what is there.
    pub(crate) async fn type_here(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Clicks what a selector finds, in its middle.
    pub(crate) async fn click(&self, selector: &str) {
        let middle = format!(
            "(() => {{ const found = document.querySelector({}); found.scrollIntoView({{ block: 'center' }});
               const at = found.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; }})()",
            json!(selector)
        );
        let middle = self.ask(&middle).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let at = json!({ "type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", at).await;
        }
    }

    /// Clicks what leads to another page, and waits until that is there; gives the status of its answer.
    pub(crate) async fn follow(&self, selector: &str) -> u16 {
        self.led_on(selector, self.click(selector)).await;
        self.status()
    }

    /// Presses the Enter key, as people do in a form; gives the status of the page it leads to.
    pub(crate) async fn enter(&self) -> u16 {
        self.led_on("Enter", self.press("Enter", 13, "\r")).await;
        self.status()
    }

    /// Presses the Tab key, which leads to the next field.
    pub(crate) async fn next_field(&self) {
        self.press("Tab", 9, "").await;
    }

    async fn press(&self, key: &str, number: u8, text: &str) {
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let pressed =
                json!({ "type": kind, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": number });
            self.call("Input.dispatchKeyEvent", pressed).await;
        }
    }

    /// From now on it is not told of what goes over the network, which would come here too, octet by octet.
    pub(crate) async fn look_away(&self) {
        self.call("Network.disable", json!({})).await;
    }

    /// From now on the page's own policy holds nothing back: what another site's page could do.
    pub(crate) async fn lift_policy(&self) {
        self.call("Page.setBypassCSP", json!({ "enabled": true })).await;
    }

    /// What the browser found wrong since the page was made: errors and warnings of its console, and whatever broke a policy.
    /// That a page of ours came with a status of 400 and above is no complaint; that anything it needs did, is one.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let answers = self.told("Network.responseReceived");
        let is_page = |address: &Value| {
            answers.iter().any(|answer| answer["type"] == "Document" && answer["response"]["url"] == *address)
        };
        let mut complaints = Vec::new();
        for entry in self.told("Log.entryAdded") {
            let entry = &entry["entry"];
            let told_by_status = entry["source"] == "network" && is_page(&entry["url"]);
            if (entry["level"] == "error" || entry["level"] == "warning") && !told_by_status {
                complaints.push(entry.to_string());
            }
        }
        for method in
            ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded", "Network.loadingFailed"]
        {
            complaints.extend(self.told(method).iter().map(|said| format!("{method}: {said}")));
        }
        complaints
    }

    /// A picture of the whole page at a width.
    pub(crate) async fn photograph(&self, width: u32, to: &Path) {
        let phone = width < 500;
        let screen = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", screen).await;
        let taken = json!({ "format": "png", "captureBeyondViewport": true });
        let picture = self.call("Page.captureScreenshot", taken).await;
        let octets = base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(to, octets).unwrap();
        self.call("Emulation.clearDeviceMetricsOverride", json!({})).await;
    }
}

/// The store for certificates that Chromium reads: NSS, in the home.
fn keep_certificates(home: &Path, world: &World, container: Option<&[u8]>) {
    let store = home.join(".pki/nssdb");
    std::fs::create_dir_all(&store).unwrap();
    let store = format!("sql:{}", store.display());
    let file = |name: &str, octets: &[u8]| -> PathBuf {
        std::fs::write(home.join(name), octets).unwrap();
        home.join(name)
    };
    run("certutil", &["-d", &store, "-N", "--empty-password"]);
    let root = file("root.der", &world.authority.root_der());
    run("certutil", &["-d", &store, "-A", "-n", "root", "-t", "C,,", "-i", root.to_str().unwrap()]);
    if let Some(container) = container {
        let terminal = file("terminal.p12", container);
        run("pk12util", &["-d", &store, "-i", terminal.to_str().unwrap(), "-W", CONTAINER_PASSWORD, "-K", ""]);
    }
}

/// Has the certificate chosen without a window that asks, as `AutoSelectCertificateForUrls` does on terminals that are looked
/// after. That policy is a file for the whole machine; the profile holds the same setting for itself alone, so tests at once
/// do not meet in it, and nobody need be root.
fn choose_certificate(profile: &Path) {
    let chosen = json!({ "setting": { "filters": [{}] } });
    let preferences = json!({ "profile": { "content_settings": { "exceptions": {
        "auto_select_certificate": { format!("https://{CARE},*"): chosen }
    } } } });
    std::fs::create_dir_all(profile.join("Default")).unwrap();
    std::fs::write(profile.join("Default/Preferences"), preferences.to_string()).unwrap();
}
