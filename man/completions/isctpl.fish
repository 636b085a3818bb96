# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_isctpl_global_optspecs
    string join \n color= q/quiet v/verbose h/help V/version
end

function __fish_isctpl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_isctpl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_isctpl_using_subcommand
    set -l cmd (__fish_isctpl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c isctpl -n "__fish_isctpl_needs_command" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_needs_command" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_needs_command" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_needs_command" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "doctor" -d 'Judge the whole boot chain of this machine, a mounted root, or a snapshot'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "show" -d 'Print the facts of one source, without judging them'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "checks" -d 'List every check'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "explain" -d 'Explain a check, or a link of the boot chain'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "snapshot" -d 'Write all facts, secrets left out, to one file that `doctor --snapshot` judges'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "rescue" -d 'Mount an instance\'s root from its LUN in a rescue system, and take it down again'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c isctpl -n "__fish_isctpl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l root -d 'The root directory to judge' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l portal -d 'A portal that the instance must reach; may be repeated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l san-subnet -d 'A network in which targets lie; may be repeated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l san-nic -d 'The SAN NIC by its name or MAC address, where isctpl cannot tell or tells it wrong' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l ibft-table -d 'Judge this saved ACPI iBFT table instead of the machine\'s' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l sysfs -d 'Judge this captured sysfs tree (DIR/firmware/ibft, DIR/class/net) instead of the machine\'s' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l snapshot -d 'Judge a file that `isctpl snapshot` wrote' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l format -d 'How to print the report' -r -f -a "table\t'For people'
json\t'For programs: schema isctpl.doctor/v1'
prometheus\t'For node_exporter\'s textfile collector'
nagios\t'For Nagios and its kin: a plugin\'s output'"
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l only -d 'Run only these checks or links, comma-separated; `template` is judged only when named here' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l skip -d 'Leave these checks or links out, comma-separated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -l same-machine -d 'With --root: it belongs to this hardware, so this host\'s iBFT, NICs and SAN lease count'
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l root -d 'The root directory to judge' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l portal -d 'A portal that the instance must reach; may be repeated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l san-subnet -d 'A network in which targets lie; may be repeated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l san-nic -d 'The SAN NIC by its name or MAC address, where isctpl cannot tell or tells it wrong' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l ibft-table -d 'Judge this saved ACPI iBFT table instead of the machine\'s' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l sysfs -d 'Judge this captured sysfs tree (DIR/firmware/ibft, DIR/class/net) instead of the machine\'s' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l format -d 'How to print them' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -l same-machine -d 'With --root: it belongs to this hardware, so this host\'s iBFT, NICs and SAN lease count'
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand show" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand checks" -l format -d 'How to print them' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c isctpl -n "__fish_isctpl_using_subcommand checks" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand checks" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand checks" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand checks" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand checks" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand explain" -l format -d 'How to print it' -r -f -a "table\t'For people'
json\t'For programs'"
complete -c isctpl -n "__fish_isctpl_using_subcommand explain" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand explain" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand explain" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand explain" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -s o -l output -d 'The file to write' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l root -d 'The root directory to judge' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l portal -d 'A portal that the instance must reach; may be repeated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l san-subnet -d 'A network in which targets lie; may be repeated' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l san-nic -d 'The SAN NIC by its name or MAC address, where isctpl cannot tell or tells it wrong' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l ibft-table -d 'Judge this saved ACPI iBFT table instead of the machine\'s' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l sysfs -d 'Judge this captured sysfs tree (DIR/firmware/ibft, DIR/class/net) instead of the machine\'s' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -l same-machine -d 'With --root: it belongs to this hardware, so this host\'s iBFT, NICs and SAN lease count'
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand snapshot" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -f -a "plan" -d 'Print what `up` would do, as commands that a person could type'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -f -a "up" -d 'Log in to the target, mount the instance\'s root with all that belongs to it; goes on where an earlier one was interrupted'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -f -a "enter" -d 'Open a shell below the mounted root, or run a command there'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -f -a "down" -d 'Take down what `up` made, in reverse, and put everything back'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -f -a "status" -d 'Say what is up'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and not __fish_seen_subcommand_from plan up enter down status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l instance-yaml -d 'What `instance-array get --show-iscsi-credentials --format yaml` printed: the initiator and its CHAP credentials; - reads standard input' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l drive-yaml -d 'What `drive-array get --show-iscsi-credentials --format yaml` printed: portal, target and LUN' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l instance -d 'The instance\'s id or label, where the file has several' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l drive -d 'The drive\'s id or label, where the file has several' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l portal -d 'The portal' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l target -d 'The target\'s iSCSI name' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l lun -d 'Number of the logical unit' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l initiator -d 'The initiator\'s iSCSI name' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l username -d 'The CHAP user name' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l password-file -d 'Read the CHAP password from the first line of this file; - reads standard input. Without it, and where no other source has it, it is asked for' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l wwid -d 'Refuse a LUN that has another world-wide id (/sys/block/DISK/device/wwid)' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l san-nic -d 'The SAN NIC by its name or MAC address: the way to the portal must lead by it' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l san-address -d 'Give the SAN NIC this address where it has none' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l san-gateway -d 'Reach the portal by this gateway where no route leads there by the SAN NIC' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l at -d 'Where the root is mounted' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l root-device -d 'The root, where there are several: a device, VG/LV, or UUID=' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l subvolume -d 'The root\'s subvolume, of btrfs' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l ibft -d 'Take from this machine\'s iBFT what is not given otherwise; without files and --target that is done anyway'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -l read-only -d 'Only look: mount read-only, and replay no journal'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from plan" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l instance-yaml -d 'What `instance-array get --show-iscsi-credentials --format yaml` printed: the initiator and its CHAP credentials; - reads standard input' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l drive-yaml -d 'What `drive-array get --show-iscsi-credentials --format yaml` printed: portal, target and LUN' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l instance -d 'The instance\'s id or label, where the file has several' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l drive -d 'The drive\'s id or label, where the file has several' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l portal -d 'The portal' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l target -d 'The target\'s iSCSI name' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l lun -d 'Number of the logical unit' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l initiator -d 'The initiator\'s iSCSI name' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l username -d 'The CHAP user name' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l password-file -d 'Read the CHAP password from the first line of this file; - reads standard input. Without it, and where no other source has it, it is asked for' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l wwid -d 'Refuse a LUN that has another world-wide id (/sys/block/DISK/device/wwid)' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l san-nic -d 'The SAN NIC by its name or MAC address: the way to the portal must lead by it' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l san-address -d 'Give the SAN NIC this address where it has none' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l san-gateway -d 'Reach the portal by this gateway where no route leads there by the SAN NIC' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l at -d 'Where the root is mounted' -r -F
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l root-device -d 'The root, where there are several: a device, VG/LV, or UUID=' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l subvolume -d 'The root\'s subvolume, of btrfs' -r
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l ibft -d 'Take from this machine\'s iBFT what is not given otherwise; without files and --target that is done anyway'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l read-only -d 'Only look: mount read-only, and replay no journal'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -l step -d 'Ask before each step; anything but yes undoes what was done'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from up" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from enter" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from enter" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from enter" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from enter" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from enter" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from down" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from down" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from down" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from down" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from status" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from help" -f -a "plan" -d 'Print what `up` would do, as commands that a person could type'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from help" -f -a "up" -d 'Log in to the target, mount the instance\'s root with all that belongs to it; goes on where an earlier one was interrupted'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from help" -f -a "enter" -d 'Open a shell below the mounted root, or run a command there'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from help" -f -a "down" -d 'Take down what `up` made, in reverse, and put everything back'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from help" -f -a "status" -d 'Say what is up'
complete -c isctpl -n "__fish_isctpl_using_subcommand rescue; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c isctpl -n "__fish_isctpl_using_subcommand completions" -l color -d 'When to use colour; NO_COLOR is honoured' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c isctpl -n "__fish_isctpl_using_subcommand completions" -s q -l quiet -d 'Print nothing: the exit code is the answer'
complete -c isctpl -n "__fish_isctpl_using_subcommand completions" -s v -l verbose -d 'Say more: checks that passed, and why'
complete -c isctpl -n "__fish_isctpl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c isctpl -n "__fish_isctpl_using_subcommand completions" -s V -l version -d 'Print version'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "doctor" -d 'Judge the whole boot chain of this machine, a mounted root, or a snapshot'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "show" -d 'Print the facts of one source, without judging them'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "checks" -d 'List every check'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "explain" -d 'Explain a check, or a link of the boot chain'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "snapshot" -d 'Write all facts, secrets left out, to one file that `doctor --snapshot` judges'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "rescue" -d 'Mount an instance\'s root from its LUN in a rescue system, and take it down again'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and not __fish_seen_subcommand_from doctor show checks explain snapshot rescue completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and __fish_seen_subcommand_from rescue" -f -a "plan" -d 'Print what `up` would do, as commands that a person could type'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and __fish_seen_subcommand_from rescue" -f -a "up" -d 'Log in to the target, mount the instance\'s root with all that belongs to it; goes on where an earlier one was interrupted'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and __fish_seen_subcommand_from rescue" -f -a "enter" -d 'Open a shell below the mounted root, or run a command there'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and __fish_seen_subcommand_from rescue" -f -a "down" -d 'Take down what `up` made, in reverse, and put everything back'
complete -c isctpl -n "__fish_isctpl_using_subcommand help; and __fish_seen_subcommand_from rescue" -f -a "status" -d 'Say what is up'
