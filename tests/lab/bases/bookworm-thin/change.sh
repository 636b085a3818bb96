install thin-provisioning-tools
