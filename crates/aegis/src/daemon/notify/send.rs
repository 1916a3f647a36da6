//! Ways: a document to a server of HTTP, a letter to a program or to a mail server.

use std::{fmt, net::SocketAddr, path::PathBuf, process::Stdio, time::Duration};

use aegis_core::Timestamp;
use aegis_fetch::{Post, Secret, Tls, post};
use aegis_intel::notify::{
    ANSWER_BYTES_MAX, Answer, Dialogue, Letter, MailAddress, Message, Next, Template, ntfy,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    process::Command,
    time::timeout,
};

use crate::daemon::dispatch::chain;

/// How long it may take to get rid of one message: what a mail server needs to look at it.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);

/// What a program that takes letters may say about one.
const SAID_BYTES_MAX: u64 = 1_024;

/// How programs of sendmail's kind say that the letter may be taken another time (`sysexits.h`).
const EX_TEMPFAIL: i32 = 75;

/// A way to somebody.
#[derive(Clone)]
pub enum Way {
    /// A document of the operator's making.
    Webhook {
        /// Where to.
        url: String,
        /// The document.
        template: Template,
        /// The header that says who asks, and the key.
        key: Option<(String, Secret)>,
    },
    /// A topic of an ntfy server.
    Ntfy {
        /// The server.
        url: String,
        /// The topic.
        topic: String,
        /// The key.
        key: Option<Secret>,
    },
    /// A program that takes letters.
    Sendmail {
        /// Which.
        program: PathBuf,
        /// From whom.
        from: MailAddress,
        /// To whom.
        to: Vec<MailAddress>,
    },
    /// A mail server.
    Smtp {
        /// Which.
        server: SocketAddr,
        /// From whom.
        from: MailAddress,
        /// To whom.
        to: Vec<MailAddress>,
    },
}

/// Why a message was not taken.
#[derive(Debug)]
pub(crate) struct SendError {
    /// What happened, in words that hold no secret.
    pub(crate) said: String,
    /// Whether it may be tried again.
    pub(crate) may_retry: bool,
}

impl Way {
    /// Returns how it is called in the configuration.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Ntfy { .. } => "ntfy",
            Self::Sendmail { .. } | Self::Smtp { .. } => "mail",
        }
    }
}

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever knows a webhook's path or a topic may write there.
        match self {
            Self::Webhook { .. } => f.write_str("Webhook(…)"),
            Self::Ntfy { .. } => f.write_str("Ntfy(…)"),
            Self::Sendmail { program, to, .. } => write!(f, "Sendmail({program:?}, {to:?})"),
            Self::Smtp { server, to, .. } => write!(f, "Smtp({server}, {to:?})"),
        }
    }
}

/// Sends a message; returns what the other side said to it.
pub(crate) async fn send(
    way: &Way,
    tls: &Tls,
    message: &Message,
    now: Timestamp,
) -> Result<String, SendError> {
    let sent = timeout(SEND_TIMEOUT, send_at_length(way, tls, message, now)).await;
    sent.unwrap_or_else(|_| Err(later(format!("no end within {} s", SEND_TIMEOUT.as_secs()))))
}

async fn send_at_length(
    way: &Way,
    tls: &Tls,
    message: &Message,
    sent_at: Timestamp,
) -> Result<String, SendError> {
    match way {
        Way::Webhook { url, template, key } => {
            let key = key.as_ref().map(|(name, secret)| (name.as_str(), secret));
            let content_type = template.content_type().as_str();
            let body = template.render(message);
            posted(tls, url, (content_type, body), key).await
        }
        Way::Ntfy { url, topic, key } => {
            let key = key.as_ref().map(|it| ("Authorization", it));
            let body = ntfy(topic, message);
            posted(tls, url, ("application/json", body), key).await
        }
        Way::Sendmail { program, from, to } => {
            let letter = Letter {
                from,
                to,
                message,
                sent_at,
            };
            by_program(program, letter).await
        }
        Way::Smtp { server, from, to } => {
            let letter = Letter {
                from,
                to,
                message,
                sent_at,
            };
            by_server(*server, letter).await
        }
    }
}

async fn posted(
    tls: &Tls,
    url: &str,
    (content_type, body): (&'static str, String),
    key: Option<(&str, &Secret)>,
) -> Result<String, SendError> {
    let wanted = Post {
        url,
        content_type,
        body,
        key,
    };
    let status = post(wanted, tls).await.map_err(|it| later(chain(&it)))?;
    let said = format!("status {status}");
    match status {
        200..=299 => Ok(said),
        408 | 425 | 429 | 500..=599 => Err(later(said)),
        _ => Err(never(said)),
    }
}

/// Hands a letter to a program: no shell is between, and no address can be taken for an option.
async fn by_program(program: &PathBuf, letter: Letter<'_>) -> Result<String, SendError> {
    let mut command = Command::new(program);
    command.args(["-i", "-f", letter.from.as_str(), "--"]);
    command.args(letter.to.iter().map(MailAddress::as_str));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let shown = program.display();
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .map_err(|it| later(format!("{shown} cannot be run: {it}")))?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    // By its own line ends; a program of this kind makes those of mail of them.
    let text = letter.render().replace("\r\n", "\n");
    let write = async move {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(text.as_bytes()).await; // its exit code says whether it was taken
        }
    };
    let read = async move {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = (&mut stderr)
                .take(SAID_BYTES_MAX)
                .read_to_end(&mut said)
                .await;
            let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
        }
        String::from_utf8_lossy(&said).trim().to_owned()
    };
    let ((), said, status) = tokio::join!(write, read, child.wait());
    let status = status.map_err(|it| later(format!("{shown} is lost: {it}")))?;
    match status.code() {
        Some(0) => Ok(format!("taken by {shown}")),
        Some(EX_TEMPFAIL) | None => Err(later(format!("{shown}: {status}: {said}"))),
        Some(_) => Err(never(format!("{shown}: {status}: {said}"))),
    }
}

async fn by_server(server: SocketAddr, letter: Letter<'_>) -> Result<String, SendError> {
    let lost = |it: std::io::Error| later(format!("{server}: {it}"));
    let stream = TcpStream::connect(server).await.map_err(lost)?;
    let mut stream = BufReader::new(stream);
    let mut dialogue = Dialogue::new(letter);
    loop {
        let answer = answer(&mut stream).await.map_err(lost)?;
        match dialogue.take(answer) {
            Next::Say(text) => stream.write_all(text.as_bytes()).await.map_err(lost)?,
            Next::Done(text) => {
                let _ = stream.write_all(text.as_bytes()).await; // the letter is the server's
                return Ok(match dialogue.refusal() {
                    None => format!("taken by {server}"),
                    Some(said) => format!("taken by {server}, not for everybody: {said}"),
                });
            }
            Next::Failed { said, may_retry } => {
                let said = format!("{server}: {said}");
                return Err(SendError { said, may_retry });
            }
        }
    }
}

/// Reads an answer: lines of bounded length, of which there are few.
async fn answer(stream: &mut BufReader<TcpStream>) -> std::io::Result<Answer> {
    let mut answer = Answer::default();
    loop {
        let mut line = Vec::new();
        let most = ANSWER_BYTES_MAX as u64;
        stream.take(most).read_until(b'\n', &mut line).await?;
        if !line.ends_with(b"\n") {
            let what = "it ended in the middle, or a line of it is too long";
            return Err(std::io::Error::other(what));
        }
        let line = String::from_utf8_lossy(&line);
        if answer
            .take(line.trim_end())
            .map_err(std::io::Error::other)?
        {
            return Ok(answer);
        }
    }
}

fn later(said: String) -> SendError {
    SendError {
        said,
        may_retry: true,
    }
}

fn never(said: String) -> SendError {
    SendError {
        said,
        may_retry: false,
    }
}

#[cfg(test)]
mod tests;
