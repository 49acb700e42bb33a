//! A WebDriver session: requests with JSON, answers with a value or an error.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::Error;
use crate::services::http::{self, Answer};

/// How WebDriver marks an element in JSON.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

#[derive(Debug)]
pub(super) struct Session {
    driver: SocketAddr,
    id: String,
}

impl Session {
    /// Begins a session with the browser that listens there.
    pub(super) fn begin(driver: SocketAddr, debugger: SocketAddr) -> Result<Self, Error> {
        let options = json!({ "goog:chromeOptions": { "debuggerAddress": debugger.to_string() } });
        let body = json!({ "capabilities": { "alwaysMatch": options } });
        let value = value(&send(driver, "/session", &body)?)?;
        match value["sessionId"].as_str() {
            Some(id) => Ok(Session {
                driver,
                id: id.to_owned(),
            }),
            None => Err(Error("chromedriver began no session".to_owned())),
        }
    }

    pub(super) fn post(&self, path: &str, body: Value) -> Result<Value, Error> {
        value(&send(
            self.driver,
            &format!("/session/{}{path}", self.id),
            &body,
        )?)
    }

    pub(super) fn get(&self, path: &str) -> Result<Value, Error> {
        value(&http::get(
            self.driver,
            &format!("/session/{}{path}", self.id),
        )?)
    }

    /// The first element of a CSS selector.
    pub(super) fn element(&self, css: &str) -> Result<String, Error> {
        let found = self.post("/element", json!({ "using": "css selector", "value": css }))?;
        let id = found[ELEMENT].as_str();
        id.map(str::to_owned)
            .ok_or_else(|| Error(format!("there is no element {css}")))
    }

    pub(super) fn end(&self) {
        let path = format!("/session/{}", self.id);
        if let Err(error) = http::request(self.driver, "DELETE", &path, &[], b"") {
            tracing::debug!("a browser's session ended by itself: {error}");
        }
    }
}

fn send(driver: SocketAddr, path: &str, body: &Value) -> Result<Answer, Error> {
    Ok(http::post(
        driver,
        path,
        "application/json",
        body.to_string().as_bytes(),
    )?)
}

/// The value of an answer, or what it says went wrong.
fn value(answer: &Answer) -> Result<Value, Error> {
    let mut json: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| Error(format!("no JSON from chromedriver: {}", answer.text())))?;
    let value = json["value"].take();
    if answer.is_success() {
        return Ok(value);
    }
    let message = value["message"].as_str().unwrap_or("no reason given");
    Err(Error(message.lines().next().unwrap_or_default().to_owned()))
}
