//! Which modules ask for others while they run, and what in their files shows it.

use crate::formats::image::elf;
use isctpl_checks::facts::Asked;

/// A module that may ask, the functions of the kernel one of which it then imports, and for each text among its
/// constants the request.
struct Asker {
    module: &'static str,
    functions: &'static [&'static str],
    texts: &'static [(&'static str, &'static str)],
}

/// What allocates an algorithm of the crypto API: of hashes now, and in kernels before 4.6, where
/// `crypto_alloc_hash` is an inline function around the second.
const HASHES: &[&str] = &["crypto_alloc_ahash", "crypto_alloc_shash", "crypto_alloc_base"];

/// The text of every checksum, with what crypto/api.c makes of its name.
const CRC32C: &[(&str, &str)] = &[("crc32c", "crypto-crc32c")];

/// Newer kernels call the functions of lib/crc and lib/crypto instead, which modules.dep tells.
const ASKERS: &[Asker] = &[
    // iscsi_sw_tcp_conn_create, whatever digests are agreed on.
    Asker { module: "iscsi_tcp", functions: HASHES, texts: CRC32C },
    // libcrc32c_mod_init: the module is not loaded without.
    Asker { module: "libcrc32c", functions: HASHES, texts: CRC32C },
    // ext4_init_metadata_csum, journal_get_superblock.
    Asker { module: "ext4", functions: HASHES, texts: CRC32C },
    Asker { module: "jbd2", functions: HASHES, texts: CRC32C },
    // btrfs_init_csum_hash: the one that the superblock names.
    Asker {
        module: "btrfs",
        functions: HASHES,
        texts: &[
            ("crc32c", "crypto-crc32c"),
            ("xxhash64", "crypto-xxhash64"),
            ("sha256", "crypto-sha256"),
            ("blake2b-256", "crypto-blake2b-256"),
        ],
    },
    // f2fs_fill_super.
    Asker { module: "f2fs", functions: HASHES, texts: &[("crc32", "crypto-crc32")] },
    // r8169_mdio_register gives the NIC up where the PHY has no driver but the general one.
    Asker {
        module: "r8169",
        functions: &["phy_connect_direct"],
        texts: &[
            (
                "no dedicated PHY driver found for PHY ID 0x%08x, maybe realtek.ko needs to be added to initramfs?\n",
                "realtek",
            ),
            ("realtek.ko not loaded, maybe it needs to be added to initramfs?\n", "realtek"),
        ],
    },
];

/// Whether a module is one that may ask.
pub(super) fn may_ask(module: &str) -> bool {
    ASKERS.iter().any(|asker| asker.module == module)
}

/// What a module asks for, by its file.
///
/// # Errors
/// When the file is damaged.
pub(super) fn asked(module: &str, bytes: &[u8]) -> Result<Vec<Asked>, elf::Error> {
    let mut found = Vec::new();
    for asker in ASKERS.iter().filter(|asker| asker.module == module) {
        let texts: Vec<&str> = asker.texts.iter().map(|(text, _)| *text).collect();
        let (functions, texts) = elf::asks(bytes, asker.functions, &texts)?;
        let Some(function) = functions.first() else { continue };
        for (text, request) in asker.texts.iter().filter(|(text, _)| texts.contains(text)) {
            let shown_by = format!("imports {function}, and has the text {text:?}");
            found.push(Asked { request: (*request).to_owned(), shown_by });
        }
    }
    Ok(found)
}
