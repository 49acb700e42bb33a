//! A real browser under control: open, click, type, read, run a script.
//!
//! Chromium without a window, driven by chromedriver over WebDriver (W3C), which is JSON over plain
//! HTTP: no async runtime, no client library. Both are private to the [`Browser`], with a profile that
//! goes with it. Chromium is started here and not by its driver, so that it too ends when this process
//! is killed.
//!
//! Elements are named by CSS selectors and waited for. When a test fails, what the page looked like is
//! kept as a picture. Never for pages of strangers: as root, Chromium runs without its sandbox.

mod base64;
mod session;

use std::env;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::Child;
use crate::services::{Folder, Unavailable, free_address, http, program};
use crate::wait;
use session::Session;

/// How long the two programs may take to be ready.
const START: Duration = Duration::from_secs(60);
/// How long an element may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);
/// The folder for pictures of failed tests; the temporary folder if it isn't set.
const PICTURES: &str = "LAB_SCREENSHOTS";
/// How to get both programs.
const HOW: &str = "apt install chromium chromium-driver";
/// What Chromium is told: no window, nothing from or to the network that isn't asked for.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--remote-debugging-port=0",
    "about:blank",
];

/// What the browser couldn't do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Whether an element wasn't there, or no longer, which may be otherwise in a moment.
    fn is_passing(&self) -> bool {
        self.0.contains("stale element") || self.0.contains("no such element")
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Error(format!("the browser can't be asked: {error}"))
    }
}

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    session: Session,
    /// Dropped in this order: who drives, who is driven, what both wrote.
    _driver: Child,
    _chromium: Child,
    _folder: Folder,
}

impl Browser {
    /// Starts a browser of its own.
    ///
    /// # Errors
    /// If one of the two programs isn't there, or doesn't get ready.
    pub fn open() -> Result<Self, Unavailable> {
        let missing = |why: String| Unavailable {
            service: "chromium",
            why,
            how: HOW,
        };
        let chromium = program(&["chromium", "chromium-browser", "google-chrome"])
            .ok_or_else(|| missing("there is no program chromium".to_owned()))?;
        let driver = program(&["chromedriver"])
            .ok_or_else(|| missing("there is no program chromedriver".to_owned()))?;
        Self::start(&chromium, &driver).map_err(|error| missing(error.to_string()))
    }

    fn start(chromium: &Path, driver: &Path) -> Result<Self, Error> {
        let folder = Folder::new("browser")?;
        let address = free_address()?;
        let mut command = Command::new(chromium);
        command
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", folder.path().display()));
        if nix::unistd::geteuid().is_root() {
            command.arg("--no-sandbox");
        }
        let chromium = spawn(command, folder.path(), "chromium.log")?;
        let mut command = Command::new(driver);
        command.arg(format!("--port={}", address.port()));
        let driver = spawn(command, folder.path(), "chromedriver.log")?;
        let debugger = debugger(folder.path())?;
        let ready = || http::get(address, "/status").is_ok_and(|answer| answer.is_success());
        if !wait::until(START, ready) {
            return Err(Error("chromedriver doesn't answer".to_owned()));
        }
        Ok(Browser {
            session: Session::begin(address, debugger)?,
            _driver: driver,
            _chromium: chromium,
            _folder: folder,
        })
    }

    /// Opens a page and waits until it is loaded.
    ///
    /// # Errors
    /// If it can't be loaded.
    pub fn goto(&self, url: &str) -> Result<(), Error> {
        self.session.post("/url", json!({ "url": url })).map(|_| ())
    }

    /// Makes the page so many pixels wide and high, as on a phone; dark if asked for.
    ///
    /// # Errors
    /// If the browser doesn't.
    pub fn look(&self, width: u32, height: u32, dark: bool) -> Result<(), Error> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.devtools("Emulation.setDeviceMetricsOverride", size)?;
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        )
    }

    fn devtools(&self, command: &str, params: Value) -> Result<(), Error> {
        let body = json!({ "cmd": command, "params": params });
        self.session.post("/goog/cdp/execute", body).map(|_| ())
    }

    /// Clicks on an element, once it is there.
    ///
    /// # Errors
    /// If there is none, or something lies over it.
    pub fn click(&self, css: &str) -> Result<(), Error> {
        self.on(css, |element| {
            let path = format!("/element/{element}/click");
            self.session.post(&path, json!({}))
        })
        .map(|_| ())
    }

    /// Types into an element, as a keyboard does.
    ///
    /// # Errors
    /// If there is none, or it takes no keys.
    pub fn type_text(&self, css: &str, text: &str) -> Result<(), Error> {
        self.on(css, |element| {
            let path = format!("/element/{element}/value");
            self.session.post(&path, json!({ "text": text }))
        })
        .map(|_| ())
    }

    /// Presses a key on whatever has the focus: a character, or one of the keys without, as
    /// [`ARROW_LEFT`].
    ///
    /// # Errors
    /// If the browser doesn't.
    pub fn press(&self, key: &str) -> Result<(), Error> {
        let keys = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": keys });
        self.session
            .post("/actions", json!({ "actions": [keyboard] }))
            .map(|_| ())
    }

    /// The text of an element, as it is seen.
    ///
    /// # Errors
    /// If there is none.
    pub fn text(&self, css: &str) -> Result<String, Error> {
        let value = self.on(css, |element| {
            self.session.get(&format!("/element/{element}/text"))
        })?;
        Ok(value.as_str().unwrap_or_default().to_owned())
    }

    /// Runs the body of a function in the page; what it returns comes back as JSON.
    ///
    /// # Errors
    /// If it throws.
    pub fn script(&self, body: &str) -> Result<Value, Error> {
        self.session
            .post("/execute/sync", json!({ "script": body, "args": [] }))
    }

    /// Waits until an expression in the page is true; says whether it was.
    ///
    /// # Errors
    /// If it throws.
    pub fn wait_until(&self, timeout: Duration, expression: &str) -> Result<bool, Error> {
        let body = format!("return Boolean({expression})");
        let mut failed = None;
        let held = wait::until(timeout, || match self.script(&body) {
            Ok(value) => value == Value::Bool(true),
            Err(error) => {
                failed = Some(error);
                true
            }
        });
        failed.map_or(Ok(held), Err)
    }

    /// What the page looks like, as PNG.
    ///
    /// # Errors
    /// If it can't be had.
    pub fn screenshot(&self) -> Result<Vec<u8>, Error> {
        let value = self.session.get("/screenshot")?;
        let picture = value.as_str().and_then(base64::decode);
        picture.ok_or_else(|| Error("the browser's picture isn't one".to_owned()))
    }

    /// Does something with an element, once it is there. A page that draws itself anew may take it away
    /// in between; then with the one that has come instead.
    fn on(&self, css: &str, act: impl Fn(&str) -> Result<Value, Error>) -> Result<Value, Error> {
        let mut done = Err(Error(String::new()));
        let _ = wait::until(PATIENCE, || {
            done = self.session.element(css).and_then(|element| act(&element));
            !matches!(&done, Err(error) if error.is_passing())
        });
        done
    }
}

/// The arrow to the left, for [`Browser::press`].
pub const ARROW_LEFT: &str = "\u{E012}";
/// The arrow to the right.
pub const ARROW_RIGHT: &str = "\u{E014}";
/// The key Home.
pub const HOME: &str = "\u{E011}";
/// The tabulator.
pub const TAB: &str = "\u{E004}";

impl Drop for Browser {
    fn drop(&mut self) {
        if thread::panicking() {
            let folder = env::var_os(PICTURES).map_or_else(env::temp_dir, Into::into);
            let file = folder.join(format!("lab-page-{}.png", process::id()));
            match self.screenshot().and_then(|png| Ok(fs::write(&file, png)?)) {
                Ok(()) => eprintln!("the page looked like {}", file.display()),
                Err(error) => eprintln!("what the page looked like is lost: {error}"),
            }
        }
        self.session.end();
    }
}

/// Starts a program whose words go to a file.
fn spawn(mut command: Command, folder: &Path, log: &str) -> io::Result<Child> {
    let log = File::create(folder.join(log))?;
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .current_dir(folder);
    Child::spawn(command)
}

/// Where Chromium listens for its driver; it writes that into its profile.
fn debugger(profile: &Path) -> Result<SocketAddr, Error> {
    let file = profile.join("DevToolsActivePort");
    let mut port = None;
    let _ = wait::until(START, || {
        let text = fs::read_to_string(&file).unwrap_or_default();
        port = text
            .lines()
            .next()
            .and_then(|line| line.parse::<u16>().ok());
        port.is_some()
    });
    let port = port.ok_or_else(|| {
        let said = fs::read_to_string(profile.join("chromium.log")).unwrap_or_default();
        Error(format!(
            "chromium doesn't start: {}",
            said.lines().next_back().unwrap_or_default()
        ))
    })?;
    Ok(([127, 0, 0, 1], port).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_clicked_typed_into_and_read() {
        let browser = match Browser::open() {
            Ok(browser) => browser,
            Err(unavailable) => return crate::skip::because(&unavailable.to_string()),
        };
        let page = "data:text/html,<meta name=viewport content=width=device-width><input id=a><button onclick=\"b.textContent='hello '%2Ba.value\">x</button><p id=b></p>";
        browser.goto(page).expect("it loads");
        browser.type_text("#a", "you").expect("it is there");
        browser.click("button").expect("it is there");
        assert_eq!(browser.text("#b").expect("it is there"), "hello you");
        let sum = browser.script("return 1 + 1").expect("it runs");
        assert_eq!(sum, json!(2));
        browser.look(420, 800, true).expect("it can");
        let narrow = "innerWidth === 420 && matchMedia('(prefers-color-scheme: dark)').matches";
        assert!(browser.wait_until(PATIENCE, narrow).expect("it runs"));
        assert!(
            browser
                .screenshot()
                .expect("it can")
                .starts_with(b"\x89PNG")
        );
        assert!(browser.script("throw new Error('no')").is_err());
    }
}
