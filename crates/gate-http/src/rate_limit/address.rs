//! Where a request comes from, as far as it can be believed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use ipnet::IpNet;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that answers for a request: the peer, or behind trusted proxies the right-most
/// address that is none of them. An IPv6 caller owns a whole /64, so that is what counts.
pub(super) fn address_of(request: &Request, trusted: &[IpNet]) -> IpAddr {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    // Without a connection, as in a test of the router, everybody is one caller.
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    widened(believed(peer.to_canonical(), request.headers(), trusted))
}

/// Walk the chain of proxies from us outwards, for as long as each one is trusted.
fn believed(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let trusts = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let hops = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<_> = hops.flat_map(|line| line.split(',')).map(str::trim).collect();
    let mut believed = peer;
    for hop in hops.into_iter().rev() {
        if !trusts(&believed) {
            break;
        }
        let Some(address) = parse(hop) else { break };
        believed = address;
    }
    believed
}

/// An address as proxies write it: alone, with a port, or in brackets.
fn parse(hop: &str) -> Option<IpAddr> {
    let alone = hop.parse::<IpAddr>().ok();
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || hop.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    alone.or_else(with_port).or_else(bracketed).map(|address| address.to_canonical())
}

fn widened(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let mut request = Request::new(axum::body::Body::empty());
        let peer: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        for line in forwarded {
            request.headers_mut().append(FORWARDED_FOR, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8:aa::/48".parse().unwrap()];
        address_of(&request, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_may_say_who_asks() {
        assert_eq!(seen("203.0.113.9:1", &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9:1", &["198.51.100.1"]), "203.0.113.9", "not trusted");
        assert_eq!(seen("10.0.0.1:1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1:1", &[]), "10.0.0.1", "the proxy itself");
    }

    #[test]
    fn what_a_caller_writes_in_front_is_not_believed() {
        assert_eq!(seen("10.0.0.1:1", &["1.1.1.1, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1:1", &["1.1.1.1", "198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1:1", &["198.51.100.1, nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1:1", &["10.2.2.2, 10.3.3.3"]), "10.2.2.2", "all trusted");
    }

    #[test]
    fn every_spelling_of_an_address() {
        assert_eq!(seen("10.0.0.1:1", &["198.51.100.1:5000"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1:1", &["[2001:db8::5]:5000"]), "2001:db8::");
        assert_eq!(seen("10.0.0.1:1", &["[2001:db8::5]"]), "2001:db8::");
        assert_eq!(seen("10.0.0.1:1", &["::ffff:198.51.100.1"]), "198.51.100.1");
        assert_eq!(seen("[::ffff:203.0.113.9]:1", &[]), "203.0.113.9");
    }

    #[test]
    fn an_ipv6_caller_is_its_whole_network() {
        let one = seen("[2001:db8:1:2:3:4:5:6]:1", &[]);
        assert_eq!(one, seen("[2001:db8:1:2:ffff::]:1", &[]));
        assert_eq!(one, "2001:db8:1:2::");
        assert_eq!(seen("[2001:db8:aa::1]:1", &["2001:db8:9:9::1"]), "2001:db8:9:9::");
    }
}
