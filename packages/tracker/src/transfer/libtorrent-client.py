"""A BitTorrent client as small as libtorrent allows: seeds or downloads one torrent until it is ended.

usage: libtorrent-client.py TORRENT FOLDER

The transfer tests run it. FOLDER holds the file (then it seeds) or is empty (then it downloads into it). Peers come
from the torrent's tracker alone: no DHT, no local discovery, no port mapping, and none of the extensions that pass
peers on.
"""

import sys
import time

import libtorrent


def main() -> None:
    torrent_path, folder = sys.argv[1:3]
    session = libtorrent.session(
        {
            "user_agent": "swarmtide-transfer-test",
            "listen_interfaces": "0.0.0.0:6881,[::]:6881",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "alert_mask": libtorrent.alert.category_t.error_notification
            | libtorrent.alert.category_t.tracker_notification
            | libtorrent.alert.category_t.status_notification,
        },
        flags=0,  # without the default plugins, of which peer exchange is one
    )
    parameters = libtorrent.add_torrent_params()
    parameters.ti = libtorrent.torrent_info(torrent_path)
    parameters.save_path = folder
    session.add_torrent(parameters)
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            print(alert.message(), flush=True)
        time.sleep(0.05)


main()
