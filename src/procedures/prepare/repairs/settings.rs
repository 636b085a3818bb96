//! Settings in files that a shell reads one after the other.

use crate::formats::shell::{Shell, Variables, edit};
use crate::formats::text::edit::Unedited;
use crate::procedures::prepare::draft::{Draft, Refusal};

/// Such files, in the order in which they are read.
pub(super) struct ShellFiles {
    pub(super) paths: Vec<String>,
    pub(super) shell: Shell,
    /// The file that gets what none of the others sets, or what those set that are not to be edited.
    pub(super) own: &'static str,
    pub(super) by_hand: String,
}

impl ShellFiles {
    fn text(&self, draft: &Draft<'_>, path: &str) -> Result<String, Refusal> {
        let text = draft.text(path).map_err(|problem| Refusal::unread(problem, self.by_hand.as_str()))?;
        Ok(text.unwrap_or_default())
    }

    fn read(&self, draft: &Draft<'_>) -> Result<Variables, Refusal> {
        let mut variables = Variables::default();
        for path in &self.paths {
            variables.read(&self.text(draft, path)?, path, self.shell);
        }
        Ok(variables)
    }

    /// A variable's value once all files are read; `None` where none sets it.
    pub(super) fn value(&self, draft: &Draft<'_>, name: &str) -> Result<Option<String>, Refusal> {
        let variables = self.read(draft)?;
        Ok(variables.place(name).map(|_| variables.value(name).text))
    }

    /// Sets a variable where it is set last, or in the own file.
    pub(super) fn set(&self, draft: &mut Draft<'_>, name: &str, value: &str) -> Result<(), Refusal> {
        if self.value(draft, name)?.as_deref() != Some(value) {
            let path = self.deciding(draft, name)?;
            draft.edit(&path, &self.by_hand, |text| edit::with_value(text, name, value))?;
        }
        let variables = self.with_own().read(draft)?;
        if let Some(problem) = variables.overridden(name) {
            return Err(Refusal::unread(problem, self.by_hand.as_str()));
        }
        match variables.value(name).text == value {
            true => Ok(()),
            false => {
                let place = variables.place(name).map_or_else(|| self.own.to_owned(), ToString::to_string);
                Err(Refusal::new(place, format!("sets {name} in a way that isctpl does not edit"), &*self.by_hand))
            }
        }
    }

    /// Takes words out of a variable in every file.
    pub(super) fn remove_words(
        &self,
        draft: &mut Draft<'_>,
        name: &str,
        meant: impl Fn(&str) -> bool,
    ) -> Result<(), Refusal> {
        for path in &self.paths {
            let text = self.text(draft, path)?;
            let edited =
                edit::without_words(&text, name, &meant).map_err(|why| refused(path, why, self.by_hand.as_str()))?;
            if edited == text {
                continue;
            }
            // A file of the distribution is hidden by one of the same name.
            let own = path.strip_prefix("/usr/lib/dracut").map(|rest| format!("/etc{rest}"));
            let unread = |problem| Refusal::unread(problem, self.by_hand.as_str());
            draft.write(&own.unwrap_or_else(|| path.clone()), edited).map_err(unread)?;
        }
        Ok(())
    }

    /// Adds words to a variable in the own file, each with a blank on both sides as dracut wants them.
    pub(super) fn add_to_own(&self, draft: &mut Draft<'_>, name: &str, words: &[&str]) -> Result<(), Refusal> {
        let variables = self.with_own().read(draft)?;
        let there = variables.value(name).text;
        let mut new: Vec<&str> = Vec::new();
        for word in words {
            if !there.split_whitespace().any(|present| present == *word) && !new.contains(word) {
                new.push(word);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        draft.edit(self.own, &self.by_hand, |text| {
            if edit::sets(text, name)? {
                return edit::with_words(text, name, &new);
            }
            Ok(crate::formats::text::edit::append(text, &[&format!("{name}+=\" {} \"", new.join(" "))]))
        })
    }

    /// The last file that sets it, if it lies in /etc; else the own file.
    fn deciding(&self, draft: &Draft<'_>, name: &str) -> Result<String, Refusal> {
        for path in self.with_own().paths.iter().rev() {
            let text = self.text(draft, path)?;
            if edit::sets(&text, name).map_err(|why| refused(path, why, &self.by_hand))? {
                return Ok(if path.starts_with("/etc/") { path.clone() } else { self.own.to_owned() });
            }
        }
        Ok(self.own.to_owned())
    }

    /// The same with the own file in its place by name, if it is not there yet.
    fn with_own(&self) -> Self {
        let mut paths = self.paths.clone();
        if !paths.iter().any(|path| path == self.own) {
            let (directory, own) = self.own.rsplit_once('/').unwrap_or(("", self.own));
            // dracut orders the files of the distribution among them; initramfs-tools reads those first.
            let comes_after = |path: &String| {
                let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
                (parent == directory || parent.starts_with("/usr/lib/")) && name > own
            };
            let place = paths.iter().position(comes_after);
            paths.insert(place.unwrap_or(paths.len()), self.own.to_owned());
        }
        Self { paths, shell: self.shell, own: self.own, by_hand: self.by_hand.clone() }
    }
}

pub(super) fn refused(path: &str, why: Unedited, by_hand: &str) -> Refusal {
    let place = why.line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
    Refusal::new(place, why.what, by_hand)
}
