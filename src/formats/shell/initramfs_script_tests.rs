#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::initramfs_script::*;
use super::option_121::*;
use proptest::prelude::*;

fn tokens(script: &str) -> Vec<(String, u32)> {
    scan(script).tokens.into_iter().map(|found| (found.what, found.line)).collect()
}

fn names(script: &str) -> Vec<String> {
    tokens(script).into_iter().map(|(token, _)| token).collect()
}

/// In the manner of open-iscsi's script for initramfs-tools.
const LOCAL_TOP: &str = r##"#!/bin/sh
# iscsi_firmware is not read here
do_login() {
	modprobe iscsi_ibft
	iscsistart -N
	iscsistart -f | while read k eq v; do
		case "${k} ${eq} ${v}" in
		("# BEGIN RECORD"*)
			continue
			;;
		esac
	done
	configure_networking
	iscsistart -i $INITIATOR -t $TARGET \
		-a $IP
}
for x in $(cat /proc/cmdline); do
	case ${x} in
	iscsi_auto)
		AUTO=true
		;;
	iscsi_target_name=*)
		TARGET="${x#iscsi_target_name=}"
		;;
	root=iscsi:*@*|root=iscsi:*)
		parse "${x#*@}"
		;;
	quiet) ;;
	esac
done
do_login
"##;

#[test]
fn the_words_and_commands_of_an_initramfs_tools_script_are_found() {
    let script = scan(LOCAL_TOP);
    let found: Vec<_> = script.tokens.iter().map(|token| (token.what.as_str(), token.line)).collect();
    assert_eq!(found, [("iscsi_auto", 19), ("iscsi_target_name", 22), ("root=iscsi", 25)]);
    let actions: Vec<_> = script.actions.iter().map(|action| (action.what, action.line)).collect();
    assert_eq!(actions, [(Action::IscsistartNetwork, 5), (Action::IscsistartLogin, 14)]);
    assert_eq!(script.actions[0].function.as_deref(), Some("do_login"));
    assert_eq!(script.tokens[0].function, None);
    assert!(script.mentions.contains("do_login") && script.mentions.contains("configure_networking"));
}

#[test]
fn dracuts_getarg_in_all_its_forms_is_understood() {
    let script = r#"
type getarg > /dev/null 2>&1 || . /lib/dracut-lib.sh
[ -z "$iscsi_firmware" ] && getargbool 0 rd.iscsi.firmware -y iscsi_firmware && iscsi_firmware="1"
if getargbool 0 rd.iscsi.ibft -d "ip=ibft"; then
    ibft_to_cmdline
fi
for nroot in $(getargs netroot=); do
    [ "${nroot%%:*}" = "iscsi" ] && break
done
if [ "${root%%:*}" = "iscsi" ]; then netroot=$root; fi
retries=$(getargnum 3 0 10000 rd.iscsi.login_retry_max)
BOOTIF="$(getarg BOOTIF=)"
"#;
    let expected = [
        ("rd.iscsi.firmware", 3),
        ("iscsi_firmware", 3),
        ("rd.iscsi.ibft", 4),
        ("ip=ibft", 4),
        ("netroot", 7),
        ("root=iscsi", 10),
        ("rd.iscsi.login_retry_max", 11),
        ("BOOTIF", 12),
    ];
    assert_eq!(tokens(script), expected.map(|(token, line)| (token.to_owned(), line)));
}

#[test]
fn a_vendors_loop_over_the_command_line_is_understood() {
    let script = r#"#!/bin/sh
for opt in `cat /proc/cmdline`
do
  case "$opt" in
    "iscsi_firmware") FW=1 ;;
    ip=ibft) IBFT=1;;
    BOOTIF=*) mac=${opt#BOOTIF=} ;;
  esac
done
"#;
    assert_eq!(names(script), ["iscsi_firmware", "ip=ibft", "BOOTIF"]);
    assert_eq!(names("case $IP in\nibft)\n setup_ibft\n;;\nesac\n"), ["ip=ibft"]);
    assert_eq!(names("if [ \"$IP\" = \"ibft\" ]; then ibft; fi\n"), ["ip=ibft"]);
    assert_eq!(names("if grep -qw ip=ibft /proc/cmdline; then x; fi"), ["ip=ibft"]);
    assert_eq!(names("cat /proc/cmdline | grep -q iscsi_firmware && x"), ["iscsi_firmware"]);
    assert_eq!(names("v=$(sed -n 's/.*iscsi_target_ip=\\([^ ]*\\).*/\\1/p' /proc/cmdline)"), ["iscsi_target_ip"]);
    assert_eq!(names("case \"$(cat /proc/cmdline)\" in *iscsi_auto*) x ;; esac"), ["iscsi_auto"]);
}

#[test]
fn a_branch_that_only_goes_on_does_not_read_ibft() {
    assert!(
        names("for p in $(getargs ip=); do\n case $p in\n ibft)\n  continue\n  ;;\n esac\ndone")
            .ends_with(&["ip".to_owned()])
    );
    assert_eq!(names("case $ip in ibft) ;; esac"), [""; 0]);
    assert_eq!(names("[ \"$ip\" = \"ibft\" ] && continue"), [""; 0]);
    assert_eq!(names("case $dev in\n ibft) dev=\"\" ;; # handled elsewhere\nesac"), [""; 0]);
}

#[test]
fn comments_and_here_documents_do_not_count() {
    assert_eq!(names("# getarg rd.iscsi.firmware\ntrue # getarg netroot\n"), [""; 0]);
    assert_eq!(names("cat << EOF\ngetarg netroot=\nEOF\ngetarg ip=\n"), ["ip"]);
    assert_eq!(tokens("cat <<-'E'\n\tgetarg netroot=\n\tE\ngetarg ip=\n"), [("ip".to_owned(), 4)]);
    assert_eq!(names("echo ${x#getarg} \"# not a comment\"; getarg ip="), ["ip"]);
}

#[test]
fn a_words_place_is_inside_the_function_that_reads_it() {
    let script = scan("setup_net() {\n for r in $(getargs rd.route); do x; done\n}\nother() {\n :\n}\ngetarg ip=\n");
    assert_eq!(script.tokens[0].function.as_deref(), Some("setup_net"));
    assert_eq!(script.tokens[1].function, None);
    assert!(!script.mentions.contains("setup_net"));
}

/// In the manner of dracut's dhclient-script.sh.
const DHCLIENT_SCRIPT: &str = r#"
parse_option_121() {
    while [ $# -ne 0 ]; do
        mask="$1"
        shift
    done
}
case $reason in
    BOUND)
            if [ -n "$new_classless_static_routes" ]; then
                IFS=".$IFS"
                parse_option_121 QUOTE$new_classless_static_routesQUOTE
            fi
        ;;
esac
"#;

#[test]
fn quotes_around_option_121_are_told_from_none() {
    let quoted = DHCLIENT_SCRIPT.replace("QUOTE", "\"");
    let variable = "new_classless_static_routes".to_owned();
    assert_eq!(option_121(&quoted), Option121::OneWord { variable: variable.clone(), line: 12 });
    let unquoted = DHCLIENT_SCRIPT.replace("QUOTE", "");
    assert_eq!(option_121(&unquoted), Option121::Taken { variable: variable.clone(), line: 12 });
    let split_inside = quoted.replace("mask=\"$1\"", "set -- $1");
    assert_eq!(option_121(&split_inside), Option121::Taken { variable, line: 12 });
    assert_eq!(option_121("ip addr add $new_ip_address dev $interface\n"), Option121::Unused);
    let hook =
        "if [ -n \"$new_rfc3442_classless_static_routes\" ]; then\n set -- $new_rfc3442_classless_static_routes\nfi";
    assert!(matches!(option_121(hook), Option121::Taken { line: 2, .. }));
}

#[test]
fn truncation_at_every_offset_does_not_panic() {
    for sample in [LOCAL_TOP, DHCLIENT_SCRIPT] {
        for (end, _) in sample.char_indices() {
            let _ = scan(&sample[..end]);
            let _ = option_121(&sample[..end]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_text_does_not_panic(text in "\\PC{0,400}") {
        let _ = scan(&text);
        let _ = option_121(&text);
    }

    #[test]
    fn arbitrary_shell_does_not_panic(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "case", "in", "esac", "$x", "(", ")", "$(", "`", "\"", "'", "{", "}", "f()", ";;", ";", "|", "&&", "\n", " ",
            "<<E", "E\n", "getarg", "ip=ibft", "ibft", "for", "do", "done", "[", "=", "]", "${", "#", "\\", "set", "--", "$1",
            "$new_classless_static_routes", "/proc/cmdline", "grep",
        ]), 0..60)) {
        let text: String = parts.concat();
        let _ = scan(&text);
        let _ = option_121(&text);
        let spaced = parts.join(" ");
        let _ = scan(&spaced);
        let _ = option_121(&spaced);
    }
}
