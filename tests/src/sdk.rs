//! Signatures by Twilio's official SDKs, from the scripts in `tests/sdk`.

use std::{path::PathBuf, process::Stdio};

use anyhow::Context as _;
use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{environment, eventually::SOON};

/// An official SDK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sdk {
    /// `twilio` of PyPI.
    Python,
    /// `twilio` of npm.
    Node,
}

impl Sdk {
    fn command(self) -> anyhow::Result<(PathBuf, PathBuf)> {
        let scripts = environment::root().join("tests/sdk");
        match self {
            Self::Python => Ok((environment::python()?, scripts.join("sign.py"))),
            Self::Node => {
                let installed = scripts.join("node_modules/twilio").is_dir();
                anyhow::ensure!(
                    installed,
                    "run `make test`, or `npm ci --ignore-scripts --prefix tests/sdk`"
                );
                let node = environment::in_path("node").context("node is not in PATH")?;
                Ok((node, scripts.join("sign.mjs")))
            }
        }
    }

    /// The signatures of these requests (see `tests/sdk/sign.py` for their form).
    pub async fn sign(self, requests: &[Value]) -> anyhow::Result<Vec<String>> {
        let (program, script) = self.command()?;
        let mut child = Command::new(program)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = String::new();
        for request in requests {
            lines.push_str(&request.to_string());
            lines.push('\n');
        }
        let mut input = child.stdin.take().context("no standard input")?;
        let written = async move {
            input.write_all(lines.as_bytes()).await?;
            input.shutdown().await
        };
        let run = async { tokio::try_join!(written, child.wait_with_output()) };
        let ((), output) =
            tokio::time::timeout(SOON, run).await.context("the SDK did not answer in time")??;
        anyhow::ensure!(output.status.success(), "{self:?} ended with {}", output.status);
        let signatures: Vec<String> = String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect();
        anyhow::ensure!(signatures.len() == requests.len(), "{self:?} gave {} signatures", signatures.len());
        Ok(signatures)
    }
}
