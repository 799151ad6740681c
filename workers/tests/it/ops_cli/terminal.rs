//! The command line on a terminal: what is typed, and what moves.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    process::{ExitStatus, Stdio},
};

use anyhow::{Context as _, Result};
use prosaas_platform::bus::Role;
use prosaas_tests::eventually::SOON;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::{process::Child, sync::mpsc, time::timeout};

use super::command;
use crate::{replays::World, support::Database};

/// A command on a terminal of its own.
struct Terminal {
    child: Child,
    keys: File,
    screen: mpsc::UnboundedReceiver<String>,
    seen: String,
}

impl Terminal {
    fn start(arguments: &[&str], database: &Database, nats: &str) -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let name = name.to_str()?;
        let open = || OpenOptions::new().read(true).write(true).open(name);
        let mut command = command(arguments, database, nats)?;
        command.stdin(Stdio::from(open()?)).stdout(Stdio::from(open()?)).stderr(Stdio::from(open()?));
        let child = command.spawn()?;
        // Ours are closed with the command: the reader then comes to an end.
        drop(command);
        let keys = File::from(master);
        let mut output = keys.try_clone()?;
        let (tell, screen) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let mut bytes = [0_u8; 4096];
            // The last one to close the other side ends it with an error.
            while let Ok(count) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()).into_owned();
                if count == 0 || tell.send(text).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, keys, screen, seen: String::new() })
    }

    async fn shows(&mut self, text: &str) -> Result<()> {
        while !self.seen.contains(text) {
            let more = timeout(SOON, self.screen.recv()).await;
            let more = more.with_context(|| format!("{text:?} does not come: {:?}", self.seen))?;
            let more = more.with_context(|| format!("no {text:?}: {:?}", self.seen))?;
            self.seen.push_str(&more);
        }
        Ok(())
    }

    fn types(&mut self, text: &str) -> Result<()> {
        Ok(writeln!(self.keys, "{text}")?)
    }

    /// How it ended, and all that it showed.
    async fn ended(mut self) -> Result<(ExitStatus, String)> {
        let status = timeout(SOON, self.child.wait()).await??;
        while let Ok(Some(more)) = timeout(SOON, self.screen.recv()).await {
            self.seen.push_str(&more);
        }
        Ok((status, self.seen))
    }
}

#[tokio::test]
async fn the_number_is_typed_to_confirm_and_a_bar_shows_how_far_it_is() -> Result<()> {
    let world = World::start().await?;
    world.dead(3).await?;
    world.mend();
    let (database, nats) = (&world.database, world.nats.url(Role::Ops));
    let replay = ["dead", "replay", "--worker", "calls", "--reason", "mended"];

    let mut terminal = Terminal::start(&replay, database, &nats)?;
    terminal.shows("Type 3 to go on:").await?;
    terminal.types("4")?;
    let (status, seen) = terminal.ended().await?;
    assert_eq!(status.code(), Some(4), "{seen}");
    assert!(seen.contains("not confirmed"), "{seen}");
    assert_eq!(database.count("SELECT count(*) FROM prosaas.replay_jobs").await?, 0);

    let (runner, task) = world.runner("one");
    let mut terminal = Terminal::start(&replay, database, &nats)?;
    terminal.shows("Type 3 to go on:").await?;
    terminal.types("3")?;
    let (status, seen) = terminal.ended().await?;
    assert_eq!(status.code(), Some(0), "{seen}");
    let full = format!("\r[{}] 3/3 3 succeeded", "#".repeat(30));
    assert!(seen.contains(&full), "a bar that fills in its line: {seen:?}");
    assert_eq!(world.effects().len(), 3);
    runner.cancel();
    task.await?;

    let mut terminal =
        Terminal::start(&["dead", "discard", "--state", "replayed", "--reason", "r"], database, &nats)?;
    terminal.shows("Type 3 to go on:").await?;
    terminal.types("")?;
    let (status, seen) = terminal.ended().await?;
    assert_eq!(status.code(), Some(4), "nothing typed is no yes: {seen}");
    world.end().await
}
