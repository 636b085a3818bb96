//! Commands that take a network interface down.

/// Which interface a command of a service takes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenDown<'c> {
    /// The one of this name.
    Named(&'c str),
    /// Whatever the program holds to be up.
    All,
    /// One that the command does not name as it stands.
    Unclear,
}

/// What the words of a command take down: `ip link set`, `ip address flush`, ifconfig(8), ifdown(8), wicked(8),
/// networkctl(1) and nmcli(1), in a line of a shell too.
pub fn taken_down(command: &str) -> Option<TakenDown<'_>> {
    let words: Vec<&str> =
        command.split(|c: char| c.is_whitespace() || ";&|'\"`".contains(c)).filter(|word| !word.is_empty()).collect();
    (0..words.len()).find_map(|start| {
        let (program, rest) = words.get(start..)?.split_first()?;
        let mut arguments: Vec<&str> = rest.to_vec();
        match program.rsplit('/').next()? {
            "ip" => {
                arguments.retain(|word| !word.starts_with('-') && *word != "dev");
                of_ip(&arguments)
            }
            "ifconfig" => match arguments.as_slice() {
                [name, "down", ..] => Some(named(name)),
                _ => None,
            },
            "ifdown" => match arguments.iter().find(|word| !word.starts_with('-')) {
                _ if arguments.iter().any(|word| matches!(*word, "-a" | "--all")) => Some(TakenDown::All),
                Some(name) => Some(if *name == "all" { TakenDown::All } else { named(name) }),
                None => None,
            },
            "networkctl" => match arguments.as_slice() {
                ["down", name, ..] => Some(named(name)),
                _ => None,
            },
            "nmcli" => {
                arguments.retain(|word| !word.starts_with('-'));
                match arguments.as_slice() {
                    ["networking" | "net" | "n", "off", ..] => Some(TakenDown::All),
                    ["device" | "dev" | "d", "disconnect" | "down", name, ..] => Some(named(name)),
                    ["connection" | "con" | "c", "down", ..] => Some(TakenDown::Unclear),
                    _ => None,
                }
            }
            _ => None,
        }
    })
}

fn of_ip<'c>(arguments: &[&'c str]) -> Option<TakenDown<'c>> {
    match arguments {
        ["link" | "l", "set" | "s", name, rest @ ..] if rest.first() == Some(&"down") => Some(named(name)),
        ["link" | "l", "set" | "s", "down", name, ..] => Some(named(name)),
        ["address" | "addr" | "a", "flush" | "f", name, ..] => Some(named(name)),
        ["address" | "addr" | "a", "delete" | "del" | "d", _, name, ..] => Some(named(name)),
        _ => None,
    }
}

fn named(name: &str) -> TakenDown<'_> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-:".contains(c);
    if name.chars().all(is_name) { TakenDown::Named(name) } else { TakenDown::Unclear }
}

#[cfg(test)]
mod tests {
    use super::{TakenDown, taken_down};

    #[test]
    fn commands_that_take_an_interface_down() {
        for (command, taken) in [
            ("/sbin/ip link set enp0s3 down", Some(TakenDown::Named("enp0s3"))),
            ("ip -4 link set dev enp0s3 down", Some(TakenDown::Named("enp0s3"))),
            ("/bin/sh -c sync; ip link set down dev enp0s3", Some(TakenDown::Named("enp0s3"))),
            ("/bin/sh -c 'ip addr flush dev enp0s3'", Some(TakenDown::Named("enp0s3"))),
            ("ip addr del 100.64.16.54/29 dev enp0s3", Some(TakenDown::Named("enp0s3"))),
            ("ip link set ${IFACE} down", Some(TakenDown::Unclear)),
            ("ip link set (hidden) down", Some(TakenDown::Unclear)),
            ("ifconfig eth0 down", Some(TakenDown::Named("eth0"))),
            ("/sbin/ifdown -a --read-environment", Some(TakenDown::All)),
            ("/sbin/ifdown enp0s3", Some(TakenDown::Named("enp0s3"))),
            ("/usr/sbin/wicked --systemd ifdown all", Some(TakenDown::All)),
            ("networkctl down enp0s3", Some(TakenDown::Named("enp0s3"))),
            ("nmcli device disconnect enp0s3", Some(TakenDown::Named("enp0s3"))),
            ("nmcli networking off", Some(TakenDown::All)),
            ("ip link set enp0s3 up", None),
            ("ip link set enp0s3 mtu 9000", None),
            ("ip route del default", None),
            ("/bin/true", None),
        ] {
            assert_eq!(taken_down(command), taken, "{command}");
        }
    }
}
