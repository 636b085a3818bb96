//! What the lab's web server makes of a request.

use isctpl_lab::http::Request;

fn read(line: &str) -> Option<Request> {
    Request::read(&format!("{line}\r\nUser-Agent: Debian APT-HTTP/1.3\r\nHost: Deb.debian.org:80\r\n\r\n"))
}

#[test]
fn a_package_is_asked_for_by_host_and_path() {
    let request = read("GET /debian/pool/main/a/a_1%2b2%7e3_all.deb HTTP/1.1").unwrap();
    assert_eq!(request.host, "deb.debian.org");
    assert_eq!(request.path, "debian/pool/main/a/a_1+2~3_all.deb");
    assert!(request.body && request.is_lasting());
    assert!(!read("HEAD /debian/dists/trixie/Release HTTP/1.1").unwrap().body);
}

#[test]
fn lists_change_and_are_not_kept() {
    assert!(!read("GET /debian/dists/trixie/main/binary-amd64/Packages.xz HTTP/1.1").unwrap().is_lasting());
    assert!(read("GET /debian/dists/trixie/main/by-hash/SHA256/00 HTTP/1.1").unwrap().is_lasting());
}

#[test]
fn nothing_outside_of_its_folder_is_asked_for() {
    for path in ["/../etc/shadow", "/debian/../../x", "//etc/shadow", "/", "/a/%2e%2e/b", "/a?b", "a", "/a/./b"] {
        assert_eq!(read(&format!("GET {path} HTTP/1.1")), None, "{path}");
    }
}

#[test]
fn other_requests_are_refused() {
    for line in ["POST /a HTTP/1.1", "GET /a", "GET /a FTP/1", "", "GET"] {
        assert_eq!(read(line), None, "{line}");
    }
    assert_eq!(Request::read("GET /a HTTP/1.1\r\n\r\n"), None);
    for host in ["", "..", "a/b", "a b"] {
        assert_eq!(Request::read(&format!("GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n")), None, "{host}");
    }
}
