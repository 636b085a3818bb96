//! dracut's configuration (dracut.conf(5)): what it keeps out of every image.

use crate::formats::shell::{Shell, Variables, parse_after};
use crate::formats::systemd;
use crate::system::Root;
use isctpl_checks::facts::{Location, Omit};

const MAIN: &str = "/etc/dracut.conf";

/// A file of the first directory hides one of the same name in the second.
const DIRECTORIES: [&str; 2] = ["/etc/dracut.conf.d", "/usr/lib/dracut/dracut.conf.d"];

const KEYS: [&str; 2] = ["omit_dracutmodules", "omit_drivers"];

/// Reads the words that are kept out, each where it is first named. A file that cannot be read only costs the
/// advice a line: what an image lacks is seen in the image.
pub(super) fn omits(root: &Root) -> Vec<Omit> {
    let listings = DIRECTORIES.map(|directory| (directory, root.names(directory).unwrap_or_default()));
    let mut paths = vec![MAIN.to_owned()];
    paths.extend(systemd::conf_files(&listings, ".conf"));
    let mut variables = Variables::default();
    let mut assigned = Vec::new();
    for path in paths {
        let Ok(Some(text)) = root.text(&path) else { continue };
        let script = parse_after(&text, &path, Shell::Bash, &mut variables);
        assigned.extend(script.assignments.into_iter().map(|assignment| (root.name(&path), assignment)));
    }
    let mut omits: Vec<Omit> = Vec::new();
    for key in KEYS {
        let in_force = variables.value(key).text;
        let in_force: Vec<&str> = in_force.split_whitespace().collect();
        for (path, assignment) in assigned.iter().filter(|(_, assignment)| assignment.name == key) {
            let known = |word: &str| omits.iter().any(|omit| omit.key == key && omit.words.iter().any(|it| it == word));
            let mut words: Vec<String> = Vec::new();
            for word in assignment.value.split_whitespace().filter(|word| in_force.contains(word)) {
                if !known(word) && !words.iter().any(|it| it == word) {
                    words.push(word.to_owned());
                }
            }
            if !words.is_empty() {
                omits.push(Omit { key: key.to_owned(), words, at: Location::line(path.clone(), assignment.line) });
            }
        }
    }
    omits
}
