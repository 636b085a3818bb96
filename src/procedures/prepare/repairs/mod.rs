//! How each kind of repair changes the files of a root: one file for each family.
