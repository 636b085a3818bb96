//! Walks an image segment by segment, by the kernel's rule (`unpack_to_rootfs` in `init/initramfs.c`):
//! NUL bytes are left out; an archive that is not compressed begins at a multiple of four; anything
//! else must be a compressed stream, in which again archives follow one another.

use crate::formats::image::allowance::Spent;
use crate::formats::image::compression::{self, Compression, DecodeError};
use crate::formats::image::cpio::{Before, Data, Entry, Error, Input, Kind, Reader, Source, Sparse};
use crate::system::Budget;
use isctpl_checks::facts::{Problem, Segment};
use std::io::{self, BufRead};

/// The most segments of an image that are read; ordinary images have up to four.
const SEGMENT_LIMIT: usize = 1 << 12;

/// What a walk found, beside the entries that it handed out.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) segments: Vec<Segment>,
    pub(super) damage: Vec<Problem>,
    /// Whether something was left out for a reason that lies with isctpl or the disk, not the image.
    pub(super) incomplete: bool,
}

/// Hands out every entry of an image in order, with its data, and spends entries and names from the budget. `place`
/// is the image's path in messages.
pub(super) fn walk<R: Sparse>(
    input: &mut Input<'_, R>,
    place: &str,
    budget: &Budget,
    visit: &mut dyn FnMut(usize, Entry, &mut Data<'_, '_>) -> io::Result<()>,
) -> Walked {
    let mut walk = Walk { place, walked: Walked::default(), before: Before::default(), budget };
    while walk.segment(input, visit) {}
    walk.walked
}

struct Walk<'p> {
    place: &'p str,
    walked: Walked,
    before: Before,
    budget: &'p Budget,
}

impl Walk<'_> {
    /// Reads the next segment; whether another one may follow.
    fn segment<R: Sparse>(
        &mut self,
        input: &mut Input<'_, R>,
        visit: &mut dyn FnMut(usize, Entry, &mut Data<'_, '_>) -> io::Result<()>,
    ) -> bool {
        let magic = match input.skip_nuls().and_then(|_| input.peek(Compression::MAGIC + 2)) {
            Ok([]) => {
                if self.walked.segments.is_empty() {
                    self.damage("the file is empty or contains only NUL bytes");
                }
                return false;
            }
            Ok(bytes) => bytes.to_vec(),
            Err(error) => return self.unreadable(input.position(), &error),
        };
        let offset = input.position();
        if self.walked.segments.len() == SEGMENT_LIMIT {
            self.walked.incomplete = true;
            self.damage(format!(
                "the file has more than {SEGMENT_LIMIT} segments, which is isctpl's limit; reading stopped at byte {offset}"
            ));
            return false;
        }
        let Some(compression) = recognise(&magic, offset) else {
            self.damage(if magic.starts_with(b"07070") {
                format!(
                    "the archive at byte {offset} does not begin at a multiple of four, so the kernel does not read it"
                )
            } else if self.walked.segments.is_empty() {
                format!("byte {offset} starts neither a cpio archive nor a known compression")
            } else {
                format!("the file has garbage from byte {offset} on: neither a cpio archive nor a known compression")
            });
            return false;
        };
        let refused = compression.refused_by_kernel(&magic).map(str::to_owned);
        let index = self.walked.segments.len();
        let outcome = self.archives(input, compression, offset, |entry, data| visit(index, entry, data));
        let packed = input.position() - offset;
        let mut segment =
            Segment { offset, packed, compression: compression.name().to_owned(), refused, ..Segment::default() };
        let more = match outcome {
            Ok(contents) => {
                (segment.unpacked, segment.entries) = (contents.unpacked, contents.entries);
                contents.damage.map(|what| self.damage(what)).is_none()
            }
            Err((contents, error)) => {
                (segment.unpacked, segment.entries) = (contents.unpacked, contents.entries);
                self.failed(&segment, &error)
            }
        };
        self.walked.segments.push(segment);
        more
    }

    fn archives<R: Sparse>(
        &mut self,
        input: &mut Input<'_, R>,
        compression: Compression,
        offset: u64,
        mut visit: impl FnMut(Entry, &mut Data<'_, '_>) -> io::Result<()>,
    ) -> Result<Contents, (Contents, Stop)> {
        if compression == Compression::None {
            // Its padding counts from the image's beginning.
            return self.entries(input, offset, &mut visit);
        }
        let mut stream = compression::open(compression, &mut *input, self.budget.unpacking())
            .map_err(|error| (Contents::default(), Stop::Error(Error::Source(error.into()))))?;
        let mut contents = self.entries(&mut stream, 0, &mut visit)?;
        contents.damage = match stream.fill_buf() {
            Err(error) => return Err((contents, Stop::Error(Error::Source(error)))),
            Ok([]) if !contents.settled => {
                Some(format!("the {} stream at byte {offset} ends inside an entry, or has none", compression.name()))
            }
            Ok([]) => None,
            Ok(_) => Some(format!(
                "the {} stream at byte {offset} has garbage after {} unpacked bytes",
                compression.name(),
                contents.unpacked
            )),
        };
        Ok(contents)
    }

    /// Reads entries to the end of the segment, whose first byte is the image's byte `start` or the stream's 0.
    fn entries(
        &mut self,
        source: &mut dyn Source,
        start: u64,
        visit: &mut dyn FnMut(Entry, &mut Data<'_, '_>) -> io::Result<()>,
    ) -> Result<Contents, (Contents, Stop)> {
        let mut reader = Reader::new(source, start, self.before);
        let outcome = loop {
            match reader.next_entry() {
                Ok(Some(entry)) => {
                    if let Err(problem) = self.spend(&entry) {
                        break Err(Stop::Spent(problem));
                    }
                    if let Err(error) = visit(entry, &mut reader.data()) {
                        break Err(Stop::Error(Error::Source(error)));
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(Stop::Error(error)),
            }
        };
        self.before = reader.before();
        let (unpacked, entries, settled) = (reader.offset() - start, reader.entries(), reader.is_settled());
        let contents = Contents { unpacked, entries, settled, damage: None };
        match outcome {
            Ok(()) => Ok(contents),
            Err(stop) => Err((contents, stop)),
        }
    }

    /// Takes an entry as read, with what is kept of every entry: its name, and where it links to.
    fn spend(&self, entry: &Entry) -> Result<(), Problem> {
        let target = if entry.kind() == Kind::Link { u64::from(entry.size) } else { 0 };
        let place = || self.place.to_owned();
        self.budget.open(&place)?;
        self.budget.entry(&place)?;
        self.budget.bytes(entry.name.len() as u64 + target, &place)
    }

    /// Records why a segment could not be read to its end; whether another one may follow.
    fn failed(&mut self, segment: &Segment, stop: &Stop) -> bool {
        let Segment { offset, packed, compression, .. } = segment;
        let reached = offset + packed;
        let error = match stop {
            Stop::Error(error) => error,
            Stop::Spent(problem) => return self.unread(reached, &problem.what),
        };
        self.walked.incomplete |= matches!(error, Error::Field { .. });
        let source = match error {
            Error::Source(source) => source,
            error if compression == "none" => {
                self.damage(error.to_string());
                return false;
            }
            error => {
                self.damage(format!("inside the {compression} stream at byte {offset}: {error}"));
                return false;
            }
        };
        if let Some(decode) = DecodeError::of(source) {
            self.walked.incomplete |= decode.is_ours();
            self.damage(match decode {
                DecodeError::Unsupported(_) => format!("the segment at byte {offset}: {decode}"),
                decode => format!("the {compression} stream at byte {offset}, near byte {reached}: {decode}"),
            });
            return false;
        }
        match source.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(inner) if compression == "none" => self.damage(inner.to_string()),
            Some(inner) => self.damage(format!("inside the {compression} stream at byte {offset}: {inner}")),
            None => return self.unreadable(reached, source),
        }
        false
    }

    /// The rest of the image is left out, for a limit of the run.
    fn unread(&mut self, offset: u64, what: &str) -> bool {
        self.walked.incomplete = true;
        self.damage(format!("from byte {offset} on, it {what}"));
        false
    }

    /// The image itself could not be read.
    fn unreadable(&mut self, offset: u64, error: &io::Error) -> bool {
        if let Some(spent) = Spent::of(error) {
            return self.unread(offset, &format!("is not read: {spent}"));
        }
        self.walked.incomplete = true;
        self.damage(format!("could not be read at byte {offset}: {error}"));
        false
    }

    fn damage(&mut self, what: impl Into<String>) {
        self.walked.damage.push(Problem::new(self.place, what));
    }
}

/// Why a segment is not read to its end.
enum Stop {
    /// It is damaged, or cannot be read.
    Error(Error),
    /// The budget of the run.
    Spent(Problem),
}

/// What one segment held.
#[derive(Default)]
struct Contents {
    unpacked: u64,
    entries: u64,
    settled: bool,
    damage: Option<String>,
}

/// Recognises a segment; an archive that is not compressed only at a multiple of four.
fn recognise(magic: &[u8], offset: u64) -> Option<Compression> {
    Compression::detect(magic).filter(|&compression| compression != Compression::None || offset.is_multiple_of(4))
}
