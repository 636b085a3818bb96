//! The machine that measures, as it is before it does.

use nix::sys::utsname::uname;
use std::fs;

/// What a reader of the numbers has to know of it, by name.
pub(crate) fn facts() -> Vec<(String, String)> {
    let mut facts = vec![("isctpl".to_owned(), format!("{}, {}", env!("CARGO_PKG_VERSION"), size()))];
    let mut put = |name: &str, value: Option<String>| facts.extend(value.map(|value| (name.to_owned(), value)));
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = processors.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let models: Vec<&str> = models.map(|(_, model)| model).collect();
    put("processor", models.first().map(|model| format!("{} × {model}", models.len())));
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    put("memory", total.map(|total| total.trim().to_owned()));
    let kernel = uname().ok();
    put("kernel", kernel.map(|kernel| kernel.release().to_string_lossy().into_owned()));
    let load = fs::read_to_string("/proc/loadavg").ok();
    let load = load.map(|load| load.split(' ').take(3).collect::<Vec<_>>().join(", "));
    put("load at the start, over 1, 5 and 15 minutes", load);
    facts
}

fn size() -> String {
    let size = fs::metadata(super::ISCTPL).map(|meta| meta.len()).unwrap_or_default();
    format!("an executable of {size} bytes")
}
