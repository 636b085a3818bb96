//! SHA-256, by FIPS 180-4.

/// The first 32 bits behind the point of the cube roots of the first 64 primes (section 4.2.2).
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// The same of the square roots of the first eight (section 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Bytes of a block.
const BLOCK: usize = 64;

/// The checksum.
pub(super) fn of(bytes: &[u8]) -> [u8; 32] {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut state = blocks.iter().fold(START, compress);
    let mut last = rest.to_vec();
    last.push(0x80);
    // Zeros up to the eight bytes that the length takes at the end of a block.
    last.resize((last.len() + 8).next_multiple_of(BLOCK) - 8, 0);
    last.extend((bytes.len() as u64).wrapping_mul(8).to_be_bytes());
    state = last.as_chunks().0.iter().fold(state, compress);
    let mut sum = [0; 32];
    sum.as_chunks_mut().0.iter_mut().zip(state).for_each(|(part, word)| *part = word.to_be_bytes());
    sum
}

/// Takes one block into the state (section 6.2.2).
fn compress(state: [u32; 8], block: &[u8; BLOCK]) -> [u32; 8] {
    let mut window = [0_u32; 16];
    window.iter_mut().zip(block.as_chunks().0).for_each(|(word, part)| *word = u32::from_be_bytes(*part));
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
    for constant in ROUNDS {
        // The window holds the next sixteen words of the schedule: one is used up, and the one behind them made.
        let [word, second, .., tenth, _, _, _, _, fifteenth, _] = window;
        let sum_1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let first = [sum_1, choice, constant, word].into_iter().fold(h, u32::wrapping_add);
        let sum_0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        (h, g, f, e, d, c, b) = (g, f, e, d.wrapping_add(first), c, b, a);
        a = first.wrapping_add(sum_0).wrapping_add(majority);
        let small_0 = second.rotate_right(7) ^ second.rotate_right(18) ^ (second >> 3);
        let small_1 = fifteenth.rotate_right(17) ^ fifteenth.rotate_right(19) ^ (fifteenth >> 10);
        window.rotate_left(1);
        let [.., next] = &mut window;
        *next = [small_0, tenth, small_1].into_iter().fold(word, u32::wrapping_add);
    }
    let mut sum = state;
    sum.iter_mut().zip([a, b, c, d, e, f, g, h]).for_each(|(word, add)| *word = word.wrapping_add(add));
    sum
}
