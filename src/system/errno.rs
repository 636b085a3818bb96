//! Errors of the kernel for people.

use nix::errno::Errno;

/// An error of the kernel in plain English.
pub(crate) fn in_words(errno: Errno) -> String {
    match errno {
        Errno::EACCES | Errno::EPERM => "permission denied; run as root".to_owned(),
        Errno::ELOOP => "its symbolic links form a loop, or leave the root through /proc".to_owned(),
        Errno::ENOENT => "does not exist".to_owned(),
        Errno::ENOTDIR => "is not a directory".to_owned(),
        Errno::EISDIR => "is a directory, not a file".to_owned(),
        Errno::EIO => "input/output error: the disk does not answer".to_owned(),
        Errno::ENAMETOOLONG => "its name is too long".to_owned(),
        errno => errno.desc().to_lowercase(),
    }
}
