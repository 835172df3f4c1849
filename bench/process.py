# SPDX-License-Identifier: BSD-3-Clause
"""Programs that the benchmark starts: pinned, logged, and gone when it ends, however it ends."""
import os
import signal
import subprocess
import time
from pathlib import Path

from bench.host import Refused


def wait_for(what, condition, seconds=10.0):
    """Poll until condition() is true; Refused if it never is."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Refused(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def run(*command, seconds=30, env=None):
    """A command that must work; its output."""
    try:
        done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=seconds,
                              env={**os.environ, **(env or {})})
    except subprocess.TimeoutExpired as late:
        raise Refused(f"{command[0]} did not end within {seconds} s") from late
    except OSError as error:
        raise Refused(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise Refused(f"{' '.join(map(str, command))}\n{said}")
    return done.stdout


class Program:
    """One running program. It dies with us (parent-death signal), and has a session of its own, so
    that Ctrl-C reaches us alone and things end in order."""

    def __init__(self, name, command, core, log, env=None, stdin=False):
        self.name, self.log = name, Path(log)
        words = ["setpriv", "--pdeathsig", "KILL", "taskset", "-c", str(core), *map(str, command)]
        with self.log.open("ab") as out:
            self.popen = subprocess.Popen(words, stdout=out, stderr=out, start_new_session=True,
                                          stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                                          env={**os.environ, **(env or {})})

    def alive(self):
        return self.popen.poll() is None

    def check(self):
        if not self.alive():
            raise Refused(f"{self.name} ended by itself, status {self.popen.returncode}:\n"
                          + self.tail())

    def tail(self, lines=12):
        return "\n".join(self.text().splitlines()[-lines:])

    def text(self):
        return self.log.read_text(errors="replace")

    def say(self, line):
        self.popen.stdin.write(f"{line}\n".encode())
        self.popen.stdin.flush()

    def wait_said(self, words, seconds=20.0):
        def said():
            self.check()
            return words in self.text()
        wait_for(f"{self.name} says '{words}'", said, seconds)

    def cpu_ns(self):
        """CPU time used so far, of all its threads."""
        total = 0
        for task in Path(f"/proc/{self.popen.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                pass
        return total

    def wait_end(self, seconds=5.0):
        """False if it still runs after this time."""
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def signal(self, number):
        """To it and all that it has started."""
        if self.alive():
            os.killpg(self.popen.pid, number)

    def stop(self):
        if self.popen.stdin:
            self.popen.stdin.close()
        if self.alive():
            self.popen.terminate()
        if not self.wait_end():
            self.signal(signal.SIGKILL)
            self.popen.wait()
