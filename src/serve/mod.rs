//! A run as an HTTP server on this machine: other programs ask, and are answered as `backprop predict` answers.
//!
//! Connections are served by one thread, predictions made by others, so that a large table delays no small question. Everything
//! that a client sends has a limit: the size of a body, the time that it takes, the number of connections.

mod answer;
mod body;
mod openapi;
mod page;
mod refusal;
mod router;
mod slow;

use std::convert::Infallible;
use std::future::Future as _;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::runtime::Builder;
use tokio::sync::{Notify, Semaphore};

use self::slow::Patient;
use crate::project::RunFolder;
use crate::train::Predictor;

/// Connections at once; others wait until one is closed.
const MOST_CONNECTIONS: usize = 256;

/// How long requests that have begun may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long the server waits when no connection can be taken, such as when too many files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// Where and how a run is served.
#[derive(Clone, Copy, Debug)]
pub struct ServeSettings {
    /// The address that it listens on.
    pub host: IpAddr,
    /// The port; 0 takes one that is free.
    pub port: u16,
    /// With two classes: the probability from which the second is predicted.
    pub threshold: f32,
    /// The most bytes of a request.
    pub largest: usize,
    /// How long a client may take to send a request, and to take the answer.
    pub timeout: Duration,
}

/// Why a run cannot be served: one sentence with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address or port cannot be had.
    #[error("{address}: {why}; choose another with --port or --host")]
    Address {
        /// The address and port.
        address: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// The system gives no threads or timers.
    #[error("the server cannot start: {0}")]
    System(#[from] io::Error),
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    stop: Stop,
}

/// Stops a server from another thread.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Notify>);

impl Stop {
    /// No connection is taken from now on; requests that have begun are answered.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// What every request needs.
struct App {
    run: RunFolder,
    name: String,
    settings: ServeSettings,
    /// With the port that was taken.
    address: SocketAddr,
    /// Predictors that no request uses at this moment.
    idle: Mutex<Vec<Predictor>>,
    /// Whether only this machine can ask.
    is_local: bool,
}

impl Server {
    /// Listens at the address; clients are answered from [`Server::run`] on.
    ///
    /// # Errors
    /// If the address or port cannot be had.
    pub fn bind(run: RunFolder, name: impl Into<String>, settings: ServeSettings) -> Result<Self, ServeError> {
        let address = SocketAddr::new(settings.host, settings.port);
        let fail = |error: io::Error| {
            let why = match error.kind() {
                io::ErrorKind::AddrInUse => "another program uses this port".to_owned(),
                io::ErrorKind::AddrNotAvailable => "this machine does not have this address".to_owned(),
                io::ErrorKind::PermissionDenied => "ports below 1024 are for the system".to_owned(),
                _ => error.to_string(),
            };
            ServeError::Address { address, why }
        };
        let listener = TcpListener::bind(address).map_err(fail)?;
        listener.set_nonblocking(true)?;
        let is_local = settings.host.is_loopback();
        let address = listener.local_addr()?;
        let app = App { run, name: name.into(), settings, address, idle: Mutex::default(), is_local };
        Ok(Self { listener, app: Arc::new(app), stop: Stop::default() })
    }

    /// The address with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.app.address
    }

    /// What stops the server.
    pub fn stopper(&self) -> Stop {
        self.stop.clone()
    }

    /// Answers until it is stopped.
    ///
    /// # Errors
    /// If the system gives no threads or timers.
    pub fn run(self) -> Result<(), ServeError> {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let runtime =
            Builder::new_multi_thread().worker_threads(1).max_blocking_threads(threads).enable_all().build()?;
        let Self { listener, app, stop } = self;
        let served = runtime.block_on(serve(listener, app, stop));
        runtime.shutdown_timeout(GRACE);
        Ok(served?)
    }
}

async fn serve(listener: TcpListener, app: Arc<App>, Stop(stop): Stop) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (graceful, slots) = (GracefulShutdown::new(), Arc::new(Semaphore::new(MOST_CONNECTIONS)));
    let mut stopped = pin!(stop.notified());
    loop {
        let mut slot = pin!(Arc::clone(&slots).acquire_owned());
        let free = std::future::poll_fn(|context| match stopped.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => slot.as_mut().poll(context).map(Result::ok),
        });
        let Some(slot) = free.await else { break };
        let accepted = std::future::poll_fn(|context| match stopped.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(context).map(Some),
        });
        match accepted.await {
            None => break,
            // The client has gone again, or there are too many open files.
            Some(Err(error)) => {
                tracing::debug!("no connection: {error}");
                tokio::time::sleep(PAUSE).await;
            }
            Some(Ok((stream, _))) => {
                let (app, timeout) = (Arc::clone(&app), app.settings.timeout);
                let service = service_fn(move |request| {
                    let app = Arc::clone(&app);
                    async move { Ok::<_, Infallible>(router::respond(app, request).await) }
                });
                // Answers are small and wait for nothing.
                let _ = stream.set_nodelay(true);
                let connection = http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(timeout)
                    .serve_connection(TokioIo::new(Patient::new(stream, timeout)), service);
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!("a connection ended: {error}");
                    }
                    drop(slot);
                });
            }
        }
    }
    drop(listener);
    // Whoever has not got the answer by then is too slow.
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}
