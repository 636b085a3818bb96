//! The shell's language, and what is looked for in scripts.

use super::target::{Target, edits_once, text};
use crate::formats::shell::{
    self, Shell, Variables, dhcp_hook, edit, initramfs_script, iscsi_logout, option_121, words,
};
use std::hint::black_box;

pub(super) const TARGETS: &[Target] = &[
    Target::new("shell-variables", &["shell/"], variables),
    Target::new("shell-commands", &["shell/"], commands),
    Target::new("shell-scripts", &["shell/"], scripts),
    Target::new("shell-edit", &["shell/edit.rs"], edits),
];

fn variables(input: &[u8]) {
    let text = text(input);
    for shell in [Shell::Any, Shell::Bash] {
        let mut variables = Variables::default();
        variables.read(&text, "/s", shell);
        let names: Vec<String> = variables.names().take(20).map(str::to_owned).collect();
        for name in names {
            black_box((variables.value(&name), variables.place(&name), variables.overridden(&name)));
            drop(variables.setting(&name));
        }
    }
}

fn commands(input: &[u8]) {
    let text = text(input);
    let (commands, _) = shell::commands(&text);
    for command in commands.iter().take(50) {
        black_box(iscsi_logout::of_command(&command.words));
    }
    black_box((shell::is_run_by_shell(&text), words::at_blanks(&text)));
}

fn scripts(input: &[u8]) {
    let text = text(input);
    black_box(initramfs_script::scan(&text));
    black_box(iscsi_logout::scan(&text));
    black_box(dhcp_hook::scan(&text));
    black_box(option_121::option_121(&text));
}

fn edits(input: &[u8]) {
    let text = text(input);
    drop(edit::sets(&text, "X"));
    edits_once(&text, |text| edit::with_value(text, "X", "a b"));
    edits_once(&text, |text| edit::without_words(text, "X", |word| word.starts_with("ip=")));
    drop(edit::with_words(&text, "X", &["a=b", "ro"]));
}
