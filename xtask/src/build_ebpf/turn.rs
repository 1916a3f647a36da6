//! Conditions turned round where the compiler left a jump over a jump.
//!
//! LLVM decides which way round a condition is asked before it knows which block comes next, and
//! reverses none for this target afterwards. So it writes `if a == b goto +1; goto x` where
//! `if a != b goto x` is meant, and the likely way takes a jump. Here the condition is turned, and
//! the jump behind it becomes one to the next instruction, which the kernel removes when it loads
//! the program. Nothing moves, so that whatever speaks of instructions by number stays right.
//! Instructions are those of RFC 9669.

use std::collections::HashSet;

use anyhow::Context as _;
use object::{Object as _, ObjectSection as _, SectionKind};

const INSTRUCTION_BYTES: usize = 8;
/// Loads 64 bits, the upper half of which stand where the next instruction would.
const LOAD_64: u8 = 0x18;
/// Jumps whatever holds, by the offset; `JUMP_FAR` by the number behind it.
const JUMP: u8 = 0x05;
const JUMP_FAR: u8 = 0x06;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
/// The classes of jumps that compare 64 bits, and 32.
const CLASSES: [u8; 2] = [0x05, 0x06];
/// Operations that are each other's opposite: is equal, is greater, is at least, likewise signed.
const OPPOSITES: [[u8; 2]; 5] = [
    [0x10, 0x50],
    [0x20, 0xb0],
    [0x30, 0xa0],
    [0x60, 0xd0],
    [0x70, 0xc0],
];

/// Turns every such condition of an object; returns how many there were.
pub(super) fn turn_conditions(object: &mut [u8]) -> anyhow::Result<usize> {
    let file = object::File::parse(&*object).context("read the object")?;
    let code = file.sections().filter(|it| it.kind() == SectionKind::Text);
    let ranges: Vec<_> = code.filter_map(|it| it.file_range()).collect();
    let mut turned = 0;
    for (first, bytes) in ranges {
        let first = usize::try_from(first).context("find a section")?;
        let bytes = usize::try_from(bytes).context("find a section")?;
        let section = object.get_mut(first..first + bytes);
        turned += turn(section.context("find a section")?);
    }
    Ok(turned)
}

/// Turns the conditions of one section.
fn turn(code: &mut [u8]) -> usize {
    let (instructions, _) = code.as_chunks_mut::<INSTRUCTION_BYTES>();
    let targets: HashSet<usize> = starts(instructions)
        .into_iter()
        .filter_map(|at| target(at, instructions[at]))
        .collect();
    let mut turned = 0;
    for at in starts(instructions) {
        let Some([condition, jump]) = instructions.get_mut(at..at + 2) else {
            break;
        };
        // Whoever jumps to the second one wants to go on from there to where it leads.
        let is_pair = offset(*condition) == 1 && jump[0] == JUMP && !targets.contains(&(at + 1));
        let (Some(opposite), Some(further)) =
            (opposite(condition[0]), offset(*jump).checked_add(1))
        else {
            continue;
        };
        if is_pair {
            condition[0] = opposite;
            set_offset(condition, further);
            set_offset(jump, 0);
            turned += 1;
        }
    }
    turned
}

/// Returns where instructions begin.
fn starts(instructions: &[[u8; INSTRUCTION_BYTES]]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(instruction) = instructions.get(at) {
        starts.push(at);
        at += if instruction[0] == LOAD_64 { 2 } else { 1 };
    }
    starts
}

/// Returns where an instruction may jump to.
fn target(at: usize, instruction: [u8; INSTRUCTION_BYTES]) -> Option<usize> {
    let [code, _, _, _, number @ ..] = instruction;
    let is_jump = CLASSES.contains(&(code & 0x07)) && ![CALL, EXIT].contains(&code);
    let by = match code {
        JUMP_FAR => isize::try_from(i32::from_le_bytes(number)).ok()?,
        _ => isize::from(offset(instruction)),
    };
    is_jump.then(|| at + 1)?.checked_add_signed(by)
}

/// Returns the code that asks the opposite, where there is one.
fn opposite(code: u8) -> Option<u8> {
    let (operation, rest) = (code & 0xf0, code & 0x0f);
    if !CLASSES.contains(&(code & 0x07)) {
        return None;
    }
    OPPOSITES.iter().find_map(|[one, other]| match operation {
        it if it == *one => Some(other | rest),
        it if it == *other => Some(one | rest),
        _ => None,
    })
}

fn offset([_, _, low, high, ..]: [u8; INSTRUCTION_BYTES]) -> i16 {
    i16::from_le_bytes([low, high])
}

fn set_offset(instruction: &mut [u8; INSTRUCTION_BYTES], offset: i16) {
    instruction[2..4].copy_from_slice(&offset.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const IF_EQUAL: u8 = 0x15;
    const IF_DIFFERENT: u8 = 0x55;
    const IF_BITS: u8 = 0x45;
    const IF_GREATER_32: u8 = 0x2e;
    const IF_AT_MOST_32: u8 = 0xbe;
    const MOVE: u8 = 0xb7;

    fn code(instructions: &[(u8, i16)]) -> Vec<u8> {
        let bytes = |(code, offset): &(u8, i16)| {
            let mut bytes = [*code, 0, 0, 0, 0, 0, 0, 0];
            set_offset(&mut bytes, *offset);
            bytes
        };
        instructions.iter().flat_map(bytes).collect()
    }

    #[track_caller]
    fn check(before: &[(u8, i16)], after: &[(u8, i16)]) {
        let mut section = code(before);
        let turned = turn(&mut section);
        assert_eq!(section, code(after));
        assert_eq!(turned, usize::from(before != after));
    }

    #[test]
    fn a_jump_over_a_jump_becomes_the_opposite_condition() {
        for (one, other) in [(IF_EQUAL, IF_DIFFERENT), (IF_GREATER_32, IF_AT_MOST_32)] {
            check(&[(one, 1), (JUMP, 7)], &[(other, 8), (JUMP, 0)]);
            check(&[(other, 1), (JUMP, -7)], &[(one, -6), (JUMP, 0)]);
        }
    }

    #[test]
    fn what_is_no_jump_over_a_jump_stays() {
        for same in [
            [(IF_EQUAL, 2), (JUMP, 7), (MOVE, 0)],
            [(IF_EQUAL, 1), (MOVE, 7), (MOVE, 0)],
            [(IF_BITS, 1), (JUMP, 7), (MOVE, 0)], // nothing asks for no bit of some
            [(IF_EQUAL, 1), (JUMP, i16::MAX), (MOVE, 0)],
            [(MOVE, 1), (JUMP, 7), (MOVE, 0)],
        ] {
            check(&same, &same);
        }
    }

    #[test]
    fn a_jump_that_others_lead_to_stays() {
        let same = [(IF_DIFFERENT, 1), (IF_EQUAL, 1), (JUMP, 7)];
        check(&same, &same);
        let mut far = code(&[(JUMP_FAR, 0), (IF_EQUAL, 1), (JUMP, 7)]);
        far[4] = 1;
        assert_eq!(turn(&mut far), 0);
    }

    #[test]
    fn the_upper_half_of_a_number_is_no_instruction() {
        let same = [(LOAD_64, 0), (IF_EQUAL, 1), (JUMP, 7)];
        check(&same, &same);
    }

    #[test]
    fn every_opposite_has_the_first_as_its_own() {
        for code in 0..=u8::MAX {
            if let Some(other) = opposite(code) {
                assert_eq!(opposite(other), Some(code));
                assert_ne!(other, code);
            }
        }
        assert_eq!(
            (opposite(CALL), opposite(EXIT), opposite(JUMP)),
            (None, None, None)
        );
    }
}
