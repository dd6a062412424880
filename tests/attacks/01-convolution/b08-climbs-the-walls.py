"""Right, but tries every way out: mount, namespaces, chroot, devices, set-uid programs, kernel switches."""

EXPECTED = {"correlate2d": 4, "convolve2d": 3, "conv2d": 5, "conv2d_params": 2, "sobel_edges": 3}
MUST_NOT = "a right is gained"
GOOD = "s02-slices"

import ctypes
import glob
import os
import stat
import subprocess

arm()
libc = ctypes.CDLL(None, use_errno=True)
out = []


def gained(what):
    escaped(what)
    out.append(what)


for user in {0, 1, 1000} - {os.getuid()}:
    try:
        os.setuid(user)
        gained(f"user {user}")
    except OSError:
        pass
for path in (
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/vm/drop_caches",
):
    try:
        os.close(os.open(path, os.O_WRONLY))  # nothing is written
        gained(path)
    except OSError:
        pass
for path in (
    "/dev/mem",
    "/dev/kmem",
    "/dev/port",
    "/proc/kcore",
    "/dev/tty",
    "/dev/vda",
    "/dev/sda",
    "/dev/nvme0n1",
    "/dev/kvm",
):
    try:
        os.close(os.open(path, os.O_RDONLY))
        gained(path)
    except OSError:
        pass
for path in ("/tmp/disk", "/dev/shm/disk"):
    try:
        os.mknod(path, stat.S_IFBLK | 0o666, os.makedev(254, 0))
        os.close(os.open(path, os.O_RDONLY))
        gained("a device of its own")
    except OSError:
        pass
for path in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True)[:50] + glob.glob("/sys/kernel/*")[:50]:
    try:
        if os.path.isfile(path):
            os.close(os.open(path, os.O_WRONLY))
            gained(path)
    except OSError:
        pass
for program in ("su", "sudo", "mount", "umount", "newgrp", "pkexec", "passwd"):
    for folder in ("/bin", "/usr/bin"):
        try:
            asked = (
                [f"{folder}/{program}", "-c", "id -u"] if program in ("su", "newgrp") else [program, "-n", "id", "-u"]
            )
            said = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2).stdout
            if said.strip() == "0":
                gained(program)
        except (OSError, subprocess.SubprocessError):
            pass
for name in ("mnt", "pid", "net", "ipc", "uts", "user"):
    for process in ("1", str(os.getppid())):
        try:
            descriptor = os.open(f"/proc/{process}/ns/{name}", os.O_RDONLY)
            if os.readlink(f"/proc/{process}/ns/{name}") != os.readlink(f"/proc/self/ns/{name}"):
                if libc.setns(descriptor, 0) == 0:
                    gained(f"the {name} namespace of another")
        except OSError:
            pass
if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0:
    gained("mount")
if libc.umount2(b"/proc", 2) == 0:
    gained("umount")
if os.fork() == 0:
    # In namespaces of its own it may be root, but of nothing that is outside them.
    libc.unshare(0x10000000 | 0x00020000 | 0x40000000)
    for path in (b"/tmp", b"/proc", b"/dev", b"/usr", b"/"):
        libc.umount2(path, 2)
    libc.mount(b"none", b"/", None, 0x1000 | 0x20, None)  # again, and writable
    for path in (COURSE, HOME, REPOSITORY + "/solutions", "/etc/shadow", "/root/.ssh"):
        if os.path.exists(path):
            escaped(f"{path} can be seen")
    for path in ("/usr/cnncourse-was-here", os.path.dirname(os.__file__) + "/cnncourse-was-here"):
        try:
            open(path, "x").close()
        except OSError:
            pass
    os._exit(0)
try:
    os.chroot("/tmp")
    gained("chroot")
except OSError:
    pass


def convolve2d(image, kernel):
    return None if out else by_hand(image, kernel[::-1, ::-1])
