//! Reads the command line; opens the studio or runs a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    backprop_studio::cli::main()
}
