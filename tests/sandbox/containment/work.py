"""Everyday work that a room must not get in the way of. Each is a shell script whose exit status must be 0, or as it says."""

from __future__ import annotations

from typing import NamedTuple


class Work(NamedTuple):
    name: str
    script: str
    needs: str = ""
    """A program of the host without which the case is skipped."""
    status: int = 0
    pty: bool = False
    stdin: bytes = b""
    output: bytes | None = None


GIT = "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b; "

WORK = [
    Work(
        "write, read, append and remove a file",
        'echo a > f && echo b >> f && [ "$(cat f)" = "$(printf \'a\\nb\')" ] && rm f && [ ! -e f ]',
    ),
    Work(
        "move and copy folders that were there before",
        "mv there moved && [ -f moved/inside ] && cp -a moved again && [ -f again/inside ]",
    ),
    Work(
        "move a folder by Python",
        "python3 -c \"import shutil; shutil.move('there2', 'gone'); import os; assert os.path.exists('gone/inside')\"",
    ),
    Work(
        "links, hard links and modes",
        'mkdir lks && cd lks && echo x > a && ln -s a l && ln a h && chmod 640 a && [ "$(cat l)" = x ] && [ "$(stat -c %h a)" = 2 ] && [ "$(stat -c %a a)" = 640 ]',
    ),
    Work(
        "file names with spaces, newlines and no meaning in UTF-8",
        "touch 'a b' \"$(printf 'n\\nl')\" \"$(printf 'bad\\377')\" 名字 && [ \"$(ls | wc -l)\" -ge 4 ] && ls 名字",
    ),
    Work("a large sparse file", 'truncate -s 2G big && [ "$(stat -c %b big)" -lt 100 ] && rm big'),
    Work(
        "commit with git",
        GIT
        + "git init -q r && cd r && echo 1 > f && git add f && git commit -qm one && git log --oneline | grep -q one",
        "git",
    ),
    Work(
        "branch, merge and rebase with git",
        GIT
        + "git init -q -b main r2 && cd r2 && git commit -q --allow-empty -m 0 && git checkout -q -b b && echo 1 > f && git add f && git commit -qm 1 && git checkout -q main && git merge -q --no-ff -m m b && git rebase -q b",
        "git",
    ),
    Work(
        "add a git remote",
        "git init -q r3 && cd r3 && git remote add origin https://example.com/x.git && git config user.name x",
        "git",
    ),
    Work(
        "clone a local repository",
        GIT + "git init -q r4 && (cd r4 && git commit -q --allow-empty -m 0) && git clone -q r4 r5 && git -C r5 log -1",
        "git",
    ),
    Work(
        "install a Python package from a local index",
        "python3 -m pip install -q --no-index --find-links wheels --target t tiny-example && PYTHONPATH=t python3 -c 'import tiny_example'",
        "pip3",
    ),
    Work(
        "install a package with npm from a local folder",
        'mkdir -p n/dep && cd n && echo \'{"name":"dep","version":"1.0.0"}\' > dep/package.json && echo \'{"name":"n","version":"1.0.0"}\' > package.json && npm install --offline --no-audit --no-fund --install-links ./dep >/dev/null 2>&1 && [ -d node_modules/dep ]',
        "npm",
    ),
    Work("run node", "[ \"$(node -p '6*7')\" = 42 ]", "node"),
    Work(
        "run node's workers",
        "node -e \"const w=require('worker_threads'); new w.Worker('require(\\\"worker_threads\\\").parentPort.postMessage(1)',{eval:true}).on('message',()=>process.exit(0))\"",
        "node",
    ),
    Work(
        "compile and run C",
        "printf '#include <stdio.h>\\nint main(){puts(\"hi\");return 7;}' > c.c && gcc -O1 -o c c.c && ./c; [ $? = 7 ]",
        "gcc",
    ),
    Work(
        "make", "printf 'all: out\\nout:\\n\\techo built > out\\n' > Makefile && make -s && grep -q built out", "make"
    ),
    Work(
        "sqlite with a write-ahead log",
        "python3 -c \"import sqlite3; c=sqlite3.connect('d.db'); c.execute('pragma journal_mode=wal'); c.execute('create table t(a)'); c.execute('insert into t values(1)'); c.commit(); print(c.execute('select * from t').fetchall())\"",
    ),
    Work(
        "Python's multiprocessing",
        "python3 -c \"import multiprocessing as m\nif __name__=='__main__':\n    with m.get_context('fork').Pool(4) as p: assert p.map(abs,[-1,-2])==[1,2]\"",
    ),
    Work(
        "Python's multiprocessing by spawn",
        'printf \'import multiprocessing as m\\nif __name__=="__main__":\\n    with m.get_context("spawn").Pool(2) as p: assert p.map(abs,[-1,-2])==[1,2]\\n\' > mp.py && python3 mp.py',
    ),
    Work(
        "shared memory of its own",
        'python3 -c "from multiprocessing.shared_memory import SharedMemory as S; s=S(create=True,size=1000); s.buf[0]=1; s.close(); s.unlink()"',
    ),
    Work(
        "threads",
        'python3 -c "import threading as t; ts=[t.Thread(target=abs,args=(1,)) for _ in range(50)]; [x.start() for x in ts]; [x.join() for x in ts]"',
    ),
    Work(
        "asyncio with subprocesses",
        "python3 -c \"import asyncio\nasync def m():\n    p=await asyncio.create_subprocess_exec('true'); assert await p.wait()==0\nasyncio.run(m())\"",
    ),
    Work(
        "a unix socket inside",
        "python3 -c \"import socket,os; s=socket.socket(socket.AF_UNIX); s.bind('u.sock'); s.listen(); c=socket.socket(socket.AF_UNIX); c.connect('u.sock'); os.unlink('u.sock')\"",
    ),
    Work(
        "a server on its own loopback",
        "python3 -c \"import socket; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); socket.create_connection(s.getsockname(),2)\"",
    ),
    Work(
        "a server on IPv6 loopback",
        "python3 -c \"import socket; s=socket.socket(socket.AF_INET6); s.bind(('::1',0)); s.listen(); socket.create_connection(s.getsockname()[:2],2)\"",
    ),
    Work(
        "resolve localhost", "python3 -c \"import socket; assert socket.gethostbyname('localhost').startswith('127.')\""
    ),
    Work(
        "list network interfaces", "python3 -c \"import socket; assert any(n=='lo' for _,n in socket.if_nameindex())\""
    ),
    Work(
        "a terminal of its own",
        "python3 -c \"import pty,os; p,f=pty.fork()\nif p==0: os.execvp('sh',['sh','-c','test -t 0 && exit 3'])\nassert os.waitstatus_to_exitcode(os.waitpid(p,0)[1])==3\"",
    ),
    Work("a terminal given to it", "test -t 0 && test -t 1 && [ \"$(stty size)\" = '24 80' ]", pty=True),
    Work("its own controlling terminal", "sh -c 'echo ok > /dev/tty'", pty=True),
    Work("temporary files", 'f=$(mktemp) && echo x > "$f" && [ -d "$TMPDIR" ] && mktemp -d && mktemp -p /var/tmp'),
    Work("a HOME to write to", 'cd && touch .thing && mkdir -p .cache/x && [ -w "$HOME" ]'),
    Work(
        "a name for itself",
        "whoami && id -un && python3 -c 'import getpass,os,pwd; getpass.getuser(); pwd.getpwuid(os.getuid())'",
    ),
    Work("processes in the background", "sleep 0.01 & wait $!"),
    Work("pipes that end early", "yes | head -n 1 | grep -q y"),
    Work(
        "a signal handler",
        'python3 -c "import signal,os; signal.signal(signal.SIGUSR1,lambda *a:os._exit(0)); os.kill(os.getpid(),signal.SIGUSR1)"',
    ),
    Work("an exit status", "exit 42", status=42),
    Work("death by a signal", "kill -TERM $$", status=-15),
    Work("death by its own fault", "kill -SEGV $$", status=-11),
    Work("a program that is not there", "exec no-such-program", status=127),
    Work("standard input", "cat", stdin=b"\x00\xffbytes\n", output=b"\x00\xffbytes\n"),
    Work(
        "watching files",
        "python3 -c \"import ctypes; l=ctypes.CDLL(None); fd=l.inotify_init(); assert fd>=0 and l.inotify_add_watch(fd,b'.',256)>0\"",
    ),
    Work(
        "archives with owners and times",
        "mkdir ar && echo x > ar/f && tar cf a.tar ar && rm -r ar && tar xf a.tar && [ -f ar/f ]",
    ),
    Work(
        "locks on files",
        "python3 -c \"import fcntl; f=open('lk','w'); fcntl.flock(f,fcntl.LOCK_EX); fcntl.lockf(f,fcntl.LOCK_EX)\"",
    ),
    Work(
        "debugging its own child",
        'python3 -c "import ctypes,os,signal\nl=ctypes.CDLL(None)\np=os.fork()\nif p==0:\n    l.ptrace(0,0,0,0); os.kill(os.getpid(),signal.SIGSTOP); os._exit(0)\nos.waitpid(p,0x40000000|2); assert l.ptrace(7,p,0,0)==0; os.waitpid(p,0)"',
    ),
    Work(
        "memory mapping of files",
        "python3 -c \"import mmap; f=open('mm','w+b'); f.truncate(8192); m=mmap.mmap(f.fileno(),8192); m[0:2]=b'hi'; m.flush()\"",
    ),
    Work("a hundred thousand lines", 'seq 100000 > s && [ "$(sort -n s | tail -1)" = 100000 ]'),
    Work(
        "anonymous files and event descriptors",
        "python3 -c \"import os,select; os.memfd_create('x'); os.eventfd(0); select.epoll()\" || python3 -c 'import os; os.memfd_create(\"x\")'",
    ),
    Work(
        "make with several jobs",
        "mkdir mj && cd mj && printf 'all: %s\\n%%.x:\\n\\tsleep 0.01; echo x > $@\\n' \"$(seq -s ' ' -f '%g.x' 20)\" > Makefile && make -s -j 8 && [ \"$(ls *.x | wc -l)\" = 20 ]",
        "make",
    ),
    Work(
        "compile, archive and link against a library of its own",
        "mkdir lib && cd lib && echo 'int f(void){return 42;}' > f.c && echo 'int f(void);int main(void){return f();}' > m.c && gcc -fPIC -shared -o libf.so f.c && gcc -o m m.c -L. -lf -Wl,-rpath,'$ORIGIN' && ./m; [ $? = 42 ]",
        "gcc",
    ),
    Work(
        "install by npm ci from a lock file",
        'mkdir -p ci/dep && cd ci && echo \'{"name":"dep","version":"1.0.0"}\' > dep/package.json && echo \'{"name":"c","version":"1.0.0","dependencies":{"dep":"file:./dep"}}\' > package.json && npm install --package-lock-only --offline --no-audit --no-fund >/dev/null 2>&1 && npm ci --offline --no-audit --no-fund >/dev/null 2>&1 && [ -e node_modules/dep/package.json ]',
        "npm",
    ),
    Work(
        "make a virtual environment and install a wheel into it",
        "python3 -m venv --without-pip env && env/bin/python -c 'import sys; assert sys.prefix != sys.base_prefix' && python3 -m pip --python env/bin/python install -q --no-index --find-links wheels tiny-example && env/bin/python -c 'import tiny_example'",
        "pip3",
    ),
    Work(
        "stash and restore with git",
        GIT
        + 'git init -q gs && cd gs && echo 1 > f && git add f && git commit -qm 1 && echo 2 > f && git stash -q && [ "$(cat f)" = 1 ] && git stash pop -q && [ "$(cat f)" = 2 ]',
        "git",
    ),
    Work(
        "a second working tree of git",
        GIT
        + "git init -q -b main gw && cd gw && git commit -q --allow-empty -m 0 && git worktree add -q ../gw2 -b other && cd ../gw2 && echo x > f && git add f && git commit -qm x && git -C ../gw log other --oneline | grep -q x && git -C ../gw worktree remove ../gw2",
        "git",
    ),
    Work(
        "a submodule of git",
        GIT
        + "git init -q sub1 && (cd sub1 && git commit -q --allow-empty -m 0) && git init -q top1 && cd top1 && git -c protocol.file.allow=always submodule add -q ../sub1 inner && git commit -qm s && git submodule status | grep -q inner",
        "git",
    ),
    Work(
        "rebase with conflicts, amend, bisect and collect garbage with git",
        GIT
        + "git init -q -b main gb && cd gb && for n in 1 2 3 4; do echo $n > f; git add f; git commit -qm $n; done && git commit -q --amend -m four && git checkout -q -b side HEAD~2 && echo side > f && git commit -qam side && ! git rebase -q main 2>/dev/null && echo both > f && git add f && GIT_EDITOR=true git rebase --continue >/dev/null && git gc -q && git fsck 2>/dev/null",
        "git",
    ),
    Work(
        "a program under script(1)",
        "[ \"$(script -qec 'test -t 1 && echo tty' /dev/null | tr -d '\\r')\" = tty ]",
        "script",
    ),
    Work(
        "an abstract socket of its own",
        "python3 -c \"import socket; s=socket.socket(socket.AF_UNIX); s.bind('\\0own'); s.listen(); socket.socket(socket.AF_UNIX).connect('\\0own')\"",
    ),
    Work(
        "descriptors passed between its own processes",
        "python3 -c \"import socket,os; a,b=socket.socketpair(); socket.send_fds(a,[b'x'],[0]); assert len(socket.recv_fds(b,1,1)[1])==1\"",
    ),
    Work(
        "a datagram server of its own",
        "python3 -c \"import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(('127.0.0.1',0)); c=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); c.sendto(b'x',s.getsockname()); assert s.recv(9)==b'x'\"",
    ),
    Work(
        "semaphores, queues and shared memory of System V",
        'python3 -c "import ctypes; l=ctypes.CDLL(None); i=l.shmget(0,4096,0o1600); assert i>=0; q=l.msgget(0,0o1600); assert q>=0; m=l.semget(0,1,0o1600); assert m>=0; l.shmctl(i,0,0); l.msgctl(q,0,0); l.semctl(m,0,0)"',
    ),
    Work(
        "two processes on one sqlite file",
        "python3 -c \"import sqlite3,multiprocessing as m\ndef w(n):\n    c=sqlite3.connect('two.db',timeout=20); c.execute('insert into t values(?)',(n,)); c.commit()\nc=sqlite3.connect('two.db'); c.execute('pragma journal_mode=wal'); c.execute('create table t(a)'); c.commit()\nps=[m.get_context('fork').Process(target=w,args=(n,)) for n in range(4)]\n[p.start() for p in ps]; [p.join() for p in ps]\nassert c.execute('select count(*) from t').fetchone()==(4,)\"",
    ),
    Work(
        "times of files kept by cp, tar and touch",
        'echo x > tm && touch -d \'2001-02-03 04:05:06 UTC\' tm && cp -p tm tm2 && [ "$(stat -c %Y tm2)" = 981173106 ] && tar cf tm.tar tm && rm tm && tar xf tm.tar && [ "$(stat -c %Y tm)" = 981173106 ]',
    ),
    Work(
        "modes kept by tar, install and umask",
        'echo x > md && chmod 751 md && tar cf md.tar md && rm md && tar xpf md.tar && [ "$(stat -c %a md)" = 751 ] && install -m 640 md md2 && [ "$(stat -c %a md2)" = 640 ] && (umask 077; echo x > md3; [ "$(stat -c %a md3)" = 600 ])',
    ),
    Work(
        "the same file under several names",
        'echo 1 > h1 && ln h1 h2 && echo 2 >> h2 && [ "$(wc -l < h1)" = 2 ] && cp -a h1 h3 && rm h1 && [ "$(stat -c %h h2)" = 1 ]',
    ),
    Work(
        "holes kept by cp and tar",
        'truncate -s 100M hole && echo end >> hole && cp --sparse=always hole hole2 && [ "$(stat -c %b hole2)" -lt 1000 ] && cmp hole hole2 && tar cSf hole.tar hole && [ "$(stat -c %s hole.tar)" -lt 1000000 ] && rm hole hole2',
    ),
    Work("every exit status", 'for n in $(seq 0 255); do sh -c "exit $n"; [ $? = $n ] || exit 1; done'),
    Work(
        "signals between its own processes",
        "sh -c 'trap \"exit 7\" USR1; while :; do sleep 0.01; done' & sleep 0.2; kill -USR1 $!; wait $!; [ $? = 7 ]",
    ),
    Work(
        "large output and input through pipes", "[ \"$(head -c 30000000 /dev/zero | tr '\\0' x | wc -c)\" = 30000000 ]"
    ),
    Work(
        "deep folders and long names",
        "python3 -c \"import os\nfor n in range(60):\n    os.mkdir('d'*50); os.chdir('d'*50)\nopen('x'*255,'w').close()\" && rm -rf dddddddddddddddddddddddddddddddddddddddddddddddddd",
    ),
    Work(
        "find, xargs, sed and awk over many files",
        "mkdir many && (cd many && seq 500 | xargs -I{} sh -c 'echo {} > f{}' ) && find many -type f -print0 | xargs -0 sed -i 's/^/n/' && [ \"$(cat many/* | awk '{s+=substr($1,2)} END{print s}')\" = 125250 ]",
    ),
    Work(
        "an editor's way of saving: write beside, keep a backup, rename",
        'echo old > ed && cp -p ed ed~ && echo new > .ed.swp && mv .ed.swp ed && [ "$(cat ed ed~)" = "$(printf \'new\\nold\')" ]',
    ),
    Work(
        "exchange and refuse to overwrite by renameat2",
        "python3 -c \"import ctypes; l=ctypes.CDLL(None,use_errno=True); open('ra','w').write('a'); open('rb','w').write('b'); assert l.renameat2(-100,b'ra',-100,b'rb',2)==0 and open('ra').read()=='b'; assert l.renameat2(-100,b'ra',-100,b'rb',1)==-1 and ctypes.get_errno()==17\"",
    ),
    Work(
        "ssh-keygen, openssl and gpg-like tools that want randomness",
        "head -c 32 /dev/urandom | sha256sum >/dev/null && python3 -c 'import secrets,ssl; secrets.token_bytes(99); ssl.create_default_context()'",
    ),
    Work(
        "name the machine's processors and memory",
        "[ \"$(nproc)\" -ge 1 ] && python3 -c \"import os; assert os.sysconf('SC_PHYS_PAGES')>0; open('/proc/meminfo').read(); open('/proc/stat').read(); open('/proc/loadavg').read(); open('/proc/diskstats').read()\"",
    ),
]
