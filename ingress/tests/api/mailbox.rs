//! A mail server that takes everything and shows it.

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use prosaas_tests::eventually::SOON;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// The server's mails, as they come.
pub struct Mailbox {
    pub url: String,
    mails: mpsc::UnboundedReceiver<Mail>,
}

/// One mail.
#[derive(Debug)]
pub struct Mail {
    pub to: String,
    pub body: String,
}

impl Mail {
    /// What stands behind `#` in its link.
    pub fn token(&self) -> Result<String> {
        let link = self.body.split_whitespace().find(|word| word.starts_with("http")).context("no link")?;
        Ok(link.split_once('#').context("no token")?.1.to_owned())
    }
}

impl Mailbox {
    pub async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("smtp://{}", listener.local_addr()?);
        let (sender, mails) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let _ = serve(stream, &sender).await;
                });
            }
        });
        Ok(Self { url, mails })
    }

    /// The next mail.
    pub async fn next(&mut self) -> Result<Mail> {
        tokio::time::timeout(SOON, self.mails.recv()).await?.context("the server ended")
    }
}

async fn serve(stream: TcpStream, mails: &mpsc::UnboundedSender<Mail>) -> Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await?;
    let mut to = String::new();
    while let Some(line) = lines.next_line().await? {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match verb.as_str() {
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                b"250 ok\r\n"
            }
            "DATA" => {
                write.write_all(b"354 go on\r\n").await?;
                let mut text = Vec::new();
                while let Some(line) = lines.next_line().await?.filter(|line| line != ".") {
                    text.push(line);
                }
                mails.send(Mail { to: to.clone(), body: decode(&text)? })?;
                b"250 kept\r\n"
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}

fn decode(lines: &[String]) -> Result<String> {
    let split = lines.iter().position(String::is_empty).context("no body")?;
    let (head, body) = lines.split_at(split);
    let base64 = head.iter().any(|line| line.eq_ignore_ascii_case("content-transfer-encoding: base64"));
    anyhow::ensure!(base64, "Hebrew travels as base64");
    Ok(String::from_utf8(STANDARD.decode(body.concat())?)?)
}
