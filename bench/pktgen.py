# SPDX-License-Identifier: BSD-3-Clause
"""The generator's command line, known here and nowhere else. It runs on the generator's core."""
import contextlib
import json

from bench import host
from bench.host import Refused
from bench.process import Program, run

STANDARD_BYTES = 1518  # larger frames need larger buffers
ENTRIES = 1024  # of a ring
QEMU_ENTRIES = 256  # what QEMU gives a guest that is not told otherwise
MSS = 1460
PORTS_OF_PROCESS = 8  # OVS-DPDK takes a second to find each listening guest; processes listen side by side
TCP_HEADERS = 14 + 20 + 20 + 4  # Ethernet, IPv4, TCP, FCS


class Pktgen:
    def __init__(self, bench):
        self.bench = bench
        self.binary = bench.build / "pktgen"
        self.report = bench.dir / "pktgen.json"

    def run(self, ports, seconds, netns=None, learn=True, entries=ENTRIES, **traffic):
        """Frames as fast as they go: rx_pps, tx_pps, rx_bps of all ports, limit. Without `learn`
        the traffic itself has to make addresses known."""
        words = ["run",
                 *self.ports(ports, entries, tso="tso_payload" in traffic, size=traffic.get("size")),
                 *self.streams(ports, **traffic), "--time", f"{seconds}s"]
        return self.point([*words, *([] if learn else ["--no-learn"])], netns)

    def loop(self, ports, seconds, **traffic):
        """As run(), but a few frames go round: guests that forward what they receive. Besides,
        loop_lost: frames that died."""
        words = ["loop", *self.ports(ports), *self.streams(ports, **traffic), "--time", f"{seconds}s"]
        return self.point(words)

    def pdr(self, ports, **traffic):
        """The highest rate with at most 0.1 % loss."""
        words = ["pdr", *self.ports(ports), *self.streams(ports, **traffic), "--time", "300ms",
                 "--precision", "2%"]
        return self.point(words, seconds=120)

    def latency(self, ports, rate_pps, seconds, **traffic):
        """Percentiles at a rate, in ns."""
        words = ["latency", *self.ports(ports), *self.streams(ports, **traffic),
                 "--rates", f"{rate_pps:.0f}pps", "--time", f"{seconds}s"]
        return self.measured(self.point(words))

    def ping_pong(self, ports, seconds, gap_us):
        words = ["latency", "--ping-pong", *self.ports(ports), "--time", f"{seconds}s",
                 "--gap", f"{gap_us}us"]
        return self.measured(self.point(words))

    @staticmethod
    def measured(point):
        if "latency" not in point:
            raise Refused("no frame came back in time, so there is no latency")
        return point

    @contextlib.contextmanager
    def connected(self, ports):
        """Silent guests on all ports for the time of the block."""
        guests = Program("pktgen", [self.binary, "run", *self.ports(ports), *self.common(),
                                    "--time", "3600s", "--stream", "tx=0,rx=1,size=64,rate=1pps"],
                         host.GENERATOR_CORE, self.bench.dir / "guests.log")
        try:
            yield
        finally:
            guests.stop()

    def ports(self, ports, entries=ENTRIES, tso=False, size=None):
        """VhostPort, or a specification as it is."""
        options = f",entries={entries}" + (",tso,mrg=on" if tso else "")
        if size and size > STANDARD_BYTES:
            options += f",rxbuf={size + STANDARD_BYTES}"
        for port in ports:
            yield "--port"
            if isinstance(port, str):
                yield port
            else:
                yield f"vhost:{port.path}{options}" + (",server" if port.guest_listens else "")

    def streams(self, ports, senders=(0, 1), trunk_vlan=None, tso_payload=None, size=None, **keys):
        """Between each pair of ports, from its first, its second or both; from a single port to
        nobody. `keys` are those of a stream."""
        for i in range(len(ports)):
            if i % 2 not in senders:
                continue
            words = [f"tx={i}"] + ([f"rx={i ^ 1}"] if i ^ 1 < len(ports) else [])
            if tso_payload:
                words += [f"size={tso_payload + TCP_HEADERS}", f"tso={MSS}", "l4=tcp"]
            else:
                words.append(f"size={size}")
            words += [f"{key}={value}" for key, value in keys.items()]
            if trunk_vlan and i % 2:
                words.append(f"vlan={trunk_vlan}")
            yield "--stream"
            yield ",".join(words)

    def point(self, words, netns=None, seconds=60):
        """Run it; the last point of its report."""
        command = [self.binary, *words, *self.common(), "--json", self.report]
        if netns:
            command = ["ip", "netns", "exec", netns.name, *command]
        run(*command, seconds=seconds)
        report = json.loads(self.report.read_text())
        return {**report["points"][-1], "wake": report.get("wake")}

    def common(self):
        return ["--core", host.GENERATOR_CORE, "--quiet", "--per-process", PORTS_OF_PROCESS,
                *(["--huge"] if self.bench.huge_bytes else [])]
