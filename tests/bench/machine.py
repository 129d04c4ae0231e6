"""Processes, ports, and what the kernel says of them."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

# The proxy and whatever works for it, and all the rest.
PROXY_CORE, REST_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")


def start(core, command, log, env=None):
    """A process held on a core; what it says goes to a file."""
    command = ["taskset", "-c", core, *map(str, command)]
    out = open(log, "a")
    return subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=env and {**os.environ, **env})


def stop(process):
    """Ends it, and waits until it has."""
    if process.poll() is None:
        thaw([process])
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def freeze(processes):
    """Halts them where they are: who is not measured does not take part, not even by a timer."""
    for pid in families(processes):
        send(pid, signal.SIGSTOP)


def thaw(processes):
    """Lets them go on."""
    for pid in families(processes):
        send(pid, signal.SIGCONT)


def send(pid, what):
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        pass


def families(processes):
    """The processes and their children."""
    found, pids = [], [process.pid for process in processes if process.poll() is None]
    while pids:
        pid = pids.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                pids += [int(child) for child in (task / "children").read_text().split()]
        except FileNotFoundError:
            pass
    return found


def cpu_seconds(processes):
    """User and system time of them all, those of their threads that ended included."""
    total = 0
    for pid in families(processes):
        # After the name, which may hold spaces: utime and stime are the 12th and 13th.
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_kib(processes):
    """Proportional set size: what is shared among processes counts once."""
    total = 0
    for pid in families(processes):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"(?m)^Pss:\s+(\d+)", rollup).group(1))
    return total


class Calls:
    """Counts the system calls of processes, over all their threads, between start and stop."""

    def __init__(self, processes, log):
        pids = ",".join(map(str, families(processes)))
        self.log = Path(log)
        command = ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", pids, "-o", str(log)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(15)
        counts = [line.split(",")[0] for line in self.log.read_text().splitlines() if "sys_enter" in line]
        return sum(int(count) for count in counts)

    @staticmethod
    def possible():
        """Whether the kernel lets us count; it wants a privilege and tracepoints."""
        if not shutil.which("perf"):
            return False
        command = ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "true"]
        said = subprocess.run(command, capture_output=True, text=True)
        return bool(re.search(r"(?m)^\d+,", said.stderr))


def wait(holds, what, seconds=20):
    """Until it holds; an end of everything if that never comes."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"in vain: {what}")
        time.sleep(0.02)


def wait_port(port):
    def answers():
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait(answers, f"port {port} answers")


class Ports:
    """Neighbouring ports that no other run is given as long as this is there; see tests/src/world/ports.rs."""

    def __init__(self, count):
        for first in range(21000, 29000, 20):
            held = [socket.socket() for _ in range(count)]
            try:
                for offset, one in enumerate(held):
                    one.bind(("127.0.0.1", first + offset))
            except OSError:
                for one in held:
                    one.close()
                continue
            for one in held:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.first, self.held = first, held
            return
        sys.exit("no ports are free")


def quiet(limit=0.6, seconds=60):
    """Waits until little else runs, and says how busy the machine was at last (load average of a minute)."""
    end = time.monotonic() + seconds
    while busy() > limit and time.monotonic() < end:
        time.sleep(0.5)
    return os.getloadavg()[0]


def busy():
    """Cores that are busy, looked at for half a second."""
    before = all_cpu_seconds()
    time.sleep(0.5)
    return (all_cpu_seconds() - before) / 0.5


def describe():
    """The machine, in a line."""
    model = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    name = model.group(1).strip() if model else "unknown processor"
    return {
        "processor": name,
        "cores": os.cpu_count(),
        "kernel": os.uname().release,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
    }


def all_cpu_seconds():
    """What all processes of the machine have used, interrupts and the hypervisor's share included."""
    fields = list(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) / TICKS
