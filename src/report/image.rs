//! The listing of an image, entry by entry as it streams by, and what it lacks at the end.

use super::style::{STRONG, Style, paint};
use crate::formats::image::cpio::Kind;
use crate::formats::text::printable::{self, lossless};
use crate::probes::initramfs::ListedEntry;
use isctpl_checks::facts::{Initramfs, SCHEMA};
use serde_json::{Value, json};
use std::fmt::Write;

/// Text that grows while an image is read; whoever prints it may clear it in between.
#[derive(Debug)]
pub(crate) struct ImageListing {
    /// What is to be printed next.
    pub text: String,
    json: bool,
    style: Style,
    first: bool,
}

impl ImageListing {
    /// Begins the listing of an image.
    pub(crate) fn new(name: &str, json: bool, style: Style) -> Self {
        let mut text = String::new();
        if json {
            let (schema, image) = (Value::from(SCHEMA), Value::from(name).to_string());
            let image = printable::json(&image);
            let _ = write!(
                text,
                "{{\n\"schema\": {schema},\n\"what\": \"initramfs\",\n\"image\": {image},\n\"entries\": ["
            );
        }
        Self { text, json, style, first: true }
    }

    /// Adds an entry.
    pub(crate) fn entry(&mut self, entry: &ListedEntry) {
        if self.json {
            self.entry_json(entry)
        } else {
            self.entry_text(entry)
        }
        self.first = false;
    }

    fn entry_json(&mut self, entry: &ListedEntry) {
        let header = &entry.header;
        let mut object = json!({
            "path": lossless(&header.name),
            "kind": kind_word(entry.kind),
            "mode": format!("{:04o}", header.mode & 0o7777),
            "size": header.size,
            "mtime": header.mtime,
            "segment": entry.segment,
        });
        if let (Some(target), Value::Object(fields)) = (&entry.target, &mut object) {
            fields.insert("target".to_owned(), lossless(target).into());
        }
        let object = object.to_string();
        let _ = write!(self.text, "{}\n{}", if self.first { "" } else { "," }, printable::json(&object));
    }

    fn entry_text(&mut self, entry: &ListedEntry) {
        let header = &entry.header;
        let name = self.style.plain(&lossless(&header.name));
        let (kind, mode, size) = (kind_letter(entry.kind), header.mode & 0o7777, header.size);
        let _ = write!(self.text, "{kind} {mode:04o} {size:>9} {name}");
        if let Some(target) = &entry.target {
            let _ = write!(self.text, " -> {}", self.style.plain(&lossless(target)));
        }
        self.text.push('\n');
    }

    /// Ends the listing with what is known of the whole image.
    pub(crate) fn end(&mut self, image: &Initramfs) {
        if self.json {
            let mut rest = json!({
                "segments": image.segments,
                "modules": image.modules,
                "module_versions": image.module_versions,
                "missing_libraries": image.missing_libraries,
                "missing_unit_programs": image.missing_unit_programs,
                "damage": image.damage,
                "incomplete": image.incomplete,
            })
            .to_string();
            // The object goes on where the entries ended.
            rest.replace_range(..1, "");
            let _ = writeln!(self.text, "\n],\n{}", printable::json(&rest));
            return;
        }
        let style = self.style;
        let _ = writeln!(self.text, "\nimage {}", paint(STRONG, &style.plain(&image.path)));
        for (index, segment) in image.segments.iter().enumerate() {
            let _ = writeln!(
                self.text,
                "  segment {index}: {} at byte {}, {} bytes, {} unpacked, {} entries",
                style.plain(&segment.compression),
                segment.offset,
                segment.packed,
                segment.unpacked,
                segment.entries
            );
            if let Some(why) = &segment.refused {
                let _ = writeln!(self.text, "    no kernel reads it: it {}", style.plain(why));
            }
        }
        let versions: Vec<&str> = image.module_versions.iter().map(String::as_str).collect();
        if !versions.is_empty() {
            let line = format!("{} modules for {}", image.modules.len(), versions.join(", "));
            self.text.push_str(&style.wrap(&line, "  ", "    "));
        }
        for damage in &image.damage {
            self.text.push_str(&style.wrap(&damage.to_string(), "  ", "    "));
        }
        // The kernel reads no more of a damaged image than isctpl does, but more than isctpl's limits allow.
        let lacks = if image.incomplete { "not in the part that was read:" } else { "missing" };
        for missing in &image.missing_libraries {
            let line = format!("{lacks} library {}, needed by {}", missing.name, missing.needed_by);
            self.text.push_str(&style.wrap(&line, "  ", "    "));
        }
        for missing in &image.missing_unit_programs {
            let line =
                format!("{lacks} program {}, named by {}= of {}", missing.program, missing.directive, missing.unit);
            self.text.push_str(&style.wrap(&line, "  ", "    "));
        }
    }
}

fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Directory => "directory",
        Kind::Link => "link",
        Kind::Block => "block",
        Kind::Character => "character",
        Kind::Fifo => "fifo",
        Kind::Socket => "socket",
        Kind::Unknown => "unknown",
    }
}

fn kind_letter(kind: Kind) -> char {
    match kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::Link => 'l',
        Kind::Block => 'b',
        Kind::Character => 'c',
        Kind::Fifo => 'p',
        Kind::Socket => 's',
        Kind::Unknown => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isctpl_checks::facts::MissingLibrary;

    #[test]
    fn what_was_not_read_is_not_called_missing() {
        let library = MissingLibrary { name: "libx.so.1".to_owned(), ..MissingLibrary::default() };
        let mut image = Initramfs { missing_libraries: vec![library], ..Initramfs::default() };
        for (incomplete, told) in [(false, "missing library"), (true, "not in the part that was read: library")] {
            image.incomplete = incomplete;
            let mut listing =
                ImageListing::new("/boot/initrd", false, Style { width: 80, ascii: true, verbose: false });
            listing.end(&image);
            assert!(listing.text.contains(&format!("  {told} libx.so.1")), "{}", listing.text);
        }
    }
}
