//! How nodes are reached: by socket address, or by their place in a simulated world.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use labkit::sim::NodeId;

use super::Refusal;
use super::reader::Reader;
use super::writer::Writer;

/// What a node is reached by, and how that is written.
pub trait Address: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// As a socket address, which is what is written.
    fn to_socket(self) -> SocketAddr;
    /// Back from a socket address.
    fn from_socket(address: SocketAddr) -> Self;
}

impl Address for SocketAddr {
    fn to_socket(self) -> SocketAddr {
        self
    }

    fn from_socket(address: SocketAddr) -> Self {
        address
    }
}

/// Simulated nodes have addresses as long as real ones, so that bytes can be counted.
impl Address for NodeId {
    fn to_socket(self) -> SocketAddr {
        (Ipv4Addr::from_bits(self.0), 0).into()
    }

    fn from_socket(address: SocketAddr) -> Self {
        match address.ip() {
            IpAddr::V4(ip) => NodeId(ip.to_bits()),
            // Nobody has this number.
            IpAddr::V6(_) => NodeId(u32::MAX),
        }
    }
}

pub(super) fn address_len(address: SocketAddr) -> usize {
    if address.is_ipv4() { 7 } else { 19 }
}

pub(super) fn write(writer: &mut Writer, address: SocketAddr) {
    match address.ip() {
        IpAddr::V4(ip) => {
            writer.byte(4);
            writer.bytes(&ip.octets());
        }
        IpAddr::V6(ip) => {
            writer.byte(6);
            writer.bytes(&ip.octets());
        }
    }
    writer.bytes(&address.port().to_be_bytes());
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<SocketAddr, Refusal> {
    let ip: IpAddr = match reader.byte()? {
        4 => reader.array::<4>()?.into(),
        6 => reader.array::<16>()?.into(),
        _ => return Err(Refusal::Malformed),
    };
    let port = u16::from_be_bytes(reader.array()?);
    Ok((ip, port).into())
}
