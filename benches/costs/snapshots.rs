//! Many machines' snapshots, judged in one run.

use super::measure::Contender;
use super::results::Part;
use super::support::tree::Tree;
use super::{Extent, ISCTPL, Outcome, workplace};
use std::fs;
use std::process::Command;

pub(crate) fn measure(extent: Extent) -> Outcome<Part> {
    let counts: &[usize] = if extent.quick { &[10, 100, 1000] } else { &[10, 100, 1000, 10_000] };
    let place = workplace("snapshots")?;
    let first = place.join("0");
    let root = Tree::load("machines/initramfs-tools.tree").unpack();
    let _ = fs::remove_file(&first);
    let taken = Command::new(ISCTPL).args(["snapshot", "--root"]).arg(root.path()).arg("-o").arg(&first).output()?;
    if !taken.status.success() {
        return Err(format!("no snapshot: {}", String::from_utf8_lossy(&taken.stderr)).into());
    }
    let bytes = fs::read(&first)?;
    let about = format!("Copies of one snapshot of {} bytes, judged side by side.", bytes.len());
    let base = "isctpl doctor --format table --snapshot FILE...";
    let mut part = Part::new("Many snapshots", about, base).drawn("snapshots", "snapshots");
    for &count in counts {
        let files: Vec<String> =
            (0..count).map(|number| place.join(number.to_string()).display().to_string()).collect();
        for file in &files {
            fs::write(file, &bytes)?;
        }
        let words: Vec<&str> = files.iter().map(String::as_str).collect();
        let judged = |format: &str| {
            Contender::isctpl(&[&["doctor", "--format", format, "--snapshot"], words.as_slice()].concat())
                .named(&format!("isctpl doctor --format {format} --snapshot FILE..."))
                .judging()
        };
        let contenders = vec![judged("table"), judged("json")];
        let runs = if count > 1000 { 3 } else { 5 };
        part.measure(format!("{count} snapshots"), ("snapshots", count as f64), contenders, runs)?;
    }
    Ok(part)
}
