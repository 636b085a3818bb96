//! What an entry loads and starts.

use super::argument::{Argument, BY_A_PATTERN};
use super::boot_menu::Named;
use super::definition::LoadedFiles;
use super::evaluate::Evaluator;
use super::status::{Flow, Status};
use isctpl_checks::facts::{Location, Problem, Start};

/// How many initrds of an entry are kept; most entries have one or two.
const INITRD_LIMIT: usize = 64;

impl Evaluator<'_> {
    /// Commands that load a kernel, or start something else; `None` for those that do neither.
    pub(super) fn load(&mut self, name: &str, arguments: &[Argument], line: u32) -> Option<Status> {
        match name {
            "linux" | "linuxefi" | "linux16" => self.kernel(arguments, line),
            "initrd" | "initrdefi" | "initrd16" => self.initrd(arguments, line),
            "multiboot" | "multiboot2" | "xen_hypervisor" => {
                let file = arguments.iter().map(|word| word.text.as_str()).find(|word| !word.starts_with("--"));
                let is_xen = name == "xen_hypervisor" || file.is_some_and(|file| file.contains("xen"));
                self.start(if is_xen { Start::Xen } else { Start::Multiboot });
            }
            // What such a kernel is given; `linux` has nothing to do with them.
            "module" | "module2" | "xen_module" | "xen_linux" | "xen_initrd" => {}
            "chainloader" => self.start(Start::Loader),
            "ntldr" | "bootmgr" | "freedos" | "pxechain" | "truecrypt" | "appleloader" | "xnu_kernel"
            | "xnu_kernel64" | "kfreebsd" | "knetbsd" | "kopenbsd" | "plan9" => self.start(Start::OtherSystem),
            "legacy_kernel" | "legacy_configfile" | "legacy_source" | "syslinux_configfile" | "syslinux_source" => {
                self.leave_out_at(line, format!("runs {name}, which isctpl does not follow"));
            }
            // It answers whether the firmware can do that.
            "fwsetup" if arguments.first().is_some_and(|word| word.text == "--is-supported") => return Some(None),
            "fwsetup" => self.leave(Start::FirmwareSetup, line),
            "reboot" => self.leave(Start::Reboot, line),
            "halt" | "poweroff" => self.leave(Start::PowerOff, line),
            "exit" => self.leave(Start::Firmware, line),
            "boot" => self.boot(line),
            _ => return None,
        }
        // Whether a file is there is asked of the disk later on.
        Some(Some(0))
    }

    fn kernel(&mut self, arguments: &[Argument], line: u32) {
        if arguments.first().is_some_and(|path| !path.inexact && is_memory_test(&path.text)) {
            return self.start(Start::MemoryTest);
        }
        let at = self.place(line);
        let mut loaded = LoadedFiles {
            kernel: arguments.first().map(|path| self.named_file(&path.text, at)),
            options: arguments.iter().skip(1).map(|word| as_kernel_word(&word.text)).collect::<Vec<_>>().join(" "),
            ..LoadedFiles::default()
        };
        for (place, argument) in arguments.iter().enumerate() {
            // Paths are looked up without the device that GRUB came from.
            let names = argument.unresolved.iter().filter(|name| place > 0 || *name != "root");
            loaded.unresolved.extend(names.cloned());
        }
        if arguments.first().is_some_and(|path| path.inexact && path.unresolved.is_empty()) {
            self.leave_out_at(line, format!("names its kernel by {BY_A_PATTERN}"));
        }
        self.loaded = loaded;
    }

    /// A second command replaces what the first has loaded.
    fn initrd(&mut self, arguments: &[Argument], line: u32) {
        let path = self.path.clone();
        let files: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
        self.loaded.initrds = self.initrds(files.into_iter().map(|file| (file, line)), &path);
        let names = arguments.iter().flat_map(|argument| &argument.unresolved).filter(|name| *name != "root");
        self.loaded.unresolved.extend(names.cloned());
        if arguments.iter().any(|file| file.inexact && file.unresolved.is_empty()) {
            self.leave_out_at(line, format!("names its initrd by {BY_A_PATTERN}"));
        }
    }

    /// Something takes the place of what was to be started.
    fn start(&mut self, what: Start) {
        self.loaded = LoadedFiles { other: Some(what), ..LoadedFiles::default() };
    }

    /// GRUB ends here, and something else goes on.
    fn leave(&mut self, what: Start, line: u32) {
        self.start(what);
        self.end(what, line);
    }

    fn boot(&mut self, line: u32) {
        if self.loaded.kernel.is_none() && self.loaded.other.is_none() {
            return;
        }
        match self.in_entry {
            true => self.flow = Flow::End,
            false => self.end(Start::NoMenu, line),
        }
    }

    /// The initrds of an entry, each with the line of the file that names it.
    pub(super) fn initrds<'f>(&mut self, files: impl Iterator<Item = (&'f str, u32)>, path: &str) -> Vec<Named> {
        let mut initrds = Vec::new();
        for (file, line) in files {
            if initrds.len() == INITRD_LIMIT {
                let what = format!("names more than {INITRD_LIMIT} initrds; the rest was not read");
                self.leave_out(Problem::new(Location::line(path, line).to_string(), what));
                break;
            }
            initrds.push(self.named_file(file, Location::line(path, line)));
        }
        initrds
    }

    /// A path with the device it lies on.
    pub(super) fn named_file(&self, written: &str, at: Location) -> Named {
        // `newc:NAME:PATH` puts a file into the initrd under another name.
        let written = match written.strip_prefix("newc:").and_then(|rest| rest.split_once(':')) {
            Some((_, path)) => path,
            None => written,
        };
        let (device, path) = match written.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            Some((device, path)) => (Some(device.to_owned()), path),
            None => (self.variables.text("root").map(str::to_owned), written),
        };
        let device = device.filter(|device| !device.is_empty() && !device.contains('$'));
        Named { device, path: path.to_owned(), at: Some(at) }
    }
}

/// Whether a path is that of memtest86+, as distributions install it (`memtest86+x64.efi`, `mt86+x64`).
fn is_memory_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    ["memtest", "mt86"].iter().any(|program| name.starts_with(program))
}

/// A word as GRUB writes it into the command line (`grub-core/lib/cmdline.c`): quoted as a whole when
/// it holds a space, quotes and backslashes escaped.
fn as_kernel_word(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, '\\' | '\'' | '"') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    if word.contains(' ') { format!("\"{escaped}\"") } else { escaped }
}
