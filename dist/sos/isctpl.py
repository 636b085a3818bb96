# The boot chain in a sos report: a snapshot, and what doctor says of it. It goes beside sos's own plugins, in
# sos/report/plugins below /usr/lib/python3/dist-packages (Debian) or site-packages: docs/fleet.md.
#
# MIT OR Apache-2.0, as isctpl.

from sos.report.plugins import (Plugin, RedHatPlugin, DebianPlugin,
                                UbuntuPlugin, SuSEPlugin)


# sos 4.0 runs no IndependentPlugin on Debian.
class Isctpl(Plugin, RedHatPlugin, DebianPlugin, UbuntuPlugin, SuSEPlugin):
    """The boot chain of a root on an iSCSI LUN"""

    short_desc = 'Boot chain of an iSCSI root'

    plugin_name = 'isctpl'
    profiles = ('boot', 'storage', 'network')
    commands = ('isctpl',)

    def setup(self):
        # Whoever gets the archive judges it anew with
        # `isctpl doctor --snapshot FILE`. There is no secret in it.
        self.add_cmd_output('isctpl snapshot -o -', binary=True,
                            suggest_filename='isctpl.snapshot')
        self.add_cmd_output('isctpl doctor --verbose --timeout 240')
        self.add_copy_spec(['/etc/isctpl.toml', '/run/isctpl/timeline.json'])
