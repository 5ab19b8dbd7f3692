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
]
