"""The holder's work where no namespaces can be made: processes are found and ended one by one, until none is left."""

from __future__ import annotations

import os
import time

from assistant.sandbox.holder.serve import Call, Server
from assistant.sandbox.holder.watch import descendants

_SIGKILL, _SIGSTOP = 9, 19
_ROUNDS = 50


def kill_below(pid: int) -> None:
    """Kill everything below `pid`. What forks meanwhile is found in the next round; stopped parents fork no more."""
    for _ in range(_ROUNDS):
        found = descendants(pid)[1:]
        if not found:
            return
        for number in (_SIGSTOP, _SIGKILL):
            for one in found:
                try:
                    os.kill(one, number)
                except ProcessLookupError:
                    continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def wait_for(pid: int) -> None:
    """Until this child ends. Others that become ours meanwhile are reaped."""
    while True:
        try:
            if os.wait()[0] == pid:
                return
        except ChildProcessError:
            return


class LooseServer(Server):
    """As Server, but that a call is no kernel object."""

    def kill_call(self, call: Call) -> None:
        """Its descendants, then itself; what it leaves to us is found when it ends."""
        for pid in [*descendants(call.pid)[1:], call.pid]:
            try:
                os.kill(pid, _SIGKILL)
            except ProcessLookupError:
                continue

    def end_orphan(self, pid: int) -> None:
        """With all below it, the lowest first."""
        for one in reversed(descendants(pid)):
            try:
                os.kill(one, _SIGKILL)
            except ProcessLookupError:
                continue

    def stop_all(self) -> None:
        """End every call."""
        for _ in range(_ROUNDS):
            if not self.reap():
                return
            for pid in descendants(os.getpid())[1:]:
                try:
                    os.kill(pid, _SIGKILL)
                except ProcessLookupError:
                    continue
            time.sleep(0.002)

    def signal_call(self, call: Call, number: int) -> None:
        """To the command's process group, which is its own."""
        try:
            os.killpg(call.pid, number)
        except ProcessLookupError:
            pass
