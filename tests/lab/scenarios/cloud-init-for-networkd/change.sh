cloud_init_from_seed
printf 'system_info:\n  network:\n    renderers: [networkd]\n' >/etc/cloud/cloud.cfg.d/91-networkd.cfg
