//! What a driver says about its hardware: its name, offloads and queues, by the ethtool ioctl.
//!
//! Only questions are asked that any user may ask. A virtual device answers few of them.

#![expect(unsafe_code, reason = "ethtool speaks by ioctl")]

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::os::fd::AsRawFd as _;

#[cfg(test)]
mod tests;

/// What is known of an interface's driver.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Hardware {
    pub(super) driver: Option<String>,
    /// Offloads by the kernel's name for them.
    pub(super) features: BTreeMap<String, Feature>,
    pub(super) queues: Option<Queues>,
}

/// An offload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Feature {
    pub(super) is_on: bool,
    pub(super) is_changeable: bool,
}

/// Queues that receive and send both.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Queues {
    pub(super) combined: u32,
    pub(super) combined_max: u32,
}

const SIOCETHTOOL: u32 = 0x8946;
const GDRVINFO: u32 = 0x03;
const GSTRINGS: u32 = 0x1b;
const GSSET_INFO: u32 = 0x37;
const GFEATURES: u32 = 0x3a;
const GCHANNELS: u32 = 0x3c;

/// The set of strings that names the offloads.
const SET_FEATURES: u32 = 4;

/// Bytes of a name.
const NAME_BYTES: usize = 32;

/// Offloads that a kernel may have: today's have some 60.
const FEATURES_MAX: usize = 1024;

/// Words of the answer about the driver, 196 bytes; its name begins at the second.
const DRIVER_WORDS: usize = 49;

/// Words of the answer about queues.
const CHANNEL_WORDS: usize = 9;

/// Reads what the driver of an interface tells; what it does not tell is missing.
pub(super) fn read(interface: &str) -> Hardware {
    let Ok(mut door) = Door::open(interface) else {
        return Hardware::default();
    };
    let driver = door.ask([GDRVINFO], DRIVER_WORDS).ok();
    let channels = door.ask([GCHANNELS], CHANNEL_WORDS).ok();
    Hardware {
        driver: driver.and_then(|it| text(bytes(&it).get(4..4 + NAME_BYTES)?)),
        features: door.features().unwrap_or_default(),
        queues: channels.and_then(|it| queues(&it)),
    }
}

/// A socket to ask through, for one interface.
struct Door {
    socket: std::net::UdpSocket,
    name: [libc::c_char; libc::IFNAMSIZ],
}

impl Door {
    fn open(interface: &str) -> io::Result<Self> {
        let mut name = [0; libc::IFNAMSIZ];
        if interface.len() >= name.len() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        for (to, from) in name.iter_mut().zip(interface.bytes()) {
            *to = from as libc::c_char;
        }
        // Any socket of this network namespace does; this one needs no address.
        let socket = std::net::UdpSocket::bind(("0.0.0.0", 0))?;
        Ok(Self { socket, name })
    }

    /// Asks with the words of `question`, for an answer of so many words.
    fn ask<const N: usize>(&mut self, question: [u32; N], words: usize) -> io::Result<Vec<u32>> {
        let mut answer = vec![0; words.max(N)];
        answer[..N].copy_from_slice(&question);
        // SAFETY: all-zero is a valid value of this plain C struct.
        let mut request: libc::ifreq = unsafe { mem::zeroed() };
        request.ifr_name = self.name;
        request.ifr_ifru.ifru_data = answer.as_mut_ptr().cast();
        let socket = self.socket.as_raw_fd();
        // SAFETY: a live socket, a terminated name, and a buffer that is as long as the kernel
        // writes for the question: its size is fixed, or was asked for before, or is in it.
        let result = unsafe { libc::ioctl(socket, SIOCETHTOOL as _, &raw mut request) };
        if result < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(answer)
    }

    fn features(&mut self) -> io::Result<BTreeMap<String, Feature>> {
        // The mask of sets, of 64 bits, is answered by the length of each.
        let [first, second] = halves(1 << SET_FEATURES);
        let count = self.ask([GSSET_INFO, 0, first, second], 5)?;
        let count = count.get(4).map_or(0, |it| *it as usize);
        if count > FEATURES_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let words = 3 + count * NAME_BYTES / 4;
        let names = self.ask([GSTRINGS, SET_FEATURES, count as u32], words)?;
        let blocks = count.div_ceil(32);
        let bits = self.ask([GFEATURES, blocks as u32], 2 + 4 * blocks)?;
        let names = names.get(3..).unwrap_or_default();
        Ok(features(&bytes(names), bits.get(2..).unwrap_or_default()))
    }
}

/// Puts names and bits together. A block is four words for 32 offloads: which can be changed,
/// which were wished for, which are on, which can never be changed.
fn features(names: &[u8], blocks: &[u32]) -> BTreeMap<String, Feature> {
    let names = names.chunks_exact(NAME_BYTES).enumerate();
    let feature = |(at, name): (usize, &[u8])| {
        let block = blocks.get(at / 32 * 4..)?.first_chunk::<4>()?;
        let has = |word: u32| word >> (at % 32) & 1 == 1;
        let [changeable, _, on, never] = *block;
        let feature = Feature {
            is_on: has(on),
            is_changeable: has(changeable) && !has(never),
        };
        Some((text(name)?, feature))
    };
    names.filter_map(feature).collect()
}

/// Reads the answer about queues; a driver that has none of this kind says zero.
fn queues(words: &[u32]) -> Option<Queues> {
    let [.., combined_max, _, _, _, combined] = *words.first_chunk::<CHANNEL_WORDS>()?;
    (combined > 0).then_some(Queues {
        combined,
        combined_max,
    })
}

/// Reads a text that ends at its first zero; `None` where it is empty or none.
fn text(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|it| *it == 0).next()?;
    let text = std::str::from_utf8(text).ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns the two words of a number as they lie in memory.
fn halves(number: u64) -> [u32; 2] {
    let bytes = number.to_ne_bytes();
    [0, 4].map(|at| u32::from_ne_bytes(std::array::from_fn(|it| bytes[at + it])))
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|it| it.to_ne_bytes()).collect()
}
