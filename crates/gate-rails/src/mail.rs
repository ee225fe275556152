//! Mail to users: plain text, handed to an SMTP server. What the server says may name addresses, so it is
//! kept apart from what is logged.

use std::fmt;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use gate_domain::customer::Email;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use url::{Host, Url};

/// Connecting and speaking together: 20 s.
const DEADLINE: Duration = Duration::from_secs(20);
/// Hosts whose mail does not leave this machine.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What a server answers that wants another login than ours (RFC 4954).
const LOGIN_CODES: [u16; 4] = [530, 534, 535, 538];

/// A mail to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its id: servers that see it twice can tell.
    pub id: String,
    /// Whom it is to.
    pub to: Email,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// Why a mail was not taken, in words that name no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct MailError {
    /// Whether it would not be taken later either.
    pub for_good: bool,
    what: String,
    /// The same in the server's words, which may name addresses.
    pub reply: String,
}

impl MailError {
    /// It was not taken now.
    pub fn later(what: impl Into<String>) -> Self {
        let what = what.into();
        Self { for_good: false, reply: what.clone(), what }
    }

    /// It will not be taken.
    pub fn for_good(what: impl Into<String>) -> Self {
        Self { for_good: true, ..Self::later(what) }
    }

    fn new(error: &lettre::transport::smtp::Error) -> Self {
        let what = match error.status() {
            Some(code) => format!("the mail server answered {code}"),
            None if error.is_tls() => "the mail server and we do not agree on TLS".into(),
            None if error.is_timeout() => "the mail server did not answer in time".into(),
            None if error.is_client() => "the mail server does not offer what is needed".into(),
            None if error.is_response() => "the mail server said what nobody understands".into(),
            None => "the mail server cannot be reached".into(),
        };
        let mut reply = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            reply = format!("{reply}: {cause}");
            source = cause.source();
        }
        // What is wrong with the login is ours to mend, and says nothing about the mail.
        let login = error.status().is_some_and(|code| LOGIN_CODES.contains(&u16::from(code)));
        Self { for_good: error.is_permanent() && !login, what, reply }
    }
}

/// Hands mails to whoever delivers them. The same one may be handed over twice.
pub trait Mailer: fmt::Debug + Send + Sync {
    /// Send a mail. Ends by itself, within a bounded time.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>>;
}

/// Where an SMTP server is, and how it is spoken to. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpUrl(Url);

impl SmtpUrl {
    /// Read `smtp://HOST` or `smtps://HOST`, perhaps with a user, a password and a port. STARTTLS is
    /// required for the first, unless the host is this machine; `?tls=required` requires it there too.
    pub fn parse(text: &str) -> Option<Self> {
        let mut url = Url::parse(text.trim()).ok()?;
        let host = url.host_str().filter(|host| !host.is_empty())?.to_owned();
        let bare = matches!(url.path(), "" | "/") && url.fragment().is_none();
        let whole = url.username().is_empty() == url.password().is_none();
        let tls = match (url.scheme(), url.query()) {
            ("smtps", None) => false,
            ("smtp", None) => !is_loopback(&host),
            ("smtp", Some("tls=required")) => true,
            _ => return None,
        };
        url.set_query(tls.then_some("tls=required"));
        (bare && whole).then_some(Self(url))
    }
}

fn is_loopback(host: &str) -> bool {
    let address = match Host::parse(host) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(_)) | Err(_) => false,
    };
    address || LOOPBACK_NAMES.contains(&host)
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// Without the user and the password.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host) = (self.0.scheme(), self.0.host_str().unwrap_or_default());
        write!(out, "{scheme}://{host}")?;
        self.0.port().map_or(Ok(()), |port| write!(out, ":{port}"))
    }
}

/// Whom mails are from, such as `Pebble Pay <codes@pay.example.com>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailFrom(Mailbox);

impl MailFrom {
    /// Read an address, perhaps with a name in front of it.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.chars().any(char::is_control);
        plain.then(|| text.trim().parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for MailFrom {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// An SMTP server. Each mail has a connection of its own.
pub struct Smtp {
    url: SmtpUrl,
    from: MailFrom,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    /// A server, which is not asked yet. The program has installed a TLS provider before.
    pub fn new(url: SmtpUrl, from: MailFrom) -> Result<Self, MailError> {
        let hello = ClientId::Domain(from.0.email.domain().to_owned());
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.0.as_str())
            .map_err(|error| MailError::new(&error))?
            .hello_name(hello)
            .timeout(Some(DEADLINE))
            .build();
        Ok(Self { url, from, transport })
    }

    /// Connect and say hello, as before a mail.
    pub async fn greet(&self) -> Result<(), MailError> {
        match tokio::time::timeout(DEADLINE, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(MailError::later("the mail server did not stay connected")),
            Ok(Err(error)) => Err(MailError::new(&error)),
            Err(_) => Err(MailError::later("the mail server did not answer in time")),
        }
    }

    fn message(&self, letter: &Letter) -> Result<Message, MailError> {
        let unfit = |error: &dyn std::error::Error| MailError {
            reply: error.to_string(),
            ..MailError::for_good("the mail cannot be written")
        };
        let to = letter
            .to
            .as_str()
            .parse()
            .map_err(|error: lettre::address::AddressError| unfit(&error))?;
        let id = format!("<{}@{}>", letter.id, self.from.0.email.domain());
        let message = Message::builder()
            .from(self.from.0.clone())
            .to(Mailbox::new(None, to))
            .subject(&letter.subject)
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone());
        let mut message = message.map_err(|error| unfit(&error))?;
        // Nobody is to answer with a note that they are away.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message.headers_mut().insert_raw(HeaderValue::new(automatic, "auto-generated".into()));
        Ok(message)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} for {}", self.url, self.from)
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>> {
        async {
            let message = self.message(letter)?;
            match tokio::time::timeout(DEADLINE, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(MailError::new(&error)),
                Err(_) => Err(MailError::later("the mail server did not answer in time")),
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_required_unless_the_server_is_on_this_machine() {
        let read = |text: &str| SmtpUrl::parse(text).map(|url| url.0.to_string());
        for (text, url) in [
            ("smtps://smtp.example.com", Some("smtps://smtp.example.com")),
            ("smtp://smtp.example.com", Some("smtp://smtp.example.com?tls=required")),
            (
                "smtp://ada:p%40ss@10.0.0.7:2525",
                Some("smtp://ada:p%40ss@10.0.0.7:2525?tls=required"),
            ),
            ("smtp://localhost.example.com", Some("smtp://localhost.example.com?tls=required")),
            ("smtp://127.0.0.1:2525/", Some("smtp://127.0.0.1:2525/")),
            ("smtp://localhost", Some("smtp://localhost")),
            ("smtp://[::1]:25", Some("smtp://[::1]:25")),
            ("smtp://localhost?tls=required", Some("smtp://localhost?tls=required")),
            ("smtp://smtp.example.com?tls=opportunistic", None),
            ("smtp://smtp.example.com?tls=none", None),
            ("smtps://smtp.example.com/name", None),
            ("smtps://ada@smtp.example.com", None),
            ("smtps://", None),
            ("https://smtp.example.com", None),
            ("smtp.example.com", None),
        ] {
            assert_eq!(read(text).as_deref(), url, "{text}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let url = SmtpUrl::parse("smtps://ada:hunter2@smtp.example.com:465").unwrap();
        assert_eq!(
            format!("{url:?} {url}"),
            "smtps://smtp.example.com:465 smtps://smtp.example.com:465"
        );
    }

    #[test]
    fn senders_are_addresses_perhaps_with_a_name() {
        for text in ["codes@pay.example.com", "Pebble Pay <codes@pay.example.com>"] {
            assert_eq!(MailFrom::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "codes", "a <b>", "a@b.example\r\nBcc: c@d.example"] {
            assert_eq!(MailFrom::parse(text), None, "{text}");
        }
    }
}
