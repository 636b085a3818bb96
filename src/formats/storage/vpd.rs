//! Device identification of a SCSI logical unit: page 83h of its vital product data (SPC-4, 7.8.6).

use isctpl_checks::facts::Problem;

/// The most identifiers of one page that are kept.
const IDENTIFIER_LIMIT: usize = 64;

/// The identifiers of the logical unit itself, written as the kernel writes `wwid`: `naa.…`, `eui.…` and `t10.…`,
/// and a SCSI name string as it is. The most particular comes first. Those of the port and of the target device
/// are left out, and so is whatever is cut or of a kind without a name. `place` names the page where there are more
/// than are kept.
pub(crate) fn identifiers(page: &[u8], place: &str) -> (Vec<String>, Option<Problem>) {
    const PAGE: u8 = 0x83;
    let Some((&[_, code, high, low], rest)) = page.split_first_chunk::<4>() else { return (Vec::new(), None) };
    if code != PAGE {
        return (Vec::new(), None);
    }
    let mut problem = None;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let mut rest = rest.get(..length).unwrap_or(rest);
    let mut found: Vec<(u8, String)> = Vec::new();
    while let Some((&[code_set, kind, _, length], left)) = rest.split_first_chunk::<4>() {
        let Some((value, left)) = left.split_at_checked(usize::from(length)) else { break };
        rest = left;
        let new = identifier(code_set, kind, value).filter(|new| !found.contains(new));
        if new.is_some() && found.len() == IDENTIFIER_LIMIT {
            let what = format!("names more than {IDENTIFIER_LIMIT} identifiers; the rest was not read");
            problem = Some(Problem::new(place, what));
            break;
        }
        found.extend(new);
    }
    // Stable: of two that are as particular as each other the first one counts.
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    (found.into_iter().map(|(_, text)| text).collect(), problem)
}

/// An identifier with how particular it is: long ones clash less.
fn identifier(code_set: u8, kind: u8, value: &[u8]) -> Option<(u8, String)> {
    const ASSOCIATION: u8 = 0x30;
    const BINARY: u8 = 1;
    if kind & ASSOCIATION != 0 || value.is_empty() {
        return None;
    }
    let binary = code_set & 0x0f == BINARY;
    match (kind & 0x0f, value.len()) {
        (8, _) => Some((9, text(value))),
        (3, length) if binary => {
            // The first four bits tell the format: 6 is IEEE Registered Extended, 5 Registered, 2 Extended and
            // 3 locally assigned.
            let rank = match (value.first()? >> 4, length) {
                (6, 16) => 8,
                (5, 8) => 5,
                (2, 8) => 4,
                (3, 8) => 1,
                _ => return None,
            };
            Some((rank, format!("naa.{}", hexadecimal(value))))
        }
        (2, length) if binary => {
            let rank = match length {
                16 => 7,
                12 => 6,
                8 => 3,
                _ => return None,
            };
            Some((rank, format!("eui.{}", hexadecimal(value))))
        }
        (1, _) => Some((1, format!("t10.{}", text(value)))),
        _ => None,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text without the bytes that fill it up, others than printable ones shown as `\xNN`.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
    let shown = bytes.iter().take(end).map(|byte| match byte {
        b' '..=b'~' => char::from(*byte).to_string(),
        other => format!("\\x{other:02x}"),
    });
    shown.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(descriptors: &[(u8, u8, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (code_set, kind, value) in descriptors {
            body.extend([*code_set, *kind, 0, u8::try_from(value.len()).unwrap()]);
            body.extend(*value);
        }
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[0, 0x83, length[0], length[1]], body.as_slice()].concat()
    }

    const REGISTERED: [u8; 8] = [0x50, 0, 0, 0, 0, 0, 0, 1];
    const EXTENDED: [u8; 16] = [0x60, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0, 0, 0, 0, 1, 0, 2];

    fn identifiers_of(page: &[u8]) -> Vec<String> {
        let (found, problem) = identifiers(page, "/p");
        assert_eq!(problem, None);
        found
    }

    #[test]
    fn more_than_are_kept_are_told() {
        let of = |count: u8| {
            let names: Vec<[u8; 2]> = (0..count).map(|number| [b'n', b'0' + number]).collect();
            let mut named: Vec<(u8, u8, &[u8])> = names.iter().map(|name| (3, 8, name.as_slice())).collect();
            // What is no other identifier of the unit is none that is missed.
            named.extend([(3, 8, names[0].as_slice()), (3, 0x28, b"target".as_slice())]);
            let (found, problem) = identifiers(&page(&named), "/p");
            (found.len(), problem.map(|problem| problem.place))
        };
        assert_eq!(of(64), (64, None));
        assert_eq!(of(65), (64, Some("/p".to_owned())));
    }

    #[test]
    fn the_most_particular_comes_first() {
        let page = page(&[
            (2, 1, b"IET     00010002\0\0"),
            (1, 3, &REGISTERED),
            (1, 3, &EXTENDED),
            (1, 2, &[1, 2, 3, 4, 5, 6, 7, 8]),
            (1, 3, &EXTENDED),
        ]);
        let wanted = [
            "naa.60000000000000000e00000000010002",
            "naa.5000000000000001",
            "eui.0102030405060708",
            "t10.IET     00010002",
        ];
        assert_eq!(identifiers_of(&page), wanted);
    }

    #[test]
    fn those_of_the_port_and_the_target_are_not_the_units() {
        let port = 0x10 | 3;
        let target = 0x20 | 8;
        let page = page(&[(1, port, &REGISTERED), (3, target, b"iqn.2013-01.com.example:a"), (1, 3, &EXTENDED)]);
        assert_eq!(identifiers_of(&page), ["naa.60000000000000000e00000000010002"]);
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_left_out() {
        let whole = page(&[(1, 3, &REGISTERED), (1, 3, &EXTENDED)]);
        assert_eq!(identifiers_of(&whole[..whole.len() - 1]), ["naa.5000000000000001"]);
        assert!(identifiers_of(&[0, 0x80, 0, 4, b'a', b'b', b'c', b'd']).is_empty());
        assert!(identifiers_of(&page(&[(1, 3, &EXTENDED[..8]), (1, 4, &[0, 0, 0, 1]), (1, 3, &[])])).is_empty());
        assert_eq!(identifiers_of(&page(&[(2, 1, b"A\x01\xff ")])), ["t10.A\\x01\\xff"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            identifiers(&bytes, "/p");
            identifiers(&[&[0, 0x83, 2, 0], bytes.as_slice()].concat(), "/p");
        }
    }
}
