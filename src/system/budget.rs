//! How much is read in one run.
//!
//! What is read was written by others: two thousand names of one file, or an include that takes in a directory
//! over and over, would keep a run busy for as long as they like. So every read, listing and look-up is spent from
//! one budget, which all handles of a run share. When it is spent, nothing more is read, every further request is
//! refused with its place, and the run knows that it has not seen everything.

use crate::formats::image::allowance::Allowance;
use crate::formats::pool::Pool;
use isctpl_checks::facts::Problem;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Bytes of files. Most of them are what `depmod` writes, the modules themselves and the programs that are searched:
/// some 4 MiB for each kernel, of which a server keeps two to ten.
const BYTES: u64 = 128 << 20;

/// Of these, bytes of texts that are parsed, which takes longer than reading them. A thousand units, as many node
/// records and all the rest that a large server is configured by have some 6 MiB.
const TEXTS: u64 = 32 << 20;

/// Directory entries. A large server lists some ten thousand, most of them units.
const ENTRIES: u64 = 1 << 17;

/// Paths that are looked up. A thousand units are some fifty thousand: each may lie in eight directories, with
/// directories of drop-ins and links of its own.
const OPENS: u64 = 1 << 18;

/// Bytes of names, link targets, scripts and settings that are kept of images. A large image has some two MiB.
const IMAGE_BYTES: u64 = 16 << 20;

/// Entries of images. An image with all modules and all firmware has some twenty thousand.
const IMAGE_ENTRIES: u64 = 1 << 16;

/// Bytes of image files. An image has up to 200 MB, a loader's entry one or two of them.
const IMAGE_READ: u64 = 1 << 30;

/// Bytes that images unpack to. One with all modules and all firmware has some 700 MB, which the machine has to have in
/// memory as well.
const IMAGE_UNPACKED: u64 = 4 << 30;

/// Bytes that images unpack to beyond what their size is worth. An archive may be padded with zeros, and a file in it
/// may be made of them, such as the image of an empty filesystem.
const IMAGE_BEYOND: u64 = 128 << 20;

/// Bytes that compressed modules unpack to. Those that are read of a kernel have some 10 MB.
const MODULES_UNPACKED: u64 = 256 << 20;

/// Bytes that modules unpack to beyond what their size is worth: they have no more than some pages of zeros.
const MODULES_BEYOND: u64 = 64 << 20;

/// Time. A root on a disk that answers is read in seconds; over a link of one megabyte a second an image of
/// 100 MiB takes two minutes.
const TIME: Duration = Duration::from_secs(300);

/// What may be spent of one thing.
#[derive(Debug)]
struct Limit {
    pool: Pool,
    /// How many of what is counted make one `unit`.
    divisor: u64,
    /// In what the limit is told, in words.
    unit: &'static str,
}

impl Limit {
    fn of(most: u64, unit: &'static str) -> Self {
        Self { pool: Pool::of(most), divisor: 1, unit }
    }

    /// Of bytes, told in MiB of something.
    fn of_bytes(most: u64, unit: &'static str) -> Self {
        Self { divisor: 1 << 20, ..Self::of(most, unit) }
    }

    /// Spends some; when it is more than there is, the reason to read no more.
    fn spend(&self, amount: u64) -> Option<String> {
        let taken = self.pool.take(amount);
        taken.is_none().then(|| refusal(self.pool.most() / self.divisor, self.unit))
    }
}

fn refusal(most: u64, unit: &str) -> String {
    format!("in one run isctpl reads no more than {most} {unit}")
}

/// What a run may still read.
#[derive(Debug)]
pub struct Budget {
    bytes: Limit,
    texts: Limit,
    entries: Limit,
    opens: Limit,
    /// When reading is to end, and how long it may take until then.
    deadline: Option<(Instant, Duration)>,
    /// The limit that was met first, in words, and where.
    ended: OnceLock<(String, String)>,
    /// For what is unpacked: images, or modules.
    unpacking: Allowance,
}

impl Default for Budget {
    /// For the files of a root, and of what is read beside it.
    fn default() -> Self {
        let bytes = [Limit::of_bytes(BYTES, "MiB"), Limit::of_bytes(TEXTS, "MiB of text")];
        let modules = Allowance::new("kernel modules", u64::MAX, MODULES_UNPACKED, MODULES_BEYOND);
        Self::new(bytes, Limit::of(ENTRIES, "directory entries"), OPENS, Some(TIME), modules)
    }
}

impl Budget {
    fn new(
        [bytes, texts]: [Limit; 2],
        entries: Limit,
        opens: u64,
        time: Option<Duration>,
        unpacking: Allowance,
    ) -> Self {
        let deadline = time.and_then(|time| Some((Instant::now().checked_add(time)?, time)));
        Self { bytes, texts, entries, opens: Limit::of(opens, "paths"), deadline, ended: OnceLock::new(), unpacking }
    }

    /// For the images of one loader's entry. Images are read beside the files, so they have a budget of their own: which
    /// of both comes first must not decide what is told.
    pub fn of_images() -> Self {
        let bytes = || Limit::of_bytes(IMAGE_BYTES, "MiB of names, scripts and settings of initramfs images");
        let images = Allowance::new("initramfs images", IMAGE_READ, IMAGE_UNPACKED, IMAGE_BEYOND);
        let entries = Limit::of(IMAGE_ENTRIES, "entries of initramfs images");
        Self::new([bytes(), bytes()], entries, OPENS, Some(TIME), images)
    }

    /// For another image that no entry loads together with the first one: all of it but the time, which goes on.
    pub(crate) fn of_another_image(&self) -> Self {
        Self { deadline: self.deadline, ..Self::of_images() }
    }

    /// For what the running kernel tells: that is as much as the machine has of it.
    pub fn unlimited() -> Self {
        let all = || Limit::of_bytes(u64::MAX, "MiB");
        Self::new([all(), all()], all(), u64::MAX, None, Allowance::unlimited())
    }

    /// From where on nothing was read, and for which limit, in words; `None` while everything was read.
    pub fn ended(&self) -> Option<String> {
        self.ended.get().map(|(limit, place)| format!("is not read from {place} on: {limit}"))
    }

    /// What may still be unpacked.
    pub(crate) fn unpacking(&self) -> &Allowance {
        &self.unpacking
    }

    /// Bytes that may still be read.
    pub fn bytes_left(&self) -> u64 {
        self.bytes.pool.left()
    }

    /// Takes these bytes of `place` as read.
    ///
    /// # Errors
    /// When they are more than may be read.
    pub fn bytes(&self, amount: u64, place: &dyn Fn() -> String) -> Result<(), Problem> {
        self.go_on(self.bytes.spend(amount), place)
    }

    /// Takes these bytes of `place`, which were read, as a text that is parsed.
    ///
    /// # Errors
    /// When they are more than may be parsed.
    pub fn text(&self, amount: u64, place: &dyn Fn() -> String) -> Result<(), Problem> {
        self.go_on(self.texts.spend(amount), place)
    }

    /// Takes one more entry of the directory or the image `place` as read.
    ///
    /// # Errors
    /// When there were too many.
    pub fn entry(&self, place: &dyn Fn() -> String) -> Result<(), Problem> {
        self.go_on(self.entries.spend(1), place)
    }

    /// Takes the path `place` as looked up.
    ///
    /// # Errors
    /// When there were too many, or the time is over.
    pub fn open(&self, place: &dyn Fn() -> String) -> Result<(), Problem> {
        self.go_on(self.opens.spend(1), place)?;
        let late = self.deadline.filter(|(end, _)| Instant::now() >= *end);
        self.go_on(late.map(|(_, time)| refusal(time.as_secs(), "s")), place)
    }

    /// Refuses what there is a reason to refuse, and everything after it.
    fn go_on(&self, refused: Option<String>, place: &dyn Fn() -> String) -> Result<(), Problem> {
        let ended = match refused {
            Some(limit) => self.ended.get_or_init(|| (limit, place())),
            None => match self.ended.get() {
                Some(ended) => ended,
                None => return Ok(()),
            },
        };
        Err(Problem::new(place(), format!("is not read: {}", ended.0)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn place() -> String {
        "/etc/x".to_owned()
    }

    fn budget(bytes: [u64; 2], entries: u64, opens: u64, time: Option<Duration>) -> Budget {
        let bytes = bytes.map(|most| Limit::of_bytes(most, "MiB"));
        Budget::new(bytes, Limit::of(entries, "directory entries"), opens, time, Allowance::unlimited())
    }

    #[test]
    fn what_is_spent_is_refused_with_its_place_from_then_on() {
        let budget = budget([2 << 20, 0], 3, 4, None);
        assert_eq!((budget.bytes(2 << 20, &place), budget.ended()), (Ok(()), None));
        let refused = budget.bytes(1, &place).unwrap_err();
        assert_eq!(refused.to_string(), "/etc/x: is not read: in one run isctpl reads no more than 2 MiB");
        let ended = "is not read from /etc/x on: in one run isctpl reads no more than 2 MiB";
        assert_eq!(budget.ended().as_deref(), Some(ended));
        // Of what is not spent there is nothing either, for the reason that came first.
        let other = budget.entry(&|| "/etc/y".to_owned()).unwrap_err();
        assert_eq!((other.place.as_str(), &other.what), ("/etc/y", &refused.what));
        assert_eq!(budget.ended().as_deref(), Some(ended));
    }

    #[test]
    fn every_part_of_it_comes_to_an_end() {
        let entries = budget([0, 0], 1, 0, None);
        entries.entry(&place).unwrap();
        assert!(entries.entry(&place).unwrap_err().what.ends_with("1 directory entries"));
        let opens = budget([0, 0], 0, 1, None);
        opens.open(&place).unwrap();
        assert!(opens.open(&place).unwrap_err().what.ends_with("1 paths"));
        let late = budget([0, 0], 0, 9, Some(Duration::ZERO));
        assert!(late.open(&place).unwrap_err().what.ends_with("0 s"));
    }

    #[test]
    fn what_ends_within_an_image_is_told_of_images() {
        let told = |refused: Result<(), Problem>| refused.unwrap_err().what;
        let [entries, bytes] = [Budget::of_images(), Budget::of_images()];
        (0..IMAGE_ENTRIES).for_each(|_| entries.entry(&place).unwrap());
        assert!(told(entries.entry(&place)).ends_with("no more than 65536 entries of initramfs images"));
        let words = "no more than 16 MiB of names, scripts and settings of initramfs images";
        assert!(told(bytes.bytes(IMAGE_BYTES + 1, &place)).ends_with(words));
    }

    #[test]
    fn another_image_has_all_of_it_but_the_time() {
        let first = Budget::of_images();
        (0..=IMAGE_ENTRIES).for_each(|_| drop(first.entry(&place)));
        assert!(first.entry(&place).is_err());
        let other = first.of_another_image();
        assert_eq!((other.entry(&place), other.deadline), (Ok(()), first.deadline));
    }

    #[test]
    fn what_has_no_limit_has_no_end() {
        let budget = Budget::unlimited();
        for _ in 0..3 {
            budget.bytes(u64::MAX / 2, &place).unwrap();
        }
        budget.open(&place).unwrap();
        assert_eq!(budget.ended(), None);
    }
}
