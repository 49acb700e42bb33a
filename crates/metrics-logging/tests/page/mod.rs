//! The page in a real browser: series, zoom, marks; by keyboard, on a phone, in the dark, without a network.

use std::net::SocketAddr;
use std::time::Duration;

use labkit::browser::{self, Browser};
use labkit::process::Child;
use labkit::services::http;
use labkit::skip;

use crate::serve;
use crate::support::PATIENCE;

fn page(more: &[&str]) -> Option<(Browser, Child, tempfile::TempDir, SocketAddr)> {
    let browser = Browser::open()
        .map_err(|missing| skip::because(&missing.to_string()))
        .ok()?;
    let (child, address, folder) = serve(more);
    browser.look(1200, 900, false).unwrap();
    browser.goto(&format!("http://{address}/")).unwrap();
    Some((browser, child, folder, address))
}

fn holds(browser: &Browser, expression: &str) {
    let held = browser.wait_until(PATIENCE, expression).unwrap();
    assert!(
        held,
        "never: {expression}; the page says {:?}",
        browser.text("#state")
    );
}

#[test]
fn the_page_shows_series_zooms_and_marks() {
    let Some((browser, _child, _folder, _)) = page(&["--simulate"]) else {
        return;
    };
    holds(
        &browser,
        "document.querySelectorAll('#series input').length === 10",
    );
    holds(
        &browser,
        "document.querySelectorAll('.panel .trace').length === 1",
    );
    holds(
        &browser,
        "document.querySelector('.trace').getAttribute('d').length > 1000",
    );
    // The chooser: filter, add a series of another field, and a second panel is there.
    browser.type_text("#filter", "memory db").unwrap();
    holds(
        &browser,
        "document.querySelectorAll('#series input').length === 2",
    );
    browser
        .click("#series li:not(:has(input:checked)) input")
        .unwrap();
    holds(&browser, "document.querySelectorAll('.panel').length === 2");
    // A week of it has anomalies in it, which are marked and listed.
    browser.click("[data-hours='168']").unwrap();
    holds(&browser, "document.querySelectorAll('.mark').length > 0");
    holds(
        &browser,
        "document.querySelectorAll('.marks button').length > 0",
    );
    // A click on one zooms to it.
    browser.click(".marks button").unwrap();
    holds(&browser, "state.span < 86400e3 && state.end !== null");
    holds(
        &browser,
        "document.getElementById('live').getAttribute('aria-pressed') === 'false'",
    );
    // Nobody marks, nothing is marked.
    browser.script("const it = document.getElementById('method'); it.value = ''; it.dispatchEvent(new Event('change'))").unwrap();
    holds(&browser, "document.querySelectorAll('.mark').length === 0");
    // Dragging over a chart chooses the time under the pointer.
    let before = browser
        .script("return state.span")
        .unwrap()
        .as_f64()
        .unwrap();
    browser
        .script(
            "const chart = document.querySelector('.panel svg'), box = chart.getBoundingClientRect();
             const at = (type, share) => chart.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1,
               clientX: box.left + box.width * share, clientY: box.top + 50 }));
             chart.setPointerCapture = () => {};
             at('pointerdown', 0.4); at('pointermove', 0.5); at('pointerup', 0.6);",
        )
        .unwrap();
    holds(&browser, &format!("state.span < {}", before * 0.3));
}

#[test]
fn the_page_works_by_keyboard_on_a_phone_and_in_the_dark() {
    let Some((browser, _child, _folder, _)) = page(&["--simulate"]) else {
        return;
    };
    browser.look(420, 800, true).unwrap();
    holds(
        &browser,
        "document.querySelectorAll('.panel .trace').length === 1",
    );
    holds(&browser, "document.documentElement.scrollWidth <= 420");
    holds(
        &browser,
        "getComputedStyle(document.body).backgroundColor === 'rgb(22, 24, 28)'",
    );
    let small = "[...document.querySelectorAll('button, select, #series label')].every((it) => it.getBoundingClientRect().height >= 38)";
    holds(&browser, small);
    // The chart takes the keyboard, and keeps it when it is drawn anew.
    browser
        .script("document.querySelector('.panel svg').focus()")
        .unwrap();
    browser.press("+").unwrap();
    holds(&browser, "state.span === 43200e3 && state.end !== null");
    browser.press(browser::ARROW_LEFT).unwrap();
    holds(&browser, "state.end < Date.now() - 3600e3");
    holds(
        &browser,
        "document.activeElement.dataset.panel === 'service.cpu'",
    );
    browser.press("-").unwrap();
    holds(&browser, "state.span === 86400e3");
    browser.press(browser::HOME).unwrap();
    holds(&browser, "state.end === null");
    holds(
        &browser,
        "document.querySelector('.panel svg').getAttribute('aria-label').includes('service.cpu')",
    );
}

#[test]
fn the_page_needs_no_network_and_says_when_the_server_is_gone() {
    let Some((browser, mut child, _folder, address)) = page(&[]) else {
        return;
    };
    holds(
        &browser,
        "document.getElementById('state').textContent.includes('no series yet')",
    );
    let strangers = format!(
        "performance.getEntriesByType('resource').filter((it) => !it.name.startsWith('http://{address}/') && !it.name.startsWith('data:')).length === 0"
    );
    holds(&browser, &strangers);
    http::post(
        address,
        "/write?db=metrics",
        "text/plain",
        b"<b>&,h=\"'\\, v=1",
    )
    .unwrap();
    holds(
        &browser,
        "document.querySelectorAll('#series input').length === 1",
    );
    holds(
        &browser,
        "document.querySelectorAll('#series b').length === 0",
    );
    child.stop(Duration::from_secs(30)).unwrap();
    holds(
        &browser,
        "document.getElementById('state').textContent.includes('can\\'t be asked')",
    );
}
