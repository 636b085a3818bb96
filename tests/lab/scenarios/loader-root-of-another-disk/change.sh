ROOT=UUID=8c2f0d2e-60b5-4b0a-9d5e-3f6f0f5f7a11 update_grub
