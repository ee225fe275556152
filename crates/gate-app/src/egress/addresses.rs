//! Which addresses are on the public internet (IANA's special-purpose address registries for IPv4
//! and IPv6, and RFC 4291 for what of IPv6 is assigned at all).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::sync::LazyLock;

use ipnet::{Ipv4Net, Ipv6Net};

/// IPv4 networks that are not public, with what they are.
const SPECIAL_V4: [(&str, &str); 18] = [
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a carrier's private network"),
    ("127.0.0.0/8", "this machine"),
    ("169.254.0.0/16", "link-local"),
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "reserved for protocols"),
    ("192.0.2.0/24", "for documentation"),
    ("192.31.196.0/24", "reserved for a service"),
    ("192.52.193.0/24", "reserved for a service"),
    ("192.88.99.0/24", "a relay to IPv6"),
    ("192.168.0.0/16", "a private network"),
    ("192.175.48.0/24", "reserved for a service"),
    ("198.18.0.0/15", "for benchmarks"),
    ("198.51.100.0/24", "for documentation"),
    ("203.0.113.0/24", "for documentation"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
];

/// IPv6 networks inside of `2000::/3` that are not public, with what they are.
const SPECIAL_V6: [(&str, &str); 5] = [
    ("2001::/23", "reserved for protocols such as Teredo"),
    ("2001:db8::/32", "for documentation"),
    ("2002::/16", "an IPv4 address inside of IPv6 (6to4)"),
    ("2620:4f:8000::/48", "reserved for a service"),
    ("3fff::/20", "for documentation"),
];

/// Outside of `2000::/3` nothing is public; these have a name of their own.
const NAMED_V6: [(&str, &str); 8] = [
    ("::/128", "no address"),
    ("::1/128", "this machine"),
    ("::ffff:0:0/96", "an IPv4 address inside of IPv6 (mapped)"),
    ("64:ff9b::/96", "an IPv4 address inside of IPv6 (NAT64)"),
    ("64:ff9b:1::/48", "an IPv4 address inside of IPv6 (NAT64)"),
    ("fc00::/7", "a private network"),
    ("fe80::/10", "link-local"),
    ("ff00::/8", "multicast"),
];

const GLOBAL_UNICAST: &str = "2000::/3";

/// A network and what it is.
type Named<Net> = (Net, &'static str);

static V4: LazyLock<Vec<Named<Ipv4Net>>> = LazyLock::new(|| {
    SPECIAL_V4.iter().map(|(net, what)| (net.parse().expect("a network"), *what)).collect()
});
static V6: LazyLock<Vec<Named<Ipv6Net>>> = LazyLock::new(|| {
    let both = SPECIAL_V6.iter().chain(&NAMED_V6);
    both.map(|(net, what)| (net.parse().expect("a network"), *what)).collect()
});
static PUBLIC_V6: LazyLock<Ipv6Net> = LazyLock::new(|| GLOBAL_UNICAST.parse().expect("a network"));

/// What an address is instead of public; none when it is public.
pub(super) fn why_not_public(address: IpAddr) -> Option<&'static str> {
    let special = match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    };
    special.or_else(|| is_own(address).then_some("this machine"))
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, what)| *what)
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let named = V6.iter().find(|(net, _)| net.contains(&address)).map(|(_, what)| *what);
    named.or_else(|| (!PUBLIC_V6.contains(&address)).then_some("not assigned to the internet"))
}

/// Whether an address belongs to an interface of this machine: only then can it be bound to.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}
