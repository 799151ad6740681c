"""Starting, watching and stopping, with real processes."""

import io
import os
import signal
import sys
import tempfile
import time
import unittest
from contextlib import redirect_stdout
from pathlib import Path

from scripts.dev.lock import Lock, RunningAlready
from scripts.dev.paths import Paths
from scripts.dev.processes import Service, Supervisor
from scripts.dev.say import CannotGoOn

READY = "print('ready', flush=True)\n"


class Processes(unittest.TestCase):
    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)

    def service(self, name: str, script: str, stage: int = 0, patience: float = 10) -> Service:
        """A Python process whose output goes to a log named after it."""
        return Service(name=name, command=[sys.executable, "-c", script], environment=dict(os.environ), stage=stage,
                       patience=patience, log=self.folder / f"{name}.log")

    def wait_for(self, name: str, text: str = "ready") -> None:
        """Until the log of a service holds the text."""
        deadline = time.monotonic() + 20
        while text not in (self.folder / f"{name}.log").read_text():
            self.assertLess(time.monotonic(), deadline, f"{name} never said {text}")
            time.sleep(0.02)

    def test_a_higher_stage_has_ended_before_a_lower_one_is_told(self) -> None:
        script = ("import signal, sys, time\n"
                  "def stop(*_):\n    time.sleep(PAUSE); print('stopped at', time.monotonic(), flush=True); sys.exit()\n"
                  "signal.signal(signal.SIGTERM, stop)\n" + READY + "signal.pause()")
        with Supervisor() as supervisor:
            supervisor.start(self.service("store", script.replace("PAUSE", "0"), stage=0))
            supervisor.start(self.service("app", script.replace("PAUSE", "0.5"), stage=1))
            self.wait_for("store")
            self.wait_for("app")
        ended = [float((self.folder / f"{name}.log").read_text().split()[-1]) for name in ("app", "store")]
        self.assertLess(*ended)

    def test_what_does_not_stop_is_killed_with_its_children(self) -> None:
        script = ("import signal, subprocess, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                  "child = subprocess.Popen(['sleep', '60'])\nprint(child.pid, flush=True)\n" + READY + "child.wait()")
        out = io.StringIO()
        with redirect_stdout(out), Supervisor() as supervisor:
            supervisor.start(self.service("deaf", script, patience=0.3))
            self.wait_for("deaf")
        self.assertIn("deaf did not stop within 0 s and is killed", out.getvalue())
        child = Path("/proc", (self.folder / "deaf.log").read_text().split()[0])
        deadline = time.monotonic() + 5
        while child.exists() and "Z" not in (child / "stat").read_text().split(")")[-1]:
            self.assertLess(time.monotonic(), deadline, "the child outlived its service")
            time.sleep(0.02)

    def test_a_service_that_dies_is_reported_with_the_end_of_its_log(self) -> None:
        with Supervisor() as supervisor:
            supervisor.start(self.service("frail", "print('out of luck', flush=True); raise SystemExit(3)"))
            self.wait_for("frail", "out of luck")
            deadline = time.monotonic() + 10
            with self.assertRaisesRegex(CannotGoOn, r"frail has ended \(exit code 3\)[^$]*out of luck"):
                while time.monotonic() < deadline:
                    supervisor.check()
                    time.sleep(0.02)

    def test_a_command_that_fails_is_refused_and_its_output_shown(self) -> None:
        out = io.StringIO()
        loud = Service(name="ops", command=[sys.executable, "-c", "print('no such table'); raise SystemExit(1)"],
                       environment=dict(os.environ), stage=1, patience=1)
        with (redirect_stdout(out), Supervisor() as supervisor,
              self.assertRaisesRegex(CannotGoOn, r"ops failed \(exit code 1\)")):
            supervisor.run(loud, limit=20)
        self.assertIn("ops | no such table", out.getvalue())

    def test_services_stop_when_the_driver_is_killed(self) -> None:
        script = ("import sys, time\nfrom scripts.dev.processes import Service, Supervisor\n"
                  "s = Supervisor()\ns.start(Service('x', ['sleep', '60'], {}, 0, 1))\n"
                  "print(s._running[0].process.pid, flush=True)\ntime.sleep(60)")
        with Supervisor() as supervisor:
            supervisor.start(self.service("driver", script))
            self.wait_for("driver", "\n")
            service = Path("/proc", (self.folder / "driver.log").read_text().strip())
            deadline = time.monotonic() + 20
            # Until then it is setpriv, which may not have tied it yet.
            while (service / "comm").read_text() != "sleep\n":
                self.assertLess(time.monotonic(), deadline, "the service never started")
                time.sleep(0.02)
            os.kill(supervisor._running[0].process.pid, signal.SIGKILL)
            while service.exists() and "Z" not in (service / "stat").read_text().split(")")[-1]:
                self.assertLess(time.monotonic(), deadline, "the service outlived its driver")
                time.sleep(0.02)

    def test_the_second_driver_learns_where_the_first_one_is(self) -> None:
        paths = Paths(self.folder, self.folder)
        Lock(paths).write("at http://127.0.0.1:5000")
        with self.assertRaisesRegex(RunningAlready, rf"process {os.getpid()}, at http://127.0.0.1:5000"):
            Lock(paths)


if __name__ == "__main__":
    unittest.main()
