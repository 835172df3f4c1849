# SPDX-License-Identifier: BSD-3-Clause
"""`make bench`: the switch against its peers on one machine. The map is in docs/hacking.md."""
