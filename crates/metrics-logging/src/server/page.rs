//! The page: three files inside the program, so that it works without a network.

use axum::http::header;
use axum::response::IntoResponse;

/// What a browser may load for the page: nothing but these files.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'";

pub(super) async fn index() -> impl IntoResponse {
    file(
        "text/html; charset=utf-8",
        include_str!("../../web/index.html"),
    )
}

pub(super) async fn script() -> impl IntoResponse {
    file(
        "text/javascript; charset=utf-8",
        include_str!("../../web/app.js"),
    )
}

pub(super) async fn style() -> impl IntoResponse {
    file(
        "text/css; charset=utf-8",
        include_str!("../../web/style.css"),
    )
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
