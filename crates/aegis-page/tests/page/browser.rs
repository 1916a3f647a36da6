//! A real Chromium without a window, told what to do over the pipe of its DevTools: messages in JSON,
//! a zero byte behind each.
//!
//! It has a profile of its own in a temporary directory, is bounded in time, and ends with the test,
//! with all that it started.

use std::{
    collections::VecDeque,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Long enough for a busy machine; nothing waits for it unless it fails.
const DEADLINE: Duration = Duration::from_secs(60);

#[expect(
    clippy::disallowed_methods,
    reason = "how long a browser takes is nothing that the product decides by"
)]
fn now() -> Instant {
    Instant::now()
}

/// A browser with one tab.
pub(crate) struct Browser {
    child: Child,
    orders: File,
    told_rx: Receiver<Value>,
    next_id: u64,
    session: String,
    /// What was told that nobody waited for: requests, messages of the console, violations.
    pub(crate) events: VecDeque<Value>,
    _profile: TempDir,
}

/// Comes to how many milliseconds passed until the first text or picture of a page.
const FIRST_PAINT: &str = "new Promise(done => new PerformanceObserver(list => { \
    const it = list.getEntriesByName('first-contentful-paint')[0]; if (it) done(it.startTime); \
    }).observe({ type: 'paint', buffered: true }))";

/// Starts a browser, or says why there is none; where everything must be there, that is a failure.
pub(crate) fn start() -> Option<Browser> {
    start_by(Command::new("sh"))
}

/// Starts a browser by a command that runs a shell, for instance in another network.
pub(crate) fn start_by(shell: Command) -> Option<Browser> {
    let has_one = Command::new("sh")
        .args(["-c", "command -v chromium"])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|it| it.success());
    if has_one {
        return Some(Browser::start(shell));
    }
    let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
    assert!(!is_required, "no chromium in PATH");
    eprintln!("SKIPPED: no chromium in PATH: apt install chromium");
    None
}

impl Browser {
    fn start(mut shell: Command) -> Self {
        let profile = tempfile::Builder::new().prefix("aegis-").tempdir();
        let profile = profile.expect("a directory can be made");
        let (orders, told) = (profile.path().join("orders"), profile.path().join("told"));
        for pipe in [&orders, &told] {
            let made = Command::new("mkfifo").arg(pipe).status();
            assert!(made.expect("there is mkfifo").success(), "a pipe");
        }
        let script = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
                      --no-first-run --disable-extensions --disable-background-networking \
                      --disable-component-update --disable-sync --disable-default-apps \
                      --hide-scrollbars --force-color-profile=srgb --user-data-dir=\"$1/profile\" \
                      --remote-debugging-pipe about:blank 3<\"$2\" 4>\"$3\"";
        let child = shell
            .args(["-c", script, "sh"])
            .args([profile.path(), &orders, &told])
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path()) // or it leaves directories behind where it is ended
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        let child = child.expect("there is a shell");
        // Both ways, so that opening waits for nobody.
        let (orders, told) = (open(&orders), open(&told));
        let (told_tx, told_rx) = channel();
        thread::spawn(move || {
            let mut told = BufReader::new(told);
            let mut message = Vec::new();
            while told.read_until(0, &mut message).is_ok_and(|it| it > 0) {
                message.pop();
                let read = serde_json::from_slice(&message);
                if read.is_ok_and(|it| told_tx.send(it).is_err()) {
                    return;
                }
                message.clear();
            }
        });
        let mut browser = Self {
            child,
            orders,
            told_rx,
            next_id: 0,
            session: String::new(),
            events: VecDeque::new(),
            _profile: profile,
        };
        browser.open_tab();
        browser
    }

    fn open_tab(&mut self) {
        let tab = self.call("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": tab["targetId"], "flatten": true });
        let attached = self.call("Target.attachToTarget", &attach);
        let session = attached["sessionId"].as_str().expect("a session");
        self.session = session.to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            self.call(&format!("{domain}.enable"), &json!({}));
        }
    }

    /// Has the browser do something and waits until it has.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        let answered = self.try_call(method, parameters);
        answered.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Has the browser do something, unless it cannot.
    fn try_call(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.next_id += 1;
        let id = self.next_id;
        let mut order = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            order["sessionId"] = self.session.clone().into();
        }
        let mut bytes = serde_json::to_vec(&order).expect("it has a JSON form");
        bytes.push(0);
        self.orders.write_all(&bytes).expect("the browser takes it");
        let until = now() + DEADLINE;
        loop {
            let mut message = self.next(until, method);
            if message["id"] != id {
                self.events.push_back(message);
                continue;
            }
            return match message.get_mut("error") {
                Some(error) => Err(error.take()),
                None => Ok(message["result"].take()),
            };
        }
    }

    fn next(&self, until: Instant, what: &str) -> Value {
        let left = until.saturating_duration_since(now());
        let message = self.told_rx.recv_timeout(left);
        message.unwrap_or_else(|error| panic!("the browser does not answer {what}: {error}"))
    }

    /// Goes to an address and waits until all of it is there. The page that was there is marked, so that
    /// it is not taken for the next.
    pub(crate) fn go(&mut self, url: &str) {
        self.evaluate("window.isOld = true");
        self.call("Page.navigate", &json!({ "url": url }));
        self.until("!window.isOld && document.readyState === 'complete'");
    }

    /// Goes to an address; returns how many milliseconds passed until something of it was painted.
    pub(crate) fn first_paint(&mut self, url: &str) -> f64 {
        self.go(url);
        self.evaluate(FIRST_PAINT).as_f64().expect("a time")
    }

    /// Lets itself in by a link, which leads on to the overview.
    pub(crate) fn enter(&mut self, link: &str) {
        self.go(link);
        self.until("location.pathname === '/' && document.readyState === 'complete'");
    }

    /// Types a text where the focus is.
    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", &json!({ "text": text }));
    }

    /// Returns what an expression comes to on the page. The page's own rules do not hold for it.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let result = self.call("Runtime.evaluate", &parameters);
        assert!(
            result.get("exceptionDetails").is_none(),
            "{expression}: {result}"
        );
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true, and of a page that is just being left, of the next.
    pub(crate) fn until(&mut self, expression: &str) {
        let until = now() + DEADLINE;
        let parameters = json!({ "expression": expression, "returnByValue": true });
        loop {
            // An error: the page is just being left.
            let result = self.try_call("Runtime.evaluate", &parameters);
            if result.is_ok_and(|it| it["result"]["value"] == true) {
                return;
            }
            assert!(now() < until, "never true: {expression}");
            thread::park_timeout(Duration::from_millis(20)); // between two looks
        }
    }

    /// Presses a key and lets it go.
    pub(crate) fn press(&mut self, key: &str, code: u8, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let parameters = json!({
                "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text,
            });
            self.call("Input.dispatchKeyEvent", &parameters);
        }
    }

    /// Makes the window so large, with so many dots to a pixel.
    pub(crate) fn resize(&mut self, width: u32, height: u32, scale: f64) {
        let parameters = json!({
            "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500,
        });
        self.call("Emulation.setDeviceMetricsOverride", &parameters);
    }

    /// Has the page be `light` or `dark`.
    pub(crate) fn colour(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call(
            "Emulation.setEmulatedMedia",
            &json!({ "features": features }),
        );
    }

    /// Returns a picture of what the window shows, as PNG.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        use base64::Engine as _;
        let shot = self.call("Page.captureScreenshot", &json!({ "format": "png" }));
        let text = shot["data"].as_str().expect("a picture");
        let decoded = base64::engine::general_purpose::STANDARD.decode(text);
        decoded.expect("base64")
    }

    /// Returns what the browser complained of since, if it did.
    pub(crate) fn complaints(&mut self) -> Vec<String> {
        self.evaluate("0"); // all that was told before is here by now
        let complains = |it: &&Value| {
            let method = it["method"].as_str().unwrap_or_default();
            let level = it["params"]["entry"]["level"].as_str().unwrap_or_default();
            match method {
                "Runtime.exceptionThrown" | "Audits.issueAdded" => true,
                "Runtime.consoleAPICalled" => it["params"]["type"] != "debug",
                "Log.entryAdded" => level == "error" || level == "warning",
                _ => false,
            }
        };
        let found = self.events.iter().filter(complains);
        found.map(ToString::to_string).collect()
    }

    /// Returns every address that was asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let asked = self
            .events
            .iter()
            .filter(|it| it["method"] == "Network.requestWillBeSent");
        let url = |it: &Value| it["params"]["request"]["url"].as_str().map(str::to_owned);
        asked.filter_map(url).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The group of its own that it was started in: all that it started is in it.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

fn open(pipe: &Path) -> File {
    let opened = OpenOptions::new().read(true).write(true).open(pipe);
    opened.expect("the pipe was made")
}
