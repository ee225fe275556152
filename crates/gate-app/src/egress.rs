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
    /// Public addresses over https only.
    Public,
    /// Anywhere, over http too: test mode on a developer's machine.
    Anywhere,
}

/// Why a URL is not connected to. The message is for whoever registered it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// Not a URL of a web server, or with parts that do not belong into one.
    #[error("{0}")]
    Url(&'static str),
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

    /// Whether a URL may be connected to at all, before anybody is asked about its host: the scheme,
    /// no user-info, no fragment, and no literal address that is not public.
    pub fn check_url(&self, text: &str) -> Result<Url, Forbidden> {
        let url = Url::parse(text).map_err(|_| Forbidden::Url("this is not a URL"))?;
        match (url.scheme(), self.reach) {
            ("https", _) | ("http", Reach::Anywhere) => {}
            (_, Reach::Public) => return Err(Forbidden::Url("the URL must begin with https://")),
            (_, Reach::Anywhere) => {
                return Err(Forbidden::Url("the URL must begin with https:// or http://"));
            }
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Url("the URL must not hold a user name or password"));
        }
        if url.fragment().is_some() {
            return Err(Forbidden::Url("the URL must not have a fragment (#...)"));
        }
        let literal = match url.host() {
            None => return Err(Forbidden::Url("the URL must name a host")),
            Some(Host::Domain(_)) => None,
            Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
        };
        if let Some(address) = literal {
            self.check_address(&address.to_string(), address)?;
        }
        Ok(url)
    }

    /// Whether a URL may be connected to now: [`Self::check_url`], and every address of its host.
    pub async fn check(&self, text: &str) -> Result<(), Forbidden> {
        let url = self.check_url(text)?;
        match url.host() {
            Some(Host::Domain(host)) => self.resolve(host).await.map(drop),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => Ok(()),
        }
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
