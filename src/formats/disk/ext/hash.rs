//! The hashes of names by which directories are indexed (fs/ext4/hash.c tells which ones there are).

/// Set in the superblock's flags: characters count as signed when names are hashed.
const SIGNED: u32 = 0x1;
/// They count as unsigned.
const UNSIGNED: u32 = 0x2;
/// What a hash must not be, since it stands for the end of the directory.
const END: u32 = 0xFFFF_FFFE;

/// The initial state of MD4 (RFC 1320), which serves as seed where there is none.
const MD4_STATE: [u32; 4] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476];
/// The constant of TEA: the golden ratio in 32 bits.
const TEA_DELTA: u32 = 0x9E37_79B9;

/// What the hash of a name depends on besides the name.
#[derive(Debug, Clone, Copy)]
pub(super) struct HashSeed {
    seed: [u32; 4],
    /// Whether bytes from 0x80 on count as negative; `None` where the filesystem does not tell.
    signed: Option<bool>,
}

/// A hash function, by the number that the root of an index has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HashVersion {
    /// The first one.
    Legacy,
    /// A part of MD4.
    HalfMd4,
    /// The cipher TEA.
    Tea,
}

impl HashVersion {
    /// The function of a number; `None` for an unknown one.
    pub(super) fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Legacy),
            1 => Some(Self::HalfMd4),
            2 => Some(Self::Tea),
            _ => None,
        }
    }
}

impl HashSeed {
    /// From the superblock's seed and flags.
    pub(super) fn new(seed: [u32; 4], flags: u32) -> Self {
        let signed = match (flags & SIGNED != 0, flags & UNSIGNED != 0) {
            (_, true) => Some(false),
            (true, false) => Some(true),
            (false, false) => None,
        };
        Self { seed: if seed == [0; 4] { MD4_STATE } else { seed }, signed }
    }

    /// The hash of a name; `None` where it depends on the machine that has written it.
    pub(super) fn hash(self, version: HashVersion, name: &[u8]) -> Option<u32> {
        let signed = match self.signed {
            None if !name.is_ascii() => return None,
            signed => signed.unwrap_or_default(),
        };
        let hash = match version {
            HashVersion::Legacy => legacy(name, signed),
            HashVersion::HalfMd4 => chunks::<8>(name, signed).fold(self.seed, half_md4).get(1).copied()?,
            HashVersion::Tea => chunks::<4>(name, signed).fold(self.seed, tea).first().copied()?,
        };
        let hash = hash & !1;
        Some(if hash == END { END - 2 } else { hash })
    }
}

/// A byte as C's `char` has it.
fn character(byte: u8, signed: bool) -> u32 {
    if signed { i32::from(byte.cast_signed()).cast_unsigned() } else { byte.into() }
}

fn legacy(name: &[u8], signed: bool) -> u32 {
    let step = |(last, before): (u32, u32), byte: &u8| {
        let product = character(*byte, signed).wrapping_mul(7_152_373);
        let hash = before.wrapping_add(last ^ product);
        (if hash >> 31 == 1 { hash.wrapping_sub(0x7FFF_FFFF) } else { hash }, last)
    };
    name.iter().fold((0x12A3_FE2D, 0x37AB_E8F9), step).0 << 1
}

/// The name in pieces of `N` words, the first character of a word first, and what is left of the last piece filled up
/// with the length that the name still has there.
fn chunks<const N: usize>(name: &[u8], signed: bool) -> impl Iterator<Item = [u32; N]> {
    (0..name.len()).step_by(N * 4).map(move |start| {
        let rest = name.get(start..).unwrap_or_default();
        let length = rest.len() as u32;
        let padding = length | length << 8;
        let padding = padding | padding << 16;
        let piece = rest.get(..rest.len().min(N * 4)).unwrap_or_default();
        std::array::from_fn(|word| {
            let characters = piece.iter().skip(word * 4).take(4);
            characters.fold(padding, |value, byte| character(*byte, signed).wrapping_add(value << 8))
        })
    })
}

fn tea([first, second, third, fourth]: [u32; 4], [a, b, c, d]: [u32; 4]) -> [u32; 4] {
    let (mut x, mut y, mut sum) = (first, second, 0_u32);
    for _ in 0..16 {
        sum = sum.wrapping_add(TEA_DELTA);
        x = x.wrapping_add((y << 4).wrapping_add(a) ^ y.wrapping_add(sum) ^ (y >> 5).wrapping_add(b));
        y = y.wrapping_add((x << 4).wrapping_add(c) ^ x.wrapping_add(sum) ^ (x >> 5).wrapping_add(d));
    }
    [first.wrapping_add(x), second.wrapping_add(y), third, fourth]
}

/// The three rounds of MD4 (RFC 1320), each over eight words instead of sixteen.
fn half_md4(state: [u32; 4], words: [u32; 8]) -> [u32; 4] {
    /// The constants of the second and third round: the square roots of 2 and 3.
    const ROOTS: [u32; 2] = [0x5A82_7999, 0x6ED9_EBA1];
    let choose = |x: u32, y: u32, z: u32| z ^ (x & (y ^ z));
    let majority = |x: u32, y: u32, z: u32| (x & y).wrapping_add((x ^ y) & z);
    let parity = |x: u32, y: u32, z: u32| x ^ y ^ z;
    let [w0, w1, w2, w3, w4, w5, w6, w7] = words;
    let [two, three] = ROOTS;
    let first = round(state, [w0, w1, w2, w3, w4, w5, w6, w7], 0, [3, 7, 11, 19], choose);
    let second = round(first, [w1, w3, w5, w7, w0, w2, w4, w6], two, [3, 5, 9, 13], majority);
    let [a, b, c, d] = round(second, [w3, w7, w2, w6, w1, w5, w0, w4], three, [3, 9, 11, 15], parity);
    let [start_a, start_b, start_c, start_d] = state;
    [start_a.wrapping_add(a), start_b.wrapping_add(b), start_c.wrapping_add(c), start_d.wrapping_add(d)]
}

fn round(
    state: [u32; 4],
    words: [u32; 8],
    constant: u32,
    shifts: [u32; 4],
    mix: impl Fn(u32, u32, u32) -> u32,
) -> [u32; 4] {
    // Each step changes one word of the state, and hands the next one the state turned by one place.
    words.iter().zip(shifts.iter().cycle()).fold(state, |[a, b, c, d], (word, shift)| {
        let sum = a.wrapping_add(mix(b, c, d)).wrapping_add(*word).wrapping_add(constant);
        [d, sum.rotate_left(*shift), b, c]
    })
}
