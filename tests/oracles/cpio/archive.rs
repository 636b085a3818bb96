//! Images from the lines of a case.
//!
//! - `entry MODE NAME [WORD]…`: an entry with its padding. The mode is octal. Words: `data=N` bytes, `to=TARGET`,
//!   `links=N`, `ino=N`, `dev=N`, `crc`, `magic=TEXT`, `name=N` and `size=N` for other sizes than the true ones,
//!   `sum=N` for another checksum, `field=N:TEXT` for the N-th field of the header, `unended` for no NUL behind the
//!   name, `unpadded` for no padding at the end.
//! - `trailer [WORD]…`: the end of an archive.
//! - `zeros N`: NUL bytes. `bytes TEXT`: others.
//! - `pack COMPRESSION`: from here to `end` or the last line, a compressed segment.
//! - `cut N`: so many bytes less at the end of the image.
//!
//! In names and texts `%XX` is a byte and `{N}` stands for N letters.

use crate::support::image::compress;
use std::iter::repeat_n;

/// The name of the entry behind each case, and its data.
pub(super) const LAST: (&str, &str) = ("last", "complete");

/// The image of a case behind these bytes.
pub(super) fn image(before: &[u8], case: &str) -> Vec<u8> {
    let mut image = Image { bytes: before.to_vec(), packed: None };
    let mut cut = 0;
    for line in case.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["entry", mode, name, words @ ..] => image.entry(mode, &text(name), words),
            ["trailer", words @ ..] => image.entry("0", b"TRAILER!!!", words),
            ["zeros", count] => image.push(&vec![0; number(count)]),
            ["bytes", bytes] => image.push(&text(bytes)),
            ["pack", compression] => {
                image.end();
                image.packed = Some(((*compression).to_owned(), Vec::new()));
            }
            ["end"] => image.end(),
            ["cut", count] => cut = number(count),
            other => panic!("{other:?}"),
        }
    }
    image.end();
    image.pad();
    image.entry("100644", LAST.0.as_bytes(), &[&format!("to={}", LAST.1)]);
    image.bytes.truncate(image.bytes.len() - cut);
    image.bytes
}

struct Image {
    bytes: Vec<u8>,
    /// The compression of the segment that was begun, and what is in it.
    packed: Option<(String, Vec<u8>)>,
}

impl Image {
    fn push(&mut self, bytes: &[u8]) {
        self.packed.as_mut().map_or(&mut self.bytes, |(_, bytes)| bytes).extend_from_slice(bytes);
    }

    fn pad(&mut self) {
        let length = self.packed.as_ref().map_or(&self.bytes, |(_, bytes)| bytes).len();
        self.push(&vec![0; length.next_multiple_of(4) - length]);
    }

    fn end(&mut self) {
        if let Some((compression, bytes)) = self.packed.take() {
            self.bytes.extend(compress(bytes.as_slice(), &compression));
        }
    }

    fn entry(&mut self, mode: &str, name: &[u8], words: &[&str]) {
        let of = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        let count = |key: &str| of(key).map(number);
        let data = of("to").map_or_else(|| vec![b'x'; count("data").unwrap_or(0)], text);
        let ends = !words.contains(&"unended");
        let sum = if words.contains(&"crc") { data.iter().map(|&byte| usize::from(byte)).sum() } else { 0 };
        let mut fields = [0; 13];
        fields[0] = count("ino").unwrap_or(0);
        fields[1] = usize::from_str_radix(mode, 8).unwrap();
        fields[4] = count("links").unwrap_or(1);
        fields[6] = count("size").unwrap_or(data.len());
        fields[8] = count("dev").unwrap_or(0);
        // Of the devices this one opens without a driver that is a module, which the kernel would wait for.
        (fields[9], fields[10]) = (1, 3);
        fields[11] = count("name").unwrap_or(name.len() + usize::from(ends));
        fields[12] = count("sum").unwrap_or(sum);
        let mut fields = fields.map(|field| format!("{field:08X}"));
        if let Some((index, text)) = of("field").and_then(|field| field.split_once(':')) {
            text.clone_into(&mut fields[number(index)]);
        }
        let magic = of("magic").unwrap_or(if words.contains(&"crc") { "070702" } else { "070701" });
        self.push(magic.as_bytes());
        self.push(fields.concat().as_bytes());
        self.push(name);
        self.push(&vec![0; usize::from(ends)]);
        self.pad();
        self.push(&data);
        if !words.contains(&"unpadded") {
            self.pad();
        }
    }
}

fn number(digits: &str) -> usize {
    digits.parse().unwrap()
}

/// The bytes that a word of a case stands for.
fn text(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '%' => {
                bytes.push(u8::from_str_radix(&rest[..2], 16).unwrap());
                rest = &rest[2..];
            }
            '{' => {
                let (count, behind) = rest.split_once('}').unwrap();
                bytes.extend(repeat_n(b'n', number(count)));
                rest = behind;
            }
            other => bytes.extend(other.to_string().bytes()),
        }
    }
    bytes
}
