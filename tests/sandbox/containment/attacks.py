"""Attacks on a room, each a program that tries one thing and says `BREACH` or `held`.

Each is the body of a Python function run inside a room. It returns a true value when the attack worked; an exception or a
false value means that it was held. `E` is the environment: the `CANARY_*` variables name things of the host that the
attacks aim at (see `driver.py`). `outside=True`: the same program, run without a sandbox, must breach: that is how these
probes are themselves tested.
"""

from __future__ import annotations

from typing import NamedTuple


class Attack(NamedTuple):
    name: str
    body: str
    outside: bool = False


PRELUDE = r"""
import ctypes, errno, fcntl, glob, mmap, os, select, signal, socket, struct, subprocess, sys, threading, time
E = os.environ
libc = ctypes.CDLL(None, use_errno=True)
SECRET = 'canary-' + 'secret'
def readable(path):
    with open(path, 'rb') as f: return SECRET.encode() in f.read(1 << 20)
def written(path):
    with open(path, 'a') as f: f.write('x')
    return True
def call(number, *args):
    r = libc.syscall(ctypes.c_long(number), *args)
    if r < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True
def connects(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as s:
        s.settimeout(0.5); s.connect(address); return True
def child_ok(argv): return subprocess.run(argv, capture_output=True, timeout=5).returncode == 0
MACHINE = os.uname().machine
def nr(x86, arm): return x86 if MACHINE == 'x86_64' else arm
"""

ATTACKS = [
    # ------------------------------------------------------------ secrets of the person
    Attack("read a secret file in HOME by its path", "return readable(E['CANARY_SECRET'])", outside=True),
    Attack(
        "read a secret file in HOME through a link in the folder",
        "os.symlink(E['CANARY_SECRET'], 'l'); return readable('l')",
    ),
    Attack(
        "read a secret through a hard link into the folder", "os.link(E['CANARY_SECRET'], 'h'); return readable('h')"
    ),
    Attack(
        "read a secret by climbing out of the folder",
        "return readable('../' * 30 + E['CANARY_SECRET'].lstrip('/'))",
        outside=True,
    ),
    Attack(
        "read a secret through /proc/self/root", "return readable('/proc/self/root' + E['CANARY_SECRET'])", outside=True
    ),
    Attack("read a secret through /proc/1/root", "return readable('/proc/1/root' + E['CANARY_SECRET'])"),
    Attack(
        "read a secret through /proc/self/cwd",
        "return readable('/proc/self/cwd/' + '../' * 30 + E['CANARY_SECRET'].lstrip('/'))",
        outside=True,
    ),
    Attack(
        "list the person's HOME", "return bool(set(os.listdir(E['CANARY_HOME'])) & {'.ssh', '.secret'})", outside=True
    ),
    Attack("read the assistant's own data", "return bool(os.listdir(E['CANARY_DATA']))", outside=True),
    Attack(
        "read a secret by an inherited descriptor",
        """
for fd in range(3, 1024):
    try:
        if SECRET.encode() in os.pread(fd, 4096, 0): return True
    except OSError: pass
    try:
        if readable(f'/proc/self/fd/{fd}'): return True
    except OSError: pass""",
    ),
    Attack(
        "find a host folder among open descriptors",
        "return any(os.path.isdir(f'/proc/self/fd/{f}') and os.readlink(f'/proc/self/fd/{f}') != f'/proc/{os.getpid()}/fd' for f in os.listdir('/proc/self/fd'))",
    ),
    Attack(
        "find a descriptor left open by the first process",
        "return any(not os.readlink(p).startswith(('pipe:', 'anon_inode:', '/dev/null', 'socket:')) for p in glob.glob('/proc/1/fd/*'))",
    ),
    Attack("read a secret from the environment", "return any(SECRET in v for k, v in E.items())"),
    Attack(
        "read a secret from the environment of any process",
        "return any(readable(p) for p in glob.glob('/proc/[0-9]*/environ') if os.access(p, os.R_OK))",
    ),
    Attack(
        "read options of the room from a command line",
        "return any(w in open(p, 'rb').read() for p in glob.glob('/proc/[0-9]*/cmdline') for w in (b'--set' + b'env', b'/sta' + b'ges/'))",
    ),
    Attack(
        "read the environment of the host's init",
        "return bool(open(f\"/proc/{E['CANARY_PID']}/environ\", 'rb').read())",
    ),
    Attack("read the system's password hashes", "return bool(open('/etc/shadow').read().strip())"),
    Attack("read the backup of the password hashes", "return bool(open('/etc/shadow-').read().strip())"),
    Attack("read sudo's rules", "return bool(open('/etc/sudoers').read().strip())"),
    Attack("read ssh host keys", "return any(open(p).read() for p in glob.glob('/etc/ssh/ssh_host_*_key'))"),
    Attack("read private TLS keys", "return bool(os.listdir('/etc/ssl/private'))"),
    Attack(
        "read a root-only file of the system",
        """
for top in ('/etc', '/opt'):
    for d, _, names in os.walk(top):
        for n in names:
            p = os.path.join(d, n); s = os.lstat(p)
            if not s.st_mode & 0o004 and s.st_mode & 0o170000 == 0o100000 and s.st_size:
                try: open(p).read(1); return True
                except OSError: pass""",
    ),
    Attack("read the host's /tmp", "return os.path.exists(E['CANARY_TMP'])", outside=True),
    Attack("read the host's /dev/shm", "return os.path.exists(E['CANARY_SHM'])", outside=True),
    Attack("read kernel memory through kcore", "return len(open('/proc/kcore', 'rb').read(64)) == 64"),
    Attack(
        "read the kernel's log",
        "libc.klogctl(3, None, 0); return call(nr(103, 116), 3, ctypes.create_string_buffer(64), 64)",
    ),
    Attack(
        "read the kernel's symbols",
        "return any(int(l.split()[0], 16) for l in open('/proc/kallsyms').readlines()[:50])",
    ),
    Attack("list the host's keys", "return bool(open('/proc/keys').read().strip())"),
    Attack("read the host's kernel command line", "return bool(open('/proc/cmdline').read().strip())"),
    # ------------------------------------------------------------ the kernel's keyring
    Attack("search the session keyring", "return call(nr(250, 219), 0, -3, 0)"),
    Attack("add a key", "return call(nr(248, 217), b'user', b'x', b'y', 1, -3)"),
    Attack("request a key", "return call(nr(249, 218), b'user', b'canary', None, 0)"),
    # ------------------------------------------------------------ writing outside
    Attack(
        "write to HOME",
        "open(E['CANARY_HOME'] + '/.profile', 'a').write('x'); return 'host' in open('/etc/hostname').read() and os.path.exists(E['CANARY_SECRET'])",
    ),
    Attack("write to /usr", "return written('/usr/bin/evil')"),
    Attack("write to /etc", "return written('/etc/profile.d/evil.sh')"),
    Attack("write to /opt", "return written('/opt/evil')"),
    Attack("write to the root folder", "return written('/evil')"),
    Attack("replace a program of the system", "os.rename('/usr/bin/env', '/usr/bin/env2'); return True"),
    Attack(
        "write outside by an absolute link",
        "os.symlink(E['CANARY_OUT'], 'o'); open('o', 'w').write('x'); return os.path.exists(E['CANARY_HOME'] + '/.ssh')",
    ),
    Attack(
        "write outside by climbing",
        "return written('../' * 30 + E['CANARY_OUT'].lstrip('/')) and os.path.exists(E['CANARY_SECRET'])",
    ),
    Attack(
        "write beside the folder",
        "p = os.path.dirname(E['CANARY_FOLDER']) + '/beside'; open(p, 'w').write('x'); return os.path.exists(E['CANARY_SECRET'])",
    ),
    Attack("make the root writable again", "return call(nr(165, 40), None, b'/', None, 32, None)"),
    Attack(
        "win a race of links under a checker",
        """
stop = time.time() + 0.1
os.makedirs('r', exist_ok=True)
while time.time() < stop:
    try:
        os.symlink(E['CANARY_SECRET'], 'r/x');
        if readable('r/x'): return True
    except OSError: pass
    try: os.unlink('r/x')
    except OSError: pass""",
    ),
    # ------------------------------------------------------------ network
    Attack(
        "connect to a server of the host on loopback",
        "return connects(socket.AF_INET, ('127.0.0.1', int(E['CANARY_PORT'])))",
        outside=True,
    ),
    Attack(
        "connect to a server of the host on IPv6 loopback",
        "return connects(socket.AF_INET6, ('::1', int(E['CANARY_PORT'])))",
    ),
    Attack("connect to an address outside", "return connects(socket.AF_INET, ('1.1.1.1', 80))"),
    Attack("connect to the cloud's metadata service", "return connects(socket.AF_INET, ('169.254.169.254', 80))"),
    Attack(
        "send a UDP packet to the host",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'breach', ('127.0.0.1', int(E['CANARY_UDP']))); return False",
    ),
    Attack(
        "send a UDP packet outside",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b'x', ('8.8.8.8', 53)); return True",
        outside=True,
    ),
    Attack("resolve a name", "socket.getaddrinfo('example.com', 80); return True"),
    Attack("open a raw socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); return True"),
    Attack("open a packet socket", "socket.socket(17, socket.SOCK_RAW, 3); return True"),
    Attack("open a vsock socket", "socket.socket(40, socket.SOCK_STREAM, 0); return True"),
    Attack("open a netlink socket to the kernel's audit", "socket.socket(16, socket.SOCK_RAW, 9); return True"),
    Attack("open a crypto socket", "socket.socket(38, 5, 0); return True"),
    Attack("open a Bluetooth socket", "socket.socket(31, socket.SOCK_RAW, 1); return True"),
    Attack("open an SCTP socket", "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132); return True"),
    Attack(
        "connect to an abstract socket of the host",
        "return connects(socket.AF_UNIX, '\\0' + E['CANARY_ABSTRACT'])",
        outside=True,
    ),
    Attack(
        "connect to a socket of the host by its path",
        "return connects(socket.AF_UNIX, E['CANARY_SOCKET'])",
        outside=True,
    ),
    Attack("connect to a host's socket that lies in the folder", "return connects(socket.AF_UNIX, 'host.sock')"),
    Attack("connect to D-Bus", "return connects(socket.AF_UNIX, '/run/dbus/system_bus_socket')"),
    Attack("connect to docker", "return connects(socket.AF_UNIX, '/var/run/docker.sock')"),
    Attack("connect to X11", "return connects(socket.AF_UNIX, '/tmp/.X11-unix/X0')"),
    Attack("connect to Wayland", "return connects(socket.AF_UNIX, f\"/run/user/{E.get('CANARY_UID')}/wayland-0\")"),
    Attack(
        "see the host's network interfaces",
        "return set(os.listdir('/proc/self/net/dev_snmp6')) - {'lo'} or len(open('/proc/net/dev').readlines()) > 3",
    ),
    Attack(
        "bring up an interface",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); fcntl.ioctl(s, 0x8914, struct.pack('16sh22x', b'lo', 0)); return True",
    ),
    # ------------------------------------------------------------ other processes
    Attack(
        "see a process of the host",
        "return os.path.exists('/proc/' + E['CANARY_PID']) and b'canary-process' in open('/proc/' + E['CANARY_PID'] + '/cmdline', 'rb').read()",
        outside=True,
    ),
    Attack(
        "signal a process of the host",
        "os.kill(int(E['CANARY_PID']), 0); return b'canary-process' in open('/proc/' + E['CANARY_PID'] + '/cmdline', 'rb').read()",
    ),
    Attack(
        "trace a process of the host",
        "return call(nr(101, 117), 16, int(E['CANARY_PID']), 0, 0) and int(E['CANARY_PID']) > 300",
    ),
    Attack("read the memory of another process", "return readable(f\"/proc/{E['CANARY_PID']}/mem\")"),
    Attack(
        "see more than its own processes",
        "return len([p for p in os.listdir('/proc') if p.isdigit()]) > 6",
        outside=True,
    ),
    Attack("kill the room's first process", "os.kill(1, 9); time.sleep(0.05); return not os.path.exists('/proc/1')"),
    Attack(
        "push characters into the terminal",
        "fd = os.open('/dev/tty', os.O_RDWR); fcntl.ioctl(fd, 0x5412, b'x'); return True",
    ),
    Attack(
        "push characters with high bits set in the request",
        "m, s = os.openpty(); return libc.ioctl(s, ctypes.c_ulong(0x100005412), ctypes.c_char_p(b'x')) == 0",
    ),
    Attack(
        "push characters into a terminal of its own", "m, s = os.openpty(); fcntl.ioctl(s, 0x5412, b'x'); return True"
    ),
    Attack("use the console's selection", "m, s = os.openpty(); fcntl.ioctl(s, 0x541C, b'\\x02'); return True"),
    # ------------------------------------------------------------ kernel interfaces
    Attack("make a user namespace", "return call(nr(272, 97), 0x10000000)"),
    Attack(
        "make a user namespace by clone",
        "r = libc.syscall(nr(56, 220), 0x10000000 | 17, 0, 0, 0, 0)\nif r == 0: os._exit(0)\nreturn r > 0",
    ),
    Attack(
        "make a user namespace by clone3",
        "a = struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0); r = libc.syscall(435, a, 88)\nif r == 0: os._exit(0)\nreturn r > 0",
    ),
    Attack("make a user namespace by a program", "return child_ok(['unshare', '--user', 'true'])"),
    Attack(
        "join the namespace of another process",
        "fd = os.open('/proc/1/ns/user', os.O_RDONLY); return call(nr(308, 268), fd, 0)",
    ),
    Attack("make a network namespace", "return call(nr(272, 97), 0x40000000)"),
    Attack("mount a file system", "return call(nr(165, 40), b'x', b'/tmp', b'tmpfs', 0, None)"),
    Attack("unmount the mask over the passwords", "return call(nr(166, 39), b'/etc/shadow', 2)"),
    Attack("mount by the new interface", "return call(430, b'tmpfs', 0)"),
    Attack("clone a mount tree", "return call(428, -100, b'/', 1)"),
    Attack("change the root folder", "return call(nr(161, 51), b'/tmp')"),
    Attack("pivot the root", "return call(nr(155, 41), b'/tmp', b'/tmp')"),
    Attack("open a file by handle", "return call(nr(304, 265), 3, b'x' * 32, 0)"),
    Attack("use io_uring", "p = ctypes.create_string_buffer(120); return call(425, 8, p)"),
    Attack("load a BPF program", "return call(nr(321, 280), 0, ctypes.create_string_buffer(72), 72)"),
    Attack(
        "watch performance counters",
        "return call(nr(298, 241), ctypes.create_string_buffer(struct.pack('II', 1, 112) + b'\\0' * 104), 0, -1, -1, 0)",
    ),
    Attack("handle page faults in user space", "return call(nr(323, 282), 1)"),
    Attack("load a kernel module", "return call(nr(313, 273), 0, b'', 0)"),
    Attack("load another kernel", "return call(nr(246, 104), 0, 0, None, 0)"),
    Attack("set the host's clock", "return call(nr(227, 112), 0, struct.pack('QQ', 1, 0))"),
    Attack("set the host name", "return call(nr(170, 161), b'evil', 4)"),
    Attack("reboot", "return call(nr(169, 142), 0xfee1dead, 672274793, 0, None)"),
    Attack("swap on", "return call(nr(167, 224), b'/tmp/x', 0)"),
    Attack("change quotas", "return call(nr(179, 60), 0x80000200, b'/', 0, None)"),
    Attack(
        "call the kernel by the 32-bit interface",
        """
if MACHINE != 'x86_64': return False
code = mmap.mmap(-1, 4096, prot=7)
code.write(bytes([0x53, 0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x5b, 0xc3]))  # getpid by int 0x80
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
return f() == os.getpid()""",
    ),
    Attack("call the kernel by x32 numbers", "return MACHINE == 'x86_64' and call(0x40000000 + 39)"),
    Attack("put on an old personality", "return call(nr(135, 92), 0x0400000)"),
    # ------------------------------------------------------------ rights
    Attack(
        "hold any capability",
        "return any(int(l.split()[1], 16) for l in open('/proc/self/status') if l.startswith(('CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'CapInh')))",
    ),
    Attack(
        "gain rights by a setuid program", "return 'NoNewPrivs:\\t0' in open('/proc/self/status').read()", outside=True
    ),
    Attack("become root", "os.setuid(0); return os.getuid() == 0"),
    Attack(
        "set the setuid bit",
        "open('s', 'w').close(); os.chmod('s', 0o4755); return os.stat('s').st_mode & 0o4000",
        outside=True,
    ),
    Attack(
        "set the setgid bit by descriptor",
        "fd = os.open('g', os.O_CREAT | os.O_RDWR); os.fchmod(fd, 0o2755); return os.stat('g').st_mode & 0o2000",
    ),
    Attack(
        "create a setuid file at once",
        "os.close(os.open('c', os.O_CREAT | os.O_WRONLY, 0o4755)); return os.stat('c').st_mode & 0o4000",
    ),
    Attack("set the setuid bit by fchmodat2", "open('s2', 'w').close(); return call(452, -100, b's2', 0o4755, 0)"),
    Attack("make a device", "os.mknod('d', 0o60600, os.makedev(8, 0)); return True"),
    Attack("make a character device", "os.mknod('d2', 0o20600, os.makedev(1, 1)); return True"),
    Attack(
        "open the disk",
        "return bool(glob.glob('/dev/sd*') + glob.glob('/dev/vd*') + glob.glob('/dev/nvme*') + glob.glob('/dev/mem') + glob.glob('/dev/kvm') + glob.glob('/dev/fuse'))",
    ),
    Attack("change the core pattern", "open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x'); return True"),
    Attack("change a setting of the kernel", "open('/proc/sys/vm/overcommit_memory', 'w').write('1'); return True"),
    Attack(
        "trigger a magic key",
        "open('/proc/sysrq-trigger', 'w').write('h'); return os.path.getsize('/proc/sysrq-trigger') != 0 or not os.path.samefile('/proc/sysrq-trigger', '/dev/null')",
    ),
    Attack(
        "lock memory beyond its bound",
        "m = mmap.mmap(-1, 1 << 30); return libc.mlock(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(m))), ctypes.c_size_t(1 << 30)) == 0",
    ),
    Attack("take a real-time priority", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)); return True"),
    Attack("write to control groups", "return written('/sys/fs/cgroup/cgroup.procs')"),
    Attack("read /sys", "return bool(os.listdir('/sys'))", outside=True),
    Attack(
        "set the overlay's own attributes",
        "os.setxattr('there2', 'user.overlay.opaque', b'y'); return 'inside' not in os.listdir('there2')",
    ),
    Attack("make a whiteout by hand", "os.mknod('w', 0o20000, 0); return True"),
    # ------------------------------------------------------------ shared memory and messages
    Attack(
        "attach shared memory of the host",
        "libc.shmat.restype = ctypes.c_void_p; p = libc.shmat(int(E['CANARY_SHMID']), None, 0o10000); return p not in (None, 2**64 - 1)",
        outside=True,
    ),
    Attack("see the host's System V segments", "return len(open('/proc/sysvipc/shm').readlines()) > 1", outside=True),
    Attack("open a POSIX queue of the host", "return os.path.exists('/dev/mqueue')"),
    # ------------------------------------------------------------ descriptors and executables
    Attack(
        "take a descriptor of the first process",
        "p = os.pidfd_open(1); return call(438, p, 0, 0)",
    ),
    Attack(
        "run setuid through a file in memory",
        "fd = os.memfd_create('x'); os.write(fd, open('/bin/sh', 'rb').read()); os.fchmod(fd, 0o4755); return os.fstat(fd).st_mode & 0o4000",
    ),
    Attack(
        "unseal and rewrite the filter or options of the room",
        "return any('memfd:room' in os.readlink(f'/proc/{p}/fd/{f}') for p in os.listdir('/proc') if p.isdigit() for f in (os.listdir(f'/proc/{p}/fd') if os.access(f'/proc/{p}/fd', os.R_OK) else []) if os.path.lexists(f'/proc/{p}/fd/{f}'))",
    ),
    Attack(
        "overwrite a program of the system through its open descriptor",
        "fd = os.open('/usr/bin/env', os.O_RDONLY); f = os.open(f'/proc/self/fd/{fd}', os.O_RDWR); return True",
    ),
    Attack(
        "make a shared mapping of a system file writable",
        "f = open('/usr/bin/env', 'rb'); m = mmap.mmap(f.fileno(), 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE); m[0] = 0; return True",
    ),
    Attack("set an attribute on a system file", "os.setxattr('/usr/bin/env', 'user.x', b'x'); return True"),
    Attack("change the owner of a system file", "os.chown('/etc/hostname', os.getuid(), os.getgid()); return True"),
    Attack("change the times of a system file", "os.utime('/etc/hostname'); return True"),
    Attack(
        "take a lease on a system file",
        "fd = os.open('/etc/hostname', os.O_RDONLY); fcntl.fcntl(fd, 1024, 1); return True",
    ),
    # ------------------------------------------------------------ rights by odd ways
    Attack(
        "set a file capability",
        "open('cap', 'w').close(); os.setxattr('cap', 'security.capability', bytes.fromhex('0100000200040000000000000000000000000000')); return True",
    ),
    Attack(
        "set a trusted attribute",
        "open('tr', 'w').close(); os.setxattr('tr', 'trusted.overlay.opaque', b'y'); return True",
    ),
    Attack(
        "set the setuid bit by install",
        "return child_ok(['install', '-m', '4755', '/bin/true', 'inst']) and os.stat('inst').st_mode & 0o4000",
    ),
    Attack(
        "keep the setuid bit by cp -a",
        "src = next((p for p in ('/usr/bin/su', '/usr/bin/passwd', '/usr/bin/mount') if os.path.exists(p)), None); return src and child_ok(['cp', '-a', src, 'kept']) and os.stat('kept').st_mode & 0o4000",
    ),
    Attack(
        "unpack a setuid file by tar",
        "import tarfile, io\nt = tarfile.open('s.tar', 'w'); i = tarfile.TarInfo('suid'); i.mode = 0o4755; t.addfile(i, io.BytesIO()); t.close()\nsubprocess.run(['tar', 'xpf', 's.tar'], capture_output=True); return os.path.exists('suid') and os.stat('suid').st_mode & 0o4000",
    ),
    Attack(
        "set the setgid bit on a new folder",
        "os.mkdir('sg'); os.chmod('sg', 0o2755); return os.stat('sg').st_mode & 0o2000",
    ),
    Attack(
        "set the setuid bit by a temporary file",
        "fd = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o4755); return os.fstat(fd).st_mode & 0o4000",
    ),
    Attack("make a setuid pipe by mknod", "os.mknod('pp', 0o14755); return os.stat('pp').st_mode & 0o4000"),
    Attack("drop into another user", "n = os.getuid() + 1; os.setresuid(n, n, n); return True"),
    Attack("join another group", "os.setgroups([0]); return True"),
    Attack(
        "raise its own limits",
        "import resource; resource.setrlimit(resource.RLIMIT_NPROC, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); return True",
    ),
    Attack(
        "raise the limit of its memory",
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)); return True",
    ),
    Attack("take a higher priority", "os.setpriority(os.PRIO_PROCESS, 0, -10); return True"),
    Attack("take real-time input and output", "return call(nr(251, 30), 1, 0, (1 << 13) | 4)"),
    Attack(
        "escape the end of memory", "return os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000') > 0"
    ),
    Attack(
        "change who it is in its namespace", "return os.write(os.open('/proc/self/uid_map', os.O_WRONLY), b'0 0 1') > 0"
    ),
    Attack(
        "open the namespaces of the first process",
        "return any(os.readlink(f'/proc/1/ns/{n}') != os.readlink(f'/proc/self/ns/{n}') for n in ('user', 'mnt', 'net', 'pid'))",
    ),
    Attack(
        "see the mounts' real sources",
        "return any(w in open('/proc/self/mountinfo').read() for w in ('/sta' + 'ges/', E['CANARY_HOME'] + '/.local'))",
    ),
    # ------------------------------------------------------------ sockets and messages
    Attack(
        "have a descriptor passed from outside by a host's socket in the folder",
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect('host.sock'); return True",
    ),
    Attack(
        "connect to the host's systemd by an abstract name",
        "return connects(socket.AF_UNIX, '\\0/org/freedesktop/systemd1')",
    ),
    Attack("open a netlink socket for firewall rules", "socket.socket(16, socket.SOCK_RAW, 12); return True"),
    Attack(
        "open a netlink socket for events of devices",
        "s = socket.socket(16, socket.SOCK_DGRAM, 15); s.bind((0, 1)); return True",
    ),
    Attack("open a packet socket by socketpair", "socket.socketpair(17, socket.SOCK_RAW); return True"),
    Attack("open a raw IPv6 socket", "socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58); return True"),
    Attack("open a ping socket", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1); return True"),
    Attack("open an MPTCP socket", "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262); return True"),
    Attack("open a CAN socket", "socket.socket(29, socket.SOCK_RAW, 1); return True"),
    Attack("open a TIPC socket", "socket.socket(30, socket.SOCK_SEQPACKET, 0); return True"),
    Attack("open an XDP socket", "socket.socket(44, socket.SOCK_RAW, 0); return True"),
    Attack(
        "send by UDP to a name server in the host's network",
        "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.sendto(b'x', ('2001:4860:4860::8888', 53)); return True",
    ),
    Attack(
        "broadcast",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 6, 1); s.sendto(b'x', ('255.255.255.255', 9)); return True",
    ),
    Attack("add an address to the loopback", "return child_ok(['ip', 'addr', 'add', '10.0.0.1/8', 'dev', 'lo'])"),
    Attack("bind a privileged port", "s = socket.socket(); s.bind(('127.0.0.1', 80)); return True"),
    Attack(
        "find a semaphore of the host",
        "return len(open('/proc/sysvipc/sem').readlines()) > 1 or len(open('/proc/sysvipc/msg').readlines()) > 1",
    ),
    # ------------------------------------------------------------ what the kernel tells
    Attack("read the host's machine id", "return bool(open('/etc/machine-id').read().strip())"),
    Attack("read the host's name", "return socket.gethostname() == E.get('CANARY_HOSTNAME', 'x')", outside=True),
    Attack(
        "find other people in the list of accounts",
        "import pwd; return any(1000 < a.pw_uid < 60000 and a.pw_uid != os.getuid() for a in pwd.getpwall())",
    ),
    Attack("watch keystrokes by the counts of interrupts", "return bool(open('/proc/interrupts').read().strip())"),
    Attack("read timers of all processes", "return bool(open('/proc/timer_list').read().strip())"),
    Attack("read the kernel's pages", "return bool(open('/proc/kpageflags', 'rb').read(8))"),
    Attack(
        "trace system calls by the kernel's tracer",
        "return bool(glob.glob('/sys/kernel/tracing/*') + glob.glob('/sys/kernel/debug/*'))",
    ),
    Attack(
        "read logins",
        "return any(os.path.exists(p) and os.path.getsize(p) for p in ('/var/log/wtmp', '/run/utmp', '/var/log/auth.log', '/var/log/syslog'))",
    ),
    Attack(
        "read other people's mail and schedules",
        "return any(os.path.exists(p) and os.listdir(p) for p in ('/var/mail', '/var/spool/cron', '/var/lib'))",
    ),
    Attack(
        "read what another call left in a descriptor of the terminal",
        "return any(os.readlink(p).startswith('/dev/pts') for p in glob.glob('/proc/*/fd/*') if os.path.lexists(p))",
    ),
    # ------------------------------------------------------------ hiding from the end
    Attack(
        "see what another call left running",
        "return any(b'left-' + b'behind' in open(p, 'rb').read() for p in glob.glob('/proc/[0-9]*/cmdline'))",
    ),
]
