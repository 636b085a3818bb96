//! BLAKE2b with a digest of 32 bytes and no key, by RFC 7693.

/// SHA-512's start (section 2.6).
const START: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Which words of the message each round mixes in (section 2.7); the last two rounds are the first two again.
#[rustfmt::skip]
const ORDERS: [[u8; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Rounds for each block.
const ROUNDS: usize = 12;
/// Bytes of a block.
const BLOCK: usize = 128;
/// Bytes of the digest.
const DIGEST: usize = 32;

/// The checksum.
pub(super) fn of(bytes: &[u8]) -> [u8; DIGEST] {
    let mut state = START;
    let [first, ..] = &mut state;
    // The parameter block: length of the digest, no key, one leaf.
    *first ^= 0x0101_0000 ^ DIGEST as u64;
    // The last block is never empty but for an empty message, so a whole one is kept back.
    let whole = bytes.len().saturating_sub(1) / BLOCK;
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let mut counted = 0_u128;
    for block in blocks.iter().take(whole) {
        counted += BLOCK as u128;
        compress(&mut state, block, counted, false);
    }
    let mut last = [0; BLOCK];
    let rest = bytes.get(whole * BLOCK..).unwrap_or_default();
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    compress(&mut state, &last, bytes.len() as u128, true);
    let mut sum = [0; DIGEST];
    sum.as_chunks_mut().0.iter_mut().zip(state).for_each(|(part, word)| *part = word.to_le_bytes());
    sum
}

/// Takes one block into the state (section 3.2); `counted` is the bytes of the message up to its end.
fn compress(state: &mut [u64; 8], block: &[u8; BLOCK], counted: u128, last: bool) {
    let mut message = [0_u64; 16];
    message.iter_mut().zip(block.as_chunks().0).for_each(|(word, part)| *word = u64::from_le_bytes(*part));
    // Four rows of four words.
    let [s0, s1, s2, s3, s4, s5, s6, s7] = *state;
    let [i0, i1, i2, i3, i4, i5, i6, i7] = START;
    let mut rows = [
        [s0, s1, s2, s3],
        [s4, s5, s6, s7],
        [i0, i1, i2, i3],
        [i4 ^ counted as u64, i5 ^ (counted >> 64) as u64, if last { !i6 } else { i6 }, i7],
    ];
    for order in ORDERS.iter().cycle().take(ROUNDS) {
        let word = |place: usize| {
            let index = order.get(place).copied().unwrap_or_default();
            message.get(usize::from(index)).copied().unwrap_or_default()
        };
        mix(&mut rows, |column| (word(2 * column), word(2 * column + 1)));
        turn(&mut rows, [0, 1, 2, 3]);
        mix(&mut rows, |column| (word(8 + 2 * column), word(9 + 2 * column)));
        turn(&mut rows, [0, 3, 2, 1]);
    }
    let [[r0, r1, r2, r3], [r4, r5, r6, r7], [r8, r9, r10, r11], [r12, r13, r14, r15]] = rows;
    let added = [r0 ^ r8, r1 ^ r9, r2 ^ r10, r3 ^ r11, r4 ^ r12, r5 ^ r13, r6 ^ r14, r7 ^ r15];
    state.iter_mut().zip(added).for_each(|(word, add)| *word ^= add);
}

/// Turns each row left, so that diagonals become columns and back.
fn turn(rows: &mut [[u64; 4]; 4], by: [usize; 4]) {
    rows.iter_mut().zip(by).for_each(|(row, by)| row.rotate_left(by));
}

/// Mixes two words of the message into each column (section 3.1).
fn mix(rows: &mut [[u64; 4]; 4], words: impl Fn(usize) -> (u64, u64)) {
    let [first, second, third, fourth] = rows;
    let columns = first.iter_mut().zip(second).zip(third.iter_mut().zip(fourth));
    for (column, ((a, b), (c, d))) in columns.enumerate() {
        let (x, y) = words(column);
        *a = a.wrapping_add(*b).wrapping_add(x);
        *d = (*d ^ *a).rotate_right(32);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_right(24);
        *a = a.wrapping_add(*b).wrapping_add(y);
        *d = (*d ^ *a).rotate_right(16);
        *c = c.wrapping_add(*d);
        *b = (*b ^ *c).rotate_right(63);
    }
}
