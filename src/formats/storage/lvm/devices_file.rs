//! LVM's devices file, `/etc/lvm/devices/system.devices` (lvmdevices(8)).

use isctpl_checks::facts::{Located, Location, LvmDevice, Problem};

/// The most entries that are kept.
const ENTRY_LIMIT: usize = 10_000;

/// Reads the entries: `IDTYPE=… IDNAME=… DEVNAME=… PVID=… PART=…`, where a dot means that a value is not
/// known. Lines with other keys (VERSION, HOSTNAME, PRODUCT_UUID …) are no entries.
pub(crate) fn devices_file(text: &str, path: &str) -> (Vec<Located<LvmDevice>>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (line, raw) in (1u32..).zip(text.lines()) {
        let written = raw.trim();
        if !written.starts_with("IDTYPE=") {
            continue;
        }
        let at = Location::line(path, line);
        if entries.len() == ENTRY_LIMIT {
            problems.push(Problem::new(at.to_string(), "has too many entries; the rest was not read"));
            break;
        }
        let mut device = LvmDevice::default();
        for (key, value) in written.split_whitespace().filter_map(|field| field.split_once('=')) {
            let value = if value == "." { String::new() } else { value.to_owned() };
            match key {
                "IDTYPE" => device.id_type = value,
                "IDNAME" => device.id_name = value,
                "DEVNAME" => device.device = value,
                "PVID" => device.pvid = value.replace('-', ""),
                _ => {}
            }
        }
        entries.push(Located::new(device, at));
    }
    (entries, problems)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_entries() {
        let text = "# LVM uses devices listed in this file.\nHASH=1234\nPRODUCT_UUID=a-b\nVERSION=1.1.2\n\
                    IDTYPE=sys_wwid IDNAME=naa.6000abc DEVNAME=/dev/sda3 PVID=oUpjEKxUUmPeqaDWGiiRHV8t1rS944Sm PART=3\n\
                    IDTYPE=devname IDNAME=/dev/sdb DEVNAME=. PVID=.\n";
        let (entries, problems) = devices_file(text, "/etc/lvm/devices/system.devices");
        assert_eq!(problems, []);
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].at.line, 5);
        assert_eq!((entries[0].value.id_type.as_str(), entries[0].value.id_name.as_str()), ("sys_wwid", "naa.6000abc"));
        assert_eq!(entries[1].value.pvid, "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
            let _ = devices_file(&String::from_utf8_lossy(&bytes), "/x");
        }
    }
}
