use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;

use super::generate::refuse_generator;
use super::{CliError, note, say, threshold_of};
use crate::project::RunFolder;
use crate::serve::{ServeSettings, Server};

/// Answer other programs over HTTP with a run, as `predict` does
#[derive(Debug, Args)]
pub struct Serve {
    /// A run folder, the name of a run in `runs`, or `pretrained`
    #[arg(value_parser = super::runs::run_or_word)]
    run: String,
    /// The port; 0 takes one that is free
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// The address to listen on; by default only programs on this machine can ask. 0.0.0.0 lets everybody ask who reaches it
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// For two classes: the probability from which the second is predicted; 0.5, or what was saved with the run
    #[arg(long, value_name = "P", value_parser = super::probability)]
    threshold: Option<f32>,
    /// The most megabytes of a request
    #[arg(long, value_name = "MB", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    max_size: u32,
    /// Seconds that a client may take to send a request, and to take the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    timeout: f64,
}

impl Serve {
    pub fn run(&self) -> Result<(), CliError> {
        let run = RunFolder::find(&self.run)?;
        refuse_generator(&run.project, &self.run, "`backprop generate` writes some of its own")?;
        let settings = ServeSettings {
            host: self.host,
            port: self.port,
            threshold: threshold_of(self.threshold, &run)?,
            largest: self.max_size as usize * 1_000_000,
            timeout: Duration::from_secs_f64(self.timeout),
        };
        let name = Path::new(&self.run).file_name().map_or_else(|| self.run.clone(), |name| name.display().to_string());
        let failed = |error: crate::serve::ServeError| CliError::Failed(error.to_string());
        let server = Server::bind(run, &*name, settings).map_err(failed)?;
        let (stop, was_asked) = (server.stopper(), AtomicBool::new(false));
        let handler = move || {
            if was_asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
            stop.stop();
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            tracing::warn!("Ctrl+C will end the server at once: {error}");
        }
        say(format_args!("{name} answers at http://{}", server.address()))?;
        if !self.host.is_loopback() {
            note("Everybody who reaches this address can ask; nothing is encrypted, and nobody needs a password");
        }
        note("Ctrl+C ends it");
        server.run().map_err(failed)
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.05..=3600.0).contains(seconds));
    seconds.ok_or_else(|| "expected seconds from 0.05 to 3600".to_owned())
}
