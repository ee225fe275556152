//! Where this gateway may connect to on a partner's word. A webhook's URL comes from outside, so it
//! must not lead inside: not to this machine, not to its neighbours, not to a cloud's metadata.
//!
//! A name is resolved once, here; every address that it has must be public, and the connection goes
//! to an address that was checked. A literal address never reaches a resolver, so the URL itself is
//! checked as well. Both happen when an endpoint is registered and again at every dial.

mod addresses;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use addresses::why_not_public;

/// How far a request may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// To public addresses.
    Public,
    /// Anywhere: test mode, where the deployment allows it.
    Anywhere,
}

/// Why a URL is not connected to. The message is for whoever registered it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Not a URL with a host.
    #[error("this is not the URL of a web server")]
    NoHost,
    /// An address that is not on the public internet.
    #[error("{host} is at {address}, which is {why}; webhooks go to public addresses only")]
    NotPublic {
        /// The host as written.
        host: String,
        /// Its address.
        address: IpAddr,
        /// What kind of address that is.
        why: &'static str,
    },
    /// No such name, or nobody to ask.
    #[error("{host} cannot be resolved: {why}")]
    Unresolved {
        /// The host as written.
        host: String,
        /// What the resolver said.
        why: String,
    },
}

/// A proxy that webhooks leave by: `http://HOST:PORT`. It is asked to connect, so it sees where
/// webhooks go and nothing of what they say (https). It looks names up again, so it must keep to the
/// same list of addresses as we do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressProxy(String);

impl EgressProxy {
    /// Read the address of a proxy.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none() && url.path() == "/";
        let fits = url.scheme() == "http" && url.host().is_some() && url.port().is_some();
        (fits && plain && url.query().is_none()).then(|| Self(text.to_owned()))
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Turns names into addresses.
pub trait Names: Send + Sync {
    /// Every address of a name.
    fn look_up<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>>;
}

/// The machine's own resolver.
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The one door to the outside. Cloning shares it.
#[derive(Clone)]
pub struct Egress {
    names: Arc<dyn Names>,
    reach: Reach,
}

impl Egress {
    /// A door that opens this far, asking the machine's resolver.
    pub fn new(reach: Reach) -> Self {
        Self::with_names(reach, Arc::new(SystemNames))
    }

    /// The same with another resolver.
    pub fn with_names(reach: Reach, names: Arc<dyn Names>) -> Self {
        Self { names, reach }
    }

    /// Whether a URL may be connected to as far as it says itself: a literal address must be public.
    /// What else a URL must look like is [`crate::endpoint_url`]'s business.
    pub fn check_literal(&self, url: &str) -> Result<(), Forbidden> {
        self.literal(url).map(drop)
    }

    /// Whether a URL may be connected to now: every address of its host is looked up and checked.
    pub async fn check(&self, url: &str) -> Result<(), Forbidden> {
        match (self.literal(url)?, self.reach) {
            (Some(name), Reach::Public) => self.resolve(&name).await.map(drop),
            (Some(_), Reach::Anywhere) | (None, _) => Ok(()),
        }
    }

    /// The name that is still to be resolved, if the host is no address that passes.
    fn literal(&self, url: &str) -> Result<Option<String>, Forbidden> {
        let url = Url::parse(url).map_err(|_| Forbidden::NoHost)?;
        let address = match url.host() {
            None => return Err(Forbidden::NoHost),
            Some(Host::Domain(name)) => return Ok(Some(name.to_owned())),
            Some(Host::Ipv4(address)) => IpAddr::from(address),
            Some(Host::Ipv6(address)) => IpAddr::from(address),
        };
        self.check_address(&address.to_string(), address)?;
        Ok(None)
    }

    /// The addresses of a name, if all of them may be connected to. One that may not refuses them
    /// all: an answer that mixes both is made to slip through.
    async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, Forbidden> {
        let unresolved = |why: String| Forbidden::Unresolved { host: host.to_owned(), why };
        let found = self.names.look_up(host).await;
        let found = found.map_err(|error| unresolved(error.to_string()))?;
        if found.is_empty() {
            return Err(unresolved("it has no address".into()));
        }
        for address in &found {
            self.check_address(host, *address)?;
        }
        Ok(found)
    }

    fn check_address(&self, host: &str, address: IpAddr) -> Result<(), Forbidden> {
        match (self.reach, why_not_public(address)) {
            (Reach::Anywhere, _) | (Reach::Public, None) => Ok(()),
            (Reach::Public, Some(why)) => {
                Err(Forbidden::NotPublic { host: host.to_owned(), address, why })
            }
        }
    }
}

/// What the HTTP client asks before it connects: it gets addresses that were checked, or nothing.
impl Resolve for Egress {
    fn resolve(&self, name: Name) -> Resolving {
        let egress = self.clone();
        Box::pin(async move {
            let found = egress.resolve(name.as_str()).await?;
            // Port 0 stands for the URL's own.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
