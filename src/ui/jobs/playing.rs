//! A sound, played by a program of the system: a library for it would need the headers of ALSA to be compiled.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::report::Report;
use crate::project::whole::write_whole;
use crate::ui::widgets::sound::Sound;

/// How often the thread looks whether the player has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A program that plays a file and ends.
#[derive(Clone, Debug)]
pub struct Player {
    /// Its name, or where it is.
    pub program: PathBuf,
    /// What it is called with for a file.
    pub arguments: fn(&Path) -> Vec<OsString>,
}

/// The players of this system, the first choice first.
pub fn players() -> Vec<Player> {
    let file = |path: &Path| vec![path.into()];
    let silent = |path: &Path| vec!["-q".into(), path.into()];
    let named = |program: &str, arguments: fn(&Path) -> Vec<OsString>| Player { program: program.into(), arguments };
    if cfg!(windows) {
        vec![named("powershell", script)]
    } else if cfg!(target_vendor = "apple") {
        vec![named("afplay", file)]
    } else {
        vec![named("pw-play", file), named("paplay", file), named("aplay", silent)]
    }
}

/// What PowerShell is called with.
fn script(path: &Path) -> Vec<OsString> {
    let quoted = path.display().to_string().replace('\'', "''");
    let script = format!("(New-Object System.Media.SoundPlayer '{quoted}').PlaySync()");
    ["-NoProfile", "-NonInteractive", "-Command", &script].map(OsString::from).into()
}

/// A sound that is being played. Dropped, it stops.
pub struct Playing {
    /// Nothing is ever sent.
    _stop: Sender<Infallible>,
}

impl Playing {
    /// The sound as the window sees it, and the work, which is for another thread and lasts as long as the sound.
    pub fn new(players: Vec<Player>, sound: Sound) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (stop, stopped) = bounded(0);
        let work = move || match play(&players, &sound, &stopped) {
            Ok(()) => Report::Nothing,
            Err(why) => Report::Warned(why),
        };
        (Self { _stop: stop }, work)
    }
}

/// Plays until the sound is over or the other end of `stopped` is gone. Of several players the first is taken that works.
fn play(players: &[Player], sound: &Sound, stopped: &Receiver<Infallible>) -> Result<(), String> {
    let fail = |error: &dyn std::fmt::Display| format!("The sound cannot be written for the player: {error}.");
    let bytes = sound.wav().map_err(|error| fail(&error))?;
    let folder = tempfile::tempdir().map_err(|error| fail(&error))?;
    let path = folder.path().join("curves.wav");
    write_whole(&path, &bytes).map_err(|error| fail(&error))?;
    let mut last = None;
    for player in players {
        let mut command = Command::new(&player.program);
        command.args((player.arguments)(&path)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let name = player.program.display();
        match command.spawn().and_then(|child| wait(child, stopped)) {
            Ok(None) => return Ok(()),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => last = Some(format!("{name} ended with {status}")),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => last = Some(format!("{name}: {error}")),
        }
    }
    Err(match last {
        Some(why) => format!("The sound cannot be played: {why}. A right click on the plot saves it as a file."),
        None => missing(players),
    })
}

/// How the player ended; nothing if it was stopped.
fn wait(mut child: Child, stopped: &Receiver<Infallible>) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Disconnected) {
            // It may have ended just now, which is no error.
            let _ = child.kill();
            child.wait()?;
            return Ok(None);
        }
    }
}

/// That there is no player, and where one comes from.
fn missing(players: &[Player]) -> String {
    let names: Vec<String> = players.iter().map(|player| player.program.display().to_string()).collect();
    let names = names.join(", ");
    match cfg!(target_os = "linux") {
        true => format!(
            "There is no program that plays sounds: {names}. On Debian and Ubuntu the package pipewire-bin, pulseaudio-utils or alsa-utils has one."
        ),
        false => format!("There is no program that plays sounds: {names}."),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::thread;

    use super::*;
    use crate::ui::widgets::sound::Ear;

    fn sound() -> Sound {
        Sound { voices: vec![(Ear::Left, vec![[0.0, 1.0], [1.0, 0.0]])], tick: None }
    }

    fn player(folder: &Path, name: &str, script: &str) -> Player {
        let program = folder.join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Player { program, arguments: |path| vec![path.into()] }
    }

    #[test]
    fn the_first_player_that_works_gets_the_file_which_is_gone_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        let missing = Player { program: base.join("nowhere"), arguments: |path| vec![path.into()] };
        let broken = player(base, "broken", "exit 3");
        let works = player(base, "works", "cp \"$1\" \"$0.wav\"; printf '%s' \"$1\" > \"$0.path\"");
        let (_stop, stopped) = bounded(0);
        play(&[missing.clone(), broken.clone(), works], &sound(), &stopped).unwrap();
        assert_eq!(fs::read(base.join("works.wav")).unwrap(), sound().wav().unwrap());
        assert!(!Path::new(&fs::read_to_string(base.join("works.path")).unwrap()).exists());

        let told = play(&[missing.clone(), broken], &sound(), &stopped).unwrap_err();
        assert!(told.contains("broken ended with exit status: 3"), "{told}");
        let told = play(&[missing], &sound(), &stopped).unwrap_err();
        assert!(told.starts_with("There is no program that plays sounds: ") && told.contains("alsa-utils"), "{told}");
    }

    #[test]
    fn what_is_dropped_stops() {
        let folder = tempfile::tempdir().unwrap();
        let endless = player(folder.path(), "endless", ": > \"$0.begun\"; exec tail -f /dev/null");
        let begun = folder.path().join("endless.begun");
        let (playing, work) = Playing::new(vec![endless], sound());
        let thread = thread::spawn(work);
        while !begun.exists() {
            thread::yield_now();
        }
        drop(playing);
        assert!(matches!(thread.join().unwrap(), Report::Nothing));
    }

    #[test]
    fn a_path_with_a_quote_is_one_for_powershell_too() {
        let arguments = script(Path::new("C:/it's/curves.wav"));
        assert!(arguments[3].to_string_lossy().contains("'C:/it''s/curves.wav'"), "{arguments:?}");
    }
}
