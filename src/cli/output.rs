//! Standard output. A result that is lost is an error, also where nobody has left it open.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// One line on standard output.
pub fn print(line: impl Display) -> io::Result<()> {
    into_open(|| writeln!(io::stdout().lock(), "{line}"))
}

/// Writes to standard output, unless it was closed when the program began.
pub fn into_open(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    if IS_CLOSED.load(Ordering::Relaxed) {
        return Err(io::Error::other("it is closed; send it to a file, or to /dev/null to do without it"));
    }
    write()
}

/// Before `main`, Rust opens `/dev/null` in the place of a standard output that is closed, and nothing tells it from one that
/// somebody wanted. So this looks before that.
#[cfg(unix)]
mod look {
    use std::io;
    use std::os::fd::AsFd as _;
    use std::sync::atomic::Ordering;

    const NO_SUCH_DESCRIPTOR: i32 = 9;

    #[used]
    #[expect(unsafe_code, reason = "the loader calls what is in this section; it needs nothing that main prepares")]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
    #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
    static LOOK: extern "C" fn() = look;

    extern "C" fn look() {
        // To copy the descriptor asks whether there is one.
        let copied = io::stdout().as_fd().try_clone_to_owned();
        let is_closed = copied.is_err_and(|error| error.raw_os_error() == Some(NO_SUCH_DESCRIPTOR));
        super::IS_CLOSED.store(is_closed, Ordering::Relaxed);
    }
}
