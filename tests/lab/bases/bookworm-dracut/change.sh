install dracut dracut-core dracut-network gawk
