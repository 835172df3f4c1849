# SPDX-License-Identifier: BSD-3-Clause
"""`make bench`: the switch against its peers on one machine. docs/hacking.md has the map of this folder."""
