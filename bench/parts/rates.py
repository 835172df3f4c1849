# SPDX-License-Identifier: BSD-3-Clause
"""VM to VM, and what changes the cost of a frame: size, flows, addresses, ports, features."""
from bench.parts.base import Case, Part
from bench.parts.vm import blast
from bench.pktgen import QEMU_ENTRIES
from bench.systems.base import Wish


class Sizes(Part):
    name, title, chart = "sizes", "VM to VM, frame sizes", "lines"
    warms_up = is_paired = True
    about = "Two VM ports, both ways at once, one flow each. Sizes are with FCS."
    rounds, quick_rounds = 7, 2

    def all_cases(self):
        plain, jumbo = Wish(vhost=2), Wish(vhost=2, mtu=9000)
        return [Case(f"{size} B", jumbo if size > 1518 else plain, {"size": size},
                     quick=size in (64, 1518))
                for size in (64, 128, 256, 512, 1024, 1518, 9000)]

    def measure(self, system, case):
        return blast(self.bench, system, system.vhost, size=case.args["size"])


class Loop(Part):
    name, title = "loop", "VM to VM, guests that forward"
    warms_up = is_paired = True
    about = ("512 frames from each of two VMs go round: each VM sends what it receives again, untouched, "
             "as testpmd's io mode does in a guest, so guests cost little more than their rings.")
    rounds, quick_rounds = 7, 2

    def all_cases(self):
        return [Case(f"{size} B", Wish(vhost=2), {"size": size}, quick=size == 64)
                for size in (64, 1518)]

    def measure(self, system, case):
        return blast(self.bench, system, system.vhost, goes_round=True, **case.args)


class Rings(Part):
    name, title = "rings", "Smaller rings"
    warms_up = is_paired = True
    about = ("As above, with rings of 256 entries, which is what QEMU gives a guest that is not told "
             "otherwise; all buffers of a ring fit into the cache of a core.")

    def all_cases(self):
        return [Case(f"{size} B", Wish(vhost=2), {"size": size}) for size in (64, 1518)]

    def measure(self, system, case):
        return blast(self.bench, system, system.vhost, entries=QEMU_ENTRIES, **case.args)


class Flows(Part):
    name, title, chart = "flows", "Flows", "lines"
    about = ("64 B between two VMs with as many UDP flows in each direction; two MAC addresses. Frames "
             "of a single flow are made once and only sent; those of several are written each time.")
    is_paired = True

    def all_cases(self):
        return [Case(f"{text} flows", Wish(vhost=2), {"flows": text})
                for text in ("1", "2", "1k", "100k", "1M")]

    def measure(self, system, case):
        return blast(self.bench, system, system.vhost, warm_up=1, size=64, **case.args)


class Macs(Part):
    name, title, chart = "macs", "MAC addresses", "lines"
    about = ("64 B between two VMs that use this many MAC addresses together, after two seconds "
             "of the same traffic, in which they are learned.")
    is_paired = True
    rounds = 3

    def all_cases(self):
        wish = Wish(vhost=2, macs=64000)
        return [Case(f"{text} MACs", wish, {"macs": each})
                for text, each in (("2", 1), ("1k", 500), ("64k", 32000))]

    def measure(self, system, case):
        each = case.args["macs"]
        sample = blast(self.bench, system, system.vhost, warm_up=2, learn=False, size=64,
                       flows=each, smacs=each, dmacs=each)
        return {**sample, "learned": system.learned()}


class Ports(Part):
    name, title, chart = "ports", "Ports", "lines"
    warms_up = is_paired = True
    about = "64 B between pairs of VM ports; all of them send."
    systems = ("vswitchd", "ovs")
    rounds = 3  # OVS takes a while to find 64 guests

    def all_cases(self):
        return [Case(f"{ports} ports", Wish(vhost=ports)) for ports in (2, 8, 64)]

    def measure(self, system, case):
        return blast(self.bench, system, system.vhost, size=64)


class Features(Part):
    name, title = "features", "Features"
    warms_up = is_paired = True
    about = ("vswitchd, 64 B. Off: access ports in one network. On: one side is a trunk, so a tag "
             "is put on and taken off; limits in bits and in frames, in and out, of ports, network "
             "and tenant, and of floods, none of them reached.")
    systems = ("vswitchd",)
    compares_wishes = True
    rounds = 7

    def all_cases(self):
        return [Case("all off", Wish(vhost=2), {"vlan": None}),
                Case("all on", Wish(vhost=2, features=True), {"vlan": 10})]

    def measure(self, system, case):
        return blast(self.bench, system, system.vhost, size=64, trunk_vlan=case.args["vlan"])


class Tso(Part):
    name, title, unit = "tso", "TSO, VM to VM", "bps"
    warms_up = is_paired = True
    about = ("TCP payload between two VMs that use segmentation offload, both ways. OVS-DPDK does "
             "not take such frames; it is offered 1518 B. Rings of 256 entries, as QEMU's are: 1024 "
             "buffers of 64 KB on both sides are more than the caches hold.")
    quick_rounds = 1
    PAYLOADS = {"64 KB": 64240, "32 KB": 32120, "16 KB": 16060, "8 KB": 7300}  # whole segments

    def all_cases(self):
        return [Case(key, Wish(vhost=2), {"payload": payload}, quick=key == "64 KB")
                for key, payload in self.PAYLOADS.items()] + [
                Case("1518 B", Wish(vhost=2), {"payload": None}, quick=True)]

    def takes(self, system, case):
        return (system.name == "ovs") == (case.args["payload"] is None)

    def measure(self, system, case):
        payload = case.args["payload"]
        traffic = {"tso_payload": payload} if payload else {"size": 1518}
        sample = blast(self.bench, system, system.vhost, entries=QEMU_ENTRIES, **traffic)
        sample["value"] *= 8 * (payload or 1460)
        return sample
