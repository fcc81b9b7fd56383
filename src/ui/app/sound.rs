//! The curves of the run, played as sound.

use eframe::egui::Context;

use super::Studio;
use crate::ui::jobs::playing::{Player, Playing, players};
use crate::ui::state::subject::Subject;
use crate::ui::views::learn::heard;

/// The task that plays, as long as the sound lasts.
const PLAYING: &str = "playing the curves";

/// The sound of the window.
pub(super) struct Loudspeaker {
    players: Vec<Player>,
    playing: Option<Playing>,
}

impl Default for Loudspeaker {
    fn default() -> Self {
        Self { players: players(), playing: None }
    }
}

impl Studio {
    /// Plays sounds with these programs, of which the first is taken that there is.
    #[must_use]
    pub fn playing_with(mut self, players: Vec<Player>) -> Self {
        self.loudspeaker.players = players;
        self
    }

    /// Whether a sound is being played.
    pub(super) fn is_playing(&self) -> bool {
        self.tasks.count(PLAYING) > 0
    }

    /// Plays the loss over the run, or stops what is being played.
    pub(super) fn listen(&mut self, ctx: &Context) {
        if self.is_playing() {
            self.loudspeaker.playing = None;
            return;
        }
        let subject = Subject::of(&self.document.project, &self.session);
        let sound = heard(&subject, &self.session, &self.window);
        let (playing, work) = Playing::new(self.loudspeaker.players.clone(), sound);
        self.loudspeaker.playing = Some(playing);
        self.tasks.spawn(ctx, PLAYING, work);
    }

    /// Stops the sound, and waits for its file to be taken away.
    pub(super) fn fall_silent(&mut self) {
        self.loudspeaker.playing = None;
        self.tasks.wait_for(PLAYING);
    }
}
