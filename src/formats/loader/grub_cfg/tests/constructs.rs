//! Functions, loops, files and words, as GRUB 2.06's parser and executor have them (`grub-core/script`, `normal/main.c`).
//! Scripts like them are run by `grub-emu` in `tests/oracles/grub.rs`.

use super::*;

/// The kernel and the options of the entry that boots.
fn boots(text: &str, disk: &Disk) -> String {
    let menu = menu(text, disk);
    match choose(&menu) {
        Choice::Entry { index, .. } => {
            let entry = &menu.entries[index];
            let kernel = entry.kernel.as_ref().map(|kernel| kernel.path.clone()).unwrap_or_default();
            match &entry.left_out {
                Some(problem) => format!("unknown: {problem}"),
                None => format!("{kernel} {}", entry.options),
            }
        }
        Choice::Unknown { what, .. } => format!("unknown: {what}"),
    }
}

fn agree(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(boots(text, &Disk::default()), *expected, "{text}");
    }
}

#[test]
fn functions_take_arguments_and_return() {
    agree(&[
        // The entry is defined by a function, and its title is the function's argument.
        ("function f {\n menuentry \"$1\" --id $2 { linux /k $1; }\n}\nf A a\nf B b\nset default=b\n", "/k B"),
        // A function of an entry loads the kernel.
        ("function boot_it {\n linux /k$1 $#\n}\nmenuentry x { boot_it 7 'a b'; }\n", "/k7 2"),
        (
            "function f {\n if [ \"$1\" = 3 ]; then return 4; fi\n set a=not3\n}\nf 3; s=$?; f 1\nmenuentry x { linux /k $s $a; }\n",
            "/k 4 not3",
        ),
        ("function f {\n shift; set a=\"$*\"\n}\nf 1 2 3\nmenuentry x { linux /k \"$a\"; }\n", "/k \"2 3\""),
        ("function f {\n setparams x y; set a=$#$2\n}\nf\nmenuentry q { linux /k $a; }\n", "/k 2y"),
        // Nothing is known of what a variable of the machine decides; the function is run all the same.
        ("function f {\n if [ $grub_platform = efi ]; then return; fi\n}\nf\nmenuentry x { linux /k; }\n", "/k "),
        // "f" is not defined: its body ends without ";" (parser.y, function).
        ("function f { set a=b }\nf\nmenuentry x { linux /k a=$a; }\n", "/k a="),
        // A function defines entries only where it is called.
        ("function f {\n menuentry A { linux /a; }\n}\nmenuentry B { linux /b; }\n", "/b "),
    ]);
}

#[test]
fn an_entry_has_its_title_for_a_parameter() {
    agree(&[
        ("menuentry b 'c d' --id e { linux /k $1 $2 $# \"$@\"; }\n", "/k b c d 2 b \"c d\""),
        ("menuentry b c { shift; linux /k $1; }\n", "/k c"),
        ("menuentry b --class x c { setparams z; linux /k $1 $#; }\n", "/k z 1"),
        ("echo $1\nmenuentry b { linux /k $1$2; }\n", "/k b"),
    ]);
}

#[test]
fn loops_run() {
    agree(&[
        ("for k in 1 2 3; do menuentry k$k { linux /k $1; }; done\nset default=2\n", "/k k3"),
        ("set n=\nwhile [ x$n != x000 ]; do set n=0$n; done\nmenuentry x { linux /k $n; }\n", "/k 000"),
        ("until [ \"$n\" = 00 ]; do n=0$n; done\nmenuentry x { linux /k $n; }\n", "/k 00"),
        (
            "for i in 1 2 3; do for j in a b; do if [ $i$j = 2a ]; then continue 2; fi; \
             if [ $i$j = 3a ]; then break 2; fi; set all=$all$i$j; done; done\nmenuentry x { linux /k $all; }\n",
            "/k 1a1b",
        ),
        ("for k in $none; do menuentry bad { linux /bad; }; done\nmenuentry x { linux /k; }\n", "/k "),
        // How often it runs only the machine knows.
        (
            "while [ $grub_platform = efi ]; do set a=b; done\nmenuentry x { linux /k; }\n",
            "unknown: was not read whole: /boot/grub/grub.cfg:1: loops for as long as a condition with an unknown \
             result holds",
        ),
    ]);
}

/// `grub-emu` 2.06 with "regexp": what nothing matches stays as it is, and what matches comes in the directory's order.
#[test]
fn a_pattern_that_no_file_matches_stays_as_it_is() {
    let files = ["(prefix)/vmlinuz-6.1", "(prefix)/conf.d/a.cfg"].map(|path| (path.to_owned(), String::new()));
    let disk = Disk { files: files.into(), ..Disk::default() };
    let unread = "unknown: was not read whole: /boot/grub/grub.cfg:1: loops over a pattern that names of files may take \
                  the place of; isctpl does not put them in";
    for (text, expected) in [
        ("for k in $prefix/vmlinux-*; do menuentry x { linux $k; }; done\n", "/vmlinux-* "),
        ("for d in $prefix/*.d; do for f in $d/*.cfg; do source $f; done; done\nmenuentry x { linux /k; }\n", unread),
        (
            "for d in $prefix/none/*.d; do for f in $d/*.cfg; do source $f; done; done\nmenuentry x { linux /k; }\n",
            "/k ",
        ),
        ("for k in $prefix/vmlinuz-?.?; do menuentry x { linux $k; }; done\n", unread),
        // A variable outside of quotes brings its pattern along.
        ("p=\"$prefix/v*\"\nfor k in \"$p\"; do menuentry x { linux \"$k\"; }; done\n", "/v* "),
        ("p=\"$prefix/n*\"\nfor k in $p; do menuentry x { linux \"$k\"; }; done\n", "/n* "),
        ("p=\"$prefix/v*\"; for k in $p; do menuentry x { linux \"$k\"; }; done\n", unread),
        // Devices are patterns, too.
        ("for k in (hd*)/k; do menuentry x { linux \"$k\"; }; done\n", unread),
    ] {
        assert_eq!(boots(text, &disk), expected, "{text}");
    }
    let unreadable = Disk { unreadable: true, ..Disk::default() };
    assert_eq!(boots("for k in $prefix/v*; do menuentry x { linux \"$k\"; }; done\n", &unreadable), unread);
}

/// GRUB runs a submenu's commands when it is opened (`grub_menu_execute_entry`).
#[test]
fn what_is_not_read_of_a_submenu_is_a_doubt_of_that_submenu() {
    let menu = |default: &str, submenu: &str| {
        format!(
            "menuentry a {{ linux /a; }}\nsubmenu s {{ {submenu} }}\nmenuentry b {{ linux /b; }}\nset default={default}\n"
        )
    };
    let doubtful = "source $grub_platform.cfg; menuentry c { linux /c; };";
    let boots = |default: &str, submenu: &str| boots(&menu(default, submenu), &Disk::default());
    assert_eq!(boots("0", doubtful), "/a ");
    assert_eq!(boots("2", doubtful), "/b ");
    assert_eq!(boots("none", doubtful), "/a ");
    for into in ["1", "s", "\"1>0\"", "\"s>c\""] {
        assert!(boots(into, doubtful).starts_with("unknown: was not read whole"), "{into}");
    }
    let inner = format!("menuentry d {{ linux /d; }}; submenu t {{ {doubtful} }};");
    assert_eq!(boots("s", &inner), "/d ");
    assert!(boots("\"s>t\"", &inner).starts_with("unknown: was not read whole"));
    // The path holds although its head names nothing, and the first entry is a submenu.
    let first = format!(
        "submenu s {{ menuentry c {{ linux /c; }}; menuentry d {{ linux /d; }}; }}\nset default={}\n",
        "\"none>1\""
    );
    assert_eq!(self::boots(&first, &Disk::default()), "/d ");
    // Nothing can stand for a submenu without entries.
    assert!(boots("0", "source $grub_platform.cfg;").starts_with("unknown: was not read whole"));
}

#[test]
fn words_are_split_as_grub_splits_them() {
    agree(&[
        // "set" reads its first argument alone.
        ("a='x y'\nset b=$a\nmenuentry x { linux /k $b; }\n", "/k x"),
        ("a='x y'\nb=\"$a\" c=z\nmenuentry x { linux /k \"$b\" $c; }\n", "/k \"x y\""),
        ("n=v; $n=7\nmenuentry x { linux /k $v; }\n", "/k 7"),
        ("set e=\nmenuentry x { linux /k $e$e \"$e\" ''; }\n", "/k  "),
        // A "$" without a name is refused, and the line with it.
        ("set a=1\nset a=\"2 $ 3\"\nmenuentry x { linux /k $a; }\n", "/k 1"),
    ]);
}

#[test]
fn what_the_grammar_refuses_is_dropped_to_the_end_of_its_line() {
    agree(&[
        ("set a=1\ntrue && set a=2\nmenuentry x { linux /k $a; }\n", "/k 1"),
        ("true || true; set a=2\nmenuentry x { linux /k a=$a; }\n", "/k a="),
        // The rest of the block is run as if it stood alone.
        ("if false; then\n echo a | b\n set a=2\nfi\nmenuentry x { linux /k $a; }\n", "/k 2"),
        ("menuentry bad { }\nmenuentry x { linux /k; }\n", "/k "),
        ("if true; then fi\nmenuentry x { linux /k; }\n", "/k "),
    ]);
}

#[test]
fn files_are_read_in_where_they_stand() {
    let mut disk = Disk::default();
    disk.files.insert("(prefix)/lib.cfg".into(), "function f {\n linux /f $1\n}\nset a=$1.$config_directory\n".into());
    disk.files.insert("(prefix)/k.cfg".into(), "linux /k $1 $a\nset a=new\n".into());
    disk.files.insert(
        "(prefix)/menu.cfg".into(),
        "set default=1\nset a=in\nmenuentry A { linux /a; }\nmenuentry B { linux /b $a $e; }\n".into(),
    );
    for (text, expected) in [
        ("source $prefix/lib.cfg\nmenuentry x { f 7; }\n", "/f 7"),
        (". $prefix/lib.cfg\nmenuentry x { linux /k $a; }\n", "/k .(prefix)"),
        // Within an entry, with the entry's parameters and variables.
        ("set a=1\nmenuentry t { source $prefix/k.cfg; initrd /i$a; }\n", "/k t 1"),
        // Nothing happens where it is known that there is no such file.
        ("menuentry t { source $prefix/none.cfg; linux /k; }\n", "/k "),
        // A configuration that takes over sees what is exported, and has a menu of its own.
        ("set e=1; export e\nset h=2\nmenuentry X { linux /x; }\nconfigfile $prefix/menu.cfg\n", "/b in 1"),
        // Entries alone, as they are seen from outside.
        ("set a=out\nextract_entries_source $prefix/menu.cfg\nset default=1\n", "/b out"),
    ] {
        assert_eq!(boots(text, &disk), expected, "{text}");
    }
    // A file with an unknown name may do anything.
    for text in
        ["source $cmdpath/x.cfg\nmenuentry x { linux /k; }\n", "menuentry x { source $cmdpath/x.cfg; linux /k; }\n"]
    {
        assert!(boots(text, &disk).starts_with("unknown: "), "{text}");
    }
}

#[test]
fn a_submenu_sees_what_is_exported() {
    agree(&[
        ("a=1\nsubmenu s { menuentry x { linux /k a=$a; }; }\n", "/k a="),
        ("a=1; export a\nsubmenu s { menuentry x { linux /k a=$a; }; }\n", "/k a=1"),
        ("submenu s { set a=2; menuentry x { linux /k a=$a; }; }\n", "/k a=2"),
    ]);
}

#[test]
fn tests_are_read_from_left_to_right() {
    for (condition, truth) in [
        ("[ ( a = a ) -a ! ( -z x ) ]", true),
        ("[ a = b -o a = a -a b = b ]", true),
        ("[ vmlinuz-9 -plt vmlinuz-11 ]", true),
        ("[ vmlinuz-9 -pgt vmlinuz-11 ]", false),
        ("[ 0x10 -eq 16 ]", true),
        ("[ 010 -eq 8 ]", true),
        ("[ abc -eq 0 ]", true),
        ("[ -5 -lt 3 ]", true),
        // What is no term is a text, and every text is wanted.
        ("[ a b c ]", true),
        ("[ a '' c ]", false),
        ("[ ! ]", true),
        ("[ = a ]", true),
        ("nosuch=1", true),
    ] {
        let text = format!("if {condition}; then set r=1; else set r=0; fi\nmenuentry x {{ linux /k $r; }}\n");
        let expected = if truth { "/k 1" } else { "/k 0" };
        assert_eq!(boots(&text, &Disk::default()), expected, "{condition}");
    }
}
