# SPDX-License-Identifier: BSD-3-Clause
"""TCP between two namespaces, by iperf3 on the generator's core."""
import json

from bench import host
from bench.process import Program, run

PORT = 5201


def tcp_bps(bench, server, client, address, seconds):
    """Bits a second that arrived in the namespace `server` at `address`."""
    log = bench.dir / "iperf-server.log"
    log.write_text("")
    listener = Program("iperf3 -s", ["ip", "netns", "exec", server.name, "iperf3", "-s", "-1",
                                     "--forceflush", "-p", PORT], host.GENERATOR_CORE, log)
    try:
        listener.wait_said("Server listening")
        report = json.loads(run("taskset", "-c", host.GENERATOR_CORE, "ip", "netns", "exec",
                                client.name, "iperf3", "-J", "-c", address, "-p", PORT,
                                "-t", seconds, "--connect-timeout", 5000, seconds=seconds + 20))
    finally:
        listener.stop()
    return report["end"]["sum_received"]["bits_per_second"]
