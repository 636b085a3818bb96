ROOT=UUID=6f1c8f2e-8f0b-4c1e-9d6d-0d9f4f9f3b11 update_grub
