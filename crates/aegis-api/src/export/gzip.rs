//! Gzip (RFC 1952) as pieces come: a little memory, whatever the length.

use miniz_oxide::{
    MZFlush,
    deflate::{
        core::{CompressorOxide, create_comp_flags_from_zip_params},
        stream::deflate,
    },
};

use crate::lapi::checksum_on;

/// Deflate, no name, no time, of no particular system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// As fast as can be: lists repeat themselves, and shrink well all the same.
const LEVEL: i32 = 1;

/// What is deflated at a time.
const ROOM_BYTES: usize = 32 * 1024;

/// Pieces, deflated.
pub(crate) struct Deflating<I> {
    pieces: I,
    compressor: Box<CompressorOxide>,
    checksum: u32,
    length: u32, // modulo 2³², as the format has it
    is_begun: bool,
    is_over: bool,
}

impl<I> Deflating<I> {
    pub(crate) fn new(pieces: I) -> Self {
        // No window bits: no header of zlib's.
        let flags = create_comp_flags_from_zip_params(LEVEL, 0, 0);
        Self {
            pieces,
            compressor: Box::new(CompressorOxide::new(flags)),
            checksum: 0,
            length: 0,
            is_begun: false,
            is_over: false,
        }
    }

    fn add(&mut self, mut input: &[u8], flush: MZFlush, output: &mut Vec<u8>) {
        let mut room = vec![0; ROOM_BYTES];
        loop {
            let done = deflate(&mut self.compressor, input, &mut room, flush);
            output.extend_from_slice(&room[..done.bytes_written]);
            input = &input[done.bytes_consumed..];
            let has_room = done.bytes_written < room.len();
            if has_room && (input.is_empty() || done.bytes_consumed == 0) {
                return;
            }
        }
    }
}

impl<I: Iterator<Item = Vec<u8>>> Iterator for Deflating<I> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_over {
            return None;
        }
        let mut output = Vec::new();
        if !std::mem::replace(&mut self.is_begun, true) {
            output.extend(HEADER);
        }
        match self.pieces.next() {
            Some(piece) => {
                self.checksum = checksum_on(self.checksum, &piece);
                self.length = self.length.wrapping_add(piece.len() as u32);
                self.add(&piece, MZFlush::Sync, &mut output);
            }
            None => {
                self.is_over = true;
                self.add(&[], MZFlush::Finish, &mut output);
                output.extend(self.checksum.to_le_bytes());
                output.extend(self.length.to_le_bytes());
            }
        }
        Some(output)
    }
}
