//! The server: a thin driver between HTTP and the engine.
//!
//! | path | spoken by |
//! |---|---|
//! | `/write`, `/api/v2/write` | whoever writes the line protocol: `influx`, Telegraf, client libraries |
//! | `/query`, `/ping`, `/health` | the `influx` client, Grafana |
//! | `/metrics` | Prometheus, which scrapes it |
//! | `/api/v1/read` | Prometheus, which reads from it |
//! | `/`, `/api/anomalies` | the page |
//!
//! The engine blocks, so it is called on threads that may; never more at once than [`AT_ONCE`].

mod answers;
mod exposition;
mod marks;
mod page;
mod params;
pub mod remote_read;

use std::future::IntoFuture;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use labkit::shutdown::Shutdown;
use tokio::sync::Semaphore;

use crate::config::MAX_BATCH;
use crate::engine::Written;
use crate::error::Error;
use crate::line::Precision;
use crate::query::influxql;
use crate::store::Embedded;
use params::Params;

/// How many requests are worked on at once; more are told to come again.
pub const AT_ONCE: usize = 64;
/// How long open requests may take after the shutdown.
const DRAIN: Duration = Duration::from_secs(4);
/// How often the engine's upkeep is done.
const UPKEEP: Duration = Duration::from_secs(5);
/// What it says it is: the version whose protocol it speaks.
const VERSION: &str = "1.6.7-lab";

/// What all requests share.
#[derive(Clone, Debug)]
pub struct Service {
    store: Embedded,
    /// The one database's name.
    database: Arc<str>,
    permits: Arc<Semaphore>,
}

type Answer = Result<Response, Problem>;

/// What a request can't have.
enum Problem {
    /// The status, and what to say.
    Status(StatusCode, String),
    /// What the engine said.
    Engine(Error),
}

impl Service {
    /// A service of this store, which knows it as a database with this name.
    #[must_use]
    pub fn new(store: Embedded, database: &str) -> Self {
        Service {
            store,
            database: database.into(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Calls the engine where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Embedded) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| {
            let busy = format!("{AT_ONCE} requests are being worked on; try again");
            Problem::Status(StatusCode::SERVICE_UNAVAILABLE, busy)
        })?;
        let store = self.store.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work(&store)
        });
        match work.await {
            Ok(result) => result.map_err(Problem::Engine),
            Err(panic) => {
                let what = format!("this request failed: {panic}");
                Err(Problem::Status(StatusCode::INTERNAL_SERVER_ERROR, what))
            }
        }
    }

    fn check_database(&self, given: &str) -> Result<(), Problem> {
        // A bucket of the second API may name its retention policy too.
        let name = given.split('/').next().unwrap_or_default();
        if name == &*self.database {
            return Ok(());
        }
        let unknown = Error::NoDatabase(name.to_owned(), self.database.to_string());
        Err(Problem::Status(StatusCode::NOT_FOUND, unknown.to_string()))
    }
}

/// All that it answers.
pub fn app(service: Service) -> Router {
    Router::new()
        .route("/write", post(write))
        .route("/api/v2/write", post(write))
        .route("/query", get(query).post(query))
        .route("/ping", get(ping))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/api/v1/read", post(read))
        .route("/api/anomalies", get(anomalies))
        .route("/", get(page::index))
        .route("/app.js", get(page::script))
        .route("/style.css", get(page::style))
        .layer(DefaultBodyLimit::max(MAX_BATCH))
        .with_state(service)
}

/// Serves until the shutdown fires, then drains. Runs its own threads; blocks.
///
/// # Errors
/// If the listener is broken.
pub fn serve(listener: TcpListener, service: Service, shutdown: &Shutdown) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (store, stop) = (service.store.clone(), shutdown.clone());
    let upkeep = std::thread::spawn(move || upkeep(&store, &stop));
    let served = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let stop = shutdown.clone();
        let told = async move { (&stop).into_future().await };
        let serving = axum::serve(listener, app(service)).with_graceful_shutdown(told);
        let overdue = async {
            shutdown.into_future().await;
            tokio::time::sleep(DRAIN).await;
        };
        tokio::select! {
            served = serving.into_future() => served,
            () = overdue => Ok(()),
        }
    });
    shutdown.trigger();
    runtime.shutdown_timeout(Duration::from_millis(500));
    if upkeep.join().is_err() {
        tracing::error!("the upkeep ended in a panic");
    }
    served
}

/// Down-sampling, retention and checkpoints, from time to time.
fn upkeep(store: &Embedded, shutdown: &Shutdown) {
    while !shutdown.wait_timeout(UPKEEP) {
        if let Err(error) = store.engine().maintain(store.now()) {
            tracing::error!("upkeep: {error}");
        }
    }
}

async fn write(
    State(service): State<Service>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let database = params
        .get("db")
        .or(params.get("bucket"))
        .unwrap_or_default();
    service.check_database(database)?;
    if headers.contains_key(header::CONTENT_ENCODING) {
        let what = "compressed bodies aren't read; send lines as they are".to_owned();
        return Err(Problem::Status(StatusCode::UNSUPPORTED_MEDIA_TYPE, what));
    }
    let name = params.get("precision").unwrap_or_default();
    let precision = Precision::named(name).ok_or_else(|| {
        let what = format!("precision {name:?} isn't known; there are ns, u, ms, s, m and h");
        Problem::Status(StatusCode::BAD_REQUEST, what)
    })?;
    let written = service
        .blocking(move |store| store.engine().write(&body, precision, store.now()))
        .await?;
    if written.refused_lines == 0 {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Err(Problem::Status(StatusCode::BAD_REQUEST, partial(&written)))
}

/// Which lines weren't kept, as InfluxDB says it.
fn partial(written: &Written) -> String {
    let refused: Vec<String> = written.refused.iter().map(ToString::to_string).collect();
    let more = written.refused_lines - written.refused.len() as u64;
    let more = if more > 0 {
        format!("\nand {more} more lines")
    } else {
        String::new()
    };
    format!(
        "partial write: {} kept; {}{more}",
        written.samples,
        refused.join("\n")
    )
}

async fn query(
    State(service): State<Service>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let mut params = Params::parse(query.as_deref().unwrap_or_default());
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    });
    if is_form {
        params.extend(Params::parse(&String::from_utf8_lossy(&body)));
    }
    let Some(text) = params.get("q").map(str::to_owned) else {
        let what = "missing required parameter \"q\"".to_owned();
        return Err(Problem::Status(StatusCode::BAD_REQUEST, what));
    };
    let epoch = params.get("epoch").map(str::to_owned);
    let statements = influxql::parse(&text, service.store.now()).map_err(Problem::Engine)?;
    let (database, given) = (
        service.database.clone(),
        params.get("db").map(str::to_owned),
    );
    if let Some(given) = given.filter(|given| !given.is_empty()) {
        service.check_database(&given)?;
    }
    let json = service
        .blocking(move |store| {
            let times = answers::Times::named(epoch.as_deref());
            Ok(answers::all(store.engine(), &database, &statements, times))
        })
        .await?;
    let kind = [
        (header::CONTENT_TYPE, "application/json"),
        (INFLUX_VERSION, VERSION),
    ];
    Ok((kind, json).into_response())
}

const INFLUX_VERSION: header::HeaderName = header::HeaderName::from_static("x-influxdb-version");

async fn ping() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [(INFLUX_VERSION, VERSION)])
}

async fn health() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (
        kind,
        format!("{{\"name\":\"influxdb\",\"status\":\"pass\",\"version\":\"{VERSION}\"}}\n"),
    )
}

async fn metrics(State(service): State<Service>) -> Answer {
    let text = service
        .blocking(|store| Ok(exposition::text(store.engine())))
        .await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

async fn read(State(service): State<Service>, body: Bytes) -> Answer {
    let requests = remote_read::decode(&body)
        .map_err(|error| Problem::Status(StatusCode::BAD_REQUEST, error.to_string()))?;
    let body = service
        .blocking(move |store| remote_read::answer(store.engine(), &requests))
        .await?;
    let kind = [
        (header::CONTENT_TYPE, "application/x-protobuf"),
        (header::CONTENT_ENCODING, "snappy"),
    ];
    Ok((kind, body).into_response())
}

async fn anomalies(State(service): State<Service>, RawQuery(query): RawQuery) -> Answer {
    let params = Params::parse(query.as_deref().unwrap_or_default());
    let asked = marks::Asked::read(&params, service.store.now())
        .map_err(|what| Problem::Status(StatusCode::BAD_REQUEST, what))?;
    let json = service
        .blocking(move |store| marks::json(store.engine(), &asked))
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], json).into_response())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, what) = match self {
            Problem::Status(status, what) => (status, what),
            Problem::Engine(error @ Error::BatchTooLarge(_)) => {
                (StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
            }
            Problem::Engine(error) if error.is_callers() => {
                (StatusCode::BAD_REQUEST, error.to_string())
            }
            Problem::Engine(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        };
        let code = if status.is_client_error() {
            "invalid"
        } else {
            "internal error"
        };
        let json = serde_json::json!({ "error": what, "code": code, "message": what });
        let kind = [
            (header::CONTENT_TYPE, "application/json"),
            (INFLUX_VERSION, VERSION),
        ];
        (status, kind, format!("{json}\n")).into_response()
    }
}
